//! The ledger by itself: exactly once, in order, provable, append-only.

use chrono::NaiveDate;
use db::{Db, Engine};
use ledger::projection::NoProjection;
use ledger::{Account, Action, Book, BookOptions, Draft, Key, Leg, Lot, PostError, Rejection, Source, Unit, tree};
use rstest::rstest;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tests::database;
use uuid::Uuid;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day")
}

async fn book(db: &Db) -> Book {
    let time = Arc::new(AtomicI64::new(1_000_000));
    let clock = Arc::new(move || time.fetch_add(1, Ordering::Relaxed));
    Book::open(db, "ziyang", Arc::new(NoProjection), BookOptions::new(clock)).await.expect("the book opens")
}

fn draft(id: Uuid, action: Action) -> Draft {
    let document = json!({ "amount": action.legs().first().map(|leg| leg.amount) });
    Draft {
        id,
        kind: "test.posted",
        effective_on: day(),
        party: Some(Uuid::from_u128(1)),
        document_id: None,
        action,
        document: document.as_object().expect("an object").clone(),
        intent: &["amount"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: true,
    }
}

fn points(lot: &str) -> Account {
    Account::holding(Key::in_lot("volunteer/1/points", Lot::until(lot.parse().expect("a day"))), Unit::Points)
}

fn issue(amount: i64, lot: &str) -> Action {
    let from = Source::Account(Account::system("scheme/issued", Unit::Points));
    Action::Post(vec![Leg { from, to: points(lot), amount }])
}

fn spend(amount: i64) -> Vec<Leg> {
    let from = Source::Pool { path: "volunteer/1/points".into(), unit: Unit::Points, usable_on: day() };
    vec![Leg { from, to: Account::system("scheme/spent", Unit::Points), amount }]
}

async fn balances(book: &Book) -> Vec<(i64, i64, i64)> {
    let view = book.standings(&["volunteer/1/points".into()]).await.expect("a view");
    view.lots[0].iter().map(|lot| (lot.lot.code(), lot.balance, lot.held_out)).collect()
}

async fn assert_verified(book: &Book) {
    let (report, _) = ledger::verify::verify(book, None, |_| {}).await.expect("it can be verified");
    assert_eq!(report.findings, []);
}

#[rstest]
#[tokio::test]
async fn points_are_spent_soonest_first_and_come_back_to_where_they_were(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let book = book(&database(engine).await).await;
    for (lot, amount) in [("2027-12-31", 10), ("2026-12-31", 5), ("2025-12-31", 100)] {
        book.post(draft(Uuid::now_v7(), issue(amount, lot))).await.expect("posted").result.expect("issued");
    }
    let (hold, expires_at) = (Uuid::now_v7(), i64::MAX);
    let held = book.post(draft(hold, Action::Hold { legs: spend(7), expires_at })).await.expect("posted");
    let held = held.result.expect("15 are usable");
    assert_eq!(held.available_before, Some(15));
    assert_eq!(held.postings.iter().map(|posting| posting.amount).collect::<Vec<_>>(), [5, 2]);
    assert_eq!(balances(&book).await, [(20251231, 100, 0), (20261231, 5, 5), (20271231, 10, 2)]);
    let refused = book.post(draft(Uuid::now_v7(), Action::Post(spend(9)))).await.expect("answered");
    let account = "volunteer/1/points".to_owned();
    assert_eq!(refused.result, Err(Rejection::BelowFloor { account, needed: 9, available: 8 }));
    let part = Action::Capture { hold, amounts: Some(vec![1, 2]), keep_rest: true };
    book.post(draft(Uuid::now_v7(), part)).await.expect("posted").result.expect("captured in part");
    assert_eq!(balances(&book).await, [(20251231, 100, 0), (20261231, 4, 4), (20271231, 8, 0)]);
    let release = book.post(draft(Uuid::now_v7(), Action::Release { hold, legs: Vec::new() })).await.expect("posted");
    let release = release.result.expect("released");
    assert_eq!(release.reference, Some(held.sequence));
    assert_eq!(balances(&book).await, [(20251231, 100, 0), (20261231, 4, 0), (20271231, 8, 0)]);
    let again = book.post(draft(Uuid::now_v7(), Action::Release { hold, legs: Vec::new() })).await.expect("answered");
    assert_eq!(again.result, Err(Rejection::HoldClosed { id: hold }));
    assert_eq!(book.system_balance("scheme/spent").await.expect("a sum"), 3);
    assert_verified(&book).await;
    book.close().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_for_ten_get_exactly_ten_and_copies_pay_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let db = database(engine).await;
    // Two books on one database are two processes as far as the database can tell.
    let books = [book(&db).await, book(&db).await];
    books[0].post(draft(Uuid::now_v7(), issue(10, "2027-12-31"))).await.expect("posted").result.expect("issued");
    let ids: Vec<Uuid> = (0..200).map(|_| Uuid::now_v7()).collect();
    let posts = ids.iter().flat_map(|id| [*id; 3]).enumerate().map(|(place, id)| {
        let book = books[place % 2].clone();
        tokio::spawn(async move { book.post(draft(id, Action::Post(spend(1)))).await.expect("answered") })
    });
    let mut outcomes = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        outcomes.push(post.await.expect("no panic"));
    }
    let posted = |outcome: &&ledger::Outcome| outcome.result.is_ok();
    assert_eq!(outcomes.iter().filter(posted).count(), 30, "ten ids, three answers each");
    assert_eq!(outcomes.iter().filter(posted).filter(|outcome| !outcome.replayed).count(), 10);
    for copies in outcomes.chunks(3) {
        assert_eq!(copies[0].result, copies[1].result);
        assert_eq!(copies[1].result, copies[2].result);
    }
    assert_eq!(balances(&books[1]).await, [(20271231, 0, 0)]);
    let other = book(&db).await;
    assert!(matches!(
        other.post(draft(ids[0], Action::Post(spend(2)))).await,
        Err(PostError::IdTaken { field }) if field == "amount"
    ));
    assert_verified(&other).await;
}

