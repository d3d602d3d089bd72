//! Publicity: nothing counts before it was shown, nothing that is objected to counts before it is answered, and nobody
//! decides over what they had a part in.

use crate::control::{CONTROLLED, confirm, days, person, recorded, reviewer, scanned, second, staff, status};
use crate::world::{World, service};
use db::Engine;
use futures::future::join_all;
use rstest::rstest;
use scheme::publicity::{self, NewObjection, ObjectionError, ObjectionFilter, ObjectionStatus, Verdict};
use scheme::rules::Evidence;
use scheme::services::About;
use scheme::services::{self, ServiceDetails, ServiceError, Status};
use scheme::volunteers::{self, VolunteerDetails};
use scheme::{Operator, Role};
use uuid::Uuid;

fn against(text: &str) -> NewObjection {
    NewObjection { content: text.to_owned(), objector: Some("刘邻居".to_owned()), volunteer_id: None }
}

async fn published(world: &World, volunteer: Uuid, minutes: i64) -> Uuid {
    let id = scanned(world, volunteer, "elderly_care", "2026-11-20", minutes).await;
    let decision = confirm(world, id, &reviewer()).await.expect("checked");
    assert_eq!(decision.service.status, Status::Published);
    id
}

async fn object(world: &World, service: Uuid) -> Result<Uuid, ObjectionError> {
    let id = Uuid::now_v7();
    let by = person("前台", Role::Kiosk);
    publicity::object(&world.scheme, service, id, against("当天不在"), &by, world.now()).await.map(|_| id)
}

async fn answer(
    world: &World,
    service: Uuid,
    id: Uuid,
    verdict: Verdict,
    by: &Operator,
) -> Result<ObjectionStatus, ObjectionError> {
    let done = publicity::answer(&world.scheme, service, id, verdict, "已核实", by, world.now()).await;
    done.map(|(objection, _)| objection.status)
}

async fn run(world: &World) -> publicity::Finality {
    publicity::run(&world.scheme, world.now()).await.expect("it runs")
}

/// How many are left of one that is about a record of November 2026, of no team and no unit.
pub fn cuts() -> [(About, usize); 5] {
    let day = |text: &str| Some(crate::world::day(text));
    let all = About::default();
    [
        (all.clone(), 1),
        (About { team: Some("patrol".to_owned()), ..all.clone() }, 0),
        (About { unit: Some("ziyang".to_owned()), ..all.clone() }, 0),
        (About { from: day("2026-11-01"), until: day("2026-11-30"), ..all.clone() }, 1),
        (About { from: day("2026-12-01"), ..all }, 0),
    ]
}

