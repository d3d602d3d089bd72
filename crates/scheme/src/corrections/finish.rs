//! Bringing an accepted correction to its end: the old record is taken back or rejected, the new one confirmed. Every step
//! may be repeated, by any number of processes.

use super::{Correction, CorrectionError, CorrectionStatus, get};
use crate::publicity;
use crate::schemes::OpenScheme;
use crate::services::{self, Confirmation, ServiceError, Status};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How many corrections are brought to their end in one go.
const TOGETHER: i64 = 500;

/// Brings to their end the corrections that somebody accepted and did not finish; answers how many that were. One that
/// cannot be finished keeps no other from it.
pub async fn run(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, CorrectionError> {
    let waiting: Vec<(Uuid,)> = scheme
        .db
        .query("SELECT id FROM corrections WHERE book = $1 AND status = 'accepted' ORDER BY due_on, id LIMIT $2")
        .bind(scheme.book.number())
        .bind(TOGETHER)
        .fetch_all()
        .await?;
    let mut finished = 0;
    for (id,) in waiting {
        match finish(scheme, id, now).await {
            Ok(()) => finished += 1,
            Err(CorrectionError::Service(ServiceError::Database(error))) => return Err(error.into()),
            Err(error) => tracing::warn!(correction = %id, %error, "a correction could not be finished"),
        }
    }
    Ok(finished)
}

pub(super) async fn finish(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<(), CorrectionError> {
    let correction = get(scheme, id).await?;
    let (CorrectionStatus::Accepted, Some(key), Some(new), Some(answer)) =
        (correction.status, correction.answered_by, correction.new_service_id, correction.answer.as_deref())
    else {
        return Ok(());
    };
    let by = publicity::operator(scheme, key).await?;
    let (old, answer) = (correction.request.service_id, Some(answer));
    loop {
        let row = services::row(scheme, old).await?;
        match row.status() {
            Some(Status::Recorded | Status::Published) => {
                match services::reject_row(scheme, &row, answer, &by, now).await {
                    // Somebody confirmed it a moment ago: then that is what is taken back.
                    Ok(_) | Err(ServiceError::StateConflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Some(Status::Confirmed) => {
                let new = services::row(scheme, new).await?;
                let confirmation = confirmation(&correction);
                let overdraw = correction.overdraw;
                services::reverse_for(scheme, &row, &new, confirmation, overdraw, &by, now).await?;
            }
            Some(Status::Reversed) => {
                let row = services::row(scheme, new).await?;
                if row.status() == Some(Status::Recorded) {
                    match services::confirm_row(scheme, &row, confirmation(&correction), &by, now).await {
                        Ok(_) | Err(ServiceError::StateConflict { .. }) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                return done(scheme, id).await;
            }
            Some(Status::Rejected) | None => return done(scheme, id).await,
        }
    }
}

fn confirmation(correction: &Correction) -> Confirmation<'_> {
    Confirmation { points: correction.points, lift_caps: false, reason: correction.answer.as_deref() }
}

async fn done(scheme: &OpenScheme, id: Uuid) -> Result<(), CorrectionError> {
    let mut tx = scheme.db.begin_write().await?;
    tx.query("UPDATE corrections SET status = 'done' WHERE book = $1 AND id = $2 AND status = 'accepted'")
        .bind(scheme.book.number())
        .bind(id)
        .execute()
        .await?;
    Ok(tx.commit().await?)
}
