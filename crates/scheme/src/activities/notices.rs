//! What people must be told stands in the book as an entry without postings, so that the feed of events has it. A mark beside
//! the row says whether it stands there yet: what was interrupted is made up for.

use super::ActivityError;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use ledger::{Action, Draft};
use serde_json::{Value, json};
use uuid::Uuid;

/// Posts what the book does not have yet: cancelled activities, and people who were given a place that became free. Answers
/// how many entries that were.
pub async fn tell(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, ActivityError> {
    let cancelled: Vec<(Uuid, i64)> = scheme
        .db
        .query(
            "SELECT id, (SELECT COUNT(*) FROM signups AS u WHERE u.book = a.book AND u.activity_id = a.id
                AND u.status IN ('signed_up', 'waiting'))
             FROM activities AS a WHERE a.book = $1 AND a.status = 'cancelled' AND NOT a.is_told",
        )
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    for (id, people) in &cancelled {
        let document = json!({ "activity_id": id, "people": people });
        post(scheme, Uuid::new_v5(id, b"cancelled"), kind::ACTIVITY_CANCELLED, *id, document, now).await?;
        let mut tx = scheme.db.begin_write().await?;
        tx.query("UPDATE activities SET is_told = TRUE WHERE book = $1 AND id = $2")
            .bind(scheme.book.number())
            .bind(*id)
            .execute()
            .await?;
        tx.commit().await?;
    }
    Ok(cancelled.len() + promoted(scheme, now).await?)
}

async fn promoted(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, ActivityError> {
    let promoted: Vec<(Uuid, Uuid, i64)> = scheme
        .db
        .query("SELECT activity_id, volunteer_id, position FROM signups WHERE book = $1 AND NOT is_told")
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    for (activity, volunteer, position) in &promoted {
        let id = Uuid::new_v5(activity, format!("promoted {volunteer} {position}").as_bytes());
        let document = json!({ "activity_id": activity, "volunteer_id": volunteer });
        post(scheme, id, kind::SIGNUP_PROMOTED, *activity, document, now).await?;
        let mut tx = scheme.db.begin_write().await?;
        tx.query(
            "UPDATE signups SET is_told = TRUE
             WHERE book = $1 AND activity_id = $2 AND volunteer_id = $3 AND position = $4",
        )
        .bind(scheme.book.number())
        .bind(*activity)
        .bind(*volunteer)
        .bind(*position)
        .execute()
        .await?;
        tx.commit().await?;
    }
    Ok(promoted.len())
}

async fn post(
    scheme: &OpenScheme,
    id: Uuid,
    kind: &'static str,
    activity: Uuid,
    document: Value,
    now: DateTime<Utc>,
) -> Result<(), ActivityError> {
    let draft = Draft {
        id,
        kind,
        effective_on: scheme.config().day_of(now),
        party: None,
        document_id: Some(activity),
        action: Action::Post(Vec::new()),
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    };
    let outcome = scheme.book.post(draft).await.map_err(|error| match error {
        error if error.is_transient() => ActivityError::Busy,
        other => ActivityError::Book(other.to_string()),
    })?;
    outcome.result.map(|_| ()).map_err(|rejection| ActivityError::Book(rejection.to_string()))
}
