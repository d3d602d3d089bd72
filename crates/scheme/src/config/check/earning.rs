//! Earning rules: that each says all it has to, and what each inherits from the default.

use std::collections::{BTreeSet, HashSet};

use super::codes;
use super::conditions::{self, Scope};
use super::{Place, Report, is_event};
use crate::config::rules::Resolved;
use crate::config::{
    Amount, Blocks, CapUnit, CategoryKind, CountedOver, EarningRule, HoursCredited, Named, PartHours, PartUnits,
    PerUnit, RuleFile, Rules, Scheme,
};
use crate::rules::{Decimal, Rounding};

const LONGEST_MINIMUM: i64 = 24 * 60;

pub fn resolve(scheme: &Scheme, rules: &Rules, place: &Place, report: &mut Report) -> Resolved {
    let default = default(scheme, rules, &place.key("default"), report);
    let mut resolved = Resolved { rules: Vec::with_capacity(rules.rules.len()), default };
    for (index, written) in rules.rules.iter().enumerate() {
        let at = place.item("rules", index);
        selectors(scheme, written, &at, report);
        if let Some(rule) = rule(scheme, rules, written, resolved.default.as_ref(), &at, report) {
            if let Some(earlier) = resolved.rules.iter().position(|earlier| covers(earlier, &rule)) {
                let number = earlier.saturating_add(1);
                let zh = format!("第 {number} 条规则已包括本条的所有记录，本条永远用不到");
                let en = format!("rule {number} already covers every record of this one, which is never reached");
                report.error(at.key("categories"), zh, en);
            }
            resolved.rules.push(rule);
        }
    }
    events_without_rule(scheme, &resolved, place, report);
    resolved
}

/// Whether every record that `later` is for is taken by `earlier`.
fn covers(earlier: &EarningRule, later: &EarningRule) -> bool {
    let within = |outer: &BTreeSet<String>, inner: &BTreeSet<String>| {
        outer.is_empty() || (!inner.is_empty() && inner.is_subset(outer))
    };
    within(&earlier.categories, &later.categories)
        && within(&earlier.levels, &later.levels)
        && within(&earlier.roles, &later.roles)
        && within(&earlier.labels, &later.labels)
        && earlier.when == later.when
}

fn events_without_rule(scheme: &Scheme, resolved: &Resolved, place: &Place, report: &mut Report) {
    let events = scheme.categories.iter().filter(|category| category.kind == CategoryKind::Event);
    for event in events.filter(|event| !resolved.rules.iter().any(|rule| rule.categories.contains(&event.code))) {
        let zh = format!("本版本没有事项 `{}` 的规则，不能登记", event.code);
        let en = format!("this version has no rule for the event `{}`, which cannot be recorded", event.code);
        report.warning(place.key("version"), zh, en);
    }
}

fn default(scheme: &Scheme, rules: &Rules, at: &Place, report: &mut Report) -> Option<EarningRule> {
    let written = &rules.default;
    let selecting = [
        ("categories", written.categories.is_empty()),
        ("levels", written.levels.is_empty()),
        ("roles", written.roles.is_empty()),
        ("labels", written.labels.is_empty()),
        ("when", written.when.is_none()),
    ];
    for (key, _) in selecting.into_iter().filter(|(_, absent)| !absent) {
        let zh = format!("一般规则适用所有服务，没有 `{key}`");
        let en = format!("the default is for all services, and has no `{key}`");
        report.error(at.key(key), zh, en);
    }
    for (key, absent) in [
        ("part_hours", written.part_hours.is_none()),
        ("rounding", written.rounding.is_none()),
        ("hours_credited", written.hours_credited.is_none()),
    ] {
        if absent {
            report.missing(
                at.clone(),
                key,
                "公布的规则各不相同，必须写明",
                "published rules differ here, so it has to be said",
            );
        }
    }
    rule(scheme, rules, written, None, at, report)
}

fn selectors(scheme: &Scheme, written: &RuleFile, at: &Place, report: &mut Report) {
    let categories: Vec<&str> = scheme.categories.iter().map(|one| one.code.as_str()).collect();
    codes::listed("categories", &written.categories, ("类别", "category"), &categories, at, report);
    codes::listed("levels", &written.levels, ("级别", "level"), &codes_of(&scheme.levels), at, report);
    codes::listed("roles", &written.roles, ("角色", "role"), &codes_of(&scheme.roles), at, report);
    codes::listed("labels", &written.labels, ("标记", "label"), &codes_of(&scheme.labels), at, report);
    if [&written.categories, &written.levels, &written.roles, &written.labels].iter().all(|list| list.is_empty()) {
        let zh = "类别、级别、角色、标记都是空的：适用所有服务的规则写在 `default`";
        let en = "categories, levels, roles and labels are empty: what rules all services is the `default`";
        report.error(at.key("categories"), zh, en);
    }
    let kinds: HashSet<bool> = written.categories.iter().map(|category| is_event(scheme, category)).collect();
    if kinds.len() > 1 {
        let (zh, en) = ("一条规则不能同时用于服务和事项", "one rule is for services or for events, not for both");
        report.error(at.key("categories"), zh, en);
    }
}

