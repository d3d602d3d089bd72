//! Points into goods and services: nothing oversold, nothing paid twice.

use crate::world::{World, ZIYANG, at, details, operator};
use chrono::Duration;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::exchanges::{self, ExchangeError, Status, Wish};
use scheme::rewards::{self, Kind, Limit, Period, RewardDetails, Session};
use uuid::Uuid;

fn wish(volunteer_id: Uuid, reward_id: Uuid) -> Wish {
    Wish {
        id: Uuid::now_v7(),
        volunteer_id,
        reward_id,
        quantity: 1,
        station: None,
        session_id: None,
        collect_now: false,
        beneficiary: None,
        bill: None,
    }
}

impl World {
    async fn exchange(&self, wish: &Wish) -> Result<(exchanges::Exchange, bool), ExchangeError> {
        exchanges::exchange(&self.scheme, wish.clone(), &operator(Role::Kiosk), self.now()).await
    }

    /// A volunteer with `points` minor units, earned eight whole points a day.
    async fn rich(&self, points: i64) -> Uuid {
        let volunteer = self.volunteer("林秀英").await;
        for day in 0..points / 80 {
            let on = at("2026-09-01T00:00:00Z").date_naive() + chrono::Days::new(day as u64);
            self.serve(volunteer, "environment", &on.to_string(), 480).await;
        }
        assert_eq!(self.balance(volunteer).await.1, points);
        volunteer
    }
}

