//! What an office decides about exchanges as a whole: what comes back when, and who may come for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Relation;

/// 兑换的办理规定；不写则：退回的积分回到原批次（过了期的随即到期），领取后不退，只有本人能领。
/// How exchanges are dealt with. When left out: points go back to the lot that they came from and end with it, nothing is taken
/// back once it was collected, and only the volunteer comes for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangePolicy {
    /// 取消、逾期或退货时，积分原来的有效期已过的怎么办。
    /// What becomes of points that come back (cancelled, expired, returned) after the last day of the lot that they came from.
    pub points_back_after_expiry: PointsBack,
    /// 领取后几天内可以退货，领取当天算第 0 天；不写则不退。
    /// Days after the hand-over within which it can be returned, the day of the hand-over being day 0; not at all when left out.
    pub return_days: Option<u32>,
    /// 哪些亲属可以代领；不写则只有本人能领。
    /// Which relatives may come for it; only the volunteer when left out.
    #[serde(default)]
    pub collected_by: Vec<Relation>,
}

/// What becomes of points that come back too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PointsBack {
    /// 回到原批次，随即到期作废。
    /// They go back to their lot, and end with it.
    Lost,
    /// 从退回之日起再有效若干天。
    /// They live for so many more days from the day on which they come back.
    ExtendDays(u32),
}
