//! Exchange rules and transfers: that they can be fulfilled, and do not say two things at once.

use chrono::{Datelike, NaiveDate};

use super::codes::{self, each_once, listed_labels};
use super::conditions::{self, Scope, between, step_exists};
use super::{Place, Report};
use crate::config::{
    Bill, CapUnit, ExchangePolicy, ExchangeRule, NoShowBar, PointsBack, Relation, Rules, Scheme, Transfer,
    TransferLimit, TransferTo, UseLimit, Window,
};
use crate::rules::{Decimal, Period};

pub fn check(scheme: &Scheme, rules: &Rules, place: &Place, report: &mut Report) {
    for (index, rule) in rules.exchange.iter().enumerate() {
        let at = place.item("exchange", index);
        exchange_rule(scheme, rules, rule, &at, report);
        for earlier in rules.exchange.iter().take(index).filter(|earlier| share_rewards(earlier, rule)) {
            two_prices(earlier, rule, &at, report);
        }
    }
    if let Some(policy) = &rules.exchange_policy {
        self::policy(policy, &place.key("exchange_policy"), report);
    }
    if let Some(bar) = rules.no_show.as_ref().and_then(|no_show| no_show.bar) {
        self::bar(bar, &place.key("no_show").key("bar"), report);
    }
    for (index, transfer) in rules.transfers.iter().enumerate() {
        self::transfer(scheme, rules, transfer, &place.item("transfers", index), report);
    }
}

/// Longer than this, a date was meant.
const DAYS_MAX: u32 = 3660;

fn policy(policy: &ExchangePolicy, at: &Place, report: &mut Report) {
    if let PointsBack::ExtendDays(days) = policy.points_back_after_expiry {
        let here = at.key("points_back_after_expiry").key("extend_days");
        between(Some(days), 1, DAYS_MAX, here, report);
    }
    between(policy.return_days, 0, DAYS_MAX, at.key("return_days"), report);
    each_once("collected_by", &policy.collected_by, at, report);
}

fn bar(bar: NoShowBar, at: &Place, report: &mut Report) {
    if !(1..=1000).contains(&bar.after) {
        let (zh, en) = ("次数在 1 到 1000 之间", "it is after 1 to 1000 no-shows");
        report.error(at.key("after"), zh, en);
    }
    between(Some(bar.within_months), 1, 120, at.key("within_months"), report);
    between(Some(bar.days), 1, 3650, at.key("days"), report);
}

fn exchange_rule(scheme: &Scheme, rules: &Rules, rule: &ExchangeRule, at: &Place, report: &mut Report) {
    for (index, group) in rule.groups.iter().enumerate() {
        codes::code(at.item("groups", index), group, report);
    }
    each_once("groups", &rule.groups, at, report);
    prohibited(rule, at, report);
    for (index, window) in rule.windows.iter().enumerate() {
        self::window(window, &at.item("windows", index), report);
    }
    limits(&rule.limits, at, report);
    conditions::check(scheme, rules, &rule.requires, at, Scope::Exchange, report);
    account(scheme, rule.pays_from.as_deref(), at.key("pays_from"), report);
    if let Some(step) = &rule.entitled_by {
        step_exists(rules, step, at.key("entitled_by"), report);
        if rule.pays_from.is_some() {
            let zh = "按等级享有的不用支付，不写 `pays_from`";
            let en = "what a step entitles to is not paid for, and has no `pays_from`";
            report.error(at.key("pays_from"), zh, en);
        }
    }
    let pays_minutes = rule.pays_from.as_deref().and_then(|code| scheme.account(code));
    if rule.clears_balance && pays_minutes.is_some_and(|account| account.counts != CapUnit::Points) {
        let (zh, en) = ("只有积分能一次清空", "only an account of points is cleared by an exchange");
        report.error(at.key("clears_balance"), zh, en);
    }
    for (index, beneficiaries) in rule.beneficiaries.iter().enumerate() {
        let here = at.item("beneficiaries", index);
        if beneficiaries.relations.is_empty() {
            let (zh, en) = ("要写明能为谁兑换", "say for whom an exchange may be made");
            report.error(here.key("relations"), zh, en);
        }
        each_once("relations", &beneficiaries.relations, &here, report);
        between(beneficiaries.min_age, 1, 200, here.key("min_age"), report);
    }
    if let Some(bill) = rule.bill {
        self::bill(bill, &at.key("bill"), report);
    }
}