#[rstest]
#[tokio::test]
async fn every_entry_is_proved_in_every_later_tree(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let book = book(&database(engine).await).await;
    let posts = (0..600).map(|_| book.post(draft(Uuid::now_v7(), issue(1, "2027-12-31"))));
    for post in futures::future::join_all(posts).await {
        post.expect("posted").result.expect("issued");
    }
    for (sequence, size) in [(1, 1), (1, 600), (300, 600), (600, 600), (256, 256), (257, 513), (512, 599)] {
        let proof = book.prove_inclusion(sequence, Some(size)).await.expect("a proof");
        let (index, leaves) = ((sequence - 1) as u64, size as u64);
        assert!(
            tree::verify_inclusion(&proof.leaf_hash, index, leaves, &proof.path, &proof.root),
            "{sequence} in {size}"
        );
    }
    for (from, to) in [(1, 600), (256, 600), (300, 301), (511, 513), (600, 600)] {
        let proof = book.prove_consistency(from, Some(to)).await.expect("a proof");
        let (from, to) = (from as u64, to as u64);
        assert!(tree::verify_consistency(from, to, &proof.path, &proof.from_root, &proof.to_root), "{from} to {to}");
    }
    let signer = ledger::checkpoint::NoteSigner::new("aixin.test/ziyang", [1; 32]);
    let checkpoint = book.checkpoint(&signer, 1).await.expect("a checkpoint");
    assert_eq!(checkpoint.root, book.prove_inclusion(1, None).await.expect("a proof").root);
    let (report, _) = ledger::verify::verify(&book, Some(&signer.verifier_key()), |_| {}).await.expect("verified");
    assert_eq!((report.entries, report.checkpoints, report.findings), (600, 1, vec![]));
}
