//! `aixin report statistics`: what was done in some months, held against the book.

use super::write;
use crate::api::statistics::teams;
use crate::clock::wall_clock;
use crate::papers::{self, Format};
use crate::settings::Settings;
use anyhow::bail;
use scheme::rankings::Period;
use scheme::statistics::{Scope, StatisticsError, statistics};
use std::path::PathBuf;
use std::sync::Arc;

/// Hours, people, categories, units, teams, ages and points of a year or a month
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  aixin report statistics --scheme ziyang --year 2026 --format xlsx --output 2026.xlsx\n\nAll accounts are added up and held against it; a note on it says whether they agree."
)]
pub struct Args {
    /// Code of the scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: String,

    #[arg(long, value_parser = clap::value_parser!(i32).range(1900..=9999))]
    year: i32,

    /// 1 to 12: only this month
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=12))]
    month: Option<u32>,

    /// Code of a unit: what counts for it and for what is below it
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,

    #[arg(long, value_enum, default_value = "pdf")]
    format: Format,

    /// Standard output when left out
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    settings: Settings,
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let schemes = args.settings.open(Arc::new(wall_clock)).await?;
    let scheme = schemes.get(&args.scheme).await?;
    let period = args.month.map_or(Period::Year(args.year), |month| Period::Month(args.year, month));
    let (from, until) = (period.first_day(), period.last_day());
    let scope = Scope { from, until, unit: args.unit, thorough: true };
    let found = match statistics(&scheme, &scope, wall_clock()).await {
        Ok(found) => found,
        Err(StatisticsError::Invalid(flaws)) => match flaws.into_iter().next() {
            Some(flaw) => bail!("{}: {}", flaw.field, flaw.detail),
            None => bail!("the months cannot be taken"),
        },
        Err(StatisticsError::Database(error)) => return Err(error.into()),
    };
    let organisation = scheme.organisation().await?;
    let report = papers::statistics::statistics(&scheme, &organisation, &teams(&scheme).await?, &found);
    let bytes = papers::statistics::file(&report, args.format, wall_clock().fixed_offset())?;
    schemes.close().await;
    write(args.output.as_ref(), &bytes)
}
