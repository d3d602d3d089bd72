//! The dated versions: their order, and what each says about deadlines, expiry, caps and freezing.

use std::collections::HashSet;

use super::codes::{self, text};
use super::{Place, Report, earning, exchange, is_event, ladders};
use crate::config::rules::Resolved;
use crate::config::{CapPeriod, CapRule, CapUnit, OverCap, Rules, Scheme};

const LONGEST_DEADLINE: u32 = 250;

pub fn check(scheme: &mut Scheme, report: &mut Report) {
    if scheme.versions.is_empty() {
        let (zh, en) = ("至少要有一个规则版本", "a scheme has at least one version of its rules");
        return report.error(Place::root().key("versions"), zh, en);
    }
    order(&scheme.versions, report);
    let mut versions = std::mem::take(&mut scheme.versions);
    for (index, rules) in versions.iter_mut().enumerate() {
        let place = Place::root().item("versions", index);
        rules.resolved = version(scheme, rules, &place, report);
    }
    scheme.versions = versions;
}

fn order(versions: &[Rules], report: &mut Report) {
    let mut names = HashSet::new();
    for (index, rules) in versions.iter().enumerate() {
        let place = Place::root().item("versions", index);
        text(place.key("version"), &rules.version, report);
        if !names.insert(rules.version.as_str()) {
            let zh = format!("两个版本都叫 `{}`", rules.version);
            let en = format!("two versions are called `{}`", rules.version);
            report.error(place.key("version"), zh, en);
        }
        if let Some(until) = rules.until.filter(|until| *until < rules.from) {
            let zh = format!("版本到 {until} 为止，早于生效日 {}", rules.from);
            let en = format!("the version ends on {until}, before it begins on {}", rules.from);
            report.error(place.key("until"), zh, en);
        }
        let Some(earlier) = index.checked_sub(1).and_then(|before| versions.get(before)) else { continue };
        if earlier.from >= rules.from {
            let zh = format!("版本按生效日期先后排列，前一个是 {}", earlier.from);
            let en = format!("versions stand in the order of their dates, and {} came before", earlier.from);
            report.error(place.key("from"), zh, en);
            continue;
        }
        let Some(until) = earlier.until else { continue };
        if until >= rules.from {
            let zh = format!("与前一版本重叠：`{}` 到 {until} 为止，本版本 {} 起", earlier.version, rules.from);
            let en = format!("overlaps with `{}`, which ends on {until}, after this begins", earlier.version);
            report.error(place.key("from"), zh, en);
        } else if until.succ_opt().is_some_and(|next| next < rules.from) {
            let zh = format!("{until} 之后、{} 之前没有规则，其间的服务无法登记", rules.from);
            let en = format!(
                "no rules are in force after {until} and before {}; services then cannot be recorded",
                rules.from
            );
            report.warning(place.key("from"), zh, en);
        }
    }
}

fn version(scheme: &Scheme, rules: &Rules, place: &Place, report: &mut Report) -> Resolved {
    let deadline = rules.recording_deadline_working_days;
    if !(1..=LONGEST_DEADLINE).contains(&deadline) {
        let zh = format!("登记期限为 1 至 {LONGEST_DEADLINE} 个工作日，不是 {deadline}");
        let en = format!("the deadline is between 1 and {LONGEST_DEADLINE} working days, not {deadline}");
        report.error(place.key("recording_deadline_working_days"), zh, en);
    }
    codes::expiry(place, rules.expiry, rules.expiry_counts_from.is_some(), report);
    let resolved = earning::resolve(scheme, rules, place, report);
    overdraft(rules, &resolved, place, report);
    caps(scheme, rules, &resolved, place, report);
    freeze(scheme, rules, place, report);
    exchange::check(scheme, rules, place, report);
    ladders::check(scheme, rules, place, report);
    resolved
}

fn overdraft(rules: &Rules, resolved: &Resolved, place: &Place, report: &mut Report) {
    let deducts = resolved.rules.iter().any(|rule| rule.deducts());
    match (deducts, rules.overdraft) {
        (true, None) => {
            let zh = "有扣分规则，要写明余额不够扣时怎么办：`refuse`、`stop_at_zero` 或 `owe`";
            let en = "there are deductions, so say what becomes of one that is more than the balance: `refuse`, `stop_at_zero` or `owe`";
            report.missing(place.clone(), "overdraft", zh, en);
        }
        (false, Some(_)) => {
            let (zh, en) = ("没有扣分规则，不必写 `overdraft`", "without deductions there is no `overdraft`");
            report.error(place.key("overdraft"), zh, en);
        }
        _ => {}
    }
}

fn caps(scheme: &Scheme, rules: &Rules, resolved: &Resolved, place: &Place, report: &mut Report) {
    for (index, cap) in rules.caps.iter().enumerate() {
        let at = place.item("caps", index);
        cap_limit(scheme, cap, &at, report);
        cap_scope(scheme, cap, resolved, &at, report);
        // What was used of two equal caps would be kept under one name.
        let name = |cap: &CapRule| (cap.unit(), cap.per, cap.categories.clone(), cap.account.clone());
        if rules.caps.iter().take(index).any(|earlier| name(earlier) == name(cap)) {
            let zh = "前面已有一个上限，限的是同样的期间和类别";
            let en = "an earlier cap limits the same amount for the same period and categories";
            report.error(at.key("per"), zh, en);
        }
    }
}

