//! Caps: that each limits something, by what it says, and is reached before another makes it needless.

use super::codes;
use super::{Place, Report, is_event};
use crate::config::rules::Resolved;
use crate::config::{Amount, CapPeriod, CapRule, CapUnit, EarningRule, OverCap, Rules, Scheme};

pub fn check(scheme: &Scheme, rules: &Rules, resolved: &Resolved, place: &Place, report: &mut Report) {
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
        never_reached(scheme, rules, resolved, index, &at, report);
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
        codes::fits_scale(scheme, points, at.key(key), report);
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

/// A cap that another one, or the sums that rules give, leave no work for. Only what is certain is reported.
fn never_reached(scheme: &Scheme, rules: &Rules, resolved: &Resolved, index: usize, at: &Place, report: &mut Report) {
    let Some(cap) = rules.caps.get(index) else { return };
    let key = match cap.unit() {
        CapUnit::Minutes => "limit_minutes",
        CapUnit::Points => "limit_points",
        CapUnit::Uses => "limit_uses",
    };
    if limits_nothing(scheme, rules, resolved, cap) {
        let zh = "管不到任何规则：这些类别不往这个账本记，或没有时长";
        let en = "limits nothing: these categories give nothing to this account, or last no time";
        return report.warning(at.key(key), zh, en);
    }
    let others = rules.caps.iter().enumerate().filter(|(other, _)| *other != index);
    let hides = |other: &CapRule| wider_and_lower(scheme, cap, other) || adds_up_to_less(scheme, cap, other);
    if let Some((other, _)) = others.into_iter().find(|(_, other)| hides(other)) {
        let number = other.saturating_add(1);
        let zh = format!("用不到：第 {number} 个上限总是先到");
        let en = format!("never reached: cap {number} is always met first");
        return report.warning(at.key(key), zh, en);
    }
    if cap.per == CapPeriod::Record && cap.unit() == CapUnit::Points && sums_fit(scheme, resolved, cap) {
        let zh = "用不到：有关规则每次给的固定分数都不超过它";
        let en = "never reached: the fixed sums of the rules that it covers are all within it";
        report.warning(at.key(key), zh, en);
    }
}

/// Whether `other` covers all that `cap` covers, for at least as long, and allows no more.
fn wider_and_lower(scheme: &Scheme, cap: &CapRule, other: &CapRule) -> bool {
    let longer = cap.per == other.per || times(cap.per, other.per).is_some();
    let covered =
        other.categories.is_empty() || (!cap.categories.is_empty() && cap.categories.is_subset(&other.categories));
    let equal = cap.per == other.per && cap.categories == other.categories;
    longer
        && covered
        && !equal
        && alike(cap, other)
        && !deducting_alone(scheme, cap, other)
        && other.limit(scheme.points_scale) <= cap.limit(scheme.points_scale)
}

/// A cap without categories does not cover deductions, which may be those that `cap` names.
fn deducting_alone(scheme: &Scheme, cap: &CapRule, other: &CapRule) -> bool {
    other.categories.is_empty() && cap.categories.iter().any(|category| is_event(scheme, category))
}

/// Whether `other`, on shorter periods, cannot add up to what `cap` allows.
fn adds_up_to_less(scheme: &Scheme, cap: &CapRule, other: &CapRule) -> bool {
    let covered =
        other.categories.is_empty() || (!cap.categories.is_empty() && cap.categories.is_subset(&other.categories));
    let Some(Some(times)) = times(other.per, cap.per) else { return false };
    let most = other.limit(scheme.points_scale).saturating_mul(times);
    covered && alike(cap, other) && !deducting_alone(scheme, cap, other) && most <= cap.limit(scheme.points_scale)
}

/// Caps on the same thing that do the same with what does not fit, so that one can stand for the other.
fn alike(cap: &CapRule, other: &CapRule) -> bool {
    cap.unit() == other.unit()
        && cap.account == other.account
        && cap.over == other.over
        && (cap.may_be_lifted || !other.may_be_lifted)
}

/// How many of the short period a long one has at most; `None` when one is not a part of the other, `Some(None)` when there
/// is no telling how many.
fn times(short: CapPeriod, long: CapPeriod) -> Option<Option<i64>> {
    use CapPeriod::*;
    match (short, long) {
        (Record, Day | Week | Month | Quarter | Year | Ever) => Some(None),
        (Day | Week | Month | Quarter | Year, Ever) => Some(None),
        (Day, Week) => Some(Some(7)),
        (Day, Month) => Some(Some(31)),
        (Day, Quarter) => Some(Some(92)),
        (Day, Year) => Some(Some(366)),
        (Month, Quarter) => Some(Some(3)),
        (Month, Year) => Some(Some(12)),
        (Quarter, Year) => Some(Some(4)),
        _ => None,
    }
}

/// Whether all rules whose records meet the cap give a fixed sum within it.
fn sums_fit(scheme: &Scheme, resolved: &Resolved, cap: &CapRule) -> bool {
    let fits = |rule: &EarningRule| match (&rule.amount, cap.limit_points) {
        (Amount::Fixed(points), Some(limit)) => points.abs() <= limit,
        _ => false,
    };
    limited(scheme, resolved, cap).all(fits)
}

/// The rules whose records meet the cap. The default rules the services that no rule is for; they are taken to exist.
fn limited<'a>(scheme: &'a Scheme, resolved: &'a Resolved, cap: &'a CapRule) -> impl Iterator<Item = &'a EarningRule> {
    let services = cap.categories.is_empty() || cap.categories.iter().any(|category| !is_event(scheme, category));
    let covered = move |rule: &&EarningRule| match (cap.categories.is_empty(), rule.categories.is_empty()) {
        (true, _) => !rule.deducts(),
        (false, true) => services,
        (false, false) => !cap.categories.is_disjoint(&rule.categories),
    };
    let default = resolved.default.iter().filter(move |_| services);
    resolved.rules.iter().filter(covered).chain(default).filter(|rule| rule.account == cap.account)
}

/// Whether nothing that the cap counts can come to it. A rule that failed to be read may be the one it is for.
fn limits_nothing(scheme: &Scheme, rules: &Rules, resolved: &Resolved, cap: &CapRule) -> bool {
    let complete = resolved.default.is_some() && resolved.rules.len() == rules.rules.len();
    match cap.unit() {
        CapUnit::Minutes => !cap.categories.is_empty() && cap.categories.iter().all(|one| is_event(scheme, one)),
        CapUnit::Points | CapUnit::Uses => complete && limited(scheme, resolved, cap).next().is_none(),
    }
}
