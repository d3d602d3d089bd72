//! The one place that decides whether a draft may be posted. Pure: no clock, no storage.

use crate::draft::{Action, Bound, Draft, LEGS_MAX, Leg, Source};
use crate::entry::{EntryAction, Posting};
use crate::state::{Earlier, Standing, State};
use crate::{Account, Key, Micros, Refusal, Unit};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// Why a draft was not posted. Nothing changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum Rejection {
    #[error("{account} has {available} left, and {needed} are needed")]
    BelowFloor { account: String, needed: i64, available: i64 },
    #[error("{account} takes {room} more, and {needed} would be added")]
    AboveCeiling { account: String, needed: i64, room: i64 },
    #[error("there is no entry {id} to capture, release or reverse")]
    EntryNotFound { id: Uuid },
    #[error("entry {id} is not a hold")]
    NotAHold { id: Uuid },
    #[error("the hold {id} was captured or released before")]
    HoldClosed { id: Uuid },
    #[error("the hold {id} has expired")]
    HoldExpired { id: Uuid },
    #[error("entry {id} is of a kind that is not reversed")]
    NotReversible { id: Uuid },
    #[error("of entry {id}, {available} are left, and {needed} are asked for")]
    ExceedsRemaining { id: Uuid, needed: i64, available: i64 },
    #[error("the balance of {account} would be beyond all numbers")]
    Overflow { account: String },
    #[error("the draft is not well formed: {reason}")]
    Malformed { reason: String },
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
}

/// A draft that may be posted, and what it changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub action: EntryAction,
    pub reference: Option<i64>,
    pub expires_at: Option<Micros>,
    pub available_before: Option<i64>,
    pub postings: Vec<Posting>,
    /// The touched accounts as they stand afterwards, in the order in which they were touched. System accounts are among
    /// them only when they are new.
    pub changed: Vec<(Key, Standing)>,
    /// The captured, released or reversed entry as it stands afterwards.
    pub earlier: Option<(Uuid, Earlier)>,
}

/// Decides over `draft`, given that everything it touches is known to `state`, at the moment `at`.
pub fn judge(draft: &Draft, state: &State, at: Micros) -> Result<Verdict, Rejection> {
    let mut trial = Trial::new(state);
    match &draft.action {
        Action::Post(legs) => trial.legs(legs, Move::Post)?,
        Action::Hold { legs, expires_at } => trial.hold(legs, *expires_at, at)?,
        Action::Capture { hold, amounts, keep_rest } => trial.capture(*hold, amounts.as_deref(), *keep_rest, at)?,
        Action::Release { hold, legs } => {
            trial.release(*hold)?;
            trial.legs(legs, Move::Post)?;
        }
        Action::Reverse { entry, amounts, overdraw, legs } => {
            let how = if *overdraw { Move::Force } else { Move::Post };
            trial.reverse(*entry, amounts.as_deref(), how)?;
            trial.beside_reversal(legs, how)?;
        }
    }
    for bound in &draft.bounds {
        trial.check_bound(bound)?;
    }
    if let Some(refusal) = &draft.refusal {
        return Err(Rejection::Refused(refusal.clone()));
    }
    Ok(trial.verdict)
}

/// What a posting does to its two accounts.
#[derive(Clone, Copy, PartialEq)]
enum Move {
    Post,
    Hold,
    /// As [`Move::Post`], though the account falls below its floor.
    Force,
}

/// A draft being tried on a copy of the accounts it touches.
struct Trial<'s> {
    state: &'s State,
    verdict: Verdict,
}

impl<'s> Trial<'s> {
    fn new(state: &'s State) -> Self {
        let verdict = Verdict {
            action: EntryAction::Post,
            reference: None,
            expires_at: None,
            available_before: None,
            postings: Vec::with_capacity(4),
            changed: Vec::with_capacity(4),
            earlier: None,
        };
        Trial { state, verdict }
    }

