//! Patterns in the records that an auditor should look at. They are computed when asked for and change nothing; what the
//! auditor looked into and found in order is set aside with a reason.
//!
//! What is said by hand is set against what devices sent: who signed in (`punches`), and when an activity and a volunteer were
//! entered.

mod kinds;
mod records;
#[cfg(test)]
mod tests;

pub use kinds::{Finding, Kind, Severity, Subject};

use crate::actors;
use crate::keys::Operator;
use crate::micros;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, NaiveDate, Utc};
use db::Many;
use std::collections::HashMap;
use uuid::Uuid;

/// Days that a list covers, at most.
pub const LONGEST_PERIOD_DAYS: i64 = 92;

/// What to look through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// Codes of units; `None`: all records.
    pub units: Option<Vec<String>>,
    pub kind: Option<Kind>,
    /// Those that were set aside, too.
    pub dismissed: bool,
}

/// A finding, and why it was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub finding: Finding,
    pub dismissal: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum AnomalyError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    /// It was set aside before, for another reason.
    #[error("the finding was set aside for another reason")]
    IdTaken,
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The findings of a period, the gravest first.
pub async fn list(scheme: &OpenScheme, scope: &Scope) -> Result<Vec<Listed>, AnomalyError> {
    if scope.until < scope.from || (scope.until - scope.from).num_days() >= LONGEST_PERIOD_DAYS {
        let detail = format!("a period ends after it begins, and has at most {LONGEST_PERIOD_DAYS} days");
        return Err(AnomalyError::Invalid(vec![Invalid::new("until", "invalid_period", detail)]));
    }
    let config = scheme.config();
    let records = records::of_period(scheme, scope).await?;
    let wants = |kinds: &[Kind]| scope.kind.is_none_or(|kind| kinds.contains(&kind));
    let mut around = records::Around::default();
    if wants(&[Kind::NewVolunteer]) {
        around.newcomers = records::newcomers(scheme, &records, config.anomalies.new_volunteer_minutes).await?;
    }
    if wants(&[Kind::NewActivity]) {
        around.created = records::created(scheme, &records).await?;
    }
    if wants(&[Kind::NewActivity, Kind::OneDevice, Kind::Unsigned]) {
        around.signed_in = records::signed_in(scheme, scope).await?;
    }
    let keys = records.iter().flat_map(|record| record.decided_by.into_iter().chain([record.recorded_by]));
    let keys: std::collections::BTreeSet<Uuid> = keys.collect();
    let people = kinds::People(actors::of(scheme, keys).await?);
    let mut findings = kinds::find(&records, &around, &people, &config, scope);
    let mut dismissals = dismissals(scheme, findings.iter().map(|finding| finding.id).collect()).await?;
    findings.sort_by(|one, other| (other.severity, other.day, one.id).cmp(&(one.severity, one.day, other.id)));
    let listed = findings.into_iter().map(|finding| Listed { dismissal: dismissals.remove(&finding.id), finding });
    Ok(listed.filter(|listed| scope.dismissed || listed.dismissal.is_none()).collect())
}

async fn dismissals(scheme: &OpenScheme, ids: Vec<Uuid>) -> db::Result<HashMap<Uuid, String>> {
    let rows: Vec<(Uuid, String)> = scheme
        .db
        .query(
            "SELECT d.id, d.reason FROM many($2) AS m JOIN anomaly_dismissals AS d ON d.book = $1 AND d.id = m.value",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().collect())
}

/// Sets a finding aside. The same again is `true`.
pub async fn dismiss(
    scheme: &OpenScheme,
    id: Uuid,
    kind: Kind,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<bool, AnomalyError> {
    if !volunteers::is_text(reason, 500) {
        let flaw = Invalid::new("reason", "invalid_text", "a reason has 1 to 500 characters");
        return Err(AnomalyError::Invalid(vec![flaw]));
    }
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    let written = tx
        .query(
            "INSERT INTO anomaly_dismissals (book, id, kind, reason, dismissed_by, dismissed_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(kind.as_str())
        .bind(reason.to_owned())
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    let known = dismissals(scheme, vec![id]).await?.remove(&id);
    match known.as_deref() == Some(reason) {
        true => Ok(written == 0),
        false => Err(AnomalyError::IdTaken),
    }
}
