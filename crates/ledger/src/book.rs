//! The door to a book.

use crate::committer::{Answer, Committer, Request, Tally};
use crate::draft::{DOCUMENT_BYTES_MAX, Draft};
use crate::entry::Entry;
use crate::judge::{Rejection, judge};
use crate::projection::Projection;
use crate::state::State;
use crate::store::{self, HEAD, Head, Settled};
use crate::views::{self, View, ViewRequest, Views};
use crate::{Key, Lot, Micros, Unit, tree};
use chrono::NaiveDate;
use db::{Db, Session};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Tells the time, in microseconds.
pub type Clock = Arc<dyn Fn() -> Micros + Send + Sync>;

#[derive(Clone)]
pub struct BookOptions {
    /// Drafts that may wait; beyond that [`PostError::Busy`].
    pub queue: usize,
    /// Drafts that are committed together, at most.
    pub batch: usize,
    pub clock: Clock,
}

impl BookOptions {
    pub fn new(clock: Clock) -> Self {
        BookOptions { queue: 8192, batch: 1024, clock }
    }
}

/// What became of a draft. Durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub result: Result<Arc<Entry>, Rejection>,
    /// The id was answered before, and this is that answer.
    pub replayed: bool,
}

/// Why a draft has no outcome. [`PostError::Database`] alone leaves open whether it was posted: ask again with the same id.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PostError {
    #[error("the id stands for something else already: {field} differs")]
    IdTaken { field: String },
    #[error("too much is waiting to be posted")]
    Busy,
    #[error("the book is closed")]
    Closed,
    #[error("the database failed: {0}")]
    Database(Arc<db::Error>),
}

impl PostError {
    /// The same draft may be posted a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            PostError::IdTaken { .. } => false,
            PostError::Busy | PostError::Closed => true,
            PostError::Database(error) => error.is_transient(),
        }
    }
}

/// What a book has done since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Transactions.
    pub batches: u64,
    pub entries: u64,
}

/// A scheme's ledger. Cheap to clone; all clones share one committer.
#[derive(Clone)]
pub struct Book {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    code: String,
    book: i64,
    tally: Arc<Tally>,
    views: Arc<Views>,
    /// Taken away when the book is closed.
    doors: Mutex<Option<Doors>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Clone)]
struct Doors {
    posts: mpsc::Sender<Request>,
    views: mpsc::Sender<ViewRequest>,
}

impl Book {
    /// Opens the book of this code, and makes it when it is new. Must be called within a tokio runtime.
    pub async fn open(db: &Db, code: &str, projection: Arc<dyn Projection>, options: BookOptions) -> db::Result<Book> {
        let head = open_head(db, code).await?;
        let (posts, requests) = mpsc::channel(options.queue);
        let (views, view_requests) = mpsc::channel(options.queue);
        let kept = Arc::new(Views::default());
        let committer = Committer::new(db.clone(), code.to_owned(), projection, options, requests, kept.clone());
        let tally = committer.tally.clone();
        let tasks = vec![
            tokio::spawn(committer.run()),
            tokio::spawn(views::serve(db.clone(), code.to_owned(), kept.clone(), view_requests)),
        ];
        let inner = Inner {
            db: db.clone(),
            code: code.to_owned(),
            book: head.book,
            views: kept,
            tally,
            doors: Mutex::new(Some(Doors { posts, views })),
            tasks: Mutex::new(tasks),
        };
        Ok(Book { inner: Arc::new(inner) })
    }

    pub fn code(&self) -> &str {
        &self.inner.code
    }

    /// The number under which its rows are stored.
    pub fn number(&self) -> i64 {
        self.inner.book
    }

    /// How well posting together works: entries in each batch, on average.
    pub fn counters(&self) -> Counters {
        let tally = &self.inner.tally;
        Counters { batches: tally.batches.load(Ordering::Relaxed), entries: tally.entries.load(Ordering::Relaxed) }
    }

