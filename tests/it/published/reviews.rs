//! Yearly reviews: community volunteers, the selection of Bozhou, the best readers.

use super::harness::{Deed, Published};
use db::Engine;
use rstest::rstest;
use scheme::config::VolunteerKind;
use scheme::reviews::{self, Report};
use scheme::rules::reviews::Outcome;
use uuid::Uuid;

impl Published {
    async fn review(&self, year: i32, code: &str) -> Report {
        reviews::review(&self.world.scheme, year, code, self.world.now()).await.expect("a review")
    }
}

/// What became of somebody, and the condition that does not hold.
fn outcome(report: &Report, volunteer: Uuid) -> (Outcome, Option<String>) {
    let row = report.rows.iter().find(|row| row.volunteer_id == volunteer).expect("a candidate");
    (row.verdict.outcome, row.verdict.lack.as_ref().map(|lack| lack.what.to_owned()))
}

#[rstest]
#[tokio::test]
pub async fn community_volunteers_are_reviewed_after_half_a_year(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let community = Published::open(engine, "cn-community-reg", "2020-12-31").await;
    let registered = async |day: &str| {
        let day = day.parse().ok();
        community.volunteer_with(|details| details.registered_on = day).await
    };
    let (march, september, failed) =
        (registered("2020-03-15").await, registered("2020-09-15").await, registered("2019-01-01").await);
    community.mark(failed, "unsatisfactory").await;
    let report = community.review(2020, "yearly").await;
    assert_eq!(outcome(&report, march).0, Outcome::Selected, "57.1");
    assert_eq!(outcome(&report, september).0, Outcome::NotYet, "57.2: 当年不参加");
    assert_eq!(outcome(&report, failed), (Outcome::NotQualified, Some("without_labels".to_owned())), "57.4");
    assert!(report.review.ends_registration, "57.4: 下一年度不予注册");
    community.today("2021-12-31");
    assert_eq!(outcome(&community.review(2021, "yearly").await, september).0, Outcome::Selected, "57.2: 次年年末参加");
    assert_eq!(community.earn(Deed::service(failed, "service", 60)).await, (0, 0), "57.4: 不予注册，服务不记");
    assert_eq!(community.earn(Deed::service(march, "service", 60)).await, (60, 0));
    community.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn bozhou_selects_a_hundred_people_and_sound_organisations(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let bozhou = Published::open(engine, "bozhou", "2022-11-20").await;
    let born = async |day: &str| {
        let day = day.parse().ok();
        bozhou.volunteer_with(|details| details.birth_date = day).await
    };
    let served = async |volunteer, hours: i64, on: &str| {
        let on = on.parse().expect("a day");
        bozhou.earn(Deed::service(volunteer, "service", hours * 60).on(on)).await;
    };
    let (few, enough, late) = (born("1987-05-01").await, born("1987-05-01").await, born("1987-05-01").await);
    let (old, outstanding) = (born("1961-05-01").await, born("1961-05-01").await);
    bozhou.mark(outstanding, "outstanding").await;
    for (volunteer, hours) in [(few, 19), (enough, 20), (old, 20), (outstanding, 20), (late, 19)] {
        served(volunteer, hours, "2022-11-18").await;
    }
    served(late, 1, "2022-11-19").await;
    let report = bozhou.review(2022, "people").await;
    assert_eq!(outcome(&report, few).0, Outcome::NotQualified, "58.1");
    assert_eq!(outcome(&report, enough).0, Outcome::Selected, "58.2");
    assert_eq!(outcome(&report, old).0, Outcome::NotQualified, "61 岁");
    assert_eq!(outcome(&report, outstanding).0, Outcome::Selected, "58.3: 有突出贡献可放宽");
    assert_eq!(outcome(&report, late).0, Outcome::NotQualified, "11 月 18 日截止");
    // A hundred with more hours than one of the two; the hundred and first is beyond the quota.
    for _ in 0..99 {
        served(born("1987-05-01").await, 21, "2022-11-01").await;
    }
    served(outstanding, 1, "2022-11-01").await;
    let report = bozhou.review(2022, "people").await;
    assert_eq!((report.count(Outcome::Selected), report.count(Outcome::BeyondQuota)), (100, 1), "58.4");
    assert_eq!(outcome(&report, enough).0, Outcome::BeyondQuota, "58.4: 第 101 名");
    bozhou.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn bozhou_s_organisations_are_two_years_old(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let bozhou = Published::open(engine, "bozhou", "2022-11-20").await;
    let founded = async |day: &str| {
        let day = day.parse().ok();
        bozhou
            .volunteer_with(|details| {
                details.kind = VolunteerKind::Group;
                details.birth_date = day;
                details.labels = ["bylaws".to_owned(), "twenty_members".to_owned()].into();
            })
            .await
    };
    let (young, old) = (founded("2021-05-20").await, founded("2019-05-20").await);
    let report = bozhou.review(2022, "organisations").await;
    assert_eq!(outcome(&report, young), (Outcome::NotQualified, Some("min_age".to_owned())), "58.5");
    assert_eq!(outcome(&report, old).0, Outcome::Selected);
    bozhou.mark(old, "bad_record").await;
    let report = bozhou.review(2022, "organisations").await;
    assert_eq!(outcome(&report, old).0, Outcome::NotQualified, "不良记录");
    bozhou.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn zhuhai_s_best_readers_are_those_with_most_points_of_the_year(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let zhuhai = Published::open(engine, "zhuhai-lib", "2021-12-30").await;
    let mut readers = Vec::new();
    for books in 1..=21 {
        let reader = zhuhai.volunteer().await;
        zhuhai.earn(Deed::event(reader, "transfer_in").decided(books)).await;
        readers.push(reader);
    }
    let report = zhuhai.review(2021, "top-twenty").await;
    assert_eq!((report.count(Outcome::Selected), report.count(Outcome::BeyondQuota)), (20, 1));
    assert_eq!(outcome(&report, readers[0]).0, Outcome::BeyondQuota, "年度积分前 20 名");
    zhuhai.assert_verified().await;
}
