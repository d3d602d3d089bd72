//! Whether the station can honour what volunteers hold: the points there are, what is on the shelves for them, and what
//! will expire.

use crate::config::Scheme;
use crate::rewards::stock::AsOf;
use crate::rewards::{self, RewardError, State};
use crate::schemes::OpenScheme;
use chrono::{DateTime, Days, NaiveDate, Utc};
use ledger::{Lot, Unit};
use std::collections::HashMap;
use uuid::Uuid;

/// Minor units of points, where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solvency {
    /// What volunteers can spend today.
    pub available: i64,
    /// Set aside for reserved exchanges.
    pub held: i64,
    /// To be spent from a later day on.
    pub waiting: i64,
    /// Donated, and not given on.
    pub pool: i64,
    /// Will be gone within 30, and within 90 days, if nobody spends it.
    pub expiring_30: i64,
    pub expiring_90: i64,
    /// How many points may be outstanding, by the configuration.
    pub budget: Option<i64>,
    /// Pieces of listed goods on all shelves, reserved ones among them, at their price.
    pub on_shelves: i64,
    /// Fen: what these pieces cost, as far as it is known.
    pub stock_value: i64,
    /// The newest entry that is part of it.
    pub as_of: i64,
}

impl Solvency {
    /// All points that somebody has.
    pub fn outstanding(&self) -> i64 {
        [self.held, self.waiting, self.pool].iter().fold(self.available, |sum, more| sum.saturating_add(*more))
    }
}

/// Adds up the whole book: it takes seconds where there are millions of accounts.
pub async fn solvency(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<Solvency, RewardError> {
    let config = scheme.config();
    let today = config.day_of(now);
    let mut tx = scheme.db.begin_read().await?;
    let as_of = scheme.book.size(&mut tx).await?;
    let points = scheme.book.totals_by_lot(&mut tx, Unit::Points, "volunteer/", "%/points").await?;
    let waiting = scheme.book.totals_by_lot(&mut tx, Unit::Points, "volunteer/", "%/waiting/%").await?;
    let pool = scheme.book.totals_by_lot(&mut tx, Unit::Points, "pool/", "pool/points").await?;
    tx.rollback().await?;
    let held = total(points.iter().map(|(_, _, held)| *held));
    let usable = points.iter().filter(|(lot, ..)| lot.usable_on(today));
    let available = total(usable.map(|(_, balance, held)| balance - held));
    let (on_shelves, stock_value) = shelves(scheme, as_of).await?;
    Ok(Solvency {
        available,
        held,
        waiting: total(waiting.iter().map(|(_, balance, _)| *balance)),
        pool: total(pool.iter().map(|(_, balance, _)| *balance)),
        expiring_30: expiring(&points, today, 30),
        expiring_90: expiring(&points, today, 90),
        budget: budget(&config),
        on_shelves,
        stock_value,
        as_of,
    })
}

fn total(amounts: impl Iterator<Item = i64>) -> i64 {
    amounts.fold(0, i64::saturating_add)
}

fn budget(config: &Scheme) -> Option<i64> {
    config.points_budget.map(|points| points.minor(config.points_scale))
}

/// What is left in lots whose last day is within so many days.
fn expiring(points: &[(Lot, i64, i64)], today: NaiveDate, days: u64) -> i64 {
    let until = today.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX);
    let ends = |lot: &Lot| lot.usable_on(today) && lot.last_day().is_some_and(|last| last <= until);
    total(points.iter().filter(|(lot, ..)| ends(lot)).map(|(_, balance, held)| balance - held))
}

/// What the pieces on all shelves can be had for, in points; and what they cost.
async fn shelves(scheme: &OpenScheme, as_of: i64) -> Result<(i64, i64), RewardError> {
    let (shelves, _) = rewards::stock::shelves(scheme, None, AsOf::Sequence(as_of)).await?;
    let listed = rewards::list(scheme, State::Listed, None, None, i64::MAX).await?;
    let prices: HashMap<Uuid, i64> = listed.iter().map(|reward| (reward.id, reward.details.price_points)).collect();
    let worth = shelves.iter().filter_map(|shelf| prices.get(&shelf.reward_id)?.checked_mul(shelf.on_hand));
    Ok((total(worth), total(shelves.iter().filter_map(|shelf| shelf.value))))
}
