//! Ladders: eligible is not granted, granted is granted once.

use crate::station::Station;
use crate::world::{World, details, operator};
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::config::Applicant;
use scheme::exchanges::{self, ExchangeError, Wish};
use scheme::levels::{self, Application, AwardStatus, BanRequest, LevelError, OnLadder};
use scheme::rewards::{Kind, RewardDetails};
use scheme::services;
use serde_json::json;
use uuid::Uuid;

/// A scheme whose stars are applied for, whose ranks follow the balance, and whose gifts come again.
const STARRED: &str = include_str!("../data/schemes/starred.toml");
const ZHANGJIAGANG: &str = include_str!("../data/schemes/zhangjiagang.toml");

fn application(volunteer_id: Uuid, step: &str, body: &str) -> Application {
    Application {
        id: Uuid::now_v7(),
        volunteer_id,
        ladder: "stars".to_owned(),
        step: step.to_owned(),
        body: Some(body.to_owned()),
        applicant: Applicant::Organisation,
        published_from: Some("2026-11-13".parse().expect("a day")),
        note: None,
    }
}

impl World {
    async fn grant(&self, application: &Application) -> Result<(levels::Award, bool), LevelError> {
        levels::grant(&self.scheme, application.clone(), &operator(Role::Reviewer), self.now()).await
    }

    async fn ladder(&self, volunteer: Uuid, code: &str) -> OnLadder {
        let standings = levels::standings(&self.scheme, volunteer, self.now()).await.expect("standings");
        standings.ladders.into_iter().find(|ladder| ladder.code == code).expect("the ladder")
    }

    /// Somebody who served so many hours, ten a day, until the day before `before`.
    async fn served(&self, name: &str, hours: i64, before: &str) -> Uuid {
        let volunteer = self.volunteer(name).await;
        let category = self.scheme.config().categories[0].code.clone();
        let mut on = crate::world::day(before);
        for _ in 0..hours / 10 {
            on = on.pred_opt().expect("a day before");
            self.serve(volunteer, &category, &on.to_string(), 600).await;
        }
        volunteer
    }
}

fn code(step: &Option<levels::StepName>) -> Option<&str> {
    step.as_ref().map(|step| step.code.as_str())
}

