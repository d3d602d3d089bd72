//! Points that come back after their day: what the scheme says, over New Year and by several processes.

use crate::baskets::{back, basket, item, part};
use crate::exchange_rules::wish;
use crate::world::{World, operator};
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::exchanges::{self, Status};
use scheme::rewards::{Kind, RewardDetails};
use uuid::Uuid;

/// Points end with the year; what comes back later is dealt with as `policy` says.
fn toml(policy: &str) -> String {
    let base = crate::exchange_rules::toml("", "");
    // The account keeps for ever, the points do not.
    let base = base.replacen(
        "expiry = \"never\"\nrecording",
        "expiry = \"year_end\"\nexpiry_counts_from = \"service_date\"\nrecording",
        1,
    );
    if policy.is_empty() {
        return base;
    }
    format!("{base}\n[versions.exchange_policy]\nreturn_days = 60\npoints_back_after_expiry = {policy}\n")
}

impl World {
    async fn long_held(&self, price: i64, pieces: i64) -> Uuid {
        let kept =
            RewardDetails { hold_minutes: 60 * 24 * 60, price_points: price, ..crate::world::details(Kind::Good) };
        let reward = self.reward(kept).await;
        self.stock(reward, pieces).await;
        reward
    }

    async fn run_expiry(&self) -> (usize, usize) {
        let done = scheme::expiry::run(&self.scheme, self.now()).await.expect("it runs");
        (done.exchanges, done.lots)
    }
}

#[rstest]
#[case("", 0)]
#[case("\"lost\"", 0)]
#[case("{ extend_days = 10 }", 60)]
#[tokio::test]
async fn what_was_reserved_before_new_year_and_cancelled_after_it_comes_back_as_the_scheme_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] policy: &str,
    #[case] left: i64,
) {
    let world = World::new(engine, &toml(policy)).await;
    let volunteer = world.with_hours(10).await;
    let rice = world.long_held(60, 2).await;
    world.set("2026-12-31T15:59:00Z");
    let made = world.take(&wish(volunteer, rice)).await.expect("reserved a minute before the year ends");
    assert_eq!(world.run_expiry().await, (0, 0), "it is still the last day");
    world.set("2026-12-31T16:00:00Z");
    assert_eq!(world.run_expiry().await, (0, 1), "what is not held ends at midnight, local time");
    assert_eq!(world.balance(volunteer).await.1, 0);
    world.set("2027-01-05T02:00:00Z");
    world.cancel(made.id).await.expect("cancelled in the new year");
    world.run_expiry().await;
    assert_eq!(world.balance(volunteer).await, (600, left, 0));
    assert_eq!(world.on_shelf(rice).await, 2);
    world.set("2027-01-15T15:59:59Z");
    world.run_expiry().await;
    assert_eq!(world.balance(volunteer).await.1, left, "ten days more, the tenth included");
    world.set("2027-01-15T16:00:00Z");
    world.run_expiry().await;
    assert_eq!(world.balance(volunteer).await.1, 0);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_basket_collected_in_part_over_new_year_gives_back_the_rest_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let text = toml("{ extend_days = 10 }");
    let world = World::new(engine, &text).await;
    let volunteer = world.with_hours(10).await;
    let (rice, soap) = (world.long_held(30, 2).await, world.long_held(10, 3).await);
    world.set("2026-12-20T02:00:00Z");
    let made = world.fill(&basket(volunteer, vec![item(rice, 2), item(soap, 3)])).await.expect("reserved");
    world.hand_over(made.id, &part(&[(1, 1)])).await.expect("before New Year");
    world.set("2027-01-02T02:00:00Z");
    world.run_expiry().await;
    world.hand_over(made.id, &part(&[(2, 1)])).await.expect("after it: what is held can be collected");
    world.set("2027-02-18T01:59:59Z");
    assert_eq!(world.run_expiry().await.0, 0);
    world.set("2027-02-18T02:00:00Z");
    let other = World::on(world.db.clone(), &text).await;
    other.set("2027-02-18T02:00:00Z");
    let runs = (0..4).map(|number| if number % 2 == 0 { &world } else { &other }).map(World::run_expiry);
    futures::future::join_all(runs).await;
    let now = exchanges::get(&world.scheme, made.id).await.expect("it is there");
    assert_eq!(now.status, Status::Expired);
    assert_eq!(world.balance(volunteer).await, (600, 50, 0), "of nine, four were collected");
    let (now, _) = world
        .bring_back(made.id, &back(Some(&[(2, 1)])))
        .await
        .map_err(|error| error.to_string())
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(now.lines[1].returned, 1);
    assert_eq!(world.balance(volunteer).await.1, 60, "a return lives on, too");
    world.assert_verified().await;
}

/// Cancelling and expiring at once, from two processes: the points come back once.
#[rstest]
#[tokio::test]
async fn a_reservation_ends_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let text = toml("{ extend_days = 10 }");
    let world = World::new(engine, &text).await;
    let other = World::on(world.db.clone(), &text).await;
    let volunteer = world.with_hours(10).await;
    let rice = world.long_held(30, 2).await;
    world.set("2026-12-20T02:00:00Z");
    let made = world.take(&wish(volunteer, rice)).await.expect("reserved");
    world.set("2027-02-18T02:00:00Z");
    other.set("2027-02-18T02:00:00Z");
    let staff = operator(Role::Staff);
    let (cancelled, first, second) = tokio::join!(
        exchanges::cancel(&world.scheme, made.id, None, &staff, world.now()),
        world.run_expiry(),
        other.run_expiry(),
    );
    let _ = (first, second);
    let now = exchanges::get(&world.scheme, made.id).await.expect("it is there");
    assert_eq!(cancelled.is_ok(), now.status == Status::Cancelled, "{cancelled:?}");
    assert!(matches!(now.status, Status::Cancelled | Status::Expired));
    world.run_expiry().await;
    assert_eq!(world.balance(volunteer).await, (600, 30, 0));
    world.assert_verified().await;
}
