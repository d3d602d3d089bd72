//! What a selection has to know beside the journal: where people belonged on the last day, since when they are registered, what
//! was said of them. Read once, when it is drafted, and kept with each row.

use super::measures::Measures;
use super::order::Merits;
use super::outcome::{Candidate, Inputs, reached};
use super::rules::RuleSet;
use crate::names::masked;
use crate::schemes::OpenScheme;
use crate::units::Organisation;
use chrono::{Datelike, Months, NaiveDate};
use db::{Many, Tx};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Volunteers that are read at a time.
const PAGE: usize = 5000;

/// Where candidates may come from, and between whom seats are shared out.
pub struct Area {
    /// `None`: from everywhere.
    scope: Option<HashSet<String>>,
    /// Which grid a unit is part of.
    grids: HashMap<String, String>,
    organisation: Arc<Organisation>,
}

impl Area {
    pub async fn of(scheme: &OpenScheme, rules: &RuleSet, on: NaiveDate) -> db::Result<Area> {
        let organisation = scheme.organisation().await?;
        let scope: Option<HashSet<String>> =
            rules.scope.as_deref().map(|unit| organisation.subtree(unit, on).into_iter().collect());
        let is_in = |code: &String| scope.as_ref().is_none_or(|scope| scope.contains(code));
        let heads: HashSet<String> = heads(&organisation, rules, on).into_iter().collect();
        // The nearest of those above it, or itself.
        let grid = |code: &String| {
            let line = std::iter::once(code.as_str()).chain(organisation.ancestors(code, on));
            let grid = line.into_iter().find(|above| heads.contains(*above))?;
            Some((code.clone(), grid.to_owned()))
        };
        let codes: Vec<String> = organisation.tree.units().map(|unit| unit.code.clone()).filter(is_in).collect();
        let grids = codes.iter().filter_map(grid).collect();
        Ok(Area { grids, scope, organisation })
    }

    pub fn has(&self, unit: Option<&str>) -> bool {
        self.scope.as_ref().is_none_or(|scope| unit.is_some_and(|unit| scope.contains(unit)))
    }

    pub fn grid(&self, unit: Option<&str>) -> Option<String> {
        self.grids.get(unit?).cloned()
    }

    fn name(&self, code: &str) -> String {
        self.organisation.unit(code).map_or_else(|| code.to_owned(), |unit| unit.name.clone())
    }
}

/// The units between which seats are shared out, or which compete: of one kind within the scope, or those right below it.
pub fn heads(organisation: &Organisation, rules: &RuleSet, on: NaiveDate) -> Vec<String> {
    let Some(kind) = &rules.grid_kind else { return organisation.children(rules.scope.as_deref(), on) };
    let kind = crate::units::kind_of(kind);
    let scope: Option<HashSet<String>> =
        rules.scope.as_deref().map(|unit| organisation.subtree(unit, on).into_iter().collect());
    let is_in = |code: &String| scope.as_ref().is_none_or(|scope| scope.contains(code));
    let units = organisation.tree.units().filter(|unit| kind == Some(unit.kind));
    units.map(|unit| unit.code.clone()).filter(is_in).collect()
}

/// Those who reached the minimum and belong to the area, and all that has to be known of them.
pub async fn candidates(
    tx: &mut Tx,
    scheme: &OpenScheme,
    rules: &RuleSet,
    (from, until): (NaiveDate, NaiveDate),
    measures: &Measures,
) -> db::Result<Vec<Candidate>> {
    let area = Area::of(scheme, rules, until).await?;
    let mut ids: Vec<Uuid> =
        measures.iter().filter(|(_, merits)| reached(rules, merits)).map(|(volunteer, _)| *volunteer).collect();
    ids.sort_unstable();
    let reader = Reader { scheme, rules, from, until };
    let known = reader.known(tx).await?;
    let mut candidates = Vec::new();
    for some in ids.chunks(PAGE) {
        let people = reader.people(tx, some).await?;
        let people = people.into_iter().filter(|person| area.has(person.8.as_deref()));
        candidates.extend(people.map(|person| reader.candidate(person, &area, &known, measures)));
    }
    Ok(candidates)
}

/// What was said of anybody, each read in one pass: there is little of it beside their records.
struct Known {
    /// How many ratings of the period, and the sum of their stars.
    ratings: HashMap<Uuid, (i64, i64)>,
    /// The newest upheld complaint of the period.
    complaints: HashMap<Uuid, Uuid>,
    /// Records that were reversed, those in whose place another stands left out.
    reversed: HashMap<Uuid, i64>,
    /// The newest honour that lets somebody rest.
    honours: HashMap<Uuid, Uuid>,
}

struct Reader<'a> {
    scheme: &'a OpenScheme,
    rules: &'a RuleSet,
    from: NaiveDate,
    until: NaiveDate,
}

type PersonRow = (Uuid, String, String, bool, NaiveDate, Option<NaiveDate>, String, String, Option<String>);

