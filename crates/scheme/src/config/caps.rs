//! Upper limits: for a record, in a period, for ever, or of what is in an account.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::distinct;
use crate::rules::Decimal;

/// 每人计入的上限。限分钟即限计入的时长，从而限积分；限积分不影响时长。
/// An upper limit for what one person is credited. A limit on minutes limits the hours on record, and thereby the
/// points; a limit on points leaves the hours as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapRule {
    /// 期间；`balance` 是余额上限。
    /// The period; `balance` limits what is in the account, whenever it was earned.
    pub per: CapPeriod,
    /// 上限分钟数。
    /// Minutes. In an account of minutes with `account`, else hours on record.
    pub limit_minutes: Option<i64>,
    /// 上限积分。
    /// Points. On deductions it limits what is taken.
    pub limit_points: Option<Decimal>,
    /// 上限次数：超过后的记录不给分。
    /// How many records may give points.
    pub limit_uses: Option<i64>,
    /// 合用这一上限的类别；不写则所有给分的类别合用。
    /// The categories that draw on this cap together; all that earn when left out.
    #[serde(default, deserialize_with = "distinct")]
    pub categories: BTreeSet<String>,
    /// 限哪个账本；不写为积分（或时长）。
    /// The account that it limits; points (or hours) when left out.
    pub account: Option<String>,
    /// 超出时：截断、整条不计，或超出部分进捐赠池。
    /// What becomes of what does not fit.
    pub over: OverCap,
    /// 有证明并经批准可以突破。
    /// Whether a reviewer may lift it for a record, with a reason.
    #[serde(default)]
    pub may_be_lifted: bool,
}

impl CapRule {
    /// What it counts.
    pub fn unit(&self) -> CapUnit {
        match (self.limit_minutes, self.limit_points) {
            (Some(_), _) => CapUnit::Minutes,
            (None, Some(_)) => CapUnit::Points,
            (None, None) => CapUnit::Uses,
        }
    }

    /// Minutes, uses, or minor units of points; more than 0.
    pub fn limit(&self, points_scale: u8) -> i64 {
        let points = self.limit_points.map(|points| points.minor(points_scale));
        self.limit_minutes.or(points).or(self.limit_uses).unwrap_or(0)
    }
}

/// What an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapUnit {
    /// 分钟。
    Minutes,
    /// 积分。
    Points,
    /// 次数。
    Uses,
}

/// Days and months are those of the service, not of its confirmation. Weeks are those of ISO 8601, Monday to Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapPeriod {
    /// 每次。
    Record,
    /// 每日。
    Day,
    /// 每周（周一至周日）。
    Week,
    /// 每月。
    Month,
    /// 每季度。
    Quarter,
    /// 每年。
    Year,
    /// 累计一生。
    Ever,
    /// 余额。
    Balance,
}

/// What becomes of a record that does not fit under a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverCap {
    /// 计到上限为止。
    /// It is credited up to the limit.
    Truncate,
    /// 整条不计：超时长上限的时长和积分都不计，超积分上限的积分不计。
    /// It is not credited at all: no minutes and no points over a cap on minutes, no points over one on points.
    Void,
    /// 计到上限为止，其余进捐赠池。
    /// It is credited up to the limit, and the rest goes to the donation pool.
    Donate,
}
