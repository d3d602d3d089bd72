//! What is on record of volunteers beside their service: training, honours, ratings and complaints (Order 67 of the Ministry of
//! Civil Affairs, Art. 8 to 10, 26). Each is a record of its own kind; none of them counts as hours.

mod archive;
mod filter;

pub use archive::{Archive, archive};
pub use filter::Filter;
pub(crate) use filter::{Page, matching};

use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::services::ServiceError;
use crate::volunteers::{self, Invalid, VolunteerError, is_text};
use chrono::{DateTime, NaiveDate, Utc};
use ledger::PostError;
use uuid::Uuid;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Training,
    Attendance,
    Honour,
    Rating,
    Complaint,
}

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no {subject:?} {id}")]
    NotFound { subject: Subject, id: Uuid },
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    #[error("the id stands for something else: {field} differs")]
    IdTaken { field: String },
    #[error("it is {status}")]
    StateConflict { status: String },
    /// Whoever decides is part of what is decided.
    #[error("whoever is concerned does not decide")]
    Concerned,
    /// The record that follows from it cannot be written down.
    #[error(transparent)]
    Service(ServiceError),
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<VolunteerError> for RecordError {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::VolunteerNotFound { id } => RecordError::VolunteerNotFound { id },
            VolunteerError::Busy => RecordError::Busy,
            VolunteerError::Database(error) => RecordError::Database(error),
            error @ VolunteerError::Merged { .. } => RecordError::Service(error.into()),
            other => RecordError::Book(other.to_string()),
        }
    }
}

impl From<ServiceError> for RecordError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::VolunteerNotFound { id } => RecordError::VolunteerNotFound { id },
            ServiceError::Busy => RecordError::Busy,
            ServiceError::Database(error) => RecordError::Database(error),
            other => RecordError::Service(other),
        }
    }
}

impl From<PostError> for RecordError {
    fn from(error: PostError) -> Self {
        match error {
            error if error.is_transient() => RecordError::Busy,
            other => RecordError::Book(other.to_string()),
        }
    }
}

/// Refused with all that is wrong, if anything is.
pub(crate) fn refuse(flaws: Vec<Invalid>) -> Result<(), RecordError> {
    if flaws.is_empty() { Ok(()) } else { Err(RecordError::Invalid(flaws)) }
}

/// The texts that are blank, too long, or hold control characters.
pub(crate) fn text_flaws(texts: &[(&'static str, Option<&str>, usize)]) -> Vec<Invalid> {
    let wrong = texts.iter().filter(|(_, text, max)| text.is_some_and(|text| !is_text(text, *max)));
    wrong
        .map(|(field, _, max)| Invalid::new(field, "invalid_text", format!("1 to {max} characters, not blank")))
        .collect()
}

/// A day that is over or today.
pub(crate) fn day_flaw(
    scheme: &OpenScheme,
    field: &'static str,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Option<Invalid> {
    let eldest = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(NaiveDate::MIN);
    match day > scheme.config().day_of(now) {
        true => Some(Invalid::new(field, "date_in_future", "the day is still to come")),
        false if day < eldest => Some(Invalid::new(field, "invalid_date", "a day lies between 1900 and today")),
        false => None,
    }
}

pub(crate) async fn unit_flaw(scheme: &OpenScheme, unit: Option<&str>) -> db::Result<Option<Invalid>> {
    let Some(unit) = unit else { return Ok(None) };
    let unknown = scheme.organisation().await?.unit(unit).is_none();
    Ok(unknown.then(|| Invalid::new("unit", "unknown_unit", "the scheme has no such unit")))
}

/// The first field of two records under one id in which they differ.
pub(crate) fn refuse_difference(fields: &[(&'static str, bool)]) -> Result<(), RecordError> {
    match fields.iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(RecordError::IdTaken { field: (*field).to_owned() }),
        None => Ok(()),
    }
}

/// Where the volunteer serves, when the record itself does not say for which unit it counts.
pub(crate) async fn unit_of(
    scheme: &OpenScheme,
    volunteer: Uuid,
    unit: Option<String>,
) -> Result<Option<String>, VolunteerError> {
    let volunteer = volunteers::get(scheme, volunteer).await?;
    Ok(unit.or_else(|| volunteer.unit.clone()))
}

/// Nobody decides over what is about themselves.
pub(crate) fn refuse_oneself(by: &Operator, volunteer: Option<Uuid>) -> Result<(), RecordError> {
    match volunteer.is_some() && by.volunteer_id == volunteer {
        true => Err(RecordError::Concerned),
        false => Ok(()),
    }
}
