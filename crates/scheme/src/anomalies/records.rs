//! The records of a period, as far as anomalies are about them.

use super::Scope;
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use db::Many;
use std::collections::HashMap;
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
