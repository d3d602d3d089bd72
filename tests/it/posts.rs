//! Posts: who fits them and why, and who has them; the tree as a list from an office.

use crate::station::Station;
use crate::world::{World, ZIYANG, day};
use db::{Bulk, Column, Engine};
use futures::future::join_all;
use rstest::rstest;
use scheme::posts::{self, Wants};
use scheme::volunteers::{self, Filter};
use serde_json::{Value, json};
use std::time::Instant;
use tests::server::aixin;
use uuid::Uuid;

impl Station {
    async fn skilled(&self, name: &str, unit: &str, more: Value) -> Uuid {
        let id = Uuid::now_v7();
        let mut body = json!({ "name": name, "unit": unit, "consent": { "record": true, "publish": true } });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
        id
    }
}

#[rstest]
#[tokio::test]
async fn those_who_fit_best_and_are_near_come_first(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let saturday = json!([{ "weekday": 6, "part": "morning" }]);
    let aid = |skills: Value| json!({ "skills": skills, "birth_date": "1980-01-01", "availability": saturday.clone() });
    let far = station.skilled("远", "compound-2", aid(json!(["急救", "理发"]))).await;
    let busy = station.skilled("忙", "compound-1", aid(json!(["急救"]))).await;
    let near = station.skilled("近", "compound-1", aid(json!(["急救"]))).await;
    station.skilled("别", "compound-1", aid(json!(["唱歌"]))).await;
    station
        .skilled(
            "老",
            "compound-1",
            json!({ "skills": ["急救"], "birth_date": "1940-01-01", "availability": saturday }),
        )
        .await;
    station.skilled("没空", "compound-1", json!({ "skills": ["急救"], "birth_date": "1980-01-01" })).await;
    station.serve(busy, "environment", "2026-10-12", 120).await;
    let post = json!({ "name": "义诊助手", "unit": "compound-1", "needed": 2,
        "wants": { "skills": ["急救", "理发"], "age_min": 18, "age_max": 70, "weekday": 6, "part_of_day": "morning" } });
    station.put("staff", "/posts/clinic", post.clone()).await.expect(201);
    assert!(station.put("staff", "/posts/clinic", post.clone()).await.replayed);
    let found = station.get("staff", "/posts/clinic/matches").await.expect(200);
    let ids: Vec<_> =
        found["matches"].as_array().expect("matches").iter().map(|one| one["volunteer_id"].clone()).collect();
    assert_eq!(ids, [json!(far), json!(near), json!(busy)], "{found}");
    let reasons: Vec<_> =
        found["matches"][1]["reasons"].as_array().expect("reasons").iter().map(|one| &one["detail"]).collect();
    assert_eq!(reasons, ["特长：急救", "这个时间有空", "在同一单位", "今年服务 0 小时"]);
    let asked = json!({ "wants": { "occupations": ["医生"] }, "unit": "compound-1" });
    assert_eq!(station.post("staff", "/matches", asked).await.expect(200)["matches"], json!([]));
    let nowhere = json!({ "unit": "nowhere" });
    assert_eq!(station.post("staff", "/matches", nowhere).await.body["errors"][0]["pointer"], "/unit");
    let none = json!({ "name": "x", "needed": 0 });
    assert_eq!(station.put("staff", "/posts/none", none).await.body["errors"][0]["code"], "invalid_quantity");
    // Ten at once for two places.
    let id = |_| Uuid::now_v7();
    let path = |id: Uuid| format!("/posts/clinic/assignments/{id}");
    let body = json!({ "volunteer_id": near, "from": "2026-11-01" });
    let ids: Vec<Uuid> = (0..10).map(id).collect();
    let give = |id: Uuid| {
        let (path, body, station) = (path(id), body.clone(), &station);
        async move { station.put("staff", &path, body).await }
    };
    let given = join_all(ids.iter().map(|id| give(*id))).await;
    let made = given.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 2);
    assert!(given.iter().all(|answer| answer.status == 201 || answer.body["code"] == "post_full"));
    let first = ids[given.iter().position(|answer| answer.status == 201).expect("one")];
    assert!(station.put("staff", &path(first), body).await.replayed);
    let ends = json!({ "volunteer_id": near, "from": "2026-11-01", "until": "2026-11-20" });
    station.put("staff", &path(first), ends).await.expect(200);
    let next = json!({ "volunteer_id": busy, "from": "2026-11-21" });
    station.put("staff", &path(Uuid::now_v7()), next).await.expect(201);
    let all = station.get("staff", "/posts/clinic/assignments").await.expect(200);
    assert_eq!(all["assignments"].as_array().map(Vec::len), Some(3));
}

