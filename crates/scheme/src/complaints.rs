//! Complaints about service (Regulations on Voluntary Services, Art. 26): received, investigated, and upheld or dismissed with
//! an answer, within a time, by somebody who is not concerned. What follows when one is upheld stands in the configuration:
//! the hours become 0, an event deducts points, the person takes no part in the reviews of the year.
//!
//! The decision is a row; what follows from it is in the book, under ids that follow from the complaint's. It is posted with the
//! decision, and by [`settle_due`] when that was interrupted.

mod decide;
mod effects;
mod states;

pub use decide::{Answer, appeal, dismiss, investigate, uphold, withdraw};
pub use effects::settle_due;
pub use states::{Action, Status};

use crate::keys::Operator;
use crate::records::{
    Filter, Page, RecordError, Subject, day_flaw, matching, refuse, refuse_difference, text_flaws, unit_flaw, unit_of,
};
use crate::schemes::OpenScheme;
use crate::services;
use crate::volunteers::{self, Invalid};
use crate::{micros, moment};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// One complaint by book and id.
macro_rules! select_complaint {
    () => {
        "SELECT id, volunteer_id, service_id, activity_id, content, complainant, contact, received_on, due_on, unit, team,
                status, finding, answer, reason, recorded_person, recorded_at, answered_by, answered_person, answered_on,
                first_person, effects_due
         FROM complaints WHERE book = $1 AND id = $2"
    };
}
use select_complaint;

/// Working days for the answer where the configuration says nothing.
const ANSWER_WORKING_DAYS: u32 = 15;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    pub id: Uuid,
    pub details: ComplaintDetails,
    pub received_on: NaiveDate,
    /// The last day for the answer.
    pub due_on: NaiveDate,
    pub overdue: bool,
    pub status: Status,
    /// What the investigation came to.
    pub finding: Option<String>,
    pub answer: Option<String>,
    pub answered_on: Option<NaiveDate>,
    /// Of the withdrawal, or of the appeal.
    pub reason: Option<String>,
    /// What follows from the decision is not all in the book yet.
    pub effects_due: bool,
    pub recorded_at: DateTime<Utc>,
    recorded_person: String,
    answered_by: Option<Uuid>,
    answered_person: Option<String>,
    first_person: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComplaintDetails {
    /// About whom; of a record's when the record is named.
    pub volunteer_id: Option<Uuid>,
    pub service_id: Option<Uuid>,
    /// With `volunteer_id`: about that volunteer's part in it.
    pub activity_id: Option<Uuid>,
    pub content: String,
    /// Who complains, and how they are reached: for those alone who deal with it.
    pub complainant: Option<String>,
    pub contact: Option<String>,
    /// `None` when it is put: today.
    pub received_on: Option<NaiveDate>,
    pub unit: Option<String>,
    pub team: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ComplaintRow {
    id: Uuid,
    volunteer_id: Option<Uuid>,
    service_id: Option<Uuid>,
    activity_id: Option<Uuid>,
    content: String,
    complainant: Option<String>,
    contact: Option<String>,
    received_on: NaiveDate,
    due_on: NaiveDate,
    unit: Option<String>,
    team: Option<String>,
    status: String,
    finding: Option<String>,
    answer: Option<String>,
    reason: Option<String>,
    recorded_person: String,
    recorded_at: i64,
    answered_by: Option<Uuid>,
    answered_person: Option<String>,
    answered_on: Option<NaiveDate>,
    first_person: Option<String>,
    effects_due: bool,
}

impl ComplaintRow {
    fn complaint(self, today: NaiveDate) -> db::Result<Complaint> {
        let status = Status::parse(&self.status).ok_or_else(|| db::Error::Damaged("complaints.status".to_owned()))?;
        let details = ComplaintDetails {
            volunteer_id: self.volunteer_id,
            service_id: self.service_id,
            activity_id: self.activity_id,
            content: self.content,
            complainant: self.complainant,
            contact: self.contact,
            received_on: Some(self.received_on),
            unit: self.unit,
            team: self.team,
        };
        Ok(Complaint {
            id: self.id,
            details,
            received_on: self.received_on,
            due_on: self.due_on,
            overdue: status.is_open() && self.due_on < today,
            status,
            finding: self.finding,
            answer: self.answer,
            answered_on: self.answered_on,
            reason: self.reason,
            effects_due: self.effects_due,
            recorded_at: moment(self.recorded_at),
            recorded_person: self.recorded_person,
            answered_by: self.answered_by,
            answered_person: self.answered_person,
            first_person: self.first_person,
        })
    }
}

/// Writes a complaint down. The same again is answered with it, and `true`.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: ComplaintDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Complaint, bool), RecordError> {
    let mut flaws = flaws(scheme, &details, now);
    flaws.extend(unit_flaw(scheme, details.unit.as_deref()).await?);
    refuse(flaws)?;
    let details = about(scheme, details).await?;
    let (config, today) = (scheme.config(), scheme.config().day_of(now));
    let received_on = details.received_on.unwrap_or(today);
    let days = config.complaints.as_ref().map_or(ANSWER_WORKING_DAYS, |rules| rules.answer_working_days);
    let mut tx = scheme.db.begin_write().await?;
    let written = tx
        .query(
            "INSERT INTO complaints (book, id, volunteer_id, service_id, activity_id, content, complainant, contact, received_on,
                 due_on, unit, team, status, recorded_by, recorded_person, recorded_at, effects_due)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'received', $13, $14, $15, $16)
             ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(details.volunteer_id)
        .bind(details.service_id)
        .bind(details.activity_id)
        .bind(details.content.clone())
        .bind(details.complainant.clone())
        .bind(details.contact.clone())
        .bind(received_on)
        .bind(scheme.calendar().after(received_on, days))
        .bind(details.unit.clone())
        .bind(details.team.clone())
        .bind(by.key_id)
        .bind(by.person.clone())
        .bind(micros(now))
        .bind(false)
        .execute()
        .await?;
    tx.commit().await?;
    let known = get(scheme, id, now).await?;
    let one = &known.details;
    refuse_difference(&[
        ("volunteer_id", one.volunteer_id != details.volunteer_id),
        ("service_id", one.service_id != details.service_id),
        ("activity_id", one.activity_id != details.activity_id),
        ("content", one.content != details.content),
        ("complainant", one.complainant != details.complainant),
        ("contact", one.contact != details.contact),
        ("received_on", details.received_on.is_some() && one.received_on != details.received_on),
        ("team", one.team != details.team),
    ])?;
    Ok((known, written == 0))
}

