//! Who a record or an exchange is of, as far as conditions ask; and whether a condition holds.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{Datelike, Months, NaiveDate};

use super::{Decimal, format_points, hours_text};
use crate::config::{Condition, Entitlement, Gender, VolunteerKind};

/// What conditions ask of a volunteer. It is looked at, and never put in the book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub kind: VolunteerKind,
    /// Of a group: the day of its founding.
    pub birth_date: Option<NaiveDate>,
    pub gender: Option<Gender>,
    pub residence: Option<String>,
    /// `None`: not known, which no condition on membership is content with.
    pub registered_on: Option<NaiveDate>,
    pub teams: Vec<String>,
    pub labels: BTreeSet<String>,
}

/// What a condition is asked of.
#[derive(Clone, Copy, Default)]
pub struct Facts<'a> {
    pub person: Option<&'a Person>,
    /// The day on which it is asked: of the service, of the exchange, the last of the reviewed year.
    pub on: NaiveDate,
    /// Of a record: whether its activity was filed, the day on which it was put on record, and confirmed.
    pub filed: bool,
    pub recorded_on: Option<NaiveDate>,
    pub confirmed_on: Option<NaiveDate>,
    pub minutes: i64,
    /// Of an exchange paid for in minutes: what the paying account has.
    pub paying_minutes: Option<i64>,
    /// Minor units.
    pub points: i64,
    pub points_scale: u8,
    pub services: i64,
    /// The steps of ladders that the volunteer has, those below them included.
    pub steps: &'a [Entitlement],
}

/// What does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// For programs: `min_age`, `labels`, ….
    pub condition: &'static str,
    pub needed: String,
    /// What there is instead; empty when it is not known.
    pub available: String,
}

impl fmt::Display for Unmet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} is needed", self.condition, self.needed)?;
        if self.available.is_empty() { Ok(()) } else { write!(out, ", and it is {}", self.available) }
    }
}

impl Unmet {
    /// In Chinese, for the volunteer.
    pub fn zh(&self) -> String {
        in_chinese(self.condition, &self.needed, &self.available)
    }
}

/// `parent, child` as people say it.
fn relations_in_chinese(codes: &str) -> String {
    let word = |code| match code {
        "self" => "本人",
        "spouse" => "配偶",
        "parent" => "父母",
        "grandparent" => "祖父母",
        "child" => "子女",
        "sibling" => "兄弟姐妹",
        "other_family" => "其他亲属",
        other => other,
    };
    codes.split(", ").map(word).collect::<Vec<_>>().join("、")
}

/// A condition that does not hold, in Chinese.
pub fn in_chinese(condition: &str, needed: &str, available: &str) -> String {
    if matches!(condition, "relation" | "collected_by") {
        let asked = if condition == "relation" { "只能为" } else { "只能由" };
        let what = if condition == "relation" { "兑换" } else { "来领" };
        let is = if available.is_empty() {
            String::new()
        } else {
            format!("，这次是{}", relations_in_chinese(available))
        };
        return format!("{asked}{}{what}{is}", relations_in_chinese(needed));
    }
    let asked = match condition {
        "min_age" => format!("须满 {needed} 周岁"),
        "max_age" => format!("不超过 {needed} 周岁"),
        "gender" => format!("性别 {needed}"),
        "residence" => format!("居住地 {needed}"),
        "member_months" => format!("注册须满 {needed} 个月"),
        "member_years" => format!("注册须满 {needed} 年"),
        "teams" => format!("须参加 {needed}"),
        "labels" => format!("须有标记 {needed}"),
        "without_labels" => format!("不得有标记 {needed}"),
        "volunteer_kinds" => format!("账户类型须为 {needed}"),
        "filed" => "活动须备案".to_owned(),
        "recorded_within_days" => format!("须在服务后 {needed} 天内登记"),
        "served_within_years" => format!("须在 {needed} 个年度内"),
        "min_hours" => format!("服务时长须满 {needed} 小时"),
        "min_points" => format!("积分须满 {needed} 分"),
        "min_services" => format!("服务须满 {needed} 次"),
        "min_points_per_hour" => format!("积分须不少于时长的 {needed} 倍"),
        "min_step" => format!("须达到 {needed}"),
        "entitled_by" => format!("须达到 {needed} 方可领取"),
        "min_star" => format!("须达到 {needed} 星"),
        "relation" => format!("受益人须为 {needed}"),
        "training" => format!("须参加过培训 {needed}"),
        "insurance" => format!("须有到 {needed} 仍有效的保险"),
        "skill" => format!("须有特长：{needed}"),
        "active" => "须为在册志愿者（已退出）".to_owned(),
        "prohibited" => "不得兑换".to_owned(),
        "units" => format!("须属于 {needed}"),
        other => format!("{other} {needed}"),
    };
    match (available.is_empty(), condition) {
        (true, _) => asked,
        (false, "member_months" | "member_years") => format!("{asked}，注册于 {available}"),
        (false, _) => format!("{asked}，现为 {available}"),
    }
}

/// Whether one of the conditions holds; there being none, nothing is asked. What the last of them lacks is the answer.
pub fn fulfils(conditions: &[Condition], facts: &Facts) -> Result<(), Unmet> {
    let mut lacking = Ok(());
    for condition in conditions {
        lacking = condition.check(facts);
        if lacking.is_ok() {
            return Ok(());
        }
    }
    lacking
}

