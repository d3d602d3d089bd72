//! From where on a pattern in the records is worth an auditor's look.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// 异常清单的界限；不写的用括号中的数。清单只供审计查看，不影响任何记录。
/// From where on something is on the auditor's list of anomalies. What is left out has the number that stands with it. The
/// list changes nothing about any record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Anomalies {
    /// 一人在 `bulk_minutes` 分钟内登记超过几条（30）。
    /// More records than this by one person within `bulk_minutes` (30).
    pub bulk_records: u32,
    /// （10）。
    /// (10)
    pub bulk_minutes: u32,
    /// 志愿者注册后几分钟内登记的服务（60）。
    /// Services recorded within so many minutes of the volunteer's registration (60).
    pub new_volunteer_minutes: u32,
    /// 一人一天这样登记几条起（5）。
    /// From so many of them by one person on one day (5).
    pub new_volunteer_records: u32,
    /// 整小时记录占百分之几起（90），且比其余的高 20 个百分点以上。
    /// From this percentage of whole hours (90), when it is 20 points above that of the rest.
    pub whole_hours_percent: u32,
    /// 23 时至 5 时之间的服务，同一登记人几条起（5）。
    /// From so many services between 23:00 and 5:00 by one recorder (5).
    pub night_records: u32,
    /// 活动建立后几分钟内登记的服务（10）；签到产生的记录不算。
    /// Services recorded within so many minutes of the activity's creation (10); not those that follow from signing in.
    pub new_activity_minutes: u32,
    /// 一人一天这样登记几条起（10）。
    /// From so many of them by one person on one day (10).
    pub new_activity_records: u32,
    /// 一台设备在 `device_seconds` 秒内为几人签到起（8）。
    /// From so many people on one device within `device_seconds` (8).
    pub device_people: u32,
    /// （60）。
    /// (60)
    pub device_seconds: u32,
    /// 几条记录以上的活动要看有没有本人签到（50）。
    /// Activities of so many records and more are looked at for who signed in (50).
    pub unsigned_people: u32,
    /// 其中本人扫码或机器签到的不到百分之几（10）。
    /// With fewer than this percentage of people who scanned or used a kiosk themselves (10).
    pub unsigned_percent: u32,
    /// 一人一天超过几小时（12）。
    /// More hours than this of one person on one day (12).
    pub day_hours: u32,
    /// 一人一周超过几小时（50）。
    /// More hours than this of one person in one week (50).
    pub week_hours: u32,
    /// 一个登记人的记录有百分之几由同一人确认（95）。
    /// From this percentage of a recorder's records confirmed by the same person (95).
    pub pair_percent: u32,
    /// 补录占百分之几起（40）。
    /// From this percentage of records filled in afterwards (40).
    pub back_filled_percent: u32,
    /// 计算比例时至少几条记录（30）。
    /// Records that a percentage is taken of, at least (30).
    pub least_records: u32,
}

impl Default for Anomalies {
    fn default() -> Self {
        Anomalies {
            bulk_records: 30,
            bulk_minutes: 10,
            new_volunteer_minutes: 60,
            new_volunteer_records: 5,
            whole_hours_percent: 90,
            night_records: 5,
            new_activity_minutes: 10,
            new_activity_records: 10,
            device_people: 8,
            device_seconds: 60,
            unsigned_people: 50,
            unsigned_percent: 10,
            day_hours: 12,
            week_hours: 50,
            pair_percent: 95,
            back_filled_percent: 40,
            least_records: 30,
        }
    }
}
