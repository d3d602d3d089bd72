//! When, how often, for whom and at what price points become goods and services.

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;
use super::dates::MonthDay;
use crate::rules::{Decimal, Period};

/// 一条兑换规则，它适用的每次兑换都要符合。
/// A rule that every exchange it covers must fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRule {
    /// 适用的奖励组；不写则适用所有奖励。
    /// The groups of rewards that it covers; all rewards when left out.
    #[serde(default)]
    pub groups: Vec<String>,
    /// 一律不得兑换，如折现。
    /// Not exchanged at all, such as cash.
    #[serde(default)]
    pub prohibited: bool,
    /// 兑换时间；不写则随时。
    /// When exchanges are made; at any time when left out. One window is enough.
    #[serde(default)]
    pub windows: Vec<Window>,
    /// 每人每期限次，所适用的奖励合计。
    /// How often one person may, all covered rewards together.
    #[serde(default)]
    pub limits: Vec<UseLimit>,
    /// 资格；符合其中一组即可。
    /// Conditions, one of which must hold.
    #[serde(default)]
    pub requires: Vec<Condition>,
    /// 按等级享有：达到这一级才可领，每轮一次。
    /// Had by reaching a step of a ladder: once, and once more in every cycle.
    pub entitled_by: Option<Entitlement>,
    /// 用哪个账本支付；不写为积分。奖励的价格即以该账本的单位计（小时或分）。
    /// The account that pays; points when left out. The reward's price is then in hours, or in points of that account.
    pub pays_from: Option<String>,
    /// 是否可退：领取前能否取消并退回积分。不可退的，预约时即扣分，也不因逾期未领而退。
    /// Whether an exchange can be cancelled before it is collected, and the points come back. When not, they are spent with the
    /// reservation, and it does not expire.
    pub refundable: bool,
    /// 兑换即清空余额（价格为最低所需）。
    /// An exchange takes the whole balance; the price is the least that there must be.
    #[serde(default)]
    pub clears_balance: bool,
    /// 能为谁兑换，符合一组即可；适用的规则都不写则只能为本人。
    /// For whom it may be, one of the groups; only for oneself when none of the rules that cover it says so.
    #[serde(default)]
    pub beneficiaries: Vec<Beneficiaries>,
    /// 按账单定价（商户标价、抵现、抵物业费）；不写则用奖励自己的价格。
    /// A price that follows a bill: set by a merchant, a voucher, a fee offset; the reward's own when left out.
    pub bill: Option<Bill>,
}

/// 一个兑换时间段，写了的都要符合。
/// A time at which exchanges are made. All that is written must fit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// 星期几。
    /// Days of the week.
    #[serde(default)]
    pub weekdays: Vec<Weekday>,
    /// 每月几日。
    /// Days of the month.
    #[serde(default)]
    pub days_of_month: Vec<u32>,
    /// 几月。
    /// Months of the year.
    #[serde(default)]
    pub months: Vec<u32>,
    /// 每年从哪天起，MM-DD，含。
    /// From this day of the year on.
    pub from: Option<MonthDay>,
    /// 每年到哪天止，MM-DD，含。
    /// Up to this day of the year.
    pub until: Option<MonthDay>,
}

impl Relation {
    pub const ALL: [Relation; 7] = [
        Relation::Oneself,
        Relation::Spouse,
        Relation::Parent,
        Relation::Grandparent,
        Relation::Child,
        Relation::Sibling,
        Relation::OtherFamily,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Relation::Oneself => "self",
            Relation::Spouse => "spouse",
            Relation::Parent => "parent",
            Relation::Grandparent => "grandparent",
            Relation::Child => "child",
            Relation::Sibling => "sibling",
            Relation::OtherFamily => "other_family",
        }
    }

    pub fn parse(text: &str) -> Option<Relation> {
        Relation::ALL.into_iter().find(|relation| relation.as_str() == text)
    }
}

