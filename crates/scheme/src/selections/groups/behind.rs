//! What the figures of a unit or a team are made of: the people who served for it, and their records, as the book stood when the
//! selection was frozen.

use crate::schemes::OpenScheme;
use crate::selections::behind::{Behind, RecordRow, decided, record, survivors};
use crate::selections::measures::{classes, figures};
use crate::selections::{Competitors, Group, Merits, Row, Selection, SelectionError, store};
use chrono::NaiveDate;
use db::{Many, Tx};
use std::cmp::Reverse;
use std::collections::HashMap;
use uuid::Uuid;

/// Somebody who served for a unit or a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub volunteer_id: Uuid,
    pub number: String,
    /// In full: for those who deal with it.
    pub name: String,
    /// What they did for it in the period, as far as it counts.
    pub merits: Merits,
}

/// After whom a list of people goes on: their minutes, and who they are.
pub type AfterPerson = (i64, Uuid);

/// After which record a list of records goes on.
pub type AfterRecord = (NaiveDate, Uuid);

/// Records behind a row, by day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries {
    pub entries: Vec<Behind>,
    /// By registration: number and name in full of whose they are.
    pub people: HashMap<Uuid, (String, String)>,
    /// Where to go on, when there are more.
    pub next: Option<AfterRecord>,
}

/// Who served for a unit or a team, those who did most first: at most `limit` after `after`.
///
/// # Errors
/// Nothing competes under this code; it is a selection of volunteers; the database.
pub async fn people(
    scheme: &OpenScheme,
    id: Uuid,
    code: &str,
    after: Option<AfterPerson>,
    limit: usize,
) -> Result<Vec<Person>, SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    let (one, row) = found(&mut tx, scheme, id, code).await?;
    let reader = Reader { scheme, one: &one };
    let mut sums: Vec<(Uuid, Merits)> = reader.sums(&mut tx, parts(&row)).await?.into_iter().collect();
    let key = |volunteer: Uuid, minutes: i64| (Reverse(minutes), volunteer);
    sums.retain(|(volunteer, merits)| {
        after.is_none_or(|(minutes, last)| key(*volunteer, merits.minutes) > key(last, minutes))
    });
    sums.sort_by_key(|(volunteer, merits)| key(*volunteer, merits.minutes));
    sums.truncate(limit);
    let mut named = names(&mut tx, scheme, sums.iter().map(|(volunteer, _)| *volunteer).collect()).await?;
    let person = |(volunteer_id, merits)| {
        let (number, name) = named.remove(&volunteer_id).unwrap_or_default();
        Person { volunteer_id, number, name, merits }
    };
    Ok(sums.into_iter().map(person).collect())
}

/// The records behind a unit or a team, by day, those after `after`; at most `limit` are looked at.
///
/// # Errors
/// Nothing competes under this code; it is a selection of volunteers; the database.
pub async fn entries(
    scheme: &OpenScheme,
    id: Uuid,
    code: &str,
    after: Option<AfterRecord>,
    limit: i64,
) -> Result<Entries, SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    let (one, row) = found(&mut tx, scheme, id, code).await?;
    Ok(Reader { scheme, one: &one }.entries(&mut tx, parts(&row), after, limit).await?)
}

/// The same of a row that is at hand.
///
/// # Errors
/// The database.
pub async fn entries_of(
    scheme: &OpenScheme,
    one: &Selection,
    row: &Row,
    after: Option<AfterRecord>,
    limit: i64,
) -> Result<Entries, SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    Ok(Reader { scheme, one }.entries(&mut tx, parts(row), after, limit).await?)
}

async fn found(tx: &mut Tx, scheme: &OpenScheme, id: Uuid, code: &str) -> Result<(Selection, Row), SelectionError> {
    let one = store::find(tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
    if !one.rules.of.are_groups() {
        return Err(SelectionError::OfVolunteers);
    }
    let missing = || SelectionError::RowNotFound { subject: code.to_owned() };
    let subject = one.rules.of.subject(code).ok_or_else(missing)?;
    let (_, row) = store::row_of(tx, scheme, id, subject).await?.ok_or_else(missing)?;
    Ok((one, row))
}

fn parts(row: &Row) -> Vec<String> {
    row.candidate.inputs.group.as_ref().map(|Group { parts, .. }| parts.clone()).unwrap_or_default()
}

struct Reader<'a> {
    scheme: &'a OpenScheme,
    one: &'a Selection,
}

/// Records of a period that count for some units or teams, and were confirmed when the book had so many entries: those that
/// still are, and those that were reversed later. Of the latter some were confirmed later, too.
macro_rules! then {
    ($what:literal, $code:literal, $status:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM many($5) AS m JOIN services AS s ON s.book = $1 AND s.",
            $code,
            " = m.value WHERE s.occurred_on >= $2 AND s.occurred_on <= $3 AND ",
            $status,
            $rest
        )
    };
}

macro_rules! sums {
    ($code:literal) => {
        then!(
            "s.volunteer_id, CAST(SUM(COALESCE(s.credited_minutes, 0)) AS BIGINT),
             CAST(SUM(COALESCE(s.points, 0)) AS BIGINT),
             CAST(SUM(CASE WHEN s.minutes = 0 THEN 0 ELSE 1 END) AS BIGINT), CAST(MAX(s.sequence) AS BIGINT)",
            $code,
            "s.status = 'confirmed' AND s.sequence <= $4 AND s.evidence IN ($6, $7, $8, $9)",
            " GROUP BY s.volunteer_id"
        )
    };
}