fn flaws(scheme: &OpenScheme, details: &ComplaintDetails, now: DateTime<Utc>) -> Vec<Invalid> {
    let mut flaws = text_flaws(&[
        ("content", Some(&details.content), 2000),
        ("complainant", details.complainant.as_deref(), 100),
        ("contact", details.contact.as_deref(), 100),
        ("team", details.team.as_deref(), 100),
    ]);
    flaws.extend(details.received_on.and_then(|day| day_flaw(scheme, "received_on", day, now)));
    flaws
}

/// Whom and which unit it is about, as far as the record says it.
async fn about(scheme: &OpenScheme, mut details: ComplaintDetails) -> Result<ComplaintDetails, RecordError> {
    if let Some(id) = details.service_id {
        let service = services::get(scheme, id).await?.details;
        let same = |one: Option<Uuid>, other: Uuid| one.is_none_or(|one| one == other);
        if !same(details.volunteer_id, service.volunteer_id) {
            let flaw = Invalid::new("volunteer_id", "another_volunteer", "the record is of another volunteer");
            return Err(RecordError::Invalid(vec![flaw]));
        }
        details.volunteer_id = Some(service.volunteer_id);
        details.unit = details.unit.or(service.unit);
        details.team = details.team.or(service.team);
    }
    if let Some(volunteer) = details.volunteer_id {
        volunteers::require(scheme, volunteer).await?;
        details.unit = unit_of(scheme, volunteer, details.unit).await?;
    }
    Ok(details)
}

pub async fn get(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<Complaint, RecordError> {
    let row: Option<ComplaintRow> =
        scheme.db.query(select_complaint!()).bind(scheme.book.number()).bind(id).fetch_optional().await?;
    let row = row.ok_or(RecordError::NotFound { subject: Subject::Complaint, id })?;
    Ok(row.complaint(scheme.config().day_of(now))?)
}

/// Complaints by the day of receipt, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: &Filter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
    now: DateTime<Utc>,
) -> db::Result<Vec<Complaint>> {
    let query = scheme.db.query(matching!(
        "SELECT r.id, r.volunteer_id, r.service_id, r.activity_id, r.content, r.complainant, r.contact, r.received_on,
                r.due_on, r.unit, r.team, r.status, r.finding, r.answer, r.reason, r.recorded_person, r.recorded_at,
                r.answered_by, r.answered_person, r.answered_on, r.first_person, r.effects_due
         FROM complaints AS r",
        "received_on"
    ));
    let rows: Vec<ComplaintRow> = Page::of(scheme, filter, after, limit).await?.bind(query, scheme).fetch_all().await?;
    let today = scheme.config().day_of(now);
    rows.into_iter().map(|row| row.complaint(today)).collect()
}

/// What keeps volunteers from the reviews of a year, and where that was decided: complaints of the year that were upheld.
/// Nothing, where the configuration does not make it so.
pub(crate) async fn vetoes(tx: &mut db::Tx, scheme: &OpenScheme, year: i32) -> db::Result<BTreeMap<Uuid, Uuid>> {
    if !scheme.config().complaints.as_ref().is_some_and(|rules| rules.vetoes_reviews) {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Uuid, Uuid, NaiveDate)> = tx
        .query(
            "SELECT volunteer_id, id, received_on FROM complaints
             WHERE book = $1 AND status = 'upheld' AND volunteer_id IS NOT NULL ORDER BY received_on DESC, id DESC",
        )
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    let of_year = rows.into_iter().filter(|(_, _, received_on)| received_on.year() == year);
    Ok(of_year.map(|(volunteer, complaint, _)| (volunteer, complaint)).collect())
}
