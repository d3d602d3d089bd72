//! What figures are made of: the entries behind them as the book stood when a selection was frozen, of many people in a few
//! passes, however many there are.

use super::{Selection, SelectionError};
use crate::projection::{id, integer, kind};
use crate::schemes::OpenScheme;
use crate::services::decision_id;
use crate::volunteers::merge_entry_id;
use chrono::NaiveDate;
use db::{Many, Tx};
use ledger::Entry;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// How the evidence of a wish is named that was fulfilled: its points count, whichever classes do.
pub const WISH: &str = "wish";

/// A record that was confirmed when the selection was frozen, or a wish that gave points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// Whose it is, as far as it was known then.
    pub volunteer_id: Uuid,
    pub service_id: Uuid,
    /// Of its confirmation.
    pub sequence: i64,
    pub occurred_on: NaiveDate,
    pub category: String,
    pub title: String,
    /// A class of evidence, or [`WISH`].
    pub evidence: String,
    pub minutes: i64,
    pub points: i64,
    /// Its class of evidence is one of those that count.
    pub counts: bool,
    /// It was taken back since; the document stands as it was frozen.
    pub reversed_since: bool,
}

/// What is behind the figures of each of these, by day.
///
/// # Errors
/// The database.
pub async fn behind(
    scheme: &OpenScheme,
    one: &Selection,
    people: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Behind>>, SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    Ok(behind_in(&mut tx, scheme, one, people).await?)
}

pub(super) async fn behind_in(
    tx: &mut Tx,
    scheme: &OpenScheme,
    one: &Selection,
    people: &[Uuid],
) -> db::Result<HashMap<Uuid, Vec<Behind>>> {
    let reader = Reader { scheme, one, whose: registrations(tx, scheme, people, one.sequence).await? };
    let mut found: HashMap<Uuid, Vec<Behind>> = HashMap::new();
    let records = reader.records(tx).await?;
    for behind in records.into_iter().chain(reader.wishes(tx).await?) {
        found.entry(behind.volunteer_id).or_default().push(behind);
    }
    for list in found.values_mut() {
        list.sort_by_key(|one| (one.occurred_on, one.sequence));
    }
    Ok(found)
}

/// These, and the registrations that had turned out to be theirs by then: whose each is.
async fn registrations(tx: &mut Tx, scheme: &OpenScheme, people: &[Uuid], at: i64) -> db::Result<HashMap<Uuid, Uuid>> {
    let mut whose: HashMap<Uuid, Uuid> = people.iter().map(|person| (*person, *person)).collect();
    let mut newest = people.to_vec();
    while !newest.is_empty() {
        let merged: Vec<(Uuid, Uuid)> = tx
            .query(
                "SELECT v.id, v.merged_into FROM many($2) AS m
                 JOIN volunteers AS v ON v.book = $1 AND v.merged_into = m.value WHERE v.merged_into IS NOT NULL",
            )
            .bind(scheme.book.number())
            .bind_many(Many::Uuid(newest))
            .fetch_all()
            .await?;
        newest = Vec::new();
        for (id, into) in known_then(tx, scheme, merged, at).await? {
            if let Some(person) = whose.get(&into).copied().filter(|_| !whose.contains_key(&id)) {
                whose.insert(id, person);
                newest.push(id);
            }
        }
    }
    Ok(whose)
}

/// Those of these merges that the book had by entry `at`.
async fn known_then(
    tx: &mut Tx,
    scheme: &OpenScheme,
    mut merged: Vec<(Uuid, Uuid)>,
    at: i64,
) -> db::Result<Vec<(Uuid, Uuid)>> {
    let ids = merged.iter().map(|(id, _)| merge_entry_id(*id, 0)).collect();
    let entries = scheme.book.entries_with_ids(tx, ids).await?;
    let by_then: HashSet<Uuid> =
        entries.into_iter().filter(|entry| entry.sequence <= at).map(|entry| entry.id).collect();
    merged.retain(|(id, _)| by_then.contains(&merge_entry_id(*id, 0)));
    Ok(merged)
}

impl RecordRow {
    pub fn is_reversed(&self) -> bool {
        self.status == "reversed"
    }
}

/// With which entry each of these records was decided first.
pub(super) async fn decided(tx: &mut Tx, scheme: &OpenScheme, records: Vec<Uuid>) -> db::Result<HashMap<Uuid, Entry>> {
    let of: HashMap<Uuid, Uuid> = records.into_iter().map(|record| (decision_id(record), record)).collect();
    let entries = scheme.book.entries_with_ids(tx, of.keys().copied().collect()).await?;
    Ok(entries.into_iter().filter_map(|entry| Some((*of.get(&entry.id)?, entry))).collect())
}

/// A record as it was confirmed then: that it still is tells itself, of the others `decided` does. `None`: it was confirmed and
/// reversed later.
pub(super) fn record(one: &Selection, row: RecordRow, decided: &HashMap<Uuid, Entry>) -> Option<Behind> {
    let reversed_since = row.is_reversed();
    let (sequence, minutes, points) = match reversed_since {
        false => (row.sequence?, row.credited_minutes.unwrap_or(0), row.points.unwrap_or(0)),
        true => {
            let entry = decided.get(&row.id).filter(|entry| entry.sequence <= one.sequence)?;
            let fields = entry.fields();
            let number = |name| integer(&fields, name).unwrap_or(0);
            (entry.sequence, number("credited_minutes"), number("points"))
        }
    };
    Some(Behind {
        volunteer_id: row.volunteer_id,
        service_id: row.id,
        sequence,
        occurred_on: row.occurred_on,
        category: row.category,
        title: row.title,
        counts: one.rules.counts(&row.evidence),
        evidence: row.evidence,
        minutes,
        points,
        reversed_since,
    })
}

