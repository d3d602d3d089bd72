//! Confirming what was done for a wish: the records of the minutes are confirmed as any others, and the points that the wish
//! carries are posted.

use super::report::takes_part;
use super::rows::{find, get, locked};
use super::steps::follow_claims;
use super::{Claim, ClaimStatus, ClaimStep, Share, Wish, WishError};
use crate::accounts;
use crate::keys::{Operator, Role};
use crate::micros;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use crate::services::{self, ServiceError};
use crate::volunteers;
use chrono::{DateTime, Utc};
use ledger::{Action, Bound, Draft, Key, Leg, Lot, Source, Unit};
use serde_json::json;
use uuid::Uuid;

/// Confirms a fulfilled claim: minutes and points are posted, once. By somebody who has neither written the wish down nor claimed
/// nor reported it. Where a record has to be before the public first, the claim stays `confirmed` until that is over.
pub async fn confirm(
    scheme: &OpenScheme,
    wish: Uuid,
    claim: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, bool), WishError> {
    let mut tx = scheme.db.begin_write().await?;
    let known = locked(&mut tx, scheme, wish).await?;
    let found = known.claim(claim)?;
    let people = [Some(&known.recorded_person), Some(&found.claimed_person), found.reported_person.as_ref()];
    if people.contains(&Some(&by.person)) || takes_part(found, by) {
        return Err(WishError::Concerned);
    }
    let replayed = found.status == ClaimStatus::Posted;
    if !replayed && found.status != ClaimStatus::Confirmed {
        let rated = scheme.config().wishes.as_ref().is_some_and(|rules| rules.rating_required);
        let Some(next) = found.status.after(ClaimStep::Confirm { rated }) else {
            return Err(WishError::state(found.status.as_str()));
        };
        tx.query(
            "UPDATE wish_claims SET status = $3, confirmed_by = $4, confirmed_person = $5, updated_at = $6
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(claim)
        .bind(next.as_str())
        .bind(by.key_id)
        .bind(by.person.clone())
        .bind(micros(now))
        .execute()
        .await?;
        follow_claims(&mut tx, scheme, wish, now).await?;
        tx.commit().await?;
    } else {
        drop(tx);
    }
    if !replayed {
        post(scheme, wish, claim, by, now).await?;
    }
    Ok((get(scheme, wish).await?, replayed))
}

/// Brings to their end the confirmed claims whose records have been decided since. Answers how many. Any number of processes may do
/// it at once.
pub async fn finish(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, WishError> {
    let waiting: Vec<(Uuid, Uuid, Option<Uuid>)> = scheme
        .db
        .query(
            "SELECT wish_id, id, confirmed_by FROM wish_claims WHERE book = $1 AND status = 'confirmed' ORDER BY id LIMIT 500",
        )
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    let mut finished = 0;
    for (wish, claim, confirmed_by) in waiting {
        let by = Operator::machine(confirmed_by.unwrap_or_default(), Role::Reviewer, "wishes");
        match post(scheme, wish, claim, &by, now).await {
            Ok(true) => finished += 1,
            Ok(false) => {}
            // The others must not wait for it.
            Err(error) => tracing::warn!(%error, %claim, "a claim cannot be posted"),
        }
    }
    Ok(finished)
}

/// Posts what is not posted yet of a confirmed claim, and says whether that was the last of it.
async fn post(
    scheme: &OpenScheme,
    wish: Uuid,
    claim: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<bool, WishError> {
    let known = get(scheme, wish).await?;
    let found = known.claim(claim)?;
    let mut waits = false;
    for share in &found.shares {
        match decided(scheme, share, by, now).await? {
            Some(true) => post_share(scheme, &known, found, share, now).await?,
            // The record was rejected: nothing is given for it.
            Some(false) => {}
            None => waits = true,
        }
    }
    if waits {
        return Ok(false);
    }
    let mut tx = scheme.db.begin_write().await?;
    let known = locked(&mut tx, scheme, wish).await?;
    let Some(next) = known.claim(claim)?.status.after(ClaimStep::Post) else { return Ok(false) };
    tx.query("UPDATE wish_claims SET status = $3, updated_at = $4 WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(claim)
        .bind(next.as_str())
        .bind(micros(now))
        .execute()
        .await?;
    follow_claims(&mut tx, scheme, wish, now).await?;
    find(&mut tx, scheme, wish).await?;
    tx.commit().await?;
    Ok(true)
}

/// Whether the record of a share counts, after it was confirmed if it could be; `None` while that is open.
async fn decided(
    scheme: &OpenScheme,
    share: &Share,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Option<bool>, WishError> {
    let Some(id) = share.service_id else { return Ok(Some(true)) };
    if let Some(counts) = verdict(scheme, id).await? {
        return Ok(Some(counts));
    }
    match services::confirm(scheme, id, by, now).await {
        Ok(_) => verdict(scheme, id).await,
        Err(ServiceError::Busy) => Err(WishError::Busy),
        Err(ServiceError::Database(error)) => Err(error.into()),
        // Somebody else has to confirm it, or it is before the public: it is tried again.
        Err(error) => {
            tracing::info!(%error, service = %id, "the record of a wish cannot be confirmed yet");
            verdict(scheme, id).await
        }
    }
}

/// Whether a record counts; `None` while it is open.
async fn verdict(scheme: &OpenScheme, id: Uuid) -> Result<Option<bool>, WishError> {
    Ok(match services::get(scheme, id).await?.status {
        services::Status::Confirmed => Some(true),
        services::Status::Rejected | services::Status::Reversed => Some(false),
        _ => None,
    })
}

/// How often a share follows its volunteer into another one.
const MERGERS_MAX: usize = 5;

/// One entry for each who took part: what they get of what the wish carries, within all that it carries. Whoever was merged into
/// another since gets it there.
async fn post_share(
    scheme: &OpenScheme,
    wish: &Wish,
    claim: &Claim,
    share: &Share,
    now: DateTime<Utc>,
) -> Result<(), WishError> {
    let id = Uuid::new_v5(&claim.id, format!("share {}", share.volunteer_id).as_bytes());
    if scheme.book.settled(id).await?.is_some() {
        return Ok(());
    }
    let mut recipient = share.volunteer_id;
    for _ in 0..MERGERS_MAX {
        if let Some(into) = volunteers::get(scheme, recipient).await?.merged_into {
            recipient = into;
            continue;
        }
        let Err(rejection) =
            scheme.book.post(share_draft(scheme, wish, claim, share, id, recipient, now)).await?.result
        else {
            return Ok(());
        };
        match volunteers::merged_meanwhile(scheme, recipient, &rejection).await {
            Some(into) => recipient = into,
            None => return Err(WishError::Book(rejection.to_string())),
        }
    }
    Err(WishError::Busy)
}

fn share_draft(
    scheme: &OpenScheme,
    wish: &Wish,
    claim: &Claim,
    share: &Share,
    id: Uuid,
    recipient: Uuid,
    now: DateTime<Utc>,
) -> Draft {
    let (points, minutes) = (wish_path(wish.id, "points"), wish_path(wish.id, "minutes"));
    let used = |path: &str, unit| Source::Account(accounts::used(path.into(), unit));
    let config = scheme.config();
    let today = config.day_of(now);
    let last_day = config.rules_on(today).and_then(|rules| rules.expiry.last_day(today).ok().flatten());
    let lot = last_day.map_or(Lot::NONE, Lot::until);
    let legs = [
        Leg { from: Source::Account(accounts::issued()), to: accounts::points(recipient, lot), amount: share.points },
        Leg { from: used(&points, Unit::Points), to: accounts::capped(Unit::Points), amount: share.points },
        Leg { from: used(&minutes, Unit::Minutes), to: accounts::capped(Unit::Minutes), amount: share.minutes },
    ];
    let bound = |path: String, amount: i64, most: i64| {
        (amount > 0).then(|| Bound { key: Key::new(path), floor: Some(-most), ceiling: None })
    };
    let bounds = [
        bound(points, share.points, wish.details.all_points()),
        bound(minutes, share.minutes, wish.details.all_minutes()),
        Some(accounts::unmerged(recipient)),
    ];
    let document = json!({
        "wish_id": wish.id,
        "service_id": share.service_id,
        "points": share.points,
        "minutes": 0,
        "carried_minutes": share.minutes,
        "unit": wish.details.unit,
        "decided_by": claim.confirmed_by,
    });
    Draft {
        id,
        kind: kind::WISH_FULFILLED,
        effective_on: claim.fulfilled_on.unwrap_or(today),
        party: Some(recipient),
        document_id: Some(claim.id),
        action: Action::Post(legs.into_iter().filter(|leg| leg.amount > 0).collect()),
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &[],
        bounds: bounds.into_iter().flatten().collect(),
        refusal: None,
        freeze_rejection: false,
    }
}

/// What is given out of what a wish carries, below zero.
fn wish_path(wish: Uuid, what: &str) -> String {
    format!("limit/wish/{wish}/{what}")
}
