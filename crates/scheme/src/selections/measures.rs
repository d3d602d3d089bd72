//! What everybody did in a period, as the book stood after any of its entries: the totals as they are now, less what later
//! entries changed. So nothing of it has to be kept, and it is the same whenever it is asked for.

use super::order::Merits;
use super::rules::RuleSet;
use crate::projection::{id, integer, kind};
use crate::schemes::OpenScheme;
use crate::services::decision_id;
use crate::volunteers::{Survivors, merge_entry_id};
use chrono::{Datelike, NaiveDate};
use db::Tx;
use ledger::Entry;
use ledger::feed::Told;
use serde_json::{Map, Value};
use std::collections::HashMap;
use uuid::Uuid;

/// Entries that are read at a time.
const PAGE: i64 = 10_000;

const COUNTING: [&str; 4] =
    [kind::SERVICE_CONFIRMED, kind::SERVICE_REVERSED, kind::WISH_FULFILLED, kind::VOLUNTEER_MERGED];

pub type Measures = HashMap<Uuid, Merits>;

/// Of the records of a period that had been confirmed and still are, by whom or for what: the newest entry of those that count,
/// and minutes, points and services of those that do not. For [`confirmed_records`].
macro_rules! not_counting {
    ($code:literal, $rest:literal) => {
        // A city's year is read along the volunteers, in the order of an index that has all of this, and the classes are written out:
        // a list would be searched for each record.
        concat!(
            "SELECT ",
            $code,
            ", MAX(CASE WHEN s.evidence IN ($5, $6, $7, $8) THEN s.sequence END),
               CAST(SUM(CASE WHEN s.evidence IN ($5, $6, $7, $8) THEN 0
                             ELSE COALESCE(s.credited_minutes, 0) END) AS BIGINT),
               CAST(SUM(CASE WHEN s.evidence IN ($5, $6, $7, $8) THEN 0 ELSE COALESCE(s.points, 0) END) AS BIGINT),
               CAST(SUM(CASE WHEN s.minutes = 0 OR s.evidence IN ($5, $6, $7, $8) THEN 0 ELSE 1 END) AS BIGINT)
             FROM volunteers AS v CROSS JOIN services AS s
             WHERE v.book = $1 AND s.book = $1 AND s.volunteer_id = v.id AND s.status = 'confirmed'
               AND s.occurred_on >= $2 AND s.occurred_on <= $3 AND s.sequence <= $4 ",
            $rest,
            " GROUP BY ",
            $code
        )
    };
}
pub(super) use not_counting;

/// What everybody did whose services count, after entry `at` of the book. Ratings are not in it.
pub async fn measures(
    tx: &mut Tx,
    scheme: &OpenScheme,
    rules: &RuleSet,
    (from, until): (NaiveDate, NaiveDate),
    at: i64,
) -> db::Result<Measures> {
    let mut reader = Reader { scheme, rules, from, until, at, survivors: Survivors::read(tx, scheme).await? };
    let mut sums = reader.totals(tx).await?;
    let mut reversed = Vec::new();
    later(tx, scheme, &COUNTING, at, |told| {
        reader.undo(&mut sums, told);
        let was_counted = told.kind == kind::SERVICE_REVERSED && reader.is_in(told.effective_on);
        reversed.extend(told.document_id.filter(|_| was_counted));
    })
    .await?;
    reader.records(tx, &mut sums).await?;
    confirmed_then(tx, scheme, &reversed, at, |entry| reader.was_confirmed(&mut sums, entry)).await?;
    sums.retain(|_, merits| *merits != Merits::default());
    Ok(sums)
}

/// Shows with which entry each of these records was confirmed, of those that were by entry `at`.
pub(super) async fn confirmed_then(
    tx: &mut Tx,
    scheme: &OpenScheme,
    records: &[Uuid],
    at: i64,
    mut see: impl FnMut(&Entry),
) -> db::Result<()> {
    for some in records.chunks(1000) {
        let ids = some.iter().map(|record| decision_id(*record)).collect();
        let entries = scheme.book.entries_with_ids(tx, ids).await?;
        entries.iter().filter(|entry| entry.sequence <= at).for_each(&mut see);
    }
    Ok(())
}

/// Shows what the entries after `at` tell, in order.
pub(super) async fn later(
    tx: &mut Tx,
    scheme: &OpenScheme,
    kinds: &[&str],
    at: i64,
    mut see: impl FnMut(&Told),
) -> db::Result<()> {
    let size = scheme.book.size(tx).await?;
    let mut after = at;
    while after < size {
        let page = scheme.book.told(tx, kinds, (after, size), PAGE).await?;
        after = page.last().filter(|_| page.len() == PAGE.unsigned_abs() as usize).map_or(size, |last| last.sequence);
        page.iter().for_each(&mut see);
    }
    Ok(())
}

struct Reader<'a> {
    scheme: &'a OpenScheme,
    rules: &'a RuleSet,
    from: NaiveDate,
    until: NaiveDate,
    at: i64,
    /// Who was merged into whom at that time; after [`Reader::undo`] saw all later entries.
    survivors: Survivors,
}

