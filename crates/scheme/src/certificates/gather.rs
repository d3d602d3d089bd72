//! What is on record of many volunteers at once: one query for each subject, however many they are.

use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use db::Many;
use std::collections::HashMap;
use uuid::Uuid;

/// A volunteer as the papers name them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Person {
    pub id: Uuid,
    pub number: String,
    pub name: String,
    pub unit: Option<String>,
    pub id_digest: Option<Vec<u8>>,
    pub merged_into: Option<Uuid>,
}

/// A confirmed service.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Service {
    owner: Uuid,
    pub id: Uuid,
    pub occurred_on: NaiveDate,
    pub category: String,
    pub title: String,
    pub content: String,
    pub organiser: String,
    pub credited_minutes: i64,
}

/// A step that was granted.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Award {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub ladder: String,
    pub step: String,
    pub granted_on: NaiveDate,
}

/// All that certificates for some volunteers are made of, as it was at one moment.
pub(super) struct Gathered {
    pub people: HashMap<Uuid, Person>,
    /// By volunteer, in the order of their days.
    pub services: HashMap<Uuid, Vec<Service>>,
    /// Day and minutes of learning.
    pub trainings: HashMap<Uuid, Vec<(NaiveDate, i64)>>,
    pub awards: HashMap<Uuid, Award>,
    pub as_of: i64,
    pub root: Vec<u8>,
}

/// Reads what is on record of these volunteers from `from` to `until`, with what those had who were merged into them.
pub(super) async fn gather(
    scheme: &OpenScheme,
    volunteers: Vec<Uuid>,
    awards: Vec<Uuid>,
    (from, until): (NaiveDate, NaiveDate),
) -> db::Result<Gathered> {
    let mut tx = scheme.db.begin_read().await?;
    let (as_of, root) = scheme.book.size_and_root(&mut tx).await?;
    let people: Vec<Person> = tx
        .query(
            "SELECT v.id, v.number, v.name, v.unit, v.id_digest, v.merged_into
             FROM many($2) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(volunteers.clone()))
        .fetch_all()
        .await?;
    let services: Vec<Service> = tx
        .query(
            "WITH RECURSIVE family (owner, id) AS (
               SELECT m.value, m.value FROM many($2) AS m
               UNION
               SELECT f.owner, v.id FROM family AS f JOIN volunteers AS v ON v.book = $1 AND v.merged_into = f.id
             )
             SELECT f.owner, s.id, s.occurred_on, s.category, s.title, s.content, s.organiser, s.credited_minutes
             FROM family AS f CROSS JOIN services AS s
             WHERE s.book = $1 AND s.volunteer_id = f.id AND s.status = 'confirmed' AND s.credited_minutes > 0
               AND s.occurred_on >= $3 AND s.occurred_on <= $4
             ORDER BY s.occurred_on, s.id",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(volunteers.clone()))
        .bind(from)
        .bind(until)
        .fetch_all()
        .await?;
    let trainings: Vec<(Uuid, NaiveDate, i64)> = tx
        .query(
            "WITH RECURSIVE family (owner, id) AS (
               SELECT m.value, m.value FROM many($2) AS m
               UNION
               SELECT f.owner, v.id FROM family AS f JOIN volunteers AS v ON v.book = $1 AND v.merged_into = f.id
             )
             SELECT f.owner, t.held_on, t.minutes
             FROM family AS f CROSS JOIN training_attendances AS t
             WHERE t.book = $1 AND t.volunteer_id = f.id AND t.status = 'attended'
               AND t.held_on >= $3 AND t.held_on <= $4",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(volunteers))
        .bind(from)
        .bind(until)
        .fetch_all()
        .await?;
    let awards: Vec<Award> = match awards.is_empty() {
        true => Vec::new(),
        false => {
            tx.query(
                "SELECT a.id, a.volunteer_id, a.ladder, a.step, a.granted_on
                 FROM many($2) AS m JOIN awards AS a ON a.book = $1 AND a.id = m.value WHERE a.status = 'granted'",
            )
            .bind(scheme.book.number())
            .bind_many(Many::Uuid(awards))
            .fetch_all()
            .await?
        }
    };
    tx.rollback().await?;
    let mut gathered = Gathered {
        people: people.into_iter().map(|person| (person.id, person)).collect(),
        services: HashMap::new(),
        trainings: HashMap::new(),
        awards: awards.into_iter().map(|award| (award.id, award)).collect(),
        as_of,
        root: root.to_vec(),
    };
    for service in services {
        gathered.services.entry(service.owner).or_default().push(service);
    }
    for (owner, on, minutes) in trainings {
        gathered.trainings.entry(owner).or_default().push((on, minutes));
    }
    Ok(gathered)
}