    /// Posts a draft, or says why not. When it answers, the answer is on disk.
    pub async fn post(&self, draft: Draft) -> Answer {
        let document = serde_json::to_string(&draft.document).expect("a JSON object is always JSON");
        if document.len() > DOCUMENT_BYTES_MAX {
            let rejection = Rejection::Malformed { reason: "the document is too long".to_owned() };
            return Ok(Outcome { result: Err(rejection), replayed: false });
        }
        let (answer, outcome) = oneshot::channel();
        let doors = self.doors().ok_or(PostError::Closed)?;
        doors.posts.try_send(Request { draft, document, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PostError::Busy,
            mpsc::error::TrySendError::Closed(_) => PostError::Closed,
        })?;
        drop(doors);
        outcome.await.map_err(|_| PostError::Closed)?
    }

    /// The accounts of each path as they stand after the newest entry, as far as this process knows: what it wrote itself is in
    /// it, what another wrote within the last few milliseconds may not be.
    pub async fn standings(&self, paths: &[Arc<str>]) -> Result<View, PostError> {
        let fresh = self.inner.views.fresh(paths);
        if let Some((view, false)) = fresh {
            return Ok(view);
        }
        let (answer, later) = oneshot::channel();
        let doors = self.doors().ok_or(PostError::Closed)?;
        if let Some((view, _)) = fresh {
            // A look for those who come next. Where there is no room for it, one is being taken anyway.
            let _ = doors.views.try_send(ViewRequest { paths: Vec::new(), answer });
            return Ok(view);
        }
        let request = ViewRequest { paths: paths.to_vec(), answer };
        doors.views.send(request).await.map_err(|_| PostError::Closed)?;
        drop(doors);
        later.await.map_err(|_| PostError::Closed)?.map_err(PostError::Database)
    }

    /// What would become of each draft if it alone were posted at `at`: nothing is posted, and no id is looked at. Answers with
    /// the newest entry that it is judged by. Only for drafts that refer to no earlier entry.
    pub async fn try_out(&self, drafts: &[Draft], at: Micros) -> Result<(i64, Vec<Result<(), Rejection>>), PostError> {
        let mut paths: Vec<Arc<str>> = drafts.iter().flat_map(Draft::paths).cloned().collect();
        paths.sort();
        paths.dedup();
        let view = self.standings(&paths).await?;
        let mut state = State::default();
        for (path, standings) in paths.into_iter().zip(view.lots) {
            state.learn(path, standings);
        }
        Ok((view.size, drafts.iter().map(|draft| judge(draft, &state, at).map(drop)).collect()))
    }

    /// Entries in order, those after sequence `after`, at most `limit`.
    pub async fn entries(&self, after: i64, limit: i64) -> db::Result<Vec<Entry>> {
        let mut tx = self.inner.db.begin_read().await?;
        store::entries_after(&mut Session::Tx(&mut tx), self.inner.book, after, limit).await
    }

    /// The newest entries on a party's statement before sequence `before`, newest first.
    pub async fn entries_of(&self, tx: &mut db::Tx, party: Uuid, before: i64, limit: i64) -> db::Result<Vec<Entry>> {
        store::entries_of_party(&mut Session::Tx(tx), self.inner.book, party, before, limit).await
    }

    /// The entries on the statements of many parties that were recorded at `since` or later, before sequence `before`, newest
    /// first. Some three statements, however many they are.
    pub async fn entries_of_many(
        &self,
        tx: &mut db::Tx,
        parties: Vec<Uuid>,
        since: Micros,
        before: i64,
    ) -> db::Result<Vec<Entry>> {
        store::entries_of_parties(&mut Session::Tx(tx), self.inner.book, parties, since, before).await
    }

    /// On whose statements the entries after sequence `after` up to `until` stand.
    pub async fn parties(&self, tx: &mut db::Tx, after: i64, until: i64) -> db::Result<Vec<Uuid>> {
        store::parties(&mut Session::Tx(tx), self.inner.book, after, until).await
    }

