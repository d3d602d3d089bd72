//! The boards that are in memory, and how they keep up with the tables.

use super::board::{Board, Line, Sums};
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use db::{Many, Tx};
use moka::sync::Cache;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::sync::Mutex;
use uuid::Uuid;

/// How many volunteers are read at a time.
const PAGE: i64 = 20_000;
/// Beyond so many entries it is quicker to read all of a period anew.
const ENTRIES_BEHIND: i64 = 100_000;
/// After so long it is looked up who was moved to another unit. What is posted shows at once.
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
    fn number(self) -> i64 {
        match self {
            Period::Year(year) => year.into(),
            Period::Month(year, month) => i64::from(year) * 100 + i64::from(month),
        }
    }

    /// Its first and its last month, as 202601 and 202612.
    pub(super) fn months(self) -> (i64, i64) {
        match self {
            Period::Year(year) => (i64::from(year) * 100 + 1, i64::from(year) * 100 + 12),
            Period::Month(..) => (self.number(), self.number()),
        }
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
    let mut tx = scheme.db.begin_read().await?;
    let newest = Seen { as_of: scheme.book.size(&mut tx).await?, looked_at: micros(now) };
    let is_enough = |seen: Option<Seen>| seen.is_some_and(|seen| seen.is_enough(newest));
    if !is_enough(read(&kept.current).seen) {
        let _renewal = kept.renewal.lock().await;
        // Somebody else may have done it meanwhile.
        let seen = read(&kept.current).seen;
        if !is_enough(seen) {
            renew(&mut tx, scheme, &kept, period, seen, newest).await?;
        }
    }
    tx.rollback().await?;
    let as_of = read(&kept.current).seen.map_or(newest.as_of, |seen| seen.as_of);
    Ok(Looked { kept, as_of })
}

async fn renew(
    tx: &mut Tx,
    scheme: &OpenScheme,
    kept: &Kept,
    period: Period,
    seen: Option<Seen>,
    newest: Seen,
) -> db::Result<()> {
    if seen.is_some_and(|seen| seen.as_of > newest.as_of) {
        // Another look began later and was quicker: what it saw is not undone.
        return Ok(());
    }
    let behind = seen.filter(|seen| newest.as_of - seen.as_of <= ENTRIES_BEHIND);
    let changed = match behind {
        Some(seen) => {
            let ids = touched(tx, scheme, seen, newest).await?;
            lines_of(tx, scheme, period, ids).await?
        }
        None => all_lines(tx, scheme, period).await?,
    };
    let mut current = kept.current.write().unwrap_or_else(PoisonError::into_inner);
    if behind.is_none() {
        current.board = Board::default();
    }
    current.board.update(changed);
    current.seen = Some(newest);
    Ok(())
}

/// Whose totals or details may have changed between the two looks.
async fn touched(tx: &mut Tx, scheme: &OpenScheme, seen: Seen, newest: Seen) -> db::Result<Vec<Uuid>> {
    let mut touched = scheme.book.parties(tx, seen.as_of, newest.as_of).await?;
    let changed: Vec<(Uuid,)> = tx
        .query("SELECT id FROM volunteers WHERE book = $1 AND updated_at >= $2")
        .bind(scheme.book.number())
        .bind(seen.looked_at.saturating_sub(OVERLAP_MICROS))
        .fetch_all()
        .await?;
    touched.extend(changed.into_iter().map(|(id,)| id));
    touched.sort_unstable();
    touched.dedup();
    Ok(touched)
}

type LineRow = (Uuid, String, Option<String>, Option<String>, i64, i64, i64);

fn line((id, number, unit, home_unit, minutes, points, services): LineRow) -> Line {
    Line { id, number: number.into(), unit, home_unit, sums: Sums { minutes, points, services } }
}

async fn lines_of(tx: &mut Tx, scheme: &OpenScheme, period: Period, ids: Vec<Uuid>) -> db::Result<Vec<Line>> {
    let sql = match period {
        Period::Year(_) => {
            "SELECT v.id, v.number, v.unit, v.home_unit, COALESCE(t.minutes, 0), COALESCE(t.points, 0), COALESCE(t.services, 0)
             FROM many($3) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value
             LEFT JOIN year_totals AS t ON t.book = v.book AND t.year = $2 AND t.volunteer_id = v.id"
        }
        Period::Month(..) => {
            "SELECT v.id, v.number, v.unit, v.home_unit, COALESCE(t.minutes, 0), COALESCE(t.points, 0), COALESCE(t.services, 0)
             FROM many($3) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value
             LEFT JOIN month_totals AS t ON t.book = v.book AND t.month = $2 AND t.volunteer_id = v.id"
        }
    };
    let rows: Vec<LineRow> =
        tx.query(sql).bind(scheme.book.number()).bind(period.number()).bind_many(Many::Uuid(ids)).fetch_all().await?;
    Ok(rows.into_iter().map(line).collect())
}

/// All who served in the period.
async fn all_lines(tx: &mut Tx, scheme: &OpenScheme, period: Period) -> db::Result<Vec<Line>> {
    let sql = match period {
        Period::Year(_) => {
            "SELECT v.id, v.number, v.unit, v.home_unit, t.minutes, t.points, t.services
             FROM year_totals AS t JOIN volunteers AS v ON v.book = t.book AND v.id = t.volunteer_id
             WHERE t.book = $1 AND t.year = $2 AND t.volunteer_id > $3 AND t.services > 0
             ORDER BY t.volunteer_id LIMIT $4"
        }
        Period::Month(..) => {
            "SELECT v.id, v.number, v.unit, v.home_unit, t.minutes, t.points, t.services
             FROM month_totals AS t JOIN volunteers AS v ON v.book = t.book AND v.id = t.volunteer_id
             WHERE t.book = $1 AND t.month = $2 AND t.volunteer_id > $3 AND t.services > 0
             ORDER BY t.volunteer_id LIMIT $4"
        }
    };
    let mut lines: Vec<Line> = Vec::new();
    loop {
        let after = lines.last().map_or(Uuid::nil(), |last| last.id);
        let rows: Vec<LineRow> =
            tx.query(sql).bind(scheme.book.number()).bind(period.number()).bind(after).bind(PAGE).fetch_all().await?;
        let is_last = rows.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        lines.extend(rows.into_iter().map(line));
        if is_last {
            return Ok(lines);
        }
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
