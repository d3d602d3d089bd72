//! The auditor's list of anomalies, through the front door.

use crate::activities::activity;
use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn an_auditor_finds_what_is_odd_and_sets_aside_what_is_in_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("王建国").await;
    let mut items = Vec::new();
    for number in 0..31 {
        let mut body = station.service(volunteer, "environment", &format!("2026-01-{:02}", 1 + number % 28), 45);
        body["id"] = json!(Uuid::now_v7());
        body["evidence"] = json!("leader_confirmed");
        items.push(body);
    }
    let done = station.post("staff", "/services/batch", json!({ "items": items })).await.expect(200);
    assert_eq!(done["counts"]["created"], 31);
    let period = "from=2026-01-01&until=2026-01-31";
    let list = station.get("auditor", &format!("/anomalies?{period}")).await.expect(200);
    let kinds = |list: &Value| -> Vec<String> {
        let found = list["anomalies"].as_array().expect("a list").iter();
        found.map(|one| one["kind"].as_str().expect("a kind").to_owned()).collect()
    };
    let mut found = kinds(&list);
    found.sort();
    found.dedup();
    assert_eq!(found, ["bulk_entry", "identical", "new_volunteer"]);
    let path = format!("/anomalies?{period}&kind=bulk_entry");
    let bulk = station.get("auditor", &path).await.expect(200);
    let bulk = &bulk["anomalies"][0];
    assert_eq!((&bulk["numbers"]["records"], &bulk["zh"]), (&json!(31), &json!("同一人在 10 分钟内登记了 31 条记录")));
    let dismiss = format!("/anomalies/{}/dismiss", bulk["id"].as_str().expect("an id"));
    let reason = json!({ "kind": "bulk_entry", "reason": "纸质登记册集中录入，已核对原件" });
    assert_eq!(
        station.post("auditor", &dismiss, json!({ "kind": "bulk_entry", "reason": "" })).await.problem(422),
        "invalid_request"
    );
    station.post("auditor", &dismiss, reason.clone()).await.expect(201);
    assert!(station.post("auditor", &dismiss, reason).await.replayed);
    let other = json!({ "kind": "bulk_entry", "reason": "别的理由" });
    assert_eq!(station.post("auditor", &dismiss, other).await.problem(409), "id_taken");
    assert_eq!(station.get("auditor", &path).await.expect(200)["anomalies"], json!([]));
    let kept = station.get("auditor", &format!("{path}&dismissed=true")).await.expect(200);
    assert_eq!(kept["anomalies"][0]["dismissal"], "纸质登记册集中录入，已核对原件");
    let (mut pages, mut next) = (Vec::new(), Value::Null);
    loop {
        let cursor = next.as_str().map_or(String::new(), |next| format!("&cursor={next}"));
        let page = station.get("auditor", &format!("/anomalies?{period}&limit=2{cursor}")).await.expect(200);
        pages.extend(kinds(&page));
        next = page["next"].clone();
        if next.is_null() {
            break;
        }
    }
    let rest: Vec<_> = kinds(&list).into_iter().filter(|kind| kind != "bulk_entry").collect();
    assert_eq!(pages, rest);
    let long = station.get("auditor", "/anomalies?from=2025-01-01&until=2026-01-31").await;
    assert_eq!(long.body["errors"][0]["pointer"], "/query/until");
}

#[rstest]
#[tokio::test]
async fn what_devices_sent_and_what_was_entered_by_hand_are_set_against_each_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let mut running = activity(-90);
    running["walk_ups"] = json!(true);
    let (scanned, filled) = (station.activity(running.clone()).await, station.activity(running).await);
    let people = station.volunteers(10).await;
    for volunteer in &people[..8] {
        let body = json!({ "kind": "in", "volunteer_id": volunteer, "activity_id": scanned, "device": "kiosk-1" });
        station.put("kiosk", &format!("/presence/{}", Uuid::now_v7()), body).await.expect(201);
    }
    let today = tests::now().date_naive();
    let yesterday = today.pred_opt().expect("a day before").to_string();
    let mut items = Vec::new();
    for number in 0..50 {
        let mut body = station.service(people[number % 10], "environment", &yesterday, 2);
        (body["id"], body["activity_id"]) = (json!(Uuid::now_v7()), json!(filled));
        items.push(body);
    }
    let done = station.post("staff", "/services/batch", json!({ "items": items })).await.expect(200);
    assert_eq!(done["counts"]["created"], 50, "{done}");
    let period = format!("from={yesterday}&until={}", today.succ_opt().expect("a day after"));
    let only = async |kind: &str| {
        let list = station.get("auditor", &format!("/anomalies?{period}&kind={kind}")).await.expect(200);
        assert_eq!(list["anomalies"].as_array().map(Vec::len), Some(1), "{kind}: {list}");
        list["anomalies"][0].clone()
    };
    let device = only("one_device").await;
    assert_eq!((&device["numbers"]["people"], &device["subjects"][0]["id"]), (&json!(8), &json!("kiosk-1")));
    let unsigned = only("unsigned").await;
    assert_eq!((&unsigned["numbers"]["signed"], &unsigned["subjects"][0]["id"]), (&json!(0), &json!(filled)));
    assert_eq!(unsigned["severity"], "alert", "all claim to have scanned, and no device has seen them");
    assert_eq!(only("new_activity").await["numbers"]["records"], 50);
}
