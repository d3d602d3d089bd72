//! Lists of activities.

use super::{Activity, ActivityRow, ActivityStatus, select_activities};
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use db::Many;
use uuid::Uuid;

/// Which activities to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Code: that unit and all below it.
    pub unit: Option<String>,
    pub team: Option<String>,
    pub station: Option<String>,
    pub category: Option<String>,
    pub status: Option<ActivityStatus>,
    /// Those that end after this moment, and begin before that one.
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Those that take people now.
    pub open: bool,
}

/// Activities by their beginning and id, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: &ActivityFilter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
    now: DateTime<Utc>,
) -> db::Result<Vec<Activity>> {
    let (starts_at, id) = after.map_or((i64::MIN, Uuid::nil()), |(starts_at, id)| (micros(starts_at), id));
    let units = match &filter.unit {
        Some(unit) => scheme.organisation().await?.subtree(unit, scheme.config().day_of(now)),
        None => Vec::new(),
    };
    let open_at = filter.open.then(|| micros(now));
    let mut tx = scheme.db.begin_read().await?;
    let rows: Vec<ActivityRow> = tx
        .query(select_activities!(
            "WHERE a.book = $1 AND (a.starts_at > $2 OR (a.starts_at = $2 AND a.id > $3))
               AND ($4 IS NULL OR a.unit IN (SELECT u.value FROM many($5) AS u))
               AND ($6 IS NULL OR a.team = $6) AND ($7 IS NULL OR a.station = $7) AND ($8 IS NULL OR a.category = $8)
               AND ($9 IS NULL OR a.status = $9) AND ($10 IS NULL OR a.ends_at > $10) AND ($11 IS NULL OR a.starts_at < $11)
               AND ($12 IS NULL OR (a.status = 'published' AND a.closes_at > $12))
             ORDER BY a.starts_at, a.id LIMIT $13"
        ))
        .bind(scheme.book.number())
        .bind(starts_at)
        .bind(id)
        .bind(filter.unit.clone())
        .bind_many(Many::Text(units))
        .bind(filter.team.clone())
        .bind(filter.station.clone())
        .bind(filter.category.clone())
        .bind(filter.status.map(ActivityStatus::as_str))
        .bind(filter.from.map(micros))
        .bind(filter.until.map(micros))
        .bind(open_at)
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(ActivityRow::activity).collect()
}
