//! Corrections (Order 67 of the Ministry of Civil Affairs, Art. 13): somebody points out what is wrong with a record,
//! somebody else looks into it and answers.
//!
//! A correction never changes a record. What was confirmed is taken back by a reversal, and a new record in its place is
//! confirmed by an entry of its own; what was not confirmed yet is rejected, and the new record waits as any other.
//!
//! | step | kept by |
//! |---|---|
//! | asked → accepted, with the new record | one transaction, under the locks of correction and record |
//! | the reversal | the id of the reversal |
//! | the new confirmation | the id of the decision |
//! | accepted → done | one statement |
//!
//! Whoever dies between two steps leaves an accepted correction, which [`run`] brings to its end.

mod answer;
mod finish;

pub use answer::{Acceptance, accept, refuse};
pub use finish::run;

use crate::actors;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::services::About;
use crate::services::{self, Service, ServiceDetails, ServiceError, Status};
use crate::volunteers::{self, Invalid};
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use db::Many;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The fields that are to differ; the others stay as they are. Whose service it was and how it is known are not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proposed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organiser: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_in_charge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_on: Option<NaiveDate>,
    /// In place of a beginning and an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filing_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

impl Proposed {
    /// The record as it would be. Pure.
    fn applied(&self, service: &Service) -> ServiceDetails {
        let old = &service.details;
        let text = |new: &Option<String>, old: &String| new.clone().unwrap_or_else(|| old.clone());
        let maybe = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
        let (started_at, ended_at) = match self.minutes.is_some() && self.started_at.is_none() {
            true => (None, None),
            false => (self.started_at.or(old.started_at), self.ended_at.or(old.ended_at)),
        };
        ServiceDetails {
            volunteer_id: old.volunteer_id,
            category: text(&self.category, &old.category),
            title: text(&self.title, &old.title),
            place: text(&self.place, &old.place),
            content: text(&self.content, &old.content),
            organiser: text(&self.organiser, &old.organiser),
            person_in_charge: text(&self.person_in_charge, &old.person_in_charge),
            recipient: maybe(&self.recipient, &old.recipient),
            occurred_on: self.occurred_on.unwrap_or(old.occurred_on),
            started_at,
            ended_at,
            minutes: if started_at.is_some() { self.minutes } else { self.minutes.or(old.minutes) },
            evidence: old.evidence,
            level: maybe(&self.level, &old.level),
            role: maybe(&self.role, &old.role),
            count: self.count.or(old.count),
            filing_number: maybe(&self.filing_number, &old.filing_number),
            activity_id: old.activity_id,
            unit: maybe(&self.unit, &old.unit),
            team: maybe(&self.team, &old.team),
            corrects: Some(service.id),
            reason: old.reason.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub service_id: Uuid,
    pub reason: String,
    pub proposed: Proposed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionStatus {
    Asked,
    /// Granted, and about to be posted.
    Accepted,
    Done,
    Refused,
}

impl CorrectionStatus {
    const ALL: [CorrectionStatus; 4] =
        [CorrectionStatus::Asked, CorrectionStatus::Accepted, CorrectionStatus::Done, CorrectionStatus::Refused];

    pub fn as_str(self) -> &'static str {
        match self {
            CorrectionStatus::Asked => "asked",
            CorrectionStatus::Accepted => "accepted",
            CorrectionStatus::Done => "done",
            CorrectionStatus::Refused => "refused",
        }
    }

    fn parse(text: &str) -> Option<CorrectionStatus> {
        CorrectionStatus::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    pub id: Uuid,
    pub request: Request,
    pub volunteer_id: Uuid,
    pub asked_by: Uuid,
    pub asked_at: DateTime<Utc>,
    /// Until when it is to be answered.
    pub due_on: NaiveDate,
    pub status: CorrectionStatus,
    pub answer: Option<String>,
    pub answered_by: Option<Uuid>,
    pub answered_at: Option<DateTime<Utc>>,
    /// That whoever accepted it decided on, where the rules leave it open. Minor units.
    pub points: Option<i64>,
    /// Whether it may leave the account below zero, for follow-up.
    pub overdraw: bool,
    /// The record in place of the old one.
    pub new_service_id: Option<Uuid>,
}

#[derive(Debug, thiserror::Error)]
pub enum CorrectionError {
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("there is no request for correction {id}")]
    CorrectionNotFound { id: Uuid },
    #[error("the id stands for another request: {field} differs")]
    IdTaken { field: &'static str },
    /// Whoever asked, recorded it or did the service does not answer.
    #[error("whoever asked for a correction does not answer it")]
    OwnRequest,
    #[error("the request is {}", status.as_str())]
    Answered { status: CorrectionStatus },
    /// It is answered first.
    #[error("an objection to the record is open")]
    ObjectionOpen,
}

impl From<db::Error> for CorrectionError {
    fn from(error: db::Error) -> Self {
        CorrectionError::Service(error.into())
    }
}

#[derive(sqlx::FromRow)]
struct CorrectionRow {
    id: Uuid,
    service_id: Uuid,
    volunteer_id: Uuid,
    reason: String,
    proposed: String,
    asked_by: Uuid,
    asked_at: i64,
    due_on: NaiveDate,
    status: String,
    answer: Option<String>,
    answered_by: Option<Uuid>,
    answered_at: Option<i64>,
    points: Option<i64>,
    overdraw: bool,
    new_service_id: Option<Uuid>,
}

impl CorrectionRow {
    fn correction(self) -> db::Result<Correction> {
        let damaged = |column: &str| db::Error::Damaged(format!("corrections.{column}"));
        let proposed = serde_json::from_str(&self.proposed).map_err(|_| damaged("proposed"))?;
        Ok(Correction {
            id: self.id,
            request: Request { service_id: self.service_id, reason: self.reason, proposed },
            volunteer_id: self.volunteer_id,
            asked_by: self.asked_by,
            asked_at: moment(self.asked_at),
            due_on: self.due_on,
            status: CorrectionStatus::parse(&self.status).ok_or_else(|| damaged("status"))?,
            answer: self.answer,
            answered_by: self.answered_by,
            answered_at: self.answered_at.map(moment),
            points: self.points,
            overdraw: self.overdraw,
            new_service_id: self.new_service_id,
        })
    }
}

/// A statement on corrections: the columns of [`CorrectionRow`], and the rest.
macro_rules! select_corrections {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.service_id, c.volunteer_id, c.reason, c.proposed, c.asked_by, c.asked_at, c.due_on, c.status,
                    c.answer, c.answered_by, c.answered_at, c.points, c.overdraw, c.new_service_id
             FROM corrections AS c ",
            $rest
        )
    };
}

/// Asks for a correction under an id that the caller chose. The same again is answered with the same, and `true`.
pub async fn ask(
    scheme: &OpenScheme,
    id: Uuid,
    request: Request,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Correction, bool), CorrectionError> {
    if !volunteers::is_text(&request.reason, 500) {
        let flaw = Invalid::new("reason", "invalid_text", "a reason has 1 to 500 characters");
        return Err(ServiceError::Invalid(vec![flaw]).into());
    }
    let service = services::get(scheme, request.service_id).await?;
    if let Some(known) = find(scheme, id).await? {
        return same(known, &request).map(|known| (known, true));
    }
    if matches!(service.status, Status::Rejected | Status::Reversed) {
        return Err(ServiceError::StateConflict { status: service.status }.into());
    }
    let details = request.proposed.applied(&service);
    if !request.proposed.changes(&service) {
        let flaw = Invalid::new("proposed", "nothing_to_correct", "the record is as proposed already");
        return Err(ServiceError::Invalid(vec![flaw]).into());
    }
    services::require_sound(scheme, &details, now).await?;
    actors::remember(scheme, by).await?;
    let config = scheme.config();
    let days = config.rules_on(service.details.occurred_on).map_or(10, |rules| rules.correction_days());
    let proposed = serde_json::to_string(&request.proposed).map_err(|error| ServiceError::Book(error.to_string()))?;
    let mut tx = scheme.db.begin_write().await?;
    let written = tx
        .query(
            "INSERT INTO corrections (book, id, service_id, volunteer_id, reason, proposed, asked_by, asked_at, due_on,
                 status, overdraw)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'asked', false) ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(request.service_id)
        .bind(service.details.volunteer_id)
        .bind(request.reason.clone())
        .bind(proposed)
        .bind(by.key_id)
        .bind(micros(now))
        .bind(scheme.calendar().after(config.day_of(now), days))
        .execute()
        .await?;
    tx.commit().await?;
    same(get(scheme, id).await?, &request).map(|known| (known, written == 0))
}

