//! Honours: name, day and granting body (Order 67, Art. 9). They stand apart from the stars that follow from hours, and stay on
//! record when they are revoked.

use crate::keys::Operator;
use crate::records::{
    Filter, Page, RecordError, Subject, day_flaw, matching, refuse, refuse_difference, text_flaws, unit_of,
};
use crate::schemes::OpenScheme;
use crate::services::{Derived, event_flaw, put_derived};
use crate::trainings::lock_volunteer;
use crate::volunteers::{self, Invalid};
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Honour {
    pub id: Uuid,
    pub details: HonourDetails,
    /// The event record that follows from it.
    pub service_id: Option<Uuid>,
    pub revoked_on: Option<NaiveDate>,
    pub reason: Option<String>,
    pub recorded_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HonourDetails {
    pub volunteer_id: Uuid,
    pub name: String,
    pub granted_on: NaiveDate,
    /// `None` when it is put: the scheme's own organisation.
    pub granting_body: Option<String>,
    /// What shows that another body has granted it: a certificate's number, a document.
    pub evidence: Option<String>,
    /// The event that it is, too, where the rules give points for one.
    pub event_category: Option<String>,
    /// Code of a level of the scheme, for the event.
    pub level: Option<String>,
    pub team: Option<String>,
}

#[derive(sqlx::FromRow)]
struct HonourRow {
    id: Uuid,
    volunteer_id: Uuid,
    name: String,
    granted_on: NaiveDate,
    granting_body: String,
    evidence: Option<String>,
    event_category: Option<String>,
    level: Option<String>,
    team: Option<String>,
    service_id: Option<Uuid>,
    revoked_on: Option<NaiveDate>,
    reason: Option<String>,
    recorded_at: i64,
}

impl HonourRow {
    fn honour(self) -> Honour {
        let details = HonourDetails {
            volunteer_id: self.volunteer_id,
            name: self.name,
            granted_on: self.granted_on,
            granting_body: Some(self.granting_body),
            evidence: self.evidence,
            event_category: self.event_category,
            level: self.level,
            team: self.team,
        };
        let (service_id, revoked_on, reason) = (self.service_id, self.revoked_on, self.reason);
        Honour { id: self.id, details, service_id, revoked_on, reason, recorded_at: moment(self.recorded_at) }
    }
}

/// Writes an honour down. The same again is answered with it, and `true`.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: HonourDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Honour, bool), RecordError> {
    refuse(flaws(scheme, &details, now))?;
    volunteers::require(scheme, details.volunteer_id).await?;
    let unit = unit_of(scheme, details.volunteer_id, None).await?;
    let body = details.granting_body.clone().unwrap_or_else(|| scheme.config().name.clone());
    let mut tx = scheme.db.begin_write().await?;
    lock_volunteer(&mut tx, scheme, details.volunteer_id).await?;
    if let Some(known) = find(&mut tx, scheme, id).await? {
        let one = &known.details;
        refuse_difference(&[
            ("volunteer_id", one.volunteer_id != details.volunteer_id),
            ("name", one.name != details.name),
            ("granted_on", one.granted_on != details.granted_on),
            ("granting_body", one.granting_body.as_ref() != Some(&body)),
            ("evidence", one.evidence != details.evidence),
            ("event_category", one.event_category != details.event_category),
            ("level", one.level != details.level),
            ("team", one.team != details.team),
        ])?;
        return Ok((known, true));
    }
    volunteers::lock_unmerged(&mut tx, scheme, details.volunteer_id).await?;
    let service_id = details.event_category.as_ref().map(|_| Uuid::new_v5(&id, b"event"));
    if let Some((category, service_id)) = details.event_category.as_deref().zip(service_id) {
        let record = Derived {
            volunteer_id: details.volunteer_id,
            category,
            title: &details.name,
            content: &details.name,
            organiser: &body,
            occurred_on: details.granted_on,
            minutes: None,
            level: details.level.as_deref(),
            unit: unit.as_deref(),
            team: details.team.as_deref(),
        };
        put_derived(&mut tx, scheme, service_id, &record, by, now).await?;
    }
    let written = tx
        .query(
        "INSERT INTO honours (book, id, volunteer_id, name, granted_on, granting_body, evidence, event_category, level,
             service_id, unit, team, status, recorded_by, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'granted', $13, $14)
         ON CONFLICT DO NOTHING",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(details.volunteer_id)
    .bind(details.name)
    .bind(details.granted_on)
    .bind(body)
    .bind(details.evidence)
    .bind(details.event_category)
    .bind(details.level)
    .bind(service_id)
    .bind(unit)
    .bind(details.team)
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    if written == 0 {
        // Somebody else's, written down meanwhile: one volunteer's wait for each other.
        return Err(RecordError::IdTaken { field: "volunteer_id".to_owned() });
    }
    let written = find(&mut tx, scheme, id).await?;
    tx.commit().await?;
    Ok((written.ok_or(RecordError::NotFound { subject: Subject::Honour, id })?, false))
}

