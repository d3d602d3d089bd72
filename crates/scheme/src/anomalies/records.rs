//! The records and the punches of a period, as far as anomalies are about them.

use super::Scope;
use crate::schemes::OpenScheme;
use chrono::{Days, NaiveDate};
use db::Many;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Entered {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub category: String,
    pub title: String,
    pub occurred_on: NaiveDate,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub minutes: i64,
    pub evidence: String,
    pub unit: Option<String>,
    pub team: Option<String>,
    pub activity_id: Option<Uuid>,
    pub recorded_by: Uuid,
    pub recorded_at: i64,
    pub status: String,
    pub decided_by: Option<Uuid>,
}

/// Somebody who signed in.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SignedIn {
    pub volunteer_id: Uuid,
    pub activity_id: Uuid,
    pub device: String,
    /// `leader` when the leader says so.
    pub method: String,
    pub happened_at: i64,
}

/// What the records are compared with.
#[derive(Debug, Default)]
pub struct Around {
    /// Who was registered shortly before any of the records, and when.
    pub newcomers: HashMap<Uuid, i64>,
    /// When the activities of the records were created.
    pub created: HashMap<Uuid, i64>,
    /// In no order; also on the day before the period and the one after it.
    pub signed_in: Vec<SignedIn>,
}

/// Services that count or may come to count; what the rules gave by themselves is not among them.
pub async fn of_period(scheme: &OpenScheme, scope: &Scope) -> db::Result<Vec<Entered>> {
    scheme
        .db
        .query(
            "SELECT s.id, s.volunteer_id, s.category, s.title, s.occurred_on, s.started_at, s.ended_at, s.minutes, s.evidence,
                    s.unit, s.team, s.activity_id, s.recorded_by, s.recorded_at, s.status, s.decided_by
             FROM services AS s
             WHERE s.book = $1 AND s.occurred_on >= $2 AND s.occurred_on <= $3
               AND s.status IN ('recorded', 'published', 'confirmed') AND s.minutes > 0
               AND ($4 = 0 OR s.unit IN (SELECT m.value FROM many($5) AS m))",
        )
        .bind(scheme.book.number())
        .bind(scope.from)
        .bind(scope.until)
        .bind(i64::from(scope.units.is_some()))
        .bind_many(Many::Text(scope.units.clone().unwrap_or_default()))
        .fetch_all()
        .await
}

/// Who was registered no more than so many minutes before any of the records, and when.
pub async fn newcomers(scheme: &OpenScheme, records: &[Entered], minutes: u32) -> db::Result<HashMap<Uuid, i64>> {
    let times = records.iter().map(|record| record.recorded_at);
    let Some((first, last)) = times.clone().min().zip(times.max()) else { return Ok(HashMap::new()) };
    let rows: Vec<(Uuid, i64)> = scheme
        .db
        .query("SELECT id, created_at FROM volunteers WHERE book = $1 AND created_at >= $2 AND created_at <= $3")
        .bind(scheme.book.number())
        .bind(first.saturating_sub(i64::from(minutes).saturating_mul(60_000_000)))
        .bind(last)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().collect())
}

/// When the activities of the records were created.
pub async fn created(scheme: &OpenScheme, records: &[Entered]) -> db::Result<HashMap<Uuid, i64>> {
    let activities: BTreeSet<Uuid> = records.iter().filter_map(|record| record.activity_id).collect();
    let rows: Vec<(Uuid, i64)> = scheme
        .db
        .query("SELECT a.id, a.created_at FROM many($2) AS m JOIN activities AS a ON a.book = $1 AND a.id = m.value")
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(activities.into_iter().collect()))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().collect())
}

/// Who signed in during the period, or on the day before it or after it: a night's service counts for the day it began on.
pub async fn signed_in(scheme: &OpenScheme, scope: &Scope) -> db::Result<Vec<SignedIn>> {
    let micros = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
    // Wide enough for any time zone.
    let from = scope.from.checked_sub_days(Days::new(2)).unwrap_or(NaiveDate::MIN);
    let until = scope.until.checked_add_days(Days::new(3)).unwrap_or(NaiveDate::MAX);
    scheme
        .db
        .query(
            "SELECT p.volunteer_id, p.activity_id, p.device, p.method, p.happened_at
             FROM activities AS a JOIN punches AS p ON p.book = a.book AND p.activity_id = a.id
             WHERE a.book = $1 AND a.starts_at < $3 AND a.ends_at >= $2
               AND p.happened_at >= $2 AND p.happened_at < $3 AND p.kind = 'in'
               AND ($4 = 0 OR a.unit IN (SELECT m.value FROM many($5) AS m))",
        )
        .bind(scheme.book.number())
        .bind(micros(from))
        .bind(micros(until))
        .bind(i64::from(scope.units.is_some()))
        .bind_many(Many::Text(scope.units.clone().unwrap_or_default()))
        .fetch_all()
        .await
}
