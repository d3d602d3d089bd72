//! One dated version of the rules: what is earned, how much at most, and until when it can be spent.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dates::{MonthDay, day, optional_day};
use super::{
    CapRule, CapUnit, Condition, EvidencePolicy, ExchangePolicy, ExchangeRule, Ladder, NoShow, Publicity, Review,
    Transfer,
};
use crate::rules::{Decimal, Evidence, Period, Rounding};

/// 规则的一个版本，适用于自生效之日起的服务，不论何时确认。
/// One dated version of the rules. It rules the services given from its date on, whenever they are confirmed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// 生效日期。
    /// The first day on which it is in force.
    #[serde(deserialize_with = "day")]
    pub from: NaiveDate,
    /// 失效日期（最后一天）；不写则到下一版本生效为止。
    /// The last day; until the next version begins when left out.
    #[serde(default, deserialize_with = "optional_day")]
    pub until: Option<NaiveDate>,
    /// 版本名称，随每笔记录保存。
    /// The office's name for this version, kept with each record that earned by it.
    pub version: String,
    /// 哪些证据等级只记时长、不计积分。
    /// Services with this evidence count as hours and earn no points.
    #[serde(deserialize_with = "distinct")]
    pub evidence_without_points: BTreeSet<Evidence>,
    /// 积分有效期。
    /// How long points can be spent.
    pub expiry: Expiry,
    /// 有效期从服务日还是入账日起算；长期有效则不写。
    /// Whether the life of points is counted from the day of service or of recording; needed unless they never expire.
    pub expiry_counts_from: Option<ExpiryBase>,
    /// 积分何时起可用；不写则立即可用。
    /// From when points can be spent; at once when left out.
    #[serde(default)]
    pub spendable_from: SpendableFrom,
    /// 服务结束后多少个工作日内登记。
    /// Working days from the service until it has to be on record.
    pub recording_deadline_working_days: u32,
    /// 各证据等级由谁确认；没有写的由一名审核员确认。
    /// Who confirms what, by its evidence; one reviewer where nothing is written.
    #[serde(default)]
    pub evidence: Vec<EvidencePolicy>,
    /// 公示；不写则确认即记入。
    /// What is published before it counts; a confirmed record counts at once when left out.
    pub publicity: Option<Publicity>,
    /// 更正申请须在几个工作日内答复；不写为 10。
    /// Working days within which a request for correction is to be answered; 10 when left out.
    pub correction_answer_working_days: Option<u32>,
    /// 余额不够扣分时怎么办；有扣分规则时必须写。
    /// What becomes of a deduction that is more than the balance; needed when there are deductions.
    pub overdraft: Option<Overdraft>,
    /// 服务的一般规则。
    /// How a service earns for which no rule below says otherwise.
    pub default: RuleFile,
    /// 与一般规则不同的规则，以及各事项的规则；自上而下取第一条符合的。
    /// What differs from the default, and what events earn; the first that fits a record rules it.
    #[serde(default)]
    pub rules: Vec<RuleFile>,
    /// 上限。
    /// Upper limits.
    #[serde(default)]
    pub caps: Vec<CapRule>,
    /// 积分归零冻结与解冻。
    /// Freezing an account at zero, and thawing it.
    pub freeze: Option<Freeze>,
    /// 兑换规则；一项奖励须符合所有适用它的规则。
    /// Rules of exchange; a reward must fit all rules that cover it.
    #[serde(default)]
    pub exchange: Vec<ExchangeRule>,
    /// 兑换的退回、退货和代领。
    /// What comes back of an exchange, and who may come for it.
    pub exchange_policy: Option<ExchangePolicy>,
    /// 预约未到；不写则退回积分，别无后果。
    /// What becomes of no-shows; the points come back, and nothing else happens, when left out.
    pub no_show: Option<NoShow>,
    /// 转赠与捐赠；不写则不允许。
    /// Gifts and donations of points; not allowed when left out.
    #[serde(default)]
    pub transfers: Vec<Transfer>,
    /// 等级：星级、奖章、权限。
    /// Ladders: stars, medals, privileges.
    #[serde(default)]
    pub ladders: Vec<Ladder>,
    /// 年度评选、年审与积分评定。
    /// Yearly selections and reviews.
    #[serde(default)]
    pub reviews: Vec<Review>,
    /// The default and the rules with all that they inherit.
    #[serde(skip)]
    pub(super) resolved: Resolved,
}

/// The earning rules as they are applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Resolved {
    pub rules: Vec<EarningRule>,
    pub default: Option<EarningRule>,
}

