//! The command line: one file for each command.

mod calendar;
mod demo;
mod import;
mod key;
mod report;
mod scheme;
mod serve;
mod verify;

use crate::bench::{self, BenchArgs};
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::process::ExitCode;

/// Aixin 爱心账户: a volunteer points ledger
///
/// Every option can be given as an environment variable, too: AIXIN_DATABASE_URL, AIXIN_LISTEN, …
#[derive(Parser)]
#[command(name = "aixin", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// What to log: off, error, warn, info, debug, or a filter such as `info,aixin::requests=debug`
    #[arg(long, global = true, value_name = "FILTER", env = "AIXIN_LOG")]
    log: Option<String>,

    /// How to log
    #[arg(long, global = true, value_enum, env = "AIXIN_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    #[command(subcommand)]
    Scheme(scheme::Command),
    #[command(subcommand)]
    Calendar(calendar::Command),
    #[command(subcommand)]
    Key(key::Command),
    #[command(subcommand)]
    Import(import::Command),
    #[command(subcommand)]
    Report(report::Command),
    Verify(verify::Args),
    Bench(BenchArgs),
}

pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let usual = match cli.command {
        // What the jobs of a year that is lived in minutes say would hide what it comes to.
        Command::Demo(_) => "info,aixin::jobs=warn,sqlx=warn,actix_server=warn,actix_http=off",
        Command::Serve(_) => "info,sqlx=warn,actix_server=warn,actix_http=off",
        _ => "warn",
    };
    log(cli.log.as_deref().unwrap_or(usual), cli.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(cli.command)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("aixin: {}", one_line(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(args) => demo::run(args).await?,
        Command::Serve(args) => serve::run(args).await?,
        Command::Scheme(command) => scheme::run(command).await?,
        Command::Calendar(command) => calendar::run(command).await?,
        Command::Key(command) => key::run(command).await?,
        Command::Import(command) => return import::run(command).await,
        Command::Report(command) => return report::run(command).await,
        Command::Verify(args) => return verify::run(args).await,
        Command::Bench(args) => bench::run(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Help as it is; a mistake as one line, with exit code 2.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let text = error.render().to_string();
    let mistake = text.split("\n\n").next().unwrap_or_default();
    eprintln!("aixin: {} (see --help)", one_line(mistake.trim_start_matches("error: ")));
    ExitCode::from(2)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn log(filter: &str, format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|_| "info".into());
    let on_screen = std::io::stderr().is_terminal();
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(on_screen);
    match format {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
}
