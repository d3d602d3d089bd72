//! What is known of a book in memory: the standing of accounts, and the earlier entries that drafts refer to.

use crate::entry::{EntryAction, Posting};
use crate::judge::{Rejection, Verdict, malformed};
use crate::{Account, Key, Lot, Micros, Unit};
use foldhash::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub lot: Lot,
    /// Its number in the book; 0 while it is not opened.
    pub account: i64,
    pub unit: Unit,
    pub system: bool,
    pub floor: Option<i64>,
    pub ceiling: Option<i64>,
    /// The entry that opened it.
    pub opened: i64,
    pub balance: i64,
    /// Open holds from it.
    pub held_out: i64,
    /// Open holds to it.
    pub held_in: i64,
}

impl Standing {
    pub fn unopened(account: &Account) -> Standing {
        Standing {
            lot: account.key.lot,
            account: 0,
            unit: account.unit,
            system: account.system,
            floor: account.floor,
            ceiling: account.ceiling,
            opened: 0,
            balance: 0,
            held_out: 0,
            held_in: 0,
        }
    }

    /// What can still be taken from it: balance less open holds less floor. Negative when it is overdrawn.
    pub fn available(&self) -> i64 {
        self.balance.saturating_sub(self.held_out).saturating_sub(self.floor.unwrap_or(0))
    }

    pub fn overdrawn(&self) -> bool {
        self.floor.is_some() && self.available() < 0
    }

    /// The account as its first entry opened it.
    pub fn opening(&self, path: &Arc<str>) -> Account {
        let key = Key { path: path.clone(), lot: self.lot };
        Account { key, unit: self.unit, floor: self.floor, ceiling: self.ceiling, system: self.system }
    }
}

/// An earlier entry that a draft captures, releases or reverses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    pub sequence: i64,
    pub action: EntryAction,
    pub expires_at: Option<Micros>,
    pub postings: Vec<Posting>,
    /// For each posting: of a hold, what is still held; of another entry, what is not reversed.
    pub remaining: Vec<i64>,
    /// The entries that reversed it so far.
    pub reversed_by: Vec<i64>,
}

impl Earlier {
    /// The amounts to take of what is left of it: those asked for, or all.
    pub fn portions(&self, id: Uuid, amounts: Option<&[i64]>) -> Result<Vec<i64>, Rejection> {
        let amounts = amounts.unwrap_or(&self.remaining);
        if amounts.len() != self.postings.len() || amounts.iter().any(|amount| *amount < 0) {
            return Err(malformed("amounts are given for each posting of the earlier entry, and are not negative"));
        }
        let short = amounts.iter().zip(&self.remaining).find(|(amount, left)| amount > left);
        if let Some((&needed, &available)) = short {
            return Err(Rejection::ExceedsRemaining { id, needed, available });
        }
        if self.remaining.iter().all(|left| *left == 0) {
            return Err(Rejection::ExceedsRemaining { id, needed: 0, available: 0 });
        }
        if amounts.iter().all(|amount| *amount == 0) {
            return Err(malformed("at least one amount is greater than zero"));
        }
        Ok(amounts.to_vec())
    }
}

/// All accounts of a path are known, or none: that is what lets a pool be judged in memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    paths: HashMap<Arc<str>, Vec<Standing>>,
    accounts: usize,
    pub earlier: HashMap<Uuid, Earlier>,
}

impl State {
    pub fn knows(&self, path: &str) -> bool {
        self.paths.contains_key(path)
    }

    /// Accounts known.
    pub fn len(&self) -> usize {
        self.accounts
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub fn forget(&mut self) {
        *self = State::default();
    }

    /// Makes known all the accounts of a path; none, when nothing was ever posted to it.
    pub fn learn(&mut self, path: Arc<str>, mut standings: Vec<Standing>) {
        standings.sort_by_key(|standing| standing.lot.spending_order());
        self.accounts += standings.len();
        self.paths.insert(path, standings);
    }

    /// The accounts of a path, soonest lot first.
    pub fn lots(&self, path: &str) -> &[Standing] {
        self.paths.get(path).map_or(&[], Vec::as_slice)
    }

    pub fn get(&self, key: &Key) -> Option<&Standing> {
        self.lots(&key.path).iter().find(|standing| standing.lot == key.lot)
    }

    /// Takes over what a verdict changed. New accounts are numbered from `next_account`; answers how many there were.
    pub fn apply(&mut self, verdict: &mut Verdict, sequence: i64, next_account: i64) -> i64 {
        let mut opened = 0;
        for (key, standing) in &mut verdict.changed {
            if standing.account == 0 {
                standing.account = next_account + opened;
                standing.opened = sequence;
                opened += 1;
            }
            self.put(key, *standing);
        }
        if let Some((id, earlier)) = &mut verdict.earlier {
            if verdict.action == EntryAction::Reversal {
                earlier.reversed_by.push(sequence);
            }
            self.earlier.insert(*id, earlier.clone());
        }
        opened
    }

    fn put(&mut self, key: &Key, standing: Standing) {
        let lots = self.paths.entry(key.path.clone()).or_default();
        match lots.iter_mut().find(|known| known.lot == key.lot) {
            Some(known) => *known = standing,
            None => {
                let order = key.lot.spending_order();
                let at = lots.partition_point(|known| known.lot.spending_order() < order);
                lots.insert(at, standing);
                self.accounts += 1;
            }
        }
    }
}
