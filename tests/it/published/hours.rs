//! Which hours count: Hailin, Huangshi, Changning, a university's certified hours.

use super::harness::{Deed, Published};
use chrono::NaiveDate;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::config::Gender;
use scheme::rules::Evidence;
use scheme::services;

#[rstest]
#[tokio::test]
pub async fn hailin_counts_two_hours_each_time(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let hailin = Published::open(engine, "hailin", "2026-05-20").await;
    let patrol = async |minutes| {
        let volunteer = hailin.volunteer().await;
        hailin.earn(Deed::service(volunteer, "patrol", minutes)).await
    };
    assert_eq!(patrol(180).await, (120, 2), "01.1");
    assert_eq!(patrol(60).await, (60, 1), "01.2");
    assert_eq!(patrol(90).await, (60, 1), "01.8: 不足 1 小时的部分舍去");
    let volunteer = hailin.volunteer().await;
    for _ in 0..2 {
        hailin.earn(Deed::service(volunteer, "patrol", 120)).await;
    }
    assert_eq!(hailin.has(volunteer).await, (240, 4), "01.3: 封顶按次，可累加");
    hailin.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn hailin_takes_back_what_was_complained_of(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let hailin = Published::open(engine, "hailin", "2026-05-20").await;
    let volunteer = hailin.volunteer().await;
    let id = hailin.record(&Deed::service(volunteer, "patrol", 120)).await.expect("recorded");
    hailin.confirm(id, None).await.expect("confirmed");
    assert_eq!(hailin.has(volunteer).await, (120, 2));
    hailin.reverse(id).await.expect("taken back");
    assert_eq!(hailin.has(volunteer).await, (0, 0), "01.4");
    // What is complained of before it is confirmed is rejected, and earns as little.
    let id = hailin.record(&Deed::service(volunteer, "patrol", 120)).await.expect("recorded");
    let reviewer = crate::world::operator(Role::Reviewer);
    let now = hailin.world.now();
    services::reject(&hailin.world.scheme, id, Some("未按要求行动"), &reviewer, now).await.expect("rejected");
    assert_eq!(hailin.has(volunteer).await, (0, 0), "01.4");
    hailin.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn hailin_pays_for_referrals_and_for_what_was_filed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let hailin = Published::open(engine, "hailin", "2026-05-20").await;
    let volunteer = hailin.volunteer().await;
    assert_eq!(hailin.earn(Deed::event(volunteer, "referral").count(2)).await, (0, 4), "01.5");
    assert_eq!(hailin.has(volunteer).await, (0, 4));
    let filed_nowhere = Deed::service(volunteer, "patrol", 120).not_filed();
    assert_eq!(hailin.earn(filed_nowhere).await, (120, 0), "01.6");
    hailin.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn huangshi_pays_for_own_sign_ins(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let huangshi = Published::open(engine, "huangshi", "2023-06-01").await;
    let volunteer = huangshi.volunteer().await;
    assert_eq!(huangshi.earn(Deed::service(volunteer, "patrol", 180)).await, (180, 3), "23.1");
    let honorary = Deed::service(volunteer, "patrol", 180).evidence(Evidence::BackFilled);
    assert_eq!(huangshi.earn(honorary).await, (180, 0), "23.2");
    assert_eq!(huangshi.has(volunteer).await, (360, 3));
    huangshi.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn changning_mints_two_coins_a_day(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let changning = Published::open(engine, "shanghai-changning", "2021-12-31").await;
    let care = |volunteer, minutes| Deed::service(volunteer, "elderly_care", minutes);
    let volunteer = provider(&changning, "1958-03-01", Gender::Male).await;
    assert_eq!(changning.earn(care(volunteer, 180)).await, (180, 2), "16.1");
    let volunteer = provider(&changning, "1958-03-01", Gender::Male).await;
    for _ in 0..2 {
        assert_eq!(changning.earn(care(volunteer, 60)).await, (60, 1));
    }
    assert_eq!(changning.has(volunteer).await.1, 2, "16.2");
    let old = provider(&changning, "1950-12-30", Gender::Male).await;
    assert_eq!(changning.earn(care(old, 60)).await, (60, 0), "16.4: 71 岁原则上不符合");
    let woman = provider(&changning, "1971-12-31", Gender::Female).await;
    assert_eq!(changning.earn(care(woman, 60)).await, (60, 1), "女性可放宽到 50 岁");
    let outsider = changning.volunteer_with(|details| details.birth_date = "1958-03-01".parse().ok()).await;
    assert_eq!(changning.earn(care(outsider, 60)).await, (60, 0), "非长宁户籍");
    changning.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn changning_lets_nobody_have_more_than_six_hundred_coins(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let changning = Published::open(engine, "shanghai-changning", "2021-12-31").await;
    let volunteer = provider(&changning, "1958-03-01", Gender::Male).await;
    let today: NaiveDate = "2021-12-30".parse().expect("a day");
    let care = Deed::service(volunteer, "elderly_care", 120);
    for days in 0..299 {
        assert_eq!(changning.earn(care.clone().on(today - chrono::Days::new(days))).await, (120, 2));
    }
    let half = today - chrono::Days::new(299);
    assert_eq!(changning.earn(care.clone().minutes(60).on(half)).await, (60, 1));
    assert_eq!(changning.has(volunteer).await.1, 599);
    assert_eq!(changning.earn(care).await, (120, 1), "16.3");
    assert_eq!(changning.has(volunteer).await.1, 600, "16.5: 按余额");
    changning.assert_verified().await;
}

async fn provider(changning: &Published, born: &str, gender: Gender) -> uuid::Uuid {
    changning
        .volunteer_with(|details| {
            details.birth_date = born.parse().ok();
            details.gender = Some(gender);
            details.residence = Some("上海市长宁区".to_owned());
            details.labels = ["trained".to_owned()].into();
        })
        .await
}

#[rstest]
#[tokio::test]
pub async fn a_university_certifies_half_hours_within_a_month(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let cup = Published::open(engine, "cup", "2025-04-01").await;
    let volunteer = cup.volunteer().await;
    for (minutes, certified, case) in
        [(570, 480, "40.1"), (480, 480, "40.2"), (150, 150, "40.3"), (140, 120, "40.5: 不足半小时舍去")]
    {
        assert_eq!(cup.earn(Deed::service(volunteer, "activity", minutes)).await, (certified, 0), "{case}");
    }
    let late: NaiveDate = "2025-02-28".parse().expect("a day");
    assert_eq!(cup.earn(Deed::service(volunteer, "activity", 120).on(late)).await, (0, 0), "40.4: 32 天后");
    let within_a_month: NaiveDate = "2025-03-02".parse().expect("a day");
    assert_eq!(cup.earn(Deed::service(volunteer, "activity", 120).on(within_a_month)).await, (120, 0));
    assert_eq!(cup.earn(Deed::service(volunteer, "activity", 120).not_filed()).await, (0, 0), "没有申请表");
    let before = cup.has(volunteer).await;
    let id = cup.record(&Deed::service(volunteer, "activity", 120)).await.expect("recorded");
    let reviewer = crate::world::operator(Role::Reviewer);
    let rejected =
        services::reject(&cup.world.scheme, id, Some("手册与附表人数不同"), &reviewer, cup.world.now()).await;
    assert_eq!(rejected.expect("rejected").service.status, services::Status::Rejected, "40.6");
    assert_eq!(cup.has(volunteer).await, before, "40.6");
    cup.assert_verified().await;
}
