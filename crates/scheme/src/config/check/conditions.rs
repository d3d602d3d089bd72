//! Conditions: that what they refer to exists, that they ask for something, and that it can hold.

use super::codes::{self, each_once, listed_labels};
use super::{Place, Report};
use crate::config::{Condition, Entitlement, Rules, Scheme, VolunteerKind};
use crate::rules::Decimal;

/// What a condition is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    Record,
    Exchange,
    /// The ladder with this code.
    Ladder(&'a str),
    /// A review of these.
    Review(VolunteerKind),
}

const OLDEST: u32 = 200;
const LONGEST_MEMBERSHIP_MONTHS: u32 = 1_200;

/// The conditions of `list`, written at `requires` below `at`.
pub fn check(scheme: &Scheme, rules: &Rules, list: &[Condition], at: &Place, scope: Scope<'_>, report: &mut Report) {
    for (index, condition) in list.iter().enumerate() {
        let here = at.item("requires", index);
        if *condition == Condition::default() {
            let zh = "空的条件谁都符合，不必写";
            let en = "an empty condition holds for everybody; leave it out";
            report.error(here, zh, en);
            continue;
        }
        out_of_place(condition, &here, scope, report);
        person(scheme, condition, &here, scope, report);
        numbers(scheme, condition, &here, report);
        if let Some(step) = &condition.min_step {
            step_exists(rules, step, here.key("min_step"), report);
            if scope == Scope::Ladder(&step.ladder) {
                let (zh, en) = ("等级不能以自己为条件", "a ladder cannot have itself for a condition");
                report.error(here.key("min_step"), zh, en);
            }
        }
    }
}

/// What nobody would read here.
fn out_of_place(condition: &Condition, at: &Place, scope: Scope<'_>, report: &mut Report) {
    let of_records = [
        ("filed", condition.filed),
        ("recorded_within_days", condition.recorded_within_days.is_some()),
        ("served_within_years", condition.served_within_years.is_some()),
    ];
    let of_the_book = [
        ("min_hours", condition.min_hours.is_some()),
        ("min_points", condition.min_points.is_some()),
        ("min_services", condition.min_services.is_some()),
        ("min_points_per_hour", condition.min_points_per_hour.is_some()),
        ("min_step", condition.min_step.is_some()),
    ];
    let record = scope == Scope::Record;
    let strange: &[(&'static str, bool)] = if record { &of_the_book } else { &of_records };
    for (key, _) in strange.iter().filter(|(_, written)| *written) {
        let (zh, en) = match record {
            true => (
                format!("获得规则不看累计的时长、积分和等级，没有 `{key}`"),
                format!("earning does not ask for totals or steps, and has no `{key}`"),
            ),
            false => (
                format!("`{key}` 说的是一条服务记录，只用于获得规则"),
                format!("`{key}` is said of a record, for earning only"),
            ),
        };
        report.error(at.key(key), zh, en);
    }
}

fn person(scheme: &Scheme, condition: &Condition, at: &Place, scope: Scope<'_>, report: &mut Report) {
    if let (Some(least), Some(most)) = (condition.min_age, condition.max_age)
        && least > most
    {
        let zh = format!("年龄下限 {least} 大于上限 {most}，没有人符合");
        let en = format!("nobody is at least {least} and at most {most}");
        report.error(at.key("min_age"), zh, en);
    }
    for (key, labels) in [("labels", &condition.labels), ("without_labels", &condition.without_labels)] {
        listed_labels(scheme, key, labels, at, report);
    }
    for (index, label) in condition.without_labels.iter().enumerate() {
        if condition.labels.contains(label) {
            let zh = format!("标记 `{label}` 既要有又不能有");
            let en = format!("the label `{label}` is both needed and vetoed");
            report.error(at.item("without_labels", index), zh, en);
        }
    }
    for (key, texts) in [("residence", &condition.residence), ("teams", &condition.teams)] {
        for (index, text) in texts.iter().enumerate() {
            codes::text(at.item(key, index), text, report);
        }
        each_once(key, texts, at, report);
    }
    each_once("volunteer_kinds", &condition.volunteer_kinds, at, report);
    kinds(condition, at, scope, report);
}

/// Kinds of account that cannot be those asked about.
fn kinds(condition: &Condition, at: &Place, scope: Scope<'_>, report: &mut Report) {
    let kinds = &condition.volunteer_kinds;
    if kinds.is_empty() {
        return;
    }
    if let Scope::Review(of) = scope
        && !kinds.contains(&of)
    {
        let (zh, en) = ("评选对象不在这些账户类型之内", "those who are reviewed are not of these kinds");
        report.error(at.key("volunteer_kinds"), zh, en);
    }
    if condition.gender.is_some() && !kinds.contains(&VolunteerKind::Individual) {
        report.error(at.key("gender"), "团体和家庭没有性别", "groups and households have no gender");
    }
}

fn numbers(scheme: &Scheme, condition: &Condition, at: &Place, report: &mut Report) {
    let months = LONGEST_MEMBERSHIP_MONTHS;
    for (key, number, least, most) in [
        ("min_age", condition.min_age, 1, OLDEST),
        ("max_age", condition.max_age, 0, OLDEST),
        ("member_months", condition.member_months, 1, months),
        ("member_years", condition.member_years, 1, months / 12),
        ("recorded_within_days", condition.recorded_within_days, 0, 3_660),
        ("served_within_years", condition.served_within_years, 1, 100),
        ("min_services", condition.min_services, 1, 1_000_000),
    ] {
        between(number, least, most, at.key(key), report);
    }
    if let Some(hours) = condition.min_hours {
        some_hours(hours, at.key("min_hours"), report);
    }
    if let Some(points) = condition.min_points {
        codes::fits_scale(scheme, points, at.key("min_points"), report);
        positive(points, at.key("min_points"), report);
    }
    if let Some(times) = condition.min_points_per_hour {
        positive(times, at.key("min_points_per_hour"), report);
    }
}

/// Reports a number outside `least..=most`, where there is one.
pub fn between(number: Option<u32>, least: u32, most: u32, at: Place, report: &mut Report) {
    if let Some(number) = number.filter(|number| !(least..=most).contains(number)) {
        let zh = format!("应为 {least} 至 {most}，不是 {number}");
        let en = format!("this is between {least} and {most}, not {number}");
        report.error(at, zh, en);
    }
}

/// Reports hours that are none, or not whole minutes.
pub fn some_hours(hours: Decimal, at: Place, report: &mut Report) {
    match hours.whole_minutes() {
        None => report.error(at, "小时数要合整数分钟", "the hours are not of whole minutes"),
        Some(minutes) if minutes <= 0 => report.error(at, "要大于 0，否则人人符合", "more than 0: everybody has that"),
        Some(_) => {}
    }
}

pub fn positive(number: Decimal, at: Place, report: &mut Report) {
    if number <= Decimal::ZERO {
        report.error(at, "要大于 0，否则人人符合", "more than 0: everybody has that");
    }
}

pub fn step_exists(rules: &Rules, asked: &Entitlement, at: Place, report: &mut Report) {
    let ladders = rules.ladders.iter().map(|ladder| ladder.code.as_str());
    if !codes::known(at.key("ladder"), &asked.ladder, ("等级表", "ladder"), ladders, report) {
        return;
    }
    let ladder = rules.ladders.iter().filter(|ladder| ladder.code == asked.ladder);
    let steps: Vec<&str> = ladder.flat_map(|ladder| &ladder.steps).map(|step| step.code.as_str()).collect();
    codes::known(at.key("step"), &asked.step, ("等级", "step"), steps.iter().copied(), report);
}