fn codes_of(named: &[Named]) -> Vec<&str> {
    named.iter().map(|one| one.code.as_str()).collect()
}

/// The rule with what it inherits; `None` when it was reported to be without sense.
fn rule(
    scheme: &Scheme,
    rules: &Rules,
    written: &RuleFile,
    default: Option<&EarningRule>,
    at: &Place,
    report: &mut Report,
) -> Option<EarningRule> {
    let event = written.categories.iter().any(|category| is_event(scheme, category));
    let amount = amount(written, event, at, report).or_else(|| default.filter(|_| !event)?.amount.clone().into());
    let Some(amount) = amount else {
        let zh = "`points_per_hour`、`points`、`blocks`、`points_per_unit`、`range` 中的一个";
        let en = "one of `points_per_hour`, `points`, `blocks`, `points_per_unit` and `range`";
        report.missing(at.clone(), if event { "points" } else { "points_per_hour" }, zh, en);
        return None;
    };
    if event {
        time_of_event(written, at, report);
    }
    let rule = EarningRule {
        categories: written.categories.iter().cloned().collect(),
        levels: written.levels.iter().cloned().collect(),
        roles: written.roles.iter().cloned().collect(),
        labels: written.labels.iter().cloned().collect(),
        account: written.account.clone().or_else(|| default.filter(|_| !event)?.account.clone()),
        amount,
        part_hours: written.part_hours.or(default.map(|rule| rule.part_hours)).unwrap_or(PartHours::Proportional),
        rounding: written.rounding.or(default.map(|rule| rule.rounding)).unwrap_or(Rounding::Down),
        hours_credited: written
            .hours_credited
            .or(default.map(|rule| rule.hours_credited))
            .unwrap_or(HoursCredited::AsServed),
        minimum: written.minimum.or(default.filter(|_| !event).and_then(|rule| rule.minimum)),
        time_percent: written.time_percent.or(default.filter(|_| !event).and_then(|rule| rule.time_percent)),
        requires: match (written.requires.is_empty(), default.filter(|_| !event)) {
            (true, Some(default)) => default.requires.clone(),
            _ => written.requires.clone(),
        },
        otherwise: written.otherwise.or(default.filter(|_| !event).map(|rule| rule.otherwise)).unwrap_or_default(),
        highest_of: written.highest_of.clone(),
        when: written.when,
        marks: written.marks.clone(),
        approvers: written.approvers.clone(),
    };
    time(scheme, written, &rule, event, at, report);
    account(scheme, &rule, at, report);
    requirement(written, at, report);
    marks(scheme, written, at, report);
    highest_of(written, at, report);
    for (index, approver) in written.approvers.iter().enumerate() {
        codes::text(at.item("approvers", index), approver, report);
    }
    codes::each_once("approvers", &written.approvers, at, report);
    automatic(&rule, event, at, report);
    conditions::check(scheme, rules, &written.requires, at, Scope::Record, report);
    amounts(scheme, &rule, at, report);
    Some(rule)
}

