//! Applications for a step: written down by one person, decided over by another.
//!
//! The decision is an entry under the application's own id, whether it grants or refuses: so an application is decided once,
//! however many decide at the same time, and the award has the application's id.

use super::LevelError;
use super::award::{self, Application, Award};
use crate::actors;
use crate::config::Applicant;
use crate::keys::{Operator, Role};
use crate::presented;
use crate::projection::kind;
use crate::reasons;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, is_text};
use crate::{accounts, micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use db::Many;
use ledger::{Action, Draft, PostError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationStatus {
    Applied,
    Granted,
    Refused,
}

impl ApplicationStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            ApplicationStatus::Applied => "applied",
            ApplicationStatus::Granted => "granted",
            ApplicationStatus::Refused => "refused",
        }
    }

    fn parse(text: &str) -> db::Result<ApplicationStatus> {
        let all = [ApplicationStatus::Applied, ApplicationStatus::Granted, ApplicationStatus::Refused];
        let found = all.into_iter().find(|status| status.as_str() == text);
        found.ok_or_else(|| db::Error::Damaged("level_applications.status".to_owned()))
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub volunteer_id: Uuid,
    pub ladder: String,
    pub step: String,
    pub applicant: Applicant,
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelApplication {
    pub id: Uuid,
    pub request: Request,
    pub status: ApplicationStatus,
    /// Key.
    pub applied_by: Uuid,
    pub applied_at: DateTime<Utc>,
    /// Key.
    pub decided_by: Option<Uuid>,
    /// Of the entry that decided over it.
    pub sequence: Option<i64>,
    /// Why it was refused.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationFilter {
    pub status: Option<ApplicationStatus>,
    pub ladder: Option<String>,
    pub step: Option<String>,
    pub volunteer_id: Option<Uuid>,
    /// Code: those who serve in this unit and in what is below it.
    pub unit: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ApplicationRow {
    id: Uuid,
    volunteer_id: Uuid,
    ladder: String,
    step: String,
    applicant: String,
    note: Option<String>,
    applied_by: Uuid,
    applied_at: i64,
    status: String,
    decided_by: Option<Uuid>,
    sequence: Option<i64>,
    reason: Option<String>,
}

impl ApplicationRow {
    fn application(self) -> db::Result<LevelApplication> {
        let applicant = match self.applicant.as_str() {
            "self" => Applicant::Oneself,
            _ => Applicant::Organisation,
        };
        Ok(LevelApplication {
            id: self.id,
            request: Request {
                volunteer_id: self.volunteer_id,
                ladder: self.ladder,
                step: self.step,
                applicant,
                note: self.note,
            },
            status: ApplicationStatus::parse(&self.status)?,
            applied_by: self.applied_by,
            applied_at: moment(self.applied_at),
            decided_by: self.decided_by,
            sequence: self.sequence,
            reason: self.reason,
        })
    }
}

fn word(applicant: Applicant) -> &'static str {
    match applicant {
        Applicant::Oneself => "self",
        Applicant::Organisation => "organisation",
    }
}

/// Applies for a step that is reached. The same again is answered with the same, and `true`.
///
/// A kiosk applies for whoever stands before it, in their name, and `code` is what their phone or card shows; a leader for the
/// members of the own team, and in a member's name likewise only with that member's code.
pub async fn apply(
    scheme: &OpenScheme,
    id: Uuid,
    request: Request,
    code: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(LevelApplication, bool), LevelError> {
    let today = scheme.config().day_of(now);
    match find(scheme, id).await? {
        Some(known) if known.applied_by == by.key_id => return same(known, &request),
        known => {
            presented::require_own_team(scheme, request.volunteer_id, by, today).await?;
            if let Some(known) = known {
                return same(known, &request);
            }
        }
    }
    if by.role == Role::Kiosk && request.applicant != Applicant::Oneself {
        return Err(LevelError::ApplicantNotAccepted { accepted: vec![Applicant::Oneself] });
    }
    if request.applicant == Applicant::Oneself || code.is_some() {
        presented::require_present(scheme, request.volunteer_id, code, by, now).await?;
    }
    if request.note.as_deref().is_some_and(|note| !is_text(note, 500)) {
        return Err(award::invalid("note", "invalid_text", "a note has 1 to 500 characters"));
    }
    volunteers::require_unmerged(scheme, request.volunteer_id).await?;
    award::may_apply(scheme, &request, today).await?;
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    // Two who apply for the same person at once take turns here.
    let known: Option<(Uuid,)> = tx
        .lock("SELECT id FROM volunteers WHERE book = $1 AND id = $2 AND status <> 'merged'")
        .bind(scheme.book.number())
        .bind(request.volunteer_id)
        .fetch_optional()
        .await?;
    known.ok_or(LevelError::Busy)?;
    let open: Option<(Uuid,)> = tx
        .query(
            "SELECT id FROM level_applications
             WHERE book = $1 AND volunteer_id = $2 AND ladder = $3 AND step = $4 AND status = 'applied' AND id <> $5",
        )
        .bind(scheme.book.number())
        .bind(request.volunteer_id)
        .bind(request.ladder.clone())
        .bind(request.step.clone())
        .bind(id)
        .fetch_optional()
        .await?;
    if let Some((id,)) = open {
        return Err(LevelError::AlreadyApplied { id });
    }
    let written = tx
        .query(
            "INSERT INTO level_applications (book, id, volunteer_id, ladder, step, applicant, note, applied_by, applied_at, status)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'applied') ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(request.volunteer_id)
        .bind(request.ladder.clone())
        .bind(request.step.clone())
        .bind(word(request.applicant))
        .bind(request.note.clone())
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    let (known, replayed) = same(application(scheme, id).await?, &request)?;
    Ok((known, replayed && written == 0))
}

fn same(known: LevelApplication, request: &Request) -> Result<(LevelApplication, bool), LevelError> {
    let differing = [
        ("volunteer_id", known.request.volunteer_id != request.volunteer_id),
        ("ladder", known.request.ladder != request.ladder),
        ("step", known.request.step != request.step),
        ("applicant", known.request.applicant != request.applicant),
        ("note", known.request.note != request.note),
    ];
    match differing.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(LevelError::IdTaken { field: field.to_owned() }),
        None => Ok((known, true)),
    }
}

/// What the body that grants it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub body: Option<String>,
    /// The first day of publicity.
    pub published_from: Option<NaiveDate>,
    pub note: Option<String>,
}

/// Grants what was applied for; the award has the application's id. The same again is answered with the same, and `true`.
pub async fn accept(
    scheme: &OpenScheme,
    id: Uuid,
    consent: Consent,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Award, bool), LevelError> {
    let known = application(scheme, id).await?;
    if known.status == ApplicationStatus::Refused {
        return Err(LevelError::StateConflict { status: known.status });
    }
    let Request { volunteer_id, ladder, step, applicant, .. } = known.request;
    let Consent { body, published_from, note } = consent;
    let asked = Application { id, volunteer_id, ladder, step, body, applicant, published_from, note };
    match award::grant(scheme, asked, by, now).await {
        // Somebody refused it meanwhile.
        Err(LevelError::IdTaken { .. }) if application(scheme, id).await?.status == ApplicationStatus::Refused => {
            Err(LevelError::StateConflict { status: ApplicationStatus::Refused })
        }
        outcome => outcome,
    }
}

/// Refuses it, for a reason. The same again is answered with the same, and `true`.
pub async fn refuse(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(LevelApplication, bool), LevelError> {
    let known = application(scheme, id).await?;
    match known.status {
        ApplicationStatus::Refused if known.reason.as_deref() == Some(reason) => return Ok((known, true)),
        ApplicationStatus::Applied => {}
        status => return Err(LevelError::StateConflict { status }),
    }
    require_other(scheme, &known, by).await?;
    if !is_text(reason, 500) {
        return Err(award::invalid("reason", "invalid_text", "a reason has 1 to 500 characters"));
    }
    let digest = reasons::give(scheme, id, Some(reason), by, now).await?;
    let Request { volunteer_id, ladder, step, .. } = &known.request;
    let document = json!({ "ladder": ladder, "step": step, "reason": digest, "decided_by": by.key_id });
    let draft = Draft {
        id,
        kind: kind::LEVEL_REFUSED,
        effective_on: scheme.config().day_of(now),
        party: Some(*volunteer_id),
        document_id: Some(id),
        action: Action::Post(Vec::new()),
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &["ladder", "step"],
        bounds: vec![accounts::unmerged(*volunteer_id)],
        refusal: None,
        freeze_rejection: false,
    };
    match scheme.book.post(draft).await {
        Ok(outcome) => {
            outcome.result.map_err(|rejection| LevelError::Book(rejection.to_string()))?;
            Ok((application(scheme, id).await?, outcome.replayed))
        }
        // Somebody granted it meanwhile.
        Err(PostError::IdTaken { .. }) => {
            let status = application(scheme, id).await?.status;
            Err(LevelError::StateConflict { status })
        }
        Err(error) => Err(error.into()),
    }
}

/// A second person decides: persons are compared, not keys.
pub(super) async fn require_other(
    scheme: &OpenScheme,
    known: &LevelApplication,
    by: &Operator,
) -> Result<(), LevelError> {
    let is_theirs = by.volunteer_id == Some(known.request.volunteer_id);
    if is_theirs || actors::is_same(scheme, known.applied_by, by).await? {
        return Err(LevelError::OwnApplication);
    }
    Ok(())
}

pub async fn application(scheme: &OpenScheme, id: Uuid) -> Result<LevelApplication, LevelError> {
    find(scheme, id).await?.ok_or(LevelError::ApplicationNotFound { id })
}

/// As [`application`], for whoever asks: a leader reads what members of the own team applied for, and what the leader wrote down.
pub async fn application_for(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<LevelApplication, LevelError> {
    let known = application(scheme, id).await?;
    if known.applied_by != by.key_id {
        presented::require_own_team(scheme, known.request.volunteer_id, by, scheme.config().day_of(now)).await?;
    }
    Ok(known)
}

/// A `SELECT` of applications `a`; `$1` is the book.
macro_rules! select_applications {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.volunteer_id, a.ladder, a.step, a.applicant, a.note, a.applied_by, a.applied_at, a.status,
                    a.decided_by, a.sequence, CASE WHEN a.status = 'refused' THEN r.reason END AS reason
             FROM level_applications AS a LEFT JOIN reasons AS r ON r.book = a.book AND r.entry_id = a.id ",
            $rest
        )
    };
}

pub(super) async fn find(scheme: &OpenScheme, id: Uuid) -> db::Result<Option<LevelApplication>> {
    let row: Option<ApplicationRow> = scheme
        .db
        .query(select_applications!("WHERE a.book = $1 AND a.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(ApplicationRow::application).transpose()
}

/// Applications after `(moment, id)`, the oldest first.
pub async fn applications(
    scheme: &OpenScheme,
    filter: &ApplicationFilter,
    after: (i64, Uuid),
    limit: i64,
) -> db::Result<Vec<LevelApplication>> {
    let units = scheme.units_below(filter.unit.as_deref()).await?;
    let rows: Vec<ApplicationRow> = scheme
        .db
        .query(select_applications!(
            "JOIN volunteers AS v ON v.book = a.book AND v.id = a.volunteer_id
             WHERE a.book = $1 AND (a.applied_at > $2 OR (a.applied_at = $2 AND a.id > $3))
               AND ($4 IS NULL OR a.status = $4) AND ($5 IS NULL OR a.ladder = $5) AND ($6 IS NULL OR a.step = $6)
               AND ($7 IS NULL OR a.volunteer_id = $7)
               AND ($8 = 0 OR v.unit IN (SELECT m.value FROM many($9) AS m))
             ORDER BY a.applied_at, a.id LIMIT $10"
        ))
        .bind(scheme.book.number())
        .bind(after.0)
        .bind(after.1)
        .bind(filter.status.map(ApplicationStatus::as_str))
        .bind(filter.ladder.clone())
        .bind(filter.step.clone())
        .bind(filter.volunteer_id)
        .bind(i64::from(units.is_some()))
        .bind_many(Many::Text(units.unwrap_or_default()))
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(ApplicationRow::application).collect()
}

/// The open applications of these volunteers on a ladder, by volunteer and step.
pub(super) async fn open_of(
    scheme: &OpenScheme,
    ladder: &str,
    volunteers: Vec<Uuid>,
) -> db::Result<HashMap<(Uuid, String), Uuid>> {
    let rows: Vec<(Uuid, String, Uuid)> = scheme
        .db
        .query(
            "SELECT a.volunteer_id, a.step, a.id FROM many($3) AS m
             JOIN level_applications AS a ON a.book = $1 AND a.volunteer_id = m.value
             WHERE a.ladder = $2 AND a.status = 'applied'",
        )
        .bind(scheme.book.number())
        .bind(ladder.to_owned())
        .bind_many(Many::Uuid(volunteers))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(volunteer, step, id)| ((volunteer, step), id)).collect())
}
