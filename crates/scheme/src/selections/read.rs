//! Selections as they stand.

use super::outcome::{Outcome, Row};
use super::rules::RuleSet;
use super::signatures::{self, Signature};
use super::store::{SelectionRow, select_selections};
use super::{Selection, SelectionError, Status, objections, store};
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use db::Many;
use std::collections::HashMap;
use uuid::Uuid;

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Selection, SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    store::find(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })
}

/// What there is of a selection beside itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Rows of each outcome.
    pub outcomes: Vec<(Outcome, i64)>,
    /// Of the content as it is now.
    pub signatures: Vec<Signature>,
    pub open_objections: i64,
}

impl Counted {
    pub async fn of(scheme: &OpenScheme, one: &Selection) -> db::Result<Counted> {
        let mut tx = scheme.db.begin_read().await?;
        Ok(Counted {
            outcomes: store::counts(&mut tx, scheme, one.id).await?,
            signatures: signatures::of(&mut tx, scheme, one.id, &one.digest).await?,
            open_objections: objections::open(&mut tx, scheme, one.id).await?,
        })
    }

    pub fn count(&self, outcome: Outcome) -> i64 {
        self.outcomes.iter().find(|(one, _)| *one == outcome).map_or(0, |(_, count)| *count)
    }
}

/// Selections by the last day of their period, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    status: Option<Status>,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> db::Result<Vec<Selection>> {
    let (day, id) = after.unwrap_or((NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default(), Uuid::nil()));
    let rows: Vec<SelectionRow> = scheme
        .db
        .query(select_selections!(
            "($2 IS NULL OR status = $2) AND (until_on > $3 OR (until_on = $3 AND id > $4)) ORDER BY until_on, id LIMIT $5"
        ))
        .bind(scheme.book.number())
        .bind(status.map(Status::as_str))
        .bind(day)
        .bind(id)
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(SelectionRow::selection).collect()
}

/// A row, where it stands, and the name as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub place: i64,
    pub row: Row,
    /// In full: for those who deal with it. Of units and teams as it was.
    pub name: String,
}

/// Rows in order after a place, of one outcome when it is given; and the rules by which they stand there.
pub async fn rows(
    scheme: &OpenScheme,
    id: Uuid,
    outcome: Option<Outcome>,
    after: i64,
    limit: i64,
) -> Result<(RuleSet, Vec<Placed>), SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    let one = store::find(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
    let page = store::page(&mut tx, scheme, id, outcome, after, limit).await?;
    let are_groups = one.rules.of.are_groups();
    let ids = page.iter().filter(|_| !are_groups).map(|(_, row)| row.candidate.id).collect();
    let names: Vec<(Uuid, String)> = tx
        .query("SELECT v.id, v.name FROM many($2) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value")
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    let mut names: HashMap<Uuid, String> = names.into_iter().collect();
    let placed = |(place, row): (i64, Row)| {
        let name = names.remove(&row.candidate.id).unwrap_or_else(|| row.candidate.name.clone());
        Placed { place, row, name }
    };
    Ok((one.rules, page.into_iter().map(placed).collect()))
}

/// The selected who had agreed to be named, in order: what everybody may see.
pub async fn selected(scheme: &OpenScheme, id: Uuid) -> db::Result<Vec<Row>> {
    let mut tx = scheme.db.begin_read().await?;
    let mut rows = store::rows(&mut tx, scheme, id, Some(Outcome::Selected)).await?;
    rows.retain(|row| row.candidate.named);
    Ok(rows)
}

/// How many are selected who had not agreed to be named.
pub async fn unnamed(scheme: &OpenScheme, id: Uuid) -> db::Result<i64> {
    let (count,): (i64,) = scheme
        .db
        .query(
            "SELECT COUNT(*) FROM selection_rows
             WHERE book = $1 AND selection_id = $2 AND outcome = 'selected' AND NOT named",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_one()
        .await?;
    Ok(count)
}
