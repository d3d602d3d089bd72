mod properties;

use super::*;
use crate::config::Expiry;

fn sample(code: &str) -> Scheme {
    let path = format!("{}/../../tests/data/schemes/{code}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    Scheme::parse(&text).unwrap_or_else(|error| panic!("{code}: {error}"))
}

/// A scheme of one decimal with this rule, these caps, and points that never expire.
fn scheme(rule: &str, caps: &str) -> Scheme {
    let text = text_of(rule, caps);
    Scheme::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn text_of(rule: &str, caps: &str) -> String {
    format!(
        r#"
        code = "small"
        name = "小站"
        name_en = "Small station"
        illustrative = true
        source = "示例"
        points_scale = 1
        stations = [{{ code = "main", name = "小站" }}]
        categories = [
            {{ code = "patrol", name = "巡逻", name_en = "Patrol" }},
            {{ code = "environment", name = "环境", name_en = "Environment" }},
            {{ code = "culture", name = "文化", name_en = "Culture" }},
        ]
        [[versions]]
        from = 2026-01-01
        version = "first"
        evidence_without_points = ["back_filled"]
        expiry = "never"
        recording_deadline_working_days = 10
        [versions.default]
        {rule}
        {caps}"#
    )
}

fn rule(rate: &str, part_hours: &str, rounding: &str, credited: &str) -> String {
    format!(
        "points_per_hour = {rate:?}\npart_hours = {part_hours:?}\nrounding = {rounding:?}\nhours_credited = {credited:?}\n"
    )
}

fn whole_hours() -> String {
    rule("1", "whole_hours", "down", "as_served")
}

fn cap(per: &str, limit: &str, over: &str) -> String {
    format!("[[versions.caps]]\nper = {per:?}\n{limit}\nover = {over:?}\n")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn patrol(minutes: i64) -> Record<'static> {
    Record::plain("patrol", day("2026-11-22"), minutes, Evidence::Kiosk)
}

/// Earns the record when it is confirmed on `confirmed_on`, by somebody of whom nothing is known.
fn earn(
    scheme: &Scheme,
    record: &Record,
    confirmed_on: NaiveDate,
    known: &BTreeMap<String, i64>,
) -> Result<Earning, RuleError> {
    super::earn(scheme, record, &Person::default(), &Verdict::on(confirmed_on), known)
}

fn needs(scheme: &Scheme, record: &Record) -> Result<Vec<String>, RuleError> {
    let needs = super::needs(scheme, record, &Person::default())?;
    Ok(needs.iter().map(Need::key).collect())
}

/// Earns the record on its own day, with this much of each cap used.
fn earned(scheme: &Scheme, record: Record, used: &[(&str, i64)]) -> Earning {
    let used = used.iter().map(|(key, amount)| (key.to_string(), *amount)).collect();
    earn(scheme, &record, record.occurred_on, &used).expect("an earning")
}

/// Minutes and points of a record that comes first.
fn amounts(scheme: &Scheme, record: Record) -> (i64, i64) {
    let earning = earned(scheme, record, &[]);
    (earning.minutes, earning.points)
}

#[test]
fn part_hours_earn_as_the_scheme_states() {
    // Served, then minutes credited and tenths of points.
    let cases = [
        ("proportional", "down", "as_served", 100, 100, 16),
        ("proportional", "half_up", "as_served", 100, 100, 17),
        ("proportional", "up", "as_served", 97, 97, 17),
        ("whole_hours", "down", "as_served", 119, 119, 10),
        ("whole_hours", "down", "as_served", 120, 120, 20),
        ("whole_hours", "down", "as_served", 59, 59, 0),
        ("whole_hours", "half_up", "as_served", 90, 90, 20),
        ("whole_hours", "half_up", "as_served", 89, 89, 10),
        ("whole_hours", "up", "as_served", 61, 61, 20),
        ("half_hours", "down", "as_served", 140, 140, 20),
        ("half_hours", "up", "as_served", 140, 140, 25),
        ("half_hours", "half_up", "as_served", 135, 135, 25),
        ("whole_hours", "down", "as_counted", 119, 60, 10),
        ("whole_hours", "up", "as_counted", 61, 120, 20),
        ("half_hours", "half_up", "as_counted", 134, 120, 20),
    ];
    for (part_hours, rounding, credited, served, minutes, points) in cases {
        let scheme = scheme(&rule("1", part_hours, rounding, credited), "");
        let case = format!("{served} min, {part_hours} {rounding} {credited}");
        assert_eq!(amounts(&scheme, patrol(served)), (minutes, points), "{case}");
    }
}

#[test]
fn a_service_below_the_minimum_earns_no_points() {
    for (below, minutes_below) in [("minutes_only", 29), ("nothing", 0)] {
        let minimum = format!("minimum = {{ minutes = 30, below = {below:?} }}\n");
        let scheme = scheme(&(rule("1", "half_hours", "up", "as_served") + &minimum), "");
        assert_eq!(amounts(&scheme, patrol(29)), (minutes_below, 0), "{below}");
        assert_eq!(amounts(&scheme, patrol(30)), (30, 5), "{below}");
    }
}

#[test]
fn evidence_without_points_counts_as_hours() {
    let scheme = scheme(&whole_hours(), &cap("day", "limit_minutes = 120", "truncate"));
    let earning = earned(&scheme, Record { evidence: Evidence::BackFilled, ..patrol(180) }, &[]);
    assert_eq!((earning.minutes, earning.points, earning.lot), (120, 0, None));
    assert_eq!(earning.draws.len(), 1);
}

#[test]
fn caps_truncate_or_void() {
    let (minutes_key, points_key) = ("minutes/day/2026-11-22", "points/month/2026-11");
    // Cap, key used before, how much of it, minutes served, then minutes and tenths of points.
    let cases = [
        ("record", "limit_minutes = 120", "truncate", "", 0, 180, 120, 20),
        ("record", "limit_minutes = 120", "truncate", "", 0, 120, 120, 20),
        ("record", "limit_minutes = 120", "void", "", 0, 121, 0, 0),
        ("record", "limit_points = \"1.5\"", "truncate", "", 0, 180, 180, 15),
        ("record", "limit_points = \"1.5\"", "void", "", 0, 180, 180, 0),
        ("day", "limit_minutes = 240", "truncate", minutes_key, 180, 120, 60, 10),
        ("day", "limit_minutes = 240", "truncate", minutes_key, 240, 120, 0, 0),
        ("day", "limit_minutes = 240", "truncate", minutes_key, 150, 120, 90, 10),
        ("day", "limit_minutes = 240", "void", minutes_key, 180, 61, 0, 0),
        ("day", "limit_minutes = 240", "void", minutes_key, 180, 60, 60, 10),
        ("month", "limit_points = \"5\"", "truncate", points_key, 45, 120, 120, 5),
        ("month", "limit_points = \"5\"", "void", points_key, 45, 120, 120, 0),
        ("month", "limit_points = \"5\"", "truncate", points_key, 99, 120, 120, 0),
        ("month", "limit_points = \"5\"", "truncate", points_key, -99, 900, 900, 50),
    ];
    for (per, limit, over, key, used, served, minutes, points) in cases {
        let scheme = scheme(&whole_hours(), &cap(per, limit, over));
        let earning = earned(&scheme, patrol(served), &[(key, used)]);
        let case = format!("{served} min, {limit} per {per}, {over}, {used} used");
        assert_eq!((earning.minutes, earning.points), (minutes, points), "{case}");
    }
}

#[test]
fn the_narrowest_cap_comes_first_and_the_smallest_wins() {
    let caps = cap("month", "limit_minutes = 600", "void")
        + &cap("day", "limit_minutes = 300", "truncate")
        + &cap("record", "limit_minutes = 240", "truncate")
        + &cap("day", "limit_points = \"3.5\"", "truncate");
    let scheme = scheme(&whole_hours(), &caps);
    assert_eq!(amounts(&scheme, patrol(700)), (240, 35));
    // 700 minutes would void the month; the 240 that are left of them do not.
    let used = [("minutes/month/2026-11", 360), ("minutes/day/2026-11-22", 0)];
    assert_eq!(earned(&scheme, patrol(700), &used).minutes, 240);
    assert_eq!(earned(&scheme, patrol(700), &[("minutes/month/2026-11", 361)]).minutes, 0);
}

#[test]
fn hours_credited_as_counted_never_exceed_a_cap() {
    for rounding in ["down", "half_up", "up"] {
        let rule = rule("1", "whole_hours", rounding, "as_counted");
        let scheme = scheme(&rule, &cap("day", "limit_minutes = 150", "truncate"));
        let earning = earned(&scheme, patrol(110), &[("minutes/day/2026-11-22", 60)]);
        assert_eq!((earning.minutes, earning.points), (60, 10), "{rounding}");
        assert_eq!(earning.draws[0].amount, 60, "{rounding}");
    }
    // Counted first: 12 hours 20 minutes are 12 hours, which the cap allows.
    let rule = rule("1", "whole_hours", "down", "as_counted");
    let scheme = scheme(&rule, &cap("record", "limit_minutes = 720", "void"));
    assert_eq!(amounts(&scheme, patrol(740)), (720, 120));
}

#[test]
fn a_record_names_the_caps_it_draws_on_and_what_it_takes() {
    let group = "categories = [\"patrol\", \"environment\"]\nlimit_points = \"10\"";
    let caps = cap("record", "limit_minutes = 480", "truncate")
        + &cap("month", group, "truncate")
        + &cap("month", "categories = [\"culture\"]\nlimit_points = \"9\"", "truncate")
        + &cap("day", "limit_minutes = 240", "truncate")
        + &cap("day", "limit_points = \"6\"", "truncate");
    let scheme = scheme(&whole_hours(), &caps);
    let expected = [
        ("minutes/day/2026-11-22", CapUnit::Minutes, 240, 150),
        ("points/day/2026-11-22", CapUnit::Points, 60, 20),
        ("points/month/2026-11/environment+patrol", CapUnit::Points, 100, 20),
    ];
    let draw = |(key, unit, limit, amount): (&str, _, _, _)| {
        let tally = Tally { key: key.to_owned(), unit };
        Draw { tally, amount, bound: DrawBound::AtMost(limit) }
    };
    let expected = expected.map(draw).to_vec();
    let named: Vec<String> = expected.iter().map(|draw| draw.tally.key.clone()).collect();
    assert_eq!(needs(&scheme, &patrol(150)), Ok(named));
    assert_eq!(earned(&scheme, patrol(150), &[]).draws, expected);

    let exhausted = [("points/day/2026-11-22", 60)];
    let draws = earned(&scheme, patrol(150), &exhausted).draws;
    assert_eq!(draws, expected[..1], "what takes nothing is not drawn");
}

#[test]
fn no_order_of_records_gets_more_than_a_cap() {
    let caps = cap("day", "limit_minutes = 250", "truncate") + &cap("month", "limit_points = \"7.5\"", "truncate");
    let scheme = scheme(&rule("1.3", "proportional", "up", "as_served"), &caps);
    let mut used = BTreeMap::new();
    for minutes in (1..40).map(|step| (step * 37) % 190 + 1) {
        let earning = earn(&scheme, &patrol(minutes), day("2026-11-30"), &used).expect("an earning");
        for draw in earning.draws {
            let total = used.entry(draw.tally.key).or_insert(0);
            *total += draw.amount;
            assert!(matches!(draw.bound, DrawBound::AtMost(limit) if *total <= limit));
        }
    }
    assert_eq!(used["minutes/day/2026-11-22"], 250);
    assert!(used["points/month/2026-11"] <= 75);
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let scheme = scheme(&whole_hours(), "");
    let impossible = |minutes| RuleError::ImpossibleMinutes { minutes };
    let cases = [
        (patrol(0), impossible(0)),
        (patrol(-60), impossible(-60)),
        (patrol(i64::MIN), impossible(i64::MIN)),
        (patrol(i64::MAX), impossible(i64::MAX)),
        (Record { category: "cooking", ..patrol(60) }, RuleError::CategoryNotFound { category: "cooking".into() }),
        (
            Record { occurred_on: day("2025-12-31"), ..patrol(60) },
            RuleError::BeforeFirstVersion { date: day("2025-12-31"), first: day("2026-01-01") },
        ),
    ];
    for (record, error) in cases {
        assert_eq!(needs(&scheme, &record), Err(error.clone()));
        assert_eq!(earn(&scheme, &record, day("2026-12-01"), &BTreeMap::new()), Err(error));
    }
    assert_eq!(amounts(&scheme, patrol(LONGEST_RECORD_MINUTES)), (527_040, 87_840));
}

#[test]
fn hailin_counts_whole_hours_and_two_of_them_at_most_each_time() {
    let hailin = sample("hailin");
    for (served, minutes, points) in [(180, 120, 2), (60, 60, 1), (120, 120, 2), (90, 60, 1), (59, 0, 0)] {
        let filed = Record { filed: true, ..patrol(served) };
        assert_eq!(amounts(&hailin, filed), (minutes, points), "{served} minutes");
    }
    assert_eq!(amounts(&hailin, patrol(120)), (120, 0), "the activity was filed with nobody");
    // Two services on one day add up: nothing is capped by the day.
    assert_eq!(needs(&hailin, &patrol(120)), Ok(Vec::new()));
}

#[test]
fn huangshi_pays_for_own_sign_ins_until_the_end_of_the_year() {
    let huangshi = sample("huangshi");
    let served = |evidence| Record { evidence, occurred_on: day("2023-12-30"), ..patrol(180) };
    let earning = earned(&huangshi, served(Evidence::SelfScan), &[]);
    assert_eq!((earning.minutes, earning.points, earning.lot), (180, 3, Some(day("2023-12-31"))));
    let late = earn(&huangshi, &served(Evidence::SelfScan), day("2024-01-03"), &BTreeMap::new());
    assert_eq!(late.map(|earning| earning.lot), Ok(Some(day("2024-12-31"))));
    for evidence in [Evidence::LeaderConfirmed, Evidence::BackFilled] {
        let earning = earned(&huangshi, served(evidence), &[]);
        assert_eq!((earning.minutes, earning.points, earning.lot), (180, 0, None));
    }
}

#[test]
fn a_service_earns_by_the_version_of_its_own_day() {
    let haiyue = sample("haiyue");
    let emergency = |date| Record { category: "emergency", occurred_on: day(date), ..patrol(180) };
    for (date, points, version) in [("2022-12-31", 6, "急时"), ("2023-01-01", 3, "平时")] {
        let earning = earn(&haiyue, &emergency(date), day("2023-02-01"), &BTreeMap::new()).expect("an earning");
        assert_eq!((earning.points, earning.rules_version.as_str()), (points, version));
    }
}

#[test]
fn the_calculation_reads_line_by_line() {
    let ziyang = sample("ziyang");
    let record = Record { category: "emergency", ..patrol(160) };
    let earning = earned(&ziyang, record, &[("points/day/2026-11-22", 45)]);
    let lines: Vec<_> = earning.calculation.iter().map(|step| (step.zh.as_str(), step.en.as_str())).collect();
    assert_eq!(
        lines,
        [
            ("服务 160 分钟", "160 min served"),
            ("按半小时计（舍去零头）2.5 小时", "counted in half hours, rounded down: 2.5 h"),
            ("2.5 小时 × 每小时 2 分 = 5 分", "2.5 h × 2 per hour = 5 points"),
            (
                "每日上限 8 分，尚余 3.5 分，计 3.5 分",
                "at most 8 points per day: 3.5 points left, credited: 3.5 points"
            ),
            ("积分可用至 2028-11-22（含当日）", "the points can be spent up to 2028-11-22"),
        ]
    );
    let last = earning.calculation.last().expect("a line");
    assert_eq!((earning.minutes, last.minutes, last.points.as_str()), (160, 160, "3.5"));
}

#[test]
fn a_calculation_names_what_was_not_credited() {
    let group = "categories = [\"patrol\", \"environment\"]\nlimit_minutes = 60";
    let scheme = scheme(&rule("1", "proportional", "half_up", "as_served"), &cap("month", group, "void"));
    let lines = |record| earned(&scheme, record, &[]).calculation.into_iter().map(|step| step.zh).collect::<Vec<_>>();
    assert_eq!(lines(patrol(100)), ["服务 100 分钟", "每月“环境、巡逻”上限 60 分钟，尚余 60 分钟，超出，本次不计"]);
    assert_eq!(lines(patrol(50)), ["服务 50 分钟", "50 分钟 × 每小时 1 分，四舍五入 = 0.8 分", "积分长期有效"]);
    let back_filled = Record { evidence: Evidence::BackFilled, ..patrol(50) };
    assert_eq!(lines(back_filled), ["服务 50 分钟", "补录的服务只记时长，不计积分"]);
}

#[test]
fn an_earning_survives_being_stored() {
    let earning = earned(&sample("ziyang"), patrol(500), &[("points/day/2026-11-22", 5)]);
    let json = serde_json::to_string(&earning).expect("json");
    assert_eq!(serde_json::from_str::<Earning>(&json).expect("an earning"), earning);
    assert!(
        json.contains(r#"{"step":"served","zh":"服务 500 分钟","en":"500 min served","minutes":500,"points":"0"}"#)
    );
}

#[test]
fn evidence_has_one_spelling() {
    for evidence in Evidence::ALL {
        assert_eq!(evidence.as_str().parse(), Ok(evidence));
        assert_eq!(serde_json::to_value(evidence).expect("json"), evidence.as_str());
    }
    let error = "Kiosk".parse::<Evidence>().expect_err("a capital");
    assert_eq!(error.to_string(), "evidence is self_scan, kiosk, leader_confirmed or back_filled, not `Kiosk`");
}

#[test]
fn points_that_outlive_the_calendar_are_an_error() {
    let haiyue = sample("haiyue");
    assert!(matches!(haiyue.versions()[0].expiry, Expiry::YearEnd));
    let record = Record { occurred_on: NaiveDate::MAX, ..patrol(60) };
    assert!(earn(&haiyue, &record, NaiveDate::MAX, &BTreeMap::new()).is_ok());
    assert_eq!(earn(&sample("ziyang"), &record, NaiveDate::MAX, &BTreeMap::new()), Err(RuleError::TooLarge));
}
