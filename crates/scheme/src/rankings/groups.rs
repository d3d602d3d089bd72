//! Teams and units among each other: by what was served for them, whoever served it.

use super::board::Ranks;
use super::boards::Period;
use super::{By, Sums};
use crate::config::Rankings;
use crate::schemes::OpenScheme;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A team or a unit, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    pub rank: i64,
    pub code: String,
    pub sums: Sums,
}

/// The teams for which there was service in the period, or ratings of it; those of `units` only, when they are given.
pub async fn teams(
    scheme: &OpenScheme,
    period: Period,
    by: By,
    units: Option<&[String]>,
) -> db::Result<(Vec<GroupRow>, i64)> {
    let (rows, as_of) = rows(scheme, period).await?;
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    for row in rows.into_iter().filter(|row| !row.team.is_empty()) {
        if units.is_none_or(|units| units.contains(&row.unit)) {
            sums.entry(row.team.clone()).or_default().add(row.sums());
        }
    }
    Ok((ranked(sums, by, &scheme.config().rankings), as_of))
}

/// Units by what counts for each of them and for all below it, which `below` names.
pub async fn units(
    scheme: &OpenScheme,
    period: Period,
    by: By,
    below: &[(String, Vec<String>)],
) -> db::Result<(Vec<GroupRow>, i64)> {
    let (rows, as_of) = rows(scheme, period).await?;
    let mut own: BTreeMap<String, Sums> = BTreeMap::new();
    for row in &rows {
        own.entry(row.unit.clone()).or_default().add(row.sums());
    }
    let whole = |(code, below): &(String, Vec<String>)| {
        let mut sums = Sums::default();
        below.iter().filter_map(|code| own.get(code)).for_each(|part| sums.add(*part));
        (code.clone(), sums)
    };
    Ok((ranked(below.iter().map(whole).collect(), by, &scheme.config().rankings), as_of))
}

#[derive(sqlx::FromRow)]
struct Row {
    unit: String,
    team: String,
    minutes: i64,
    points: i64,
    services: i64,
    ratings: i64,
    stars: i64,
}

impl Row {
    fn sums(&self) -> Sums {
        let Row { minutes, points, services, ratings, stars, .. } = *self;
        Sums { minutes, points, services, ratings, stars }
    }
}

/// What counts for each unit and team: totals of services, and ratings of them.
async fn rows(scheme: &OpenScheme, period: Period) -> db::Result<(Vec<Row>, i64)> {
    let mut tx = scheme.db.begin_read().await?;
    let as_of = scheme.book.size(&mut tx).await?;
    let (first, last) = period.months();
    let rows = tx
        .query(
            "SELECT unit, team, CAST(SUM(minutes) AS BIGINT) AS minutes, CAST(SUM(points) AS BIGINT) AS points,
                    CAST(SUM(services) AS BIGINT) AS services, CAST(0 AS BIGINT) AS ratings, CAST(0 AS BIGINT) AS stars
             FROM group_totals WHERE book = $1 AND month >= $2 AND month <= $3 GROUP BY unit, team
             UNION ALL
             SELECT COALESCE(r.unit, ''), COALESCE(r.team, ''), 0, 0, 0, COUNT(*), CAST(SUM(r.stars) AS BIGINT)
             FROM ratings AS r WHERE r.book = $1 AND r.rated_on >= $4 AND r.rated_on <= $5 AND r.status = 'given'
             GROUP BY r.unit, r.team",
        )
        .bind(scheme.book.number())
        .bind(first)
        .bind(last)
        .bind(period.first_day())
        .bind(period.last_day())
        .fetch_all()
        .await?;
    tx.rollback().await?;
    Ok((rows, as_of))
}

/// The highest first; those without anything to rank are left out.
fn ranked(sums: BTreeMap<String, Sums>, by: By, rules: &Rankings) -> Vec<GroupRow> {
    let least = i64::from(rules.least_ratings);
    let mut groups: Vec<(String, Sums)> = sums.into_iter().filter(|(_, sums)| sums.is_ranked(by, least)).collect();
    let key = |(code, sums): &(String, Sums)| (Reverse((sums.of(by), sums.services)), code.clone());
    groups.sort_by_key(key);
    let mut ranks = Ranks::new(rules.ties);
    groups.into_iter().map(|(code, sums)| GroupRow { rank: ranks.next(sums.of(by)), code, sums }).collect()
}
