//! Revoking a certificate: by a person, for a reason.

use super::{Certificate, CertificateError, Status, get};
use crate::actors;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Revokes a certificate; it stays in the register. The same again is answered with it, and `true`.
pub async fn revoke(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Certificate, bool), CertificateError> {
    if !is_text(reason, 200) {
        let flaw = Invalid::new("reason", "missing_reason", "a reason of 1 to 200 characters");
        return Err(CertificateError::Invalid(vec![flaw]));
    }
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let row: Option<(String, Option<String>)> = tx
        .lock("SELECT status, reason FROM certificates WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let (status, known) = row.ok_or(CertificateError::NotFound { id })?;
    let replayed = match Status::parse(&status) {
        Some(Status::Valid) => false,
        Some(Status::Revoked) if known.as_deref() == Some(reason) => true,
        status => return Err(CertificateError::StateConflict { status: status.unwrap_or(Status::Revoked) }),
    };
    if !replayed {
        tx.query(
            "UPDATE certificates SET status = 'revoked', closed_on = $3, closed_by = $4, reason = $5
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(scheme.config().day_of(now))
        .bind(by.key_id)
        .bind(reason.to_owned())
        .execute()
        .await?;
    }
    tx.commit().await?;
    Ok((get(scheme, id).await?, replayed))
}
