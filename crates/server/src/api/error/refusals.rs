//! The refusals that many subjects share, so that each is told in the same words.

use super::{Code, Problem};
use crate::api::amounts::{in_account, points};
use scheme::config::Scheme;
use scheme::exchanges::Ineligible;
use scheme::rules::in_chinese;
use std::fmt::Display;
use uuid::Uuid;

pub fn volunteer_merged(into: Uuid) -> Problem {
    Problem::new(Code::VolunteerMerged)
        .detail(format!("已并入志愿者 {into}，请为后者办理"), format!("merged into {into}: act for that volunteer"))
        .member("into", into.to_string())
}

pub fn other_team() -> Problem {
    Problem::new(Code::Forbidden).detail("此密钥属于另一支队伍", "the key is for another team")
}

pub fn not_a_member() -> Problem {
    Problem::new(Code::Forbidden).detail(
        "这位志愿者不在您的队伍里，请到服务台办理",
        "the volunteer does not belong to your team; ask at the desk",
    )
}

/// Too little in one of a volunteer's accounts: points, when it has no name.
pub fn short_of(code: Code, needed: i64, available: i64, account: Option<String>, config: &Scheme) -> Problem {
    let shown = |amount| in_account(amount, account.as_deref(), config);
    let problem = short(code, shown(needed), shown(available));
    match account {
        Some(account) => problem.member("account", account),
        None => problem,
    }
}

/// Numbers of stars are integers, as counts are; what a condition asks is as the configuration writes it.
pub fn not_eligible(unmet: Ineligible) -> Problem {
    let Ineligible { condition, needed, available } = unmet;
    let zh = in_chinese(&condition, &needed, &available);
    let mut en = format!("{condition} {needed} is needed");
    if !available.is_empty() {
        en = format!("{en}, and it is {available}");
    }
    let value = |text: String| match text.parse::<i64>() {
        Ok(stars) if condition == "min_star" => stars.into(),
        _ => serde_json::Value::String(text),
    };
    let (needed, available) = (value(needed), value(available));
    let problem =
        Problem::new(Code::NotEligible).detail(zh, en).member("needed", needed).member("available", available);
    problem.member("condition", condition)
}

pub fn wrong_station(station: String) -> Problem {
    Problem::new(Code::Forbidden)
        .detail(format!("此密钥不用于站点 {station}"), format!("the key is not for the station {station}"))
        .member("station", station)
}

pub fn not_found(code: Code, id: impl ToString) -> Problem {
    let id = id.to_string();
    Problem::new(code).detail(format!("没有 {id}"), format!("there is no {id}")).member("id", id)
}

pub fn beyond_the_book(size: i64) -> Problem {
    Problem::new(Code::EntryNotFound)
        .detail(format!("分录从 1 到 {size}"), format!("there are entries 1 to {size}"))
        .member("size", size)
}

pub fn taken(field: &str) -> Problem {
    Problem::new(Code::IdTaken)
        .detail(format!("同一编号下 {field} 不同"), format!("the id stands for something else: {field} differs"))
        .member("field", field)
}

pub fn version_differs(current: i64) -> Problem {
    Problem::new(Code::PreconditionFailed)
        .detail(format!("目前是第 {current} 版"), format!("it is at version {current} now"))
        .member("current", current)
}

pub fn state_conflict(status: &str, zh: &str) -> Problem {
    let problem = Problem::new(Code::StateConflict).detail(format!("目前{zh}"), format!("it is {status}"));
    problem.member("current_status", status)
}

pub fn too_few_points(needed: i64, available: i64, scale: u8) -> Problem {
    short(Code::InsufficientPoints, points(needed, scale), points(available, scale))
}

/// Amounts of points are decimal strings, counts are integers.
pub fn short(
    code: Code,
    needed: impl Into<serde_json::Value> + Display,
    available: impl Into<serde_json::Value> + Display,
) -> Problem {
    Problem::new(code)
        .detail(format!("需要 {needed}，可用 {available}"), format!("{needed} needed, {available} available"))
        .member("needed", needed)
        .member("available", available)
}
