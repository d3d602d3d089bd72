//! Activities as they are sent.

use crate::api::words::same_words;
use chrono::{DateTime, Utc};
use scheme::activities::{self, ActivityDetails, ActivityStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ActivityStatus)]
pub enum Status {
    Planned,
    Published,
    Ended,
    Cancelled,
}

/// Whether recipients pay. What they pay for never earns hours.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    #[default]
    Free,
    LowFee,
}

/// 平急: an emergency takes people on the spot, until it ends.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ActivityMode)]
pub enum Mode {
    #[default]
    Daily,
    Emergency,
}

same_words!(Status, ActivityStatus: Planned Published Ended Cancelled);
same_words!(FeeKind, activities::FeeKind: Free LowFee);
same_words!(Mode, activities::Mode: Daily Emergency);

/// 岗位: what somebody does at an activity.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Post {
    #[schema(example = "gate")]
    code: String,
    #[schema(example = "守门登记")]
    name: String,
    capacity: Option<i64>,
    min_age: Option<i64>,
    /// One of the volunteer's skills.
    skill: Option<String>,
}

/// An activity as somebody writes it down.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewActivity {
    #[schema(example = "周末清洁日")]
    title: String,
    #[schema(example = "清扫楼道，整理非机动车")]
    content: String,
    /// Code of a category of service.
    #[schema(example = "environment")]
    category: String,
    /// Code of the unit that it counts for. Left out: each volunteer's own.
    #[schema(example = "compound-1")]
    unit: Option<String>,
    /// Code of the team that holds it.
    team: Option<String>,
    #[schema(example = "main")]
    station: Option<String>,
    #[schema(example = "第一小区")]
    place: String,
    #[schema(example = "紫阳社区志愿服务站")]
    organiser: String,
    #[schema(example = "陈建国")]
    person_in_charge: String,
    /// Who is served.
    recipient: Option<String>,
    starts_at: DateTime<Utc>,
    /// At most 24 hours later.
    ends_at: DateTime<Utc>,
    /// Code of a level of the scheme.
    level: Option<String>,
    /// Code of a role of the scheme.
    role: Option<String>,
    /// The number under which it was filed with the office (备案号).
    filing_number: Option<String>,
    /// Left out: as many as come.
    #[schema(example = 20)]
    capacity: Option<i64>,
    /// Whoever finds it full can wait for a place.
    #[serde(default)]
    waiting_list: bool,
    #[serde(default)]
    posts: Vec<Post>,
    /// In years, on the day on which it begins.
    min_age: Option<i64>,
    max_age: Option<i64>,
    /// Code of a training.
    requires_training: Option<String>,
    /// Dangerous: only who is insured may take part.
    #[serde(default)]
    requires_insurance: bool,
    /// The organiser insures all who take part.
    #[serde(default)]
    insured: bool,
    #[serde(default)]
    fee_kind: FeeKind,
    #[serde(default)]
    mode: Mode,
    /// Who is not signed up may come all the same; so it is in an emergency.
    #[serde(default)]
    walk_ups: bool,
    /// Per cent of the planned time for which somebody has to be present. Left out: as the scheme says.
    share_percent: Option<i64>,
    /// From how many minutes before the beginning one can sign in. Left out: as the scheme says.
    early_minutes: Option<i64>,
    /// Until when one can sign up. Left out: as the scheme says.
    closes_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
pub struct Activity {
    id: Uuid,
    #[serde(flatten)]
    details: NewActivity,
    status: Status,
    /// Why it was cancelled.
    reason: Option<String>,
    /// When it was published or cancelled.
    settled_at: Option<DateTime<Utc>>,
    /// The activity that it repeats.
    repeats: Option<Uuid>,
    /// How many have a place.
    signed_up: i64,
    /// How many wait for one.
    waiting: i64,
    /// Whether one can sign up now.
    open: bool,
    /// Counts changes; also in the header `ETag`.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Activity {
    pub fn new(activity: activities::Activity, now: DateTime<Utc>) -> Activity {
        Activity {
            open: activity.status == ActivityStatus::Published && now < activity.closes_at(),
            id: activity.id,
            details: activity.details.into(),
            status: activity.status.into(),
            reason: activity.reason,
            settled_at: activity.settled_at,
            repeats: activity.repeats,
            signed_up: activity.signed_up,
            waiting: activity.waiting,
            version: activity.version,
            created_at: activity.created_at,
            updated_at: activity.updated_at,
        }
    }
}

/// The same fields on both sides: one that is missing on either does not compile.
macro_rules! fields {
    ($from:ident, $to:ident: $($same:ident)*; $($into:ident)*) => {
        impl From<$from> for $to {
            fn from(one: $from) -> Self {
                let posts = one.posts.into_iter().map(Into::into).collect();
                $to { $($same: one.$same,)* $($into: one.$into.into(),)* posts }
            }
        }
    };
    ($($fields:tt)*) => {
        fields!(NewActivity, ActivityDetails: $($fields)*);
        fields!(ActivityDetails, NewActivity: $($fields)*);
    };
}
fields!(title content category unit team station place organiser person_in_charge recipient starts_at ends_at level role
    filing_number capacity waiting_list min_age max_age requires_training requires_insurance insured walk_ups share_percent
    early_minutes closes_at; fee_kind mode);

impl From<Post> for activities::Post {
    fn from(post: Post) -> Self {
        let Post { code, name, capacity, min_age, skill } = post;
        activities::Post { code, name, capacity, min_age, skill }
    }
}

impl From<activities::Post> for Post {
    fn from(post: activities::Post) -> Self {
        let activities::Post { code, name, capacity, min_age, skill } = post;
        Post { code, name, capacity, min_age, skill }
    }
}
