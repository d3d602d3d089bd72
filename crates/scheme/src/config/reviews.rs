//! Reviews: the yearly selection of excellent volunteers and groups, yearly renewal, score tables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dates::MonthDay;
use super::{Condition, VolunteerKind};
use crate::rules::Decimal;

/// 在符合条件者中评选。
/// A selection among those who fulfil its conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// 代码。
    /// Code.
    pub code: String,
    /// 中文名称。
    /// Name in Chinese.
    pub name: String,
    /// 英文名称。
    /// Name in English.
    pub name_en: String,
    /// 评选对象：个人、团体或家庭。
    /// Who is reviewed: individuals, groups or households.
    pub of: VolunteerKind,
    /// 排序依据。
    /// What the order goes by.
    pub key: ReviewKey,
    /// 按贡献值等账本排序时，账本的代码。
    /// The account whose yearly earnings count, with `key = "account"`.
    pub account: Option<String>,
    /// 并列怎么办。
    /// What becomes of a tie at the last place.
    pub ties: ReviewTies,
    /// 名额；不写则符合条件者都入选（年审）。
    /// How many are selected; all who fulfil the conditions when left out.
    pub quota: Option<Quota>,
    /// 时长采集截止日，MM-DD，含；不写为年末。
    /// The last day of the year whose service counts; the year's end when left out.
    pub closes_on: Option<MonthDay>,
    /// 资格；符合其中一组即可。
    /// Conditions, one of which must hold.
    #[serde(default)]
    pub requires: Vec<Condition>,
    /// 入选后多少年内不再参评。
    /// Years for which winners do not take part again.
    pub winners_rest_years: Option<u32>,
    /// 分段计分表；写了则按分段得分排序。
    /// A table of scores; the order then goes by the score.
    #[serde(default)]
    pub bands: Vec<ScoreBand>,
    /// 不合格的后果：下一年度不予注册。
    /// Whoever does not pass is not registered for the next year.
    #[serde(default)]
    pub ends_registration: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewKey {
    /// 服务时长。
    Hours,
    /// 所得积分。
    Points,
    /// 服务次数。
    Services,
    /// 所写账本当年所得。
    Account,
}

/// What becomes of those who are level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewTies {
    /// 与末位并列的都入选，可超出名额。
    /// All who are level with the last are selected, beyond the quota.
    AllIn,
    /// 并列的都不入选，名额空缺。
    /// None of them is selected; the seats stay empty.
    AllOut,
    /// 依次比时长、次数、注册先后。
    /// Who has more hours, then more services, then was registered earlier.
    HoursServicesSeniority,
}

/// How many are selected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quota {
    /// 定额。
    /// So many.
    Fixed(u32),
    /// 符合条件者的百分之几，舍去零头。
    /// So many of a hundred of those who fulfil the conditions, rounded down.
    Percent(Decimal),
    /// 总额按各单位符合条件的人数分配，最大余数法。
    /// So many, shared out among units in proportion to those who fulfil the conditions, by largest remainder.
    ByUnit(u32),
}

/// 计分表的一段：达到下限得此分。
/// A band of a table of scores: its score for whoever has at least so much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreBand {
    /// 下限，含：小时、积分或次数。
    /// From here on, included: hours, points or services.
    pub from: Decimal,
    /// 得分。
    /// The score.
    pub score: Decimal,
}
