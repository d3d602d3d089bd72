//! The passbook: a volunteer's statement of some days, oldest line first, with what stood before and after.

use crate::balances::BalanceError;
use crate::schemes::OpenScheme;
use crate::statements::{Recorded, recorded_since};
use crate::volunteers::{self, Volunteer};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

pub use crate::statements::Line;

/// Passbooks that are read at a time: as many as fit into memory with all the lines of a busy year.
pub const TOGETHER: usize = 200;

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
    period: (NaiveDate, NaiveDate),
) -> Result<Passbook, BalanceError> {
    let made = passbooks(scheme, &[volunteer], period).await?.pop();
    made.ok_or(BalanceError::VolunteerNotFound { id: volunteer })
}

/// As [`passbook`], of many in their order: some ten statements for every [`TOGETHER`] of them, however many entries they have.
pub async fn passbooks(
    scheme: &OpenScheme,
    volunteers: &[Uuid],
    (from, until): (NaiveDate, NaiveDate),
) -> Result<Vec<Passbook>, BalanceError> {
    let mut made = Vec::with_capacity(volunteers.len());
    for page in volunteers.chunks(TOGETHER) {
        let owners = volunteers::with_ids(scheme, page).await?;
        let mut tx = scheme.db.begin_read().await?;
        let (as_of, root) = scheme.book.size_and_root(&mut tx).await?;
        tx.rollback().await?;
        let recorded = recorded_since(scheme, &owners, before(from)).await?;
        let written = owners.into_iter().zip(recorded).map(|(volunteer, recorded)| {
            let root = root.to_vec();
            let empty =
                Passbook { volunteer, from, until, opening: 0, closing: 0, minutes: 0, lines: Vec::new(), as_of, root };
            written(scheme, empty, recorded)
        });
        made.extend(written);
    }
    Ok(made)
}

/// A moment before the day has begun anywhere.
fn before(day: NaiveDate) -> DateTime<Utc> {
    day.checked_sub_days(Days::new(1)).unwrap_or(day).and_time(NaiveTime::MIN).and_utc()
}

/// Enters the lines of the passbook's days, which come newest first.
fn written(scheme: &OpenScheme, mut passbook: Passbook, recorded: Recorded) -> Passbook {
    let config = scheme.config();
    // What stood after the newest line that belongs to it; what stood before the oldest.
    let (mut after, mut before) = (None, (recorded.balance_minutes, recorded.balance_points));
    for line in recorded.lines {
        let day = config.day_of(line.recorded_at);
        let left = (line.balance_minutes, line.balance_points);
        if day < passbook.from {
            after.get_or_insert(left);
            before = left;
            break;
        }
        before = (line.balance_minutes - line.minutes, line.balance_points - line.points);
        // What is booked while it is read belongs to the next passbook.
        if day <= passbook.until && line.sequence <= passbook.as_of {
            after.get_or_insert(left);
            passbook.lines.push(line);
        }
    }
    passbook.lines.reverse();
    let (minutes, closing) = after.unwrap_or(before);
    Passbook { opening: before.1, closing, minutes, ..passbook }
}
