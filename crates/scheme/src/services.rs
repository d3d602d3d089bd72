//! Service records: written down, then confirmed, rejected or reversed by somebody else.
//!
//! A record is a row until somebody decides over it; the decision is an entry. Both decisions share one id, derived from that
//! of the record, so that a record is decided once, whoever decides first.

mod about;
mod attended;
mod automatic;
mod check;
mod checks;
mod correcting;
mod deadlines;
mod decide;
mod derived;
mod list;
mod mark;
mod posting;
mod record;

pub use about::About;
pub use automatic::{on_new_year, on_registration};
pub use checks::Check;
pub(crate) use checks::{lock, of as checks_of_record};
pub(crate) use correcting::{foresee as foresee_correction, reverse_for};
pub use deadlines::{UnitCount, counts};
pub use decide::{Calculation, Confirmation, Decision, confirm, confirm_with, get_explained, reject, reverse};
pub(crate) use decide::{confirm_row, reject_row, require_other, row};
pub(crate) use decide::{decision_id, withdraw};
pub(crate) use derived::{Derived, annul, confirm_derived, event_flaw, people_behind, put_derived};
pub use list::{ServiceFilter, list};
pub use posting::foresee;
pub(crate) use record::{due_on, found, put_in, require_sound};
pub use record::{put, put_many};

use crate::moment;
use crate::rules::Evidence;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, VolunteerError};
use chrono::{DateTime, NaiveDate, Utc};
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
    /// Recorded after that day.
    pub late: bool,
    /// The first day of its publicity.
    pub published_on: Option<NaiveDate>,
    /// The day on which it becomes final, unless there are objections.
    pub final_on: Option<NaiveDate>,
    /// Why it could not be made final; a stable code.
    pub final_failed: Option<String>,
    pub status: Status,
    pub credited_minutes: Option<i64>,
    /// Minor units.
    pub points: Option<i64>,
    /// Of the entry that decided last.
    pub sequence: Option<i64>,
    /// The key of whoever decided last.
    pub decided_by: Option<Uuid>,
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
    /// Checked, and shown to the public before it counts.
    Published,
    Confirmed,
    Rejected,
    Reversed,
}

impl Status {
    pub const ALL: [Status; 5] =
        [Status::Recorded, Status::Published, Status::Confirmed, Status::Rejected, Status::Reversed];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Recorded => "recorded",
            Status::Published => "published",
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
    /// What is done for them is done for the other.
    #[error("the volunteer was merged into {into}")]
    VolunteerMerged { into: Uuid },
    #[error("the id stands for another service record: {field} differs")]
    IdTaken { field: String },
    #[error("the volunteer was elsewhere at that time: service record {other}")]
    Overlapping { other: Uuid },
    #[error("the volunteer was elsewhere at that time: presence {presence}")]
    Elsewhere { presence: Uuid },
    #[error("there is no activity {id}")]
    ActivityNotFound { id: Uuid },
    /// What recipients pay for earns no hours (Regulations on Voluntary Service, Art. 21; Order 67, Art. 19).
    #[error("the activity is paid for, and earns no hours")]
    PaidSession,
    #[error("the service record is {}", status.as_str())]
    StateConflict { status: Status },
    /// The rules name who confirms such a record.
    #[error("it is confirmed by {}", .approvers.join(", "))]
    WrongApprover { approvers: Vec<String> },
    /// Nobody decides over what they recorded themselves.
    #[error("whoever recorded a service does not decide over it")]
    OwnRecord,
    /// Nobody decides over their own service.
    #[error("nobody decides over their own service")]
    OwnService,
    /// The rules do not have this role, or the leader of another team, confirm it.
    #[error("by the rules it is confirmed by {}", .roles.join(", "))]
    NotConfirmer { roles: Vec<&'static str> },
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
            VolunteerError::Merged { into } => ServiceError::VolunteerMerged { into },
            VolunteerError::Busy => ServiceError::Busy,
            VolunteerError::Database(error) => ServiceError::Database(error),
            other => ServiceError::Book(other.to_string()),
        }
    }
}

#[derive(Clone, sqlx::FromRow)]
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
    late: bool,
    published_on: Option<NaiveDate>,
    final_on: Option<NaiveDate>,
    publicity_closed: bool,
    final_failed: Option<String>,
    salt: Vec<u8>,
    status: String,
    credited_minutes: Option<i64>,
    points: Option<i64>,
    sequence: Option<i64>,
    decided_by: Option<Uuid>,
}

/// The columns of [`ServiceRow`].
macro_rules! select_services {
    ($($rest:literal),+) => {
        concat!(
            "SELECT s.id, s.volunteer_id, s.category, s.title, s.place, s.content, s.organiser, s.person_in_charge,
                    s.recipient, s.occurred_on, s.started_at, s.ended_at, s.minutes, s.evidence, s.level, s.role, s.item_count,
                    s.filing_number, s.activity_id, s.unit, s.home_unit, s.team, s.corrects, s.reason, s.recorded_by,
                    s.recorded_at, s.due_on,
                    s.late, s.published_on, s.final_on, s.publicity_closed, s.final_failed,
                    s.salt, s.status, s.credited_minutes, s.points, s.sequence, s.decided_by
             FROM services AS s ",
            $($rest),+
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
            late: self.late,
            published_on: self.published_on,
            final_on: self.final_on,
            final_failed: self.final_failed,
            status,
            credited_minutes: self.credited_minutes,
            points: self.points,
            sequence: self.sequence,
            decided_by: self.decided_by,
            home_unit: self.home_unit,
        })
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn occurred_on(&self) -> NaiveDate {
        self.occurred_on
    }

    pub(crate) fn status(&self) -> Option<Status> {
        Status::parse(&self.status)
    }

    /// Its first day, and the day after its last.
    pub(crate) fn publicity(&self) -> [Option<NaiveDate>; 2] {
        [self.published_on, self.final_on]
    }

    pub(crate) fn final_on(&self) -> Option<NaiveDate> {
        self.final_on
    }

    /// Whether objections come too late, as it is being made final.
    pub(crate) fn publicity_closed(&self) -> bool {
        self.publicity_closed
    }

    /// The record that would stand in its place, as far as what it earns goes.
    fn replaced_by(&self, details: &ServiceDetails) -> ServiceRow {
        ServiceRow {
            id: Uuid::new_v5(&self.id, b"in its place"),
            category: details.category.clone(),
            occurred_on: details.occurred_on,
            minutes: check::minutes(details),
            level: details.level.clone(),
            role: details.role.clone(),
            item_count: details.count,
            filing_number: details.filing_number.clone(),
            corrects: Some(self.id),
            ..self.clone()
        }
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
