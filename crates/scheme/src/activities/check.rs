//! What an activity must say.

use super::{ActivityDetails, Mode, Post};
use crate::config::{CategoryKind, Scheme};
use crate::schemes::OpenScheme;
use crate::stations;
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeSet;

/// A record of service is of one day at most.
const LONGEST: Duration = Duration::hours(24);
const PEOPLE_MAX: i64 = 100_000;
const POSTS_MAX: usize = 100;

/// Everything that is wrong with an activity.
pub fn flaws(config: &Scheme, details: &ActivityDetails) -> Vec<Invalid> {
    let mut flaws = Vec::new();
    texts(details, &mut flaws);
    codes(config, details, &mut flaws);
    times(details, &mut flaws);
    numbers(details, &mut flaws);
    posts(&details.posts, &mut flaws);
    flaws
}

/// What is wrong with where it is.
pub async fn places(scheme: &OpenScheme, details: &ActivityDetails) -> db::Result<Vec<Invalid>> {
    let mut flaws = Vec::new();
    let organisation = scheme.organisation().await?;
    if details.unit.as_ref().is_some_and(|unit| organisation.unit(unit).is_none()) {
        flaws.push(Invalid::new("unit", "unknown_unit", "the scheme has no such unit"));
    }
    if let Some(station) = &details.station
        && !stations::is_known(scheme, station).await?
    {
        flaws.push(Invalid::new("station", "unknown_station", "the scheme has no such station"));
    }
    Ok(flaws)
}

fn texts(details: &ActivityDetails, flaws: &mut Vec<Invalid>) {
    let fields = [
        ("title", Some(&details.title), 200),
        ("content", Some(&details.content), 2000),
        ("place", Some(&details.place), 200),
        ("organiser", Some(&details.organiser), 200),
        ("person_in_charge", Some(&details.person_in_charge), 100),
        ("recipient", details.recipient.as_ref(), 200),
        ("filing_number", details.filing_number.as_ref(), 100),
    ];
    for (field, text, max) in fields {
        if text.is_some_and(|text| !is_text(text, max)) {
            flaws.push(Invalid::new(field, "invalid_text", format!("1 to {max} characters, not blank")));
        }
    }
    for (field, code) in [("team", &details.team), ("requires_training", &details.requires_training)] {
        if code.as_ref().is_some_and(|code| !is_code(code)) {
            flaws.push(Invalid::new(field, "invalid_code", "a code is of a-z, 0-9, - and _, and begins with a letter"));
        }
    }
}

fn codes(config: &Scheme, details: &ActivityDetails, flaws: &mut Vec<Invalid>) {
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    match config.category(&details.category).map(|category| category.kind) {
        None => refuse("category", "unknown_category", "the scheme has no such category"),
        Some(CategoryKind::Event) => refuse("category", "not_a_category_of_service", "an event is no service"),
        Some(CategoryKind::Service) => {}
    }
    for (field, code, known) in [("level", &details.level, &config.levels), ("role", &details.role, &config.roles)] {
        if code.as_ref().is_some_and(|code| known.iter().all(|one| one.code != *code)) {
            refuse(field, "unknown_code", "the scheme has no such code");
        }
    }
}

fn times(details: &ActivityDetails, flaws: &mut Vec<Invalid>) {
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    if details.ends_at <= details.starts_at {
        refuse("ends_at", "end_before_start", "the end is not after the beginning");
    } else if details.ends_at - details.starts_at > LONGEST {
        refuse("ends_at", "activity_too_long", "an activity lasts 24 hours at most: make one of each shift");
    }
    if details.closes_at.is_some_and(|closes_at| closes_at > details.ends_at) {
        refuse("closes_at", "closes_after_end", "sign-up cannot close after the end");
    }
}

fn numbers(details: &ActivityDetails, flaws: &mut Vec<Invalid>) {
    let given = [
        ("capacity", details.capacity, 1, PEOPLE_MAX),
        ("min_age", details.min_age, 0, 120),
        ("max_age", details.max_age, 0, 120),
        ("share_percent", details.share_percent, 1, 100),
        ("early_minutes", details.early_minutes, 0, 24 * 60),
    ];
    for (field, number, least, most) in given {
        if number.is_some_and(|number| !(least..=most).contains(&number)) {
            flaws.push(Invalid::new(field, "out_of_range", format!("it is between {least} and {most}")));
        }
    }
}

fn posts(posts: &[Post], flaws: &mut Vec<Invalid>) {
    let mut refuse = |code, detail: String| flaws.push(Invalid::new("posts", code, detail));
    if posts.len() > POSTS_MAX {
        refuse("too_many_posts", format!("at most {POSTS_MAX} posts"));
    }
    let mut seen = BTreeSet::new();
    for post in posts {
        if !is_code(&post.code) {
            refuse("invalid_code", "a code is of a-z, 0-9, - and _, and begins with a letter".to_owned());
        } else if !seen.insert(&post.code) {
            refuse("duplicate_post", format!("two posts have the code {}", post.code));
        }
        if !is_text(&post.name, 100) || post.skill.as_ref().is_some_and(|skill| !is_text(skill, 100)) {
            refuse("invalid_text", "a name or skill has 1 to 100 characters".to_owned());
        }
        let in_range = |number: Option<i64>, least, most| number.is_none_or(|number| (least..=most).contains(&number));
        if !in_range(post.capacity, 1, PEOPLE_MAX) || !in_range(post.min_age, 0, 120) {
            refuse("out_of_range", format!("a post is for 1 to {PEOPLE_MAX} people of 0 to 120 years"));
        }
    }
}

/// As codes are in configurations.
pub fn is_code(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    text.len() <= 32 && text.starts_with(|letter: char| letter.is_ascii_lowercase()) && text.chars().all(plain)
}

/// Until when one can sign up, when the activity does not say.
pub fn closing(config: &Scheme, details: &ActivityDetails) -> DateTime<Utc> {
    match (details.closes_at, details.mode) {
        (Some(closes_at), _) => closes_at,
        (None, Mode::Emergency) => details.ends_at,
        (None, Mode::Daily) => details.starts_at - config.presence.sign_up_lead(),
    }
}