#[rstest]
#[tokio::test]
async fn a_checked_record_counts_after_three_working_days_at_midnight_of_the_scheme(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    // A Friday at noon in Shanghai: Monday, Tuesday and Wednesday are its days.
    world.set("2026-11-20T04:00:00Z");
    let id = published(&world, volunteer, 120).await;
    let decision = services::get_explained(&world.scheme, id).await.expect("a record");
    assert_eq!((decision.service.published_on, decision.service.final_on), (days("2026-11-20"), days("2026-11-26")));
    assert_eq!(decision.checks.iter().map(|check| check.key_id).collect::<Vec<_>>(), [reviewer().key_id]);
    assert_eq!(world.balance(volunteer).await, (0, 0, 0));
    assert!(confirm(&world, id, &reviewer()).await.expect("checked").replayed);
    world.set("2026-11-25T15:59:59Z");
    assert_eq!(run(&world).await, publicity::Finality::default());
    world.set("2026-11-25T16:00:00Z");
    assert_eq!(run(&world).await.confirmed, 1);
    assert_eq!(world.balance(volunteer).await, (120, 20, 0));
    let done = services::get(&world.scheme, id).await.expect("a record");
    assert_eq!((done.status, done.decided_by), (Status::Confirmed, Some(reviewer().key_id)), "in the checker's name");
    assert_eq!(run(&world).await, publicity::Finality::default());
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn an_objection_is_answered_by_somebody_without_a_part_in_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let (upheld, dismissed) = (published(&world, volunteer, 60).await, published(&world, volunteer, 90).await);
    let (one, other) = (object(&world, upheld).await.expect("taken"), object(&world, dismissed).await.expect("taken"));
    let same = publicity::object(&world.scheme, upheld, one, against("当天不在"), &staff(), world.now()).await;
    assert!(same.expect("the same").1);
    let differs = publicity::object(&world.scheme, upheld, one, against("别的"), &staff(), world.now()).await;
    assert!(matches!(differs, Err(ObjectionError::IdTaken { field: "content" })));
    for by in
        [staff(), person("李登记", Role::Reviewer), person("王审核", Role::SchemeAdmin), person("前台", Role::Reviewer)]
    {
        let refused = answer(&world, upheld, one, Verdict::Upheld, &by).await;
        let is_partial =
            matches!(refused, Err(ObjectionError::NotImpartial | ObjectionError::Service(ServiceError::OwnRecord)));
        assert!(is_partial, "{by:?}: {refused:?}");
    }
    let own = Operator { volunteer_id: Some(volunteer), ..second() };
    let refused = answer(&world, upheld, one, Verdict::Dismissed, &own).await;
    assert!(matches!(refused, Err(ObjectionError::Service(ServiceError::OwnService))));
    world.set("2026-12-03T02:00:00Z");
    assert_eq!(run(&world).await, publicity::Finality::default(), "not while an objection is open");
    let overdue = ObjectionFilter { overdue: true, ..ObjectionFilter::default() };
    let list = publicity::list_objections(&world.scheme, &overdue, None, 10, world.now()).await.expect("a list");
    assert_eq!(list.iter().map(|one| one.id).collect::<Vec<_>>(), [one, other]);
    for (about, count) in cuts() {
        let asked = ObjectionFilter { about, service_id: Some(upheld), ..ObjectionFilter::default() };
        let list = publicity::list_objections(&world.scheme, &asked, None, 10, world.now()).await.expect("a list");
        assert_eq!(list.len(), count, "{asked:?}");
    }
    assert!(matches!(object(&world, upheld).await, Err(ObjectionError::NotPublic { .. })), "too late");
    let status_of = answer(&world, upheld, one, Verdict::Upheld, &second()).await.expect("answered");
    assert_eq!((status_of, status(&world, upheld).await), (ObjectionStatus::Upheld, Status::Rejected));
    answer(&world, upheld, one, Verdict::Upheld, &second()).await.expect("the same again");
    let otherwise = answer(&world, upheld, one, Verdict::Dismissed, &second()).await;
    assert!(matches!(otherwise, Err(ObjectionError::Answered { status: ObjectionStatus::Upheld })));
    answer(&world, dismissed, other, Verdict::Dismissed, &second()).await.expect("answered");
    assert_eq!(status(&world, dismissed).await, Status::Published);
    assert_eq!(run(&world).await.confirmed, 1);
    assert_eq!(world.balance(volunteer).await, (90, 15, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn in_the_last_second_either_the_objection_or_the_end_of_publicity_wins(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let other = World::on(world.db.clone(), CONTROLLED).await;
    let mut ids = Vec::new();
    for number in 0..12 {
        let volunteer = world.volunteer(&format!("志愿者{number}")).await;
        ids.push(published(&world, volunteer, 60).await);
    }
    // One process is a second behind the other.
    world.set("2026-11-26T15:59:59Z");
    other.set("2026-11-26T16:00:00Z");
    let objections = join_all(ids.iter().map(|id| object(&world, *id)));
    let (objections, first, second) = tokio::join!(objections, run(&other), run(&other));
    let confirmed = first.confirmed + second.confirmed;
    let raised = objections.iter().filter(|raised| raised.is_ok()).count();
    assert_eq!(confirmed + raised, ids.len(), "{objections:?}");
    for (id, raised) in ids.iter().zip(&objections) {
        let expected = if raised.is_ok() { Status::Published } else { Status::Confirmed };
        assert_eq!(status(&world, *id).await, expected);
    }
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_posted_is_listed_and_keeps_nothing_else_out(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let (one, other) = (world.volunteer("王建国").await, world.volunteer("李娜").await);
    let earned = crate::control::confirmed(&world, one, "2026-11-20", 120).await;
    let event = ServiceDetails { minutes: None, ..service(one, "absence", "2026-11-20", 0, Evidence::LeaderConfirmed) };
    let absence = recorded(&world, event).await;
    assert_eq!(confirm(&world, absence, &reviewer()).await.expect("checked").service.status, Status::Published);
    let service = published(&world, other, 60).await;
    // What the deduction would be taken from is gone by then.
    services::reverse(&world.scheme, earned, Some("重复"), false, &second(), world.now()).await.expect("reversed");
    world.set("2026-11-27T02:00:00Z");
    let done = run(&world).await;
    assert_eq!((done.confirmed, done.failed), (1, 1));
    let failed = services::get(&world.scheme, absence).await.expect("a record");
    assert_eq!((failed.status, failed.final_failed.as_deref()), (Status::Published, Some("insufficient_points")));
    assert_eq!(status(&world, service).await, Status::Confirmed);
    services::reject(&world.scheme, absence, Some("无分可扣"), &second(), world.now()).await.expect("rejected");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn whoever_recorded_or_served_does_not_confirm_with_any_key(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let filled = recorded(&world, service(volunteer, "patrol", "2026-11-20", 60, Evidence::BackFilled)).await;
    let other_key = person("李登记", Role::Reviewer);
    assert!(matches!(confirm(&world, filled, &other_key).await, Err(ServiceError::OwnRecord)));
    let served = Operator { volunteer_id: Some(volunteer), ..reviewer() };
    assert!(matches!(confirm(&world, filled, &served).await, Err(ServiceError::OwnService)));
    let first = confirm(&world, filled, &reviewer()).await.expect("the first of two");
    assert_eq!((first.service.status, first.checks.len(), first.replayed), (Status::Recorded, 1, false));
    let again = confirm(&world, filled, &person("王审核", Role::SchemeAdmin)).await.expect("the same person");
    assert_eq!((again.service.status, again.checks.len(), again.replayed), (Status::Recorded, 1, true));
    let second = confirm(&world, filled, &second()).await.expect("the second");
    assert_eq!((second.service.status, second.checks.len()), (Status::Confirmed, 2));
    assert_eq!(world.balance(volunteer).await, (60, 10, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_leader_confirms_what_the_own_team_scanned_and_nothing_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let leader = Operator { team: Some("patrol".to_owned()), ..person("孙队长", Role::Leader) };
    let of_team = |team: &str, evidence| ServiceDetails {
        team: Some(team.to_owned()),
        ..service(volunteer, "patrol", "2026-11-20", 60, evidence)
    };
    for (details, may) in [
        (of_team("patrol", Evidence::SelfScan), true),
        (of_team("chess", Evidence::SelfScan), false),
        (of_team("patrol", Evidence::Kiosk), false),
        (of_team("patrol", Evidence::LeaderConfirmed), false),
        (ServiceDetails { team: None, ..of_team("", Evidence::SelfScan) }, false),
    ] {
        let id = recorded(&world, details).await;
        let done = confirm(&world, id, &leader).await;
        match may {
            true => assert_eq!(done.expect("confirmed").service.status, Status::Confirmed),
            false => {
                assert!(matches!(done, Err(ServiceError::NotConfirmer { .. })), "{done:?}");
                let rejected = services::reject(&world.scheme, id, None, &leader, world.now()).await;
                assert!(matches!(rejected, Err(ServiceError::NotConfirmer { .. })), "{rejected:?}");
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn the_public_sees_masked_names_and_no_digit_of_a_telephone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, CONTROLLED).await;
    let named = world.volunteer("王建国").await;
    let unnamed = Uuid::now_v7();
    let details = VolunteerDetails {
        name: "欧阳娜".to_owned(),
        phone: Some("13800138000".to_owned()),
        unit: Some("village-1".to_owned()),
        ..VolunteerDetails::default()
    };
    volunteers::put(&world.scheme, unnamed, details, None, world.now()).await.expect("registered");
    let (one, other) = (published(&world, named, 60).await, published(&world, unnamed, 30).await);
    let list = publicity::public(&world.scheme, None, None, None, 10).await.expect("a list");
    let mut ids: Vec<_> = list.iter().map(|record| record.id).collect();
    ids.sort();
    assert_eq!(ids, [one, other]);
    let of = |id| list.iter().find(|record| record.id == id).expect("it is listed");
    assert_eq!((of(one).name.as_str(), of(one).number_tail.as_deref()), ("王*国", Some("0001")));
    assert!(of(other).name.starts_with("志愿者") && of(other).number_tail.is_none());
    let text = format!("{list:?}");
    assert!(!text.contains("建国") && !text.contains("欧阳") && !text.contains("1380"), "{text}");
    let units = Some(vec!["village-1".to_owned()]);
    let of_village = publicity::public(&world.scheme, units, None, None, 10).await.expect("a list");
    assert_eq!(of_village.iter().map(|record| record.id).collect::<Vec<_>>(), [other]);
    let place = list.first().map(|first| (first.until.succ_opt().expect("a day"), first.id));
    let rest = publicity::public(&world.scheme, None, None, place, 10).await.expect("a page");
    assert_eq!(rest, list[1..]);
}

#[rstest]
#[tokio::test]
async fn what_is_changed_by_hand_is_found(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    let id = published(&world, volunteer, 60).await;
    world.set("2026-11-27T02:00:00Z");
    assert_eq!(run(&world).await.confirmed, 1);
    for (change, finding) in [
        ("UPDATE services SET final_on = '2026-11-20' WHERE id = $1", "it was published on other days"),
        ("UPDATE services SET decided_by = recorded_by WHERE id = $1", "decided_by is"),
        (
            "INSERT INTO objections (book, id, service_id, content, raised_by, raised_at, due_on, status)
             SELECT book, id, id, 'x', id, 0, '2026-11-27', 'open' FROM services WHERE id = $1",
            "the record counts, though the objection is open",
        ),
    ] {
        let mut tx = world.db.begin_write().await.expect("a transaction");
        tx.query(change).bind(id).execute().await.expect("changed by hand");
        tx.commit().await.expect("committed");
        let report = scheme::verify::verify(&world.scheme).await.expect("it can be verified");
        assert!(format!("{:?}", report.findings).contains(finding), "{finding}: {:?}", report.findings);
    }
}
