//! The rules of a selection: data, given when it is drafted, and kept as given. Pure.

use super::competitors::Competitors;
use super::quota::Seats;
use crate::rules::Evidence;
use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// By what they are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    Hours,
    Points,
    Services,
    /// The average of the stars of the period, to hundredths.
    Rating,
    /// Of units and teams: how many of their members took part.
    Participation,
}

impl Measure {
    pub fn as_str(self) -> &'static str {
        match self {
            Measure::Hours => "hours",
            Measure::Points => "points",
            Measure::Services => "services",
            Measure::Rating => "rating",
            Measure::Participation => "participation",
        }
    }
}

/// What decides, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Under which the rules were made public.
    pub version: String,
    /// Who competes: volunteers when left out.
    #[serde(default, skip_serializing_if = "Competitors::is_volunteers")]
    pub of: Competitors,
    /// The year of service; or both days below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// The first day of a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// The last day of a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// Code: only those who served in this unit, or below it, on the last day; of units those below it, of teams those that
    /// belong to it or to one below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The kind of unit that seats are shared out to, or that competes; the units right below the scope when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid_kind: Option<String>,
    pub measure: Measure,
    /// Of units and teams: hours, points or services divided by their members.
    #[serde(default, skip_serializing_if = "is_false")]
    pub per_member: bool,
    #[serde(default)]
    pub min_minutes: i64,
    #[serde(default)]
    pub min_services: i64,
    /// Ratings in the period: fewer make no average to go by.
    #[serde(default)]
    pub min_ratings: i64,
    /// Of units and teams: members on the last day.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_members: i64,
    /// Of these, who have a service of the period that counts.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_participants: i64,
    /// These among the members, in hundredths of a percent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_participation: i64,
    /// Whole months from the registration to the last day.
    #[serde(default)]
    pub min_tenure_months: u32,
    /// Only services of these classes count; all of them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Vec<Evidence>>,
    /// Years of age on the last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_age: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<i64>,
    #[serde(default)]
    pub vetoes: Vetoes,
    /// Whoever is eligible is selected, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<Seats>,
    /// Whether the next takes the seat of whoever is struck; else it stays empty.
    #[serde(default)]
    pub refill: bool,
    pub publicity_working_days: u32,
    /// How many people sign.
    pub signatures: usize,
    /// What the selected are given on record; nothing when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub honour: Option<HonourRule>,
}

fn is_false(given: &bool) -> bool {
    !*given
}

fn is_zero(given: &i64) -> bool {
    *given == 0
}

/// What keeps somebody from being selected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vetoes {
    /// A complaint of the period that was upheld.
    pub upheld_complaints: bool,
    /// So many records of the period that were reversed without another in their place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversed_records: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awarded: Option<Awarded>,
    pub exclusions: Vec<Exclusion>,
}

/// Whoever has this honour on record, granted within so many years before the last day of the period, or since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Awarded {
    pub honour: String,
    pub years: u32,
}

/// Somebody who takes no part: staff on duty, a member of the committee, …
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volunteer_id: Option<Uuid>,
    /// Of a unit or a team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub reason: String,
    /// What shows it.
    pub evidence: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HonourRule {
    pub name: String,
    /// The scheme's own organisation when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granting_body: Option<String>,
}

/// Something that is wrong with rules, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFlaw {
    /// As a JSON pointer.
    pub place: String,
    pub code: &'static str,
    pub zh: String,
    pub en: String,
}

impl RuleFlaw {
    pub(super) fn new(place: &str, code: &'static str, zh: &str, en: &str) -> RuleFlaw {
        RuleFlaw { place: place.to_owned(), code, zh: zh.to_owned(), en: en.to_owned() }
    }
}

pub(super) const EXCLUSIONS_MAX: usize = 1000;

impl RuleSet {
    /// The first and the last day whose service counts; `None` when they are not given as they must be.
    pub fn period(&self) -> Option<(NaiveDate, NaiveDate)> {
        match (self.year, self.from, self.until) {
            (Some(year), None, None) => Some((day(year, 1, 1)?, day(year, 12, 31)?)),
            (None, Some(from), Some(until)) => Some((from, until)),
            _ => None,
        }
    }

    /// Whether it is of one month, and may do without publicity.
    pub fn is_of_a_month(&self) -> bool {
        self.period().is_some_and(|(from, until)| (from.year(), from.month()) == (until.year(), until.month()))
    }

    /// Whether services of this class count.
    pub fn counts(&self, evidence: &str) -> bool {
        self.evidence.as_ref().is_none_or(|classes| classes.iter().any(|class| class.as_str() == evidence))
    }

    /// As it is kept, and what stands for it in the book.
    pub fn text_and_digest(&self) -> (String, String) {
        let text = serde_json::to_string(self).unwrap_or_default();
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        (text, digest)
    }

    /// All that is wrong with it by itself; what the scheme has to know is asked elsewhere.
    pub fn flaws(&self, today: NaiveDate) -> Vec<RuleFlaw> {
        let mut flaws = Flaws::default();
        flaws.text("/version", &self.version, 50);
        self.check_period(&mut flaws, today);
        self.check_numbers(&mut flaws);
        self.check_vetoes(&mut flaws);
        self.check_competitors(&mut flaws);
        if let Some(honour) = &self.honour {
            flaws.text("/honour/name", &honour.name, 200);
            honour.granting_body.iter().for_each(|body| flaws.text("/honour/granting_body", body, 200));
        }
        flaws.0
    }

