//! How long lists of records take in a large scheme: each filter asked many times, with other values each time.

use crate::bench::BenchArgs;
use crate::bench::scratch::Scratch;
use crate::clock::wall_clock;
use chrono::{Days, NaiveDate};
use db::{Bulk, Column};
use ledger::baseline::load::Random;
use scheme::anomalies::{self, Scope};
use scheme::rules::Evidence;
use scheme::services::{self, ServiceFilter, Status};
use scheme::{OpenScheme, Schemes, Settings, publicity, volunteers};
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// Streets, communities of each, grids of each: 1 + 8 + 64 + 960 units.
const STREETS: u64 = 8;
const COMMUNITIES: u64 = 8;
const GRIDS: u64 = 15;
const TEAMS: u64 = 400;
const RECORDERS: u64 = 600;
const REVIEWERS: u64 = 40;
/// Days over which the records are spread, up to today.
const DAYS: u64 = 365;
/// Records of one activity.
const TOGETHER: u64 = 12;
/// How often each filter is asked; the slow ones less often.
const ASKED: usize = 60;
const PAGE: i64 = 51;
/// Rows written at once.
const BATCH: u64 = 10_000;

const CATEGORIES: [&str; 5] = ["environment", "patrol", "elderly_care", "emergency", "culture"];

pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let scratch = Scratch::make(&args.database_url, 4).await?;
    let done = measure(args, &scratch).await;
    scratch.remove().await?;
    done
}

async fn measure(args: &BenchArgs, scratch: &Scratch) -> anyhow::Result<()> {
    let settings = Settings {
        clock: Arc::new(|| wall_clock().timestamp_micros()),
        signing_key: None,
        origin: "aixin.bench".to_owned(),
    };
    let schemes = Schemes::open(scratch.db.clone(), settings).await?;
    let code = schemes.apply(&configuration()?, wall_clock()).await?.code;
    let scheme = schemes.get(&code).await?;
    let begun = Instant::now();
    fill(&scheme, args.volunteers, args.records).await?;
    super::scratch::analyze(&scratch.db).await?;
    let engine = scratch.db.engine().as_str();
    if !args.json {
        println!(
            "lists on {engine}: {} volunteers, {} records, written in {} s",
            args.volunteers,
            args.records,
            begun.elapsed().as_secs()
        );
        println!("{:<34} {:>9} {:>9} {:>7}", "filter", "p50 ms", "p99 ms", "rows");
    }
    for asked in ASKS {
        let (mut times, mut rows) = (Vec::with_capacity(ASKED), 0);
        let mut random = Random(7);
        let count = if asked.is_slow { ASKED / 6 } else { ASKED };
        for _ in 0..=count {
            let begun = Instant::now();
            rows += ask(&scheme, asked.name, args, &mut random).await?;
            times.push(begun.elapsed());
        }
        // The first warms up.
        times.remove(0);
        times.sort();
        let ms = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_micros();
        let (p50, p99, rows) = (ms(50), ms(99), rows / (count + 1));
        match args.json {
            true => println!(
                "{}",
                json!({ "engine": engine, "filter": asked.name, "p50_us": p50, "p99_us": p99, "rows": rows })
            ),
            false => {
                let thousandths = |us: u128| format!("{}.{:02}", us / 1000, us % 1000 / 10);
                println!("{:<34} {:>9} {:>9} {rows:>7}", asked.name, thousandths(p50), thousandths(p99));
            }
        }
    }
    schemes.close().await;
    Ok(())
}

struct Ask {
    name: &'static str,
    is_slow: bool,
}

const fn quick(name: &'static str) -> Ask {
    Ask { name, is_slow: false }
}

const fn slow(name: &'static str) -> Ask {
    Ask { name, is_slow: true }
}

const ASKS: &[Ask] = &[
    quick("volunteer"),
    quick("activity"),
    quick("grid"),
    quick("community"),
    quick("street"),
    quick("district"),
    quick("home unit"),
    quick("team"),
    quick("recorded"),
    quick("published"),
    quick("confirmed"),
    quick("category"),
    quick("back-filled"),
    quick("overdue"),
    quick("overdue of a grid"),
    quick("overdue of a street"),
    quick("late"),
    quick("late of a community"),
    quick("month"),
    quick("recorded of a community"),
    quick("back-filled of a street, month"),
    quick("team, category, month"),
    quick("a page in the middle of all"),
    quick("a page in the middle of a street"),
    quick("publicity of a street"),
    quick("volunteers"),
    quick("volunteers of a street"),
    quick("volunteers of a unit elsewhere"),
    quick("volunteers by part of a name"),
    quick("volunteers that nobody is"),
    slow("deadlines of a year"),
    slow("anomalies of a month"),
    slow("anomalies of a month, a street"),
];

