//! What a draft costs before it reaches the database, and what proofs cost.

use chrono::NaiveDate;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ledger::account::{Account, Key, Lot, Unit};
use ledger::draft::{Action, Bound, Draft, Leg, Source};
use ledger::encoding::encode;
use ledger::entry::{Entry, EntryAction};
use ledger::judge::{Verdict, judge};
use ledger::state::{Standing, State};
use ledger::tree::{self, Frontier, Hash};
use serde_json::json;
use std::hint::black_box;
use std::ops::Range;
use uuid::Uuid;

const BOOK: &str = "ziyang";
const AT: i64 = 1_800_000_000_000_000;
/// Volunteers known to the state, each with three lots of points.
const VOLUNTEERS: usize = 10_000;
const LEAVES: u64 = 1_000_000;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day")
}

fn lots() -> [Lot; 3] {
    [2026, 2027, 2028].map(|year| Lot::until(NaiveDate::from_ymd_opt(year, 12, 31).expect("a day")))
}

fn points(volunteer: usize, lot: Lot) -> Account {
    Account::holding(Key::in_lot(format!("volunteer/{}/points", id(volunteer)), lot), Unit::Points)
}

fn stock() -> Account {
    Account::holding(Key::new(format!("reward/{}/stock@{}", id(70_001), id(80_001))), Unit::Pieces)
}

fn limit(volunteer: usize) -> Account {
    Account::counting(Key::new(format!("limit/{}/{}/2026-Q4", id(70_001), id(volunteer))), Unit::Uses)
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number as u128)
}

fn state() -> State {
    let mut state = State::default();
    let mut account = 0;
    let mut learn = |accounts: &[Account], balance: i64| {
        let standings = accounts.iter().map(|opened| {
            account += 1;
            Standing { account, balance, opened: 1, ..Standing::unopened(opened) }
        });
        state.learn(accounts[0].key.path.clone(), standings.collect());
    };
    for volunteer in 0..VOLUNTEERS {
        learn(&lots().map(|lot| points(volunteer, lot)), 20);
    }
    learn(&[stock()], i64::MAX / 2);
    for (path, unit) in [
        ("scheme/issued", Unit::Points),
        ("scheme/spent", Unit::Points),
        ("scheme/used", Unit::Uses),
        ("scheme/handed_out", Unit::Pieces),
        ("scheme/served", Unit::Minutes),
    ] {
        learn(&[Account::system(path, unit)], 0);
    }
    state
}

fn draft(kind: &'static str, action: Action, bounds: Vec<Bound>) -> Draft {
    let document = json!({
        "reward_id": id(70_001), "volunteer_id": id(7), "station_id": id(80_001), "pieces": 1,
        "price_points": 50, "stated_at": "2026-11-22T09:30:00+08:00",
    });
    Draft {
        id: id(90_001),
        kind,
        effective_on: day(),
        party: Some(id(7)),
        document_id: Some(id(90_001)),
        action,
        document: document.as_object().expect("an object").clone(),
        intent: &["reward_id", "volunteer_id", "pieces"],
        bounds,
        refusal: None,
        freeze_rejection: true,
    }
}

/// Points out of three lots, a piece off the shelf, and a use of a personal limit that is bounded by the draft.
fn exchange(volunteer: usize) -> Draft {
    let pool = points(volunteer, Lot::NONE).key.path;
    let legs = vec![
        Leg {
            from: Source::Pool { path: pool, unit: Unit::Points, usable_on: day() },
            to: Account::system("scheme/spent", Unit::Points),
            amount: 50,
        },
        Leg { from: Source::Account(stock()), to: Account::system("scheme/handed_out", Unit::Pieces), amount: 1 },
        Leg { from: Source::Account(Account::system("scheme/used", Unit::Uses)), to: limit(volunteer), amount: 1 },
    ];
    let bounds = vec![Bound { key: limit(volunteer).key, floor: None, ceiling: Some(2) }];
    draft("exchange.reserved", Action::Hold { legs, expires_at: AT + 1 }, bounds)
}

