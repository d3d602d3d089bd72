//! Applications for a 志愿服务记录证明: a volunteer asks for one, and somebody at the desk issues or refuses it (Order 67 of the
//! Ministry of Civil Affairs, Art. 14; 民发〔2015〕149号: issued upon application).
//!
//! `requested → issued | refused | withdrawn`. The certificate has the application's id and is written in the transaction that
//! settles the application, under the lock of its row: so an application is settled once, however many do so at the same time.

mod settle;

pub use settle::{Extras, issue_requested, refuse, tell, withdraw};
pub(super) use settle::{among, settle};

use super::{CertificateError, ISSUE_WORKING_DAYS};
use crate::actors;
use crate::keys::Operator;
use crate::presented;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid, is_text};
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use db::Many;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationStatus {
    Requested,
    Issued,
    Refused,
    /// By whoever asked.
    Withdrawn,
}

impl ApplicationStatus {
    pub const ALL: [ApplicationStatus; 4] = [
        ApplicationStatus::Requested,
        ApplicationStatus::Issued,
        ApplicationStatus::Refused,
        ApplicationStatus::Withdrawn,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ApplicationStatus::Requested => "requested",
            ApplicationStatus::Issued => "issued",
            ApplicationStatus::Refused => "refused",
            ApplicationStatus::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(text: &str) -> Option<ApplicationStatus> {
        ApplicationStatus::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What is asked for: the services of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub volunteer_id: Uuid,
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// The services one by one.
    pub detailed: bool,
    /// Who asks, when it is not the volunteer.
    pub applicant: Option<String>,
    pub purpose: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Also of the certificate, once it is issued.
    pub id: Uuid,
    pub asked: Asked,
    pub status: ApplicationStatus,
    pub requested_on: NaiveDate,
    pub requested_at: DateTime<Utc>,
    /// Key.
    pub requested_by: Uuid,
    /// The last day on which it is settled in time.
    pub due_on: NaiveDate,
    pub settled_on: Option<NaiveDate>,
    /// Key.
    pub settled_by: Option<Uuid>,
    /// Why it was refused.
    pub reason: Option<String>,
}

impl Application {
    /// Whole days for which it waited, or has waited until `today`.
    pub fn waited_days(&self, today: NaiveDate) -> i64 {
        self.settled_on.unwrap_or(today).signed_duration_since(self.requested_on).num_days().max(0)
    }

    /// Settled after the day on which it was due, or not settled by `today`, which is later.
    pub fn is_late(&self, today: NaiveDate) -> bool {
        self.settled_on.unwrap_or(today) > self.due_on
    }
}

/// All that is written must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationFilter {
    pub status: Option<ApplicationStatus>,
    pub volunteer_id: Option<Uuid>,
    /// Code: those who serve in this unit and in what is below it.
    pub unit: Option<String>,
    /// Only those that wait, though the day on which they were due is over.
    pub overdue: bool,
}

#[derive(sqlx::FromRow)]
struct ApplicationRow {
    id: Uuid,
    volunteer_id: Uuid,
    from_on: NaiveDate,
    until_on: NaiveDate,
    detailed: bool,
    applicant: Option<String>,
    purpose: Option<String>,
    status: String,
    requested_on: NaiveDate,
    requested_at: i64,
    requested_by: Uuid,
    due_on: NaiveDate,
    settled_on: Option<NaiveDate>,
    settled_by: Option<Uuid>,
    reason: Option<String>,
}

impl ApplicationRow {
    fn application(self) -> db::Result<Application> {
        let damaged = || db::Error::Damaged("certificate_applications.status".to_owned());
        Ok(Application {
            id: self.id,
            asked: Asked {
                volunteer_id: self.volunteer_id,
                from: self.from_on,
                until: self.until_on,
                detailed: self.detailed,
                applicant: self.applicant,
                purpose: self.purpose,
            },
            status: ApplicationStatus::parse(&self.status).ok_or_else(damaged)?,
            requested_on: self.requested_on,
            requested_at: moment(self.requested_at),
            requested_by: self.requested_by,
            due_on: self.due_on,
            settled_on: self.settled_on,
            settled_by: self.settled_by,
            reason: self.reason,
        })
    }
}

/// A `SELECT` of applications `a`; `$1` is the book.
macro_rules! select_applications {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.volunteer_id, a.from_on, a.until_on, a.detailed, a.applicant, a.purpose, a.status, a.requested_on,
                    a.requested_at, a.requested_by, a.due_on, a.settled_on, a.settled_by, a.reason
             FROM certificate_applications AS a ",
            $rest
        )
    };
}

