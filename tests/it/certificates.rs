//! Certificates: issued, printed, verified by anybody, corrected, revoked.

mod forged;
mod honours;
mod page;
mod reader;

use crate::records::Route;
use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use tests::paper::{letters, pages};
use uuid::Uuid;

/// For the table of the contract.
pub fn routes(id: Uuid) -> Vec<Route> {
    let desk: &[&str] = &["staff", "scheme_admin"];
    let readers: &[&str] = &["staff", "reviewer", "scheme_admin", "auditor"];
    let screens: &[&str] = &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"];
    vec![
        ("PUT", format!("/certificates/{id}"), desk),
        ("POST", "/certificates/batch".to_owned(), desk),
        ("GET", "/certificates".to_owned(), readers),
        ("GET", format!("/certificates/{id}"), screens),
        ("GET", format!("/certificates/{id}/paper"), screens),
        ("POST", format!("/certificates/{id}/revoke"), &["reviewer", "scheme_admin"]),
        ("PUT", format!("/campaigns/{id}"), desk),
        ("GET", format!("/campaigns/{id}"), readers),
    ]
}

const ADDRESS: &str = "https://aixin.example.cn";

async fn open(engine: Engine) -> Station {
    Station::served(engine, "ziyang", &["--public-url", ADDRESS]).await
}

impl Station {
    async fn certificate(&self, id: Uuid, body: Value) -> Value {
        self.put("staff", &format!("/certificates/{id}"), body).await.expect(201)
    }

    async fn paper(&self, id: Uuid, query: &str) -> Vec<u8> {
        let path = self.path(&format!("/certificates/{id}/paper{query}"));
        let (status, name, bytes) = self.server.file(&path, self.key("kiosk")).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        assert!(name.starts_with("attachment; filename=\"ZIYANG-"), "{name}");
        bytes
    }
}

fn of(volunteer: Uuid) -> Value {
    json!({ "volunteer_id": volunteer, "from": "2026-01-01", "until": "2026-10-31" })
}

/// The year in which the server lives, in Shanghai.
fn year() -> String {
    (tests::now() + chrono::Duration::hours(8)).format("%Y").to_string()
}

#[rstest]
#[tokio::test]
async fn a_certificate_says_what_is_confirmed_and_is_the_same_paper_every_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = open(engine).await;
    let ouyang = station.volunteer("欧阳𠮷䶮㛃𬎆𰻝").await;
    station.serve(ouyang, "environment", "2026-10-12", 120).await;
    station.serve(ouyang, "elderly_care", "2026-10-13", 90).await;
    station.serve(ouyang, "environment", "2025-12-31", 600).await;
    let waiting = station.service(ouyang, "environment", "2026-10-14", 60);
    station.put("staff", &format!("/services/{}", Uuid::now_v7()), waiting).await.expect(201);
    let course = format!("/trainings/{}", Uuid::now_v7());
    let training = json!({
        "code": "first-aid", "name": "急救员培训", "content": "心肺复苏", "organiser": "区红十字会",
        "held_on": "2026-01-10", "minutes": 180,
    });
    station.put("staff", &course, training).await.expect(201);
    station.put("staff", &format!("{course}/attendances/{ouyang}"), json!({ "passed": true })).await.expect(201);

    let id = Uuid::now_v7();
    let mut order = of(ouyang);
    order["purpose"] = json!("升学");
    let issued = station.certificate(id, order.clone()).await;
    let number = format!("ZIYANG-{}-000001", year());
    assert_eq!((&issued["number"], &issued["status"]), (&json!(number), &json!("valid")));
    assert_eq!((&issued["hours"], &issued["services"]), (&json!("3.5"), &json!(2)), "{issued}");
    assert_eq!((&issued["late"], &issued["touched"]), (&json!(false), &json!(false)));
    assert_eq!(issued["root"].as_str().map(str::len), Some(64));
    assert!(issued["as_of"].as_i64() > Some(0));

    let again = station.put("staff", &format!("/certificates/{id}"), order.clone()).await;
    assert!(again.replayed);
    assert_eq!(again.expect(200), issued);
    order["purpose"] = json!("就业");
    let other = station.put("staff", &format!("/certificates/{id}"), order).await;
    assert_eq!(other.body["field"], "purpose");
    assert_eq!(other.problem(409), "id_taken");

    let first = station.paper(id, "").await;
    // What happens later is not on it.
    station.serve(ouyang, "environment", "2026-10-15", 60).await;
    let renamed = json!({ "name": "王小明", "consent": { "record": true, "publish": true } });
    let volunteer = station.get("staff", &format!("/volunteers/{ouyang}")).await;
    let tag = volunteer.headers["etag"].clone();
    let path = format!("{}{}", station.server.base, station.path(&format!("/volunteers/{ouyang}")));
    let put = tests::server::client().put(path).bearer_auth(station.key("staff")).header("if-match", tag);
    assert_eq!(put.json(&renamed).send().await.expect("an answer").status(), 200);
    assert_eq!(station.paper(id, "").await, first, "the same to the byte");
    let text = letters(&first);
    for said in [
        "欧阳𠮷䶮㛃𬎆𰻝",
        "3.5小时",
        "共2次",
        "2026年1月1日至2026年10月31日",
        "用途：升学",
        &number,
        "另有培训",
        "3学时",
        "紫阳社区志愿服务站",
        "楼道清洁",
        issued["check_code"].as_str().expect("a code"),
        "https://aixin.example.cn/c/",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("补打") && !text.contains("作废"), "{text}");
    let copy = station.paper(id, "?reprint=true").await;
    assert!(letters(&copy).contains("补打"));
    assert_eq!(pages(&copy), pages(&first));
}

