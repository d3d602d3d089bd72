//! 优秀网格 through the front door: drafted, objected to, signed, printed; what is behind each row, page by page.

use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use tests::hundredths;
use tests::paper::letters;
use tests::server::aixin_prints;
use uuid::Uuid;

fn october() -> Value {
    json!({
        "title": "2026年10月优秀小区",
        "rules": {
            "version": "2026-10", "of": "units", "from": "2026-10-01", "until": "2026-10-31", "grid_kind": "compound",
            "measure": "hours", "per_member": true, "min_minutes": 60, "seats": { "total": 2 }, "refill": true,
            "publicity_working_days": 0, "signatures": 2,
        },
    })
}

impl Station {
    async fn registered(&self, name: &str, unit: &str) -> Uuid {
        let id = Uuid::now_v7();
        let body = json!({
            "name": name, "unit": unit, "phone": "13905911234", "registered_on": "2026-01-05",
            "consent": { "record": true, "publish": false },
        });
        self.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
        id
    }

    /// All of a list that comes in pages of two.
    async fn paged(&self, path: &str, list: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get("auditor", &format!("{path}?limit=2{cursor}")).await.expect(200);
            all.extend(page[list].as_array().expect("a list").iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn an_objection_strikes_a_unit_and_each_row_is_made_up_of_its_people_and_records(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let lin = station.registered("林秀英", "compound-1").await;
    let twin = station.registered("林秀瑛", "compound-1").await;
    let wang = station.registered("王建国", "compound-2").await;
    station.registered("陈阿姨", "compound-2").await;
    let ouyang = station.registered("欧阳娜娜", "compound-3").await;
    station.serve(lin, "environment", "2026-10-12", 120).await;
    station.serve(lin, "environment", "2026-10-13", 45).await;
    station.serve(twin, "environment", "2026-10-14", 60).await;
    let wrong = station.serve(wang, "environment", "2026-10-15", 200).await;
    station.serve(wang, "environment", "2026-10-16", 90).await;
    station.serve(ouyang, "environment", "2026-10-17", 90).await;
    let merge = json!({ "into": lin, "reason": "同一人登记了两次" });
    station.post("scheme_admin", &format!("/volunteers/{twin}/merge"), merge).await.expect(200);
    let id = Uuid::now_v7();
    let at = |path: &str| format!("/selections/{id}{path}");
    let one = station.put("scheme_admin", &at(""), october()).await.expect(201);
    assert_eq!((&one["rules"]["of"], &one["served"], &one["selected"]), (&json!("units"), &json!(3), &json!(2)));
    let again = station.put("scheme_admin", &at(""), october()).await;
    assert!(again.replayed && again.body["digest"] == one["digest"]);
    let wrong = wrong["id"].as_str().expect("a record").to_owned();
    station.post("reviewer", &format!("/services/{wrong}/reverse"), json!({ "reason": "登记有误" })).await.expect(200);

    // 225 minutes of one, 290 of two, 90 of one; the others have nobody.
    let rows = station.get("staff", &at("/rows?limit=3")).await.expect(200);
    let told: Vec<_> = (0..3)
        .map(|row| {
            ["rank", "code", "name", "hours", "per_member", "members", "volunteer_id"]
                .map(|of| rows["rows"][row][of].clone())
        })
        .collect();
    let expected = json!([
        [1, "compound-1", "第一小区", "3.75", "3.75", 1, null],
        [2, "compound-2", "第二小区", "4.83", "2.42", 2, null],
        [3, "compound-3", "第三小区", "1.5", "1.5", 1, null],
    ]);
    assert_eq!(json!(told), expected);
    assert_eq!((&rows["rows"][1]["participants"], &rows["rows"][1]["participation"]), (&json!(1), &json!(5000)));
    assert_eq!(rows["rows"][1]["unit"], "ziyang");

    for row in 0..3 {
        let row = &rows["rows"][row];
        let path = at(&format!("/rows/{}", row["code"].as_str().expect("a code")));
        let people = station.paged(&format!("{path}/people"), "people").await;
        let entries = station.paged(&format!("{path}/entries"), "entries").await;
        for list in [&people, &entries] {
            let minutes: i64 = list.iter().filter_map(|one| one["minutes"].as_i64()).sum();
            let points: i64 = list.iter().map(|one| hundredths(one["points"].as_str().expect("points"))).sum();
            assert_eq!(Some(minutes), row["minutes"].as_i64(), "{list:?}");
            assert_eq!(points, hundredths(row["points"].as_str().expect("points")), "{list:?}");
        }
        assert_eq!(people.len(), 1, "whoever was merged is one: {people:?}");
        assert!(entries.iter().all(|entry| entry["volunteer_id"] == people[0]["volunteer_id"]), "{entries:?}");
    }
    let of_second = station.paged(&at("/rows/compound-2/entries"), "entries").await;
    assert_eq!(of_second.iter().filter(|entry| entry["reversed_since"] == true).count(), 1);
    let why = station.get("staff", &at("/rows/compound-4")).await.expect(200);
    assert_eq!((&why["reasons"][0]["code"], &why["entries"]), (&json!("below_minimum"), &Value::Null));
    assert_eq!(why["reasons"][1]["code"], "no_members");
    let nowhere = station.get("staff", &at("/rows/compound-9/people")).await;
    assert_eq!(nowhere.problem(404), "selection_row_not_found");
    let differs = station.get("auditor", &at("/difference")).await.expect(200);
    assert_eq!((&differs["identical"], &differs["changes"][0]["code"]), (&json!(true), &json!("compound-2")));
    assert_eq!(differs["changes"][0]["then"]["minutes"], 90);

    station.post("scheme_admin", &at("/publish"), json!({})).await.expect(200);
    let objection = at(&format!("/objections/{}", Uuid::now_v7()));
    let about = |code: &str| json!({ "code": code, "content": "记录不实", "objector": "居民甲" });
    assert_eq!(station.put("kiosk", &objection, about("compound-9")).await.problem(404), "selection_row_not_found");
    let both = json!({ "code": "compound-2", "volunteer_id": lin, "content": "不实" });
    assert_eq!(station.put("kiosk", &objection, both).await.problem(422), "invalid_request");
    let taken = station.put("kiosk", &objection, about("compound-2")).await.expect(201);
    assert_eq!((&taken["code"], &taken["volunteer_id"]), (&json!("compound-2"), &Value::Null));
    let other = station.put("kiosk", &objection, about("compound-1")).await;
    assert_eq!((other.body["field"].clone(), other.problem(409).as_str()), (json!("code"), "id_taken"));
    let answer = json!({ "verdict": "upheld", "consequence": "strike", "answer": "经查属实" });
    station.post("reviewer", &format!("{objection}/answer"), answer).await.expect(200);
    let struck = station.get("staff", &at("")).await.expect(200);
    assert_eq!((&struck["struck"], &struck["revision"], &struck["selected"]), (&json!(1), &json!(2), &json!(2)));
    assert_ne!(struck["digest"], one["digest"]);
    let digest = json!({ "digest": struck["digest"] });
    for role in ["reviewer", "scheme_admin"] {
        station.post(role, &at("/signatures"), digest.clone()).await.expect(200);
    }
    let done = station.post("scheme_admin", &at("/finalise"), json!({})).await.expect(200);
    assert_eq!(done["status"], "final");

    let csv = station.get("kiosk", &at("/document?format=csv")).await.text;
    let lines: Vec<&str> = csv.lines().filter(|line| line.contains("compound-")).collect();
    assert_eq!(
        lines,
        [
            "1,第一小区,compound-1,紫阳社区,1,1,100.00,3.75,3,3.5,3.75,,",
            "3,第三小区,compound-3,紫阳社区,1,1,100.00,1.5,1,1.5,1.50,,",
        ],
        "{csv}"
    );
    let page = station.get("kiosk", &at("/document?format=html")).await.text;
    for shown in ["人均时长", "参与率", "第一小区", "合计 2 个单位", "按人均服务时长排序", "宁缺毋滥"]
    {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    let path = station.path(&at("/document?format=pdf&explain=true"));
    let (status, _, pdf) = station.server.file(&path, station.key("reviewer")).await;
    let text = letters(&pdf);
    for shown in ["优秀小区", "人均时长", "依据明细", "林*英", "楼道清洁"] {
        assert!(status == 200 && text.contains(shown), "{shown} in {text}");
    }
    let xlsx = station.get("staff", &at("/document?format=xlsx&explain=true")).await;
    assert!(xlsx.status == 200 && xlsx.content_type.contains("spreadsheetml"));
    let explained = station.get("staff", &at("/document?format=csv&explain=true")).await.text;
    for secret in ["林秀英", "林秀瑛", "欧阳娜娜", "13905911234"] {
        assert!(!csv.contains(secret) && !page.contains(secret) && !explained.contains(secret), "{secret}");
    }
    let id = id.to_string();
    let report = ["report", "ranking", "--scheme", "ziyang", "--format", "csv"];
    let printed = aixin_prints(&station.server.url, &[&report[..], &["--selection", &id]].concat());
    assert_eq!(printed.trim_start_matches('\u{feff}').trim(), csv.trim_start_matches('\u{feff}').trim());
}

#[tokio::test]
async fn of_volunteers_all_is_in_the_row_and_nothing_is_asked_of_members() {
    let station = Station::open(Engine::Sqlite, "ziyang").await;
    let lin = station.registered("林秀英", "compound-1").await;
    station.serve(lin, "environment", "2026-10-12", 120).await;
    let mut body = october();
    body["rules"]["of"] = json!("volunteers");
    let wrong = station.put("scheme_admin", &format!("/selections/{}", Uuid::now_v7()), body.clone()).await;
    let detail = wrong.body["errors"][0].clone();
    assert_eq!((&detail["pointer"], &detail["code"]), (&json!("/rules/per_member"), &json!("not_for_these")));
    wrong.problem(422);
    body["rules"]["per_member"] = json!(false);
    let id = Uuid::now_v7();
    station.put("scheme_admin", &format!("/selections/{id}"), body).await.expect(201);
    let row = station.get("staff", &format!("/selections/{id}/rows/{lin}")).await.expect(200);
    assert_eq!(
        (&row["code"], &row["members"], &row["entries"][0]["minutes"]),
        (&Value::Null, &Value::Null, &json!(120))
    );
    for (path, status) in [("/people", 422), ("/entries", 422), ("x", 422)] {
        station.get("staff", &format!("/selections/{id}/rows/{lin}{path}")).await.problem(status);
    }
}

#[rstest]
#[tokio::test]
async fn a_team_is_named_in_chinese_and_so_is_its_address(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let lin = Uuid::now_v7();
    let body = json!({
        "name": "林秀英", "teams": ["夕阳红合唱队"], "registered_on": "2026-01-05", "consent": { "record": true, "publish": true },
    });
    station.put("staff", &format!("/volunteers/{lin}"), body).await.expect(201);
    let service = Uuid::now_v7();
    let mut body = station.service(lin, "environment", "2026-10-12", 120);
    body["team"] = json!("夕阳红合唱队");
    station.put("staff", &format!("/services/{service}"), body).await.expect(201);
    station.post("reviewer", &format!("/services/{service}/confirm"), json!({})).await.expect(200);
    let mut body = october();
    body["title"] = json!("2026年10月优秀志愿服务队");
    body["rules"]["of"] = json!("teams");
    body["rules"]["grid_kind"] = Value::Null;
    body["rules"]["measure"] = json!("participation");
    body["rules"]["per_member"] = json!(false);
    let id = Uuid::now_v7();
    station.put("scheme_admin", &format!("/selections/{id}"), body).await.expect(201);
    let row = format!("/selections/{id}/rows/%E5%A4%95%E9%98%B3%E7%BA%A2%E5%90%88%E5%94%B1%E9%98%9F");
    let why = station.get("staff", &row).await.expect(200);
    let told = ["code", "rank", "members", "participants", "participation"].map(|field| why[field].clone());
    assert_eq!(json!(told), json!(["夕阳红合唱队", 1, 1, 1, 10000]));
    let people = station.get("staff", &format!("{row}/people")).await.expect(200);
    assert_eq!((&people["people"][0]["name"], &people["next"]), (&json!("林秀英"), &Value::Null));
    station.post("scheme_admin", &format!("/selections/{id}/publish"), json!({})).await.expect(200);
    let page = station.get("kiosk", &format!("/selections/{id}/document?format=html")).await.text;
    for shown in ["夕阳红合唱队", "按参与率排序", "合计 1 支队伍"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
}
