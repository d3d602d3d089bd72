//! Webhooks: told in order, at least once, whatever fails on the way.

mod receiver;

use crate::station::Station;
use db::Engine;
use receiver::{Message, Receiver};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tests::server::Server;
use uuid::Uuid;

/// Tried again at once, and given up soon.
const OPTIONS: [&str; 10] = [
    "--webhook-targets",
    "private",
    "--webhook-backoff",
    "0",
    "--webhook-attempts",
    "4",
    "--webhook-timeout-seconds",
    "1",
    "--webhook-lease-seconds",
    "3",
];

#[rstest]
#[tokio::test]
async fn events_are_told_in_order_each_signed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (station, receiver) = (open(engine).await, Receiver::taking_all().await);
    let soap = station.good("1", 5).await;
    let volunteer = station.volunteer("林秀英").await;
    station.serve(volunteer, "environment", "2026-10-12", 240).await;
    let (webhook, secret) = subscribe(&station, &receiver, json!({ "from_sequence": 1 })).await;
    let body = json!({ "volunteer_id": volunteer, "reward_id": soap, "collect_now": true });
    let exchange = station.put("kiosk", &format!("/exchanges/{}", Uuid::now_v7()), body).await.expect(201);
    let seen = receiver.until_sequence(exchange["sequence"].as_i64().expect("a sequence")).await;

    let feed = station.get("auditor", "/events").await.expect(200);
    let told: Vec<Value> = seen.iter().map(|message| message.json.clone()).collect();
    assert_eq!(told.len(), feed["events"].as_array().expect("a list").len(), "each once");
    for (told, event) in told.iter().zip(feed["events"].as_array().expect("a list")) {
        for field in ["sequence", "id", "type", "title", "title_en", "occurred_on", "recorded_at", "data"] {
            assert_eq!(told[field], event[field], "{field}");
        }
        assert_eq!((&told["scheme"], &told["timestamp"]), (&json!("ziyang"), &event["recorded_at"]));
    }
    for message in &seen {
        assert_eq!(message.signed_with(&secret), [true]);
        assert_eq!(message.headers["webhook-id"], message.json["id"]);
        assert_eq!(message.headers["content-type"], "application/json");
        assert!(!message.body.contains("林秀英"));
        let altered = Message { body: message.body.replace("ziyang", "zijang"), ..message.clone() };
        assert_eq!(altered.signed_with(&secret), [false]);
    }
    let sent = settled(&station, webhook, feed["last"].as_i64().expect("a sequence")).await;
    assert_eq!((&sent["attempts"], &sent["failing_since"], &sent["secret"]), (&json!(0), &Value::Null, &Value::Null));
    let metrics = station.server.get("/metrics", "").await.text;
    assert!(metrics.contains("aixin_webhook_behind{scheme=\"ziyang\"} 0\n"), "{metrics}");
    assert!(metrics.contains("aixin_webhook_attempts_total{scheme=\"ziyang\",outcome=\"failed\"} 0\n"), "{metrics}");
}

