//! `aixin verify`

use crate::clock::wall_clock;
use crate::settings::Settings;
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Rebuild everything from the journal, and compare
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  aixin verify --scheme ziyang\n\nExits with 0 only when all holds; else names the first row that differs."
)]
pub struct Args {
    /// Only this scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: Option<String>,

    /// One JSON object for each scheme
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    settings: Settings,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let schemes = args.settings.open(Arc::new(wall_clock)).await?;
    let codes = match args.scheme {
        Some(code) => vec![code],
        None => schemes.codes().await?,
    };
    let mut holds = true;
    for code in codes {
        let scheme = schemes.get(&code).await?;
        let report = scheme::verify::verify(&scheme).await?;
        holds &= report.findings.is_empty();
        if args.json {
            println!("{}", json!({ "scheme": code, "holds": report.findings.is_empty(), "report": report }));
            continue;
        }
        match report.findings.first() {
            None => println!(
                "{code}: all holds: {} entries, {} accounts, {} checkpoints",
                report.entries, report.accounts, report.checkpoints
            ),
            Some(first) => {
                let more = report.findings.len() - 1;
                let others = if more > 0 { format!(" (and {more} more)") } else { String::new() };
                eprintln!("aixin: {code}: {} row {}: {}{others}", first.table, first.row, first.problem);
            }
        }
    }
    schemes.close().await;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
