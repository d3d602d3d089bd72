//! Writing a service down.

use super::{Service, ServiceDetails, ServiceError, ServiceRow, attended, check, select_services};
use crate::actors;
use crate::calendar::Calendar;
use crate::config::Scheme;
use crate::keys::Operator;
use crate::marks;
use crate::micros;
use crate::rules::Person;
use crate::schemes::OpenScheme;
use crate::secrets::random;
use crate::volunteers::VolunteerError;
use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

/// Writes a service down under an id that the caller chose. The same again is answered with the record, and `true`.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: ServiceDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Service, bool), ServiceError> {
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let written = put_in(&mut tx, scheme, id, details, by, now).await?;
    tx.commit().await?;
    Ok(written)
}

/// As [`put`], many in one transaction. A record that is refused keeps no other out; when the database fails, none is written.
pub async fn put_many(
    scheme: &OpenScheme,
    records: Vec<(Uuid, ServiceDetails)>,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<Vec<Result<(Service, bool), ServiceError>>> {
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let mut written = Vec::with_capacity(records.len());
    for (id, details) in records {
        written.push(match put_in(&mut tx, scheme, id, details, by, now).await {
            Err(ServiceError::Database(error)) => return Err(error),
            outcome => outcome,
        });
    }
    tx.commit().await?;
    Ok(written)
}

/// As [`put`], in the caller's transaction.
pub(crate) async fn put_in(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: ServiceDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Service, bool), ServiceError> {
    let minutes = check::minutes(&details);
    // A label decides which rule a record is under, so it is asked for before the record is checked.
    let person = person(scheme, details.volunteer_id).await?;
    let flaws = check::flaws(&scheme.config(), &details, &person, minutes, now);
    if !flaws.is_empty() {
        return Err(ServiceError::Invalid(flaws));
    }
    // Taking the volunteer's lock now is what keeps two records of the same hour from passing each other.
    let volunteer: Option<(Option<String>, Option<String>, Option<Uuid>)> = tx
        .lock("SELECT unit, home_unit, merged_into FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(details.volunteer_id)
        .fetch_optional()
        .await?;
    let Some((unit, home_unit, merged_into)) = volunteer else {
        return Err(ServiceError::VolunteerNotFound { id: details.volunteer_id });
    };
    if let Some(known) = find(tx, scheme, id).await? {
        let service = known.service()?;
        return match check::difference(&service, &details, minutes) {
            Some(field) => Err(ServiceError::IdTaken { field: field.to_owned() }),
            None => Ok((service, true)),
        };
    }
    if let Some(into) = merged_into {
        return Err(ServiceError::VolunteerMerged { into });
    }
    refuse_overlap(tx, scheme, id, &details).await?;
    attended::refuse(tx, scheme, id, &details).await?;
    let details = ServiceDetails { unit: details.unit.or(unit), ..details };
    insert(tx, scheme, id, &details, home_unit, by, now).await?;
    let row = find(tx, scheme, id).await?.ok_or(ServiceError::ServiceNotFound { id })?;
    Ok((row.service()?, false))
}

/// That a record of this could be written down.
pub(crate) async fn require_sound(
    scheme: &OpenScheme,
    details: &ServiceDetails,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let person = person(scheme, details.volunteer_id).await?;
    let flaws = check::flaws(&scheme.config(), details, &person, check::minutes(details), now);
    if flaws.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(flaws)) }
}

/// What the rules ask of the volunteer.
async fn person(scheme: &OpenScheme, id: Uuid) -> Result<Person, ServiceError> {
    match marks::person(scheme, id).await {
        Ok((person, _)) => Ok(person),
        // Who is not there is reported when the record itself is right.
        Err(VolunteerError::VolunteerNotFound { .. }) => Ok(Person::default()),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn find(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<ServiceRow>> {
    tx.query(select_services!("WHERE s.book = $1 AND s.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await
}

/// The record as this transaction sees it.
pub(crate) async fn found(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> Result<ServiceRow, ServiceError> {
    find(tx, scheme, id).await?.ok_or(ServiceError::ServiceNotFound { id })
}

/// One person is in one place. Only what has a beginning and an end can be compared.
async fn refuse_overlap(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: &ServiceDetails,
) -> Result<(), ServiceError> {
    let (Some(started_at), Some(ended_at)) = (details.started_at, details.ended_at) else { return Ok(()) };
    let other: Option<(Uuid,)> = tx
        .query(
            "SELECT id FROM services
             WHERE book = $1 AND volunteer_id = $2 AND occurred_on >= $3 AND occurred_on <= $4 AND id <> $5
               AND status IN ('recorded', 'published', 'confirmed') AND started_at < $6 AND ended_at > $7
               AND ($8 IS NULL OR id <> $8)
             ORDER BY started_at LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(details.volunteer_id)
        .bind(details.occurred_on - Days::new(1))
        .bind(details.occurred_on + Days::new(1))
        .bind(id)
        .bind(micros(ended_at))
        .bind(micros(started_at))
        .bind(details.corrects)
        .fetch_optional()
        .await?;
    other.map_or(Ok(()), |(other,)| Err(ServiceError::Overlapping { other }))
}

async fn insert(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: &ServiceDetails,
    home_unit: Option<String>,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    let config = scheme.config();
    let due_on = due_on(&config, &scheme.calendar(), details.occurred_on, details.ended_at);
    tx.query(
        "INSERT INTO services (book, id, volunteer_id, category, title, place, content, organiser, person_in_charge,
             recipient, occurred_on, started_at, ended_at, minutes, evidence, level, role, item_count, filing_number,
             activity_id, unit, home_unit, team, corrects, reason,
             recorded_by, recorded_at, due_on, salt, late, publicity_closed, status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
             $24, $25, $26, $27, $28, $29, $30, $31, 'recorded')",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(details.volunteer_id)
    .bind(details.category.clone())
    .bind(details.title.clone())
    .bind(details.place.clone())
    .bind(details.content.clone())
    .bind(details.organiser.clone())
    .bind(details.person_in_charge.clone())
    .bind(details.recipient.clone())
    .bind(details.occurred_on)
    .bind(details.started_at.map(micros))
    .bind(details.ended_at.map(micros))
    .bind(check::minutes(details))
    .bind(details.evidence.as_str())
    .bind(details.level.clone())
    .bind(details.role.clone())
    .bind(details.count)
    .bind(details.filing_number.clone())
    .bind(details.activity_id)
    .bind(details.unit.clone())
    .bind(home_unit)
    .bind(details.team.clone())
    .bind(details.corrects)
    .bind(details.reason.clone())
    .bind(by.key_id)
    .bind(micros(now))
    .bind(due_on)
    .bind(random::<16>().to_vec())
    .bind(config.day_of(now) > due_on)
    .bind(false)
    .execute()
    .await
}

/// Until when a service is to be decided over: so many working days after the day on which it ended (Order 67 of the
/// Ministry of Civil Affairs, Art. 11).
pub(crate) fn due_on(
    config: &Scheme,
    calendar: &Calendar,
    occurred_on: NaiveDate,
    ended_at: Option<DateTime<Utc>>,
) -> NaiveDate {
    let ended_on = ended_at.map_or(occurred_on, |moment| config.day_of(moment)).max(occurred_on);
    calendar.after(ended_on, config.recording_deadline(occurred_on))
}
