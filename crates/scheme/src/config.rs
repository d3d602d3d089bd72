//! A scheme's published rules as one TOML file, parsed into types and checked.
//!
//! An office writes down what it has published: who keeps the scheme, its stations, units and categories, and the dated
//! versions of its rules. [`Scheme::parse`] promises that what it returns can be used without further checks: every code
//! is known, every amount fits the scheme's scale, every date exists.
//!
//! Where offices differ, the file has to say which way it goes: part hours, rounding, what happens above a cap and when
//! points expire have no default, and a field that nobody reads is refused, so that a file cannot look as if it ruled
//! something that it does not.
//!
//! The types are the file: their fields are its fields, their comments are the descriptions in the JSON Schema and in
//! `docs/SCHEME.md`, Chinese first.

mod anomalies;
mod caps;
mod certificates;
mod check;
mod complaints;
mod conditions;
mod control;
mod dates;
mod exchange;
mod ladders;
mod policy;
mod presence;
mod rankings;
mod reviews;
mod rules;
mod schema;
#[cfg(test)]
mod tests;
mod warnings;
mod wishes;

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use anomalies::Anomalies;
pub use caps::{CapPeriod, CapRule, CapUnit, OverCap};
pub use certificates::Certificates;
pub use check::{Finding, Severity};
pub use complaints::Complaints;
pub use conditions::{Condition, Gender, VolunteerKind};
pub use control::{ANSWER_WORKING_DAYS, Confirmer, EvidencePolicy, Publicity};
pub use dates::MonthDay;
pub(crate) use dates::day;
pub use exchange::{
    Beneficiaries, Bill, Entitlement, ExchangeRule, NoShow, NoShowBar, NoShowPoints, Relation, Transfer, TransferLimit,
    TransferTo, UseLimit, Weekday, Window,
};
pub use ladders::{Applicant, Award, Ladder, LadderStep, Sequence, Standing, Within};
pub use policy::{ExchangePolicy, PointsBack};
pub use presence::{BelowShare, Duty, Overtime, Presence, TimeOfDay};
pub use rankings::{RankTies, Rankings};
pub use reviews::{Quota, Review, ReviewKey, ReviewTies, ScoreBand};
pub use rules::{
    Amount, BelowMinimum, Blocks, CountedOver, EarningRule, Expiry, ExpiryBase, Freeze, HighestOf, HoursCredited,
    Marks, Minimum, Otherwise, Overdraft, PartHours, PartUnits, PerUnit, Range, RuleFile, Rules, SpendableFrom, Thaw,
    Tier, When,
};
pub use schema::json_schema;
pub use wishes::{WishPublisher, Wishes};

use crate::rules::Decimal;