    fn hold(&mut self, legs: &[Leg], expires_at: Micros, at: Micros) -> Result<(), Rejection> {
        self.verdict.action = EntryAction::Hold;
        self.verdict.expires_at = Some(expires_at);
        if legs.is_empty() || expires_at <= at {
            return Err(malformed("a hold has legs, and expires in the future"));
        }
        self.legs(legs, Move::Hold)
    }

    fn legs(&mut self, legs: &[Leg], how: Move) -> Result<(), Rejection> {
        if legs.len() > LEGS_MAX {
            return Err(malformed("too many legs"));
        }
        for leg in legs {
            if leg.amount <= 0 {
                return Err(malformed("amounts are greater than zero"));
            }
            match &leg.from {
                Source::Account(from) => self.posting(from, &leg.to, leg.amount, how)?,
                Source::Pool { path, unit, usable_on } => self.draw(path, *unit, *usable_on, leg, how)?,
            }
        }
        Ok(())
    }

    /// Splits a leg over the lots of a pool, soonest first.
    fn draw(&mut self, path: &Arc<str>, unit: Unit, day: NaiveDate, leg: &Leg, how: Move) -> Result<(), Rejection> {
        let lots = self.pool(path, unit, day);
        let total = lots.iter().try_fold(0i64, |total, (_, left)| total.checked_add(*left));
        let total = total.ok_or_else(|| Rejection::Overflow { account: path.to_string() })?;
        if total < leg.amount {
            return Err(below_floor(path, leg.amount, total));
        }
        self.verdict.available_before.get_or_insert(total);
        let mut rest = leg.amount;
        for (lot, left) in lots {
            let part = rest.min(left);
            if part > 0 {
                self.posting(&lot, &leg.to, part, how)?;
                rest -= part;
            }
        }
        Ok(())
    }

    /// The lots of a pool that are usable, soonest first, with what each has above zero: among them those that an earlier
    /// leg opened.
    fn pool(&self, path: &Arc<str>, unit: Unit, day: NaiveDate) -> Vec<(Account, i64)> {
        let usable = self.lots(path).filter(|lot| lot.lot.usable_on(day) && lot.unit == unit && !lot.system);
        let mut lots: Vec<_> = usable.map(|lot| (lot.opening(path), (lot.balance - lot.held_out).max(0))).collect();
        lots.sort_by_key(|(lot, _)| lot.key.lot.spending_order());
        lots
    }

    /// The accounts of a path as the draft leaves them.
    fn lots(&self, path: &Arc<str>) -> impl Iterator<Item = &Standing> {
        let known = self.state.lots(path).iter().map(move |lot| {
            let changed = self.verdict.changed.iter().find(|(key, _)| key.path == *path && key.lot == lot.lot);
            changed.map_or(lot, |(_, standing)| standing)
        });
        let new = self.verdict.changed.iter().filter(move |(key, standing)| key.path == *path && standing.account == 0);
        known.chain(new.map(|(_, standing)| standing))
    }

    /// An entry connects two accounts once: what is left of it could not be told from the journal otherwise.
    fn posting(&mut self, from: &Account, to: &Account, amount: i64, how: Move) -> Result<(), Rejection> {
        if from.unit != to.unit || from.key == to.key {
            return Err(malformed("a posting connects two accounts of one unit"));
        }
        let (source, target) = (self.touch(from)?, self.touch(to)?);
        let same = |posting: &Posting| posting.from == from.key && posting.to == to.key;
        let before = self.verdict.postings.iter().position(same);
        let whole = before.map_or(0, |place| self.verdict.postings[place].amount).checked_add(amount);
        let whole = whole.ok_or_else(|| overflow(&to.key))?;
        if let Some(index) = source {
            self.withdraw(index, amount, how)?;
        }
        if let Some(index) = target {
            self.deposit(index, amount, how)?;
        }
        match before {
            Some(place) => self.verdict.postings[place].amount = whole,
            None => {
                let (from, to, unit) = (from.key.clone(), to.key.clone(), from.unit);
                self.verdict.postings.push(Posting { from, to, unit, amount });
            }
        }
        Ok(())
    }

