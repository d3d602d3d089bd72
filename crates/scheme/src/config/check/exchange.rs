//! Conditions, exchange rules and transfers: that what they refer to exists, and that they can be fulfilled.

use super::codes;
use super::{Place, Report};
use crate::config::{CapUnit, Condition, Entitlement, ExchangeRule, Rules, Scheme};

/// What a condition is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Record,
    Exchange,
    Ladder,
    Review,
}

pub fn check(scheme: &Scheme, rules: &Rules, place: &Place, report: &mut Report) {
    for (index, rule) in rules.exchange.iter().enumerate() {
        let at = place.item("exchange", index);
        exchange_rule(scheme, rules, rule, &at, report);
    }
    for (index, transfer) in rules.transfers.iter().enumerate() {
        let at = place.item("transfers", index);
        conditions(scheme, &transfer.requires, &at, Scope::Exchange, report);
        account(scheme, transfer.account.as_deref(), at.key("account"), report);
    }
}

fn exchange_rule(scheme: &Scheme, rules: &Rules, rule: &ExchangeRule, at: &Place, report: &mut Report) {
    conditions(scheme, &rule.requires, at, Scope::Exchange, report);
    account(scheme, rule.pays_from.as_deref(), at.key("pays_from"), report);
    if let Some(entitlement) = &rule.entitled_by {
        step_exists(rules, entitlement, at.key("entitled_by"), report);
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
    debug_assert!(scheme.accounts.iter().all(|account| account.counts != CapUnit::Uses || !account.spendable));
}

pub fn step_exists(rules: &Rules, entitlement: &Entitlement, at: Place, report: &mut Report) {
    let ladders = rules.ladders.iter().map(|ladder| ladder.code.as_str());
    if !codes::known(at.key("ladder"), &entitlement.ladder, ("等级表", "ladder"), ladders, report) {
        return;
    }
    let ladder = rules.ladders.iter().filter(|ladder| ladder.code == entitlement.ladder);
    let steps: Vec<&str> = ladder.flat_map(|ladder| &ladder.steps).map(|step| step.code.as_str()).collect();
    codes::known(at.key("step"), &entitlement.step, ("等级", "step"), steps.iter().copied(), report);
}

/// Conditions that refer to labels which exist, and that can hold at all.
pub fn conditions(scheme: &Scheme, conditions: &[Condition], at: &Place, _scope: Scope, report: &mut Report) {
    for (index, condition) in conditions.iter().enumerate() {
        let here = at.item("requires", index);
        for (key, labels) in [("labels", &condition.labels), ("without_labels", &condition.without_labels)] {
            for (number, label) in labels.iter().enumerate() {
                let known = scheme.labels.iter().map(|one| one.code.as_str());
                codes::known(here.item(key, number), label, ("标记", "label"), known, report);
            }
        }
    }
}
