//! The holidays of a year, as one TOML file.

use crate::config::day;
use chrono::{Datelike, NaiveDate, Weekday};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;

/// What was announced for a year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Year {
    pub year: i32,
    /// Where it was announced.
    pub source: String,
    /// Days off, first and last.
    pub holidays: Vec<Holiday>,
    /// Saturdays and Sundays that are worked.
    #[serde(deserialize_with = "days")]
    pub workdays: Vec<NaiveDate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    pub name: String,
    #[serde(deserialize_with = "day")]
    pub from: NaiveDate,
    #[serde(deserialize_with = "day")]
    pub until: NaiveDate,
}

/// A day that is not what its weekday says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialDay {
    pub day: NaiveDate,
    pub working: bool,
    pub name: String,
}

/// Why a file is not a year.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CalendarError {
    /// Counted from 1, where it is known.
    pub line: Option<usize>,
    pub zh: String,
    pub en: String,
}

impl fmt::Display for CalendarError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(out, "line {line}: ")?;
        }
        write!(out, "{} {}", self.zh, self.en)
    }
}

impl Year {
    /// Reads and checks a file.
    pub fn parse(toml: &str) -> Result<Year, CalendarError> {
        let toml = toml.strip_prefix('\u{feff}').unwrap_or(toml);
        let year: Year = toml::from_str(toml).map_err(|error| CalendarError {
            line: error.span().and_then(|span| toml.get(..span.start)).map(|before| before.matches('\n').count() + 1),
            zh: "无法读取：".to_owned(),
            en: error.message().replace('\n', "; "),
        })?;
        year.check()?;
        Ok(year)
    }

    fn check(&self) -> Result<(), CalendarError> {
        if !(1990..=2200).contains(&self.year) {
            return refuse(
                format!("没有 {} 年的安排", self.year),
                format!("there is no announcement for {}", self.year),
            );
        }
        let mut off = BTreeSet::new();
        for holiday in &self.holidays {
            let Holiday { name, from, until } = holiday;
            if name.trim().is_empty() || until < from || from.year() != self.year || until.year() != self.year {
                let zh = format!("“{name}”从 {from} 到 {until}，不是 {} 年的假日", self.year);
                return refuse(zh, format!("{name:?} from {from} to {until} is no holiday of {}", self.year));
            }
            for day in from.iter_days().take_while(|day| day <= until) {
                if !off.insert(day) {
                    return refuse(format!("{day} 写了两次"), format!("{day} is listed twice"));
                }
            }
        }
        let mut worked = BTreeSet::new();
        for day in &self.workdays {
            let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            if day.year() != self.year || !weekend || off.contains(day) || !worked.insert(day) {
                let zh = format!("{day} 不是 {} 年要上班的周末", self.year);
                return refuse(zh, format!("{day} is no weekend of {} that is worked", self.year));
            }
        }
        Ok(())
    }

    /// The days that are not what their weekday says, in order.
    pub fn days(&self) -> Vec<SpecialDay> {
        let off = self.holidays.iter().flat_map(|holiday| {
            let days = holiday.from.iter_days().take_while(|day| *day <= holiday.until);
            days.map(|day| SpecialDay { day, working: false, name: holiday.name.clone() })
        });
        let worked =
            self.workdays.iter().map(|day| SpecialDay { day: *day, working: true, name: "调休上班".to_owned() });
        let mut days: Vec<SpecialDay> = off.chain(worked).collect();
        days.sort_by_key(|special| special.day);
        days
    }
}

fn refuse(zh: String, en: String) -> Result<(), CalendarError> {
    Err(CalendarError { line: None, zh, en })
}

fn days<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<NaiveDate>, D::Error> {
    #[derive(Deserialize)]
    struct Day(#[serde(deserialize_with = "day")] NaiveDate);
    Ok(Vec::<Day>::deserialize(deserializer)?.into_iter().map(|Day(day)| day).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAY: &str = "year = 2026\nsource = \"通知\"\nworkdays = [2026-05-09]\n\
                       [[holidays]]\nname = \"劳动节\"\nfrom = 2026-05-01\nuntil = 2026-05-05\n";

    #[test]
    fn a_year_is_read_or_refused_with_the_reason() {
        assert_eq!(Year::parse(MAY).map(|year| year.days().len()), Ok(6));
        for (old, new, message) in [
            ("2026-05-09", "2026-05-08", "no weekend"),
            ("2026-05-09", "2026-05-02", "no weekend"),
            ("2026-05-09", "2025-05-10", "no weekend"),
            ("[2026-05-09]", "[2026-05-09, 2026-05-09]", "no weekend"),
            ("2026-05-05", "2026-04-30", "no holiday"),
            ("2026-05-05", "2027-05-05", "no holiday"),
            ("2026-05-05", "2026-05-32", "invalid date"),
            ("2026-05-05", "2026-02-29", "invalid date"),
            ("year = 2026", "year = 26", "no announcement"),
            ("name = \"劳动节\"", "name = \" \"", "no holiday"),
            ("source", "sourse", "unknown field"),
        ] {
            let error = Year::parse(&MAY.replace(old, new)).expect_err(new);
            assert!(error.to_string().contains(message), "{new}: {error}");
        }
    }

    #[test]
    fn the_years_that_come_with_the_program_are_sound() {
        for (text, days) in [
            (include_str!("../../../../docs/calendars/2025.toml"), 28 + 5),
            (include_str!("../../../../docs/calendars/2026.toml"), 33 + 6),
        ] {
            assert_eq!(Year::parse(text).map(|year| year.days().len()), Ok(days));
        }
    }
}
