//! Training: courses and who attended them (Order 67, Art. 8). Learning hours are their own and are never hours of service.

use crate::keys::Operator;
use crate::records::{
    Filter, Page, RecordError, Subject, day_flaw, matching, refuse, refuse_difference, text_flaws, unit_flaw,
};
use crate::schemes::OpenScheme;
use crate::services::{Derived, event_flaw, put_derived};
use crate::volunteers::{self, Invalid};
use crate::{micros, moment};
use chrono::{DateTime, Months, NaiveDate, Utc};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Training {
    pub id: Uuid,
    pub details: TrainingDetails,
    pub recorded_at: DateTime<Utc>,
}

/// A course as it was held: name, main content, hours, organiser and day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingDetails {
    /// What activities ask for by `requires_training`: `first-aid`.
    pub code: String,
    pub name: String,
    pub content: String,
    pub organiser: String,
    pub held_on: NaiveDate,
    /// Of learning.
    pub minutes: i64,
    /// How long passing it lasts; `None`: for ever.
    pub valid_months: Option<u32>,
    /// The event that passing it is, too, where the rules give points for one.
    pub event_category: Option<String>,
    pub unit: Option<String>,
    pub team: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance {
    pub training_id: Uuid,
    pub volunteer_id: Uuid,
    /// As the training has them.
    pub code: String,
    pub name: String,
    pub held_on: NaiveDate,
    pub minutes: i64,
    pub passed: bool,
    /// The last day on which it counts as passed; `None`: for ever.
    pub valid_until: Option<NaiveDate>,
    /// The event record that follows from it.
    pub service_id: Option<Uuid>,
    pub withdrawn: bool,
    pub reason: Option<String>,
    pub id: Uuid,
}

/// How somebody attended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attended {
    /// `None`: all of the course.
    pub minutes: Option<i64>,
    pub passed: bool,
}

const MINUTES_MAX: i64 = 1000 * 60;

#[derive(sqlx::FromRow)]
struct TrainingRow {
    id: Uuid,
    code: String,
    name: String,
    content: String,
    organiser: String,
    held_on: NaiveDate,
    minutes: i64,
    valid_months: Option<i64>,
    event_category: Option<String>,
    unit: Option<String>,
    team: Option<String>,
    recorded_at: i64,
}

impl TrainingRow {
    fn training(self) -> Training {
        let details = TrainingDetails {
            code: self.code,
            name: self.name,
            content: self.content,
            organiser: self.organiser,
            held_on: self.held_on,
            minutes: self.minutes,
            valid_months: self.valid_months.and_then(|months| months.try_into().ok()),
            event_category: self.event_category,
            unit: self.unit,
            team: self.team,
        };
        Training { id: self.id, details, recorded_at: moment(self.recorded_at) }
    }
}

/// Writes a course down. The same again is answered with it, and `true`.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: TrainingDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Training, bool), RecordError> {
    let mut flaws = flaws(scheme, &details, now);
    flaws.extend(unit_flaw(scheme, details.unit.as_deref()).await?);
    refuse(flaws)?;
    let mut tx = scheme.db.begin_write().await?;
    let written = tx
        .query(
            "INSERT INTO trainings (book, id, code, name, content, organiser, held_on, minutes, valid_months,
                 event_category, unit, team, recorded_by, recorded_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(details.code.clone())
        .bind(details.name.clone())
        .bind(details.content.clone())
        .bind(details.organiser.clone())
        .bind(details.held_on)
        .bind(details.minutes)
        .bind(details.valid_months.map(i64::from))
        .bind(details.event_category.clone())
        .bind(details.unit.clone())
        .bind(details.team.clone())
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    let known = get(scheme, id).await?;
    let (one, other) = (&known.details, &details);
    refuse_difference(&[
        ("code", one.code != other.code),
        ("name", one.name != other.name),
        ("content", one.content != other.content),
        ("organiser", one.organiser != other.organiser),
        ("held_on", one.held_on != other.held_on),
        ("minutes", one.minutes != other.minutes),
        ("valid_months", one.valid_months != other.valid_months),
        ("event_category", one.event_category != other.event_category),
        ("unit", one.unit != other.unit),
        ("team", one.team != other.team),
    ])?;
    Ok((known, written == 0))
}

