//! Service records: written down, then confirmed, rejected or reversed by somebody else.
//!
//! A record is a row until somebody decides over it; the decision is an entry. Both decisions share one id, derived from that
//! of the record, so that a record is decided once, whoever decides first.

mod automatic;
mod check;
mod decide;
mod derived;
mod mark;
mod posting;

pub use automatic::{on_new_year, on_registration};
pub use decide::{Calculation, Confirmation, Decision, confirm, confirm_with, get_explained, reject, reverse};
pub(crate) use derived::{Derived, annul, confirm_derived, event_flaw, people_behind, put_derived};
pub use posting::foresee;

use crate::keys::Operator;
use crate::marks;
use crate::rules::{Evidence, Person};
use crate::schemes::OpenScheme;
use crate::secrets::random;
use crate::volunteers::{Invalid, VolunteerError};
use crate::{micros, moment};
use chrono::{DateTime, Days, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A service as it was written down (Order 67 of the Ministry of Civil Affairs, Art. 7), and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub id: Uuid,
    pub details: ServiceDetails,
    /// As served: given, or from `started_at` to `ended_at`.
    pub minutes: i64,
    pub recorded_by: Uuid,
    pub recorded_at: DateTime<Utc>,
    /// Until when it is to be decided.
    pub due_on: NaiveDate,
    pub status: Status,
    pub credited_minutes: Option<i64>,
    /// Minor units.
    pub points: Option<i64>,
    /// Of the entry that decided last.
    pub sequence: Option<i64>,
    /// Where the volunteer came from when it was recorded (双报到).
    pub home_unit: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDetails {
    pub volunteer_id: Uuid,
    pub category: String,
    pub title: String,
    pub place: String,
    pub content: String,
    pub organiser: String,
    pub person_in_charge: String,
    pub recipient: Option<String>,
    pub occurred_on: NaiveDate,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub minutes: Option<i64>,
    pub evidence: Evidence,
    /// Codes of the scheme.
    pub level: Option<String>,
    pub role: Option<String>,
    /// How many books, calls or yuan, where the rules count them.
    pub count: Option<i64>,
    /// The number under which the activity was filed with the office (备案号).
    pub filing_number: Option<String>,
    /// The activity that it was part of.
    pub activity_id: Option<Uuid>,
    /// Code of the unit that it counts for; `None` when it is put: the unit where the volunteer serves.
    pub unit: Option<String>,
    /// Code of the team for which it was done.
    pub team: Option<String>,
    /// The reversed record in whose place this one stands.
    pub corrects: Option<Uuid>,
    /// Why it was not recorded at the time; needed for what is filled in later.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Recorded,
    Confirmed,
    Rejected,
    Reversed,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Recorded, Status::Confirmed, Status::Rejected, Status::Reversed];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Recorded => "recorded",
            Status::Confirmed => "confirmed",
            Status::Rejected => "rejected",
            Status::Reversed => "reversed",
        }
    }

    pub fn parse(text: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no service record {id}")]
    ServiceNotFound { id: Uuid },
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    #[error("the id stands for another service record: {field} differs")]
    IdTaken { field: String },
    #[error("the volunteer was elsewhere at that time: service record {other}")]
    Overlapping { other: Uuid },
    #[error("the service record is {}", status.as_str())]
    StateConflict { status: Status },
    /// The rules name who confirms such a record.
    #[error("it is confirmed by {}", .approvers.join(", "))]
    WrongApprover { approvers: Vec<String> },
    /// Nobody decides over what they recorded themselves.
    #[error("whoever recorded a service does not decide over it")]
    OwnRecord,
    /// What it earned has been spent meanwhile.
    #[error("the balance is {available}, and {needed} would be taken back")]
    InsufficientPoints { needed: i64, available: i64 },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<VolunteerError> for ServiceError {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::VolunteerNotFound { id } => ServiceError::VolunteerNotFound { id },
            VolunteerError::Busy => ServiceError::Busy,
            VolunteerError::Database(error) => ServiceError::Database(error),
            other => ServiceError::Book(other.to_string()),
        }
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct ServiceRow {
    id: Uuid,
    volunteer_id: Uuid,
    category: String,
    title: String,
    place: String,
    content: String,
    organiser: String,
    person_in_charge: String,
    recipient: Option<String>,
    occurred_on: NaiveDate,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    minutes: i64,
    evidence: String,
    level: Option<String>,
    role: Option<String>,
    item_count: Option<i64>,
    filing_number: Option<String>,
    activity_id: Option<Uuid>,
    unit: Option<String>,
    home_unit: Option<String>,
    team: Option<String>,
    corrects: Option<Uuid>,
    reason: Option<String>,
    recorded_by: Uuid,
    recorded_at: i64,
    due_on: NaiveDate,
    salt: Vec<u8>,
    status: String,
    credited_minutes: Option<i64>,
    points: Option<i64>,
    sequence: Option<i64>,
}

/// The columns of [`ServiceRow`].
macro_rules! select_services {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.volunteer_id, s.category, s.title, s.place, s.content, s.organiser, s.person_in_charge,
                    s.recipient, s.occurred_on, s.started_at, s.ended_at, s.minutes, s.evidence, s.level, s.role, s.item_count,
                    s.filing_number, s.activity_id, s.unit, s.home_unit, s.team, s.corrects, s.reason, s.recorded_by, s.recorded_at, s.due_on, s.salt, s.status, s.credited_minutes, s.points, s.sequence
             FROM services AS s ",
            $rest
        )
    };
}
pub(crate) use select_services;

