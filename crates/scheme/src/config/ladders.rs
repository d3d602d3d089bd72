//! Ladders: stars, medals and privileges by hours, points, tenure and days of service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;
use super::dates::MonthDay;
use crate::rules::Decimal;

/// 一个等级表：达标与否由账算出，是否授予另行登记。
/// Steps of recognition. What a volunteer is eligible for follows from the book; what they hold was granted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// 代码，如 stars、medals。
    /// Code.
    pub code: String,
    /// 中文名称。
    /// Name in Chinese.
    pub name: String,
    /// 英文名称。
    /// Name in English.
    pub name_en: String,
    /// 达标即得，还是须申请评定。
    /// Whether reaching a step is having it, or it is granted upon application.
    pub award: Award,
    /// 达标后时长或积分减少，是否降级。
    /// Whether a step is lost with the hours or points that it took.
    pub standing: Standing,
    /// 是否须逐级取得；须申请评定时必须写。
    /// Whether steps are granted one after the other; needed with `on_application`.
    pub sequence: Option<Sequence>,
    /// 时长和天数在什么期间内计算；不写为累计。
    /// Within which time hours and days are counted; ever when left out.
    #[serde(default)]
    pub within: Within,
    /// 时长取哪个账本；不写为服务时长。
    /// An account of minutes in place of the hours of service.
    pub hours_of: Option<String>,
    /// 谁可以申报；不写则不限。
    /// Who may apply; anybody when left out.
    #[serde(default)]
    pub applicants: Vec<Applicant>,
    /// 每年时长计算截止日，MM-DD，含。
    /// The last day of the year whose service counts, included.
    pub closes_on: Option<MonthDay>,
    /// 公示不少于多少个工作日。
    /// Working days of publicity before it is granted, at least.
    pub publicity_working_days: Option<u32>,
    /// 资格；符合其中一组即可。
    /// Conditions, one of which must hold.
    #[serde(default)]
    pub requires: Vec<Condition>,
    /// 每多少小时为一循环：奖品可再次领取，称号不重复。
    /// Hours of a cycle, after which gifts are had again; titles are granted once.
    pub cycle_hours: Option<u32>,
    /// 查实虚报后最多多少年内不得申请。
    /// Years for which somebody may be barred after false reporting, at most.
    pub ban_years_max: Option<u32>,
    /// 各级，由低到高；达到下限（含）即属该级。
    /// The steps, the lowest first. Whoever has what a step asks for has reached it: ends are included.
    pub steps: Vec<LadderStep>,
}

/// 一级；写了的要求都要达到。
/// A step. Everything that it asks for must be there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LadderStep {
    /// 代码。
    /// Code.
    pub code: String,
    /// 中文名称。
    /// Name in Chinese.
    pub name: String,
    /// 英文名称。
    /// Name in English.
    pub name_en: String,
    /// 时长（小时）。
    /// Hours.
    pub hours: Option<Decimal>,
    /// 积分。
    /// Points that can be spent.
    pub points: Option<Decimal>,
    /// 有服务的天数。
    /// Days with service.
    pub days: Option<u32>,
    /// 注册满多少个月。
    /// Months since registration.
    pub member_months: Option<u32>,
    /// 由谁授予。
    /// The body that grants it.
    pub granted_by: Option<String>,
    /// 有哪个标记可直接授予，不看以上各项。
    /// A label with which it is granted at once, whatever the hours.
    pub or_label: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Award {
    /// 达标即得。
    Automatic,
    /// 须申请评定。
    OnApplication,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 得到后一直保留。
    /// Once reached or granted, it stays.
    Kept,
    /// 随时长、积分升降。
    /// It follows the balance, down as well as up.
    FollowsBalance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sequence {
    /// 逐级取得。
    /// Each step needs the one below it.
    OneByOne,
    /// 达到哪一级即可申请哪一级。
    /// Any step that is reached.
    AnyStep,
}

/// Within which time hours and days are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Within {
    /// 累计。
    #[default]
    Ever,
    /// 自然年度内。
    /// The calendar year.
    Year,
    /// 截至当天的若干天内，含当天。
    /// The days up to the day of asking, that day included.
    Days(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Applicant {
    /// 本人。
    /// The volunteer.
    Oneself,
    /// 所在团体、单位。
    /// A team, unit or other organisation.
    Organisation,
}
