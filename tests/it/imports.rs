//! Paper registers: all rows or none, and twice is once.

use crate::world::{HAIYUE, World, at};
use chrono::NaiveTime;
use db::Engine;
use reports::registers::{self, ServiceRow, VolunteerRow};
use rstest::rstest;
use scheme::imports::{self, Evidences, Report, ServiceLine, VolunteerLine};
use scheme::rankings::{Among, By, Period, Wanted};

const VOLUNTEERS: &[u8] = include_bytes!("../data/registers/volunteers-haiyue.xlsx");
const WASTE_SORTING: &[u8] = include_bytes!("../data/registers/waste-sorting-2025-q4.xlsx");
const EMERGENCY: &[u8] = include_bytes!("../data/registers/emergency-2022-04.csv");

fn volunteer_line(line: u32, row: VolunteerRow) -> VolunteerLine {
    VolunteerLine {
        line,
        name: row.name,
        number: row.number,
        phone: row.phone,
        id_number: row.id_number,
        birth_date: row.born_on,
        unit: row.grid,
        home_unit: row.unit,
        teams: row.teams,
        skills: row.skills,
        publish: row.consents_to_publication.unwrap_or(false),
    }
}

fn service_line(line: u32, row: ServiceRow) -> ServiceLine {
    ServiceLine {
        line,
        name: row.name,
        number: row.number,
        title: row.title,
        content: row.content,
        occurred_on: row.occurred_on,
        started_at: row.started_at,
        ended_at: row.ended_at,
        minutes: row.minutes,
        category: row.category,
        place: row.place,
        organiser: row.unit,
        person_in_charge: row.person_in_charge,
        remark: row.remark,
    }
}

fn services(name: &str, bytes: &[u8]) -> Vec<ServiceLine> {
    let register = registers::read_services(name, bytes).expect("a register");
    register.rows.into_iter().map(|row| service_line(row.line, row.content.expect("a row"))).collect()
}

async fn import(world: &World, lines: Vec<ServiceLine>, dry_run: bool) -> Report {
    imports::services(&world.scheme, lines, Evidences::SignedByLeader, "登记表", dry_run, world.now(), &|_| {})
        .await
        .expect("imported")
}

async fn with_volunteers(engine: Engine) -> World {
    let world = World::new(engine, HAIYUE).await;
    let register = registers::read_volunteers("volunteers-haiyue.xlsx", VOLUNTEERS).expect("a register");
    let lines: Vec<_> =
        register.rows.into_iter().map(|row| volunteer_line(row.line, row.content.expect("a row"))).collect();
    for (written, known) in [(312, 0), (0, 312)] {
        let report =
            imports::volunteers(&world.scheme, lines.clone(), false, world.now(), &|_| {}).await.expect("imported");
        assert_eq!((report.written, report.known, report.errors), (written, known, vec![]));
    }
    world
}

#[rstest]
#[tokio::test]
async fn a_quarter_of_waste_sorting_is_imported_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = with_volunteers(engine).await;
    let lines = services("waste-sorting-2025-q4.xlsx", WASTE_SORTING);
    let dry = import(&world, lines.clone(), true).await;
    assert_eq!((dry.written, dry.confirmed, dry.errors), (397, 0, vec![]));
    let report = import(&world, lines.clone(), false).await;
    assert_eq!((report.written, report.confirmed, report.minutes), (397, 397, 46_140));
    let again = import(&world, lines, false).await;
    assert_eq!((again.written, again.known, again.confirmed, again.minutes), (0, 397, 0, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_month_of_three_hundred_is_imported_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = with_volunteers(engine).await;
    let lines = services("emergency-2022-04.csv", EMERGENCY);
    let report = import(&world, lines.clone(), false).await;
    assert_eq!((report.written, report.confirmed, report.minutes), (3_355, 3_355, 464_235));
    let again = import(&world, lines, false).await;
    assert_eq!((again.known, again.confirmed, again.points), (3_355, 0, 0));
    let wanted = Wanted { period: Period::Year(2022), by: By::Hours, among: Among::default() };
    let ranking = scheme::rankings::ranking(&world.scheme, wanted, 0, 1000, at("2026-11-22T02:00:00Z")).await;
    let rows = ranking.expect("a ranking").rows;
    assert_eq!(rows.iter().map(|row| row.sums.minutes).sum::<i64>(), 464_235);
    assert_eq!(rows.len(), 300);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn one_bad_row_keeps_out_all(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = with_volunteers(engine).await;
    let mut lines = services("waste-sorting-2025-q4.xlsx", WASTE_SORTING);
    let mut elsewhere = lines[0].clone();
    elsewhere.line = 9001;
    elsewhere.title = "别处的活动".to_owned();
    let start = |line: &ServiceLine| line.started_at.unwrap_or(NaiveTime::from_hms_opt(8, 0, 0).expect("a time"));
    if lines[0].started_at.is_none() {
        let begin = start(&lines[0]);
        lines[0].started_at = Some(begin);
        lines[0].ended_at = Some(begin + chrono::Duration::minutes(lines[0].minutes));
        (elsewhere.started_at, elsewhere.ended_at) = (lines[0].started_at, lines[0].ended_at);
    }
    lines.push(elsewhere);
    lines.push(ServiceLine { line: 9002, number: Some("HY9999".to_owned()), ..lines[1].clone() });
    lines.push(ServiceLine { line: 9003, category: "打牌".to_owned(), ..lines[2].clone() });
    lines.push(ServiceLine { line: 9004, ..lines[3].clone() });
    lines.push(ServiceLine { line: 9005, occurred_on: "2099-01-01".parse().expect("a day"), ..lines[4].clone() });
    let report = import(&world, lines.clone(), false).await;
    let codes: Vec<(u32, &str)> = report.errors.iter().map(|error| (error.line, error.code.as_str())).collect();
    assert_eq!(
        codes,
        [
            (9001, "overlapping_service"),
            (9002, "unknown_volunteer"),
            (9003, "unknown_category"),
            (9004, "duplicate_row"),
            (9005, "date_in_future"),
        ]
    );
    assert_eq!(report.confirmed, 0);
    lines.truncate(397);
    assert_eq!(import(&world, lines, false).await.written, 397, "nothing of the first attempt was kept");
}
