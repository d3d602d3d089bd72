//! A selection as it was frozen beside the book as it stands now, or after any later entry: what corrections have changed since.

use super::content::digest;
use super::draft::{counts, heading};
use super::measures::{Measures, measures};
use super::order::Merits;
use super::outcome::{Candidate, Outcome, reached, settle};
use super::rules::RuleSet;
use super::{Selection, SelectionError, groups, store};
use crate::schemes::OpenScheme;
use db::Many;
use std::collections::HashMap;
use uuid::Uuid;

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub selection: Selection,
    /// The entry after which the book was looked at.
    pub at: i64,
    /// Worked out anew from the journal up to the entry at which it was frozen, it has the digest that it had.
    pub identical: bool,
    /// By place; then those who had not reached the minimum.
    pub changes: Vec<Change>,
}

/// Somebody whose figures differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// [`Competitors::subject`](super::Competitors::subject)
    pub subject: Uuid,
    /// Of a unit or a team its code.
    pub number: String,
    /// Of volunteers masked.
    pub name: String,
    pub frozen: Merits,
    pub then: Merits,
    /// `None`: had not reached the minimum.
    pub outcome: Option<Outcome>,
    /// What would become of them by their figures now and by all else that was known when it was frozen; `None`: they do not
    /// reach the minimum, or belonged elsewhere.
    pub would_be: Option<Outcome>,
}

/// Compares the selection with the book after entry `at`, or after the newest.
pub async fn difference(scheme: &OpenScheme, id: Uuid, at: Option<i64>) -> Result<Difference, SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    let one = store::find(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
    let size = scheme.book.size(&mut tx).await?;
    let at = at.unwrap_or(size);
    if !(one.sequence..=size).contains(&at) {
        return Err(SelectionError::BeyondTheBook { size });
    }
    let rows = store::rows(&mut tx, scheme, id, None).await?;
    let candidates: Vec<Candidate> = rows.iter().map(|row| row.candidate.clone()).collect();
    let frozen = figures(&mut tx, scheme, &one, &candidates, one.sequence).await?;
    let root = scheme.book.root_of_first(&mut tx, one.sequence).await?;
    let then = match at == one.sequence {
        true => frozen.clone(),
        false => figures(&mut tx, scheme, &one, &candidates, at).await?,
    };
    let identical = anew(scheme, &one, root, candidates, &frozen) == one.digest;
    let known: HashMap<Uuid, (i64, Outcome)> =
        (1..).zip(&rows).map(|(place, row)| (row.candidate.id, (place, row.outcome))).collect();
    let none = Merits::default();
    let of = |measures: &Measures, volunteer: &Uuid| measures.get(volunteer).copied().unwrap_or(none);
    let differs = |volunteer: &Uuid| {
        let is_other = of(&frozen, volunteer) != of(&then, volunteer);
        is_other && (known.contains_key(volunteer) || reached(&one.rules, &of(&then, volunteer)))
    };
    let everybody = frozen.keys().chain(then.keys().filter(|volunteer| !frozen.contains_key(volunteer)));
    let mut changed: Vec<Uuid> = everybody.filter(|volunteer| differs(volunteer)).copied().collect();
    changed.sort_by_key(|volunteer| (known.get(volunteer).map_or(i64::MAX, |(place, _)| *place), *volunteer));
    let mut people = named(&mut tx, scheme, &one, &rows, changed.clone()).await?;
    let candidates = rows.into_iter().map(|row| row.candidate).collect();
    let would_be: HashMap<Uuid, Outcome> =
        settled(&one, candidates, &then).into_iter().map(|row| (row.candidate.id, row.outcome)).collect();
    let change = |volunteer: Uuid| {
        let (number, name) = people.remove(&volunteer).unwrap_or_default();
        Change {
            subject: volunteer,
            number,
            name,
            frozen: of(&frozen, &volunteer),
            then: of(&then, &volunteer),
            outcome: known.get(&volunteer).map(|(_, outcome)| *outcome),
            would_be: would_be.get(&volunteer).copied(),
        }
    };
    let changes = changed.into_iter().map(change).collect();
    Ok(Difference { at, identical, changes, selection: one })
}

/// Number and name of each, as they are shown.
async fn named(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    one: &Selection,
    rows: &[super::Row],
    subjects: Vec<Uuid>,
) -> db::Result<HashMap<Uuid, (String, String)>> {
    if one.rules.of.are_groups() {
        let named = |row: &super::Row| (row.candidate.id, (row.candidate.number.clone(), row.candidate.name.clone()));
        return Ok(rows.iter().map(named).collect());
    }
    let people: Vec<(Uuid, String, String)> = tx
        .query(
            "SELECT v.id, v.number, v.name FROM many($2) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(subjects))
        .fetch_all()
        .await?;
    Ok(people.into_iter().map(|(id, number, name)| (id, (number, crate::names::masked(&name)))).collect())
}

/// What everybody did after entry `at`: volunteers, or the units or teams that compete.
async fn figures(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    one: &Selection,
    candidates: &[Candidate],
    at: i64,
) -> db::Result<Measures> {
    let period = (one.from, one.until);
    match one.rules.of.are_groups() {
        true => groups::figures(tx, scheme, &one.rules, period, at, candidates).await,
        false => measures(tx, scheme, &one.rules, period, at).await,
    }
}

/// The digest that a selection has when it is worked out anew from the journal.
pub(super) async fn recomputed(tx: &mut db::Tx, scheme: &OpenScheme, one: &Selection) -> db::Result<String> {
    let root = scheme.book.root_of_first(tx, one.sequence).await?;
    let rows = store::rows(tx, scheme, one.id, None).await?;
    let candidates: Vec<Candidate> = rows.into_iter().map(|row| row.candidate).collect();
    let frozen = figures(tx, scheme, one, &candidates, one.sequence).await?;
    Ok(anew(scheme, one, root, candidates, &frozen))
}

/// What comes of the rules for those who were candidates, by other figures.
fn settled(one: &Selection, candidates: Vec<Candidate>, measures: &Measures) -> Vec<super::Row> {
    settle(&one.rules, refigured(&one.rules, candidates, measures)).rows
}

/// The candidates with the figures of `measures`. Volunteers who do not reach the minimum are left out; units and teams stay, and
/// are told what they lack.
pub(super) fn refigured(rules: &RuleSet, candidates: Vec<Candidate>, measures: &Measures) -> Vec<Candidate> {
    let figured = |mut candidate: Candidate| {
        let Merits { minutes, points, services, attained, .. } =
            measures.get(&candidate.id).copied().unwrap_or_default();
        candidate.merits = Merits { minutes, points, services, attained, ..candidate.merits };
        candidate
    };
    let all = candidates.into_iter().map(figured);
    all.filter(|candidate| rules.of.are_groups() || reached(rules, &candidate.merits)).collect()
}

/// The digest of the selection worked out anew: figures out of the journal, all else as kept.
fn anew(scheme: &OpenScheme, one: &Selection, root: String, candidates: Vec<Candidate>, frozen: &Measures) -> String {
    let (served, reached) = counts(&one.rules, frozen);
    let again = super::Selection { root, served, reached, rules_digest: one.rules.text_and_digest().1, ..one.clone() };
    let settled = settle(&one.rules, refigured(&one.rules, candidates, frozen));
    digest(&heading(scheme, &again), &settled.rows, &settled.grids)
}
