//! Verifying a certificate by its number and check code (Order 67, Art. 17): for anybody, without a key.
//!
//! Whether a number exists is told to nobody who has not its code: an unknown number and a wrong code are answered alike, and
//! wrong codes are counted for numbers that do not exist, too. They are counted in the database: all processes count together.

use super::rows::{CertificateRow, select_certificates};
use super::{Certificate, CertificateError, codes};
use crate::micros;
use crate::schemes::{OpenScheme, SchemeError, Schemes};
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// Wrong codes for one number within the window.
const WRONG_MAX: i64 = 5;
const WINDOW_SECONDS: i64 = 15 * 60;

/// What becomes of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Letters do not go together: it was mistyped.
    Mistyped,
    /// There is no such number, or the code is not its.
    Unknown,
    Known(Box<Certificate>),
    /// Too many wrong codes were told for this number; not even the right one is listened to.
    Locked {
        retry_after: i64,
    },
}

pub async fn look_up(
    schemes: &Schemes,
    number: &str,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Seen, CertificateError> {
    let (number, code) = (codes::plain(number), codes::plain_code(code));
    let Some((scheme, year, serial)) = codes::read_number(&number) else { return Ok(Seen::Mistyped) };
    if !codes::is_well_formed(&number, &code) {
        return Ok(Seen::Mistyped);
    }
    let scheme = match schemes.get(&scheme).await {
        Ok(scheme) => scheme,
        Err(SchemeError::SchemeNotFound { .. }) => return Ok(Seen::Unknown),
        Err(SchemeError::Database(error)) => return Err(error.into()),
    };
    // As it is printed: `000042` and `0000042` would be two numbers.
    let subject = subject(&scheme, &codes::number(scheme.book.code(), year, serial));
    if let Some(retry_after) = locked(&scheme, subject, now).await? {
        return Ok(Seen::Locked { retry_after });
    }
    if codes::is_of(&scheme, &number, &code)
        && let Some(certificate) = find(&scheme, year, serial).await?
    {
        return Ok(Seen::Known(Box::new(certificate)));
    }
    count(&scheme, subject, now).await?;
    Ok(Seen::Unknown)
}

async fn find(scheme: &OpenScheme, year: i64, serial: i64) -> Result<Option<Certificate>, CertificateError> {
    let row: Option<CertificateRow> = scheme
        .db
        .query(select_certificates!("certificates AS c WHERE c.book = $1 AND c.year = $2 AND c.serial = $3"))
        .bind(scheme.book.number())
        .bind(year)
        .bind(serial)
        .fetch_optional()
        .await?;
    row.map(|row| row.certificate(scheme)).transpose()
}

fn subject(scheme: &OpenScheme, number: &str) -> Uuid {
    let digest = scheme.secrets.mac("certificate_attempts", number.as_bytes());
    Uuid::from_bytes(digest.first_chunk().copied().unwrap_or_default())
}

async fn locked(scheme: &OpenScheme, subject: Uuid, now: DateTime<Utc>) -> db::Result<Option<i64>> {
    let row: Option<(i64, i64)> = scheme
        .db
        .query("SELECT wrong, since FROM certificate_attempts WHERE book = $1 AND subject = $2")
        .bind(scheme.book.number())
        .bind(subject)
        .fetch_optional()
        .await?;
    let Some((_, since)) = row.filter(|(wrong, _)| *wrong >= WRONG_MAX) else { return Ok(None) };
    let passed = micros(now).saturating_sub(since) / 1_000_000;
    Ok(Some(WINDOW_SECONDS.saturating_sub(passed)).filter(|seconds| *seconds > 0))
}

/// Counts a wrong code, and forgets those of windows that are over.
async fn count(scheme: &OpenScheme, subject: Uuid, now: DateTime<Utc>) -> db::Result<()> {
    let begun = micros(now - Duration::seconds(WINDOW_SECONDS));
    let mut tx = scheme.db.begin_write().await?;
    tx.query("DELETE FROM certificate_attempts WHERE book = $1 AND since <= $2")
        .bind(scheme.book.number())
        .bind(begun)
        .execute()
        .await?;
    tx.query(
        "INSERT INTO certificate_attempts (book, subject, wrong, since) VALUES ($1, $2, 1, $3)
         ON CONFLICT (book, subject) DO UPDATE SET wrong = certificate_attempts.wrong + 1",
    )
    .bind(scheme.book.number())
    .bind(subject)
    .bind(micros(now))
    .execute()
    .await?;
    tx.commit().await
}
