//! Complaints: times that exist, and an event that is one.

use super::conditions::between;
use super::{Place, Report, codes, is_event};
use crate::config::Scheme;

const MOST_DAYS: u32 = 250;

pub fn check(scheme: &Scheme, report: &mut Report) {
    let Some(complaints) = &scheme.complaints else { return };
    let at = Place::root().key("complaints");
    between(Some(complaints.answer_working_days), 1, MOST_DAYS, at.key("answer_working_days"), report);
    between(complaints.appeal_working_days, 1, MOST_DAYS, at.key("appeal_working_days"), report);
    let Some(category) = &complaints.event_category else { return };
    let known = scheme.categories.iter().map(|one| one.code.as_str());
    codes::known(at.key("event_category"), category, ("类别", "category"), known, report);
    if scheme.category(category).is_some() && !is_event(scheme, category) {
        let (zh, en) = ("这里要写一个事项（`kind = \"event\"`）", "this is an event, `kind = \"event\"`");
        report.error(at.key("event_category"), zh, en);
    }
}
