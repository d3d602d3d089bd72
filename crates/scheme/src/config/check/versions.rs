//! The dated versions: their order, and what each says about deadlines, expiry, deductions and freezing.

use std::collections::HashSet;

use super::codes::{self, text};
use super::conditions::between;
use super::{Place, Report, caps, control, earning, exchange, is_event, ladders, reviews};
use crate::config::rules::Resolved;
use crate::config::{Expiry, Rules, Scheme};

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
        same_again(earlier, rules, &place, report);
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

/// A version that changes nothing was probably copied, and the change forgotten.
fn same_again(earlier: &Rules, rules: &Rules, place: &Place, report: &mut Report) {
    let (from, until, version) = (earlier.from, earlier.until, earlier.version.clone());
    if *earlier == (Rules { from, until, version, ..rules.clone() }) {
        let zh = format!("除日期和名称外与前一版本 `{}` 完全相同", earlier.version);
        let en = format!("but for its date and name this version is the same as `{}` before it", earlier.version);
        report.warning(place.key("version"), zh, en);
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
    if let Expiry::On(day) = rules.expiry
        && day < rules.from
    {
        let zh = format!("积分在 {day} 到期，早于版本生效日 {}", rules.from);
        let en = format!("the points end on {day}, before this version begins on {}", rules.from);
        report.error(place.key("expiry"), zh, en);
    }
    let resolved = earning::resolve(scheme, rules, place, report);
    overdraft(rules, &resolved, place, report);
    caps::check(scheme, rules, &resolved, place, report);
    control::check(scheme, rules, place, report);
    freeze(scheme, rules, &resolved, place, report);
    exchange::check(scheme, rules, place, report);
    ladders::check(scheme, rules, place, report);
    reviews::check(scheme, rules, place, report);
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

fn freeze(scheme: &Scheme, rules: &Rules, resolved: &Resolved, place: &Place, report: &mut Report) {
    let Some(freeze) = &rules.freeze else { return };
    let at = place.key("freeze");
    codes::fits_scale(scheme, freeze.at, at.key("at"), report);
    codes::fits_scale(scheme, freeze.thaw_to, at.key("thaw_to"), report);
    if freeze.thaw_to <= freeze.at {
        let (zh, en) = ("解冻后的余额要高于冻结的余额", "an account thaws to more than it freezes at");
        report.error(at.key("thaw_to"), zh, en);
    }
    if freeze.thawed_by.is_empty() && freeze.after_days.is_none() {
        let (zh, en) = ("要写明怎样解冻", "say what thaws an account");
        report.error(at.key("thawed_by"), zh, en);
    }
    if !resolved.rules.iter().any(|rule| rule.deducts()) {
        let (zh, en) = ("没有扣分规则，余额不会因扣分归零", "without deductions nothing leads to freezing");
        report.error(at.clone(), zh, en);
    }
    between(freeze.after_days, 1, 3_660, at.key("after_days"), report);
    let categories: Vec<&str> = scheme.categories.iter().map(|one| one.code.as_str()).collect();
    for (index, thaw) in freeze.thawed_by.iter().enumerate() {
        let here = at.item("thawed_by", index);
        codes::listed("categories", &thaw.categories, ("类别", "category"), &categories, &here, report);
        if thaw.categories.is_empty() {
            let (zh, en) = ("要写明哪些类别的记录解冻", "name the categories whose records thaw an account");
            report.error(here.key("categories"), zh, en);
        }
        let event = thaw.categories.iter().any(|category| is_event(scheme, category));
        if thaw.minutes < 0 || (event && thaw.minutes > 0) {
            let (zh, en) = ("时长不为负，事项没有时长", "minutes are not negative, and an event has none");
            report.error(here.key("minutes"), zh, en);
        }
    }
}