    fn check_period(&self, flaws: &mut Flaws, today: NaiveDate) {
        let Some((from, until)) = self.period() else {
            let (zh, en) = ("写明 year，或同时写明 from 和 until", "give `year`, or both `from` and `until`");
            return flaws.add("/year", "invalid_period", zh, en);
        };
        if !(1900..=9999).contains(&from.year()) || !(1900..=9999).contains(&until.year()) {
            return flaws.add("/year", "invalid_year", "年份须在 1900 到 9999 之间", "a year is 1900 to 9999");
        }
        if from.day() != 1 {
            flaws.add("/from", "not_whole_months", "须为某月的第一天", "it must be the first day of a month");
        }
        if until.succ_opt().is_none_or(|next| next.day() != 1) {
            flaws.add("/until", "not_whole_months", "须为某月的最后一天", "it must be the last day of a month");
        }
        if until < from {
            flaws.add("/until", "end_before_start", "结束早于开始", "it ends before it begins");
        } else if from.checked_add_months(Months::new(36)).is_some_and(|end| until >= end) {
            flaws.add("/until", "invalid_period", "最长三年", "three years at most");
        }
        if until >= today {
            let place = if self.year.is_some() { "/year" } else { "/until" };
            flaws.add(place, "period_not_over", "评选期间尚未结束", "the period is not over yet");
        }
    }

    fn check_numbers(&self, flaws: &mut Flaws) {
        let numbers = [
            ("/min_minutes", self.min_minutes, 0, 600_000),
            ("/min_services", self.min_services, 0, 10_000),
            ("/min_ratings", self.min_ratings, 0, 10_000),
            ("/min_members", self.min_members, 0, 10_000_000),
            ("/min_participants", self.min_participants, 0, 10_000_000),
            ("/min_participation", self.min_participation, 0, 10_000),
            ("/min_tenure_months", self.min_tenure_months.into(), 0, 600),
            ("/min_age", self.min_age.unwrap_or(0), 0, 150),
            ("/max_age", self.max_age.unwrap_or(150), self.min_age.unwrap_or(0).max(0), 150),
            ("/signatures", i64::try_from(self.signatures).unwrap_or(i64::MAX), 1, 20),
            ("/publicity_working_days", self.publicity_working_days.into(), i64::from(!self.is_of_a_month()), 60),
        ];
        for (place, number, least, most) in numbers {
            flaws.between(place, number, least, most);
        }
        if self.measure == Measure::Rating && self.min_ratings < 1 {
            let (zh, en) = ("按评价评选须有最少评价数", "a selection by rating needs a least number of ratings");
            flaws.add("/min_ratings", "out_of_range", zh, en);
        }
        if self.evidence.as_ref().is_some_and(Vec::is_empty) {
            flaws.add("/evidence", "nothing_counts", "至少要有一类记录计入", "at least one class must count");
        }
        if let Some(seats) = &self.seats {
            flaws.between("/seats/total", seats.total, 1, 1_000_000);
            flaws.between("/seats/open", seats.open, 0, seats.total.max(0));
        }
    }

    fn check_vetoes(&self, flaws: &mut Flaws) {
        let vetoes = &self.vetoes;
        vetoes.reversed_records.iter().for_each(|least| flaws.between("/vetoes/reversed_records", *least, 1, 10_000));
        if let Some(awarded) = &vetoes.awarded {
            flaws.text("/vetoes/awarded/honour", &awarded.honour, 200);
            flaws.between("/vetoes/awarded/years", awarded.years.into(), 1, 50);
        }
        if vetoes.exclusions.len() > EXCLUSIONS_MAX {
            flaws.add("/vetoes/exclusions", "too_many", "最多 1000 个", "1000 at most");
        }
        for (at, exclusion) in vetoes.exclusions.iter().enumerate().take(EXCLUSIONS_MAX) {
            flaws.text(&format!("/vetoes/exclusions/{at}/reason"), &exclusion.reason, 200);
            flaws.text(&format!("/vetoes/exclusions/{at}/evidence"), &exclusion.evidence, 500);
        }
    }

    /// The sentence that stands below the list.
    pub fn sentence(&self) -> String {
        if self.of.are_groups() {
            return self.sentence_of_groups();
        }
        let measure = match self.measure {
            Measure::Hours => "服务时长",
            Measure::Points => "获得积分",
            Measure::Services => "服务次数",
            Measure::Rating => "平均评价",
            Measure::Participation => "参与率",
        };
        let seats = match &self.seats {
            None => "达标者均入选。".to_owned(),
            Some(Seats { total, open }) => format!(
                "名额 {total} 个，其中机动 {open} 个，其余按各网格合格人数以最大余数法分配，有合格者的网格至少 1 个，宁缺毋滥。"
            ),
        };
        format!(
            "规则版本 {}：按{measure}排序，数值相同名次相同（1、2、2、4）；同名次依次比较服务次数、平均评价、达到时间先后、编号。{seats}",
            self.version
        )
    }
}

#[derive(Default)]
pub(super) struct Flaws(Vec<RuleFlaw>);

impl Flaws {
    pub(super) fn add(&mut self, place: &str, code: &'static str, zh: &str, en: &str) {
        self.0.push(RuleFlaw::new(place, code, zh, en));
    }

    fn text(&mut self, place: &str, text: &str, most: usize) {
        if !crate::volunteers::is_text(text, most) {
            let (zh, en) = (format!("须为 1 到 {most} 个字"), format!("1 to {most} characters, not blank"));
            self.add(place, "invalid_text", &zh, &en);
        }
    }

    fn between(&mut self, place: &str, number: i64, least: i64, most: i64) {
        if !(least..=most).contains(&number) {
            let (zh, en) = (format!("须在 {least} 到 {most} 之间"), format!("it must be between {least} and {most}"));
            self.add(place, "out_of_range", &zh, &en);
        }
    }
}

fn day(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)
}
