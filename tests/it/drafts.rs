//! Random drafts for a small book, made to get in each other's way: few accounts, lots that expire, holds that are
//! captured too late or twice, parts, ids used again, wrong units, and amounts near the end of all numbers.

use chrono::NaiveDate;
use ledger::entry::EntryAction;
use ledger::oracle::{Oracle, OracleEntry, OracleOutcome};
use ledger::{Account, Action, Bound, Draft, Key, Leg, Lot, Micros, Refusal, Source, Unit};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, json};
use std::ops::Range;
use uuid::Uuid;

/// A draft, and when it is posted. Moments never decrease.
pub type Timed = (Micros, Draft);

pub fn drafts(count: Range<usize>) -> impl Strategy<Value = Vec<Timed>> {
    prop::collection::vec(step(), count).prop_map(in_order)
}

pub fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).expect("a day of 2026")
}

pub fn id(number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number as u128)
}

/// A draft of `action` with nothing special about it.
pub fn plain(number: usize, action: Action) -> Draft {
    let document = json!({ "what": number, "note": "" });
    Draft {
        id: id(number),
        kind: "test.plain",
        effective_on: day(2, 1),
        party: None,
        document_id: None,
        action,
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &["what"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: true,
    }
}

/// Every account there is: those with lots are the pool `ann/points`.
pub fn accounts() -> Vec<Account> {
    let ann = |lot| Account::holding(Key::in_lot("ann/points", lot), Unit::Points);
    vec![
        ann(Lot::until(day(3, 31))),
        ann(Lot::until(day(6, 30))),
        ann(Lot::until(day(12, 31))),
        ann(Lot::NONE),
        Account::holding(Key::new("bob/points"), Unit::Points),
        Account { floor: Some(-10), ..Account::counting(Key::new("bob/credit"), Unit::Points) },
        Account::counting(Key::new("tally"), Unit::Points),
        Account::counting(Key::new("budget"), Unit::Points).with_ceiling(40),
        Account::system("issued", Unit::Points),
        Account::system("spent", Unit::Points),
        Account::holding(Key::new("cup/stock"), Unit::Pieces).with_ceiling(25),
        Account::holding(Key::new("cup/shelf"), Unit::Pieces),
        Account::system("pieces", Unit::Pieces),
        Account::counting(Key::new("cup/limit/ann"), Unit::Uses).with_ceiling(6),
        Account::system("uses", Unit::Uses),
    ]
}

fn own_accounts() -> Vec<Account> {
    accounts().into_iter().filter(|account| !account.system).collect()
}

#[derive(Debug, Clone)]
struct Step {
    plan: Plan,
    ticks: i64,
    bounds: Vec<Bound>,
    refused: bool,
    freeze_rejection: bool,
}

#[derive(Debug, Clone)]
enum Plan {
    Post(Vec<Leg>),
    Hold { legs: Vec<Leg>, ticks: i64 },
    Capture { of: Target, amounts: Option<Vec<i64>>, keep_rest: bool },
    Release { of: Target, legs: Vec<Leg> },
    Reverse { of: Target, amounts: Option<Vec<i64>>, overdraw: bool, legs: Vec<Leg> },
    Again { of: Index, change: Change },
}

/// One of the last few entries of the fitting kind, or of any.
#[derive(Debug, Clone)]
struct Target {
    index: Index,
    any: bool,
}

/// What another use of an id does differently.
#[derive(Debug, Clone, Copy)]
enum Change {
    Nothing,
    Note,
    What,
    Kind,
}

fn step() -> impl Strategy<Value = Step> {
    let bounds = prop_oneof![12 => Just(Vec::new()), 2 => prop::collection::vec(bound(), 1..3)];
    let ticks = prop_oneof![2 => Just(0i64), 2 => 1i64..3];
    (plan(), ticks, bounds, prop::bool::weighted(0.03), any::<bool>()).prop_map(
        |(plan, ticks, bounds, refused, freeze_rejection)| Step { plan, ticks, bounds, refused, freeze_rejection },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let legs = || prop_oneof![30 => prop::collection::vec(leg(), 1..4), 1 => Just(Vec::new())];
    let amounts = || {
        let part = prop_oneof![6 => Just(0i64), 24 => 1i64..5, 1 => Just(-1i64), 1 => Just(i64::MAX)];
        prop::option::weighted(0.6, prop::collection::vec(part, 3))
    };
    let beside = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(leg(), 1..3)];
    let entailed = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(leg(), 1..3)];
    let change = select(vec![Change::Nothing, Change::Note, Change::What, Change::Kind]);
    prop_oneof![
        10 => legs().prop_map(Plan::Post),
        8 => (legs(), prop_oneof![1 => -1i64..1, 9 => 1i64..9, 9 => 1i64..60]).prop_map(|(legs, ticks)| Plan::Hold { legs, ticks }),
        5 => (target(), amounts(), any::<bool>())
            .prop_map(|(of, amounts, keep_rest)| Plan::Capture { of, amounts, keep_rest }),
        2 => (target(), entailed).prop_map(|(of, legs)| Plan::Release { of, legs }),
        4 => (target(), amounts(), any::<bool>(), beside)
            .prop_map(|(of, amounts, overdraw, legs)| Plan::Reverse { of, amounts, overdraw, legs }),
        2 => (any::<Index>(), change).prop_map(|(of, change)| Plan::Again { of, change }),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    (any::<Index>(), prop::bool::weighted(0.1)).prop_map(|(index, any)| Target { index, any })
}

fn bound() -> impl Strategy<Value = Bound> {
    let number = || prop_oneof![8 => -10i64..30, 1 => Just(i64::MIN), 1 => Just(i64::MAX)];
    let paths = prop_oneof![8 => Just("ann/points"), 1 => Just("bob/credit"), 1 => Just("issued")];
    let pools = (paths, select(vec![day(2, 1), day(5, 1), day(12, 31)]));
    let of_account = select(accounts()).prop_map(|account| account.key);
    let key = prop_oneof![3 => of_account, 2 => pools.prop_map(|(path, day)| Key::pool(path, day))];
    (key, prop::option::of(number()), prop::option::of(number())).prop_map(|(key, floor, ceiling)| Bound {
        key,
        floor,
        ceiling,
    })
}

fn leg() -> impl Strategy<Value = Leg> {
    let of_one_unit = select(accounts())
        .prop_flat_map(|to| {
            let fits = |from: &Account| from.unit == to.unit && from.key != to.key;
            let same: Vec<Account> = accounts().into_iter().filter(fits).collect();
            (select(same), Just(to))
        })
        .prop_map(|(from, to)| (Source::Account(from), to));
    let funding = select(own_accounts()).prop_map(|to| (Source::Account(Account::system(funds(to.unit), to.unit)), to));
    let spent = Account::system("spent", Unit::Points);
    let drawing = (pool(), prop_oneof![3 => Just(spent), 1 => select(accounts())]);
    let odd = (odd_account(), odd_account()).prop_map(|(from, to)| (Source::Account(from), to));
    let ends = prop_oneof![14 => funding, 10 => of_one_unit, 10 => drawing, 1 => odd];
    (ends, amount()).prop_map(|((from, to), amount)| Leg { from, to, amount })
}

fn funds(unit: Unit) -> &'static str {
    match unit {
        Unit::Pieces => "pieces",
        Unit::Uses => "uses",
        _ => "issued",
    }
}

