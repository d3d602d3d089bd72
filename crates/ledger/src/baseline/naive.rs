//! The ledger as one writes it by hand: for each draft a transaction that locks the accounts, looks, judges and writes.
//!
//! It is meant to be a good one. Rows are locked in one order, so there are no deadlocks; statements are prepared;
//! connections are pooled; what a hand would not write for every entry (the book's head, the tree) is not written. In
//! particular the sequence comes from a counter outside of the transaction, as an `IDENTITY` column would give it, with gaps and
//! not in the order of commits: taking it from the book's head as the ledger does would make every transaction wait for
//! the sync of the one before, which is several times slower. It knows the accounts that exist, the actions `Post` and `Hold`,
//! no bounds but those of accounts, and no repeats.

use crate::draft::{Action, Draft, Leg, Source};
use crate::entry::{Entry, EntryAction, Posting};
use crate::judge::Rejection;
use crate::store::{self, HEAD};
use crate::tree::leaf_hash;
use crate::{Key, Micros, Outcome, Unit};
use db::{Db, Result, Tx};
use sqlx::FromRow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Semaphore;

/// Transactions at a time. More of them are slower on few cores.
pub const TOGETHER: usize = 24;

pub struct Naive {
    db: Db,
    /// Fewer transactions at a time than connections: callers queue here, which is cheaper than at the pool.
    turns: Semaphore,
    book: i64,
    opened: i64,
    sequence: AtomicI64,
    /// The numbers of system accounts, which never change.
    system: HashMap<String, i64>,
    clock: Box<dyn Fn() -> Micros + Send + Sync>,
}

#[derive(FromRow, Clone)]
struct Locked {
    account: i64,
    path: String,
    lot: i64,
    floor: Option<i64>,
    ceiling: Option<i64>,
    balance: i64,
    held_out: i64,
    held_in: i64,
}

/// A posting with the numbers of its accounts.
struct Move {
    posting: Posting,
    from: i64,
    to: i64,
}

impl Naive {
    /// Writes to a book whose accounts are open, and that nothing else writes to.
    pub async fn open(db: &Db, code: &str, clock: Box<dyn Fn() -> Micros + Send + Sync>) -> Result<Naive> {
        let head = store::head(db.query(HEAD), code).await?;
        let head = head.ok_or_else(|| store::damaged("the book's head is missing"))?;
        let (newest,): (i64,) = db
            .query("SELECT COALESCE(MAX(sequence), 0) FROM ledger_entries WHERE book = $1")
            .bind(head.book)
            .fetch_one()
            .await?;
        let system: Vec<(String, i64)> = db
            .query("SELECT path, account FROM ledger_accounts WHERE book = $1 AND system")
            .bind(head.book)
            .fetch_all()
            .await?;
        Ok(Naive {
            db: db.clone(),
            turns: Semaphore::new(TOGETHER),
            book: head.book,
            opened: head.accounts,
            sequence: AtomicI64::new(newest + 1),
            system: system.into_iter().collect(),
            clock,
        })
    }

    pub async fn post(&self, draft: Draft) -> Result<Outcome> {
        let _turn = self.turns.acquire().await;
        let mut tx = self.db.begin_write().await?;
        let mut locked = self.lock(&mut tx, draft.action.legs()).await?;
        let before = locked.clone();
        let is_hold = matches!(draft.action, Action::Hold { .. });
        let moves = match self.judge(draft.action.legs(), &mut locked, is_hold) {
            Ok(moves) => moves,
            Err(rejection) => {
                tx.rollback().await?;
                return Ok(Outcome { result: Err(rejection), replayed: false });
            }
        };
        let entry = self.entry(draft, &moves);
        self.insert(&mut tx, &entry, &moves).await?;
        for (now, before) in locked.iter().zip(&before) {
            self.update(&mut tx, now, before).await?;
        }
        tx.commit().await?;
        Ok(Outcome { result: Ok(Arc::new(entry)), replayed: false })
    }

    async fn lock(&self, tx: &mut Tx, legs: &[Leg]) -> Result<Vec<Locked>> {
        let ends = legs.iter().flat_map(|leg| {
            let from = match &leg.from {
                Source::Account(account) => &account.key.path,
                Source::Pool { path, .. } => path,
            };
            [from, &leg.to.key.path]
        });
        let mut paths = ends.filter(|path| !self.system.contains_key(&***path));
        let (first, second) = (paths.next(), paths.next());
        let Some(first) = first else { return Ok(Vec::new()) };
        tx.lock(
            "SELECT account, path, lot, floor, ceiling, balance, held_out, held_in
             FROM ledger_accounts WHERE book = $1 AND path IN ($2, $3) ORDER BY account",
        )
        .bind(self.book)
        .bind(first.to_string())
        .bind(second.unwrap_or(first).to_string())
        .fetch_all()
        .await
    }

