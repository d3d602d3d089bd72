//! Who served most: by year and month, by unit and home unit, by team; one's own place; always as the book stands.

use crate::station::Station;
use crate::world::{World, ZIYANG, day, operator, service};
use chrono::TimeDelta;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::rankings::{self, Among, By, Period, Wanted};
use scheme::rules::Evidence;
use scheme::services::{self, ServiceDetails};
use scheme::volunteers::{self, Consent, VolunteerDetails};
use serde_json::json;
use uuid::Uuid;

async fn of_unit(world: &World, name: &str, unit: &str) -> Uuid {
    let id = Uuid::now_v7();
    let consent = Consent { record: true, publish: true };
    let unit = Some(unit.to_owned());
    let home_unit = Some("compound-6".to_owned());
    let details = VolunteerDetails { name: name.to_owned(), unit, home_unit, consent, ..VolunteerDetails::default() };
    volunteers::put(&world.scheme, id, details, None, world.now()).await.expect("registered");
    id
}

async fn placed(world: &World, period: Period, by: By, unit: Option<&str>) -> Vec<(i64, Uuid, i64)> {
    let (organisation, today) = (world.scheme.organisation().await.expect("units"), day("2026-11-22"));
    let units = unit.map(|unit| organisation.subtree(unit, today));
    let wanted = Wanted { period, by, among: Among { units: units.as_deref(), ..Among::default() } };
    let ranking = rankings::ranking(&world.scheme, wanted, 0, 100, world.now()).await.expect("a ranking");
    assert_eq!(ranking.of, i64::try_from(ranking.rows.len()).expect("a number"));
    ranking.rows.into_iter().map(|row| (row.rank, row.volunteer_id, row.sums.of(by))).collect()
}

