//! The boards that are in memory, and how they keep up with the tables.

use super::board::Board;
use super::lines;
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Months, NaiveDate, Utc};
use db::Tx;
use moka::sync::Cache;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Beyond so many entries it is quicker to read all of a period anew.
const ENTRIES_BEHIND: i64 = 100_000;
/// After so long it is looked up who was moved to another unit or rated. What is posted shows at once.
const MOVED_MICROS: i64 = 2_000_000;
/// Whoever was changed so long before the last look is looked at again: clocks of several servers differ, and what was
/// written first may be seen last.
const OVERLAP_MICROS: i64 = 10_000_000;

/// What a ranking is of. The day of service decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    Year(i32),
    /// Year and month, 1 to 12.
    Month(i32, u32),
}

impl Period {
    /// 2026, or 202611.
    pub(crate) fn number(self) -> i64 {
        match self {
            Period::Year(year) => year.into(),
            Period::Month(year, month) => i64::from(year) * 100 + i64::from(month),
        }
    }

    /// Its first and its last month, as 202601 and 202612.
    pub(crate) fn months(self) -> (i64, i64) {
        match self {
            Period::Year(year) => (i64::from(year) * 100 + 1, i64::from(year) * 100 + 12),
            Period::Month(..) => (self.number(), self.number()),
        }
    }

    pub fn first_day(self) -> NaiveDate {
        let (year, month) = match self {
            Period::Year(year) => (year, 1),
            Period::Month(year, month) => (year, month),
        };
        NaiveDate::from_ymd_opt(year, month, 1).unwrap_or_default()
    }

    pub fn last_day(self) -> NaiveDate {
        let months = if matches!(self, Period::Year(_)) { 12 } else { 1 };
        let next = self.first_day().checked_add_months(Months::new(months));
        next.and_then(|next| next.pred_opt()).unwrap_or_default()
    }

    /// The day whose units count: the last of the period, or today while it lasts.
    pub fn counting_day(self, today: NaiveDate) -> NaiveDate {
        self.last_day().min(today)
    }
}

/// The boards of a scheme: those that were asked for lately.
pub struct Boards(Cache<Period, Arc<Kept>>);

impl Default for Boards {
    fn default() -> Self {
        Boards(Cache::builder().max_capacity(8).time_to_idle(Duration::from_secs(15 * 60)).build())
    }
}

#[derive(Default)]
struct Kept {
    current: RwLock<Current>,
    /// Held by whoever brings it up to date, so that others do not do the same.
    renewal: Mutex<()>,
}

/// A board, and what it is made of.
#[derive(Default)]
pub struct Current {
    board: Board,
    seen: Option<Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    /// The newest entry.
    as_of: i64,
    /// When that was, in microseconds.
    looked_at: i64,
}

impl Seen {
    /// Whether there can be nothing that `newest` would see besides.
    fn is_enough(self, newest: Seen) -> bool {
        let age = newest.looked_at.saturating_sub(self.looked_at);
        self.as_of >= newest.as_of && (-MOVED_MICROS..MOVED_MICROS).contains(&age)
    }
}

/// A board that nobody changes as long as it is looked at.
pub struct Looked {
    kept: Arc<Kept>,
    /// The newest entry that is part of it, at least.
    pub as_of: i64,
}

impl Looked {
    pub fn board(&self) -> impl Deref<Target = Current> {
        read(&self.kept.current)
    }
}

impl Deref for Current {
    type Target = Board;

    fn deref(&self) -> &Board {
        &self.board
    }
}

/// The board of a period, as of the newest entry.
pub async fn look(scheme: &OpenScheme, period: Period, now: DateTime<Utc>) -> db::Result<Looked> {
    let kept = scheme.boards.0.get_with(period, Arc::default);
    let config = scheme.config();
    let (least, on) = (i64::from(config.rankings.least_ratings), period.counting_day(config.day_of(now)));
    let newest = Seen { as_of: newest_entry(scheme).await?, looked_at: micros(now) };
    // A board made by another configuration is none.
    let seen = || Some(read(&kept.current)).filter(|current| current.least_ratings() == least)?.seen;
    let is_enough = |seen: Option<Seen>| seen.is_some_and(|seen| seen.is_enough(newest));
    if !is_enough(seen()) {
        // Nobody holds a connection while waiting here: a board may take seconds at first.
        let _renewal = kept.renewal.lock().await;
        // Somebody else may have done it meanwhile.
        let seen = seen();
        if !is_enough(seen) {
            let mut tx = scheme.db.begin_read().await?;
            let newest = Seen { as_of: scheme.book.size(&mut tx).await?, ..newest };
            let renewal = Renewal { scheme, period, on, least, newest };
            renewal.run(&mut tx, &kept, seen).await?;
            tx.rollback().await?;
        }
    }
    let as_of = read(&kept.current).seen.map_or(newest.as_of, |seen| seen.as_of);
    Ok(Looked { kept, as_of })
}

async fn newest_entry(scheme: &OpenScheme) -> db::Result<i64> {
    let mut tx = scheme.db.begin_read().await?;
    let size = scheme.book.size(&mut tx).await?;
    tx.rollback().await?;
    Ok(size)
}

/// What a board is brought up to.
struct Renewal<'s> {
    scheme: &'s OpenScheme,
    period: Period,
    /// The day whose units count.
    on: NaiveDate,
    least: i64,
    newest: Seen,
}

impl Renewal<'_> {
    async fn run(&self, tx: &mut Tx, kept: &Kept, seen: Option<Seen>) -> db::Result<()> {
        let Renewal { scheme, period, on, least, newest } = *self;
        if seen.is_some_and(|seen| seen.as_of > newest.as_of) {
            // Another look began later and was quicker: what it saw is not undone.
            return Ok(());
        }
        let write = || kept.current.write().unwrap_or_else(PoisonError::into_inner);
        match seen.filter(|seen| newest.as_of - seen.as_of <= ENTRIES_BEHIND) {
            Some(seen) => {
                let ids = self.touched(tx, seen).await?;
                let changed = lines::of(tx, scheme, period, on, ids).await?;
                let mut current = write();
                current.board.update(changed);
                current.seen = Some(newest);
            }
            None => {
                let lines = lines::all(tx, scheme, period, on).await?;
                // A city's takes a second: nobody who asks meanwhile, whatever it is, waits for it.
                let board = tokio::task::spawn_blocking(move || Board::made_of(lines, least)).await;
                let board = board.map_err(|error| db::Error::Damaged(error.to_string()))?;
                *write() = Current { board, seen: Some(newest) };
            }
        }
        Ok(())
    }

    /// Whose totals, details or ratings may have changed between the two looks.
    async fn touched(&self, tx: &mut Tx, seen: Seen) -> db::Result<Vec<Uuid>> {
        let mut touched = self.scheme.book.parties(tx, seen.as_of, self.newest.as_of).await?;
        let changed: Vec<(Uuid,)> = tx
            .query(
                "SELECT id FROM volunteers WHERE book = $1 AND updated_at >= $2
                 UNION ALL SELECT volunteer_id FROM ratings WHERE book = $1 AND changed_at >= $2",
            )
            .bind(self.scheme.book.number())
            .bind(seen.looked_at.saturating_sub(OVERLAP_MICROS))
            .fetch_all()
            .await?;
        touched.extend(changed.into_iter().map(|(id,)| id));
        touched.sort_unstable();
        touched.dedup();
        Ok(touched)
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
