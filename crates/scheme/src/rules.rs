//! What a record of service earns: pure arithmetic, without a database and without a clock.
//!
//! | step | by | note |
//! |---|---|---|
//! | 1. minimum | the minutes served | too short: no points, or nothing at all |
//! | 2. credited minutes | `hours_credited` | as served, or counted in whole or half hours first |
//! | 3. caps on minutes | credited minutes | record, day, month; truncated or void |
//! | 4. points | credited minutes, counted | rate × hours; none for evidence that earns no points |
//! | 5. caps on points | points | record, day, month; truncated or void |
//! | 6. last day | `expiry` | of the points that are left |
//!
//! A record earns by the version of the rules in force on the day of service. How much of a day's or a month's cap is
//! used is the ledger's knowledge: [`caps`] names what has to be looked up, [`earn`] takes the answer and returns the
//! share of this record.

mod amounts;
mod expiry;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use amounts::{AmountError, Rate, RoundedPoints, Rounding, format_points, hours_text, parse_points};
pub use expiry::EndOfCalendar;
pub use steps::{Step, StepKind};

use crate::config::{
    BelowMinimum, CapPeriod, CapRule, CapUnit, EarningRule, HoursCredited, Minimum, OverCap, PartHours, Rules, Scheme,
};
use amounts::divide;
use steps::Sheet;

/// How it is known that a service took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    SelfScan,
    Kiosk,
    LeaderConfirmed,
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

/// The part of a service record that decides what it earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    pub category: &'a str,
    /// The day of service, in the scheme's time zone.
    pub occurred_on: NaiveDate,
    /// Minutes served, 1 to [`LONGEST_RECORD_MINUTES`].
    pub minutes: i64,
    pub evidence: Evidence,
}

/// A year. Longer than any service, and short enough to catch seconds entered as minutes.
pub const LONGEST_RECORD_MINUTES: i64 = 366 * 24 * 60;

/// A cap that a person uses up over several records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Names the cap and its period for one person: `points/day/2026-11-22`, or for a group of categories
    /// `minutes/month/2026-11/environment+patrol`. The same in every version of the rules, so that a new version does
    /// not open a day anew.
    pub key: String,
    pub unit: CapUnit,
    /// Minutes, or minor units of points.
    pub limit: i64,
}

/// What one record earns, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earning {
    /// Credited minutes of service.
    pub minutes: i64,
    /// Minor units of points.
    pub points: i64,
    /// The last day on which the points can be spent; `None` when they never expire, or when there are none.
    pub lot: Option<NaiveDate>,
    /// What this record takes of each running cap, where it takes anything.
    pub draws: Vec<(Cap, i64)>,
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
    #[error("the points or their expiry are beyond what can be stored")]
    TooLarge,
}

/// The running caps that this record draws on. What of each is used already is needed by [`earn`].
pub fn caps(scheme: &Scheme, record: &Record) -> Result<Vec<Cap>, RuleError> {
    let rules = rules_for(scheme, record)?;
    Ok(rules.caps.iter().filter_map(|cap| running(cap, record)).collect())
}

/// What this record earns when it is entered in the books on `recorded_on`.
///
/// `used` is what the person has drawn so far under the keys of [`caps`]; a key that is missing has not been used.
pub fn earn(
    scheme: &Scheme,
    record: &Record,
    recorded_on: NaiveDate,
    used: &BTreeMap<String, i64>,
) -> Result<Earning, RuleError> {
    let rules = rules_for(scheme, record)?;
    let rule = rules.earning(record.category);
    let allowances = allowances(rules, record, used);
    let too_short = rule.minimum.filter(|minimum| record.minutes < minimum.minutes);

    let mut sheet = Sheet::begin(scheme, record.minutes);
    credit_minutes(&mut sheet, rule, too_short, &allowances);
    if too_short.is_none() && sheet.minutes > 0 {
        if rules.evidence_without_points.contains(&record.evidence) {
            sheet.evidence_without_points(record.evidence);
        } else {
            earn_points(&mut sheet, scheme, rule, &allowances)?;
        }
    }
    let lot = match sheet.points {
        0 => None,
        _ => rules.expiry.last_day(record.occurred_on, recorded_on).map_err(|_| RuleError::TooLarge)?,
    };
    sheet.last_day(lot);

    let (minutes, points) = (sheet.minutes, sheet.points);
    let taken = |unit| if unit == CapUnit::Minutes { minutes } else { points };
    let draws = allowances.into_iter().filter_map(|allowance| allowance.running);
    let draws = draws.map(|cap| (taken(cap.unit), cap)).filter(|(amount, _)| *amount > 0);
    Ok(Earning {
        minutes,
        points,
        lot,
        draws: draws.map(|(amount, cap)| (cap, amount)).collect(),
        calculation: sheet.steps,
        rules_version: rules.version.clone(),
    })
}