#[rstest]
#[tokio::test]
async fn numbers_have_no_gap_however_many_are_issued_at_once_and_whatever_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = open(engine).await;
    let (busy, idle) = (station.volunteer("林秀英").await, station.volunteer("王建国").await);
    station.serve(busy, "environment", "2026-10-12", 120).await;
    let refused = station.put("staff", &format!("/certificates/{}", Uuid::now_v7()), of(idle)).await;
    assert_eq!(refused.problem(422), "nothing_to_certify");
    let tibetan = station.volunteer("ཀ").await;
    station.serve(tibetan, "environment", "2026-10-12", 120).await;
    let unprintable = station.put("staff", &format!("/certificates/{}", Uuid::now_v7()), of(tibetan)).await;
    assert!(unprintable.text.contains("U+0F40"), "{}", unprintable.text);
    assert_eq!(unprintable.problem(422), "unprintable");

    let twice = Uuid::now_v7();
    let ids: Vec<Uuid> = (0..12).map(|_| Uuid::now_v7()).chain([twice; 6]).collect();
    let calls = ids.iter().map(|id| {
        let (station, id) = (&station, *id);
        let volunteer = if id.as_u128() % 5 == 0 { idle } else { busy };
        let volunteer = if id == twice { busy } else { volunteer };
        async move { station.put("staff", &format!("/certificates/{id}"), of(volunteer)).await }
    });
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers[12..].iter().filter(|answer| answer.status == 201).count(), 1, "the same id is issued once");
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let listed = station.get("auditor", "/certificates?limit=200").await.expect(200);
    let numbers: Vec<String> = listed["certificates"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["number"].as_str().expect("a number").to_owned())
        .collect();
    let wanted: Vec<String> = (1..=made).map(|serial| format!("ZIYANG-{}-{serial:06}", year())).collect();
    assert_eq!(numbers, wanted);

    let batch = json!({ "items": [
        { "id": Uuid::now_v7(), "volunteer_id": busy, "from": "2026-01-01", "until": "2026-10-31" },
        { "id": Uuid::now_v7(), "volunteer_id": idle, "from": "2026-01-01", "until": "2026-10-31" },
        { "id": twice, "volunteer_id": busy, "from": "2026-01-01", "until": "2026-10-31" },
        { "id": Uuid::now_v7(), "volunteer_id": busy },
        { "id": Uuid::now_v7(), "volunteer_id": busy, "from": "2026-02-01", "until": "2026-01-31" },
    ] });
    let results = station.post("staff", "/certificates/batch", batch).await.expect(200);
    let outcomes: Vec<&Value> =
        results["results"].as_array().expect("a list").iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["created", "rejected", "replayed", "rejected", "rejected"], "{results}");
    assert_eq!(results["results"][0]["number"], format!("ZIYANG-{}-{:06}", year(), made + 1));
    assert_eq!(results["results"][1]["error"]["code"], "nothing_to_certify");
    assert_eq!(results["results"][3]["error"]["errors"][0]["pointer"], "/from");
}

