//! What to look for. Pure: from the records of a period to the findings.

mod presence;

use super::Scope;
use super::records::{Around, Entered};
use crate::actors::Actor;
use crate::config::Scheme;
use crate::moment;
use chrono::{Datelike, NaiveDate, Timelike};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Ids that a finding names, at most; its numbers tell how many there are.
const NAMED_MAX: usize = 20;

/// What is odd about the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    BulkEntry,
    NewVolunteer,
    NewActivity,
    WholeHours,
    Night,
    OneDevice,
    Unsigned,
    LongDay,
    LongWeek,
    SamePair,
    BackFilled,
    Identical,
}

impl Kind {
    pub const ALL: [Kind; 12] = [
        Kind::BulkEntry,
        Kind::NewVolunteer,
        Kind::NewActivity,
        Kind::WholeHours,
        Kind::Night,
        Kind::OneDevice,
        Kind::Unsigned,
        Kind::LongDay,
        Kind::LongWeek,
        Kind::SamePair,
        Kind::BackFilled,
        Kind::Identical,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::BulkEntry => "bulk_entry",
            Kind::NewVolunteer => "new_volunteer",
            Kind::NewActivity => "new_activity",
            Kind::WholeHours => "whole_hours",
            Kind::Night => "night",
            Kind::OneDevice => "one_device",
            Kind::Unsigned => "unsigned",
            Kind::LongDay => "long_day",
            Kind::LongWeek => "long_week",
            Kind::SamePair => "same_pair",
            Kind::BackFilled => "back_filled",
            Kind::Identical => "identical",
        }
    }
}

/// How soon somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It may well be in order.
    Note,
    Warning,
    /// It can hardly be in order.
    Alert,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Service(Uuid),
    Volunteer(Uuid),
    Activity(Uuid),
    /// The office's name for a person.
    Person(String),
    /// Code.
    Unit(String),
    /// As it calls itself.
    Device(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Follows from what it is about: the same finding has the same id whenever it is computed.
    pub id: Uuid,
    pub kind: Kind,
    pub severity: Severity,
    /// The newest day that it is about.
    pub day: NaiveDate,
    pub subjects: Vec<Subject>,
    pub numbers: BTreeMap<&'static str, i64>,
    pub zh: String,
    pub en: String,
}

/// Who the keys stand for.
pub struct People(pub HashMap<Uuid, Arc<Actor>>);

impl People {
    fn person(&self, key: Uuid) -> String {
        self.0.get(&key).map_or_else(|| key.to_string(), |actor| actor.person.clone())
    }
}

/// The records, each with the person who recorded it.
struct Look<'r> {
    records: &'r [Entered],
    by_recorder: BTreeMap<String, Vec<&'r Entered>>,
    around: &'r Around,
    /// Volunteers, and the activities in which they signed in themselves.
    signed_in: HashSet<(Uuid, Uuid)>,
    people: &'r People,
    config: &'r Scheme,
    period: String,
}

/// All that is odd.
pub fn find(records: &[Entered], around: &Around, people: &People, config: &Scheme, scope: &Scope) -> Vec<Finding> {
    let mut by_key: HashMap<Uuid, Vec<&Entered>> = HashMap::new();
    for record in records {
        by_key.entry(record.recorded_by).or_default().push(record);
    }
    let mut by_recorder: BTreeMap<String, Vec<&Entered>> = BTreeMap::new();
    for (key, records) in by_key {
        by_recorder.entry(people.person(key)).or_default().extend(records);
    }
    let themselves = around.signed_in.iter().filter(|one| presence::is_own(&one.method));
    let signed_in = themselves.map(|one| (one.volunteer_id, one.activity_id)).collect();
    let period = format!("{} {}", scope.from, scope.until);
    let look = Look { records, by_recorder, around, signed_in, people, config, period };
    let wanted = Kind::ALL.into_iter().filter(|kind| scope.kind.is_none_or(|only| only == *kind));
    let found = wanted.flat_map(|kind| match kind {
        Kind::BulkEntry => look.bulk_entry(),
        Kind::NewVolunteer => look.new_volunteer(),
        Kind::NewActivity => look.new_activity(),
        Kind::WholeHours => look.whole_hours(),
        Kind::Night => look.night(),
        Kind::OneDevice => look.one_device(scope),
        Kind::Unsigned => look.unsigned(),
        Kind::LongDay => look.long_day(),
        Kind::LongWeek => look.long_week(),
        Kind::SamePair => look.same_pair(),
        Kind::BackFilled => look.back_filled(),
        Kind::Identical => look.identical(),
    });
    found.collect()
}

