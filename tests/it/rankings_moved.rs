//! Rankings of years gone by: whoever moved since stands where they belonged then; by rating; ties; how many took part.

use crate::station::Station;
use crate::world::{World, ZIYANG, day, operator};
use chrono::TimeDelta;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::rankings::{self, Among, By, Period, Wanted};
use scheme::ratings::{self, Rated, Rater, RatingDetails};
use scheme::units;
use scheme::volunteers::{self, Consent, VolunteerDetails};
use serde_json::{Value, json};
use uuid::Uuid;

impl World {
    async fn belongs(&self, id: Uuid, name: &str, unit: &str, home_unit: &str) {
        let consent = Consent { record: true, publish: true };
        let (unit, home_unit) = (Some(unit.to_owned()), Some(home_unit.to_owned()));
        let details =
            VolunteerDetails { name: name.to_owned(), unit, home_unit, consent, ..VolunteerDetails::default() };
        volunteers::put(&self.scheme, id, details, None, self.now()).await.expect("registered");
    }

    /// Who stands in the ranking of a unit, or of those who come from it, by hours; and in which unit they are shown.
    async fn ranked(&self, period: Period, unit: Option<&str>, home: Option<&str>) -> Vec<(Uuid, Option<String>)> {
        let organisation = self.scheme.organisation().await.expect("units");
        let on = period.counting_day(self.scheme.config().day_of(self.now()));
        let below = |unit: Option<&str>| unit.map(|unit| organisation.subtree(unit, on));
        let (units, home_units) = (below(unit), below(home));
        let among = Among { units: units.as_deref(), home_units: home_units.as_deref(), members: None };
        let wanted = Wanted { period, by: By::Hours, among };
        let ranking = rankings::ranking(&self.scheme, wanted, 0, 100, self.now()).await.expect("a ranking");
        ranking.rows.into_iter().map(|row| (row.volunteer_id, row.unit)).collect()
    }
}

#[rstest]
#[tokio::test]
async fn whoever_moved_stands_in_each_year_where_they_belonged_at_its_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    // Another process, which has the boards of before the move in memory.
    let other = World::on(world.db.clone(), ZIYANG).await;
    let (lin, wang) = (Uuid::now_v7(), Uuid::now_v7());
    world.belongs(lin, "林秀英", "compound-1", "choir").await;
    world.belongs(wang, "王建国", "compound-1", "choir").await;
    world.serve(lin, "environment", "2026-10-20", 120).await;
    world.serve(wang, "environment", "2026-10-21", 60).await;
    let (then, now) = (Period::Year(2026), Period::Year(2027));
    let of = |id: Uuid, unit: &str| (id, Some(unit.to_owned()));
    assert_eq!(other.ranked(then, Some("compound-1"), None).await.len(), 2);

    for world in [&world, &other] {
        world.set("2027-06-15T02:00:00Z");
    }
    world.belongs(lin, "林秀英", "compound-2", "alliance").await;
    world.serve(lin, "environment", "2027-02-01", 30).await;
    world.serve(wang, "environment", "2027-02-02", 90).await;
    units::merge(&world.scheme, "compound-1", "compound-3", Some(day("2027-03-01")), world.now())
        .await
        .expect("merged");
    world.pass(TimeDelta::seconds(3));
    other.pass(TimeDelta::seconds(3));
    // A third process makes its boards anew; the others bring theirs up to date. It waits until they see the merged unit.
    let third = World::on(world.db.clone(), ZIYANG).await;
    third.set("2027-06-15T02:00:03Z");
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    for (name, world) in [("own", &world), ("other", &other), ("new", &third)] {
        let both = [of(lin, "compound-1"), of(wang, "compound-1")];
        assert_eq!(world.ranked(then, Some("compound-1"), None).await, both, "{name}: last year, the old unit");
        assert_eq!(world.ranked(then, Some("compound-2"), None).await, [], "{name}: last year, the new unit");
        assert_eq!(world.ranked(then, Some("compound-3"), None).await, [], "{name}: not merged yet");
        assert_eq!(world.ranked(then, None, Some("choir")).await.len(), 2, "{name}: last year, where she came from");
        assert_eq!(world.ranked(now, Some("compound-1"), None).await, [of(wang, "compound-1")], "{name}: this year");
        assert_eq!(world.ranked(now, Some("compound-2"), None).await, [of(lin, "compound-2")], "{name}: this year");
        assert_eq!(world.ranked(now, Some("compound-3"), None).await, [of(wang, "compound-1")], "{name}: merged");
        assert_eq!(world.ranked(now, None, Some("alliance")).await, [of(lin, "compound-2")], "{name}");
        let may = Period::Month(2027, 2);
        assert_eq!(world.ranked(may, Some("compound-1"), None).await.len(), 2, "{name}: the month before the move");
    }
    // Half a year later the move is in the middle of a year that is over.
    world.set("2028-01-05T02:00:00Z");
    assert_eq!(world.ranked(now, Some("compound-2"), None).await, [of(lin, "compound-2")]);
    world.assert_verified().await;
}

