//! Yearly reviews: who would be selected, and why the others would not.

use crate::station::Station;
use crate::world::{World, day, operator};
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::config::VolunteerKind;
use scheme::reviews::{self, Report, ReviewError};
use scheme::rules::reviews::Outcome;
use scheme::services;
use scheme::volunteers::{self, Consent, VolunteerDetails};
use serde_json::{Value, json};
use uuid::Uuid;

const STARRED: &str = include_str!("../data/schemes/starred.toml");

impl World {
    /// Somebody registered since long ago; more of them by `set`.
    async fn person(&self, name: &str, set: impl FnOnce(&mut VolunteerDetails)) -> Uuid {
        let mut details = VolunteerDetails {
            name: name.to_owned(),
            birth_date: Some(day("1987-05-01")),
            registered_on: Some(day("2020-05-01")),
            consent: Consent { record: true, publish: true },
            ..VolunteerDetails::default()
        };
        set(&mut details);
        let id = Uuid::now_v7();
        volunteers::put(&self.scheme, id, details, None, self.now()).await.expect("registered");
        id
    }

    /// So many hours, in services of ten at most.
    async fn serves(&self, volunteer: Uuid, first: &str, hours: i64) {
        let (mut on, mut left) = (day(first), hours);
        while left > 0 {
            self.serve(volunteer, "patrol", &on.to_string(), left.min(10) * 60).await;
            left -= 10;
            on = on.succ_opt().expect("a day");
        }
    }

    async fn review(&self, year: i32, code: &str) -> Report {
        reviews::review(&self.scheme, year, code, self.now()).await.expect("a report")
    }
}

fn outcomes(report: &Report) -> Vec<(&str, Outcome, Option<i64>)> {
    let rows = report.rows.iter();
    rows.map(|row| (row.name.as_str(), row.verdict.outcome, row.verdict.rank)).collect()
}

#[rstest]
#[tokio::test]
async fn the_best_are_selected_and_rest_the_year_after(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, STARRED).await;
    let first = world.person("甲", |_| {}).await;
    let second = world.person("乙", |_| {}).await;
    let third = world.person("丙", |_| {}).await;
    let old = world.person("丁", |details| details.birth_date = Some(day("1960-01-01"))).await;
    let outstanding = world
        .person("戊", |details| {
            details.birth_date = Some(day("1960-01-01"));
            details.labels.insert("outstanding".to_owned());
        })
        .await;
    let group = world.person("己队", |details| details.kind = VolunteerKind::Group).await;
    for (volunteer, hours) in [(first, 50), (second, 30), (third, 20), (old, 60), (outstanding, 30), (group, 90)] {
        world.serves(volunteer, "2025-03-01", hours).await;
    }
    // After the closing day.
    world.serves(third, "2025-11-19", 90).await;
    use Outcome::{BeyondQuota, NotQualified, Resting, Selected};
    let report = world.review(2025, "excellent").await;
    let expected = [
        ("甲", Selected, Some(1)),
        ("乙", Selected, Some(2)),
        ("戊", BeyondQuota, Some(3)),
        ("丙", BeyondQuota, Some(4)),
        ("丁", NotQualified, None),
    ];
    assert_eq!(outcomes(&report), expected, "level hours and services go by seniority, and then by number");
    assert_eq!(report.rows[4].verdict.lack.as_ref().map(|lack| lack.what), Some("labels"));
    assert_eq!(report.closes_on, day("2025-11-18"));

    for volunteer in [first, second, third] {
        world.serves(volunteer, "2026-03-01", 20).await;
    }
    let next = world.review(2026, "excellent").await;
    assert_eq!(outcomes(&next)[..3], [("丙", Selected, Some(1)), ("甲", Resting, None), ("乙", Resting, None)]);
    let gone = world.review(2025, "excellent-groups").await;
    assert_eq!(outcomes(&gone), [("己队", Selected, Some(1))]);
    let missing = reviews::review(&world.scheme, 2025, "nothing", world.now()).await;
    assert!(matches!(missing, Err(ReviewError::ReviewNotFound { .. })));
    let before = reviews::review(&world.scheme, 2019, "excellent", world.now()).await;
    assert!(matches!(before, Err(ReviewError::ReviewNotFound { .. })));
}

#[rstest]
#[tokio::test]
async fn renewal_asks_for_half_a_year_of_membership(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, STARRED).await;
    let of = |on: &'static str| move |details: &mut VolunteerDetails| details.registered_on = Some(day(on));
    let march = world.person("三月", of("2026-03-10")).await;
    let september = world.person("九月", of("2026-09-10")).await;
    world.person("懒人", of("2026-03-10")).await;
    for volunteer in [march, september] {
        world.serves(volunteer, "2026-10-01", 10).await;
    }
    let report = world.review(2026, "renewal").await;
    assert!(report.review.ends_registration);
    use Outcome::{NotQualified, NotYet, Selected};
    let expected = [("三月", Selected, Some(1)), ("九月", NotYet, None), ("懒人", NotQualified, None)];
    assert_eq!(outcomes(&report), expected);
    assert!(world.review(2025, "renewal").await.rows.is_empty(), "nobody was registered");
}

