//! `aixin report`: documents on paper and in files.

mod batch;
mod certificates;
mod letters;
mod people;
mod ranking;
mod statement;
mod statistics;

use std::path::PathBuf;
use std::process::ExitCode;

/// Make documents: PDF, xlsx, CSV, pages for a browser
#[derive(clap::Subcommand)]
pub enum Command {
    Certificates(certificates::Args),
    Campaign(certificates::CampaignArgs),
    Letters(letters::Args),
    Passbooks(people::PassbookArgs),
    Cards(people::CardArgs),
    Ranking(ranking::Args),
    Statistics(statistics::Args),
    Statement(statement::Args),
}

pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Certificates(args) => certificates::run(args).await?,
        Command::Campaign(args) => certificates::campaign(args).await?,
        Command::Letters(args) => letters::run(args).await?,
        Command::Passbooks(args) => people::passbooks(args).await?,
        Command::Cards(args) => people::cards(args).await?,
        Command::Ranking(args) => ranking::run(args).await?,
        Command::Statistics(args) => statistics::run(args).await?,
        Command::Statement(args) => statement::run(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a document goes: standard output, when no file is named.
fn write(output: Option<&PathBuf>, bytes: &[u8]) -> anyhow::Result<()> {
    use anyhow::Context;
    use std::io::Write;
    match output {
        Some(path) => std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display())),
        None => std::io::stdout().lock().write_all(bytes).context("cannot write to standard output"),
    }
}
