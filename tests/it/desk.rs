//! A desk at which Ann and Bob have points, and short words for what is done there.

use crate::drafts::{day, id, plain};
use crate::memory::{Memory, without_reason};
use ledger::oracle::{OracleEntry, OracleOutcome};
use ledger::{Account, Action, Draft, Key, Leg, Lot, Micros, Rejection, Source, Unit};
use uuid::Uuid;

pub const NOW: Micros = 1_000;

#[derive(Default)]
pub struct Desk {
    pub memory: Memory,
    drafts: usize,
}

impl Desk {
    /// A desk where Ann has 5 points until the end of March, 10 until the end of June, and 3 for ever.
    pub fn open() -> Desk {
        let mut desk = Desk::default();
        let gifts = [(march(), 5), (june(), 10), (Lot::NONE, 3)];
        desk.ok(Action::Post(gifts.map(|(lot, amount)| leg(issued(), ann(lot), amount)).to_vec()));
        desk
    }

    pub fn post(&mut self, action: Action) -> Result<OracleEntry, Rejection> {
        self.post_with(action, |_| {})
    }

    pub fn post_with(&mut self, action: Action, change: impl FnOnce(&mut Draft)) -> Result<OracleEntry, Rejection> {
        self.drafts += 1;
        let mut draft = plain(self.drafts, action);
        change(&mut draft);
        match self.memory.post(&draft, NOW) {
            OracleOutcome::Answered { result, .. } => without_reason(result),
            OracleOutcome::IdTaken { field } => panic!("the id is new, and {field} cannot differ"),
        }
    }

    /// Posts what must be accepted, and answers its id.
    pub fn ok(&mut self, action: Action) -> Uuid {
        self.post(action).expect("it is accepted");
        id(self.drafts)
    }

    pub fn hold(&mut self, legs: Vec<Leg>) -> Uuid {
        self.ok(Action::Hold { legs, expires_at: NOW + 10 })
    }

    /// Balance, held from it, held to it.
    pub fn numbers(&self, account: &Account) -> (i128, i128, i128) {
        let oracle = &self.memory.oracle;
        (oracle.balance(&account.key), oracle.held_out(&account.key), oracle.held_in(&account.key))
    }

    pub fn balances_of_ann(&self) -> [i128; 3] {
        [march(), june(), Lot::NONE].map(|lot| self.memory.oracle.balance(&ann(lot).key))
    }
}

pub fn march() -> Lot {
    Lot::until(day(3, 31))
}

pub fn june() -> Lot {
    Lot::until(day(6, 30))
}

pub fn ann(lot: Lot) -> Account {
    Account::holding(Key::in_lot("ann", lot), Unit::Points)
}

pub fn bob() -> Account {
    Account::holding(Key::new("bob"), Unit::Points)
}

pub fn tally() -> Account {
    Account::counting(Key::new("tally"), Unit::Points)
}

pub fn limit(ceiling: i64) -> Account {
    Account::counting(Key::new("limit"), Unit::Points).with_ceiling(ceiling)
}

pub fn issued() -> Account {
    Account::system("issued", Unit::Points)
}

pub fn spent() -> Account {
    Account::system("spent", Unit::Points)
}

pub fn leg(from: Account, to: Account, amount: i64) -> Leg {
    Leg { from: Source::Account(from), to, amount }
}

pub fn post(from: Account, to: Account, amount: i64) -> Action {
    Action::Post(vec![leg(from, to, amount)])
}

/// Draws from all that Ann has, as of the first of April.
pub fn spend(amount: i64) -> Vec<Leg> {
    let from = Source::Pool { path: "ann".into(), unit: Unit::Points, usable_on: day(4, 1) };
    vec![Leg { from, to: spent(), amount }]
}

pub fn capture(hold: Uuid, amounts: Option<Vec<i64>>, keep_rest: bool) -> Action {
    Action::Capture { hold, amounts, keep_rest }
}

pub fn reverse(entry: Uuid, amounts: Option<Vec<i64>>, overdraw: bool) -> Action {
    Action::Reverse { entry, amounts, overdraw, legs: Vec::new() }
}

pub fn below_floor(account: &str, needed: i64, available: i64) -> Result<OracleEntry, Rejection> {
    Err(Rejection::BelowFloor { account: account.to_owned(), needed, available })
}

pub fn above_ceiling(account: &str, needed: i64, room: i64) -> Result<OracleEntry, Rejection> {
    Err(Rejection::AboveCeiling { account: account.to_owned(), needed, room })
}

pub fn malformed() -> Result<OracleEntry, Rejection> {
    Err(Rejection::Malformed { reason: String::new() })
}
