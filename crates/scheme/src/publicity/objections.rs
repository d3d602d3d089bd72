//! Objections to what is published, and their answers.

use super::finality::answer_days;
use crate::actors;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::services::About;
use crate::services::{self, ServiceError, Status};
use crate::volunteers::{self, Invalid};
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use db::Many;
use uuid::Uuid;

/// What somebody has against a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObjection {
    pub content: String,
    /// Their name; shown to those who answer, and to nobody else.
    pub objector: Option<String>,
    /// Who they are among the volunteers.
    pub volunteer_id: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectionStatus {
    Open,
    /// The record is rejected, or the selection changed.
    Upheld,
    Dismissed,
}

impl ObjectionStatus {
    const ALL: [ObjectionStatus; 3] = [ObjectionStatus::Open, ObjectionStatus::Upheld, ObjectionStatus::Dismissed];

    pub fn as_str(self) -> &'static str {
        match self {
            ObjectionStatus::Open => "open",
            ObjectionStatus::Upheld => "upheld",
            ObjectionStatus::Dismissed => "dismissed",
        }
    }

    pub fn parse(text: &str) -> Option<ObjectionStatus> {
        ObjectionStatus::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    pub id: Uuid,
    pub service_id: Uuid,
    pub details: NewObjection,
    pub raised_by: Uuid,
    pub raised_at: DateTime<Utc>,
    /// Until when it is to be answered.
    pub due_on: NaiveDate,
    pub status: ObjectionStatus,
    pub answer: Option<String>,
    pub answered_by: Option<Uuid>,
    pub answered_at: Option<DateTime<Utc>>,
}

/// How an objection is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Upheld,
    Dismissed,
}

#[derive(Debug, thiserror::Error)]
pub enum ObjectionError {
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("there is no objection {id}")]
    ObjectionNotFound { id: Uuid },
    #[error("the id stands for another objection: {field} differs")]
    IdTaken { field: &'static str },
    /// Not published, or its publicity is over.
    #[error("nothing can be objected to: the record is {}", status.as_str())]
    NotPublic { status: Status },
    /// Whoever recorded, checked or raised it does not answer.
    #[error("whoever had a part in it does not answer an objection")]
    NotImpartial,
    #[error("it is answered already: {}", status.as_str())]
    Answered { status: ObjectionStatus },
}

impl From<db::Error> for ObjectionError {
    fn from(error: db::Error) -> Self {
        ObjectionError::Service(error.into())
    }
}

#[derive(sqlx::FromRow)]
struct ObjectionRow {
    id: Uuid,
    service_id: Uuid,
    content: String,
    objector: Option<String>,
    volunteer_id: Option<Uuid>,
    raised_by: Uuid,
    raised_at: i64,
    due_on: NaiveDate,
    status: String,
    answer: Option<String>,
    answered_by: Option<Uuid>,
    answered_at: Option<i64>,
}

impl ObjectionRow {
    fn objection(self) -> db::Result<Objection> {
        let status =
            ObjectionStatus::parse(&self.status).ok_or_else(|| db::Error::Damaged("objections.status".to_owned()))?;
        Ok(Objection {
            id: self.id,
            service_id: self.service_id,
            details: NewObjection { content: self.content, objector: self.objector, volunteer_id: self.volunteer_id },
            raised_by: self.raised_by,
            raised_at: moment(self.raised_at),
            due_on: self.due_on,
            status,
            answer: self.answer,
            answered_by: self.answered_by,
            answered_at: self.answered_at.map(moment),
        })
    }
}

/// Takes an objection to a published record under an id that the caller chose. The same again is answered with the same,
/// and `true`.
pub async fn object(
    scheme: &OpenScheme,
    service: Uuid,
    id: Uuid,
    details: NewObjection,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Objection, bool), ObjectionError> {
    check(&details)?;
    if let Some(volunteer) = details.volunteer_id {
        volunteers::require(scheme, volunteer).await.map_err(ServiceError::from)?;
    }
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    // The lock keeps the record from becoming final while this is written, and the other way round.
    let status = services::lock(&mut tx, scheme, service).await?;
    if let Some(known) = find(&mut tx, scheme, id).await? {
        let differing = [
            ("service_id", known.service_id != service),
            ("content", known.details.content != details.content),
            ("objector", known.details.objector != details.objector),
            ("volunteer_id", known.details.volunteer_id != details.volunteer_id),
        ];
        return match differing.into_iter().find(|(_, differs)| *differs) {
            Some((field, _)) => Err(ObjectionError::IdTaken { field }),
            None => Ok((known, true)),
        };
    }
    let record = services::found(&mut tx, scheme, service).await?;
    let today = scheme.config().day_of(now);
    let is_over = record.publicity_closed() || record.final_on().is_none_or(|day| day <= today);
    if status != Status::Published || is_over {
        return Err(ObjectionError::NotPublic { status });
    }
    let config = scheme.config();
    let rules = config.rules_on(record.occurred_on());
    let days = answer_days(rules.and_then(|rules| rules.publicity.as_ref()));
    tx.query(
        "INSERT INTO objections (book, id, service_id, content, objector, volunteer_id, raised_by, raised_at, due_on, status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open')",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(service)
    .bind(details.content)
    .bind(details.objector)
    .bind(details.volunteer_id)
    .bind(by.key_id)
    .bind(micros(now))
    .bind(scheme.calendar().after(today, days))
    .execute()
    .await?;
    let written = find(&mut tx, scheme, id).await?.ok_or(ObjectionError::ObjectionNotFound { id })?;
    tx.commit().await?;
    Ok((written, false))
}

fn check(details: &NewObjection) -> Result<(), ServiceError> {
    let mut flaws = Vec::new();
    if !volunteers::is_text(&details.content, 500) {
        flaws.push(Invalid::new("content", "invalid_text", "an objection has 1 to 500 characters"));
    }
    if details.objector.as_deref().is_some_and(|name| !volunteers::is_text(name, 100)) {
        flaws.push(Invalid::new("objector", "invalid_text", "a name has 1 to 100 characters"));
    }
    if flaws.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(flaws)) }
}

