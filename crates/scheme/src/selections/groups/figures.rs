//! What was served for units and teams in a period, as the book stood after any of its entries: the totals as they are now, less
//! what later entries changed. A record counts where it says, so nothing changes when two registrations turn out to be one.

use crate::projection::{kind, text};
use crate::schemes::OpenScheme;
use crate::selections::measures::{self, Measures, classes, confirmed_then, later, month_of};
use crate::selections::{Candidate, Competitors, Merits, RuleSet};
use chrono::NaiveDate;
use db::Tx;
use ledger::Entry;
use ledger::feed::Told;
use serde_json::{Map, Value};
use std::collections::HashMap;

const COUNTING: [&str; 2] = [kind::SERVICE_CONFIRMED, kind::SERVICE_REVERSED];

/// By code of the unit or team that records name.
type Sums = HashMap<String, Merits>;

/// What was served for each of these, after entry `at` of the book. Ratings are not in it.
pub async fn figures(
    tx: &mut Tx,
    scheme: &OpenScheme,
    rules: &RuleSet,
    (from, until): (NaiveDate, NaiveDate),
    at: i64,
    groups: &[Candidate],
) -> db::Result<Measures> {
    let reader = Reader { scheme, rules, from, until, at };
    let mut sums = reader.totals(tx).await?;
    let mut reversed = Vec::new();
    later(tx, scheme, &COUNTING, at, |told| {
        if reader.is_in(told.effective_on) {
            reader.undo(&mut sums, told);
            reversed.extend(told.document_id.filter(|_| told.kind == kind::SERVICE_REVERSED));
        }
    })
    .await?;
    reader.records(tx, &mut sums).await?;
    confirmed_then(tx, scheme, &reversed, at, |entry| reader.was_confirmed(&mut sums, entry)).await?;
    Ok(groups.iter().map(|group| (group.id, whole(&sums, group))).collect())
}

/// Of all that counts for it together.
fn whole(sums: &Sums, group: &Candidate) -> Merits {
    let parts = group.inputs.group.iter().flat_map(|group| &group.parts);
    let mut whole = Merits::default();
    for part in parts.filter_map(|code| sums.get(code)) {
        whole.add([part.minutes, part.points, part.services]);
        whole.attained = whole.attained.max(part.attained);
    }
    whole
}

struct Reader<'a> {
    scheme: &'a OpenScheme,
    rules: &'a RuleSet,
    from: NaiveDate,
    until: NaiveDate,
    at: i64,
}

macro_rules! totals {
    ($code:literal) => {
        concat!(
            "SELECT ",
            $code,
            ", CAST(SUM(minutes) AS BIGINT), CAST(SUM(points) AS BIGINT), CAST(SUM(services) AS BIGINT)
             FROM group_totals WHERE book = $1 AND month >= $2 AND month <= $3 AND ",
            $code,
            " <> '' GROUP BY ",
            $code
        )
    };
}

macro_rules! records {
    ($code:literal) => {
        concat!(
            "SELECT s.",
            $code,
            ", MAX(CASE WHEN s.evidence IN ($5, $6, $7, $8) THEN s.sequence END),
               CAST(SUM(CASE WHEN s.evidence IN ($5, $6, $7, $8) THEN 0
                             ELSE COALESCE(s.credited_minutes, 0) END) AS BIGINT),
               CAST(SUM(CASE WHEN s.evidence IN ($5, $6, $7, $8) THEN 0 ELSE COALESCE(s.points, 0) END) AS BIGINT),
               CAST(SUM(CASE WHEN s.minutes = 0 OR s.evidence IN ($5, $6, $7, $8) THEN 0 ELSE 1 END) AS BIGINT)
             FROM services AS s
             WHERE s.book = $1 AND s.status = 'confirmed' AND s.occurred_on >= $2 AND s.occurred_on <= $3
               AND s.sequence <= $4 AND s.",
            $code,
            " IS NOT NULL GROUP BY s.",
            $code
        )
    };
}

impl Reader<'_> {
    fn is_in(&self, day: NaiveDate) -> bool {
        (self.from..=self.until).contains(&day)
    }

    /// The unit or the team that an entry names.
    fn code(&self, fields: &Map<String, Value>) -> Option<String> {
        text(fields, if self.rules.of == Competitors::Teams { "team" } else { "unit" })
    }

    /// Totals as they are now, of all classes of evidence.
    async fn totals(&self, tx: &mut Tx) -> db::Result<Sums> {
        let query = match self.rules.of {
            Competitors::Teams => tx.query(totals!("team")),
            _ => tx.query(totals!("unit")),
        };
        let rows: Vec<(String, i64, i64, i64)> = query
            .bind(self.scheme.book.number())
            .bind(month_of(self.from))
            .bind(month_of(self.until))
            .fetch_all()
            .await?;
        let merits =
            |(code, minutes, points, services)| (code, Merits { minutes, points, services, ..Merits::default() });
        Ok(rows.into_iter().map(merits).collect())
    }

    /// Takes away what an entry brought.
    fn undo(&self, sums: &mut Sums, told: &Told) {
        let fields: Map<String, Value> = serde_json::from_str(&told.document).unwrap_or_default();
        let Some(code) = self.code(&fields) else { return };
        let figures = measures::figures(&fields);
        let is_confirmed = told.kind == kind::SERVICE_CONFIRMED;
        sums.entry(code).or_default().add(if is_confirmed { figures.map(i64::wrapping_neg) } else { figures });
    }

    /// Takes away what does not count of the records that were confirmed then and still are, and finds out with which entry all of
    /// it was there.
    async fn records(&self, tx: &mut Tx, sums: &mut Sums) -> db::Result<()> {
        let [one, other, third, fourth] = classes(self.rules);
        let query = match self.rules.of {
            Competitors::Teams => tx.query(records!("team")),
            _ => tx.query(records!("unit")),
        };
        let rows: Vec<(String, Option<i64>, i64, i64, i64)> = query
            .bind(self.scheme.book.number())
            .bind(self.from)
            .bind(self.until)
            .bind(self.at)
            .bind(one)
            .bind(other)
            .bind(third)
            .bind(fourth)
            .fetch_all()
            .await?;
        for (code, attained, minutes, points, services) in rows {
            let merits = sums.entry(code).or_default();
            merits.add([minutes, points, services].map(i64::wrapping_neg));
            merits.attained = merits.attained.max(attained.unwrap_or(0));
        }
        Ok(())
    }

    /// The same for one that was confirmed then and was reversed since.
    fn was_confirmed(&self, sums: &mut Sums, entry: &Entry) {
        let fields = entry.fields();
        let Some(code) = self.code(&fields) else { return };
        let merits = sums.entry(code).or_default();
        if self.rules.counts(&text(&fields, "evidence").unwrap_or_default()) {
            merits.attained = merits.attained.max(entry.sequence);
        } else {
            merits.add(measures::figures(&fields).map(i64::wrapping_neg));
        }
    }
}
