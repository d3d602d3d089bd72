//! Activities: planned, published, signed up for, held or cancelled.
//!
//! | what | where |
//! |---|---|
//! | writing an activity down, and changing it | `put` |
//! | publishing, cancelling, ending it | `state` |
//! | who takes part, who waits | `signups`, `eligible` |
//! | telling the book of what people must know | `notices` |
//! | insurance of volunteers (Regulations on Voluntary Service, Art. 17) | `insurances` |

mod check;
mod eligible;
mod insurances;
mod list;
mod notices;
mod put;
mod repeat;
mod row;
mod signups;
mod state;

pub use insurances::{Insurance, InsuranceDetails, insurances_of, insure};
pub use list::{ActivityFilter, list};
pub use notices::tell;
pub use put::put;
pub use repeat::repeat;
pub use signups::{Attendee, Signup, SignupStatus, attendees, cancel_signup, mark_no_show, sign_up, signups_of};
pub use state::{cancel, publish};

pub(crate) use eligible::eligible;
pub(crate) use put::{insert, plan_in};
pub(crate) use row::{ActivityRow, select_activities};
pub(crate) use signups::{may_come, note_presence};
pub(crate) use state::end;

use crate::exchanges::Ineligible;
use crate::keys::{Operator, Role};
use crate::schemes::OpenScheme;
use crate::services::ServiceError;
use crate::volunteers::{Invalid, VolunteerError};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub id: Uuid,
    pub details: ActivityDetails,
    pub status: ActivityStatus,
    /// Why it was cancelled.
    pub reason: Option<String>,
    /// The key that published or cancelled it, and when.
    pub settled_by: Option<Uuid>,
    pub settled_at: Option<DateTime<Utc>>,
    /// The activity that it repeats.
    pub repeats: Option<Uuid>,
    /// How many have a place, and how many wait for one.
    pub signed_up: i64,
    pub waiting: i64,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An activity as somebody writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityDetails {
    pub title: String,
    pub content: String,
    /// Code of a category of service.
    pub category: String,
    /// Code of the unit that it counts for; `None`: each volunteer's own.
    pub unit: Option<String>,
    /// Code of the team that holds it.
    pub team: Option<String>,
    pub station: Option<String>,
    pub place: String,
    pub organiser: String,
    pub person_in_charge: String,
    pub recipient: Option<String>,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// Codes of the scheme.
    pub level: Option<String>,
    pub role: Option<String>,
    pub filing_number: Option<String>,
    /// `None`: as many as come.
    pub capacity: Option<i64>,
    pub waiting_list: bool,
    pub posts: Vec<Post>,
    /// In years, on the day on which it begins; both included.
    pub min_age: Option<i64>,
    pub max_age: Option<i64>,
    /// Code of a training.
    pub requires_training: Option<String>,
    /// Dangerous: those who take part are insured (Regulations on Voluntary Service, Art. 17).
    pub requires_insurance: bool,
    /// The organiser insures all who take part.
    pub insured: bool,
    pub fee_kind: FeeKind,
    pub mode: Mode,
    /// Who is not signed up may come all the same.
    pub walk_ups: bool,
    /// `None`: as the scheme says.
    pub share_percent: Option<i64>,
    pub early_minutes: Option<i64>,
    /// `None` when it is put: as the scheme says.
    pub closes_at: Option<DateTime<Utc>>,
}

/// 岗位: what somebody does at an activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub code: String,
    pub name: String,
    pub capacity: Option<i64>,
    pub min_age: Option<i64>,
    pub skill: Option<String>,
}