#[rstest]
#[tokio::test]
async fn a_ranking_is_always_as_the_book_stands(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    // Another process, which ranked before anything was there.
    let other = World::on(world.db.clone(), ZIYANG).await;
    assert_eq!(placed(&other, Period::Year(2026), By::Hours, None).await, []);
    let lin = of_unit(&world, "林秀英", "compound-1").await;
    let wang = of_unit(&world, "王建国", "compound-2").await;
    let chen = of_unit(&world, "陈阿姨", "compound-1").await;
    world.serve(lin, "environment", "2026-10-20", 120).await;
    let reversed = world.serve(lin, "environment", "2026-11-02", 60).await;
    world.serve(wang, "patrol", "2026-11-03", 180).await;
    world.serve(chen, "culture", "2025-12-31", 60).await;
    for world in [&world, &other] {
        let year = placed(world, Period::Year(2026), By::Hours, None).await;
        assert_eq!(year, [(1, lin, 180), (1, wang, 180)], "level, and in the order of their numbers");
        let november = placed(world, Period::Month(2026, 11), By::Hours, None).await;
        assert_eq!(november, [(1, wang, 180), (2, lin, 60)]);
        assert_eq!(placed(world, Period::Year(2026), By::Services, None).await, [(1, lin, 2), (2, wang, 1)]);
        let compound = placed(world, Period::Year(2026), By::Hours, Some("compound-2")).await;
        assert_eq!(compound, [(1, wang, 180)]);
        assert_eq!(
            placed(world, Period::Year(2026), By::Hours, Some("jinan")).await.len(),
            2,
            "all below the district"
        );
        assert_eq!(placed(world, Period::Year(2025), By::Hours, None).await, [(1, chen, 60)]);
    }
    services::reverse(&world.scheme, reversed, Some("重复"), false, &operator(Role::Reviewer), world.now())
        .await
        .expect("reversed");
    for world in [&world, &other] {
        let year = placed(world, Period::Year(2026), By::Hours, None).await;
        assert_eq!(year, [(1, wang, 180), (2, lin, 120)]);
        assert_eq!(placed(world, Period::Month(2026, 11), By::Hours, None).await, [(1, wang, 180)]);
    }
    // Whoever moves is ranked where they are.
    let known = volunteers::get(&world.scheme, wang).await.expect("known");
    let consent = known.consent;
    let moved = VolunteerDetails {
        name: known.name.clone(),
        unit: Some("compound-3".to_owned()),
        consent,
        ..VolunteerDetails::default()
    };
    volunteers::put(&world.scheme, wang, moved, None, world.now()).await.expect("moved");
    world.pass(TimeDelta::seconds(3));
    other.pass(TimeDelta::seconds(3));
    assert_eq!(placed(&other, Period::Year(2026), By::Hours, Some("compound-2")).await, []);
    assert_eq!(placed(&other, Period::Year(2026), By::Hours, Some("compound-3")).await, [(1, wang, 180)]);
    let wanted = Wanted { period: Period::Year(2026), by: By::Hours, among: Among::default() };
    let (place, as_of) = rankings::place(&world.scheme, wanted, lin, world.now()).await.expect("a place");
    let place = place.expect("ranked");
    assert_eq!((place.rank, place.of, place.level, place.next, as_of), (2, 2, 1, Some(180), 5));
    let (none, _) = rankings::place(&world.scheme, wanted, chen, world.now()).await.expect("a place");
    assert_eq!(none, None);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn teams_and_units_are_ranked_by_what_counts_for_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let lin = of_unit(&world, "林秀英", "compound-1").await;
    let wang = of_unit(&world, "王建国", "compound-2").await;
    let mut taken_back = None;
    for (volunteer, minutes, unit, team) in [
        (lin, 60, None, Some("poets")),
        (wang, 180, None, Some("poets")),
        (lin, 90, Some("compound-5"), None),
        (wang, 30, None, None),
    ] {
        let id = Uuid::now_v7();
        let (unit, team) = (unit.map(str::to_owned), team.map(str::to_owned));
        let details = service(volunteer, "culture", "2026-11-03", minutes, Evidence::SelfScan);
        let details = ServiceDetails { unit, team, ..details };
        services::put(&world.scheme, id, details, &operator(Role::Staff), world.now()).await.expect("recorded");
        services::confirm(&world.scheme, id, &operator(Role::Reviewer), world.now()).await.expect("confirmed");
        taken_back = Some(id);
    }
    let period = Period::Year(2026);
    let (teams, _) = rankings::teams(&world.scheme, period, By::Hours, None).await.expect("a ranking");
    let teams: Vec<_> = teams.iter().map(|row| (row.rank, row.code.as_str(), row.sums.minutes)).collect();
    assert_eq!(teams, [(1, "poets", 240)]);
    let (organisation, today) = (world.scheme.organisation().await.expect("units"), day("2026-11-22"));
    let below: Vec<_> = organisation
        .children(Some("ziyang"), today)
        .into_iter()
        .map(|code| (code.clone(), organisation.subtree(&code, today)))
        .collect();
    let units = async || {
        let (units, _) = rankings::units(&world.scheme, period, By::Hours, &below).await.expect("a ranking");
        units.iter().map(|row| (row.rank, row.code.clone(), row.sums.minutes)).collect::<Vec<_>>()
    };
    let expected = [(1, "compound-2", 210), (2, "compound-5", 90), (3, "compound-1", 60)];
    assert_eq!(units().await, expected.map(|(rank, code, minutes)| (rank, code.to_owned(), minutes)));
    let id = taken_back.expect("one of them");
    services::reverse(&world.scheme, id, Some("重复"), false, &operator(Role::Reviewer), world.now())
        .await
        .expect("reversed");
    assert_eq!(units().await[0], (1, "compound-2".to_owned(), 180));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn rankings_are_read_through_the_front_door(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let (lin, wang) = (station.volunteer("林秀英").await, station.volunteer("王建国").await);
    station.serve(lin, "environment", "2026-10-12", 120).await;
    station.serve(wang, "environment", "2026-11-12", 90).await;
    let year = station.get("kiosk", "/rankings/2026?by=hours&limit=1").await.expect(200);
    assert_eq!((&year["of"], &year["rows"][0]["hours"]), (&json!(2), &json!("2")));
    assert_eq!(year["rows"][0]["name"], "林*英", "on a screen for everybody");
    let desk = station.get("staff", "/rankings/2026").await.expect(200);
    assert_eq!(desk["rows"][1]["name"], "王建国");
    let cursor = year["next"].as_str().expect("a second page");
    let second = station.get("kiosk", &format!("/rankings/2026?cursor={cursor}")).await.expect(200);
    assert_eq!((&second["rows"][0]["rank"], &second["next"]), (&json!(2), &json!(null)));
    let november = station.get("kiosk", "/rankings/2026?month=11").await.expect(200);
    assert_eq!(november["rows"][0]["volunteer_id"], json!(wang));
    let place = station.get("kiosk", &format!("/volunteers/{wang}/rank?year=2026")).await.expect(200);
    assert_eq!((&place["rank"], &place["of"], &place["to_next"]), (&json!(2), &json!(2), &json!("0.5")));
    let none = station.get("kiosk", &format!("/volunteers/{wang}/rank?year=2020")).await.expect(200);
    assert_eq!(none["rank"], json!(null));
    for (path, pointer) in [
        ("/rankings/2026?month=13", "/query/month"),
        ("/rankings/2026?unit=nowhere", "/query/unit"),
        ("/rankings/2026?home_unit=nowhere", "/query/home_unit"),
        ("/rankings/2026?team=nowhere", "/query/team"),
        ("/rankings/0", "/path/year"),
        ("/rankings/2026/teams?month=0", "/query/month"),
        ("/rankings/2026/units?unit=nowhere", "/query/unit"),
    ] {
        let refused = station.get("kiosk", path).await;
        let at = refused.body["errors"][0]["pointer"].clone();
        assert_eq!((refused.problem(422).as_str(), at), ("invalid_request", json!(pointer)), "{path}");
    }
    let nobody = station.get("kiosk", &format!("/volunteers/{}/rank?year=2026", Uuid::now_v7())).await;
    assert_eq!(nobody.problem(404), "volunteer_not_found");
}

#[rstest]
#[tokio::test]
async fn a_team_is_ranked_among_itself_with_all_that_its_members_did(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    station.put("scheme_admin", "/teams/patrol", json!({ "name": "治安巡逻队", "kind": "patrol" })).await.expect(200);
    let mut people = Vec::new();
    for (name, teams, minutes) in
        [("林秀英", json!([]), 180), ("王建国", json!(["patrol"]), 120), ("陈䶮", json!(["patrol"]), 60)]
    {
        let id = Uuid::now_v7();
        let body = json!({ "name": name, "teams": teams, "consent": { "record": true, "publish": true } });
        station.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
        station.serve(id, "environment", "2026-11-12", minutes).await;
        people.push(id);
    }
    let team = station.get("kiosk", "/rankings/2026?team=patrol&limit=1").await.expect(200);
    assert_eq!((&team["of"], &team["rows"][0]["volunteer_id"]), (&json!(2), &json!(people[1])));
    assert_eq!((&team["rows"][0]["rank"], &team["rows"][0]["hours"]), (&json!(1), &json!("2")));
    let cursor = team["next"].as_str().expect("a second page");
    let second = station.get("kiosk", &format!("/rankings/2026?cursor={cursor}")).await.expect(200);
    assert_eq!((&second["rows"][0]["volunteer_id"], &second["rows"][0]["rank"]), (&json!(people[2]), &json!(2)));
    let place =
        station.get("kiosk", &format!("/volunteers/{}/rank?year=2026&team=patrol", people[2])).await.expect(200);
    assert_eq!((&place["rank"], &place["of"], &place["to_next"]), (&json!(2), &json!(2), &json!("1")));
    let other =
        station.get("kiosk", &format!("/volunteers/{}/rank?year=2026&team=patrol", people[0])).await.expect(200);
    assert_eq!(other["rank"], json!(null), "no member");
    let left = json!({ "name": "王建国", "teams": [], "consent": { "record": true, "publish": true } });
    station.put("staff", &format!("/volunteers/{}", people[1]), left).await.expect(200);
    let team = station.get("kiosk", "/rankings/2026?team=patrol").await.expect(200);
    assert_eq!((&team["of"], &team["rows"][0]["volunteer_id"]), (&json!(1), &json!(people[2])));
}
