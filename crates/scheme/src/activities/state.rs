//! Publishing and cancelling an activity, and its end.

use super::{Activity, ActivityError, ActivityStatus, get, lock, may_act, notices};
use crate::keys::Operator;
use crate::micros;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Opens a planned activity for sign-up. Once more changes nothing, and answers `true`.
pub async fn publish(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Activity, bool), ActivityError> {
    let mut tx = scheme.db.begin_write().await?;
    let activity = lock(&mut tx, scheme, id).await?;
    may_act(by, activity.details.team.as_deref(), activity.details.station.as_deref())?;
    match activity.status {
        ActivityStatus::Published => return Ok((activity, true)),
        ActivityStatus::Planned => settle(&mut tx, scheme, id, ActivityStatus::Published, None, by, now).await?,
        status => return Err(ActivityError::StateConflict { status: status.as_str() }),
    }
    tx.commit().await?;
    Ok((get(scheme, id).await?, false))
}

/// Calls an activity off. The book gets an entry of it, so that whoever follows it can tell those who signed up. Once more
/// changes nothing, and answers `true`.
pub async fn cancel(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Activity, bool), ActivityError> {
    if !is_text(reason, 500) {
        let flaw = Invalid::new("reason", "invalid_text", "a reason has 1 to 500 characters");
        return Err(ActivityError::Invalid(vec![flaw]));
    }
    let mut tx = scheme.db.begin_write().await?;
    let activity = lock(&mut tx, scheme, id).await?;
    may_act(by, activity.details.team.as_deref(), activity.details.station.as_deref())?;
    let again = activity.status == ActivityStatus::Cancelled;
    match activity.status {
        ActivityStatus::Ended => return Err(ActivityError::StateConflict { status: activity.status.as_str() }),
        ActivityStatus::Cancelled => {}
        ActivityStatus::Planned | ActivityStatus::Published => {
            settle(&mut tx, scheme, id, ActivityStatus::Cancelled, Some(reason), by, now).await?;
        }
    }
    tx.commit().await?;
    notices::tell(scheme, now).await?;
    Ok((get(scheme, id).await?, again))
}

async fn settle(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    status: ActivityStatus,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<()> {
    tx.query(
        "UPDATE activities SET status = $3, reason = $4, settled_by = $5, settled_at = $6, updated_at = $6,
             version = version + 1
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(status.as_str())
    .bind(reason.map(str::to_owned))
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    Ok(())
}

/// Marks what was over by `over_since` as ended; answers how many that were.
pub(crate) async fn end(scheme: &OpenScheme, over_since: DateTime<Utc>, now: DateTime<Utc>) -> db::Result<u64> {
    let (waiting,): (i64,) = scheme
        .db
        .query("SELECT COUNT(*) FROM activities WHERE book = $1 AND status = 'published' AND ends_at <= $2")
        .bind(scheme.book.number())
        .bind(micros(over_since))
        .fetch_one()
        .await?;
    if waiting == 0 {
        return Ok(0);
    }
    let mut tx = scheme.db.begin_write().await?;
    let ended = tx
        .query(
            "UPDATE activities SET status = 'ended', updated_at = $3, version = version + 1
             WHERE book = $1 AND status = 'published' AND ends_at <= $2",
        )
        .bind(scheme.book.number())
        .bind(micros(over_since))
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    Ok(ended)
}