    fn withdraw(&mut self, index: usize, amount: i64, how: Move) -> Result<(), Rejection> {
        let (key, standing) = &mut self.verdict.changed[index];
        let available = standing.available();
        if how == Move::Hold {
            standing.held_out = standing.held_out.checked_add(amount).ok_or_else(|| overflow(key))?;
        } else {
            standing.balance = standing.balance.checked_sub(amount).ok_or_else(|| overflow(key))?;
        }
        standing.balance.checked_sub(standing.held_out).ok_or_else(|| overflow(key))?;
        if standing.overdrawn() && how != Move::Force {
            return Err(below_floor(key, amount, available));
        }
        Ok(())
    }

    fn deposit(&mut self, index: usize, amount: i64, how: Move) -> Result<(), Rejection> {
        let (key, standing) = &mut self.verdict.changed[index];
        let before = standing.balance.checked_add(standing.held_in).ok_or_else(|| overflow(key))?;
        if how == Move::Hold {
            standing.held_in = standing.held_in.checked_add(amount).ok_or_else(|| overflow(key))?;
        } else {
            standing.balance = standing.balance.checked_add(amount).ok_or_else(|| overflow(key))?;
        }
        let after = standing.balance.checked_add(standing.held_in).ok_or_else(|| overflow(key))?;
        match standing.ceiling {
            Some(ceiling) if after > ceiling => Err(above_ceiling(key, amount, ceiling.saturating_sub(before))),
            _ => Ok(()),
        }
    }

    fn capture(&mut self, id: Uuid, amounts: Option<&[i64]>, keep_rest: bool, at: Micros) -> Result<(), Rejection> {
        let mut hold = self.open_hold(id)?;
        if hold.expires_at.is_some_and(|expires_at| at >= expires_at) {
            return Err(Rejection::HoldExpired { id });
        }
        let amounts = hold.portions(id, amounts)?;
        for ((posting, left), amount) in hold.postings.iter().zip(&mut hold.remaining).zip(&amounts) {
            let freed = if keep_rest { *amount } else { *left };
            self.settle(posting, freed, *amount)?;
            *left -= freed;
            if *amount > 0 {
                self.verdict.postings.push(Posting { amount: *amount, ..posting.clone() });
            }
        }
        let closed = hold.remaining.iter().all(|left| *left == 0);
        self.verdict.action = if closed { EntryAction::Capture } else { EntryAction::CapturePart };
        self.refer(id, hold);
        Ok(())
    }

    fn release(&mut self, id: Uuid) -> Result<(), Rejection> {
        let mut hold = self.open_hold(id)?;
        for (posting, left) in hold.postings.iter().zip(&mut hold.remaining) {
            self.settle(posting, *left, 0)?;
            *left = 0;
        }
        self.verdict.action = EntryAction::Release;
        self.refer(id, hold);
        Ok(())
    }

    fn reverse(&mut self, id: Uuid, amounts: Option<&[i64]>, how: Move) -> Result<(), Rejection> {
        let mut entry = self.earlier(id)?;
        let reversible = matches!(entry.action, EntryAction::Post | EntryAction::Capture | EntryAction::CapturePart);
        if !reversible || entry.postings.is_empty() {
            return Err(Rejection::NotReversible { id });
        }
        let amounts = entry.portions(id, amounts)?;
        for ((posting, left), amount) in entry.postings.iter().zip(&mut entry.remaining).zip(&amounts) {
            if *amount > 0 {
                let (from, to) = (self.known(&posting.to)?, self.known(&posting.from)?);
                self.posting(&from, &to, *amount, how)?;
                *left -= *amount;
            }
        }
        self.verdict.action = EntryAction::Reversal;
        self.refer(id, entry);
        Ok(())
    }

