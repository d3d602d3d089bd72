//! Who may apply for somebody's star: the desk for anybody, a kiosk for whoever shows their code, a leader for the own team.

use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

const STARRED: &str = include_str!("../data/schemes/starred.toml");

/// Where volunteers apply, too.
async fn station(engine: Engine) -> Station {
    let (closed, open) = ("applicants = [\"organisation\"]", "applicants = [\"oneself\", \"organisation\"]");
    assert!(STARRED.contains(closed));
    Station::written(engine, "starred", &STARRED.replace(closed, open)).await
}

async fn member(station: &Station, name: &str, team: &str) -> Uuid {
    let id = Uuid::now_v7();
    let consent = json!({ "record": true, "publish": true });
    let body = json!({ "name": name, "teams": [team], "consent": consent });
    station.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
    station.serve(id, "patrol", "2026-11-18", 600).await;
    id
}

async fn code(station: &Station, volunteer: Uuid, which: &str) -> String {
    let codes = station.get("staff", &format!("/volunteers/{volunteer}/code")).await.expect(200);
    codes[which].as_str().expect("a code").to_owned()
}

fn asked(volunteer: Uuid, applicant: &str) -> Value {
    json!({ "volunteer_id": volunteer, "ladder": "stars", "step": "one", "applicant": applicant })
}

fn with_code(volunteer: Uuid, code: &str) -> Value {
    let mut body = asked(volunteer, "self");
    body["code"] = json!(code);
    body
}

fn anywhere() -> String {
    format!("/level-applications/{}", Uuid::now_v7())
}

#[rstest]
#[tokio::test]
async fn a_kiosk_applies_for_whoever_shows_their_code_and_for_nobody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = station(engine).await;
    let (lin, wang) = (member(&station, "林秀英", "巡逻队").await, member(&station, "王建国", "巡逻队").await);
    let (of_lin, card_of_wang) = (code(&station, lin, "code").await, code(&station, wang, "card_code").await);

    let flaw = |answer: &tests::server::Answer| answer.body["errors"][0].clone();
    for (body, expected) in [
        (asked(lin, "self"), "missing_code"),
        (with_code(lin, &card_of_wang), "another_volunteers_code"),
        (with_code(lin, "00"), "invalid_code_scanned"),
    ] {
        let answer = station.put("kiosk", &anywhere(), body).await;
        assert_eq!((&flaw(&answer)["code"], &flaw(&answer)["pointer"]), (&json!(expected), &json!("/code")));
        assert_eq!(answer.problem(422), "invalid_request");
    }
    let as_organisation = station.put("kiosk", &anywhere(), asked(lin, "organisation")).await;
    assert_eq!(as_organisation.body["accepted"], json!(["self"]));
    assert_eq!(as_organisation.problem(422), "applicant_not_accepted");

    let (path, body) = (anywhere(), with_code(lin, &of_lin));
    let applied = station.put("kiosk", &path, body.clone()).await.expect(201);
    assert_eq!((&applied["status"], &applied["applicant"]), (&json!("applied"), &json!("self")));
    assert!(!applied.to_string().contains(&of_lin), "a code is a key and is told to nobody");

    // A card that was lost is worth nothing, and a repeated call is answered as the first was.
    station.put("kiosk", &anywhere(), with_code(wang, &card_of_wang)).await.expect(201);
    for volunteer in [lin, wang] {
        station
            .post("staff", &format!("/volunteers/{volunteer}/code/renew"), json!({ "replaces": 0 }))
            .await
            .expect(200);
    }
    let late = station.put("kiosk", &anywhere(), with_code(wang, &card_of_wang)).await;
    assert_eq!(flaw(&late)["code"], "revoked_code");
    assert!(station.put("kiosk", &path, body).await.replayed);
}

#[rstest]
#[tokio::test]
async fn a_leader_applies_for_members_of_the_own_team_and_sees_no_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = station(engine).await;
    let (lin, wang) = (member(&station, "林秀英", "patrol").await, member(&station, "王建国", "合唱队").await);
    let refused = station.put("leader", &anywhere(), asked(wang, "organisation")).await;
    assert!(refused.body["detail"].as_str().expect("a sentence").contains("队伍"), "{}", refused.text);
    assert_eq!(refused.problem(403), "forbidden");
    // In a member's own name only with the member's code.
    let alone = station.put("leader", &anywhere(), asked(lin, "self")).await;
    assert_eq!(alone.body["errors"][0]["code"], "missing_code");
    let path = anywhere();
    station.put("leader", &path, asked(lin, "organisation")).await.expect(201);

    let listed = station.get("leader", "/levels/stars/eligible").await.expect(200);
    let ids = |listed: &Value| -> Vec<Value> {
        listed["eligible"].as_array().expect("a list").iter().map(|one| one["volunteer_id"].clone()).collect()
    };
    assert_eq!(ids(&listed), [json!(lin)]);
    let all = station.get("staff", "/levels/stars/eligible").await.expect(200);
    assert_eq!(ids(&all), [json!(lin), json!(wang)]);
    let choir = station.get("staff", "/levels/stars/eligible?team=%E5%90%88%E5%94%B1%E9%98%9F").await.expect(200);
    assert_eq!(ids(&choir), [json!(wang)]);
    let other = station.get("leader", "/levels/stars/eligible?team=%E5%90%88%E5%94%B1%E9%98%9F").await;
    assert_eq!(other.problem(403), "forbidden");

    let of_wang = anywhere();
    station.put("staff", &of_wang, asked(wang, "organisation")).await.expect(201);
    assert_eq!(station.get("leader", &of_wang).await.problem(403), "forbidden");
    // Whoever has left the team is no longer the leader's to apply for; what the leader wrote down is answered as before.
    let current = station.get("staff", &format!("/volunteers/{lin}")).await.expect(200);
    let mut left = json!({ "name": "林秀英", "teams": [], "consent": { "record": true, "publish": true } });
    left["number"] = current["number"].clone();
    station.put("staff", &format!("/volunteers/{lin}"), left).await.expect(200);
    assert!(station.put("leader", &path, asked(lin, "organisation")).await.replayed);
    station.get("leader", &path).await.expect(200);
    assert_eq!(station.put("leader", &anywhere(), asked(lin, "organisation")).await.problem(403), "forbidden");
}
