//! Lists of records: every filter, alone and with others, page by page, is what a look at each record says.

use crate::control::{CONTROLLED, confirm, person, reviewer};
use crate::presence::cleaning;
use crate::world::{World, operator, service};
use chrono::NaiveDate;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::activities::{self, ActivityDetails};
use scheme::rules::Evidence;
use scheme::services::{self, Service, ServiceDetails, ServiceFilter, Status};
use uuid::Uuid;

/// Forty records in which every value of every filter occurs.
async fn filled(world: &World) -> Vec<Uuid> {
    let people = [world.volunteer("王建国").await, world.volunteer("李娜").await, world.volunteer("陈静").await];
    let activity = Uuid::now_v7();
    let details = ActivityDetails { category: "patrol".to_owned(), ..cleaning() };
    activities::put(&world.scheme, activity, details, None, &operator(Role::Staff), world.now())
        .await
        .expect("planned");
    for number in 0..40usize {
        let evidence = [Evidence::SelfScan, Evidence::Kiosk, Evidence::LeaderConfirmed][number % 3];
        let category = ["patrol", "elderly_care"][number / 3 % 2];
        let day = format!("2026-{:02}-{:02}", 10 + number / 20, 1 + number % 20);
        let details = ServiceDetails {
            unit: [None, Some("village-1".to_owned()), Some("village-2".to_owned())][number / 2 % 3].clone(),
            team: (number % 4 == 0).then(|| format!("team-{}", number % 8)),
            activity_id: (number % 5 == 0).then_some(activity),
            ..service(people[number % 3], category, &day, 60, evidence)
        };
        let id = Uuid::now_v7();
        services::put(&world.scheme, id, details, &person("李登记", Role::Staff), world.now()).await.expect("recorded");
        match number % 7 {
            0..3 => drop(confirm(world, id, &reviewer()).await.expect("confirmed or published")),
            3 => drop(services::reject(&world.scheme, id, None, &reviewer(), world.now()).await.expect("rejected")),
            _ => {}
        }
    }
    people.to_vec()
}

async fn all(world: &World, filter: &ServiceFilter, page: i64) -> Vec<Service> {
    let (mut found, mut after) = (Vec::new(), None::<(NaiveDate, Uuid)>);
    loop {
        let rows = services::list(&world.scheme, filter, after, page, world.now()).await.expect("a list");
        let Some(last) = rows.last() else { return found };
        after = Some((last.details.occurred_on, last.id));
        found.extend(rows);
    }
}

#[rstest]
#[tokio::test]
async fn each_list_is_what_a_look_at_every_record_says(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, CONTROLLED).await;
    let people = filled(&world).await;
    let every = all(&world, &ServiceFilter::default(), 7).await;
    assert_eq!(every.len(), 40);
    assert!(every.is_sorted_by_key(|service| (service.details.occurred_on, service.id)));
    let activity = every.iter().find_map(|service| service.details.activity_id);
    let plain = ServiceFilter::default;
    let organisation = world.scheme.organisation().await.expect("units");
    let units = |unit: &str| Some(organisation.subtree(unit, world.scheme.today()));
    let day = |text: &str| Some(text.parse::<NaiveDate>().expect("a day"));
    let filters = [
        ServiceFilter { volunteer_id: Some(people[0]), ..plain() },
        ServiceFilter { activity_id: activity, ..plain() },
        ServiceFilter { units: units("village-1"), ..plain() },
        ServiceFilter { units: units("town"), ..plain() },
        ServiceFilter { units: Some(Vec::new()), ..plain() },
        ServiceFilter { team: Some("team-4".to_owned()), ..plain() },
        ServiceFilter { home_unit: Some("elsewhere".to_owned()), ..plain() },
        ServiceFilter { status: Some(Status::Recorded), ..plain() },
        ServiceFilter { status: Some(Status::Published), ..plain() },
        ServiceFilter { status: Some(Status::Rejected), ..plain() },
        ServiceFilter { category: Some("patrol".to_owned()), ..plain() },
        ServiceFilter { evidence: Some(Evidence::Kiosk), ..plain() },
        ServiceFilter { from: day("2026-10-15"), until: day("2026-11-05"), ..plain() },
        ServiceFilter { overdue: true, ..plain() },
        ServiceFilter { late: true, ..plain() },
        ServiceFilter { corrects: Some(Uuid::now_v7()), ..plain() },
    ];
    let today = world.scheme.config().day_of(world.now());
    for (number, one) in filters.iter().enumerate() {
        for other in &filters[number..] {
            let both = both(one, other);
            let expected: Vec<Uuid> =
                every.iter().filter(|service| fits(service, &both, today)).map(|service| service.id).collect();
            let found: Vec<Uuid> = all(&world, &both, 3).await.into_iter().map(|service| service.id).collect();
            assert_eq!(found, expected, "{both:?}");
        }
    }
    let counts = services::counts(&world.scheme, "2026-10-01".parse().expect("a day"), today, world.now()).await;
    for count in counts.expect("counts") {
        let unit: Vec<_> = every.iter().filter(|service| service.details.unit == count.unit).collect();
        let overdue = unit.iter().filter(|service| service.status == Status::Recorded && service.due_on < today);
        let late = unit.iter().filter(|service| service.late);
        assert_eq!((count.overdue, count.late), (overdue.count() as i64, late.count() as i64), "{:?}", count.unit);
    }
}

