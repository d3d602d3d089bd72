//! Signing in and out. What devices sent is kept for ever as punches; what follows from them is a presence for each check-in,
//! and from that a record of service, which somebody else then confirms.
//!
//! | step | module |
//! |---|---|
//! | one punch: who, where, when, and whether it may be | `punch` |
//! | a queue of a device that was off line | `batch` |
//! | punches to stays: pure | `credit` |
//! | stays to presences and records | `settle` |
//! | who forgot to sign out, and what was interrupted | `close` |
//! | daily duty at a station | `duty` |
//!
//! Everything about one person is done under the lock of that person's row, as the recording of service is: so nobody is in
//! two places, through whichever door it is said.

mod batch;
mod close;
pub mod credit;
mod duty;
mod list;
mod punch;
mod settle;

pub use batch::{Gap, Taken, batch, gaps};
pub use close::close;
pub use list::{PresenceFilter, PunchFilter, Row, Whereabouts, attendance, get, list, of_service, punches, refused};
pub use punch::punch;

use crate::activities::{Activity, ActivityError, ActivityStatus, words};
use crate::config::Scheme;
use crate::exchanges::Ineligible;
use crate::rules::Evidence;
use crate::services::ServiceError;
use crate::volunteers::Invalid;
use chrono::{DateTime, Utc};
use uuid::Uuid;

words! {
    /// What somebody did at a device.
    Kind:
        In = "in",
        Cancel = "cancel",
        Out = "out",
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (*self as u8).cmp(&(*other as u8))
    }
}

words! {
    /// How it is known: the kiosk scanned the person's code, the person's phone scanned the station's, or the leader says so.
    Method:
        Kiosk = "kiosk",
        SelfScan = "self_scan",
        Leader = "leader",
}

words! {
    PresenceStatus:
        Open = "open",
        Closed = "closed",
        Cancelled = "cancelled",
}

/// Who signs in or out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    Id(Uuid),
    Number(String),
    Code(String),
}

/// A punch as a device sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPunch {
    /// Chosen by the device when somebody stood before it.
    pub id: Uuid,
    pub kind: Kind,
    pub who: Who,
    pub activity_id: Option<Uuid>,
    /// As scanned by the volunteer's phone.
    pub activity_code: Option<String>,
    pub station: Option<String>,
    /// `None`: the usual one of the role.
    pub method: Option<Method>,
    /// `None`: the key stands for the device.
    pub device: Option<String>,
    /// Counted by the device, so that gaps show.
    pub device_sequence: Option<i64>,
    /// When it happened, by the device's clock; `None`: just now.
    pub device_time: Option<DateTime<Utc>>,
    /// What that clock says when it is sent; `None`: it happened just now.
    pub device_clock: Option<DateTime<Utc>>,
}

/// A punch as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Punch {
    pub id: Uuid,
    pub kind: Kind,
    pub volunteer_id: Uuid,
    pub activity_id: Uuid,
    pub station: Option<String>,
    pub method: Method,
    pub device: String,
    pub device_sequence: Option<i64>,
    pub device_time: Option<DateTime<Utc>>,
    /// What the device's clock lacked when it was sent, in milliseconds.
    pub clock_offset_millis: i64,
    /// By the server's clock.
    pub happened_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub punched_by: Uuid,
}

/// A punch that was not taken, once for each reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Of the event.
    pub id: Uuid,
    /// Why, as the interface says it.
    pub code: String,
    pub kind: Kind,
    /// Where it could be read from what was sent.
    pub volunteer_id: Option<Uuid>,
    pub activity_id: Option<Uuid>,
    pub station: Option<String>,
    pub device: String,
    pub device_sequence: Option<i64>,
    pub device_time: Option<DateTime<Utc>>,
    /// What the device's clock lacked when it was sent, in milliseconds.
    pub clock_offset_millis: i64,
    pub received_at: DateTime<Utc>,
    pub punched_by: Uuid,
}

/// From one check-in to where it ends, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Of the check-in.
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub activity_id: Uuid,
    pub status: PresenceStatus,
    pub checked_in_at: DateTime<Utc>,
    pub checked_out_at: Option<DateTime<Utc>>,
    pub credited_from: Option<DateTime<Utc>>,
    pub credited_until: Option<DateTime<Utc>>,
    /// Nobody signed out in time: it ends with the plan, and whoever confirms the record says that it was so.
    pub closed_automatically: bool,
    /// Present for less of the planned time than is asked for.
    pub below_share: bool,
    pub evidence: Evidence,
    pub service_id: Option<Uuid>,
    /// The record was decided over, and the punches say otherwise: a person has to correct it.
    pub needs_correction: bool,
    /// Why it became no record: `overlapping_service`, `paid_session`, `below_share`, `outside_plan`, or what the rules say.
    pub problem: Option<String>,
}

