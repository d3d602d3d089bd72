//! Who answers for a selection with their name: over the digest of what they have seen. When the content changes, it is another
//! digest, and nobody has signed it yet.

use super::outcome::Outcome;
use super::{SelectionError, Status, store};
use crate::actors;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use db::Tx;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The office's name for the person.
    pub person: String,
    pub name: String,
    pub key_id: Uuid,
    pub digest: String,
    pub signed_at: DateTime<Utc>,
}

/// Signs what has this digest. The same person again is answered with all signatures, and `true`.
pub async fn sign(
    scheme: &OpenScheme,
    id: Uuid,
    digest: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Vec<Signature>, bool), SelectionError> {
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let one = store::locked(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
    if one.digest != digest {
        return Err(SelectionError::ContentDiffers { digest: one.digest });
    }
    let known = of(&mut tx, scheme, id, digest).await?;
    if known.iter().any(|signature| signature.person == by.person) {
        return Ok((known, true));
    }
    if one.status != Status::Published {
        return Err(SelectionError::StateConflict { status: one.status });
    }
    if let Some(volunteer) = by.volunteer_id {
        let row = store::row_of(&mut tx, scheme, id, volunteer).await?;
        if row.is_some_and(|(_, row)| row.outcome == Outcome::Selected) {
            return Err(SelectionError::Concerned);
        }
    }
    tx.query(
        "INSERT INTO selection_signatures (book, selection_id, digest, person, name, key_id, signed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(digest.to_owned())
    .bind(by.person.clone())
    .bind(by.name.clone())
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    let signed = of(&mut tx, scheme, id, digest).await?;
    tx.commit().await?;
    Ok((signed, false))
}

/// Who has signed this content, in the order in which they did.
pub(super) async fn of(tx: &mut Tx, scheme: &OpenScheme, id: Uuid, digest: &str) -> db::Result<Vec<Signature>> {
    let rows: Vec<(String, String, Uuid, String, i64)> = tx
        .query(
            "SELECT person, name, key_id, digest, signed_at FROM selection_signatures
             WHERE book = $1 AND selection_id = $2 AND digest = $3 ORDER BY signed_at, person",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(digest.to_owned())
        .fetch_all()
        .await?;
    let signature = |(person, name, key_id, digest, signed_at)| Signature {
        person,
        name,
        key_id,
        digest,
        signed_at: moment(signed_at),
    };
    Ok(rows.into_iter().map(signature).collect())
}