    /// What a reversal posts beside the opposite of its entry must stay apart from it: what is left of the entry could not
    /// be told from the journal otherwise.
    fn beside_reversal(&mut self, legs: &[Leg], how: Move) -> Result<(), Rejection> {
        let Some((_, reversed)) = self.verdict.earlier.clone().filter(|_| !legs.is_empty()) else { return Ok(()) };
        let before = self.verdict.postings.clone();
        self.legs(legs, how)?;
        let opposite = |posting: &Posting| {
            reversed.postings.iter().any(|entry| entry.from == posting.to && entry.to == posting.from)
        };
        let mut posted = self.verdict.postings.iter().enumerate();
        match posted.any(|(place, posting)| before.get(place) != Some(posting) && opposite(posting)) {
            true => Err(malformed("what a reversal entails is posted between other accounts than what it reverses")),
            false => Ok(()),
        }
    }

    /// Frees `freed` of what `posting` holds, and posts `amount` of it.
    fn settle(&mut self, posting: &Posting, freed: i64, amount: i64) -> Result<(), Rejection> {
        let (from, to) = (self.known(&posting.from)?, self.known(&posting.to)?);
        if let Some(index) = self.touch(&from)? {
            let (key, standing) = &mut self.verdict.changed[index];
            standing.held_out -= freed;
            standing.balance = standing.balance.checked_sub(amount).ok_or_else(|| overflow(key))?;
        }
        if let Some(index) = self.touch(&to)? {
            let (key, standing) = &mut self.verdict.changed[index];
            standing.held_in -= freed;
            standing.balance = standing.balance.checked_add(amount).ok_or_else(|| overflow(key))?;
        }
        Ok(())
    }

    fn earlier(&self, id: Uuid) -> Result<Earlier, Rejection> {
        self.state.earlier.get(&id).cloned().ok_or(Rejection::EntryNotFound { id })
    }

    fn open_hold(&self, id: Uuid) -> Result<Earlier, Rejection> {
        let hold = self.earlier(id)?;
        if hold.action != EntryAction::Hold {
            return Err(Rejection::NotAHold { id });
        }
        if hold.remaining.iter().all(|left| *left == 0) {
            return Err(Rejection::HoldClosed { id });
        }
        Ok(hold)
    }

    fn refer(&mut self, id: Uuid, earlier: Earlier) {
        self.verdict.reference = Some(earlier.sequence);
        self.verdict.earlier = Some((id, earlier));
    }

    /// A bound holds after the draft, whether the draft touches the account or not. One that is not opened is at zero.
    fn check_bound(&self, bound: &Bound) -> Result<(), Rejection> {
        let key = &bound.key;
        if let Some(day) = key.lot.pool_day() {
            return self.check_pool(bound, day);
        }
        let (before, now) = (self.state.get(key).copied(), self.standing(key));
        if now.is_some_and(|now| now.system) {
            return Err(malformed("a system account has no bounds"));
        }
        let least = |standing: Option<Standing>| standing.map_or(0, |standing| standing.balance - standing.held_out);
        let (had, left) = (least(before), least(now));
        if let Some(floor) = bound.floor.filter(|floor| left < *floor) {
            return Err(below_floor(key, had.saturating_sub(left), had.saturating_sub(floor)));
        }
        let most = |standing: Option<Standing>| standing.map_or(0, |standing| standing.balance + standing.held_in);
        let (was, full) = (most(before), most(now));
        if let Some(ceiling) = bound.ceiling.filter(|ceiling| full > *ceiling) {
            return Err(above_ceiling(key, full.saturating_sub(was), ceiling.saturating_sub(was)));
        }
        Ok(())
    }

