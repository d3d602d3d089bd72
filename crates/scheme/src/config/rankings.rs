//! How live rankings of a year or a month are made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// 年度、月度排行榜的规则；不写的用括号中的。
/// How the rankings of a year or a month are made. What is left out is as stands with it. The selection of the year has rules of
/// its own, in `reviews`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rankings {
    /// 数字相同者怎样排名次（shared）。
    /// Which ranks equal figures get (shared).
    pub ties: RankTies,
    /// 按评价排行时，至少有几次评价才上榜（3）。
    /// Whoever has fewer ratings than this in the period is not ranked by rating (3).
    pub least_ratings: u32,
}

/// Within equal figures, whoever has more services stands first, and then the lower number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankTies {
    /// 并列，其后名次空出：1、2、2、4。
    /// They share a rank, and the next is left out for each: 1, 2, 2, 4.
    #[default]
    Shared,
    /// 并列，其后名次不空：1、2、2、3。
    /// They share a rank, and the next follows at once: 1, 2, 2, 3.
    Dense,
    /// 不并列：次数多者在前，再相同则编号小者在前。
    /// No rank is shared: whoever has more services stands first, and then the lower number.
    ServicesThenNumber,
}

impl Default for Rankings {
    fn default() -> Self {
        Rankings { ties: RankTies::Shared, least_ratings: 3 }
    }
}
