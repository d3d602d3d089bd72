//! Corrections: the old record is taken back and another stands in its place, whatever became of the points meanwhile.

use crate::control::{CONTROLLED, confirm, confirmed, person, reviewer, scanned, second, staff, status};
use crate::world::World;
use db::Engine;
use futures::future::join_all;
use rstest::rstest;
use scheme::corrections::{
    self, Acceptance, Correction, CorrectionError, CorrectionFilter, CorrectionStatus, Proposed, Request,
};
use scheme::exchanges::{self, Wish};
use scheme::publicity::{self, NewObjection};
use scheme::services::{self, ServiceError, Status};
use scheme::{Operator, Role, statements};
use uuid::Uuid;

fn minutes(minutes: i64) -> Proposed {
    Proposed { minutes: Some(minutes), ..Proposed::default() }
}

async fn ask(world: &World, service_id: Uuid, proposed: Proposed) -> Result<Uuid, CorrectionError> {
    let (id, by) = (Uuid::now_v7(), person("一体机", Role::Kiosk));
    let request = Request { service_id, reason: "记错了".to_owned(), proposed };
    corrections::ask(&world.scheme, id, request, &by, world.now()).await.map(|_| id)
}

async fn accept(world: &World, id: Uuid, overdraw: bool, by: &Operator) -> Result<Correction, CorrectionError> {
    let acceptance = Acceptance { answer: "已核实", points: None, overdraw };
    corrections::accept(&world.scheme, id, acceptance, by, world.now()).await.map(|(correction, _)| correction)
}

async fn correct(world: &World, service: Uuid, proposed: Proposed) -> Uuid {
    let id = ask(world, service, proposed).await.expect("asked");
    let done = accept(world, id, false, &second()).await.expect("accepted");
    assert_eq!(done.status, CorrectionStatus::Done);
    done.new_service_id.expect("a new record")
}

async fn spend(world: &World, volunteer: Uuid, points: i64) {
    let reward = world.good(points, 1).await;
    buy(world, volunteer, reward).await.expect("handed over");
}

async fn buy(world: &World, volunteer_id: Uuid, reward_id: Uuid) -> Result<(), exchanges::ExchangeError> {
    let wish = Wish {
        id: Uuid::now_v7(),
        volunteer_id,
        reward_id,
        quantity: 1,
        station: None,
        session_id: None,
        collect_now: true,
        beneficiary: None,
        bill: None,
    };
    exchanges::exchange(&world.scheme, wish, &person("一体机", Role::Kiosk), world.now()).await.map(drop)
}

