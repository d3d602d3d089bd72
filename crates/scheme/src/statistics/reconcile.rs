//! Whether what was counted agrees with the book, at the same entry.

use super::Scope;
use super::people::InMonth;
use super::sums::{Sums, Total};
use crate::schemes::OpenScheme;
use ledger::Unit;
use std::collections::HashMap;

/// Two figures that were come by in different ways and have to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// What is compared, as the interface calls it.
    pub what: &'static str,
    pub counted: i64,
    pub book: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    pub checks: Vec<Check>,
}

impl Reconciled {
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.counted == check.book)
    }
}

pub async fn read(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    scope: &Scope,
    sums: &Sums,
    in_month: &HashMap<i64, InMonth>,
    below: Option<&[String]>,
) -> db::Result<Reconciled> {
    let check = |what, counted, book| Check { what, counted, book };
    let all = sums.by(|_| true);
    let mut checks = vec![check("minutes_by_category", all.minutes, sums.served)];
    // Of no unit or team, a record is in no group.
    let grouped =
        sums.groups.iter().filter(|row| !row.unit.is_empty()).fold(Total::default(), |sum, row| sum.plus(row.total()));
    let of_units = sums.by(|row| !row.unit.is_empty() && !row.category.is_empty());
    checks.push(check("minutes_by_unit", of_units.minutes, grouped.minutes));
    checks.push(check("services_by_unit", of_units.services, grouped.services));
    if below.is_none() {
        let by = |of: fn(&InMonth) -> i64| in_month.values().map(of).fold(0_i64, i64::saturating_add);
        checks.push(check("minutes_by_month", by(|month| month.minutes), sums.served));
        checks.push(check("services_by_month", by(|month| month.services), all.services));
        checks.push(check("points_by_month", by(|month| month.points), all.points));
    }
    if scope.thorough {
        checks.push(check("minutes_of_volunteers", minutes(tx, scheme).await?, sums.ever_served));
        checks.push(check("points_outstanding", points(tx, scheme).await?, sums.points.outstanding));
    }
    Ok(Reconciled { checks })
}

/// What all volunteers' accounts of minutes hold together.
async fn minutes(tx: &mut db::Tx, scheme: &OpenScheme) -> db::Result<i64> {
    sum(tx, scheme, Unit::Minutes, "volunteer/", "volunteer/%/minutes").await
}

/// What all accounts of points hold together: what can be spent, waits or is owed, is in the pool, or between two volunteers.
async fn points(tx: &mut db::Tx, scheme: &OpenScheme) -> db::Result<i64> {
    let mut points = 0_i64;
    for (prefix, pattern) in [
        ("volunteer/", "volunteer/%/points"),
        ("volunteer/", "volunteer/%/waiting/%"),
        ("volunteer/", "volunteer/%/debt"),
        ("pool/", "pool/points"),
    ] {
        points = points.saturating_add(sum(tx, scheme, Unit::Points, prefix, pattern).await?);
    }
    let (given,): (i64,) = tx
        .query(
            "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM transfers
             WHERE book = $1 AND status = 'given' AND account IS NULL AND to_id IS NOT NULL",
        )
        .bind(scheme.book.number())
        .fetch_one()
        .await?;
    Ok(points.saturating_add(given))
}

async fn sum(tx: &mut db::Tx, scheme: &OpenScheme, unit: Unit, prefix: &str, pattern: &str) -> db::Result<i64> {
    let lots = scheme.book.totals_by_lot(tx, unit, prefix, pattern).await?;
    Ok(lots.iter().map(|(_, balance, _)| *balance).fold(0, i64::saturating_add))
}