fn flaws(scheme: &OpenScheme, details: &TrainingDetails, now: DateTime<Utc>) -> Vec<Invalid> {
    let mut flaws = text_flaws(&[
        ("name", Some(&details.name), 200),
        ("content", Some(&details.content), 2000),
        ("organiser", Some(&details.organiser), 200),
        ("team", details.team.as_deref(), 100),
    ]);
    flaws.extend(day_flaw(scheme, "held_on", details.held_on, now));
    flaws.extend(event_flaw(&scheme.config(), "event_category", details.event_category.as_deref()));
    let is_code = details.code.starts_with(|letter: char| letter.is_ascii_lowercase())
        && details.code.len() <= 32
        && details.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
    if !is_code {
        flaws.push(Invalid::new("code", "invalid_code", "a code is of a-z, 0-9, - and _, and begins with a letter"));
    }
    if !(1..=MINUTES_MAX).contains(&details.minutes) {
        flaws.push(Invalid::new("minutes", "invalid_minutes", format!("a course is of 1 to {MINUTES_MAX} minutes")));
    }
    if details.valid_months.is_some_and(|months| !(1..=1200).contains(&months)) {
        flaws.push(Invalid::new("valid_months", "invalid_limit", "passing it lasts 1 to 1200 months"));
    }
    flaws
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Training, RecordError> {
    let row: Option<TrainingRow> = scheme
        .db
        .query(
            "SELECT id, code, name, content, organiser, held_on, minutes, valid_months, event_category, unit, team, recorded_at
             FROM trainings WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(row.ok_or(RecordError::NotFound { subject: Subject::Training, id })?.training())
}

/// Writes down that somebody attended. Passing it is, where the course says so, an event record as well, which is confirmed as any
/// other. The same again is answered with it, and `true`.
pub async fn attend(
    scheme: &OpenScheme,
    training: Uuid,
    volunteer: Uuid,
    attended: Attended,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Attendance, bool), RecordError> {
    let course = get(scheme, training).await?.details;
    volunteers::require(scheme, volunteer).await?;
    let minutes = attended.minutes.unwrap_or(course.minutes);
    if !(0..=course.minutes).contains(&minutes) {
        let detail = format!("the course was of {} minutes", course.minutes);
        return Err(RecordError::Invalid(vec![Invalid::new("minutes", "invalid_minutes", detail)]));
    }
    let id = attendance_id(training, volunteer);
    let mut tx = scheme.db.begin_write().await?;
    // Of two at once for one person the second waits here.
    lock_volunteer(&mut tx, scheme, volunteer).await?;
    let known = find(&mut tx, scheme, id).await?;
    if let Some(known) = known.filter(|known| !known.withdrawn) {
        refuse_difference(&[("minutes", known.minutes != minutes), ("passed", known.passed != attended.passed)])?;
        return Ok((known, true));
    }
    volunteers::lock_unmerged(&mut tx, scheme, volunteer).await?;
    let event = course.event_category.as_deref().filter(|_| attended.passed);
    let service_id = event.map(|_| Uuid::new_v5(&id, b"event"));
    if let Some((category, service_id)) = event.zip(service_id) {
        let record = Derived {
            volunteer_id: volunteer,
            category,
            title: &course.name,
            content: &course.content,
            organiser: &course.organiser,
            occurred_on: course.held_on,
            minutes: None,
            level: None,
            unit: course.unit.as_deref(),
            team: course.team.as_deref(),
        };
        put_derived(&mut tx, scheme, service_id, &record, by, now).await?;
    }
    let valid_until = course.valid_months.and_then(|months| course.held_on.checked_add_months(Months::new(months)));
    tx.query(
        "INSERT INTO training_attendances (book, id, training_id, volunteer_id, code, held_on, unit, team, minutes, passed,
             valid_until_on, service_id, status, recorded_by, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'attended', $13, $14)
         ON CONFLICT (book, id) DO UPDATE SET minutes = excluded.minutes, passed = excluded.passed,
             service_id = excluded.service_id, status = excluded.status, reason = NULL,
             recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(training)
    .bind(volunteer)
    .bind(course.code)
    .bind(course.held_on)
    .bind(crate::records::unit_of(scheme, volunteer, course.unit).await?)
    .bind(course.team)
    .bind(minutes)
    .bind(attended.passed)
    .bind(valid_until)
    .bind(service_id)
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    let written = find(&mut tx, scheme, id).await?;
    tx.commit().await?;
    Ok((written.ok_or(RecordError::NotFound { subject: Subject::Attendance, id })?, false))
}

/// Takes an attendance back that was written down wrongly. The event record that follows from it is decided over by itself.
pub async fn withdraw(
    scheme: &OpenScheme,
    training: Uuid,
    volunteer: Uuid,
    reason: &str,
    by: &Operator,
) -> Result<(Attendance, bool), RecordError> {
    refuse(text_flaws(&[("reason", Some(reason), 500)]))?;
    let id = attendance_id(training, volunteer);
    let mut tx = scheme.db.begin_write().await?;
    let changed = tx
        .query(
            "UPDATE training_attendances SET status = 'withdrawn', reason = $3, recorded_by = $4
             WHERE book = $1 AND id = $2 AND status = 'attended'",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(reason.to_owned())
        .bind(by.key_id)
        .execute()
        .await?;
    let known = find(&mut tx, scheme, id).await?;
    tx.commit().await?;
    Ok((known.ok_or(RecordError::NotFound { subject: Subject::Attendance, id: training })?, changed == 0))
}

fn attendance_id(training: Uuid, volunteer: Uuid) -> Uuid {
    Uuid::new_v5(&training, volunteer.as_bytes())
}

pub(crate) async fn lock_volunteer(tx: &mut db::Tx, scheme: &OpenScheme, volunteer: Uuid) -> db::Result<()> {
    tx.lock("SELECT version FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_optional::<(i64,)>()
        .await
        .map(|_| ())
}

#[derive(sqlx::FromRow)]
struct AttendanceRow {
    id: Uuid,
    training_id: Uuid,
    volunteer_id: Uuid,
    code: String,
    name: String,
    held_on: NaiveDate,
    minutes: i64,
    passed: bool,
    valid_until_on: Option<NaiveDate>,
    service_id: Option<Uuid>,
    status: String,
    reason: Option<String>,
}

impl AttendanceRow {
    fn attendance(self) -> Attendance {
        Attendance {
            training_id: self.training_id,
            volunteer_id: self.volunteer_id,
            code: self.code,
            name: self.name,
            held_on: self.held_on,
            minutes: self.minutes,
            passed: self.passed,
            valid_until: self.valid_until_on,
            service_id: self.service_id,
            withdrawn: self.status == "withdrawn",
            reason: self.reason,
            id: self.id,
        }
    }
}

async fn find(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Attendance>> {
    let row: Option<AttendanceRow> = tx
        .query(
            "SELECT r.id, r.training_id, r.volunteer_id, r.code, t.name, r.held_on, r.minutes, r.passed, r.valid_until_on,
                    r.service_id, r.status, r.reason
             FROM training_attendances AS r JOIN trainings AS t ON t.book = r.book AND t.id = r.training_id
             WHERE r.book = $1 AND r.id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(row.map(AttendanceRow::attendance))
}

/// Attendances by day, those after `after`.
pub async fn attendances(
    scheme: &OpenScheme,
    filter: &Filter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> db::Result<Vec<Attendance>> {
    let query = scheme.db.query(matching!(
        "SELECT r.id, r.training_id, r.volunteer_id, r.code, t.name, r.held_on, r.minutes, r.passed, r.valid_until_on,
                r.service_id, r.status, r.reason
         FROM training_attendances AS r JOIN trainings AS t ON t.book = r.book AND t.id = r.training_id",
        "held_on"
    ));
    let rows: Vec<AttendanceRow> =
        Page::of(scheme, filter, after, limit).await?.bind(query, scheme).fetch_all().await?;
    Ok(rows.into_iter().map(AttendanceRow::attendance).collect())
}

/// Whether the volunteer has passed a course of this code that counts on `on`: what activities ask of those who sign up
/// (Regulations on Voluntary Services, Art. 16).
pub async fn trained(scheme: &OpenScheme, volunteer: Uuid, code: &str, on: NaiveDate) -> db::Result<bool> {
    let found: Option<(Uuid,)> = scheme
        .db
        .query(
            "SELECT id FROM training_attendances
             WHERE book = $1 AND volunteer_id = $2 AND code = $3 AND passed AND status = 'attended' AND held_on <= $4
               AND (valid_until_on IS NULL OR valid_until_on >= $4) LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(volunteer)
        .bind(code.to_owned())
        .bind(on)
        .fetch_optional()
        .await?;
    Ok(found.is_some())
}
