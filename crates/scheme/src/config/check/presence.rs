//! Signing in and out: numbers within reason, and categories that fit.

use super::conditions::between;
use super::{Place, Report, codes, is_event};
use crate::config::{BelowShare, Scheme};

/// Minutes of a day.
const DAY: u32 = 24 * 60;

pub fn check(scheme: &Scheme, root: &Place, report: &mut Report) {
    let (presence, at) = (&scheme.presence, root.key("presence"));
    for (field, value, least, most) in [
        ("early_minutes", presence.early_minutes, 0, DAY),
        ("cancel_minutes", presence.cancel_minutes, 0, 60),
        ("close_after_minutes", presence.close_after_minutes, 0, DAY),
        ("sign_up_lead_minutes", presence.sign_up_lead_minutes, 0, 60 * DAY),
        ("code_minutes", presence.code_minutes, 1, DAY),
        ("clock_hours", presence.clock_hours, 1, 24 * 366),
        ("queue_days", presence.queue_days, 1, 366),
    ] {
        between(Some(value), least, most, at.key(field), report);
    }
    between(presence.share_percent, 1, 100, at.key("share_percent"), report);
    if presence.below_share == BelowShare::NotCredited && presence.share_percent.is_none() {
        let zh = "活动自己没有写比例的，“不计”不起作用";
        let en = "it means something only for activities that ask for a share themselves";
        report.warning(at.key("below_share"), zh, en);
    }
    let known = || scheme.categories.iter().map(|one| one.code.as_str());
    if let Some(event) = &presence.no_show_event {
        let here = at.key("no_show_event");
        codes::known(here.clone(), event, ("类别", "category"), known(), report);
        if scheme.category(event).is_some() && !is_event(scheme, event) {
            report.error(here, "未到是事项，不是服务", "not coming is an event, and no service");
        }
    }
    if let Some(duty) = &presence.duty {
        let here = at.key("duty");
        codes::known(here.key("category"), &duty.category, ("类别", "category"), known(), report);
        if is_event(scheme, &duty.category) {
            report.error(here.key("category"), "值守是服务，不是事项", "duty is a service, and no event");
        }
        if duty.closes <= duty.opens {
            report.error(here.key("closes"), "结束须晚于开始", "the end is not after the beginning");
        }
        for (field, text) in [("title", &duty.title), ("person_in_charge", &duty.person_in_charge)] {
            if text.trim().is_empty() {
                report.error(here.key(field), "不能为空", "it is blank");
            }
        }
    }
}
