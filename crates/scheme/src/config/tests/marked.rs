//! A scheme with something of everything, and a way to say where a flaw is expected: the mark `§` in the changed text stands
//! in front of what the finding must point at.

use crate::config::{Finding, Scheme, Severity};

pub const RICH: &str = r#"code = "rich"
name = "样样都有"
name_en = "Something of everything"
illustrative = true
source = "示例"
points_scale = 1
stations = [{ code = "main", name = "站" }]
categories = [
    { code = "patrol", name = "巡逻", name_en = "Patrol" },
    { code = "class", name = "课堂", name_en = "Class" },
    { code = "late", name = "逾期", name_en = "Late", kind = "event" },
    { code = "honour", name = "荣誉", name_en = "Honour", kind = "event" },
]
labels = [
    { code = "aided", name = "受助者", name_en = "Aided" },
    { code = "barred", name = "停兑", name_en = "Barred" },
]

[[accounts]]
code = "bank"
name = "时间银行"
name_en = "Time bank"
counts = "minutes"
spendable = true
expiry = "never"

[[accounts]]
code = "merit"
name = "贡献值"
name_en = "Merit"
counts = "points"
spendable = false
expiry = "year_end"
expiry_counts_from = "recording_date"

[[accounts]]
code = "coins"
name = "公益币"
name_en = "Coins"
counts = "points"
spendable = true
expiry = "never"

[[versions]]
from = 2026-01-01
version = "第一版"
evidence_without_points = []
expiry = "never"
recording_deadline_working_days = 10
overdraft = "stop_at_zero"
freeze = { at = "0", thaw_to = "50", thawed_by = [{ categories = ["patrol"], minutes = 120 }], after_days = 60 }
exchange_policy = { points_back_after_expiry = { extend_days = 30 }, return_days = 7, collected_by = ["child"] }

[versions.default]
points_per_hour = "1"
part_hours = "half_hours"
rounding = "down"
hours_credited = "as_served"

[[versions.rules]]
categories = ["patrol"]
points_per_hour = "2"
requires = [{ min_age = 18, max_age = 70, labels = ["aided"], without_labels = ["barred"], filed = true }]
otherwise = "nothing"

[[versions.rules]]
categories = ["late"]
points_per_unit = { points = "-2", unit = "天" }

[[versions.rules]]
categories = ["honour"]
points = "20"

[[versions.caps]]
per = "day"
limit_points = "8"
over = "truncate"

[[versions.caps]]
per = "month"
limit_points = "100"
over = "truncate"

[[versions.exchange]]
groups = ["goods"]
windows = [{ weekdays = ["monday", "saturday"], months = [3, 6], days_of_month = [1, 15], from = "03-01", until = "06-30" }]
limits = [{ uses = 1, per = "day" }, { uses = 3, per = "month" }]
requires = [{ min_points = "10", min_hours = "20", min_services = 2, min_step = { ladder = "stars", step = "one" } }]
refundable = false
beneficiaries = [{ relations = ["self", "parent"], min_age = 60 }]
bill = { fen_per_point = 100, least_cash_fen = 1 }

[[versions.exchange]]
groups = ["gifts"]
entitled_by = { ladder = "stars", step = "two" }
refundable = true

[[versions.exchange]]
groups = ["care"]
pays_from = "coins"
clears_balance = true
refundable = true

[[versions.transfers]]
to = "pool"
account = "bank"
limit = { amount = "2.5", per = "month" }
first_for = ["aided"]

[[versions.transfers]]
to = "volunteer"
relations = ["parent"]

[[versions.ladders]]
code = "stars"
name = "星级"
name_en = "Stars"
award = "on_application"
standing = "kept"
sequence = "one_by_one"
applicants = ["organisation"]
publicity_working_days = 5
hours_of = "bank"
closes_on = "11-30"
cycle_hours = 300
ban_years_max = 3
steps = [
    { code = "one", name = "一星", name_en = "One", hours = "100", granted_by = "县协会" },
    { code = "two", name = "二星", name_en = "Two", hours = "300" },
]

[[versions.ladders]]
code = "books"
name = "借阅"
name_en = "Books"
award = "automatic"
standing = "follows_balance"
within = "year"
steps = [
    { code = "few", name = "两册", name_en = "Two", points = "1" },
    { code = "more", name = "六册", name_en = "Six", points = "601", days = 5 },
]

[[versions.reviews]]
code = "best"
name = "优秀"
name_en = "Best"
of = "individual"
key = "account"
account = "merit"
ties = "all_in"
quota = { percent = "10" }
closes_on = "12-15"
requires = [{ min_hours = "20", volunteer_kinds = ["individual"] }]
winners_rest_years = 2
bands = [{ from = "10", score = "1" }, { from = "20", score = "2" }]
ends_registration = true
"#;

/// What is found when a piece of the scheme is replaced, and that it is found at the mark.
pub fn find(old: &str, marked: &str) -> (String, Vec<Finding>) {
    assert_eq!(RICH.matches(old).count(), 1, "the scheme has {old:?} once");
    let text = RICH.replacen(old, marked, 1);
    let at = text.find('§').expect("a mark");
    let before = &text[..at];
    let line = before.lines().count() - usize::from(!before.ends_with('\n')) + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let findings = match Scheme::parse_with_warnings(&text.replacen('§', "", 1)) {
        Ok((_, warnings)) => warnings,
        Err(error) => error.findings,
    };
    (format!("{line}:{column}"), findings)
}

/// Each case: what is replaced, by what (with the mark), and what is said of it.
pub fn all_are_found(severity: Severity, cases: &[(&str, &str, &str)]) {
    for (old, marked, message) in cases {
        let (place, findings) = find(old, marked);
        let all: Vec<_> = findings.iter().map(ToString::to_string).collect();
        let found = findings.iter().find(|finding| finding.to_string().contains(message));
        let found = found.unwrap_or_else(|| panic!("{marked:?}: {message:?} is not among {all:#?}"));
        let (line, column) = found.line_and_column.unwrap_or_default();
        assert_eq!((found.severity, format!("{line}:{column}")), (severity, place), "{marked:?}: {all:#?}");
        assert!(!found.zh.is_empty() && !found.zh.is_ascii(), "{found} is not in Chinese");
        // A flaw is said once, and leads to no other.
        assert_eq!(all.len(), 1, "{marked:?}: {all:#?}");
    }
}

#[test]
fn the_scheme_with_something_of_everything_is_sound() {
    let (_, warnings) = Scheme::parse_with_warnings(RICH).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(warnings, []);
}
