//! Volunteers who are asked for at the same time are read by one statement: on the morning of an exchange day hundreds come at
//! once, each for the first time.

use super::Volunteer;
use super::row::{VolunteerRow, select_volunteers};
use db::{Db, Many};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, oneshot};
use uuid::Uuid;

type Found = Option<Arc<Volunteer>>;

/// Who waits for the next statement.
pub(crate) struct Together {
    waiting: Mutex<Vec<(Uuid, oneshot::Sender<Found>)>>,
    /// While as many statements run, others gather for the next.
    turns: Semaphore,
}

impl Default for Together {
    fn default() -> Self {
        Together { waiting: Mutex::default(), turns: Semaphore::new(2) }
    }
}

impl Together {
    /// The volunteer as of a moment after the call; `None` for whom nobody knows.
    pub(crate) async fn read(self: &Arc<Self>, db: &Db, book: i64, id: Uuid) -> db::Result<Found> {
        let (answer, answered) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push((id, answer));
            waiting.len() == 1
        };
        if is_first {
            // Not in the caller's own task: whoever comes first may go away, and the others still wait.
            tokio::spawn(answer_all(self.clone(), db.clone(), book));
        }
        match answered.await {
            Ok(found) => Ok(found),
            // What went wrong for all is found out, and told, by each alone.
            Err(_) => Ok(rows(db, book, vec![id]).await?.into_iter().next().map(|row| Arc::new(row.volunteer()))),
        }
    }
}

async fn answer_all(together: Arc<Together>, db: Db, book: i64) {
    let Ok(_turn) = together.turns.acquire().await else { return };
    let group = std::mem::take(&mut *together.waiting.lock().unwrap_or_else(PoisonError::into_inner));
    let ids = group.iter().map(|(id, _)| *id).collect();
    let Ok(rows) = rows(&db, book, ids).await else { return };
    let known: HashMap<Uuid, Arc<Volunteer>> =
        rows.into_iter().map(|row| (row.id, Arc::new(row.volunteer()))).collect();
    for (id, answer) in group {
        // Whoever does not wait any more needs no answer.
        let _ = answer.send(known.get(&id).cloned());
    }
}

async fn rows(db: &Db, book: i64, ids: Vec<Uuid>) -> db::Result<Vec<VolunteerRow>> {
    db.query(select_volunteers!("JOIN many($2) AS m ON v.id = m.value WHERE v.book = $1"))
        .bind(book)
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await
}
