//! The judge and its state without a database, checked against the oracle and against what must always hold.

use ledger::draft::Action;
use ledger::entry::{EntryAction, Posting};
use ledger::judge::judge;
use ledger::oracle::{Oracle, OracleEntry, OracleOutcome};
use ledger::state::{Earlier, State};
use ledger::{Draft, Key, Micros, Rejection, Unit};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Memory {
    pub state: State,
    pub oracle: Oracle,
    entries: i64,
    accounts: i64,
    /// Everything that moved, for what is only a sum.
    moved: Vec<Posting>,
}

impl Memory {
    /// Posts to both, and insists that they agree and that nothing is broken.
    pub fn post(&mut self, draft: &Draft, at: Micros) -> OracleOutcome {
        let outcome = self.oracle.post(draft, at);
        let OracleOutcome::Answered { result: expected, replayed: false } = &outcome else {
            return outcome;
        };
        let before = self.state.clone();
        let result = self.judge(draft, at);
        assert_eq!(without_reason(result.clone()), without_reason(expected.clone()), "{draft:#?} at {at}");
        if result.is_err() {
            assert_eq!(self.state, before, "a rejection changes nothing: {draft:#?}");
        }
        self.agrees();
        self.is_sound(&before, draft);
        outcome
    }

    fn judge(&mut self, draft: &Draft, at: Micros) -> Result<OracleEntry, Rejection> {
        let mut verdict = judge(draft, &self.state, at)?;
        self.entries += 1;
        self.accounts += self.state.apply(&mut verdict, self.entries, self.accounts + 1);
        let earlier = Earlier {
            sequence: self.entries,
            action: verdict.action,
            expires_at: verdict.expires_at,
            postings: verdict.postings.clone(),
            remaining: verdict.postings.iter().map(|posting| posting.amount).collect(),
            reversed_by: Vec::new(),
        };
        self.state.earlier.insert(draft.id, earlier);
        if verdict.action != EntryAction::Hold {
            self.moved.extend(verdict.postings.iter().cloned());
        }
        Ok(OracleEntry {
            sequence: self.entries,
            action: verdict.action,
            reference: verdict.reference,
            expires_at: verdict.expires_at,
            available_before: verdict.available_before,
            postings: verdict.postings,
        })
    }

    /// The state has the accounts of the oracle, opened alike and with the same balances.
    fn agrees(&self) {
        assert_eq!(self.state.len(), self.oracle.accounts().count());
        for account in self.oracle.accounts() {
            let key = &account.key;
            let standing = self.state.get(key).expect("the state has every account of the oracle");
            assert_eq!(standing.opening(&key.path), *account);
            let numbers = [standing.balance, standing.held_out, standing.held_in].map(i128::from);
            let expected = [self.oracle.balance(key), self.oracle.held_out(key), self.oracle.held_in(key)];
            assert_eq!(numbers, if account.system { [0; 3] } else { expected }, "{key}");
        }
    }

    /// What holds whatever drafts mean.
    fn is_sound(&self, before: &State, draft: &Draft) {
        let mut sums: BTreeMap<Unit, i128> = BTreeMap::new();
        let privileged = matches!(draft.action, Action::Reverse { overdraw: true, .. });
        for account in self.oracle.accounts() {
            let key = &account.key;
            let standing = self.state.get(key).expect("the state has every account of the oracle");
            let balance = if account.system { self.sum(key) } else { standing.balance.into() };
            *sums.entry(account.unit).or_default() += balance;
            let most = i128::from(standing.balance) + i128::from(standing.held_in);
            assert!(standing.ceiling.is_none_or(|ceiling| most <= ceiling.into()), "{key} is above its ceiling");
            let was_overdrawn = before.get(key).is_some_and(|standing| standing.overdrawn());
            assert!(!standing.overdrawn() || was_overdrawn || privileged, "{key} is below its floor");
            let (out, into) = self.held(key);
            let held = (i128::from(standing.held_out), i128::from(standing.held_in));
            assert!(account.system || held == (out, into), "the holds of {key} do not add up");
        }
        assert!(sums.values().all(|sum| *sum == 0), "what one account loses another gains: {sums:?}");
    }

    fn sum(&self, key: &Key) -> i128 {
        let effect = |posting: &Posting| i128::from(posting.to == *key) - i128::from(posting.from == *key);
        self.moved.iter().map(|posting| effect(posting) * i128::from(posting.amount)).sum()
    }

    fn held(&self, key: &Key) -> (i128, i128) {
        let holds = self.state.earlier.values().filter(|earlier| earlier.action == EntryAction::Hold);
        let left = holds.flat_map(|hold| hold.postings.iter().zip(&hold.remaining));
        left.fold((0, 0), |(out, into), (posting, left)| {
            let left = i128::from(*left);
            (out + if posting.from == *key { left } else { 0 }, into + if posting.to == *key { left } else { 0 })
        })
    }
}

/// The words of a malformed draft are for its programmer, and are nobody's promise.
pub fn without_reason<T>(result: Result<T, Rejection>) -> Result<T, Rejection> {
    result.map_err(|rejection| match rejection {
        Rejection::Malformed { .. } => Rejection::Malformed { reason: String::new() },
        other => other,
    })
}
