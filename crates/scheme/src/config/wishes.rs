//! Wishes (微心愿) and what they may carry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules::Decimal;

/// 微心愿与项目认领；不写本节则心愿只带时长，不带积分。
/// Wishes and projects that are claimed; without this table they carry minutes and no points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wishes {
    /// 一个心愿最多带多少积分，全部参与人合计。
    /// The points that one wish may carry, for all who take part together.
    pub max_points: Decimal,
    /// 认领后多少天内完成，逾期自动退回、重新发布。
    /// Days in which a claim is fulfilled; then it lapses, and the wish is open again.
    pub claim_days: u32,
    /// 谁可以发布。
    /// Who may publish.
    pub published_by: Vec<WishPublisher>,
    /// 是否须由心愿人评价后才能认定；否则评价可有可无。
    /// Whether the wisher rates it before it is confirmed; otherwise the rating may be left out.
    pub rating_required: bool,
    /// 一年内认领后逾期未完成达到几次，当年不能再认领；不写则不限。
    /// After so many lapsed claims in a year no more can be made in it; no limit when left out.
    pub lapses_allowed: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WishPublisher {
    /// 工作人员。
    Staff,
    /// 队长。
    Leader,
    /// 方案管理员。
    SchemeAdmin,
}
