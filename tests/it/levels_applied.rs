//! Stars and medals: who has reached one, who applies, and a second person who decides.

use crate::records::Route;
use crate::station::Station;
use crate::world::{World, operator};
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::config::Applicant;
use scheme::levels::{self, ApplicationStatus, Consent, Eligible, EligibleFilter, LevelError, Request};
use serde_json::json;
use uuid::Uuid;

const STARRED: &str = include_str!("../data/schemes/starred.toml");

/// For the table of the contract.
pub fn routes(id: Uuid) -> Vec<Route> {
    let deciders: &[&str] = &["reviewer", "scheme_admin"];
    vec![
        ("GET", "/levels/stars/eligible".to_owned(), &["staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/level-applications/{id}"), &["kiosk", "staff", "leader", "scheme_admin"]),
        (
            "GET",
            format!("/level-applications/{id}"),
            &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"],
        ),
        ("GET", "/level-applications".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", format!("/level-applications/{id}/grant"), deciders),
        ("POST", format!("/level-applications/{id}/refuse"), deciders),
    ]
}

fn request(volunteer_id: Uuid, step: &str) -> Request {
    let (ladder, step) = ("stars".to_owned(), step.to_owned());
    Request { volunteer_id, ladder, step, applicant: Applicant::Organisation, note: None }
}

fn consent() -> Consent {
    let published_from = Some("2026-11-09".parse().expect("a day"));
    Consent { body: Some("county".to_owned()), published_from, note: None }
}

impl World {
    async fn due(&self, after: Uuid, limit: i64) -> Vec<Eligible> {
        let filter = EligibleFilter { ladder: "stars".to_owned(), ..EligibleFilter::default() };
        levels::eligible(&self.scheme, &filter, after, limit, self.now()).await.expect("a list")
    }

    async fn starred(&self, name: &str, days: u32) -> Uuid {
        let volunteer = self.volunteer(name).await;
        for day in 1..=days {
            self.serve(volunteer, "patrol", &format!("2026-10-{day:02}"), 600).await;
        }
        volunteer
    }

    async fn apply(&self, id: Uuid, request: &Request) -> Result<bool, LevelError> {
        let outcome = levels::apply(&self.scheme, id, request.clone(), None, &operator(Role::Staff), self.now()).await;
        outcome.map(|(_, replayed)| replayed)
    }
}

fn told(due: &[Eligible]) -> Vec<(Uuid, &str, i64)> {
    due.iter().map(|one| (one.volunteer_id, one.step.code.as_str(), one.count.minutes)).collect()
}

#[rstest]
#[tokio::test]
async fn everybody_to_whom_a_star_is_due_is_listed_once_with_the_hours_and_the_step(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, STARRED).await;
    let (lin, wang, _, chen) = (
        world.starred("林秀英", 3).await,
        world.starred("王建国", 1).await,
        world.starred("赵敏", 0).await,
        world.starred("陈䶮", 2).await,
    );
    assert_eq!(told(&world.due(Uuid::nil(), 10).await), [(lin, "one", 1800), (wang, "one", 600), (chen, "one", 1200)]);
    assert_eq!(told(&world.due(Uuid::nil(), 1).await), [(lin, "one", 1800)]);
    assert_eq!(told(&world.due(lin, 1).await), [(wang, "one", 600)]);
    let id = Uuid::now_v7();
    world.apply(id, &request(lin, "one")).await.expect("applied");
    assert_eq!(world.due(Uuid::nil(), 1).await[0].application_id, Some(id));
    let by = operator(Role::Reviewer);
    levels::accept(&world.scheme, id, consent(), &by, world.now()).await.expect("granted");
    assert_eq!(told(&world.due(Uuid::nil(), 10).await), [(lin, "two", 1800), (wang, "one", 600), (chen, "one", 1200)]);
    // What the list says of each is what is said to each.
    for one in world.due(Uuid::nil(), 10).await {
        let standings = levels::standings(&world.scheme, one.volunteer_id, world.now()).await.expect("standings");
        let stars = standings.ladders.into_iter().find(|ladder| ladder.code == "stars").expect("stars");
        assert_eq!(stars.count, one.count);
    }
    let of = |ladder: &str, step: Option<&str>| EligibleFilter {
        ladder: ladder.to_owned(),
        step: step.map(str::to_owned),
        unit: None,
        team: None,
    };
    let two = levels::eligible(&world.scheme, &of("stars", Some("two")), Uuid::nil(), 10, world.now()).await;
    assert_eq!(told(&two.expect("a list")), [(lin, "two", 1800)]);
    for wrong in [of("ranks", None), of("none", None), of("stars", Some("nine"))] {
        let refused = levels::eligible(&world.scheme, &wrong, Uuid::nil(), 10, world.now()).await;
        assert!(matches!(refused, Err(LevelError::Invalid(_))), "{wrong:?}: {refused:?}");
    }
    // Whoever turns out to be registered twice has the days of both.
    scheme::volunteers::merge(&world.scheme, wang, chen, "同一人", &operator(Role::SchemeAdmin), world.now())
        .await
        .expect("merged");
    assert_eq!(told(&world.due(Uuid::nil(), 10).await), [(lin, "two", 1800), (chen, "one", 1800)]);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn who_is_listed_for_a_unit_serves_in_it_or_below_it_today(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::written(engine, "starred", STARRED).await;
    let unit = async |code: &str, kind: &str, parent: &str| {
        let body = json!({ "name": code, "kind": kind, "parent": parent });
        station.put("scheme_admin", &format!("/units/{code}"), body).await.expect(201);
    };
    unit("riverside", "community", "east").await;
    unit("grid-1", "grid", "riverside").await;
    unit("grid-2", "grid", "riverside").await;
    let mut people = Vec::new();
    for (name, home) in [("林秀英", Some("grid-1")), ("王建国", Some("east")), ("赵敏", Some("west")), ("陈䶮", None)]
    {
        let id = Uuid::now_v7();
        let consent = json!({ "record": true, "publish": true });
        let body = json!({ "name": name, "unit": home, "consent": consent });
        station.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
        station.serve(id, "patrol", "2026-11-18", 600).await;
        people.push(id);
    }
    let [lin, wang, zhao, chen] = people[..] else { panic!("four people") };
    let listed = async |query: &str| -> Vec<serde_json::Value> {
        let path = format!("/levels/stars/eligible{query}");
        let body = station.get("staff", &path).await.expect(200);
        body["eligible"].as_array().expect("a list").iter().map(|one| one["volunteer_id"].clone()).collect()
    };
    assert_eq!(listed("").await, [json!(lin), json!(wang), json!(zhao), json!(chen)]);
    assert_eq!(listed("?unit=east").await, [json!(lin), json!(wang)]);
    assert_eq!(listed("?unit=riverside").await, [json!(lin)]);
    assert_eq!(listed("?unit=grid-1").await, [json!(lin)]);
    assert_eq!(listed("?unit=grid-2").await, Vec::<serde_json::Value>::new());
    // Page by page; the cursor carries the unit and the ladder.
    let first = station.get("staff", "/levels/stars/eligible?unit=east&limit=1").await.expect(200);
    let cursor = first["next"].as_str().expect("a second page");
    assert_eq!(listed(&format!("?limit=1&cursor={cursor}")).await, [json!(wang)]);
    let other = station.get("staff", &format!("/levels/stars/eligible?unit=west&cursor={cursor}")).await;
    assert_eq!(other.problem(422), "invalid_cursor");
    // The tree of today: a community that moves takes its grids along.
    let from = tests::now().date_naive() - chrono::Days::new(1);
    let moved = json!({ "parent": "west", "from": from });
    station.post("scheme_admin", "/units/riverside/move", moved).await.expect(200);
    assert_eq!(listed("?unit=east").await, [json!(wang)]);
    assert_eq!(listed("?unit=west").await, [json!(lin), json!(zhao)]);
    assert_eq!(station.get("staff", "/levels/stars/eligible?unit=nowhere").await.problem(422), "invalid_request");
    let unknown = station.get("staff", "/levels/stars/eligible?team=nobody").await;
    assert_eq!(unknown.body["errors"][0]["code"], "unknown_team", "{}", unknown.text);
    assert_eq!(unknown.problem(422), "invalid_request");
}

#[rstest]
#[tokio::test]
async fn an_application_is_made_by_one_and_decided_by_another(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::written(engine, "starred", STARRED).await;
    let lin = station.volunteer("林秀英").await;
    let id = Uuid::now_v7();
    let path = format!("/level-applications/{id}");
    let asked = json!({ "volunteer_id": lin, "ladder": "stars", "step": "one", "applicant": "organisation", "note": "五月起每周巡逻" });
    let early = station.put("staff", &path, asked.clone()).await;
    assert_eq!(early.body["missing"][0]["short"], "10", "{}", early.text);
    assert_eq!(early.problem(422), "not_eligible");
    station.serve(lin, "patrol", "2026-11-18", 600).await;
    let mut oneself = asked.clone();
    oneself["applicant"] = json!("self");
    assert_eq!(station.put("staff", &path, oneself).await.problem(422), "applicant_not_accepted");
    let applied = station.put("scheme_admin", &path, asked.clone()).await.expect(201);
    assert_eq!(applied["status"], "applied");
    assert!(station.put("scheme_admin", &path, asked.clone()).await.replayed);
    let mut other = asked.clone();
    other["note"] = json!("别的");
    assert_eq!(station.put("scheme_admin", &path, other).await.body["field"], "note");
    let twice = station.put("staff", &format!("/level-applications/{}", Uuid::now_v7()), asked.clone()).await;
    assert_eq!(twice.body["application_id"], json!(id));
    assert_eq!(twice.problem(422), "already_applied");
    let listed = station.get("staff", "/levels/stars/eligible?step=one").await.expect(200);
    let one = &listed["eligible"][0];
    assert_eq!((&one["volunteer_id"], &one["hours"], &one["application_id"]), (&json!(lin), &json!("10"), &json!(id)));
    let open = station.get("reviewer", "/level-applications?status=applied").await.expect(200);
    assert_eq!(open["level_applications"][0]["id"], json!(id));

    let grant = json!({ "body": "county", "published_from": "2026-11-09" });
    let own = station.post("scheme_admin", &format!("{path}/grant"), grant.clone()).await;
    assert_eq!(own.problem(403), "forbidden", "nobody decides over what they applied for");
    let round = json!({ "ladder": "stars", "step": "one", "applicant": "organisation", "body": "county", "published_from": "2026-11-09" });
    let round = station.put("scheme_admin", &format!("/volunteers/{lin}/awards/{id}"), round).await;
    assert_eq!(round.problem(403), "forbidden", "nor by another door");
    let reason = json!({ "reason": "评价不足" });
    assert_eq!(station.post("scheme_admin", &format!("{path}/refuse"), reason.clone()).await.problem(403), "forbidden");
    let refused = station.post("reviewer", &format!("{path}/refuse"), reason.clone()).await.expect(200);
    assert_eq!((&refused["status"], &refused["reason"]), (&json!("refused"), &json!("评价不足")));
    assert!(station.post("reviewer", &format!("{path}/refuse"), reason).await.replayed);
    assert_eq!(station.post("reviewer", &format!("{path}/grant"), grant.clone()).await.problem(409), "state_conflict");

    let again = Uuid::now_v7();
    let path = format!("/level-applications/{again}");
    station.put("staff", &path, asked).await.expect(201);
    let wrong = station.post("reviewer", &format!("{path}/grant"), json!({ "body": "city" })).await;
    assert_eq!(wrong.problem(422), "wrong_body");
    let award = station.post("reviewer", &format!("{path}/grant"), grant.clone()).await.expect(201);
    assert_eq!((&award["id"], &award["status"]), (&json!(again), &json!("granted")));
    assert!(station.post("reviewer", &format!("{path}/grant"), grant).await.replayed);
    let granted = station.get("auditor", &path).await.expect(200);
    assert_eq!((&granted["status"], &granted["sequence"]), (&json!("granted"), &award["sequence"]));
    let listed = station.get("staff", "/levels/stars/eligible").await.expect(200);
    assert_eq!(listed["eligible"], json!([]));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_apply_and_twenty_decide_at_once_and_there_is_one_application_and_one_decision(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, STARRED).await;
    let lin = world.starred("林秀英", 1).await;
    let applying = (0..20).map(|_| {
        let (scheme, now, request) = (world.scheme.clone(), world.now(), request(lin, "one"));
        tokio::spawn(
            async move { levels::apply(&scheme, Uuid::now_v7(), request, None, &operator(Role::Staff), now).await },
        )
    });
    let mut made = Vec::new();
    for task in applying.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok((application, _)) => made.push(application.id),
            Err(LevelError::AlreadyApplied { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let [id] = made.as_slice() else { panic!("{made:?}") };
    let deciding = (0..20).map(|place| {
        let (scheme, now, id) = (world.scheme.clone(), world.now(), *id);
        tokio::spawn(async move {
            let by = operator(Role::Reviewer);
            match place % 2 {
                0 => levels::accept(&scheme, id, consent(), &by, now).await.map(|_| ApplicationStatus::Granted),
                _ => levels::refuse(&scheme, id, "不予通过", &by, now).await.map(|_| ApplicationStatus::Refused),
            }
        })
    });
    let mut decided = Vec::new();
    for task in deciding.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok(status) => decided.push(status),
            Err(LevelError::StateConflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let status = levels::application(&world.scheme, *id).await.expect("it is there").status;
    assert!(!decided.is_empty() && decided.iter().all(|one| *one == status), "{status:?}: {decided:?}");
    world.assert_verified().await;
}