/// Steps 1 to 3.
fn credit_minutes(sheet: &mut Sheet, rule: &EarningRule, too_short: Option<Minimum>, allowances: &[Allowance]) {
    if let Some(minimum) = too_short {
        sheet.below_minimum(minimum);
        if minimum.below == BelowMinimum::Nothing {
            return;
        }
    }
    if rule.hours_credited == HoursCredited::AsServed {
        return apply_caps(sheet, CapUnit::Minutes, allowances);
    }
    let counted = counted_minutes(sheet.minutes, rule.part_hours, rule.rounding);
    sheet.credited_as_counted(counted, rule.part_hours, rule.rounding);
    apply_caps(sheet, CapUnit::Minutes, allowances);
    // A cap may leave room for a part of an hour only, and that part is not to be rounded up beyond it.
    let counted = counted_minutes(sheet.minutes, rule.part_hours, Rounding::Down);
    sheet.credited_as_counted(counted, rule.part_hours, Rounding::Down);
}

/// Steps 4 and 5.
fn earn_points(
    sheet: &mut Sheet,
    scheme: &Scheme,
    rule: &EarningRule,
    allowances: &[Allowance],
) -> Result<(), RuleError> {
    let counted = counted_minutes(sheet.minutes, rule.part_hours, rule.rounding);
    sheet.counted(counted, rule.part_hours, rule.rounding);
    let points = rule.points_per_hour.points(counted, scheme.points_scale, rule.rounding);
    sheet.rate(counted, rule, points.ok_or(RuleError::TooLarge)?);
    apply_caps(sheet, CapUnit::Points, allowances);
    Ok(())
}

/// One cap as this record meets it.
struct Allowance<'a> {
    rule: &'a CapRule,
    /// `None` for a cap on each record by itself.
    running: Option<Cap>,
    /// What the record may still take, 0 or more.
    room: i64,
}

fn allowances<'a>(rules: &'a Rules, record: &Record, used: &BTreeMap<String, i64>) -> Vec<Allowance<'a>> {
    let covering = rules.caps.iter().filter(|cap| cap.covers(record.category));
    covering
        .map(|rule| {
            let running = running(rule, record);
            let used = running.as_ref().and_then(|cap| used.get(&cap.key)).copied().unwrap_or(0);
            let room = rule.limit.saturating_sub(used).clamp(0, rule.limit);
            Allowance { rule, running, room }
        })
        .collect()
}

fn apply_caps(sheet: &mut Sheet, unit: CapUnit, allowances: &[Allowance]) {
    for allowance in allowances.iter().filter(|allowance| allowance.rule.unit == unit) {
        let amount = if unit == CapUnit::Minutes { sheet.minutes } else { sheet.points };
        if amount > allowance.room {
            let left = if allowance.rule.over == OverCap::Void { 0 } else { allowance.room };
            sheet.capped(allowance.rule, allowance.room, left);
        }
    }
}

/// The cap under the name of the record's day or month; `None` when it is not a running one of this category.
fn running(cap: &CapRule, record: &Record) -> Option<Cap> {
    if !cap.covers(record.category) {
        return None;
    }
    let unit = match cap.unit {
        CapUnit::Minutes => "minutes",
        CapUnit::Points => "points",
    };
    let period = match cap.per {
        CapPeriod::Record => return None,
        CapPeriod::Day => format!("day/{}", record.occurred_on),
        CapPeriod::Month => format!("month/{}", record.occurred_on.format("%Y-%m")),
    };
    let mut key = format!("{unit}/{period}");
    for (place, category) in cap.categories.iter().enumerate() {
        key.push(if place == 0 { '/' } else { '+' });
        key.push_str(category);
    }
    Some(Cap { key, unit: cap.unit, limit: cap.limit })
}

fn counted_minutes(minutes: i64, part_hours: PartHours, rounding: Rounding) -> i64 {
    let grain = part_hours.grain_minutes();
    let grains = divide(minutes.into(), grain.into(), rounding);
    // At most one grain more than the minutes of a record, which are bounded.
    i64::try_from(grains).unwrap_or(i64::MAX).saturating_mul(grain)
}

fn rules_for<'a>(scheme: &'a Scheme, record: &Record) -> Result<&'a Rules, RuleError> {
    if !(1..=LONGEST_RECORD_MINUTES).contains(&record.minutes) {
        return Err(RuleError::ImpossibleMinutes { minutes: record.minutes });
    }
    if scheme.category(record.category).is_none() {
        return Err(RuleError::CategoryNotFound { category: record.category.to_owned() });
    }
    scheme.rules_on(record.occurred_on).ok_or_else(|| RuleError::BeforeFirstVersion {
        date: record.occurred_on,
        first: scheme.versions().first().map_or(NaiveDate::MAX, |rules| rules.from),
    })
}