async fn rate(world: &World, volunteer: Uuid, service: Uuid, stars: i64) -> Uuid {
    let (id, rater) = (Uuid::now_v7(), Rater::Recipient(Some(Uuid::now_v7())));
    let details = RatingDetails { volunteer_id: volunteer, of: Rated::Service(service), rater, stars, words: None };
    ratings::put(&world.scheme, id, details, &operator(Role::Staff), world.now()).await.expect("rated");
    id
}

#[rstest]
#[tokio::test]
async fn by_rating_are_ranked_those_who_have_enough_of_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let toml = ZIYANG.replacen("[[stations]]", "rankings = { ties = \"dense\", least_ratings = 2 }\n\n[[stations]]", 1);
    let world = World::new(engine, &toml).await;
    let other = World::on(world.db.clone(), &toml).await;
    let mut people = Vec::new();
    for (name, stars) in
        [("林秀英", &[5, 5][..]), ("王建国", &[4, 4, 4]), ("陈阿姨", &[4, 4]), ("安", &[3, 3]), ("白", &[5])]
    {
        let id = world.volunteer(name).await;
        let service = world.serve(id, "environment", "2026-11-02", 60).await;
        let mut given = Vec::new();
        for stars in stars {
            given.push(rate(&world, id, service, *stars).await);
        }
        people.push((id, given));
    }
    let by_rating = async |world: &World, period| {
        let wanted = Wanted { period, by: By::Rating, among: Among::default() };
        let ranking = rankings::ranking(&world.scheme, wanted, 0, 100, world.now()).await.expect("a ranking");
        let row = |row: rankings::RankingRow| (row.rank, row.volunteer_id, row.sums.of(By::Rating), row.sums.ratings);
        (ranking.rows.into_iter().map(row).collect::<Vec<_>>(), ranking.of)
    };
    let [lin, wang, chen, an, _] = [0, 1, 2, 3, 4].map(|at: usize| people[at].0);
    let year = Period::Year(2026);
    let expected = vec![(1, lin, 500, 2), (2, wang, 400, 3), (2, chen, 400, 2), (3, an, 300, 2)];
    for world in [&world, &other] {
        assert_eq!(by_rating(world, year).await, (expected.clone(), 4));
        assert_eq!(by_rating(world, Period::Year(2025)).await.0, []);
    }
    // What is withdrawn counts no longer, for other processes within seconds.
    ratings::withdraw(&world.scheme, people[0].1[0], "辱骂", &operator(Role::Reviewer), world.now())
        .await
        .expect("withdrawn");
    for world in [&world, &other] {
        world.pass(TimeDelta::seconds(3));
        let expected = vec![(1, wang, 400, 3), (1, chen, 400, 2), (2, an, 300, 2)];
        assert_eq!(by_rating(world, year).await, (expected, 3));
    }
    let wanted = Wanted { period: year, by: By::Rating, among: Among::default() };
    let (place, _) = rankings::place(&world.scheme, wanted, an, world.now()).await.expect("a place");
    let place = place.expect("ranked");
    assert_eq!((place.rank, place.of, place.level, place.next), (2, 3, 1, Some(400)));
}

#[rstest]
#[tokio::test]
async fn a_ranking_says_by_which_rules_it_was_made(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let (lin, wang) = (station.volunteer("林秀英").await, station.volunteer("王建国").await);
    for (volunteer, on) in [(lin, "2026-10-12"), (wang, "2026-10-12"), (wang, "2026-10-13")] {
        station.serve(volunteer, "environment", on, 60).await;
    }
    let service = station.get("auditor", &format!("/services?volunteer_id={lin}")).await.expect(200);
    let service = &service["services"][0]["id"];
    for stars in [5, 5, 4] {
        let body = json!({ "volunteer_id": lin, "service_id": service, "rater": "recipient", "recipient_id": Uuid::now_v7(), "stars": stars });
        station.put("kiosk", &format!("/ratings/{}", Uuid::now_v7()), body).await.expect(201);
    }
    let ranking = station.get("kiosk", "/rankings/2026?by=rating").await.expect(200);
    assert_eq!((&ranking["ties"], &ranking["least_ratings"], &ranking["of"]), (&json!("shared"), &json!(3), &json!(1)));
    let first = &ranking["rows"][0];
    assert_eq!((&first["volunteer_id"], &first["rating"], &first["ratings"]), (&json!(lin), &json!("4.67"), &json!(3)));
    let hours = station.get("kiosk", "/rankings/2026").await.expect(200);
    let rows: Vec<&Value> = hours["rows"].as_array().expect("rows").iter().map(|row| &row["rating"]).collect();
    assert_eq!(rows, [&json!(null), &json!("4.67")], "whoever has no rating has none");
    let place = station.get("kiosk", &format!("/volunteers/{wang}/rank?year=2026&by=rating")).await.expect(200);
    assert_eq!((&place["rank"], &place["to_next"]), (&json!(null), &json!(null)));
    for kind in ["teams", "units"] {
        let groups = station.get("kiosk", &format!("/rankings/2026/{kind}?by=rating")).await.expect(200);
        assert_eq!((&groups["rows"], &groups["rule_version"]), (&json!([]), &json!("2")), "nobody belongs to one");
    }
}
