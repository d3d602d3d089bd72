//! How points come about: Shenzhen, Nanhu, a university, Weihai.

use super::harness::{Deed, Published};
use chrono::NaiveDate;
use db::Engine;
use rstest::rstest;

#[rstest]
#[tokio::test]
pub async fn shenzhen_gives_two_points_for_every_fifty_hours(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let shenzhen = Published::open(engine, "shenzhen-ruhu", "2012-12-20").await;
    for (hours, points, case) in [(149, 4, "10.1"), (260, 10, "10.2"), (300, 10, "10.3")] {
        let volunteer = shenzhen.volunteer().await;
        let deed = Deed::service(volunteer, "volunteering", 0);
        assert_eq!(shenzhen.earn_over_days(&deed, hours * 60, 720).await, (hours * 60, points), "{case}");
    }
    let volunteer = shenzhen.volunteer().await;
    let long = shenzhen.earn(Deed::service(volunteer, "volunteering", 840)).await;
    assert_eq!(long, (720, 0), "10.7: 截为 12 小时");
    // Of the five years 2008 to 2012 only.
    let volunteer = shenzhen.volunteer().await;
    let before: NaiveDate = "2007-12-31".parse().expect("a day");
    for days in 0..5 {
        let day = before - chrono::Days::new(days);
        let early = Deed::service(volunteer, "volunteering", 720).on(day);
        assert_eq!(shenzhen.earn(early).await, (720, 0), "五年以前的不计");
    }
    shenzhen.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn shenzhen_caps_service_blood_and_gifts_together(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let shenzhen = Published::open(engine, "shenzhen-ruhu", "2011-12-20").await;
    let volunteer = shenzhen.volunteer().await;
    let service = Deed::service(volunteer, "volunteering", 0);
    assert_eq!(shenzhen.earn_over_days(&service, 6000, 720).await, (6000, 4));
    let mut blood = 0;
    for _ in 0..4 {
        blood += shenzhen.earn(Deed::event(volunteer, "blood")).await.1;
    }
    assert_eq!(blood, 6, "4 次 8 分，封顶 6 分");
    assert_eq!(shenzhen.earn(Deed::event(volunteer, "donation").count(2000)).await, (0, 0), "三项合计已满 10 分");
    assert_eq!(shenzhen.has(volunteer).await, (6000, 10), "10.4");
    let giver = shenzhen.volunteer().await;
    assert_eq!(shenzhen.earn(Deed::event(giver, "donation").count(2500)).await, (0, 4), "10.8: 按满千元");
    shenzhen.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn shenzhen_counts_the_highest_honour_only(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let shenzhen = Published::open(engine, "shenzhen-ruhu", "2015-06-01").await;
    for honours in [["five_stars", "top_hundred"], ["top_hundred", "five_stars"]] {
        let volunteer = shenzhen.volunteer().await;
        for honour in honours {
            shenzhen.earn(Deed::event(volunteer, honour)).await;
        }
        assert_eq!(shenzhen.has(volunteer).await, (0, 8), "10.6: {honours:?}");
    }
    shenzhen.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn nanhu_gives_so_much_for_each_kind_of_service(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let nanhu = Published::open(engine, "nanhu", "2016-10-01").await;
    let volunteer = nanhu.volunteer().await;
    assert_eq!(nanhu.earn(Deed::service(volunteer, "special_team", 90)).await, (90, 3), "33.1");
    assert_eq!(nanhu.earn(Deed::service(volunteer, "special_team", 90)).await, (90, 3));
    assert_eq!(nanhu.has(volunteer).await, (180, 6), "33.3");
    assert_eq!(nanhu.earn(Deed::event(volunteer, "bravery")).await, (0, 10), "33.2");
    assert_eq!(nanhu.earn(Deed::service(volunteer, "patrol", 60).not_filed()).await, (60, 0), "33.4");
    nanhu.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn a_university_weighs_hours_by_level(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let university = Published::open(engine, "univ-qinggong", "2025-03-10").await;
    let volunteer = university.volunteer().await;
    for (level, hours, tenths, case) in
        [("district", 1, 104, "38.1"), ("city", 2, 212, "38.2"), ("class", 3, 300, "38.3")]
    {
        let activity = Deed::service(volunteer, "activity", hours * 60).level(level);
        assert_eq!(university.earn(activity).await, (hours * 60, tenths), "{case}");
    }
    let volunteer = university.volunteer().await;
    for honour in ["four_stars", "excellent"] {
        university.earn(Deed::event(volunteer, honour)).await;
    }
    assert_eq!(university.has(volunteer).await, (0, 500), "38.6");
    for points in [100, 0] {
        assert_eq!(university.earn(Deed::event(volunteer, "half_star")).await, (0, points), "38.7: 认定一次");
    }
    university.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn a_university_pays_the_aided_beyond_fifty_hours(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let university = Published::open(engine, "univ-qinggong", "2025-03-10").await;
    let volunteer = university.volunteer_with(|details| details.labels = ["aided".to_owned()].into()).await;
    let activity = Deed::service(volunteer, "activity", 0).level("district");
    assert_eq!(university.earn_over_days(&activity, 3000, 600).await, (3000, 0), "38.5");
    assert_eq!(university.earn(activity.minutes(60)).await, (60, 40), "38.4");
    university.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn weihai_gives_less_the_more_there_is(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let weihai = Published::open(engine, "weihai-haibei", "2020-11-30").await;
    let adult = async || weihai.volunteer_with(|details| details.birth_date = "1990-01-01".parse().ok()).await;
    let volunteer = adult().await;
    let mut done = 0;
    for (hours, points, case) in [(20, 20, "46.1"), (80, 50, "46.2"), (200, 90, "46.3"), (240, 100, "46.4")] {
        weihai.earn_over_days(&Deed::service(volunteer, "service", 0), (hours - done) * 60, 720).await;
        done = hours;
        assert_eq!(weihai.has(volunteer).await, (hours * 60, points), "{case}");
    }
    let volunteer = adult().await;
    weihai.earn_over_days(&Deed::service(volunteer, "service", 0), 20 * 60, 600).await;
    weihai.earn(Deed::service(volunteer, "service", 60)).await;
    assert_eq!(weihai.has(volunteer).await.1, 20, "46.5: 不足一档单位的不计");
    weihai.earn(Deed::service(volunteer, "service", 60)).await;
    assert_eq!(weihai.has(volunteer).await.1, 21, "46.6");
    let young = weihai.volunteer_with(|details| details.birth_date = "2003-06-01".parse().ok()).await;
    assert_eq!(weihai.earn(Deed::service(young, "service", 600)).await, (600, 0), "46.7");
    weihai.assert_verified().await;
}