/// 一条规则：对谁、给多少、时间怎么计；服务的规则没写的照一般规则。
/// A rule as written: whom it is for, what it gives, and how time is counted. What a rule for services leaves out is as in
/// the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// 适用的类别。
    /// The categories that it is for.
    #[serde(default)]
    pub categories: Vec<String>,
    /// 适用的服务级别；不写则不分级别。
    /// The levels of service that it is for; all when left out.
    #[serde(default)]
    pub levels: Vec<String>,
    /// 适用的角色；不写则不分角色。
    /// The roles that it is for; all when left out.
    #[serde(default)]
    pub roles: Vec<String>,
    /// 只适用于有下列某一标记的志愿者。
    /// Only for volunteers marked with one of these labels.
    #[serde(default)]
    pub labels: Vec<String>,
    /// 记入哪个账本；不写为积分。
    /// The account that it is earned in; points when left out.
    pub account: Option<String>,
    /// 每小时积分。
    /// Points per hour.
    pub points_per_hour: Option<Decimal>,
    /// 每次积分；负数为扣分。
    /// Points per record; negative for a deduction.
    pub points: Option<Decimal>,
    /// 每满一段给分，或按累计时长分段给分。
    /// Points per full block of time, or by brackets of the running total.
    pub blocks: Option<Blocks>,
    /// 按数量给分：册、次、元、人；负数为扣分。
    /// Points by a count of things: books, calls, yuan, people; negative for a deduction.
    pub points_per_unit: Option<PerUnit>,
    /// 酌情给分的范围；由确认人决定并说明理由。
    /// A range out of which whoever confirms decides, and says why.
    pub range: Option<Range>,
    /// 不足一小时的部分怎么计。
    /// What earns points when a service does not last a whole number of hours.
    pub part_hours: Option<PartHours>,
    /// 零头怎么取舍。
    /// Rounding: of the time when hours are counted whole or by halves; of the points when they are proportional.
    pub rounding: Option<Rounding>,
    /// 记入的时长是实际时长还是计分时长。
    /// Whether the hours on record are those served or those counted.
    pub hours_credited: Option<HoursCredited>,
    /// 起算时长。
    /// A service shorter than this earns no points.
    pub minimum: Option<Minimum>,
    /// 只按时长的百分之几计，如会议按 30%；写作 "30"。
    /// The percentage of the time that counts, such as "30" for meetings.
    pub time_percent: Option<Decimal>,
    /// 条件；符合其中一组即可。
    /// Conditions, one of which must hold.
    #[serde(default)]
    pub requires: Vec<Condition>,
    /// 不符合条件时怎么办；有条件时必须写。
    /// What becomes of a record for which no condition holds; needed with `requires`.
    pub otherwise: Option<Otherwise>,
    /// 就高不叠加：同组只计最高一项。
    /// Of the records in a group only the highest counts.
    pub highest_of: Option<HighestOf>,
    /// 自动发生，不需要人工记录。
    /// When it happens by itself, without a record.
    pub when: Option<When>,
    /// 此类记录累计到一定次数或分数，即给志愿者加上标记，如一年内无故缺席满 5 次注销身份。
    /// Marks the volunteer once such records have come to so many in a period, as five absences in a year end a registration.
    pub marks: Option<Marks>,
    /// 指定的审批人（密钥名称）；不写则任何审核员都可确认。
    /// The names of the keys that may confirm it; any reviewer's when left out.
    #[serde(default)]
    pub approvers: Vec<String>,
}

/// How one record becomes credited minutes and points, with all that it inherits.
#[derive(Clone, Debug, PartialEq)]
pub struct EarningRule {
    /// All services when empty.
    pub categories: BTreeSet<String>,
    pub levels: BTreeSet<String>,
    pub roles: BTreeSet<String>,
    pub labels: BTreeSet<String>,
    /// `None`: points.
    pub account: Option<String>,
    pub amount: Amount,
    pub part_hours: PartHours,
    /// Of the time when hours are counted whole or by halves; of the points when they are proportional.
    pub rounding: Rounding,
    pub hours_credited: HoursCredited,
    pub minimum: Option<Minimum>,
    pub time_percent: Option<Decimal>,
    pub requires: Vec<Condition>,
    pub otherwise: Otherwise,
    pub highest_of: Option<HighestOf>,
    pub when: Option<When>,
    pub marks: Option<Marks>,
    pub approvers: Vec<String>,
}

/// What a record gives, before caps.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    PerHour(Decimal),
    /// The same for each record; a deduction when negative.
    Fixed(Decimal),
    Blocks(Blocks),
    PerUnit(PerUnit),
    Range(Range),
}

impl EarningRule {
    /// Whether it takes points away.
    pub fn deducts(&self) -> bool {
        match &self.amount {
            Amount::PerHour(_) | Amount::Blocks(_) => false,
            Amount::Fixed(points) => points.is_negative(),
            Amount::PerUnit(unit) => unit.points.is_negative(),
            Amount::Range(range) => range.from.is_negative(),
        }
    }
}

