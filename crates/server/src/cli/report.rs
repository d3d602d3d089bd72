//! `aixin report`: documents on paper and in files.

mod ranking;
mod statement;
mod statistics;

use std::path::PathBuf;
use std::process::ExitCode;

/// Make documents: PDF, xlsx, CSV, pages for a browser
#[derive(clap::Subcommand)]
pub enum Command {
    Ranking(ranking::Args),
    Statistics(statistics::Args),
    Statement(statement::Args),
}

pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
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