struct Reader<'a> {
    scheme: &'a OpenScheme,
    one: &'a Selection,
    /// Whose each registration is.
    whose: HashMap<Uuid, Uuid>,
}

/// Who each of these registrations had turned out to be by then; those who were nobody else are not in it.
pub(super) async fn survivors(
    tx: &mut Tx,
    scheme: &OpenScheme,
    registrations: impl IntoIterator<Item = Uuid>,
    at: i64,
) -> db::Result<HashMap<Uuid, Uuid>> {
    let mut into: HashMap<Uuid, Uuid> = HashMap::new();
    let mut newest: Vec<Uuid> = registrations.into_iter().collect();
    newest.sort_unstable();
    newest.dedup();
    while !newest.is_empty() {
        let merged: Vec<(Uuid, Uuid)> = tx
            .query(
                "SELECT v.id, v.merged_into FROM many($2) AS m
                 JOIN volunteers AS v ON v.book = $1 AND v.id = m.value WHERE v.merged_into IS NOT NULL",
            )
            .bind(scheme.book.number())
            .bind_many(Many::Uuid(newest))
            .fetch_all()
            .await?;
        newest = Vec::new();
        for (id, survivor) in known_then(tx, scheme, merged, at).await? {
            if into.insert(id, survivor).is_none() {
                newest.push(survivor);
            }
        }
    }
    let last = |mut id: Uuid| {
        // What is written has no circles; what was forced into the tables might.
        for _ in 0..100 {
            match into.get(&id) {
                Some(survivor) => id = *survivor,
                None => break,
            }
        }
        id
    };
    Ok(into.keys().map(|id| (*id, last(*id))).collect())
}

#[derive(sqlx::FromRow)]
pub(super) struct RecordRow {
    pub id: Uuid,
    volunteer_id: Uuid,
    pub occurred_on: NaiveDate,
    category: String,
    title: String,
    evidence: String,
    status: String,
    sequence: Option<i64>,
    credited_minutes: Option<i64>,
    points: Option<i64>,
}

impl Reader<'_> {
    fn all(&self) -> Vec<Uuid> {
        self.whose.keys().copied().collect()
    }

    /// Records that were confirmed then: those that still are tell it themselves, of the others their first entry does.
    async fn records(&self, tx: &mut Tx) -> db::Result<Vec<Behind>> {
        let rows: Vec<RecordRow> = tx
            .query(
                "SELECT s.id, s.volunteer_id, s.occurred_on, s.category, s.title, s.evidence, s.status, s.sequence,
                        s.credited_minutes, s.points
                 FROM many($5) AS m JOIN services AS s ON s.book = $1 AND s.volunteer_id = m.value
                 WHERE s.occurred_on >= $2 AND s.occurred_on <= $3
                   AND ((s.status = 'confirmed' AND s.sequence <= $4) OR (s.status = 'reversed' AND s.sequence > $4))",
            )
            .bind(self.scheme.book.number())
            .bind(self.one.from)
            .bind(self.one.until)
            .bind(self.one.sequence)
            .bind_many(Many::Uuid(self.all()))
            .fetch_all()
            .await?;
        let reversed = rows.iter().filter(|row| row.is_reversed()).map(|row| row.id).collect();
        let decided = decided(tx, self.scheme, reversed).await?;
        let records = rows.into_iter().filter_map(|row| record(self.one, row, &decided));
        Ok(records.filter_map(|behind| self.of_person(behind)).collect())
    }

    /// As that of whom it is behind.
    fn of_person(&self, behind: Behind) -> Option<Behind> {
        Some(Behind { volunteer_id: *self.whose.get(&behind.volunteer_id)?, ..behind })
    }

    /// Points of wishes that were fulfilled in the period: they are on no record of service.
    async fn wishes(&self, tx: &mut Tx) -> db::Result<Vec<Behind>> {
        let one = self.one;
        let mut told = self.scheme.book.told_of(tx, kind::WISH_FULFILLED, self.all(), one.sequence).await?;
        told.retain(|told| (one.from..=one.until).contains(&told.effective_on));
        let fields_of = |document: &str| serde_json::from_str::<Map<String, Value>>(document).unwrap_or_default();
        let wishes = told.iter().filter_map(|told| id(&fields_of(&told.document), "wish_id")).collect();
        let named: Vec<(Uuid, String, Option<String>)> = tx
            .query(
                "SELECT w.id, w.title, w.category FROM many($2) AS m
                 JOIN wishes AS w ON w.book = $1 AND w.id = m.value",
            )
            .bind(self.scheme.book.number())
            .bind_many(Many::Uuid(wishes))
            .fetch_all()
            .await?;
        let named: HashMap<Uuid, (String, Option<String>)> =
            named.into_iter().map(|(id, title, category)| (id, (title, category))).collect();
        let behind = told.into_iter().filter_map(|told| {
            let fields = fields_of(&told.document);
            let wish = id(&fields, "wish_id")?;
            let (title, category) = named.get(&wish).cloned().unwrap_or_default();
            self.of_person(Behind {
                volunteer_id: told.party?,
                service_id: id(&fields, "service_id").unwrap_or(wish),
                sequence: told.sequence,
                occurred_on: told.effective_on,
                category: category.unwrap_or_default(),
                title,
                evidence: WISH.to_owned(),
                minutes: 0,
                points: integer(&fields, "points").unwrap_or(0),
                counts: true,
                reversed_since: false,
            })
        });
        Ok(behind.collect())
    }
}