/// A scheme as its office wrote it down. Only [`Scheme::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "Aixin scheme",
    description = "一个方案：谁、记什么、怎样得分和兑换。\nA scheme: who, what is recorded, how it earns and what for."
)]
pub struct Scheme {
    /// 方案代码，用在网址和命令行里，如 `ziyang`。
    /// The short code in addresses and on the command line.
    pub code: String,
    /// 方案名称。
    /// The scheme's name, in Chinese.
    pub name: String,
    /// 方案英文名称。
    /// The scheme's name, in English.
    pub name_en: String,
    /// 数字只是示例而不是公布的标准时为 true。
    /// True when the rates are an example, and not what an office has published.
    pub illustrative: bool,
    /// 规则公布在哪里，或为何只是示例。
    /// Where the rules were published, or why they are only an example.
    pub source: String,
    /// 时区，决定一天何时结束；不写为 Asia/Shanghai。
    /// Decides on which day something happens, and when a day ends; Asia/Shanghai when left out.
    #[serde(default = "shanghai", deserialize_with = "time_zone")]
    #[schemars(with = "Option<String>")]
    pub time_zone: Tz,
    /// 积分的小数位数，0 至 2。
    /// Decimals of a point, 0 to 2. Points are whole minor units of this scale wherever they are an `i64`.
    pub points_scale: u8,
    /// 志愿者手中的积分合计最多多少，用于偿付能力一览；不写则不设。
    /// How many points may be outstanding, for the view of solvency; none when left out.
    pub points_budget: Option<Decimal>,
    /// 积分到期前多少天提醒；不写为到期前 30 天和 7 天。
    /// How many days before points expire people are told; 30 and 7 when left out.
    #[serde(default = "warnings::month_and_week", deserialize_with = "warnings::warnings")]
    pub warn_days_before: Vec<u32>,
    /// 站点；其中一个代码为 `main`。
    /// Places that keep stock and hand out rewards; one of them has the code `main`.
    pub stations: Vec<Station>,
    /// 组织树；下级写在上级之后。
    /// The organisation tree; a unit stands after its parent.
    #[serde(default)]
    pub units: Vec<Unit>,
    /// 可以记录的服务和事项。
    /// What can be recorded: classes of service, and events that are not service.
    pub categories: Vec<Category>,
    /// 服务的级别，如班级、院级、区级、市级；没有级别之分则不写。
    /// Levels of service, such as class, college, district, city; left out when there are none.
    #[serde(default)]
    pub levels: Vec<Named>,
    /// 服务中的岗位或角色，如主讲、组织者。
    /// Roles that somebody can have in a service, such as speaker or organiser.
    #[serde(default)]
    pub roles: Vec<Named>,
    /// 给志愿者加的标记，如“受助者”“未交党费”；条件中可以引用。
    /// What an office may mark a volunteer with, for conditions to refer to.
    #[serde(default)]
    pub labels: Vec<Named>,
    /// 时长和积分之外的其他账本，如贡献值、可兑换时间。
    /// Books of account that a volunteer has beside hours and points.
    #[serde(default)]
    pub accounts: Vec<VolunteerAccount>,
    /// 签到签退；不写为常见做法。
    /// Signing in and out; the usual practice when left out.
    #[serde(default)]
    pub presence: Presence,
    /// 异常清单的界限；不写则用默认的。
    /// From where on a pattern in the records is worth an auditor's look; as they are by default when left out.
    #[serde(default)]
    pub anomalies: Anomalies,
    /// 年度、月度排行榜：并列怎样排，按评价排行至少几次评价；不写则用默认的。
    /// Rankings of a year or a month: ties, and how many ratings it takes; as they are by default when left out.
    #[serde(default)]
    pub rankings: Rankings,
    /// 投诉的处理；不写则 15 个工作日内答复，没有其他后果。
    /// What becomes of complaints; answered within 15 working days and without consequences when left out.
    pub complaints: Option<Complaints>,
    /// 志愿服务记录证明由谁出具；不写则由站点 `main` 出具。
    /// Who issues certificates of service; the station `main` when left out.
    pub certificates: Option<Certificates>,
    /// 微心愿与项目认领；不写则心愿只带时长，不带积分。
    /// Wishes and projects that are claimed; they carry minutes and no points when left out.
    pub wishes: Option<Wishes>,
    /// 未满 18 岁者须有监护人同意才能记录服务；不写为否。
    /// Whether the records of somebody under 18 take the consent of a guardian; not when left out.
    #[serde(default)]
    pub guardian_consent: bool,
    /// 规则的各个版本，按生效日期先后。
    /// Dated versions of the rules, the oldest first.
    versions: Vec<Rules>,
}

fn shanghai() -> Tz {
    Tz::Asia__Shanghai
}

fn time_zone<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    let unknown = || format!("there is no time zone `{name}`; they are named like `Asia/Shanghai`");
    name.parse().map_err(|_| serde::de::Error::custom(unknown()))
}

impl Scheme {
    /// Reads and checks a configuration. The error has all flaws that were found, with their places in `toml`.
    pub fn parse(toml: &str) -> Result<Scheme, ConfigError> {
        check::parse(toml).map(|(scheme, _)| scheme)
    }

    /// As [`Scheme::parse`], with what is allowed and yet looks like a mistake.
    pub fn parse_with_warnings(toml: &str) -> Result<(Scheme, Vec<Finding>), ConfigError> {
        check::parse(toml)
    }

    /// The rules in force on `date`, the day of the service. `None` before the first version and in a gap.
    pub fn rules_on(&self, date: NaiveDate) -> Option<&Rules> {
        let begun = self.versions.iter().rev().find(|rules| rules.from <= date)?;
        begun.until.is_none_or(|until| date <= until).then_some(begun)
    }

    /// Working days within which a service of `date` has to be on record: 10 where no rules say otherwise (Order 67 of the
    /// Ministry of Civil Affairs, Art. 11).
    pub fn recording_deadline(&self, date: NaiveDate) -> u32 {
        self.rules_on(date).map_or(10, |rules| rules.recording_deadline_working_days)
    }

    /// All versions of the rules, the oldest first; there is at least one.
    pub fn versions(&self) -> &[Rules] {
        &self.versions
    }

    /// Whether a volunteer can have anything beside hours and points that can be spent at once: other books of account,
    /// debts, points that wait, an account that is frozen.
    pub fn has_more_than_points(&self) -> bool {
        let more = |rules: &Rules| {
            let owes = rules.overdraft == Some(Overdraft::Owe);
            owes || rules.freeze.is_some() || rules.spendable_from != SpendableFrom::AtOnce
        };
        !self.accounts.is_empty() || self.versions.iter().any(more)
    }

    /// The labels that volunteers get by what is recorded of them.
    pub fn marks(&self) -> BTreeSet<&str> {
        let rules = self.versions.iter().flat_map(Rules::all_earning);
        rules.filter_map(|rule| rule.marks.as_ref()).map(|marks| marks.label.as_str()).collect()
    }