async fn ask(scheme: &OpenScheme, name: &str, args: &BenchArgs, random: &mut Random) -> anyhow::Result<usize> {
    let now = wall_clock();
    let today = scheme.config().day_of(now);
    let day = today - Days::new(random.below(DAYS));
    let organisation = scheme.organisation().await?;
    let units = |unit: String| Some(organisation.subtree(&unit, today));
    let plain = ServiceFilter::default();
    let month = |filter: ServiceFilter| ServiceFilter { from: Some(day), until: Some(day + Days::new(30)), ..filter };
    let (recorded, team) = (Some(Status::Recorded), Some(team(random.below(TEAMS))));
    let (grid, community, street) = (grid(random), community(random), street(random));
    let back_filled = Some(Evidence::BackFilled);
    let mut after = None;
    let filter = match name {
        "volunteer" => ServiceFilter { volunteer_id: Some(volunteer(random.below(args.volunteers))), ..plain },
        "activity" => ServiceFilter { activity_id: Some(activity(random.below(args.records / TOGETHER))), ..plain },
        "grid" => ServiceFilter { units: units(grid), ..plain },
        "community" => ServiceFilter { units: units(community), ..plain },
        "street" => ServiceFilter { units: units(street), ..plain },
        "district" => ServiceFilter { units: units("district".to_owned()), ..plain },
        "home unit" => ServiceFilter { home_unit: Some(home(random.below(500))), ..plain },
        "team" => ServiceFilter { team, ..plain },
        "recorded" => ServiceFilter { status: recorded, ..plain },
        "published" => ServiceFilter { status: Some(Status::Published), ..plain },
        "confirmed" => ServiceFilter { status: Some(Status::Confirmed), ..plain },
        "category" => ServiceFilter { category: Some("emergency".to_owned()), ..plain },
        "back-filled" => ServiceFilter { evidence: back_filled, ..plain },
        "overdue" => ServiceFilter { overdue: true, ..plain },
        "overdue of a grid" => ServiceFilter { overdue: true, units: units(grid), ..plain },
        "overdue of a street" => ServiceFilter { overdue: true, units: units(street), ..plain },
        "late" => ServiceFilter { late: true, ..plain },
        "late of a community" => ServiceFilter { late: true, units: units(community), ..plain },
        "month" => month(plain),
        "recorded of a community" => ServiceFilter { status: recorded, units: units(community), ..plain },
        "back-filled of a street, month" => {
            month(ServiceFilter { evidence: back_filled, units: units(street), ..plain })
        }
        "team, category, month" => month(ServiceFilter { team, category: Some("patrol".to_owned()), ..plain }),
        "a page in the middle of all" => {
            after = Some((day, Uuid::from_u128(u128::MAX / 2)));
            plain
        }
        "a page in the middle of a street" => {
            after = Some((day, Uuid::from_u128(u128::MAX / 2)));
            ServiceFilter { units: units(street), ..plain }
        }
        "publicity of a street" => {
            return Ok(publicity::public(scheme, units(street), None, None, PAGE).await?.len());
        }
        name if name.starts_with("volunteers") => {
            let filter = volunteers_asked(name, units(street), random);
            return Ok(volunteers::list_matching(scheme, &filter, None, PAGE).await?.len());
        }
        "deadlines of a year" => return Ok(services::counts(scheme, today - Days::new(DAYS), today, now).await?.len()),
        _ => {
            let units = if name.ends_with("street") { units(street) } else { None };
            let from = (today - Days::new(30)).min(day);
            let scope = Scope { from, until: from + Days::new(30), units, kind: None, dismissed: false };
            return Ok(anomalies::list(scheme, &scope).await?.len());
        }
    };
    Ok(services::list(scheme, &filter, after, PAGE, now).await?.len())
}

fn volunteers_asked(name: &str, units: Option<Vec<String>>, random: &mut Random) -> volunteers::Filter {
    let all = volunteers::Filter::default();
    match name {
        "volunteers of a street" => volunteers::Filter { units, ..all },
        "volunteers of a unit elsewhere" => {
            volunteers::Filter { home_units: Some(vec![home(random.below(500))]), ..all }
        }
        "volunteers by part of a name" => volunteers::Filter { query: Some(random.below(1000).to_string()), ..all },
        "volunteers that nobody is" => volunteers::Filter { query: Some("无此人".to_owned()), ..all },
        _ => all,
    }
}

