//! Why somebody stands where they stand: what keeps them, and every entry behind their figures.

use super::behind::{Behind, behind_in};
use super::outcome::{Bar, bars};
use super::read::Placed;
use super::{SelectionError, store};
use crate::schemes::OpenScheme;
use uuid::Uuid;

/// A row with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub placed: Placed,
    pub bars: Vec<Bar>,
    /// By day.
    pub behind: Vec<Behind>,
}

/// The row of a volunteer, and what is behind it.
pub async fn explain(scheme: &OpenScheme, id: Uuid, volunteer: Uuid) -> Result<Explanation, SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    let one = store::find(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
    let (place, row) =
        store::row_of(&mut tx, scheme, id, volunteer).await?.ok_or(SelectionError::RowNotFound { volunteer })?;
    let (name,): (String,) = tx
        .query("SELECT name FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_one()
        .await?;
    let behind = behind_in(&mut tx, scheme, &one, &[volunteer]).await?.remove(&volunteer).unwrap_or_default();
    let bars = bars(&one.rules, volunteer, &row.candidate.merits, &row.candidate.inputs);
    Ok(Explanation { placed: Placed { place, row, name }, bars, behind })
}