/// Volunteers written straight into the table, as many as a city has.
async fn crowd(world: &World, number: usize) {
    let book = world.scheme.book.number();
    let (names, skills) = (["林秀英", "王建国", "陈小明", "李芳"], [r#"["急救"]"#, r#"["理发","急救"]"#, "[]"]);
    let day = day("2020-01-01");
    let mut tx = world.db.begin_write().await.expect("a transaction");
    for from in (0..number).step_by(5_000) {
        let these: Vec<usize> = (from..number.min(from + 5_000)).collect();
        let text = |of: &dyn Fn(usize) -> String| Column::Text(these.iter().map(|place| of(*place)).collect());
        let number = |of: &dyn Fn(usize) -> i64| Column::I64(these.iter().map(|place| of(*place)).collect());
        let constant = |text: &str| Column::Text(vec![text.to_owned(); these.len()]);
        let bulk = Bulk::insert(
            "volunteers",
            vec![
                ("book", number(&|_| book)),
                ("id", Column::Uuid(these.iter().map(|place| Uuid::from_u128(*place as u128 + 1)).collect())),
                ("number", text(&|place| format!("ZZ{place:07}"))),
                ("name", text(&|place| format!("{}{place}", names[place % 4]))),
                ("phone", text(&|place| format!("139{place:08}"))),
                ("unit", text(&|place| format!("compound-{}", place % 6 + 1))),
                ("teams", constant("[]")),
                ("skills", text(&|place| skills[place % 3].to_owned())),
                ("kind", constant("individual")),
                ("registered_on", Column::Date(vec![day; these.len()])),
                ("labels", constant("[]")),
                ("availability", number(&|place| (place % 7) as i64)),
                ("consent_record", Column::Bool(vec![true; these.len()])),
                ("consent_publish", Column::Bool(vec![true; these.len()])),
                ("consent_guardian", Column::Bool(vec![false; these.len()])),
                ("status", constant("active")),
                ("change", number(&|place| place as i64 + 1)),
                ("version", number(&|_| 1)),
                ("created_at", number(&|_| 0)),
                ("updated_at", number(&|_| 0)),
            ],
        );
        tx.write(&[bulk]).await.expect("written");
    }
    tx.commit().await.expect("committed");
}

#[rstest]
#[tokio::test]
async fn a_hundred_thousand_volunteers_are_looked_through_in_no_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    crowd(&world, 100_000).await;
    let begun = Instant::now();
    let wants = Wants { skills: vec!["急救".to_owned(), "理发".to_owned()], ..Wants::default() };
    let today = day("2026-11-22");
    let found = posts::matches(&world.scheme, &wants, Some("compound-2"), 20, today).await.expect("matches");
    assert!(found.len() == 20 && found.iter().all(|one| one.fits == 2 && one.distance == Some(0)), "{found:?}");
    eprintln!("{engine:?}: the first look took {:?}", begun.elapsed());
    let filter = |set: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        set(&mut filter);
        filter
    };
    let filters = [
        filter(&|filter| filter.query = Some("英99996".to_owned())),
        filter(&|filter| filter.query = Some("00099".to_owned())),
        filter(&|filter| filter.query = Some("没有".to_owned())),
        filter(&|filter| filter.units = Some(vec!["compound-3".to_owned()])),
        filter(&|filter| filter.skill = Some("理发".to_owned())),
        filter(&|filter| filter.status = Some(volunteers::Status::Inactive)),
    ];
    let mut times = Vec::new();
    for _ in 0..5 {
        for filter in &filters {
            let begun = Instant::now();
            volunteers::list_matching(&world.scheme, filter, None, 51).await.expect("a list");
            times.push(begun.elapsed());
        }
        let begun = Instant::now();
        posts::matches(&world.scheme, &wants, Some("compound-2"), 20, today).await.expect("matches");
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    eprintln!("{engine:?}: median {median:?}, slowest {:?}", times.last());
    // Without optimisation, and beside other tests: a bound that only the wrong way of looking breaks.
    assert!(median.as_millis() < 1_000, "{times:?}");
    let found = volunteers::list_matching(&world.scheme, &filters[0], None, 51).await.expect("a list");
    assert_eq!(found.iter().map(|one| one.number.as_str()).collect::<Vec<_>>(), ["ZZ0099996"]);
}

#[rstest]
#[tokio::test]
async fn a_tree_is_imported_from_a_list_wholly_or_not_at_all_and_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let url = &station.server.url;
    let file = std::env::temp_dir().join(format!("{}.csv", Uuid::now_v7()));
    let path = file.to_string_lossy().into_owned();
    let import = |more: &[&str]| {
        let output = aixin(url, &[&["import", "units", "--scheme", "ziyang", &path], more].concat());
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let mut text = "代码,名称,类型,上级代码\n".to_owned();
    for place in (0..11_000).rev() {
        let parent = if place == 0 { String::new() } else { format!("n{}", (place - 1) / 10) };
        text += &format!("n{place},单位{place},网格,{parent}\n");
    }
    std::fs::write(&file, &text).expect("a file");
    let (ok, told) = import(&["--dry-run"]);
    assert!(ok && told.contains("11000 new"), "{told}");
    assert_eq!(station.get("staff", "/units/n7").await.status, 404);
    let begun = Instant::now();
    let (ok, told) = import(&[]);
    eprintln!("{engine:?}: 11000 units from a file in {:?}", begun.elapsed());
    assert!(ok && told.contains("11000 new"), "{told}");
    let (ok, told) = import(&[]);
    assert!(ok && told.contains("0 new, 11000 known"), "{told}");
    std::fs::write(&file, "代码,名称,类型\n1,城,市\n1.2,东区,区\n1.2.3,坏,星球\n").expect("a file");
    let (ok, told) = import(&[]);
    assert!(!ok && told.contains("第 4 行 row, kind") && told.contains("没有单位类型“星球”"), "{told}");
    std::fs::write(&file, "代码,名称,类型,上级代码\n1,城,市,\n1.2,东区,区,\na,甲,网格,b\nb,乙,网格,nowhere\n")
        .expect("a file");
    let (ok, told) = import(&[]);
    assert!(!ok && told.contains("第 5 行 row, parent: 没有单位“nowhere”"), "{told}");
    std::fs::write(&file, "代码,名称,类型\n1.2,东区,区\n1,城,市\n").expect("a file");
    let (ok, told) = import(&[]);
    assert!(ok, "{told}");
    std::fs::remove_file(&file).expect("it is there");
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    let numbered = station.get("staff", "/units/1.2").await.expect(200);
    assert_eq!(numbered["parent"], "1");
}