/// Answers an objection. Upheld, the record is rejected; dismissed, its publicity goes on.
pub async fn answer(
    scheme: &OpenScheme,
    service: Uuid,
    id: Uuid,
    verdict: Verdict,
    text: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Objection, bool), ObjectionError> {
    if !volunteers::is_text(text, 500) {
        let flaw = Invalid::new("answer", "invalid_text", "an answer has 1 to 500 characters");
        return Err(ServiceError::Invalid(vec![flaw]).into());
    }
    let wanted = match verdict {
        Verdict::Upheld => ObjectionStatus::Upheld,
        Verdict::Dismissed => ObjectionStatus::Dismissed,
    };
    let row = services::row(scheme, service).await?;
    let known = get(scheme, service, id).await?;
    require_impartial(scheme, &row, &known, by).await?;
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    services::lock(&mut tx, scheme, service).await?;
    let known = find(&mut tx, scheme, id).await?.ok_or(ObjectionError::ObjectionNotFound { id })?;
    let replayed = known.status != ObjectionStatus::Open;
    if replayed && (known.status != wanted || known.answer.as_deref() != Some(text)) {
        return Err(ObjectionError::Answered { status: known.status });
    }
    if !replayed {
        tx.query(
            "UPDATE objections SET status = $3, answer = $4, answered_by = $5, answered_at = $6
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(wanted.as_str())
        .bind(text.to_owned())
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    }
    let status = services::found(&mut tx, scheme, service).await?.status();
    tx.commit().await?;
    if wanted == ObjectionStatus::Upheld && status == Some(Status::Published) {
        match services::reject_row(scheme, &row, Some(text), by, now).await {
            // Somebody rejected it for another reason meanwhile.
            Ok(_) | Err(ServiceError::StateConflict { status: Status::Rejected }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((get(scheme, service, id).await?, replayed))
}

/// Whoever recorded or checked the record, did the service, raised the objection or wrote it down, does not answer it.
async fn require_impartial(
    scheme: &OpenScheme,
    row: &services::ServiceRow,
    objection: &Objection,
    by: &Operator,
) -> Result<(), ObjectionError> {
    services::require_other(scheme, row, by).await?;
    let checks = services::checks_of_record(scheme, row.id()).await?;
    let mut has_part = objection.details.volunteer_id.is_some() && objection.details.volunteer_id == by.volunteer_id;
    for key in checks.iter().map(|check| check.key_id).chain([objection.raised_by]) {
        has_part |= actors::is_same(scheme, key, by).await?;
    }
    if has_part { Err(ObjectionError::NotImpartial) } else { Ok(()) }
}

async fn find(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Objection>> {
    let row: Option<ObjectionRow> = tx
        .query(
            "SELECT id, service_id, content, objector, volunteer_id, raised_by, raised_at, due_on, status, answer,
                    answered_by, answered_at
             FROM objections WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(ObjectionRow::objection).transpose()
}

async fn get(scheme: &OpenScheme, service: Uuid, id: Uuid) -> Result<Objection, ObjectionError> {
    let mut tx = scheme.db.begin_read().await?;
    let found = find(&mut tx, scheme, id).await?.filter(|objection| objection.service_id == service);
    found.ok_or(ObjectionError::ObjectionNotFound { id })
}

/// Which objections to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectionFilter {
    pub service_id: Option<Uuid>,
    /// Which records they are about.
    pub about: About,
    pub status: Option<ObjectionStatus>,
    /// Open past the day on which they were to be answered.
    pub overdue: bool,
}

/// Objections by the day on which they are to be answered, those after `after`.
pub async fn list_objections(
    scheme: &OpenScheme,
    filter: &ObjectionFilter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
    now: DateTime<Utc>,
) -> db::Result<Vec<Objection>> {
    let (day, id) = after.unwrap_or((NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default(), Uuid::nil()));
    let units = filter.about.units(scheme, now).await?;
    let today = scheme.config().day_of(now);
    let rows: Vec<ObjectionRow> = scheme
        .db
        .query(
            "SELECT o.id, o.service_id, o.content, o.objector, o.volunteer_id, o.raised_by, o.raised_at, o.due_on, o.status,
                    o.answer, o.answered_by, o.answered_at
             FROM objections AS o JOIN services AS s ON s.book = o.book AND s.id = o.service_id
             WHERE o.book = $1 AND ($2 IS NULL OR o.service_id = $2) AND ($3 IS NULL OR o.status = $3)
               AND ($4 IS NULL OR (o.status = 'open' AND o.due_on < $4))
               AND (o.due_on > $5 OR (o.due_on = $5 AND o.id > $6))
               AND ($7 IS NULL OR s.unit IN (SELECT m.value FROM many($8) AS m)) AND ($9 IS NULL OR s.team = $9)
               AND ($10 IS NULL OR s.occurred_on >= $10) AND ($11 IS NULL OR s.occurred_on <= $11)
             ORDER BY o.due_on, o.id LIMIT $12",
        )
        .bind(scheme.book.number())
        .bind(filter.service_id)
        .bind(filter.status.map(ObjectionStatus::as_str))
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
    rows.into_iter().map(ObjectionRow::objection).collect()
}
