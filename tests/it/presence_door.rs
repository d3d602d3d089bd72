//! Kiosks, phones, leaders and queues at the front door.

use crate::activities::{activity, minutes_from_now};
use crate::station::Station;
use chrono::Duration;
use db::Engine;
use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Instant;
use uuid::Uuid;

/// Began an hour and a half ago, and is over in half an hour.
fn running() -> Value {
    let mut body = activity(-90);
    body["walk_ups"] = json!(true);
    body
}

/// An item of a queue.
fn item(kind: &str, volunteer: Uuid, activity: Uuid, sequence: i64, device_time: String) -> Value {
    json!({
        "id": Uuid::now_v7(), "kind": kind, "volunteer_id": volunteer, "activity_id": activity,
        "device_sequence": sequence, "device_time": device_time,
    })
}

impl Station {
    async fn punch(&self, role: &str, body: Value) -> tests::server::Answer {
        self.put(role, &format!("/presence/{}", Uuid::now_v7()), body).await
    }

    async fn queue(&self, clock: String, items: &[Value]) -> Value {
        let body = json!({ "device": "kiosk-1", "device_clock": clock, "items": items });
        self.post("kiosk", "/presence/batch", body).await.expect(200)
    }
}

fn outcomes(answer: &Value) -> Vec<&str> {
    let results = answer["results"].as_array().expect("results");
    results.iter().map(|result| result["outcome"].as_str().expect("an outcome")).collect()
}

#[rstest]
#[tokio::test]
async fn a_card_is_scanned_and_signing_out_makes_a_record_that_counts_once_confirmed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("林秀英").await;
    let id = station.activity(running()).await;
    let codes = station.get("staff", &format!("/volunteers/{volunteer}/code")).await.expect(200);
    let card = codes["card_code"].as_str().expect("a code").to_owned();
    assert!(!card.contains("林"), "a code holds an id and no name");
    for code in [&card, codes["code"].as_str().expect("a code")] {
        let found = station.post("kiosk", "/volunteers/find", json!({ "code": code })).await.expect(200);
        assert_eq!((&found["id"], &found["name"]), (&json!(volunteer), &json!("林秀英")));
    }
    let forged = card.replace(&card[..2], "03");
    let forged = station.post("kiosk", "/volunteers/find", json!({ "code": forged })).await;
    assert_eq!(forged.body["errors"][0]["code"], "invalid_code_scanned");

    let (came, path) = (Uuid::now_v7(), |id: Uuid| format!("/presence/{id}"));
    let mut body = json!({
        "kind": "in", "code": card, "activity_id": id, "device": "kiosk-1", "device_sequence": 7,
        "device_time": minutes_from_now(-100), "device_clock": minutes_from_now(0),
    });
    let made = station.put("kiosk", &path(came), body.clone()).await.expect(201);
    assert_eq!((&made["presence"]["status"], &made["method"]), (&json!("open"), &json!("kiosk")));
    let again = station.put("kiosk", &path(came), body.clone()).await;
    assert!(again.replayed, "{}", again.text);
    body["kind"] = json!("out");
    let other = station.put("kiosk", &path(came), body).await;
    assert_eq!(other.body["field"], "kind");
    assert_eq!(other.problem(409), "id_taken");

    let left = station.punch("kiosk", json!({ "kind": "out", "code": card, "activity_id": id })).await.expect(201);
    let presence = &left["presence"];
    assert_eq!((&presence["id"], &presence["evidence"]), (&json!(came), &json!("kiosk")));
    assert!((89..=90).contains(&presence["credited_minutes"].as_i64().expect("minutes")), "{presence}");
    assert_eq!(presence["differences"][0]["code"], "early_arrival");
    let service = presence["service_id"].as_str().expect("a record");
    let record = station.get("reviewer", &format!("/services/{service}")).await.expect(200);
    assert_eq!((&record["status"], &record["activity_id"]), (&json!("recorded"), &json!(id)));
    assert_eq!(record["presence"]["checked_in_at"], presence["checked_in_at"], "what was claimed stays with it");
    station.post("reviewer", &format!("/services/{service}/confirm"), json!({})).await.expect(200);
    assert_ne!(station.points(volunteer).await, "0");

    // The card is lost.
    let renew = format!("/volunteers/{volunteer}/code/renew");
    let renewed = station.post("staff", &renew, json!({ "replaces": 0 })).await.expect(200);
    assert!(station.post("staff", &renew, json!({ "replaces": 0 })).await.replayed);
    assert_eq!(station.post("staff", &renew, json!({ "replaces": 7 })).await.problem(409), "state_conflict");
    let lost = station.post("kiosk", "/volunteers/find", json!({ "code": card })).await;
    assert_eq!(lost.body["errors"][0]["code"], "revoked_code");
    station.post("kiosk", "/volunteers/find", json!({ "code": renewed["card_code"] })).await.expect(200);
    let raw = station.get("auditor", "/punches?device=kiosk-1").await.expect(200);
    assert_eq!(raw["punches"][0]["device_sequence"], 7);
}