/// What a volunteer did in a period, for lists of who is to get a paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
    /// Where they serve, and where they come from.
    pub unit: Option<String>,
    pub home_unit: Option<String>,
    pub consent_publish: bool,
    pub minutes: i64,
    pub services: i64,
    /// Titles of what took most of the time, at most three.
    pub activities: Vec<String>,
}

/// Titles that are told of each.
const TITLES: usize = 3;

#[derive(sqlx::FromRow)]
struct ServedRow {
    volunteer_id: Uuid,
    number: String,
    name: String,
    unit: Option<String>,
    home_unit: Option<String>,
    consent_publish: bool,
    title: String,
    minutes: i64,
    services: i64,
}

/// Who has confirmed services of at least `least` minutes in a period, in the order of their numbers; of `unit` and all below
/// it, when one is named. What those did who were merged into somebody is that person's. One query, however many they are.
pub async fn served(
    scheme: &OpenScheme,
    (from, until): (NaiveDate, NaiveDate),
    unit: Option<&str>,
    least: i64,
) -> db::Result<Vec<Served>> {
    let units = scheme.units_below(unit).await?.unwrap_or_default();
    let rows: Vec<ServedRow> = scheme
        .db
        .query(
            "WITH RECURSIVE survivors (id, owner) AS (
               SELECT v.id, v.merged_into FROM volunteers AS v WHERE v.book = $1 AND v.merged_into IS NOT NULL
               UNION
               SELECT s.id, v.merged_into FROM survivors AS s JOIN volunteers AS v ON v.book = $1 AND v.id = s.owner
               WHERE v.merged_into IS NOT NULL
             ),
             last (id, owner) AS (
               SELECT s.id, s.owner FROM survivors AS s
               JOIN volunteers AS v ON v.book = $1 AND v.id = s.owner AND v.merged_into IS NULL
             ),
             done (owner, title, minutes, services) AS (
               SELECT COALESCE(l.owner, s.volunteer_id), s.title, SUM(s.credited_minutes), COUNT(*)
               FROM services AS s LEFT JOIN last AS l ON l.id = s.volunteer_id
               WHERE s.book = $1 AND s.status = 'confirmed' AND s.credited_minutes > 0
                 AND s.occurred_on >= $2 AND s.occurred_on <= $3
               GROUP BY COALESCE(l.owner, s.volunteer_id), s.title
             )
             SELECT v.id AS volunteer_id, v.number, v.name, v.unit, v.home_unit, v.consent_publish, d.title,
                    CAST(d.minutes AS BIGINT) AS minutes, CAST(d.services AS BIGINT) AS services
             FROM done AS d JOIN volunteers AS v ON v.book = $1 AND v.id = d.owner
             WHERE $4 = 0 OR v.unit IN (SELECT m.value FROM many($5) AS m)
             ORDER BY v.number, d.minutes DESC, d.title",
        )
        .bind(scheme.book.number())
        .bind(from)
        .bind(until)
        .bind(i64::from(unit.is_some()))
        .bind_many(Many::Text(units))
        .fetch_all()
        .await?;
    let mut served: Vec<Served> = Vec::new();
    for row in rows {
        match served.last_mut().filter(|last| last.volunteer_id == row.volunteer_id) {
            Some(last) => {
                last.minutes += row.minutes;
                last.services += row.services;
                if last.activities.len() < TITLES {
                    last.activities.push(row.title);
                }
            }
            None => served.push(Served {
                volunteer_id: row.volunteer_id,
                number: row.number,
                name: row.name,
                unit: row.unit,
                home_unit: row.home_unit,
                consent_publish: row.consent_publish,
                minutes: row.minutes,
                services: row.services,
                activities: vec![row.title],
            }),
        }
    }
    served.retain(|one| one.minutes >= least);
    Ok(served)
}
