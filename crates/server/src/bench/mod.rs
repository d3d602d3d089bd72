//! `aixin bench`: load through the real path, beside what it is measured against.
//!
//! A machine's speed drifts within minutes, so figures mean little and ratios much: the contenders of a scenario take turns, round
//! after round, in one call, and the last line compares their medians. Everything happens in a database made for it and dropped
//! afterwards.

mod contest;
mod http;
mod lists;
mod posting;
mod rankings;
mod report;
mod rush;
mod scratch;
mod selection;

use clap::ValueEnum;
use ledger::baseline::load::Mix;
use std::time::Duration;

/// Measure how many operations are committed per second
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  aixin bench
  aixin bench --clients 1024 --mix mixed --baseline naive
  aixin bench --lists --volunteers 10000 --records 100000
  aixin bench --rankings --volunteers 1000000
  aixin bench --database-url postgres://postgres@localhost/postgres --scenario hot --json")]
pub struct BenchArgs {
    /// Where to make the throw-away database: a server, or a file whose folder is used
    #[arg(
        long,
        value_name = "URL",
        env = "AIXIN_DATABASE_URL",
        default_value = "sqlite://aixin.db",
        hide_env_values = true
    )]
    database_url: String,

    /// What to compare
    #[arg(long, value_enum, default_value = "posting")]
    scenario: Scenario,

    /// Callers at the same time, each waiting for its answer before it calls again
    #[arg(long, value_name = "N", default_value_t = 64)]
    clients: u64,

    /// How long each contender's turn is, in each round
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    seconds: u64,

    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,

    /// What callers do
    #[arg(long, value_enum, default_value = "exchange")]
    mix: MixName,

    /// All callers use the same volunteer and the same reward
    #[arg(long)]
    hot: bool,

    /// What to compare with
    #[arg(long, value_enum, default_value = "all")]
    baseline: Baseline,

    /// Accounts that are drawn from at random
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    accounts: u64,

    /// Compare a new book with one of so many entries
    #[arg(long, value_name = "ENTRIES")]
    growth: Option<u64>,

    /// Measure how long lists of records take instead: in a scheme of so many --volunteers and --records
    #[arg(long)]
    lists: bool,

    /// Measure rankings and statistics of a city of so many --volunteers instead, who serve ten times a year each; then again,
    /// for so many --seconds, while more is confirmed; then the selection of the year, with its full report
    #[arg(long, conflicts_with = "lists")]
    rankings: bool,

    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    volunteers: u64,

    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100..))]
    records: u64,

    /// Ask a server that is running for balances, instead of one made for it
    #[arg(long, value_name = "URL", requires_all = ["scheme", "key"])]
    http: Option<String>,

    /// Code of the scheme to ask for, with --http
    #[arg(long, value_name = "SCHEME", default_value = "")]
    scheme: String,

    /// A key that may list volunteers, with --http
    #[arg(long, value_name = "KEY", env = "AIXIN_KEY", hide_env_values = true, default_value = "")]
    key: String,

    /// One JSON object for each turn, and one for the comparison, instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// The ledger against its baselines
    Posting,
    /// One volunteer and one reward for all against random ones
    Hot,
    /// One caller alone against one hand-written transaction
    Alone,
    /// Half of the requests are repeats, against none
    Repeats,
    /// A book with many entries (`--growth`) against a new one
    Growth,
    /// `PUT /exchanges/{id}` over HTTP against the ledger alone
    HttpExchange,
    /// `GET /volunteers/{id}/balance` over HTTP against a constant text
    HttpBalance,
    /// Thousands of volunteers go for the last 100 pieces at once, over HTTP
    ExchangeDay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MixName {
    /// Minutes and points for a service
    Earn,
    /// A reservation: points and a piece of stock are held
    Exchange,
    /// Both in turn
    Mixed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Baseline {
    /// A transaction for each entry, with row locks, on the same tables
    Naive,
    /// The bulk statements alone, in batches of the same size
    Limit,
    All,
    None,
}

impl BenchArgs {
    fn scenario(&self) -> Scenario {
        match self.scenario {
            _ if self.http.is_some() => Scenario::HttpBalance,
            Scenario::Posting if self.growth.is_some() => Scenario::Growth,
            scenario => scenario,
        }
    }

    fn mix(&self) -> Mix {
        match self.mix {
            MixName::Earn => Mix::Earn,
            MixName::Exchange => Mix::Exchange,
            MixName::Mixed => Mix::Mixed,
        }
    }

    fn turn(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }
}

pub async fn run(args: BenchArgs) -> anyhow::Result<()> {
    match args.scenario() {
        _ if args.lists => lists::run(&args).await,
        _ if args.rankings => rankings::run(&args).await,
        Scenario::ExchangeDay => rush::run(&args).await,
        _ => posting::run(&args).await,
    }
}
