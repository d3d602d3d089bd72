//! What happens without anybody asking: claims whose last day is over lapse, so that others can claim the wish; wishes that
//! nobody has claimed in time expire; what a report that was sent back had written down is annulled.

use super::rows::locked;
use super::steps::{follow_claims, set_status};
use super::{ClaimStep, WishError, WishStep};
use crate::keys::{Operator, Role};
use crate::micros;
use crate::schemes::OpenScheme;
use crate::services::annul;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How much came to its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lapsed {
    pub claims: usize,
    pub wishes: usize,
    /// Records of reports that were sent back.
    pub records: usize,
}

/// Any number of processes may do it at once.
pub async fn lapse(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<Lapsed, WishError> {
    let today = scheme.config().day_of(now);
    let late: Vec<(Uuid, Uuid)> = scheme
        .db
        .query(
            "SELECT wish_id, id FROM wish_claims
             WHERE book = $1 AND due_on < $2 AND status IN ('offered', 'claimed') ORDER BY due_on LIMIT 500",
        )
        .bind(scheme.book.number())
        .bind(today)
        .fetch_all()
        .await?;
    let mut lapsed = Lapsed::default();
    for (wish, claim) in late {
        lapsed.claims += usize::from(lapse_claim(scheme, wish, claim, now).await?);
    }
    let old: Vec<(Uuid,)> = scheme
        .db
        .query(
            "SELECT id FROM wishes WHERE book = $1 AND status = 'published' AND deadline_on < $2
             ORDER BY deadline_on LIMIT 500",
        )
        .bind(scheme.book.number())
        .bind(today)
        .fetch_all()
        .await?;
    for (wish,) in old {
        lapsed.wishes += usize::from(expire(scheme, wish, now).await?);
    }
    lapsed.records = annul_sent_back(scheme, now).await?;
    Ok(lapsed)
}

async fn lapse_claim(scheme: &OpenScheme, wish: Uuid, claim: Uuid, now: DateTime<Utc>) -> Result<bool, WishError> {
    let mut tx = scheme.db.begin_write().await?;
    let known = locked(&mut tx, scheme, wish).await?;
    let claim = known.claim(claim)?;
    let is_late = claim.due_on < scheme.config().day_of(now);
    let Some(next) = claim.status.after(ClaimStep::Lapse).filter(|_| is_late) else { return Ok(false) };
    tx.query("UPDATE wish_claims SET status = $3, updated_at = $4 WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(claim.id)
        .bind(next.as_str())
        .bind(micros(now))
        .execute()
        .await?;
    follow_claims(&mut tx, scheme, wish, now).await?;
    tx.commit().await?;
    Ok(true)
}

/// Unless somebody is at it still, or has done it.
async fn expire(scheme: &OpenScheme, wish: Uuid, now: DateTime<Utc>) -> Result<bool, WishError> {
    let mut tx = scheme.db.begin_write().await?;
    let known = locked(&mut tx, scheme, wish).await?;
    let is_over = known.details.deadline_on < scheme.config().day_of(now);
    let is_free = known.claims.iter().all(|claim| !claim.status.is_active());
    let Some(next) = known.status.after(WishStep::Expire).filter(|_| is_over && is_free) else { return Ok(false) };
    set_status(&mut tx, scheme, wish, next, None, None, now).await?;
    tx.commit().await?;
    Ok(true)
}

/// Finishes what was interrupted after a report was sent back.
async fn annul_sent_back(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, WishError> {
    let left: Vec<(Uuid,)> = scheme
        .db
        .query(
            "SELECT v.id FROM wish_claims AS c
             JOIN wish_shares AS s ON s.book = c.book AND s.claim_id = c.id
             JOIN services AS v ON v.book = s.book AND v.id = s.service_id
             WHERE c.book = $1 AND v.status IN ('recorded', 'published', 'confirmed')
               AND (s.attempt < c.attempt OR c.status IN ('claimed', 'given_back', 'lapsed', 'withdrawn'))
             ORDER BY v.id LIMIT 500",
        )
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    let by = Operator::machine(Uuid::nil(), Role::Reviewer, "wishes");
    for (id,) in &left {
        annul(scheme, *id, "心愿完成情况被退回 the report was sent back", &by, now).await?;
    }
    Ok(left.len())
}