/// Whether there may be rewards that both rules cover.
fn share_rewards(one: &ExchangeRule, other: &ExchangeRule) -> bool {
    one.groups.is_empty() || other.groups.is_empty() || one.groups.iter().any(|group| other.groups.contains(group))
}

/// A reward is paid for in one way, and must fit all rules that cover it.
fn two_prices(earlier: &ExchangeRule, rule: &ExchangeRule, at: &Place, report: &mut Report) {
    let differ = [
        ("pays_from", rule.pays_from.is_some() && earlier.pays_from.is_some() && rule.pays_from != earlier.pays_from),
        ("bill", rule.bill.is_some() && earlier.bill.is_some() && rule.bill != earlier.bill),
    ];
    for (key, _) in differ.into_iter().filter(|(_, differ)| *differ) {
        let zh = format!("前面的规则适用同样的奖励，`{key}` 却不同");
        let en = format!("an earlier rule covers the same rewards, with another `{key}`");
        report.error(at.key(key), zh, en);
    }
}

/// What is not exchanged at all has no other rule, but for the account in whose unit it is priced; and not everything is
/// meant.
fn prohibited(rule: &ExchangeRule, at: &Place, report: &mut Report) {
    if !rule.prohibited {
        return;
    }
    if rule.groups.is_empty() {
        let (zh, en) = ("没有 `groups`，什么都不能兑换", "without `groups` nothing at all can be exchanged");
        report.warning(at.key("prohibited"), zh, en);
    }
    let ruled = [
        ("windows", !rule.windows.is_empty()),
        ("limits", !rule.limits.is_empty()),
        ("requires", !rule.requires.is_empty()),
        ("entitled_by", rule.entitled_by.is_some()),
        ("clears_balance", rule.clears_balance),
        ("beneficiaries", !rule.beneficiaries.is_empty()),
        ("bill", rule.bill.is_some()),
    ];
    for (key, _) in ruled.into_iter().filter(|(_, written)| *written) {
        let (zh, en) =
            (format!("一律不得兑换的，不必写 `{key}`"), format!("what is not exchanged at all has no `{key}`"));
        report.error(at.key(key), zh, en);
    }
}

fn account(scheme: &Scheme, code: Option<&str>, at: Place, report: &mut Report) {
    let Some(code) = code else { return };
    let known = scheme.accounts.iter().map(|one| one.code.as_str());
    if codes::known(at.clone(), code, ("账本", "account"), known, report)
        && scheme.account(code).is_some_and(|account| !account.spendable)
    {
        let (zh, en) = (format!("账本 `{code}` 不能用于兑换"), format!("the account `{code}` is not spendable"));
        report.error(at, zh, en);
    }
}

fn window(window: &Window, at: &Place, report: &mut Report) {
    if *window == Window::default() {
        let zh = "空的时间段随时开放，不必写";
        let en = "an empty window is always open; leave it out";
        return report.error(at.clone(), zh, en);
    }
    each_once("weekdays", &window.weekdays, at, report);
    let mut possible = true;
    for (key, list, most) in [("days_of_month", &window.days_of_month, 31), ("months", &window.months, 12)] {
        each_once(key, list, at, report);
        for (index, number) in list.iter().enumerate() {
            between(Some(*number), 1, most, at.item(key, index), report);
            possible &= (1..=most).contains(number);
        }
    }
    if possible && !opens(window) {
        let zh = "这些日子凑不到一起，永远不开放";
        let en = "no day fits all of this: the window never opens";
        report.error(at.clone(), zh, en);
    }
}

/// Whether a window opens at all. After 28 years the calendar repeats itself.
fn opens(window: &Window) -> bool {
    let first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
    first.iter_days().take_while(|day| day.year() < 2028).any(|day| window.opens_on(day))
}