fn pool() -> impl Strategy<Value = Source> {
    let path = prop_oneof![12 => Just("ann/points"), 1 => Just("bob/credit"), 1 => Just("tally"), 1 => Just("issued")];
    let unit = prop_oneof![20 => Just(Unit::Points), 1 => Just(Unit::Pieces)];
    let usable_on = select(vec![day(2, 1), day(2, 1), day(5, 1), day(12, 31)]);
    (path, unit, usable_on).prop_map(|(path, unit, usable_on)| Source::Pool { path: path.into(), unit, usable_on })
}

/// An account named otherwise than it was opened, or opened in an odd way.
fn odd_account() -> impl Strategy<Value = Account> {
    let number = || prop::option::of(prop_oneof![-5i64..6, Just(i64::MIN), Just(i64::MAX)]);
    let unit = select(vec![Unit::Points, Unit::Points, Unit::Pieces, Unit::Uses]);
    (select(accounts()), unit, number(), number(), any::<bool>()).prop_map(|(account, unit, floor, ceiling, whole)| {
        if whole { Account { unit, ..account } } else { Account { unit, floor, ceiling, ..account } }
    })
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        120 => 1i64..8,
        2 => select(vec![i64::MAX, i64::MAX - 3, i64::MAX / 2, i64::MAX / 2 + 2]),
        1 => -1i64..1,
    ]
}