impl Window {
    /// Whether exchanges are made on `day`.
    pub fn opens_on(&self, day: NaiveDate) -> bool {
        let listed = |list: &[u32], number| list.is_empty() || list.contains(&number);
        let today = MonthDay { month: day.month(), day: day.day() };
        let season = match (self.from, self.until) {
            (None, None) => true,
            (Some(from), None) => today >= from,
            (None, Some(until)) => today <= until,
            (Some(from), Some(until)) if from <= until => from <= today && today <= until,
            // Over the turn of the year.
            (Some(from), Some(until)) => today >= from || today <= until,
        };
        let weekday = Weekday::of(day);
        let weekday = self.weekdays.is_empty() || self.weekdays.contains(&weekday);
        weekday && listed(&self.days_of_month, day.day()) && listed(&self.months, day.month()) && season
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// 星期一。
    Monday,
    /// 星期二。
    Tuesday,
    /// 星期三。
    Wednesday,
    /// 星期四。
    Thursday,
    /// 星期五。
    Friday,
    /// 星期六。
    Saturday,
    /// 星期日。
    Sunday,
}

impl Weekday {
    pub fn of(day: NaiveDate) -> Weekday {
        use Weekday::*;
        let days = [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday];
        // `num_days_from_monday` is 0 to 6.
        days[day.weekday().num_days_from_monday() as usize % days.len()]
    }
}

/// 每人每期限次。
/// So many pieces or uses for one person in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UseLimit {
    /// 次数。
    /// How many.
    pub uses: i64,
    /// 期间。
    /// In which period.
    pub per: Period,
}

/// 某个等级表的某一级。
/// A step of a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entitlement {
    /// 等级表代码。
    /// The ladder's code.
    pub ladder: String,
    /// 等级代码。
    /// The step's code.
    pub step: String,
}

/// 可以为哪些人兑换。
/// A group of people for whom an exchange may be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Beneficiaries {
    /// 与志愿者的关系；包括本人则写 self。
    /// How they are related to the volunteer; `self` when the volunteer is among them.
    pub relations: Vec<Relation>,
    /// 受益人年龄下限，周岁，含。
    /// Their youngest age in full years, included.
    pub min_age: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// 本人。
    #[serde(rename = "self")]
    Oneself,
    /// 配偶。
    Spouse,
    /// 父母。
    Parent,
    /// 祖父母、外祖父母。
    Grandparent,
    /// 子女。
    Child,
    /// 兄弟姐妹。
    Sibling,
    /// 其他亲属。
    OtherFamily,
}

/// 按账单定价；钱只记录，不经手。
/// A price that follows a bill in money. The money is recorded, and not processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// 一分抵多少分钱（人民币），积分价格由账单得出，不足一分进一；与 voucher_fen 二选一。
    /// Fen that one point is worth: the price in points follows from the bill, rounded up. Or `voucher_fen`.
    pub fen_per_point: Option<i64>,
    /// 奖励是多少分钱的抵用券，积分价格照奖励，余款付现。
    /// Fen that the reward takes off the bill: its price in points stays, the rest is paid in cash.
    pub voucher_fen: Option<i64>,
    /// 最少付现多少分钱。
    /// Fen that are paid in cash at least.
    #[serde(default)]
    pub least_cash_fen: i64,
}

/// 预约了场次而没有来。
/// A place in a session that was booked, and that nobody came for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoShow {
    /// 积分如何处理。
    /// What becomes of the points.
    pub points: NoShowPoints,
    /// 多次未到，暂停预约；不写则不暂停。
    /// After some of them no places are booked for a while; left out: never.
    pub bar: Option<NoShowBar>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoShowPoints {
    /// 照扣。
    /// They are spent.
    Kept,
    /// 退回。
    /// They come back.
    Returned,
}

/// 几个月内几次未到，停几天。
/// So many within so many months: no bookings for so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoShowBar {
    /// 第几次未到起。
    /// The no-show with which it begins.
    pub after: i64,
    /// 几个月之内。
    /// Within how many months.
    pub within_months: u32,
    /// 停几天，从未到的次日起算。
    /// For how many days after the day of the last one.
    pub days: u32,
}

/// 把积分给别人。
/// Points given to somebody else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// 给谁：捐赠池，或另一位志愿者。
    /// To whom: the donation pool, or another volunteer.
    pub to: TransferTo,
    /// 从哪个账本；不写为积分。
    /// Out of which account; points when left out.
    pub account: Option<String>,
    /// 与受赠人的关系；不写则不限。
    /// How they must be related; anybody when left out.
    #[serde(default)]
    pub relations: Vec<Relation>,
    /// 资格；符合其中一组即可。
    /// Conditions, one of which must hold.
    #[serde(default)]
    pub requires: Vec<Condition>,
    /// 每人每期上限。
    /// At most so much in a period.
    pub limit: Option<TransferLimit>,
    /// 捐赠池按此先后分配：志愿者标记。
    /// For the pool: whose requests come first, by label.
    #[serde(default)]
    pub first_for: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferTo {
    /// 捐赠池。
    Pool,
    /// 另一位志愿者。
    Volunteer,
}

/// 每人每期最多给多少。
/// At most so much for one person in a period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferLimit {
    /// 数额：积分，或小时。
    /// How much: points, or hours of an account of minutes.
    pub amount: Decimal,
    /// 期间。
    /// In which period.
    pub per: Period,
}
