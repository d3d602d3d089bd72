//! Who belonged where, and since when: to the unit where they serve, to the one where they come from (双报到), to teams.

use super::row::VolunteerRow;
use crate::rankings::Period;
use crate::schemes::OpenScheme;
use crate::units::SINCE_EVER;
use chrono::NaiveDate;
use std::collections::BTreeMap;
use uuid::Uuid;

/// As what somebody belongs to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// They serve there.
    Serving,
    /// They come from there.
    Home,
}

impl Capacity {
    pub fn as_str(self) -> &'static str {
        match self {
            Capacity::Serving => "serving",
            Capacity::Home => "home",
        }
    }
}

/// Where a volunteer belonged for a time.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Membership {
    pub capacity: String,
    pub unit: String,
    /// [`SINCE_EVER`] for the first.
    pub from_on: NaiveDate,
    /// The last day; `None`: still.
    pub until_on: Option<NaiveDate>,
}

/// Somebody who belonged to a unit on a day.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Member {
    pub id: Uuid,
    pub number: String,
    pub name: String,
    pub unit: String,
}

/// How many of a unit's members took part in a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participation {
    pub unit: String,
    /// On the last day of the year, or today.
    pub members: i64,
    /// Of whom a service of the year was confirmed, wherever it was.
    pub took_part: i64,
    /// Of those who serve there: what counts for it. Of those who come from there: what they did in the months at whose end
    /// they belonged to it.
    pub services: i64,
    pub minutes: i64,
}

/// What somebody belongs to.
pub(super) struct Belongs {
    unit: Option<String>,
    home: Option<String>,
    teams: Vec<String>,
}

impl Belongs {
    pub fn of(row: &VolunteerRow) -> Belongs {
        let teams = serde_json::from_str(&row.teams).unwrap_or_default();
        Belongs { unit: row.unit.clone(), home: row.home_unit.clone(), teams }
    }
}

pub(super) static NOTHING: Belongs = Belongs { unit: None, home: None, teams: Vec::new() };

/// Closes what is over, and opens what is new, as of `today`. Somebody new has belonged where they belong since ever.
pub(super) async fn keep(
    tx: &mut db::Tx,
    book: i64,
    id: Uuid,
    was: Option<&Belongs>,
    is: &Belongs,
    today: NaiveDate,
) -> db::Result<()> {
    let from = if was.is_some() { today } else { SINCE_EVER };
    let was = was.unwrap_or(&NOTHING);
    let until = today.pred_opt().unwrap_or(today);
    for (capacity, before, after) in [(Capacity::Serving, &was.unit, &is.unit), (Capacity::Home, &was.home, &is.home)] {
        if before == after {
            continue;
        }
        if before.is_some() {
            close(tx, book, id, capacity, until).await?;
        }
        if let Some(unit) = after {
            open(tx, book, id, capacity, unit, from).await?;
        }
    }
    for team in was.teams.iter().filter(|team| !is.teams.contains(team)) {
        tx.query(
            "UPDATE team_members SET until_on = $4
             WHERE book = $1 AND team = $2 AND volunteer_id = $3 AND until_on IS NULL",
        )
        .bind(book)
        .bind(team.clone())
        .bind(id)
        .bind(until)
        .execute()
        .await?;
    }
    for team in is.teams.iter().filter(|team| !was.teams.contains(team)) {
        tx.query(
            "INSERT INTO team_members (book, team, volunteer_id, from_on) VALUES ($1, $2, $3, $4)
             ON CONFLICT (book, team, volunteer_id, from_on) DO UPDATE SET until_on = NULL",
        )
        .bind(book)
        .bind(team.clone())
        .bind(id)
        .bind(from)
        .execute()
        .await?;
    }
    Ok(())
}

async fn close(tx: &mut db::Tx, book: i64, id: Uuid, capacity: Capacity, until: NaiveDate) -> db::Result<u64> {
    tx.query(
        "UPDATE memberships SET until_on = $4
         WHERE book = $1 AND volunteer_id = $2 AND capacity = $3 AND until_on IS NULL",
    )
    .bind(book)
    .bind(id)
    .bind(capacity.as_str())
    .bind(until)
    .execute()
    .await
}

