//! Certificates: a time that exists, and texts that fit on the paper.

use super::conditions::between;
use super::{Place, Report};
use crate::config::Scheme;

const MOST_DAYS: u32 = 250;
const MOST_LETTERS: usize = 60;

pub fn check(scheme: &Scheme, report: &mut Report) {
    let Some(certificates) = &scheme.certificates else { return };
    let at = Place::root().key("certificates");
    between(certificates.issue_working_days, 1, MOST_DAYS, at.key("issue_working_days"), report);
    let texts = [
        ("issuer", &certificates.issuer),
        ("person_in_charge", &certificates.person_in_charge),
        ("contact", &certificates.contact),
    ];
    for (key, text) in texts {
        let fits = |text: &String| !text.trim().is_empty() && text.chars().count() <= MOST_LETTERS;
        if text.as_ref().is_some_and(|text| !fits(text)) {
            report.error(at.key(key), "须为 1 至 60 个字", "it has 1 to 60 letters");
        }
    }
}
