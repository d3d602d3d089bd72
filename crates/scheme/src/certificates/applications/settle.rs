//! How an application comes to its end, and that the volunteer is told.

use super::{Application, ApplicationStatus, application};
use crate::accounts;
use crate::actors;
use crate::certificates::{CertificateError, Issued, Of, Order, Printable, issue};
use crate::keys::{Operator, Role};
use crate::presented;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, Survivors, is_text};
use chrono::{DateTime, NaiveDate, Utc};
use db::Many;
use ledger::{Action, Draft};
use serde_json::json;
use std::collections::HashSet;
use uuid::Uuid;

/// Decisions that are told at a time.
const TOGETHER: i64 = 200;

/// What the desk adds to a certificate that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    pub remark: Option<String>,
    /// As it stands on the identity card that was shown.
    pub id_number: Option<String>,
}

/// Issues the certificate that was asked for, under the application's id. The same again is answered with it.
pub async fn issue_requested(
    scheme: &OpenScheme,
    id: Uuid,
    extras: Extras,
    verify_at: Option<&str>,
    printable: Printable<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Issued, CertificateError> {
    let Application { asked, status, requested_on, .. } = application(scheme, id).await?;
    if matches!(status, ApplicationStatus::Refused | ApplicationStatus::Withdrawn) {
        return Err(CertificateError::ApplicationSettled { status });
    }
    let order = Order {
        id,
        volunteer_id: asked.volunteer_id,
        of: Of::Record { from: asked.from, until: asked.until, detailed: asked.detailed },
        applied_on: Some(requested_on),
        applicant: asked.applicant,
        purpose: asked.purpose,
        remark: extras.remark,
        id_number: extras.id_number,
        replaces: None,
    };
    let issued = issue(scheme, &[order], verify_at, printable, by, now).await?.pop();
    let issued = issued.unwrap_or(Err(CertificateError::Busy))?;
    tell(scheme, now).await?;
    Ok(issued)
}

/// Refuses it, for a reason. The same again is answered with the same, and `true`.
pub async fn refuse(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Application, bool), CertificateError> {
    if !is_text(reason, 200) {
        let flaw = Invalid::new("reason", "missing_reason", "a reason of 1 to 200 characters");
        return Err(CertificateError::Invalid(vec![flaw]));
    }
    let done = close(scheme, id, ApplicationStatus::Refused, Some(reason), by, now).await?;
    tell(scheme, now).await?;
    Ok(done)
}

/// Takes it back: whoever asked, at a kiosk whoever shows the volunteer's code. The same again is answered with the same, and
/// `true`.
pub async fn withdraw(
    scheme: &OpenScheme,
    id: Uuid,
    code: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Application, bool), CertificateError> {
    let known = application(scheme, id).await?;
    let volunteer = known.asked.volunteer_id;
    presented::require_own_team(scheme, volunteer, by, scheme.config().day_of(now)).await?;
    if known.status == ApplicationStatus::Withdrawn {
        return Ok((known, true));
    }
    if by.role == Role::Kiosk || code.is_some() {
        presented::require_present(scheme, volunteer, code, by, now).await?;
    }
    close(scheme, id, ApplicationStatus::Withdrawn, None, by, now).await
}

async fn close(
    scheme: &OpenScheme,
    id: Uuid,
    into: ApplicationStatus,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Application, bool), CertificateError> {
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let row: Option<(String, Option<String>)> = tx
        .lock("SELECT status, reason FROM certificate_applications WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let (status, known) = row.ok_or(CertificateError::ApplicationNotFound { id })?;
    let replayed = match ApplicationStatus::parse(&status) {
        Some(ApplicationStatus::Requested) => false,
        Some(status) if status == into && known.as_deref() == reason => true,
        Some(status) => return Err(CertificateError::ApplicationSettled { status }),
        None => return Err(db::Error::Damaged("certificate_applications.status".to_owned()).into()),
    };
    if !replayed {
        // Whoever takes it back knows it already.
        let is_told = into == ApplicationStatus::Withdrawn;
        write(&mut tx, scheme, id, into, reason, is_told, by, scheme.config().day_of(now)).await?;
    }
    tx.commit().await?;
    Ok((application(scheme, id).await?, replayed))
}

#[expect(clippy::too_many_arguments, reason = "a row has that many parts")]
async fn write(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    into: ApplicationStatus,
    reason: Option<&str>,
    is_told: bool,
    by: &Operator,
    on: NaiveDate,
) -> db::Result<u64> {
    tx.query(
        "UPDATE certificate_applications SET status = $3, reason = $4, is_told = $5, settled_by = $6, settled_on = $7
         WHERE book = $1 AND id = $2 AND status = 'requested'",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(into.as_str())
    .bind(reason.map(str::to_owned))
    .bind(is_told)
    .bind(by.key_id)
    .bind(on)
    .execute()
    .await
}

/// Those of the orders that were asked for by an application, which has the same id.
pub(in crate::certificates) async fn among(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    orders: &[Order],
) -> db::Result<HashSet<Uuid>> {
    let rows: Vec<(Uuid,)> = tx
        .query("SELECT a.id FROM many($2) AS m JOIN certificate_applications AS a ON a.book = $1 AND a.id = m.value")
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(orders.iter().map(|order| order.id).collect()))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Says that the application with the id of this order, if there is one, is issued; in the transaction that writes the
/// certificate. Refused when it came to another end meanwhile, or is another volunteer's.
pub(in crate::certificates) async fn settle(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    order: &Order,
    by: &Operator,
    on: NaiveDate,
) -> Result<(), CertificateError> {
    let row: Option<(Uuid, String)> = tx
        .lock("SELECT volunteer_id, status FROM certificate_applications WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(order.id)
        .fetch_optional()
        .await?;
    let Some((volunteer, status)) = row else { return Ok(()) };
    match ApplicationStatus::parse(&status) {
        Some(ApplicationStatus::Requested) => {}
        Some(status) => return Err(CertificateError::ApplicationSettled { status }),
        None => return Err(db::Error::Damaged("certificate_applications.status".to_owned()).into()),
    }
    if volunteer != order.volunteer_id && Survivors::read(tx, scheme).await?.of(volunteer) != order.volunteer_id {
        return Err(CertificateError::IdTaken { field: "volunteer_id".to_owned() });
    }
    write(tx, scheme, order.id, ApplicationStatus::Issued, None, false, by, on).await?;
    Ok(())
}

/// Puts what became of applications into the book as entries without postings, so that the volunteer is told and the feed of
/// events has it. What was interrupted is made up for. Answers how many entries that were.
pub async fn tell(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, CertificateError> {
    let settled: Vec<(Uuid, Uuid, String, Option<Uuid>)> = scheme
        .db
        .query(
            "SELECT id, volunteer_id, status, settled_by FROM certificate_applications
             WHERE book = $1 AND NOT is_told ORDER BY requested_at, id LIMIT $2",
        )
        .bind(scheme.book.number())
        .bind(TOGETHER)
        .fetch_all()
        .await?;
    if settled.is_empty() {
        return Ok(0);
    }
    let mut tx = scheme.db.begin_read().await?;
    let survivors = Survivors::read(&mut tx, scheme).await?;
    tx.rollback().await?;
    let mut told = 0;
    for (id, volunteer, status, by) in settled {
        let volunteer = survivors.of(volunteer);
        let document = json!({ "application_id": id, "decided_by": by });
        let draft = Draft {
            id: Uuid::new_v5(&id, status.as_bytes()),
            kind: if status == "issued" { kind::CERTIFICATE_ISSUED } else { kind::CERTIFICATE_REFUSED },
            effective_on: scheme.config().day_of(now),
            party: Some(volunteer),
            document_id: Some(id),
            action: Action::Post(Vec::new()),
            document: document.as_object().cloned().unwrap_or_default(),
            intent: &[],
            bounds: vec![accounts::unmerged(volunteer)],
            refusal: None,
            freeze_rejection: false,
        };
        let outcome = scheme.book.post(draft).await;
        // Somebody merged the volunteer meanwhile, or too much is going on: the next run tells it.
        let is_posted = outcome.is_ok_and(|outcome| outcome.result.is_ok());
        if !is_posted {
            continue;
        }
        let mut tx = scheme.db.begin_write().await?;
        tx.query("UPDATE certificate_applications SET is_told = TRUE WHERE book = $1 AND id = $2")
            .bind(scheme.book.number())
            .bind(id)
            .execute()
            .await?;
        tx.commit().await?;
        told += 1;
    }
    Ok(told)
}
