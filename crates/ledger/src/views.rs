//! Balances for readers, without a query for each.
//!
//! Readers that ask at the same moment share one look at the book's head. When it is where the committer left it, what is
//! kept here is exact, and all of them are answered from memory; when not, from the database. A look is good for a few
//! milliseconds, so a reader may see a little late what another process wrote; what this process wrote it sees at once. Nothing
//! is decided on a view: the judge decides on the book.

use crate::state::{Standing, State};
use crate::store::{self, HEAD, Head};
use db::{Db, Session};
use foldhash::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Accounts as they stood at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The newest entry that is part of it.
    pub size: i64,
    /// For each path asked for, its accounts, soonest lot first.
    pub lots: Vec<Vec<Standing>>,
}

pub type ViewAnswer = Result<View, Arc<db::Error>>;

pub struct ViewRequest {
    pub paths: Vec<Arc<str>>,
    pub answer: oneshot::Sender<ViewAnswer>,
}

/// Paths kept in memory; beyond that all are forgotten.
const PATHS_MAX: usize = 200_000;
/// For how long a look at the book's head is good.
const FRESH: Duration = Duration::from_millis(5);
/// From this age on, the first reader has the next look taken, so that nobody waits for it.
const RIPE: Duration = Duration::from_millis(2);
/// Readers answered together, at most.
const TOGETHER_MAX: usize = 1024;

/// What readers have asked for, kept up to date by the committer.
#[derive(Default)]
pub struct Views(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    version: i64,
    /// When the database was last known to be at this version.
    seen: Option<Instant>,
    /// The look after which the next one was asked for.
    renewed: Option<Instant>,
    size: i64,
    paths: HashMap<Arc<str>, Vec<Standing>>,
}

impl Kept {
    fn view(&self, paths: &[Arc<str>]) -> Option<View> {
        let lots = paths.iter().map(|path| self.paths.get(path).cloned()).collect::<Option<_>>()?;
        Some(View { size: self.size, lots })
    }
}

impl Views {
    /// Takes over what a batch changed, which led from `version` to that of `head`.
    pub fn committed<'p>(&self, head: &Head, version: i64, touched: impl Iterator<Item = &'p Arc<str>>, state: &State) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version {
            kept.paths.clear();
        }
        (kept.version, kept.size, kept.seen) = (head.version, head.size, Some(Instant::now()));
        for path in touched {
            if let Some(lots) = kept.paths.get_mut(path) {
                state.lots(path).clone_into(lots);
            }
        }
    }

    /// The view of `paths` if all are kept, and the database was at their version a moment ago; and whether the caller
    /// is to ask for the next look.
    pub fn fresh(&self, paths: &[Arc<str>]) -> Option<(View, bool)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = kept.seen?.elapsed();
        if age >= FRESH {
            return None;
        }
        let view = kept.view(paths)?;
        let is_due = age >= RIPE && kept.renewed != kept.seen;
        if is_due {
            kept.renewed = kept.seen;
        }
        Some((view, is_due))
    }

    /// The view of `paths` if all are kept, and as of this version, which the database was seen to have at `seen`.
    fn at(&self, version: i64, seen: Instant, paths: &[Arc<str>]) -> Option<View> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version {
            return None;
        }
        kept.seen = kept.seen.max(Some(seen));
        kept.view(paths)
    }

    fn keep(&self, head: &Head, loaded: &HashMap<Arc<str>, Vec<Standing>>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version > head.version {
            return;
        }
        if kept.version != head.version || kept.paths.len() > PATHS_MAX {
            kept.paths.clear();
            (kept.version, kept.size) = (head.version, head.size);
        }
        kept.paths.extend(loaded.iter().map(|(path, lots)| (path.clone(), lots.clone())));
    }
}

/// Answers readers until every handle of the book is gone.
pub async fn serve(db: Db, code: String, views: Arc<Views>, mut requests: mpsc::Receiver<ViewRequest>) {
    let mut together = Vec::new();
    while requests.recv_many(&mut together, TOGETHER_MAX).await > 0 {
        if let Err(error) = answer(&db, &code, &views, &mut together).await {
            let error = Arc::new(error);
            for request in together.drain(..) {
                let _ = request.answer.send(Err(error.clone()));
            }
        }
    }
}

async fn answer(db: &Db, code: &str, views: &Views, together: &mut Vec<ViewRequest>) -> db::Result<()> {
    // Before the look, not after it: the version may change while the answer is on its way.
    let seen = Instant::now();
    let row: Option<(i64,)> =
        db.query("SELECT version FROM ledger_books WHERE code = $1").bind(code.to_owned()).fetch_optional().await?;
    let version = row.ok_or_else(|| store::damaged("the book's head is missing"))?.0;
    let mut missing = Vec::new();
    for request in together.drain(..) {
        match views.at(version, seen, &request.paths) {
            Some(view) => drop(request.answer.send(Ok(view))),
            None => missing.push(request),
        }
    }
    *together = missing;
    if together.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin_read().await?;
    let head = store::head(tx.query(HEAD), code).await?.ok_or_else(|| store::damaged("the book's head is missing"))?;
    let paths: Vec<Arc<str>> = together.iter().flat_map(|request| request.paths.iter().cloned()).collect();
    let loaded = store::accounts(&mut Session::Tx(&mut tx), head.book, &paths).await?;
    tx.rollback().await?;
    views.keep(&head, &loaded);
    for request in together.drain(..) {
        let lots = request.paths.iter().map(|path| loaded.get(path).cloned().unwrap_or_default()).collect();
        let _ = request.answer.send(Ok(View { size: head.size, lots }));
    }
    Ok(())
}