/// The one way in which the rule gives points; `None` when it says none.
fn amount(written: &RuleFile, event: bool, at: &Place, report: &mut Report) -> Option<Amount> {
    let forms: Vec<(&'static str, Amount)> = [
        written.points_per_hour.map(|rate| ("points_per_hour", Amount::PerHour(rate))),
        written.points.map(|points| ("points", Amount::Fixed(points))),
        written.blocks.clone().map(|blocks| ("blocks", Amount::Blocks(blocks))),
        written.points_per_unit.clone().map(|unit| ("points_per_unit", Amount::PerUnit(unit))),
        written.range.map(|range| ("range", Amount::Range(range))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some((key, _)) = forms.get(1) {
        let (zh, en) = ("只能写一种给分方式", "a rule gives points in one way only");
        report.error(at.key(key), zh, en);
    }
    let (key, amount) = forms.into_iter().next()?;
    if event && matches!(amount, Amount::PerHour(_) | Amount::Blocks(_)) {
        let (zh, en) = ("事项没有时长，不能按时长给分", "an event lasts no time, and earns nothing by it");
        report.error(at.key(key), zh, en);
    }
    Some(amount)
}

fn time_of_event(written: &RuleFile, at: &Place, report: &mut Report) {
    let timed = [
        ("part_hours", written.part_hours.is_some()),
        ("hours_credited", written.hours_credited.is_some()),
        ("minimum", written.minimum.is_some()),
        ("time_percent", written.time_percent.is_some()),
    ];
    for (key, _) in timed.into_iter().filter(|(_, written)| *written) {
        let (zh, en) = (format!("事项没有时长，不写 `{key}`"), format!("an event lasts no time, and has no `{key}`"));
        report.error(at.key(key), zh, en);
    }
}

fn time(scheme: &Scheme, written: &RuleFile, rule: &EarningRule, event: bool, at: &Place, report: &mut Report) {
    let proportional = rule.part_hours == PartHours::Proportional;
    if !event && proportional && rule.hours_credited == HoursCredited::AsCounted && rule.time_percent.is_none() {
        let zh = "`proportional` 每分钟都计，时长按 `as_served` 记";
        let en = "`proportional` counts every minute, so the hours are credited `as_served`";
        report.error(at.key("hours_credited"), zh, en);
    }
    if let Some(minutes) = written.minimum.map(|minimum| minimum.minutes)
        && !(0..=LONGEST_MINIMUM).contains(&minutes)
    {
        let zh = format!("起算时长为 0 至 {LONGEST_MINIMUM} 分钟，不是 {minutes}");
        let en = format!("the minimum is between 0 and {LONGEST_MINIMUM} minutes, not {minutes}");
        report.error(at.key("minimum"), zh, en);
    }
    if written.time_percent.is_some_and(|percent| percent <= Decimal::ZERO || percent > Decimal::whole(100)) {
        let (zh, en) = ("百分比大于 0，不超过 100", "a percentage is more than 0 and at most 100");
        report.error(at.key("time_percent"), zh, en);
    }
    if let Amount::PerHour(rate) = rule.amount
        && !proportional
        && !rate.points(rule.part_hours.grain_minutes(), scheme.points_scale, Rounding::Down).is_some_and(|p| p.exact)
    {
        let (grain, scale) = (rule.part_hours.grain_minutes(), scheme.points_scale);
        let zh = format!("每小时 {rate} 分，{grain} 分钟的积分在 points_scale = {scale} 时除不尽");
        let en = format!("{grain} minutes at {rate} points per hour do not come out even with points_scale = {scale}");
        report.error(at.key("points_per_hour"), zh, en);
    }
}

fn account(scheme: &Scheme, rule: &EarningRule, at: &Place, report: &mut Report) {
    let Some(code) = &rule.account else { return };
    let known = scheme.accounts.iter().map(|one| one.code.as_str());
    if codes::known(at.key("account"), code, ("账本", "account"), known, report)
        && scheme.account(code).is_some_and(|account| account.counts == CapUnit::Minutes)
    {
        let zh = "记分钟的账本自动得到服务时长，不由规则给分";
        let en = "an account of minutes gets the hours of service by itself, and nothing by rules";
        report.error(at.key("account"), zh, en);
    }
    if rule.deducts() {
        let (zh, en) = ("扣分只从积分中扣", "deductions are taken from points");
        report.error(at.key("account"), zh, en);
    }
}

fn marks(scheme: &Scheme, written: &RuleFile, at: &Place, report: &mut Report) {
    let Some(marks) = &written.marks else { return };
    let at = at.key("marks");
    codes::known(at.key("label"), &marks.label, ("标记", "label"), codes_of(&scheme.labels).into_iter(), report);
    match (marks.times, marks.points) {
        (Some(times), None) if times > 0 => {}
        (None, Some(points)) if points > Decimal::ZERO => codes::fits_scale(scheme, points, at.key("points"), report),
        _ => {
            let zh = "写明累计满多少次（`times`）或多少分（`points`），大于 0";
            let en = "say after how many records (`times`) or points (`points`), more than 0";
            report.error(at, zh, en);
        }
    }
}

fn requirement(written: &RuleFile, at: &Place, report: &mut Report) {
    match (written.requires.is_empty(), written.otherwise) {
        (false, None) => {
            let zh = "不符合条件的记录只记时长（`minutes_only`）还是都不计（`nothing`）";
            let en = "whether a record for which no condition holds counts as hours (`minutes_only`) or not at all (`nothing`)";
            report.missing(at.clone(), "otherwise", zh, en);
        }
        (true, Some(_)) => {
            report.error(
                at.key("otherwise"),
                "没有条件，不必写 `otherwise`",
                "without `requires` there is no `otherwise`",
            );
        }
        _ => {}
    }
}

fn highest_of(written: &RuleFile, at: &Place, report: &mut Report) {
    let Some(highest) = &written.highest_of else { return };
    let at = at.key("highest_of");
    codes::text(at.key("group"), &highest.group, report);
    if highest.per == CountedOver::Record {
        let (zh, en) = ("一条记录无所谓就高", "one record alone is always the highest");
        report.error(at.key("per"), zh, en);
    }
}

/// What happens by itself is one event that gives the same to everybody.
fn automatic(rule: &EarningRule, event: bool, at: &Place, report: &mut Report) {
    let plain = event && rule.categories.len() == 1 && matches!(rule.amount, Amount::Fixed(_)) && !rule.deducts();
    let unselected = rule.levels.is_empty() && rule.roles.is_empty() && rule.labels.is_empty();
    if rule.when.is_some() && !(plain && unselected && rule.approvers.is_empty()) {
        let zh = "自动发生的是一个事项，每人得同样的 `points`，不分级别、角色和标记，也不经审批";
        let en = "what happens by itself is one event that gives everybody the same `points`, and nobody approves of";
        report.error(at.key("when"), zh, en);
    }
}

fn amounts(scheme: &Scheme, rule: &EarningRule, at: &Place, report: &mut Report) {
    match &rule.amount {
        Amount::PerHour(rate) => {
            if *rate < Decimal::ZERO {
                report.error(at.key("points_per_hour"), "每小时积分不能为负", "a rate is not negative");
            }
            if *rate > Decimal::whole(1_000_000) {
                report.error(at.key("points_per_hour"), "数字太大", "the amount is too large");
            }
        }
        Amount::Fixed(points) => codes::fits_scale(scheme, *points, at.key("points"), report),
        Amount::Blocks(blocks) => self::blocks(scheme, blocks, &at.key("blocks"), report),
        Amount::PerUnit(unit) => per_unit(scheme, unit, &at.key("points_per_unit"), report),
        Amount::Range(range) => {
            let at = at.key("range");
            codes::fits_scale(scheme, range.from, at.key("from"), report);
            codes::fits_scale(scheme, range.to, at.key("to"), report);
            if range.from > range.to || (range.from < Decimal::ZERO && range.to > Decimal::ZERO) {
                let (zh, en) = ("范围从小到大，且不同时给分和扣分", "a range goes up, and does not both give and take");
                report.error(at.key("to"), zh, en);
            }
        }
    }
}

fn blocks(scheme: &Scheme, blocks: &Blocks, at: &Place, report: &mut Report) {
    if blocks.tiers.is_empty() {
        return report.error(at.key("tiers"), "至少要有一段", "there is at least one bracket");
    }
    let mut reached = 0;
    for (index, tier) in blocks.tiers.iter().enumerate() {
        let here = at.item("tiers", index);
        codes::fits_scale(scheme, tier.points, here.key("points"), report);
        if tier.points < Decimal::ZERO {
            report.error(here.key("points"), "按时长不会扣分", "time takes no points away");
        }
        if tier.per_hours.whole_minutes().is_none_or(|minutes| minutes <= 0) {
            let (zh, en) = ("一段要有整数分钟", "a block is of whole minutes");
            report.error(here.key("per_hours"), zh, en);
        }
        let last = index.saturating_add(1) == blocks.tiers.len();
        match (tier.up_to_hours, last) {
            (None, true) => {}
            (Some(_), true) => {
                let (zh, en) =
                    ("最后一段没有上界，不写 `up_to_hours`", "the last bracket has no end, and no `up_to_hours`");
                report.error(here.key("up_to_hours"), zh, en);
            }
            (None, false) => {
                report.missing(here, "up_to_hours", "只有最后一段没有上界", "only the last bracket has no end")
            }
            (Some(hours), false) => match hours.whole_minutes().filter(|minutes| *minutes > reached) {
                Some(minutes) => reached = minutes,
                None => {
                    let (zh, en) = ("各段由低到高，以整数分钟为界", "brackets go up, in whole minutes");
                    report.error(here.key("up_to_hours"), zh, en);
                }
            },
        }
    }
}

fn per_unit(scheme: &Scheme, unit: &PerUnit, at: &Place, report: &mut Report) {
    codes::fits_scale(scheme, unit.points, at.key("points"), report);
    codes::text(at.key("unit"), &unit.unit, report);
    if !(1..=1_000_000_000).contains(&unit.per) {
        report.error(at.key("per"), "每单位至少一个", "a unit is of at least one");
    }
    match (unit.per > 1, unit.part_units) {
        (true, None) => {
            let zh = "不足一单位的部分不计（`ignored`）还是按比例计（`proportional`）";
            let en = "whether a part of a unit counts for nothing (`ignored`) or its share (`proportional`)";
            report.missing(at.clone(), "part_units", zh, en);
        }
        (false, Some(PartUnits::Proportional)) => {
            report.error(at.key("part_units"), "一个没有零头", "one thing has no parts");
        }
        _ => {}
    }
}
