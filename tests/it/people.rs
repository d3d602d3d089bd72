//! People: where they belong and since when, their teams, who is registered twice, and two registrations that become one.

use crate::station::Station;
use crate::world::{HAIYUE, World, ZIYANG, operator};
use db::Engine;
use futures::future::join_all;
use rstest::rstest;
use scheme::Role;
use scheme::exchanges::{self, ExchangeError, Wish};
use scheme::services::{self, ServiceError};
use scheme::volunteers::{self, Consent, VolunteerDetails, VolunteerError};
use serde_json::{Value, json};
use tests::hundredths;
use uuid::Uuid;

fn body(name: &str, more: Value) -> Value {
    let mut body = json!({ "name": name, "consent": { "record": true, "publish": true } });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

impl Station {
    async fn person(&self, name: &str, more: Value) -> Uuid {
        let id = Uuid::now_v7();
        self.put("staff", &format!("/volunteers/{id}"), body(name, more)).await.expect(201);
        id
    }

    async fn names(&self, query: &str) -> Vec<String> {
        let list = self.get("staff", &format!("/volunteers?{query}")).await.expect(200);
        let names = list["volunteers"].as_array().expect("volunteers").iter();
        names.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    }
}

#[rstest]
#[tokio::test]
async fn whoever_moves_belonged_where_they_belonged(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    for (code, kind) in [("hospital", "institution"), ("school", "institution")] {
        let unit = json!({ "name": code, "kind": kind });
        station.put("scheme_admin", &format!("/units/{code}"), unit).await.expect(201);
    }
    let home = json!({ "unit": "compound-1", "home_unit": "hospital" });
    let ann = station.person("安", home.clone()).await;
    station.person("白", home).await;
    station.serve(ann, "environment", "2026-10-12", 90).await;
    let path = format!("/volunteers/{ann}");
    station.put("staff", &path, body("安", json!({ "unit": "compound-2", "home_unit": "school" }))).await.expect(200);
    let memberships = station.get("staff", &format!("{path}/memberships")).await.expect(200);
    let of = |capacity: &str| -> Vec<(String, bool, bool)> {
        let all = memberships["memberships"].as_array().expect("memberships").iter();
        let own = all.filter(|one| one["capacity"] == capacity);
        own.map(|one| (one["unit"].as_str().expect("a unit").to_owned(), one["from"].is_null(), one["until"].is_null()))
            .collect()
    };
    let expected = [("school".to_owned(), false, true), ("hospital".to_owned(), true, false)];
    assert_eq!(of("home"), expected);
    for (unit, on, count) in [("hospital", "2026-01-01", 0), ("school", "2999-01-01", 1), ("hospital", "2999-01-01", 1)]
    {
        let members = station.get("staff", &format!("/units/{unit}/members?on={on}")).await.expect(200);
        assert_eq!(members["members"].as_array().map(Vec::len), Some(count), "{unit} on {on}: {members}");
    }
    // What she did counts where she came from then; that she took part, where she is.
    for (unit, took_part, rate, services) in [("hospital", 0, "0.0", 1), ("school", 1, "100.0", 0)] {
        let path = format!("/units/{unit}/participation?year=2026");
        let participation = station.get("auditor", &path).await.expect(200);
        let total = &participation["total"];
        assert_eq!(
            (&total["members"], &total["took_part"], &total["rate"]),
            (&json!(1), &json!(took_part), &json!(rate))
        );
        assert_eq!(total["services"], json!(services), "{unit}: {participation}");
    }
    assert_eq!(station.get("staff", "/units/nowhere/participation?year=2026").await.problem(404), "unit_not_found");
}

#[rstest]
#[tokio::test]
async fn a_name_that_no_team_has_becomes_a_team(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let patrol = json!({ "name": "巡逻队", "kind": "patrol", "unit": "compound-1" });
    let made = station.put("staff", "/teams/patrol", patrol).await.expect(200);
    assert_eq!((&made["kind"], &made["version"]), (&json!("patrol"), &json!(2)), "the leader's key had made it");
    let ann = station.person("安", json!({ "teams": ["巡逻队", "松涛诗社"] })).await;
    let known = station.get("staff", &format!("/volunteers/{ann}")).await.expect(200);
    assert_eq!(known["teams"], json!(["patrol", "松涛诗社"]));
    let teams = station.get("kiosk", "/teams").await.expect(200);
    let listed: Vec<_> =
        teams["teams"].as_array().expect("teams").iter().map(|team| (&team["code"], &team["members"])).collect();
    assert_eq!(listed, [(&json!("patrol"), &json!(1)), (&json!("松涛诗社"), &json!(1))]);
    station.post("staff", "/teams/patrol/role", json!({ "volunteer_id": ann, "role": "副队长" })).await.expect(200);
    let members = station.get("staff", "/teams/patrol/members").await.expect(200);
    assert_eq!(members["members"][0]["role"], "副队长");
    station.put("staff", &format!("/volunteers/{ann}"), body("安", json!({ "teams": ["松涛诗社"] }))).await.expect(200);
    let team = station.get("staff", "/teams/patrol").await.expect(200);
    assert_eq!(team["members"], 0);
    let nobody = json!({ "name": "x", "kind": "club", "leader": Uuid::now_v7() });
    assert_eq!(station.put("staff", "/teams/x", nobody).await.body["errors"][0]["code"], "unknown_volunteer");
    assert_eq!(station.get("staff", "/teams/nowhere").await.problem(404), "team_not_found");
}

#[rstest]
#[tokio::test]
async fn volunteers_are_found_by_all_that_is_known_of_them(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    station
        .person(
            "林秀英",
            json!({ "phone": "138 0000 1111", "unit": "compound-1", "teams": ["诗社"], "skills": ["急救"],
                    "registered_on": "2020-05-01", "home_unit": "医院" }),
        )
        .await;
    let wang = station.person("王建国", json!({ "unit": "compound-2", "skills": ["急救", "理发"] })).await;
    station.person("Lina", json!({})).await;
    for (query, found) in [
        ("query=%E7%A7%80", &["林秀英"][..]),
        ("query=LIN", &["Lina"]),
        ("query=00001", &["林秀英"]),
        ("query=1111", &["林秀英"]),
        ("unit=ziyang", &["林秀英", "王建国"]),
        ("unit=compound-2", &["王建国"]),
        ("home_unit=%E5%8C%BB%E9%99%A2", &["林秀英"]),
        ("team=%E8%AF%97%E7%A4%BE", &["林秀英"]),
        ("team=nobody", &[]),
        ("skill=%E6%80%A5%E6%95%91", &["林秀英", "王建国"]),
        ("skill=%E6%80%A5%E6%95%91&unit=compound-2", &["王建国"]),
        ("registered_until=2020-12-31", &["林秀英"]),
        ("registered_from=2021-01-01", &["王建国", "Lina"]),
        ("status=active&limit=200", &["林秀英", "王建国", "Lina"]),
        ("status=inactive", &[]),
        ("query=%25", &[]),
    ] {
        assert_eq!(station.names(query).await, found, "{query}");
    }
    assert_eq!(station.get("staff", "/volunteers?unit=nowhere").await.body["errors"][0]["code"], "unknown_unit");
    let first = station.get("staff", "/volunteers?skill=%E6%80%A5%E6%95%91&limit=1").await.expect(200);
    let rest =
        station.get("staff", &format!("/volunteers?limit=1&cursor={}", first["next"].as_str().expect("more"))).await;
    assert_eq!(rest.expect(200)["volunteers"][0]["name"], "王建国");
    station.post("staff", &format!("/volunteers/{wang}/leave"), json!({})).await.expect(200);
    assert!(station.post("staff", &format!("/volunteers/{wang}/leave"), json!({})).await.replayed);
    assert_eq!(station.names("status=inactive").await, ["王建国"]);
    let members = station.get("staff", "/units/compound-2/members?capacity=serving").await.expect(200);
    assert_eq!(members["members"], json!([]), "whoever has left belongs nowhere");
    station.post("staff", &format!("/volunteers/{wang}/return"), json!({})).await.expect(200);
    let members = station.get("staff", "/units/compound-2/members?capacity=serving").await.expect(200);
    assert_eq!(members["members"][0]["name"], "王建国");
}

#[rstest]
#[tokio::test]
async fn whoever_may_be_registered_twice_is_told_of(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let born = json!({ "phone": "13800001111", "birth_date": "1950-02-03" });
    let first = station.person("林秀英", born.clone()).await;
    let second = Uuid::now_v7();
    let path = format!("/volunteers/{second}");
    let made = station.put("staff", &path, body("林秀英", born)).await.expect(201);
    assert_eq!(made["possible_duplicates"][0]["id"], first.to_string());
    assert_eq!(made["possible_duplicates"][0]["matches"], json!(["phone", "name_and_birth_date"]));
    station.person("林大明", json!({ "phone": "13899990000" })).await;
    let pairs = station.get("staff", "/volunteers/duplicates").await.expect(200);
    assert_eq!(pairs["duplicates"].as_array().map(Vec::len), Some(1));
    assert_eq!(pairs["duplicates"][0]["other"]["id"], second.to_string());
    let merge = json!({ "into": first, "reason": "同一人登记了两次" });
    station.post("scheme_admin", &format!("{path}/merge"), merge).await.expect(200);
    let pairs = station.get("staff", "/volunteers/duplicates").await.expect(200);
    assert_eq!(pairs["duplicates"], json!([]));
}

#[rstest]
#[tokio::test]
async fn two_registrations_become_one_by_an_entry(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let (ann, twin) = (
        station.person("安", json!({})).await,
        station.person("安", json!({ "id_number": "11010519491231002X" })).await,
    );
    station.serve(ann, "environment", "2026-10-12", 120).await;
    station.serve(twin, "environment", "2026-10-13", 180).await;
    let open = Uuid::now_v7();
    let record = station.service(twin, "environment", "2026-10-14", 60);
    station.put("staff", &format!("/services/{open}"), record).await.expect(201);
    let soap = station.good("1", 5).await;
    let exchange = Uuid::now_v7();
    let wish = json!({ "volunteer_id": twin, "reward_id": soap, "station": "main" });
    station.put("kiosk", &format!("/exchanges/{exchange}"), wish.clone()).await.expect(201);
    let path = format!("/volunteers/{twin}/merge");
    let merge = json!({ "into": ann, "reason": "同一人登记了两次" });
    assert_eq!(station.post("scheme_admin", &path, merge.clone()).await.problem(409), "open_exchanges");
    station.post("kiosk", &format!("/exchanges/{exchange}/collect"), json!({})).await.expect(200);
    let before = hundredths(&station.points(ann).await) + hundredths(&station.points(twin).await);
    station.post("scheme_admin", &path, merge.clone()).await.expect(200);
    assert!(station.post("scheme_admin", &path, merge).await.replayed);
    assert_eq!(hundredths(&station.points(ann).await), before);
    assert_eq!(station.points(twin).await, "0");
    let balance = station.get("kiosk", &format!("/volunteers/{ann}/balance")).await.expect(200);
    assert_eq!(balance["minutes"], 300, "{balance}");
    let statement = station.get("kiosk", &format!("/volunteers/{ann}/statement")).await.expect(200);
    assert_eq!(statement["lines"][0]["kind"], "volunteer.merged", "{statement}");
    assert_eq!(statement["lines"][0]["minutes"], 180, "{statement}");
    let old = station.get("kiosk", &format!("/volunteers/{twin}/statement")).await.expect(200);
    assert_eq!(old["lines"][0]["balance_minutes"].as_i64(), Some(180), "{old}");
    let ranking = station.get("staff", "/rankings/2026").await.expect(200);
    let rows = ranking["rows"].as_array().expect("rows");
    assert_eq!((rows.len(), &rows[0]["minutes"], &rows[0]["services"]), (1, &json!(300), &json!(2)), "{ranking}");
    for (method, path, body) in [
        ("PUT", format!("/exchanges/{}", Uuid::now_v7()), wish),
        ("PUT", format!("/services/{}", Uuid::now_v7()), station.service(twin, "environment", "2026-10-16", 60)),
        ("PUT", format!("/volunteers/{twin}"), body("安安", json!({}))),
        ("POST", format!("/volunteers/{twin}/leave"), json!({})),
        ("POST", format!("/volunteers/{ann}/merge"), json!({ "into": twin, "reason": "反过来" })),
    ] {
        let key = if path.contains("merge") { "scheme_admin" } else { "staff" };
        let answer = station.server.send(method, &station.path(&path), station.key(key), body).await;
        assert_eq!(answer.body["into"], ann.to_string(), "{path}: {}", answer.text);
        assert_eq!(answer.problem(409), "volunteer_merged", "{path}");
    }
    // What was open goes on for the survivor, who is found under the ID number, too.
    station.post("reviewer", &format!("/services/{open}/confirm"), json!({})).await.expect(200);
    let balance = station.get("kiosk", &format!("/volunteers/{ann}/balance")).await.expect(200);
    assert_eq!(balance["minutes"], 360);
    let third = body("安", json!({ "id_number": "11010519491231002X" }));
    assert_eq!(station.put("staff", &format!("/volunteers/{}", Uuid::now_v7()), third).await.problem(409), "id_taken");
    let same =
        station.post("scheme_admin", &format!("/volunteers/{ann}/merge"), json!({ "into": ann, "reason": "x" })).await;
    assert_eq!(same.body["errors"][0]["code"], "same_volunteer");
    let verified = tests::server::aixin(&station.server.url, &["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[rstest]
#[tokio::test]
async fn nothing_is_lost_when_a_merger_meets_exchanges_and_confirmations(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let (ann, twin) = (world.volunteer("安").await, world.volunteer("安").await);
    for day in 1..=9 {
        world.serve(twin, "patrol", &format!("2026-10-0{day}"), 120).await;
    }
    let soap = world.good(10, 100).await;
    let mut open = Vec::new();
    for day in 10..20 {
        open.push(world.record(twin, "patrol", &format!("2026-10-{day}"), 60, scheme::rules::Evidence::Kiosk).await);
    }
    let (_, before, _) = world.balance(twin).await;
    let by = operator(Role::Staff);
    let wish = |id| Wish {
        id,
        volunteer_id: twin,
        reward_id: soap,
        quantity: 1,
        station: None,
        session_id: None,
        collect_now: true,
        beneficiary: None,
        bill: None,
    };
    let exchanged =
        join_all((0..8).map(|_| exchanges::exchange(&world.scheme, wish(Uuid::now_v7()), &by, world.now())));
    let reviewer = operator(Role::Reviewer);
    let confirmed = join_all(open.iter().map(|id| services::confirm(&world.scheme, *id, &reviewer, world.now())));
    let admin = operator(Role::SchemeAdmin);
    let merged = join_all((0..3).map(|_| volunteers::merge(&world.scheme, twin, ann, "同一人", &admin, world.now())));
    let (exchanged, confirmed, merged) = tokio::join!(exchanged, confirmed, merged);
    for result in &merged {
        assert!(matches!(result, Ok(_) | Err(VolunteerError::OpenExchanges { .. })), "{result:?}");
    }
    assert!(merged.iter().any(Result::is_ok), "{merged:?}");
    let mut spent = 0;
    for result in exchanged {
        match result {
            Ok(_) => spent += 10,
            Err(ExchangeError::VolunteerMerged { into }) => assert_eq!(into, ann),
            Err(other) => panic!("{other}"),
        }
    }
    for result in &confirmed {
        assert!(matches!(result, Ok(_) | Err(ServiceError::VolunteerMerged { .. })), "{result:?}");
    }
    // What was not decided goes on for the survivor; in the end all of it is hers.
    for id in open {
        services::confirm(&world.scheme, id, &reviewer, world.now()).await.expect("confirmed by now");
    }
    let (minutes, available, held) = world.balance(ann).await;
    assert_eq!((minutes, held), (9 * 120 + 10 * 60, 0));
    let (rest, points, _) = world.balance(twin).await;
    assert_eq!((rest, points), (0, 0));
    assert!(available >= before - spent, "{available} of {before} less {spent}");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn two_who_are_merged_into_each_other_at_once_are_not_both_gone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, HAIYUE).await;
    let admin = operator(Role::SchemeAdmin);
    for _ in 0..5 {
        let (one, other) = (world.volunteer("安").await, world.volunteer("安").await);
        let third = world.volunteer("安").await;
        let merge = |from, into| volunteers::merge(&world.scheme, from, into, "同一人", &admin, world.now());
        let results = join_all([merge(one, other), merge(other, one), merge(one, third)]).await;
        let done = results.iter().filter(|result| result.is_ok()).count();
        assert!(done >= 1, "{results:?}");
        let mut left = 0;
        for id in [one, other, third] {
            let known = volunteers::get(&world.scheme, id).await.expect("known");
            left += usize::from(known.merged_into.is_none());
        }
        assert!(left >= 1, "somebody is left");
        assert_eq!(left + done, 3, "{results:?}");
    }
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_minor_is_recorded_with_the_guardians_consent(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let toml = ZIYANG.replacen("points_scale", "guardian_consent = true\npoints_scale", 1);
    let world = World::new(engine, &toml).await;
    let details = |born: &str, guardian: Option<bool>| VolunteerDetails {
        name: "小明".to_owned(),
        birth_date: Some(born.parse().expect("a day")),
        guardian: guardian.map(|consents| volunteers::Guardian { name: "大明".to_owned(), phone: None, consents }),
        consent: Consent { record: true, publish: false },
        ..VolunteerDetails::default()
    };
    for (born, guardian, is_taken) in [
        ("2012-05-01", None, false),
        ("2012-05-01", Some(false), false),
        ("2012-05-01", Some(true), true),
        ("2008-11-22", None, true),
        ("2008-11-23", None, false),
    ] {
        let put = volunteers::put(&world.scheme, Uuid::now_v7(), details(born, guardian), None, world.now()).await;
        assert_eq!(put.is_ok(), is_taken, "{born} {guardian:?}: {put:?}");
    }
}

/// More than there are connections: whoever holds one for writing reads beside it, and does not wait for another writer.
#[rstest]
#[tokio::test]
async fn a_whole_class_registers_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let details = |number: usize| VolunteerDetails {
        name: format!("同学{number}"),
        consent: Consent { record: true, publish: false },
        ..VolunteerDetails::default()
    };
    let put = |number| volunteers::put(&world.scheme, Uuid::now_v7(), details(number), None, world.now());
    let registered = join_all((0..60).map(put)).await;
    let mut numbers: Vec<String> =
        registered.into_iter().map(|done| done.expect("registered").0.number.clone()).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 60, "each has a number of their own");
}
