//! `aixin report passbooks` and `aixin report cards`: for all volunteers of a unit.

use super::batch::{Target, require};
use crate::clock::wall_clock;
use crate::papers::{self, Press, Printing, local};
use crate::settings::Settings;
use chrono::{Datelike, NaiveDate};
use reports::documents::card::Cards;
use scheme::codes::{self, CardCode};
use scheme::{OpenScheme, certificates, passbooks, volunteers};
use std::sync::Arc;

/// Volunteers that are looked up together.
const TOGETHER: i64 = 500;
/// Cards on a sheet.
const SHEET: usize = 10;

/// Passbooks (志愿服务手册) of all volunteers, with the balance after each line
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  aixin report passbooks --scheme haiyue --from 2026-01-01 --until 2026-12-31 --folder passbooks"
)]
pub struct PassbookArgs {
    /// The first day of booking; the first of January when left out
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,

    /// The last day; today when left out
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,

    #[command(flatten)]
    whom: Whom,
}

/// Cards (志愿者证) of all volunteers, ten on a sheet
#[derive(clap::Args)]
#[command(after_help = "Example:\n  aixin report cards --scheme ziyang --unit wangzhuang --output cards.pdf")]
pub struct CardArgs {
    #[command(flatten)]
    whom: Whom,
}

#[derive(clap::Args)]
struct Whom {
    /// Code of the scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: String,

    /// Code of a unit: only those who serve in it and in what is below it
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    printing: Printing,

    #[command(flatten)]
    settings: Settings,
}

pub async fn passbooks(args: PassbookArgs) -> anyhow::Result<()> {
    Press::new(&args.whom.printing)?;
    let schemes = args.whom.settings.open(Arc::new(wall_clock)).await?;
    let scheme = schemes.get(&args.whom.scheme).await?;
    let people = active(&scheme, args.whom.unit.as_deref()).await?;
    let made = local(&scheme.config(), wall_clock());
    let until = args.until.unwrap_or_else(|| made.date_naive());
    let from = args.from.unwrap_or_else(|| until.with_ordinal(1).unwrap_or(until));
    let issuer = certificates::issuer(&scheme).await?;
    let mut sink = args.whom.target.open("志愿服务手册", made, people.len())?;
    let (config, units) = (scheme.config(), scheme.organisation().await?);
    for some in people.chunks(passbooks::TOGETHER) {
        let wanted: Vec<&CardCode> = some.iter().filter(|one| sink.wants(&one.number)).collect();
        (wanted.len()..some.len()).for_each(|_| sink.skip());
        let ids: Vec<_> = wanted.iter().map(|one| one.volunteer_id).collect();
        let found = passbooks::passbooks(&scheme, &ids, (from, until)).await?;
        let documents = found.iter().map(|one| papers::passbook(&config, &units, one, issuer.clone()));
        let names: Vec<String> = wanted.into_iter().map(|one| one.number.clone()).collect();
        sink.take(&names, &documents.collect::<Vec<_>>(), made)?;
    }
    println!("{} passbooks: {}", people.len(), sink.finish()?.display());
    schemes.close().await;
    Ok(())
}

pub async fn cards(args: CardArgs) -> anyhow::Result<()> {
    Press::new(&args.whom.printing)?;
    let schemes = args.whom.settings.open(Arc::new(wall_clock)).await?;
    let scheme = schemes.get(&args.whom.scheme).await?;
    let people = active(&scheme, args.whom.unit.as_deref()).await?;
    let made = local(&scheme.config(), wall_clock());
    let issuer = certificates::issuer(&scheme).await?;
    let units = scheme.organisation().await?;
    let mut sink = args.whom.target.open("志愿者证", made, people.len().div_ceil(SHEET))?;
    for (at, some) in people.chunks(SHEET).enumerate() {
        let name = format!("cards-{:04}", at + 1);
        if !sink.wants(&name) {
            sink.skip();
            continue;
        }
        let cards = some.iter().map(|one| papers::card(one, &units, &issuer)).collect();
        sink.take(&[name], &[Cards { cards }], made)?;
    }
    println!("{} cards: {}", people.len(), sink.finish()?.display());
    schemes.close().await;
    Ok(())
}

/// All who have not left, whose names can be printed.
async fn active(scheme: &OpenScheme, unit: Option<&str>) -> anyhow::Result<Vec<CardCode>> {
    let filter = volunteers::Filter {
        units: scheme.units_below(unit).await?,
        status: Some(volunteers::Status::Active),
        ..volunteers::Filter::default()
    };
    let (mut people, mut after) = (Vec::new(), None::<String>);
    loop {
        let found = volunteers::list_matching(scheme, &filter, after.as_deref(), TOGETHER).await?;
        let Some(last) = found.last() else { break };
        after = Some(last.number.clone());
        people.extend(codes::cards(scheme, found.iter().map(|one| one.id).collect()).await?);
    }
    require(people.iter().map(|one| (one.number.as_str(), one.name.as_str())))?;
    Ok(people)
}