macro_rules! words {
    ($(#[$about:meta])* $name:ident: $($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }

            /// The word as it is stored.
            pub(crate) fn stored(text: &str) -> db::Result<$name> {
                match text {
                    $($text => Ok($name::$variant),)*
                    other => Err(db::Error::Damaged(format!("{} {other:?}", stringify!($name)))),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where an activity stands.
    ActivityStatus:
        Planned = "planned",
        Published = "published",
        Ended = "ended",
        Cancelled = "cancelled",
}

words! {
    /// Whether recipients pay. What is paid for is a convenience, and no voluntary service: it never earns hours
    /// (Regulations on Voluntary Service, Art. 21; Order 67 of the Ministry of Civil Affairs, Art. 19).
    FeeKind:
        Free = "free",
        LowFee = "low_fee",
}

words! {
    /// 平急: an emergency takes people on the spot, until it ends.
    Mode:
        Daily = "daily",
        Emergency = "emergency",
}

impl Activity {
    pub fn post(&self, code: &str) -> Option<&Post> {
        self.details.posts.iter().find(|post| post.code == code)
    }

    /// Until when one can sign up.
    pub fn closes_at(&self) -> DateTime<Utc> {
        self.details.closes_at.unwrap_or(self.details.starts_at)
    }

    /// Until when whoever is signed up can think better of it, and whoever waits can be given the place.
    pub(crate) fn settles_at(&self) -> DateTime<Utc> {
        match self.details.mode {
            Mode::Daily => self.details.starts_at,
            Mode::Emergency => self.details.ends_at,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ActivityError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no activity {id}")]
    ActivityNotFound { id: Uuid },
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    #[error("the volunteer is not signed up")]
    SignupNotFound,
    #[error("the key is for another team")]
    OtherTeam,
    #[error("the key is not for the station {station}")]
    OtherStation { station: String },
    #[error("{field} cannot be changed")]
    IdTaken { field: String },
    #[error("it was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    /// `status` is that of the activity or of the sign-up.
    #[error("it is {status}")]
    StateConflict { status: &'static str },
    /// `post` is what is full, when the activity is not.
    #[error("all {needed} places are taken")]
    Full { needed: i64, post: Option<String> },
    /// The volunteer has, or waits for, a place at the activity `other` at the same time.
    #[error("it is at the same time as activity {other}")]
    Overlapping { other: Uuid },
    #[error("nobody can sign up, or cancel, since {since}")]
    Closed { since: DateTime<Utc> },
    #[error("{} {} is needed", .0.condition, .0.needed)]
    NotEligible(Ineligible),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<VolunteerError> for ActivityError {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::VolunteerNotFound { id } => ActivityError::VolunteerNotFound { id },
            VolunteerError::Busy => ActivityError::Busy,
            VolunteerError::Database(error) => ActivityError::Database(error),
            error @ VolunteerError::Merged { .. } => ActivityError::Service(error.into()),
            other => ActivityError::Book(other.to_string()),
        }
    }
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Activity, ActivityError> {
    let row: Option<ActivityRow> = scheme
        .db
        .query(select_activities!("WHERE a.book = $1 AND a.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(row.ok_or(ActivityError::ActivityNotFound { id })?.activity()?)
}

/// As [`get`], in the caller's transaction.
pub(crate) async fn find(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Activity>> {
    let row: Option<ActivityRow> = tx
        .query(select_activities!("WHERE a.book = $1 AND a.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(ActivityRow::activity).transpose()
}

/// As [`find`]; nobody else changes it, or who takes part, until the end of the transaction.
async fn lock(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> Result<Activity, ActivityError> {
    let found: Option<(i64,)> = tx
        .lock("SELECT version FROM activities WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    found.ok_or(ActivityError::ActivityNotFound { id })?;
    find(tx, scheme, id).await?.ok_or(ActivityError::ActivityNotFound { id })
}

/// A leader acts for the own team, and whoever belongs to a station acts there.
pub(crate) fn may_act(by: &Operator, team: Option<&str>, station: Option<&str>) -> Result<(), ActivityError> {
    if by.role == Role::Leader && by.team.as_deref() != team {
        return Err(ActivityError::OtherTeam);
    }
    match station {
        Some(station) if !by.serves(station) => Err(ActivityError::OtherStation { station: station.to_owned() }),
        _ => Ok(()),
    }
}
