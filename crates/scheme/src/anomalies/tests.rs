//! Each pattern, on records made for it.

use super::kinds::{Kind, People, Subject, find};
use super::records::Entered;
use super::{Finding, Scope};
use crate::config::Scheme;
use chrono::{DateTime, Days, NaiveDate};
use std::collections::HashMap;
use uuid::Uuid;

const ZIYANG: &str = include_str!("../../../../tests/data/schemes/ziyang.toml");

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn micros(text: &str) -> i64 {
    text.parse::<DateTime<chrono::Utc>>().expect("a moment").timestamp_micros()
}

fn person(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// An inconspicuous record; each of another volunteer, half an hour after the one before.
fn record(number: u128) -> Entered {
    let recorded_at = micros("2026-10-12T02:00:00Z") + i64::try_from(number).expect("few") * 1_800_000_000;
    Entered {
        id: person(1_000_000 + number),
        volunteer_id: person(number),
        category: "patrol".to_owned(),
        title: "夜间巡逻".to_owned(),
        occurred_on: day("2026-10-12"),
        started_at: None,
        ended_at: None,
        minutes: 95,
        evidence: "leader_confirmed".to_owned(),
        unit: None,
        team: None,
        activity_id: None,
        recorded_by: person(7),
        recorded_at,
        status: "recorded".to_owned(),
        decided_by: None,
    }
}

fn found(records: &[Entered], newcomers: &[(Uuid, i64)], kind: Kind) -> Vec<Finding> {
    let config = Scheme::parse(ZIYANG).expect("a scheme");
    let newcomers: HashMap<Uuid, i64> = newcomers.iter().copied().collect();
    let (from, until) = (day("2026-10-01"), day("2026-10-31"));
    let scope = Scope { from, until, units: None, kind: Some(kind), dismissed: false };
    find(records, &newcomers, &People(HashMap::new()), &config, &scope)
}

fn many(number: u128, change: impl Fn(u128, Entered) -> Entered) -> Vec<Entered> {
    (0..number).map(|index| change(index, record(index))).collect()
}

/// The numbers of the only finding.
fn only(findings: &[Finding], name: &str) -> i64 {
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings[0].numbers[name]
}

#[test]
fn more_than_thirty_in_ten_minutes_are_a_burst_and_thirty_are_none() {
    let burst = |number| {
        many(number, |index, record| Entered {
            recorded_at: micros("2026-10-12T02:00:00Z") + i64::try_from(index).expect("few") * 15_000_000,
            ..record
        })
    };
    assert_eq!(only(&found(&burst(31), &[], Kind::BulkEntry), "records"), 31);
    assert_eq!(found(&burst(30), &[], Kind::BulkEntry), []);
    let scanned = many(100, |_, record| Entered { recorded_at: 0, evidence: "self_scan".to_owned(), ..record });
    assert_eq!(found(&scanned, &[], Kind::BulkEntry), [], "everybody scanned for themselves");
}

#[test]
fn hours_of_people_who_were_just_registered() {
    let records = many(6, |_, record| record);
    let newcomers: Vec<_> = records.iter().map(|one| (one.volunteer_id, one.recorded_at - 60_000_000)).collect();
    assert_eq!(only(&found(&records, &newcomers, Kind::NewVolunteer), "people"), 6);
    assert_eq!(found(&records, &newcomers[..4], Kind::NewVolunteer), []);
}

#[test]
fn whole_hours_only_beside_others_who_measure() {
    let mut records = many(40, |_, record| Entered { minutes: 120, ..record });
    assert_eq!(found(&records, &[], Kind::WholeHours), [], "nobody to compare with");
    records.extend((40..100).map(|index| Entered { recorded_by: person(8), ..record(index) }));
    assert_eq!(only(&found(&records, &[], Kind::WholeHours), "percent"), 100);
}

#[test]
fn the_night_is_that_of_the_scheme() {
    let at = |from: &str, until: &str| {
        let (from, until) = (micros(from), micros(until));
        many(5, move |_, record| Entered { started_at: Some(from), ended_at: Some(until), ..record })
    };
    // 22:00 to 23:00 and 23:00 to 23:30 in Shanghai.
    assert_eq!(found(&at("2026-10-12T14:00:00Z", "2026-10-12T15:00:00Z"), &[], Kind::Night), []);
    assert_eq!(only(&found(&at("2026-10-12T15:00:00Z", "2026-10-12T15:30:00Z"), &[], Kind::Night), "people"), 5);
}

#[test]
fn a_device_for_many_an_activity_without_signatures() {
    let scanned = |people| {
        let at = Some(micros("2026-10-12T02:00:01Z"));
        many(people, move |_, record| Entered { started_at: at, evidence: "kiosk".to_owned(), ..record })
    };
    assert_eq!(only(&found(&scanned(8), &[], Kind::OneDevice), "people"), 8);
    assert_eq!(found(&scanned(7), &[], Kind::OneDevice), []);
    let mut crowd = many(50, |_, record| Entered { activity_id: Some(person(99)), ..record });
    let findings = found(&crowd, &[], Kind::Unsigned);
    assert_eq!(only(&findings, "people"), 50);
    assert_eq!(findings[0].subjects[0], Subject::Activity(person(99)));
    crowd[3].evidence = "self_scan".to_owned();
    assert_eq!(found(&crowd, &[], Kind::Unsigned), []);
}

#[test]
fn more_hours_than_a_day_or_a_week_has() {
    let of_one =
        |number, minutes| many(number, move |_, record| Entered { volunteer_id: person(1), minutes, ..record });
    assert_eq!(only(&found(&of_one(2, 361), &[], Kind::LongDay), "minutes"), 722);
    assert_eq!(found(&of_one(2, 360), &[], Kind::LongDay), []);
    let week = |first: &str| {
        let first = day(first);
        many(7, move |index, record| Entered {
            volunteer_id: person(1),
            minutes: 430,
            occurred_on: first + Days::new(u64::try_from(index).expect("few")),
            ..record
        })
    };
    assert_eq!(only(&found(&week("2026-10-12"), &[], Kind::LongWeek), "minutes"), 3010);
    assert_eq!(found(&week("2026-10-15"), &[], Kind::LongWeek), [], "parts of two weeks");
}

#[test]
fn the_same_two_people_always() {
    let confirmed =
        |by: u128| move |_, record| Entered { status: "confirmed".to_owned(), decided_by: Some(person(by)), ..record };
    let mut records = many(30, confirmed(8));
    assert_eq!(found(&records, &[], Kind::SamePair), [], "there is only one who confirms");
    records.extend(many(1, |_, one| Entered { recorded_by: person(9), ..confirmed(10)(0, one) }));
    assert_eq!(only(&found(&records, &[], Kind::SamePair), "percent"), 100);
    records.extend(many(2, confirmed(10)));
    assert_eq!(found(&records, &[], Kind::SamePair), [], "30 of 32 are 93 %");
}

#[test]
fn much_that_is_filled_in_and_what_is_there_twice() {
    let filled = |number| {
        many(30, move |index, record| {
            let evidence = if index < number { "back_filled" } else { "leader_confirmed" };
            Entered { evidence: evidence.to_owned(), unit: Some("grid-1".to_owned()), ..record }
        })
    };
    assert_eq!(only(&found(&filled(12), &[], Kind::BackFilled), "percent"), 40);
    assert_eq!(found(&filled(11), &[], Kind::BackFilled), []);
    let twice = many(2, |_, record| Entered { volunteer_id: person(1), ..record });
    assert_eq!(only(&found(&twice, &[], Kind::Identical), "records"), 2);
    assert_eq!(found(&many(2, |_, record| record), &[], Kind::Identical), [], "two people");
}

#[test]
fn a_finding_keeps_its_id_when_the_records_come_in_another_order() {
    let mut records = many(40, |_, record| Entered { volunteer_id: person(1), recorded_at: 0, ..record });
    let before: Vec<_> = found(&records, &[], Kind::BulkEntry).iter().map(|one| one.id).collect();
    records.reverse();
    let after: Vec<_> = found(&records, &[], Kind::BulkEntry).iter().map(|one| one.id).collect();
    assert_eq!((before.len(), before), (1, after));
}
