//! Several books of account: Nanjing's time bank, Lanzhou's merit, Dinghai's three coins.

use super::harness::{Deed, Published, text_of};
use db::Engine;
use rstest::rstest;
use scheme::config::Scheme;

#[rstest]
#[tokio::test]
async fn nanjing_keeps_fifteen_hundred_hours_and_gives_the_rest_away(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nanjing = Published::open(engine, "nanjing", "2020-10-01").await;
    let volunteer = nanjing.volunteer().await;
    let care = Deed::service(volunteer, "elderly_care", 0);
    nanjing.earn_over_days(&care, 1499 * 60, 1440).await;
    assert_eq!(nanjing.account(volunteer, "time").await, 1499 * 60);
    assert_eq!(nanjing.earn(care.minutes(180)).await, (180, 0), "服务时长照记");
    assert_eq!(nanjing.pool("time").await, 120, "15.1: 溢出 2 小时进捐赠池");
    assert_eq!(nanjing.account(volunteer, "time").await, 1500 * 60, "15.1");
    nanjing.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn lanzhou_keeps_merit_apart_from_points(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let lanzhou = Published::open(engine, "lanzhou-cancer", "2017-10-01").await;
    let member = lanzhou.volunteer().await;
    assert_eq!((lanzhou.has(member).await.1, lanzhou.account(member, "merit").await), (100, 1), "54.1");
    let gift = lanzhou.world.good(30, 1).await;
    lanzhou.exchange(member, gift).await.expect("handed over");
    assert_eq!((lanzhou.has(member).await.1, lanzhou.account(member, "merit").await), (70, 1), "54.2");
    // Merit buys nothing: a rule by which it would is refused.
    let paying =
        text_of("lanzhou-cancer").replace("[[versions.exchange]]", "[[versions.exchange]]\npays_from = \"merit\"");
    let refused = Scheme::parse(&paying).expect_err("54.3");
    assert!(refused.to_string().contains("the account `merit` is not spendable"), "54.3: {refused}");
    let dear = lanzhou.world.good(71, 1).await;
    lanzhou.exchange(member, dear).await.expect_err("54.3: 贡献值不能补足积分");
    lanzhou.today("2017-12-31");
    assert_eq!(lanzhou.account(member, "merit").await, 1);
    lanzhou.today("2018-01-01");
    scheme::expiry::run(&lanzhou.world.scheme, lanzhou.world.now()).await.expect("it runs");
    assert_eq!(lanzhou.account(member, "merit").await, 0, "54.4, 54.5: 清零后不再回到 1");
    assert_eq!(lanzhou.has(member).await.1, 70, "54.4: 积分不清零");
    lanzhou.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn dinghai_s_three_coins_add_up_to_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let dinghai = Published::open(engine, "dinghai", "2019-12-20").await;
    let account = async |volunteer, account| dinghai.account(volunteer, account).await;
    let volunteer = dinghai.volunteer().await;
    dinghai.earn(Deed::service(volunteer, "service", 180)).await;
    assert_eq!((account(volunteer, "welfare").await, dinghai.has(volunteer).await.1), (3, 3), "55.1");
    let volunteer = dinghai.volunteer().await;
    dinghai.earn_over_days(&Deed::service(volunteer, "service", 0), 520 * 60, 1200).await;
    assert_eq!((account(volunteer, "welfare").await, dinghai.has(volunteer).await), (500, (31_200, 500)), "55.2");
    let volunteer = dinghai.volunteer().await;
    dinghai.earn(Deed::service(volunteer, "window", 120)).await;
    assert_eq!((account(volunteer, "knowledge").await, dinghai.has(volunteer).await.1), (20, 20), "55.3");
    dinghai.earn(Deed::service(volunteer, "window", 180)).await;
    assert_eq!(account(volunteer, "knowledge").await, 40, "55.5: 不满 2 小时的部分不计");
    let volunteer = dinghai.volunteer().await;
    dinghai.earn(Deed::event(volunteer, "book_gift").count(3)).await;
    dinghai.earn(Deed::event(volunteer, "lecture")).await;
    assert_eq!((account(volunteer, "knowledge").await, dinghai.has(volunteer).await.1), (80, 80), "55.4");
    dinghai.earn(Deed::event(volunteer, "touring")).await;
    assert_eq!((account(volunteer, "culture").await, dinghai.has(volunteer).await.1), (30, 110), "三币汇成乐币");
    dinghai.assert_verified().await;
}
