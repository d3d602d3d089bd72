//! Volunteers: who they are. Personal data lives here and nowhere else; the ledger knows their ids.

mod belonging;
mod list;
mod merge;
mod put;
pub(crate) mod roster;
mod row;
mod status;
mod survivors;
mod together;

pub use belonging::{Capacity, Member, Membership, Participation, belonged, memberships, participation};
pub use list::{Duplicate, Filter, duplicates, list_matching};
pub(crate) use list::{of_kind, with_ids, with_minutes, with_numbers_or_names};
pub(crate) use merge::entry_id as merge_entry_id;
pub use merge::merge;
pub use put::{Registered, put, register};
pub(crate) use put::{id_digest, put_in, welcome};
pub(crate) use roster::Rosters;
pub use roster::{Availability, PartOfDay};
pub use status::{leave, rejoin};
pub(crate) use survivors::Survivors;
pub(crate) use together::Together;

use crate::accounts;
use crate::config::{Gender, VolunteerKind};
use crate::rules::Person;
use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::Rejection;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volunteer {
    pub id: Uuid,
    /// Public identifier in place of the ID number.
    pub number: String,
    pub name: String,
    pub phone: Option<String>,
    pub birth_date: Option<NaiveDate>,
    /// Where they serve: a unit of the scheme.
    pub unit: Option<String>,
    /// Where they come from (双报到): a unit of the scheme, or another's name.
    pub home_unit: Option<String>,
    pub teams: Vec<String>,
    pub skills: Vec<String>,
    pub kind: VolunteerKind,
    pub gender: Option<Gender>,
    pub residence: Option<String>,
    /// Since when they are registered, which may be earlier than here.
    pub registered_on: NaiveDate,
    /// Codes of labels of the scheme.
    pub labels: BTreeSet<String>,
    /// In words: 退休教师.
    pub occupation: Option<String>,
    pub availability: Availability,
    pub guardian: Option<Guardian>,
    pub consent: Consent,
    pub status: Status,
    /// Who has what they had, when they were found to be the same person.
    pub merged_into: Option<Uuid>,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a volunteer has agreed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consent {
    /// That their service is recorded (Order 67 of the Ministry of Civil Affairs, Art. 6).
    pub record: bool,
    /// That their name is published in lists (Personal Information Protection Law, Art. 25).
    pub publish: bool,
}

/// Who answers for a minor (Personal Information Protection Law, Art. 31).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guardian {
    pub name: String,
    pub phone: Option<String>,
    /// That they agree to the records of service.
    pub consents: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
    /// Has left, and may come back. What is in the book stays.
    Inactive,
    /// Is another volunteer, who has what they had.
    Merged,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Inactive => "inactive",
            Status::Merged => "merged",
        }
    }

    pub fn parse(text: &str) -> Option<Status> {
        [Status::Active, Status::Inactive, Status::Merged].into_iter().find(|status| status.as_str() == text)
    }
}

impl Volunteer {
    /// What the rules ask of them.
    pub fn person(&self) -> Person {
        Person {
            kind: self.kind,
            birth_date: self.birth_date,
            gender: self.gender,
            residence: self.residence.clone(),
            registered_on: Some(self.registered_on),
            teams: self.teams.clone(),
            labels: self.labels.clone(),
        }
    }
}

/// A volunteer as somebody writes them down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolunteerDetails {
    /// `None`: the one they have, or the scheme's next.
    pub number: Option<String>,
    pub name: String,
    pub phone: Option<String>,
    /// Kept as a keyed digest only, to find the same person twice.
    pub id_number: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub unit: Option<String>,
    pub home_unit: Option<String>,
    pub teams: Vec<String>,
    pub skills: Vec<String>,
    /// Whose account it is: a person's, a group's or a household's.
    pub kind: VolunteerKind,
    pub gender: Option<Gender>,
    /// Where they are registered or live, in the words of the scheme's conditions.
    pub residence: Option<String>,
    /// `None`: the day they have, or today.
    pub registered_on: Option<NaiveDate>,
    pub labels: BTreeSet<String>,
    pub occupation: Option<String>,
    pub availability: Availability,
    pub guardian: Option<Guardian>,
    pub consent: Consent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Created,
    Changed,
    Same,
}

/// One value that cannot be taken: which, why, and a stable code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub field: &'static str,
    pub code: &'static str,
    pub detail: String,
}

impl Invalid {
    pub fn new(field: &'static str, code: &'static str, detail: impl Into<String>) -> Invalid {
        Invalid { field, code, detail: detail.into() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum VolunteerError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    /// `field` is what the other volunteer has as well: number or id_number.
    #[error("another volunteer has this {field}")]
    Taken { field: &'static str },
    /// What is done for them is done for the other.
    #[error("the volunteer was merged into {into}")]
    Merged { into: Uuid },
    /// Reservations have to come to their end first.
    #[error("{open} exchanges are reserved")]
    OpenExchanges { open: i64 },
    #[error("the volunteer was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Arc<Volunteer>, VolunteerError> {
    if let Some(known) = scheme.volunteers.get(&id) {
        return Ok(known);
    }
    let found = scheme.volunteers_asked.read(&scheme.db, scheme.book.number(), id).await?;
    let volunteer = found.ok_or(VolunteerError::VolunteerNotFound { id })?;
    scheme.volunteers.insert(id, volunteer.clone());
    Ok(volunteer)
}

/// As [`require`], for whatever writes: somebody who was merged into another is refused. Whoever is merged a moment later is
/// kept out by the bound `accounts::unmerged` of what is posted.
pub async fn require_unmerged(scheme: &OpenScheme, id: Uuid) -> Result<(), VolunteerError> {
    match get(scheme, id).await?.merged_into {
        None => Ok(()),
        Some(into) => Err(VolunteerError::Merged { into }),
    }
}

/// As [`require_unmerged`], and the volunteer's row stays locked until the end of the transaction, so that nobody is merged
/// meanwhile whom this writes for.
pub(crate) async fn lock_unmerged(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> Result<(), VolunteerError> {
    let found: Option<(Option<Uuid>,)> = tx
        .lock("SELECT merged_into FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    match found {
        None => Err(VolunteerError::VolunteerNotFound { id }),
        Some((Some(into),)) => Err(VolunteerError::Merged { into }),
        Some((None,)) => Ok(()),
    }
}

/// Whether a posting was refused since the volunteer was merged meanwhile; then, into whom.
pub(crate) async fn merged_meanwhile(scheme: &OpenScheme, id: Uuid, rejection: &Rejection) -> Option<Uuid> {
    let Rejection::AboveCeiling { account, .. } = rejection else { return None };
    if **account != *accounts::merged_path(id) {
        return None;
    }
    scheme.volunteers.invalidate(&id);
    get(scheme, id).await.ok()?.merged_into
}

/// Ids that are kept in memory as somebody's; beyond that all are forgotten.
const KNOWN_MAX: usize = 1_000_000;

/// Whether the id is a volunteer's: what every operation on one begins with.
pub async fn require(scheme: &OpenScheme, id: Uuid) -> Result<(), VolunteerError> {
    if scheme.known_volunteers.read().unwrap_or_else(PoisonError::into_inner).contains(&id) {
        return Ok(());
    }
    get(scheme, id).await?;
    let mut known = scheme.known_volunteers.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= KNOWN_MAX {
        known.clear();
    }
    known.insert(id);
    Ok(())
}

/// Neither blank nor longer than `max` characters nor with control characters in it.
pub(crate) fn is_text(text: &str, max: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control)
}
