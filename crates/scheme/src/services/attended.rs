//! What a record must not contradict: the activity that it names, and where the volunteer has signed in.

use super::{ServiceDetails, ServiceError, check};
use crate::activities::{self, FeeKind};
use crate::micros;
use crate::schemes::OpenScheme;
use uuid::Uuid;

/// Refuses a record of an activity that does not exist, or that recipients pay for; and one of a time at which the volunteer
/// has signed in elsewhere, and is not on record for it yet. The volunteer is locked.
pub async fn refuse(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: &ServiceDetails,
) -> Result<(), ServiceError> {
    if let Some(id) = details.activity_id {
        let activity = activities::find(tx, scheme, id).await?.ok_or(ServiceError::ActivityNotFound { id })?;
        // An event, such as not coming, is no service.
        if activity.details.fee_kind == FeeKind::LowFee && check::minutes(details) > 0 {
            return Err(ServiceError::PaidSession);
        }
    }
    let (Some(started_at), Some(ended_at)) = (details.started_at, details.ended_at) else { return Ok(()) };
    let presence: Option<(Uuid,)> = tx
        .query(
            "SELECT id FROM presences
             WHERE book = $1 AND volunteer_id = $2 AND (service_id IS NULL OR service_id <> $3)
               AND (status = 'open' OR (is_due AND status = 'closed') OR problem = 'paid_session')
               AND COALESCE(credited_from, checked_in_at) < $4 AND occupied_until > $5
             ORDER BY checked_in_at LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(details.volunteer_id)
        .bind(id)
        .bind(micros(ended_at))
        .bind(micros(started_at))
        .fetch_optional()
        .await?;
    presence.map_or(Ok(()), |(presence,)| Err(ServiceError::Elsewhere { presence }))
}
