//! Statistics of months and the statement of a year: they add up, and agree with the book at the entry that they name.

use crate::station::Station;
use crate::world::{World, ZIYANG, day, operator};
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::exchanges::{self, Wish};
use scheme::rankings::Period;
use scheme::services;
use scheme::statistics::{Scope, Statistics, statistics};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use tests::server::aixin_prints;
use uuid::Uuid;

fn year(year: i32) -> Scope {
    Scope { thorough: true, ..Scope::year(year) }
}

impl World {
    async fn statistics(&self, scope: &Scope) -> Statistics {
        statistics(&self.scheme, scope, self.now()).await.expect("statistics")
    }
}

/// Names and figures that do not agree.
fn differences(found: &Statistics) -> Vec<(&'static str, i64, i64)> {
    let checks = found.reconciled.checks.iter().filter(|check| check.counted != check.book);
    checks.map(|check| (check.what, check.counted, check.book)).collect()
}

impl Station {
    async fn elder(&self, name: &str, born: Option<&str>, unit: &str) -> Uuid {
        let id = Uuid::now_v7();
        let mut body = json!({ "name": name, "unit": unit, "consent": { "record": true, "publish": true } });
        if let Some(born) = born {
            body["birth_date"] = json!(born);
        }
        self.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
        id
    }
}