impl Condition {
    /// Whether all that is written holds.
    pub fn check(&self, facts: &Facts) -> Result<(), Unmet> {
        self.check_person(facts)?;
        self.check_record(facts)?;
        self.check_book(facts)
    }

    fn check_person(&self, facts: &Facts) -> Result<(), Unmet> {
        let nobody = Person::default();
        let person = facts.person.unwrap_or(&nobody);
        let age = person.birth_date.and_then(|born| facts.on.years_since(born));
        let shown = || age.map_or(String::new(), |age| age.to_string());
        require("min_age", self.min_age, |least| age.is_some_and(|age| age >= least), shown)?;
        require("max_age", self.max_age, |most| age.is_some_and(|age| age <= most), shown)?;
        if let Some(gender) = self.gender.filter(|gender| person.gender != Some(*gender)) {
            return Err(unmet("gender", format!("{gender:?}").to_lowercase(), String::new()));
        }
        let residence = person.residence.as_deref().unwrap_or_default();
        one_of("residence", &self.residence, |one| one == residence, residence)?;
        let member = |months: u32| {
            let since = person.registered_on.and_then(|day| day.checked_add_months(Months::new(months)));
            since.is_some_and(|since| since <= facts.on)
        };
        let since = || person.registered_on.map_or(String::new(), |day| day.to_string());
        require("member_months", self.member_months, member, since)?;
        require("member_years", self.member_years, |years| member(years.saturating_mul(12)), since)?;
        one_of("teams", &self.teams, |team| person.teams.iter().any(|own| own == team), &person.teams.join("、"))?;
        if let Some(missing) = self.labels.iter().find(|label| !person.labels.contains(*label)) {
            return Err(unmet("labels", missing.clone(), String::new()));
        }
        if let Some(veto) = self.without_labels.iter().find(|label| person.labels.contains(*label)) {
            return Err(unmet("without_labels", veto.clone(), veto.clone()));
        }
        if !self.volunteer_kinds.is_empty() && !self.volunteer_kinds.contains(&person.kind) {
            let needed: Vec<_> = self.volunteer_kinds.iter().map(|kind| format!("{kind:?}").to_lowercase()).collect();
            return Err(unmet("volunteer_kinds", needed.join(", "), format!("{:?}", person.kind).to_lowercase()));
        }
        Ok(())
    }

    fn check_record(&self, facts: &Facts) -> Result<(), Unmet> {
        if self.filed && !facts.filed {
            return Err(unmet("filed", "true".to_owned(), "false".to_owned()));
        }
        let days = facts.recorded_on.map(|recorded| recorded.signed_duration_since(facts.on).num_days());
        let shown = || days.map_or(String::new(), |days| days.to_string());
        let in_time = |most: u32| days.is_none_or(|days| days <= i64::from(most));
        require("recorded_within_days", self.recorded_within_days, in_time, shown)?;
        let years = facts.confirmed_on.map(|confirmed| i64::from(confirmed.year()) - i64::from(facts.on.year()));
        let shown = || facts.on.year().to_string();
        let recent = |most: u32| years.is_none_or(|years| years < i64::from(most));
        require("served_within_years", self.served_within_years, recent, shown)
    }

    fn check_book(&self, facts: &Facts) -> Result<(), Unmet> {
        let hours = || hours_text(facts.minutes);
        require("min_hours", self.min_hours, |least| facts.minutes >= least.minutes_up(), hours)?;
        let points = || format_points(facts.points, facts.points_scale);
        let enough = |least: Decimal| facts.points >= least.minor(facts.points_scale);
        require("min_points", self.min_points, enough, points)?;
        let services = || facts.services.to_string();
        require("min_services", self.min_services, |least| facts.services >= i64::from(least), services)?;
        let rich = |times: Decimal| {
            let minutes = facts.paying_minutes.unwrap_or(facts.minutes);
            let needed = times.points(minutes.max(0), facts.points_scale, super::Rounding::Up);
            needed.is_some_and(|needed| facts.points >= needed.minor)
        };
        require("min_points_per_hour", self.min_points_per_hour, rich, points)?;
        match &self.min_step {
            Some(asked) if !facts.steps.contains(asked) => {
                Err(unmet("min_step", format!("{}/{}", asked.ladder, asked.step), String::new()))
            }
            _ => Ok(()),
        }
    }
}

fn require<T: fmt::Display + Copy>(
    condition: &'static str,
    asked: Option<T>,
    holds: impl Fn(T) -> bool,
    available: impl Fn() -> String,
) -> Result<(), Unmet> {
    match asked {
        Some(asked) if !holds(asked) => Err(unmet(condition, asked.to_string(), available())),
        _ => Ok(()),
    }
}

fn one_of(
    condition: &'static str,
    asked: &[String],
    holds: impl Fn(&str) -> bool,
    available: &str,
) -> Result<(), Unmet> {
    match asked.is_empty() || asked.iter().any(|one| holds(one)) {
        true => Ok(()),
        false => Err(unmet(condition, asked.join("、"), available.to_owned())),
    }
}

fn unmet(condition: &'static str, needed: String, available: String) -> Unmet {
    Unmet { condition, needed, available }
}
