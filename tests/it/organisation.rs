//! Units and stations: put, moved and merged; reports as of a day have units where they were on that day.

use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Instant;
use uuid::Uuid;

fn codes(list: &Value) -> Vec<&str> {
    list["units"].as_array().expect("units").iter().map(|unit| unit["code"].as_str().expect("a code")).collect()
}

impl Station {
    async fn unit(&self, code: &str, kind: &str, parent: Option<&str>) -> Value {
        let body = json!({ "name": code, "kind": kind, "parent": parent });
        self.put("scheme_admin", &format!("/units/{code}"), body).await.expect(201)
    }
}

#[rstest]
#[tokio::test]
async fn a_unit_that_moves_stands_where_it_stood_until_then(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    station.unit("city", "city", None).await;
    for (code, kind, parent) in
        [("east", "street", "city"), ("west", "street", "city"), ("g1", "grid", "east"), ("b1", "building", "g1")]
    {
        station.unit(code, kind, Some(parent)).await;
    }
    let moved = json!({ "parent": "west", "from": "2026-07-01" });
    let answer = station.post("scheme_admin", "/units/g1/move", moved.clone()).await.expect(200);
    assert_eq!((answer["parent"].as_str(), answer["version"].as_i64()), (Some("west"), Some(2)), "{answer}");
    let again = station.post("scheme_admin", "/units/g1/move", moved).await;
    assert!(again.replayed, "{}", again.text);
    for (under, on, expected) in [
        ("east", "2026-06-30", &["b1", "east", "g1"][..]),
        ("east", "2026-07-01", &["east"]),
        ("west", "2026-07-01", &["b1", "g1", "west"]),
    ] {
        let list = station.get("kiosk", &format!("/units?under={under}&on={on}")).await.expect(200);
        assert_eq!(codes(&list), expected, "{under} on {on}");
    }
    let list = station.get("kiosk", "/units?under=city&kind=building&on=2026-01-01").await.expect(200);
    assert_eq!(codes(&list), ["b1"]);
    for (path, body, pointer, code) in [
        ("/units/west/move", json!({ "parent": "b1" }), "/parent", "circle"),
        ("/units/west/move", json!({ "parent": "nowhere" }), "/parent", "unknown_unit"),
        ("/units/west/merge", json!({ "into": "g1" }), "/into", "circle"),
        ("/units/west/merge", json!({ "into": "nowhere" }), "/into", "unknown_unit"),
    ] {
        let answer = station.post("scheme_admin", path, body).await;
        assert_eq!(
            (&answer.body["errors"][0]["pointer"], &answer.body["errors"][0]["code"]),
            (&json!(pointer), &json!(code))
        );
        assert_eq!(answer.problem(422), "invalid_request");
    }
    let nowhere = station.post("scheme_admin", "/units/nowhere/move", json!({ "parent": "city" })).await;
    assert_eq!(nowhere.problem(404), "unit_not_found");
}

#[rstest]
#[tokio::test]
async fn a_merged_unit_counts_as_part_of_the_other_from_that_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    station.unit("city", "city", None).await;
    for code in ["g1", "g2"] {
        station.unit(code, "grid", Some("city")).await;
    }
    let merge = json!({ "into": "g2", "from": "2026-05-01" });
    let merged = station.post("scheme_admin", "/units/g1/merge", merge.clone()).await.expect(200);
    assert_eq!((&merged["merged_into"], &merged["merged_from"]), (&json!("g2"), &json!("2026-05-01")));
    assert!(station.post("scheme_admin", "/units/g1/merge", merge).await.replayed);
    for (on, expected) in [("2026-04-30", &["g2"][..]), ("2026-05-01", &["g1", "g2"])] {
        let list = station.get("staff", &format!("/units?under=g2&on={on}")).await.expect(200);
        assert_eq!(codes(&list), expected, "on {on}");
    }
    let answer = station.post("scheme_admin", "/units/g1/move", json!({ "parent": "city" })).await;
    assert_eq!(answer.body["errors"][0]["code"], "unit_merged");
    let below = json!({ "name": "楼", "kind": "building", "parent": "g1" });
    assert_eq!(station.put("scheme_admin", "/units/b9", below).await.body["errors"][0]["code"], "unit_merged");
}

