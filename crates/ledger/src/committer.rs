//! The group committer: all drafts that wait become one durable transaction.
//!
//! | step | what happens | why there |
//! |---|---|---|
//! | gather | takes what waits: at once when idle, more while a batch commits | one sync to disk serves all |
//! | repeat | ids that were answered before get the same answer | exactly once |
//! | learn | loads accounts and earlier entries that are not in memory | the judge sees no storage |
//! | judge | each draft in order, on the state that those before it left | bounds hold under any concurrency |
//! | write | everything, guarded by the version of the book's head | nobody else wrote in between |
//! | answer | every caller with its own outcome | a rejection harms no neighbour |
//! | linger | lets those who were answered call again, as long as some do | one full batch, not a small and a large one |
//! | free | gives back the last batch's memory while the next is written | nobody waits for it |
//!
//! The guard makes reading without locks safe: the version that the committer expects in the book's head is the one that it
//! left there itself, so while it is still there, nothing that was read since can have changed. When it is not there (another
//! process wrote), nothing of the batch was written; the committer then locks the head, forgets what it knew and does the
//! batch again. Ids that it does not remember are left to the unique key to refuse, which has the same effect.

mod judging;
mod recent;

use crate::book::{BookOptions, Outcome, PostError};
use crate::draft::Draft;
use crate::entry::Entry;
use crate::judge::Rejection;
use crate::projection::Projection;
use crate::state::State;
use crate::store::{self, HEAD, Head, Settled};
use crate::views::Views;
use crate::writes::Writes;
use db::{Bulk, Db, Session};
use recent::Recent;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

pub type Answer = Result<Outcome, PostError>;

/// A draft on its way, with its document as it will be stored.
pub struct Request {
    pub draft: Draft,
    pub document: String,
    pub answer: oneshot::Sender<Answer>,
}

/// Accounts kept in memory; beyond that all are forgotten and learnt again, which is simple and rare.
const ACCOUNTS_MAX: usize = 400_000;
/// After an old id came back, so many batches look their ids up before they write.
const WARY_BATCHES: u32 = 64;
/// After so many turns in which nobody came back, callers that were answered are not waited for.
const IDLE_TURNS: u32 = 4;
/// How often a batch is tried when the database fails in passing, and the first pause between.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(40);

pub struct Committer {
    db: Db,
    code: String,
    projection: Arc<dyn Projection>,
    options: BookOptions,
    requests: mpsc::Receiver<Request>,
    views: Arc<Views>,
    /// As this committer left it. `None`: not known, so the next batch locks it first.
    head: Option<Head>,
    state: State,
    recent: Recent,
    /// What the last batch is done with. Freeing it takes a while, and the database is what there is time to wait for.
    spent: Spent,
    wary: u32,
    buffer: Vec<u8>,
    pub tally: Arc<Tally>,
}

/// What was committed so far.
#[derive(Default)]
pub struct Tally {
    pub batches: AtomicU64,
    pub entries: AtomicU64,
}

/// A batch that has been judged.
#[derive(Default)]
struct Judged {
    /// To be answered once the batch is durable.
    settled: Vec<(Request, Result<Arc<Entry>, Rejection>)>,
    /// To be answered whatever happens: answers to repeated ids.
    repeated: Vec<(Request, Answer)>,
    /// For the next batch: what depends on an entry of this one.
    deferred: Vec<Request>,
    writes: Writes,
    /// The writes as they were sent.
    bulks: Vec<Bulk>,
}

/// Kept only to be freed while the next batch is written.
#[derive(Default)]
struct Spent {
    drafts: Vec<Draft>,
    forgotten: Vec<Settled>,
    written: Vec<(Writes, Vec<Bulk>)>,
}

impl Judged {
    /// The ids that are about to be answered with a rejection.
    fn rejected(&self) -> Vec<Uuid> {
        let rejected = self.settled.iter().filter(|(_, result)| result.is_err());
        rejected.map(|(request, _)| request.draft.id).collect()
    }
}

