//! The steps of a wish as a whole.

use super::rows::{find, locked};
use super::{ClaimStatus, ClaimStep, Status, Wish, WishError, WishStep};
use crate::config::WishPublisher;
use crate::keys::{Operator, Role};
use crate::micros;
use crate::records::text_flaws;
use crate::schemes::OpenScheme;
use crate::volunteers::Invalid;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// Lets everybody see it, and claim it. By those whom the configuration names.
pub async fn publish(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    require_publisher(scheme, by)?;
    step(scheme, id, WishStep::Publish, None, None, now).await
}

/// Does not publish a draft.
pub async fn reject(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    require_publisher(scheme, by)?;
    step(scheme, id, WishStep::Reject, Some(reason), None, now).await
}

/// Takes it back, with the claims that were not fulfilled yet. Nothing is taken back that was.
pub async fn withdraw(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    step(scheme, id, WishStep::Withdraw, Some(reason), None, now).await
}

/// Publishes what has expired, was withdrawn or rejected, to be claimed until another day.
pub async fn reopen(
    scheme: &OpenScheme,
    id: Uuid,
    deadline_on: NaiveDate,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    require_publisher(scheme, by)?;
    if deadline_on < scheme.config().day_of(now) {
        return Err(WishError::invalid("deadline_on", "date_in_past", "the deadline is over"));
    }
    step(scheme, id, WishStep::Reopen, None, Some(deadline_on), now).await
}

fn require_publisher(scheme: &OpenScheme, by: &Operator) -> Result<(), WishError> {
    let publisher = match by.role {
        Role::Staff => Some(WishPublisher::Staff),
        Role::Leader => Some(WishPublisher::Leader),
        Role::SchemeAdmin => Some(WishPublisher::SchemeAdmin),
        _ => None,
    };
    let config = scheme.config();
    let allowed = match &config.wishes {
        None => matches!(publisher, Some(WishPublisher::Staff | WishPublisher::SchemeAdmin)),
        Some(rules) => publisher.is_some_and(|publisher| rules.published_by.contains(&publisher)),
    };
    if allowed { Ok(()) } else { Err(WishError::NotAllowed) }
}

pub(super) fn check_words(field: &'static str, words: Option<&str>) -> Result<(), WishError> {
    let flaws: Vec<Invalid> = text_flaws(&[(field, words, 1000)]);
    if flaws.is_empty() { Ok(()) } else { Err(WishError::Invalid(flaws)) }
}

async fn step(
    scheme: &OpenScheme,
    id: Uuid,
    step: WishStep,
    reason: Option<&str>,
    deadline_on: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    check_words("reason", reason)?;
    let mut tx = scheme.db.begin_write().await?;
    let wish = locked(&mut tx, scheme, id).await?;
    let same = wish.status == step.leads_to() && deadline_on.is_none_or(|day| wish.details.deadline_on == day);
    if same && reason.is_none_or(|reason| wish.reason.as_deref() == Some(reason)) {
        return Ok((wish, true));
    }
    let is_free = step != WishStep::Withdraw || wish.claims.iter().all(|claim| !is_done(claim.status));
    let Some(next) = wish.status.after(step).filter(|_| is_free) else {
        return Err(WishError::state(wish.status.as_str()));
    };
    if step == WishStep::Withdraw {
        end_claims(&mut tx, scheme, &wish, now).await?;
    }
    set_status(&mut tx, scheme, id, next, reason, deadline_on, now).await?;
    let wish = find(&mut tx, scheme, id).await?;
    tx.commit().await?;
    Ok((wish, false))
}

/// Somebody has done what was wished for.
fn is_done(claim: ClaimStatus) -> bool {
    claim.is_active() && claim.after(ClaimStep::Withdraw).is_none()
}

async fn end_claims(tx: &mut db::Tx, scheme: &OpenScheme, wish: &Wish, now: DateTime<Utc>) -> db::Result<u64> {
    tx.query(
        "UPDATE wish_claims SET status = 'withdrawn', updated_at = $3
         WHERE book = $1 AND wish_id = $2 AND status IN ('offered', 'claimed')",
    )
    .bind(scheme.book.number())
    .bind(wish.id)
    .bind(micros(now))
    .execute()
    .await
}

pub(super) async fn set_status(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    status: Status,
    reason: Option<&str>,
    deadline_on: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    tx.query(
        "UPDATE wishes SET status = $3, reason = $4, deadline_on = COALESCE($5, deadline_on), updated_at = $6
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(status.as_str())
    .bind(reason.map(str::to_owned))
    .bind(deadline_on)
    .bind(micros(now))
    .execute()
    .await
}

/// The wish as it stands after one of its claims has changed, in the same transaction.
pub(super) async fn follow_claims(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Wish, WishError> {
    let wish = find(tx, scheme, id).await?;
    let stands = wish.status.of_claims(wish.details.claimants, wish.claims.iter().map(|claim| claim.status));
    if stands == wish.status {
        return Ok(wish);
    }
    set_status(tx, scheme, id, stands, None, None, now).await?;
    find(tx, scheme, id).await
}