#[rstest]
#[tokio::test]
async fn a_step_is_granted_to_whoever_has_reached_it_by_the_right_body_after_publicity(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, STARRED).await;
    let volunteer = world.served("林秀英", 30, "2026-11-01").await;
    let stars = world.ladder(volunteer, "stars").await;
    assert_eq!((code(&stars.eligible), stars.held.len()), (Some("three"), 0), "eligible is not granted");
    let one = application(volunteer, "one", "county");
    let refused = |outcome: Result<(levels::Award, bool), LevelError>| outcome.expect_err("refused");
    let wrong = refused(world.grant(&Application { body: Some("city".to_owned()), ..one.clone() }).await);
    assert!(matches!(&wrong, LevelError::WrongBody { needed } if needed == "county"), "{wrong}");
    let alone = refused(world.grant(&Application { applicant: Applicant::Oneself, ..one.clone() }).await);
    assert!(matches!(alone, LevelError::ApplicantNotAccepted { .. }), "{alone}");
    // A Monday: Monday to Thursday are over on the Friday.
    world.set("2026-11-20T02:00:00Z");
    let published_from = Some("2026-11-16".parse().expect("a day"));
    let early = refused(world.grant(&Application { published_from, ..one.clone() }).await);
    assert!(matches!(early, LevelError::PublicityTooShort { needed: 5, available: 4 }), "{early}");
    let two = refused(world.grant(&application(volunteer, "two", "county")).await);
    assert!(matches!(&two, LevelError::OutOfSequence { needed } if needed == "one"), "{two}");
    let four = refused(world.grant(&application(volunteer, "four", "city")).await);
    assert!(matches!(&four, LevelError::NotEligible { lacks } if lacks[0].short.as_deref() == Some("10")), "{four:?}");
    world.set("2026-11-21T02:00:00Z");
    let one = Application { published_from, ..one };
    let (award, replayed) = world.grant(&one).await.expect("granted");
    assert!(!replayed);
    assert_eq!(world.grant(&one).await.expect("the same again"), (award.clone(), true));
    let other = world.grant(&Application { step: "two".to_owned(), ..one.clone() }).await;
    assert!(matches!(other, Err(LevelError::IdTaken { field }) if field == "step"));
    let again = refused(world.grant(&application(volunteer, "one", "county")).await);
    assert!(matches!(again, LevelError::AlreadyGranted), "{again}");
    let stars = world.ladder(volunteer, "stars").await;
    let held: Vec<_> = stars.held.iter().map(|held| (held.step.code.as_str(), held.award.clone())).collect();
    assert_eq!(held, [("one", Some(award.clone()))]);
    world.assert_verified().await;

    let by = operator(Role::Reviewer);
    let (revoked, _) =
        levels::revoke(&world.scheme, volunteer, award.id, "材料有误", &by, world.now()).await.expect("revoked");
    assert_eq!(revoked.status, AwardStatus::Revoked);
    let again = levels::revoke(&world.scheme, volunteer, award.id, "材料有误", &by, world.now()).await;
    assert_eq!(again.expect("the same again"), (revoked.clone(), true));
    assert_eq!(world.grant(&one).await.expect("the answer is what became of it"), (revoked, true));
    assert!(world.ladder(volunteer, "stars").await.held.is_empty());
    world.grant(&application(volunteer, "one", "county")).await.expect("it may be granted anew");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_grant_the_same_step_at_once_and_it_is_granted_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, STARRED).await;
    let other = World::on(world.db.clone(), STARRED).await;
    let volunteer = world.served("林秀英", 10, "2026-11-01").await;
    let tasks = (0..20).map(|place| {
        let scheme = if place % 2 == 0 { world.scheme.clone() } else { other.scheme.clone() };
        let (application, now) = (application(volunteer, "one", "county"), world.now());
        tokio::spawn(async move { levels::grant(&scheme, application, &operator(Role::Reviewer), now).await })
    });
    let mut granted = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok(_) => granted += 1,
            Err(LevelError::AlreadyGranted) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(granted, 1);
    assert_eq!(world.ladder(volunteer, "stars").await.held.len(), 1);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_reversed_meanwhile_is_not_granted_for(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, STARRED).await;
    let volunteer = world.volunteer("王建国").await;
    for round in 0..5 {
        let on = format!("2026-10-{:02}", round + 1);
        let service = world.serve(volunteer, "patrol", &on, 600).await;
        let reversing = {
            let (scheme, now) = (world.scheme.clone(), world.now());
            tokio::spawn(async move {
                services::reverse(&scheme, service, None, false, &operator(Role::Reviewer), now).await
            })
        };
        let application = application(volunteer, "one", "county");
        let granted = world.grant(&application).await;
        reversing.await.expect("no panic").expect("reversed");
        match granted {
            // The grant came first.
            Ok((award, _)) => {
                let by = operator(Role::Reviewer);
                let revoked = levels::revoke(&world.scheme, volunteer, award.id, "冲正", &by, world.now()).await;
                revoked.expect("revoked");
            }
            Err(LevelError::NotEligible { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        let again = world.grant(&Application { id: Uuid::now_v7(), ..application }).await;
        assert!(matches!(again, Err(LevelError::NotEligible { .. })), "{again:?}");
    }
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn whoever_reported_falsely_is_barred_until_the_last_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, STARRED).await;
    let volunteer = world.served("林秀英", 10, "2026-11-01").await;
    let request = |years| BanRequest {
        id: Uuid::now_v7(),
        volunteer_id: volunteer,
        ladder: "stars".to_owned(),
        years,
        reason: "虚报时长".to_owned(),
    };
    let by = operator(Role::SchemeAdmin);
    for years in [0, 4] {
        let refused = levels::ban(&world.scheme, request(years), &by, world.now()).await;
        assert!(matches!(refused, Err(LevelError::Invalid(_))), "{refused:?}");
    }
    let asked = request(1);
    let (ban, _) = levels::ban(&world.scheme, asked.clone(), &by, world.now()).await.expect("barred");
    assert_eq!(ban.until.to_string(), "2027-11-21");
    let again = levels::ban(&world.scheme, asked.clone(), &by, world.now()).await.expect("the same again");
    assert_eq!(again, (ban.clone(), true));
    let other = levels::ban(&world.scheme, BanRequest { years: 2, ..asked }, &by, world.now()).await;
    assert!(matches!(other, Err(LevelError::IdTaken { field }) if field == "years"));
    let one = application(volunteer, "one", "county");
    assert!(matches!(world.grant(&one).await, Err(LevelError::Banned { until }) if until == ban.until));
    assert_eq!(world.ladder(volunteer, "stars").await.banned_until, Some(ban.until));
    world.set("2027-11-21T02:00:00Z");
    assert!(matches!(world.grant(&one).await, Err(LevelError::Banned { .. })));
    world.set("2027-11-22T02:00:00Z");
    world.grant(&one).await.expect("the ban is over");
    assert_eq!(scheme::expiry::run(&world.scheme, world.now()).await.expect("it runs").lots, 1);
    assert_eq!(world.ladder(volunteer, "stars").await.banned_until, None);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_is_served_after_the_closing_day_is_too_late_this_year(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, STARRED).await;
    world.set("2026-12-20T02:00:00Z");
    let volunteer = world.served("林秀英", 10, "2026-12-16").await;
    let stars = world.ladder(volunteer, "stars").await;
    assert_eq!((code(&stars.eligible), stars.count.minutes), (Some("one"), 600), "served on the closing day");
    let late = world.volunteer("王建国").await;
    world.serve(late, "patrol", "2026-12-16", 600).await;
    let one = Application {
        published_from: Some("2026-12-01".parse().expect("a day")),
        ..application(late, "one", "county")
    };
    let refused = world.grant(&one).await;
    let closes_on = "2026-12-15".parse().expect("a day");
    assert!(
        matches!(&refused, Err(LevelError::AfterClosingDate { closes_on: day, .. }) if *day == closes_on),
        "{refused:?}"
    );
    world.set("2027-01-04T02:00:00Z");
    world.grant(&one).await.expect("it counts from the next year on");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn ranks_follow_the_hours_and_gifts_come_again(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, STARRED).await;
    let volunteer = world.served("林秀英", 20, "2026-11-01").await;
    let service = world.serve(volunteer, "patrol", "2026-11-02", 600).await;
    let ranks = world.ladder(volunteer, "ranks").await;
    assert_eq!(ranks.held.iter().map(|held| held.step.code.as_str()).collect::<Vec<_>>(), ["bronze", "silver"]);
    let next = ranks.next.expect("gold is next");
    assert_eq!((next.step.code.as_str(), next.lacks[0].en.as_str()), ("gold", "20 more hours"));
    let gifts = async || {
        let gifts = world.ladder(volunteer, "gifts").await.gifts;
        gifts.iter().map(|gifts| (gifts.due, gifts.had)).collect::<Vec<_>>()
    };
    assert_eq!(gifts().await, [(2, 0)]);
    services::reverse(&world.scheme, service, None, false, &operator(Role::Reviewer), world.now())
        .await
        .expect("reversed");
    let ranks = world.ladder(volunteer, "ranks").await;
    assert_eq!(ranks.held.iter().map(|held| held.step.code.as_str()).collect::<Vec<_>>(), ["bronze"]);
    assert_eq!(gifts().await, [(1, 0)]);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_gift_is_had_once_in_every_cycle_and_a_certificate_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZHANGJIAGANG).await;
    // A Friday.
    world.set("2026-11-20T02:00:00Z");
    let volunteer = world.served("林秀英", 30, "2026-11-01").await;
    let reward = async |group: &str| {
        let group = Some(group.to_owned());
        let reward = world.reward(RewardDetails { price_points: 0, group, ..details(Kind::Good) }).await;
        world.stock(reward, 9).await;
        reward
    };
    let (mug, torch) = (reward("gift-one").await, reward("gift-one").await);
    let certificate = reward("certificate-one").await;
    let courtesy = reward("courtesy").await;
    let takes = async |reward_id: Uuid| {
        let id = Uuid::now_v7();
        let wish = Wish {
            id,
            volunteer_id: volunteer,
            reward_id,
            quantity: 1,
            station: None,
            session_id: None,
            collect_now: true,
            beneficiary: None,
            bill: None,
        };
        exchanges::exchange(&world.scheme, wish, &operator(Role::Kiosk), world.now()).await
    };
    takes(mug).await.expect("03.2: the gift");
    takes(certificate).await.expect("03.2: and the certificate");
    let other = takes(torch).await;
    assert!(matches!(other, Err(ExchangeError::LimitReached { .. })), "one of the two: {other:?}");
    let early = takes(courtesy).await;
    assert!(matches!(early, Err(ExchangeError::NotEligible(_))), "{early:?}");
    for month in 1..=10 {
        for week in [1, 8, 15] {
            world.serve(volunteer, "service", &format!("2026-{month:02}-{week:02}"), 600).await;
        }
    }
    let stars = world.ladder(volunteer, "stars").await;
    assert_eq!((code(&stars.eligible), stars.gifts[0].due, stars.gifts[0].had), (Some("five"), 2, 1), "03.5");
    takes(torch).await.expect("03.5: the gift again");
    let again = takes(certificate).await;
    assert!(matches!(again, Err(ExchangeError::LimitReached { .. })), "03.5: not the certificate: {again:?}");
    takes(courtesy).await.expect("a hundred hours in the year");
    world.assert_verified().await;
}

