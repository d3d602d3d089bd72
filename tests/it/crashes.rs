//! `kill -9` under load: what was acknowledged is there, once.

use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tests::server::{Server, aixin};
use uuid::Uuid;

/// Requests of one client: what was sent, and whether it was acknowledged.
type Sent = Vec<(Uuid, bool)>;

async fn exchange_until_cut_off(
    station: &Station,
    reward: Uuid,
    volunteer: Uuid,
    stop: &AtomicBool,
    acknowledged: &AtomicUsize,
) -> Sent {
    let mut sent = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let id = Uuid::now_v7();
        let answer = put(station, id, reward, volunteer).await;
        let done = matches!(&answer, Ok(answer) if answer.status == 201);
        acknowledged.fetch_add(usize::from(done), Ordering::Relaxed);
        sent.push((id, done));
        if answer.is_err() {
            break;
        }
    }
    sent
}

async fn put(station: &Station, id: Uuid, reward: Uuid, volunteer: Uuid) -> reqwest::Result<tests::server::Answer> {
    let body = json!({ "volunteer_id": volunteer, "reward_id": reward, "collect_now": true });
    let path = station.path(&format!("/exchanges/{id}"));
    station.server.try_send("PUT", &path, station.key("kiosk"), Some(&body)).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_and_is_there_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut station = Station::open(engine, "ziyang").await;
    let soap = station.good("0.1", 1_000_000).await;
    let mut volunteers = Vec::new();
    for place in 0..16 {
        let volunteer = station.volunteer(&format!("志愿者{place}")).await;
        for day in 1..=12 {
            station.serve(volunteer, "environment", &format!("2026-10-{day:02}"), 480).await;
        }
        volunteers.push(volunteer);
    }
    let mut sent: Vec<(Uuid, Sent)> = Vec::new();
    for _ in 0..3 {
        let acknowledged = AtomicUsize::new(0);
        let (stop, station_now) = (Arc::new(AtomicBool::new(false)), &station);
        let clients = volunteers.iter().map(|volunteer| {
            let (stop, acknowledged) = (stop.clone(), &acknowledged);
            async move { (*volunteer, exchange_until_cut_off(station_now, soap, *volunteer, &stop, acknowledged).await) }
        });
        let cut = async {
            // In the midst of it: when some are acknowledged, and more are under way.
            while acknowledged.load(Ordering::Relaxed) < 100 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            std::process::Command::new("kill")
                .args(["-9", &station_now.server.id().to_string()])
                .status()
                .expect("killed");
            stop.store(true, Ordering::Relaxed);
        };
        let (round, ()) = tokio::join!(futures::future::join_all(clients), cut);
        sent.extend(round);
        let url = station.server.kill();
        station.server = Server::start(&url);
    }
    let mut paid = 0;
    for (volunteer, requests) in &sent {
        for (id, acknowledged) in requests {
            let known = station.get("kiosk", &format!("/exchanges/{id}")).await;
            assert!(!acknowledged || known.status == 200, "{id} was acknowledged and is gone");
            let again = put(&station, *id, soap, *volunteer).await.expect("an answer");
            assert_eq!(again.replayed, known.status == 200, "{id}");
            assert!(matches!(again.status, 200 | 201), "{}", again.text);
            paid += 1;
        }
    }
    assert!(paid >= 300, "{paid} requests were under way");
    for volunteer in &volunteers {
        let paid =
            sent.iter().filter(|(other, _)| other == volunteer).map(|(_, requests)| requests.len()).sum::<usize>();
        let left = 12 * 80 - paid;
        let expected = if left % 10 == 0 { (left / 10).to_string() } else { format!("{}.{}", left / 10, left % 10) };
        assert_eq!(station.points(*volunteer).await, expected);
    }
    let rewards = station.get("kiosk", "/rewards?station=main").await.expect(200);
    let soap_left =
        rewards["rewards"].as_array().and_then(|rewards| rewards.first()).map(|reward| &reward["available"]);
    assert_eq!(soap_left, Some(&Value::from(1_000_000 - paid)));
    let verified = aixin(&station.server.url, &["verify", "--scheme", "ziyang"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