fn limits(limits: &[UseLimit], at: &Place, report: &mut Report) {
    for (index, limit) in limits.iter().enumerate() {
        let here = at.item("limits", index);
        if limit.uses < 1 {
            report.error(here.key("uses"), "至少 1 次", "a limit is of at least 1");
        }
        for (other, wider) in limits.iter().enumerate().filter(|(other, _)| *other != index) {
            if limit.per == wider.per && other < index {
                let zh = "这个期间前面已有限次";
                let en = "an earlier limit is for the same period";
                report.error(here.key("per"), zh, en);
            }
            if lies_in(limit.per, wider.per) && wider.uses <= limit.uses {
                let zh = format!("用不到：更长的期间最多才 {} 次", wider.uses);
                let en = format!("never reached: a longer period has at most {}", wider.uses);
                report.warning(here.key("uses"), zh, en);
            }
        }
    }
}

/// Whether every `short` is a part of one `long`, and they differ. Weeks run across months.
fn lies_in(short: Period, long: Period) -> bool {
    let rank = |period| Period::ALL.iter().position(|one| *one == period);
    let across = short == Period::Week && long != Period::Ever;
    rank(short) < rank(long) && !across
}

fn bill(bill: Bill, at: &Place, report: &mut Report) {
    if bill.fen_per_point.is_some() == bill.voucher_fen.is_some() {
        let zh = "`fen_per_point`（一分抵多少分钱）和 `voucher_fen`（抵用券面额）写其中一个";
        let en = "a bill has either `fen_per_point` or `voucher_fen`";
        report.error(at.clone(), zh, en);
    }
    for (key, fen) in [("fen_per_point", bill.fen_per_point), ("voucher_fen", bill.voucher_fen)] {
        if fen.is_some_and(|fen| !(1..=1_000_000_000).contains(&fen)) {
            report.error(at.key(key), "金额以分计，要大于 0", "an amount of fen is more than 0");
        }
    }
    if !(0..=1_000_000_000).contains(&bill.least_cash_fen) {
        report.error(at.key("least_cash_fen"), "付现不能为负", "cash is not negative");
    }
}

fn transfer(scheme: &Scheme, rules: &Rules, transfer: &Transfer, at: &Place, report: &mut Report) {
    conditions::check(scheme, rules, &transfer.requires, at, Scope::Exchange, report);
    account(scheme, transfer.account.as_deref(), at.key("account"), report);
    if let Some(limit) = transfer.limit {
        transfer_limit(scheme, transfer, limit, &at.key("limit"), report);
    }
    let pool = transfer.to == TransferTo::Pool;
    each_once("relations", &transfer.relations, at, report);
    if pool && !transfer.relations.is_empty() {
        let (zh, en) = ("捐赠池不是谁的亲属", "the donation pool is nobody's relative");
        report.error(at.key("relations"), zh, en);
    }
    if transfer.relations.contains(&Relation::Oneself) {
        let (zh, en) = ("不能转赠给自己", "nobody gives to themselves");
        report.error(at.key("relations"), zh, en);
    }
    listed_labels(scheme, "first_for", &transfer.first_for, at, report);
    if !pool && !transfer.first_for.is_empty() {
        let zh = "`first_for` 说的是捐赠池怎样分配，只和 `to = \"pool\"` 一起写";
        let en = "`first_for` says how the pool is given out, and goes with `to = \"pool\"` only";
        report.error(at.key("first_for"), zh, en);
    }
}

fn transfer_limit(scheme: &Scheme, transfer: &Transfer, limit: TransferLimit, at: &Place, report: &mut Report) {
    let account = transfer.account.as_deref().and_then(|code| scheme.account(code));
    let minutes = account.is_some_and(|account| account.counts == CapUnit::Minutes);
    if limit.amount <= Decimal::ZERO {
        report.error(at.key("amount"), "上限要大于 0", "the limit is more than 0");
    } else if !minutes {
        codes::fits_scale(scheme, limit.amount, at.key("amount"), report);
    } else if limit.amount.whole_minutes().is_none() {
        report.error(at.key("amount"), "小时数要合整数分钟", "the hours are not of whole minutes");
    }
}