    fn judge(&self, legs: &[Leg], locked: &mut [Locked], is_hold: bool) -> Result<Vec<Move>, Rejection> {
        let unknown = || Rejection::Malformed { reason: "an account is not open".to_owned() };
        let mut moves = Vec::new();
        for leg in legs {
            let (path, lot) = match &leg.from {
                Source::Account(account) => (&account.key.path, Some(account.key.lot.code())),
                Source::Pool { path, .. } => (path, None),
            };
            let amount = leg.amount;
            let from = match locked.iter_mut().find(|row| *row.path == **path && lot.is_none_or(|lot| lot == row.lot)) {
                Some(row) => row.withdraw(amount, is_hold)?,
                None => *self.system.get(&**path).ok_or_else(unknown)?,
            };
            let to =
                match locked.iter_mut().find(|row| *row.path == *leg.to.key.path && row.lot == leg.to.key.lot.code()) {
                    Some(row) => row.deposit(amount, is_hold)?,
                    None => *self.system.get(&*leg.to.key.path).ok_or_else(unknown)?,
                };
            let posting = Posting { from: Key::new(path.clone()), to: leg.to.key.clone(), unit: Unit::Points, amount };
            moves.push(Move { posting, from, to });
        }
        Ok(moves)
    }

    fn entry(&self, draft: Draft, moves: &[Move]) -> Entry {
        let document = serde_json::to_string(&draft.document).expect("a JSON object is always JSON");
        let (action, expires_at) = match draft.action {
            Action::Hold { expires_at, .. } => (EntryAction::Hold, Some(expires_at)),
            _ => (EntryAction::Post, None),
        };
        Entry {
            sequence: self.sequence.fetch_add(1, Ordering::Relaxed),
            id: draft.id,
            action,
            kind: draft.kind.to_owned(),
            party: draft.party,
            document_id: draft.document_id,
            reference: None,
            effective_on: draft.effective_on,
            recorded_at: (self.clock)(),
            expires_at,
            available_before: None,
            opened: Vec::new(),
            postings: moves.iter().map(|moved| moved.posting.clone()).collect(),
            leaf: leaf_hash(document.as_bytes()),
            document,
        }
    }

    async fn insert(&self, tx: &mut Tx, entry: &Entry, moves: &[Move]) -> Result<()> {
        tx.query(
            "INSERT INTO ledger_entries (book, sequence, recorded_at, reference, expires_at, available_before, accounts, id,
                                         party, document_id, action, effective_on, kind, leaf, document)
             VALUES ($1, $2, $3, NULL, $4, NULL, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(self.book)
        .bind(entry.sequence)
        .bind(entry.recorded_at)
        .bind(entry.expires_at)
        .bind(self.opened)
        .bind(entry.id)
        .bind(entry.party)
        .bind(entry.document_id)
        .bind(entry.action.code())
        .bind(entry.effective_on)
        .bind(entry.kind.clone())
        .bind(entry.leaf.to_vec())
        .bind(entry.document.clone())
        .execute()
        .await?;
        if let [first, second] = moves {
            tx.query(
                "INSERT INTO ledger_postings (book, sequence, place, from_account, to_account, amount)
                 VALUES ($1, $2, 0, $3, $4, $5), ($1, $2, 1, $6, $7, $8)",
            )
            .bind(self.book)
            .bind(entry.sequence)
            .bind(first.from)
            .bind(first.to)
            .bind(first.posting.amount)
            .bind(second.from)
            .bind(second.to)
            .bind(second.posting.amount)
            .execute()
            .await?;
        }
        if let Some(expires_at) = entry.expires_at {
            let amounts: Vec<i64> = moves.iter().map(|moved| moved.posting.amount).collect();
            tx.query("INSERT INTO ledger_holds (book, sequence, expires_at, remaining) VALUES ($1, $2, $3, $4)")
                .bind(self.book)
                .bind(entry.sequence)
                .bind(expires_at)
                .bind(serde_json::to_string(&amounts).expect("a list of integers is plain data"))
                .execute()
                .await?;
        }
        Ok(())
    }

    async fn update(&self, tx: &mut Tx, now: &Locked, before: &Locked) -> Result<()> {
        if (now.balance, now.held_out, now.held_in) == (before.balance, before.held_out, before.held_in) {
            return Ok(());
        }
        tx.query(
            "UPDATE ledger_accounts SET balance = $3, held_out = $4, held_in = $5 WHERE book = $1 AND account = $2",
        )
        .bind(self.book)
        .bind(now.account)
        .bind(now.balance)
        .bind(now.held_out)
        .bind(now.held_in)
        .execute()
        .await?;
        Ok(())
    }
}

impl Locked {
    fn withdraw(&mut self, amount: i64, is_hold: bool) -> Result<i64, Rejection> {
        if is_hold {
            self.held_out += amount;
        } else {
            self.balance -= amount;
        }
        let available = self.balance - self.held_out;
        match self.floor {
            Some(floor) if available < floor => {
                Err(Rejection::BelowFloor { account: self.path.clone(), needed: amount, available: available + amount })
            }
            _ => Ok(self.account),
        }
    }

    fn deposit(&mut self, amount: i64, is_hold: bool) -> Result<i64, Rejection> {
        if is_hold {
            self.held_in += amount;
        } else {
            self.balance += amount;
        }
        match self.ceiling {
            Some(ceiling) if self.balance + self.held_in > ceiling => {
                Err(Rejection::AboveCeiling { account: self.path.clone(), needed: amount, room: 0 })
            }
            _ => Ok(self.account),
        }
    }
}
