//! The feed of events: every entry once, in order, with nothing that a person said.

use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn every_entry_is_one_event_in_order_and_without_gaps(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("林秀英").await;
    let confirmed = station.serve(volunteer, "environment", "2026-10-12", 240).await;
    let soap = station.good("1.5", 3).await;
    let exchange = Uuid::now_v7();
    let body = json!({ "volunteer_id": volunteer, "reward_id": soap });
    station.put("kiosk", &format!("/exchanges/{exchange}"), body).await.expect(201);
    let reason = json!({ "reason": "家中老人王桂芳生病" });
    station.post("kiosk", &format!("/exchanges/{exchange}/cancel"), reason).await.expect(200);

    let entries = station.get("auditor", "/entries?limit=1000").await.expect(200);
    let events = all(&station, "").await;
    let of = |list: &[Value], field: &str| list.iter().map(|one| one[field].clone()).collect::<Vec<_>>();
    let entries = entries["entries"].as_array().expect("a list");
    assert_eq!(of(&events, "sequence"), of(entries, "sequence"));
    assert_eq!(of(&events, "id"), of(entries, "id"));
    assert_eq!(of(&events, "type"), of(entries, "kind"));

    let reserved = events.iter().find(|event| event["type"] == "exchange.reserved").expect("it was");
    assert_eq!(reserved["title"], "兑换已预留");
    let data = &reserved["data"];
    assert_eq!(
        (&data["exchange_id"], &data["volunteer_id"], &data["reward_id"]),
        (&json!(exchange), &json!(volunteer), &json!(soap))
    );
    assert_eq!((&data["points"], &data["quantity"], &data["status"]), (&json!("1.5"), &json!(1), &json!("reserved")));
    assert!(data["expires_at"].as_str().is_some_and(|time| time.ends_with('Z')), "{data}");
    let confirmation = events.iter().find(|event| event["type"] == "service.confirmed").expect("it was");
    assert_eq!(confirmation["data"]["points"], confirmed["points"]);
    assert_eq!(confirmation["data"]["minutes"], 240);
    let told = Value::from(events).to_string();
    for word in ["王桂芳", "林秀英", "楼道清洁", "进货"] {
        assert!(!told.contains(word), "{word} is told to others");
    }
}

#[rstest]
#[tokio::test]
async fn a_part_of_the_feed_says_up_to_where_it_has_looked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let (one, other) = (station.volunteer("王建国").await, station.volunteer("陈桂英").await);
    for volunteer in [one, other, one] {
        station.serve(volunteer, "environment", "2026-10-12", 60).await;
    }
    station.good("1", 5).await;
    let everything = all(&station, "").await;
    let size = everything.last().expect("some")["sequence"].clone();

    let stock = station.get("auditor", "/events?types=stock.*").await.expect(200);
    assert_eq!(stock["events"].as_array().map(Vec::len), Some(1));
    assert_eq!(stock["last"], size);
    let nothing = station.get("auditor", "/events?types=points.donated,level.*").await.expect(200);
    assert_eq!((&nothing["events"], &nothing["last"]), (&json!([]), &size));
    for (query, expected) in [
        (format!("volunteer_id={one}&types=service.confirmed"), 2),
        (format!("volunteer_id={other}&types=service.*"), 1),
        ("types=service.confirmed".to_owned(), 3),
    ] {
        assert_eq!(all(&station, &query).await.len(), expected, "{query}");
    }
    let first = station.get("auditor", "/events?types=service.confirmed&limit=1").await.expect(200);
    assert_eq!(first["last"], first["events"][0]["sequence"], "a full page ends with what it holds");

    for (query, pointer) in [
        ("types=service", "/query/types"),
        ("types=", "/query/types"),
        ("after=-1", "/query/after"),
        ("after=100000", "/query/after"),
        ("wait=31", "/query/wait"),
        ("limit=1001", "/query/limit"),
        ("volunteer_id=x", "/query/volunteer_id"),
    ] {
        let answer = station.get("auditor", &format!("/events?{query}")).await;
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{query}");
        answer.problem(422);
    }
}

#[rstest]
#[tokio::test]
async fn who_waits_is_told_at_once_or_when_the_server_stops(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("王建国").await;
    station.serve(volunteer, "environment", "2026-10-12", 60).await;
    let last = station.get("auditor", "/events").await.expect(200)["last"].as_i64().expect("a sequence");

    let path = format!("/events?after={last}&wait=20&types=service.confirmed");
    let asked = Instant::now();
    let (told, _) = tokio::join!(station.get("auditor", &path), async {
        // Of another type first: it is no reason to answer.
        station.good("1", 5).await;
        station.serve(volunteer, "environment", "2026-10-13", 60).await
    });
    let told = told.expect(200);
    assert_eq!(told["events"][0]["type"], "service.confirmed", "{told}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());

    let last = told["last"].as_i64().expect("a sequence");
    let asked = Instant::now();
    let nothing = station.get("auditor", &format!("/events?after={last}&wait=1")).await.expect(200);
    assert_eq!((&nothing["events"], &nothing["last"]), (&json!([]), &json!(last)));
    assert!(asked.elapsed() >= Duration::from_secs(1), "it waits");

    let path = station.path(&format!("/events?after={last}&wait=30"));
    let (key, asked) = (station.key("auditor").to_owned(), Instant::now());
    let waiting = {
        let (client, url) = (tests::server::client(), format!("{}{path}", station.server.base));
        tokio::spawn(async move { client.get(url).bearer_auth(key).send().await })
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ended = tokio::task::spawn_blocking(move || station.server.stop()).await.expect("it ends");
    assert!(ended.success() && asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let answer = waiting.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_types_of_events_are_listed_with_what_their_data_holds() {
    let station = Station::open(Engine::Sqlite, "ziyang").await;
    let types = station.get("kiosk", "/event-types").await.expect(200);
    let types = types["types"].as_array().expect("a list");
    let expiring = types.iter().find(|one| one["type"] == "points.expiring").expect("it is one");
    assert_eq!((&expiring["title"], &expiring["data"]["amount"]), (&json!("积分即将到期"), &json!("amount")));
}

/// The feed to its end, by small pages.
async fn all(station: &Station, query: &str) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let page = station.get("auditor", &format!("/events?after={after}&limit=2&{query}")).await.expect(200);
        let of_page = page["events"].as_array().expect("a list").clone();
        let last = page["last"].as_i64().expect("a sequence");
        if last == after {
            assert_eq!(of_page, Vec::<Value>::new());
            return events;
        }
        events.extend(of_page);
        after = last;
    }
}