#[rstest]
#[tokio::test]
async fn a_record_that_was_too_short_is_corrected_though_its_points_are_spent(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let old = confirmed(&world, volunteer, "2026-11-20", 120).await;
    spend(&world, volunteer, 20).await;
    let new = correct(&world, old, minutes(180)).await;
    assert_eq!(world.balance(volunteer).await, (180, 10, 0));
    assert_eq!((status(&world, old).await, status(&world, new).await), (Status::Reversed, Status::Confirmed));
    let record = services::get(&world.scheme, new).await.expect("a record");
    assert_eq!((record.details.corrects, record.decided_by), (Some(old), Some(second().key_id)));
    let (lines, _) = statements::statement(&world.scheme, volunteer, None, 10).await.expect("a statement");
    let told: Vec<_> =
        lines.iter().map(|line| (line.kind.as_str(), line.document_id, line.corrects, line.corrected_by)).collect();
    assert_eq!(
        [told[0], told[1], told[3]],
        [
            ("service.confirmed", Some(new), Some(old), None),
            ("service.reversed", Some(old), None, Some(new)),
            ("service.confirmed", Some(old), None, Some(new)),
        ]
    );
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn points_that_move_to_another_last_day_leave_nothing_below_zero(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let old = confirmed(&world, volunteer, "2026-10-08", 120).await;
    spend(&world, volunteer, 15).await;
    let proposed = Proposed { occurred_on: Some("2026-11-20".parse().expect("a day")), ..Proposed::default() };
    correct(&world, old, proposed).await;
    assert_eq!(world.balance(volunteer).await, (120, 5, 0));
    let soap = world.good(5, 1).await;
    buy(&world, volunteer, soap).await.expect("what is there can be spent");
    let more = world.good(1, 1).await;
    assert!(buy(&world, volunteer, more).await.is_err(), "and nothing else");
    assert_eq!(world.balance(volunteer).await, (120, 0, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_record_that_was_too_long_takes_what_is_left_or_says_what_is_missing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let old = confirmed(&world, volunteer, "2026-11-20", 180).await;
    spend(&world, volunteer, 15).await;
    let id = ask(&world, old, minutes(60)).await.expect("asked");
    let refused = accept(&world, id, false, &second()).await;
    assert!(
        matches!(
            refused,
            Err(CorrectionError::Service(ServiceError::InsufficientPoints { needed: 20, available: 15 }))
        ),
        "{refused:?}"
    );
    assert_eq!((world.balance(volunteer).await, status(&world, old).await), ((180, 15, 0), Status::Confirmed));
    let half = ask(&world, old, minutes(90)).await.expect("asked");
    accept(&world, half, false, &second()).await.expect("15 of 30 points are left");
    assert_eq!(world.balance(volunteer).await, (90, 0, 0));
    let again = accept(&world, id, false, &second()).await;
    let is_gone =
        matches!(again, Err(CorrectionError::Service(ServiceError::StateConflict { status: Status::Reversed })));
    assert!(is_gone, "{again:?}");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn below_zero_only_on_purpose(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let old = confirmed(&world, volunteer, "2026-11-20", 180).await;
    spend(&world, volunteer, 25).await;
    let id = ask(&world, old, minutes(60)).await.expect("asked");
    accept(&world, id, true, &second()).await.expect("accepted");
    assert_eq!(world.balance(volunteer).await, (60, -15, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn the_old_record_takes_nothing_of_the_cap_from_the_new_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let old = confirmed(&world, volunteer, "2026-11-20", 180).await;
    confirmed(&world, volunteer, "2026-11-20", 60).await;
    assert_eq!(world.balance(volunteer).await, (240, 40, 0), "the cap of the day is full");
    spend(&world, volunteer, 40).await;
    let new = correct(&world, old, Proposed { title: Some("夜间巡逻".to_owned()), ..Proposed::default() }).await;
    assert_eq!(world.balance(volunteer).await, (240, 0, 0));
    let newer = correct(&world, new, minutes(200)).await;
    assert_eq!((world.balance(volunteer).await, status(&world, newer).await), ((260, 0, 0), Status::Confirmed));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_was_not_confirmed_is_rejected_and_the_new_record_waits(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let old = scanned(&world, volunteer, "patrol", "2026-11-20", 60).await;
    let new = correct(&world, old, minutes(90)).await;
    assert_eq!((status(&world, old).await, status(&world, new).await), (Status::Rejected, Status::Recorded));
    assert_eq!(world.balance(volunteer).await, (0, 0, 0));
    confirm(&world, new, &reviewer()).await.expect("confirmed as any other");
    assert_eq!(world.balance(volunteer).await, (90, 15, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn one_of_two_answers_counts_and_an_objection_comes_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let old = confirmed(&world, volunteer, "2026-11-20", 60).await;
    let id = ask(&world, old, minutes(90)).await.expect("asked");
    let empty = corrections::refuse(&world.scheme, id, " ", &second(), world.now()).await;
    assert!(matches!(empty, Err(CorrectionError::Service(ServiceError::Invalid(_)))), "an answer says something");
    for by in [staff(), person("李登记", Role::Reviewer), person("一体机", Role::Reviewer)] {
        let own = accept(&world, id, false, &by).await;
        let is_own =
            matches!(own, Err(CorrectionError::OwnRequest | CorrectionError::Service(ServiceError::OwnRecord)));
        assert!(is_own, "{by:?}: {own:?}");
    }
    let (third, fourth) = (person("孙", Role::Reviewer), person("周", Role::Reviewer));
    let refusing = corrections::refuse(&world.scheme, id, "不属实", &third, world.now());
    let (accepted, refused) = tokio::join!(accept(&world, id, false, &fourth), refusing);
    assert_ne!(accepted.is_ok(), refused.is_ok(), "{accepted:?} {refused:?}");
    let published = scanned(&world, volunteer, "elderly_care", "2026-11-19", 60).await;
    confirm(&world, published, &reviewer()).await.expect("checked");
    let details = NewObjection { content: "不在".to_owned(), objector: None, volunteer_id: None };
    publicity::object(&world.scheme, published, Uuid::now_v7(), details, &staff(), world.now()).await.expect("taken");
    let id = ask(&world, published, minutes(30)).await.expect("asked all the same");
    assert!(matches!(accept(&world, id, false, &second()).await, Err(CorrectionError::ObjectionOpen)));
    let gone = ask(&world, Uuid::now_v7(), minutes(1)).await;
    assert!(matches!(gone, Err(CorrectionError::Service(ServiceError::ServiceNotFound { .. }))));
    let nothing = ask(&world, published, Proposed::default()).await;
    assert!(matches!(nothing, Err(CorrectionError::Service(ServiceError::Invalid(_)))));
    world.set("2026-12-31T02:00:00Z");
    let overdue = CorrectionFilter { overdue: true, ..CorrectionFilter::default() };
    let list = corrections::list(&world.scheme, &overdue, None, 10, world.now()).await.expect("a list");
    assert_eq!(list.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    for (about, count) in crate::publicity::cuts() {
        let asked = CorrectionFilter { about, service_id: Some(published), ..CorrectionFilter::default() };
        let list = corrections::list(&world.scheme, &asked, None, 10, world.now()).await.expect("a list");
        assert_eq!(list.len(), count, "{asked:?}");
    }
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_correction_that_was_interrupted_is_brought_to_its_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    for reversed in [false, true] {
        let day = if reversed { "2026-11-19" } else { "2026-11-20" };
        let old = confirmed(&world, volunteer, day, 60).await;
        let id = ask(&world, old, minutes(120)).await.expect("asked");
        // As the first transaction of whoever died leaves it.
        let new = Uuid::now_v7();
        let record = services::get(&world.scheme, old).await.expect("a record").details;
        let details = services::ServiceDetails { minutes: Some(120), corrects: Some(old), ..record };
        let kiosk = person("一体机", Role::Kiosk);
        services::put(&world.scheme, new, details, &kiosk, world.now()).await.expect("recorded");
        let mut tx = world.db.begin_write().await.expect("a transaction");
        tx.query(
            "UPDATE corrections SET status = 'accepted', answer = '已核实', answered_by = $2, answered_at = 1,
                    new_service_id = $3 WHERE id = $1",
        )
        .bind(id)
        .bind(reviewer().key_id)
        .bind(new)
        .execute()
        .await
        .expect("accepted");
        tx.commit().await.expect("committed");
        if reversed {
            services::reverse(&world.scheme, old, None, false, &reviewer(), world.now()).await.expect("reversed");
        }
        let other = World::on(world.db.clone(), CONTROLLED).await;
        let runs = join_all([&world, &other].map(|world| corrections::run(&world.scheme, world.now()))).await;
        assert!(runs.iter().all(Result::is_ok), "{runs:?}");
        assert_eq!((status(&world, old).await, status(&world, new).await), (Status::Reversed, Status::Confirmed));
        let done = corrections::get(&world.scheme, id).await.expect("a correction");
        assert_eq!(done.status, CorrectionStatus::Done);
    }
    assert_eq!(world.balance(volunteer).await, (240, 40, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn whoever_spends_meanwhile_never_has_less_than_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let old = confirmed(&world, volunteer, "2026-10-20", 120).await;
    confirmed(&world, volunteer, "2026-11-20", 60).await;
    let reward = world.good(3, 20).await;
    let id = ask(&world, old, minutes(150)).await.expect("asked");
    let second = second();
    let buying = join_all((0..12).map(|_| buy(&world, volunteer, reward)));
    let (accepted, bought) = tokio::join!(accept(&world, id, false, &second), buying);
    accepted.expect("upward, whatever is spent");
    let bought = i64::try_from(bought.iter().filter(|bought| bought.is_ok()).count()).expect("few");
    assert_eq!(world.balance(volunteer).await, (210, 35 - 3 * bought, 0));
    world.assert_verified().await;
}