#[rstest]
#[tokio::test]
async fn what_is_not_taken_is_told_again_and_holds_back_what_comes_after(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = open(engine).await;
    // The first time a redirection, which is not followed, then silence, then a cut connection.
    let receiver = Receiver::start(
        Duration::ZERO,
        Arc::new(|message, times| match (message.sequence(), times) {
            (2, 1) => Some(307),
            (2, 2) => None,
            (2, 3) => Some(500),
            _ => Some(200),
        }),
    )
    .await;
    let soap = station.good("1", 5).await;
    for _ in 0..3 {
        restock(&station, soap).await;
    }
    let (webhook, _) = subscribe(&station, &receiver, json!({ "from_sequence": 1 })).await;
    receiver.until_sequence(4).await;
    assert_eq!(receiver.sequences(), [1, 2, 2, 2, 2, 3, 4]);
    settled(&station, webhook, 4).await;
    let log = station.get("auditor", &format!("/webhooks/{webhook}/deliveries?limit=3")).await.expect(200);
    let next = log["next"].as_str().expect("there are more");
    let rest = station.get("auditor", &format!("/webhooks/{webhook}/deliveries?cursor={next}")).await.expect(200);
    let of = |log: &Value| -> Vec<Value> {
        let list = log["deliveries"].as_array().expect("a list");
        list.iter().map(|one| json!([one["sequence"], one["attempt"], one["status"], one["taken"]])).collect()
    };
    let all = [of(&log), of(&rest)].concat();
    let expected = [
        json!([4, 1, 200, true]),
        json!([3, 1, 200, true]),
        json!([2, 4, 200, true]),
        json!([2, 3, 500, false]),
        json!([2, 2, null, false]),
        json!([2, 1, 307, false]),
        json!([1, 1, 200, true]),
    ];
    assert_eq!(all, expected);
    let ids: Vec<_> = receiver.seen().iter().map(|message| message.headers["webhook-id"].clone()).collect();
    assert_eq!(ids[1..5], vec![ids[1].clone(); 4], "a repeated message has its id again");
}

#[rstest]
#[tokio::test]
async fn what_is_never_taken_is_given_up_and_can_be_tried_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (station, mended) = (open(engine).await, Arc::new(AtomicBool::new(false)));
    let is_mended = mended.clone();
    let receiver = Receiver::start(
        Duration::ZERO,
        Arc::new(move |message, _| {
            let works = message.sequence() != 2 || is_mended.load(Ordering::Relaxed);
            Some(if works { 200 } else { 422 })
        }),
    )
    .await;
    let soap = station.good("1", 5).await;
    for _ in 0..2 {
        restock(&station, soap).await;
    }
    let (webhook, _) = subscribe(&station, &receiver, json!({ "from_sequence": 1, "types": ["stock.*"] })).await;
    receiver.until_sequence(3).await;
    assert_eq!(receiver.sequences(), [1, 2, 2, 2, 2, 3], "four attempts");
    settled(&station, webhook, 3).await;
    let dead = station.get("operator", &format!("/webhooks/{webhook}/dead")).await.expect(200);
    let of = &dead["dead"][0];
    assert_eq!((&of["sequence"], &of["type"], &of["attempts"]), (&json!(2), &json!("stock.changed"), &json!(4)));
    assert_eq!((&of["status"], &dead["next"]), (&json!(422), &Value::Null));
    let metrics = station.server.get("/metrics", "").await.text;
    assert!(metrics.contains("aixin_webhook_dead{scheme=\"ziyang\"} 1\n"), "{metrics}");

    let retry = format!("/webhooks/{webhook}/dead/2/retry");
    let again = station.post("operator", &retry, json!({})).await.expect(200);
    assert_eq!((&again["taken"], &again["attempt"]), (&json!(false), &json!(5)));
    mended.store(true, Ordering::Relaxed);
    assert_eq!(station.post("operator", &retry, json!({})).await.expect(200)["taken"], true);
    let dead = station.get("operator", &format!("/webhooks/{webhook}/dead")).await.expect(200);
    assert_eq!(dead["dead"], json!([]));
    assert_eq!(station.post("operator", &retry, json!({})).await.problem(404), "entry_not_found");
}