#[rstest]
#[tokio::test]
async fn the_identity_card_that_is_shown_must_be_theirs_and_only_four_places_of_it_are_kept(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = open(engine).await;
    let lin = Uuid::now_v7();
    let body = json!({ "name": "林秀英", "id_number": "35010219680101002X", "phone": "13800001111",
        "consent": { "record": true, "publish": false } });
    station.put("staff", &format!("/volunteers/{lin}"), body).await.expect(201);
    station.serve(lin, "environment", "2026-10-12", 120).await;
    let (id, mut order) = (Uuid::now_v7(), of(lin));
    order["id_number"] = json!("350102196801010011");
    let wrong = station.put("staff", &format!("/certificates/{id}"), order.clone()).await;
    assert_eq!(wrong.body["errors"][0]["pointer"], "/id_number");
    wrong.problem(422);
    order["id_number"] = json!("35010219680101002x");
    let issued = station.put("staff", &format!("/certificates/{id}"), order).await;
    assert!(!issued.text.contains("3501021968") && !issued.text.contains("13800001111"), "{}", issued.text);
    issued.expect(201);
    let text = letters(&station.paper(id, "").await);
    assert!(text.contains("**************002X") && !text.contains("1968"), "{text}");
}

#[rstest]
#[tokio::test]
async fn a_correction_after_issue_is_listed_and_the_certificate_replaced(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = open(engine).await;
    let lin = station.volunteer("林秀英").await;
    station.serve(lin, "environment", "2026-10-12", 120).await;
    let wrong = station.serve(lin, "environment", "2026-10-13", 180).await;
    let (old, untouched) = (Uuid::now_v7(), Uuid::now_v7());
    station.certificate(old, of(lin)).await;
    let mut early = of(lin);
    early["until"] = json!("2026-10-12");
    station.certificate(untouched, early).await;
    let before = station.paper(old, "").await;
    let service = wrong["id"].as_str().expect("an id");
    station
        .post("reviewer", &format!("/services/{service}/reverse"), json!({ "reason": "登记有误" }))
        .await
        .expect(200);
    let touched = station.get("auditor", "/certificates?touched=true").await.expect(200);
    assert_eq!(touched["certificates"].as_array().map(Vec::len), Some(1), "{touched}");
    assert_eq!(
        (&touched["certificates"][0]["id"], &touched["certificates"][0]["touched"]),
        (&json!(old), &json!(true))
    );
    assert_eq!(station.paper(old, "").await, before, "until somebody decides, it says what it said");

    let (new, mut order) = (Uuid::now_v7(), of(lin));
    order["replaces"] = json!(old);
    let issued = station.certificate(new, order.clone()).await;
    assert_eq!((&issued["hours"], &issued["touched"]), (&json!("2"), &json!(false)));
    let replaced = station.get("auditor", &format!("/certificates/{old}")).await.expect(200);
    assert_eq!((&replaced["status"], &replaced["replaced_by"]), (&json!("replaced"), &json!(new)));
    assert!(replaced["closed_by"]["name"].is_string(), "who did it: {replaced}");
    let text = letters(&station.paper(old, "").await);
    assert!(text.contains("作废") && text.contains("已另行出具"), "{text}");
    let none = station.get("auditor", "/certificates?touched=true").await.expect(200);
    assert_eq!(none["certificates"], json!([]));
    order["purpose"] = json!("再来一份");
    let late = station.put("staff", &format!("/certificates/{}", Uuid::now_v7()), order.clone()).await;
    assert_eq!(late.problem(409), "state_conflict", "what is replaced is not replaced again");
    order["replaces"] = json!(Uuid::now_v7());
    let unknown = station.put("staff", &format!("/certificates/{}", Uuid::now_v7()), order).await;
    assert_eq!(unknown.problem(404), "certificate_not_found");

    let revoke = format!("/certificates/{new}/revoke");
    station.post("reviewer", &revoke, json!({ "reason": "冒领" })).await.expect(200);
    assert!(station.post("reviewer", &revoke, json!({ "reason": "冒领" })).await.replayed);
    assert_eq!(station.post("reviewer", &revoke, json!({ "reason": "其他" })).await.problem(409), "state_conflict");
    let listed = station.get("auditor", "/certificates?status=revoked").await.expect(200);
    assert_eq!(listed["certificates"][0]["reason"], "冒领");
    let statement = station.get("auditor", &format!("/statistics/{}/statement", year())).await.expect(200);
    let counted = json!({ "issued": 2, "late": 0, "revoked": 1 });
    assert_eq!(statement["certificates"], counted, "what was replaced is counted once");
}

