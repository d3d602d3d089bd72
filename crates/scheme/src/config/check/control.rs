//! Who confirms, what is published, by when answers are due.

use super::conditions::between;
use super::{Place, Report, codes};
use crate::config::{Confirmer, EvidencePolicy, Rules, Scheme};
use crate::rules::Evidence;

const LONGEST_WORKING_DAYS: u32 = 250;

pub fn check(scheme: &Scheme, rules: &Rules, place: &Place, report: &mut Report) {
    for (index, policy) in rules.evidence.iter().enumerate() {
        let at = place.item("evidence", index);
        if rules.evidence.iter().take(index).any(|earlier| earlier.class == policy.class) {
            let (zh, en) = (format!("`{}` 写了两次", policy.class), format!("`{}` is listed twice", policy.class));
            report.error(at.key("class"), zh, en);
        }
        self::policy(policy, &at, report);
    }
    between(
        rules.correction_answer_working_days,
        1,
        LONGEST_WORKING_DAYS,
        place.key("correction_answer_working_days"),
        report,
    );
    let Some(publicity) = &rules.publicity else { return };
    let at = place.key("publicity");
    between(Some(publicity.working_days), 1, LONGEST_WORKING_DAYS, at.key("working_days"), report);
    between(Some(publicity.answer_working_days), 1, LONGEST_WORKING_DAYS, at.key("answer_working_days"), report);
    let categories: Vec<&str> = scheme.categories.iter().map(|one| one.code.as_str()).collect();
    codes::listed("categories", &publicity.categories, ("类别", "category"), &categories, &at, report);
}

fn policy(policy: &EvidencePolicy, at: &Place, report: &mut Report) {
    between(Some(policy.confirmers), 1, 3, at.key("confirmers"), report);
    codes::each_once("confirmed_by", &policy.confirmed_by, at, report);
    codes::each_once("approvers", &policy.approvers, at, report);
    for (index, name) in policy.approvers.iter().enumerate() {
        codes::text(at.item("approvers", index), name, report);
    }
    if policy.confirmed_by.is_empty() {
        report.error(at.key("confirmed_by"), "要写明谁可以确认", "say who may confirm");
    }
    // The leader's word would confirm itself.
    let seen = matches!(policy.class, Evidence::SelfScan | Evidence::Kiosk);
    if !seen && policy.confirmed_by.contains(&Confirmer::Leader) {
        let zh = "队长只能确认本人扫码（self_scan）或机器登记（kiosk）的记录";
        let en = "a leader confirms only what was scanned (`self_scan`) or done at a kiosk (`kiosk`)";
        report.error(at.key("confirmed_by"), zh, en);
    }
    let named = policy.approvers.len();
    if named > 0 && named < policy.confirmers as usize {
        let zh = format!("须 {} 人确认，只指定了 {named} 人", policy.confirmers);
        let en = format!("{} people confirm, and only {named} are named", policy.confirmers);
        report.error(at.key("approvers"), zh, en);
    }
}
