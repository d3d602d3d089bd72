//! Records that nobody writes down: what the rules give when a volunteer is registered, and when a year begins.

use super::decide::{Confirmation, confirm_row};
use super::{ServiceDetails, ServiceError, ServiceRow, put_in, select_services};
use crate::actors;
use crate::config::When;
use crate::keys::{Operator, Role};
use crate::rules::{self, Evidence};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Volunteer};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;

/// Records and confirms what the rules in force on the day of registration give for it; what was given before is not given
/// again. Repeating it finishes what was interrupted.
pub async fn on_registration(
    scheme: &OpenScheme,
    volunteer: &Volunteer,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let config = scheme.config();
    let categories: Vec<&str> = rules::automatic(&config, When::Registration, volunteer.registered_on).collect();
    for category in categories {
        let id = Uuid::new_v5(&volunteer.id, format!("registration {category}").as_bytes());
        give(scheme, id, category, volunteer, volunteer.registered_on, now).await?;
    }
    Ok(())
}

/// Records and confirms what the rules give at the beginning of the year to those who were registered before, and who do not
/// have it yet; answers how many that were. Any number of processes may do it at once.
pub async fn on_new_year(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, ServiceError> {
    const TOGETHER: i64 = 500;
    const AT_ONCE: usize = 64;
    let config = scheme.config();
    let year = config.day_of(now).year();
    let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1) else { return Ok(0) };
    let mut given = 0;
    for category in rules::automatic(&config, When::NewYear, first) {
        loop {
            let waiting = without(scheme, category, first, TOGETHER).await?;
            let found = waiting.len();
            let gifts: Vec<_> = waiting.into_iter().map(|id| begin_year(scheme, id, category, first, now)).collect();
            stream::iter(gifts).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
            given += found;
            if found < TOGETHER as usize {
                break;
            }
        }
    }
    Ok(given)
}

async fn begin_year(
    scheme: &OpenScheme,
    volunteer: Uuid,
    category: &str,
    first: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let id = Uuid::new_v5(&volunteer, format!("{} {category}", first.year()).as_bytes());
    let volunteer = volunteers::get(scheme, volunteer).await?;
    give(scheme, id, category, &volunteer, first, now).await
}

/// Volunteers of earlier years who have no decided record of `category` on `day`.
async fn without(scheme: &OpenScheme, category: &str, day: NaiveDate, limit: i64) -> db::Result<Vec<Uuid>> {
    let ids: Vec<(Uuid,)> = scheme
        .db
        .query(
            "SELECT v.id FROM volunteers AS v
             WHERE v.book = $1 AND v.registered_on < $2 AND NOT EXISTS (
                 SELECT 1 FROM services AS s WHERE s.book = v.book AND s.volunteer_id = v.id AND s.occurred_on = $2
                    AND s.category = $3 AND s.status <> 'recorded')
             ORDER BY v.id LIMIT $4",
        )
        .bind(scheme.book.number())
        .bind(day)
        .bind(category.to_owned())
        .bind(limit)
        .fetch_all()
        .await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

async fn give(
    scheme: &OpenScheme,
    id: Uuid,
    category: &str,
    volunteer: &Volunteer,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let row = match find(scheme, id).await? {
        Some(row) => row,
        None => record(scheme, id, category, volunteer, day, now).await?,
    };
    if row.status == "recorded" {
        confirm_row(scheme, &row, Confirmation::default(), &the_scheme_itself(), now).await?;
    }
    Ok(())
}

async fn record(
    scheme: &OpenScheme,
    id: Uuid,
    category: &str,
    volunteer: &Volunteer,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<ServiceRow, ServiceError> {
    let config = scheme.config();
    let named = config.category(category).map_or(category, |category| category.name.as_str());
    let details = ServiceDetails {
        volunteer_id: volunteer.id,
        category: category.to_owned(),
        title: named.to_owned(),
        place: config.name.clone(),
        content: named.to_owned(),
        organiser: config.name.clone(),
        person_in_charge: config.name.clone(),
        recipient: None,
        occurred_on: day,
        started_at: None,
        ended_at: None,
        minutes: None,
        evidence: Evidence::LeaderConfirmed,
        level: None,
        role: None,
        count: None,
        filing_number: None,
        activity_id: None,
        unit: None,
        team: None,
        corrects: None,
        reason: None,
    };
    actors::remember(scheme, &the_scheme_itself()).await?;
    let mut tx = scheme.db.begin_write().await?;
    put_in(&mut tx, scheme, id, details, &the_scheme_itself(), now).await?;
    tx.commit().await?;
    find(scheme, id).await?.ok_or(ServiceError::ServiceNotFound { id })
}

async fn find(scheme: &OpenScheme, id: Uuid) -> db::Result<Option<ServiceRow>> {
    scheme
        .db
        .query(select_services!("WHERE s.book = $1 AND s.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await
}

/// By whom such records are made: no key, since nobody decides anything.
fn the_scheme_itself() -> Operator {
    Operator::machine(Uuid::nil(), Role::Operator, "rules")
}
