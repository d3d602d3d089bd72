//! Lists of records, in the order of their days.
//!
//! Each list is read along the index of one of its filters; the others are applied on the way. Which one is decided here,
//! not by the engines: they would guess differently as tables grow.
//!
//! | the first of these that is asked for | index |
//! |---|---|
//! | a volunteer, an activity, what a record corrects | of that |
//! | overdue, late | of the open records (of a unit), of the late ones |
//! | a team | of the team |
//! | a unit that is alone in its subtree | of the unit |
//! | a subtree with few records | of its units, and sorted |
//! | a home unit | of that |
//! | a status | of the status |
//! | anything else, a large subtree among it | of the days |

use super::{Service, ServiceRow, Status, select_services};
use crate::rules::Evidence;
use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};
use db::Many;
use uuid::Uuid;

/// Which records to list. What is left out does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceFilter {
    pub volunteer_id: Option<Uuid>,
    pub activity_id: Option<Uuid>,
    pub corrects: Option<Uuid>,
    /// Codes of units: one, or a subtree.
    pub units: Option<Vec<String>>,
    pub home_unit: Option<String>,
    pub team: Option<String>,
    pub status: Option<Status>,
    pub category: Option<String>,
    pub evidence: Option<Evidence>,
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    /// Neither decided nor published by the day on which they were to be.
    pub overdue: bool,
    /// Recorded after the deadline.
    pub late: bool,
}

/// Records of a subtree up to which they are read unit by unit and sorted; of more, a page is soon filled day by day.
const FEW: i64 = 4_000;

/// A statement along one index: the condition on `services AS s` that the index answers, then all filters.
macro_rules! along {
    ($condition:literal) => {
        select_services!(
            "WHERE s.book = $1 AND ",
            $condition,
            " AND ($2 IS NULL OR s.volunteer_id = $2) AND ($3 IS NULL OR s.activity_id = $3)
               AND ($4 IS NULL OR s.corrects = $4) AND ($5 IS NULL OR s.team = $5)
               AND ($6 IS NULL OR s.home_unit = $6) AND ($7 IS NULL OR s.status = $7)
               AND ($8 IS NULL OR s.category = $8) AND ($9 IS NULL OR s.evidence = $9)
               AND s.occurred_on >= $10 AND s.occurred_on <= $11
               AND ($12 IS NULL OR (s.status = 'recorded' AND s.due_on < $12)) AND ($13 = 0 OR s.late)
               AND (s.occurred_on > $10 OR s.id > $14)
               AND ($15 = 0 OR s.unit IN (SELECT m.value FROM many($16) AS m))
               AND ($17 IS NULL OR s.unit = $17)
             ORDER BY s.occurred_on, s.id LIMIT $18"
        )
    };
}

/// Records by day and id, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: &ServiceFilter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
    now: DateTime<Utc>,
) -> db::Result<Vec<Service>> {
    let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default();
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default();
    // The page before ended within a day: that day is the first, and ids count on it alone.
    let (from, id) = match after {
        Some((day, id)) => (day, id),
        None => (filter.from.unwrap_or(first), Uuid::nil()),
    };
    let units = filter.units.as_deref().unwrap_or_default();
    let one_unit = (units.len() == 1).then(|| units.first().cloned()).flatten();
    let several = filter.units.is_some() && one_unit.is_none();
    let sql = statement(scheme, filter, several).await?;
    let today = scheme.config().day_of(now);
    let rows: Vec<ServiceRow> = scheme
        .db
        .query(sql)
        .bind(scheme.book.number())
        .bind(filter.volunteer_id)
        .bind(filter.activity_id)
        .bind(filter.corrects)
        .bind(filter.team.clone())
        .bind(filter.home_unit.clone())
        .bind(filter.status.map(Status::as_str))
        .bind(filter.category.clone())
        .bind(filter.evidence.map(Evidence::as_str))
        .bind(from)
        .bind(filter.until.unwrap_or(last))
        .bind(filter.overdue.then_some(today))
        .bind(i64::from(filter.late))
        .bind(id)
        .bind(i64::from(several))
        .bind_many(Many::Text(if several { units.to_vec() } else { Vec::new() }))
        .bind(one_unit)
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(ServiceRow::service).collect()
}

/// The statement along the index that makes the list short.
async fn statement(scheme: &OpenScheme, filter: &ServiceFilter, several: bool) -> db::Result<&'static str> {
    Ok(match filter {
        ServiceFilter { volunteer_id: Some(_), .. } => along!("s.volunteer_id = $2"),
        ServiceFilter { activity_id: Some(_), .. } => along!("s.activity_id = $3"),
        ServiceFilter { corrects: Some(_), .. } => along!("s.corrects = $4"),
        ServiceFilter { overdue: true, units: Some(_), .. } if !several => {
            along!("s.status IN ('recorded', 'published') AND s.unit = $17")
        }
        ServiceFilter { overdue: true, .. } => along!("s.status IN ('recorded', 'published')"),
        ServiceFilter { late: true, .. } => along!("s.late"),
        ServiceFilter { team: Some(_), .. } => along!("s.team = $5"),
        ServiceFilter { units: Some(_), .. } if !several => along!("s.unit = $17"),
        ServiceFilter { units: Some(units), .. } if are_few(scheme, units).await? => {
            along!("s.unit IN (SELECT m.value FROM many($16) AS m)")
        }
        ServiceFilter { home_unit: Some(_), .. } => along!("s.home_unit = $6"),
        ServiceFilter { status: Some(_), .. } => along!("s.status = $7"),
        _ => along!("s.occurred_on >= $10"),
    })
}

/// Whether these units have few records together: counted no further than that.
async fn are_few(scheme: &OpenScheme, units: &[String]) -> db::Result<bool> {
    let (count,): (i64,) = scheme
        .db
        .query(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM services AS s
                 WHERE s.book = $1 AND s.unit IN (SELECT m.value FROM many($2) AS m) LIMIT $3) AS few",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Text(units.to_vec()))
        .bind(FEW)
        .fetch_one()
        .await?;
    Ok(count < FEW)
}
