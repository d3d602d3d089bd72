//! Calendar periods: for limits of exchanges, and for caps.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A period that limits and caps begin anew with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// 每日。
    Day,
    /// 每周（周一至周日）。
    Week,
    /// 每月。
    Month,
    /// 每季度。
    Quarter,
    /// 每年。
    Year,
    /// 一生。
    Ever,
}

impl Period {
    pub const ALL: [Period; 6] =
        [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year, Period::Ever];

    pub fn as_str(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
            Period::Quarter => "quarter",
            Period::Year => "year",
            Period::Ever => "ever",
        }
    }

    pub fn parse(text: &str) -> Option<Period> {
        Period::ALL.into_iter().find(|period| period.as_str() == text)
    }

    /// The period that `day` lies in: `2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4`, `2026`, `ever`. Weeks are those of
    /// ISO 8601, Monday to Sunday.
    pub fn of(self, day: NaiveDate) -> String {
        match self {
            Period::Day => day.to_string(),
            Period::Week => format!("{}-W{:02}", day.iso_week().year(), day.iso_week().week()),
            Period::Month => format!("{}-{:02}", day.year(), day.month()),
            Period::Quarter => format!("{}-Q{}", day.year(), day.quarter()),
            Period::Year => day.year().to_string(),
            Period::Ever => "ever".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_begins_anew_with_each_period() {
        let cases = [
            (Period::Day, "2027-01-01", "2027-01-01"),
            (Period::Week, "2027-01-01", "2026-W53"),
            (Period::Month, "2027-01-31", "2027-01"),
            (Period::Quarter, "2026-12-31", "2026-Q4"),
            (Period::Quarter, "2027-01-01", "2027-Q1"),
            (Period::Year, "2027-01-01", "2027"),
            (Period::Ever, "2027-01-01", "ever"),
        ];
        for (period, day, expected) in cases {
            assert_eq!(period.of(day.parse().expect("a day")), expected);
        }
    }
}
