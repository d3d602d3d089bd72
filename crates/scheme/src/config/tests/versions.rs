use super::marked::{RICH, all_are_found};
use crate::config::Scheme;
use crate::config::Severity::{Error, Warning};

#[test]
fn a_cap_that_another_is_always_met_before_is_warned_about() {
    let month = "per = \"month\"\nlimit_points = \"100\"\nover = \"truncate\"";
    let record = |limit: &str| {
        format!("{month}\n\n[[versions.caps]]\nper = \"record\"\nlimit_points = {limit}\nover = \"truncate\"")
    };
    let patrol = format!(
        "{month}\n\n[[versions.caps]]\nper = \"day\"\ncategories = [\"patrol\"]\nlimit_points = §\"9\"\nover = \"truncate\""
    );
    let honour = format!(
        "{month}\n\n[[versions.caps]]\nper = \"record\"\ncategories = [\"honour\"]\nlimit_points = §\"20\"\nover = \"void\""
    );
    all_are_found(
        Warning,
        &[
            (month, "per = \"month\"\nlimit_points = §\"248\"\nover = \"truncate\"", "cap 1 is always met first"),
            (month, &record("§\"8\""), "cap 1 is always met first"),
            (month, &patrol, "cap 1 is always met first"),
            (month, &honour, "fixed sums"),
            (
                month,
                &format!(
                    "{month}\n\n[[versions.caps]]\nper = \"year\"\naccount = \"merit\"\nlimit_points = §\"9\"\nover = \"void\""
                ),
                "limits nothing",
            ),
            (
                month,
                &format!(
                    "{month}\n\n[[versions.caps]]\nper = \"year\"\ncategories = [\"late\"]\nlimit_minutes = §9\nover = \"void\""
                ),
                "limits nothing",
            ),
        ],
    );
    for sound in [
        "per = \"month\"\nlimit_points = \"247\"\nover = \"truncate\"",
        "per = \"month\"\nlimit_points = \"248\"\nover = \"void\"",
        "per = \"month\"\nlimit_minutes = 1\nover = \"truncate\"",
        "per = \"week\"\nlimit_points = \"55\"\nover = \"truncate\"",
        &record("\"7.9\""),
        &honour.replace('§', "").replace("\"20\"", "\"19\""),
    ] {
        let parsed = Scheme::parse_with_warnings(&RICH.replacen(month, sound, 1));
        assert_eq!(parsed.map(|(_, warnings)| warnings), Ok(vec![]), "{sound}");
    }
}

#[test]
fn freezing_needs_something_that_leads_to_it_and_out_of_it() {
    let thawed = "thawed_by = [{ categories = [\"patrol\"], minutes = 120 }], after_days = 60";
    all_are_found(
        Error,
        &[
            (thawed, "thawed_by = §[]", "say what thaws"),
            (thawed, "thawed_by = [{ categories = §[] }]", "whose records thaw"),
            (thawed, "thawed_by = [{ categories = [§\"patrl\"] }]", "did you mean `patrol`"),
            (thawed, "thawed_by = [{ categories = [\"honour\"], minutes = §60 }]", "an event has none"),
            (thawed, "thawed_by = [], after_days = §0", "between 1 and"),
            ("thaw_to = \"50\"", "thaw_to = §\"0\"", "thaws to more"),
            ("thaw_to = \"50\"", "thaw_to = §\"50.55\"", "more than 1 decimals"),
        ],
    );
    let harmless = RICH.replace("points = \"-2\"", "points = \"2\"").replace("overdraft = \"stop_at_zero\"\n", "");
    let error = Scheme::parse(&harmless).expect_err("a flaw");
    assert!(error.to_string().contains("nothing leads to freezing"), "{error}");
}

#[test]
fn a_version_that_changes_nothing_is_warned_about() {
    let version = &RICH[RICH.find("[[versions]]").expect("versions")..];
    let copy = version.replace("2026-01-01", "2027-01-01").replace("第一版", "第二版");
    let (_, warnings) = Scheme::parse_with_warnings(&format!("{RICH}\n{copy}")).expect("a scheme");
    let said: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert!(said.len() == 1 && said[0].contains("the same as `第一版` before it"), "{said:?}");
    let changed = copy.replace("per = \"month\"\nlimit_points = \"100\"", "per = \"month\"\nlimit_points = \"90\"");
    let (_, warnings) = Scheme::parse_with_warnings(&format!("{RICH}\n{changed}")).expect("a scheme");
    assert_eq!(warnings, []);
}

#[test]
fn what_happens_by_itself_is_one_event_for_everybody() {
    let honour = "categories = [\"honour\"]\npoints = \"20\"";
    all_are_found(
        Error,
        &[
            (
                honour,
                "categories = [\"honour\"]\nrange = { from = \"1\", to = \"2\" }\nwhen = §\"registration\"",
                "one event",
            ),
            (
                honour,
                "categories = [\"honour\"]\nlabels = [\"aided\"]\npoints = \"1\"\nwhen = §\"registration\"",
                "one event",
            ),
            (
                honour,
                "categories = [\"honour\"]\npoints = \"20\"\nhighest_of = { group = \"stars\", per = §\"record\" }",
                "always the highest",
            ),
            (
                "version = \"第一版\"\nevidence_without_points = []\nexpiry = \"never\"",
                "version = \"第一版\"\nevidence_without_points = []\nexpiry = §{ on = 2025-12-31 }",
                "before this version begins",
            ),
        ],
    );
}
