//! What a volunteer has: now, or as of any entry of the book.

use crate::accounts;
use crate::config::{CapUnit, Scheme, SpendableFrom, VolunteerAccount};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, VolunteerError};
use chrono::{DateTime, Days, NaiveDate, Utc};
use ledger::entry::{Entry, EntryAction};
use ledger::state::Standing;
use ledger::{Key, Lot, PostError};
use std::collections::BTreeMap;
use std::sync::Arc;
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
    /// What can be spent from a later day on.
    pub waiting: i64,
    /// What is owed, and taken from what is earned next.
    pub owed: i64,
    /// Points cannot be spent until the account thaws.
    pub frozen: bool,
    /// The other books of account of the scheme, in its order.
    pub accounts: Vec<AccountBalance>,
    /// The newest entry that is part of it.
    pub as_of: i64,
}

/// What is in a book of account beside hours and points: minutes, or minor units of points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountBalance {
    pub code: String,
    pub counts: CapUnit,
    pub available: i64,
    pub held: i64,
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
            VolunteerError::Busy => BalanceError::Busy,
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
    let config = scheme.config();
    let today = config.day_of(now);
    let mut paths = vec![accounts::minutes_path(volunteer), accounts::points_path(volunteer)];
    let more = config.has_more_than_points();
    if more {
        paths.extend([accounts::debt_path(volunteer), accounts::frozen_path(volunteer)]);
        paths.extend(config.accounts.iter().map(|account| accounts::account_path(volunteer, &account.code)));
    }
    let view = scheme.book.standings(&paths).await?;
    let minutes = view.lots[0].first().map_or(0, |standing| standing.balance);
    let lots = view.lots[1].iter().map(|lot: &Standing| (lot.lot, Points { balance: lot.balance, held: lot.held_out }));
    let mut balance = sum(minutes, lots, today, view.size);
    if more {
        let total = |lots: &Vec<Standing>| lots.iter().map(|lot| lot.balance).sum::<i64>();
        balance.owed = view.lots.get(2).map_or(0, |lots| -total(lots));
        balance.frozen = view.lots.get(3).is_some_and(|lots| total(lots) > 0);
        let others = config.accounts.iter().zip(view.lots.iter().skip(4));
        balance.accounts = others.map(|(account, lots)| account_balance(account, lots, today)).collect();
        balance.waiting = waiting(scheme, volunteer).await?;
    }
    Ok(balance)
}

fn account_balance(account: &VolunteerAccount, lots: &[Standing], today: NaiveDate) -> AccountBalance {
    let usable = || lots.iter().filter(|lot| lot.lot.usable_on(today));
    AccountBalance {
        code: account.code.clone(),
        counts: account.counts,
        available: usable().map(|lot| lot.balance - lot.held_out).sum(),
        held: lots.iter().map(|lot| lot.held_out).sum(),
    }
}

/// Points that can be spent from a later day on. Only schemes that let points wait are asked.
async fn waiting(scheme: &OpenScheme, volunteer: Uuid) -> Result<i64, BalanceError> {
    let config = scheme.config();
    if config.versions().iter().all(|rules| rules.spendable_from == SpendableFrom::AtOnce) {
        return Ok(0);
    }
    Ok(scheme.book.total_below(&accounts::waiting_prefix(volunteer)).await?)
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
    let config = scheme.config();
    let day = entries.first().map_or(NaiveDate::MIN, |entry| config.day_of(crate::moment(entry.recorded_at)));
    Ok(fold.balance(&config, day, sequence))
}

#[derive(Debug, Clone, Copy, Default)]
struct Points {
    balance: i64,
    held: i64,
}