macro_rules! reversed {
    ($code:literal) => {
        then!("s.id, s.volunteer_id", $code, "s.status = 'reversed' AND s.sequence > $4", "")
    };
}

macro_rules! list {
    ($code:literal) => {
        then!(
            "s.id, s.volunteer_id, s.occurred_on, s.category, s.title, s.evidence, s.status, s.sequence,
             s.credited_minutes, s.points",
            $code,
            "((s.status = 'confirmed' AND s.sequence <= $4) OR (s.status = 'reversed' AND s.sequence > $4))",
            " AND (s.occurred_on > $6 OR (s.occurred_on = $6 AND s.id > $7)) ORDER BY s.occurred_on, s.id LIMIT $8"
        )
    };
}

impl Reader<'_> {
    fn are_teams(&self) -> bool {
        self.one.rules.of == Competitors::Teams
    }

    fn query<'t>(&self, tx: &'t mut Tx, sql: &'static str, parts: Vec<String>) -> db::Query<'t> {
        let one = self.one;
        let query = tx.query(sql).bind(self.scheme.book.number()).bind(one.from).bind(one.until).bind(one.sequence);
        query.bind_many(Many::Text(parts))
    }

    /// What everybody did for it, who turned out to be somebody else as that one.
    async fn sums(&self, tx: &mut Tx, parts: Vec<String>) -> db::Result<HashMap<Uuid, Merits>> {
        let [one, other, third, fourth] = classes(&self.one.rules);
        let sql = if self.are_teams() { sums!("team") } else { sums!("unit") };
        let confirmed: Vec<(Uuid, i64, i64, i64, i64)> =
            self.query(tx, sql, parts.clone()).bind(one).bind(other).bind(third).bind(fourth).fetch_all().await?;
        let sql = if self.are_teams() { reversed!("team") } else { reversed!("unit") };
        let reversed: Vec<(Uuid, Uuid)> = self.query(tx, sql, parts).fetch_all().await?;
        let mut sums: Vec<(Uuid, [i64; 3], i64)> = confirmed
            .into_iter()
            .map(|(volunteer, minutes, points, services, newest)| (volunteer, [minutes, points, services], newest))
            .collect();
        for some in reversed.chunks(1000) {
            let entries = decided(tx, self.scheme, some.iter().map(|(record, _)| *record).collect()).await?;
            for (record, volunteer) in some {
                let Some(entry) = entries.get(record).filter(|entry| entry.sequence <= self.one.sequence) else {
                    continue;
                };
                let fields = entry.fields();
                let evidence = fields.get("evidence").and_then(serde_json::Value::as_str).unwrap_or_default();
                if self.one.rules.counts(evidence) {
                    sums.push((*volunteer, figures(&fields), entry.sequence));
                }
            }
        }
        let whose =
            survivors(tx, self.scheme, sums.iter().map(|(volunteer, ..)| *volunteer), self.one.sequence).await?;
        let mut people: HashMap<Uuid, Merits> = HashMap::new();
        for (volunteer, figures, newest) in sums {
            let merits = people.entry(whose.get(&volunteer).copied().unwrap_or(volunteer)).or_default();
            merits.add(figures);
            merits.attained = merits.attained.max(newest);
        }
        Ok(people)
    }

    async fn entries(
        &self,
        tx: &mut Tx,
        parts: Vec<String>,
        after: Option<AfterRecord>,
        limit: i64,
    ) -> db::Result<Entries> {
        let (day, last) = after.unwrap_or((self.one.from, Uuid::nil()));
        let sql = if self.are_teams() { list!("team") } else { list!("unit") };
        let mut rows: Vec<RecordRow> =
            self.query(tx, sql, parts).bind(day).bind(last).bind(limit.saturating_add(1)).fetch_all().await?;
        let is_more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(0));
        let next = rows.last().filter(|_| is_more).map(|row| (row.occurred_on, row.id));
        let reversed = rows.iter().filter(|row| row.is_reversed()).map(|row| row.id).collect();
        let decided = decided(tx, self.scheme, reversed).await?;
        let mut entries: Vec<Behind> = rows.into_iter().filter_map(|row| record(self.one, row, &decided)).collect();
        let registered = entries.iter().map(|entry| entry.volunteer_id);
        let whose = survivors(tx, self.scheme, registered, self.one.sequence).await?;
        for entry in &mut entries {
            entry.volunteer_id = whose.get(&entry.volunteer_id).copied().unwrap_or(entry.volunteer_id);
        }
        let mut everybody: Vec<Uuid> = entries.iter().map(|entry| entry.volunteer_id).collect();
        everybody.sort_unstable();
        everybody.dedup();
        Ok(Entries { entries, people: names(tx, self.scheme, everybody).await?, next })
    }
}

/// Number and name of each.
async fn names(tx: &mut Tx, scheme: &OpenScheme, people: Vec<Uuid>) -> db::Result<HashMap<Uuid, (String, String)>> {
    let rows: Vec<(Uuid, String, String)> = tx
        .query(
            "SELECT v.id, v.number, v.name FROM many($2) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(people))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id, number, name)| (id, (number, name))).collect())
}