    /// The paths of all accounts that the entries of a party moved or held anything on, those without bounds left out.
    pub async fn paths_of_party(&self, tx: &mut db::Tx, party: Uuid) -> db::Result<Vec<Arc<str>>> {
        let rows: Vec<(String,)> = tx
            .query(
                "SELECT a.path FROM ledger_entries AS e
                 JOIN ledger_postings AS p ON p.book = e.book AND p.sequence = e.sequence
                 JOIN ledger_accounts AS a ON a.book = p.book AND a.account = p.from_account
                 WHERE e.book = $1 AND e.party = $2 AND NOT a.system
                 UNION
                 SELECT a.path FROM ledger_entries AS e
                 JOIN ledger_postings AS p ON p.book = e.book AND p.sequence = e.sequence
                 JOIN ledger_accounts AS a ON a.book = p.book AND a.account = p.to_account
                 WHERE e.book = $1 AND e.party = $2 AND NOT a.system",
            )
            .bind(self.inner.book)
            .bind(party)
            .fetch_all()
            .await?;
        Ok(rows.into_iter().map(|(path,)| path.into()).collect())
    }

    pub async fn entry(&self, id: Uuid) -> db::Result<Option<Entry>> {
        let mut tx = self.inner.db.begin_read().await?;
        let mut entries = store::entries_with_ids(&mut Session::Tx(&mut tx), self.inner.book, vec![id]).await?;
        Ok(entries.pop())
    }

    /// The final answer to an id, if it has one.
    pub async fn settled(&self, id: Uuid) -> db::Result<Option<Settled>> {
        let mut tx = self.inner.db.begin_read().await?;
        Ok(store::settled(&mut Session::Tx(&mut tx), self.inner.book, vec![id]).await?.remove(&id))
    }

