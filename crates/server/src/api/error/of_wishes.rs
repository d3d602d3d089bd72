//! What is refused of wishes and claims.

use super::flaws::invalid;
use super::of_scheme::service_refused;
use super::refusals::{not_eligible, not_found, state_conflict, taken, version_differs};
use super::{Code, Problem};
use scheme::wishes::WishError;

/// `scale`: the decimals of a point.
pub fn wish_refused(error: WishError, scale: u8) -> Problem {
    match error {
        WishError::Invalid(flaws) => invalid(flaws),
        WishError::WishNotFound { id } => not_found(Code::WishNotFound, id),
        WishError::ClaimNotFound { id } => not_found(Code::ClaimNotFound, id),
        WishError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
        WishError::IdTaken { field } => taken(&field),
        WishError::StateConflict { status } => state_conflict(&status, words(&status)),
        WishError::VersionDiffers { current } => version_differs(current),
        WishError::NotEligible(unmet) => not_eligible(unmet),
        WishError::Concerned => {
            Problem::new(Code::Forbidden).detail("与此事有关的人不能处理", "whoever is concerned does not decide")
        }
        WishError::NotAllowed => Problem::new(Code::Forbidden)
            .detail("此密钥不能办理：发布权限或队伍不符", "this key may not: who publishes, or whose team it is"),
        WishError::Service(error) => service_refused(error, scale),
        WishError::Busy => Problem::new(Code::Busy),
        WishError::Database(error) => error.into(),
        WishError::Book(error) => Problem::internal(error),
    }
}

/// Of a wish or of a claim, as people say it.
fn words(status: &str) -> &'static str {
    match status {
        "draft" => "是草稿",
        "published" => "已发布，待认领",
        "offered" => "已转派，待答复",
        "claimed" => "已认领",
        "fulfilled" => "已完成，待评价",
        "rated" => "已评价，待认定",
        "confirmed" => "已认定，待入账",
        "posted" => "已入账",
        "rejected" => "未通过",
        "withdrawn" => "已撤回",
        "expired" => "已过期",
        "declined" => "已婉拒",
        "given_back" => "已退回",
        "lapsed" => "逾期未完成",
        _ => "不允许",
    }
}