impl Proposed {
    /// Whether anything would differ.
    fn changes(&self, service: &Service) -> bool {
        let kept = ServiceDetails { corrects: service.details.corrects, ..self.applied(service) };
        let minutes = kept.minutes.or(Some(service.minutes));
        kept != service.details && (ServiceDetails { minutes, ..kept }) != service.details
    }
}

fn same(known: Correction, request: &Request) -> Result<Correction, CorrectionError> {
    let differing = [
        ("service_id", known.request.service_id != request.service_id),
        ("reason", known.request.reason != request.reason),
        ("proposed", known.request.proposed != request.proposed),
    ];
    match differing.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(CorrectionError::IdTaken { field }),
        None => Ok(known),
    }
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Correction, CorrectionError> {
    find(scheme, id).await?.ok_or(CorrectionError::CorrectionNotFound { id })
}

async fn find(scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Correction>> {
    let mut tx = scheme.db.begin_read().await?;
    find_in(&mut tx, scheme, id).await
}

async fn find_in(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Correction>> {
    let row: Option<CorrectionRow> = tx
        .query(select_corrections!("WHERE c.book = $1 AND c.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(CorrectionRow::correction).transpose()
}

/// Which requests to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorrectionFilter {
    /// Which records they are about.
    pub about: About,
    pub service_id: Option<Uuid>,
    pub volunteer_id: Option<Uuid>,
    pub status: Option<CorrectionStatus>,
    /// Not answered by the day on which they were to be.
    pub overdue: bool,
}

/// Requests by the day on which they are to be answered, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: &CorrectionFilter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
    now: DateTime<Utc>,
) -> db::Result<Vec<Correction>> {
    let (day, id) = after.unwrap_or((NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default(), Uuid::nil()));
    let units = filter.about.units(scheme, now).await?;
    let today = scheme.config().day_of(now);
    let rows: Vec<CorrectionRow> = scheme
        .db
        .query(select_corrections!(
            "JOIN services AS s ON s.book = c.book AND s.id = c.service_id
             WHERE c.book = $1 AND ($2 IS NULL OR c.service_id = $2) AND ($3 IS NULL OR c.volunteer_id = $3)
               AND ($4 IS NULL OR c.status = $4) AND ($5 IS NULL OR (c.status = 'asked' AND c.due_on < $5))
               AND (c.due_on > $6 OR (c.due_on = $6 AND c.id > $7))
               AND ($8 IS NULL OR s.unit IN (SELECT m.value FROM many($9) AS m)) AND ($10 IS NULL OR s.team = $10)
               AND ($11 IS NULL OR s.occurred_on >= $11) AND ($12 IS NULL OR s.occurred_on <= $12)
             ORDER BY c.due_on, c.id LIMIT $13"
        ))
        .bind(scheme.book.number())
        .bind(filter.service_id)
        .bind(filter.volunteer_id)
        .bind(filter.status.map(CorrectionStatus::as_str))
        .bind(filter.overdue.then_some(today))
        .bind(day)
        .bind(id)
        .bind(filter.about.unit.clone())
        .bind_many(Many::Text(units))
        .bind(filter.about.team.clone())
        .bind(filter.about.from)
        .bind(filter.about.until)
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(CorrectionRow::correction).collect()
}
