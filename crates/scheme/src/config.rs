//! A scheme's published rules as one TOML file, parsed into types and checked.
//!
//! An office writes down what it has published: who keeps the scheme, its stations, units and categories, and
//! the dated versions of its earning rules. [`Scheme::parse`] promises that what it returns can be used without
//! further checks: every code is known, every amount fits the scheme's scale, every date exists.
//!
//! Where offices differ, the file has to say which way it goes: part hours, rounding, what happens above a cap
//! and when points expire have no default, and a field that nobody reads is refused, so that a file cannot look
//! as if it ruled something that it does not.

mod check;
mod file;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::rules::{Evidence, Rate, Rounding};

/// A scheme as its office wrote it down. Only [`Scheme::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scheme {
    /// The short code in addresses and on the command line, such as `ziyang`.
    pub code: String,
    pub name: String,
    pub name_en: String,
    /// True when the rates are an example, and not what an office has published.
    pub illustrative: bool,
    /// Where the rules were published, or why they are only an example.
    pub source: String,
    /// Decides on which day something happens, and when a day ends.
    pub time_zone: Tz,
    /// Decimals of a point, 0 to 2. Points are whole minor units of this scale wherever they are an `i64`.
    pub points_scale: u8,
    pub stations: Vec<Station>,
    /// The organisation tree; a unit stands after its parent.
    pub units: Vec<Unit>,
    pub categories: Vec<Category>,
    versions: Vec<Rules>,
}

impl Scheme {
    /// Reads and checks a configuration. The error is one flaw, with its place in `toml` where it has one.
    pub fn parse(toml: &str) -> Result<Scheme, ConfigError> {
        let flaw = match toml::from_str(toml) {
            Ok(file) => match check::scheme(file) {
                Ok(scheme) => return Ok(scheme),
                Err(flaw) => flaw,
            },
            Err(error) => check::Flaw { at: error.span(), message: error.message().replace('\n', "; ") },
        };
        Err(ConfigError::new(toml, flaw))
    }

    /// The rules in force on `date`, the day of the service. `None` before the first version.
    pub fn rules_on(&self, date: NaiveDate) -> Option<&Rules> {
        self.versions.iter().rev().find(|rules| rules.from <= date)
    }

    /// All versions of the rules, the oldest first; there is at least one.
    pub fn versions(&self) -> &[Rules] {
        &self.versions
    }

    pub fn station(&self, code: &str) -> Option<&Station> {
        self.stations.iter().find(|station| station.code == code)
    }

    pub fn unit(&self, code: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.code == code)
    }

    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.code == code)
    }

    /// The calendar day that it is in the scheme's time zone.
    pub fn day_of(&self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.time_zone).date_naive()
    }
}

/// A place that keeps stock and hands out rewards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Station {
    pub code: String,
    pub name: String,
}

/// A node of the organisation tree, to which volunteers belong and by which reports are cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    pub code: String,
    pub name: String,
    pub kind: UnitKind,
    pub parent: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    City,
    District,
    Street,
    Town,
    Community,
    Compound,
    Grid,
    Building,
    Staircase,
    PartyBranch,
    Institution,
    Enterprise,
    Property,
    SocialOrganisation,
    Team,
    Club,
}

/// A class of service, which may have its own rate and its own caps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Category {
    pub code: String,
    pub name: String,
    pub name_en: String,
}

/// One dated version of the earning rules. It rules the services given from its date on, whenever they are
/// confirmed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rules {
    pub from: NaiveDate,
    /// The office's name for this version, kept with each record that earned by it.
    pub version: String,
    /// Services with this evidence count as hours and earn no points.
    pub evidence_without_points: BTreeSet<Evidence>,
    pub expiry: Expiry,
    /// Working days from the service until it has to be on record.
    pub recording_deadline_working_days: u32,
    /// In the order in which they apply: per record, per day, per month, and as written within each.
    pub caps: Vec<CapRule>,
    default: EarningRule,
    by_category: BTreeMap<String, EarningRule>,
}

impl Rules {
    /// How a service of this category earns.
    pub fn earning(&self, category: &str) -> &EarningRule {
        self.by_category.get(category).unwrap_or(&self.default)
    }
}

/// How the minutes of one record become credited minutes and points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EarningRule {
    pub points_per_hour: Rate,
    pub part_hours: PartHours,
    /// Of the time when hours are counted whole or by halves; of the points when they are proportional.
    pub rounding: Rounding,
    pub hours_credited: HoursCredited,
    pub minimum: Option<Minimum>,
}

/// What earns points when a service does not last a whole number of hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartHours {
    /// Every minute.
    Proportional,
    HalfHours,
    WholeHours,
}

impl PartHours {
    /// The piece of time, in minutes, that is counted as a whole.
    pub fn grain_minutes(self) -> i64 {
        match self {
            PartHours::Proportional => 1,
            PartHours::HalfHours => 30,
            PartHours::WholeHours => 60,
        }
    }
}

/// Which time goes on the volunteer's record. It also settles what meets a cap on minutes first: the time served,
/// of which the rest is then counted, or the time already counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoursCredited {
    AsServed,
    AsCounted,
}

/// A service shorter than this earns no points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    pub minutes: i64,
    pub below: BelowMinimum,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BelowMinimum {
    /// The hours count, without points.
    MinutesOnly,
    /// Neither hours nor points.
    Nothing,
}

/// An upper limit for what one person is credited. A limit on minutes limits the hours on record, and thereby the
/// points; a limit on points leaves the hours as they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CapRule {
    pub unit: CapUnit,
    pub per: CapPeriod,
    /// Minutes, or minor units of points; more than 0.
    pub limit: i64,
    /// The categories that draw on this cap together; all of them when empty.
    pub categories: BTreeSet<String>,
    pub over: OverCap,
}

impl CapRule {
    /// Whether services of this category draw on the cap.
    pub fn covers(&self, category: &str) -> bool {
        self.categories.is_empty() || self.categories.contains(category)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapUnit {
    Minutes,
    Points,
}

/// Days and months are those of the service, not of its confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapPeriod {
    Record,
    Day,
    Month,
}

/// What becomes of a record that does not fit under a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverCap {
    /// It is credited up to the limit.
    Truncate,
    /// It is not credited at all: no minutes and no points over a cap on minutes, no points over one on points.
    Void,
}

/// How long points can be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    Never,
    /// Until the end of 31 December of the year of the base date.
    YearEnd {
        from: ExpiryBase,
    },
    /// Until the end of the corresponding day so many months after the base date.
    Months {
        months: u32,
        from: ExpiryBase,
    },
}

/// The day from which the life of points is counted. By the day of service, points that are confirmed late may
/// come already expired; by the day of recording they never do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryBase {
    ServiceDate,
    RecordingDate,
}

/// Why a configuration was refused: one sentence, and its place in the file where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// Counted from 1; the column in characters, as editors show it.
    pub line_and_column: Option<(usize, usize)>,
    pub message: String,
}

impl ConfigError {
    fn new(toml: &str, flaw: check::Flaw) -> Self {
        let before = flaw.at.and_then(|span| toml.get(..span.start));
        let line_and_column = before.map(|before| {
            let line = before.rsplit('\n').next().unwrap_or_default();
            (before.matches('\n').count().saturating_add(1), line.chars().count().saturating_add(1))
        });
        ConfigError { line_and_column, message: flaw.message }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.line_and_column {
            write!(out, "line {line}, column {column}: ")?;
        }
        out.write_str(&self.message)
    }
}
