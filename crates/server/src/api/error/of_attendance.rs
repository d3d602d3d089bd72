//! What is refused of activities, sign-ups and presence.

use super::flaws::invalid;
use super::of_scheme::service_refused;
use super::refusals::{not_eligible, not_found, other_team, state_conflict, taken, version_differs, wrong_station};
use super::{Code, Problem};
use chrono::{DateTime, SecondsFormat, Utc};
use scheme::activities::ActivityError;
use scheme::presence::PresenceError;

impl From<ActivityError> for Problem {
    fn from(error: ActivityError) -> Self {
        match error {
            ActivityError::Invalid(flaws) => invalid(flaws),
            ActivityError::ActivityNotFound { id } => not_found(Code::ActivityNotFound, id),
            ActivityError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            ActivityError::SignupNotFound => Problem::new(Code::SignupNotFound),
            ActivityError::OtherTeam => other_team(),
            ActivityError::OtherStation { station } => wrong_station(station),
            ActivityError::IdTaken { field } => taken(&field),
            ActivityError::VersionDiffers { current } => version_differs(current),
            ActivityError::StateConflict { status } => state_conflict(status, activity_status(status)),
            ActivityError::Overlapping { other } => {
                Problem::new(Code::OverlappingSignup).member("activity_id", other.to_string())
            }
            ActivityError::Full { needed, post } => {
                let problem = Problem::new(Code::ActivityFull)
                    .detail(format!("{needed} 个名额已满"), format!("all {needed} places are taken"))
                    .member("needed", 1)
                    .member("available", 0);
                match post {
                    Some(post) => problem.member("post", post),
                    None => problem,
                }
            }
            ActivityError::Closed { since } => {
                let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
                Problem::new(Code::SignupClosed).member("closed_at", since)
            }
            ActivityError::NotEligible(unmet) => not_eligible(unmet),
            // What it carries are points of deductions, which are whole in no refusal of a record.
            ActivityError::Service(error) => service_refused(error, 0),
            ActivityError::Busy => Problem::new(Code::Busy),
            ActivityError::Database(error) => error.into(),
            ActivityError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<PresenceError> for Problem {
    fn from(error: PresenceError) -> Self {
        let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        match error {
            PresenceError::Invalid(flaws) => invalid(flaws),
            PresenceError::Activity(error) => error.into(),
            PresenceError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            PresenceError::PunchNotFound { id } => not_found(Code::PresenceNotFound, id),
            PresenceError::IdTaken { field } => taken(&field),
            PresenceError::StateConflict { status } => state_conflict(status, activity_status(status)),
            PresenceError::OutsideWindow { from, until } => {
                Problem::new(Code::OutsideWindow).member("from", moment(from)).member("until", moment(until))
            }
            PresenceError::NotSignedUp => Problem::new(Code::NotSignedUp),
            PresenceError::NotEligible(unmet) => not_eligible(unmet),
            PresenceError::Overlapping { other } => Problem::new(Code::OverlappingService)
                .detail("这段时间已在别处签到或已有服务记录", "the volunteer is elsewhere at that time")
                .member("other_id", other.to_string()),
            PresenceError::ClockImplausible { seconds, limit } => Problem::new(Code::ClockImplausible)
                .detail(
                    format!("相差 {seconds} 秒，最多 {limit} 秒"),
                    format!("it is {seconds} seconds off, and {limit} are allowed"),
                )
                .member("seconds", seconds)
                .member("limit", limit),
            PresenceError::WrongMethod => {
                Problem::new(Code::Forbidden).detail("此密钥不能这样签到", "a key of this role does not punch so")
            }
            PresenceError::Database(error) => error.into(),
        }
    }
}

/// Where an activity, a sign-up or somebody's presence stands.
fn activity_status(status: &str) -> &'static str {
    match status {
        "planned" => "尚未发布",
        "published" => "已发布",
        "ended" => "已结束",
        "cancelled" => "已取消",
        "signed_up" => "已报名",
        "waiting" => "候补",
        "attended" => "已到场",
        "no_show" => "未到",
        "in" => "已签到",
        "out" => "已签退",
        _ => "在另一状态",
    }
}
