//! Readers' points: the libraries of Zhuhai and Zouping.

use super::harness::{Deed, Published};
use chrono::NaiveDate;
use db::Engine;
use rstest::rstest;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

#[rstest]
#[tokio::test]
pub async fn zhuhai_gives_for_loans_events_and_service(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let zhuhai = Published::open(engine, "zhuhai-lib", "2021-05-20").await;
    let reader = zhuhai.volunteer().await;
    assert_eq!(zhuhai.has(reader).await, (0, 1000), "初始 1000 分");
    let loan = |reader, count, on: &str| Deed::event(reader, "loan").count(count).on(day(on));
    assert_eq!(zhuhai.earn(loan(reader, 7, "2021-05-20")).await, (0, 60), "47.1");
    let other = zhuhai.volunteer().await;
    for (on, points) in [("2021-05-18", 60), ("2021-05-19", 60), ("2021-05-20", 0)] {
        assert_eq!(zhuhai.earn(loan(other, 6, on)).await, (0, points), "47.2: {on}");
    }
    assert_eq!(zhuhai.earn(Deed::service(reader, "volunteering", 110)).await, (110, 0), "47.3");
    assert_eq!(zhuhai.earn(Deed::service(reader, "volunteering", 240)).await, (240, 100), "47.4");
    let event = |on: &str| Deed::event(reader, "event").on(day(on));
    assert_eq!(zhuhai.earn(event("2021-05-16")).await, (0, 0), "47.5: 第 4 天");
    assert_eq!(zhuhai.earn(event("2021-05-17")).await, (0, 50), "第 3 天");
    let yesterday = Deed::service(reader, "volunteering", 240).on(day("2021-05-19"));
    assert_eq!(zhuhai.earn(yesterday).await, (240, 0), "当天录入");
    assert_eq!(zhuhai.earn(Deed::event(reader, "overdue").count(30)).await, (0, -50), "47.6");
    assert_eq!(zhuhai.earn(Deed::event(reader, "overdue").count(7)).await, (0, -14));
    zhuhai.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn zouping_gives_by_whole_hours_and_caps_by_the_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let zouping = Published::open(engine, "zouping-lib", "2021-05-20").await;
    let service = async |minutes| {
        let reader = zouping.volunteer().await;
        zouping.earn(Deed::service(reader, "volunteering", minutes)).await.1
    };
    assert_eq!(service(59).await, 0, "48.1");
    assert_eq!(service(150).await, 10, "48.2");
    assert_eq!(service(300).await, 20, "48.3");
    let reader = zouping.volunteer().await;
    assert_eq!(zouping.earn(Deed::event(reader, "loan").count(5)).await, (0, 3), "48.4");
    let gained = async |events: [&'static str; 2]| {
        let reader = zouping.volunteer().await;
        for event in events {
            zouping.earn(Deed::event(reader, event)).await;
        }
        zouping.has(reader).await.1 - 200
    };
    assert_eq!(gained(["sign_up", "attendance"]).await, 5, "48.5");
    assert_eq!(gained(["sign_up", "late"]).await, 2, "48.6");
    zouping.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn zouping_freezes_at_zero_and_thaws_by_service(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let zouping = Published::open(engine, "zouping-lib", "2021-05-20").await;
    let reader = zouping.volunteer().await;
    zouping.earn(Deed::event(reader, "overdue").count(192)).await;
    assert_eq!(zouping.has(reader).await.1, 8);
    assert_eq!(zouping.earn(Deed::event(reader, "no_show")).await, (0, -8), "48.7: 扣到 0 为止");
    assert_eq!((zouping.has(reader).await.1, zouping.is_frozen(reader).await), (0, true), "48.7: 到 0 即冻结");
    zouping.earn(Deed::service(reader, "volunteering", 60)).await;
    assert!(zouping.is_frozen(reader).await, "1 小时不解冻");
    let other = zouping.volunteer().await;
    for _ in 0..2 {
        zouping.earn(Deed::event(other, "overdue").count(100)).await;
    }
    assert!(zouping.is_frozen(other).await);
    zouping.earn(Deed::service(other, "volunteering", 120)).await;
    assert_eq!((zouping.has(other).await.1, zouping.is_frozen(other).await), (50, false), "48.8");
    // Or sixty days later, by itself.
    zouping.today("2021-07-18");
    scheme::expiry::run(&zouping.world.scheme, zouping.world.now()).await.expect("it runs");
    assert!(zouping.is_frozen(reader).await);
    zouping.today("2021-07-20");
    scheme::expiry::run(&zouping.world.scheme, zouping.world.now()).await.expect("it runs");
    assert_eq!((zouping.has(reader).await.1, zouping.is_frozen(reader).await), (50, false), "60 天自动解冻");
    zouping.assert_verified().await;
}
