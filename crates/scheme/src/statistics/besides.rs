//! What stands beside the book: activities, wishes, what is overdue.

use super::Scope;
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{NaiveDate, NaiveTime, TimeZone};
use db::Many;

/// Counts of these months, except where it says otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Besides {
    /// Activities that began in these months and were not cancelled, nor merely planned.
    pub activities: i64,
    pub activities_cancelled: i64,
    /// Who was there: people of these activities, one by one (人次). Counted only when it is to be thorough.
    pub attended: Option<i64>,
    pub wishes_posted: i64,
    /// Reported as fulfilled in these months, whenever they were posted.
    pub wishes_fulfilled: i64,
    /// Records of services of these months that nobody has decided over, though the deadline has passed.
    pub overdue: i64,
    /// Records of services of these months that were made after the deadline.
    pub late: i64,
}

pub async fn read(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    scope: &Scope,
    below: Option<&[String]>,
    today: NaiveDate,
) -> db::Result<Besides> {
    let counts = Counts { scheme, scope, below };
    let (begin, end) = counts.moments();
    let (activities, activities_cancelled): (i64, i64) = tx
        .query(
            "SELECT CAST(COALESCE(SUM(CASE WHEN a.status IN ('published', 'ended') THEN 1 ELSE 0 END), 0) AS BIGINT),
                    CAST(COALESCE(SUM(CASE WHEN a.status = 'cancelled' THEN 1 ELSE 0 END), 0) AS BIGINT)
             FROM activities AS a WHERE a.book = $1 AND a.starts_at >= $2 AND a.starts_at < $3
               AND ($4 = 0 OR a.unit IN (SELECT u.value FROM many($5) AS u))",
        )
        .bind(scheme.book.number())
        .bind(begin)
        .bind(end)
        .bind(counts.is_of_units())
        .bind_many(counts.units())
        .fetch_one()
        .await?;
    let attended = if scope.thorough { Some(counts.attended(tx).await?) } else { None };
    let (wishes_posted, wishes_fulfilled): (i64, i64) = tx
        .query(
            "SELECT CAST(COALESCE(SUM(CASE WHEN w.posted_on >= $2 AND w.posted_on <= $3
                        AND w.status NOT IN ('draft', 'rejected', 'withdrawn') THEN 1 ELSE 0 END), 0) AS BIGINT),
                    CAST(COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM wish_claims AS c
                        WHERE c.book = w.book AND c.wish_id = w.id AND c.fulfilled_on >= $2 AND c.fulfilled_on <= $3
                          AND c.status IN ('fulfilled', 'rated', 'confirmed', 'posted')) THEN 1 ELSE 0 END), 0) AS BIGINT)
             FROM wishes AS w WHERE w.book = $1 AND w.posted_on <= $3
               AND ($4 = 0 OR w.unit IN (SELECT u.value FROM many($5) AS u))",
        )
        .bind(scheme.book.number())
        .bind(scope.from)
        .bind(scope.until)
        .bind(counts.is_of_units())
        .bind_many(counts.units())
        .fetch_one()
        .await?;
    let (overdue,): (i64,) = tx
        .query(
            "SELECT COUNT(*) FROM services AS s WHERE s.book = $1 AND s.status IN ('recorded', 'published')
               AND s.status = 'recorded' AND s.due_on < $6 AND s.occurred_on >= $2 AND s.occurred_on <= $3
               AND ($4 = 0 OR s.unit IN (SELECT u.value FROM many($5) AS u))",
        )
        .bind(scheme.book.number())
        .bind(scope.from)
        .bind(scope.until)
        .bind(counts.is_of_units())
        .bind_many(counts.units())
        .bind(today)
        .fetch_one()
        .await?;
    let (late,): (i64,) = tx
        .query(
            "SELECT COUNT(*) FROM services AS s WHERE s.book = $1 AND s.late AND s.occurred_on >= $2
               AND s.occurred_on <= $3 AND ($4 = 0 OR s.unit IN (SELECT u.value FROM many($5) AS u))",
        )
        .bind(scheme.book.number())
        .bind(scope.from)
        .bind(scope.until)
        .bind(counts.is_of_units())
        .bind_many(counts.units())
        .fetch_one()
        .await?;
    Ok(Besides { activities, activities_cancelled, attended, wishes_posted, wishes_fulfilled, overdue, late })
}

struct Counts<'s> {
    scheme: &'s OpenScheme,
    scope: &'s Scope,
    below: Option<&'s [String]>,
}

impl Counts<'_> {
    /// The first moment of these months and the first after them, in microseconds.
    fn moments(&self) -> (i64, i64) {
        begin_and_end(self.scheme, self.scope.from, self.scope.until)
    }

    async fn attended(&self, tx: &mut db::Tx) -> db::Result<i64> {
        let (begin, end) = self.moments();
        let (attended,): (i64,) = tx
            .query(
                "SELECT CAST(COALESCE(SUM((SELECT COUNT(DISTINCT p.volunteer_id) FROM presences AS p
                        WHERE p.book = a.book AND p.activity_id = a.id AND p.status <> 'cancelled')), 0) AS BIGINT)
                 FROM activities AS a WHERE a.book = $1 AND a.starts_at >= $2 AND a.starts_at < $3
                   AND ($4 = 0 OR a.unit IN (SELECT u.value FROM many($5) AS u))",
            )
            .bind(self.scheme.book.number())
            .bind(begin)
            .bind(end)
            .bind(self.is_of_units())
            .bind_many(self.units())
            .fetch_one()
            .await?;
        Ok(attended)
    }

    fn is_of_units(&self) -> i64 {
        i64::from(self.below.is_some())
    }

    fn units(&self) -> Many {
        Many::Text(self.below.unwrap_or_default().to_vec())
    }
}

/// The first moment of `from` and the first after `until` in the scheme's time zone, in microseconds.
pub fn begin_and_end(scheme: &OpenScheme, from: NaiveDate, until: NaiveDate) -> (i64, i64) {
    let zone = scheme.config().time_zone;
    let begins = |day: NaiveDate| {
        let midnight = zone.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest();
        midnight.map_or_else(|| micros(day.and_time(NaiveTime::MIN).and_utc()), |midnight| micros(midnight.to_utc()))
    };
    (begins(from), begins(until.succ_opt().unwrap_or(until)))
}