/// Asks for a certificate, under an id that the caller chose. The same again is answered with the same, and `true`.
///
/// A kiosk asks for whoever stands before it, and `code` is what their phone or card shows; a leader for members of the own team.
pub async fn request(
    scheme: &OpenScheme,
    id: Uuid,
    asked: Asked,
    code: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Application, bool), CertificateError> {
    let config = scheme.config();
    let today = config.day_of(now);
    let known = find(scheme, id).await?;
    if known.as_ref().is_none_or(|known| known.requested_by != by.key_id) {
        presented::require_own_team(scheme, asked.volunteer_id, by, today).await?;
    }
    if let Some(known) = known {
        return same(known, &asked);
    }
    refuse_flaws(&asked, today)?;
    // A leader's word is enough for a member of the team: what is certified is on record.
    if by.role == crate::Role::Kiosk || code.is_some() {
        presented::require_present(scheme, asked.volunteer_id, code, by, now).await?;
    }
    volunteers::require_unmerged(scheme, asked.volunteer_id).await?;
    actors::remember(scheme, by).await?;
    let days = config.certificates.as_ref().and_then(|office| office.issue_working_days);
    let due_on = scheme.calendar().after(today, days.unwrap_or(ISSUE_WORKING_DAYS));
    let mut tx = scheme.db.begin_write().await?;
    // Two who ask for the same person at once take turns here.
    volunteers::lock_unmerged(&mut tx, scheme, asked.volunteer_id).await?;
    let open: Option<(Uuid,)> = tx
        .query(
            "SELECT id FROM certificate_applications
             WHERE book = $1 AND volunteer_id = $2 AND from_on = $3 AND until_on = $4 AND status = 'requested' AND id <> $5",
        )
        .bind(scheme.book.number())
        .bind(asked.volunteer_id)
        .bind(asked.from)
        .bind(asked.until)
        .bind(id)
        .fetch_optional()
        .await?;
    if let Some((id,)) = open {
        return Err(CertificateError::AlreadyApplied { id });
    }
    let taken: Option<(Uuid,)> = tx
        .query("SELECT id FROM certificates WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    if taken.is_some() {
        return Err(CertificateError::IdTaken { field: "id".to_owned() });
    }
    let written = insert(&mut tx, scheme, (id, &asked), due_on, by, now).await?;
    tx.commit().await?;
    let (known, _) = same(application(scheme, id).await?, &asked)?;
    Ok((known, written == 0))
}

async fn insert(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    (id, asked): (Uuid, &Asked),
    due_on: NaiveDate,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    tx.query(
        "INSERT INTO certificate_applications (book, id, volunteer_id, from_on, until_on, detailed, applicant, purpose, status,
             requested_on, requested_at, requested_by, due_on, is_told)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $10, $11, $12, TRUE) ON CONFLICT DO NOTHING",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(asked.volunteer_id)
    .bind(asked.from)
    .bind(asked.until)
    .bind(asked.detailed)
    .bind(asked.applicant.clone())
    .bind(asked.purpose.clone())
    .bind(scheme.config().day_of(now))
    .bind(micros(now))
    .bind(by.key_id)
    .bind(due_on)
    .execute()
    .await
}

/// What would be refused of the certificate in any case is told at once.
fn refuse_flaws(asked: &Asked, today: NaiveDate) -> Result<(), CertificateError> {
    let texts = [("applicant", &asked.applicant), ("purpose", &asked.purpose)];
    let wrong = texts.into_iter().filter(|(_, text)| text.as_ref().is_some_and(|text| !is_text(text, 60)));
    let mut flaws: Vec<Invalid> =
        wrong.map(|(field, _)| Invalid::new(field, "invalid_text", "1 to 60 characters, not blank")).collect();
    if asked.until > today {
        flaws.push(Invalid::new("until", "date_in_future", "the day is still to come"));
    }
    if asked.from > asked.until || NaiveDate::from_ymd_opt(1900, 1, 1).is_some_and(|eldest| asked.from < eldest) {
        flaws.push(Invalid::new("from", "period_reversed", "it begins after 1900 and not after its end"));
    }
    if flaws.is_empty() { Ok(()) } else { Err(CertificateError::Invalid(flaws)) }
}

fn same(known: Application, asked: &Asked) -> Result<(Application, bool), CertificateError> {
    let was = &known.asked;
    let differing = [
        ("volunteer_id", was.volunteer_id != asked.volunteer_id),
        ("from", was.from != asked.from),
        ("until", was.until != asked.until),
        ("detailed", was.detailed != asked.detailed),
        ("applicant", was.applicant != asked.applicant),
        ("purpose", was.purpose != asked.purpose),
    ];
    match differing.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(CertificateError::IdTaken { field: field.to_owned() }),
        None => Ok((known, true)),
    }
}

pub async fn application(scheme: &OpenScheme, id: Uuid) -> Result<Application, CertificateError> {
    find(scheme, id).await?.ok_or(CertificateError::ApplicationNotFound { id })
}

/// As [`application`], for whoever asks: a leader reads those of members of the own team, and what the leader wrote down.
pub async fn application_for(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Application, CertificateError> {
    let known = application(scheme, id).await?;
    if known.requested_by != by.key_id {
        presented::require_own_team(scheme, known.asked.volunteer_id, by, scheme.config().day_of(now)).await?;
    }
    Ok(known)
}

async fn find(scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Application>> {
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
    now: DateTime<Utc>,
) -> db::Result<Vec<Application>> {
    let units = scheme.units_below(filter.unit.as_deref()).await?;
    let rows: Vec<ApplicationRow> = scheme
        .db
        .query(select_applications!(
            "JOIN volunteers AS v ON v.book = a.book AND v.id = a.volunteer_id
             WHERE a.book = $1 AND (a.requested_at > $2 OR (a.requested_at = $2 AND a.id > $3))
               AND ($4 IS NULL OR a.status = $4) AND ($5 IS NULL OR a.volunteer_id = $5)
               AND ($6 = 0 OR v.unit IN (SELECT m.value FROM many($7) AS m))
               AND ($8 = 0 OR (a.status = 'requested' AND a.due_on < $9))
             ORDER BY a.requested_at, a.id LIMIT $10"
        ))
        .bind(scheme.book.number())
        .bind(after.0)
        .bind(after.1)
        .bind(filter.status.map(ApplicationStatus::as_str))
        .bind(filter.volunteer_id)
        .bind(i64::from(units.is_some()))
        .bind_many(Many::Text(units.unwrap_or_default()))
        .bind(i64::from(filter.overdue))
        .bind(scheme.config().day_of(now))
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(ApplicationRow::application).collect()
}