fn both(one: &ServiceFilter, other: &ServiceFilter) -> ServiceFilter {
    let (one, other) = (one.clone(), other.clone());
    ServiceFilter {
        volunteer_id: one.volunteer_id.or(other.volunteer_id),
        activity_id: one.activity_id.or(other.activity_id),
        corrects: one.corrects.or(other.corrects),
        units: one.units.or(other.units),
        home_unit: one.home_unit.or(other.home_unit),
        team: one.team.or(other.team),
        status: one.status.or(other.status),
        category: one.category.or(other.category),
        evidence: one.evidence.or(other.evidence),
        from: one.from.or(other.from),
        until: one.until.or(other.until),
        overdue: one.overdue || other.overdue,
        late: one.late || other.late,
    }
}

fn fits(service: &Service, filter: &ServiceFilter, today: NaiveDate) -> bool {
    let details = &service.details;
    fn is<T: PartialEq>(wanted: &Option<T>, found: Option<&T>) -> bool {
        wanted.as_ref().is_none_or(|wanted| found == Some(wanted))
    }
    is(&filter.volunteer_id, Some(&details.volunteer_id))
        && is(&filter.activity_id, details.activity_id.as_ref())
        && is(&filter.corrects, details.corrects.as_ref())
        && filter.units.as_ref().is_none_or(|units| details.unit.as_ref().is_some_and(|unit| units.contains(unit)))
        && is(&filter.home_unit, service.home_unit.as_ref())
        && is(&filter.team, details.team.as_ref())
        && is(&filter.status, Some(&service.status))
        && is(&filter.category, Some(&details.category))
        && is(&filter.evidence, Some(&details.evidence))
        && filter.from.is_none_or(|from| details.occurred_on >= from)
        && filter.until.is_none_or(|until| details.occurred_on <= until)
        && (!filter.overdue || (service.status == Status::Recorded && service.due_on < today))
        && (!filter.late || service.late)
}

#[rstest]
#[tokio::test]
async fn the_deadline_counts_from_the_end_of_the_activity(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, CONTROLLED).await;
    let volunteer = world.volunteer("王建国").await;
    // A patrol through the night to Friday; one that ended on Thursday would be due a day earlier.
    for (on, hours, recorded, late) in [
        ("2026-11-05T14:00:00Z", 4, "2026-11-20T15:59:59Z", false),
        ("2026-11-06T02:00:00Z", 2, "2026-11-20T15:59:59Z", false),
        ("2026-11-04T02:00:00Z", 2, "2026-11-18T16:00:00Z", true),
    ] {
        world.set(recorded);
        let started_at: chrono::DateTime<chrono::Utc> = on.parse().expect("a moment");
        let details = ServiceDetails {
            started_at: Some(started_at),
            ended_at: Some(started_at + chrono::Duration::hours(hours)),
            minutes: None,
            ..service(volunteer, "patrol", &world.scheme.config().day_of(started_at).to_string(), 0, Evidence::Kiosk)
        };
        let put = services::put(&world.scheme, Uuid::now_v7(), details, &reviewer(), world.now()).await;
        let (service, _) = put.expect("recorded");
        assert_eq!(
            (service.late, service.due_on.to_string().as_str()),
            (late, if late { "2026-11-18" } else { "2026-11-20" }),
            "{on}"
        );
    }
}