#[rstest]
#[tokio::test]
async fn phones_scan_the_screen_and_leaders_vouch_for_their_team(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let people = station.volunteers(3).await;
    let mut body = running();
    body["team"] = json!("patrol");
    let (id, other) = (station.activity(body).await, station.activity(running()).await);
    let screen = station.get("kiosk", &format!("/activities/{id}/code")).await.expect(200);
    let scan = json!({ "kind": "in", "volunteer_id": people[0], "activity_code": screen["code"] });
    let scanned = station.punch("staff", scan).await.expect(201);
    assert_eq!((&scanned["method"], &scanned["presence"]["evidence"]), (&json!("self_scan"), &json!("self_scan")));
    let stale = json!({
        "kind": "in", "volunteer_id": people[1], "activity_code": screen["code"],
        "device_time": minutes_from_now(-80), "device_clock": minutes_from_now(0),
    });
    assert_eq!(station.punch("staff", stale).await.body["errors"][0]["code"], "expired_code");

    let led = station
        .punch("leader", json!({ "kind": "in", "volunteer_id": people[1], "activity_id": id }))
        .await
        .expect(201);
    assert_eq!(led["presence"]["evidence"], "leader_confirmed");
    let others = json!({ "kind": "in", "volunteer_id": people[2], "activity_id": other });
    assert_eq!(station.punch("leader", others).await.problem(403), "forbidden");
    let vouching = json!({ "kind": "in", "volunteer_id": people[2], "activity_id": id, "method": "leader" });
    assert_eq!(station.punch("kiosk", vouching).await.problem(403), "forbidden");
    let signup = format!("/activities/{id}/signups/{}", people[2]);
    assert_eq!(station.put("kiosk", &signup, json!({})).await.problem(422), "signup_closed");
    let mut by_hand = station.service(people[2], "environment", "2026-10-12", 60);
    let record = format!("/services/{}", Uuid::now_v7());
    assert_eq!(station.put("leader", &record, by_hand.clone()).await.problem(403), "forbidden", "of no team");
    by_hand["team"] = json!("patrol");
    station.put("leader", &record, by_hand.clone()).await.expect(201);
    by_hand["id"] = json!(Uuid::now_v7());
    by_hand["team"] = json!("choir");
    let batch = station.post("leader", "/services/batch", json!({ "items": [by_hand] })).await.expect(200);
    assert_eq!(batch["results"][0]["error"]["code"], "forbidden");
    station.punch("kiosk", json!({ "kind": "out", "volunteer_id": people[0], "activity_id": id })).await.expect(201);
    let attendance = station.get("leader", &format!("/activities/{id}/attendance")).await.expect(200);
    let rows = attendance["attendance"].as_array().expect("a list");
    let where_is: Vec<_> = rows.iter().map(|row| row["whereabouts"].as_str().expect("a word")).collect();
    assert_eq!(where_is, ["left", "in"]);
    assert_eq!(station.get("leader", &format!("/activities/{other}/attendance")).await.problem(403), "forbidden");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_kiosks_at_once_let_one_person_in_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("林秀英").await;
    let (one, other) = (station.activity(running()).await, station.activity(running()).await);
    let places = [one, other, one, other, one, other];
    let punches = places
        .map(|place| station.punch("kiosk", json!({ "kind": "in", "volunteer_id": volunteer, "activity_id": place })));
    let answers = join_all(punches).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        let code = refused.body["code"].as_str().unwrap_or_default();
        assert!(["overlapping_service", "state_conflict"].contains(&code), "{}", refused.text);
    }
}

