//! Records that nobody writes down: what the rules give when a volunteer is registered.

use super::decide::{Confirmation, confirm_row};
use super::{ServiceDetails, ServiceError, ServiceRow, put_in, select_services};
use crate::keys::{Operator, Role};
use crate::rules::{self, Evidence};
use crate::schemes::OpenScheme;
use crate::volunteers::Volunteer;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Records and confirms what the rules in force on the day of registration give for it; what was given before is not given
/// again. Repeating it finishes what was interrupted.
pub async fn on_registration(
    scheme: &OpenScheme,
    volunteer: &Volunteer,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let config = scheme.config();
    let categories: Vec<&str> = rules::on_registration(&config, volunteer.registered_on).collect();
    for category in categories {
        let id = Uuid::new_v5(&volunteer.id, format!("registration {category}").as_bytes());
        let row = match find(scheme, id).await? {
            Some(row) => row,
            None => record(scheme, id, category, volunteer, now).await?,
        };
        if row.status == "recorded" {
            confirm_row(scheme, &row, Confirmation::default(), &the_scheme_itself(), now).await?;
        }
    }
    Ok(())
}

async fn record(
    scheme: &OpenScheme,
    id: Uuid,
    category: &str,
    volunteer: &Volunteer,
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
        occurred_on: volunteer.registered_on,
        started_at: None,
        ended_at: None,
        minutes: None,
        evidence: Evidence::LeaderConfirmed,
        level: None,
        role: None,
        count: None,
        filing_number: None,
        reason: None,
    };
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
    Operator { key_id: Uuid::nil(), role: Role::Operator, station: None, name: "rules".to_owned() }
}