#[rstest]
#[tokio::test]
async fn senders_that_die_are_followed_by_others_that_skip_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut station = open(engine).await;
    let receiver = Receiver::start(Duration::from_millis(25), Arc::new(|_, _| Some(200))).await;
    let soap = station.good("1", 5).await;
    for _ in 0..79 {
        restock(&station, soap).await;
    }
    let url = station.server.url.clone();
    let start = || Server::start_as(&url, &[&["serve", "--listen", "127.0.0.1:0"][..], &OPTIONS].concat());
    let mut second = start();
    subscribe(&station, &receiver, json!({ "from_sequence": 1 })).await;
    // Whichever of the two sends, it is killed in the middle.
    for told in [15, 35] {
        receiver.until("more", |seen| seen.len() >= told).await;
        std::mem::replace(&mut station.server, start()).kill();
        std::mem::replace(&mut second, start()).kill();
    }
    let seen = receiver.until_sequence(80).await;
    let sequences: Vec<i64> = seen.iter().map(Message::sequence).collect();
    let mut newest = 0;
    for sequence in &sequences {
        assert!(*sequence <= newest + 1, "{sequence} after {newest}: {sequences:?}");
        newest = newest.max(*sequence);
    }
    let repeated = sequences.len() - 80;
    assert!((1..40).contains(&repeated), "what was not written down is told again, and no more: {sequences:?}");
}

#[rstest]
#[tokio::test]
async fn all_can_be_told_again_and_a_new_secret_signs_beside_the_old(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (station, receiver) = (open(engine).await, Receiver::taking_all().await);
    let soap = station.good("1", 5).await;
    for _ in 0..3 {
        restock(&station, soap).await;
    }
    let (webhook, first) = subscribe(&station, &receiver, json!({})).await;
    restock(&station, soap).await;
    receiver.until_sequence(5).await;
    assert_eq!(receiver.sequences(), [5], "a new webhook is told of what happens from now on");
    let replay = format!("/webhooks/{webhook}/replay");
    station.post("scheme_admin", &replay, json!({ "from_sequence": 2 })).await.expect(200);
    receiver.until("all again", |seen| seen.len() >= 5).await;
    assert_eq!(receiver.sequences(), [5, 2, 3, 4, 5]);
    for from in [0, -1, 7] {
        let answer = station.post("scheme_admin", &replay, json!({ "from_sequence": from })).await;
        assert_eq!(answer.problem(422), "invalid_request");
    }

    let rotate = format!("/webhooks/{webhook}/rotate");
    let second = station.post("scheme_admin", &rotate, json!({})).await.expect(200);
    let second = second["secret"].as_str().expect("a secret").to_owned();
    assert_ne!(first, second);
    restock(&station, soap).await;
    let message = receiver.until_sequence(6).await.pop().expect("it came");
    assert_eq!((message.signed_with(&second), message.signed_with(&first)), (vec![true, false], vec![false, true]));
    let third = station.post("scheme_admin", &rotate, json!({ "old_secret_hours": 0 })).await.expect(200);
    restock(&station, soap).await;
    let message = receiver.until_sequence(7).await.pop().expect("it came");
    assert_eq!(message.signed_with(third["secret"].as_str().expect("a secret")), [true]);
    let answer = station.post("scheme_admin", &rotate, json!({ "old_secret_hours": 721 })).await;
    assert_eq!(answer.problem(422), "invalid_request");

    let tested = station.post("operator", &format!("/webhooks/{webhook}/test"), json!({})).await.expect(200);
    assert_eq!((&tested["taken"], &tested["type"]), (&json!(true), &json!("webhook.test")));
    let message = receiver.seen().pop().expect("it came");
    assert_eq!(message.json["type"], "webhook.test");
}

