//! What a volunteer has: now, or as of any entry of the book.

use crate::accounts;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, VolunteerError};
use chrono::{DateTime, Days, NaiveDate, Utc};
use ledger::entry::{Entry, EntryAction};
use ledger::state::Standing;
use ledger::{Lot, PostError};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Points that will be gone after `on`, and how many of them can still be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiring {
    pub on: NaiveDate,
    pub amount: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub minutes: i64,
    /// Minor units that can be spent today.
    pub available: i64,
    /// Minor units set aside for reserved exchanges.
    pub held: i64,
    /// What expires within the next 90 days, soonest first.
    pub expiring: Vec<Expiring>,
    /// The newest entry that is part of it.
    pub as_of: i64,
}

/// How far ahead [`Balance::expiring`] looks.
const EXPIRING_DAYS: u64 = 90;

#[derive(Debug, thiserror::Error)]
pub enum BalanceError {
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    #[error("the book has {size} entries, and {asked} were asked for")]
    BeyondTheBook { asked: i64, size: i64 },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<VolunteerError> for BalanceError {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::VolunteerNotFound { id } => BalanceError::VolunteerNotFound { id },
            VolunteerError::Database(error) => BalanceError::Database(error),
            other => BalanceError::Book(other.to_string()),
        }
    }
}

impl From<PostError> for BalanceError {
    fn from(error: PostError) -> Self {
        match error {
            error if error.is_transient() => BalanceError::Busy,
            other => BalanceError::Book(other.to_string()),
        }
    }
}

/// What the volunteer has now.
pub async fn balance(scheme: &OpenScheme, volunteer: Uuid, now: DateTime<Utc>) -> Result<Balance, BalanceError> {
    volunteers::require(scheme, volunteer).await?;
    let paths = [accounts::minutes_path(volunteer), accounts::points_path(volunteer)];
    let view = scheme.book.standings(&paths).await?;
    let minutes = view.lots[0].first().map_or(0, |standing| standing.balance);
    let lots = view.lots[1].iter().map(|lot: &Standing| (lot.lot, Points { balance: lot.balance, held: lot.held_out }));
    Ok(sum(minutes, lots, scheme.config().day_of(now), view.size))
}

/// What the volunteer had once the first `sequence` entries of the book were posted, seen from the day of the last of them.
pub async fn balance_as_of(scheme: &OpenScheme, volunteer: Uuid, sequence: i64) -> Result<Balance, BalanceError> {
    volunteers::require(scheme, volunteer).await?;
    let mut tx = scheme.db.begin_read().await?;
    let size = scheme.book.size(&mut tx).await?;
    if sequence > size {
        return Err(BalanceError::BeyondTheBook { asked: sequence, size });
    }
    let mut entries = Vec::new();
    let mut before = sequence + 1;
    loop {
        let page = scheme.book.entries_of(&mut tx, volunteer, before, 1000).await?;
        let Some(oldest) = page.last() else { break };
        before = oldest.sequence;
        entries.extend(page);
    }
    let mut fold = Fold::new(volunteer);
    entries.iter().rev().for_each(|entry| fold.take(entry));
    let day = entries.first().map_or(NaiveDate::MIN, |entry| scheme.config().day_of(crate::moment(entry.recorded_at)));
    Ok(sum(fold.minutes, fold.lots.into_iter(), day, sequence))
}

#[derive(Debug, Clone, Copy, Default)]
struct Points {
    balance: i64,
    held: i64,
}

fn sum(minutes: i64, lots: impl Iterator<Item = (Lot, Points)>, today: NaiveDate, as_of: i64) -> Balance {
    let mut balance = Balance { minutes, available: 0, held: 0, expiring: Vec::new(), as_of };
    let soon = today.checked_add_days(Days::new(EXPIRING_DAYS)).unwrap_or(NaiveDate::MAX);
    for (lot, points) in lots {
        balance.held += points.held;
        let left = points.balance - points.held;
        // An overdrawn account counts against the others, whatever its day.
        if left != 0 && (lot.usable_on(today) || left < 0) {
            balance.available += left;
            let soon = lot.last_day().filter(|day| left > 0 && *day <= soon);
            balance.expiring.extend(soon.map(|on| Expiring { on, amount: left }));
        }
    }
    balance
}

/// A volunteer's accounts, entry by entry.
struct Fold {
    minutes_path: std::sync::Arc<str>,
    points_path: std::sync::Arc<str>,
    minutes: i64,
    lots: BTreeMap<Lot, Points>,
    /// What each open hold sets aside, lot by lot.
    holds: BTreeMap<i64, Vec<(Lot, i64)>>,
}

impl Fold {
    fn new(volunteer: Uuid) -> Self {
        Fold {
            minutes_path: accounts::minutes_path(volunteer),
            points_path: accounts::points_path(volunteer),
            minutes: 0,
            lots: BTreeMap::new(),
            holds: BTreeMap::new(),
        }
    }

    fn take(&mut self, entry: &Entry) {
        if entry.action == EntryAction::Hold {
            let held = entry.postings.iter().filter(|posting| posting.from.path == self.points_path);
            let held: Vec<_> = held.map(|posting| (posting.from.lot, posting.amount)).collect();
            held.iter().for_each(|(lot, amount)| self.lots.entry(*lot).or_default().held += amount);
            self.holds.insert(entry.sequence, held);
            return;
        }
        for posting in &entry.postings {
            for (key, amount) in [(&posting.from, -posting.amount), (&posting.to, posting.amount)] {
                if key.path == self.minutes_path {
                    self.minutes += amount;
                } else if key.path == self.points_path {
                    self.lots.entry(key.lot).or_default().balance += amount;
                }
            }
        }
        // An exchange is captured or released as a whole.
        if matches!(entry.action, EntryAction::Capture | EntryAction::Release) {
            let held = entry.reference.and_then(|hold| self.holds.remove(&hold)).unwrap_or_default();
            held.iter().for_each(|(lot, amount)| self.lots.entry(*lot).or_default().held -= amount);
        }
    }
}