/// Minutes served, and the points for them.
fn earning(volunteer: usize) -> Draft {
    let minutes = Key::new(format!("volunteer/{}/minutes", id(volunteer)));
    let legs = vec![
        Leg {
            from: Source::Account(Account::system("scheme/served", Unit::Minutes)),
            to: Account::holding(minutes, Unit::Minutes),
            amount: 120,
        },
        Leg {
            from: Source::Account(Account::system("scheme/issued", Unit::Points)),
            to: points(volunteer, lots()[2]),
            amount: 20,
        },
    ];
    draft("service.credited", Action::Post(legs), Vec::new())
}

fn entry(draft: &Draft, verdict: Verdict) -> Entry {
    Entry {
        sequence: 1_234_567,
        id: draft.id,
        action: verdict.action,
        kind: draft.kind.to_owned(),
        party: draft.party,
        document_id: draft.document_id,
        reference: None,
        effective_on: draft.effective_on,
        recorded_at: AT,
        expires_at: verdict.expires_at,
        available_before: verdict.available_before,
        opened: vec![limit(7)],
        postings: verdict.postings,
        document: serde_json::to_string(&draft.document).expect("JSON"),
        leaf: [0; 32],
    }
}

fn judging(c: &mut Criterion) {
    let mut state = state();
    for (name, drafts) in [
        ("judge an exchange: three lots, stock, limit", (0..VOLUNTEERS).map(exchange).collect::<Vec<_>>()),
        ("judge an earning", (0..VOLUNTEERS).map(earning).collect()),
    ] {
        let mut next = drafts.iter().cycle();
        c.bench_function(name, |b| b.iter(|| judge(next.next().expect("it never ends"), &state, AT)));
    }
    let earnings: Vec<Draft> = (0..VOLUNTEERS).map(earning).collect();
    let mut next = earnings.iter().cycle();
    c.bench_function("judge an earning and take it over", |b| {
        b.iter(|| {
            let mut verdict = judge(next.next().expect("it never ends"), &state, AT).expect("it is accepted");
            state.apply(&mut verdict, 2, 1_000_000)
        })
    });
}

fn hashing(c: &mut Criterion) {
    let draft = exchange(7);
    let verdict = judge(&draft, &state(), AT).expect("it is accepted");
    assert_eq!((verdict.action, verdict.postings.len()), (EntryAction::Hold, 5));
    let entry = entry(&draft, verdict);
    let mut bytes = Vec::new();
    c.bench_function("encode an exchange", |b| b.iter(|| encode(BOOK, black_box(&entry), &mut bytes)));
    c.bench_function(&format!("hash a leaf of {} bytes", bytes.len()), |b| {
        b.iter(|| tree::leaf_hash(black_box(&bytes)))
    });
    let leaf = tree::leaf_hash(&bytes);
    let mut frontier = Frontier::default();
    c.bench_function("append a leaf", |b| b.iter(|| frontier.append(black_box(leaf), |_| {})));
    let frontier = frontier_of(LEAVES - 1);
    c.bench_function("append a leaf and tell the root", |b| {
        b.iter_batched_ref(
            || frontier.clone(),
            |frontier| {
                frontier.append(leaf, |_| {});
                frontier.root()
            },
            BatchSize::SmallInput,
        )
    });
    c.bench_function("the root of a million leaves but one", |b| b.iter(|| black_box(&frontier).root()));
}

fn proving(c: &mut Criterion) {
    let (index, size) = (654_321, LEAVES);
    c.bench_function("the ranges of an inclusion proof in a million", |b| {
        b.iter(|| tree::inclusion_ranges(black_box(index), size))
    });
    let ranges = tree::inclusion_ranges(index, size);
    let path: Vec<Hash> = ranges.into_iter().map(root_of).collect();
    let root = frontier_of(size).root();
    assert!(tree::verify_inclusion(&leaf(index), index, size, &path, &root));
    c.bench_function("verify an inclusion proof in a million", |b| {
        b.iter(|| tree::verify_inclusion(black_box(&leaf(index)), index, size, &path, &root))
    });
}

fn leaf(index: u64) -> Hash {
    tree::leaf_hash(&index.to_be_bytes())
}

fn frontier_of(size: u64) -> Frontier {
    frontier_over(0..size)
}

fn root_of(range: Range<u64>) -> Hash {
    frontier_over(range).root()
}

fn frontier_over(range: Range<u64>) -> Frontier {
    let mut frontier = Frontier::default();
    for index in range {
        frontier.append(leaf(index), |_| {});
    }
    frontier
}

criterion_group!(benches, judging, hashing, proving);
criterion_main!(benches);
