//! The tour of the README, and races, through the front door.

use crate::station::Station;
use db::Engine;
use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use tests::server::{Server, aixin};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn service_becomes_points_becomes_a_reward_and_everything_is_proved(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("林秀英").await;
    let confirmed = station.serve(volunteer, "environment", "2026-10-12", 150).await;
    assert_eq!(confirmed["status"], "confirmed");
    assert_eq!((&confirmed["minutes"], &confirmed["points"]), (&json!(150), &json!("2.5")));
    assert!(confirmed["calculation"].as_array().is_some_and(|lines| lines.len() >= 2), "{confirmed}");
    let balance = station.get("kiosk", &format!("/volunteers/{volunteer}/balance")).await.expect(200);
    assert_eq!((&balance["hours"], &balance["minutes"]), (&json!("2.5"), &json!(150)));
    assert_eq!(balance["points"]["available"], "2.5");
    let (soap, exchange) = (station.good("2", 30).await, Uuid::now_v7());
    let wish = json!({ "volunteer_id": volunteer, "reward_id": soap });
    let path = format!("/exchanges/{exchange}");
    let reserved = station.put("kiosk", &path, wish.clone()).await;
    assert!(!reserved.replayed);
    let reserved = reserved.expect(201);
    assert_eq!((&reserved["status"], &reserved["points"]), (&json!("reserved"), &json!("2")));
    assert_eq!((&reserved["balance_before"], &reserved["balance_after"]), (&json!("2.5"), &json!("0.5")));
    let again = station.put("kiosk", &path, wish).await;
    assert!(again.replayed);
    assert_eq!(again.expect(200), reserved);
    let taken = json!({ "volunteer_id": volunteer, "reward_id": soap, "quantity": 2 });
    let taken = station.put("kiosk", &path, taken).await;
    assert_eq!(taken.body["field"], "quantity");
    assert_eq!(taken.problem(409), "id_taken");
    let code = json!({ "pickup_code": reserved["pickup_code"] });
    let collected = station.post("staff", &format!("{path}/collect"), code).await.expect(200);
    assert_eq!(collected["status"], "collected");
    assert_eq!(station.post("staff", &format!("{path}/cancel"), json!({})).await.problem(409), "state_conflict");
    let poor = station
        .put(
            "kiosk",
            &format!("/exchanges/{}", Uuid::now_v7()),
            json!({ "volunteer_id": volunteer, "reward_id": soap }),
        )
        .await;
    assert_eq!((&poor.body["needed"], &poor.body["available"]), (&json!("2"), &json!("0.5")));
    assert_eq!(poor.problem(422), "insufficient_points");
    let statement = station.get("kiosk", &format!("/volunteers/{volunteer}/statement")).await.expect(200);
    let kinds: Vec<&Value> = statement["lines"].as_array().expect("lines").iter().map(|line| &line["kind"]).collect();
    assert_eq!(kinds, ["exchange.collected", "exchange.reserved", "service.confirmed"]);
    proofs(&station).await;
    let as_of = format!("/volunteers/{volunteer}/balance?as_of=1");
    assert_eq!(station.get("auditor", &as_of).await.expect(200)["points"]["available"], "2.5");
    let verified = aixin(&station.server.url, &["verify", "--scheme", "ziyang", "--json"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    assert!(station.server.stop().success(), "it ends in good order when told to");
}

async fn proofs(station: &Station) {
    let entries = station.get("auditor", "/entries?after=0&limit=100").await.expect(200);
    let entries = entries["entries"].as_array().expect("entries").clone();
    for (place, entry) in entries.iter().enumerate() {
        assert_eq!(entry["sequence"], json!(place as i64 + 1), "no gaps");
    }
    for entry in &entries {
        let proof = station.get("auditor", &format!("/entries/{}/proof", entry["sequence"])).await.expect(200);
        assert_eq!(proof["leaf_hash"], entry["leaf_hash"]);
        let proof: ledger::proof::InclusionProof = serde_json::from_value(proof).expect("a proof");
        let (index, size) = (proof.sequence as u64 - 1, proof.size as u64);
        assert!(ledger::tree::verify_inclusion(&proof.leaf_hash, index, size, &proof.path, &proof.root));
    }
    let checkpoint = station.get("auditor", "/checkpoint").await.expect(200);
    assert_eq!(checkpoint["size"], json!(entries.len()));
    let consistency = station.get("auditor", &format!("/consistency?from=1&to={}", entries.len())).await.expect(200);
    let proof: ledger::proof::ConsistencyProof = serde_json::from_value(consistency).expect("a proof");
    let (from, to) = (proof.from as u64, proof.to as u64);
    assert!(ledger::tree::verify_consistency(from, to, &proof.path, &proof.from_root, &proof.to_root));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_for_a_balance_of_ten(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    // On PostgreSQL, two processes serve the same database.
    let second = (engine == Engine::Postgres).then(|| Server::start(&station.server.url));
    let volunteer = station.volunteer("王建国").await;
    station.serve(volunteer, "environment", "2026-10-12", 60).await;
    let soap = station.good("0.1", 1000).await;
    let ids: Vec<Uuid> = (0..200).map(|_| Uuid::now_v7()).collect();
    let body = json!({ "volunteer_id": volunteer, "reward_id": soap, "collect_now": true });
    let requests = ids.iter().flat_map(|id| [*id, *id]).enumerate().map(|(place, id)| {
        let server = second.as_ref().filter(|_| place % 2 == 0).unwrap_or(&station.server);
        let path = station.path(&format!("/exchanges/{id}"));
        let (key, body) = (station.key("kiosk"), body.clone());
        async move { server.send("PUT", &path, key, body).await }
    });
    let answers = join_all(requests).await;
    let got = answers.iter().filter(|answer| answer.status == 201).count();
    let again = answers.iter().filter(|answer| answer.status == 200 && answer.replayed).count();
    let poor = answers.iter().filter(|answer| answer.body["code"] == "insufficient_points").count();
    assert_eq!((got, again, poor), (10, 10, 380));
    assert_eq!(station.points(volunteer).await, "0");
    assert!(aixin(&station.server.url, &["verify"]).status.success());
}

#[rstest]
#[tokio::test]
async fn a_batch_answers_each_item_in_its_place(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("赵敏").await;
    let item = |id: Uuid, minutes: i64| {
        let mut item = station.service(volunteer, "patrol", "2026-10-12", minutes);
        item["id"] = json!(id);
        item
    };
    let ids: Vec<Uuid> = (0..3).map(|_| Uuid::now_v7()).collect();
    let mut wrong = item(ids[1], 60);
    wrong["category"] = json!("打牌");
    let body = json!({ "items": [item(ids[0], 60), wrong, item(ids[2], 30), item(ids[0], 60), item(ids[0], 61)] });
    let answer = station.post("staff", "/services/batch", body).await.expect(200);
    let outcomes: Vec<&Value> =
        answer["results"].as_array().expect("results").iter().map(|result| &result["outcome"]).collect();
    assert_eq!(outcomes, ["created", "rejected", "created", "replayed", "rejected"]);
    assert_eq!(answer["results"][4]["error"]["code"], "id_taken");
    assert_eq!(answer["counts"], json!({ "created": 2, "replayed": 1, "rejected": 2, "not_attempted": 0 }));
}

#[test]
fn the_documentation_is_shown_without_the_internet() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let station = runtime.block_on(Station::open(Engine::Sqlite, "ziyang"));
    let page = tests::browser::dump_dom(&format!("{}/docs/", station.server.base));
    assert!(page.contains("/api/v1/schemes/{scheme}/exchanges/{id}"), "{}", &page[..page.len().min(2000)]);
}
