//! Service records: recorded by one, decided by another, explained to everybody.

use crate::world::{HAILIN, HUANGSHI, World, ZIYANG, operator, service};
use db::Engine;
use rstest::rstest;
use scheme::exchanges::{self, Wish};
use scheme::rules::Evidence;
use scheme::services::{self, ServiceError, Status};
use scheme::{Operator, Role, statements};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn a_record_is_confirmed_by_somebody_else_and_earns_by_the_rules(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, HAILIN).await;
    let volunteer = world.volunteer("王建国").await;
    let id = world.record(volunteer, "environment", "2026-11-20", 180, Evidence::SelfScan).await;
    let own = services::confirm(&world.scheme, id, &operator(Role::Staff), world.now()).await;
    assert!(matches!(own, Err(ServiceError::OwnRecord)));
    let decision =
        services::confirm(&world.scheme, id, &operator(Role::Reviewer), world.now()).await.expect("confirmed");
    assert_eq!(decision.service.status, Status::Confirmed);
    assert_eq!((decision.service.credited_minutes, decision.service.points), (Some(120), Some(2)));
    assert!(!decision.calculation.is_empty() && !decision.replayed);
    let again = services::confirm(&world.scheme, id, &operator(Role::Reviewer), world.now()).await.expect("confirmed");
    assert!(again.replayed);
    assert_eq!(again.calculation, decision.calculation);
    let rejected = services::reject(&world.scheme, id, Some("重复"), &operator(Role::Reviewer), world.now()).await;
    assert!(matches!(rejected, Err(ServiceError::StateConflict { status: Status::Confirmed })));
    assert_eq!(world.balance(volunteer).await, (120, 2, 0));
    let reversed =
        services::reverse(&world.scheme, id, Some("被投诉属实"), false, &operator(Role::Reviewer), world.now())
            .await
            .expect("reversed");
    assert_eq!(reversed.service.status, Status::Reversed);
    assert_eq!(world.balance(volunteer).await, (0, 0, 0));
    let confirmed = services::confirm(&world.scheme, id, &operator(Role::Reviewer), world.now()).await;
    assert!(matches!(confirmed, Err(ServiceError::StateConflict { status: Status::Reversed })));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_has_been_spent_is_taken_back_only_on_purpose(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let volunteer = world.volunteer("陈阿姨").await;
    let id = world.serve(volunteer, "environment", "2026-11-20", 120).await;
    let soap = world.good(20, 1).await;
    let wish = Wish {
        id: Uuid::now_v7(),
        volunteer_id: volunteer,
        reward_id: soap,
        quantity: 1,
        station: None,
        session_id: None,
        collect_now: true,
        beneficiary: None,
        bill: None,
    };
    exchanges::exchange(&world.scheme, wish, &operator(Role::Kiosk), world.now()).await.expect("handed over");
    let reviewer = operator(Role::Reviewer);
    let refused = services::reverse(&world.scheme, id, Some("虚报"), false, &reviewer, world.now()).await;
    assert!(matches!(refused, Err(ServiceError::InsufficientPoints { needed: 20, available: 0 })), "{refused:?}");
    services::reverse(&world.scheme, id, Some("虚报"), true, &reviewer, world.now())
        .await
        .expect("taken back all the same");
    assert_eq!(world.balance(volunteer).await, (0, -20, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn filled_in_later_counts_as_hours_and_not_as_points(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, HUANGSHI).await;
    let volunteer = world.volunteer("何大姐").await;
    for (evidence, expected) in [(Evidence::SelfScan, (180, 3, 0)), (Evidence::BackFilled, (360, 3, 0))] {
        let id = world.record(volunteer, "environment", "2026-11-20", 180, evidence).await;
        services::confirm(&world.scheme, id, &operator(Role::Reviewer), world.now()).await.expect("confirmed");
        assert_eq!(world.balance(volunteer).await, expected);
    }
    world.set("2026-12-31T15:59:59Z");
    assert_eq!(world.balance(volunteer).await.1, 3, "23:59:59 in Shanghai");
    world.set("2026-12-31T16:00:00Z");
    assert_eq!(world.balance(volunteer).await.1, 0, "midnight in Shanghai");
    assert_eq!(scheme::expiry::run(&world.scheme, world.now()).await.expect("it runs").lots, 1);
    assert_eq!(scheme::expiry::run(&world.scheme, world.now()).await.expect("it runs").lots, 0);
    assert_eq!(world.balance(volunteer).await, (360, 0, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daily_cap_holds_however_many_confirm_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let other = World::on(world.db.clone(), ZIYANG).await;
    let volunteer = world.volunteer("刘师傅").await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(world.record(volunteer, "environment", "2026-11-20", 90, Evidence::SelfScan).await);
    }
    let tasks = ids.iter().enumerate().map(|(place, id)| {
        let scheme = if place % 2 == 0 { world.scheme.clone() } else { other.scheme.clone() };
        let (id, now) = (*id, world.now());
        tokio::spawn(async move { services::confirm(&scheme, id, &operator(Role::Reviewer), now).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no panic").expect("confirmed");
    }
    assert_eq!(world.balance(volunteer).await, (1080, 80, 0), "18 hours, and 8 points a day");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn one_person_is_in_one_place(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let volunteer = world.volunteer("赵敏").await;
    let shift = |from: &str, to: &str| {
        let mut details = service(volunteer, "patrol", "2026-11-20", 60, Evidence::Kiosk);
        let at = |time: &str| Some(crate::world::at(&format!("2026-11-20T{time}:00+08:00")));
        (details.started_at, details.ended_at, details.minutes) = (at(from), at(to), None);
        details
    };
    let staff = operator(Role::Staff);
    let put = async |details| services::put(&world.scheme, Uuid::now_v7(), details, &staff, world.now()).await;
    let (first, _) = put(shift("08:00", "10:00")).await.expect("recorded");
    assert_eq!(first.minutes, 120);
    for (from, to) in [("09:59", "11:00"), ("07:00", "08:01"), ("08:30", "09:00"), ("07:00", "11:00")] {
        let refused = put(shift(from, to)).await;
        assert!(matches!(refused, Err(ServiceError::Overlapping { other }) if other == first.id), "{from} to {to}");
    }
    put(shift("10:00", "11:00")).await.expect("one after the other");
    let (again, replayed) =
        services::put(&world.scheme, first.id, shift("08:00", "10:00"), &staff, world.now()).await.expect("the same");
    assert_eq!((again, replayed), (first.clone(), true));
    let other = services::put(&world.scheme, first.id, shift("08:00", "09:00"), &staff, world.now()).await;
    assert!(matches!(other, Err(ServiceError::IdTaken { field }) if field == "ended_at"));
}

#[rstest]
#[tokio::test]
async fn the_statement_runs_back_to_nothing_and_any_balance_can_be_seen_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let volunteer = world.volunteer("周爷爷").await;
    let soap = world.good(10, 9).await;
    let mut balances = Vec::new();
    for (place, on) in ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19"].iter().enumerate() {
        world.serve(volunteer, "elderly_care", on, 60 + place as i64 * 30).await;
        let wish = Wish {
            id: Uuid::now_v7(),
            volunteer_id: volunteer,
            reward_id: soap,
            quantity: 1,
            station: None,
            session_id: None,
            collect_now: place % 2 == 0,
            beneficiary: None,
            bill: None,
        };
        let kiosk = operator(Role::Kiosk);
        exchanges::exchange(&world.scheme, wish.clone(), &kiosk, world.now()).await.expect("exchanged");
        if place == 1 {
            exchanges::cancel(&world.scheme, wish.id, Some("改主意"), &kiosk, world.now()).await.expect("cancelled");
        }
        balances.push(scheme::balances::balance(&world.scheme, volunteer, world.now()).await.expect("a balance"));
    }
    let (mut position, mut lines) = (None, Vec::new());
    loop {
        let (page, next) = statements::statement(&world.scheme, volunteer, position, 2).await.expect("a page");
        lines.extend(page);
        position = next;
        if position.is_none() {
            break;
        }
    }
    assert_eq!(lines.len(), 9);
    let (minutes, available, held) = world.balance(volunteer).await;
    assert_eq!(held, 10);
    assert_eq!((lines[0].balance_minutes, lines[0].balance_points), (minutes, available));
    for pair in lines.windows(2) {
        assert_eq!(pair[0].balance_minutes - pair[0].minutes, pair[1].balance_minutes);
        assert_eq!(pair[0].balance_points - pair[0].points, pair[1].balance_points);
    }
    let first = lines.last().expect("a line");
    assert_eq!((first.balance_minutes, first.balance_points), (first.minutes, first.points));
    for balance in balances {
        let then = scheme::balances::balance_as_of(&world.scheme, volunteer, balance.as_of).await.expect("a balance");
        assert_eq!(then, balance);
    }
}

#[tokio::test]
async fn a_key_serves_its_station_only() {
    let kiosk = Operator { station: Some("main".to_owned()), ..operator(Role::Kiosk) };
    assert!(kiosk.serves("main") && !kiosk.serves("party-centre"));
}