fn sum(minutes: i64, lots: impl Iterator<Item = (Lot, Points)>, today: NaiveDate, as_of: i64) -> Balance {
    let mut balance = Balance {
        minutes,
        available: 0,
        held: 0,
        expiring: Vec::new(),
        waiting: 0,
        owed: 0,
        frozen: false,
        accounts: Vec::new(),
        as_of,
    };
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
    volunteer: Uuid,
    /// The beginning of the paths of all their accounts.
    prefix: String,
    /// By path, then by lot.
    accounts: BTreeMap<Arc<str>, BTreeMap<Lot, Points>>,
    /// What each open hold sets aside, account by account.
    holds: BTreeMap<i64, Vec<(Key, i64)>>,
}

impl Fold {
    fn new(volunteer: Uuid) -> Self {
        let prefix = format!("volunteer/{volunteer}/");
        Fold { volunteer, prefix, accounts: BTreeMap::new(), holds: BTreeMap::new() }
    }

    fn at(&mut self, key: &Key) -> Option<&mut Points> {
        let own = key.path.starts_with(&self.prefix);
        own.then(|| self.accounts.entry(key.path.clone()).or_default().entry(key.lot).or_default())
    }

    fn take(&mut self, entry: &Entry) {
        if entry.action == EntryAction::Hold {
            let held: Vec<_> = entry.postings.iter().map(|posting| (posting.from.clone(), posting.amount)).collect();
            for (key, amount) in &held {
                self.at(key).into_iter().for_each(|points| points.held += amount);
            }
            self.holds.insert(entry.sequence, held);
            return;
        }
        for posting in &entry.postings {
            self.at(&posting.from).into_iter().for_each(|points| points.balance -= posting.amount);
            self.at(&posting.to).into_iter().for_each(|points| points.balance += posting.amount);
        }
        // Handed over in part, each posting frees what it takes; otherwise all that is left is freed.
        if entry.action == EntryAction::CapturePart {
            self.free(entry);
        }
        if matches!(entry.action, EntryAction::Capture | EntryAction::Release) {
            for (key, amount) in entry.reference.and_then(|hold| self.holds.remove(&hold)).unwrap_or_default() {
                self.at(&key).into_iter().for_each(|points| points.held -= amount);
            }
        }
    }

    /// Takes off the hold what a part of it has posted.
    fn free(&mut self, entry: &Entry) {
        let mut hold = entry.reference.and_then(|hold| self.holds.remove(&hold)).unwrap_or_default();
        for posting in &entry.postings {
            if let Some((_, left)) = hold.iter_mut().find(|(key, _)| *key == posting.from) {
                *left -= posting.amount;
            }
            self.at(&posting.from).into_iter().for_each(|points| points.held -= posting.amount);
        }
        self.holds.extend(entry.reference.map(|reference| (reference, hold)));
    }

    fn lots(&self, path: &str) -> impl Iterator<Item = (Lot, Points)> {
        self.accounts.get(path).into_iter().flatten().map(|(lot, points)| (*lot, *points))
    }

    fn total(&self, path: &str) -> i64 {
        self.lots(path).map(|(_, points)| points.balance).sum()
    }

    fn balance(&self, config: &Scheme, day: NaiveDate, as_of: i64) -> Balance {
        let volunteer = self.volunteer;
        let minutes = self.total(&accounts::minutes_path(volunteer));
        let mut balance = sum(minutes, self.lots(&accounts::points_path(volunteer)), day, as_of);
        balance.owed = -self.total(&accounts::debt_path(volunteer));
        balance.frozen = self.total(&accounts::frozen_path(volunteer)) > 0;
        let waiting = self.accounts.keys().filter(|path| path.starts_with(&*accounts::waiting_prefix(volunteer)));
        balance.waiting = waiting.map(|path| self.total(path)).sum();
        let of_account = |account: &VolunteerAccount| {
            let path = accounts::account_path(volunteer, &account.code);
            let usable = || self.lots(&path).filter(|(lot, _)| lot.usable_on(day));
            AccountBalance {
                code: account.code.clone(),
                counts: account.counts,
                available: usable().map(|(_, points)| points.balance - points.held).sum(),
                held: self.lots(&path).map(|(_, points)| points.held).sum(),
            }
        };
        balance.accounts = config.accounts.iter().map(of_account).collect();
        balance
    }
}
