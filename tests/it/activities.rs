//! Activities and who takes part in them, through the front door.

use crate::station::Station;
use chrono::{Duration, SecondsFormat};
use db::Engine;
use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

/// So many minutes from now.
pub fn minutes_from_now(minutes: i64) -> String {
    (tests::now() + Duration::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// An activity of two hours that begins in so many minutes.
pub fn activity(begins_in: i64) -> Value {
    json!({
        "title": "周末清洁日",
        "content": "清扫楼道，整理非机动车",
        "category": "environment",
        "place": "第一小区",
        "organiser": "紫阳社区志愿服务站",
        "person_in_charge": "陈建国",
        "starts_at": minutes_from_now(begins_in),
        "ends_at": minutes_from_now(begins_in + 120),
    })
}

impl Station {
    /// Plans and publishes; answers the id.
    pub async fn activity(&self, body: Value) -> Uuid {
        let id = Uuid::now_v7();
        self.put("staff", &format!("/activities/{id}"), body).await.expect(201);
        self.post("staff", &format!("/activities/{id}/publish"), json!({})).await.expect(200);
        id
    }

    pub async fn volunteers(&self, people: usize) -> Vec<Uuid> {
        let mut ids = Vec::new();
        for index in 0..people {
            ids.push(self.volunteer(&format!("志愿者{index}")).await);
        }
        ids
    }

    async fn sign_up(&self, activity: Uuid, volunteer: Uuid, body: Value) -> tests::server::Answer {
        self.put("kiosk", &format!("/activities/{activity}/signups/{volunteer}"), body).await
    }
}

#[rstest]
#[tokio::test]
async fn an_activity_is_planned_published_changed_and_called_off(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let path = format!("/activities/{}", Uuid::now_v7());
    let body = activity(600);
    let planned = station.put("staff", &path, body.clone()).await.expect(201);
    assert_eq!(
        (&planned["status"], &planned["version"], &planned["open"]),
        (&json!("planned"), &json!(1), &json!(false))
    );
    assert_eq!(planned["closes_at"], planned["starts_at"]);
    let again = station.put("staff", &path, body.clone()).await;
    assert!(again.replayed, "{}", again.text);
    let volunteer = station.volunteer("林秀英").await;
    let signup = format!("{path}/signups/{volunteer}");
    let early = station.put("kiosk", &signup, json!({})).await;
    assert_eq!(early.body["current_status"], "planned");
    assert_eq!(early.problem(409), "state_conflict");

    for replayed in [false, true] {
        let published = station.post("staff", &format!("{path}/publish"), json!({})).await;
        assert_eq!((published.replayed, published.body["open"].clone()), (replayed, json!(true)), "{}", published.text);
    }
    station.put("kiosk", &signup, json!({})).await.expect(201);
    let mut changed = body.clone();
    changed["place"] = json!("第二小区");
    let changed = station.put("staff", &path, changed).await.expect(200);
    assert_eq!((&changed["version"], &changed["signed_up"]), (&json!(3), &json!(1)));
    let mut paid = body.clone();
    paid["fee_kind"] = json!("low_fee");
    let refused = station.put("staff", &path, paid).await;
    assert_eq!(refused.body["field"], "fee_kind");
    assert_eq!(refused.problem(409), "id_taken");

    let reason = json!({ "reason": "台风预警" });
    let cancelled = station.post("staff", &format!("{path}/cancel"), reason.clone()).await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["reason"]), (&json!("cancelled"), &json!("台风预警")));
    assert!(station.post("staff", &format!("{path}/cancel"), reason).await.replayed);
    assert_eq!(station.put("staff", &path, activity(700)).await.problem(409), "state_conflict");
    let to_tell = station.get("staff", &format!("{path}/signups?status=signed_up")).await.expect(200);
    assert_eq!(to_tell["signups"][0]["name"], "林秀英");
    let feed = station.get("auditor", "/entries").await.expect(200);
    let told: Vec<&Value> = feed["entries"].as_array().expect("a list").iter().collect();
    let told: Vec<_> = told.iter().filter(|entry| entry["kind"] == "activity.cancelled").collect();
    assert_eq!(told.len(), 1, "{feed}");
    assert_eq!(told[0]["document"]["people"], 1);
    assert!(!feed.to_string().contains("林秀英"), "no name is in the book");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_for_ten_places_are_ten(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let people = station.volunteers(50).await;
    let mut body = activity(600);
    body["capacity"] = json!(10);
    let id = station.activity(body).await;
    let answers = join_all(people.iter().map(|volunteer| station.sign_up(id, *volunteer, json!({})))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 10);
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        assert_eq!(refused.problem(422), "activity_full");
    }
    let shown = station.get("kiosk", &format!("/activities/{id}")).await.expect(200);
    assert_eq!((&shown["signed_up"], &shown["waiting"]), (&json!(10), &json!(0)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_has_places_in_two_activities_at_the_same_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let ann = station.volunteer("安").await;
    let mut all = Vec::new();
    for begins_in in [600, 650, 700, 720] {
        all.push(station.activity(activity(begins_in)).await);
    }
    let answers = join_all(all[..3].iter().map(|id| station.sign_up(*id, ann, json!({})))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(taken.len(), 1, "the three overlap one another");
    let first = taken[0].body["activity_id"].clone();
    for answer in refused {
        assert_eq!(answer.body["activity_id"], first);
        assert_eq!(answer.problem(422), "overlapping_signup");
    }
    let first: Uuid = first.as_str().and_then(|id| id.parse().ok()).expect("an id");
    station.post("kiosk", &format!("/activities/{first}/signups/{ann}/cancel"), json!({})).await.expect(200);
    station.sign_up(all[0], ann, json!({})).await.expect(201);
    station.sign_up(all[3], ann, json!({})).await.expect(201);
    let mut flood = activity(610);
    flood["mode"] = json!("emergency");
    let flood = station.activity(flood).await;
    station.sign_up(flood, ann, json!({})).await.expect(201);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_gets_the_place_that_becomes_free_in_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let people = station.volunteers(7).await;
    let mut body = activity(600);
    body["waiting_list"] = json!(true);
    body["posts"] =
        json!([{ "code": "gate", "name": "守门", "capacity": 1 }, { "code": "supply", "name": "物资", "capacity": 2 }]);
    let id = station.activity(body.clone()).await;
    assert_eq!(station.sign_up(id, people[0], json!({})).await.body["errors"][0]["code"], "missing_post");
    assert_eq!(
        station.sign_up(id, people[0], json!({ "post": "cook" })).await.body["errors"][0]["code"],
        "unknown_post"
    );
    let wanted = ["gate", "supply", "supply", "gate", "supply", "gate", "supply"];
    for (volunteer, post) in people.iter().zip(wanted) {
        station.sign_up(id, *volunteer, json!({ "post": post })).await.expect(201);
    }
    let status = async |index: usize| {
        let list = station.get("staff", &format!("/activities/{id}/signups")).await.expect(200);
        let list = list["signups"].as_array().expect("a list").clone();
        let of = list.iter().find(|one| one["volunteer_id"] == json!(people[index])).expect("on the list");
        of["status"].as_str().expect("a status").to_owned()
    };
    assert_eq!(status(3).await, "waiting");
    let other = station.sign_up(id, people[3], json!({ "post": "supply" })).await;
    assert_eq!(other.problem(409), "id_taken");
    assert!(station.sign_up(id, people[3], json!({ "post": "gate" })).await.replayed);

    // Two of supply go at once: the two who wait for it come in, and whoever waits for the gate does not.
    let cancel = |index: usize| format!("/activities/{id}/signups/{}/cancel", people[index]);
    let (one, other) = (cancel(1), cancel(2));
    let gone = join_all([&one, &other].map(|path| station.post("kiosk", path, json!({})))).await;
    assert!(gone.iter().all(|answer| answer.status == 200), "{gone:?}");
    assert_eq!(
        [status(3).await, status(4).await, status(5).await, status(6).await],
        ["waiting", "signed_up", "waiting", "signed_up"]
    );
    station.post("kiosk", &cancel(0), json!({})).await.expect(200);
    assert!(station.post("kiosk", &cancel(0), json!({})).await.replayed);
    assert_eq!([status(3).await, status(5).await], ["signed_up", "waiting"]);
    // More places than before go to those who wait; fewer than are taken are refused.
    body["posts"][0]["capacity"] = json!(2);
    station.put("staff", &format!("/activities/{id}"), body.clone()).await.expect(200);
    assert_eq!(status(5).await, "signed_up");
    body["posts"][0]["capacity"] = json!(1);
    let fewer = station.put("staff", &format!("/activities/{id}"), body).await;
    assert_eq!(fewer.body["errors"][0]["code"], "fewer_than_signed_up");
    let feed = station.get("auditor", "/entries").await.expect(200);
    let entries = feed["entries"].as_array().expect("a list");
    let promoted: Vec<_> = entries.iter().filter(|entry| entry["kind"] == "signup.promoted").collect();
    assert_eq!(promoted.len(), 4);
    let told: Vec<_> = promoted.iter().map(|entry| entry["document"]["volunteer_id"].clone()).collect();
    for index in [4, 6, 3, 5] {
        assert!(told.contains(&json!(people[index])), "{told:?}");
    }
}

#[rstest]
#[tokio::test]
async fn who_is_not_fit_for_it_is_refused_by_code(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let register = async |name: &str, born: &str, skills: Value| {
        let id = Uuid::now_v7();
        let body = json!({
            "name": name, "birth_date": born, "skills": skills, "consent": { "record": true, "publish": true }
        });
        station.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
        id
    };
    let child = register("小明", "2015-05-01", json!([])).await;
    let elder = register("王奶奶", "1930-05-01", json!(["理发"])).await;
    let adult = register("李强", "1990-05-01", json!([])).await;
    let mut body = activity(600);
    body["min_age"] = json!(14);
    body["max_age"] = json!(75);
    body["requires_insurance"] = json!(true);
    body["requires_training"] = json!("first-aid");
    body["posts"] = json!([{ "code": "hair", "name": "义剪", "skill": "理发" }, { "code": "any", "name": "引导" }]);
    let id = station.activity(body).await;
    let refused = async |volunteer: Uuid, post: &str| {
        let answer = station.sign_up(id, volunteer, json!({ "post": post })).await;
        let condition = answer.body["condition"].as_str().unwrap_or_default().to_owned();
        assert_eq!(answer.problem(422), "not_eligible");
        condition
    };
    assert_eq!(refused(child, "any").await, "min_age");
    assert_eq!(refused(elder, "hair").await, "max_age");
    assert_eq!(refused(adult, "any").await, "training");
    let course = format!("/trainings/{}", Uuid::now_v7());
    let training = json!({
        "code": "first-aid", "name": "急救员培训", "content": "心肺复苏", "organiser": "区红十字会",
        "held_on": "2026-01-10", "minutes": 240,
    });
    station.put("staff", &course, training).await.expect(201);
    let attendance = format!("{course}/attendances/{adult}");
    station.put("staff", &attendance, json!({ "passed": true })).await.expect(201);
    assert_eq!(refused(adult, "any").await, "insurance");
    let day = |days: i64| (tests::now() + Duration::days(days)).date_naive().to_string();
    let policy = |from: i64, until: i64| json!({ "insurer": "中国人寿", "policy_number": "ZY-1", "from": day(from), "until": day(until) });
    let insurance = format!("/volunteers/{adult}/insurances/{}", Uuid::now_v7());
    station.put("staff", &insurance, policy(-30, -2)).await.expect(201);
    assert_eq!(refused(adult, "any").await, "insurance", "it has run out");
    let insurance = format!("/volunteers/{adult}/insurances/{}", Uuid::now_v7());
    station.put("staff", &insurance, policy(-30, 30)).await.expect(201);
    assert!(station.put("staff", &insurance, policy(-30, 30)).await.replayed);
    assert_eq!(station.put("staff", &insurance, policy(-30, 31)).await.problem(409), "id_taken");
    assert_eq!(refused(adult, "hair").await, "skill");
    station.sign_up(id, adult, json!({ "post": "any" })).await.expect(201);
    let listed = station.get("staff", &format!("/volunteers/{adult}/insurances")).await.expect(200);
    assert_eq!(listed["insurances"].as_array().map(Vec::len), Some(2));
}

#[rstest]
#[tokio::test]
async fn activities_are_found_by_unit_team_time_and_whether_they_take_people(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let with = |begins_in: i64, field: &str, value: Value| {
        let mut body = activity(begins_in);
        body[field] = value;
        body
    };
    let building = json!({ "name": "九号楼", "kind": "building", "parent": "compound-1" });
    station.put("scheme_admin", "/units/building-9", building).await.expect(201);
    let compound = station.activity(with(600, "unit", json!("building-9"))).await;
    let street = station.activity(with(700, "unit", json!("wangzhuang"))).await;
    let patrol = station.activity(with(800, "team", json!("patrol"))).await;
    let over = station.activity(activity(-300)).await;
    let planned = Uuid::now_v7();
    station.put("staff", &format!("/activities/{planned}"), activity(900)).await.expect(201);
    let found = async |query: &str| {
        let list = station.get("kiosk", &format!("/activities?{query}")).await.expect(200);
        let list = list["activities"].as_array().expect("a list").clone();
        list.iter().map(|one| one["id"].as_str().expect("an id").parse().expect("a UUID")).collect::<Vec<Uuid>>()
    };
    assert_eq!(found("").await, [over, compound, street, patrol, planned]);
    assert_eq!(found("unit=ziyang").await, [compound], "a unit, and all below it");
    assert_eq!(found("unit=fuzhou").await, [compound, street]);
    assert_eq!(found("team=patrol").await, [patrol]);
    assert_eq!(found("open=true").await, [compound, street, patrol]);
    assert_eq!(found("status=planned").await, [planned]);
    let (from, until) = (minutes_from_now(0), minutes_from_now(650));
    assert_eq!(found(&format!("from={from}&until={until}")).await, [compound]);
    let first = station.get("kiosk", "/activities?limit=2&open=true").await.expect(200);
    let next = first["next"].as_str().expect("a cursor");
    assert_eq!(found(&format!("limit=2&cursor={next}")).await, [patrol], "the cursor keeps the filters");

    // A leader acts for the own team alone.
    let led = format!("/activities/{patrol}");
    let others = format!("/activities/{compound}");
    station.put("leader", &format!("{led}/signups/{}", station.volunteer("安").await), json!({})).await.expect(201);
    assert_eq!(station.put("leader", &others, activity(600)).await.problem(403), "forbidden");
    assert_eq!(
        station.post("leader", &format!("{others}/cancel"), json!({ "reason": "x" })).await.problem(403),
        "forbidden"
    );
    assert_eq!(station.get("leader", &format!("{others}/signups")).await.problem(403), "forbidden");
    let days = json!({ "days": ["2099-03-01", "2099-03-08"] });
    let repeated = station.post("leader", &format!("{led}/repeat"), days.clone()).await.expect(201);
    assert_eq!(repeated["activities"][1]["repeats"], json!(patrol));
    assert!(repeated["activities"][1]["starts_at"].as_str().expect("a time").starts_with("2099-03-0"));
    assert!(station.post("leader", &format!("{led}/repeat"), days).await.replayed);
}

#[tokio::test]
async fn what_an_activity_cannot_say_is_refused_with_its_place() {
    let station = Station::open(Engine::Sqlite, "ziyang").await;
    for (field, value, code) in [
        ("title", json!(" "), "invalid_text"),
        ("category", json!("打牌"), "unknown_category"),
        ("unit", json!("mars"), "unknown_unit"),
        ("station", json!("mars"), "unknown_station"),
        ("team", json!("Big Team"), "invalid_code"),
        ("ends_at", json!(minutes_from_now(-10)), "end_before_start"),
        ("ends_at", json!(minutes_from_now(3000)), "activity_too_long"),
        ("closes_at", json!(minutes_from_now(3000)), "closes_after_end"),
        ("capacity", json!(0), "out_of_range"),
        ("share_percent", json!(101), "out_of_range"),
        ("level", json!("galaxy"), "unknown_code"),
        ("posts", json!([{ "code": "a", "name": "甲" }, { "code": "a", "name": "乙" }]), "duplicate_post"),
    ] {
        let mut body = activity(60);
        body[field] = value;
        let answer = station.put("staff", &format!("/activities/{}", Uuid::now_v7()), body).await;
        let flaw = answer.body["errors"][0].clone();
        assert_eq!((flaw["pointer"].as_str(), flaw["code"].as_str()), (Some(&*format!("/{field}")), Some(code)));
        answer.problem(422);
    }
    let nowhere = Uuid::now_v7();
    assert_eq!(station.get("staff", &format!("/activities/{nowhere}")).await.problem(404), "activity_not_found");
    let volunteer = station.volunteer("安").await;
    assert_eq!(station.sign_up(nowhere, volunteer, json!({})).await.problem(404), "activity_not_found");
    let id = station.activity(activity(60)).await;
    let cancel = format!("/activities/{id}/signups/{volunteer}/cancel");
    assert_eq!(station.post("staff", &cancel, json!({})).await.problem(404), "signup_not_found");
    let late = station.activity(activity(-30)).await;
    assert_eq!(station.sign_up(late, volunteer, json!({})).await.problem(422), "signup_closed");
    let mut emergency = activity(-30);
    emergency["mode"] = json!("emergency");
    let emergency = station.activity(emergency).await;
    station.sign_up(emergency, volunteer, json!({})).await.expect(201);
}

#[rstest]
#[tokio::test]
async fn a_plan_for_the_month_is_imported_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let file = std::env::temp_dir().join(format!("计划 {}.csv", Uuid::now_v7()));
    let import = |text: &str| {
        std::fs::write(&file, text).expect("a file");
        let file = file.to_string_lossy().into_owned();
        tests::server::aixin(&station.server.url, &["import", "activities", "--scheme", "ziyang", &file])
    };
    let building = json!({ "name": "九号楼", "kind": "building", "parent": "compound-1" });
    station.put("scheme_admin", "/units/building-9", building).await.expect(201);
    let header = "活动名称,活动日期,开始时间,结束时间,活动类别,地点,所属网格,队伍,负责人,名额\n";
    let good = format!(
        "{header}平安夜巡,2099-03-31,22:00,01:30,patrol,第一小区,九号楼,patrol,陈建国,12人\n\
         周末清洁日,2099-03-07,08:30,10:30,environment,第二小区,,,陈建国,\n"
    );
    let bad = import(&format!("{good}打牌,2099-03-08,08:30,10:30,打牌,,火星,,,\n"));
    assert!(!bad.status.success());
    assert!(String::from_utf8_lossy(&bad.stdout).contains("第 4 行"), "{}", String::from_utf8_lossy(&bad.stdout));
    let none = station.get("staff", "/activities").await.expect(200);
    assert_eq!(none["activities"], json!([]), "all rows or none");
    for new in ["2 new, 0 known", "0 new, 2 known"] {
        let imported = import(&good);
        assert!(
            String::from_utf8_lossy(&imported.stdout).contains(new),
            "{}",
            String::from_utf8_lossy(&imported.stdout)
        );
    }
    std::fs::remove_file(&file).expect("it is there");
    let list = station.get("staff", "/activities").await.expect(200);
    let night = &list["activities"][1];
    assert_eq!(
        (&night["title"], &night["capacity"], &night["unit"]),
        (&json!("平安夜巡"), &json!(12), &json!("building-9"))
    );
    assert_eq!(
        (&night["starts_at"], &night["ends_at"]),
        (&json!("2099-03-31T14:00:00Z"), &json!("2099-03-31T17:30:00Z"))
    );
    assert_eq!(night["status"], "planned");
}