pub(super) fn configuration() -> anyhow::Result<String> {
    let mut text = String::from(include_str!("../../../../tests/data/schemes/ziyang.toml"));
    let mut unit = |code: &str, kind: &str, parent: Option<&str>| {
        let parent = parent.map_or(String::new(), |parent| format!("parent = \"{parent}\"\n"));
        write!(text, "\n[[units]]\ncode = \"{code}\"\nname = \"{code}\"\nkind = \"{kind}\"\n{parent}")
    };
    unit("district", "district", None)?;
    for street in 0..STREETS {
        unit(&format!("s{street}"), "street", Some("district"))?;
        for community in 0..COMMUNITIES {
            unit(&format!("c{street}-{community}"), "community", Some(&format!("s{street}")))?;
            for grid in 0..GRIDS {
                let code = format!("g{street}-{community}-{grid}");
                unit(&code, "grid", Some(&format!("c{street}-{community}")))?;
            }
        }
    }
    Ok(text)
}

pub(super) fn street(random: &mut Random) -> String {
    format!("s{}", random.below(STREETS))
}

pub(super) fn community(random: &mut Random) -> String {
    format!("c{}-{}", random.below(STREETS), random.below(COMMUNITIES))
}

pub(super) fn grid(random: &mut Random) -> String {
    format!("g{}-{}-{}", random.below(STREETS), random.below(COMMUNITIES), random.below(GRIDS))
}

fn team(number: u64) -> String {
    format!("team-{number}")
}

fn home(number: u64) -> String {
    format!("home-{number}")
}

pub(super) fn volunteer(number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("volunteer {number}").as_bytes())
}

fn activity(number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("activity {number}").as_bytes())
}

fn key(number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("key {number}").as_bytes())
}

async fn fill(scheme: &OpenScheme, volunteers: u64, records: u64) -> anyhow::Result<()> {
    let now = wall_clock();
    let (book, today) = (scheme.book.number(), scheme.config().day_of(now));
    let mut random = Random(1);
    for from in (0..volunteers).step_by(usize::try_from(BATCH)?) {
        write(scheme, Bulk::insert("volunteers", people(book, from..volunteers.min(from + BATCH), today))).await?;
    }
    for from in (0..records).step_by(usize::try_from(BATCH)?) {
        let numbers = from..records.min(from + BATCH);
        write(scheme, Bulk::insert("services", services_of(book, numbers, records, volunteers, today, &mut random)))
            .await?;
    }
    Ok(())
}

async fn write(scheme: &OpenScheme, bulk: Bulk) -> anyhow::Result<()> {
    let mut tx = scheme.db.begin_write().await?;
    tx.write(&[bulk]).await?;
    Ok(tx.commit().await?)
}

fn people(book: i64, numbers: std::ops::Range<u64>, today: NaiveDate) -> Vec<(&'static str, Column)> {
    let count = numbers.clone().count();
    let text = |value: &str| Column::Text(vec![value.to_owned(); count]);
    vec![
        ("book", Column::I64(vec![book; count])),
        ("id", Column::Uuid(numbers.clone().map(volunteer).collect())),
        ("change", Column::I64(numbers.clone().map(|number| i64::try_from(number).unwrap_or(i64::MAX) + 1).collect())),
        ("number", Column::Text(numbers.clone().map(|number| format!("ZI{number:07}")).collect())),
        ("name", Column::Text(numbers.clone().map(|number| format!("志愿者{number}")).collect())),
        ("unit", Column::OptText(numbers.clone().map(|number| Some(grid(&mut Random(number + 1)))).collect())),
        ("home_unit", Column::OptText(numbers.clone().map(|number| Some(home(number % 500))).collect())),
        ("teams", text("[]")),
        ("skills", text("[]")),
        ("kind", text("individual")),
        ("registered_on", Column::Date(vec![today - Days::new(DAYS); count])),
        ("labels", text("[]")),
        ("availability", Column::I64(vec![0; count])),
        ("consent_guardian", Column::Bool(vec![false; count])),
        ("consent_record", Column::Bool(vec![true; count])),
        ("consent_publish", Column::Bool(vec![true; count])),
        ("status", text("active")),
        ("version", Column::I64(vec![1; count])),
        ("created_at", Column::I64(vec![0; count])),
        ("updated_at", Column::I64(vec![0; count])),
    ]
}

