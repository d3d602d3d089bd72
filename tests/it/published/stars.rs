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
pub async fn longquanyi_asks_for_hours_and_points(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
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
pub async fn longquanyi_takes_a_star_with_the_hours(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
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
pub async fn longquanyi_deregisters_upon_the_fifth_absence_of_a_year(
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
pub async fn a_mark_goes_with_the_count_that_it_stands_for(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
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

/// The gift and the certificate of a step, on the shelf.
async fn gifts(zhangjiagang: &Published, step: &str) -> (Uuid, Uuid) {
    let gift = zhangjiagang.reward(&format!("gift-{step}"), 0).await;
    (gift, zhangjiagang.reward(&format!("certificate-{step}"), 0).await)
}

fn is_not_entitled<T>(outcome: &Result<T, ExchangeError>) -> bool {
    matches!(outcome, Err(ExchangeError::NotEligible(ineligible)) if ineligible.condition == "entitled_by")
}

#[rstest]
#[tokio::test]
pub async fn zhangjiagang_gives_a_star_its_gift_and_certificate(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    // 2014-12-01 is a Monday.
    let zhangjiagang = Published::open(engine, "zhangjiagang", "2014-11-28").await;
    let volunteer = zhangjiagang.volunteer().await;
    let service = Deed::service(volunteer, "service", 0);
    zhangjiagang.earn_over_days(&service, 29 * 60 + 30, 600).await;
    assert_eq!(zhangjiagang.step(volunteer, "stars").await, None, "03.1");
    let (mug, certificate) = gifts(&zhangjiagang, "one").await;
    let torch = zhangjiagang.reward("gift-one", 0).await;
    assert!(is_not_entitled(&zhangjiagang.exchange(volunteer, mug).await), "03.1");
    zhangjiagang.earn(service.minutes(30)).await;
    assert_eq!(zhangjiagang.step(volunteer, "stars").await.as_deref(), Some("one"), "03.2");
    zhangjiagang.today("2014-11-30");
    let sunday = zhangjiagang.exchange(volunteer, mug).await;
    assert!(matches!(sunday, Err(ExchangeError::OutsideWindow { .. })), "03.8: {sunday:?}");
    zhangjiagang.today("2014-12-01");
    zhangjiagang.exchange(volunteer, certificate).await.expect("03.2: 证书和勋章");
    zhangjiagang.exchange(volunteer, mug).await.expect("03.2: 马克杯或手电筒");
    let both = zhangjiagang.exchange(volunteer, torch).await;
    assert!(matches!(both, Err(ExchangeError::LimitReached { .. })), "03.2: 2 选 1: {both:?}");
    zhangjiagang.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn zhangjiagang_gives_gifts_anew_in_every_cycle(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let zhangjiagang = Published::open(engine, "zhangjiagang", "2014-12-01").await;
    let volunteer = zhangjiagang.volunteer().await;
    let (first, first_certificate) = gifts(&zhangjiagang, "one").await;
    let (fifth, fifth_certificate) = gifts(&zhangjiagang, "five").await;
    let hours = async |had: i64, has: i64| {
        zhangjiagang.earn_over_days(&Deed::service(volunteer, "service", 0), (has - had) * 60, 1440).await;
    };
    let step = async |ladder| zhangjiagang.step(volunteer, ladder).await.unwrap_or_default();
    let take = async |reward| zhangjiagang.exchange(volunteer, reward).await;
    hours(0, 299).await;
    assert_eq!(step("stars").await, "four", "03.3");
    hours(299, 300).await;
    assert_eq!(step("stars").await, "five", "03.4");
    for reward in [first, first_certificate, fifth, fifth_certificate] {
        take(reward).await.expect("03.4: 首轮");
    }
    take(first).await.expect_err("03.4: 首轮只有一次");
    hours(300, 330).await;
    take(first).await.expect("03.5: 再发一星奖品");
    let again = take(first_certificate).await;
    assert!(matches!(again, Err(ExchangeError::LimitReached { .. })), "03.5: 不再发证书勋章: {again:?}");
    assert_eq!(step("stars").await, "five", "03.5: 称号仍五星");
    take(fifth).await.expect_err("03.5: 第二轮五星奖品还没有到");
    hours(330, 600).await;
    take(fifth).await.expect("03.6: 第二轮五星奖品");
    assert_eq!(step("medals").await, "bronze", "03.6");
    hours(600, 1500).await;
    for round in 3..=5 {
        take(fifth).await.unwrap_or_else(|error| panic!("03.7: 第 {round} 轮: {error}"));
    }
    take(fifth).await.expect_err("03.7: 第五轮为止");
    assert_eq!(step("medals").await, "gold", "03.7");
    zhangjiagang.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn zhuhai_lends_as_many_books_as_the_balance_allows(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let zhuhai = Published::open(engine, "zhuhai-lib", "2021-05-20").await;
    for (balance, step, case) in
        [(601, "six", "47.7"), (600, "four", "600 分"), (201, "four", "201 分"), (200, "two", "47.8")]
    {
        let reader = zhuhai.volunteer().await;
        zhuhai.earn(Deed::event(reader, "damaged").count(5)).await;
        assert_eq!(zhuhai.has(reader).await.1, 0);
        zhuhai.earn(Deed::event(reader, "transfer_in").decided(balance)).await;
        assert_eq!(zhuhai.step(reader, "loans").await.as_deref(), Some(step), "{case}");
    }
    zhuhai.assert_verified().await;
}
