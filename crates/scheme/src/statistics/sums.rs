//! What was posted, from the totals that every entry keeps.

use crate::rankings::Period;
use crate::schemes::OpenScheme;
use std::collections::BTreeMap;

/// What was served and earned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    pub services: i64,
    pub minutes: i64,
    /// Minor units, earned, whatever became of them.
    pub points: i64,
}

impl Total {
    pub fn add(&mut self, more: Total) {
        *self = self.plus(more);
    }

    pub fn plus(self, more: Total) -> Total {
        Total {
            services: self.services.saturating_add(more.services),
            minutes: self.minutes.saturating_add(more.minutes),
            points: self.points.saturating_add(more.points),
        }
    }
}

/// Minor units of points: what entries that count for these months have moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Points {
    /// Given for services, wishes and the like, less what was taken back.
    pub issued: i64,
    /// For what was handed over, less what was returned; what is but reserved is not spent yet.
    pub spent: i64,
    pub expired: i64,
    /// By rules that deduct.
    pub deducted: i64,
    /// Moved beside a reversal, since later records were worth something else without it.
    pub rebalanced: i64,
    /// What somebody has as of the newest entry: volunteers, held or waiting, less what they owe; the donation pool.
    pub outstanding: i64,
}

#[derive(sqlx::FromRow)]
pub struct CategoryRow {
    pub month: i64,
    pub unit: String,
    pub category: String,
    minutes: i64,
    points: i64,
    services: i64,
}

#[derive(sqlx::FromRow)]
pub struct GroupRow {
    pub unit: String,
    pub team: String,
    minutes: i64,
    points: i64,
    services: i64,
}

impl CategoryRow {
    pub fn total(&self) -> Total {
        Total { services: self.services, minutes: self.minutes, points: self.points }
    }
}

impl GroupRow {
    pub fn total(&self) -> Total {
        Total { services: self.services, minutes: self.minutes, points: self.points }
    }
}

pub struct Sums {
    pub categories: Vec<CategoryRow>,
    pub groups: Vec<GroupRow>,
    pub points: Points,
    /// What `scheme/served` gave, less what it got back: minutes in these months, and ever.
    pub served: i64,
    pub ever_served: i64,
}

impl Sums {
    /// Of the categories' rows that are chosen.
    pub fn by(&self, is_chosen: impl Fn(&CategoryRow) -> bool) -> Total {
        let chosen = self.categories.iter().filter(|row| is_chosen(row));
        chosen.fold(Total::default(), |sum, row| sum.plus(row.total()))
    }
}

/// The accounts of the scheme where points come from and go to.
const OF_POINTS: [&str; 5] =
    ["scheme/issued", "scheme/spent", "scheme/expired", "scheme/deducted", "scheme/rebalanced"];

pub async fn read(tx: &mut db::Tx, scheme: &OpenScheme, months: &[Period]) -> db::Result<Sums> {
    let first = months.first().map_or(0, |month| month.number());
    let last = months.last().map_or(0, |month| month.number());
    let book = scheme.book.number();
    let categories = tx
        .query(
            "SELECT month, unit, category, minutes, points, services FROM category_totals
             WHERE book = $1 AND month >= $2 AND month <= $3",
        )
        .bind(book)
        .bind(first)
        .bind(last)
        .fetch_all()
        .await?;
    let groups = tx
        .query(
            "SELECT unit, team, CAST(SUM(minutes) AS BIGINT) AS minutes, CAST(SUM(points) AS BIGINT) AS points,
                    CAST(SUM(services) AS BIGINT) AS services
             FROM group_totals WHERE book = $1 AND month >= $2 AND month <= $3 GROUP BY unit, team",
        )
        .bind(book)
        .bind(first)
        .bind(last)
        .fetch_all()
        .await?;
    let turnovers: Vec<(i64, String, i64)> = tx
        .query("SELECT month, account, received - given FROM turnovers WHERE book = $1")
        .bind(book)
        .fetch_all()
        .await?;
    let (mut of_months, mut ever): (BTreeMap<&str, i64>, BTreeMap<&str, i64>) = Default::default();
    for (month, account, net) in &turnovers {
        let sum = ever.entry(account).or_default();
        *sum = sum.saturating_add(*net);
        if (first..=last).contains(month) {
            let sum = of_months.entry(account).or_default();
            *sum = sum.saturating_add(*net);
        }
    }
    let got = |account: &str| of_months.get(account).copied().unwrap_or(0);
    let ever_got = |account: &str| ever.get(account).copied().unwrap_or(0);
    let points = Points {
        issued: got("scheme/issued").saturating_neg(),
        spent: got("scheme/spent"),
        expired: got("scheme/expired"),
        deducted: got("scheme/deducted"),
        rebalanced: got("scheme/rebalanced").saturating_neg(),
        outstanding: OF_POINTS.iter().fold(0_i64, |sum, account| sum.saturating_sub(ever_got(account))),
    };
    let served = got("scheme/served").saturating_neg();
    Ok(Sums { categories, groups, points, served, ever_served: ever_got("scheme/served").saturating_neg() })
}
