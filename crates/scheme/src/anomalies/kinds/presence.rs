//! What is said by hand against what devices sent: one device for many, large activities without signatures, and hours that are
//! entered minutes after the activity itself.

use super::super::Scope;
use super::super::records::{Entered, SignedIn};
use super::{
    Finding, Kind, Look, NAMED_MAX, Severity, Subject, count, finding, finding_id, is_signed, people_in, percent,
};
use crate::moment;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Whether somebody signs in themselves in this way: with the leader's word they do not.
pub(super) fn is_own(method: &str) -> bool {
    matches!(method, "self_scan" | "kiosk")
}

impl Look<'_> {
    /// One device on which many signed in within seconds.
    pub(super) fn one_device(&self, scope: &Scope) -> Vec<Finding> {
        let limits = self.config.anomalies;
        let window = i64::from(limits.device_seconds).saturating_mul(1_000_000);
        let mut devices: BTreeMap<&str, Vec<&SignedIn>> = BTreeMap::new();
        for one in &self.around.signed_in {
            if (scope.from..=scope.until).contains(&self.day(one.happened_at)) {
                devices.entry(&one.device).or_default().push(one);
            }
        }
        let mut found = Vec::new();
        for (device, mut all) in devices {
            all.sort_by_key(|one| (one.happened_at, one.volunteer_id));
            let mut rest = all.as_slice();
            while let Some(first) = rest.first() {
                let until = first.happened_at.saturating_add(window);
                let (crowd, later) = rest.split_at(rest.partition_point(|one| one.happened_at < until));
                let people: BTreeSet<Uuid> = crowd.iter().map(|one| one.volunteer_id).collect();
                if people.len() < limits.device_people.max(2) as usize {
                    rest = &rest[1..];
                    continue;
                }
                rest = later;
                found.push(self.crowd(device, crowd, &people));
            }
        }
        found
    }

    fn crowd(&self, device: &str, crowd: &[&SignedIn], people: &BTreeSet<Uuid>) -> Finding {
        let (limits, kind) = (self.config.anomalies, Kind::OneDevice);
        let (number, seconds) = (i64::try_from(people.len()).unwrap_or(i64::MAX), i64::from(limits.device_seconds));
        let severity = match number >= i64::from(limits.device_people).saturating_mul(4) {
            // A leader who calls the roll is as quick as that.
            _ if !crowd.iter().any(|one| is_own(&one.method)) => Severity::Note,
            true => Severity::Alert,
            false => Severity::Warning,
        };
        let began = crowd.iter().map(|one| one.happened_at).min().unwrap_or_default();
        let activities: BTreeSet<Uuid> = crowd.iter().map(|one| one.activity_id).collect();
        let subjects = [Subject::Device(device.to_owned())].into_iter();
        let subjects = subjects.chain(activities.into_iter().take(NAMED_MAX).map(Subject::Activity));
        Finding {
            id: finding_id(kind, &format!("{device} {began}")),
            kind,
            severity,
            day: self.day(began),
            subjects: subjects.chain(people.iter().take(NAMED_MAX).copied().map(Subject::Volunteer)).collect(),
            numbers: BTreeMap::from([("people", number), ("seconds", seconds)]),
            zh: format!("一台设备 {seconds} 秒内有 {number} 人签到"),
            en: format!("{number} people signed in on one device within {seconds} seconds"),
        }
    }

    fn day(&self, micros: i64) -> NaiveDate {
        self.config.day_of(moment(micros))
    }

    /// Whether the volunteer signed in themselves. Where there is no activity to sign in for, the record's word is taken.
    fn signed(&self, record: &Entered) -> bool {
        match record.activity_id {
            Some(activity) => self.signed_in.contains(&(record.volunteer_id, activity)),
            None => is_signed(record),
        }
    }

    /// Large activities in which hardly anybody signed in.
    pub(super) fn unsigned(&self) -> Vec<Finding> {
        type Activity<'r> = (Option<Uuid>, Option<&'r str>, &'r str, Option<NaiveDate>);
        let limits = self.config.anomalies;
        let mut groups: BTreeMap<Activity<'_>, Vec<&Entered>> = BTreeMap::new();
        for record in self.records {
            // Without an activity, what has one title in one unit on one day was one.
            let key = match record.activity_id {
                Some(activity) => (Some(activity), None, "", None),
                None => (None, record.unit.as_deref(), record.title.as_str(), Some(record.occurred_on)),
            };
            groups.entry(key).or_default().push(record);
        }
        let mut found = Vec::new();
        for ((activity, unit, title, day), records) in groups {
            let (number, people) = (count(&records), people_in(&records));
            let signed: Vec<&Entered> = records.iter().copied().filter(|record| self.signed(record)).collect();
            let (signed, share) = (count(&signed), percent(count(&signed), number));
            if number < i64::from(limits.unsigned_people) || share >= i64::from(limits.unsigned_percent) {
                continue;
            }
            let zh = format!("一次活动有 {people} 人、{number} 条记录，本人扫码或机器签到的占 {share}%");
            let en = format!(
                "{share}% of {number} records of {people} people in one activity have a signature of their own"
            );
            let day = day.map(|day| day.to_string()).unwrap_or_default();
            let about = format!("{} {} {title} {day}", activity.unwrap_or_default(), unit.unwrap_or_default());
            let subject = activity.map(Subject::Activity).or_else(|| unit.map(|unit| Subject::Unit(unit.to_owned())));
            let severity = if signed == 0 { Severity::Alert } else { Severity::Warning };
            let numbers = [("records", number), ("people", people), ("signed", signed), ("percent", share)];
            let subjects = subject.into_iter().collect();
            found.push(finding(Kind::Unsigned, severity, &about, subjects, &records, &numbers, (zh, en)));
        }
        found
    }

    /// Hours that were entered minutes after their activity was: it may never have been.
    pub(super) fn new_activity(&self) -> Vec<Finding> {
        let limits = self.config.anomalies;
        let window = i64::from(limits.new_activity_minutes).saturating_mul(60_000_000);
        let mut groups: BTreeMap<(&str, NaiveDate), Vec<&Entered>> = BTreeMap::new();
        for (person, records) in &self.by_recorder {
            for record in records.iter().copied().filter(|record| !self.signed(record)) {
                let created = record.activity_id.and_then(|activity| self.around.created.get(&activity));
                if created.is_some_and(|created| (0..=window).contains(&(record.recorded_at - created))) {
                    groups.entry((person, self.day(record.recorded_at))).or_default().push(record);
                }
            }
        }
        groups.retain(|_, records| records.len() >= limits.new_activity_records.max(1) as usize);
        let found = groups.into_iter().map(|((person, day), records)| {
            let (number, people) = (count(&records), people_in(&records));
            let minutes = limits.new_activity_minutes;
            let activities: BTreeSet<Uuid> = records.iter().filter_map(|record| record.activity_id).collect();
            let zh = format!("{day}，活动建立不到 {minutes} 分钟就为 {people} 人登记了 {number} 条记录");
            let en = format!(
                "on {day}, {number} services of {people} people within {minutes} minutes of the activity's entry"
            );
            let numbers = [("records", number), ("people", people), ("minutes", i64::from(minutes))];
            let subjects = [Subject::Person(person.to_owned())].into_iter();
            let subjects = subjects.chain(activities.into_iter().take(NAMED_MAX).map(Subject::Activity)).collect();
            let about = format!("{person} {day}");
            finding(Kind::NewActivity, Severity::Warning, &about, subjects, &records, &numbers, (zh, en))
        });
        found.collect()
    }
}
