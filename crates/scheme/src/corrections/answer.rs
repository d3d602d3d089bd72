//! Answering a request for correction.

use super::finish::finish;
use super::{Correction, CorrectionError, CorrectionStatus, find_in, get};
use crate::actors;
use crate::keys::Operator;
use crate::micros;
use crate::publicity;
use crate::schemes::OpenScheme;
use crate::services::{self, Confirmation, ServiceError, ServiceRow, Status};
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How a request is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptance<'a> {
    pub answer: &'a str,
    /// Minor units out of the range that the rules leave open.
    pub points: Option<i64>,
    /// Take back points that have been spent, too, when the new record earns less: the account is then below zero, and
    /// marked for follow-up.
    pub overdraw: bool,
}

/// Grants a request: the old record is taken back, and the new one stands in its place.
pub async fn accept(
    scheme: &OpenScheme,
    id: Uuid,
    acceptance: Acceptance<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Correction, bool), CorrectionError> {
    check_answer(acceptance.answer)?;
    let asked = get(scheme, id).await?;
    let old = services::row(scheme, asked.request.service_id).await?;
    require_other(scheme, &asked, &old, by).await?;
    if let Some(known) = answered(&asked, CorrectionStatus::Done, acceptance.answer)? {
        finish(scheme, id, now).await?;
        return Ok((if known.status == CorrectionStatus::Done { known } else { get(scheme, id).await? }, true));
    }
    let details = asked.request.proposed.applied(&services::get(scheme, asked.request.service_id).await?);
    services::require_sound(scheme, &details, now).await?;
    if old.status() == Some(Status::Confirmed) {
        // What cannot be posted is refused before anything is written.
        let confirmation =
            Confirmation { points: acceptance.points, lift_caps: false, reason: Some(acceptance.answer) };
        services::foresee_correction(scheme, &old, &details, confirmation, acceptance.overdraw, now).await?;
    }
    actors::remember(scheme, by).await?;
    let asker = publicity::operator(scheme, asked.asked_by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let replayed = match lock(&mut tx, scheme, id).await? {
        known if known.status == CorrectionStatus::Asked => {
            let status = services::lock(&mut tx, scheme, asked.request.service_id).await?;
            if Some(status) != old.status() || matches!(status, Status::Rejected | Status::Reversed) {
                return Err(ServiceError::StateConflict { status }.into());
            }
            if has_open_objection(&mut tx, scheme, asked.request.service_id).await? {
                return Err(CorrectionError::ObjectionOpen);
            }
            let new = Uuid::new_v5(&id, b"record");
            services::put_in(&mut tx, scheme, new, details, &asker, now).await?;
            inherit(&mut tx, scheme, new, asked.request.service_id).await?;
            settle(&mut tx, scheme, id, CorrectionStatus::Accepted, acceptance, Some(new), by, now).await?;
            false
        }
        // Somebody was faster.
        known => answered(&known, CorrectionStatus::Done, acceptance.answer)?.is_some(),
    };
    tx.commit().await?;
    finish(scheme, id, now).await?;
    Ok((get(scheme, id).await?, replayed))
}

/// Turns a request down; the record stays as it is.
pub async fn refuse(
    scheme: &OpenScheme,
    id: Uuid,
    answer: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Correction, bool), CorrectionError> {
    check_answer(answer)?;
    let asked = get(scheme, id).await?;
    let old = services::row(scheme, asked.request.service_id).await?;
    require_other(scheme, &asked, &old, by).await?;
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let known = lock(&mut tx, scheme, id).await?;
    if answered(&known, CorrectionStatus::Refused, answer)?.is_some() {
        return Ok((known, true));
    }
    let acceptance = Acceptance { answer, points: None, overdraw: false };
    settle(&mut tx, scheme, id, CorrectionStatus::Refused, acceptance, None, by, now).await?;
    tx.commit().await?;
    Ok((get(scheme, id).await?, false))
}

fn check_answer(answer: &str) -> Result<(), ServiceError> {
    match volunteers::is_text(answer, 500) {
        true => Ok(()),
        false => {
            let flaw = Invalid::new("answer", "invalid_text", "an answer has 1 to 500 characters");
            Err(ServiceError::Invalid(vec![flaw]))
        }
    }
}

/// The request as it was answered before, when it was answered so; `None` while it is open.
fn answered(known: &Correction, wanted: CorrectionStatus, answer: &str) -> Result<Option<Correction>, CorrectionError> {
    let status = match known.status {
        CorrectionStatus::Asked => return Ok(None),
        CorrectionStatus::Accepted => CorrectionStatus::Done,
        status => status,
    };
    match status == wanted && known.answer.as_deref() == Some(answer) {
        true => Ok(Some(known.clone())),
        false => Err(CorrectionError::Answered { status: known.status }),
    }
}

/// Whoever asked, recorded the service or did it does not answer.
async fn require_other(
    scheme: &OpenScheme,
    asked: &Correction,
    old: &ServiceRow,
    by: &Operator,
) -> Result<(), CorrectionError> {
    services::require_other(scheme, old, by).await?;
    match actors::is_same(scheme, asked.asked_by, by).await? {
        true => Err(CorrectionError::OwnRequest),
        false => Ok(()),
    }
}

async fn lock(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> Result<Correction, CorrectionError> {
    tx.lock("SELECT id FROM corrections WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional::<(Uuid,)>()
        .await?;
    find_in(tx, scheme, id).await?.ok_or(CorrectionError::CorrectionNotFound { id })
}

async fn has_open_objection(tx: &mut db::Tx, scheme: &OpenScheme, service: Uuid) -> db::Result<bool> {
    let open: Option<(Uuid,)> = tx
        .query("SELECT id FROM objections WHERE book = $1 AND service_id = $2 AND status = 'open' LIMIT 1")
        .bind(scheme.book.number())
        .bind(service)
        .fetch_optional()
        .await?;
    Ok(open.is_some())
}

/// The new record is as old as the one in whose place it stands: rules that ask when it was recorded mean that day.
async fn inherit(tx: &mut db::Tx, scheme: &OpenScheme, new: Uuid, old: Uuid) -> db::Result<u64> {
    tx.query(
        "UPDATE services SET recorded_at = o.recorded_at, late = o.late, due_on = o.due_on, home_unit = o.home_unit
         FROM (SELECT recorded_at, late, due_on, home_unit FROM services WHERE book = $1 AND id = $3) AS o
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(new)
    .bind(old)
    .execute()
    .await
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
async fn settle(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    status: CorrectionStatus,
    acceptance: Acceptance<'_>,
    new: Option<Uuid>,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    tx.query(
        "UPDATE corrections SET status = $3, answer = $4, answered_by = $5, answered_at = $6, points = $7, overdraw = $8,
                new_service_id = $9
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(status.as_str())
    .bind(acceptance.answer.to_owned())
    .bind(by.key_id)
    .bind(micros(now))
    .bind(acceptance.points)
    .bind(acceptance.overdraw)
    .bind(new)
    .execute()
    .await
}
