//! Passbooks of many at once say what each says alone.

use crate::world::{World, ZIYANG, at, day, operator};
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::balances::BalanceError;
use scheme::passbooks::{self, passbook};
use scheme::statements::statement;
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn a_passbook_of_many_is_the_statement_of_each_from_its_first_day_to_its_last(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let mut people = Vec::new();
    for name in ["林秀英", "王建国", "陈䶮", "赵敏"] {
        people.push(world.volunteer(name).await);
    }
    let [lin, wang, chen, zhao] = people[..] else { panic!("four people") };
    // Booked in October, early in November in Shanghai, and later.
    for (moment, who, minutes) in [
        ("2026-10-20T02:00:00Z", lin, 60),
        ("2026-10-31T15:59:59Z", wang, 90),
        ("2026-10-31T16:00:00Z", lin, 120),
        ("2026-11-10T02:00:00Z", lin, 30),
        ("2026-11-22T02:00:00Z", chen, 60),
    ] {
        world.set(moment);
        world.serve(who, "environment", "2026-10-12", minutes).await;
    }
    let duplicate = world.volunteer("赵敏").await;
    world.serve(duplicate, "environment", "2026-10-12", 60).await;
    scheme::volunteers::merge(&world.scheme, duplicate, zhao, "同一人", &operator(Role::SchemeAdmin), world.now())
        .await
        .expect("merged");
    people.push(duplicate);

    let november = (day("2026-11-01"), day("2026-11-20"));
    let many = passbooks::passbooks(&world.scheme, &people, november).await.expect("passbooks");
    assert_eq!(many.iter().map(|one| one.volunteer.id).collect::<Vec<_>>(), people, "in their order");
    for (one, id) in many.iter().zip(&people) {
        assert_eq!(one, &passbook(&world.scheme, *id, november).await.expect("a passbook"));
        let (lines, _) = statement(&world.scheme, *id, None, 100).await.expect("a statement");
        let (first, last) = (at("2026-10-31T16:00:00Z"), at("2026-11-20T16:00:00Z"));
        let within = lines.into_iter().rev().filter(|line| line.recorded_at >= first && line.recorded_at < last);
        assert_eq!(one.lines, within.collect::<Vec<_>>());
        let change: i64 = one.lines.iter().map(|line| line.points).sum();
        assert_eq!(one.closing - one.opening, change);
    }
    let told: Vec<_> = many.iter().map(|one| (one.lines.len(), one.minutes)).collect();
    assert_eq!(told, [(2, 210), (0, 90), (0, 0), (0, 0), (0, 0)]);
    assert!(many[1].opening > 0 && many[1].opening == many[1].closing, "what stood before stands after");

    let nobody = Uuid::now_v7();
    let missing = passbooks::passbooks(&world.scheme, &[lin, nobody], november).await;
    assert!(matches!(missing, Err(BalanceError::VolunteerNotFound { id }) if id == nobody), "{missing:?}");
    assert_eq!(passbooks::passbooks(&world.scheme, &[], november).await.expect("of nobody"), []);
}
