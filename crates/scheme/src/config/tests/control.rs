use super::marked::{RICH, all_are_found};
use crate::config::Scheme;
use crate::config::Severity::Error;
use crate::rules::Evidence;

const DEADLINE: &str = "recording_deadline_working_days = 10\n";

fn with(rest: &str) -> String {
    format!("{DEADLINE}{rest}\n")
}

#[test]
fn who_confirms_and_what_is_published_can_be_done() {
    let evidence = |rest: &str| with(&format!("evidence = [{rest}]"));
    all_are_found(
        Error,
        &[
            (
                DEADLINE,
                &evidence("{ class = \"back_filled\", confirmed_by = §[\"leader\"] }"),
                "a leader confirms only what was scanned",
            ),
            (DEADLINE, &evidence("{ class = \"kiosk\" }, { class = §\"kiosk\" }"), "listed twice"),
            (DEADLINE, &evidence("{ class = \"kiosk\", confirmers = §4 }"), "between 1 and 3"),
            (DEADLINE, &evidence("{ class = \"kiosk\", confirmed_by = §[] }"), "say who may confirm"),
            (DEADLINE, &evidence("{ class = \"kiosk\", confirmers = 2, approvers = §[\"王芳\"] }"), "only 1 are named"),
            (DEADLINE, &with("publicity = { working_days = §0 }"), "between 1 and 250"),
            (DEADLINE, &with("publicity = { working_days = 3, categories = [§\"chess\"] }"), "no category `chess`"),
            (DEADLINE, &with("correction_answer_working_days = §0"), "between 1 and 250"),
        ],
    );
}

#[test]
fn one_reviewer_confirms_and_nothing_is_published_where_nothing_is_written() {
    let scheme = Scheme::parse(RICH).expect("a scheme");
    let rules = scheme.versions().first().expect("a version");
    for class in Evidence::ALL {
        let policy = rules.policy(class);
        assert_eq!((policy.confirmers, policy.approvers.len(), policy.needs_reason), (1, 0, false));
        assert_eq!(policy.confirmed_by, [crate::config::Confirmer::Reviewer]);
        assert!(rules.publicity_of(class, "patrol").is_none());
    }
    assert_eq!(rules.correction_days(), 10);
}
