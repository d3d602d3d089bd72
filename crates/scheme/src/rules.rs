//! What a record earns: pure arithmetic, without a database and without a clock.
//!
//! | step | by | note |
//! |---|---|---|
//! | 1. rule | category, level, role, labels | the first that fits; the default for a service that none fits |
//! | 2. minimum, conditions | the minutes served, the volunteer, the record | no points, or nothing at all |
//! | 3. credited minutes | `time_percent`, `hours_credited` | as served, or counted in whole or half hours first |
//! | 4. caps on minutes | credited minutes | truncated or void |
//! | 5. points | per hour, per record, blocks, units, a range | none for evidence that earns no points |
//! | 6. highest of a group, caps on points | points | truncated, void, or the rest donated |
//! | 7. deductions, debts, freezing and thawing | the balance | |
//! | 8. last day | `expiry` | of the points that are left |
//!
//! A record earns by the version of the rules in force on the day of service. What it has to know of the volunteer's
//! history is the ledger's knowledge: [`needs`] names what has to be looked up, [`earn`] takes the answers. What it took
//! them for is in [`Earning::draws`] with the bound that must still hold when it is posted, so that two records confirmed
//! at once cannot both take the last of a cap.

mod amounts;
mod blocks;
mod exchange;
mod expiry;
pub mod ladders;
mod period;
mod person;
pub mod reviews;
mod steps;
#[cfg(test)]
mod tests;
mod work;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use amounts::{AmountError, Decimal, RoundedPoints, Rounding, format_points, hours_text, parse_points};
pub use blocks::cumulative;
pub use exchange::{Beneficiary, Price, RuleLimit, barred_until, limits, may_be_for, next_opening, price_by_bill};
pub use expiry::EndOfCalendar;
pub use period::Period;
pub use person::{Facts, Person, Unmet, fulfils, in_chinese};
pub use steps::{Step, StepKind};

use crate::config::{CapUnit, CategoryKind, EarningRule, Rules, Scheme, When};
use work::Work;

/// How it is known that a service took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// 本人扫码签到签退。
    SelfScan,
    /// 服务站机器登记。
    Kiosk,
    /// 领队确认。
    LeaderConfirmed,
    /// 事后补录。
    BackFilled,
}

impl Evidence {
    pub const ALL: [Evidence; 4] =
        [Evidence::SelfScan, Evidence::Kiosk, Evidence::LeaderConfirmed, Evidence::BackFilled];

    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::SelfScan => "self_scan",
            Evidence::Kiosk => "kiosk",
            Evidence::LeaderConfirmed => "leader_confirmed",
            Evidence::BackFilled => "back_filled",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Evidence {
    type Err = UnknownEvidence;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Evidence::ALL
            .into_iter()
            .find(|evidence| evidence.as_str() == text)
            .ok_or_else(|| UnknownEvidence(text.to_owned()))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("evidence is self_scan, kiosk, leader_confirmed or back_filled, not `{0}`")]
pub struct UnknownEvidence(pub String);

/// The part of a record that decides what it earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub category: &'a str,
    /// The day of service, in the scheme's time zone.
    pub occurred_on: NaiveDate,
    /// Minutes served, 1 to [`LONGEST_RECORD_MINUTES`]; 0 for an event.
    pub minutes: i64,
    pub evidence: Evidence,
    pub level: Option<&'a str>,
    pub role: Option<&'a str>,
    /// How many: books, calls, yuan. Only where the rule counts them.
    pub count: Option<i64>,
    /// Whether the activity was filed with the office (备案).
    pub filed: bool,
    /// The day on which it was put on record.
    pub recorded_on: NaiveDate,
}

impl<'a> Record<'a> {
    /// A plain record, put down on the day of service.
    pub fn plain(category: &'a str, occurred_on: NaiveDate, minutes: i64, evidence: Evidence) -> Record<'a> {
        Record {
            category,
            occurred_on,
            minutes,
            evidence,
            level: None,
            role: None,
            count: None,
            filed: false,
            recorded_on: occurred_on,
        }
    }
}

/// What whoever confirms a record decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The day on which it enters the book.
    pub confirmed_on: NaiveDate,
    /// The points out of a range, in minor units; negative for a deduction. Only where the rule leaves it open.
    pub decided_points: Option<i64>,
    /// Caps that may be lifted are lifted.
    pub lift_caps: bool,
}

impl Verdict {
    pub fn on(confirmed_on: NaiveDate) -> Verdict {
        Verdict { confirmed_on, decided_points: None, lift_caps: false }
    }
}

/// A year. Longer than any service, and short enough to catch seconds entered as minutes.
pub const LONGEST_RECORD_MINUTES: i64 = 366 * 24 * 60;