impl Reader<'_> {
    fn is_in(&self, day: NaiveDate) -> bool {
        (self.from..=self.until).contains(&day)
    }

    fn has_month(&self, month: i64) -> bool {
        (month_of(self.from)..=month_of(self.until)).contains(&month)
    }

    /// Totals as they are now, of all classes of evidence.
    async fn totals(&self, tx: &mut Tx) -> db::Result<Measures> {
        let (from, until) = (self.from, self.until);
        let is_year = from.year() == until.year() && month_of(until) - month_of(from) == 11;
        let query = match is_year {
            true => tx.query(
                "SELECT volunteer_id, minutes, points, services FROM year_totals
                 WHERE book = $1 AND year >= $2 AND year <= $3",
            ),
            false => tx.query(
                "SELECT volunteer_id, CAST(SUM(minutes) AS BIGINT), CAST(SUM(points) AS BIGINT),
                        CAST(SUM(services) AS BIGINT)
                 FROM month_totals WHERE book = $1 AND month >= $2 AND month <= $3 GROUP BY volunteer_id",
            ),
        };
        let (first, last) = match is_year {
            true => (i64::from(from.year()), i64::from(from.year())),
            false => (month_of(from), month_of(until)),
        };
        let mut sums = Measures::new();
        let total = |(volunteer, minutes, points, services)| {
            sums.insert(volunteer, Merits { minutes, points, services, ..Merits::default() });
        };
        query.bind(self.scheme.book.number()).bind(first).bind(last).fetch_each(total).await?;
        Ok(sums)
    }

    /// Takes away what an entry brought.
    fn undo(&mut self, sums: &mut Measures, told: &Told) {
        let fields: Map<String, Value> = serde_json::from_str(&told.document).unwrap_or_default();
        let number = |name| integer(&fields, name).unwrap_or(0);
        match told.kind.as_str() {
            kind::VOLUNTEER_MERGED => self.part(sums, told, &fields),
            kind::WISH_FULFILLED if self.is_in(told.effective_on) => {
                if let Some(volunteer) = told.party {
                    add(sums, volunteer, [0, -number("points"), 0]);
                }
            }
            kind::SERVICE_CONFIRMED | kind::SERVICE_REVERSED if self.is_in(told.effective_on) => {
                let sign = if told.kind == kind::SERVICE_CONFIRMED { -1 } else { 1 };
                if let Some(volunteer) = told.party {
                    add(sums, volunteer, figures(&fields).map(|figure| sign * figure));
                }
            }
            _ => {}
        }
    }

    /// Gives back to a duplicate what its survivor took over.
    fn part(&mut self, sums: &mut Measures, told: &Told, fields: &Map<String, Value>) {
        let (Some(from), Some(into)) = (id(fields, "from"), id(fields, "into")) else { return };
        if told.id == merge_entry_id(from, 0) {
            self.survivors.part(from);
        }
        for month in fields.get("months").and_then(Value::as_array).into_iter().flatten() {
            let number = |place: usize| month.get(place).and_then(Value::as_i64).unwrap_or(0);
            if self.has_month(number(0)) {
                let figures = [number(1), number(2), number(3)];
                add(sums, from, figures);
                add(sums, into, figures.map(i64::wrapping_neg));
            }
        }
    }

    /// Takes away what does not count of the records that were confirmed then and still are, and finds out with which entry
    /// everybody had all of it.
    async fn records(&self, tx: &mut Tx, sums: &mut Measures) -> db::Result<()> {
        let figured = |(volunteer, attained, minutes, points, services): (Uuid, Option<i64>, i64, i64, i64)| {
            let whose = self.survivors.of(volunteer);
            add(sums, whose, [minutes, points, services].map(i64::wrapping_neg));
            attain(sums, whose, attained);
        };
        let sql = not_counting!("v.id", "");
        confirmed_records(tx, self.scheme, self.rules, sql, (self.from, self.until), self.at).fetch_each(figured).await
    }

    /// The same for one that was confirmed then and was reversed since.
    fn was_confirmed(&self, sums: &mut Measures, entry: &Entry) {
        let (fields, Some(party)) = (entry.fields(), entry.party) else { return };
        let whose = self.survivors.of(party);
        let evidence = fields.get("evidence").and_then(Value::as_str).unwrap_or_default();
        if self.rules.counts(evidence) {
            return attain(sums, whose, Some(entry.sequence));
        }
        add(sums, whose, figures(&fields).map(i64::wrapping_neg));
    }
}

/// A statement made by [`not_counting`], with its values.
pub(super) fn confirmed_records<'t>(
    tx: &'t mut Tx,
    scheme: &OpenScheme,
    rules: &RuleSet,
    sql: &'static str,
    (from, until): (NaiveDate, NaiveDate),
    at: i64,
) -> db::Query<'t> {
    let query = tx.query(sql).bind(scheme.book.number()).bind(from).bind(until).bind(at);
    classes(rules).into_iter().fold(query, db::Query::bind)
}

/// The classes of evidence that count, and '' in place of the others.
pub(super) fn classes(rules: &RuleSet) -> [&'static str; 4] {
    crate::rules::Evidence::ALL.map(|class| if rules.counts(class.as_str()) { class.as_str() } else { "" })
}

/// Minutes, points and services that an entry confirmed. An event, which lasts no time, is no service.
pub(super) fn figures(fields: &Map<String, Value>) -> [i64; 3] {
    let number = |name| integer(fields, name).unwrap_or(0);
    let services = i64::from(integer(fields, "minutes").is_none_or(|served| served > 0));
    [number("credited_minutes"), number("points"), services]
}

fn add(sums: &mut Measures, volunteer: Uuid, figures: [i64; 3]) {
    if figures != [0; 3] {
        sums.entry(volunteer).or_default().add(figures);
    }
}

fn attain(sums: &mut Measures, volunteer: Uuid, sequence: Option<i64>) {
    if let (Some(merits), Some(sequence)) = (sums.get_mut(&volunteer), sequence) {
        merits.attained = merits.attained.max(sequence);
    }
}

/// 202611
pub(super) fn month_of(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 100 + i64::from(day.month())
}
