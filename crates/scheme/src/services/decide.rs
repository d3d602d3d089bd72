//! Deciding over service records. A confirmation posts minutes and points; a reversal posts them back.

use super::{Service, ServiceError, ServiceRow, Status, select_services};
use crate::accounts;
use crate::keys::Operator;
use crate::projection::kind;
use crate::reasons;
use crate::rules::{self, Cap, Earning, Record, RuleError, Step};
use crate::schemes::OpenScheme;
use crate::volunteers::Invalid;
use chrono::{DateTime, Utc};
use ledger::{Action, Bound, Draft, Entry, Key, Leg, Lot, PostError, Rejection, Source};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// How often a confirmation is computed anew because others used the same cap meanwhile.
const TRIES: usize = 20;

/// How the points came about, line by line.
pub type Calculation = Vec<Step>;

/// A decided record, and whether it had been decided so before.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub service: Service,
    pub calculation: Calculation,
    /// Why it was rejected or reversed.
    pub reason: Option<String>,
    pub replayed: bool,
}

/// Confirms a record: the volunteer gets minutes and points by the rules in force on the day of service.
pub async fn confirm(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Decision, ServiceError> {
    let row = decidable(scheme, id, by).await?;
    let mut tries = 0;
    loop {
        let earning = compute(scheme, &row, now).await?;
        let draft = confirmation(&row, &earning, by)?;
        match scheme.book.post(draft).await {
            Ok(outcome) => match outcome.result {
                Ok(entry) => return decided(scheme, id, &entry, outcome.replayed).await,
                // Somebody used the cap since it was looked at: what is left of it is less now.
                Err(Rejection::BelowFloor { .. }) if tries < TRIES => tries += 1,
                Err(Rejection::BelowFloor { .. }) => return Err(ServiceError::Busy),
                Err(rejection) => return Err(refused(rejection)),
            },
            Err(error) => return conflict(scheme, id, error).await,
        }
    }
}

/// Rejects a record; it earns nothing, and stays as it is.
pub async fn reject(
    scheme: &OpenScheme,
    id: Uuid,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Decision, ServiceError> {
    check_reason(reason)?;
    let row = decidable(scheme, id, by).await?;
    let reason = reasons::give(scheme, decision_id(id), reason, by, now).await?;
    let document = json!({ "decided_by": by.key_id, "record": row.commitment(), "reason": reason });
    let draft = decision(&row, kind::SERVICE_REJECTED, Action::Post(Vec::new()), document);
    match scheme.book.post(draft).await {
        Ok(outcome) => match outcome.result {
            Ok(entry) => decided(scheme, id, &entry, outcome.replayed).await,
            Err(rejection) => Err(refused(rejection)),
        },
        Err(error) => conflict(scheme, id, error).await,
    }
}

/// Takes back all that a confirmed record earned. With `overdraw` even what has been spent since: the account is then below
/// zero, and marked for follow-up.
pub async fn reverse(
    scheme: &OpenScheme,
    id: Uuid,
    reason: Option<&str>,
    overdraw: bool,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Decision, ServiceError> {
    check_reason(reason)?;
    let row = find(scheme, id, by).await?;
    if !matches!(row.status.as_str(), "confirmed" | "reversed") {
        return Err(ServiceError::StateConflict { status: row.service()?.status });
    }
    let document = json!({
        "decided_by": by.key_id,
        "record": row.commitment(),
        "credited_minutes": row.credited_minutes,
        "points": row.points,
        "overdraw": overdraw,
        "reason": reasons::give(scheme, reversal_id(id), reason, by, now).await?,
    });
    let earned_nothing = row.credited_minutes == Some(0) && row.points == Some(0);
    let action = match earned_nothing {
        true => Action::Post(Vec::new()),
        false => Action::Reverse { entry: decision_id(id), amounts: None, overdraw },
    };
    let draft = Draft { id: reversal_id(id), ..decision(&row, kind::SERVICE_REVERSED, action, document) };
    match scheme.book.post(draft).await {
        Ok(outcome) => match outcome.result {
            Ok(entry) => decided(scheme, id, &entry, outcome.replayed).await,
            Err(rejection) => Err(refused(rejection)),
        },
        Err(error) => conflict(scheme, id, error).await,
    }
}

/// The id of the entry that confirms or rejects a record: one, so that it is decided once.
fn decision_id(id: Uuid) -> Uuid {
    Uuid::new_v5(&id, b"decision")
}

fn reversal_id(id: Uuid) -> Uuid {
    Uuid::new_v5(&id, b"reversal")
}

async fn find(scheme: &OpenScheme, id: Uuid, by: &Operator) -> Result<ServiceRow, ServiceError> {
    let row: Option<ServiceRow> = scheme
        .db
        .query(select_services!("WHERE s.book = $1 AND s.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let row = row.ok_or(ServiceError::ServiceNotFound { id })?;
    if row.recorded_by == by.key_id {
        return Err(ServiceError::OwnRecord);
    }
    Ok(row)
}

async fn decidable(scheme: &OpenScheme, id: Uuid, by: &Operator) -> Result<ServiceRow, ServiceError> {
    let row = find(scheme, id, by).await?;
    match Status::parse(&row.status) {
        // A second confirmation of a confirmed record is answered by the book with what it answered first.
        Some(Status::Reversed) => Err(ServiceError::StateConflict { status: Status::Reversed }),
        _ => Ok(row),
    }
}

/// What the record earns, given what is used of the volunteer's caps at this moment.
async fn compute(scheme: &OpenScheme, row: &ServiceRow, now: DateTime<Utc>) -> Result<Earning, ServiceError> {
    let config = scheme.config();
    let evidence = row.evidence.parse().map_err(|_| db::Error::Damaged("services.evidence".to_owned()))?;
    let record = Record { category: &row.category, occurred_on: row.occurred_on, minutes: row.minutes, evidence };
    let caps = rules::caps(&config, &record).map_err(not_applicable)?;
    let used = used(scheme, row.volunteer_id, &caps).await?;
    rules::earn(&config, &record, config.day_of(now), &used).map_err(not_applicable)
}

async fn used(scheme: &OpenScheme, volunteer: Uuid, caps: &[Cap]) -> Result<BTreeMap<String, i64>, ServiceError> {
    if caps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let paths: Vec<Arc<str>> = caps.iter().map(|cap| accounts::cap_path(volunteer, cap)).collect();
    let view = scheme.book.standings(&paths).await.map_err(post_error)?;
    let used = |lots: &Vec<ledger::state::Standing>| lots.first().map_or(0, |standing| -standing.balance);
    Ok(caps.iter().zip(&view.lots).map(|(cap, lots)| (cap.key.clone(), used(lots))).collect())
}

fn confirmation(row: &ServiceRow, earning: &Earning, by: &Operator) -> Result<Draft, ServiceError> {
    let volunteer = row.volunteer_id;
    let mut legs = Vec::new();
    if earning.minutes > 0 {
        let from = Source::Account(accounts::served());
        legs.push(Leg { from, to: accounts::minutes(volunteer), amount: earning.minutes });
    }
    if earning.points > 0 {
        let lot = earning.lot.map_or(Lot::NONE, Lot::until);
        let from = Source::Account(accounts::issued());
        legs.push(Leg { from, to: accounts::points(volunteer, lot), amount: earning.points });
    }
    let mut bounds = Vec::new();
    for (cap, share) in &earning.draws {
        let from = Source::Account(accounts::cap(volunteer, cap));
        legs.push(Leg { from, to: accounts::capped(accounts::cap_unit(cap)), amount: *share });
        let key = Key::new(accounts::cap_path(volunteer, cap));
        bounds.push(Bound { key, floor: Some(-cap.limit), ceiling: None });
    }
    let document = json!({
        "decided_by": by.key_id,
        "record": row.commitment(),
        "category": row.category,
        "evidence": row.evidence,
        "minutes": row.minutes,
        "credited_minutes": earning.minutes,
        "points": earning.points,
        "rules_version": earning.rules_version,
        "calculation": earning.calculation,
    });
    let draft = decision(row, kind::SERVICE_CONFIRMED, Action::Post(legs), document);
    Ok(Draft { bounds, ..draft })
}

fn decision(row: &ServiceRow, kind: &'static str, action: Action, document: Value) -> Draft {
    Draft {
        id: decision_id(row.id),
        kind,
        effective_on: row.occurred_on,
        party: Some(row.volunteer_id),
        document_id: Some(row.id),
        action,
        document: document.as_object().cloned().unwrap_or_else(Map::new),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    }
}

async fn decided(scheme: &OpenScheme, id: Uuid, entry: &Entry, replayed: bool) -> Result<Decision, ServiceError> {
    let service = super::get(scheme, id).await?;
    let calculation = entry.fields().remove("calculation").unwrap_or_default();
    let calculation = serde_json::from_value(calculation).unwrap_or_default();
    let reason = reasons::of(scheme, entry.id).await?;
    Ok(Decision { service, calculation, reason, replayed })
}

/// The record as it stands, and how its points came about if it was confirmed.
pub async fn get_explained(scheme: &OpenScheme, id: Uuid) -> Result<Decision, ServiceError> {
    let service = super::get(scheme, id).await?;
    let entry = match service.sequence {
        Some(_) => scheme.book.entry(decision_id(id)).await?,
        None => None,
    };
    let calculation = entry.and_then(|entry| entry.fields().remove("calculation")).unwrap_or_default();
    let calculation = serde_json::from_value(calculation).unwrap_or_default();
    let reason = match service.status {
        Status::Recorded | Status::Confirmed => None,
        Status::Rejected => reasons::of(scheme, decision_id(id)).await?,
        Status::Reversed => reasons::of(scheme, reversal_id(id)).await?,
    };
    Ok(Decision { service, calculation, reason, replayed: false })
}

/// The other decision was made first.
async fn conflict(scheme: &OpenScheme, id: Uuid, error: PostError) -> Result<Decision, ServiceError> {
    match error {
        PostError::IdTaken { .. } => Err(ServiceError::StateConflict { status: super::get(scheme, id).await?.status }),
        other => Err(post_error(other)),
    }
}

fn check_reason(reason: Option<&str>) -> Result<(), ServiceError> {
    if reason.is_none_or(|reason| crate::volunteers::is_text(reason, 500)) {
        return Ok(());
    }
    Err(ServiceError::Invalid(vec![Invalid::new("reason", "invalid_text", "a reason has 1 to 500 characters")]))
}

fn not_applicable(error: RuleError) -> ServiceError {
    ServiceError::Invalid(vec![Invalid::new("occurred_on", "rules_not_applicable", error.to_string())])
}

fn post_error(error: PostError) -> ServiceError {
    match error {
        error if error.is_transient() => ServiceError::Busy,
        other => ServiceError::Book(other.to_string()),
    }
}

fn refused(rejection: Rejection) -> ServiceError {
    match rejection {
        Rejection::BelowFloor { needed, available, .. } => ServiceError::InsufficientPoints { needed, available },
        other => ServiceError::Book(other.to_string()),
    }
}