/// Why a batch was not written.
enum Failure {
    /// What was expected of the database did not hold; do it again under lock.
    Stale,
    Database(db::Error),
}

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        if error.is_unique_violation() { Failure::Stale } else { Failure::Database(error) }
    }
}

impl Committer {
    pub fn new(
        db: Db,
        code: String,
        projection: Arc<dyn Projection>,
        options: BookOptions,
        requests: mpsc::Receiver<Request>,
        views: Arc<Views>,
    ) -> Self {
        let (head, state, recent) = (None, State::default(), Recent::default());
        let (spent, wary, buffer, tally) = (Spent::default(), 0, Vec::new(), Arc::default());
        Committer { db, code, projection, options, requests, views, head, state, recent, spent, wary, buffer, tally }
    }

    /// Serves until every [`crate::Book`] handle is gone and the queue is empty.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        while self.requests.recv_many(&mut batch, self.options.batch).await > 0 {
            let together = batch.len();
            while !batch.is_empty() {
                batch = self.commit(std::mem::take(&mut batch)).await;
            }
            self.let_callers_return(together).await;
        }
    }

    /// Callers that have just been answered are about to call again. Giving them turns for as long as some come back makes
    /// one full batch of what would be a small and a large one; a lone caller is not made to wait.
    async fn let_callers_return(&self, answered: usize) {
        let mut waiting = self.requests.len();
        let all = answered + waiting;
        let mut idle_turns = 0;
        while all > 1 && waiting < all && idle_turns < IDLE_TURNS {
            tokio::task::yield_now().await;
            let now = self.requests.len();
            idle_turns = if now > waiting { 0 } else { idle_turns + 1 };
            waiting = now;
        }
    }

    /// Brings a batch to an end and answers it, except for what it hands back for the next batch.
    async fn commit(&mut self, batch: Vec<Request>) -> Vec<Request> {
        let mut batch = batch;
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let mut judged = Judged::default();
            match self.attempt(&mut batch, &mut judged).await {
                Ok(()) => return self.answer(judged),
                Err(failure) => {
                    self.head = None;
                    self.state.forget();
                    restore(&mut batch, judged);
                    let Failure::Database(error) = failure else { continue };
                    if !error.is_transient() || attempt >= TRIES {
                        return self.give_up(batch, error).await;
                    }
                    tracing::warn!(book = self.code, %error, attempt, "the batch is tried again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        batch
    }

    /// One draft that the database cannot take must not take its neighbours with it.
    async fn give_up(&mut self, mut batch: Vec<Request>, error: db::Error) -> Vec<Request> {
        if batch.len() > 1 && !error.is_transient() {
            let mut deferred = Vec::new();
            for request in batch {
                deferred.extend(Box::pin(self.commit(vec![request])).await);
            }
            return deferred;
        }
        tracing::error!(book = self.code, %error, requests = batch.len(), "the batch could not be written");
        let error = Arc::new(error);
        for request in batch.drain(..) {
            // A caller that has gone away is no reason to stop.
            let _ = request.answer.send(Err(PostError::Database(error.clone())));
        }
        batch
    }

    async fn attempt(&mut self, batch: &mut Vec<Request>, judged: &mut Judged) -> Result<(), Failure> {
        if self.state.len() > ACCOUNTS_MAX {
            self.state.forget();
        }
        match self.head.clone() {
            Some(head) => self.attempt_guarded(head, batch, judged).await,
            None => self.attempt_locked(batch, judged).await,
        }
    }

    /// Without locks, on what is known: one statement to write when everything is in memory.
    async fn attempt_guarded(
        &mut self,
        mut head: Head,
        batch: &mut Vec<Request>,
        judged: &mut Judged,
    ) -> Result<(), Failure> {
        let db = self.db.clone();
        let look_up = self.wary > 0;
        self.wary = self.wary.saturating_sub(1);
        let version = head.version;
        self.judge_all(Session::Db(&db), &mut head, batch, judged, look_up).await?;
        let rejected = judged.rejected();
        let done = if judged.writes.is_empty() {
            let old = store::settled(&mut Session::Db(&db), head.book, rejected).await?;
            old.is_empty() && (judged.settled.is_empty() || self.version(&db).await? == Some(version))
        } else {
            self.write(&head, version, judged, rejected).await?
        };
        if !done {
            self.wary = WARY_BATCHES;
            return Err(Failure::Stale);
        }
        self.keep(head, judged, version);
        Ok(())
    }

    /// `false`: the head was not where it is expected, and nothing was written.
    async fn write(
        &mut self,
        head: &Head,
        version: i64,
        judged: &mut Judged,
        rejected: Vec<Uuid>,
    ) -> Result<bool, Failure> {
        let guard = judged.writes.guard(self.db.statement(crate::writes::GUARD), head, version, rejected);
        let bulks = judged.writes.bulks(head);
        let spent = std::mem::take(&mut self.spent);
        let (written, ()) = tokio::join!(self.db.write_guarded(guard, &bulks), async { drop(spent) });
        judged.bulks = bulks;
        if written.as_ref().is_err_and(db::Error::is_unique_violation) {
            self.wary = WARY_BATCHES;
        }
        Ok(written?)
    }

    /// With the head locked: nobody else writes to this book until the batch is committed.
    async fn attempt_locked(&mut self, batch: &mut Vec<Request>, judged: &mut Judged) -> Result<(), Failure> {
        let mut tx = self.db.begin_commit().await?;
        let Some(mut head) = store::head(tx.lock(HEAD), &self.code).await? else {
            return Err(Failure::Database(store::damaged("the book's head is missing")));
        };
        let version = head.version;
        self.judge_all(Session::Tx(&mut tx), &mut head, batch, judged, true).await?;
        if !judged.writes.is_empty() {
            let statement = self.db.statement(crate::writes::GUARD);
            let guard = judged.writes.guard(statement, &head, version, judged.rejected());
            tx.run(guard).execute().await?;
            // Ids have been looked up under the lock: a key that is taken now is a fault, and trying again would not mend it.
            tx.write(&judged.writes.bulks(&head)).await.map_err(Failure::Database)?;
        }
        tx.commit().await?;
        self.keep(head, judged, version);
        Ok(())
    }

    async fn version(&self, db: &Db) -> Result<Option<i64>, Failure> {
        let row: Option<(i64,)> = db
            .query("SELECT version FROM ledger_books WHERE code = $1")
            .bind(self.code.clone())
            .fetch_optional()
            .await?;
        Ok(row.map(|(version,)| version))
    }

    /// What is durable now is what the next batch builds on.
    fn keep(&mut self, mut head: Head, judged: &Judged, version: i64) {
        if !judged.writes.is_empty() {
            head.version = version + 1;
            self.tally.batches.fetch_add(1, Ordering::Relaxed);
            self.tally.entries.fetch_add(judged.writes.entries(), Ordering::Relaxed);
        }
        self.state.earlier.clear();
        self.views.committed(&head, version, judged.writes.touched_paths(), &self.state);
        self.head = Some(head);
    }

    fn answer(&mut self, judged: Judged) -> Vec<Request> {
        for (request, answer) in judged.repeated {
            let _ = request.answer.send(answer);
        }
        let mut answered = Vec::with_capacity(judged.settled.len());
        for (Request { draft, document, answer }, result) in judged.settled {
            let _ = answer.send(Ok(Outcome { result: result.clone(), replayed: false }));
            answered.push((draft, document, result));
        }
        // The callers are at work again already. What is left here was followed by no write.
        self.spent = Spent::default();
        for (draft, document, result) in answered {
            if result.is_ok() || draft.freeze_rejection {
                let settled = Settled { kind: Cow::Borrowed(draft.kind), document, result };
                self.spent.forgotten.extend(self.recent.insert(draft.id, settled));
            }
            self.spent.drafts.push(draft);
        }
        self.spent.written.push((judged.writes, judged.bulks));
        judged.deferred
    }
}

/// Puts a batch that was not written together again.
fn restore(batch: &mut Vec<Request>, judged: Judged) {
    batch.extend(judged.settled.into_iter().map(|(request, _)| request));
    batch.extend(judged.repeated.into_iter().map(|(request, _)| request));
    batch.extend(judged.deferred);
}
