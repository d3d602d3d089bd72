//! Each pattern, on records made for it.

use super::kinds::{Kind, People, Severity, Subject, find};
use super::records::{Around, Entered, SignedIn};
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
    found_around(records, &Around { newcomers: newcomers.iter().copied().collect(), ..Around::default() }, kind)
}

fn found_around(records: &[Entered], around: &Around, kind: Kind) -> Vec<Finding> {
    let config = Scheme::parse(ZIYANG).expect("a scheme");
    let (from, until) = (day("2026-10-01"), day("2026-10-31"));
    let scope = Scope { from, until, units: None, kind: Some(kind), dismissed: false };
    find(records, around, &People(HashMap::new()), &config, &scope)
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

/// So many people who sign in, one each so many seconds.
fn signed_in(people: u128, seconds: i64, method: &str) -> Vec<SignedIn> {
    let at = |number| micros("2026-10-12T02:00:01Z") + i64::try_from(number).expect("few") * seconds * 1_000_000;
    let one = |number| SignedIn {
        volunteer_id: person(number),
        activity_id: person(99),
        device: "kiosk-1".to_owned(),
        method: method.to_owned(),
        happened_at: at(number),
    };
    (0..people).map(one).collect()
}

#[test]
fn a_device_on_which_eight_sign_in_within_a_minute() {
    let around = |signed_in| Around { signed_in, ..Around::default() };
    let crowd = |signed_in| found_around(&[], &around(signed_in), Kind::OneDevice);
    let findings = crowd(signed_in(8, 8, "self_scan"));
    assert_eq!(only(&findings, "people"), 8);
    assert_eq!(findings[0].subjects[0], Subject::Device("kiosk-1".to_owned()));
    assert_eq!(crowd(signed_in(7, 8, "self_scan")), []);
    assert_eq!(crowd(signed_in(8, 9, "self_scan")), [], "the eighth after 63 seconds");
    let mut same = signed_in(8, 1, "self_scan");
    same[7].volunteer_id = person(0);
    assert_eq!(crowd(same), [], "seven people, one of them twice");
    let mut two = signed_in(8, 1, "self_scan");
    two[7].device = "kiosk-2".to_owned();
    assert_eq!(crowd(two), [], "on two devices");
    let mut early = signed_in(8, 1, "self_scan");
    early.iter_mut().for_each(|one| one.happened_at -= 30 * 86_400_000_000);
    assert_eq!(crowd(early), [], "before the period");
    assert_eq!(crowd(signed_in(40, 0, "kiosk"))[0].severity, Severity::Alert);
    assert_eq!(crowd(signed_in(40, 0, "leader"))[0].severity, Severity::Note, "a roll is called as quickly");
}

#[test]
fn an_activity_of_fifty_in_which_fewer_than_a_tenth_signed_in() {
    let crowd = |number| many(number, |_, record| Entered { activity_id: Some(person(99)), ..record });
    let unsigned = |records: &[Entered], signed_in| {
        found_around(records, &Around { signed_in, ..Around::default() }, Kind::Unsigned)
    };
    let findings = unsigned(&crowd(50), Vec::new());
    assert_eq!(only(&findings, "people"), 50);
    assert_eq!((findings[0].severity, &findings[0].subjects[0]), (Severity::Alert, &Subject::Activity(person(99))));
    assert_eq!(unsigned(&crowd(49), Vec::new()), []);
    assert_eq!(only(&unsigned(&crowd(50), signed_in(4, 60, "kiosk")), "signed"), 4);
    assert_eq!(unsigned(&crowd(50), signed_in(5, 60, "kiosk")), []);
    assert_eq!(only(&unsigned(&crowd(50), signed_in(50, 60, "leader")), "signed"), 0, "the leader's word");
    let mut claimed = crowd(50);
    claimed.iter_mut().for_each(|record| record.evidence = "self_scan".to_owned());
    assert_eq!(only(&unsigned(&claimed, Vec::new()), "signed"), 0, "no device ever saw them");
    claimed.iter_mut().for_each(|record| record.activity_id = None);
    assert_eq!(unsigned(&claimed, Vec::new()), [], "elsewhere, where nothing else is known");
}

#[test]
fn hours_that_are_entered_minutes_after_their_activity() {
    let at = micros("2026-10-12T02:00:00Z");
    let entered =
        |number| many(number, |_, record| Entered { activity_id: Some(person(99)), recorded_at: at, ..record });
    let around = |minutes: i64, signed_in| Around {
        created: HashMap::from([(person(99), at - minutes * 60_000_000)]),
        signed_in,
        ..Around::default()
    };
    let quick = |number, around: &Around| found_around(&entered(number), around, Kind::NewActivity);
    assert_eq!(only(&quick(10, &around(10, Vec::new())), "people"), 10);
    assert_eq!(quick(9, &around(10, Vec::new())), []);
    assert_eq!(quick(10, &around(11, Vec::new())), []);
    assert_eq!(quick(10, &around(10, signed_in(1, 60, "kiosk"))), [], "one of them signed in");
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
