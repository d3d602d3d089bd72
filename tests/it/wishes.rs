//! Wishes: published, claimed, fulfilled, rated, posted; once, and never more than they carry.

use crate::records::Route;
use crate::station::Station;
use crate::world::{World, operator};
use chrono::Duration;
use db::Engine;
use rstest::rstest;
use scheme::wishes::{self, Claimant, Kind, Lapsed, NewClaim, NewShare, Report, Wish, WishDetails, WishError};
use scheme::{Operator, Role};
use serde_json::{Value, json};
use tests::hundredths;
use uuid::Uuid;

const RULES: &str = r#"
[wishes]
max_points = "60"
claim_days = 7
published_by = ["staff", "scheme_admin"]
rating_required = true
lapses_allowed = 1
"#;

/// Ziyang's rules, where a wish may carry points.
pub fn with_wishes() -> String {
    include_str!("../data/schemes/ziyang.toml").to_owned() + RULES
}

/// For the table of the contract.
pub fn routes(id: Uuid) -> Vec<Route> {
    let desk: &[&str] = &["staff", "scheme_admin"];
    let leaders: &[&str] = &["staff", "leader", "scheme_admin"];
    let givers: &[&str] = &["kiosk", "staff", "leader", "scheme_admin"];
    let everybody: &[&str] = &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"];
    let claim = |step: &str| format!("/wishes/{id}/claims/{id}{step}");
    vec![
        ("PUT", format!("/wishes/{id}"), givers),
        ("GET", format!("/wishes/{id}"), everybody),
        ("GET", "/wishes".to_owned(), everybody),
        // A leader may where the configuration says so, which this one does not.
        ("POST", format!("/wishes/{id}/publish"), desk),
        // What is sent is looked at before that.
        ("POST", format!("/wishes/{id}/reject"), leaders),
        ("POST", format!("/wishes/{id}/withdraw"), desk),
        ("POST", format!("/wishes/{id}/reopen"), leaders),
        ("PUT", claim(""), givers),
        ("POST", claim("/accept"), desk),
        ("POST", claim("/decline"), desk),
        ("POST", claim("/give-back"), givers),
        ("POST", claim("/fulfil"), leaders),
        ("POST", claim("/rate"), &["kiosk", "staff", "scheme_admin"]),
        ("POST", claim("/send-back"), &["reviewer"]),
        ("POST", claim("/confirm"), &["reviewer"]),
    ]
}

async fn ziyang(engine: Engine) -> Station {
    Station::written(engine, "ziyang", &with_wishes()).await
}

fn lamp() -> Value {
    json!({
        "kind": "wish", "title": "换一盏楼道灯", "content": "三楼的灯坏了", "recipient": "王奶奶", "contact": "13800000000",
        "category": "elderly_care", "minutes": 60, "points": "5", "deadline_on": "2999-01-01",
    })
}

impl Station {
    /// Writes a wish down and publishes it.
    async fn wish(&self, body: Value) -> Uuid {
        let id = Uuid::now_v7();
        self.put("kiosk", &format!("/wishes/{id}"), body).await.expect(201);
        self.post("staff", &format!("/wishes/{id}/publish"), json!({})).await.expect(200);
        id
    }

    async fn claim_wish(&self, wish: Uuid, kind: &str, id: impl ToString) -> String {
        let path = format!("/wishes/{wish}/claims/{}", Uuid::now_v7());
        let body = json!({ "claimant": { "kind": kind, "id": id.to_string() } });
        self.put("staff", &path, body).await.expect(201);
        path
    }
}

