use super::*;
use crate::config::Scheme;

/// A scheme of whole points with these ladders.
fn scheme(ladders: &str) -> Scheme {
    let text = format!(
        r#"
        code = "small"
        name = "小站"
        name_en = "Small station"
        illustrative = true
        source = "示例"
        points_scale = 0
        stations = [{{ code = "main", name = "小站" }}]
        categories = [{{ code = "patrol", name = "巡逻", name_en = "Patrol" }}]
        labels = [
            {{ code = "full_time", name = "专职", name_en = "Full time" }},
            {{ code = "false_report", name = "虚报", name_en = "False report" }},
        ]
        accounts = [{{ code = "time", name = "可用时长", name_en = "Time", counts = "minutes", spendable = true, expiry = "never" }}]
        [[versions]]
        from = 2020-01-01
        version = "first"
        evidence_without_points = []
        expiry = "never"
        recording_deadline_working_days = 10
        [versions.default]
        points_per_hour = "1"
        part_hours = "whole_hours"
        rounding = "down"
        hours_credited = "as_served"
        {ladders}"#
    );
    Scheme::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A ladder by hours, with more of its own.
fn ladder(code: &str, more: &str, steps: &[(&str, &str)]) -> String {
    let steps = steps.iter().map(|(code, asked)| {
        format!("[[versions.ladders.steps]]\ncode = {code:?}\nname = {code:?}\nname_en = {code:?}\n{asked}\n")
    });
    let steps: String = steps.collect();
    format!("[[versions.ladders]]\ncode = {code:?}\nname = {code:?}\nname_en = {code:?}\n{more}\n{steps}")
}

const KEPT: &str = "award = \"automatic\"\nstanding = \"kept\"";
const FOLLOWS: &str = "award = \"automatic\"\nstanding = \"follows_balance\"";
const APPLIED_FOR: &str = "award = \"on_application\"\nstanding = \"kept\"\nsequence = \"any_step\"";

fn by_hours(hours: &[i64]) -> Vec<(String, String)> {
    let places = hours.iter().enumerate();
    places.map(|(place, hours)| (format!("s{}", place + 1), format!("hours = \"{hours}\""))).collect()
}

fn stars(more: &str, hours: &[i64]) -> Scheme {
    let steps = by_hours(hours);
    let steps: Vec<(&str, &str)> = steps.iter().map(|(code, asked)| (code.as_str(), asked.as_str())).collect();
    scheme(&ladder("stars", more, &steps))
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// So many hours, all served on one day, and points that can be spent.
fn merits(minutes: i64, points: i64, on: &str) -> Merits {
    let days = vec![ServiceDay { on: day(on), minutes, points, services: 1 }];
    let accounts = BTreeMap::from([("time".to_owned(), minutes)]);
    Merits { days, minutes, points, points_scale: 0, accounts }
}

fn on(scheme: &Scheme, merits: &Merits, today: &str) -> (usize, Vec<usize>) {
    let rules = scheme.rules_on(day(today)).expect("rules");
    let levels = levels(rules, merits, &Person::default(), &[], day(today));
    (levels[0].reached, levels[0].held.iter().copied().collect())
}

#[test]
fn ends_are_included_and_both_hours_and_points_are_asked_for() {
    let asked = [(50, 500), (100, 1000), (200, 2100), (400, 4200), (800, 8400), (1000, 10500), (2000, 21000)];
    let asked: Vec<(String, String)> = asked
        .iter()
        .enumerate()
        .map(|(place, (hours, points))| (format!("s{place}"), format!("hours = \"{hours}\"\npoints = \"{points}\"")))
        .collect();
    let steps: Vec<(&str, &str)> = asked.iter().map(|(code, asked)| (code.as_str(), asked.as_str())).collect();
    let scheme = scheme(&ladder("stars", &format!("{FOLLOWS}\nhours_of = \"time\""), &steps));
    for (hours, points, reached) in
        [(50, 500, 1), (120, 900, 1), (200, 2050, 2), (1000, 10500, 6), (49, 9000, 0), (100, 1000, 2), (98, 1000, 1)]
    {
        let merits = merits(hours * 60, points, "2026-03-01");
        assert_eq!(on(&scheme, &merits, "2026-11-22").0, reached, "{hours} h, {points} points");
    }
    let rules = scheme.rules_on(day("2026-11-22")).expect("rules");
    let merits = merits(120 * 60, 900, "2026-03-01");
    let levels = levels(rules, &merits, &Person::default(), &[], day("2026-11-22"));
    let lacks = levels[0].lacks(1, &Person::default(), day("2026-11-22"));
    let [points] = lacks.as_slice() else { panic!("{lacks:?}") };
    assert_eq!((points.what, points.short.as_deref(), points.zh.as_str()), ("points", Some("100"), "还差 100 分"));
}

#[test]
fn what_is_spent_lowers_what_follows_the_balance_and_not_what_is_kept() {
    let mut merits = merits(100 * 60, 1000, "2026-03-01");
    merits.accounts.insert("time".to_owned(), 98 * 60);
    merits.points = 0;
    let asked = [("one", "hours = \"50\""), ("two", "hours = \"100\"\npoints = \"1000\"")];
    let kept = scheme(&ladder("stars", KEPT, &asked));
    assert_eq!(on(&kept, &merits, "2026-11-22"), (2, vec![0, 1]));
    let follows = scheme(&ladder("stars", &format!("{FOLLOWS}\nhours_of = \"time\""), &asked));
    assert_eq!(on(&follows, &merits, "2026-11-22"), (1, vec![0]));
    // A correction lowers both.
    merits.days[0].minutes = 40 * 60;
    assert_eq!(on(&kept, &merits, "2026-11-22"), (0, vec![]));
}

#[test]
fn gifts_come_again_with_every_cycle() {
    let scheme = stars(&format!("{KEPT}\ncycle_hours = 300"), &[30, 60, 100, 200, 300]);
    let rules = scheme.rules_on(day("2026-11-22")).expect("rules");
    for (minutes, reached, due) in [
        (29 * 60 + 30, 0, [0, 0, 0, 0, 0]),
        (30 * 60, 1, [1, 0, 0, 0, 0]),
        (299 * 60, 4, [1, 1, 1, 1, 0]),
        (300 * 60, 5, [1, 1, 1, 1, 1]),
        (330 * 60, 5, [2, 1, 1, 1, 1]),
        (600 * 60, 5, [2, 2, 2, 2, 2]),
        (1500 * 60, 5, [5, 5, 5, 5, 5]),
    ] {
        let merits = merits(minutes, 0, "2026-03-01");
        let levels = levels(rules, &merits, &Person::default(), &[], day("2026-11-22"));
        let had: Vec<i64> = (0..5).map(|place| levels[0].due(place)).collect();
        assert_eq!((levels[0].reached, had.as_slice()), (reached, due.as_slice()), "{minutes} minutes");
    }
    let medals = ladder("medals", KEPT, &[("bronze", "hours = \"600\""), ("gold", "hours = \"1500\"")]);
    let medals = self::scheme(&medals);
    let rules = medals.rules_on(day("2026-11-22")).expect("rules");
    let levels = levels(rules, &merits(1500 * 60, 0, "2026-03-01"), &Person::default(), &[], day("2026-11-22"));
    assert_eq!((levels[0].due(0), levels[0].due(1)), (1, 1));
}

#[test]
fn upon_application_a_step_is_held_when_it_was_granted() {
    let scheme = stars(APPLIED_FOR, &[100, 300, 600, 1000, 1500]);
    let rules = scheme.rules_on(day("2026-11-22")).expect("rules");
    let merits = merits(1499 * 60, 0, "2026-03-01");
    let star = |number| star(rules, number).expect("a star");
    let two = [star(2)];
    let levels = levels(rules, &merits, &Person::default(), &two, day("2026-11-22"));
    assert_eq!((levels[0].reached, levels[0].held.clone()), (4, BTreeSet::from([1])));
    assert_eq!(steps(&levels), [star(1), star(2)], "whoever has the second has the first");
    assert_eq!((levels[0].due(1), levels[0].due(2)), (1, 0));
    let lacks = levels[0].lacks(4, &Person::default(), day("2026-11-22"));
    assert_eq!(lacks[0].short.as_deref(), Some("1"));
    assert_eq!((super::star(rules, 0), super::star(rules, 6), super::star(rules, i64::MIN)), (None, None, None));
}

#[test]
fn a_label_grants_at_once_and_conditions_shut_out() {
    let more = format!("{KEPT}\nrequires = [{{ without_labels = [\"false_report\"] }}]");
    let scheme = scheme(&ladder(
        "medals",
        &more,
        &[("bronze", "hours = \"2000\"\nor_label = \"full_time\""), ("gold", "hours = \"5000\"")],
    ));
    let rules = scheme.rules_on(day("2026-11-22")).expect("rules");
    let reached = |labels: &[&str]| {
        let person = Person { labels: labels.iter().map(|label| (*label).to_owned()).collect(), ..Person::default() };
        let merits = merits(60, 0, "2026-03-01");
        let levels = levels(rules, &merits, &person, &[], day("2026-11-22"));
        let lacks = levels[0].lacks(levels[0].reached, &person, day("2026-11-22"));
        (levels[0].reached, lacks.first().map(|lack| lack.what))
    };
    assert_eq!(reached(&[]), (0, Some("hours")));
    assert_eq!(reached(&["full_time"]), (1, Some("hours")));
    assert_eq!(reached(&["full_time", "false_report"]), (0, Some("without_labels")));
}

#[test]
fn what_is_served_after_the_closing_day_counts_from_the_next_year_on() {
    let scheme = stars(&format!("{APPLIED_FOR}\ncloses_on = \"11-30\""), &[1500]);
    for (served_on, today, reached) in [
        ("2026-11-30", "2026-12-20", 1),
        ("2026-12-01", "2026-12-20", 0),
        ("2026-12-01", "2027-01-01", 1),
        ("2026-11-29", "2026-11-29", 1),
    ] {
        let merits = merits(1500 * 60, 0, served_on);
        assert_eq!(on(&scheme, &merits, today).0, reached, "served on {served_on}, asked on {today}");
    }
}

#[test]
fn a_window_is_kept_once_reached_and_else_moves_on() {
    let days: Vec<ServiceDay> = ["2025-01-10", "2025-02-10", "2025-03-10"]
        .map(|on| ServiceDay { on: day(on), minutes: 600, points: 0, services: 1 })
        .to_vec();
    let merits = Merits { minutes: 1800, days, ..Merits::default() };
    let asked = [("green", "hours = \"30\"\ndays = 3")];
    for (more, today, reached) in [
        ("within = { days = 60 }", "2025-03-10", 1),
        ("within = { days = 59 }", "2025-03-10", 0),
        ("within = { days = 60 }", "2026-03-10", 1),
        ("within = \"year\"", "2026-03-10", 1),
        ("within = \"year\"", "2025-02-28", 0),
    ] {
        let merits =
            Merits { days: merits.days.iter().filter(|one| one.on <= day(today)).copied().collect(), ..merits.clone() };
        let kept = scheme(&ladder("cards", &format!("{KEPT}\n{more}"), &asked));
        assert_eq!(on(&kept, &merits, today).0, reached, "{more} on {today}");
    }
    let moving = scheme(&ladder("cards", &format!("{FOLLOWS}\nwithin = \"year\""), &asked));
    assert_eq!(on(&moving, &merits, "2025-12-31").0, 1);
    assert_eq!(on(&moving, &merits, "2026-01-01").0, 0);
}

#[test]
fn more_is_never_less() {
    let follows = stars(&format!("{FOLLOWS}\ncycle_hours = 11"), &[3, 5, 11]);
    let rules = follows.rules_on(day("2026-11-22")).expect("rules");
    let mut before = (0, vec![0, 0, 0]);
    for minutes in 0..40 * 60 {
        let merits = merits(minutes, 0, "2026-03-01");
        let levels = levels(rules, &merits, &Person::default(), &[], day("2026-11-22"));
        let now = (levels[0].reached, (0..3).map(|place| levels[0].due(place)).collect::<Vec<_>>());
        assert!(now.0 >= before.0 && now.1.iter().zip(&before.1).all(|(now, before)| now >= before), "{minutes}");
        assert!(now.1.windows(2).all(|pair| pair[0] >= pair[1]), "{minutes}: lower gifts are due no less often");
        before = now;
    }
}

#[test]
fn the_rules_in_force_decide_what_hours_are_worth() {
    let trial = stars(KEPT, &[100, 200, 500, 800, 1000]);
    let common = stars(KEPT, &[100, 300, 600, 1000, 1500]);
    let merits = merits(500 * 60, 0, "2026-03-01");
    assert_eq!((on(&trial, &merits, "2026-11-22").0, on(&common, &merits, "2026-11-22").0), (3, 2));
}

fn sample(code: &str) -> Scheme {
    let path = format!("{}/../../tests/data/schemes/{code}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    Scheme::parse(&text).unwrap_or_else(|error| panic!("{code}: {error}"))
}

#[test]
fn published_ladders_come_to_what_their_texts_say() {
    // Half hours, points that can be spent, the day of service, the day of asking, and the step that is reached.
    let cases = [
        ("02.1", "longquanyi", "stars", 100, 500, "2026-03-01", "2026-11-22", Some("one")),
        ("02.2", "longquanyi", "stars", 240, 900, "2026-03-01", "2026-11-22", Some("one")),
        ("02.3", "longquanyi", "stars", 400, 2050, "2026-03-01", "2026-11-22", Some("two")),
        ("02.4", "longquanyi", "stars", 2000, 10500, "2026-03-01", "2026-11-22", Some("gold")),
        ("02.7", "longquanyi", "stars", 196, 1000, "2026-03-01", "2026-11-22", Some("one")),
        ("03.1", "zhangjiagang", "stars", 59, 0, "2026-03-01", "2026-11-22", None),
        ("03.2", "zhangjiagang", "stars", 60, 0, "2026-03-01", "2026-11-22", Some("one")),
        ("03.3", "zhangjiagang", "stars", 598, 0, "2026-03-01", "2026-11-22", Some("four")),
        ("03.4", "zhangjiagang", "stars", 600, 0, "2026-03-01", "2026-11-22", Some("five")),
        ("03.5", "zhangjiagang", "stars", 660, 0, "2026-03-01", "2026-11-22", Some("five")),
        ("03.6", "zhangjiagang", "medals", 1200, 0, "2026-03-01", "2026-11-22", Some("bronze")),
        ("03.7", "zhangjiagang", "medals", 3000, 0, "2026-03-01", "2026-11-22", Some("gold")),
        ("07.1", "guangdong-star", "stars", 600, 0, "2026-03-01", "2026-11-22", Some("two")),
        ("07.4", "guangdong-star", "stars", 2998, 0, "2026-03-01", "2026-11-22", Some("four")),
        ("08.1", "fujian-record", "stars", 640, 0, "2026-03-01", "2026-11-22", Some("two")),
        ("08.3", "fujian-record", "stars", 3000, 0, "2026-03-01", "2026-11-22", Some("five")),
        ("56.1", "beijing-star", "stars", 1000, 0, "2011-03-01", "2012-11-22", Some("three")),
        ("56.2", "beijing-star", "stars", 1000, 0, "2016-03-01", "2016-11-22", Some("two")),
        ("56.3", "beijing-star", "stars", 3000, 0, "2023-11-30", "2023-12-10", Some("five")),
        ("56.4", "beijing-star", "stars", 3000, 0, "2023-12-01", "2023-12-10", None),
        ("57.3", "cn-community-reg", "stars", 2000, 0, "2026-03-01", "2026-11-22", Some("four")),
        ("59.1", "huanghuai", "stars", 600, 0, "2024-03-01", "2024-12-20", Some("two")),
        ("59.2", "huanghuai", "stars", 200, 0, "2024-12-16", "2024-12-20", None),
        ("59.4", "huanghuai", "stars", 3000, 0, "2024-12-15", "2024-12-20", Some("five")),
    ];
    let member = Person { teams: vec!["黄淮小红帽".to_owned()], ..Person::default() };
    let reached = |person: &Person, case: &(&str, &str, &str, i64, i64, &str, &str, Option<&str>)| {
        let (_, code, ladder, half_hours, points, served_on, asked_on, _) = *case;
        let (scheme, merits) = (sample(code), merits(half_hours * 30, points, served_on));
        let rules = scheme.rules_on(day(asked_on)).expect("rules");
        let levels = levels(rules, &merits, person, &[], day(asked_on));
        let level = levels.iter().find(|level| level.ladder.code == ladder).expect("the ladder");
        level.eligible().map(|step| step.code.clone())
    };
    for case in &cases {
        assert_eq!(reached(&member, case).as_deref(), case.7, "{}", case.0);
    }
    let outsider = reached(&Person::default(), &cases[cases.len() - 1]);
    assert_eq!(outsider, None, "59.3");
}

#[test]
fn published_gifts_come_again_and_titles_do_not() {
    let scheme = sample("zhangjiagang");
    let rules = scheme.rules_on(day("2026-11-22")).expect("rules");
    for (case, hours, gifts) in [
        ("03.2", 30, [1, 0, 0, 0, 0]),
        ("03.4", 300, [1, 1, 1, 1, 1]),
        ("03.5", 330, [2, 1, 1, 1, 1]),
        ("03.6", 600, [2, 2, 2, 2, 2]),
        ("03.7", 1500, [5, 5, 5, 5, 5]),
    ] {
        let merits = merits(hours * 60, 0, "2026-03-01");
        let levels = levels(rules, &merits, &Person::default(), &[], day("2026-11-22"));
        let due: Vec<i64> = (0..5).map(|place| levels[0].due(place)).collect();
        assert_eq!(due, gifts, "{case}");
        assert!(levels[1].ladder.steps.iter().enumerate().all(|(place, _)| levels[1].due(place) <= 1), "{case}");
    }
}

#[test]
fn a_ladder_may_ask_for_a_step_of_one_that_stands_after_it() {
    let privileges = ladder(
        "privileges",
        &format!("{KEPT}\nrequires = [{{ min_step = {{ ladder = \"stars\", step = \"s2\" }} }}]"),
        &[("library", "hours = \"1\"")],
    );
    let stars = ladder("stars", KEPT, &[("s1", "hours = \"10\""), ("s2", "hours = \"20\"")]);
    let scheme = scheme(&format!("{privileges}{stars}"));
    for (hours, reached) in [(19, 0), (20, 1)] {
        assert_eq!(on(&scheme, &merits(hours * 60, 0, "2026-03-01"), "2026-11-22").0, reached, "{hours} hours");
    }
}