#[rstest]
#[tokio::test]
async fn a_queue_is_taken_once_item_by_item_and_its_gaps_are_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let people = station.volunteers(3).await;
    let id = station.activity(running()).await;
    // The clock of the device is three hours slow.
    let slow = |minutes: i64| minutes_from_now(-minutes - 180);
    let nobody = Uuid::now_v7();
    let mut nameless = item("in", people[2], id, 5, slow(60));
    nameless["volunteer_id"] = json!("not an id");
    let items = [
        item("out", people[0], id, 2, slow(20)),
        item("in", people[0], id, 1, slow(80)),
        item("in", nobody, id, 3, slow(70)),
        nameless,
        item("in", people[1], id, 8, slow(50)),
        item("dance", people[1], id, 9, slow(50)),
    ];
    let answer = station.queue(slow(0), &items).await;
    assert_eq!(outcomes(&answer), ["created", "created", "rejected", "rejected", "created", "rejected"], "{answer}");
    assert_eq!(answer["results"][2]["error"]["code"], "volunteer_not_found");
    assert_eq!(answer["results"][3]["error"]["code"], "invalid_request");
    assert_eq!(answer["results"][0]["id"], items[0]["id"], "in the order of the items");
    assert_eq!(answer["gaps"], json!([{ "from": 4, "until": 7 }]));
    let stay = station.get("staff", &format!("/presence?volunteer_id={}", people[0])).await.expect(200);
    assert_eq!(stay["presences"][0]["credited_minutes"], 60, "by the server's clock: {stay}");
    let again = station.queue(slow(0), &items).await;
    assert_eq!(outcomes(&again), ["replayed", "replayed", "rejected", "rejected", "replayed", "rejected"]);
    let counts = json!({ "created": 0, "replayed": 3, "rejected": 3, "not_attempted": 0 });
    assert_eq!(again["counts"], counts);

    // What was missing comes with another queue, and the same person from another device.
    let late = [item("out", people[1], id, 4, slow(10)), item("in", people[2], id, 6, slow(40))];
    let answer = station.queue(slow(0), &late).await;
    assert_eq!((outcomes(&answer), &answer["gaps"]), (vec!["created", "created"], &json!([{ "from": 5, "until": 5 }])));
    // A clock that is years off cannot be right, item by item.
    let years = [item("in", people[2], id, 20, "1999-01-01T00:00:00Z".to_owned())];
    let answer = station.queue("1999-01-01T00:00:00Z".to_owned(), &years).await;
    assert_eq!(answer["results"][0]["error"]["code"], "clock_implausible", "{answer}");
    let future = [item("in", people[2], id, 21, minutes_from_now(30))];
    let answer = station.queue(minutes_from_now(0), &future).await;
    assert_eq!(answer["results"][0]["error"]["code"], "clock_implausible", "after it was sent: {answer}");
    let records = station.get("reviewer", "/services").await.expect(200);
    assert_eq!(records["services"].as_array().map(Vec::len), Some(2), "{records}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_at_once_are_quick_and_two_devices_agree(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let people = station.volunteers(50).await;
    let mut items = Vec::new();
    let mut places = Vec::new();
    for _ in 0..5 {
        places.push(station.activity(running()).await);
    }
    for (index, volunteer) in people.iter().enumerate() {
        for stay in 0..5 {
            let (minutes, sequence) = (85 - stay * 12, (index as i64) * 10 + stay * 2);
            items.push(item("in", *volunteer, places[stay as usize], sequence, minutes_from_now(-minutes)));
            items.push(item("out", *volunteer, places[stay as usize], sequence + 1, minutes_from_now(-minutes + 10)));
        }
    }
    assert_eq!(items.len(), 500);
    let began = Instant::now();
    let (clock, same) = (minutes_from_now(0), items.clone());
    let (one, other) = tokio::join!(station.queue(clock.clone(), &items), station.queue(clock, &same));
    let took = began.elapsed();
    println!("{engine:?}: twice 500 in {took:?}");
    assert!(took.as_secs() < 60, "{took:?}");
    let mut made = 0;
    for (one, other) in outcomes(&one).into_iter().zip(outcomes(&other)) {
        // Those that met in the middle are sent again.
        assert!(["created", "replayed", "not_attempted"].contains(&one), "{one}");
        made += usize::from(one == "created") + usize::from(other == "created");
    }
    let again = station.queue(minutes_from_now(0), &items).await;
    made += outcomes(&again).into_iter().filter(|outcome| *outcome == "created").count();
    assert_eq!((made, &again["counts"]["rejected"]), (500, &json!(0)), "{}", again["counts"]);
    let sum = station.get("reviewer", "/services?limit=200&status=recorded").await.expect(200);
    assert_eq!(sum["services"].as_array().map(Vec::len), Some(200));
}

