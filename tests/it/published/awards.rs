//! Stars that are granted upon application: Guangdong, Fujian, Beijing, a university, community volunteers.

use super::harness::{Deed, Published};
use crate::world::operator;
use chrono::NaiveDate;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::config::{Applicant, VolunteerKind};
use scheme::levels::{self, Application, Award, BanRequest, LevelError};
use uuid::Uuid;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// An application for a star, by an organisation.
fn star(volunteer_id: Uuid, step: &str) -> Application {
    Application {
        id: Uuid::now_v7(),
        volunteer_id,
        ladder: "stars".to_owned(),
        step: step.to_owned(),
        body: None,
        applicant: Applicant::Organisation,
        published_from: None,
        note: None,
    }
}

impl Published {
    async fn grant(&self, application: Application) -> Result<Award, LevelError> {
        let by = operator(Role::SchemeAdmin);
        levels::grant(&self.world.scheme, application, &by, self.world.now()).await.map(|(award, _)| award)
    }

    /// Whoever served so many hours up to and with `until`.
    async fn served(&self, hours: i64, until: &str) -> Uuid {
        let volunteer = self.volunteer().await;
        self.serve_more(volunteer, hours, until).await;
        volunteer
    }

    async fn serve_more(&self, volunteer: Uuid, hours: i64, until: &str) {
        let (mut left, mut on) = (hours * 60, day(until));
        while left > 0 {
            self.earn(Deed::service(volunteer, "service", left.min(1440)).on(on)).await;
            (left, on) = (left - 1440, on - chrono::Days::new(1));
        }
    }

    async fn eligible(&self, volunteer: Uuid) -> Option<String> {
        self.on_ladder(volunteer, "stars").await.eligible.map(|step| step.code)
    }
}