#[tokio::test]
async fn at_the_front_door_refusals_have_their_codes_and_say_what_is_missing() {
    let station = Station::open(Engine::Sqlite, "starred").await;
    let volunteer = station.volunteer("林秀英").await;
    station.serve(volunteer, "patrol", "2026-10-01", 600).await;
    let path = |id: Uuid| format!("/volunteers/{volunteer}/awards/{id}");
    let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
    let one = json!({
        "ladder": "stars", "step": "one", "body": "county", "applicant": "organisation", "published_from": "2026-10-08",
    });
    let with = |field: &str, value: serde_json::Value| {
        let mut body = one.clone();
        body[field] = value;
        body
    };
    for (body, code) in [
        (with("step", json!("two")), "not_eligible"),
        (with("applicant", json!("self")), "applicant_not_accepted"),
        (with("body", json!("city")), "wrong_body"),
        (with("published_from", json!(null)), "publicity_too_short"),
        (with("ladder", json!("ranks")), "invalid_request"),
        (with("ladder", json!("moons")), "invalid_request"),
        (with("note", json!("")), "invalid_request"),
    ] {
        assert_eq!(station.put("reviewer", &path(other), body.clone()).await.problem(422), code, "{body}");
    }
    let refused = station.put("reviewer", &path(other), with("step", json!("two"))).await;
    let missing = &refused.body["missing"][0];
    assert_eq!((&missing["what"], &missing["short"]), (&json!("hours"), &json!("10")), "{}", refused.text);
    let award = station.put("reviewer", &path(id), one.clone()).await.expect(201);
    assert_eq!((&award["status"], &award["step"]), (&json!("granted"), &json!("one")));
    let again = station.put("scheme_admin", &path(id), one.clone()).await;
    assert_eq!(again.expect(200), award, "the same again");
    assert_eq!(station.put("reviewer", &path(id), with("step", json!("two"))).await.problem(409), "id_taken");
    assert_eq!(station.put("reviewer", &path(other), one.clone()).await.problem(422), "already_granted");
    let levels = station.get("kiosk", &format!("/volunteers/{volunteer}/levels")).await.expect(200);
    let stars = &levels["levels"][0];
    assert_eq!(
        (&stars["eligible"]["code"], &stars["held"][0]["award"]["id"], &stars["next"]["missing"][0]["detail"]),
        (&json!("one"), &json!(id), &json!("还差 10 小时"))
    );
    let ban = format!("/volunteers/{volunteer}/bans/{}", Uuid::now_v7());
    let barred = json!({ "ladder": "stars", "years": 1, "reason": "虚报" });
    let too_long = json!({ "ladder": "stars", "years": 9, "reason": "虚报" });
    assert_eq!(station.put("reviewer", &ban, too_long).await.problem(422), "invalid_request");
    station.put("reviewer", &ban, barred.clone()).await.expect(201);
    station.put("reviewer", &ban, barred).await.expect(200);
    let revoke = format!("{}/revoke", path(id));
    let revoked = station.post("reviewer", &revoke, json!({ "reason": "虚报" })).await.expect(200);
    assert_eq!(revoked["status"], "revoked");
    assert_eq!(station.put("reviewer", &path(Uuid::now_v7()), one).await.problem(422), "banned");
    let nobody = format!("/volunteers/{volunteer}/awards/{}/revoke", Uuid::now_v7());
    assert_eq!(station.post("reviewer", &nobody, json!({ "reason": "x" })).await.problem(404), "award_not_found");
}
