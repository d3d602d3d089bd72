//! Activities as they are stored.

use super::{Activity, ActivityDetails, ActivityStatus, FeeKind, Mode};
use crate::moment;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
pub(crate) struct ActivityRow {
    id: Uuid,
    title: String,
    content: String,
    category: String,
    unit: Option<String>,
    team: Option<String>,
    station: Option<String>,
    place: String,
    organiser: String,
    person_in_charge: String,
    recipient: Option<String>,
    starts_at: i64,
    ends_at: i64,
    level: Option<String>,
    role: Option<String>,
    filing_number: Option<String>,
    capacity: Option<i64>,
    waiting_list: bool,
    posts: String,
    min_age: Option<i64>,
    max_age: Option<i64>,
    requires_training: Option<String>,
    requires_insurance: bool,
    insured: bool,
    fee_kind: String,
    mode: String,
    walk_ups: bool,
    share_percent: Option<i64>,
    early_minutes: Option<i64>,
    closes_at: i64,
    repeats: Option<Uuid>,
    status: String,
    reason: Option<String>,
    settled_by: Option<Uuid>,
    settled_at: Option<i64>,
    version: i64,
    created_at: i64,
    updated_at: i64,
    signed_up: i64,
    waiting: i64,
}

/// The columns of [`ActivityRow`].
macro_rules! select_activities {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.title, a.content, a.category, a.unit, a.team, a.station, a.place, a.organiser, a.person_in_charge,
                    a.recipient, a.starts_at, a.ends_at, a.level, a.role, a.filing_number, a.capacity, a.waiting_list, a.posts,
                    a.min_age, a.max_age, a.requires_training, a.requires_insurance, a.insured, a.fee_kind, a.mode, a.walk_ups,
                    a.share_percent, a.early_minutes, a.closes_at, a.repeats, a.status, a.reason, a.settled_by, a.settled_at,
                    a.version, a.created_at, a.updated_at,
                    (SELECT COUNT(*) FROM signups AS u WHERE u.book = a.book AND u.activity_id = a.id
                        AND u.status IN ('signed_up', 'attended', 'no_show')) AS signed_up,
                    (SELECT COUNT(*) FROM signups AS u WHERE u.book = a.book AND u.activity_id = a.id
                        AND u.status = 'waiting') AS waiting
             FROM activities AS a ",
            $rest
        )
    };
}
pub(crate) use select_activities;

impl ActivityRow {
    pub(crate) fn activity(self) -> db::Result<Activity> {
        let posts = serde_json::from_str(&self.posts).map_err(|_| db::Error::Damaged("activities.posts".to_owned()))?;
        let details = ActivityDetails {
            title: self.title,
            content: self.content,
            category: self.category,
            unit: self.unit,
            team: self.team,
            station: self.station,
            place: self.place,
            organiser: self.organiser,
            person_in_charge: self.person_in_charge,
            recipient: self.recipient,
            starts_at: moment(self.starts_at),
            ends_at: moment(self.ends_at),
            level: self.level,
            role: self.role,
            filing_number: self.filing_number,
            capacity: self.capacity,
            waiting_list: self.waiting_list,
            posts,
            min_age: self.min_age,
            max_age: self.max_age,
            requires_training: self.requires_training,
            requires_insurance: self.requires_insurance,
            insured: self.insured,
            fee_kind: FeeKind::stored(&self.fee_kind)?,
            mode: Mode::stored(&self.mode)?,
            walk_ups: self.walk_ups,
            share_percent: self.share_percent,
            early_minutes: self.early_minutes,
            closes_at: Some(moment(self.closes_at)),
        };
        Ok(Activity {
            id: self.id,
            details,
            status: ActivityStatus::stored(&self.status)?,
            reason: self.reason,
            settled_by: self.settled_by,
            settled_at: self.settled_at.map(moment),
            repeats: self.repeats,
            signed_up: self.signed_up,
            waiting: self.waiting,
            version: self.version,
            created_at: moment(self.created_at),
            updated_at: moment(self.updated_at),
        })
    }
}
