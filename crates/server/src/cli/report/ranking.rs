//! `aixin report ranking`: who served most, as the book stands, or as a selection was frozen.

use super::write;
use crate::api::rankings::{Group, period};
use crate::clock::wall_clock;
use crate::papers::{self, Format};
use crate::settings::Settings;
use anyhow::{anyhow, bail};
use scheme::OpenScheme;
use scheme::rankings::{self, By, Wanted};
use scheme::selections::{self, Competitors, Selection, Status};
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

/// How many rows are read at a time.
const PAGE: i64 = 5000;

/// The ranking of a year or a month
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  aixin report ranking --scheme ziyang --year 2026 --format pdf --output 2026.pdf\n\nThe final selection of the year, when there is one; else as the book stands. Names are masked; whoever has not agreed to be named is left out."
)]
pub struct Args {
    /// Code of the scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: String,

    #[arg(long, required_unless_present = "selection")]
    year: Option<i32>,

    /// Id of a selection: the document as it was frozen
    #[arg(long, value_name = "ID", conflicts_with_all = ["year", "month", "by", "unit", "home_unit", "team"])]
    selection: Option<Uuid>,

    /// With every entry behind the figures, for staff
    #[arg(long, requires = "selection", conflicts_with = "year")]
    explain: bool,

    /// 1 to 12: only this month
    #[arg(long)]
    month: Option<u32>,

    /// By what
    #[arg(long, value_enum, default_value = "hours")]
    by: Measure,

    /// Code of a unit: only those who serve in it and in what is below it
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,

    /// Code of a unit: only those who come from it or from what is below it
    #[arg(long, value_name = "UNIT")]
    home_unit: Option<String>,

    /// Code of a team: only its members
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,

    #[arg(long, value_enum, default_value = "pdf")]
    format: Format,

    /// Standard output when left out
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Measure {
    Hours,
    Points,
    Services,
    Rating,
}

impl From<Measure> for By {
    fn from(measure: Measure) -> By {
        match measure {
            Measure::Hours => By::Hours,
            Measure::Points => By::Points,
            Measure::Services => By::Services,
            Measure::Rating => By::Rating,
        }
    }
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let schemes = args.settings.open(Arc::new(wall_clock)).await?;
    let scheme = schemes.get(&args.scheme).await?;
    if let (Some(id), true) = (args.selection, args.explain) {
        let one = selections::get(&scheme, id).await?;
        let explained = papers::explained(&scheme, &one, args.format).await?;
        let bytes = explained.file(args.format, papers::local(&scheme.config(), wall_clock()))?;
        schemes.close().await;
        return write(args.output.as_ref(), &bytes);
    }
    let document = match (args.selection, args.year) {
        (Some(id), _) => papers::selection(&scheme, &selections::get(&scheme, id).await?).await?,
        (None, Some(year)) => match frozen(&scheme, year, &args).await? {
            Some(one) => papers::selection(&scheme, &one).await?,
            None => live(&scheme, year, &args).await?,
        },
        (None, None) => bail!("--year or --selection is needed"),
    };
    let bytes = papers::ranking(&document, args.format, wall_clock())?;
    schemes.close().await;
    write(args.output.as_ref(), &bytes)
}

/// The final selection of just this year and unit, when there is one; the newest of several.
async fn frozen(scheme: &OpenScheme, year: i32, args: &Args) -> anyhow::Result<Option<Selection>> {
    if args.month.is_some() || args.by != Measure::Hours || args.home_unit.is_some() || args.team.is_some() {
        return Ok(None);
    }
    let mut after = None;
    let mut found = None;
    loop {
        let page = selections::list(scheme, Some(Status::Final), after, 100).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some((last.until, last.id));
        let is_it = |one: &Selection| {
            let rules = &one.rules;
            rules.of == Competitors::Volunteers && rules.year == Some(year) && rules.scope == args.unit
        };
        found = page.into_iter().filter(is_it).chain(found).max_by_key(|one| one.finalised_on);
    }
}

/// As the book stands now.
async fn live(scheme: &OpenScheme, year: i32, args: &Args) -> anyhow::Result<reports::documents::ranking::Ranking> {
    let now = wall_clock();
    let period = period(year, args.month).map_err(|problem| anyhow!("{}", problem.one_line()))?;
    let organisation = scheme.organisation().await?;
    let on = period.counting_day(scheme.config().day_of(now));
    let group = Group::of(scheme, args.unit.as_deref(), args.home_unit.as_deref(), args.team.as_deref(), on).await;
    let group = group.map_err(|problem| anyhow!("{}", problem.one_line()))?;
    let wanted = Wanted { period, by: args.by.into(), among: group.among() };
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
        Some(month) => format!("{year}年{month}月"),
        None => format!("{year}年"),
    };
    Ok(papers::live_ranking(scheme, &what, rows, (as_of, root), &organisation))
}
