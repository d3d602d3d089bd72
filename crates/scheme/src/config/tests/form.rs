use super::marked::{RICH, all_are_found};
use crate::config::Scheme;
use crate::config::Severity::Error;

#[test]
fn names_that_do_not_exist_get_the_one_that_was_meant() {
    all_are_found(
        Error,
        &[
            ("illustrative = true", "§ilustrative = true", "did you mean `illustrative`"),
            ("[[versions]]", "[[§version]]", "did you mean `versions`"),
            (
                "[[versions.transfers]]\nto = \"pool\"",
                "[[versions.§transfer]]\nto = \"pool\"",
                "did you mean `transfers`",
            ),
            ("hours_credited = \"as_served\"", "§hour_credited = \"as_served\"", "did you mean `hours_credited`"),
            ("hours_credited = \"as_served\"", "hours_credited = §\"as_serve\"", "did you mean `as_served`"),
            ("thaw_to = \"50\"", "§taw_to = \"50\"", "did you mean `thaw_to`"),
            ("points = \"-2\"", "§point = \"-2\"", "did you mean `points`"),
            ("{ uses = 1, per = \"day\" }", "{ §user = 1, per = \"day\" }", "did you mean `uses`"),
            (
                "kind = \"event\" },\n    { code = \"honour\"",
                "kind = §\"events\" },\n    { code = \"honour\"",
                "`event`",
            ),
        ],
    );
}

#[test]
fn values_of_another_kind_are_told_what_they_should_be() {
    let bands = "bands = [{ from = \"10\", score = \"1\" }, { from = \"20\", score = \"2\" }]";
    all_are_found(
        Error,
        &[
            ("points_per_hour = \"1\"", "points_per_hour = §1", "→ `\"1\"`"),
            ("points_per_hour = \"1\"", "points_per_hour = §1.5", "→ `\"1.5\"`"),
            ("points_per_hour = \"1\"", "points_per_hour = §\"一分\"", "digits 0-9"),
            ("from = 2026-01-01", "from = §\"2026-01-01\"", "without quotes: `2026-01-01`"),
            ("illustrative = true", "illustrative = §\"true\"", "without quotes: `true`"),
            ("recording_deadline_working_days = 10", "recording_deadline_working_days = §\"10\"", "an integer"),
            ("groups = [\"goods\"]", "groups = §\"goods\"", "→ `[\"goods\"]`"),
            ("evidence_without_points = []", "evidence_without_points = §{}", "a list"),
            (bands, "bands = §{ from = \"10\", score = \"1\" }", "`[[…]]`"),
            ("code = \"coins\"", "code = §1", "a string"),
            ("within = \"year\"", "within = §\"days\"", "`{ days = … }`"),
            ("within = \"year\"", "within = { §year = 1 }", "`\"year\"`"),
            ("within = \"year\"", "within = §1", "one of its variants"),
            ("cycle_hours = 300", "cycle_hours = §-300", "-300"),
        ],
    );
}

#[test]
fn all_flaws_of_form_are_found_at_once_and_say_what_is_asked() {
    let text = RICH.replace("points_scale = 1\n", "").replace("refundable = false\n", "").replace("ties = ", "tie = ");
    let text = text.replacen("over = \"truncate\"\n", "", 1).replace("per = \"day\"\nlimit", "per = \"daily\"\nlimit");
    let error = Scheme::parse(&text).expect_err("flaws");
    let said: Vec<_> = error.findings.iter().map(|finding| finding.to_string()).collect();
    for expected in [
        "line 1, column 1: 缺少 `points_scale`：积分的小数位数，0 至 2 missing field `points_scale`: Decimals of a point",
        "缺少 `over`：超出时：截断、整条不计，或超出部分进捐赠池（`truncate`, `void`, `donate`） missing field `over`",
        "没有选项 `daily`",
        "缺少 `refundable`：是否可退",
        "unknown field `tie` → 是否要写 `ties`",
    ] {
        assert!(said.iter().any(|finding| finding.contains(expected)), "{expected}: {said:#?}");
    }
    assert_eq!(said.len(), 5, "{said:#?}");
}

#[test]
fn whatever_line_is_missing_the_findings_have_a_place_and_both_languages() {
    let lines: Vec<&str> = RICH.lines().collect();
    for missing in 0..lines.len() {
        let kept: Vec<&str> =
            lines.iter().enumerate().filter(|(line, _)| *line != missing).map(|(_, line)| *line).collect();
        let Err(error) = Scheme::parse(&kept.join("\n")) else { continue };
        for finding in &error.findings {
            let said = format!("without {:?}: {finding}", lines[missing]);
            assert!(finding.line_and_column.is_some(), "{said}");
            assert!(!finding.zh.is_ascii() && !finding.en.is_empty(), "{said}");
            assert!(!finding.to_string().contains('\n'), "{said}");
        }
    }
}
