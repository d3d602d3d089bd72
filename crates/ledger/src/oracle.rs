//! The ledger written for obviousness: what a draft means, in code, against which the real one is tested.
//!
//! Nothing is kept but entries, accounts as they were opened, and answers by id; every balance is summed up anew from
//! all entries, in numbers that do not overflow. A draft is tried on a copy of everything, and the copy is thrown away
//! when it fails.

use crate::draft::{Action, Bound, Draft, LEGS_MAX, Leg, Source};
use crate::entry::{EntryAction, Posting};
use crate::{Account, Key, Micros, Rejection};
use std::collections::BTreeMap;
use std::iter::zip;
use uuid::Uuid;

#[derive(Debug, Clone, Default)]
pub struct Oracle {
    accounts: BTreeMap<Key, Account>,
    entries: BTreeMap<Uuid, OracleEntry>,
    /// For each posting of an entry: what is still held of a hold, what is not reversed of another.
    left: BTreeMap<Uuid, Vec<i64>>,
    /// The first draft of each id that has a final answer, and that answer.
    answers: BTreeMap<Uuid, (Draft, Result<OracleEntry, Rejection>)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OracleEntry {
    pub sequence: i64,
    pub action: EntryAction,
    pub reference: Option<i64>,
    pub expires_at: Option<Micros>,
    pub available_before: Option<i64>,
    pub postings: Vec<Posting>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum OracleOutcome {
    Answered {
        result: Result<OracleEntry, Rejection>,
        replayed: bool,
    },
    /// The id was used for something else; `field` is the first that differs.
    IdTaken {
        field: String,
    },
}

impl Oracle {
    pub fn post(&mut self, draft: &Draft, at: Micros) -> OracleOutcome {
        if let Some((first, result)) = self.answers.get(&draft.id) {
            return match differing_field(first, draft) {
                Some(field) => OracleOutcome::IdTaken { field },
                None => OracleOutcome::Answered { result: result.clone(), replayed: true },
            };
        }
        let mut trial = self.clone();
        let result = trial.judge(draft, at, self).map(|()| trial.entries[&draft.id].clone());
        if result.is_ok() {
            *self = trial;
        }
        if result.is_ok() || draft.freeze_rejection {
            self.answers.insert(draft.id, (draft.clone(), result.clone()));
        }
        OracleOutcome::Answered { result, replayed: false }
    }

    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    pub fn size(&self) -> i64 {
        self.entries.len() as i64
    }

    /// In the order of their sequences.
    pub fn entries(&self) -> impl Iterator<Item = &OracleEntry> {
        let by_sequence: BTreeMap<i64, &OracleEntry> =
            self.entries.values().map(|entry| (entry.sequence, entry)).collect();
        by_sequence.into_values()
    }

    /// What was posted to the account, less what was posted from it.
    pub fn balance(&self, key: &Key) -> i128 {
        let moving = self.entries.values().filter(|entry| entry.action != EntryAction::Hold);
        let postings = moving.flat_map(|entry| &entry.postings);
        postings.map(|posting| effect(posting, key) * i128::from(posting.amount)).sum()
    }

    /// What open holds will take from the account.
    pub fn held_out(&self, key: &Key) -> i128 {
        self.held().filter(|(posting, _)| posting.from == *key).map(|(_, left)| left).sum()
    }

    /// What open holds will add to the account.
    pub fn held_in(&self, key: &Key) -> i128 {
        self.held().filter(|(posting, _)| posting.to == *key).map(|(_, left)| left).sum()
    }

    fn held(&self) -> impl Iterator<Item = (&Posting, i128)> {
        let holds = self.entries.iter().filter(|(_, entry)| entry.action == EntryAction::Hold);
        holds.flat_map(|(id, hold)| zip(&hold.postings, self.left[id].iter().map(|left| i128::from(*left))))
    }

    /// What stays when all holds from it are captured: compared with floors.
    fn least(&self, key: &Key) -> i128 {
        self.balance(key) - self.held_out(key)
    }

    /// What it comes to when all holds to it are captured: compared with ceilings.
    fn most(&self, key: &Key) -> i128 {
        self.balance(key) + self.held_in(key)
    }

    /// Legs in order, then the bounds of the draft in order, then the refusal.
    fn judge(&mut self, draft: &Draft, at: Micros, before: &Oracle) -> Result<(), Rejection> {
        let entry = OracleEntry {
            sequence: before.size() + 1,
            action: EntryAction::Post,
            reference: None,
            expires_at: None,
            available_before: None,
            postings: Vec::new(),
        };
        self.entries.insert(draft.id, entry);
        self.left.insert(draft.id, Vec::new());
        match &draft.action {
            Action::Post(legs) => self.legs(draft.id, legs, false)?,
            Action::Hold { legs, expires_at } => {
                self.entry(draft.id).action = EntryAction::Hold;
                self.entry(draft.id).expires_at = Some(*expires_at);
                well_formed(!legs.is_empty() && *expires_at > at)?;
                self.legs(draft.id, legs, false)?;
            }
            Action::Capture { hold, amounts, keep_rest } => {
                let earlier = before.open_hold(*hold)?;
                if earlier.expires_at.is_some_and(|expires_at| expires_at <= at) {
                    return Err(Rejection::HoldExpired { id: *hold });
                }
                let amounts = self.take(*hold, amounts.as_deref())?;
                self.capture(draft.id, *hold, &amounts, *keep_rest, earlier)?;
            }
            Action::Release { hold, legs } => {
                let earlier = before.open_hold(*hold)?;
                self.left.insert(*hold, vec![0; earlier.postings.len()]);
                self.refer(draft.id, EntryAction::Release, earlier);
                self.legs(draft.id, legs, false)?;
            }
            Action::Reverse { entry, amounts, overdraw, legs } => {
                let earlier = before.reversible(*entry)?;
                let amounts = self.take(*entry, amounts.as_deref())?;
                self.reverse(draft.id, &amounts, *overdraw, earlier)?;
                self.legs(draft.id, legs, *overdraw)?;
                well_formed(self.apart(draft.id, legs, &amounts, earlier))?;
            }
        }
        for bound in &draft.bounds {
            self.bound(bound, before)?;
        }
        draft.refusal.clone().map_or(Ok(()), |refusal| Err(Rejection::Refused(refusal)))
    }

    /// Whether the legs beside a reversal left its own postings alone.
    fn apart(&self, id: Uuid, legs: &[Leg], amounts: &[i64], earlier: &OracleEntry) -> bool {
        let posted = &self.entries[&id].postings;
        legs.is_empty()
            || zip(&earlier.postings, amounts).all(|(reversed, amount)| {
                let same = posted.iter().find(|posting| posting.from == reversed.to && posting.to == reversed.from);
                same.map_or(0, |posting| posting.amount) == *amount
            })
    }

    fn legs(&mut self, id: Uuid, legs: &[Leg], overdraw: bool) -> Result<(), Rejection> {
        well_formed(legs.len() <= LEGS_MAX)?;
        for leg in legs {
            well_formed(leg.amount > 0)?;
            match &leg.from {
                Source::Account(from) => self.posting(id, from, &leg.to, leg.amount, overdraw)?,
                Source::Pool { .. } => self.draw(id, leg, overdraw)?,
            }
        }
        Ok(())
    }

    /// Takes from the usable lots of a pool, soonest first, each down to zero.
    fn draw(&mut self, id: Uuid, leg: &Leg, overdraw: bool) -> Result<(), Rejection> {
        let Source::Pool { path, unit, usable_on } = &leg.from else {
            return Ok(());
        };
        let in_pool = |account: &&Account| {
            let usable = !account.system && account.key.lot.usable_on(*usable_on);
            account.key.path == *path && account.unit == *unit && usable
        };
        let mut lots: Vec<Account> = self.accounts.values().filter(in_pool).cloned().collect();
        lots.sort_by_key(|lot| lot.key.lot.spending_order());
        let shares: Vec<i128> = lots.iter().map(|lot| self.least(&lot.key).max(0)).collect();
        let total = shares.iter().sum::<i128>();
        if total > i128::from(i64::MAX) {
            return Err(overflow(path));
        }
        if total < i128::from(leg.amount) {
            return Err(below_floor(path, leg.amount.into(), total));
        }
        self.entry(id).available_before.get_or_insert(number(total));
        let mut rest = leg.amount;
        for (lot, share) in zip(lots, shares) {
            let part = rest.min(number(share));
            if part > 0 {
                self.posting(id, &lot, &leg.to, part, overdraw)?;
            }
            rest -= part;
        }
        Ok(())
    }

    /// Posts, or holds when the entry is a hold. First what is taken is judged, then what is added.
    fn posting(
        &mut self,
        id: Uuid,
        from: &Account,
        to: &Account,
        amount: i64,
        overdraw: bool,
    ) -> Result<(), Rejection> {
        well_formed(from.key != to.key && from.unit == to.unit)?;
        let (from, to) = (self.open(from)?, self.open(to)?);
        let available = self.least(&from.key) - i128::from(from.floor.unwrap_or(0));
        let most = self.most(&to.key);
        self.put(id, Posting { from: from.key.clone(), to: to.key.clone(), unit: from.unit, amount })?;

        self.can_be_counted(&from)?;
        if from.floor.is_some_and(|floor| self.least(&from.key) < floor.into()) && !overdraw {
            return Err(below_floor(&from.key, amount.into(), available));
        }
        self.can_be_counted(&to)?;
        match to.ceiling {
            Some(ceiling) if self.most(&to.key) > ceiling.into() => {
                Err(above_ceiling(&to.key, amount.into(), i128::from(ceiling) - most))
            }
            _ => Ok(()),
        }
    }

    /// Adds to an entry, which connects two accounts once: what goes the same way becomes one posting.
    fn put(&mut self, id: Uuid, posting: Posting) -> Result<(), Rejection> {
        let mut postings = self.entries[&id].postings.clone();
        match postings.iter_mut().find(|known| (&known.from, &known.to) == (&posting.from, &posting.to)) {
            Some(known) => {
                known.amount = known.amount.checked_add(posting.amount).ok_or_else(|| overflow(&posting.to))?;
            }
            None => postings.push(posting),
        }
        self.left.insert(id, postings.iter().map(|posting| posting.amount).collect());
        self.entry(id).postings = postings;
        Ok(())
    }

    /// The account as the first entry that touched it opened it: empty, which its bounds must allow. System accounts have
    /// none.
    fn open(&mut self, account: &Account) -> Result<Account, Rejection> {
        well_formed(account.key.lot.pool_day().is_none())?;
        let opened = self.accounts.entry(account.key.clone()).or_insert_with(|| account.clone());
        well_formed(opened.unit == account.unit)?;
        well_formed(opened.floor.is_none_or(|floor| floor <= 0 && !opened.system))?;
        well_formed(opened.ceiling.is_none_or(|ceiling| ceiling >= 0 && !opened.system))?;
        Ok(opened.clone())
    }

    fn can_be_counted(&self, account: &Account) -> Result<(), Rejection> {
        let key = &account.key;
        let numbers = [self.balance(key), self.held_out(key), self.held_in(key), self.least(key), self.most(key)];
        let all = numbers.iter().all(|number| i64::try_from(*number).is_ok());
        if account.system || all { Ok(()) } else { Err(overflow(key)) }
    }

    fn capture(
        &mut self,
        id: Uuid,
        hold: Uuid,
        amounts: &[i64],
        keep_rest: bool,
        earlier: &OracleEntry,
    ) -> Result<(), Rejection> {
        for (posting, &amount) in zip(&earlier.postings, amounts).filter(|(_, amount)| **amount > 0) {
            self.put(id, Posting { amount, ..posting.clone() })?;
        }
        if !keep_rest {
            self.left.insert(hold, vec![0; amounts.len()]);
        }
        let closed = self.left[&hold].iter().all(|left| *left == 0);
        self.refer(id, if closed { EntryAction::Capture } else { EntryAction::CapturePart }, earlier);
        Ok(())
    }

    fn reverse(&mut self, id: Uuid, amounts: &[i64], overdraw: bool, earlier: &OracleEntry) -> Result<(), Rejection> {
        for (posting, &amount) in zip(&earlier.postings, amounts).filter(|(_, amount)| **amount > 0) {
            let (from, to) = (self.accounts[&posting.to].clone(), self.accounts[&posting.from].clone());
            self.posting(id, &from, &to, amount, overdraw)?;
        }
        self.refer(id, EntryAction::Reversal, earlier);
        Ok(())
    }

    /// Takes `amounts` off what is left of an earlier entry, or all that is left, and answers what it took.
    fn take(&mut self, earlier: Uuid, amounts: Option<&[i64]>) -> Result<Vec<i64>, Rejection> {
        let left = self.left[&earlier].clone();
        let amounts = amounts.map_or(left.clone(), <[i64]>::to_vec);
        well_formed(amounts.len() == left.len() && amounts.iter().all(|amount| *amount >= 0))?;
        for (needed, available) in zip(&amounts, &left) {
            if needed > available {
                let (needed, available) = (*needed, *available);
                return Err(Rejection::ExceedsRemaining { id: earlier, needed, available });
            }
        }
        if left.iter().all(|left| *left == 0) {
            return Err(Rejection::ExceedsRemaining { id: earlier, needed: 0, available: 0 });
        }
        well_formed(amounts.iter().any(|amount| *amount > 0))?;
        self.left.insert(earlier, zip(left, &amounts).map(|(left, amount)| left - amount).collect());
        Ok(amounts)
    }

    fn bound(&self, bound: &Bound, before: &Oracle) -> Result<(), Rejection> {
        let key = &bound.key;
        if key.lot.pool_day().is_some() {
            return self.bound_on_pool(bound, before);
        }
        well_formed(!self.accounts.get(key).is_some_and(|account| account.system))?;
        let (least, least_before) = (self.least(key), before.least(key));
        if let Some(floor) = bound.floor.map(i128::from).filter(|floor| least < *floor) {
            return Err(below_floor(key, least_before - least, least_before - floor));
        }
        let (most, most_before) = (self.most(key), before.most(key));
        if let Some(ceiling) = bound.ceiling.map(i128::from).filter(|ceiling| most > *ceiling) {
            return Err(above_ceiling(key, most - most_before, ceiling - most_before));
        }
        Ok(())
    }

    fn bound_on_pool(&self, bound: &Bound, before: &Oracle) -> Result<(), Rejection> {
        let (now, had) = (self.drawable(&bound.key), before.drawable(&bound.key));
        match (bound.floor.map(i128::from), bound.ceiling.map(i128::from)) {
            (Some(floor), _) if now < floor => Err(below_floor(&bound.key, had - now, had - floor)),
            (_, Some(ceiling)) if now > ceiling => Err(above_ceiling(&bound.key, now - had, ceiling - had)),
            _ => Ok(()),
        }
    }

    /// What could be drawn from a pool.
    fn drawable(&self, pool: &Key) -> i128 {
        let usable = |lot: &Key| pool.lot.pool_day().is_some_and(|day| lot.path == pool.path && lot.lot.usable_on(day));
        let lots = self.accounts.values().filter(|account| !account.system && usable(&account.key));
        lots.map(|account| self.least(&account.key).max(0)).sum()
    }

    fn earlier(&self, id: Uuid) -> Result<&OracleEntry, Rejection> {
        self.entries.get(&id).ok_or(Rejection::EntryNotFound { id })
    }

    /// A hold stays open after its time, until it is released: only capturing it is too late.
    fn open_hold(&self, id: Uuid) -> Result<&OracleEntry, Rejection> {
        let hold = self.earlier(id)?;
        if hold.action != EntryAction::Hold {
            return Err(Rejection::NotAHold { id });
        }
        let open = self.left[&id].iter().any(|left| *left > 0);
        open.then_some(hold).ok_or(Rejection::HoldClosed { id })
    }

    /// Only what moved something, and was not itself a reversal.
    fn reversible(&self, id: Uuid) -> Result<&OracleEntry, Rejection> {
        let entry = self.earlier(id)?;
        let reversible = [EntryAction::Post, EntryAction::Capture, EntryAction::CapturePart];
        let so = reversible.contains(&entry.action) && !entry.postings.is_empty();
        so.then_some(entry).ok_or(Rejection::NotReversible { id })
    }

    fn entry(&mut self, id: Uuid) -> &mut OracleEntry {
        self.entries.get_mut(&id).expect("it is made before it is judged")
    }

    fn refer(&mut self, id: Uuid, action: EntryAction, earlier: &OracleEntry) {
        let entry = self.entry(id);
        entry.action = action;
        entry.reference = Some(earlier.sequence);
    }
}

/// The kind, or the first field of the intent that is not as it was.
pub fn differing_field(first: &Draft, draft: &Draft) -> Option<String> {
    if first.kind != draft.kind {
        return Some("kind".to_owned());
    }
    let differs = |field: &&&str| first.document.get(**field) != draft.document.get(**field);
    draft.intent.iter().find(differs).map(|field| field.to_string())
}

fn effect(posting: &Posting, key: &Key) -> i128 {
    i128::from(posting.to == *key) - i128::from(posting.from == *key)
}

fn below_floor(account: impl ToString, needed: i128, available: i128) -> Rejection {
    Rejection::BelowFloor { account: account.to_string(), needed: number(needed), available: number(available) }
}

fn above_ceiling(account: impl ToString, needed: i128, room: i128) -> Rejection {
    Rejection::AboveCeiling { account: account.to_string(), needed: number(needed), room: number(room) }
}

fn overflow(account: impl ToString) -> Rejection {
    Rejection::Overflow { account: account.to_string() }
}

/// The nearest number that can be told, and nothing below nothing.
fn number(value: i128) -> i64 {
    value.clamp(0, i64::MAX.into()) as i64
}

fn well_formed(so: bool) -> Result<(), Rejection> {
    if so { Ok(()) } else { Err(Rejection::Malformed { reason: "it breaks a rule of drafts".to_owned() }) }
}
