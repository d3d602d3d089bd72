//! Random drafts through the real ledger and through the oracle: in memory, and on both engines, one after the other and
//! many at once.

use crate::drafts::{Timed, drafts};
use crate::memory::{Memory, without_reason};
use db::{Db, Engine};
use futures::future::join_all;
use ledger::book::{Clock, Outcome, PostError};
use ledger::oracle::{Oracle, OracleEntry, OracleOutcome, differing_field};
use ledger::projection::NoProjection;
use ledger::{Book, BookOptions, Draft, Entry, Micros, Rejection};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rstest::rstest;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tests::database;
use tokio::runtime::Runtime;
use uuid::Uuid;

proptest! {
    #[test]
    fn the_judge_decides_as_the_oracle_does(drafts in drafts(1..60)) {
        let mut memory = Memory::default();
        for (at, draft) in &drafts {
            memory.post(draft, *at);
        }
    }
}

/// Two books with one code are two processes as far as the database can tell: each finds what the other wrote.
#[rstest]
fn a_book_answers_as_the_oracle_does(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    for_random_drafts(engine, 2, async |desk, drafts| {
        let mut oracle = Oracle::default();
        for (number, (at, draft)) in drafts.iter().enumerate() {
            desk.time.store(*at, Ordering::SeqCst);
            let outcome = desk.post(draft.clone(), number / 5).await;
            assert_eq!(outcome, expected(oracle.post(draft, *at)), "{draft:#?} at {at}");
        }
        desk.stands_as(&oracle).await;
    });
}

#[rstest]
fn a_crowd_is_answered_as_if_one_came_after_the_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(1, 2)] books: usize,
) {
    for_random_drafts(engine, books, async |desk, drafts| {
        let mut order = Order::default();
        for chunk in drafts.chunks(16) {
            let at = chunk.last().expect("chunks are not empty").0;
            desk.time.store(at, Ordering::SeqCst);
            let posts = chunk.iter().enumerate().map(|(number, (_, draft))| desk.post(draft.clone(), number));
            let outcomes = join_all(posts).await;
            order.explains(chunk.iter().map(|(_, draft)| draft).zip(outcomes).collect(), at);
        }
        desk.stands_as(&order.oracle).await;
    });
}

/// The same book, once or several times, under a clock that the test sets.
struct Desk {
    books: Vec<Book>,
    time: Arc<AtomicI64>,
}

