//! What somebody wishes for.

use super::rows::{find, locked};
use super::{Status, Wish, WishError};
use crate::config::CategoryKind;
use crate::keys::Operator;
use crate::micros;
use crate::records::{text_flaws, unit_flaw};
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, Written};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WishDetails {
    pub kind: Kind,
    pub title: String,
    pub content: String,
    /// Who wishes, and how they are reached: for those alone who deal with it.
    pub recipient: Option<String>,
    pub contact: Option<String>,
    /// Of the service records that its minutes become; needed when it carries any.
    pub category: Option<String>,
    /// Where it is.
    pub unit: Option<String>,
    /// What it carries.
    pub minutes: i64,
    /// Minor units.
    pub points: i64,
    /// For each person who takes part; otherwise for all of them together.
    pub per_person: bool,
    /// Who may take part, all claims together.
    pub people: i64,
    /// Who may claim it at once.
    pub claimants: i64,
    /// What a volunteer who claims it can do.
    pub skills: Vec<String>,
    /// The last day to claim it.
    pub deadline_on: NaiveDate,
}

impl WishDetails {
    /// The minutes that it gives out at most.
    pub fn all_minutes(&self) -> i64 {
        if self.per_person { self.minutes.saturating_mul(self.people) } else { self.minutes }
    }

    /// The points that it gives out at most.
    pub fn all_points(&self) -> i64 {
        if self.per_person { self.points.saturating_mul(self.people) } else { self.points }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A resident's.
    Wish,
    /// Of a community, for those who build it up together.
    Project,
    Task,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Wish, Kind::Project, Kind::Task];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Wish => "wish",
            Kind::Project => "project",
            Kind::Task => "task",
        }
    }

    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

const PEOPLE_MAX: i64 = 1000;
const CLAIMANTS_MAX: i64 = 100;
const MINUTES_MAX: i64 = 1000 * 60;

/// Writes a wish down under an id that the caller chose, or changes its draft. Once it is published it stays as it is.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: WishDetails,
    expected: Option<i64>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Wish, Written), WishError> {
    let mut flaws = flaws(scheme, &details, now);
    flaws.extend(unit_flaw(scheme, details.unit.as_deref()).await?);
    let mut tx = scheme.db.begin_write().await?;
    let known = match locked(&mut tx, scheme, id).await {
        Ok(known) => Some(known),
        Err(WishError::WishNotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(WishError::VersionDiffers { current });
    }
    if let Some(known) = known.as_ref().filter(|known| known.details == details) {
        return Ok((known.clone(), Written::Same));
    }
    if !flaws.is_empty() {
        return Err(WishError::Invalid(flaws));
    }
    if let Some(known) = known.as_ref().filter(|known| known.status != Status::Draft) {
        return Err(WishError::state(known.status.as_str()));
    }
    write(&mut tx, scheme, id, details, current, by, now).await?;
    let wish = find(&mut tx, scheme, id).await?;
    tx.commit().await?;
    Ok((wish, if current == 0 { Written::Created } else { Written::Changed }))
}

async fn write(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: WishDetails,
    version: i64,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    let skills = serde_json::to_string(&details.skills).expect("a list of texts is plain data");
    tx.query(
        "INSERT INTO wishes (book, id, kind, title, content, recipient, contact, category, unit, minutes, points, per_person,
             people, claimants, skills, deadline_on, posted_on, status, recorded_by, recorded_person, version, created_at,
             updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'draft', $18, $19, $20, $21, $21)
         ON CONFLICT (book, id) DO UPDATE SET kind = excluded.kind, title = excluded.title, content = excluded.content,
             recipient = excluded.recipient, contact = excluded.contact, category = excluded.category, unit = excluded.unit,
             minutes = excluded.minutes, points = excluded.points, per_person = excluded.per_person,
             people = excluded.people, claimants = excluded.claimants, skills = excluded.skills,
             deadline_on = excluded.deadline_on, version = excluded.version, updated_at = excluded.updated_at",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(details.kind.as_str())
    .bind(details.title)
    .bind(details.content)
    .bind(details.recipient)
    .bind(details.contact)
    .bind(details.category)
    .bind(details.unit)
    .bind(details.minutes)
    .bind(details.points)
    .bind(details.per_person)
    .bind(details.people)
    .bind(details.claimants)
    .bind(skills)
    .bind(details.deadline_on)
    .bind(scheme.config().day_of(now))
    .bind(by.key_id)
    .bind(by.person.clone())
    .bind(version + 1)
    .bind(micros(now))
    .execute()
    .await
}

fn flaws(scheme: &OpenScheme, details: &WishDetails, now: DateTime<Utc>) -> Vec<Invalid> {
    let config = scheme.config();
    let mut flaws = text_flaws(&[
        ("title", Some(&details.title), 200),
        ("content", Some(&details.content), 2000),
        ("recipient", details.recipient.as_deref(), 100),
        ("contact", details.contact.as_deref(), 100),
    ]);
    let skills: Vec<_> = details.skills.iter().map(|skill| ("skills", Some(skill.as_str()), 100)).collect();
    flaws.extend(text_flaws(&skills));
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    let known = details.category.as_deref().map(|code| config.category(code).map(|category| category.kind));
    match known {
        Some(Some(CategoryKind::Service)) => {}
        Some(_) => refuse("category", "unknown_category", "the scheme has no such category of service"),
        None if details.minutes > 0 => refuse("category", "missing_category", "minutes are of a category of service"),
        None => {}
    }
    let numbers = [
        ("minutes", details.minutes, 0, MINUTES_MAX),
        ("people", details.people, 1, PEOPLE_MAX),
        ("claimants", details.claimants, 1, CLAIMANTS_MAX),
    ];
    for (field, number, least, most) in numbers {
        if !(least..=most).contains(&number) {
            refuse(field, "out_of_range", &format!("this is between {least} and {most}"));
        }
    }
    let most = config.wishes.as_ref().map(|wishes| wishes.max_points.minor(config.points_scale));
    match most {
        None if details.points > 0 => refuse("points", "points_not_allowed", "wishes of this scheme carry no points"),
        Some(most) if details.all_points() > most => {
            refuse("points", "too_many_points", "a wish of this scheme may not carry so many");
        }
        _ => {}
    }
    if details.skills.len() > 50 {
        refuse("skills", "invalid_text", "at most 50 skills");
    }
    if details.deadline_on < config.day_of(now) {
        refuse("deadline_on", "date_in_past", "the deadline is over");
    }
    flaws
}
