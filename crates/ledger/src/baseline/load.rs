//! A load for a book: callers that earn and exchange without pause, each waiting for its answer before it calls again.

use crate::baseline::naive::Naive;
use crate::draft::LEGS_MAX;
use crate::{Account, Action, Book, Draft, Key, Leg, Lot, Micros, Outcome, Source, Unit};
use chrono::{Days, NaiveDate};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What callers ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Minutes and points: 2 postings, 2 balances.
    Earn,
    /// A hold of points and of stock: 2 postings, 2 balances, an open hold.
    Exchange,
    /// Both in turn.
    Mixed,
}

/// A scheme as large as the measurement needs: as many volunteers as rewards, with points and minutes each.
#[derive(Debug, Clone, Copy)]
pub struct World {
    /// Accounts that drafts touch: a third each for points, minutes and stock.
    pub accounts: u64,
    pub mix: Mix,
    /// All callers use the same volunteer and reward.
    pub hot: bool,
    /// Every second request repeats one of the caller's last.
    pub repeats: bool,
}

/// What every account begins with: more than a measurement can take away.
const PLENTY: i64 = 1_000_000_000_000;
/// A caller repeats one of its last so many requests.
const REPEATABLE: usize = 64;

impl World {
    /// Drafts that open all accounts.
    pub fn endowments(&self) -> Vec<Draft> {
        let legs: Vec<Leg> = (0..self.people())
            .flat_map(|number| {
                [
                    leg(system("scheme/issued", Unit::Points), points(number), PLENTY),
                    leg(system("scheme/served", Unit::Minutes), minutes(number), PLENTY),
                    leg(system("scheme/received", Unit::Pieces), stock(number), PLENTY),
                ]
            })
            .collect();
        let opening = |legs: &[Leg]| draft("bench.opened", None, Action::Post(legs.to_vec()), Map::new());
        let mut drafts: Vec<Draft> = legs.chunks(LEGS_MAX).map(opening).collect();
        let spent = leg(system("scheme/issued", Unit::Points), system("scheme/spent", Unit::Points), 1);
        let given = leg(system("scheme/received", Unit::Pieces), system("scheme/given", Unit::Pieces), 1);
        drafts.push(opening(&[spent, given]));
        drafts
    }

    /// The next thing somebody does.
    pub fn draft(&self, random: &mut Random) -> Draft {
        let (person, reward) =
            if self.hot { (0, 0) } else { (random.below(self.people()), random.below(self.people())) };
        match self.mix {
            Mix::Earn => earning(person),
            Mix::Exchange => exchange(person, reward),
            Mix::Mixed if random.below(2) == 0 => earning(person),
            Mix::Mixed => exchange(person, reward),
        }
    }

    fn people(&self) -> u64 {
        (self.accounts / 3).max(1)
    }
}

fn earning(person: u64) -> Draft {
    let legs = vec![
        leg(system("scheme/served", Unit::Minutes), minutes(person), 60),
        leg(system("scheme/issued", Unit::Points), points(person), 10),
    ];
    let mut document = Map::new();
    document.insert("volunteer".to_owned(), Value::String(uuid(person).to_string()));
    document.insert("activity".to_owned(), Value::String(uuid(person + 1).to_string()));
    document.insert("minutes".to_owned(), Value::from(60));
    document.insert("points".to_owned(), Value::from(10));
    draft("service.recorded", Some(uuid(person)), Action::Post(legs), document)
}

fn exchange(person: u64, reward: u64) -> Draft {
    let pool = Source::Pool { path: path("volunteer", person, "points"), unit: Unit::Points, usable_on: today() };
    let legs = vec![
        Leg { from: pool, to: system("scheme/spent", Unit::Points), amount: 3 },
        leg(stock(reward), system("scheme/given", Unit::Pieces), 1),
    ];
    let mut document = Map::new();
    document.insert("volunteer".to_owned(), Value::String(uuid(person).to_string()));
    document.insert("reward".to_owned(), Value::String(uuid(reward).to_string()));
    document.insert("quantity".to_owned(), Value::from(1));
    document.insert("points".to_owned(), Value::from(3));
    draft("exchange.reserved", Some(uuid(person)), Action::Hold { legs, expires_at: Micros::MAX }, document)
}

fn draft(kind: &'static str, party: Option<Uuid>, action: Action, document: Map<String, Value>) -> Draft {
    Draft {
        id: Uuid::now_v7(),
        kind,
        effective_on: today(),
        party,
        document_id: None,
        action,
        document,
        intent: &["volunteer", "reward", "quantity", "minutes"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: true,
    }
}

fn leg(from: Account, to: Account, amount: i64) -> Leg {
    Leg { from: Source::Account(from), to, amount }
}

fn system(path: &str, unit: Unit) -> Account {
    Account::system(path, unit)
}

fn points(person: u64) -> Account {
    let lot = Lot::until(today() + Days::new(365));
    Account::holding(Key::in_lot(path("volunteer", person, "points"), lot), Unit::Points)
}

fn minutes(person: u64) -> Account {
    Account::counting(Key::new(path("volunteer", person, "minutes")), Unit::Minutes)
}

fn stock(reward: u64) -> Account {
    Account::holding(Key::new(path("reward", reward, "stock@main")), Unit::Pieces)
}

fn path(of: &str, number: u64, what: &str) -> Arc<str> {
    format!("{of}/{}/{what}", uuid(number)).into()
}

fn uuid(number: u64) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number))
}

pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day")
}

/// SplitMix64: who is next need not be unpredictable, only the same in every round.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Who posts.
#[derive(Clone)]
pub enum Poster {
    Ledger(Book),
    Naive(Arc<Naive>),
}

impl Poster {
    async fn post(&self, draft: Draft) -> Result<Outcome, String> {
        match self {
            Poster::Ledger(book) => book.post(draft).await.map_err(|error| error.to_string()),
            Poster::Naive(naive) => naive.post(draft).await.map_err(|error| error.to_string()),
        }
    }

    fn counters(&self) -> (u64, u64) {
        match self {
            Poster::Ledger(book) => {
                let counters = book.counters();
                (counters.batches, counters.entries)
            }
            Poster::Naive(_) => (0, 0),
        }
    }
}

/// What one round came to.
#[derive(Debug, Clone, Default)]
pub struct Round {
    pub elapsed: Duration,
    pub committed: u64,
    pub postings: u64,
    pub rejected: u64,
    /// Answers to repeats, not counted as committed.
    pub replayed: u64,
    pub errors: u64,
    pub batches: u64,
    pub batched: u64,
    pub first_error: Option<String>,
    /// Of each answer, in microseconds, sorted once the round is over.
    pub latencies: Vec<u32>,
}

impl Round {
    pub fn per_second(&self, count: u64) -> u64 {
        per_second(count, self.elapsed)
    }

    /// In microseconds, of a hundred answers the slowest but `100 - percent`.
    pub fn percentile(&self, percent: usize) -> u32 {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last * percent / 100).copied().unwrap_or(0)
    }

    pub fn add(&mut self, other: Round) {
        self.committed += other.committed;
        self.postings += other.postings;
        self.rejected += other.rejected;
        self.replayed += other.replayed;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        self.latencies.extend(other.latencies);
    }

    fn count(&mut self, answer: Result<Outcome, String>, latency: Duration) {
        match answer {
            Ok(Outcome { replayed: true, .. }) => self.replayed += 1,
            Ok(Outcome { result: Ok(entry), .. }) => {
                self.committed += 1;
                self.postings += entry.postings.len() as u64;
            }
            Ok(Outcome { result: Err(_), .. }) => self.rejected += 1,
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert(error);
            }
        }
        self.latencies.push(latency.as_micros().try_into().unwrap_or(u32::MAX));
    }
}

pub fn per_second(count: u64, elapsed: Duration) -> u64 {
    let micros = elapsed.as_micros().max(1);
    u64::try_from(u128::from(count) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

/// Opens the accounts of `world`.
pub async fn open_accounts(book: &Book, world: &World) -> Result<(), String> {
    let posting = world.endowments().into_iter().map(|draft| {
        let book = book.clone();
        tokio::spawn(async move { book.post(draft).await })
    });
    for posted in posting.collect::<Vec<_>>() {
        let outcome = posted.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        outcome.result.map_err(|rejection| rejection.to_string())?;
    }
    Ok(())
}

/// Keeps `callers` busy for `time`.
pub async fn run(poster: &Poster, world: &World, callers: u64, time: Duration, seed: u64) -> Round {
    let before = poster.counters();
    let start = Instant::now();
    let calling = (0..callers).map(|number| {
        let random = Random(seed.wrapping_mul(0x1_0000_0001) ^ number << 40);
        tokio::spawn(call(poster.clone(), *world, random, start + time))
    });
    let mut round = Round::default();
    for caller in calling.collect::<Vec<_>>() {
        match caller.await {
            Ok(of_caller) => round.add(of_caller),
            Err(error) => round.first_error = Some(error.to_string()),
        }
    }
    round.elapsed = start.elapsed();
    let after = poster.counters();
    (round.batches, round.batched) = (after.0 - before.0, after.1 - before.1);
    round.latencies.sort_unstable();
    round
}

/// Posts `entries` entries.
pub async fn fill(poster: &Poster, world: &World, callers: u64, entries: u64) -> Result<(), String> {
    let calling = (0..callers).map(|number| {
        let (poster, world, mut random) = (poster.clone(), *world, Random(!number));
        let share = entries / callers + u64::from(number < entries % callers);
        tokio::spawn(async move {
            for _ in 0..share {
                poster.post(world.draft(&mut random)).await?;
            }
            Ok::<(), String>(())
        })
    });
    for caller in calling.collect::<Vec<_>>() {
        caller.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}

async fn call(poster: Poster, world: World, mut random: Random, until: Instant) -> Round {
    let mut round = Round::default();
    let mut last: Vec<Draft> = Vec::new();
    while Instant::now() < until {
        let repeat = world.repeats && !last.is_empty() && random.below(2) == 0;
        let draft =
            if repeat { last[random.below(last.len() as u64) as usize].clone() } else { world.draft(&mut random) };
        if world.repeats && !repeat {
            if last.len() == REPEATABLE {
                last.swap_remove(random.below(REPEATABLE as u64) as usize);
            }
            last.push(draft.clone());
        }
        let asked = Instant::now();
        let answer = poster.post(draft).await;
        round.count(answer, asked.elapsed());
    }
    round
}