    /// What could be drawn from a pool after the draft.
    fn check_pool(&self, bound: &Bound, day: NaiveDate) -> Result<(), Rejection> {
        let key = &bound.key;
        let had = drawable(self.state.lots(&key.path).iter(), day);
        let left = drawable(self.lots(&key.path), day);
        let (floor, ceiling) = (bound.floor.map(i128::from), bound.ceiling.map(i128::from));
        if let Some(floor) = floor.filter(|floor| left < *floor) {
            return Err(below_floor(key, nearest(had - left), nearest(had - floor)));
        }
        match ceiling.filter(|ceiling| left > *ceiling) {
            Some(ceiling) => Err(above_ceiling(key, nearest(left - had), nearest(ceiling - had))),
            None => Ok(()),
        }
    }

    /// The copy of an account that this draft changes; `None` for a system account, since those are not kept.
    fn touch(&mut self, account: &Account) -> Result<Option<usize>, Rejection> {
        if let Some(index) = self.find(&account.key) {
            return same_unit(account, &self.verdict.changed[index].1).map(|system| (!system).then_some(index));
        }
        let standing = match self.state.get(&account.key) {
            Some(known) if same_unit(account, known)? => return Ok(None),
            Some(known) => *known,
            None => unopened(account)?,
        };
        self.verdict.changed.push((account.key.clone(), standing));
        Ok((!standing.system).then_some(self.verdict.changed.len() - 1))
    }

    fn find(&self, key: &Key) -> Option<usize> {
        self.verdict.changed.iter().position(|(changed, _)| changed == key)
    }

    fn standing(&self, key: &Key) -> Option<Standing> {
        self.find(key).map(|index| self.verdict.changed[index].1).or_else(|| self.state.get(key).copied())
    }

    /// An account that earlier postings opened.
    fn known(&self, key: &Key) -> Result<Account, Rejection> {
        let standing = self.standing(key).ok_or_else(|| malformed("an account of the earlier entry is not known"))?;
        Ok(standing.opening(&key.path))
    }
}

fn drawable<'s>(lots: impl Iterator<Item = &'s Standing>, day: NaiveDate) -> i128 {
    let usable = lots.filter(|lot| lot.lot.usable_on(day) && !lot.system);
    usable.map(|lot| i128::from(lot.balance - lot.held_out).max(0)).sum()
}

/// The nearest number that can be told.
fn nearest(value: i128) -> i64 {
    value.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Whether the account is a system account, if it is named with the unit that it was opened with.
fn same_unit(account: &Account, opened: &Standing) -> Result<bool, Rejection> {
    let same = account.unit == opened.unit;
    same.then_some(opened.system).ok_or_else(|| malformed("an account was opened with another unit"))
}

/// A new account: empty, which its bounds allow.
fn unopened(account: &Account) -> Result<Standing, Rejection> {
    let (floor, ceiling) = (account.floor.unwrap_or(0), account.ceiling.unwrap_or(0));
    if account.key.lot.pool_day().is_some() {
        return Err(malformed("a pool is not an account"));
    }
    if floor > 0 || ceiling < 0 {
        return Err(malformed("an account opens empty, which its bounds must allow"));
    }
    if account.system && (account.floor, account.ceiling) != (None, None) {
        return Err(malformed("a system account has no bounds"));
    }
    Ok(Standing::unopened(account))
}

fn below_floor(account: impl ToString, needed: i64, available: i64) -> Rejection {
    Rejection::BelowFloor { account: account.to_string(), needed: needed.max(0), available: available.max(0) }
}

fn above_ceiling(account: impl ToString, needed: i64, room: i64) -> Rejection {
    Rejection::AboveCeiling { account: account.to_string(), needed: needed.max(0), room: room.max(0) }
}

fn overflow(key: &Key) -> Rejection {
    Rejection::Overflow { account: key.to_string() }
}

pub(crate) fn malformed(reason: &str) -> Rejection {
    Rejection::Malformed { reason: reason.to_owned() }
}
