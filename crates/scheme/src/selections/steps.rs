//! The steps of a selection, each under a lock on its row.

use super::finish::settle;
use super::rules::RuleFlaw;
use super::{Selection, SelectionError, Status, objections, read, signatures, store};
use crate::actors;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// Makes a draft public. The rules say for how many working days; the day itself does not count. Done before, it is answered
/// with what it is, and `true`.
pub async fn publish(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Selection, bool), SelectionError> {
    actors::remember(scheme, by).await?;
    let today = scheme.config().day_of(now);
    let mut tx = scheme.db.begin_write().await?;
    let mut one = store::locked(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
    match one.status {
        Status::Published => return Ok((one, true)),
        Status::Draft => {}
        status => return Err(SelectionError::StateConflict { status }),
    }
    one.status = Status::Published;
    one.published_on = Some(today);
    one.public_until = public_until(scheme, &one, today);
    one.effects_due = true;
    store::update(&mut tx, scheme, &one).await?;
    tx.commit().await?;
    finished(scheme, id, by, now).await
}

/// The last day on which one can object to what is made public on a day; `None` where the rules ask for no publicity.
pub(super) fn public_until(scheme: &OpenScheme, one: &Selection, today: NaiveDate) -> Option<NaiveDate> {
    let days = one.rules.publicity_working_days;
    (days > 0).then(|| scheme.calendar().after(today, days))
}

/// Makes it final: what it says is written into the book and into the records of the selected. Done before, it is answered
/// with what it is, and `true`.
pub async fn finalise(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Selection, bool), SelectionError> {
    actors::remember(scheme, by).await?;
    let today = scheme.config().day_of(now);
    let mut tx = scheme.db.begin_write().await?;
    let mut one = store::locked(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
    match one.status {
        Status::Final => return Ok((one, true)),
        Status::Published => {}
        status => return Err(SelectionError::StateConflict { status }),
    }
    let open = objections::open(&mut tx, scheme, id).await?;
    if open > 0 {
        return Err(SelectionError::ObjectionOpen { open });
    }
    if let Some(until) = one.public_until.filter(|until| today <= *until) {
        return Err(SelectionError::PublicityRunning { until });
    }
    let signed = signatures::of(&mut tx, scheme, id, &one.digest).await?;
    if signed.len() < one.rules.signatures {
        return Err(SelectionError::SignaturesMissing { needed: one.rules.signatures, signed: signed.len() });
    }
    if signed.iter().all(|signature| signature.person == one.drafted_person) {
        return Err(SelectionError::DrafterAlone);
    }
    one.status = Status::Final;
    one.finalised_on = Some(today);
    one.effects_due = true;
    store::update(&mut tx, scheme, &one).await?;
    tx.commit().await?;
    finished(scheme, id, by, now).await
}

/// Takes a draft, or what is public, out of use; it stays on record. The same again is answered with what it is, and `true`.
pub async fn withdraw(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Selection, bool), SelectionError> {
    if !crate::volunteers::is_text(reason, 500) {
        let flaw = RuleFlaw::new("/reason", "invalid_text", "须为 1 到 500 个字", "1 to 500 characters, not blank");
        return Err(SelectionError::Invalid(vec![flaw]));
    }
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let mut one = store::locked(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
    match one.status {
        Status::Withdrawn if one.reason.as_deref() == Some(reason) => return Ok((one, true)),
        Status::Draft | Status::Published => {}
        status => return Err(SelectionError::StateConflict { status }),
    }
    one.status = Status::Withdrawn;
    one.reason = Some(reason.to_owned());
    // Of what nobody ever saw the book knows nothing.
    one.effects_due = one.published_on.is_some();
    store::update(&mut tx, scheme, &one).await?;
    tx.commit().await?;
    finished(scheme, id, by, now).await
}

/// Does what follows, and answers with where it stands. The step itself stands whatever becomes of that: it is tried again.
pub(super) async fn finished(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Selection, bool), SelectionError> {
    let one = read::get(scheme, id).await?;
    if one.effects_due
        && let Err(error) = settle(scheme, &one, by, now).await
    {
        tracing::warn!(%error, selection = %id, "what follows from a selection is not all done yet");
    }
    Ok((read::get(scheme, id).await?, false))
}