impl Rules {
    /// The rule that a record is under: the first that fits, the default for a service that none fits, `None` for an event
    /// that this version has no rule for.
    pub fn earning(&self, selects: impl Fn(&EarningRule) -> bool, service: bool) -> Option<&EarningRule> {
        let special = self.resolved.rules.iter().find(|rule| selects(rule));
        special.or_else(|| self.resolved.default.as_ref().filter(|_| service))
    }

    /// What is earned without a record, as when a volunteer registers.
    pub fn automatic(&self, when: When) -> impl Iterator<Item = &EarningRule> {
        self.resolved.rules.iter().filter(move |rule| rule.when == Some(when))
    }

    /// The rules in the order of the file, the default last.
    pub fn all_earning(&self) -> impl Iterator<Item = &EarningRule> {
        self.resolved.rules.iter().chain(&self.resolved.default)
    }
}

/// 每满一段给分，或分段给分。
/// Points per full block of time, or by brackets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blocks {
    /// 按每次服务计，还是按累计时长计（累计多久）。
    /// Whether each record is counted by itself, or the running total of a period.
    pub counted_over: CountedOver,
    /// 不满一段的部分：不计，或按比例计。
    /// What becomes of a part of a block.
    pub part_blocks: PartUnits,
    /// 各段，由低到高；只有一段即为固定费率。
    /// The brackets, the lowest first; one alone is a plain rate.
    pub tiers: Vec<Tier>,
}

/// 一段。
/// A bracket.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// 到多少小时为止（含）；最后一段不写。
    /// Up to so many hours, included; left out in the last.
    pub up_to_hours: Option<Decimal>,
    /// 每段积分；"0" 表示这一段不给分（如先扣基数）。
    /// Points for each block; "0" for hours that do not count.
    pub points: Decimal,
    /// 每多少小时为一段。
    /// The hours of one block.
    pub per_hours: Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedOver {
    /// 每次单独计。
    /// Each record by itself.
    Record,
    /// 按日累计。
    Day,
    /// 按月累计。
    Month,
    /// 按年累计。
    Year,
    /// 一直累计。
    /// All that was ever served.
    Ever,
}

/// What becomes of less than a whole unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartUnits {
    /// 不计；累计的留待下次。
    /// It earns nothing; on a running total it waits for the rest.
    Ignored,
    /// 按比例计，按 `rounding` 取舍。
    /// It earns its share, rounded by the rule's `rounding`.
    Proportional,
}

/// 按时间以外的数量给分。
/// Points by a count of things other than time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerUnit {
    /// 每单位积分；负数为扣分。
    /// Points for each unit; negative for a deduction.
    pub points: Decimal,
    /// 多少个为一单位，如每千元为 1000；不写为 1。
    /// How many make a unit, such as 1000 for each thousand yuan; 1 when left out.
    #[serde(default = "one")]
    pub per: i64,
    /// 量词，如 册、次、元。
    /// What is counted, in Chinese: 册, 次, 元.
    pub unit: String,
    /// 不足一单位的部分：不计，或按比例计；每单位不止一个时必须写。
    /// What becomes of a part of a unit; needed when a unit is more than one.
    pub part_units: Option<PartUnits>,
}

fn one() -> i64 {
    1
}

/// 酌情给分的范围。
/// A range of points out of which somebody decides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// 最少。
    /// At least.
    pub from: Decimal,
    /// 最多。
    /// At most.
    pub to: Decimal,
}

/// 同组的记录只计最高一项。
/// Of all records whose rules name the same group, only the highest counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HighestOf {
    /// 组名。
    /// The group.
    pub group: String,
    /// 在什么期间内就高。
    /// Within which period.
    pub per: CountedOver,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// 注册时。
    /// When a volunteer is registered.
    Registration,
    /// 每年 1 月 1 日，此前已注册的人。
    /// On the first of January, for everybody who was registered before: a base that every year begins with.
    NewYear,
}

/// A mark that volunteers get by what is recorded of them. It stays until it is taken back with a record that it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// 标记。
    /// The label; conditions refer to it as to one that the office has given.
    pub label: String,
    /// 累计满多少次；与 points 二选一。
    /// After so many records. Or `points`.
    pub times: Option<i64>,
    /// 累计满多少分（扣分则为所扣的分）。
    /// After so many points, given or taken away.
    pub points: Option<Decimal>,
    /// 在什么期间内累计。
    /// Within which period.
    pub per: Period,
}

impl Marks {
    /// What it counts.
    pub fn unit(&self) -> CapUnit {
        if self.times.is_some() { CapUnit::Uses } else { CapUnit::Points }
    }

    /// Records, or minor units of points.
    pub fn limit(&self, points_scale: u8) -> i64 {
        self.times.or(self.points.map(|points| points.minor(points_scale))).unwrap_or(0)
    }
}