/// A new book for every list of drafts, in one database for all.
fn for_random_drafts(engine: Engine, books: usize, test: impl AsyncFn(&Desk, &[Timed])) {
    let runtime = Runtime::new().expect("a runtime");
    let db = runtime.block_on(database(engine));
    let lists = AtomicUsize::new(0);
    // Each takes as long as a dozen in memory.
    let cases = ProptestConfig::default().cases / 12;
    let mut runner = TestRunner::new(ProptestConfig { cases, max_shrink_iters: 300, ..Default::default() });
    let result = runner.run(&drafts(1..60), |drafts| {
        let code = format!("book-{}", lists.fetch_add(1, Ordering::SeqCst));
        runtime.block_on(async {
            let desk = Desk::open(&db, &code, books).await;
            test(&desk, &drafts).await;
            join_all(desk.books.iter().map(Book::close)).await;
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

impl Desk {
    async fn open(db: &Db, code: &str, books: usize) -> Desk {
        let time = Arc::new(AtomicI64::new(0));
        let clock: Clock = Arc::new({
            let time = time.clone();
            move || time.load(Ordering::SeqCst)
        });
        let open = |_| Book::open(db, code, Arc::new(NoProjection), BookOptions::new(clock.clone()));
        let books = join_all((0..books).map(open)).await;
        Desk { books: books.into_iter().map(|book| book.expect("the book opens")).collect(), time }
    }

    async fn post(&self, draft: Draft, through: usize) -> OracleOutcome {
        match self.books[through % self.books.len()].post(draft).await {
            Ok(Outcome { result, replayed }) => {
                let result = without_reason(result.map(|entry| as_the_oracle_tells(&entry)));
                OracleOutcome::Answered { result, replayed }
            }
            Err(PostError::IdTaken { field }) => OracleOutcome::IdTaken { field },
            Err(error) => panic!("{error}"),
        }
    }

    /// Every balance and every entry is as the oracle has it, and the book verifies.
    async fn stands_as(&self, oracle: &Oracle) {
        let paths: BTreeSet<Arc<str>> = oracle.accounts().map(|account| account.key.path.clone()).collect();
        let paths: Vec<Arc<str>> = paths.into_iter().collect();
        for book in &self.books {
            let view = book.standings(&paths).await.expect("a view");
            let found: Vec<_> = view.lots.iter().flatten().collect();
            assert_eq!((view.size, found.len()), (oracle.size(), oracle.accounts().count()));
            for account in oracle.accounts() {
                let key = &account.key;
                let lots = &view.lots[paths.binary_search(&key.path).expect("it was asked for")];
                let standing = lots.iter().find(|standing| standing.lot == key.lot).expect("it is open");
                assert_eq!(standing.opening(&key.path), *account);
                let numbers = [standing.balance, standing.held_out, standing.held_in].map(i128::from);
                let expected = [oracle.balance(key), oracle.held_out(key), oracle.held_in(key)];
                assert_eq!(numbers, if account.system { [0; 3] } else { expected }, "{key}");
            }
            let entries = book.entries(0, i64::MAX).await.expect("the entries");
            let entries: Vec<_> = entries.iter().map(as_the_oracle_tells).collect();
            assert!(entries.iter().eq(oracle.entries()), "the entries are those that were answered, in order");
            let (report, _) = ledger::verify::verify(book, None, |_| {}).await.expect("it can be verified");
            assert_eq!(report.findings, []);
        }
    }
}

fn as_the_oracle_tells(entry: &Entry) -> OracleEntry {
    OracleEntry {
        sequence: entry.sequence,
        action: entry.action,
        reference: entry.reference,
        expires_at: entry.expires_at,
        available_before: entry.available_before,
        postings: entry.postings.clone(),
    }
}

fn expected(outcome: OracleOutcome) -> OracleOutcome {
    match outcome {
        OracleOutcome::Answered { result, replayed } => {
            OracleOutcome::Answered { result: without_reason(result), replayed }
        }
        taken => taken,
    }
}

/// The order in which a crowd must have come, since they were answered as they were.
#[derive(Default)]
struct Order {
    oracle: Oracle,
    /// Of each id, the draft that was answered for good, and the answer.
    settled: BTreeMap<Uuid, (Draft, Result<OracleEntry, Rejection>)>,
}

impl Order {
    /// Whoever was accepted is accepted by the oracle in the order of sequences. Whoever was rejected is rejected so by the
    /// oracle at some moment in between. Every id is answered for good once, and from then on only repeated.
    fn explains(&mut self, answered: Vec<(&Draft, OracleOutcome)>, at: Micros) {
        let mut accepted: Vec<(&Draft, &OracleEntry)> = Vec::new();
        for (draft, outcome) in &answered {
            if let OracleOutcome::Answered { result, replayed: false } = outcome {
                accepted.extend(result.as_ref().ok().map(|entry| (*draft, entry)));
                if result.is_ok() || draft.freeze_rejection {
                    let earlier = self.settled.insert(draft.id, ((*draft).clone(), result.clone()));
                    assert_eq!(earlier, None, "an id is answered for good once");
                }
            }
        }
        accepted.sort_by_key(|(_, entry)| entry.sequence);
        let mut moments = vec![self.oracle.clone()];
        for (draft, entry) in accepted {
            let outcome = OracleOutcome::Answered { result: Ok(entry.clone()), replayed: false };
            assert_eq!(self.oracle.post(draft, at), outcome, "{draft:#?} at {at}");
            moments.push(self.oracle.clone());
        }
        for (draft, outcome) in answered {
            match &outcome {
                OracleOutcome::Answered { result: Err(_), replayed: false } => {
                    let explained = moments.iter().any(|moment| expected(moment.clone().post(draft, at)) == outcome);
                    assert!(explained, "{outcome:?} to {draft:#?}, at no moment");
                }
                OracleOutcome::Answered { result, replayed: true } => {
                    let (first, answer) = &self.settled[&draft.id];
                    assert_eq!((differing_field(first, draft), answer), (None, result));
                }
                OracleOutcome::IdTaken { field } => {
                    let (first, _) = &self.settled[&draft.id];
                    assert_eq!(differing_field(first, draft).as_ref(), Some(field));
                }
                OracleOutcome::Answered { result: Ok(_), .. } => {}
            }
        }
    }
}
