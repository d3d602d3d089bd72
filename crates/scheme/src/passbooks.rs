//! The passbook: a volunteer's statement of some days, oldest line first, with what stood before and after.

use crate::balances::BalanceError;
use crate::schemes::OpenScheme;
use crate::statements::{Line, Position, statement};
use crate::volunteers::{self, Volunteer};
use chrono::NaiveDate;
use std::sync::Arc;
use uuid::Uuid;

/// Lines that are read at a time.
const TOGETHER: i64 = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passbook {
    pub volunteer: Arc<Volunteer>,
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// Points that could be spent before the first line and after the last; minor units.
    pub opening: i64,
    pub closing: i64,
    /// Minutes of all time after the last line.
    pub minutes: i64,
    /// By the day on which they were booked, oldest first: so that each balance follows from the one before.
    pub lines: Vec<Line>,
    /// How many entries the book had, and its root then.
    pub as_of: i64,
    pub root: Vec<u8>,
}

/// The passbook of a volunteer, of what was booked from `from` to `until`.
pub async fn passbook(
    scheme: &OpenScheme,
    volunteer: Uuid,
    (from, until): (NaiveDate, NaiveDate),
) -> Result<Passbook, BalanceError> {
    let owner = volunteers::get(scheme, volunteer).await?;
    let mut tx = scheme.db.begin_read().await?;
    let (as_of, root) = scheme.book.size_and_root(&mut tx).await?;
    tx.rollback().await?;
    let config = scheme.config();
    let mut lines = Vec::new();
    // What stood after the newest line that belongs to it; what stood before the oldest.
    let (mut after, mut before) = (None, (0, 0));
    let mut position: Option<Position> = None;
    'pages: loop {
        let (page, next) = statement(scheme, volunteer, position, TOGETHER).await?;
        for line in page {
            let day = config.day_of(line.recorded_at);
            let left = (line.balance_minutes, line.balance_points);
            if day < from {
                after.get_or_insert(left);
                before = left;
                break 'pages;
            }
            before = (line.balance_minutes - line.minutes, line.balance_points - line.points);
            // What is booked while it is read belongs to the next passbook.
            if day <= until && line.sequence <= as_of {
                after.get_or_insert(left);
                lines.push(line);
            }
        }
        match next {
            Some(next) => position = Some(next),
            None => break,
        }
    }
    lines.reverse();
    let (minutes, closing) = after.unwrap_or(before);
    Ok(Passbook {
        volunteer: owner,
        from,
        until,
        opening: before.1,
        closing,
        minutes,
        lines,
        as_of,
        root: root.to_vec(),
    })
}