#[rstest]
#[tokio::test]
async fn a_haircut_is_reserved_collected_and_cannot_be_collected_twice(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let volunteer = world.rich(160).await;
    let haircut =
        world.reward(RewardDetails { name: "义剪".to_owned(), price_points: 50, ..details(Kind::Service) }).await;
    let session = Session {
        id: Uuid::now_v7(),
        reward_id: haircut,
        station: "main".to_owned(),
        starts_at: at("2026-11-29T01:00:00Z"),
        ends_at: at("2026-11-29T04:00:00Z"),
        seats: 2,
        ..Session::default()
    };
    rewards::put_session(&world.scheme, session.clone(), &operator(Role::SchemeAdmin), world.now())
        .await
        .expect("a session");
    let wish = Wish { session_id: Some(session.id), ..wish(volunteer, haircut) };
    let (exchange, replayed) = world.exchange(&wish).await.expect("reserved");
    assert!(!replayed);
    assert_eq!((exchange.status, exchange.points, exchange.queue_number), (Status::Reserved, 50, Some(1)));
    assert_eq!((exchange.balance_before, exchange.balance_after()), (Some(160), Some(110)));
    assert_eq!(exchange.expires_at, Some(session.ends_at));
    assert_eq!(world.balance(volunteer).await, (960, 110, 50));
    let (again, replayed) = world.exchange(&wish).await.expect("the same again");
    assert_eq!((again, replayed), (exchange.clone(), true));
    let other = Wish { quantity: 2, ..wish.clone() };
    assert!(matches!(world.exchange(&other).await, Err(ExchangeError::IdTaken { field }) if field == "quantity"));
    let wrong = exchanges::collect(&world.scheme, wish.id, Some("no"), &operator(Role::Staff), world.now()).await;
    assert!(matches!(wrong, Err(ExchangeError::Invalid(_))));
    let code = Some(exchange.pickup_code.as_str());
    let (collected, _) = exchanges::collect(&world.scheme, wish.id, code, &operator(Role::Staff), world.now())
        .await
        .expect("handed over");
    assert_eq!(collected.status, Status::Collected);
    let (_, replayed) =
        exchanges::collect(&world.scheme, wish.id, code, &operator(Role::Staff), world.now()).await.expect("once more");
    assert!(replayed);
    let cancelled = exchanges::cancel(&world.scheme, wish.id, None, &operator(Role::Staff), world.now()).await;
    assert!(matches!(cancelled, Err(ExchangeError::StateConflict { status: Status::Collected })));
    assert_eq!(world.balance(volunteer).await, (960, 110, 0));
    // One seat more than is booked can go, and not two.
    let smaller = Session { seats: 0, ..session.clone() };
    let refused = rewards::put_session(&world.scheme, smaller, &operator(Role::SchemeAdmin), world.now()).await;
    assert!(matches!(refused, Err(rewards::RewardError::OutOfStock { needed: 2, available: 1 })));
    let smaller = Session { seats: 1, ..session };
    let (_, left, _) =
        rewards::put_session(&world.scheme, smaller, &operator(Role::SchemeAdmin), world.now()).await.expect("smaller");
    assert_eq!(left, 0);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_is_not_collected_in_time_comes_back_by_itself(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let (volunteer, soap) = (world.rich(80).await, world.good(80, 1).await);
    let wish = wish(volunteer, soap);
    world.exchange(&wish).await.expect("reserved");
    assert_eq!(world.balance(volunteer).await, (480, 0, 80));
    world.pass(Duration::minutes(61));
    let late = exchanges::collect(&world.scheme, wish.id, None, &operator(Role::Staff), world.now()).await;
    assert!(matches!(late, Err(ExchangeError::StateConflict { status: Status::Expired })), "{late:?}");
    let expired = scheme::expiry::run(&world.scheme, world.now()).await.expect("it runs");
    assert_eq!(expired.exchanges, 0, "the late collection ended it");
    assert_eq!(world.balance(volunteer).await, (480, 80, 0));
    let (other, _) = world.exchange(&Wish { id: Uuid::now_v7(), ..wish.clone() }).await.expect("reserved anew");
    world.pass(Duration::minutes(61));
    assert_eq!(scheme::expiry::run(&world.scheme, world.now()).await.expect("it runs").exchanges, 1);
    let other = exchanges::get(&world.scheme, other.id).await.expect("it is there");
    assert_eq!(other.status, Status::Expired);
    assert_eq!(world.balance(volunteer).await, (480, 80, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_want_ten_pieces_and_ten_get_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    // A second process on the same database.
    let other = World::on(world.db.clone(), ZIYANG).await;
    let (volunteer, soap) = (world.rich(400).await, world.good(10, 10).await);
    let wishes: Vec<Wish> = (0..200).map(|_| wish(volunteer, soap)).collect();
    let tasks = wishes.iter().enumerate().map(|(place, wish)| {
        let scheme = if place % 2 == 0 { world.scheme.clone() } else { other.scheme.clone() };
        let (wish, now) = (wish.clone(), world.now());
        tokio::spawn(async move { exchanges::exchange(&scheme, wish, &operator(Role::Kiosk), now).await })
    });
    let (mut got, mut out) = (0, 0);
    for task in tasks.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok(_) => got += 1,
            Err(ExchangeError::OutOfStock { needed: 1, available: 0 }) => out += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((got, out), (10, 190));
    assert_eq!(world.balance(volunteer).await.1, 300);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn limits_windows_and_stars_refuse_in_the_stated_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let volunteer = world.rich(160).await;
    let limit = Some(Limit { uses: 1, per: Period::Quarter });
    let limited = world.reward(RewardDetails { limit, price_points: 10, ..details(Kind::Good) }).await;
    world.stock(limited, 5).await;
    world.exchange(&wish(volunteer, limited)).await.expect("the first in the quarter");
    let second = world.exchange(&wish(volunteer, limited)).await;
    assert!(matches!(second, Err(ExchangeError::LimitReached { needed: 1, available: 0 })));
    world.set("2027-01-02T02:00:00Z");
    world.exchange(&wish(volunteer, limited)).await.expect("a new quarter");
    let starred = world.reward(RewardDetails { min_star: Some(1), price_points: 10, ..details(Kind::Good) }).await;
    let empty = world.exchange(&wish(volunteer, starred)).await;
    assert!(matches!(empty, Err(ExchangeError::OutOfStock { .. })), "stock comes before eligibility: {empty:?}");
    world.stock(starred, 1).await;
    let refused = wish(volunteer, starred);
    let unmet = match world.exchange(&refused).await {
        Err(ExchangeError::NotEligible(unmet)) => unmet,
        other => panic!("{other:?}"),
    };
    assert_eq!((unmet.condition.as_str(), unmet.needed.as_str(), unmet.available.as_str()), ("min_star", "1", "0"));
    let until = Some("2026-12-31".parse().expect("a day"));
    let past = world.reward(RewardDetails { until, ..details(Kind::Service) }).await;
    assert!(matches!(world.exchange(&wish(volunteer, past)).await, Err(ExchangeError::OutsideWindow { .. })));
    let dear = world.reward(RewardDetails { price_points: 1_000, until, ..details(Kind::Service) }).await;
    let poor = world.exchange(&wish(volunteer, dear)).await;
    assert!(matches!(poor, Err(ExchangeError::InsufficientPoints { needed: 1_000, available: 140, .. })), "{poor:?}");
    world.assert_verified().await;
}
