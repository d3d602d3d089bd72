//! Who served: counted person by person, and kept until somebody's totals or the register change.

use super::Scope;
use super::ages::{self, AgeLine, BEGIN, born_by};
use crate::rankings::Period;
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use db::Many;
use moka::sync::Cache;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// Volunteers, as of the last day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Volunteers {
    /// On the register by then.
    pub registered: i64,
    /// Of whom registered in these months.
    pub joined: i64,
    /// Who served in these months.
    pub active: i64,
}

/// Who serves in a unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnitPeople {
    pub members: i64,
    /// Of whom a service of these months was confirmed.
    pub took_part: i64,
}

/// What was counted, and of which state of the tables.
pub struct Counted {
    people: Cache<Asked, (Version, Arc<People>)>,
    months: Cache<i64, (i64, InMonth)>,
}

impl Default for Counted {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        Counted {
            people: Cache::builder().max_capacity(16).time_to_idle(day).build(),
            months: Cache::builder().max_capacity(240).time_to_idle(day).build(),
        }
    }
}

/// First and last month, and the day whose units and ages count.
type Asked = (i64, i64, NaiveDate);
/// Changes of totals of these months, and of the register.
type Version = (i64, i64);

/// Of a month.
#[derive(Debug, Clone, Copy, Default)]
pub struct InMonth {
    pub people: i64,
    pub minutes: i64,
    pub points: i64,
    pub services: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    unit: Option<String>,
    band: i64,
    registered: i64,
    joined: i64,
    active: i64,
    minutes: i64,
}

/// Counts by unit and age.
pub struct People(Vec<Row>);

impl People {
    pub fn volunteers(&self, is_in: impl Fn(&str) -> bool) -> Volunteers {
        let mut all = Volunteers::default();
        for row in self.of(is_in) {
            all.registered = all.registered.saturating_add(row.registered);
            all.joined = all.joined.saturating_add(row.joined);
            all.active = all.active.saturating_add(row.active);
        }
        all
    }

    pub fn of_units(&self, is_in: impl Fn(&str) -> bool) -> UnitPeople {
        let Volunteers { registered, active, .. } = self.volunteers(|unit| !unit.is_empty() && is_in(unit));
        UnitPeople { members: registered, took_part: active }
    }

    /// The youngest first, whoever's age is not known last.
    pub fn ages(&self, is_in: impl Fn(&str) -> bool) -> Vec<AgeLine> {
        let mut bands: BTreeMap<i64, AgeLine> = BTreeMap::new();
        for row in self.of(is_in) {
            // `BEGIN` has the oldest first.
            let order = if ages::band(row.band).from.is_some() { -row.band } else { 1 };
            let none = AgeLine { band: ages::band(row.band), registered: 0, people: 0, minutes: 0 };
            let line = bands.entry(order).or_insert(none);
            line.registered = line.registered.saturating_add(row.registered);
            line.people = line.people.saturating_add(row.active);
            line.minutes = line.minutes.saturating_add(row.minutes);
        }
        bands.into_values().collect()
    }

    fn of(&self, is_in: impl Fn(&str) -> bool) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(move |row| is_in(row.unit.as_deref().unwrap_or_default()))
    }
}

/// How often totals of each month were changed.
async fn changes(tx: &mut db::Tx, scheme: &OpenScheme, months: &[Period]) -> db::Result<HashMap<i64, i64>> {
    let rows: Vec<(i64, i64)> = tx
        .query("SELECT c.month, c.changes FROM month_changes AS c WHERE c.book = $1 AND c.month IN (SELECT m.value FROM many($2) AS m)")
        .bind(scheme.book.number())
        .bind_many(Many::I64(months.iter().map(|month| month.number()).collect()))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().collect())
}

macro_rules! people {
    ($active:literal) => {
        concat!(
            "SELECT u.unit,
                 CAST(CASE WHEN v.birth_date IS NULL THEN 6 WHEN v.birth_date <= $6 THEN 0 WHEN v.birth_date <= $7 THEN 1
                      WHEN v.birth_date <= $8 THEN 2 WHEN v.birth_date <= $9 THEN 3 WHEN v.birth_date <= $10 THEN 4
                      ELSE 5 END AS BIGINT) AS band,
                 CAST(SUM(CASE WHEN v.registered_on <= $5 THEN 1 ELSE 0 END) AS BIGINT) AS registered,
                 CAST(SUM(CASE WHEN v.registered_on >= $4 AND v.registered_on <= $5 THEN 1 ELSE 0 END) AS BIGINT) AS joined,
                 COUNT(t.volunteer_id) AS active,
                 CAST(COALESCE(SUM(t.minutes), 0) AS BIGINT) AS minutes
             FROM volunteers AS v
             LEFT JOIN memberships AS u ON u.book = v.book AND u.volunteer_id = v.id AND u.capacity = 'serving'
                  AND u.from_on <= $11 AND (u.until_on IS NULL OR u.until_on >= $11)
             LEFT JOIN ",
            $active,
            " AS t ON t.book = v.book AND t.volunteer_id = v.id
             WHERE v.book = $1 AND v.status <> 'merged' GROUP BY 1, 2"
        )
    };
}

