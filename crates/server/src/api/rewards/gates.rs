//! When a reward is exchanged, on the wire.

use crate::api::words::same_words;
use chrono::NaiveTime;
use scheme::config::{self, MonthDay, Window};
use scheme::rewards;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Days, and the time of these days in the scheme's time zone. All that is given must fit.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenTime {
    #[serde(default)]
    weekdays: Vec<Weekday>,
    /// 1 to 31.
    #[serde(default)]
    days_of_month: Vec<u32>,
    /// 1 to 12.
    #[serde(default)]
    months: Vec<u32>,
    /// From this day of every year on, `MM-DD`.
    #[schema(value_type = Option<String>, example = "03-01")]
    from: Option<MonthDay>,
    /// Up to this day of every year, `MM-DD`.
    #[schema(value_type = Option<String>, example = "11-30")]
    until: Option<MonthDay>,
    #[schema(value_type = Option<String>, example = "09:00:00")]
    opens_at: Option<NaiveTime>,
    /// Not included.
    #[schema(value_type = Option<String>, example = "11:30:00")]
    closes_at: Option<NaiveTime>,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

same_words!(Weekday, config::Weekday: Monday Tuesday Wednesday Thursday Friday Saturday Sunday);

impl From<OpenTime> for rewards::OpenTime {
    fn from(time: OpenTime) -> Self {
        let days = Window {
            weekdays: time.weekdays.into_iter().map(Into::into).collect(),
            days_of_month: time.days_of_month,
            months: time.months,
            from: time.from,
            until: time.until,
        };
        rewards::OpenTime { days, opens_at: time.opens_at, closes_at: time.closes_at }
    }
}

impl From<rewards::OpenTime> for OpenTime {
    fn from(time: rewards::OpenTime) -> Self {
        OpenTime {
            weekdays: time.days.weekdays.into_iter().map(Into::into).collect(),
            days_of_month: time.days.days_of_month,
            months: time.days.months,
            from: time.days.from,
            until: time.days.until,
            opens_at: time.opens_at,
            closes_at: time.closes_at,
        }
    }
}