fn flaws(scheme: &OpenScheme, details: &HonourDetails, now: DateTime<Utc>) -> Vec<Invalid> {
    let config = scheme.config();
    let mut flaws = text_flaws(&[
        ("name", Some(&details.name), 200),
        ("granting_body", details.granting_body.as_deref(), 200),
        ("evidence", details.evidence.as_deref(), 500),
        ("team", details.team.as_deref(), 100),
    ]);
    flaws.extend(day_flaw(scheme, "granted_on", details.granted_on, now));
    flaws.extend(event_flaw(&config, "event_category", details.event_category.as_deref()));
    if details.granting_body.as_ref().is_some_and(|body| *body != config.name) && details.evidence.is_none() {
        flaws.push(Invalid::new("evidence", "missing_evidence", "another body's honour is recorded on evidence"));
    }
    if details.level.as_ref().is_some_and(|code| config.levels.iter().all(|level| level.code != *code)) {
        flaws.push(Invalid::new("level", "unknown_code", "the scheme has no such level"));
    }
    flaws
}

/// Revokes an honour; it stays on record, with the reason. The event record that follows from it is decided over by itself.
pub async fn revoke(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Honour, bool), RecordError> {
    refuse(text_flaws(&[("reason", Some(reason), 500)]))?;
    let mut tx = scheme.db.begin_write().await?;
    let changed = tx
        .query(
            "UPDATE honours SET status = 'revoked', revoked_on = $3, reason = $4, recorded_by = $5
             WHERE book = $1 AND id = $2 AND status = 'granted'",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(scheme.config().day_of(now))
        .bind(reason.to_owned())
        .bind(by.key_id)
        .execute()
        .await?;
    let known = find(&mut tx, scheme, id).await?;
    tx.commit().await?;
    Ok((known.ok_or(RecordError::NotFound { subject: Subject::Honour, id })?, changed == 0))
}

async fn find(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Honour>> {
    let row: Option<HonourRow> = tx
        .query(
            "SELECT id, volunteer_id, name, granted_on, granting_body, evidence, event_category, level, team, service_id,
                    revoked_on, reason, recorded_at
             FROM honours WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(row.map(HonourRow::honour))
}

/// Honours by day, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: &Filter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> db::Result<Vec<Honour>> {
    let query = scheme.db.query(matching!(
        "SELECT r.id, r.volunteer_id, r.name, r.granted_on, r.granting_body, r.evidence, r.event_category, r.level, r.team,
                r.service_id, r.revoked_on, r.reason, r.recorded_at
         FROM honours AS r",
        "granted_on"
    ));
    let rows: Vec<HonourRow> = Page::of(scheme, filter, after, limit).await?.bind(query, scheme).fetch_all().await?;
    Ok(rows.into_iter().map(HonourRow::honour).collect())
}