async fn open(
    tx: &mut db::Tx,
    book: i64,
    id: Uuid,
    capacity: Capacity,
    unit: &str,
    from: NaiveDate,
) -> db::Result<u64> {
    tx.query(
        "INSERT INTO memberships (book, volunteer_id, capacity, from_on, unit) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (book, volunteer_id, capacity, from_on) DO UPDATE SET unit = excluded.unit, until_on = NULL",
    )
    .bind(book)
    .bind(id)
    .bind(capacity.as_str())
    .bind(from)
    .bind(unit.to_owned())
    .execute()
    .await
}

/// Everywhere that a volunteer belonged, the newest first.
pub async fn memberships(scheme: &OpenScheme, id: Uuid) -> db::Result<Vec<Membership>> {
    scheme
        .db
        .query(
            "SELECT capacity, unit, from_on, until_on FROM memberships
             WHERE book = $1 AND volunteer_id = $2 AND (until_on IS NULL OR until_on >= from_on)
             ORDER BY from_on DESC, capacity",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_all()
        .await
}

/// Who belonged on a day to a unit or to one that was below it then, after the number `after`.
pub async fn belonged(
    scheme: &OpenScheme,
    unit: &str,
    capacity: Capacity,
    on: NaiveDate,
    after: Option<&str>,
    limit: i64,
) -> db::Result<Vec<Member>> {
    let units = scheme.organisation().await?.subtree(unit, on);
    scheme
        .db
        .query(
            "SELECT v.id, v.number, v.name, m.unit FROM memberships AS m
             JOIN volunteers AS v ON v.book = m.book AND v.id = m.volunteer_id
             WHERE m.book = $1 AND m.capacity = $2 AND m.unit IN (SELECT u.value FROM many($3) AS u)
               AND m.from_on <= $4 AND (m.until_on IS NULL OR m.until_on >= $4)
               AND v.registered_on <= $4 AND v.number > $5
             ORDER BY v.number LIMIT $6",
        )
        .bind(scheme.book.number())
        .bind(capacity.as_str())
        .bind_many(db::Many::Text(units))
        .bind(on)
        .bind(after.unwrap_or("").to_owned())
        .bind(limit)
        .fetch_all()
        .await
}

/// How a unit and those below it took part in a year: a line for each that has members or services, by code. From totals, so
/// that it takes as long as there are members, however much they did.
pub async fn participation(
    scheme: &OpenScheme,
    unit: &str,
    capacity: Capacity,
    year: i32,
    today: NaiveDate,
) -> db::Result<Vec<Participation>> {
    let period = Period::Year(year);
    let on = period.counting_day(today.max(period.first_day()));
    let units = scheme.organisation().await?.subtree(unit, on);
    let mut lines: BTreeMap<String, Participation> = BTreeMap::new();
    let mut tx = scheme.db.begin_read().await?;
    let members: Vec<(String, i64, i64)> = tx
        .query(
            "SELECT m.unit, COUNT(*), COUNT(t.volunteer_id) FROM memberships AS m
             JOIN volunteers AS v ON v.book = m.book AND v.id = m.volunteer_id
             LEFT JOIN year_totals AS t ON t.book = m.book AND t.year = $5 AND t.volunteer_id = m.volunteer_id
                  AND t.services > 0
             WHERE m.book = $1 AND m.capacity = $2 AND m.unit IN (SELECT u.value FROM many($3) AS u)
               AND m.from_on <= $4 AND (m.until_on IS NULL OR m.until_on >= $4) AND v.registered_on <= $4
             GROUP BY m.unit",
        )
        .bind(scheme.book.number())
        .bind(capacity.as_str())
        .bind_many(db::Many::Text(units.clone()))
        .bind(on)
        .bind(i64::from(year))
        .fetch_all()
        .await?;
    for (unit, members, took_part) in members {
        let line = line(&mut lines, unit);
        (line.members, line.took_part) = (members, took_part);
    }
    let served = match capacity {
        Capacity::Serving => served_for(&mut tx, scheme, year, units).await?,
        Capacity::Home => served_by(&mut tx, scheme, year, units).await?,
    };
    tx.rollback().await?;
    for (unit, services, minutes) in served {
        let line = line(&mut lines, unit);
        line.services = line.services.saturating_add(services);
        line.minutes = line.minutes.saturating_add(minutes);
    }
    lines.retain(|_, line| line.members != 0 || line.services != 0);
    Ok(lines.into_values().collect())
}

type Served = Vec<(String, i64, i64)>;

/// Services and minutes that count for these units.
async fn served_for(tx: &mut db::Tx, scheme: &OpenScheme, year: i32, units: Vec<String>) -> db::Result<Served> {
    let (first, last) = Period::Year(year).months();
    tx.query(
        "SELECT g.unit, CAST(SUM(g.services) AS BIGINT), CAST(SUM(g.minutes) AS BIGINT) FROM group_totals AS g
         WHERE g.book = $1 AND g.month >= $2 AND g.month <= $3 AND g.unit IN (SELECT u.value FROM many($4) AS u)
         GROUP BY g.unit",
    )
    .bind(scheme.book.number())
    .bind(first)
    .bind(last)
    .bind_many(db::Many::Text(units))
    .fetch_all()
    .await
}

/// Services and minutes of those who come from these units: of whoever stayed, of the year; of whoever came or went in it, of
/// the months at whose end they belonged there.
async fn served_by(tx: &mut db::Tx, scheme: &OpenScheme, year: i32, units: Vec<String>) -> db::Result<Served> {
    let (first, last) = (Period::Year(year).first_day(), Period::Year(year).last_day());
    let mut served: Served = tx
        .query(
            "SELECT m.unit, CAST(SUM(t.services) AS BIGINT), CAST(SUM(t.minutes) AS BIGINT) FROM memberships AS m
             JOIN year_totals AS t ON t.book = m.book AND t.year = $3 AND t.volunteer_id = m.volunteer_id
             WHERE m.book = $1 AND m.capacity = 'home' AND m.unit IN (SELECT u.value FROM many($2) AS u)
               AND m.from_on <= $4 AND (m.until_on IS NULL OR m.until_on >= $5)
             GROUP BY m.unit",
        )
        .bind(scheme.book.number())
        .bind_many(db::Many::Text(units.clone()))
        .bind(i64::from(year))
        .bind(first)
        .bind(last)
        .fetch_all()
        .await?;
    let months: Vec<Period> = (1..=12).map(|month| Period::Month(year, month)).collect();
    let moved: Vec<(String, NaiveDate, Option<NaiveDate>, i64, i64, i64)> = tx
        .query(
            "SELECT m.unit, m.from_on, m.until_on, t.month, t.services, t.minutes
             FROM memberships AS m CROSS JOIN many($3) AS p
             JOIN month_totals AS t ON t.book = m.book AND t.month = p.value AND t.volunteer_id = m.volunteer_id
             WHERE m.book = $1 AND m.capacity = 'home' AND m.unit IN (SELECT u.value FROM many($2) AS u)
               AND m.from_on <= $5 AND (m.until_on IS NULL OR m.until_on >= $4)
               AND (m.from_on > $4 OR m.until_on < $5)",
        )
        .bind(scheme.book.number())
        .bind_many(db::Many::Text(units))
        .bind_many(db::Many::I64(months.iter().map(|month| month.number()).collect()))
        .bind(first)
        .bind(last)
        .fetch_all()
        .await?;
    for (unit, from, until, month, services, minutes) in moved {
        let end = months.iter().find(|one| one.number() == month).map_or(last, |month| month.last_day());
        if from <= end && until.is_none_or(|until| until >= end) {
            served.push((unit, services, minutes));
        }
    }
    Ok(served)
}

fn line(lines: &mut BTreeMap<String, Participation>, unit: String) -> &mut Participation {
    let none = Participation { unit: unit.clone(), members: 0, took_part: 0, services: 0, minutes: 0 };
    lines.entry(unit).or_insert(none)
}
