//! Documents as files: what the interface and the command line hand out alike.

mod cards;
mod certificates;
mod explained;
mod letters;
mod passbooks;
mod posters;
mod press;
mod selections;
mod slips;
pub mod statistics;

pub use cards::{card, cards_of};
pub use certificates::{Printed, register};
pub use explained::{ExplainedError, explained};
pub use letters::{Recipients, Run, unknown_fields};
pub use passbooks::passbook;
pub use posters::{MOST as POSTER_MOST, poster};
pub use press::{Press, Printing, local, told, unprintable};
pub use selections::selection;
pub use slips::slip;

use chrono::{DateTime, Utc};
use reports::documents::ranking::{Ranked, Ranking, RankingRow};
use reports::documents::{Signatures, pdf};
use reports::fonts::Fonts;
use reports::formats::csv::csv;
use reports::formats::html::html;
use reports::formats::xlsx::xlsx;
use rust_decimal::Decimal;
use scheme::OpenScheme;
use scheme::config::RankTies;
use scheme::names::masked;
use scheme::rankings;
use scheme::rules::{format_points, hours_text};
use scheme::units::Organisation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// As what a document is handed out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[schema(as = DocumentFormat)]
pub enum Format {
    #[default]
    Pdf,
    Xlsx,
    Csv,
    Html,
}

impl Format {
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Pdf => "application/pdf",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Html => "text/html; charset=utf-8",
        }
    }

    pub fn extension(self) -> &'static str {
        match self {
            Format::Pdf => "pdf",
            Format::Xlsx => "xlsx",
            Format::Csv => "csv",
            Format::Html => "html",
        }
    }
}

/// The fonts that the program carries and those that were added to them, unpacked once.
pub fn fonts() -> anyhow::Result<&'static Fonts> {
    press::fonts(&[])
}

/// A ranking as a file.
pub fn ranking(document: &Ranking, format: Format, now: DateTime<Utc>) -> anyhow::Result<Vec<u8>> {
    let made = now.fixed_offset();
    Ok(match format {
        Format::Pdf => pdf(document, fonts()?, made)?,
        Format::Xlsx => xlsx(&document.table(), made)?,
        Format::Csv => csv(&document.table())?,
        Format::Html => html(&document.table())?.into_bytes(),
    })
}

/// Hours of so many minutes, to two decimals.
pub fn hours(minutes: i64) -> Decimal {
    hours_text(minutes).parse().unwrap_or_default()
}

/// Points of so many minor units.
pub fn points(amount: i64, scale: u8) -> Decimal {
    format_points(amount, scale).parse().unwrap_or_default()
}

pub fn unit_name(organisation: &Organisation, code: Option<&str>) -> String {
    let unit = code.and_then(|code| organisation.unit(code));
    unit.map_or_else(|| code.unwrap_or_default().to_owned(), |unit| unit.name.clone())
}

/// The ranking of a period as the book stands, for everybody to see: whoever has not agreed to be named is left out.
pub fn live_ranking(
    scheme: &OpenScheme,
    period: &str,
    rows: Vec<rankings::RankingRow>,
    (as_of, root): (i64, String),
    organisation: &Organisation,
) -> Ranking {
    let config = scheme.config();
    let scale = config.points_scale;
    let all = rows.len();
    let row = |row: rankings::RankingRow| RankingRow {
        rank: u32::try_from(row.rank).unwrap_or(u32::MAX),
        name: masked(&row.name),
        volunteer_number: row.number,
        team: String::new(),
        grid: unit_name(organisation, row.unit.as_deref()),
        hours: hours(row.sums.minutes),
        sessions: row.sums.services.unsigned_abs(),
        points: points(row.sums.points, scale),
        rating: (row.sums.ratings > 0).then(|| points(row.sums.average().hundredths(), 2)),
        note: String::new(),
    };
    let rows: Vec<RankingRow> = rows.into_iter().filter(|row| row.consent_publish).map(row).collect();
    let unnamed = all.saturating_sub(rows.len());
    let note = (unnamed > 0).then(|| format!("另有 {unnamed} 人未同意公示，不列名，名次照计。"));
    Ranking {
        title: format!("{period}志愿服务排名"),
        subtitles: vec![config.name.clone()],
        state: String::new(),
        rule: format!("按服务发生日统计，已撤销的记录不计；{}。", ties(config.rankings.ties)),
        rows: Ranked::Volunteers(rows),
        places: u32::from(scale),
        ledger_sequence: as_of.unsigned_abs(),
        root_hash: root,
        notes: note.into_iter().collect(),
        signatures: Signatures { issuer: config.name.clone(), ..Signatures::default() },
    }
}

/// Which ranks equal figures get, in words.
fn ties(ties: RankTies) -> &'static str {
    match ties {
        RankTies::Shared => "数值相同者名次相同（1、2、2、4），先列次数多者，再按编号",
        RankTies::Dense => "数值相同者名次相同（1、2、2、3），先列次数多者，再按编号",
        RankTies::ServicesThenNumber => "数值相同者次数多的在前，再相同则编号小的在前",
    }
}
