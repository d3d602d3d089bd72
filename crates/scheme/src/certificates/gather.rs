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
             FROM family AS f JOIN services AS s ON s.book = $1 AND s.volunteer_id = f.id
             WHERE s.status = 'confirmed' AND s.credited_minutes > 0 AND s.occurred_on >= $3 AND s.occurred_on <= $4
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
             FROM family AS f JOIN training_attendances AS t ON t.book = $1 AND t.volunteer_id = f.id
             WHERE t.status = 'attended' AND t.held_on >= $3 AND t.held_on <= $4",
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
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Served {
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
    /// Where they serve, and where they come from.
    pub unit: Option<String>,
    pub home_unit: Option<String>,
    pub minutes: i64,
    pub services: i64,
}

/// Who has confirmed services of at least `minutes` in a period, in the order of their numbers; of `unit` and all below it,
/// when one is named. What those did who were merged into somebody is that person's.
pub async fn served(
    scheme: &OpenScheme,
    (from, until): (NaiveDate, NaiveDate),
    unit: Option<&str>,
    minutes: i64,
) -> db::Result<Vec<Served>> {
    let units = scheme.units_below(unit).await?.unwrap_or_default();
    scheme
        .db
        .query(
            "WITH RECURSIVE survivors (id, owner) AS (
               SELECT v.id, v.merged_into FROM volunteers AS v WHERE v.book = $1 AND v.merged_into IS NOT NULL
               UNION
               SELECT s.id, v.merged_into FROM survivors AS s JOIN volunteers AS v ON v.book = $1 AND v.id = s.owner
               WHERE v.merged_into IS NOT NULL
             ),
             done (owner, minutes, services) AS (
               SELECT COALESCE(o.owner, s.volunteer_id), SUM(s.credited_minutes), COUNT(*)
               FROM services AS s
               LEFT JOIN (SELECT f.id, f.owner FROM survivors AS f JOIN volunteers AS v
                          ON v.book = $1 AND v.id = f.owner AND v.merged_into IS NULL) AS o ON o.id = s.volunteer_id
               WHERE s.book = $1 AND s.status = 'confirmed' AND s.credited_minutes > 0
                 AND s.occurred_on >= $2 AND s.occurred_on <= $3
               GROUP BY COALESCE(o.owner, s.volunteer_id)
             )
             SELECT v.id AS volunteer_id, v.number, v.name, v.unit, v.home_unit, CAST(d.minutes AS BIGINT) AS minutes,
                    CAST(d.services AS BIGINT) AS services
             FROM done AS d JOIN volunteers AS v ON v.book = $1 AND v.id = d.owner
             WHERE d.minutes >= $4 AND ($5 = 0 OR v.unit IN (SELECT m.value FROM many($6) AS m))
             ORDER BY v.number",
        )
        .bind(scheme.book.number())
        .bind(from)
        .bind(until)
        .bind(minutes)
        .bind(i64::from(unit.is_some()))
        .bind_many(Many::Text(units))
        .fetch_all()
        .await
}
