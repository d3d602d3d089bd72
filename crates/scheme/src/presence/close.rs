//! Whoever forgot to sign out is signed out as of the planned end; what was interrupted is brought to its end. Any number of
//! processes may do it at once.

use super::PresenceError;
use super::punch::lock;
use super::settle::{Withdrawn, finish, reconcile};
use crate::activities;
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How many are looked at together.
const TOGETHER: i64 = 500;

/// Closes what is over, ends activities that are over, and answers how many presences were looked at.
pub async fn close(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, PresenceError> {
    let over_since = now - scheme.config().presence.close_after();
    let mut looked_at = 0;
    let mut after = (Uuid::nil(), Uuid::nil());
    loop {
        let found: Vec<(Uuid, Uuid, Uuid)> = scheme
            .db
            .query(
                "SELECT DISTINCT volunteer_id, activity_id, punched_by FROM presences
                 WHERE book = $1 AND ((status = 'open' AND occupied_until < $2) OR is_due)
                   AND (volunteer_id > $3 OR (volunteer_id = $3 AND activity_id > $4))
                 ORDER BY volunteer_id, activity_id LIMIT $5",
            )
            .bind(scheme.book.number())
            .bind(micros(over_since))
            .bind(after.0)
            .bind(after.1)
            .bind(TOGETHER)
            .fetch_all()
            .await?;
        let Some((volunteer, activity, _)) = found.last() else { break };
        after = (*volunteer, *activity);
        for (volunteer, activity, by) in &found {
            // The others must not wait for it; it stays open, or due, and is tried again.
            if let Err(error) = one(scheme, *volunteer, *activity, *by, now).await {
                tracing::warn!(%error, %activity, "a presence cannot be closed");
            }
        }
        looked_at += found.len();
    }
    activities::end(scheme, over_since, now).await?;
    Ok(looked_at)
}

async fn one(
    scheme: &OpenScheme,
    volunteer: Uuid,
    activity: Uuid,
    by: Uuid,
    now: DateTime<Utc>,
) -> Result<(), PresenceError> {
    let mut tx = scheme.db.begin_write().await?;
    lock(&mut tx, scheme, volunteer).await?;
    if let Some(of) = activities::find(&mut tx, scheme, activity).await? {
        reconcile(&mut tx, scheme, volunteer, &of, &Withdrawn::new(), by, now).await?;
    }
    tx.commit().await?;
    finish(scheme, volunteer, activity, by, now).await
}
