//! Stars that are had by reaching them: Longquanyi, Zhangjiagang, and what a reader may borrow in Zhuhai.

use super::harness::{Deed, Published};
use db::Engine;
use rstest::rstest;
use scheme::exchanges::ExchangeError;
use uuid::Uuid;

/// Whoever has so many hours, and ten points for each.
async fn with_hours(longquanyi: &Published, hours: i64) -> Uuid {
    let volunteer = longquanyi.volunteer().await;
    longquanyi.earn_over_days(&Deed::service(volunteer, "service", 0), hours * 60, 1440).await;
    assert_eq!(longquanyi.has(volunteer).await, (hours * 60, hours * 10));
    volunteer
}

#[rstest]
#[tokio::test]
async fn longquanyi_asks_for_hours_and_points(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let longquanyi = Published::open(engine, "longquanyi", "2016-12-01").await;
    let cases = [
        (50, 0, "one", "02.1: 50 小时，500 分"),
        (120, -300, "one", "02.2: 120 小时，900 分"),
        (200, 50, "two", "02.3: 200 小时，2050 分"),
        (1000, 500, "gold", "02.4: 1000 小时，10500 分"),
    ];
    for (hours, change, star, case) in cases {
        let volunteer = with_hours(&longquanyi, hours).await;
        if change != 0 {
            let category = if change > 0 { "bonus" } else { "deduction" };
            longquanyi.earn(Deed::event(volunteer, category).decided(change)).await;
        }
        assert_eq!(longquanyi.step(volunteer, "stars").await.as_deref(), Some(star), "{case}");
    }
    longquanyi.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn longquanyi_takes_a_star_with_the_hours(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let longquanyi = Published::open(engine, "longquanyi", "2016-12-01").await;
    let volunteer = with_hours(&longquanyi, 100).await;
    assert_eq!(longquanyi.step(volunteer, "stars").await.as_deref(), Some("two"));
    let service = longquanyi.reward("free-service", 2).await;
    longquanyi.exchange(volunteer, service).await.expect("02.7");
    assert_eq!(longquanyi.account(volunteer, "time").await, 98 * 60, "02.7");
    assert_eq!(longquanyi.step(volunteer, "stars").await.as_deref(), Some("one"), "02.7");
    longquanyi.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn longquanyi_deregisters_upon_the_fifth_absence_of_a_year(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let longquanyi = Published::open(engine, "longquanyi", "2016-12-01").await;
    let volunteer = with_hours(&longquanyi, 210).await;
    assert_eq!(longquanyi.step(volunteer, "stars").await.as_deref(), Some("three"));
    let absent = Deed::event(volunteer, "absence");
    let last_year = absent.clone().on("2015-12-31".parse().expect("a day"));
    longquanyi.earn(last_year).await;
    for _ in 0..4 {
        longquanyi.earn(absent.clone()).await;
    }
    let service = Deed::service(volunteer, "service", 60);
    assert_eq!(longquanyi.earn(service.clone()).await, (60, 10), "满 4 次还没有注销");
    let fifth = longquanyi.record(&absent).await.expect("recorded");
    longquanyi.confirm(fifth, None).await.expect("confirmed");
    assert_eq!(longquanyi.earn(service.clone()).await, (60, 0), "02.8: 注销注册身份");
    let reward = longquanyi.reward("free-service", 1).await;
    let refused = longquanyi.exchange(volunteer, reward).await;
    assert!(matches!(refused, Err(ExchangeError::NotEligible(_))), "02.8: {refused:?}");
    assert_eq!(longquanyi.step(volunteer, "stars").await.as_deref(), Some("three"), "02.8: 星级保留");
    // An absence that was none is taken back, and the registration with it.
    longquanyi.reverse(fifth).await.expect("taken back");
    assert_eq!(longquanyi.earn(service).await, (60, 10));
    longquanyi.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_mark_goes_with_the_count_that_it_stands_for(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let longquanyi = Published::open(engine, "longquanyi", "2016-12-01").await;
    let volunteer = with_hours(&longquanyi, 100).await;
    let misconduct = Deed::event(volunteer, "misconduct").decided(-100);
    let mut records = Vec::new();
    for (taken, star) in [(100, Some("one")), (200, Some("one")), (300, None), (400, None)] {
        let id = longquanyi.record(&misconduct).await.expect("recorded");
        longquanyi.confirm(id, misconduct.decided).await.expect("confirmed");
        records.push(id);
        assert_eq!(longquanyi.step(volunteer, "stars").await.as_deref(), star, "扣 {taken} 分");
    }
    // The third reached the limit; without the first, the fourth still does, and without the third it is not reached.
    longquanyi.reverse(records[0]).await.expect("taken back");
    assert_eq!(longquanyi.step(volunteer, "stars").await, None, "还扣着 300 分");
    longquanyi.reverse(records[2]).await.expect("taken back");
    assert_eq!(longquanyi.step(volunteer, "stars").await.as_deref(), Some("one"), "还扣着 200 分");
    longquanyi.reverse(records[1]).await.expect("taken back");
    longquanyi.reverse(records[3]).await.expect("taken back");
    assert_eq!(longquanyi.step(volunteer, "stars").await.as_deref(), Some("two"));
    longquanyi.assert_verified().await;
}
