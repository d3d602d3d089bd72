//! Accounts: what they count, how they are addressed, and the bounds they keep.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// What an account counts. Postings connect accounts of one unit only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Minutes = 1,
    Points = 2,
    Pieces = 3,
    Seats = 4,
    Uses = 5,
    Fen = 6,
}

impl Unit {
    pub const ALL: [Unit; 6] = [Unit::Minutes, Unit::Points, Unit::Pieces, Unit::Seats, Unit::Uses, Unit::Fen];

    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Minutes => "minutes",
            Unit::Points => "points",
            Unit::Pieces => "pieces",
            Unit::Seats => "seats",
            Unit::Uses => "uses",
            Unit::Fen => "fen",
        }
    }

    pub fn code(self) -> i64 {
        self as i64
    }

    pub fn from_code(code: i64) -> Option<Unit> {
        Unit::ALL.into_iter().find(|unit| unit.code() == code)
    }
}

/// The last day on which what the account holds can be used, or [`Lot::NONE`] for an account that does not expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Lot(i64);

impl Lot {
    pub const NONE: Lot = Lot(0);

    pub fn until(last_day: NaiveDate) -> Lot {
        Lot(i64::from(last_day.year()) * 10_000 + i64::from(last_day.month()) * 100 + i64::from(last_day.day()))
    }

    /// In a [`crate::Bound`] alone: all lots of the path that are usable on `day`, together. No account has this lot.
    pub fn pool(day: NaiveDate) -> Lot {
        Lot(-Lot::until(day).0)
    }

    /// The day of a pool.
    pub fn pool_day(self) -> Option<NaiveDate> {
        if self.0 < 0 { Lot(-self.0).last_day() } else { None }
    }

    /// As stored: `yyyymmdd`, or 0.
    pub fn code(self) -> i64 {
        self.0
    }

    pub fn from_code(code: i64) -> Lot {
        Lot(code)
    }

    pub fn last_day(self) -> Option<NaiveDate> {
        let (year, month, day) = (self.0 / 10_000, self.0 / 100 % 100, self.0 % 100);
        NaiveDate::from_ymd_opt(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)
    }

    pub fn usable_on(self, day: NaiveDate) -> bool {
        self == Lot::NONE || self >= Lot::until(day)
    }

    /// Soonest first; what never expires comes last.
    pub fn spending_order(self) -> i64 {
        if self == Lot::NONE { i64::MAX } else { self.0 }
    }
}

/// The address of an account: a readable path, and the lot for what expires. Written `path` or `path@2027-12-31`; a pool
/// `path@2026-11-22…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub path: Arc<str>,
    pub lot: Lot,
}

impl Key {
    pub fn new(path: impl Into<Arc<str>>) -> Key {
        Key { path: path.into(), lot: Lot::NONE }
    }

    pub fn in_lot(path: impl Into<Arc<str>>, lot: Lot) -> Key {
        Key { path: path.into(), lot }
    }

    /// For a [`crate::Bound`] on what could be drawn from all lots of the path that are usable on `day`.
    pub fn pool(path: impl Into<Arc<str>>, day: NaiveDate) -> Key {
        Key::in_lot(path, Lot::pool(day))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.lot.last_day(), self.lot.pool_day()) {
            (Some(day), _) => write!(f, "{}@{day}", self.path),
            (None, Some(day)) => write!(f, "{}@{day}…", self.path),
            (None, None) => f.write_str(&self.path),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An account as a draft names it: its address, and what it is opened with by the first entry that touches it.
/// Bounds are fixed at opening; a rule that may change is a [`crate::Bound`] of the draft instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub key: Key,
    pub unit: Unit,
    /// What must stay, after open holds are taken off. `None`: no limit.
    pub floor: Option<i64>,
    /// What the balance and open holds to it may come to. `None`: no limit.
    pub ceiling: Option<i64>,
    /// Never locked, bounded or updated: its balance is the sum of its postings.
    pub system: bool,
}

impl Account {
    pub fn system(path: impl Into<Arc<str>>, unit: Unit) -> Account {
        Account { key: Key::new(path), unit, floor: None, ceiling: None, system: true }
    }

    /// An account that must not fall below zero.
    pub fn holding(key: Key, unit: Unit) -> Account {
        Account { key, unit, floor: Some(0), ceiling: None, system: false }
    }

    /// An account without bounds of its own.
    pub fn counting(key: Key, unit: Unit) -> Account {
        Account { key, unit, floor: None, ceiling: None, system: false }
    }

    pub fn with_ceiling(self, ceiling: i64) -> Account {
        Account { ceiling: Some(ceiling), ..self }
    }
}