    pub fn station(&self, code: &str) -> Option<&Station> {
        self.stations.iter().find(|station| station.code == code)
    }

    pub fn unit(&self, code: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.code == code)
    }

    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.code == code)
    }

    /// A book of account beside hours and points.
    pub fn account(&self, code: &str) -> Option<&VolunteerAccount> {
        self.accounts.iter().find(|account| account.code == code)
    }

    /// The calendar day that it is in the scheme's time zone.
    pub fn day_of(&self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.time_zone).date_naive()
    }

    /// When a calendar day begins in the scheme's time zone. Where clocks skip midnight, it begins at the first hour that there is.
    pub fn first_moment(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        let mut hours = (0..24).map(|hour| midnight + TimeDelta::hours(hour));
        let begins = hours.find_map(|time| self.time_zone.from_local_datetime(&time).earliest());
        begins.map_or_else(|| midnight.and_utc(), |begins| begins.to_utc())
    }
}

/// 站点：存放和发放奖励的地方。
/// A place that keeps stock and hands out rewards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// 代码：小写字母开头，可用数字、`-`、`_`。
    /// Code: lower-case letters, digits, `-` and `_`, beginning with a letter.
    pub code: String,
    /// 名称。
    /// Name.
    pub name: String,
}

/// 组织树上的一个单位，志愿者归属于它，报表按它分。
/// A node of the organisation tree, to which volunteers belong and by which reports are cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// 代码。
    /// Code.
    pub code: String,
    /// 名称。
    /// Name.
    pub name: String,
    /// 类型。
    /// What kind of unit it is.
    pub kind: UnitKind,
    /// 上级的代码。
    /// The code of the unit above it.
    pub parent: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// 市。
    City,
    /// 区、县。
    District,
    /// 街道。
    Street,
    /// 乡镇。
    Town,
    /// 社区、村。
    Community,
    /// 小区。
    Compound,
    /// 网格。
    Grid,
    /// 楼栋。
    Building,
    /// 单元、楼道。
    Staircase,
    /// 党支部。
    PartyBranch,
    /// 机关、事业单位、学校。
    Institution,
    /// 企业。
    Enterprise,
    /// 物业。
    Property,
    /// 社会组织。
    SocialOrganisation,
    /// 服务队。
    Team,
    /// 社团。
    Club,
}

/// 一类服务或事项，可以有自己的规则和上限。
/// A class of service or an event, which may have its own rate and its own caps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// 代码。
    /// Code.
    pub code: String,
    /// 中文名称。
    /// Name in Chinese.
    pub name: String,
    /// 英文名称。
    /// Name in English.
    pub name_en: String,
    /// 是服务（计时长）还是事项（不计时长，如推荐、荣誉、扣分）；不写为服务。
    /// A service counts as hours; an event does not: a referral, an honour, a deduction. A service when left out.
    #[serde(default)]
    pub kind: CategoryKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CategoryKind {
    /// 服务，计时长。
    #[default]
    Service,
    /// 事项，不计时长。
    Event,
}

/// 一个代码和它的名称。
/// A code with its names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// 代码。
    /// Code.
    pub code: String,
    /// 中文名称。
    /// Name in Chinese.
    pub name: String,
    /// 英文名称。
    /// Name in English.
    pub name_en: String,
}

/// 时长和积分之外，志愿者名下的另一本账。
/// A book of account that a volunteer has beside hours and points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolunteerAccount {
    /// 代码。
    /// Code; not `points` and not `hours`.
    pub code: String,
    /// 中文名称。
    /// Name in Chinese.
    pub name: String,
    /// 英文名称。
    /// Name in English.
    pub name_en: String,
    /// 记分钟还是记积分。记分钟的账本自动得到全部计入的服务时长（时间银行）；记积分的由规则的 `account` 指定。
    /// Minutes or points. An account of minutes gets all credited minutes of service by itself (a time bank); one of points
    /// gets what rules with this `account` give.
    pub counts: CapUnit,
    /// 能否用于兑换。
    /// Whether rewards can be paid for from it.
    pub spendable: bool,
    /// 记入本账本的同时也记入积分（多币种合并）。
    /// Whether what is earned here is earned as points as well (several coins that add up to one).
    #[serde(default)]
    pub feeds_points: bool,
    /// 有效期。
    /// How long what is in it lasts.
    pub expiry: Expiry,
    /// 有效期从服务日还是入账日起算。
    /// Whether it lasts from the day of service or of recording; needed unless it never expires.
    pub expiry_counts_from: Option<ExpiryBase>,
}

/// Why a configuration was refused: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// At least one; in the order of the file.
    pub findings: Vec<Finding>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, finding) in self.findings.iter().enumerate() {
            write!(out, "{}{finding}", if place == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