/// Something that the arithmetic has to know of the volunteer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// What was used of a cap, or has run up to a total.
    Tally(Tally),
    /// Points that can be spent today, minor units.
    Available,
    /// Everything in the points accounts that has not expired, held or not.
    Balance,
    /// Everything in an account beside hours and points.
    AccountBalance(String),
    /// Points owed, minor units.
    Owed,
    /// 1 when the account is frozen.
    Frozen,
    /// 1 when it thaws by itself on some day.
    Thawing,
}

impl Need {
    /// The name under which [`earn`] is told.
    pub fn key(&self) -> String {
        match self {
            Need::Tally(tally) => tally.key.clone(),
            Need::Available => "available".to_owned(),
            Need::Balance => "balance/points".to_owned(),
            Need::AccountBalance(account) => format!("balance/{account}"),
            Need::Owed => "owed".to_owned(),
            Need::Frozen => "frozen".to_owned(),
            Need::Thawing => "thawing".to_owned(),
        }
    }
}

/// Something counted for one person over several records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tally {
    /// Names what is counted and its period: `points/day/2026-11-22`, or for a group of categories
    /// `minutes/month/2026-11/environment+patrol`. The same in every version of the rules, so that a new version does
    /// not open a day anew.
    pub key: String,
    pub unit: CapUnit,
}

/// What a record adds to a tally, and what must hold for it to be posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    pub tally: Tally,
    pub amount: i64,
    pub bound: DrawBound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawBound {
    /// The tally may come to this.
    AtMost(i64),
    /// The tally must still be what it was when the arithmetic was done.
    Unchanged(i64),
}

/// Points or minutes for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// `None`: points.
    pub account: Option<String>,
    /// Minutes, or minor units of points.
    pub amount: i64,
    /// The last day on which it can be used; `None` when it never expires.
    pub lot: Option<NaiveDate>,
}

/// A change of whether points can be spent at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frost {
    /// Up to and with this day, or until a record thaws it.
    Freezes(Option<NaiveDate>),
    /// `marked` when a day was set on which it would have thawed by itself.
    Thaws { marked: bool },
}

/// A record that counts towards a mark on the volunteer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The label.
    pub label: String,
    pub tally: Tally,
    /// What this record adds to the tally.
    pub amount: i64,
    /// The volunteer has the mark as long as the tally is at least this.
    pub limit: i64,
    /// It is this record with which the limit is reached.
    pub reached: bool,
}

/// What one record earns, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earning {
    /// Credited minutes of service.
    pub minutes: i64,
    /// Minor units of points that the volunteer gets; what is taken away when negative.
    pub points: i64,
    /// The last day on which the points can be spent; `None` when they never expire, or when there are none.
    pub lot: Option<NaiveDate>,
    /// The first day on which the points can be spent, when that is not at once.
    pub spendable_on: Option<NaiveDate>,
    /// For accounts beside hours and points.
    pub credits: Vec<Credit>,
    /// What did not fit, for the donation pool.
    pub donated: Vec<Credit>,
    /// Of `points`, what goes to pay a debt when positive; what is owed anew when negative.
    pub debt: i64,
    /// The account freezes, or thaws.
    pub frost: Option<Frost>,
    /// What it counts towards a mark on the volunteer.
    pub mark: Option<Mark>,
    /// What this record takes of each tally, where it takes anything.
    pub draws: Vec<Draw>,
    /// The arithmetic, line by line.
    pub calculation: Vec<Step>,
    pub rules_version: String,
}

/// Why a record cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RuleError {
    #[error("the scheme has no rules for {date}; its first rules are in force from {first}")]
    BeforeFirstVersion { date: NaiveDate, first: NaiveDate },
    #[error("the scheme has no category `{category}`")]
    CategoryNotFound { category: String },
    #[error("a service lasts between 1 and {LONGEST_RECORD_MINUTES} minutes, not {minutes}")]
    ImpossibleMinutes { minutes: i64 },
    #[error("`{category}` is an event, which lasts no time")]
    EventWithMinutes { category: String },
    #[error("the rules in force have none for `{category}`")]
    NoRule { category: String },
    #[error("`{category}` is counted in {unit}: a count of 1 to 1000000000 is needed")]
    CountNeeded { category: String, unit: String },
    #[error("`{category}` is not counted")]
    CountNotAsked { category: String },
    #[error("whoever confirms decides on {from} to {to} points")]
    DecisionNeeded { from: String, to: String },
    #[error("the points follow from the rules, and are not decided upon")]
    NothingToDecide,
    #[error("no cap of the rules in force may be lifted for this record")]
    NothingToLift,
    /// Only by rules that refuse to overdraw.
    #[error("the balance is {available}, and {needed} would be taken")]
    InsufficientPoints { needed: i64, available: i64 },
    #[error("the points or their expiry are beyond what can be stored")]
    TooLarge,
}