/// Records as a large scheme has them: most are confirmed, some wait, a few are late.
fn services_of(
    book: i64,
    numbers: std::ops::Range<u64>,
    records: u64,
    volunteers: u64,
    today: NaiveDate,
    random: &mut Random,
) -> Vec<(&'static str, Column)> {
    let count = numbers.clone().count();
    let text = |value: &str| Column::Text(vec![value.to_owned(); count]);
    let mut rows = Rows::default();
    for number in numbers {
        let day = today - Days::new(DAYS - 1 - number * DAYS / records);
        let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
        let status = match random.below(100) {
            0..94 => "confirmed",
            94..97 => "recorded",
            97 => "published",
            _ => "rejected",
        };
        let evidence = match random.below(20) {
            0..9 => Evidence::SelfScan,
            9..14 => Evidence::Kiosk,
            14..19 => Evidence::LeaderConfirmed,
            _ => Evidence::BackFilled,
        };
        rows.ids.push(Uuid::from_u128(u128::from(random.below(u64::MAX)) << 64 | u128::from(number)));
        rows.volunteers.push(volunteer(random.below(volunteers)));
        rows.categories.push(CATEGORIES[usize::try_from(random.below(5)).unwrap_or(0)].to_owned());
        rows.days.push(day);
        rows.starts.push(Some(midnight + i64::try_from(random.below(960)).unwrap_or(0) * 60_000_000));
        rows.minutes.push(30 + i64::try_from(random.below(120)).unwrap_or(0));
        rows.evidence.push(evidence.as_str().to_owned());
        rows.units.push(grid(random));
        rows.homes.push(Some(home(random.below(500))).filter(|_| random.below(3) == 0));
        rows.teams.push(Some(team(random.below(TEAMS))).filter(|_| random.below(2) == 0));
        rows.activities.push(Some(activity(number / TOGETHER)));
        rows.recorders.push(key(random.below(RECORDERS)));
        rows.recorded_at.push(midnight + 86_400_000_000 + i64::try_from(random.below(86_400_000_000)).unwrap_or(0));
        rows.due.push(day + Days::new(14));
        rows.late.push(random.below(50) == 0);
        rows.finals.push(Some(today + Days::new(2)).filter(|_| status == "published"));
        rows.deciders.push(Some(key(RECORDERS + random.below(REVIEWERS))).filter(|_| status == "confirmed"));
        rows.status.push(status.to_owned());
    }
    let ends =
        rows.starts.iter().zip(&rows.minutes).map(|(start, minutes)| start.map(|start| start + minutes * 60_000_000));
    vec![
        ("book", Column::I64(vec![book; count])),
        ("id", Column::Uuid(rows.ids)),
        ("volunteer_id", Column::Uuid(rows.volunteers)),
        ("category", Column::Text(rows.categories)),
        ("title", text("垃圾分类值守")),
        ("place", text("海悦居民区")),
        ("content", text("桶前值守，劝导分类投放，清理周边")),
        ("organiser", text("海悦居委会")),
        ("person_in_charge", text("负责人")),
        ("occurred_on", Column::Date(rows.days)),
        ("ended_at", Column::OptI64(ends.collect())),
        ("started_at", Column::OptI64(rows.starts)),
        ("minutes", Column::I64(rows.minutes)),
        ("evidence", Column::Text(rows.evidence)),
        ("unit", Column::Text(rows.units)),
        ("home_unit", Column::OptText(rows.homes)),
        ("team", Column::OptText(rows.teams)),
        ("activity_id", Column::OptUuid(rows.activities)),
        ("recorded_by", Column::Uuid(rows.recorders)),
        ("recorded_at", Column::I64(rows.recorded_at)),
        ("due_on", Column::Date(rows.due)),
        ("late", Column::Bool(rows.late)),
        ("published_on", Column::OptDate(rows.finals.iter().map(|day| day.map(|_| today)).collect())),
        ("final_on", Column::OptDate(rows.finals)),
        ("publicity_closed", Column::Bool(vec![false; count])),
        ("salt", Column::Bytes(vec![vec![0; 16]; count])),
        ("status", Column::Text(rows.status)),
        ("decided_by", Column::OptUuid(rows.deciders)),
    ]
}

#[derive(Default)]
struct Rows {
    ids: Vec<Uuid>,
    volunteers: Vec<Uuid>,
    categories: Vec<String>,
    days: Vec<NaiveDate>,
    starts: Vec<Option<i64>>,
    minutes: Vec<i64>,
    evidence: Vec<String>,
    units: Vec<String>,
    homes: Vec<Option<String>>,
    teams: Vec<Option<String>>,
    activities: Vec<Option<Uuid>>,
    recorders: Vec<Uuid>,
    recorded_at: Vec<i64>,
    due: Vec<NaiveDate>,
    late: Vec<bool>,
    finals: Vec<Option<NaiveDate>>,
    deciders: Vec<Option<Uuid>>,
    status: Vec<String>,
}
