//! Signing in and out: what of the time between counts, and what becomes of somebody who forgot.

use chrono::{Duration, NaiveTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// 签到签退。不写的字段取括号中的值；整段不写也一样。
/// Signing in and out. What is left out is as it says in brackets, and so is all of it without this table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Presence {
    /// 活动开始前多少分钟起可以签到（30）。提前到的时间不计入服务。
    /// From how many minutes before the beginning one can sign in (30). Time before the beginning is not credited.
    pub early_minutes: u32,
    /// 签到后多少分钟内可以撤销（5）。
    /// For how many minutes a check-in can be taken back (5).
    pub cancel_minutes: u32,
    /// 活动结束后继续服务的时间怎么算（to_plan）。
    /// What becomes of time after the planned end (to_plan).
    pub overtime: Overtime,
    /// 结束多少分钟后，没有签退的由系统按计划结束时间签退，等待确认（30）。
    /// How many minutes after the planned end whoever has not signed out is signed out as of that end; it waits for
    /// somebody to confirm it (30).
    pub close_after_minutes: u32,
    /// 在场时间至少占计划时间的百分之几；不写则不要求。
    /// How many per cent of the planned time somebody has to be present; nothing is asked when left out.
    pub share_percent: Option<u32>,
    /// 在场时间不足怎么办（flag）。
    /// What becomes of less than that (flag).
    pub below_share: BelowShare,
    /// 报名截止：活动开始前多少分钟（0）。应急活动可当场报名，不受此限。
    /// Sign-up closes so many minutes before the beginning (0). Emergencies take people until they end.
    pub sign_up_lead_minutes: u32,
    /// 报名未到记为哪一种事项；不写则只作标记。
    /// The category of the event that not coming is recorded as; it is only marked when left out.
    pub no_show_event: Option<String>,
    /// 志愿者码、活动码多少分钟后更换（10）。卡上的码不换。
    /// After how many minutes a personal or an activity's code is another one (10). The code on a card stays.
    pub code_minutes: u32,
    /// 设备时钟与服务器相差至多多少小时；超过则不收（24）。
    /// By how many hours a device's clock may be wrong; beyond that its punches are refused (24).
    pub clock_hours: u32,
    /// 断网时积存的签到至多收多少天以前的（30）。
    /// For how many days a device that is off line may keep its punches (30).
    pub queue_days: u32,
    /// 站点日常值守：没有活动时在站点签到；不写则不能。
    /// Daily duty at a station, signed in for without an activity; not possible when left out.
    pub duty: Option<Duty>,
}

impl Default for Presence {
    fn default() -> Self {
        Presence {
            early_minutes: 30,
            cancel_minutes: 5,
            overtime: Overtime::ToPlan,
            close_after_minutes: 30,
            share_percent: None,
            below_share: BelowShare::Flag,
            sign_up_lead_minutes: 0,
            no_show_event: None,
            code_minutes: 10,
            clock_hours: 24,
            queue_days: 30,
            duty: None,
        }
    }
}

/// What becomes of time after the planned end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overtime {
    /// 只计到计划结束时间。
    /// It is credited up to the planned end.
    ToPlan,
    /// 照实计。
    /// It is credited as served.
    AsServed,
}

/// What becomes of somebody who was not present for long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BelowShare {
    /// 照记并加标记，由确认人决定。
    /// It is recorded and marked, for whoever confirms to decide.
    Flag,
    /// 不计。
    /// It is not credited.
    NotCredited,
}

/// 站点的日常值守。
/// Daily duty at a station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// 服务类别的代码。
    /// Code of the category of service.
    pub category: String,
    /// 名称，如“站点值守”。
    /// What it is called.
    pub title: String,
    /// 每天几点开始，如 `"08:00"`。
    /// When it begins every day.
    pub opens: TimeOfDay,
    /// 每天几点结束。
    /// When it ends every day.
    pub closes: TimeOfDay,
    /// 负责人。
    /// The person in charge.
    pub person_in_charge: String,
}

/// A time of the day, written `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(pub NaiveTime);

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let time = NaiveTime::parse_from_str(&text, "%H:%M").ok().filter(|_| text.len() == 5);
        time.map(TimeOfDay).ok_or_else(|| format!("there is no time `{text}`; write HH:MM"))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> String {
        time.0.format("%H:%M").to_string()
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$" })
    }
}

impl Presence {
    pub fn early(&self) -> Duration {
        Duration::minutes(self.early_minutes.into())
    }

    pub fn cancel(&self) -> Duration {
        Duration::minutes(self.cancel_minutes.into())
    }

    pub fn close_after(&self) -> Duration {
        Duration::minutes(self.close_after_minutes.into())
    }

    pub fn sign_up_lead(&self) -> Duration {
        Duration::minutes(self.sign_up_lead_minutes.into())
    }
}
