//! Why somebody stands where they stand: what keeps them, and every entry behind their figures.

use super::behind::{Behind, behind_in};
use super::outcome::{Bar, bars};
use super::read::Placed;
use super::rules::RuleSet;
use super::{SelectionError, store};
use crate::schemes::OpenScheme;
use uuid::Uuid;

/// A row with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub rules: RuleSet,
    pub placed: Placed,
    pub bars: Vec<Bar>,
    /// By day; `None` of units and teams.
    pub behind: Option<Vec<Behind>>,
}

/// The row of a volunteer by id, or of a unit or a team by code. What is behind the latter is long, and listed page by page
/// ([`entries`](super::entries), [`people`](super::people)).
pub async fn explain(scheme: &OpenScheme, id: Uuid, named: &str) -> Result<Explanation, SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    let one = store::find(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
    let of = one.rules.of;
    let subject = of.subject(named).ok_or(SelectionError::NoId)?;
    let missing = || SelectionError::RowNotFound { subject: named.to_owned() };
    let (place, row) = store::row_of(&mut tx, scheme, id, subject).await?.ok_or_else(missing)?;
    let bars = bars(&one.rules, subject, &row.candidate.merits, &row.candidate.inputs);
    if of.are_groups() {
        let placed = Placed { place, name: row.candidate.name.clone(), row };
        return Ok(Explanation { rules: one.rules, placed, bars, behind: None });
    }
    let (name,): (String,) = tx
        .query("SELECT name FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(subject)
        .fetch_one()
        .await?;
    let behind = behind_in(&mut tx, scheme, &one, &[subject]).await?.remove(&subject).unwrap_or_default();
    Ok(Explanation { rules: one.rules, placed: Placed { place, row, name }, bars, behind: Some(behind) })
}