#[rstest]
#[tokio::test]
async fn a_wish_is_claimed_fulfilled_rated_and_posted_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = ziyang(engine).await;
    let volunteer = station.volunteer("林秀英").await;
    let wish = station.wish(lamp()).await;
    let listed = station.get("kiosk", "/wishes?status=published").await;
    assert!(listed.text.contains("换一盏楼道灯") && !listed.text.contains("王奶奶"), "{}", listed.text);
    assert_eq!(station.get("reviewer", &format!("/wishes/{wish}")).await.expect(200)["recipient"], "王奶奶");

    let claim = station.claim_wish(wish, "volunteer", volunteer).await;
    let report = json!({ "report": "换了声控灯", "shares": [{ "volunteer_id": volunteer }] });
    let fulfil = format!("{claim}/fulfil");
    let early = station.post("reviewer", &format!("{claim}/confirm"), json!({})).await;
    assert_eq!(
        (early.body["current_status"].clone(), early.problem(409)),
        (json!("claimed"), "state_conflict".to_owned())
    );
    let fulfilled = station.post("staff", &fulfil, report.clone()).await.expect(200);
    assert_eq!(fulfilled["status"], "fulfilled");
    assert!(station.post("staff", &fulfil, report).await.replayed);
    assert_eq!(station.points(volunteer).await, "0", "nothing is given before it is confirmed");
    let unrated = station.post("reviewer", &format!("{claim}/confirm"), json!({})).await;
    assert_eq!(unrated.problem(409), "state_conflict", "the scheme wants it rated first");
    let own = station.post("staff", &format!("{claim}/rate"), json!({ "stars": 5 })).await;
    assert_eq!(own.problem(403), "forbidden", "who reported it does not rate it");
    station.post("kiosk", &format!("{claim}/rate"), json!({ "stars": 5, "thanks": "谢谢" })).await.expect(200);

    let before = station.points(volunteer).await;
    let posted = station.post("reviewer", &format!("{claim}/confirm"), json!({})).await.expect(200);
    assert_eq!((&posted["status"], &posted["claims"][0]["status"]), (&json!("posted"), &json!("posted")));
    assert!(station.post("reviewer", &format!("{claim}/confirm"), json!({})).await.replayed);
    let service = posted["claims"][0]["shares"][0]["service_id"].as_str().expect("a record").to_owned();
    let service = station.get("auditor", &format!("/services/{service}")).await.expect(200);
    assert_eq!((&service["status"], &service["minutes"]), (&json!("confirmed"), &json!(60)));
    let earned = hundredths(service["points"].as_str().expect("points"));
    let has = hundredths(&station.points(volunteer).await);
    assert_eq!((before.as_str(), has), ("0", earned + 500), "{earned} by the rules, and 5 points of the wish");
    let balance = station.get("kiosk", &format!("/volunteers/{volunteer}/balance")).await.expect(200);
    assert_eq!(balance["minutes"], 60);
    let verified = tests::server::aixin(&station.server.url, &["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[rstest]
#[tokio::test]
async fn a_unit_passes_a_need_on_which_another_accepts_or_declines(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = ziyang(engine).await;
    let wish = station.wish(lamp()).await;
    let offer = |claim: Uuid| {
        let body = json!({ "claimant": { "kind": "unit", "id": "compound-2" }, "offered": true });
        let (station, path) = (&station, format!("/wishes/{wish}/claims/{claim}"));
        async move { station.put("staff", &path, body).await }
    };
    let first = Uuid::now_v7();
    assert_eq!(offer(first).await.expect(201)["claims"][0]["status"], "offered");
    let path = format!("/wishes/{wish}/claims/{first}");
    let own = station.post("staff", &format!("{path}/accept"), json!({})).await;
    assert_eq!(own.problem(403), "forbidden", "who passes on does not accept");
    let declined =
        station.post("scheme_admin", &format!("{path}/decline"), json!({ "reason": "无电工" })).await.expect(200);
    assert_eq!((&declined["status"], &declined["free"]), (&json!("published"), &json!(1)));
    let second = Uuid::now_v7();
    offer(second).await.expect(201);
    let accepted = station.post("scheme_admin", &format!("/wishes/{wish}/claims/{second}/accept"), json!({})).await;
    assert_eq!(accepted.expect(200)["status"], "claimed");
    let by_unit = station.get("auditor", "/wishes?claimant=unit/compound-2").await.expect(200);
    assert_eq!(by_unit["wishes"][0]["id"], json!(wish));
    let by_team = station.get("auditor", "/wishes?claimant=team/patrol").await.expect(200);
    assert_eq!(by_team["wishes"], json!([]));
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_carried_is_refused_and_what_was_sent_back_is_done_anew(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = ziyang(engine).await;
    let (one, other) = (station.volunteer("陈建国").await, station.volunteer("黄丽华").await);
    for (field, value, code) in [
        ("points", json!("61"), "too_many_points"),
        ("category", Value::Null, "missing_category"),
        ("deadline_on", json!("2020-01-01"), "date_in_past"),
        ("people", json!(0), "out_of_range"),
    ] {
        let mut body = lamp();
        body[field] = value;
        let refused = station.put("staff", &format!("/wishes/{}", Uuid::now_v7()), body).await;
        assert_eq!(refused.body["errors"][0]["code"], code, "{}", refused.text);
    }
    let mut body = lamp();
    body["people"] = json!(3);
    let wish = station.wish(body).await;
    let claim = station.claim_wish(wish, "team", "patrol").await;
    let report = |minutes: i64| {
        let shares = json!([
            { "volunteer_id": one, "minutes": minutes, "points": "2" },
            { "volunteer_id": other, "minutes": 30, "points": "3" },
        ]);
        json!({ "report": "换了灯", "shares": shares })
    };
    let too_much = station.post("leader", &format!("{claim}/fulfil"), report(31)).await;
    assert_eq!(too_much.body["errors"][0]["code"], "more_than_carried");
    let fulfilled = station.post("leader", &format!("{claim}/fulfil"), report(30)).await.expect(200);
    let first = fulfilled["claims"][0]["shares"][0]["service_id"].as_str().expect("a record").to_owned();
    let back = json!({ "reason": "请补照片" });
    station.post("reviewer", &format!("{claim}/send-back"), back.clone()).await.expect(200);
    assert!(station.post("reviewer", &format!("{claim}/send-back"), back).await.replayed);
    let rejected = station.get("auditor", &format!("/services/{first}")).await.expect(200);
    assert_eq!(rejected["status"], "rejected", "what the report had written down counts no longer");
    station.post("leader", &format!("{claim}/fulfil"), report(20)).await.expect(200);
    station.post("kiosk", &format!("{claim}/rate"), json!({ "stars": 4 })).await.expect(200);
    station.post("reviewer", &format!("{claim}/confirm"), json!({})).await.expect(200);
    for (volunteer, minutes) in [(one, 20), (other, 30)] {
        let balance = station.get("kiosk", &format!("/volunteers/{volunteer}/balance")).await.expect(200);
        assert_eq!(balance["minutes"], minutes);
    }
}

fn by(role: Role, person: &str) -> Operator {
    Operator { key_id: Uuid::new_v5(&Uuid::nil(), person.as_bytes()), person: person.to_owned(), ..operator(role) }
}

fn details(world: &World, claimants: i64) -> WishDetails {
    WishDetails {
        kind: Kind::Task,
        title: "送餐".to_owned(),
        content: "给独居老人送餐".to_owned(),
        recipient: None,
        contact: None,
        category: Some("elderly_care".to_owned()),
        unit: None,
        minutes: 60,
        points: 100,
        per_person: true,
        people: 6,
        claimants,
        skills: Vec::new(),
        deadline_on: world.scheme.config().day_of(world.now()) + Duration::days(30),
    }
}

impl World {
    async fn wish(&self, details: WishDetails) -> Uuid {
        let id = Uuid::now_v7();
        wishes::put(&self.scheme, id, details, None, &by(Role::Staff, "clerk"), self.now()).await.expect("written");
        wishes::publish(&self.scheme, id, &by(Role::Staff, "clerk"), self.now()).await.expect("published");
        id
    }

    async fn claim(&self, wish: Uuid, claimant: Claimant) -> Result<(Wish, Uuid), WishError> {
        let new = NewClaim { id: Uuid::now_v7(), claimant, offered: false };
        let id = new.id;
        let done = wishes::claim(&self.scheme, wish, new, &by(Role::Staff, "clerk"), self.now()).await;
        done.map(|(wish, _)| (wish, id))
    }
}

#[rstest]
#[tokio::test]
async fn of_five_hundred_who_claim_at_once_one_gets_it(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, &with_wishes()).await;
    let other = World::on(world.db.clone(), &with_wishes()).await;
    let wish = world.wish(details(&world, 1)).await;
    let claims = (0..500).map(|number| {
        let world = if number % 2 == 0 { &world } else { &other };
        async move {
            loop {
                match world.claim(wish, Claimant::Team(format!("team-{number}"))).await {
                    // More than there are connections for: told to ask again, they do.
                    Err(WishError::Busy) => {}
                    Err(WishError::Database(error)) if error.is_transient() => {}
                    outcome => break outcome,
                }
            }
        }
    });
    let done = futures::future::join_all(claims).await;
    let got = done.iter().filter(|outcome| outcome.is_ok()).count();
    let late = done.iter().filter(|outcome| matches!(outcome, Err(WishError::StateConflict { .. }))).count();
    assert_eq!((got, late), (1, 499), "{:?}", done.iter().find(|outcome| outcome.is_err()));
    assert_eq!(wishes::get(&world.scheme, wish).await.expect("it is there").claims.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_claim_that_is_not_fulfilled_lapses_and_counts_against_the_claimant(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, &with_wishes()).await;
    let volunteer = world.volunteer("郑志强").await;
    let wish = world.wish(details(&world, 1)).await;
    world.claim(wish, Claimant::Volunteer(volunteer)).await.expect("claimed");
    assert_eq!(wishes::lapse(&world.scheme, world.now()).await.expect("looked"), Lapsed::default());
    world.pass(Duration::days(8));
    let looks = (0..10).map(|_| wishes::lapse(&world.scheme, world.now()));
    let looks = futures::future::join_all(looks).await;
    let lapsed: usize = looks.into_iter().map(|look| look.expect("looked").claims).sum();
    assert_eq!(lapsed, 1, "of ten who look at once one lets it lapse");
    let open = wishes::get(&world.scheme, wish).await.expect("it is there");
    assert_eq!((open.status, open.free()), (wishes::Status::Published, 1));
    let again = world.claim(wish, Claimant::Volunteer(volunteer)).await;
    assert!(matches!(again, Err(WishError::NotEligible(ref unmet)) if unmet.condition == "lapses"), "{again:?}");
    world.pass(Duration::days(30));
    let expired = wishes::lapse(&world.scheme, world.now()).await.expect("looked");
    assert_eq!(expired.wishes, 1, "nobody claimed it in time");
    let until = world.scheme.config().day_of(world.now()) + Duration::days(3);
    let (reopened, _) =
        wishes::reopen(&world.scheme, wish, until, &by(Role::Staff, "clerk"), world.now()).await.expect("reopened");
    assert_eq!(reopened.status, wishes::Status::Published);
}

#[rstest]
#[tokio::test]
async fn however_often_and_from_wherever_it_is_confirmed_it_is_posted_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, &with_wishes()).await;
    let other = World::on(world.db.clone(), &with_wishes()).await;
    let people = [world.volunteer("吴美珍").await, world.volunteer("王桂兰").await, world.volunteer("李国平").await];
    let wish = world.wish(details(&world, 2)).await;
    let (_, claim) = world.claim(wish, Claimant::Team("送餐队".to_owned())).await.expect("claimed");
    let share = |volunteer_id: Uuid| NewShare { volunteer_id, minutes: None, points: None };
    let shares = people.map(share).to_vec();
    let report = Report { content: "送到了".to_owned(), fulfilled_on: None, shares };
    wishes::fulfil(&world.scheme, wish, claim, report, &by(Role::Staff, "reporter"), world.now()).await.expect("done");
    let thanks = Some("谢谢");
    wishes::rate(&world.scheme, wish, claim, 5, thanks, &by(Role::Kiosk, "kiosk"), world.now()).await.expect("rated");
    for concerned in ["clerk", "reporter"] {
        let refused = wishes::confirm(&world.scheme, wish, claim, &by(Role::Reviewer, concerned), world.now()).await;
        assert!(matches!(refused, Err(WishError::Concerned)), "{concerned}: {refused:?}");
    }
    let takes_part = Operator { volunteer_id: Some(people[1]), ..by(Role::Reviewer, "one of them") };
    let refused = wishes::confirm(&world.scheme, wish, claim, &takes_part, world.now()).await;
    assert!(matches!(refused, Err(WishError::Concerned)), "{refused:?}");
    let reviewer = by(Role::Reviewer, "reviewer");
    let confirmations = (0..20).map(|number| {
        let world = if number % 2 == 0 { &world } else { &other };
        let reviewer = &reviewer;
        async move { wishes::confirm(&world.scheme, wish, claim, reviewer, world.now()).await }
    });
    for done in futures::future::join_all(confirmations).await {
        done.expect("confirmed");
    }
    assert_eq!(wishes::finish(&world.scheme, world.now()).await.expect("looked"), 0);
    for volunteer in people {
        let entries = world.scheme.book.entries(0, 1000).await.expect("entries");
        let given = entries.iter().filter(|entry| entry.kind == "wish.fulfilled" && entry.party == Some(volunteer));
        assert_eq!(given.count(), 1);
        assert_eq!(world.balance(volunteer).await.0, 60);
    }
    let known = wishes::get(&world.scheme, wish).await.expect("it is there");
    assert_eq!((known.status, known.claims[0].status), (wishes::Status::Published, wishes::ClaimStatus::Posted));
    world.assert_verified().await;
}