/// What [`earn`] has to be told about the volunteer for this record.
pub fn needs(scheme: &Scheme, record: &Record, person: &Person) -> Result<Vec<Need>, RuleError> {
    let rules = rules_for(scheme, record)?;
    let rule = rule_for(scheme, rules, record, person)?;
    Ok(work::needs(scheme, rules, rule, record))
}

/// What this record earns when it is confirmed as `verdict` says.
///
/// `known` is what the person has so far, by the keys of [`needs`]; a key that is missing stands for nothing.
pub fn earn(
    scheme: &Scheme,
    record: &Record,
    person: &Person,
    verdict: &Verdict,
    known: &BTreeMap<String, i64>,
) -> Result<Earning, RuleError> {
    let rules = rules_for(scheme, record)?;
    let rule = rule_for(scheme, rules, record, person)?;
    Work::begin(scheme, rules, rule, record, verdict, known).finish(person)
}

/// What the minutes between `from` and `to` of a running total are worth by the rule that the record is under, in minor
/// units; `None` when it does not count by a running total.
pub fn worth_of_total(scheme: &Scheme, record: &Record, person: &Person, from: i64, to: i64) -> Option<i64> {
    let rule = rule_for(scheme, rules_for(scheme, record).ok()?, record, person).ok()?;
    let crate::config::Amount::Blocks(blocks) = &rule.amount else { return None };
    let worth = |minutes| cumulative(blocks, minutes, scheme.points_scale, rule.rounding);
    worth(to)?.checked_sub(worth(from)?)
}

/// Who may confirm the record, by the names of their keys; anybody who confirms at all when there are none.
pub fn approvers<'a>(scheme: &'a Scheme, record: &Record, person: &Person) -> Result<&'a [String], RuleError> {
    Ok(&rule_for(scheme, rules_for(scheme, record)?, record, person)?.approvers)
}

/// What happens by itself `when`, by the rules in force on `day`: the categories of the events.
pub fn automatic(scheme: &Scheme, when: When, day: NaiveDate) -> impl Iterator<Item = &str> {
    let rules = scheme.rules_on(day);
    let automatic = rules.into_iter().flat_map(move |rules| rules.automatic(when));
    automatic.filter_map(|rule| rule.categories.first().map(String::as_str))
}

/// Whether the record can be judged at all: its category, its time, its count.
pub fn check(scheme: &Scheme, record: &Record, person: &Person) -> Result<(), RuleError> {
    let rule = rule_for(scheme, rules_for(scheme, record)?, record, person)?;
    match (&rule.amount, record.count) {
        (crate::config::Amount::PerUnit(unit), count) if !count.is_some_and(|n| (1..=1_000_000_000).contains(&n)) => {
            Err(RuleError::CountNeeded { category: record.category.to_owned(), unit: unit.unit.clone() })
        }
        (crate::config::Amount::PerUnit(_), _) | (_, None) => Ok(()),
        (_, Some(_)) => Err(RuleError::CountNotAsked { category: record.category.to_owned() }),
    }
}

fn rules_for<'a>(scheme: &'a Scheme, record: &Record) -> Result<&'a Rules, RuleError> {
    let category = scheme
        .category(record.category)
        .ok_or_else(|| RuleError::CategoryNotFound { category: record.category.to_owned() })?;
    match category.kind {
        CategoryKind::Event if record.minutes != 0 => {
            return Err(RuleError::EventWithMinutes { category: record.category.to_owned() });
        }
        CategoryKind::Service if !(1..=LONGEST_RECORD_MINUTES).contains(&record.minutes) => {
            return Err(RuleError::ImpossibleMinutes { minutes: record.minutes });
        }
        _ => {}
    }
    scheme.rules_on(record.occurred_on).ok_or_else(|| RuleError::BeforeFirstVersion {
        date: record.occurred_on,
        first: scheme.versions().first().map_or(NaiveDate::MAX, |rules| rules.from),
    })
}

fn rule_for<'a>(
    scheme: &Scheme,
    rules: &'a Rules,
    record: &Record,
    person: &Person,
) -> Result<&'a EarningRule, RuleError> {
    let service = scheme.category(record.category).is_some_and(|category| category.kind == CategoryKind::Service);
    let among = |codes: &std::collections::BTreeSet<String>, code: Option<&str>| {
        codes.is_empty() || code.is_some_and(|code| codes.contains(code))
    };
    let fits = |rule: &EarningRule| {
        let category = match rule.categories.is_empty() {
            true => service,
            false => rule.categories.contains(record.category),
        };
        category
            && among(&rule.levels, record.level)
            && among(&rule.roles, record.role)
            && (rule.labels.is_empty() || !rule.labels.is_disjoint(&person.labels))
    };
    rules.earning(fits, service).ok_or_else(|| RuleError::NoRule { category: record.category.to_owned() })
}
