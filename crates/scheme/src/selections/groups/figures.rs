//! What was served for units and teams in a period, as the book stood after any of its entries: the totals as they are now, less
//! what later entries changed. A record counts where it says, so nothing changes when two registrations turn out to be one.

use crate::projection::{kind, text};
use crate::schemes::OpenScheme;
use crate::selections::measures::{self, Measures, confirmed_records, confirmed_then, later, month_of, not_counting};
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
        let sql = match self.rules.of {
            Competitors::Teams => not_counting!("s.team", "AND s.team IS NOT NULL"),
            _ => not_counting!("s.unit", "AND s.unit IS NOT NULL"),
        };
        let period = (self.from, self.until);
        let rows: Vec<(String, Option<i64>, i64, i64, i64)> =
            confirmed_records(tx, self.scheme, self.rules, sql, period, self.at).fetch_all().await?;
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
