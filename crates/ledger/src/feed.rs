//! The book as other systems follow it: from any sequence on, all of it or a part.

use crate::book::Book;
use crate::entry::Entry;
use crate::store;
use db::Session;

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

impl Book {
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
