//! Deciding over service records. A confirmation posts minutes and points; a reversal posts them back.

use super::checks::{self, Check, Next};
use super::correcting;
use super::{Service, ServiceError, ServiceRow, Status, posting, select_services};
use crate::actors;
use crate::keys::{Operator, Role};
use crate::projection::{self, kind};
use crate::reasons;
use crate::rules::{RuleError, Step};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Entry, Outcome, PostError, Rejection};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How often a decision is computed anew because others changed what it was computed from meanwhile.
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
    /// Who found it right, where several do or where it is published first.
    pub checks: Vec<Check>,
    pub replayed: bool,
}

/// What whoever confirms decides beside confirming.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Confirmation<'a> {
    /// Minor units out of the range that the rules leave open.
    pub points: Option<i64>,
    /// Lift the caps that the rules allow to lift; needs a reason.
    pub lift_caps: bool,
    /// Why these points, or why the caps are lifted.
    pub reason: Option<&'a str>,
}

/// Confirms a record: the volunteer gets minutes and points by the rules in force on the day of service.
pub async fn confirm(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Decision, ServiceError> {
    confirm_with(scheme, id, Confirmation::default(), by, now).await
}

/// As [`confirm`], with what the rules leave to whoever confirms.
pub async fn confirm_with(
    scheme: &OpenScheme,
    id: Uuid,
    confirmation: Confirmation<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Decision, ServiceError> {
    check_reason(confirmation.reason)?;
    if (confirmation.points.is_some() || confirmation.lift_caps) && confirmation.reason.is_none() {
        let detail = "whoever decides on points or lifts a cap says why";
        return Err(ServiceError::Invalid(vec![Invalid::new("reason", "missing_reason", detail)]));
    }
    let row = decidable(scheme, id, by).await?;
    checks::require_confirmer(scheme, &row, by)?;
    posting::require_approver(scheme, &row, by).await?;
    actors::remember(scheme, by).await?;
    match checks::check(scheme, &row, confirmation, by, now).await? {
        Next::Post => confirm_row(scheme, &row, confirmation, by, now).await,
        Next::Wait { replayed } => Ok(Decision { replayed, ..get_explained(scheme, id).await? }),
    }
}

/// Posts the confirmation of a record, whoever may do so.
pub(crate) async fn confirm_row(
    scheme: &OpenScheme,
    row: &ServiceRow,
    confirmation: Confirmation<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Decision, ServiceError> {
    let id = row.id();
    let reason = match confirmation.reason {
        Some(_) => reasons::give(scheme, decision_id(id), confirmation.reason, by, now).await?,
        None => None,
    };
    let mut tries = 0;
    loop {
        let worked = posting::work_out(scheme, row, confirmation, now).await?;
        let mut draft = posting::confirmation(scheme, row, &worked, reason.as_deref(), by);
        if row.corrects.is_some() {
            correcting::level(scheme, row, &mut draft, scheme.config().day_of(now)).await?;
        }
        let posted = scheme.book.post(draft).await;
        refuse_merged(scheme, row, &posted).await?;
        match posted {
            Ok(outcome) => match outcome.result {
                Ok(entry) => return decided(scheme, id, &entry, outcome.replayed).await,
                // What the arithmetic was told has changed since: somebody used the cap, or spent the points.
                Err(Rejection::BelowFloor { .. } | Rejection::AboveCeiling { .. }) if tries < TRIES => tries += 1,
                Err(Rejection::BelowFloor { .. } | Rejection::AboveCeiling { .. }) => return Err(ServiceError::Busy),
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
    actors::remember(scheme, by).await?;
    reject_row(scheme, &row, reason, by, now).await
}

/// Posts the rejection of a record, whoever may do so.
pub(crate) async fn reject_row(
    scheme: &OpenScheme,
    row: &ServiceRow,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Decision, ServiceError> {
    let id = row.id();
    let reason = reasons::give(scheme, decision_id(id), reason, by, now).await?;
    let document = json!({ "decided_by": by.key_id, "record": row.commitment(), "reason": reason });
    let draft = decision(row, kind::SERVICE_REJECTED, Action::Post(Vec::new()), document);
    match scheme.book.post(draft).await {
        Ok(outcome) => match outcome.result {
            Ok(entry) => decided(scheme, id, &entry, outcome.replayed).await,
            Err(rejection) => Err(refused(rejection)),
        },
        Err(error) => conflict(scheme, id, error).await,
    }
}

/// Withdraws a record that a machine had made and that turned out otherwise, as if it had never been made. Answers whether it
/// is withdrawn: `false` when a person had decided over it before.
pub(crate) async fn withdraw(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<bool, ServiceError> {
    // Nobody's key, so that it is nobody's own record.
    let by = Operator::machine(Uuid::nil(), Role::Operator, "presence");
    match reject(scheme, id, None, &by, now).await {
        Err(ServiceError::StateConflict { .. }) => Ok(false),
        Err(error) => Err(error),
        Ok(_) => {
            let entry = scheme.book.entry(decision_id(id)).await?;
            let decided_by = entry.and_then(|entry| projection::id(&entry.fields(), "decided_by"));
            Ok(decided_by == Some(by.key_id))
        }
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
    if row.status == "confirmed" {
        volunteers::require_unmerged(scheme, row.volunteer_id).await?;
    }
    actors::remember(scheme, by).await?;
    let reason = reasons::give(scheme, reversal_id(id), reason, by, now).await?;
    let mut tries = 0;
    loop {
        let draft = posting::reversal(scheme, &row, reason.as_deref(), overdraw, by, now).await?;
        let posted = scheme.book.post(draft).await;
        refuse_merged(scheme, &row, &posted).await?;
        match posted {
            Ok(outcome) => match outcome.result {
                Ok(entry) => return decided(scheme, id, &entry, outcome.replayed).await,
                // Others changed the running total that the record was part of.
                Err(rejection) if tries < TRIES && posting::about_tally(&rejection) => tries += 1,
                Err(rejection) => return Err(refused(rejection)),
            },
            Err(error) => return conflict(scheme, id, error).await,
        }
    }
}

/// That it was not refused because the volunteer has been merged into another meanwhile.
async fn refuse_merged(
    scheme: &OpenScheme,
    row: &ServiceRow,
    posted: &Result<Outcome, PostError>,
) -> Result<(), ServiceError> {
    let Ok(Outcome { result: Err(rejection), .. }) = posted else { return Ok(()) };
    match volunteers::merged_meanwhile(scheme, row.volunteer_id, rejection).await {
        Some(into) => Err(ServiceError::VolunteerMerged { into }),
        None => Ok(()),
    }
}

/// The id of the entry that confirms or rejects a record: one, so that it is decided once.
pub(crate) fn decision_id(id: Uuid) -> Uuid {
    Uuid::new_v5(&id, b"decision")
}

pub(crate) fn reversal_id(id: Uuid) -> Uuid {
    Uuid::new_v5(&id, b"reversal")
}

pub(crate) async fn row(scheme: &OpenScheme, id: Uuid) -> Result<ServiceRow, ServiceError> {
    let row: Option<ServiceRow> = scheme
        .db
        .query(select_services!("WHERE s.book = $1 AND s.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.ok_or(ServiceError::ServiceNotFound { id })
}

/// The record, unless whoever asks recorded it or did the service: persons are compared, not keys.
async fn find(scheme: &OpenScheme, id: Uuid, by: &Operator) -> Result<ServiceRow, ServiceError> {
    let row = row(scheme, id).await?;
    require_other(scheme, &row, by).await?;
    Ok(row)
}

pub(crate) async fn require_other(scheme: &OpenScheme, row: &ServiceRow, by: &Operator) -> Result<(), ServiceError> {
    if actors::is_same(scheme, row.recorded_by, by).await? {
        return Err(ServiceError::OwnRecord);
    }
    match by.volunteer_id == Some(row.volunteer_id) {
        true => Err(ServiceError::OwnService),
        false => Ok(()),
    }
}

async fn decidable(scheme: &OpenScheme, id: Uuid, by: &Operator) -> Result<ServiceRow, ServiceError> {
    let row = find(scheme, id, by).await?;
    // Before its state is told to somebody who has nothing to do with it.
    if by.role == Role::Leader {
        checks::require_confirmer(scheme, &row, by)?;
    }
    match Status::parse(&row.status) {
        // A second confirmation of a confirmed record is answered by the book with what it answered first.
        Some(Status::Reversed) => Err(ServiceError::StateConflict { status: Status::Reversed }),
        _ => Ok(row),
    }
}

pub(super) fn decision(row: &ServiceRow, kind: &'static str, action: Action, document: Value) -> Draft {
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

pub(super) async fn decided(
    scheme: &OpenScheme,
    id: Uuid,
    entry: &Entry,
    replayed: bool,
) -> Result<Decision, ServiceError> {
    let service = super::get(scheme, id).await?;
    let calculation = entry.fields().remove("calculation").unwrap_or_default();
    let calculation = serde_json::from_value(calculation).unwrap_or_default();
    let reason = reasons::of(scheme, entry.id).await?;
    let checks = checks_of(scheme, &service).await?;
    Ok(Decision { service, calculation, reason, checks, replayed })
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
        Status::Recorded | Status::Published => None,
        Status::Confirmed | Status::Rejected => reasons::of(scheme, decision_id(id)).await?,
        Status::Reversed => reasons::of(scheme, reversal_id(id)).await?,
    };
    let checks = checks_of(scheme, &service).await?;
    Ok(Decision { service, calculation, reason, checks, replayed: false })
}

/// The checks of a record, where the rules have any.
async fn checks_of(scheme: &OpenScheme, service: &Service) -> db::Result<Vec<Check>> {
    let config = scheme.config();
    let rules = config.rules_on(service.details.occurred_on);
    let several = rules.is_some_and(|rules| rules.policy(service.details.evidence).confirmers > 1);
    match several || service.published_on.is_some() {
        true => checks::of(scheme, service.id).await,
        false => Ok(Vec::new()),
    }
}

/// The other decision was made first.
pub(super) async fn conflict(scheme: &OpenScheme, id: Uuid, error: PostError) -> Result<Decision, ServiceError> {
    match error {
        PostError::IdTaken { .. } => Err(ServiceError::StateConflict { status: super::get(scheme, id).await?.status }),
        other => Err(post_error(other)),
    }
}

pub(crate) fn check_reason(reason: Option<&str>) -> Result<(), ServiceError> {
    if reason.is_none_or(|reason| crate::volunteers::is_text(reason, 500)) {
        return Ok(());
    }
    Err(ServiceError::Invalid(vec![Invalid::new("reason", "invalid_text", "a reason has 1 to 500 characters")]))
}

pub(super) fn not_applicable(error: RuleError) -> ServiceError {
    let (field, code) = match error {
        RuleError::InsufficientPoints { needed, available } => {
            return ServiceError::InsufficientPoints { needed, available };
        }
        RuleError::DecisionNeeded { .. } => ("points", "decision_needed"),
        RuleError::NothingToDecide => ("points", "nothing_to_decide"),
        RuleError::NothingToLift => ("lift_caps", "nothing_to_lift"),
        _ => ("occurred_on", "rules_not_applicable"),
    };
    ServiceError::Invalid(vec![Invalid::new(field, code, error.to_string())])
}

pub(super) fn post_error(error: PostError) -> ServiceError {
    match error {
        error if error.is_transient() => ServiceError::Busy,
        other => ServiceError::Book(other.to_string()),
    }
}

pub(super) fn refused(rejection: Rejection) -> ServiceError {
    match rejection {
        Rejection::BelowFloor { needed, available, .. } => ServiceError::InsufficientPoints { needed, available },
        other => ServiceError::Book(other.to_string()),
    }
}
