//! What a service record must say.

use super::{Service, ServiceDetails};
use crate::config::{CategoryKind, Scheme};
use crate::rules::{self, Evidence, Person, Record, RuleError};
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, NaiveDate, Utc};

/// A record is of one day's service.
const MINUTES_MAX: i64 = 24 * 60;

/// The minutes served: from beginning to end, or as given. 0 when the record says neither.
pub fn minutes(details: &ServiceDetails) -> i64 {
    match (details.started_at, details.ended_at, details.minutes) {
        (Some(started_at), Some(ended_at), _) => (ended_at - started_at).num_minutes(),
        (_, _, minutes) => minutes.unwrap_or(0),
    }
}

/// Everything that is wrong with a record.
pub fn flaws(
    config: &Scheme,
    details: &ServiceDetails,
    person: &Person,
    minutes: i64,
    now: DateTime<Utc>,
) -> Vec<Invalid> {
    let mut flaws = Vec::new();
    let event = config.category(&details.category).is_some_and(|category| category.kind == CategoryKind::Event);
    texts(details, &mut flaws);
    match event {
        true => no_time(details, &mut flaws),
        false => times(config, details, minutes, &mut flaws),
    }
    for (field, code, known) in [("level", &details.level, &config.levels), ("role", &details.role, &config.roles)] {
        if code.as_ref().is_some_and(|code| known.iter().all(|one| one.code != *code)) {
            flaws.push(Invalid::new(field, "unknown_code", format!("the scheme has no such {field}")));
        }
    }
    if config.category(&details.category).is_none() {
        flaws.push(Invalid::new("category", "unknown_category", "the scheme has no such category"));
    }
    if details.occurred_on > config.day_of(now) {
        flaws.push(Invalid::new("occurred_on", "date_in_future", "the service is still to come"));
    }
    let asked = config.rules_on(details.occurred_on).is_some_and(|rules| rules.policy(details.evidence).needs_reason);
    if (asked || details.evidence == Evidence::BackFilled) && details.reason.is_none() {
        let detail = "what is filled in later needs a reason, and so does what the rules say";
        flaws.push(Invalid::new("reason", "missing_reason", detail));
    }
    if flaws.is_empty() {
        flaws.extend(rule_flaw(config, details, person, minutes, config.day_of(now)));
    }
    flaws
}

fn texts(details: &ServiceDetails, flaws: &mut Vec<Invalid>) {
    let fields = [
        ("title", Some(&details.title), 200),
        ("place", Some(&details.place), 200),
        ("content", Some(&details.content), 2000),
        ("organiser", Some(&details.organiser), 200),
        ("person_in_charge", Some(&details.person_in_charge), 100),
        ("recipient", details.recipient.as_ref(), 200),
        ("filing_number", details.filing_number.as_ref(), 100),
        ("reason", details.reason.as_ref(), 500),
    ];
    for (field, text, max) in fields {
        if text.is_some_and(|text| !is_text(text, max)) {
            flaws.push(Invalid::new(field, "invalid_text", format!("1 to {max} characters, not blank")));
        }
    }
}

fn times(config: &Scheme, details: &ServiceDetails, minutes: i64, flaws: &mut Vec<Invalid>) {
    let mut refuse = |field, code, detail: String| flaws.push(Invalid::new(field, code, detail));
    match (details.started_at, details.ended_at) {
        (Some(started_at), Some(ended_at)) => {
            if ended_at <= started_at {
                return refuse("ended_at", "end_before_start", "the end is not after the beginning".to_owned());
            }
            if config.day_of(started_at) != details.occurred_on {
                refuse("started_at", "another_day", "the service began on another day than occurred_on".to_owned());
            }
            if details.minutes.is_some_and(|given| given != minutes) {
                refuse("minutes", "minutes_differ", format!("from beginning to end it is {minutes} minutes"));
            }
        }
        (None, None) if details.minutes.is_none() => {
            return refuse("minutes", "missing_minutes", "either minutes, or started_at and ended_at".to_owned());
        }
        (None, None) => {}
        (Some(_), None) => return refuse("ended_at", "missing_end", "started_at needs ended_at".to_owned()),
        (None, Some(_)) => return refuse("started_at", "missing_start", "ended_at needs started_at".to_owned()),
    }
    if !(1..=MINUTES_MAX).contains(&minutes) {
        refuse("minutes", "invalid_minutes", format!("a record is of 1 to {MINUTES_MAX} minutes"));
    }
}

/// An event lasts no time.
fn no_time(details: &ServiceDetails, flaws: &mut Vec<Invalid>) {
    let given = [
        ("minutes", details.minutes.is_some_and(|minutes| minutes != 0)),
        ("started_at", details.started_at.is_some()),
        ("ended_at", details.ended_at.is_some()),
    ];
    for (field, _) in given.into_iter().filter(|(_, given)| *given) {
        flaws.push(Invalid::new(field, "event_without_time", "the category is an event, which lasts no time"));
    }
}

/// Whether the rules of the scheme can be applied to it at all.
fn rule_flaw(
    config: &Scheme,
    details: &ServiceDetails,
    person: &Person,
    minutes: i64,
    today: NaiveDate,
) -> Option<Invalid> {
    let record = Record {
        level: details.level.as_deref(),
        role: details.role.as_deref(),
        count: details.count,
        filed: details.filing_number.is_some(),
        recorded_on: today,
        ..Record::plain(&details.category, details.occurred_on, minutes, details.evidence)
    };
    let error = rules::check(config, &record, person).err()?;
    let (field, code) = match error {
        RuleError::BeforeFirstVersion { .. } => ("occurred_on", "no_rules_then"),
        RuleError::NoRule { .. } => ("category", "no_rule"),
        RuleError::CountNeeded { .. } => ("count", "missing_count"),
        RuleError::CountNotAsked { .. } => ("count", "count_not_asked"),
        _ => ("minutes", "invalid_minutes"),
    };
    Some(Invalid::new(field, code, error.to_string()))
}

/// The first field in which a record differs from what is asked for under the same id.
pub fn difference(service: &Service, details: &ServiceDetails, minutes: i64) -> Option<&'static str> {
    let known = &service.details;
    let differs = [
        ("volunteer_id", known.volunteer_id != details.volunteer_id),
        ("category", known.category != details.category),
        ("title", known.title != details.title),
        ("place", known.place != details.place),
        ("content", known.content != details.content),
        ("organiser", known.organiser != details.organiser),
        ("person_in_charge", known.person_in_charge != details.person_in_charge),
        ("recipient", known.recipient != details.recipient),
        ("occurred_on", known.occurred_on != details.occurred_on),
        ("started_at", known.started_at != details.started_at),
        ("ended_at", known.ended_at != details.ended_at),
        ("minutes", service.minutes != minutes),
        ("evidence", known.evidence != details.evidence),
        ("level", known.level != details.level),
        ("role", known.role != details.role),
        ("count", known.count != details.count),
        ("filing_number", known.filing_number != details.filing_number),
        ("activity_id", known.activity_id != details.activity_id),
        // Where none is named it is the volunteer's, which may be another by now.
        ("unit", details.unit.is_some() && known.unit != details.unit),
        ("team", known.team != details.team),
        ("corrects", known.corrects != details.corrects),
        ("reason", known.reason != details.reason),
    ];
    differs.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}