#[rstest]
#[tokio::test]
pub async fn guangdong_grants_after_five_working_days(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    // 2015-06-08 and 2015-06-15 are Mondays.
    let guangdong = Published::open(engine, "guangdong-star", "2015-06-12").await;
    let volunteer = guangdong.served(300, "2015-06-01").await;
    let application = Application { published_from: Some(day("2015-06-08")), ..star(volunteer, "two") };
    let early = guangdong.grant(application.clone()).await;
    assert!(matches!(early, Err(LevelError::PublicityTooShort { needed: 5, available: 4 })), "07.2: {early:?}");
    assert_eq!(guangdong.step(volunteer, "stars").await, None, "达标只是资格");
    guangdong.today("2015-06-15");
    assert_eq!(guangdong.grant(application).await.expect("07.1").step, "two", "07.1");
    assert_eq!(guangdong.step(volunteer, "stars").await.as_deref(), Some("two"), "07.1");
    let volunteer = guangdong.served(1499, "2015-06-01").await;
    assert_eq!(guangdong.eligible(volunteer).await.as_deref(), Some("four"), "07.4");
    guangdong.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn guangdong_bars_false_reporters_for_one_to_three_years(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let guangdong = Published::open(engine, "guangdong-star", "2015-06-15").await;
    let group = guangdong.volunteer_with(|details| details.kind = VolunteerKind::Group).await;
    guangdong.serve_more(group, 100, "2015-06-01").await;
    for (volunteer, case) in [(guangdong.served(100, "2015-06-01").await, "07.3"), (group, "07.5")] {
        let application = Application { published_from: Some(day("2015-06-01")), ..star(volunteer, "one") };
        let bar = async |years| {
            let (id, reason, ladder) = (Uuid::now_v7(), "虚报时长查实".to_owned(), "stars".to_owned());
            let request = BanRequest { id, volunteer_id: volunteer, ladder, years, reason };
            levels::ban(&guangdong.world.scheme, request, &operator(Role::SchemeAdmin), guangdong.world.now()).await
        };
        for years in [0, 4] {
            assert!(matches!(bar(years).await, Err(LevelError::Invalid(_))), "{case}: {years} 年");
        }
        let (ban, _) = bar(1).await.expect(case);
        let barred = guangdong.grant(application.clone()).await;
        assert!(matches!(barred, Err(LevelError::Banned { until }) if until == ban.until), "{case}: {barred:?}");
    }
    guangdong.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn fujian_grants_at_three_levels_of_the_association(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let fujian = Published::open(engine, "fujian-record", "2014-12-01").await;
    let at = |volunteer, step, body: &str| Application { body: Some(body.to_owned()), ..star(volunteer, step) };
    let (county, city, province) = ("县（区）志愿者协会", "设区市志愿者协会", "省志愿者协会");
    let volunteer = fujian.served(320, "2014-11-30").await;
    fujian.grant(at(volunteer, "one", county)).await.expect("一星");
    fujian.grant(at(volunteer, "two", county)).await.expect("08.1");
    let volunteer = fujian.served(650, "2014-11-30").await;
    let refused = fujian.grant(at(volunteer, "three", county)).await;
    assert!(matches!(&refused, Err(LevelError::WrongBody { needed }) if needed == city), "08.2: {refused:?}");
    let refused = fujian.grant(at(volunteer, "three", city)).await;
    assert!(matches!(&refused, Err(LevelError::OutOfSequence { needed }) if needed == "two"), "08.4: 逐级申请");
    let volunteer = fujian.served(1500, "2014-11-30").await;
    for (step, body) in [("one", county), ("two", county), ("three", city), ("four", city)] {
        fujian.grant(at(volunteer, step, body)).await.expect(step);
    }
    fujian.grant(at(volunteer, "five", province)).await.expect("08.3");
    assert_eq!(fujian.step(volunteer, "stars").await.as_deref(), Some("five"), "08.3");
    fujian.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn beijing_changed_what_hours_are_worth(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let beijing = Published::open(engine, "beijing-star", "2014-12-01").await;
    let volunteer = beijing.served(500, "2014-11-30").await;
    assert_eq!(beijing.eligible(volunteer).await.as_deref(), Some("three"), "56.1");
    beijing.today("2016-12-01");
    assert_eq!(beijing.eligible(volunteer).await.as_deref(), Some("two"), "56.2");
    // More than a year of nothing but service takes the medal without the hours.
    let medal = |volunteer| Application { ladder: "medals".to_owned(), ..star(volunteer, "bronze") };
    assert!(matches!(beijing.grant(medal(volunteer)).await, Err(LevelError::NotEligible { .. })));
    beijing.mark(volunteer, "full_time_year").await;
    beijing.grant(medal(volunteer)).await.expect("连续专门从事志愿服务超过 1 年可直接授奖章");
    beijing.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn beijing_s_ninth_batch_closed_at_the_end_of_november(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let beijing = Published::open(engine, "beijing-star", "2023-12-20").await;
    let five = |volunteer| Application { published_from: Some(day("2023-12-11")), ..star(volunteer, "five") };
    let volunteer = beijing.served(1500, "2023-11-30").await;
    let himself = beijing.grant(Application { applicant: Applicant::Oneself, ..five(volunteer) }).await;
    assert!(matches!(himself, Err(LevelError::ApplicantNotAccepted { .. })), "56.6: {himself:?}");
    beijing.grant(five(volunteer)).await.expect("56.3");
    let again = beijing.grant(five(volunteer)).await;
    assert!(matches!(again, Err(LevelError::AlreadyGranted)), "56.5: {again:?}");
    let late = beijing.served(1499, "2023-11-30").await;
    beijing.serve_more(late, 1, "2023-12-01").await;
    let refused = beijing.grant(five(late)).await;
    assert!(matches!(refused, Err(LevelError::AfterClosingDate { .. })), "56.4: {refused:?}");
    beijing.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn community_volunteers_apply_for_their_stars(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let community = Published::open(engine, "cn-community-reg", "2020-12-01").await;
    let volunteer = community.served(1000, "2020-11-30").await;
    assert_eq!(community.eligible(volunteer).await.as_deref(), Some("four"), "57.3");
    let own = Application { applicant: Applicant::Oneself, ..star(volunteer, "four") };
    community.grant(own).await.expect("57.3");
    community.assert_verified().await;
}

#[rstest]
#[tokio::test]
pub async fn huanghuai_counts_its_own_up_to_the_middle_of_december(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let huanghuai = Published::open(engine, "huanghuai", "2024-12-20").await;
    let member = async || huanghuai.volunteer_with(|details| details.teams = vec!["黄淮小红帽".to_owned()]).await;
    let granted = async |volunteer, step| {
        let (body, published_from) = (Some("校团委".to_owned()), Some(day("2024-12-17")));
        huanghuai.grant(Application { body, published_from, ..star(volunteer, step) }).await
    };
    let late = member().await;
    huanghuai.serve_more(late, 99, "2024-12-15").await;
    huanghuai.serve_more(late, 1, "2024-12-16").await;
    let refused = granted(late, "one").await;
    assert!(matches!(refused, Err(LevelError::AfterClosingDate { .. })), "59.2: {refused:?}");
    let outsider = huanghuai.served(100, "2024-12-15").await;
    let refused = granted(outsider, "one").await;
    assert!(matches!(refused, Err(LevelError::NotEligible { .. })), "59.3: {refused:?}");
    for (hours, step, case) in [(300, "two", "59.1: 满 300 小时取二星"), (1500, "five", "59.4")] {
        let volunteer = member().await;
        huanghuai.serve_more(volunteer, hours, "2024-12-15").await;
        assert_eq!(huanghuai.eligible(volunteer).await.as_deref(), Some(step), "{case}");
        granted(volunteer, step).await.expect(case);
    }
    huanghuai.assert_verified().await;
}
