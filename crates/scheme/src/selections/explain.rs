//! Why somebody stands where they stand: what keeps them, and every entry behind their figures.

use super::outcome::{Bar, bars};
use super::read::Placed;
use super::{SelectionError, store};
use crate::projection::integer;
use crate::schemes::OpenScheme;
use crate::services::{decision_id, reversal_id};
use chrono::NaiveDate;
use db::Many;
use std::collections::HashMap;
use uuid::Uuid;

/// A row with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub placed: Placed,
    pub bars: Vec<Bar>,
    /// By day.
    pub behind: Vec<Behind>,
}

/// A record that was confirmed when the selection was frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    pub service_id: Uuid,
    /// Of its confirmation.
    pub sequence: i64,
    pub occurred_on: NaiveDate,
    pub category: String,
    pub title: String,
    pub evidence: String,
    pub minutes: i64,
    pub points: i64,
    /// Its class of evidence is one of those that count.
    pub counts: bool,
    /// It was taken back since; the document stands as it was frozen.
    pub reversed_since: bool,
}

type RecordRow = (Uuid, NaiveDate, String, String, String);

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
    let registrations = registrations(&mut tx, scheme, volunteer, one.sequence).await?;
    let records: Vec<RecordRow> = tx
        .query(
            "SELECT s.id, s.occurred_on, s.category, s.title, s.evidence
             FROM services AS s WHERE s.book = $1 AND s.occurred_on >= $2 AND s.occurred_on <= $3
               AND s.status IN ('confirmed', 'reversed')
               AND s.volunteer_id IN (SELECT m.value FROM many($4) AS m)
             ORDER BY s.occurred_on, s.id",
        )
        .bind(scheme.book.number())
        .bind(one.from)
        .bind(one.until)
        .bind_many(Many::Uuid(registrations))
        .fetch_all()
        .await?;
    let ids = records.iter().flat_map(|(record, ..)| [decision_id(*record), reversal_id(*record)]).collect();
    let entries = scheme.book.entries_with_ids(&mut tx, ids).await?;
    let entries: HashMap<Uuid, _> = entries.into_iter().map(|entry| (entry.id, entry)).collect();
    let behind = |(record, occurred_on, category, title, evidence): RecordRow| {
        let confirmed = entries.get(&decision_id(record)).filter(|entry| entry.sequence <= one.sequence)?;
        let reversed = entries.get(&reversal_id(record));
        if reversed.is_some_and(|entry| entry.sequence <= one.sequence) {
            return None;
        }
        let fields = confirmed.fields();
        let number = |name| integer(&fields, name).unwrap_or(0);
        Some(Behind {
            service_id: record,
            sequence: confirmed.sequence,
            occurred_on,
            category,
            title,
            counts: one.rules.counts(&evidence),
            evidence,
            minutes: number("credited_minutes"),
            points: number("points"),
            reversed_since: reversed.is_some(),
        })
    };
    let behind = records.into_iter().filter_map(behind).collect();
    let bars = bars(&one.rules, volunteer, &row.candidate.merits, &row.candidate.inputs);
    Ok(Explanation { placed: Placed { place, row, name }, bars, behind })
}

/// The volunteer, and the registrations that had turned out to be theirs by then.
async fn registrations(tx: &mut db::Tx, scheme: &OpenScheme, volunteer: Uuid, at: i64) -> db::Result<Vec<Uuid>> {
    let mut known = vec![volunteer];
    let mut next = 0;
    while let Some(into) = known.get(next).copied() {
        next += 1;
        let rows: Vec<(Uuid,)> = tx
            .query("SELECT id FROM volunteers WHERE book = $1 AND merged_into = $2")
            .bind(scheme.book.number())
            .bind(into)
            .fetch_all()
            .await?;
        let ids = rows.iter().map(|(id,)| crate::volunteers::merge_entry_id(*id, 0)).collect();
        let by_then: Vec<Uuid> = scheme
            .book
            .entries_with_ids(tx, ids)
            .await?
            .into_iter()
            .filter(|entry| entry.sequence <= at)
            .filter_map(|entry| entry.document_id)
            .collect();
        known.extend(by_then.into_iter().filter(|id| !known.contains(id)).collect::<Vec<_>>());
    }
    Ok(known)
}
