use super::marked::{RICH, all_are_found};
use crate::config::Scheme;
use crate::config::Severity::{Error, Warning};

const TWO: &str = "{ code = \"two\", name = \"二星\", name_en = \"Two\", hours = \"300\" }";
const FEW: &str = "{ code = \"few\", name = \"两册\", name_en = \"Two\", points = \"1\" }";
const MORE: &str = "{ code = \"more\", name = \"六册\", name_en = \"Six\", points = \"601\", days = 5 }";

fn two(rest: &str) -> String {
    format!("{{ code = \"two\", name = \"二星\", name_en = \"Two\"{rest} }}")
}

#[test]
fn steps_can_be_reached_one_after_the_other() {
    let more = |rest: &str| format!("{{ code = \"more\", name = \"六册\", name_en = \"Six\"{rest} }}");
    all_are_found(
        Error,
        &[
            (TWO, &two(", hours = §\"90\""), "less than the 100 of one below"),
            (TWO, &format!("§{}", two(", hours = \"100\"")), "no more than `one` below it"),
            (TWO, &format!("§{}", two("")), "asks for nothing"),
            (TWO, &two(", hours = §\"0\""), "everybody has that"),
            (TWO, &two(", hours = §\"100.0001\""), "whole minutes"),
            (TWO, &format!("§{}", two(", points = \"20\"")), "are by hours"),
            (TWO, &two(", hours = \"300\", or_label = §\"full_time\""), "no label `full_time`"),
            (TWO, &two(", hours = \"300\", granted_by = §\"\""), "is blank"),
            ("code = \"more\"", "code = §\"few\"", "used twice"),
            ("code = \"more\"", "code = §\"2\"", "beginning with a letter"),
            (MORE, &more(", points = §\"601.25\", days = 5"), "more than 1 decimals"),
            (MORE, &more(", points = §\"-601\", days = 5"), "not for debts"),
            (MORE, &more(", points = \"601\", days = §367"), "unreachable tier: there are only 366 days"),
            (MORE, &more(", points = \"601\", days = 5, hours = §\"8785\""), "unreachable tier"),
            (MORE, &more(", points = \"601\", days = 5, member_months = §0"), "between 1 and 1200"),
        ],
    );
    all_are_found(Warning, &[(TWO, &two(", hours = §\"301\""), "a cycle has only 300")]);
    // The same tenure on every step is no flaw, as long as something rises.
    let tenure = RICH.replace(FEW, &FEW.replace(" }", ", member_months = 6 }"));
    let tenure = tenure.replace(MORE, &MORE.replace(" }", ", member_months = 6 }"));
    assert!(Scheme::parse(&tenure).is_ok());
}

#[test]
fn what_is_applied_for_says_how_and_what_is_reached_does_not() {
    let kept = "award = \"on_application\"\nstanding = \"kept\"\nsequence = \"one_by_one\"";
    let automatic = "award = \"automatic\"";
    all_are_found(
        Error,
        &[
            ("code = \"books\"", "code = §\"Books\"", "beginning with a letter"),
            ("standing = \"kept\"", "standing = §\"follows_balance\"", "does not follow the balance"),
            ("publicity_working_days = 5", "publicity_working_days = §0", "between 1 and 250"),
            ("ban_years_max = 3", "ban_years_max = §0", "between 1 and 100"),
            ("applicants = [\"organisation\"]", "applicants = [\"oneself\", §\"oneself\"]", "listed twice"),
            (automatic, "award = \"automatic\"\nsequence = §\"any_step\"", "with `award = \"on_application\"` only"),
            (automatic, "award = \"automatic\"\npublicity_working_days = §5", "with `award"),
            (automatic, "award = \"automatic\"\napplicants = §[\"oneself\"]", "with `award"),
            (automatic, "award = \"automatic\"\nban_years_max = §1", "with `award"),
            (FEW, &FEW.replace(" }", ", granted_by = §\"馆\" }"), "with `award"),
            ("cycle_hours = 300", "cycle_hours = 300\nwithin = §{ days = 0 }", "between 1 and"),
            ("hours_of = \"bank\"", "hours_of = §\"coins\"", "does not count minutes"),
            ("hours_of = \"bank\"", "hours_of = §\"bnak\"", "did you mean `bank`"),
            ("closes_on = \"11-30\"", "closes_on = §\"11-31\"", "no day `11-31`"),
            (automatic, "award = \"automatic\"\nhours_of = §\"bank\"", "no step asks for time"),
        ],
    );
    let silent = RICH.replace(kept, "award = \"on_application\"\nstanding = \"kept\"");
    let error = Scheme::parse(&silent).expect_err("a flaw");
    assert!(error.to_string().contains("missing field `sequence`: whether steps"), "{error}");
}

#[test]
fn reviews_select_somebody() {
    let quota = "quota = { percent = \"10\" }";
    let bands = "bands = [{ from = \"10\", score = \"1\" }, { from = \"20\", score = \"2\" }]";
    let review = "key = \"account\"\naccount = \"merit\"";
    all_are_found(
        Error,
        &[
            (quota, "quota = §{ percent = \"0\" }", "more than 0 and at most 100"),
            (quota, "quota = §{ percent = \"100.5\" }", "more than 0 and at most 100"),
            (quota, "quota = §{ fixed = 0 }", "between 1 and"),
            (quota, "quota = §{ by_unit = 0 }", "between 1 and"),
            (quota, "quota = { §percnt = \"10\" }", "did you mean `percent`"),
            (bands, "bands = [{ from = \"20\", score = \"1\" }, { from = §\"20\", score = \"2\" }]", "go up"),
            (bands, "bands = [{ from = \"20\", score = \"2\" }, { from = \"30\", score = §\"1\" }]", "go up"),
            (bands, "bands = [{ from = §\"1.25\", score = \"2\" }]", "more than 1 decimals"),
            (bands, "bands = [§{ from = \"-1\", score = \"2\" }]", "no negative numbers"),
            (review, "key = \"account\"\naccount = §\"merits\"", "did you mean `merit`"),
            (review, "key = \"hours\"\naccount = §\"merit\"", "with `key = \"account\"` only"),
            ("winners_rest_years = 2", "winners_rest_years = §0", "between 1 and 100"),
        ],
    );
    let nobody = RICH.replace("requires = [{ min_hours = \"20\", volunteer_kinds = [\"individual\"] }]\n", "");
    let error = Scheme::parse(&nobody).expect_err("a flaw");
    assert!(error.to_string().contains("nobody fails"), "{error}");
    let after = &RICH[RICH.find(quota).expect("a quota")..];
    let error = Scheme::parse(&RICH.replace(after, "")).expect_err("a flaw");
    assert!(error.to_string().contains("says nothing"), "{error}");
    let error = Scheme::parse(&RICH.replace("account = \"merit\"\n", "")).expect_err("a flaw");
    assert!(error.to_string().contains("missing field `account`: the account that the order goes by"), "{error}");
    let services = RICH.replace("key = \"account\"\naccount = \"merit\"", "key = \"services\"");
    assert!(Scheme::parse(&services).is_ok());
    let error = Scheme::parse(&services.replace("from = \"10\"", "from = \"9.5\"")).expect_err("a flaw");
    assert!(error.to_string().contains("services are whole numbers"), "{error}");
}
