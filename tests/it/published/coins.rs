//! Several books of account: Nanjing's time bank, Lanzhou's merit, Dinghai's three coins.

use super::harness::{Deed, Published, text_of};
use crate::world::operator;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::config::{Relation, Scheme, VolunteerKind};
use scheme::transfers::{self, Gift, Receiver, RequestDetails, TransferError};
use uuid::Uuid;

#[rstest]
#[tokio::test]
pub async fn nanjing_keeps_fifteen_hundred_hours_and_gives_the_rest_away(
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
pub async fn nanjing_gives_from_the_pool_to_those_who_live_alone_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nanjing = Published::open(engine, "nanjing", "2020-10-01").await;
    let (scheme, staff) = (&nanjing.world.scheme, operator(Role::SchemeAdmin));
    let group = nanjing.volunteer_with(|details| details.kind = VolunteerKind::Group).await;
    nanjing.earn(Deed::service(group, "elderly_care", 600)).await;
    let account = || Some("time".to_owned());
    let gift = |to, amount| Gift {
        id: Uuid::now_v7(),
        from: group,
        to,
        amount,
        account: account(),
        relation: Some(Relation::Parent),
        note: None,
    };
    let ordinary = nanjing.volunteer().await;
    let kept = transfers::transfer(scheme, gift(Receiver::Volunteer(ordinary), 60), &staff, nanjing.world.now()).await;
    assert!(matches!(kept, Err(TransferError::NotEligible(_))), "15.2: 只能捐赠: {kept:?}");
    transfers::transfer(scheme, gift(Receiver::Pool, 600), &staff, nanjing.world.now()).await.expect("15.2: 捐赠");
    assert_eq!(nanjing.pool("time").await, 600, "15.6: 捐赠池 10 小时");
    let alone = nanjing.volunteer_with(|details| details.labels = ["empty_nest".to_owned()].into()).await;
    let mut requests = Vec::new();
    for volunteer_id in [ordinary, alone] {
        let details = RequestDetails { volunteer_id, account: account(), amount: 600, reason: "独居".to_owned() };
        let asked = transfers::request(scheme, Uuid::now_v7(), details, &staff, nanjing.world.now()).await;
        requests.push(asked.expect("asked for").0.id);
    }
    let before = transfers::grant(scheme, requests[0], &staff, nanjing.world.now()).await;
    assert!(
        matches!(before, Err(TransferError::HigherPriorityFirst { first }) if first == requests[1]),
        "15.6: {before:?}"
    );
    transfers::grant(scheme, requests[1], &staff, nanjing.world.now()).await.expect("15.6: 优先重点空巢");
    assert_eq!((nanjing.account(alone, "time").await, nanjing.pool("time").await), (600, 0), "15.6");
    nanjing.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn lanzhou_keeps_merit_apart_from_points(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
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
pub async fn dinghai_s_three_coins_add_up_to_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
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