#[rstest]
#[tokio::test]
async fn who_was_merged_brings_their_services_and_their_certificates_along(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = open(engine).await;
    let (ann, twin) = (station.volunteer("安").await, station.volunteer("安").await);
    station.serve(ann, "environment", "2026-10-12", 120).await;
    station.serve(twin, "environment", "2026-10-13", 60).await;
    let old = Uuid::now_v7();
    station.certificate(old, of(twin)).await;
    let merge = json!({ "into": ann, "reason": "同一人登记了两次" });
    station.post("scheme_admin", &format!("/volunteers/{twin}/merge"), merge).await.expect(200);
    let refused = station.put("staff", &format!("/certificates/{}", Uuid::now_v7()), of(twin)).await;
    assert_eq!(refused.problem(409), "volunteer_merged");
    let (new, mut order) = (Uuid::now_v7(), of(ann));
    order["replaces"] = json!(old);
    let issued = station.certificate(new, order).await;
    assert_eq!((&issued["hours"], &issued["services"]), (&json!("3"), &json!(2)));
    let listed = station.get("auditor", &format!("/certificates?volunteer_id={ann}")).await.expect(200);
    assert_eq!(listed["certificates"].as_array().map(Vec::len), Some(2), "{listed}");
}

#[rstest]
#[tokio::test]
async fn the_register_is_cut_paged_and_exported(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = open(engine).await;
    let body =
        |name: &str, unit: &str| json!({ "name": name, "unit": unit, "consent": { "record": true, "publish": true } });
    let mut people = Vec::new();
    for (name, unit) in [("=HYPERLINK(1)", "compound-1"), ("李娜", "compound-2"), ("陈静", "compound-1")] {
        let id = Uuid::now_v7();
        station.put("staff", &format!("/volunteers/{id}"), body(name, unit)).await.expect(201);
        station.serve(id, "environment", "2026-10-12", 120).await;
        station.certificate(Uuid::now_v7(), of(id)).await;
        people.push(id);
    }
    let count = async |query: &str| {
        let listed = station.get("auditor", &format!("/certificates{query}")).await.expect(200);
        listed["certificates"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count("?unit=compound-1").await, 2);
    assert_eq!(count("?unit=wangzhuang").await, count("").await, "and all below it");
    assert_eq!(count(&format!("?volunteer_id={}", people[1])).await, 1);
    assert_eq!((count("?kind=level").await, count("?until=2020-01-01").await, count("?kind=record").await), (0, 0, 3));
    assert_eq!(station.get("auditor", "/certificates?kind=any").await.problem(422), "invalid_request");
    let page = station.get("auditor", "/certificates?limit=2").await.expect(200);
    let cursor = page["next"].as_str().expect("there is more");
    assert_eq!(count(&format!("?limit=2&cursor={cursor}")).await, 1);
    let csv = station.get("auditor", "/certificates?format=csv").await;
    assert!(csv.text.starts_with('\u{feff}') && csv.text.contains("'=HYPERLINK"), "{}", csv.text);
    assert!(
        csv.text.contains("有效")
            && !csv.text.contains(page["certificates"][0]["check_code"].as_str().expect("a code"))
    );
    let (status, name, bytes) =
        station.server.file(&station.path("/certificates?format=xlsx"), station.key("auditor")).await;
    assert_eq!((status, name.contains("certificates.xlsx"), &bytes[..2]), (200, true, b"PK".as_slice()));
    let (_, _, pdf) = station.server.file(&station.path("/certificates?format=pdf"), station.key("auditor")).await;
    assert!(letters(&pdf).contains("志愿服务证明登记簿"));
}