/// Makes drafts of steps. So that most captures, releases and reversals find what they are about, it asks the oracle what
/// would become of each draft if they came one after the other.
fn in_order(steps: Vec<Step>) -> Vec<Timed> {
    let mut at: Micros = 1_700_000_000_000_000;
    let mut oracle = Oracle::default();
    let mut drafts = vec![(at, plain(0, Action::Post(endowment())))];
    oracle.post(&drafts[0].1, at);
    let mut posted = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        at += step.ticks;
        let mut draft = plain(number + 1, Action::Post(Vec::new()));
        match step.plan {
            Plan::Post(legs) => draft.action = Action::Post(legs),
            Plan::Hold { legs, ticks } => draft.action = Action::Hold { legs, expires_at: at + ticks },
            Plan::Capture { of, amounts, keep_rest } => {
                let (hold, postings) = of.among(&posted, &[EntryAction::Hold]);
                draft.action = Action::Capture { hold, amounts: fitting(amounts, postings), keep_rest };
            }
            Plan::Release { of, legs } => {
                let (hold, _) = of.among(&posted, &[EntryAction::Hold]);
                draft.action = Action::Release { hold, legs };
            }
            Plan::Reverse { of, amounts, overdraw, legs } => {
                let reversible = [EntryAction::Post, EntryAction::Capture, EntryAction::CapturePart];
                let (entry, postings) = of.among(&posted, &reversible);
                draft.action = Action::Reverse { entry, amounts: fitting(amounts, postings), overdraw, legs };
            }
            Plan::Again { of, change } => draft = again(&of.get(&drafts).1, change),
        }
        draft.bounds = step.bounds;
        draft.freeze_rejection = step.freeze_rejection;
        draft.refusal = step.refused.then(|| Refusal { code: "not_today".to_owned(), detail: Map::new() });
        if let OracleOutcome::Answered { result: Ok(entry), .. } = oracle.post(&draft, at) {
            posted.push((draft.id, entry));
        }
        drafts.push((at, draft));
    }
    drafts
}

/// Something to begin with.
fn endowment() -> Vec<Leg> {
    let leg = |to: Account| {
        let from = Source::Account(Account::system(funds(to.unit), to.unit));
        Leg { from, to, amount: 6 }
    };
    own_accounts().into_iter().map(leg).collect()
}

fn again(earlier: &Draft, change: Change) -> Draft {
    let mut draft = earlier.clone();
    match change {
        Change::Nothing => {}
        Change::Note => drop(draft.document.insert("note".to_owned(), json!("again"))),
        Change::What => drop(draft.document.insert("what".to_owned(), json!("something else"))),
        Change::Kind => draft.kind = "test.other",
    }
    draft
}

impl Target {
    /// The id of an entry to refer to, and how many postings it has.
    fn among(&self, posted: &[(Uuid, OracleEntry)], actions: &[EntryAction]) -> (Uuid, usize) {
        let fits = |entry: &OracleEntry| self.any || actions.contains(&entry.action);
        let recent: Vec<_> = posted.iter().rev().filter(|(_, entry)| fits(entry)).take(6).collect();
        match recent.get(self.index.index(recent.len().max(1))) {
            Some((id, entry)) => (*id, entry.postings.len()),
            None => posted.last().map_or((id(usize::MAX), 1), |(id, entry)| (*id, entry.postings.len())),
        }
    }
}

/// As many amounts as there are postings.
fn fitting(amounts: Option<Vec<i64>>, postings: usize) -> Option<Vec<i64>> {
    amounts.map(|amounts| amounts.into_iter().cycle().take(postings).collect())
}
