//! The sample registers, read in full.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use reports::registers::{Register, ServiceRow, VolunteerRow, read_services, read_volunteers};

use crate::{data, good};

fn volunteers_by_number(file: &str) -> BTreeMap<String, VolunteerRow> {
    let register = read_volunteers(file, &data(file)).unwrap();
    good(&register).into_iter().map(|row| (row.number.clone().unwrap(), row)).collect()
}

fn assert_nobody_is_in_two_places(services: &[ServiceRow]) {
    let mut by_person: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for service in services {
        if let (Some(start), Some(end)) = (service.started_at, service.ended_at) {
            by_person.entry((&service.number, service.occurred_on)).or_default().push((start, end));
        }
    }
    for (person, mut spans) in by_person {
        spans.sort();
        assert!(spans.is_sorted_by(|one, next| one.1 <= next.0), "{person:?} {spans:?}");
    }
}

fn assert_services(file: &str, rows: usize, minutes: i64, people: usize) -> Register<ServiceRow> {
    let register = read_services(file, &data(file)).unwrap();
    let services = good(&register);
    let volunteers = volunteers_by_number("volunteers-haiyue.csv");
    let served: BTreeSet<_> = services.iter().map(|service| service.number.clone().unwrap()).collect();
    assert_eq!(services.len(), rows);
    assert_eq!(services.iter().map(|service| service.minutes).sum::<i64>(), minutes);
    assert_eq!(served.len(), people);
    for service in &services {
        assert_eq!(service.name.as_ref(), Some(&volunteers[service.number.as_ref().unwrap()].name));
    }
    assert_nobody_is_in_two_places(&services);
    register
}

#[test]
fn a_quarter_of_waste_sorting_is_read_to_the_minute() {
    let register = assert_services("waste-sorting-2025-q4.xlsx", 397, 46_140, 12);
    assert_eq!(register.rows[0].line, 3);
    assert_eq!(register.ignored_columns, ["序号"]);
    assert_eq!(register.skipped_lines, [400]);
    let days: Vec<_> = good(&register).iter().map(|service| service.occurred_on).collect();
    assert_eq!(days.iter().min(), NaiveDate::from_ymd_opt(2025, 10, 1).as_ref());
    assert_eq!(days.iter().max(), NaiveDate::from_ymd_opt(2025, 12, 31).as_ref());
}

#[test]
fn a_month_of_emergency_is_read_to_the_minute() {
    let register = assert_services("emergency-2022-04.csv", 3_355, 464_235, 300);
    assert_eq!(register.rows[0].line, 5);
    assert!(register.ignored_columns.is_empty());
    assert_eq!(register.skipped_lines, [3_360]);
    let services = good(&register);
    assert!(["𠮷文华", "王䶮", "李㛃"].iter().all(|rare| services.iter().any(|row| row.name.as_deref() == Some(rare))));
}

#[test]
fn the_volunteers_are_the_same_in_both_files() {
    let volunteers = volunteers_by_number("volunteers-haiyue.xlsx");
    assert_eq!(volunteers.len(), 312);
    assert!(volunteers == volunteers_by_number("volunteers-haiyue.csv"));
    let first = &volunteers["HY0001"];
    assert_eq!(first.phone.as_deref(), Some("19900000001"));
    assert_eq!(first.teams, ["垃圾分类志愿队"]);
    assert!(first.born_on.is_some() && first.grid.is_some() && first.consents_to_publication.is_some());
}
