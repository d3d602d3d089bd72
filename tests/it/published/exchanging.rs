//! Points into goods and services: Huangshan, Huangshi, Luohe, Zhuowan, Huangyan.

use super::harness::{Deed, Published, wish};
use crate::world::operator;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::config::Relation;
use scheme::exchanges::{self, ExchangeError, Wish};
use scheme::rules::Beneficiary;
use uuid::Uuid;

fn is_not_eligible<T>(outcome: &Result<T, ExchangeError>, condition: &str) -> bool {
    matches!(outcome, Err(ExchangeError::NotEligible(ineligible)) if ineligible.condition == condition)
}

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
pub async fn huangshan_s_points_last_three_years_and_the_hours_for_ever(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let huangshan = Published::open(engine, "huangshan", "2020-06-01").await;
    let (early, late) = (huangshan.volunteer().await, huangshan.volunteer().await);
    for volunteer in [early, late] {
        assert_eq!(huangshan.earn(Deed::service(volunteer, "service", 600)).await, (600, 10));
    }
    let soap = huangshan.world.good(10, 1).await;
    huangshan.today("2023-05-31");
    let made = huangshan.exchange_as(Wish { collect_now: false, ..wish(early, soap) }).await.expect("22.1");
    assert_eq!(huangshan.has(early).await, (600, 0), "22.4: 时长不变");
    let (staff, now) = (operator(Role::Staff), huangshan.world.now());
    let back = exchanges::cancel(&huangshan.world.scheme, made.id, Some("误兑换"), &staff, now).await;
    assert!(matches!(back, Err(ExchangeError::NotRefundable)), "22.3: {back:?}");
    assert_eq!(huangshan.has(early).await, (600, 0), "22.3: 误操作也不退");
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
pub async fn huangshi_s_points_end_with_the_year(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
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
pub async fn luohe_gives_silver_for_fifty_and_gold_for_a_hundred(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let luohe = Published::open(engine, "luohe-shizhi", "2020-06-01").await;
    let silver = luohe.reward("cards", 50).await;
    let gold = luohe.reward("cards", 100).await;
    let with = async |points| with_points(&luohe, "poverty_relief", points, 50).await;
    let volunteer = with(49).await;
    let refused = luohe.exchange(volunteer, silver).await;
    assert!(
        matches!(refused, Err(ExchangeError::InsufficientPoints { needed: 50, available: 49, .. })),
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
    let volunteer = with(100).await;
    luohe.mark(volunteer, "dues_unpaid").await;
    let vetoed = luohe.exchange(volunteer, gold).await;
    assert!(is_not_eligible(&vetoed, "without_labels"), "26.4: {vetoed:?}");
    assert_eq!(luohe.has(volunteer).await.1, 100, "26.4");
    luohe.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn zhuowan_gives_a_bag_of_rice_for_forty_four(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let zhuowan = Published::open(engine, "anlu-zhuowan", "2023-06-01").await;
    let rice = zhuowan.reward("listed", 44).await;
    let with = async |points| with_points(&zhuowan, "night_patrol", points, 20).await;
    let volunteer = with(100).await;
    zhuowan.exchange(volunteer, rice).await.expect("27.1");
    assert_eq!(zhuowan.has(volunteer).await.1, 56, "27.1");
    let volunteer = with(43).await;
    let refused = zhuowan.exchange(volunteer, rice).await;
    assert!(
        matches!(refused, Err(ExchangeError::InsufficientPoints { needed: 44, available: 43, .. })),
        "27.2: {refused:?}"
    );
    let volunteer = with(88).await;
    zhuowan.exchange_as(Wish { quantity: 2, ..wish(volunteer, rice) }).await.expect("27.3");
    assert_eq!(zhuowan.has(volunteer).await.1, 0, "27.3");
    let (tissues, volunteer) = (zhuowan.reward("priced", 0).await, with(20).await);
    let bought = zhuowan.exchange_as(Wish { bill: Some(1200), ..wish(volunteer, tissues) }).await.expect("27.4");
    assert_eq!((bought.points, zhuowan.has(volunteer).await.1), (12, 8), "27.4");
    zhuowan.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn huangyan_counts_full_two_hours_of_the_year(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
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

#[rstest]
#[tokio::test]
pub async fn huangyan_hands_out_in_the_january_after(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let huangyan = Published::open(engine, "huangyan", "2023-06-20").await;
    let soap = huangyan.world.good(5, 9).await;
    let (ten, nine) = (huangyan.volunteer().await, huangyan.volunteer().await);
    for (volunteer, hours) in [(ten, 10), (nine, 9)] {
        huangyan.earn(Deed::service(volunteer, "service", hours * 60)).await;
    }
    let early = huangyan.exchange(ten, soap).await;
    assert!(matches!(early, Err(ExchangeError::OutsideWindow { .. })), "31.4: {early:?}");
    huangyan.today("2024-01-15");
    huangyan.exchange(ten, soap).await.expect("31.1");
    assert_eq!(huangyan.has(ten).await, (600, 0), "31.1");
    let poor = huangyan.exchange(nine, soap).await;
    assert!(matches!(poor, Err(ExchangeError::InsufficientPoints { needed: 5, available: 4, .. })), "31.2: {poor:?}");
    huangyan.today("2024-02-01");
    assert_eq!(huangyan.has(nine).await, (540, 0), "2023 年度的积分到此为止");
    huangyan.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn hailin_exchanges_once_a_quarter(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let hailin = Published::open(engine, "hailin", "2026-02-10").await;
    let volunteer = hailin.volunteer().await;
    hailin.earn(Deed::event(volunteer, "referral").count(5)).await;
    let (dear, cheap) = (hailin.world.good(6, 9).await, hailin.world.good(2, 9).await);
    hailin.exchange(volunteer, dear).await.expect("01.7");
    assert_eq!(hailin.has(volunteer).await, (0, 4), "01.7");
    let again = hailin.exchange(volunteer, cheap).await;
    assert!(matches!(again, Err(ExchangeError::LimitReached { .. })), "01.7: {again:?}");
    hailin.today("2026-04-01");
    hailin.exchange(volunteer, cheap).await.expect("下一季度");
    hailin.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn longquanyi_gives_service_for_hours_that_points_stand_behind(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let longquanyi = Published::open(engine, "longquanyi", "2016-06-01").await;
    let service = longquanyi.reward("free-service", 30).await;
    let (enough, short) = (longquanyi.volunteer().await, longquanyi.volunteer().await);
    for volunteer in [enough, short] {
        longquanyi.earn_over_days(&Deed::service(volunteer, "service", 0), 30 * 60, 600).await;
        assert_eq!(longquanyi.has(volunteer).await, (1800, 300));
    }
    longquanyi.exchange(enough, service).await.expect("02.5");
    assert_eq!(longquanyi.account(enough, "time").await, 0, "02.5: 服务后时长 0");
    assert_eq!(longquanyi.has(enough).await, (1800, 300), "服务时长照实保留，积分不扣");
    longquanyi.earn(Deed::event(short, "deduction").decided(-1)).await;
    let refused = longquanyi.exchange(short, service).await;
    assert!(is_not_eligible(&refused, "min_points_per_hour"), "02.6: {refused:?}");
    let more = longquanyi.exchange(enough, service).await;
    assert!(matches!(more, Err(ExchangeError::InsufficientPoints { available: 0, .. })), "不超过本人时长: {more:?}");
    longquanyi.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn shenzhen_asks_for_half_a_year(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let shenzhen = Published::open(engine, "shenzhen-ruhu", "2012-12-20").await;
    let application = shenzhen.reward("residence", 0).await;
    for (registered, months) in [("2012-07-20", 5), ("2012-06-20", 6)] {
        let volunteer = shenzhen.volunteer_with(|details| details.registered_on = registered.parse().ok()).await;
        let asked = shenzhen.exchange(volunteer, application).await;
        assert_eq!(is_not_eligible(&asked, "member_months"), months < 6, "10.5: {asked:?}");
        assert_eq!(asked.is_ok(), months >= 6, "10.5: {asked:?}");
    }
    shenzhen.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn nanjing_gives_care_to_the_old_and_no_cash(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let nanjing = Published::open(engine, "nanjing", "2020-10-01").await;
    let care = nanjing.reward("care", 2).await;
    let born = |day: &str| day.parse().ok();
    let forty = nanjing.volunteer_with(|details| details.birth_date = born("1980-03-01")).await;
    let sixty = nanjing.volunteer_with(|details| details.birth_date = born("1960-03-01")).await;
    let group = nanjing.volunteer_with(|details| details.kind = scheme::config::VolunteerKind::Group).await;
    for volunteer in [forty, sixty, group] {
        nanjing.earn(Deed::service(volunteer, "elderly_care", 300)).await;
    }
    let own = nanjing.exchange(group, care).await;
    assert!(is_not_eligible(&own, "volunteer_kinds"), "15.2: {own:?}");
    let own = nanjing.exchange(forty, care).await;
    assert!(is_not_eligible(&own, "min_age"), "15.3: {own:?}");
    let mother = Beneficiary { relation: Relation::Parent, birth_date: born("1955-01-01") };
    nanjing.exchange_as(Wish { beneficiary: Some(mother), ..wish(forty, care) }).await.expect("15.4");
    assert_eq!((nanjing.account(forty, "time").await, nanjing.has(forty).await.0), (180, 300), "15.4: 余额 −2 小时");
    nanjing.exchange(sixty, care).await.expect("满 60 岁可为本人");
    let cash = nanjing.reward("cash", 1).await;
    let refused = nanjing.exchange(sixty, cash).await;
    assert!(is_not_eligible(&refused, "prohibited"), "15.5: {refused:?}");
    nanjing.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn jinshan_takes_five_yuan_off_for_ten_coins(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let jinshan = Published::open(engine, "jinshan-park", "2025-10-15").await;
    let coupon = jinshan.reward("coupon", 10).await;
    let buy = async |volunteer, fen| {
        let bought = jinshan.exchange_as(Wish { bill: Some(fen), ..wish(volunteer, coupon) }).await;
        bought.map(|exchange| (exchange.points, exchange.price_cash.unwrap_or_default()))
    };
    let with = async |coins: i64| {
        let volunteer = jinshan.volunteer().await;
        jinshan.earn(Deed::service(volunteer, "service", coins * 60)).await;
        volunteer
    };
    for (fen, cash, case) in [(300, 1, "52.1"), (800, 300, "52.2"), (500, 1, "52.5")] {
        let volunteer = with(10).await;
        assert_eq!(buy(volunteer, fen).await.expect(case), (10, cash), "{case}");
        assert_eq!(jinshan.has(volunteer).await.1, 0, "{case}");
    }
    let volunteer = with(20).await;
    buy(volunteer, 300).await.expect("the first");
    let second = buy(volunteer, 300).await;
    assert!(matches!(second, Err(ExchangeError::LimitReached { .. })), "52.3: {second:?}");
    jinshan.today("2025-10-16");
    buy(volunteer, 300).await.expect("次日");
    let poor = buy(with(9).await, 300).await;
    assert!(matches!(poor, Err(ExchangeError::InsufficientPoints { needed: 10, available: 9, .. })), "52.4: {poor:?}");
    jinshan.assert_verified().await;
}
