//! After two registrations became one, nothing more is written down for the duplicate, through whichever door.

use crate::activities::activity;
use crate::station::Station;
use crate::wishes::with_wishes;
use db::Engine;
use rstest::rstest;
use serde_json::json;
use tests::hundredths;
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn every_write_for_a_duplicate_is_refused_and_what_was_open_goes_to_the_survivor(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::written(engine, "ziyang", &with_wishes()).await;
    let (ann, twin) = (station.volunteer("安").await, station.volunteer("安").await);
    let mut running = activity(-30);
    running["walk_ups"] = json!(true);
    let (coming, running) = (station.activity(activity(600)).await, station.activity(running).await);
    let lamp = json!({
        "kind": "wish", "title": "换一盏楼道灯", "content": "三楼的灯坏了", "recipient": "王奶奶", "contact": "13800000000",
        "category": "elderly_care", "minutes": 60, "points": "5", "deadline_on": "2999-01-01",
    });
    let (done, free) = (Uuid::now_v7(), Uuid::now_v7());
    for wish in [done, free] {
        station.put("kiosk", &format!("/wishes/{wish}"), lamp.clone()).await.expect(201);
        station.post("staff", &format!("/wishes/{wish}/publish"), json!({})).await.expect(200);
    }
    let claim = format!("/wishes/{done}/claims/{}", Uuid::now_v7());
    let claimant = json!({ "claimant": { "kind": "volunteer", "id": twin.to_string() } });
    station.put("staff", &claim, claimant.clone()).await.expect(201);
    let report = json!({ "report": "换了声控灯", "shares": [{ "volunteer_id": twin }] });
    station.post("staff", &format!("{claim}/fulfil"), report).await.expect(200);
    station.post("kiosk", &format!("{claim}/rate"), json!({ "stars": 5 })).await.expect(200);
    let course = format!("/trainings/{}", Uuid::now_v7());
    let training = json!({
        "code": "first-aid", "name": "急救员培训", "content": "心肺复苏", "organiser": "区红十字会",
        "held_on": "2026-01-10", "minutes": 240,
    });
    station.put("staff", &course, training).await.expect(201);
    let merge = json!({ "into": ann, "reason": "同一人登记了两次" });
    station.post("scheme_admin", &format!("/volunteers/{twin}/merge"), merge).await.expect(200);

    let new = Uuid::now_v7;
    let policy = json!({ "insurer": "中国人寿", "policy_number": "ZY-1", "from": "2026-01-01", "until": "2026-12-31" });
    for (key, path, body) in [
        ("staff", format!("/services/{}", new()), station.service(twin, "environment", "2026-01-12", 60)),
        ("staff", format!("/activities/{coming}/signups/{twin}"), json!({})),
        (
            "kiosk",
            format!("/presence/{}", new()),
            json!({ "kind": "in", "volunteer_id": twin, "activity_id": running }),
        ),
        ("staff", format!("{course}/attendances/{twin}"), json!({ "passed": true })),
        ("staff", format!("/volunteers/{twin}/insurances/{}", new()), policy),
        ("staff", format!("/wishes/{free}/claims/{}", new()), claimant),
        (
            "staff",
            format!("/honours/{}", new()),
            json!({ "volunteer_id": twin, "name": "优秀志愿者", "granted_on": "2026-01-12" }),
        ),
    ] {
        let answer = station.put(key, &path, body).await;
        assert_eq!(answer.body["into"], ann.to_string(), "{path}: {}", answer.text);
        assert_eq!(answer.problem(409), "volunteer_merged", "{path}");
    }
    let before = hundredths(&station.points(ann).await);
    station.post("reviewer", &format!("{claim}/confirm"), json!({})).await.expect(200);
    assert!(hundredths(&station.points(ann).await) >= before + 500, "the 5 points of the wish");
    assert_eq!(station.points(twin).await, "0");
    let verified = tests::server::aixin(&station.server.url, &["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[rstest]
#[tokio::test]
async fn whoever_has_left_signs_up_for_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let (volunteer, coming) = (station.volunteer("安").await, station.activity(activity(600)).await);
    let signup = format!("/activities/{coming}/signups/{volunteer}");
    station.post("staff", &format!("/volunteers/{volunteer}/leave"), json!({})).await.expect(200);
    let refused = station.put("staff", &signup, json!({})).await;
    assert_eq!(refused.body["condition"], "active", "{}", refused.text);
    assert_eq!(refused.problem(422), "not_eligible");
    station.post("staff", &format!("/volunteers/{volunteer}/return"), json!({})).await.expect(200);
    station.put("staff", &signup, json!({})).await.expect(201);
}
