//! The deadline of recording: how many records wait, are overdue or came late, unit by unit.

use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};

/// The records of one unit of a period.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct UnitCount {
    /// `None`: records that count for no unit.
    pub unit: Option<String>,
    pub records: i64,
    /// Not decided yet, those in publicity included.
    pub open: i64,
    /// Not decided, nor published, by the day on which they were to be decided.
    pub overdue: i64,
    /// Recorded after that day.
    pub late: i64,
    /// Filled in afterwards.
    pub back_filled: i64,
}

/// What there is in each unit of services from `from` until `until`, units in the order of their codes.
pub async fn counts(
    scheme: &OpenScheme,
    from: NaiveDate,
    until: NaiveDate,
    now: DateTime<Utc>,
) -> db::Result<Vec<UnitCount>> {
    scheme
        .db
        .query(
            "SELECT s.unit, COUNT(*) AS records,
                    CAST(SUM(CASE WHEN s.status IN ('recorded', 'published') THEN 1 ELSE 0 END) AS BIGINT) AS open,
                    CAST(SUM(CASE WHEN s.status = 'recorded' AND s.due_on < $4 THEN 1 ELSE 0 END) AS BIGINT) AS overdue,
                    CAST(SUM(CASE WHEN s.late THEN 1 ELSE 0 END) AS BIGINT) AS late,
                    CAST(SUM(CASE WHEN s.evidence = 'back_filled' THEN 1 ELSE 0 END) AS BIGINT) AS back_filled
             FROM services AS s WHERE s.book = $1 AND s.occurred_on >= $2 AND s.occurred_on <= $3
             GROUP BY s.unit ORDER BY s.unit NULLS FIRST",
        )
        .bind(scheme.book.number())
        .bind(from)
        .bind(until)
        .bind(scheme.config().day_of(now))
        .fetch_all()
        .await
}
