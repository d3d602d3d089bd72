//! Conditions: what must be so of a volunteer, or of a record, for a rule to hold. One kind for earning, exchanges,
//! ladders and reviews.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules::Decimal;

/// 一组条件，写了的都要符合；条件列表中符合一组即可。
/// All that is written must hold. Where a list of conditions is asked for, one of them is enough.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// 年龄下限，周岁，含。团体从成立之日起算。
    /// Youngest age in full years, included. A group's age counts from its founding.
    pub min_age: Option<u32>,
    /// 年龄上限，周岁，含。
    /// Oldest age in full years, included.
    pub max_age: Option<u32>,
    /// 性别。
    /// Gender.
    pub gender: Option<Gender>,
    /// 户籍或居住地之一。
    /// One of these residences.
    #[serde(default)]
    pub residence: Vec<String>,
    /// 注册满多少个月。
    /// Months since registration, at least.
    pub member_months: Option<u32>,
    /// 注册或入会满多少年。
    /// Years since registration, at least.
    pub member_years: Option<u32>,
    /// 参加下列队伍之一。
    /// Member of one of these teams.
    #[serde(default)]
    pub teams: Vec<String>,
    /// 具有下列全部标记。
    /// Marked with all of these labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// 没有下列任何标记（否决项）。
    /// Marked with none of these labels: vetoes.
    #[serde(default)]
    pub without_labels: Vec<String>,
    /// 账户类型之一：个人、团体、家庭。
    /// One of these kinds of account: individual, group, household.
    #[serde(default)]
    pub volunteer_kinds: Vec<VolunteerKind>,
    /// 活动已备案（记录写明备案号）。仅用于获得规则。
    /// The activity was filed: the record says its filing number. For earning only.
    #[serde(default)]
    pub filed: bool,
    /// 服务后多少天内登记，当天为 0。仅用于获得规则。
    /// Recorded within so many days of the service; 0 is the same day. For earning only.
    pub recorded_within_days: Option<u32>,
    /// 服务在确认之日前多少个自然年度内，含当年。仅用于获得规则。
    /// Served within so many calendar years, the year of confirmation included. For earning only.
    pub served_within_years: Option<u32>,
    /// 累计服务时长下限，小时。
    /// Hours of service, at least. In a review: of the reviewed year.
    pub min_hours: Option<Decimal>,
    /// 可用积分下限。
    /// Points that can be spent, at least. In a review: points earned in the year.
    pub min_points: Option<Decimal>,
    /// 服务次数下限。
    /// Confirmed services, at least. In a review: of the reviewed year.
    pub min_services: Option<u32>,
    /// 积分不少于时长（小时）的多少倍。用记分钟的账本兑换时，时长取该账本的余额。
    /// Points are at least so many times the hours. In an exchange paid for in hours: the hours that the paying account has.
    pub min_points_per_hour: Option<Decimal>,
    /// 在哪个等级表中至少达到哪一级。
    /// At least this step of a ladder.
    pub min_step: Option<super::Entitlement>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    /// 女。
    Female,
    /// 男。
    Male,
}

/// Whose account it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VolunteerKind {
    /// 个人。
    #[default]
    Individual,
    /// 团体。
    Group,
    /// 家庭。
    Household,
}
