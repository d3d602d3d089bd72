use super::marked::all_are_found;
use crate::config::Severity::Error;

#[test]
fn conditions_that_nobody_or_everybody_meets_are_refused() {
    let ages = "min_age = 18, max_age = 70";
    let labels = "labels = [\"aided\"], without_labels = [\"barred\"]";
    let record = "requires = [{ min_age = 18, max_age = 70, labels = [\"aided\"], without_labels = [\"barred\"], filed = true }]";
    all_are_found(
        Error,
        &[
            (ages, "min_age = §71, max_age = 70", "nobody is at least 71 and at most 70"),
            (ages, "min_age = §0", "between 1 and 200"),
            (ages, "member_months = §0", "between 1 and 1200"),
            (ages, "member_years = §101", "between 1 and 100"),
            (ages, "served_within_years = §0", "between 1 and 100"),
            (labels, "labels = [§\"aidde\"]", "no label `aidde`"),
            (labels, "labels = [\"aided\", §\"aided\"]", "listed twice"),
            (labels, "labels = [\"aided\"], without_labels = [§\"aided\"]", "both needed and vetoed"),
            (labels, "residence = [§\" \"]", "is blank"),
            (labels, "teams = [\"a\", §\"a\"]", "listed twice"),
            (labels, "volunteer_kinds = [\"group\"], gender = §\"female\"", "have no gender"),
            (labels, "volunteer_kinds = [\"group\", §\"group\"]", "listed twice"),
            (record, "requires = [§{}]", "holds for everybody"),
        ],
    );
}

#[test]
fn conditions_stand_where_somebody_reads_them() {
    let asked =
        "min_points = \"10\", min_hours = \"20\", min_services = 2, min_step = { ladder = \"stars\", step = \"one\" }";
    let reviewed = "min_hours = \"20\", volunteer_kinds = [\"individual\"]";
    let laddered = "cycle_hours = 300";
    all_are_found(
        Error,
        &[
            ("filed = true", "min_hours = §\"1\"", "has no `min_hours`"),
            ("filed = true", "min_points = §\"1\"", "has no `min_points`"),
            ("filed = true", "min_services = §1", "has no `min_services`"),
            ("filed = true", "min_points_per_hour = §\"10\"", "has no `min_points_per_hour`"),
            ("filed = true", "min_step = §{ ladder = \"stars\", step = \"one\" }", "has no `min_step`"),
            (asked, "filed = §true", "for earning only"),
            (asked, "recorded_within_days = §3", "for earning only"),
            (asked, "served_within_years = §5", "for earning only"),
            (asked, "min_points = §\"1.25\"", "more than 1 decimals"),
            (asked, "min_points = §\"0\"", "everybody has that"),
            (asked, "min_points_per_hour = §\"-1\"", "everybody has that"),
            (asked, "min_hours = §\"0.0001\"", "whole minutes"),
            (asked, "min_step = { ladder = §\"star\", step = \"one\" }", "did you mean `stars`"),
            (asked, "min_step = { ladder = \"stars\", step = §\"won\" }", "did you mean `one`"),
            (reviewed, "volunteer_kinds = §[\"group\"]", "not of these kinds"),
            (
                laddered,
                "cycle_hours = 300\nrequires = [{ min_step = §{ ladder = \"stars\", step = \"one\" } }]",
                "itself for a condition",
            ),
        ],
    );
}
