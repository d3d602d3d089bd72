//! Certificates of honour: of campaigns on a picture, and of granted steps.

use super::{of, open};
use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use tests::paper::letters;
use uuid::Uuid;

fn campaign() -> Value {
    json!({
        "title": "防台风抢险志愿服务", "text": "在{title}中服务 {count} 次、{hours} 小时，担任{duty}，特发此证。",
        "fields": ["duty"], "date": "2026-10-31", "from": "2026-10-01", "until": "2026-10-31",
        "issuers": ["紫阳社区党委", "紫阳社区志愿服务站"],
    })
}

#[rstest]
#[tokio::test]
async fn a_campaigns_text_is_checked_first_and_its_certificates_share_the_register(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = open(engine).await;
    let id = Uuid::now_v7();
    let path = format!("/campaigns/{id}");
    let mut wrong = campaign();
    wrong["text"] = json!("{nmae}在{titel}中服务 {hours} 小时，{nmae}");
    let refused = station.put("staff", &path, wrong).await;
    assert!(refused.text.contains("nmae、titel；"), "all of them are named, once: {}", refused.text);
    refused.problem(422);
    let mut brace = campaign();
    brace["text"] = json!("服务{hours 小时");
    assert_eq!(station.put("staff", &path, brace).await.problem(422), "unprintable");
    let mut background = campaign();
    background["background"] = json!("00");
    assert_eq!(station.put("staff", &path, background).await.problem(422), "invalid_request");

    let png = picture();
    let sent =
        station.server.send_bytes("POST", &station.path("/pictures"), station.key("staff"), "image/png", png).await;
    let mut body = campaign();
    body["background"] = sent.expect(201)["digest"].clone();
    station.put("staff", &path, body.clone()).await.expect(201);
    assert!(station.put("staff", &path, body.clone()).await.replayed);
    body["title"] = json!("另一次");
    assert_eq!(station.put("staff", &path, body).await.body["field"], "title");

    let lin = station.volunteer("林䶮").await;
    station.serve(lin, "emergency", "2026-10-12", 150).await;
    station.serve(lin, "emergency", "2026-09-30", 600).await;
    let (certificate, mut order) =
        (Uuid::now_v7(), json!({ "kind": "campaign", "volunteer_id": lin, "campaign_id": id }));
    let missing = station.put("staff", &format!("/certificates/{certificate}"), order.clone()).await;
    assert!(missing.text.contains("duty"), "{}", missing.text);
    assert_eq!(missing.problem(422), "unprintable");
    order["fields"] = json!({ "duty": "队长" });
    let issued = station.certificate(certificate, order).await;
    assert_eq!((&issued["hours"], &issued["source_id"]), (&json!("2.5"), &json!(id)));
    let text = letters(&station.paper(certificate, "").await);
    for said in ["荣誉证书", "林䶮同志", "服务1次、2.5小时，担任队长", "紫阳社区党委", "2026年10月31日"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    station
        .certificate(Uuid::now_v7(), json!({ "volunteer_id": lin, "from": "2026-01-01", "until": "2026-10-31" }))
        .await;
    let listed = station.get("auditor", &format!("/certificates?source_id={id}")).await.expect(200);
    assert_eq!(listed["certificates"].as_array().map(Vec::len), Some(1));
    let code = issued["check_code"].as_str().expect("a code");
    let number = issued["number"].as_str().expect("a number");
    let page = station.server.get(&format!("/c/{number}?k={code}"), "").await;
    assert!(page.text.contains("防台风抢险志愿服务") && page.text.contains("紫阳社区党委、"), "{}", page.text);
    assert_eq!(of(lin)["volunteer_id"], json!(lin));
}

/// A picture of one colour.
fn picture() -> Vec<u8> {
    let text = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).expect("base64")
}

#[rstest]
#[tokio::test]
async fn a_granted_star_has_a_certificate_in_the_name_of_who_granted_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let toml = include_str!("../../data/schemes/ziyang.toml").to_owned()
        + r#"
[[versions.ladders]]
code = "stars"
name = "星级志愿者"
name_en = "Star volunteers"
award = "on_application"
standing = "kept"
sequence = "any_step"

[[versions.ladders.steps]]
code = "one"
name = "一星级志愿者"
name_en = "One star"
hours = "2"
granted_by = "晋安区文明办"
"#;
    let station = Station::written(engine, "ziyang", &toml).await;
    let lin = station.volunteer("林秀英").await;
    station.serve(lin, "environment", "2026-10-12", 150).await;
    let award = Uuid::now_v7();
    let order = json!({ "kind": "level", "volunteer_id": lin, "award_id": award });
    let early = station.put("staff", &format!("/certificates/{}", Uuid::now_v7()), order.clone()).await;
    assert_eq!(early.body["errors"][0]["code"], "unknown_award", "eligible is not granted");
    let grant = json!({ "ladder": "stars", "step": "one", "applicant": "self", "body": "晋安区文明办" });
    station.put("reviewer", &format!("/volunteers/{lin}/awards/{award}"), grant).await.expect(201);
    let id = Uuid::now_v7();
    station.certificate(id, order).await;
    let text = letters(&station.paper(id, "").await);
    for said in ["授予“一星级志愿者”称号", "晋安区文明办", "2.5小时", "林秀英同志"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}
