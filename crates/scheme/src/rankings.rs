//! Who served most in a year or a month: volunteers, teams and units, from totals that every confirmation and reversal keeps in
//! its own transaction.

pub mod board;
mod boards;
mod groups;

pub use board::{Among, Place, Sums};
pub use boards::{Boards, Period};
pub use groups::{GroupRow, teams, units};

use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// By what volunteers are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Hours,
    Points,
    Services,
}

/// One volunteer's place. Equal figures share a rank, and the next rank is left out for each: 1, 2, 2, 4. Within a rank the
/// order is that of the volunteers' numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankingRow {
    pub rank: i64,
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
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
    let size = |number: i64| usize::try_from(number.max(0)).unwrap_or(usize::MAX);
    let (placed, of) = {
        let board = looked.board();
        (board.page(wanted.by, wanted.among, size(offset), size(limit)), board.len(wanted.among))
    };
    let mut known = details(scheme, placed.iter().map(|placed| placed.id).collect()).await?;
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
    let place = looked.board().place(wanted.by, wanted.among, volunteer);
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

async fn details(scheme: &OpenScheme, ids: Vec<Uuid>) -> db::Result<HashMap<Uuid, Details>> {
    let rows: Vec<Details> = scheme
        .db
        .query(
            "SELECT v.id, v.number, v.name, v.unit, v.consent_publish
             FROM many($2) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value",
        )
        .bind(scheme.book.number())
        .bind_many(db::Many::Uuid(ids))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}