#[rstest]
#[tokio::test]
async fn statistics_add_up_month_by_month_and_agree_with_the_book(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let lin = station.elder("林秀英", Some("1956-11-01"), "compound-1").await;
    let wang = station.elder("王建国", Some("2010-05-05"), "compound-2").await;
    station.elder("陈阿姨", None, "compound-2").await;
    let team = json!({ "name": "诗社", "kind": "club", "unit": "compound-1" });
    station.put("scheme_admin", "/teams/poets", team).await.expect(201);
    station.serve(lin, "environment", "2026-09-12", 120).await;
    station.serve(lin, "culture", "2026-10-12", 60).await;
    let mut body = station.service(wang, "environment", "2026-10-13", 90);
    body["team"] = json!("poets");
    let of_poets = Uuid::now_v7();
    station.put("staff", &format!("/services/{of_poets}"), body).await.expect(201);
    station.post("reviewer", &format!("/services/{of_poets}/confirm"), json!({})).await.expect(200);
    let taken_back = station.serve(wang, "patrol", "2026-10-14", 30).await;
    let path = format!("/services/{}/reverse", taken_back["id"].as_str().expect("an id"));
    station.post("reviewer", &path, json!({ "reason": "重复" })).await.expect(200);
    let soap = station.good("1", 5).await;
    let exchange = json!({ "volunteer_id": lin, "reward_id": soap, "station": "main", "collect_now": true });
    let reserved = station.put("kiosk", &format!("/exchanges/{}", Uuid::now_v7()), exchange).await;
    assert!(reserved.status < 300, "{}", reserved.text);

    let found = station.get("auditor", "/statistics?from=2026-01-01&until=2026-12-31&thorough=true").await.expect(200);
    assert_eq!(found["reconciled"]["holds"], json!(true), "{}", found["reconciled"]);
    assert_eq!(found["reconciled"]["as_of"], found["as_of"]);
    let month = |name: &str| {
        let months = found["months"].as_array().expect("months");
        let line = months.iter().find(|line| line["month"] == name).expect("each month has a line").clone();
        (line["people"].as_i64(), line["services"].as_i64(), line["minutes"].as_i64())
    };
    assert_eq!(month("2026-09"), (Some(1), Some(1), Some(120)));
    assert_eq!(month("2026-10"), (Some(2), Some(2), Some(150)), "what was taken back does not count");
    assert_eq!(month("2026-01"), (Some(0), Some(0), Some(0)));
    assert_eq!((&found["total"]["hours"], &found["total"]["services"]), (&json!("4.5"), &json!(3)));
    let by = |list: &str, key: &str| -> Vec<(String, i64)> {
        let lines = found[list].as_array().expect("lines").iter();
        let lines = lines.filter(|line| line["minutes"] != 0);
        lines
            .map(|line| (line[key].as_str().expect("a code").to_owned(), line["minutes"].as_i64().expect("minutes")))
            .collect()
    };
    assert_eq!(by("categories", "category"), [("culture".to_owned(), 60), ("environment".to_owned(), 210)]);
    assert_eq!(by("units", "unit"), [("fuzhou".to_owned(), 270)]);
    assert_eq!(by("teams", "team"), [("poets".to_owned(), 90)]);
    assert_eq!(found["volunteers"], json!({ "registered": 3, "joined": 3, "active": 2 }));
    let ages: Vec<(&Value, &Value)> =
        found["ages"].as_array().expect("ages").iter().map(|line| (&line["from"], &line["minutes"])).collect();
    assert_eq!(ages, [(&json!(0), &json!(90)), (&json!(70), &json!(180)), (&json!(null), &json!(0))]);

    // Below a unit: its communities; and what counts for it alone.
    let unit = station.get("staff", "/statistics?from=2026-10-01&until=2026-11-30&unit=compound-2").await.expect(200);
    assert_eq!((&unit["total"]["minutes"], &unit["volunteers"]["registered"]), (&json!(90), &json!(2)));
    assert_eq!((&unit["months"][0]["people"], &unit["reconciled"]["holds"]), (&json!(1), &json!(true)));
    let ziyang = station.get("staff", "/statistics?from=2026-01-01&unit=ziyang").await.expect(200);
    let units = ziyang["units"].as_array().expect("units").iter();
    let took_part: Vec<_> = units
        .filter(|line| line["members"] != 0)
        .map(|line| (line["unit"].clone(), line["took_part"].clone()))
        .collect();
    assert_eq!(took_part, [(json!("compound-1"), json!(1)), (json!("compound-2"), json!(1))]);

    // Files.
    for (format, kind, begin) in [
        ("csv", "text/csv; charset=utf-8", "\u{feff}主要数据"),
        ("html", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("pdf", "application/pdf", "%PDF-"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "PK"),
    ] {
        for path in ["/statistics?from=2026-01-01&format=", "/statistics/2026/statement?format="] {
            let answer = station.get("scheme_admin", &format!("{path}{format}")).await;
            assert_eq!((answer.status, answer.content_type.as_str()), (200, kind), "{}", answer.text);
            let begin = if path.contains("statement") && format == "csv" {
                "\u{feff}志愿服务记录与证明出具年度工作情况"
            } else {
                begin
            };
            assert!(
                answer.text.starts_with(begin),
                "{path}{format}: {:?}",
                answer.text.chars().take(20).collect::<String>()
            );
        }
    }
    let arguments = ["report", "statistics", "--scheme", "ziyang", "--year", "2026", "--format", "csv"];
    let printed = aixin_prints(&station.server.url, &arguments);
    assert!(printed.contains("2026-10,2,2,2.50") && printed.contains("诗社,1,1.50"), "{printed}");
    let statement = ["report", "statement", "--scheme", "ziyang", "--year", "2026", "--format", "csv"];
    let printed = aixin_prints(&station.server.url, &statement);
    assert!(printed.contains("本期参加服务的志愿者,2,人") && printed.contains("服务时长,4.5,小时"), "{printed}");

    for (query, pointer, code) in [
        ("from=2026-01-02", "/query/from", "not_whole_months"),
        ("from=2026-01-01&until=2026-02-27", "/query/until", "not_whole_months"),
        ("from=2026-03-01&until=2026-02-28", "/query/until", "invalid_period"),
        ("from=1999-01-01&until=2026-12-31", "/query/until", "invalid_period"),
        ("unit=nowhere", "/query/unit", "unknown_unit"),
    ] {
        let refused = station.get("auditor", &format!("/statistics?{query}")).await;
        let flaw = refused.body["errors"][0].clone();
        assert_eq!(refused.problem(422), "invalid_request", "{query}");
        assert_eq!((&flaw["pointer"], &flaw["code"]), (&json!(pointer), &json!(code)), "{query}");
    }
    assert_eq!(station.get("auditor", "/statistics/0/statement").await.problem(422), "invalid_request");
}

#[rstest]
#[tokio::test]
async fn the_statement_of_a_year_says_what_was_answered_in_time_and_late(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let lin = station.volunteer("林秀英").await;
    let confirmed = station.serve(lin, "environment", "2026-10-12", 60).await;
    let service = confirmed["id"].as_str().expect("an id");
    let asked = json!({ "service_id": service, "reason": "少记了半小时", "proposed": { "minutes": 90 } });
    let correction = Uuid::now_v7();
    station.put("staff", &format!("/corrections/{correction}"), asked.clone()).await.expect(201);
    let statement = station.get("auditor", "/statistics/2026/statement").await.expect(200);
    let open = json!({ "received": 1, "in_time": 0, "late": 0, "open": 1, "overdue": 0, "upheld": 0 });
    assert_eq!(statement["corrections"], open);
    station
        .post("reviewer", &format!("/corrections/{correction}/accept"), json!({ "answer": "属实" }))
        .await
        .expect(200);
    let statement = station.get("auditor", "/statistics/2026/statement").await.expect(200);
    let answered = json!({ "received": 1, "in_time": 1, "late": 0, "open": 0, "overdue": 0, "upheld": 1 });
    assert_eq!(statement["corrections"], answered);
    assert_eq!(statement["complaints"]["received"], json!(0));
    let statistics = &statement["statistics"];
    assert_eq!((&statistics["total"]["hours"], &statistics["reconciled"]["holds"]), (&json!("1.5"), &json!(true)));
    assert_eq!(
        station.get("auditor", "/statistics/2025/statement").await.expect(200)["corrections"]["received"],
        json!(0)
    );
}

#[rstest]
#[tokio::test]
async fn while_others_post_statistics_never_disagree_with_the_book(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let other = World::on(world.db.clone(), ZIYANG).await;
    let mut people = Vec::new();
    for name in ["林秀英", "王建国", "陈阿姨", "安"] {
        people.push(world.volunteer(name).await);
    }
    let is_over = AtomicBool::new(false);
    let post = async |world: &World, nth: usize| {
        for turn in 0..12 {
            let on = ["2026-10-20", "2026-11-02", "2026-11-03"][turn % 3];
            let volunteer = people[(turn + nth) % people.len()];
            let id = world.serve(volunteer, ["environment", "patrol"][turn % 2], on, 30 + 10 * (turn as i64)).await;
            if turn % 3 == 1 {
                services::reverse(&world.scheme, id, Some("重复"), false, &operator(Role::Reviewer), world.now())
                    .await
                    .expect("reversed");
            }
        }
    };
    let look = async |world: &World| {
        let (mut looks, mut last) = (0, 0);
        while !is_over.load(Ordering::Relaxed) {
            let found = world.statistics(&year(2026)).await;
            assert_eq!(differences(&found), [], "as of {}", found.as_of);
            let active = found.ages.iter().map(|line| line.people).sum::<i64>();
            assert_eq!(active, found.volunteers.active);
            let of_ages = found.ages.iter().map(|line| line.minutes).sum::<i64>();
            assert_eq!(of_ages, found.total.minutes, "as of {}", found.as_of);
            assert!(found.as_of >= last);
            (looks, last) = (looks + 1, found.as_of);
        }
        looks
    };
    let posting = async {
        tokio::join!(post(&world, 0), post(&world, 1), post(&other, 2), post(&other, 3));
        is_over.store(true, Ordering::Relaxed);
    };
    let ((), one, two) = tokio::join!(posting, look(&world), look(&other));
    assert!(one > 2 && two > 2, "{one} and {two} looks");
    let end = world.statistics(&year(2026)).await;
    assert_eq!((end.total.services, end.volunteers.active, end.as_of), (32, 4, 64));
    let months: Vec<i64> = end
        .months
        .iter()
        .filter(|line| line.people > 0)
        .map(|line| line.month.first_day().to_string()[5..7].parse().expect("a month"))
        .collect();
    assert_eq!(months, [10, 11]);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_is_changed_by_hand_shows_in_the_statistics_and_is_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let lin = world.volunteer("林秀英").await;
    world.serve(lin, "environment", "2026-10-20", 60).await;
    assert_eq!(differences(&world.statistics(&year(2026)).await), []);
    for (sql, back, what, table) in [
        (
            "UPDATE month_totals SET minutes = minutes + 60",
            "UPDATE month_totals SET minutes = minutes - 60",
            "minutes_by_month",
            "month_totals",
        ),
        (
            "UPDATE category_totals SET minutes = minutes + 60",
            "UPDATE category_totals SET minutes = minutes - 60",
            "minutes_by_category",
            "category_totals",
        ),
        (
            "UPDATE turnovers SET given = given + 60 WHERE account = 'scheme/served'",
            "UPDATE turnovers SET given = given - 60 WHERE account = 'scheme/served'",
            "minutes_of_volunteers",
            "turnovers",
        ),
        (
            "UPDATE turnovers SET given = given + 1 WHERE account = 'scheme/issued'",
            "UPDATE turnovers SET given = given - 1 WHERE account = 'scheme/issued'",
            "points_outstanding",
            "turnovers",
        ),
    ] {
        run(&world, sql).await;
        // Another process, which has counted nothing yet.
        let other = World::on(world.db.clone(), ZIYANG).await;
        let found = differences(&other.statistics(&year(2026)).await);
        assert!(found.iter().any(|(named, ..)| *named == what), "{sql}: {found:?}");
        let report = scheme::verify::verify(&other.scheme).await.expect("it can be verified");
        assert!(report.findings.iter().any(|finding| finding.table == table), "{sql}: {:?}", report.findings);
        run(&world, back).await;
    }
    world.assert_verified().await;
}

async fn run(world: &World, sql: &'static str) {
    let mut tx = world.db.begin_write().await.expect("a transaction");
    tx.query(sql).execute().await.expect("changed by hand");
    tx.commit().await.expect("committed");
}

#[rstest]
#[tokio::test]
async fn points_are_issued_spent_and_outstanding_as_the_accounts_have_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let lin = world.volunteer("林秀英").await;
    let soap = world.good(10, 5).await;
    world.serve(lin, "environment", "2026-10-20", 120).await;
    world.serve(lin, "environment", "2026-11-20", 120).await;
    let (minutes, available, _) = world.balance(lin).await;
    let wish = Wish {
        id: Uuid::now_v7(),
        volunteer_id: lin,
        reward_id: soap,
        quantity: 1,
        station: None,
        session_id: None,
        collect_now: true,
        beneficiary: None,
        bill: None,
    };
    exchanges::exchange(&world.scheme, wish, &operator(Role::Staff), world.now()).await.expect("handed over");
    let found = world.statistics(&year(2026)).await;
    assert_eq!(differences(&found), []);
    assert_eq!((found.points.issued, found.points.spent, found.total.minutes), (available, 10, minutes));
    assert_eq!(found.points.outstanding, available - 10);
    let october = Scope { from: day("2026-10-01"), until: day("2026-10-31"), unit: None, thorough: true };
    let october = world.statistics(&october).await;
    assert_eq!((october.points.issued * 2, october.points.spent), (available, 0), "of the month alone");
    assert_eq!(october.points.outstanding, available - 10, "as of now, whichever months are asked for");
    assert_eq!((october.months.len(), october.months[0].month), (1, Period::Month(2026, 10)));
}

#[rstest]
#[tokio::test]
async fn a_city_can_be_measured(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let url = tests::fresh_url(engine).await;
    let printed = aixin_prints(&url, &["bench", "--rankings", "--volunteers", "300", "--seconds", "1", "--json"]);
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for asked in ["top 100 of a unit", "one volunteer's rank", "statistics of the year", "participation of a street"] {
        assert!(lines.iter().any(|line| line["asked"] == asked && line["p50_us"].is_u64()), "{asked}: {printed}");
    }
    let confirmed = lines.iter().find_map(|line| line["confirmed"].as_u64());
    assert!(confirmed.is_some_and(|confirmed| confirmed > 0), "{printed}");
}
