//! Selections through the front door: who may do what, what is shown to whom, and the document in every format.

use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use tests::server::{aixin, aixin_prints};
use uuid::Uuid;

const READERS: &[&str] = &["staff", "reviewer", "scheme_admin", "auditor"];

/// Who may do what, for the table of roles.
pub fn routes(id: Uuid) -> Vec<(&'static str, String, &'static [&'static str])> {
    let at = |path: &str| format!("/selections/{id}{path}");
    vec![
        ("PUT", at(""), &["scheme_admin"]),
        ("GET", at(""), READERS),
        ("GET", "/selections".to_owned(), READERS),
        ("GET", at("/rows"), READERS),
        ("GET", at(&format!("/rows/{id}")), READERS),
        ("GET", at(&format!("/rows/{id}/people")), READERS),
        ("GET", at(&format!("/rows/{id}/entries")), READERS),
        ("GET", at("/difference"), &["reviewer", "scheme_admin", "auditor"]),
        ("GET", at("/document"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", at("/publish"), &["scheme_admin"]),
        ("POST", at("/signatures"), &["reviewer", "scheme_admin"]),
        ("POST", at("/finalise"), &["scheme_admin"]),
        ("POST", at("/withdraw"), &["scheme_admin"]),
        ("PUT", at(&format!("/objections/{id}")), &["kiosk", "staff", "leader", "reviewer", "scheme_admin"]),
        ("POST", at(&format!("/objections/{id}/answer")), &["reviewer", "scheme_admin"]),
        ("GET", at("/objections"), READERS),
    ]
}

fn october() -> Value {
    json!({
        "title": "2026年10月志愿之星",
        "rules": {
            "version": "2026-10",
            "from": "2026-10-01",
            "until": "2026-10-31",
            "measure": "hours",
            "min_minutes": 60,
            "seats": { "total": 20, "open": 20 },
            "publicity_working_days": 0,
            "signatures": 2,
            "honour": { "name": "志愿之星" },
        },
    })
}

async fn served(station: &Station, name: &str, publish: bool, minutes: i64) -> Uuid {
    let id = Uuid::now_v7();
    let consent = json!({ "record": true, "publish": publish });
    let body = json!({ "name": name, "phone": "13905911234", "unit": "compound-1", "consent": consent });
    station.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
    station.serve(id, "environment", "2026-10-12", minutes).await;
    id
}

#[rstest]
#[tokio::test]
async fn from_the_draft_to_the_honour(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let lin = served(&station, "林秀英", true, 180).await;
    let hidden = served(&station, "欧阳娜娜", false, 150).await;
    served(&station, "陈阿姨", true, 30).await;
    let id = Uuid::now_v7();
    let at = |path: &str| format!("/selections/{id}{path}");
    let one = station.put("scheme_admin", &at(""), october()).await.expect(201);
    assert_eq!((&one["status"], &one["served"], &one["reached"]), (&json!("draft"), &json!(3), &json!(2)));
    assert_eq!(one["rules"]["version"], "2026-10");
    let again = station.put("scheme_admin", &at(""), october()).await;
    assert!(again.replayed);
    assert_eq!(again.body["digest"], one["digest"]);
    let mut other = october();
    other["rules"]["min_minutes"] = json!(90);
    let taken = station.put("scheme_admin", &at(""), other).await;
    assert_eq!((taken.body["field"].clone(), taken.problem(409).as_str()), (json!("rules"), "id_taken"));
    assert_eq!(station.get("kiosk", &at("/document?format=csv")).await.problem(404), "selection_not_found");

    let rows = station.get("staff", &at("/rows?limit=1")).await.expect(200);
    assert_eq!((&rows["rows"][0]["volunteer_id"], &rows["rows"][0]["hours"]), (&json!(lin), &json!("3")));
    let next = rows["next"].as_str().expect("a cursor");
    let rows = station.get("staff", &at(&format!("/rows?cursor={next}"))).await.expect(200);
    assert_eq!((&rows["rows"][0]["name"], &rows["next"]), (&json!("欧阳娜娜"), &Value::Null));
    let none = station.get("staff", &at("/rows?outcome=barred")).await.expect(200);
    assert_eq!(none["rows"], json!([]));
    station.get("staff", &at("/rows?outcome=winners")).await.problem(422);
    let why = station.get("auditor", &at(&format!("/rows/{lin}"))).await.expect(200);
    assert_eq!((&why["entries"][0]["minutes"], &why["reasons"]), (&json!(180), &json!([])));

    let digest = json!({ "digest": one["digest"] });
    let early = station.post("reviewer", &at("/signatures"), digest.clone()).await;
    assert_eq!(early.problem(409), "state_conflict");
    station.post("scheme_admin", &at("/publish"), json!({})).await.expect(200);
    let objection = at(&format!("/objections/{}", Uuid::now_v7()));
    let body = json!({ "volunteer_id": lin, "content": "当天没有看到本人", "objector": "居民甲" });
    station.put("kiosk", &objection, body.clone()).await.expect(201);
    station.put("kiosk", &objection, body).await.expect(200);
    let lists = station.get("staff", &at("/objections?status=open")).await.expect(200);
    assert_eq!(lists["objections"].as_array().map(Vec::len), Some(1));
    assert_eq!(station.post("scheme_admin", &at("/finalise"), json!({})).await.problem(409), "objection_open");
    let answer = json!({ "verdict": "dismissed", "answer": "有签到照片" });
    let concerned = station.post("scheme_admin", &format!("{objection}/answer"), answer.clone()).await;
    assert_eq!(concerned.problem(403), "forbidden");
    station.post("reviewer", &format!("{objection}/answer"), answer).await.expect(200);
    let unsigned = station.post("scheme_admin", &at("/finalise"), json!({})).await;
    assert_eq!((unsigned.body["needed"].clone(), unsigned.problem(409).as_str()), (json!(2), "signatures_missing"));
    let wrong = station.post("reviewer", &at("/signatures"), json!({ "digest": "00" })).await;
    assert_eq!(wrong.problem(409), "content_differs");
    for role in ["reviewer", "scheme_admin", "reviewer"] {
        station.post(role, &at("/signatures"), digest.clone()).await.expect(200);
    }
    let done = station.post("scheme_admin", &at("/finalise"), json!({})).await.expect(200);
    assert_eq!((&done["status"], done["signatures"].as_array().map(Vec::len)), (&json!("final"), Some(2)));
    let honours = station.get("staff", &format!("/honours?volunteer_id={hidden}")).await.expect(200);
    assert_eq!(honours["honours"][0]["name"], "志愿之星", "who is not shown is honoured all the same");
    let found = station.get("auditor", &at("/difference")).await.expect(200);
    assert_eq!((&found["identical"], &found["changes"]), (&json!(true), &json!([])));
    assert_eq!(station.get("auditor", &at("/difference?at=1")).await.problem(422), "invalid_request");
    let events = station.get("auditor", "/events").await.expect(200);
    let told: Vec<_> = events["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|event| event["type"].as_str().is_some_and(|name| name.starts_with("selection.")))
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[1]["data"]["selection_id"], json!(id));

    let csv = station.get("kiosk", &at("/document?format=csv")).await;
    let (page, text) = (station.get("kiosk", &at("/document?format=html")).await, csv.text.clone());
    for shown in [&text, &page.text] {
        assert!(shown.contains("林*英"), "{shown}");
        for secret in ["林秀英", "欧阳", "娜", "13905911234", "陈"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
    assert!(page.text.contains("另有 1 人未同意公示"), "{}", page.text);
    for (format, kind) in [("pdf", "application/pdf"), ("xlsx", "application/vnd.openxmlformats")] {
        let file = station.get("staff", &at(&format!("/document?format={format}"))).await;
        assert!(file.status == 200 && file.content_type.starts_with(kind), "{format}");
    }
    // Whatever is called otherwise later, the document says what it said.
    let unit = station.get("staff", "/units/compound-1").await.expect(200);
    assert!(text.contains(unit["name"].as_str().expect("a name")), "{text}");
    let renamed = json!({ "name": "幸福小区", "kind": unit["kind"], "parent": unit["parent"] });
    station.put("scheme_admin", "/units/compound-1", renamed).await.expect(200);
    let moved = json!({ "name": "林锦英", "unit": "compound-2", "consent": { "record": true, "publish": false } });
    station.put("staff", &format!("/volunteers/{lin}"), moved).await.expect(200);
    assert_eq!(station.get("kiosk", &at("/document?format=csv")).await.text, text);
    // The same from the command line: the final selection by its id, and the live ranking of a year without one.
    let url = &station.server.url;
    let id = id.to_string();
    let printed =
        aixin_prints(url, &["report", "ranking", "--scheme", "ziyang", "--selection", &id, "--format", "csv"]);
    let plain = |text: &str| text.trim_start_matches('\u{feff}').trim().to_owned();
    assert_eq!(plain(&printed), plain(&text));
    let year = aixin_prints(url, &["report", "ranking", "--scheme", "ziyang", "--year", "2026", "--format", "csv"]);
    assert!(year.contains("陈*姨") && !year.contains("陈阿姨") && !year.contains("欧"), "{year}");
    let bad = aixin(url, &["report", "ranking", "--scheme", "ziyang"]);
    assert_eq!(bad.status.code(), Some(2));
}

#[tokio::test]
async fn flaws_are_told_with_their_place() {
    let station = Station::open(Engine::Sqlite, "ziyang").await;
    let mut body = october();
    body["rules"]["seats"]["open"] = json!(21);
    body["rules"]["signatures"] = json!(0);
    body["rules"]["from"] = json!("2026-10-02");
    let answer = station.put("scheme_admin", &format!("/selections/{}", Uuid::now_v7()), body).await;
    let mut places: Vec<_> =
        answer.body["errors"].as_array().into_iter().flatten().map(|flaw| flaw["pointer"].clone()).collect();
    places.sort_by_key(|place| place.to_string());
    assert_eq!(places, ["/rules/from", "/rules/seats/open", "/rules/signatures"]);
    answer.problem(422);
    let mut body = october();
    body["rules"]["measure"] = json!("beauty");
    let answer = station.put("scheme_admin", &format!("/selections/{}", Uuid::now_v7()), body).await;
    assert_eq!(answer.body["errors"][0]["pointer"], "/rules/measure");
    answer.problem(422);
}