#[rstest]
#[tokio::test]
async fn who_was_registered_three_times_is_reviewed_by_all_that_they_did(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, STARRED).await;
    let (first, other) = (world.person("甲", |_| {}).await, world.person("乙", |_| {}).await);
    let (second, third) = (world.person("甲", |_| {}).await, world.person("甲", |_| {}).await);
    for (volunteer, hours) in [(first, 20), (other, 50), (second, 30), (third, 10)] {
        world.serves(volunteer, "2026-03-01", hours).await;
    }
    use Outcome::Selected;
    assert_eq!(outcomes(&world.review(2026, "excellent").await)[0], ("乙", Selected, Some(1)));
    for (id, into) in [(third, second), (second, first)] {
        let by = operator(Role::SchemeAdmin);
        volunteers::merge(&world.scheme, id, into, "同一人", &by, world.now()).await.expect("merged");
    }
    let report = world.review(2026, "excellent").await;
    let rows: Vec<_> =
        report.rows.iter().map(|row| (row.name.as_str(), row.merits.minutes, row.merits.services)).collect();
    assert_eq!(rows, [("甲", 3600, 6), ("乙", 3000, 5)]);
    assert_eq!(outcomes(&report), [("甲", Selected, Some(1)), ("乙", Selected, Some(2))]);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn an_account_counts_what_it_earned_in_the_year(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, STARRED).await;
    let of = |unit: &'static str| move |details: &mut VolunteerDetails| details.unit = Some(unit.to_owned());
    let east = world.person("东一", of("east")).await;
    let west = world.person("西一", of("west")).await;
    let other = world.person("西二", of("west")).await;
    world.serves(east, "2026-03-01", 1).await;
    world.serves(west, "2026-03-01", 30).await;
    world.serves(west, "2025-03-01", 30).await;
    world.serves(other, "2026-03-01", 20).await;
    let much = world.serve(other, "patrol", "2026-05-01", 1200).await;
    let ranked = |report: &Report| -> Vec<(String, i64, Outcome)> {
        let rows = report.rows.iter();
        rows.map(|row| (row.name.clone(), row.merits.account, row.verdict.outcome)).collect()
    };
    use Outcome::{BeyondQuota, Selected};
    let report = world.review(2026, "by-unit").await;
    let expected = [("东一", 60, Selected), ("西二", 2400, Selected), ("西一", 1800, BeyondQuota)];
    assert_eq!(ranked(&report), expected.map(|(name, amount, outcome)| (name.to_owned(), amount, outcome)));
    let by = operator(Role::Reviewer);
    services::reverse(&world.scheme, much, None, false, &by, world.now()).await.expect("reversed");
    let report = world.review(2026, "by-unit").await;
    let expected = [("东一", 60, Selected), ("西一", 1800, Selected), ("西二", 1200, BeyondQuota)];
    assert_eq!(ranked(&report), expected.map(|(name, amount, outcome)| (name.to_owned(), amount, outcome)));
    world.assert_verified().await;
}

#[tokio::test]
async fn a_review_is_read_page_by_page_and_kiosks_are_not_told_why() {
    let station = Station::open(Engine::Sqlite, "starred").await;
    for name in ["林秀英", "王建国", "陈小明"] {
        let id = Uuid::now_v7();
        let body = json!({
            "name": name, "registered_on": "2024-05-01", "consent": { "record": true, "publish": name != "王建国" },
        });
        station.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
        if name != "陈小明" {
            station.serve(id, "patrol", "2026-03-01", 600).await;
        }
    }
    let mut names = Vec::new();
    let mut path = "/reviews/2026/renewal?limit=2".to_owned();
    loop {
        let page = station.get("auditor", &path).await.expect(200);
        assert_eq!(
            (&page["has_quota"], &page["ends_registration"], &page["selected"]),
            (&json!(false), &json!(true), &json!(2))
        );
        let rows = page["rows"].as_array().expect("rows").iter();
        names.extend(rows.map(|row| (row["name"].clone(), row["outcome"].clone(), row["missing"]["what"].clone())));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/reviews/2026/renewal?limit=2&cursor={next}");
    }
    let expected = [
        (json!("林秀英"), json!("selected"), Value::Null),
        (json!("王建国"), json!("selected"), Value::Null),
        (json!("陈小明"), json!("not_qualified"), json!("min_hours")),
    ];
    assert_eq!(names, expected);
    let public = station.get("kiosk", "/reviews/2026/renewal").await.expect(200);
    assert_eq!((&public["rows"][0]["name"], &public["rows"][2]["missing"]), (&json!("林*英"), &Value::Null));
    let unnamed = public["rows"][1]["name"].as_str().expect("a name");
    assert!(unnamed.starts_with("志愿者") && !unnamed.contains('王'), "who has not agreed is not named: {unnamed}");
    assert_eq!(station.get("auditor", "/reviews/2026/nothing").await.problem(404), "review_not_found");
    assert_eq!(station.get("auditor", "/reviews/1/renewal").await.problem(422), "invalid_request");
    let cursor = station.get("auditor", "/reviews/2026/excellent?limit=1").await.expect(200)["next"].clone();
    let other = format!("/reviews/2025/excellent?limit=1&cursor={}", cursor.as_str().expect("a cursor"));
    assert_eq!(station.get("auditor", &other).await.problem(422), "invalid_cursor");
}