#[rstest]
#[tokio::test]
async fn eleven_thousand_units_are_put_in_seconds_whatever_their_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let mut items = vec![json!({ "code": "c", "name": "城", "kind": "city" })];
    for community in 0..140 {
        items.push(json!({ "code": format!("c{community}"), "name": "社区", "kind": "community", "parent": "c" }));
        for grid in 0..6 {
            let code = format!("c{community}-{grid}");
            items.push(json!({ "code": code, "name": "网格", "kind": "grid", "parent": format!("c{community}") }));
            for house in 0..12 {
                let house = format!("{code}-{house}");
                items.push(json!({ "code": house, "name": "楼", "kind": "building", "parent": code }));
            }
        }
    }
    let all = items.len();
    assert!(all > 11_000);
    items.reverse();
    let begun = Instant::now();
    let body = json!({ "items": items });
    let counts = station.post("scheme_admin", "/units/batch", body.clone()).await.expect(200);
    let took = begun.elapsed();
    eprintln!("{engine:?}: {all} units in {took:?}");
    assert_eq!(counts, json!({ "created": all, "changed": 0, "same": 0 }));
    assert!(took.as_secs() < 20, "{took:?}");
    let counts = station.post("scheme_admin", "/units/batch", body).await.expect(200);
    assert_eq!(counts, json!({ "created": 0, "changed": 0, "same": all }));
    let begun = Instant::now();
    let list = station.get("staff", "/units?under=c7&limit=1000").await.expect(200);
    assert_eq!(list["units"].as_array().map(Vec::len), Some(1 + 6 * 13), "in {:?}", begun.elapsed());
}

#[rstest]
#[tokio::test]
async fn of_a_batch_with_a_flaw_nothing_is_taken(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let item = |code: &str, parent: &str| json!({ "code": code, "name": code, "kind": "grid", "parent": parent });
    let body = json!({ "items": [item("a", "b"), item("b", "a"), item("c", "nowhere"), item("d", "a"), item("d", "a"), item("É", "a")] });
    let answer = station.post("scheme_admin", "/units/batch", body).await;
    let errors = answer.body["errors"].as_array().expect("errors").clone();
    let told: Vec<_> =
        errors.iter().map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect();
    let expected =
        [("/items/2/parent", "unknown_unit"), ("/items/4/code", "duplicate_code"), ("/items/5/code", "invalid_code")];
    assert_eq!(told, expected);
    let answer =
        station.post("scheme_admin", "/units/batch", json!({ "items": [item("a", "b"), item("b", "a")] })).await;
    assert_eq!(answer.body["errors"][0]["code"], "circle", "{}", answer.text);
    let body = json!({ "items": [item("a", "community"), item("b", "a")], "dry_run": true });
    station.unit("community", "community", None).await;
    let counts = station.post("scheme_admin", "/units/batch", body).await.expect(200);
    assert_eq!(counts["created"], 2);
    assert_eq!(station.get("staff", "/units/a").await.problem(404), "unit_not_found");
}

#[rstest]
#[tokio::test]
async fn a_station_needs_no_configuration(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let body = json!({ "name": "东街驿站", "address": "东街 1 号", "opening_hours": "周一至周五 8:30–17:00" });
    let made = station.put("scheme_admin", "/stations/east-1", body.clone()).await.expect(201);
    assert_eq!((&made["name"], &made["version"]), (&json!("东街驿站"), &json!(1)));
    assert!(station.put("scheme_admin", "/stations/east-1", body).await.replayed);
    let list = station.get("kiosk", "/stations").await.expect(200);
    let listed: Vec<_> = list["stations"].as_array().expect("stations").iter().map(|one| &one["code"]).collect();
    assert!(listed.contains(&&json!("main")) && listed.contains(&&json!("east-1")), "{list}");
    let soap = station.good("1", 5).await;
    let change = json!({ "id": Uuid::now_v7(), "station": "east-1", "change": 3, "reason": "进货" });
    station.post("scheme_admin", &format!("/rewards/{soap}/stock"), change).await.expect(201);
    let mut nowhere = json!({ "id": Uuid::now_v7(), "station": "nowhere", "change": 3, "reason": "进货" });
    let answer = station.post("scheme_admin", &format!("/rewards/{soap}/stock"), nowhere.clone()).await;
    assert_eq!(answer.body["errors"][0]["code"], "unknown_station");
    nowhere = json!({ "name": "x", "unit": "nowhere" });
    let answer = station.put("scheme_admin", "/stations/east-2", nowhere).await;
    assert_eq!(
        (&answer.body["errors"][0]["pointer"], &answer.body["errors"][0]["code"]),
        (&json!("/unit"), &json!("unknown_unit"))
    );
    let kiosk = tests::server::aixin_prints(
        &station.server.url,
        &["key", "create", "--scheme", "ziyang", "--role", "kiosk", "--station", "east-1"],
    );
    let ann = station.volunteer("安").await;
    station.serve(ann, "environment", "2026-10-12", 120).await;
    let path = station.path(&format!("/exchanges/{}", Uuid::now_v7()));
    let made =
        station.server.send("PUT", &path, &kiosk, json!({ "volunteer_id": ann, "reward_id": soap })).await.expect(201);
    assert_eq!(made["station"], "east-1");
}
