//! The least that must be written, as fast as one connection takes it: the rows of a batch are made beforehand and
//! written by the same bulk statements, in batches of one size, and only the writing is timed. Nothing is judged or
//! hashed, and nobody waits for an answer.

use crate::baseline::load::{Random, Round, World, today};
use crate::store::{self, HEAD, Head};
use db::{Bulk, Column, Db, Result};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub struct Limit {
    db: Db,
    head: Head,
    sequence: i64,
    /// Those that entries change: all but the system accounts.
    accounts: Vec<i64>,
}

/// What the rows of one batch have in common.
struct Batch<'w> {
    world: &'w World,
    exchange: bool,
    document: String,
    sequences: Vec<i64>,
}

impl Limit {
    /// Writes to a book whose accounts are open, and that nothing else writes to.
    pub async fn open(db: &Db, code: &str) -> Result<Limit> {
        let head = store::head(db.query(HEAD), code).await?;
        let head = head.ok_or_else(|| store::damaged("the book's head is missing"))?;
        let (sequence,): (i64,) = db
            .query("SELECT COALESCE(MAX(sequence), 0) FROM ledger_entries WHERE book = $1")
            .bind(head.book)
            .fetch_one()
            .await?;
        let accounts: Vec<(i64,)> = db
            .query("SELECT account FROM ledger_accounts WHERE book = $1 AND NOT system ORDER BY account")
            .bind(head.book)
            .fetch_all()
            .await?;
        let accounts = accounts.into_iter().map(|(account,)| account).collect();
        Ok(Limit { db: db.clone(), head, sequence, accounts })
    }

    /// Writes batches of `size` until the writing has taken `time`.
    pub async fn run(&mut self, world: &World, size: u64, time: Duration, seed: u64) -> Result<Round> {
        let mut random = Random(seed);
        let mut round = Round::default();
        while round.elapsed < time {
            let bulks = self.rows(world, size, &mut random);
            let guard = self
                .db
                .statement("UPDATE ledger_books SET version = version + 1 WHERE book = $1 AND version = $2")
                .bind(self.head.book)
                .bind(self.head.version);
            let start = Instant::now();
            if !self.db.write_guarded(guard, &bulks).await? {
                return Err(store::damaged("somebody else wrote to the book"));
            }
            let taken = start.elapsed();
            self.head.version += 1;
            round.elapsed += taken;
            round.latencies.push(taken.as_micros().try_into().unwrap_or(u32::MAX));
            round.committed += size;
            round.postings += 2 * size;
            round.batches += 1;
            round.batched += size;
        }
        round.latencies.sort_unstable();
        Ok(round)
    }

    /// The rows of one batch, of the same width as those of the drafts of `world`.
    fn rows(&mut self, world: &World, size: u64, random: &mut Random) -> Vec<Bulk> {
        let first = self.sequence + 1;
        self.sequence += size as i64;
        let draft = world.draft(random);
        let exchange = draft.kind == "exchange.reserved";
        let document = serde_json::to_string(&draft.document).unwrap_or_default();
        let batch = Batch { world, exchange, document, sequences: (first..=self.sequence).collect() };
        let count = self.accounts.len() as u64;
        let account = |random: &mut Random| if world.hot { 0 } else { random.below(count) as usize };
        let moved: Vec<i64> = (0..2 * size).map(|_| self.accounts[account(random)]).collect();
        let touched = moved.iter().copied().collect();
        let mut bulks =
            vec![self.entries(&batch, random), self.postings(&batch, &moved), self.balances(touched, random)];
        if exchange {
            bulks.push(self.holds(&batch));
        }
        bulks
    }

    fn entries(&self, batch: &Batch<'_>, random: &mut Random) -> Bulk {
        let count = batch.sequences.len();
        let same = |value: i64| Column::I64(vec![value; count]);
        let held = Column::OptI64(vec![batch.exchange.then_some(i64::MAX); count]);
        let kind = if batch.exchange { "exchange.reserved" } else { "service.recorded" };
        let mut party = || Some(Uuid::from_u128(random.below(batch.world.accounts).into()));
        Bulk::insert(
            "ledger_entries",
            vec![
                ("book", same(self.head.book)),
                ("sequence", Column::I64(batch.sequences.clone())),
                ("recorded_at", same(self.head.recorded_at)),
                ("reference", Column::OptI64(vec![None; count])),
                ("expires_at", held.clone()),
                ("available_before", held),
                ("accounts", same(self.head.accounts)),
                ("id", Column::Uuid((0..count).map(|_| Uuid::now_v7()).collect())),
                ("party", Column::OptUuid((0..count).map(|_| party()).collect())),
                ("document_id", Column::OptUuid(vec![None; count])),
                ("action", same(1 + i64::from(batch.exchange))),
                ("effective_on", Column::Date(vec![today(); count])),
                ("kind", Column::Text(vec![kind.to_owned(); count])),
                ("leaf", Column::Bytes(vec![vec![7; 32]; count])),
                ("document", Column::Text(vec![batch.document.clone(); count])),
            ],
        )
    }

    fn postings(&self, batch: &Batch<'_>, moved: &[i64]) -> Bulk {
        let count = moved.len();
        Bulk::insert(
            "ledger_postings",
            vec![
                ("book", Column::I64(vec![self.head.book; count])),
                ("sequence", Column::I64(batch.sequences.iter().flat_map(|sequence| [*sequence; 2]).collect())),
                ("place", Column::I64([0, 1].repeat(count / 2))),
                ("from_account", Column::I64(moved.to_vec())),
                ("to_account", Column::I64(vec![i64::MAX; count])),
                ("amount", Column::I64([3, 1].repeat(count / 2))),
            ],
        )
    }

    /// Every row gets other values than it had: SQLite writes nothing where nothing changes.
    fn balances(&self, touched: BTreeSet<i64>, random: &mut Random) -> Bulk {
        let count = touched.len();
        let mut numbers =
            |least: i64| Column::I64((0..count).map(|_| least + random.below(1_000_000) as i64).collect());
        let (balance, held_out) = (numbers(1_000_000_000), numbers(1_000_000));
        Bulk::update(
            "ledger_accounts",
            2,
            vec![
                ("book", Column::I64(vec![self.head.book; count])),
                ("account", Column::I64(touched.into_iter().collect())),
                ("balance", balance),
                ("held_out", held_out),
                ("held_in", Column::I64(vec![0; count])),
                ("overdrawn", Column::Bool(vec![false; count])),
            ],
        )
    }

    fn holds(&self, batch: &Batch<'_>) -> Bulk {
        let count = batch.sequences.len();
        Bulk::insert(
            "ledger_holds",
            vec![
                ("book", Column::I64(vec![self.head.book; count])),
                ("sequence", Column::I64(batch.sequences.clone())),
                ("expires_at", Column::I64(vec![i64::MAX; count])),
                ("remaining", Column::Text(vec!["[3,1]".to_owned(); count])),
            ],
        )
    }
}
