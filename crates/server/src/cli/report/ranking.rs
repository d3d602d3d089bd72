//! `aixin report ranking`: who served most, as the book stands, or as a selection was frozen.

use super::write;
use crate::api::rankings::period;
use crate::clock::wall_clock;
use crate::papers::{self, Format};
use crate::settings::Settings;
use anyhow::{anyhow, bail};
use scheme::OpenScheme;
use scheme::rankings::{self, Among, By, Wanted};
use std::path::PathBuf;
use std::sync::Arc;

/// How many rows are read at a time.
const PAGE: i64 = 5000;

/// The ranking of a year or a month
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  aixin report ranking --scheme ziyang --year 2026 --format pdf --output 2026.pdf\n\nNames are masked; whoever has not agreed to be named is left out."
)]
pub struct Args {
    /// Code of the scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: String,

    #[arg(long)]
    year: i32,

    /// 1 to 12: only this month
    #[arg(long)]
    month: Option<u32>,

    /// By what
    #[arg(long, value_enum, default_value = "hours")]
    by: Measure,

    /// Code of a unit: only those who serve in it and in what is below it
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

#[derive(Clone, Copy, clap::ValueEnum)]
enum Measure {
    Hours,
    Points,
    Services,
}

impl From<Measure> for By {
    fn from(measure: Measure) -> By {
        match measure {
            Measure::Hours => By::Hours,
            Measure::Points => By::Points,
            Measure::Services => By::Services,
        }
    }
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let schemes = args.settings.open(Arc::new(wall_clock)).await?;
    let scheme = schemes.get(&args.scheme).await?;
    let document = live(&scheme, &args).await?;
    let bytes = papers::ranking(&document, args.format, wall_clock())?;
    schemes.close().await;
    write(args.output.as_ref(), &bytes)
}

/// As the book stands now.
async fn live(scheme: &OpenScheme, args: &Args) -> anyhow::Result<reports::documents::ranking::Ranking> {
    let now = wall_clock();
    let period = period(args.year, args.month).map_err(|problem| anyhow!("{problem}"))?;
    let organisation = scheme.organisation().await?;
    let units = match &args.unit {
        Some(unit) if organisation.unit(unit).is_none() => bail!("the scheme has no unit {unit:?}"),
        Some(unit) => Some(organisation.subtree(unit, scheme.config().day_of(now))),
        None => None,
    };
    let wanted = Wanted { period, by: args.by.into(), among: Among { units: units.as_deref(), home_units: None } };
    let (mut rows, mut as_of) = (Vec::new(), 0);
    loop {
        let offset = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let page = rankings::ranking(scheme, wanted, offset, PAGE, now).await?;
        as_of = as_of.max(page.as_of);
        let is_last = i64::try_from(page.rows.len()).unwrap_or(i64::MAX) < PAGE;
        rows.extend(page.rows);
        if is_last {
            break;
        }
    }
    let mut tx = scheme.db.begin_read().await?;
    let root = scheme.book.root_of_first(&mut tx, as_of).await?;
    drop(tx);
    let what = match args.month {
        Some(month) => format!("{}年{month}月", args.year),
        None => format!("{}年", args.year),
    };
    Ok(papers::live_ranking(scheme, &what, rows, (as_of, root), &organisation))
}