#[rstest]
#[tokio::test]
async fn a_webhook_is_put_once_changed_by_version_and_rests_when_it_is_disabled(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (station, receiver) = (open(engine).await, Receiver::taking_all().await);
    let soap = station.good("1", 5).await;
    let (webhook, _) = subscribe(&station, &receiver, json!({ "types": ["stock.changed"] })).await;
    let path = format!("/webhooks/{webhook}");
    let body = json!({ "url": receiver.url, "types": ["stock.changed", "stock.changed"] });
    let again = station.put("scheme_admin", &path, body).await;
    assert!(again.replayed);
    assert_eq!(again.expect(200)["secret"], Value::Null, "it is shown once");
    let disabled = station.server.try_send("DELETE", &station.path(&path), station.key("operator"), None).await;
    let disabled = disabled.expect("an answer").expect(200);
    assert_eq!((&disabled["enabled"], &disabled["version"]), (&json!(false), &json!(2)));
    restock(&station, soap).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(receiver.sequences(), Vec::<i64>::new());
    let body = json!({ "url": receiver.url, "types": ["stock.*"] });
    let enabled = station.put("scheme_admin", &path, body).await.expect(200);
    assert_eq!((&enabled["enabled"], &enabled["version"]), (&json!(true), &json!(3)));
    receiver.until_sequence(2).await;
    let list = station.get("auditor", "/webhooks").await.expect(200);
    assert_eq!(list["webhooks"].as_array().map(Vec::len), Some(1));
    for (body, pointer) in [
        (json!({ "url": "nowhere" }), "/url"),
        (json!({ "url": "https://a:b@example.org/" }), "/url"),
        (json!({ "url": receiver.url, "types": ["nothing"] }), "/types"),
        (json!({ "url": receiver.url, "from_sequence": 99 }), "/from_sequence"),
        (json!({ "types": [] }), "/url"),
    ] {
        let answer = station.put("scheme_admin", &format!("/webhooks/{}", Uuid::now_v7()), body).await;
        assert_eq!(answer.body["errors"][0]["pointer"], pointer);
        answer.problem(422);
    }
    assert_eq!(station.get("auditor", &format!("/webhooks/{soap}")).await.problem(404), "webhook_not_found");
}

#[tokio::test]
async fn addresses_inside_the_network_are_refused_unless_they_are_allowed() {
    let station = Station::open(Engine::Sqlite, "ziyang").await;
    for (url, code) in [
        ("http://example.org/", "not_https"),
        ("https://127.0.0.1:8080/", "address_not_allowed"),
        ("https://[::1]/", "address_not_allowed"),
        ("https://169.254.169.254/latest/meta-data", "address_not_allowed"),
    ] {
        let answer = station.put("scheme_admin", &format!("/webhooks/{}", Uuid::now_v7()), json!({ "url": url })).await;
        assert_eq!(answer.body["errors"][0]["code"], code, "{url}");
        answer.problem(422);
    }
    // A name tells only when it is resolved.
    let path = format!("/webhooks/{}", Uuid::now_v7());
    station.put("scheme_admin", &path, json!({ "url": "https://localhost:1/" })).await.expect(201);
    let tested = station.post("scheme_admin", &format!("{path}/test"), json!({})).await.expect(200);
    assert_eq!((&tested["taken"], &tested["error"]), (&json!(false), &json!("address_not_allowed")));
}

async fn open(engine: Engine) -> Station {
    Station::served(engine, "ziyang", &OPTIONS).await
}

/// Subscribes; answers the webhook's id and its secret.
async fn subscribe(station: &Station, receiver: &Receiver, more: Value) -> (Uuid, String) {
    let (id, mut body) = (Uuid::now_v7(), json!({ "url": receiver.url }));
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let made = station.put("scheme_admin", &format!("/webhooks/{id}"), body).await.expect(201);
    (id, made["secret"].as_str().expect("a secret").to_owned())
}

/// One event.
async fn restock(station: &Station, reward: Uuid) {
    let change = json!({ "id": Uuid::now_v7(), "station": "main", "change": 1, "reason": "进货" });
    station.post("scheme_admin", &format!("/rewards/{reward}/stock"), change).await.expect(201);
}

/// The webhook, once it has come to `sequence`.
async fn settled(station: &Station, webhook: Uuid, sequence: i64) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let webhook = station.get("auditor", &format!("/webhooks/{webhook}")).await.expect(200);
        if webhook["sent"].as_i64() >= Some(sequence) {
            return webhook;
        }
        assert!(Instant::now() < until, "{webhook}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
