//! Why a person decided so, in their words.

use crate::keys::Operator;
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Keeps the reason for an entry that is about to be posted, and answers the digest of it for the entry's document. Of two
/// reasons for one entry the first stays, as the first posting does.
pub async fn give(
    scheme: &OpenScheme,
    entry_id: Uuid,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<Option<String>> {
    let Some(reason) = reason else { return Ok(None) };
    let mut tx = scheme.db.begin_write().await?;
    tx.query(
        "INSERT INTO reasons (book, entry_id, reason, given_by, given_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
    )
    .bind(scheme.book.number())
    .bind(entry_id)
    .bind(reason.to_owned())
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    tx.commit().await?;
    Ok(Some(hex::encode(scheme.secrets.mac("reason", reason.as_bytes()))))
}

/// The reason that was given for an entry.
pub async fn of(scheme: &OpenScheme, entry_id: Uuid) -> db::Result<Option<String>> {
    let row: Option<(String,)> = scheme
        .db
        .query("SELECT reason FROM reasons WHERE book = $1 AND entry_id = $2")
        .bind(scheme.book.number())
        .bind(entry_id)
        .fetch_optional()
        .await?;
    Ok(row.map(|(reason,)| reason))
}