    /// The ids of holds that expired at or before `at`, oldest first, at most `limit`.
    pub async fn expired_holds(&self, at: Micros, limit: i64) -> db::Result<Vec<Uuid>> {
        let rows: Vec<(Uuid,)> = (self.inner.db)
            .query(
                "SELECT e.id FROM ledger_holds AS h
                 JOIN ledger_entries AS e ON e.book = h.book AND e.sequence = h.sequence
                 WHERE h.book = $1 AND h.expires_at <= $2 ORDER BY h.expires_at, h.sequence LIMIT $3",
            )
            .bind(self.inner.book)
            .bind(at)
            .bind(limit)
            .fetch_all()
            .await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Accounts whose last day is before `day`, and what can be taken from each, at most `limit`.
    pub async fn lots_before(&self, unit: Unit, day: NaiveDate, limit: i64) -> db::Result<Vec<(Key, i64)>> {
        let rows: Vec<(String, i64, i64)> = (self.inner.db)
            .query(
                "SELECT path, lot, balance - held_out FROM ledger_accounts
                 WHERE book = $1 AND lot > 0 AND lot < $2 AND unit = $3 AND balance > held_out ORDER BY lot LIMIT $4",
            )
            .bind(self.inner.book)
            .bind(Lot::until(day).code())
            .bind(unit.code())
            .bind(limit)
            .fetch_all()
            .await?;
        Ok(rows.into_iter().map(|(path, lot, left)| (Key::in_lot(path, Lot::from_code(lot)), left)).collect())
    }

    /// What all accounts have together whose paths begin with `prefix`.
    pub async fn total_below(&self, prefix: &str) -> db::Result<i64> {
        // The character after `/` ends the range of paths below a prefix that ends with it.
        let end = format!("{}0", prefix.trim_end_matches('/'));
        let (sum,): (i64,) = (self.inner.db)
            .query(
                "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM ledger_accounts
                 WHERE book = $1 AND path >= $2 AND path < $3",
            )
            .bind(self.inner.book)
            .bind(prefix.to_owned())
            .bind(end)
            .fetch_one()
            .await?;
        Ok(sum)
    }

    /// What all accounts of `unit` have together whose paths begin with `prefix` and look like `pattern` (as SQL `LIKE`),
    /// lot by lot: the lot, balances, open holds.
    pub async fn totals_by_lot(
        &self,
        tx: &mut db::Tx,
        unit: Unit,
        prefix: &str,
        pattern: &str,
    ) -> db::Result<Vec<(Lot, i64, i64)>> {
        let end = format!("{}0", prefix.trim_end_matches('/'));
        let rows: Vec<(i64, i64, i64)> = tx
            .query(
                "SELECT lot, CAST(SUM(balance) AS BIGINT), CAST(SUM(held_out) AS BIGINT) FROM ledger_accounts
                 WHERE book = $1 AND unit = $2 AND path >= $3 AND path < $4 AND path LIKE $5 GROUP BY lot ORDER BY lot",
            )
            .bind(self.inner.book)
            .bind(unit.code())
            .bind(prefix.to_owned())
            .bind(end)
            .bind(pattern.to_owned())
            .fetch_all()
            .await?;
        Ok(rows.into_iter().map(|(lot, balance, held)| (Lot::from_code(lot), balance, held)).collect())
    }

    /// How many entries the book has.
    pub async fn size(&self, tx: &mut db::Tx) -> db::Result<i64> {
        Ok(self.head(&mut Session::Tx(tx)).await?.size)
    }

    /// How many entries the book has, and the root over them: what a paper states, so that it can be proved later.
    pub async fn size_and_root(&self, tx: &mut db::Tx) -> db::Result<(i64, tree::Hash)> {
        let head = self.head(&mut Session::Tx(tx)).await?;
        Ok((head.size, head.frontier.root()))
    }

    /// The balance of a system account: the sum of its postings.
    pub async fn system_balance(&self, path: &str) -> db::Result<i64> {
        let (sum,): (i64,) = (self.inner.db)
            .query(
                "SELECT CAST(COALESCE(SUM(CASE WHEN p.to_account = a.account THEN p.amount ELSE -p.amount END), 0) AS BIGINT)
                 FROM ledger_accounts AS a
                 JOIN ledger_entries AS e ON e.book = a.book AND e.action <> 2
                 JOIN ledger_postings AS p ON p.book = e.book AND p.sequence = e.sequence
                      AND (p.to_account = a.account OR p.from_account = a.account)
                 WHERE a.book = $1 AND a.path = $2 AND a.lot = 0",
            )
            .bind(self.inner.book)
            .bind(path.to_owned())
            .fetch_one()
            .await?;
        Ok(sum)
    }

    /// Takes no more drafts, brings those it has taken to an end, and returns when they are answered.
    pub async fn close(&self) {
        drop(self.inner.doors.lock().unwrap_or_else(PoisonError::into_inner).take());
        let tasks = std::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(book = self.inner.code, %error, "a task of the book failed");
            }
        }
    }

    pub(crate) async fn head(&self, session: &mut Session<'_>) -> db::Result<Head> {
        let head = store::head(session.query(HEAD), &self.inner.code).await?;
        head.ok_or_else(|| store::damaged("the book's head is missing"))
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    fn doors(&self) -> Option<Doors> {
        self.inner.doors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The book's head, made when the book is new.
async fn open_head(db: &Db, code: &str) -> db::Result<Head> {
    if let Some(head) = store::head(db.query(HEAD), code).await? {
        return Ok(head);
    }
    let mut tx = db.begin_write().await?;
    tx.query(
        "INSERT INTO ledger_books (book, code, version, size, accounts, recorded_at, root, frontier)
         SELECT COALESCE(MAX(book), 0) + 1, $1, 0, 0, 0, 0, $2, $3 FROM ledger_books WHERE true
         ON CONFLICT DO NOTHING",
    )
    .bind(code.to_owned())
    .bind(tree::empty_root().to_vec())
    .bind(Vec::<u8>::new())
    .execute()
    .await?;
    tx.commit().await?;
    let head = store::head(db.query(HEAD), code).await?;
    head.ok_or_else(|| store::damaged("the book could not be made; try again"))
}
