//! The least that must be written, as fast as one connection takes it: the rows of a batch are made beforehand and
//! written by the same bulk statements, in batches of one size, and only the writing is timed. Nothing is judged or hashed, and
//! nobody waits for an answer.

use crate::baseline::load::{Mix, Random, Round, World};
use crate::store::{self, HEAD, Head};
use db::{Bulk, Column, Db, Result};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub struct Limit {
    db: Db,
    head: Head,
    sequence: i64,
    document: String,
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
        Ok(Limit { db: db.clone(), head, sequence, document: String::new() })
    }

    /// Writes batches of `size` until the writing has taken `time`.
    pub async fn run(&mut self, world: &World, size: u64, time: Duration, seed: u64) -> Result<Round> {
        let mut random = Random(seed);
        self.document = serde_json::to_string(&world.draft(&mut random).document).unwrap_or_default();
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
        let (book, count) = (self.head.book, size as usize);
        let first = self.sequence + 1;
        self.sequence += size as i64;
        let sequences: Vec<i64> = (first..=self.sequence).collect();
        let same = |value: i64| Column::I64(vec![value; count]);
        let (exchange, kind) = match world.mix {
            Mix::Earn => (false, "service.recorded"),
            _ => (true, "exchange.reserved"),
        };
        let expires_at = exchange.then_some(i64::MAX);
        let account = |random: &mut Random| if world.hot { 1 } else { 1 + random.below(self.head.accounts as u64) as i64 };
        let moved: Vec<i64> = (0..2 * count).map(|_| account(random)).collect();
        let entries = Bulk::insert(
            "ledger_entries",
            vec![
                ("book", same(book)),
                ("sequence", Column::I64(sequences.clone())),
                ("recorded_at", same(self.head.recorded_at)),
                ("reference", Column::OptI64(vec![None; count])),
                ("expires_at", Column::OptI64(vec![expires_at; count])),
                ("available_before", Column::OptI64(vec![expires_at; count])),
                ("accounts", same(self.head.accounts)),
                ("id", Column::Uuid((0..count).map(|_| Uuid::now_v7()).collect())),
                ("party", Column::OptUuid((0..count).map(|_| Some(Uuid::from_u128(random.below(100_000).into()))).collect())),
                ("document_id", Column::OptUuid(vec![None; count])),
                ("action", same(1 + i64::from(exchange))),
                ("effective_on", Column::Date(vec![crate::baseline::load::today(); count])),
                ("kind", Column::Text(vec![kind.to_owned(); count])),
                ("leaf", Column::Bytes(vec![vec![7; 32]; count])),
                ("document", Column::Text(vec![self.document.clone(); count])),
            ],
        );
        let postings = Bulk::insert(
            "ledger_postings",
            vec![
                ("book", Column::I64(vec![book; 2 * count])),
                ("sequence", Column::I64(sequences.iter().flat_map(|sequence| [*sequence; 2]).collect())),
                ("place", Column::I64([0, 1].repeat(count))),
                ("from_account", Column::I64(moved.clone())),
                ("to_account", Column::I64(vec![i64::MAX; 2 * count])),
                ("amount", Column::I64([3, 1].repeat(count))),
            ],
        );
        let touched: Vec<i64> = moved.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let accounts = Bulk::update(
            "ledger_accounts",
            2,
            vec![
                ("book", Column::I64(vec![book; touched.len()])),
                ("account", Column::I64(touched.clone())),
                ("balance", Column::I64(vec![0; touched.len()])),
                ("held_out", Column::I64(vec![0; touched.len()])),
                ("held_in", Column::I64(vec![0; touched.len()])),
                ("overdrawn", Column::Bool(vec![false; touched.len()])),
            ],
        );
        let holds = Bulk::insert(
            "ledger_holds",
            vec![
                ("book", same(book)),
                ("sequence", Column::I64(sequences)),
                ("expires_at", same(i64::MAX)),
                ("remaining", Column::Text(vec!["[3,1]".to_owned(); count])),
            ],
        );
        if exchange { vec![entries, postings, accounts, holds] } else { vec![entries, postings, accounts] }
    }
}