/// Why what counts is not what was claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    EarlyArrival,
    LateDeparture,
    ClosedAutomatically,
    BelowShare,
}

impl Presence {
    /// Why what is credited is not the time between the punches.
    pub fn differences(&self) -> Vec<Difference> {
        let closed = self.status == PresenceStatus::Closed;
        let early = self.credited_from.is_some_and(|from| self.checked_in_at < from);
        let late = self.checked_out_at.zip(self.credited_until).is_some_and(|(out, until)| out > until);
        let all = [
            (early, Difference::EarlyArrival),
            (late && !self.closed_automatically, Difference::LateDeparture),
            (self.closed_automatically, Difference::ClosedAutomatically),
            (closed && self.below_share, Difference::BelowShare),
        ];
        all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, difference)| difference).collect()
    }

    /// Credited, whole minutes.
    pub fn minutes(&self) -> i64 {
        let closed = self.status == PresenceStatus::Closed;
        let credited = self.credited_from.zip(self.credited_until).filter(|_| closed);
        credited.map_or(0, |(from, until)| (until - from).num_minutes())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error(transparent)]
    Activity(ActivityError),
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    #[error("there is no punch {id}")]
    PunchNotFound { id: Uuid },
    #[error("the id stands for another punch: {field} differs")]
    IdTaken { field: String },
    /// The activity is not on, or the person is in already.
    #[error("it is {status}")]
    StateConflict { status: &'static str },
    #[error("this can be done from {from} until {until}")]
    OutsideWindow { from: DateTime<Utc>, until: DateTime<Utc> },
    #[error("the volunteer is not signed up")]
    NotSignedUp,
    #[error("{} {} is needed", .0.condition, .0.needed)]
    NotEligible(Ineligible),
    /// `other` is a presence or a service record.
    #[error("the volunteer is elsewhere at that time: {other}")]
    Overlapping { other: Uuid },
    #[error("the device's clock is {seconds} seconds off, and {limit} are allowed")]
    ClockImplausible { seconds: i64, limit: i64 },
    #[error("a key of this role does not punch so")]
    WrongMethod,
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<ActivityError> for PresenceError {
    fn from(error: ActivityError) -> Self {
        match error {
            ActivityError::VolunteerNotFound { id } => PresenceError::VolunteerNotFound { id },
            ActivityError::Database(error) => PresenceError::Database(error),
            other => PresenceError::Activity(other),
        }
    }
}

impl PresenceError {
    /// Under which code a punch is kept that was not taken; `None` where it could not be judged, or is taken already.
    fn kept_as(&self) -> Option<&'static str> {
        match self {
            PresenceError::Invalid(flaws) => flaws.first().map(|flaw| flaw.code),
            PresenceError::Activity(ActivityError::ActivityNotFound { .. }) => Some("activity_not_found"),
            PresenceError::Activity(ActivityError::OtherTeam | ActivityError::OtherStation { .. }) => Some("forbidden"),
            PresenceError::Activity(ActivityError::Service(ServiceError::VolunteerMerged { .. })) => {
                Some("volunteer_merged")
            }
            PresenceError::Activity(_) | PresenceError::Database(_) => None,
            PresenceError::PunchNotFound { .. } | PresenceError::IdTaken { .. } => None,
            PresenceError::VolunteerNotFound { .. } => Some("volunteer_not_found"),
            PresenceError::StateConflict { .. } => Some("state_conflict"),
            PresenceError::OutsideWindow { .. } => Some("outside_window"),
            PresenceError::NotSignedUp => Some("not_signed_up"),
            PresenceError::NotEligible(_) => Some("not_eligible"),
            PresenceError::Overlapping { .. } => Some("overlapping_service"),
            PresenceError::ClockImplausible { .. } => Some("clock_implausible"),
            PresenceError::WrongMethod => Some("forbidden"),
        }
    }
}

/// When an activity is, as punches are measured by it: until it was called off, if it was.
fn plan(activity: &Activity) -> credit::Plan {
    let planned = credit::Plan { from: activity.details.starts_at, until: activity.details.ends_at };
    match (activity.status, activity.settled_at) {
        (ActivityStatus::Cancelled, Some(since)) => credit::Plan { until: planned.until.min(since), ..planned },
        _ => planned,
    }
}

/// How much of an activity somebody has to be present, per cent.
fn share(config: &Scheme, activity: &Activity) -> Option<i64> {
    activity.details.share_percent.or(config.presence.share_percent.map(i64::from))
}