impl Reader<'_> {
    async fn known(&self, tx: &mut Tx) -> db::Result<Known> {
        let ratings: Vec<(Uuid, i64, i64)> = self
            .of_period(
                tx,
                "SELECT volunteer_id, COUNT(*), CAST(SUM(stars) AS BIGINT) FROM ratings
                 WHERE book = $1 AND status = 'given' AND rated_on >= $2 AND rated_on <= $3 GROUP BY volunteer_id",
            )
            .await?;
        let complaints: Vec<(Uuid, Uuid)> = self
            .of_period(
                tx,
                "SELECT volunteer_id, id FROM complaints
                 WHERE book = $1 AND volunteer_id IS NOT NULL AND status = 'upheld'
                   AND received_on >= $2 AND received_on <= $3 ORDER BY received_on, id",
            )
            .await?;
        let reversed: Vec<(Uuid, i64)> = self
            .of_period(
                tx,
                "SELECT s.volunteer_id, COUNT(*) FROM services AS s
                 WHERE s.book = $1 AND s.status = 'reversed' AND s.occurred_on >= $2 AND s.occurred_on <= $3
                   AND NOT EXISTS (SELECT 1 FROM services AS c WHERE c.book = s.book AND c.corrects = s.id)
                 GROUP BY s.volunteer_id",
            )
            .await?;
        Ok(Known {
            ratings: ratings.into_iter().map(|(volunteer, count, sum)| (volunteer, (count, sum))).collect(),
            complaints: complaints.into_iter().collect(),
            reversed: reversed.into_iter().collect(),
            honours: self.honours(tx).await?,
        })
    }

    /// The rows of a statement that knows the book and the days of the period.
    async fn of_period<R: db::Record>(&self, tx: &mut Tx, sql: &'static str) -> db::Result<Vec<R>> {
        tx.query(sql).bind(self.scheme.book.number()).bind(self.from).bind(self.until).fetch_all().await
    }

    async fn honours(&self, tx: &mut Tx) -> db::Result<HashMap<Uuid, Uuid>> {
        let Some(awarded) = &self.rules.vetoes.awarded else { return Ok(HashMap::new()) };
        let years = Months::new(awarded.years.saturating_mul(12));
        let since = self.until.checked_sub_months(years).unwrap_or(NaiveDate::MIN);
        let rows: Vec<(Uuid, Uuid)> = tx
            .query(
                "SELECT volunteer_id, id FROM honours
                 WHERE book = $1 AND status = 'granted' AND name = $2 AND granted_on > $3 ORDER BY granted_on, id",
            )
            .bind(self.scheme.book.number())
            .bind(awarded.honour.clone())
            .bind(since)
            .fetch_all()
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// Who these are, and where they served on the last day.
    async fn people(&self, tx: &mut Tx, ids: &[Uuid]) -> db::Result<Vec<PersonRow>> {
        tx.query(
            "SELECT v.id, v.number, v.name, v.consent_publish, v.registered_on, v.birth_date, v.kind, v.status, s.unit
             FROM many($2) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value
             LEFT JOIN memberships AS s ON s.book = v.book AND s.volunteer_id = v.id AND s.capacity = 'serving'
               AND s.from_on <= $3 AND (s.until_on IS NULL OR s.until_on >= $3)",
        )
        .bind(self.scheme.book.number())
        .bind_many(Many::Uuid(ids.to_vec()))
        .bind(self.until)
        .fetch_all()
        .await
    }

    fn candidate(&self, person: PersonRow, area: &Area, known: &Known, measures: &Measures) -> Candidate {
        let (id, number, name, named, registered_on, birth_date, kind, status, unit) = person;
        let (rating_count, rating_sum) = known.ratings.get(&id).copied().unwrap_or_default();
        let merits = Merits { rating_count, rating_sum, ..measures.get(&id).copied().unwrap_or_default() };
        let grid = area.grid(unit.as_deref());
        let inputs = Inputs {
            tenure_months: months_between(registered_on, self.until),
            age: birth_date.and_then(|born| self.until.years_since(born)).map(i64::from),
            takes_part: kind == "individual" && status == "active",
            complaint: known.complaints.get(&id).copied(),
            reversed: known.reversed.get(&id).copied().unwrap_or(0),
            honour: known.honours.get(&id).copied(),
            place: self.shown(grid.as_deref(), unit.as_deref()).map(|code| area.name(code)),
            struck: None,
            group: None,
        };
        Candidate { id, number, name: masked(&name), named, unit, grid, merits, inputs }
    }

    /// The grid, where seats are shared out to grids; else the unit itself says more.
    fn shown<'u>(&self, grid: Option<&'u str>, unit: Option<&'u str>) -> Option<&'u str> {
        let is_shared = self.rules.seats.is_some_and(|seats| seats.total > seats.open);
        if is_shared { grid.or(unit) } else { unit.or(grid) }
    }
}

/// Whole months from one day to another.
fn months_between(from: NaiveDate, until: NaiveDate) -> i64 {
    let month = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
    let is_short = until.succ_opt().unwrap_or(until).day() > 1 && until.day() < from.day();
    month(until) - month(from) - i64::from(is_short)
}

#[cfg(test)]
mod tests {
    use super::months_between;

    #[test]
    fn months_are_whole_ones() {
        let cases = [
            ("2025-12-31", "2026-12-31", 12),
            ("2026-01-01", "2026-12-31", 11),
            ("2026-06-30", "2026-12-31", 6),
            ("2026-08-31", "2026-09-30", 1),
            ("2026-12-31", "2026-12-31", 0),
            ("2027-01-01", "2026-12-31", -1),
        ];
        for (from, until, months) in cases {
            let day = |text: &str| text.parse().expect("a day");
            assert_eq!(months_between(day(from), day(until)), months, "{from} to {until}");
        }
    }
}
