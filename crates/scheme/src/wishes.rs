//! Wishes (微心愿), projects and tasks: a need is published, claimed by a volunteer, a team or a unit, fulfilled, rated by whoever
//! wished for it, and posted.
//!
//! Each step is taken under a lock on the wish's row, so that of many who claim the last place one gets it. The minutes that come
//! of it are ordinary service records. The points that it carries are entries of their own, under ids that follow from claim and
//! volunteer, and bounded by an account of the wish: it never gives out more than it carries, and nobody is paid twice.

mod claims;
mod details;
mod lapse;
mod posting;
mod report;
mod rows;
mod states;
mod steps;

pub use claims::{NewClaim, accept, claim, decline, give_back};
pub use details::{Kind, WishDetails, put};
pub use lapse::{Lapsed, lapse};
pub use posting::{confirm, finish};
pub use report::{NewShare, Report, fulfil, rate, send_back};
pub use rows::{Filter, get, get_claim, list};
pub use states::{ClaimStatus, ClaimStep, Status, WishStep};
pub use steps::{publish, reject, reopen, withdraw};

use crate::exchanges::Ineligible;
use crate::services::ServiceError;
use crate::volunteers::{Invalid, VolunteerError};
use chrono::{DateTime, NaiveDate, Utc};
use ledger::PostError;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub id: Uuid,
    pub details: WishDetails,
    pub status: Status,
    /// Why it was rejected or withdrawn.
    pub reason: Option<String>,
    pub posted_on: NaiveDate,
    /// Counts changes of the details.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The earliest first.
    pub claims: Vec<Claim>,
    recorded_person: String,
}

impl Wish {
    /// How many more may claim it.
    pub fn free(&self) -> i64 {
        let taken = self.claims.iter().filter(|claim| claim.status.is_active()).count();
        self.details.claimants.saturating_sub(i64::try_from(taken).unwrap_or(i64::MAX)).max(0)
    }

    fn claim(&self, id: Uuid) -> Result<&Claim, WishError> {
        self.claims.iter().find(|claim| claim.id == id).ok_or(WishError::ClaimNotFound { id })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub id: Uuid,
    pub wish_id: Uuid,
    pub claimant: Claimant,
    pub status: ClaimStatus,
    pub claimed_at: DateTime<Utc>,
    /// The last day to answer the offer, or to fulfil it.
    pub due_on: NaiveDate,
    /// Why it was declined, given back or sent back.
    pub reason: Option<String>,
    pub fulfilled_on: Option<NaiveDate>,
    /// What was done.
    pub report: Option<String>,
    pub stars: Option<i64>,
    pub thanks: Option<String>,
    /// Who took part, by the newest report.
    pub shares: Vec<Share>,
    attempt: i64,
    claimed_person: String,
    reported_person: Option<String>,
    confirmed_by: Option<Uuid>,
}

/// Who takes a wish on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimant {
    Volunteer(Uuid),
    /// Code.
    Team(String),
    /// Code: a community, an institution, an enterprise.
    Unit(String),
}

impl Claimant {
    pub const KINDS: [&str; 3] = ["volunteer", "team", "unit"];

    pub fn kind(&self) -> &'static str {
        match self {
            Claimant::Volunteer(_) => "volunteer",
            Claimant::Team(_) => "team",
            Claimant::Unit(_) => "unit",
        }
    }

    /// The id or the code.
    pub fn key(&self) -> String {
        match self {
            Claimant::Volunteer(id) => id.to_string(),
            Claimant::Team(code) | Claimant::Unit(code) => code.clone(),
        }
    }

    pub fn parse(kind: &str, key: &str) -> Option<Claimant> {
        match kind {
            "volunteer" => key.parse().ok().map(Claimant::Volunteer),
            "team" => Some(Claimant::Team(key.to_owned())),
            "unit" => Some(Claimant::Unit(key.to_owned())),
            _ => None,
        }
    }
}

/// What somebody who took part gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub volunteer_id: Uuid,
    pub minutes: i64,
    /// Minor units.
    pub points: i64,
    /// The service record that its minutes are.
    pub service_id: Option<Uuid>,
}

#[derive(Debug, thiserror::Error)]
pub enum WishError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no wish {id}")]
    WishNotFound { id: Uuid },
    #[error("there is no claim {id}")]
    ClaimNotFound { id: Uuid },
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    #[error("the id stands for something else: {field} differs")]
    IdTaken { field: String },
    /// Of the wish, or of the claim.
    #[error("it is {status}")]
    StateConflict { status: String },
    #[error("the wish was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    #[error("{} {} is needed", .0.condition, .0.needed)]
    NotEligible(Ineligible),
    /// Whoever decides is part of what is decided.
    #[error("whoever is concerned does not decide")]
    Concerned,
    /// The configuration names who may publish; a leader acts for their own team.
    #[error("this key may not do that")]
    NotAllowed,
    /// The record that its minutes are cannot be written down or confirmed.
    #[error(transparent)]
    Service(ServiceError),
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl WishError {
    fn invalid(field: &'static str, code: &'static str, detail: impl Into<String>) -> WishError {
        WishError::Invalid(vec![Invalid::new(field, code, detail)])
    }

    fn state(status: &str) -> WishError {
        WishError::StateConflict { status: status.to_owned() }
    }
}

impl From<VolunteerError> for WishError {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::VolunteerNotFound { id } => WishError::VolunteerNotFound { id },
            VolunteerError::Busy => WishError::Busy,
            VolunteerError::Database(error) => WishError::Database(error),
            error @ VolunteerError::Merged { .. } => WishError::Service(error.into()),
            other => WishError::Book(other.to_string()),
        }
    }
}

impl From<ServiceError> for WishError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::VolunteerNotFound { id } => WishError::VolunteerNotFound { id },
            ServiceError::Busy => WishError::Busy,
            ServiceError::Database(error) => WishError::Database(error),
            other => WishError::Service(other),
        }
    }
}

impl From<PostError> for WishError {
    fn from(error: PostError) -> Self {
        match error {
            error if error.is_transient() => WishError::Busy,
            other => WishError::Book(other.to_string()),
        }
    }
}
