//! Volunteers who leave, and come back. What is in the book stays.

use super::belonging::{self, Belongs};
use super::row::{VolunteerRow, select_volunteers};
use super::{Status, Volunteer, VolunteerError, Written};
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// Somebody leaves: they belong to no unit and no team from today on, and are asked for no post.
pub async fn leave(
    scheme: &OpenScheme,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(Arc<Volunteer>, Written), VolunteerError> {
    set(scheme, id, Status::Inactive, now).await
}

/// Somebody who left is back where they were.
pub async fn rejoin(
    scheme: &OpenScheme,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(Arc<Volunteer>, Written), VolunteerError> {
    set(scheme, id, Status::Active, now).await
}

async fn set(
    scheme: &OpenScheme,
    id: Uuid,
    status: Status,
    now: DateTime<Utc>,
) -> Result<(Arc<Volunteer>, Written), VolunteerError> {
    let book = scheme.book.number();
    let mut tx = scheme.db.begin_write().await?;
    let row = locked(&mut tx, book, id).await?;
    if let Some(into) = row.merged_into {
        return Err(VolunteerError::Merged { into });
    }
    if row.status == status.as_str() {
        tx.rollback().await?;
        return Ok((super::get(scheme, id).await?, Written::Same));
    }
    let belongs = Belongs::of(&row);
    let today = scheme.config().day_of(now);
    let (was, is) = match status {
        Status::Active => (&belonging::NOTHING, &belongs),
        _ => (&belongs, &belonging::NOTHING),
    };
    belonging::keep(&mut tx, book, id, Some(was), is, today).await?;
    tx.query(
        "UPDATE volunteers SET status = $3, version = version + 1, updated_at = $4,
             change = (SELECT MAX(change) + 1 FROM volunteers WHERE book = $1)
         WHERE book = $1 AND id = $2",
    )
    .bind(book)
    .bind(id)
    .bind(status.as_str())
    .bind(micros(now))
    .execute()
    .await?;
    tx.commit().await?;
    scheme.volunteers.invalidate(&id);
    Ok((super::get(scheme, id).await?, Written::Changed))
}

/// The volunteer, and the lock under which changes are numbered.
pub(super) async fn locked(tx: &mut db::Tx, book: i64, id: Uuid) -> Result<VolunteerRow, VolunteerError> {
    tx.lock("SELECT edition FROM schemes WHERE book = $1 AND edition = 1")
        .bind(book)
        .fetch_optional::<(i64,)>()
        .await?;
    let row: Option<VolunteerRow> =
        tx.query(select_volunteers!("WHERE v.book = $1 AND v.id = $2")).bind(book).bind(id).fetch_optional().await?;
    row.ok_or(VolunteerError::VolunteerNotFound { id })
}
