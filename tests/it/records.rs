//! What is on record beside service: training, honours, ratings and complaints.

use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use tests::server::aixin_prints;
use uuid::Uuid;

/// Hailin's rules, with what becomes of complaints there: the hours of the activity become 0, points are deducted, the year's
/// reviews are closed.
pub fn with_complaints() -> String {
    let hailin = include_str!("../data/schemes/hailin.toml");
    let ruled = hailin.replacen("expiry = \"never\"", "expiry = \"never\"\noverdraft = \"stop_at_zero\"", 1);
    ruled
        + r#"
[[versions.reviews]]
code = "excellent"
name = "优秀志愿者"
name_en = "Excellent volunteers"
of = "individual"
key = "hours"
ties = "all_in"
quota = { fixed = 5 }

[[categories]]
code = "complaint"
name = "投诉属实"
name_en = "Upheld complaint"
kind = "event"

[[categories]]
code = "honour"
name = "荣誉"
name_en = "Honour"
kind = "event"

[[versions.rules]]
categories = ["complaint"]
points = "-1"

[[versions.rules]]
categories = ["honour"]
points = "3"

[complaints]
answer_working_days = 15
appeal_working_days = 10
reverses_record = true
event_category = "complaint"
vetoes_reviews = true
"#
}

/// A route, and who may take it.
pub type Route = (&'static str, String, &'static [&'static str]);

/// For the table of the contract.
pub fn routes(id: Uuid) -> Vec<Route> {
    let desk: &[&str] = &["staff", "scheme_admin"];
    let readers: &[&str] = &["staff", "reviewer", "scheme_admin", "auditor"];
    let takers_back: &[&str] = &["reviewer", "scheme_admin"];
    let complainers: &[&str] = &["kiosk", "staff", "leader", "scheme_admin", "reviewer"];
    let everybody: &[&str] = &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"];
    vec![
        ("PUT", format!("/trainings/{id}"), desk),
        ("GET", format!("/trainings/{id}"), everybody),
        ("PUT", format!("/trainings/{id}/attendances/{id}"), desk),
        ("POST", format!("/trainings/{id}/attendances/{id}/withdraw"), takers_back),
        ("GET", "/training-attendances".to_owned(), readers),
        ("PUT", format!("/honours/{id}"), desk),
        ("POST", format!("/honours/{id}/revoke"), takers_back),
        ("GET", "/honours".to_owned(), readers),
        ("PUT", format!("/ratings/{id}"), &["kiosk", "staff", "leader", "scheme_admin"]),
        ("POST", format!("/ratings/{id}/withdraw"), takers_back),
        ("GET", "/ratings".to_owned(), readers),
        ("GET", "/rating-averages".to_owned(), readers),
        ("PUT", format!("/complaints/{id}"), complainers),
        ("GET", format!("/complaints/{id}"), readers),
        ("GET", "/complaints".to_owned(), readers),
        ("POST", format!("/complaints/{id}/investigate"), &["staff", "reviewer", "scheme_admin"]),
        ("POST", format!("/complaints/{id}/uphold"), &["reviewer"]),
        ("POST", format!("/complaints/{id}/dismiss"), &["reviewer"]),
        ("POST", format!("/complaints/{id}/appeal"), desk),
        ("POST", format!("/complaints/{id}/withdraw"), desk),
        ("GET", format!("/volunteers/{id}/records"), readers),
    ]
}

async fn hailin(engine: Engine) -> Station {
    Station::written(engine, "hailin", &with_complaints()).await
}

impl Station {
    /// One more key of a role, somebody's own.
    pub fn another(&self, role: &str, person: &str) -> String {
        let arguments = ["key", "create", "--scheme", &self.scheme, "--role", role, "--person", person];
        aixin_prints(&self.server.url, &arguments)
    }

    /// Two hours on a day, filed with the office, and confirmed; the record.
    async fn serve_two_hours(&self, volunteer: Uuid, on: &str) -> Uuid {
        let id = Uuid::now_v7();
        let mut body = self.service(volunteer, "environment", on, 120);
        body["filing_number"] = json!("备 1 号");
        self.put("staff", &format!("/services/{id}"), body).await.expect(201);
        self.post("reviewer", &format!("/services/{id}/confirm"), json!({})).await.expect(200);
        id
    }

    async fn complain(&self, body: Value) -> Uuid {
        let id = Uuid::now_v7();
        self.put("kiosk", &format!("/complaints/{id}"), body).await.expect(201);
        let finding = json!({ "finding": "已核实" });
        self.post("staff", &format!("/complaints/{id}/investigate"), finding).await.expect(200);
        id
    }

    async fn minutes(&self, volunteer: Uuid) -> i64 {
        let balance = self.get("kiosk", &format!("/volunteers/{volunteer}/balance")).await.expect(200);
        balance["minutes"].as_i64().expect("minutes")
    }
}

#[rstest]
#[tokio::test]
async fn learning_is_on_record_and_never_hours_of_service(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = hailin(engine).await;
    let volunteer = station.volunteer("林秀英").await;
    let course = Uuid::now_v7();
    let body = json!({
        "code": "first-aid", "name": "急救员培训", "content": "心肺复苏", "organiser": "红十字会", "held_on": "2026-03-01",
        "minutes": 240, "valid_months": 24, "event_category": "honour",
    });
    station.put("staff", &format!("/trainings/{course}"), body.clone()).await.expect(201);
    assert!(station.put("staff", &format!("/trainings/{course}"), body.clone()).await.replayed);
    let mut other = body.clone();
    other["minutes"] = json!(60);
    let taken = station.put("staff", &format!("/trainings/{course}"), other).await;
    assert_eq!(taken.body["field"], "minutes");
    assert_eq!(taken.problem(409), "id_taken");
    let mut service = body;
    service["event_category"] = json!("environment");
    let refused = station.put("staff", &format!("/trainings/{}", Uuid::now_v7()), service).await;
    assert_eq!(refused.body["errors"][0]["code"], "not_an_event");

    let path = format!("/trainings/{course}/attendances/{volunteer}");
    let attended = station.put("staff", &path, json!({ "passed": true })).await.expect(201);
    assert_eq!((&attended["minutes"], &attended["valid_until"]), (&json!(240), &json!("2028-03-01")));
    assert!(station.put("staff", &path, json!({ "passed": true })).await.replayed);
    assert_eq!(station.put("staff", &path, json!({ "passed": false })).await.problem(409), "id_taken");
    assert_eq!(station.minutes(volunteer).await, 0, "learning is not service");

    let event = attended["service_id"].as_str().expect("an event record");
    let own = station.post("staff", &format!("/services/{event}/confirm"), json!({})).await;
    assert_eq!(own.problem(403), "forbidden");
    station.post("reviewer", &format!("/services/{event}/confirm"), json!({})).await.expect(200);
    assert_eq!((station.points(volunteer).await, station.minutes(volunteer).await), ("3".to_owned(), 0));

    let withdrawn =
        station.post("reviewer", &format!("{path}/withdraw"), json!({ "reason": "记错了人" })).await.expect(200);
    assert_eq!(withdrawn["status"], "withdrawn");
    let list = station.get("auditor", "/training-attendances?status=attended").await.expect(200);
    assert_eq!(list["attendances"], json!([]));
    let again = station.put("staff", &path, json!({ "passed": false, "minutes": 100 })).await.expect(201);
    assert_eq!((&again["passed"], &again["service_id"]), (&json!(false), &Value::Null));
}

#[rstest]
#[tokio::test]
async fn an_honour_stays_on_record_when_it_is_revoked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = hailin(engine).await;
    let volunteer = station.volunteer("沈惠芳").await;
    let (id, mut body) =
        (Uuid::now_v7(), json!({ "volunteer_id": volunteer, "name": "五星志愿者", "granted_on": "2026-02-23" }));
    body["granting_body"] = json!("区文明办");
    let path = format!("/honours/{id}");
    let refused = station.put("staff", &path, body.clone()).await;
    assert_eq!(refused.body["errors"][0]["code"], "missing_evidence");
    body["evidence"] = json!("文明〔2026〕2 号");
    station.put("staff", &path, body.clone()).await.expect(201);
    assert!(station.put("staff", &path, body.clone()).await.replayed);
    body["name"] = json!("四星志愿者");
    assert_eq!(station.put("staff", &path, body).await.problem(409), "id_taken");
    assert_eq!(
        station.post("staff", &format!("{path}/revoke"), json!({ "reason": "x" })).await.problem(403),
        "forbidden"
    );
    let revoked =
        station.post("reviewer", &format!("{path}/revoke"), json!({ "reason": "材料不实" })).await.expect(200);
    assert_eq!((&revoked["status"], &revoked["reason"]), (&json!("revoked"), &json!("材料不实")));
    let records = station.get("auditor", &format!("/volunteers/{volunteer}/records")).await.expect(200);
    assert_eq!(records["honours"][0]["name"], "五星志愿者", "the history is kept");
}

#[rstest]
#[tokio::test]
async fn each_rater_rates_a_service_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = hailin(engine).await;
    let (volunteer, other) = (station.volunteer("朱玲娣").await, station.volunteer("陆根生").await);
    let service = station.serve_two_hours(volunteer, "2026-03-02").await;
    let rating = |rater: &str, stars: i64| json!({ "volunteer_id": volunteer, "service_id": service, "rater": rater, "stars": stars, "words": "很耐心" });
    let id = Uuid::now_v7();
    station.put("kiosk", &format!("/ratings/{id}"), rating("recipient", 5)).await.expect(201);
    assert!(station.put("kiosk", &format!("/ratings/{id}"), rating("recipient", 5)).await.replayed);
    let second = station.put("kiosk", &format!("/ratings/{}", Uuid::now_v7()), rating("recipient", 1)).await;
    assert_eq!((second.body["field"].clone(), second.problem(409)), (json!("rater"), "id_taken".to_owned()));
    let as_leader = station.put("kiosk", &format!("/ratings/{}", Uuid::now_v7()), rating("leader", 1)).await;
    assert_eq!(as_leader.problem(403), "forbidden");
    let leaders = Uuid::now_v7();
    station.put("leader", &format!("/ratings/{leaders}"), rating("leader", 2)).await.expect(201);
    let mut wrong = rating("recipient", 6);
    assert_eq!(
        station.put("kiosk", &format!("/ratings/{}", Uuid::now_v7()), wrong.clone()).await.problem(422),
        "invalid_request"
    );
    wrong["stars"] = json!(4);
    wrong["volunteer_id"] = json!(other);
    let nothing = station.put("kiosk", &format!("/ratings/{}", Uuid::now_v7()), wrong).await;
    assert_eq!(nothing.body["errors"][0]["code"], "nothing_served");

    let averages = station.get("auditor", "/rating-averages?min_count=2").await.expect(200);
    assert_eq!(averages["averages"], json!([{ "volunteer_id": volunteer, "stars": "3.5", "count": 2 }]));
    station.post("reviewer", &format!("/ratings/{leaders}/withdraw"), json!({ "reason": "辱骂" })).await.expect(200);
    let averages = station.get("auditor", "/rating-averages?min_count=2").await.expect(200);
    assert_eq!(averages["averages"], json!([]), "too few are left");
    let records = station.get("auditor", &format!("/volunteers/{volunteer}/records")).await.expect(200);
    assert_eq!((&records["rating"]["stars"], &records["rating"]["count"]), (&json!("5"), &json!(1)));
    assert_eq!(records["services"][0]["minutes"], 120);
}

