//! Wishes: amounts and days that mean something, and somebody who may publish.

use super::conditions::between;
use super::{Place, Report, codes};
use crate::config::Scheme;

const MOST_DAYS: u32 = 366;
const MOST_LAPSES: u32 = 1000;

pub fn check(scheme: &Scheme, report: &mut Report) {
    let Some(wishes) = &scheme.wishes else { return };
    let at = Place::root().key("wishes");
    codes::fits_scale(scheme, wishes.max_points, at.key("max_points"), report);
    if wishes.max_points.is_negative() {
        report.error(at.key("max_points"), "不能为负数", "it is not negative");
    }
    between(Some(wishes.claim_days), 1, MOST_DAYS, at.key("claim_days"), report);
    between(wishes.lapses_allowed, 1, MOST_LAPSES, at.key("lapses_allowed"), report);
    if wishes.published_by.is_empty() {
        report.error(at.key("published_by"), "至少要有一种人可以发布", "somebody may publish");
    }
}