/// What earns points when a service does not last a whole number of hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartHours {
    /// 每分钟都计。
    /// Every minute.
    Proportional,
    /// 按半小时计。
    HalfHours,
    /// 按整小时计。
    WholeHours,
}

impl PartHours {
    /// The piece of time, in minutes, that is counted as a whole.
    pub fn grain_minutes(self) -> i64 {
        match self {
            PartHours::Proportional => 1,
            PartHours::HalfHours => 30,
            PartHours::WholeHours => 60,
        }
    }
}

/// Which time goes on the volunteer's record. It also settles what meets a cap on minutes first: the time served,
/// of which the rest is then counted, or the time already counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoursCredited {
    /// 实际时长。
    AsServed,
    /// 计分的时长。
    AsCounted,
}

/// 短于此的服务不得分。
/// A service shorter than this earns no points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    /// 起算分钟数。
    /// Minutes.
    pub minutes: i64,
    /// 不足起算时长时：只记时长，或都不计。
    /// What becomes of a shorter service.
    pub below: BelowMinimum,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BelowMinimum {
    /// 只记时长，不计分。
    /// The hours count, without points.
    MinutesOnly,
    /// 时长和积分都不计。
    /// Neither hours nor points.
    Nothing,
}

/// What becomes of a record for which a condition does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// 只记时长，不计分。
    /// The hours count, without points.
    #[default]
    MinutesOnly,
    /// 时长和积分都不计。
    /// Neither hours nor points.
    Nothing,
}

/// What becomes of a deduction that is more than the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overdraft {
    /// 不能确认。
    /// It cannot be confirmed.
    Refuse,
    /// 扣到零为止。
    /// It takes what there is.
    StopAtZero,
    /// 不足部分欠着，从以后所得中扣。
    /// What is missing is owed, and taken from what is earned next.
    Owe,
}

/// How long points can be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// 长期有效。
    Never,
    /// 到起算日当年 12 月 31 日结束。
    /// Until the end of 31 December of the year of the base date.
    YearEnd,
    /// 到次年（基准日所在年之后）若干个月后的月末为止，如可用至次年 1 月 31 日为 1。
    /// Until the end of so many months after that year: 1 is the 31st of January of the next.
    MonthsAfterYearEnd(u32),
    /// 若干个月后的对应日结束为止。
    /// Until the end of the corresponding day so many months after the base date.
    Months(u32),
    /// 到下一个这一天（MM-DD，含起算日当天）结束。
    /// Until the end of the next such day, `MM-DD`, the base date included.
    Yearly(MonthDay),
    /// 到这一天结束，此后不再得分。
    /// Until the end of this day, whenever they were earned before it. From the day after on, nothing can be earned.
    On(#[serde(deserialize_with = "day")] NaiveDate),
}

/// The day from which the life of points is counted. By the day of service, points that are confirmed late may
/// come already expired; by the day of recording they never do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryBase {
    /// 服务日；晚确认的可能一到账就过期。
    ServiceDate,
    /// 入账日。
    RecordingDate,
}

/// From when points can be spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpendableFrom {
    /// 立即。
    #[default]
    AtOnce,
    /// 下月起。
    NextMonth,
    /// 下季度起。
    NextQuarter,
    /// 下一年起。
    NextYear,
}

/// 冻结：冻结期间不能支出。
/// Freezing an account: as long as it is frozen, it cannot be spent from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// 扣分后余额到多少及以下时冻结，通常为 "0"。
    /// Frozen when a deduction leaves this or less.
    pub at: Decimal,
    /// 解冻后余额置为多少。
    /// What the balance is set to when it thaws, if it is less.
    pub thaw_to: Decimal,
    /// 怎样解冻，满足一项即可。
    /// What thaws it; any one.
    pub thawed_by: Vec<Thaw>,
    /// 多少天后自动解冻；不写则不会自动解冻。
    /// Thaws by itself after so many days; never when left out.
    pub after_days: Option<u32>,
}

/// 确认后使账户解冻的记录。
/// A confirmed record that thaws an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thaw {
    /// 类别。
    /// Categories.
    pub categories: Vec<String>,
    /// 至少多少分钟。
    /// Minutes, at least.
    #[serde(default)]
    pub minutes: i64,
}

/// A list without repetitions.
pub(super) fn distinct<'de, D, T>(deserializer: D) -> Result<BTreeSet<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Serialize + Ord,
{
    let mut set = BTreeSet::new();
    for one in Vec::<T>::deserialize(deserializer)? {
        if let Some(twice) = set.replace(one) {
            let twice = serde_json::to_value(&twice).unwrap_or_default();
            let shown = twice.as_str().unwrap_or_default();
            return Err(serde::de::Error::custom(format!("`{shown}` is listed twice")));
        }
    }
    Ok(set)
}