#[rstest]
#[tokio::test]
async fn an_upheld_complaint_zeroes_the_hours_deducts_and_closes_the_reviews_of_the_year(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = hailin(engine).await;
    let (volunteer, other) = (station.volunteer("徐阿宝").await, station.volunteer("钱巧云").await);
    let service = station.serve_two_hours(volunteer, "2026-03-02").await;
    station.serve_two_hours(volunteer, "2026-03-03").await;
    station.serve_two_hours(other, "2026-03-03").await;
    let about = json!({
        "service_id": service, "content": "没有来", "complainant": "张老师", "contact": "13800000000",
        "received_on": "2026-03-06",
    });
    let complaint = station.complain(about).await;
    let path = format!("/complaints/{complaint}");
    let answer = json!({ "answer": "属实，已撤销" });
    let concerned = station.post("reviewer", &format!("{path}/uphold"), answer.clone()).await;
    assert_eq!(concerned.problem(403), "forbidden", "who confirmed the record does not answer");
    let third = station.another("reviewer", "third");
    let uphold = station.path(&format!("{path}/uphold"));
    let upheld = station.server.send("POST", &uphold, &third, answer.clone()).await.expect(200);
    assert_eq!((&upheld["status"], &upheld["effects_due"]), (&json!("upheld"), &json!(false)));
    assert!(upheld.get("complainant").is_none(), "who complained is told to those alone who read it to deal with it");
    assert!(station.server.send("POST", &uphold, &third, answer.clone()).await.replayed);
    assert_eq!((station.minutes(volunteer).await, station.points(volunteer).await), (120, "1".to_owned()));

    assert_eq!(station.get("reviewer", &path).await.expect(200)["complainant"], "张老师");
    assert!(station.get("staff", &path).await.expect(200).get("complainant").is_none());
    let list = station.get("reviewer", &format!("/complaints?status=upheld&volunteer_id={volunteer}")).await;
    assert!(!list.text.contains("张老师") && list.text.contains("没有来"), "{}", list.text);
    let year = upheld["received_on"].as_str().expect("a day")[..4].to_owned();
    let review = station.get("auditor", &format!("/reviews/{year}/excellent")).await.expect(200);
    let row = |volunteer: Uuid| {
        let rows = review["rows"].as_array().expect("rows");
        rows.iter().find(|row| row["volunteer_id"] == json!(volunteer)).expect("a row").clone()
    };
    assert_eq!((&row(volunteer)["outcome"], &row(volunteer)["veto"]), (&json!("vetoed"), &json!(complaint)));
    assert_eq!(row(other)["outcome"], "selected");
    let public = station.get("kiosk", &format!("/reviews/{year}/excellent")).await;
    assert!(!public.text.contains("vetoed"), "{}", public.text);

    let appeal = json!({ "reason": "当日确有到场，有照片" });
    station.post("staff", &format!("{path}/appeal"), appeal).await.expect(200);
    let dismiss = station.path(&format!("{path}/dismiss"));
    let answer = json!({ "answer": "经复核，投诉不实" });
    assert_eq!(station.server.send("POST", &dismiss, &third, answer.clone()).await.problem(403), "forbidden");
    let fourth = station.another("reviewer", "fourth");
    station.server.send("POST", &dismiss, &fourth, answer).await.expect(200);
    assert_eq!(station.points(volunteer).await, "2", "the deduction is taken back; the hours are recorded anew");
    let second = station.post("staff", &format!("{path}/appeal"), json!({ "reason": "再次申诉" })).await;
    assert_eq!(second.problem(409), "state_conflict", "one appeal");
    let verified = tests::server::aixin(&station.server.url, &["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[rstest]
#[tokio::test]
async fn of_many_who_answer_a_complaint_at_once_one_decides(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = hailin(engine).await;
    let volunteer = station.volunteer("金伟民").await;
    let complaint = station.complain(json!({ "volunteer_id": volunteer, "content": "迟到" })).await;
    let answers = (0..20).map(|number| {
        let (station, step) = (&station, if number % 2 == 0 { "uphold" } else { "dismiss" });
        async move {
            let body = json!({ "answer": format!("答复 {number}") });
            station.post("reviewer", &format!("/complaints/{complaint}/{step}"), body).await
        }
    });
    let answers = futures::future::join_all(answers).await;
    let decided: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(decided.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.body["code"] == "state_conflict"));
    let found = station.get("reviewer", &format!("/complaints/{complaint}")).await.expect(200);
    assert_eq!(found["answer"], decided[0].body["answer"]);
}
