//! Points into goods and services: Huangshan, Huangshi, Luohe, Zhuowan, Huangyan.

use super::harness::{Deed, Published, wish};
use db::Engine;
use rstest::rstest;
use scheme::exchanges::{ExchangeError, Wish};
use uuid::Uuid;

/// Whoever earned so many points for a single deed out of a range, or several.
async fn with_points(scheme: &Published, category: &'static str, points: i64, at_most: i64) -> Uuid {
    let volunteer = scheme.volunteer().await;
    let mut left = points;
    while left > 0 {
        let part = left.min(at_most);
        scheme.earn(Deed::service(volunteer, category, 60).decided(part)).await;
        left -= part;
    }
    assert_eq!(scheme.has(volunteer).await.1, points);
    volunteer
}

#[rstest]
#[tokio::test]
async fn huangshan_s_points_last_three_years_and_the_hours_for_ever(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let huangshan = Published::open(engine, "huangshan", "2020-06-01").await;
    let (early, late) = (huangshan.volunteer().await, huangshan.volunteer().await);
    for volunteer in [early, late] {
        assert_eq!(huangshan.earn(Deed::service(volunteer, "service", 600)).await, (600, 10));
    }
    let soap = huangshan.world.good(10, 1).await;
    huangshan.today("2023-05-31");
    huangshan.exchange(early, soap).await.expect("22.1");
    assert_eq!(huangshan.has(early).await, (600, 0), "22.4: 时长不变");
    let empty = huangshan.exchange(late, soap).await;
    assert!(matches!(empty, Err(ExchangeError::OutOfStock { needed: 1, available: 0 })), "22.5: {empty:?}");
    let other = huangshan.world.good(10, 1).await;
    huangshan.today("2023-06-02");
    let expired = huangshan.exchange(late, other).await;
    assert!(matches!(expired, Err(ExchangeError::InsufficientPoints { available: 0, .. })), "22.2: {expired:?}");
    scheme::expiry::run(&huangshan.world.scheme, huangshan.world.now()).await.expect("it runs");
    assert_eq!(huangshan.has(late).await, (600, 0), "22.2: 时长长期保留");
    huangshan.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn huangshi_s_points_end_with_the_year(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let huangshi = Published::open(engine, "huangshi", "2023-12-30").await;
    let (early, late) = (huangshi.volunteer().await, huangshi.volunteer().await);
    for volunteer in [early, late] {
        assert_eq!(huangshi.earn(Deed::service(volunteer, "patrol", 300)).await, (300, 5));
    }
    let soap = huangshi.world.good(5, 2).await;
    huangshi.world.set("2023-12-31T15:58:00Z");
    huangshi.exchange(early, soap).await.expect("23.3: 12 月 31 日 23:58");
    huangshi.world.set("2023-12-31T16:00:00Z");
    let expired = huangshi.exchange(late, soap).await;
    assert!(matches!(expired, Err(ExchangeError::InsufficientPoints { available: 0, .. })), "23.4: {expired:?}");
    huangshi.earn(Deed::service(late, "patrol", 120)).await;
    assert_eq!(huangshi.has(late).await, (420, 2), "23.5");
    let cheap = huangshi.world.good(2, 1).await;
    huangshi.exchange(late, cheap).await.expect("23.5");
    huangshi.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn luohe_gives_silver_for_fifty_and_gold_for_a_hundred(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let luohe = Published::open(engine, "luohe-shizhi", "2020-06-01").await;
    let silver = luohe.world.good(50, 9).await;
    let gold = luohe.world.good(100, 9).await;
    let with = async |points| with_points(&luohe, "poverty_relief", points, 50).await;
    let volunteer = with(49).await;
    let refused = luohe.exchange(volunteer, silver).await;
    assert!(
        matches!(refused, Err(ExchangeError::InsufficientPoints { needed: 50, available: 49 })),
        "26.1: {refused:?}"
    );
    let volunteer = with(50).await;
    luohe.exchange(volunteer, silver).await.expect("26.2");
    assert_eq!(luohe.has(volunteer).await.1, 0, "26.2");
    let volunteer = with(120).await;
    luohe.exchange(volunteer, gold).await.expect("26.3");
    assert_eq!(luohe.has(volunteer).await.1, 20, "26.3");
    let volunteer = with(100).await;
    luohe.exchange_as(Wish { quantity: 2, ..wish(volunteer, silver) }).await.expect("26.5");
    assert_eq!(luohe.has(volunteer).await.1, 0, "26.5");
    luohe.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn zhuowan_gives_a_bag_of_rice_for_forty_four(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let zhuowan = Published::open(engine, "anlu-zhuowan", "2023-06-01").await;
    let rice = zhuowan.world.good(44, 9).await;
    let with = async |points| with_points(&zhuowan, "night_patrol", points, 20).await;
    let volunteer = with(100).await;
    zhuowan.exchange(volunteer, rice).await.expect("27.1");
    assert_eq!(zhuowan.has(volunteer).await.1, 56, "27.1");
    let volunteer = with(43).await;
    let refused = zhuowan.exchange(volunteer, rice).await;
    assert!(
        matches!(refused, Err(ExchangeError::InsufficientPoints { needed: 44, available: 43 })),
        "27.2: {refused:?}"
    );
    let volunteer = with(88).await;
    zhuowan.exchange_as(Wish { quantity: 2, ..wish(volunteer, rice) }).await.expect("27.3");
    assert_eq!(zhuowan.has(volunteer).await.1, 0, "27.3");
    zhuowan.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn huangyan_counts_full_two_hours_of_the_year(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let huangyan = Published::open(engine, "huangyan", "2023-06-20").await;
    let earned = async |shifts: &[i64]| {
        let volunteer = huangyan.volunteer().await;
        for hours in shifts {
            huangyan.earn(Deed::service(volunteer, "service", hours * 60)).await;
        }
        huangyan.has(volunteer).await.1
    };
    assert_eq!(earned(&[10]).await, 5, "31.1");
    assert_eq!((earned(&[9]).await, earned(&[3, 3, 3]).await), (4, 4), "31.2");
    assert_eq!(earned(&[1, 1]).await, 1, "31.3: 按累计");
    assert_eq!((earned(&[3]).await, earned(&[3, 1]).await), (1, 2), "31.5: 余下的时间留待下次");
    huangyan.assert_verified().await;
}