#[rstest]
#[tokio::test]
async fn whoever_was_turned_away_is_found_and_lists_are_cut_by_unit_team_and_days(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let (ann, bob) = (station.volunteer("安").await, station.volunteer("白").await);
    let of = |field: &str, value: &str| {
        let mut body = running();
        body[field] = json!(value);
        body
    };
    let compound = station.activity(of("unit", "compound-1")).await;
    let patrol = station.activity(of("team", "patrol")).await;
    let come = |who: Uuid, activity: Uuid| json!({ "kind": "in", "volunteer_id": who, "activity_id": activity, "device": "k" });
    station.punch("kiosk", come(ann, compound)).await.expect(201);
    station.punch("kiosk", come(bob, patrol)).await.expect(201);
    let turned_away = station.punch("kiosk", come(ann, patrol)).await.problem(422);
    assert_eq!(turned_away, "overlapping_service");

    let count = async |path: &str, plural: &str| {
        let list = station.get("auditor", path).await.expect(200);
        list[plural].as_array().expect("a list").len()
    };
    let today = (tests::now() + Duration::hours(8)).date_naive();
    let (yesterday, tomorrow) = (today - Duration::days(1), today + Duration::days(1));
    for (query, here, away) in [
        (String::new(), 2, 1),
        ("unit=ziyang".to_owned(), 1, 0),
        ("unit=compound-2".to_owned(), 0, 0),
        ("team=patrol".to_owned(), 1, 1),
        (format!("from={today}&until={today}"), 2, 1),
        (format!("until={yesterday}"), 0, 0),
        (format!("from={tomorrow}"), 0, 0),
        (format!("volunteer_id={ann}"), 1, 1),
    ] {
        assert_eq!(count(&format!("/presence?{query}"), "presences").await, here, "presences, {query}");
        assert_eq!(count(&format!("/punches?{query}"), "punches").await, here, "punches, {query}");
        assert_eq!(count(&format!("/punches/refused?{query}"), "refused").await, away, "refused, {query}");
    }
    let refused = station.get("auditor", "/punches/refused").await.expect(200);
    let one = &refused["refused"][0];
    assert_eq!((&one["code"], &one["device"]), (&json!("overlapping_service"), &json!("k")));
    assert_eq!(one["volunteer_id"], json!(ann));
}