/// Who was registered and who served, by unit on `on` and by age on the last day.
pub async fn read(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    scope: &Scope,
    months: &[Period],
    on: NaiveDate,
) -> db::Result<Arc<People>> {
    let first = months.first().map_or(0, |month| month.number());
    let last = months.last().map_or(0, |month| month.number());
    let changed = changes(tx, scheme, months).await?.into_values().fold(0, i64::saturating_add);
    let (register,): (i64,) = tx
        .query("SELECT COALESCE(MAX(change), 0) FROM volunteers WHERE book = $1")
        .bind(scheme.book.number())
        .fetch_one()
        .await?;
    let (asked, version) = ((first, last, on), (changed, register));
    let known = scheme.counted.people.get(&asked).filter(|(known, _)| *known == version);
    if let Some((_, people)) = known {
        return Ok(people);
    }
    let year = scope.whole_year();
    let sql = match year {
        // Months of the year that have a column of their own, too.
        Some(_) => people!(
            "(SELECT book, volunteer_id, minutes FROM year_totals
              WHERE book = $1 AND year = $2 AND year = $3 AND services > 0)"
        ),
        None => people!(
            "(SELECT book, volunteer_id, SUM(minutes) AS minutes FROM month_totals
              WHERE book = $1 AND month >= $2 AND month <= $3 GROUP BY book, volunteer_id HAVING SUM(services) > 0)"
        ),
    };
    let (low, high) = year.map_or((first, last), |year| (i64::from(year), i64::from(year)));
    let mut query = tx.query(sql).bind(scheme.book.number()).bind(low).bind(high).bind(scope.from).bind(scope.until);
    for age in &BEGIN[..5] {
        query = query.bind(born_by(*age, scope.until));
    }
    let people = Arc::new(People(query.bind(on).fetch_all().await?));
    scheme.counted.people.insert(asked, (version, people.clone()));
    Ok(people)
}

/// Who served in each month, and their totals: of all, or of the members of these units on `on`.
pub async fn in_months(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    months: &[Period],
    units: Option<&[String]>,
    on: NaiveDate,
) -> db::Result<HashMap<i64, InMonth>> {
    let mut counted = HashMap::with_capacity(months.len());
    if let Some(units) = units {
        return members_in_months(tx, scheme, months, units, on).await;
    }
    for (month, changes) in changes(tx, scheme, months).await? {
        let known = scheme.counted.months.get(&month).filter(|(known, _)| *known == changes);
        let in_month = match known {
            Some((_, in_month)) => in_month,
            None => {
                let (people, minutes, points, services) = tx
                    .query(
                        "SELECT CAST(COALESCE(SUM(CASE WHEN services > 0 THEN 1 ELSE 0 END), 0) AS BIGINT),
                                CAST(COALESCE(SUM(minutes), 0) AS BIGINT), CAST(COALESCE(SUM(points), 0) AS BIGINT),
                                CAST(COALESCE(SUM(services), 0) AS BIGINT)
                         FROM month_totals WHERE book = $1 AND month = $2",
                    )
                    .bind(scheme.book.number())
                    .bind(month)
                    .fetch_one()
                    .await?;
                let in_month = InMonth { people, minutes, points, services };
                scheme.counted.months.insert(month, (changes, in_month));
                in_month
            }
        };
        counted.insert(month, in_month);
    }
    Ok(counted)
}

async fn members_in_months(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    months: &[Period],
    units: &[String],
    on: NaiveDate,
) -> db::Result<HashMap<i64, InMonth>> {
    let rows: Vec<(i64, i64, i64, i64, i64)> = tx
        .query(
            // Month by month, and within it in the order of the table: a street of a city is seven times as quick as by member.
            "WITH m AS MATERIALIZED (
                 SELECT m.book, m.volunteer_id FROM memberships AS m
                 WHERE m.book = $1 AND m.capacity = 'serving' AND m.unit IN (SELECT u.value FROM many($2) AS u)
                   AND m.from_on <= $4 AND (m.until_on IS NULL OR m.until_on >= $4)
                 ORDER BY m.volunteer_id)
             SELECT t.month, COUNT(*), CAST(SUM(t.minutes) AS BIGINT), CAST(SUM(t.points) AS BIGINT),
                    CAST(SUM(t.services) AS BIGINT)
             FROM many($3) AS p CROSS JOIN m CROSS JOIN month_totals AS t
             WHERE t.book = m.book AND t.month = p.value AND t.volunteer_id = m.volunteer_id AND t.services > 0
             GROUP BY t.month",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Text(units.to_vec()))
        .bind_many(Many::I64(months.iter().map(|month| month.number()).collect()))
        .bind(on)
        .fetch_all()
        .await?;
    let row = |(month, people, minutes, points, services)| (month, InMonth { people, minutes, points, services });
    Ok(rows.into_iter().map(row).collect())
}