/// A finding on `records`, which there are.
fn finding(
    kind: Kind,
    severity: Severity,
    about: &str,
    mut subjects: Vec<Subject>,
    records: &[&Entered],
    numbers: &[(&'static str, i64)],
    (zh, en): (String, String),
) -> Finding {
    let day = records.iter().map(|record| record.occurred_on).max().unwrap_or_default();
    subjects.extend(records.iter().take(NAMED_MAX).map(|record| Subject::Service(record.id)));
    let id = finding_id(kind, about);
    Finding { id, kind, severity, day, subjects, numbers: numbers.iter().copied().collect(), zh, en }
}

fn finding_id(kind: Kind, about: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{} {about}", kind.as_str()).as_bytes())
}

fn count<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

fn percent(part: i64, whole: i64) -> i64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(0)
}

fn people_in(records: &[&Entered]) -> i64 {
    let people: BTreeSet<Uuid> = records.iter().map(|record| record.volunteer_id).collect();
    i64::try_from(people.len()).unwrap_or(i64::MAX)
}

/// Whether the volunteer, or a machine that stood there, recorded it.
fn is_signed(record: &Entered) -> bool {
    matches!(record.evidence.as_str(), "self_scan" | "kiosk")
}

impl Look<'_> {
    /// Many records by one person within a few minutes.
    fn bulk_entry(&self) -> Vec<Finding> {
        let limits = self.config.anomalies;
        let window = i64::from(limits.bulk_minutes).saturating_mul(60_000_000);
        let mut found = Vec::new();
        for (person, records) in &self.by_recorder {
            let mut records: Vec<&Entered> = records.iter().copied().filter(|record| !is_signed(record)).collect();
            records.sort_by_key(|record| (record.recorded_at, record.id));
            let mut rest = records.as_slice();
            while let Some(first) = rest.first() {
                let until = first.recorded_at.saturating_add(window);
                let (burst, later) = rest.split_at(rest.partition_point(|record| record.recorded_at <= until));
                if burst.len() <= limits.bulk_records as usize {
                    rest = &rest[1..];
                    continue;
                }
                rest = later;
                let (records, minutes) = (count(burst), i64::from(limits.bulk_minutes));
                let severity =
                    if records > 4 * i64::from(limits.bulk_records) { Severity::Alert } else { Severity::Warning };
                let zh = format!("同一人在 {minutes} 分钟内登记了 {records} 条记录");
                let en = format!("one person recorded {records} services within {minutes} minutes");
                let about = format!("{person} {}", first.recorded_at);
                let numbers = [("records", records), ("minutes", minutes), ("people", people_in(burst))];
                let person = vec![Subject::Person(person.clone())];
                found.push(finding(Kind::BulkEntry, severity, &about, person, burst, &numbers, (zh, en)));
            }
        }
        found
    }

    /// Hours for people who were registered only minutes before.
    fn new_volunteer(&self) -> Vec<Finding> {
        let limits = self.config.anomalies;
        let window = i64::from(limits.new_volunteer_minutes).saturating_mul(60_000_000);
        let mut groups: BTreeMap<(String, NaiveDate), Vec<&Entered>> = BTreeMap::new();
        for (person, records) in &self.by_recorder {
            for record in records {
                let since = self.around.newcomers.get(&record.volunteer_id).map(|created| record.recorded_at - created);
                if since.is_some_and(|since| (0..=window).contains(&since)) {
                    let day = self.config.day_of(moment(record.recorded_at));
                    groups.entry((person.clone(), day)).or_default().push(record);
                }
            }
        }
        groups.retain(|_, records| records.len() >= limits.new_volunteer_records as usize);
        let found = groups.into_iter().map(|((person, day), records)| {
            let (number, people) = (count(&records), people_in(&records));
            let minutes = limits.new_volunteer_minutes;
            let zh = format!("{day}，为注册不到 {minutes} 分钟的 {people} 人登记了 {number} 条记录");
            let en =
                format!("on {day}, {number} services of {people} people registered less than {minutes} minutes before");
            let numbers = [("records", number), ("people", people)];
            let (about, person) = (format!("{person} {day}"), vec![Subject::Person(person)]);
            finding(Kind::NewVolunteer, Severity::Warning, &about, person, &records, &numbers, (zh, en))
        });
        found.collect()
    }

    /// Time that was not measured: far more whole hours than others write.
    fn whole_hours(&self) -> Vec<Finding> {
        let limits = self.config.anomalies;
        let is_whole = |record: &&&Entered| record.minutes % 60 == 0;
        let all: Vec<&Entered> = self.records.iter().collect();
        let whole = i64::try_from(all.iter().filter(is_whole).count()).unwrap_or(0);
        let mut found = Vec::new();
        for (person, records) in &self.by_recorder {
            let (number, own) = (count(records), i64::try_from(records.iter().filter(is_whole).count()).unwrap_or(0));
            let (share, rest) = (percent(own, number), percent(whole - own, count(&all) - number));
            let stands_out = share >= i64::from(limits.whole_hours_percent) && share >= rest + 20;
            if number >= i64::from(limits.least_records) && number < count(&all) && stands_out {
                let zh = format!("{number} 条记录中 {share}% 是整小时，其余登记人为 {rest}%");
                let en = format!("{share}% of {number} records are of whole hours, and {rest}% of those of others");
                let numbers = [("records", number), ("percent", share), ("percent_of_others", rest)];
                let about = format!("{person} {}", self.period);
                let person = vec![Subject::Person(person.clone())];
                found.push(finding(Kind::WholeHours, Severity::Note, &about, person, records, &numbers, (zh, en)));
            }
        }
        found
    }

    /// Service between 23:00 and 5:00.
    fn night(&self) -> Vec<Finding> {
        let limits = self.config.anomalies;
        let at_night = |micros: i64| {
            let hour = moment(micros).with_timezone(&self.config.time_zone).hour();
            !(5..23).contains(&hour)
        };
        let mut found = Vec::new();
        for (person, records) in &self.by_recorder {
            let is_night = |record: &&Entered| match (record.started_at, record.ended_at) {
                // Up to 23:00 sharp is not at night.
                (Some(from), Some(until)) => at_night(from) || at_night(until - 1),
                _ => false,
            };
            let records: Vec<&Entered> = records.iter().copied().filter(is_night).collect();
            if records.len() >= limits.night_records as usize {
                let (number, people) = (count(&records), people_in(&records));
                let zh = format!("{people} 人的 {number} 条记录在 23 时至 5 时之间");
                let en = format!("{number} services of {people} people between 23:00 and 5:00");
                let numbers = [("records", number), ("people", people)];
                let about = format!("{person} {}", self.period);
                let person = vec![Subject::Person(person.clone())];
                found.push(finding(Kind::Night, Severity::Note, &about, person, &records, &numbers, (zh, en)));
            }
        }
        found
    }

    fn long_day(&self) -> Vec<Finding> {
        let limit = i64::from(self.config.anomalies.day_hours);
        self.long(Kind::LongDay, limit, |day| day, |day| (format!("{day} 一天"), format!("on {day}")))
    }

    fn long_week(&self) -> Vec<Finding> {
        let limit = i64::from(self.config.anomalies.week_hours);
        let monday = |day: NaiveDate| day.week(chrono::Weekday::Mon).first_day();
        self.long(Kind::LongWeek, limit, monday, |day| {
            (format!("{} 年第 {} 周", day.iso_week().year(), day.iso_week().week()), format!("in the week of {day}"))
        })
    }

    /// More hours than a person has in a day, or in a week.
    fn long(
        &self,
        kind: Kind,
        hours_max: i64,
        begin: impl Fn(NaiveDate) -> NaiveDate,
        told: impl Fn(NaiveDate) -> (String, String),
    ) -> Vec<Finding> {
        let mut groups: HashMap<(Uuid, NaiveDate), (i64, Vec<&Entered>)> = HashMap::new();
        for record in self.records {
            let (minutes, records) = groups.entry((record.volunteer_id, begin(record.occurred_on))).or_default();
            *minutes = minutes.saturating_add(record.minutes);
            records.push(record);
        }
        groups.retain(|_, (minutes, _)| *minutes > hours_max.saturating_mul(60));
        let found = groups.into_iter().map(|((volunteer, day), (minutes, records))| {
            let (number, hours) = (count(&records), minutes / 60);
            let severity = if minutes > hours_max.saturating_mul(90) { Severity::Alert } else { Severity::Warning };
            let (zh, en) = told(day);
            let zh = format!("一人{zh}有 {number} 条记录，共 {hours} 小时 {} 分", minutes % 60);
            let en = format!("one person has {number} records {en}, {hours} hours and {} minutes", minutes % 60);
            let numbers = [("records", number), ("minutes", minutes)];
            let about = format!("{volunteer} {day}");
            finding(kind, severity, &about, vec![Subject::Volunteer(volunteer)], &records, &numbers, (zh, en))
        });
        found.collect()
    }

    /// One person's records that always the same other person confirms, where there are others who could.
    fn same_pair(&self) -> Vec<Finding> {
        let limits = self.config.anomalies;
        let confirmer = |record: &Entered| {
            let is_confirmed = record.status == "confirmed";
            record.decided_by.filter(|_| is_confirmed).map(|key| self.people.person(key))
        };
        let all: BTreeSet<Uuid> = self.records.iter().filter_map(|record| record.decided_by).collect();
        let all: BTreeSet<String> = all.into_iter().map(|key| self.people.person(key)).collect();
        if all.len() < 2 {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (person, records) in &self.by_recorder {
            let mut pairs: BTreeMap<String, Vec<&Entered>> = BTreeMap::new();
            for record in records {
                if let Some(confirmer) = confirmer(record) {
                    pairs.entry(confirmer).or_default().push(record);
                }
            }
            let whole = pairs.values().map(|records| count(records)).sum::<i64>();
            for (confirmer, records) in pairs {
                let share = percent(count(&records), whole);
                if whole >= i64::from(limits.least_records) && share >= i64::from(limits.pair_percent) {
                    let zh = format!("一人登记的 {whole} 条记录中 {share}% 由同一人确认");
                    let en = format!("{share}% of {whole} records of one person were confirmed by one other");
                    let numbers = [("records", whole), ("percent", share)];
                    let about = format!("{person} {confirmer} {}", self.period);
                    let pair = vec![Subject::Person(person.clone()), Subject::Person(confirmer)];
                    found.push(finding(Kind::SamePair, Severity::Note, &about, pair, &records, &numbers, (zh, en)));
                }
            }
        }
        found
    }

    /// Units in which much is filled in afterwards.
    fn back_filled(&self) -> Vec<Finding> {
        let limits = self.config.anomalies;
        let mut units: BTreeMap<&str, (i64, Vec<&Entered>)> = BTreeMap::new();
        for record in self.records {
            let (whole, filled) = units.entry(record.unit.as_deref().unwrap_or_default()).or_default();
            *whole += 1;
            if record.evidence == "back_filled" {
                filled.push(record);
            }
        }
        let mut found = Vec::new();
        for (unit, (whole, filled)) in units {
            let share = percent(count(&filled), whole);
            if whole >= i64::from(limits.least_records) && share >= i64::from(limits.back_filled_percent) {
                let zh = format!("{whole} 条记录中 {share}% 是事后补录");
                let en = format!("{share}% of {whole} records were filled in afterwards");
                let numbers = [("records", whole), ("percent", share)];
                let about = format!("{unit} {}", self.period);
                let unit = vec![Subject::Unit(unit.to_owned())];
                found.push(finding(Kind::BackFilled, Severity::Warning, &about, unit, &filled, &numbers, (zh, en)));
            }
        }
        found
    }

    /// The same service twice.
    fn identical(&self) -> Vec<Finding> {
        type Same<'r> = (Uuid, NaiveDate, &'r str, &'r str, i64);
        let mut groups: HashMap<Same<'_>, Vec<&Entered>> = HashMap::with_capacity(self.records.len());
        for record in self.records {
            let (category, title) = (record.category.as_str(), record.title.as_str());
            let key = (record.volunteer_id, record.occurred_on, category, title, record.minutes);
            groups.entry(key).or_default().push(record);
        }
        groups.retain(|_, records| records.len() > 1);
        let found = groups.into_iter().map(|((volunteer, day, category, title, minutes), records)| {
            let number = count(&records);
            let zh = format!("{day} 同一人有 {number} 条相同的记录，各 {minutes} 分钟");
            let en = format!("one person has {number} records alike on {day}, of {minutes} minutes each");
            let numbers = [("records", number), ("minutes", minutes)];
            let about = format!("{volunteer} {day} {category} {title} {minutes}");
            let volunteer = vec![Subject::Volunteer(volunteer)];
            finding(Kind::Identical, Severity::Warning, &about, volunteer, &records, &numbers, (zh, en))
        });
        found.collect()
    }
}
