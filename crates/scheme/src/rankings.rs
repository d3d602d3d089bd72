//! Who served most in a year: from totals that every confirmation and reversal keeps in its own transaction.

use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use uuid::Uuid;

/// By what volunteers are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Hours,
    Points,
    Services,
}

impl By {
    pub fn parse(text: &str) -> Option<By> {
        match text {
            "hours" => Some(By::Hours),
            "points" => Some(By::Points),
            "services" => Some(By::Services),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            By::Hours => "hours",
            By::Points => "points",
            By::Services => "services",
        }
    }
}

/// One volunteer's place. Equal figures share a rank, and the next rank is left out for each: 1, 2, 2, 4. Within a rank the
/// order is that of the volunteers' numbers.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RankingRow {
    pub rank: i64,
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
    pub unit: Option<String>,
    pub minutes: i64,
    pub points: i64,
    pub services: i64,
    pub consent_publish: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    pub rows: Vec<RankingRow>,
    /// The newest entry that is part of it.
    pub as_of: i64,
}

/// The ranking of a year, `limit` rows after the first `offset`; with `unit`, of those who belong to
/// that unit or to one that was below it on that day.
pub async fn ranking(
    scheme: &OpenScheme,
    year: i32,
    by: By,
    unit: Option<(&str, NaiveDate)>,
    offset: i64,
    limit: i64,
) -> db::Result<Ranking> {
    let units = match unit {
        Some((unit, on)) => scheme.organisation().await?.subtree(unit, on),
        None => Vec::new(),
    };
    let mut tx = scheme.db.begin_read().await?;
    let as_of = scheme.book.size(&mut tx).await?;
    let rows = tx
        .query(
            "SELECT rank, volunteer_id, number, name, unit, minutes, points, services, consent_publish FROM (
                 SELECT RANK() OVER (ORDER BY CASE $3 WHEN 'hours' THEN t.minutes WHEN 'points' THEN t.points
                                                ELSE t.services END DESC) AS rank,
                        v.id AS volunteer_id, v.number, v.name, v.unit, t.minutes, t.points, t.services,
                        v.consent_publish
                 FROM year_totals AS t JOIN volunteers AS v ON v.book = t.book AND v.id = t.volunteer_id
                 WHERE t.book = $1 AND t.year = $2 AND t.services > 0
                   AND ($4 = 0 OR v.unit IN (SELECT m.value FROM many($5) AS m))
             ) AS ranked ORDER BY rank, number LIMIT $6 OFFSET $7",
        )
        .bind(scheme.book.number())
        .bind(i64::from(year))
        .bind(by.as_str())
        .bind(i64::from(unit.is_some()))
        .bind_many(db::Many::Text(units))
        .bind(limit)
        .bind(offset)
        .fetch_all()
        .await?;
    Ok(Ranking { rows, as_of })
}
