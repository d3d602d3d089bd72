//! Teams and units among each other: by what was served for them, whoever served it.

use super::boards::Period;
use super::{By, Sums};
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

/// The teams for which there was service in the period; those of `units` only, when they are given.
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
            add(sums.entry(row.team.clone()).or_default(), &row);
        }
    }
    Ok((ranked(sums, by), as_of))
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
        add(own.entry(row.unit.clone()).or_default(), row);
    }
    let whole = |(code, below): &(String, Vec<String>)| {
        let mut sums = Sums::default();
        for part in below.iter().filter_map(|code| own.get(code)) {
            sums.minutes = sums.minutes.saturating_add(part.minutes);
            sums.points = sums.points.saturating_add(part.points);
            sums.services = sums.services.saturating_add(part.services);
        }
        (code.clone(), sums)
    };
    Ok((ranked(below.iter().map(whole).collect(), by), as_of))
}

#[derive(sqlx::FromRow)]
struct Row {
    unit: String,
    team: String,
    minutes: i64,
    points: i64,
    services: i64,
}

fn add(sums: &mut Sums, row: &Row) {
    sums.minutes = sums.minutes.saturating_add(row.minutes);
    sums.points = sums.points.saturating_add(row.points);
    sums.services = sums.services.saturating_add(row.services);
}

async fn rows(scheme: &OpenScheme, period: Period) -> db::Result<(Vec<Row>, i64)> {
    let mut tx = scheme.db.begin_read().await?;
    let as_of = scheme.book.size(&mut tx).await?;
    let (first, last) = period.months();
    let rows = tx
        .query(
            "SELECT unit, team, CAST(SUM(minutes) AS BIGINT) AS minutes, CAST(SUM(points) AS BIGINT) AS points,
                    CAST(SUM(services) AS BIGINT) AS services
             FROM group_totals WHERE book = $1 AND month >= $2 AND month <= $3 GROUP BY unit, team",
        )
        .bind(scheme.book.number())
        .bind(first)
        .bind(last)
        .fetch_all()
        .await?;
    Ok((rows, as_of))
}

/// The highest first; equal figures share a rank; those without service are left out.
fn ranked(sums: BTreeMap<String, Sums>, by: By) -> Vec<GroupRow> {
    let mut groups: Vec<(String, Sums)> = sums.into_iter().filter(|(_, sums)| sums.services > 0).collect();
    groups.sort_by(|one, other| (Reverse(one.1.of(by)), &one.0).cmp(&(Reverse(other.1.of(by)), &other.0)));
    let (mut rank, mut before) = (0, None);
    let mut rows = Vec::with_capacity(groups.len());
    for (position, (code, sums)) in (1_i64..).zip(groups) {
        if before != Some(sums.of(by)) {
            (rank, before) = (position, Some(sums.of(by)));
        }
        rows.push(GroupRow { rank, code, sums });
    }
    rows
}