fn cap_limit(scheme: &Scheme, cap: &CapRule, at: &Place, report: &mut Report) {
    let written = [cap.limit_minutes.is_some(), cap.limit_points.is_some(), cap.limit_uses.is_some()];
    if written.into_iter().filter(|written| *written).count() != 1 {
        let zh = "上限写 `limit_minutes`、`limit_points`、`limit_uses` 中的一个";
        let en = "a cap has either `limit_minutes` or `limit_points` or `limit_uses`";
        return report.error(at.key("per"), zh, en);
    }
    let key = match cap.unit() {
        CapUnit::Minutes => "limit_minutes",
        CapUnit::Points => "limit_points",
        CapUnit::Uses => "limit_uses",
    };
    if let Some(points) = cap.limit_points {
        earning::fits_scale(scheme, points, at.key(key), report);
    }
    if cap.limit(scheme.points_scale) <= 0 && cap.limit_points.is_none_or(|points| points.fits(scheme.points_scale)) {
        report.error(at.key(key), "上限要大于 0", "the limit of a cap is more than 0");
    }
    if cap.unit() == CapUnit::Uses && cap.over != OverCap::Void {
        let (zh, en) =
            ("超过次数的记录不给分：`over = \"void\"`", "a record too many gives nothing: `over = \"void\"`");
        report.error(at.key("over"), zh, en);
    }
    if cap.unit() == CapUnit::Uses && matches!(cap.per, CapPeriod::Record | CapPeriod::Balance) {
        let (zh, en) = ("次数要按期间限", "a number of records is limited in a period");
        report.error(at.key("per"), zh, en);
    }
}

fn cap_scope(scheme: &Scheme, cap: &CapRule, resolved: &Resolved, at: &Place, report: &mut Report) {
    for category in &cap.categories {
        let known = scheme.categories.iter().map(|one| one.code.as_str());
        codes::known(at.key("categories"), category, ("类别", "category"), known, report);
    }
    let deducting = |category: &String| {
        is_event(scheme, category)
            && resolved.rules.iter().any(|rule| rule.deducts() && rule.categories.contains(category))
    };
    let deductions = cap.categories.iter().filter(|category| deducting(category)).count();
    if deductions > 0 && deductions < cap.categories.len() {
        let zh = "一个上限不能同时限给分和扣分的类别";
        let en = "one cap is for categories that give or for those that take, not for both";
        report.error(at.key("categories"), zh, en);
    }
    if deductions > 0 && (cap.over == OverCap::Donate || cap.per == CapPeriod::Balance) {
        let (zh, en) =
            ("扣分没有可捐赠的部分，也不受余额上限约束", "a deduction leaves nothing to donate, nor fills a balance");
        report.error(at.key("over"), zh, en);
    }
    let Some(code) = &cap.account else {
        if cap.per == CapPeriod::Balance && cap.unit() == CapUnit::Minutes {
            let zh = "服务时长没有余额上限；时间银行请写 `account`";
            let en = "hours of service have no upper balance; name the `account` of a time bank";
            report.error(at.key("per"), zh, en);
        }
        if cap.over == OverCap::Donate && cap.unit() == CapUnit::Minutes {
            let (zh, en) =
                ("服务时长不能捐赠；时间银行请写 `account`", "hours of service are not donated; name the `account`");
            report.error(at.key("over"), zh, en);
        }
        return;
    };
    let codes = scheme.accounts.iter().map(|one| one.code.as_str());
    if codes::known(at.key("account"), code, ("账本", "account"), codes, report)
        && scheme.account(code).is_some_and(|account| cap.unit() != CapUnit::Uses && account.counts != cap.unit())
    {
        let (zh, en) = ("上限的单位与账本不同", "the limit is not in the unit of the account");
        report.error(at.key("account"), zh, en);
    }
}

fn freeze(scheme: &Scheme, rules: &Rules, place: &Place, report: &mut Report) {
    let Some(freeze) = &rules.freeze else { return };
    let at = place.key("freeze");
    earning::fits_scale(scheme, freeze.at, at.key("at"), report);
    earning::fits_scale(scheme, freeze.thaw_to, at.key("thaw_to"), report);
    if freeze.thaw_to <= freeze.at {
        let (zh, en) = ("解冻后的余额要高于冻结的余额", "an account thaws to more than it freezes at");
        report.error(at.key("thaw_to"), zh, en);
    }
    if freeze.thawed_by.is_empty() && freeze.after_days.is_none() {
        let (zh, en) = ("要写明怎样解冻", "say what thaws an account");
        report.error(at.key("thawed_by"), zh, en);
    }
    for (index, thaw) in freeze.thawed_by.iter().enumerate() {
        for category in &thaw.categories {
            let known = scheme.categories.iter().map(|one| one.code.as_str());
            let here = at.item("thawed_by", index).key("categories");
            codes::known(here, category, ("类别", "category"), known, report);
        }
    }
}