impl ServiceRow {
    pub(crate) fn service(self) -> db::Result<Service> {
        let evidence = self.evidence.parse().map_err(|_| db::Error::Damaged("services.evidence".to_owned()))?;
        let status = Status::parse(&self.status).ok_or_else(|| db::Error::Damaged("services.status".to_owned()))?;
        let details = ServiceDetails {
            volunteer_id: self.volunteer_id,
            category: self.category,
            title: self.title,
            place: self.place,
            content: self.content,
            organiser: self.organiser,
            person_in_charge: self.person_in_charge,
            recipient: self.recipient,
            occurred_on: self.occurred_on,
            started_at: self.started_at.map(moment),
            ended_at: self.ended_at.map(moment),
            minutes: Some(self.minutes),
            evidence,
            level: self.level,
            role: self.role,
            count: self.item_count,
            filing_number: self.filing_number,
            activity_id: self.activity_id,
            unit: self.unit,
            team: self.team,
            corrects: self.corrects,
            reason: self.reason,
        };
        Ok(Service {
            id: self.id,
            details,
            minutes: self.minutes,
            recorded_by: self.recorded_by,
            recorded_at: moment(self.recorded_at),
            due_on: self.due_on,
            status,
            credited_minutes: self.credited_minutes,
            points: self.points,
            sequence: self.sequence,
            home_unit: self.home_unit,
        })
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// What the confirming entry commits to: the record cannot be changed afterwards unnoticed, and says nothing to whoever does
    /// not have it.
    pub(crate) fn commitment(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let uuid = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let fields = [
            self.id.to_string(),
            self.volunteer_id.to_string(),
            self.category.clone(),
            self.title.clone(),
            self.place.clone(),
            self.content.clone(),
            self.organiser.clone(),
            self.person_in_charge.clone(),
            text(&self.recipient),
            self.occurred_on.to_string(),
            self.started_at.unwrap_or(0).to_string(),
            self.ended_at.unwrap_or(0).to_string(),
            self.minutes.to_string(),
            self.evidence.clone(),
            text(&self.level),
            text(&self.role),
            self.item_count.map(|count| count.to_string()).unwrap_or_default(),
            text(&self.filing_number),
            uuid(self.activity_id),
            text(&self.unit),
            text(&self.team),
            uuid(self.corrects),
            text(&self.reason),
        ];
        let canonical = serde_json::to_vec(&fields).expect("a list of texts is plain data");
        hex::encode(Sha256::new().chain_update(&self.salt).chain_update(canonical).finalize())
    }
}

/// Writes a service down under an id that the caller chose. The same again is answered with the record, and `true`.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: ServiceDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Service, bool), ServiceError> {
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
    let volunteer: Option<(Option<String>, Option<String>)> = tx
        .lock("SELECT unit, home_unit FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(details.volunteer_id)
        .fetch_optional()
        .await?;
    let Some((unit, home_unit)) = volunteer else {
        return Err(ServiceError::VolunteerNotFound { id: details.volunteer_id });
    };
    if let Some(known) = find(tx, scheme, id).await? {
        let service = known.service()?;
        return match check::difference(&service, &details, minutes) {
            Some(field) => Err(ServiceError::IdTaken { field: field.to_owned() }),
            None => Ok((service, true)),
        };
    }
    refuse_overlap(tx, scheme, id, &details).await?;
    let details = ServiceDetails { unit: details.unit.or(unit), ..details };
    insert(tx, scheme, id, &details, home_unit, by, now).await?;
    let row = find(tx, scheme, id).await?.ok_or(ServiceError::ServiceNotFound { id })?;
    Ok((row.service()?, false))
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

async fn find(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<ServiceRow>> {
    tx.query(select_services!("WHERE s.book = $1 AND s.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await
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
               AND status IN ('recorded', 'confirmed') AND started_at < $6 AND ended_at > $7
             ORDER BY started_at LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(details.volunteer_id)
        .bind(details.occurred_on - Days::new(1))
        .bind(details.occurred_on + Days::new(1))
        .bind(id)
        .bind(micros(ended_at))
        .bind(micros(started_at))
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
    let deadline = scheme.config().recording_deadline(details.occurred_on);
    tx.query(
        "INSERT INTO services (book, id, volunteer_id, category, title, place, content, organiser, person_in_charge,
             recipient, occurred_on, started_at, ended_at, minutes, evidence, level, role, item_count, filing_number,
             activity_id, unit, home_unit, team, corrects, reason,
             recorded_by, recorded_at, due_on, salt, status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
             $24, $25, $26, $27, $28, $29, 'recorded')",
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
    .bind(scheme.calendar().after(details.occurred_on, deadline))
    .bind(random::<16>().to_vec())
    .execute()
    .await
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Service, ServiceError> {
    let row: Option<ServiceRow> = scheme
        .db
        .query(select_services!("WHERE s.book = $1 AND s.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(row.ok_or(ServiceError::ServiceNotFound { id })?.service()?)
}

/// Which records to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServiceFilter {
    pub volunteer_id: Option<Uuid>,
    pub status: Option<Status>,
}

/// Records by day and id, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: ServiceFilter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> db::Result<Vec<Service>> {
    let (day, id) = after.unwrap_or((NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default(), Uuid::nil()));
    let rows: Vec<ServiceRow> = scheme
        .db
        .query(select_services!(
            "WHERE s.book = $1 AND ($2 IS NULL OR s.volunteer_id = $2) AND ($3 IS NULL OR s.status = $3)
               AND (s.occurred_on > $4 OR (s.occurred_on = $4 AND s.id > $5))
             ORDER BY s.occurred_on, s.id LIMIT $6"
        ))
        .bind(scheme.book.number())
        .bind(filter.volunteer_id)
        .bind(filter.status.map(Status::as_str))
        .bind(day)
        .bind(id)
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(ServiceRow::service).collect()
}
