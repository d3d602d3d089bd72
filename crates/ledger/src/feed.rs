//! The book as other systems follow it: from any sequence on, all of it or a part.

use crate::book::Book;
use crate::entry::Entry;
use crate::store;
use chrono::NaiveDate;
use db::{Many, Session};
use uuid::Uuid;

pub use crate::store::Wanted;

/// Entries that are looked at for one page of some kinds, at most: so that a page costs the same wherever it begins.
const LOOKED_AT_MAX: i64 = 20_000;

/// A page of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// In order.
    pub entries: Vec<Entry>,
    /// Up to here all that is wanted is in this page or before it. Never less than where the page began, unless the book is
    /// shorter than that.
    pub last: i64,
    /// Entries in the book.
    pub size: i64,
}

/// An entry without its postings.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Told {
    pub sequence: i64,
    pub id: Uuid,
    pub kind: String,
    pub party: Option<Uuid>,
    pub document_id: Option<Uuid>,
    pub effective_on: NaiveDate,
    /// JSON, as hashed.
    pub document: String,
}

impl Book {
    /// What the entries of these kinds tell, of those after sequence `after` up to `upto`, in order, at most `limit`.
    pub async fn told(
        &self,
        tx: &mut db::Tx,
        kinds: &[&str],
        (after, upto): (i64, i64),
        limit: i64,
    ) -> db::Result<Vec<Told>> {
        tx.query(
            "SELECT e.sequence, e.id, e.kind, e.party, e.document_id, e.effective_on, e.document FROM ledger_entries AS e
             WHERE e.book = $1 AND e.sequence > $2 AND e.sequence <= $3
               AND e.kind IN (SELECT m.value FROM many($5) AS m) ORDER BY e.sequence LIMIT $4",
        )
        .bind(self.number())
        .bind(after)
        .bind(upto)
        .bind(limit)
        .bind_many(Many::Text(kinds.iter().map(|kind| (*kind).to_owned()).collect()))
        .fetch_all()
        .await
    }

    /// What the entries of one kind tell that are on the statements of these parties, up to sequence `upto`, in order.
    pub async fn told_of(&self, tx: &mut db::Tx, kind: &str, parties: Vec<Uuid>, upto: i64) -> db::Result<Vec<Told>> {
        tx.query(
            "SELECT e.sequence, e.id, e.kind, e.party, e.document_id, e.effective_on, e.document
             FROM many($4) AS m JOIN ledger_entries AS e ON e.book = $1 AND e.party = m.value
             WHERE e.sequence <= $2 AND e.kind = $3 ORDER BY e.sequence",
        )
        .bind(self.number())
        .bind(upto)
        .bind(kind.to_owned())
        .bind_many(Many::Uuid(parties))
        .fetch_all()
        .await
    }

    /// The entries with these ids, as far as there are any.
    pub async fn entries_with_ids(&self, tx: &mut db::Tx, ids: Vec<Uuid>) -> db::Result<Vec<Entry>> {
        store::entries_with_ids(&mut Session::Tx(tx), self.number(), ids).await
    }

    /// The first wanted entries after sequence `after`, at most `limit`.
    pub async fn feed(&self, wanted: &Wanted, after: i64, limit: i64) -> db::Result<Page> {
        let mut tx = self.db().begin_read().await?;
        let size = self.size(&mut tx).await?;
        let upto = match (&wanted.kinds, wanted.party) {
            (Some(_), None) => size.min(after.saturating_add(LOOKED_AT_MAX)),
            _ => size,
        };
        let range = (after, upto);
        let entries = store::entries_wanted(&mut Session::Tx(&mut tx), self.number(), wanted, range, limit).await?;
        let is_full = i64::try_from(entries.len()).unwrap_or(i64::MAX) >= limit;
        let last = entries.last().filter(|_| is_full).map_or(upto, |entry| entry.sequence);
        Ok(Page { entries, last, size })
    }
}
