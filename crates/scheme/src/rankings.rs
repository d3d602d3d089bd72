//! Who served most in a year or a month: volunteers, teams and units, from totals that every confirmation and reversal keeps in
//! its own transaction.

pub mod board;
mod boards;
mod groups;
mod lines;
mod order;

pub use board::{Among, Place, Sums};
pub use boards::{Boards, Period};
pub use groups::{GroupRow, teams, units};

use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// By what volunteers are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Hours,
    Points,
    Services,
    /// The average of the ratings that were given in the period, from the least number of them on that the scheme names.
    Rating,
}

/// One volunteer's place. Which ranks equal figures get is the scheme's to say (`rankings.ties`); within equal figures the order
/// is that of the services, and then of the volunteers' numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankingRow {
    pub rank: i64,
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
    /// Where they served when the period ended, or serve today while it lasts.
    pub unit: Option<String>,
    pub sums: Sums,
    pub consent_publish: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    pub rows: Vec<RankingRow>,
    /// How many are ranked.
    pub of: i64,
    /// The newest entry that is part of it.
    pub as_of: i64,
}

/// Which ranking.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub period: Period,
    pub by: By,
    pub among: Among<'a>,
}

/// `limit` places after the first `offset`.
pub async fn ranking(
    scheme: &OpenScheme,
    wanted: Wanted<'_>,
    offset: i64,
    limit: i64,
    now: DateTime<Utc>,
) -> db::Result<Ranking> {
    let looked = boards::look(scheme, wanted.period, now).await?;
    let config = scheme.config();
    let on = wanted.period.counting_day(config.day_of(now));
    let size = |number: i64| usize::try_from(number.max(0)).unwrap_or(usize::MAX);
    let (placed, of) = {
        let board = looked.board();
        let page = board.page(wanted.by, config.rankings.ties, wanted.among, size(offset), size(limit));
        (page, board.len(wanted.by, wanted.among))
    };
    let mut known = details(scheme, on, placed.iter().map(|placed| placed.id).collect()).await?;
    let row = |placed: board::Placed| {
        let Details { id, number, name, unit, consent_publish } = known.remove(&placed.id)?;
        let (rank, sums) = (placed.rank, placed.sums);
        Some(RankingRow { rank, volunteer_id: id, number, name, unit, sums, consent_publish })
    };
    Ok(Ranking { rows: placed.into_iter().filter_map(row).collect(), of, as_of: looked.as_of })
}

/// Somebody's place, and the entry that it is as of; `None` for whoever is not ranked.
pub async fn place(
    scheme: &OpenScheme,
    wanted: Wanted<'_>,
    volunteer: Uuid,
    now: DateTime<Utc>,
) -> db::Result<(Option<Place>, i64)> {
    let looked = boards::look(scheme, wanted.period, now).await?;
    let place = looked.board().place(wanted.by, scheme.config().rankings.ties, wanted.among, volunteer);
    Ok((place, looked.as_of))
}

#[derive(sqlx::FromRow)]
struct Details {
    id: Uuid,
    number: String,
    name: String,
    unit: Option<String>,
    consent_publish: bool,
}

async fn details(scheme: &OpenScheme, on: NaiveDate, ids: Vec<Uuid>) -> db::Result<HashMap<Uuid, Details>> {
    let rows: Vec<Details> = scheme
        .db
        .query(
            "SELECT v.id, v.number, v.name, u.unit, v.consent_publish
             FROM many($3) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value
             LEFT JOIN memberships AS u ON u.book = v.book AND u.volunteer_id = v.id AND u.capacity = 'serving'
                  AND u.from_on <= $2 AND (u.until_on IS NULL OR u.until_on >= $2)",
        )
        .bind(scheme.book.number())
        .bind(on)
        .bind_many(db::Many::Uuid(ids))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}
