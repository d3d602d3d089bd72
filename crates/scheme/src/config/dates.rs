//! Days as a configuration writes them.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A day of every year, written `MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthDay {
    pub month: u32,
    pub day: u32,
}

impl MonthDay {
    /// 29 February is the 28th in a year that has none.
    pub fn in_year(self, year: i32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(year, self.month, self.day).or_else(|| NaiveDate::from_ymd_opt(year, self.month, 28))
    }
}

impl TryFrom<String> for MonthDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.split_once('-').filter(|(month, day)| month.len() == 2 && day.len() == 2);
        let numbers = parsed.and_then(|(month, day)| month.parse().ok().zip(day.parse().ok()));
        let real = numbers.filter(|(month, day)| NaiveDate::from_ymd_opt(2024, *month, *day).is_some());
        real.map(|(month, day)| MonthDay { month, day }).ok_or_else(|| format!("there is no day `{text}`; write MM-DD"))
    }
}

impl From<MonthDay> for String {
    fn from(day: MonthDay) -> String {
        format!("{:02}-{:02}", day.month, day.day)
    }
}

impl JsonSchema for MonthDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MonthDay".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$" })
    }
}

/// A day as TOML writes days; text is not taken for one, and a day that does not exist is refused.
pub(crate) fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    use serde::de::Error;
    let written = toml::value::Datetime::deserialize(deserializer)?;
    let toml::value::Datetime { date: Some(date), time: None, offset: None } = written else {
        return Err(D::Error::custom("a day is written like 2026-01-31, without a time"));
    };
    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
        .ok_or_else(|| D::Error::custom(format!("there is no day {date}")))
}

pub(super) fn optional_day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    day(deserializer).map(Some)
}
