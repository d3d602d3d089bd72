//! The donation pool: who asks for what it has, in the order that the rules give them, and what is granted.

use super::{TransferError, fields, refused};
use crate::accounts;
use crate::config::{CapUnit, Scheme, TransferTo, VolunteerAccount};
use crate::keys::Operator;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid};
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Leg, Lot, Source};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What somebody asks of the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestDetails {
    pub volunteer_id: Uuid,
    /// `None`: points.
    pub account: Option<String>,
    /// Minor units of points, or minutes; more than 0.
    pub amount: i64,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestStatus {
    Open,
    Granted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolRequest {
    pub id: Uuid,
    pub details: RequestDetails,
    pub requested_at: DateTime<Utc>,
    pub status: RequestStatus,
    /// How many come first by the rules in force: 0 for those whom they put first.
    pub priority: usize,
    /// Of the entry that granted it.
    pub sequence: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct RequestRow {
    id: Uuid,
    volunteer_id: Uuid,
    account: Option<String>,
    amount: i64,
    reason: String,
    requested_at: i64,
    status: String,
    sequence: Option<i64>,
}

/// How many labels come before those of somebody who asks; all of them, when they have none of these. Pure.
fn priority(first_for: &[String], labels: &BTreeSet<String>) -> usize {
    first_for.iter().position(|label| labels.contains(label)).unwrap_or(first_for.len())
}

/// Writes down what somebody asks for. The same again is answered with the same, and `true`.
pub async fn request(
    scheme: &OpenScheme,
    id: Uuid,
    details: RequestDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(PoolRequest, bool), TransferError> {
    volunteers::require_unmerged(scheme, details.volunteer_id).await?;
    check(&scheme.config(), &details)?;
    let mut tx = scheme.db.begin_write().await?;
    let written = tx
        .query(
            "INSERT INTO pool_requests (book, id, volunteer_id, account, amount, reason, requested_by, requested_at, status)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open') ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(details.volunteer_id)
        .bind(details.account.clone())
        .bind(details.amount)
        .bind(details.reason.clone())
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    let known = get(scheme, id, now).await?;
    let differing = [
        ("volunteer_id", known.details.volunteer_id != details.volunteer_id),
        ("account", known.details.account != details.account),
        ("amount", known.details.amount != details.amount),
        ("reason", known.details.reason != details.reason),
    ];
    match differing.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(TransferError::IdTaken { field: field.to_owned() }),
        None => Ok((known, written == 0)),
    }
}

fn check(config: &Scheme, details: &RequestDetails) -> Result<(), TransferError> {
    let mut flaws = Vec::new();
    if details.account.as_deref().is_some_and(|code| config.account(code).is_none()) {
        flaws.push(Invalid::new("account", "unknown_account", "the scheme has no such account"));
    }
    if details.amount <= 0 {
        flaws.push(Invalid::new("amount", "invalid_change", "an amount is more than 0"));
    }
    if !volunteers::is_text(&details.reason, 500) {
        flaws.push(Invalid::new("reason", "invalid_text", "a reason has 1 to 500 characters"));
    }
    if flaws.is_empty() { Ok(()) } else { Err(TransferError::Invalid(flaws)) }
}

/// The open requests, those whom the rules put first before the others, and each in the order of asking.
pub async fn requests(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<Vec<PoolRequest>, TransferError> {
    let rows: Vec<RequestRow> = scheme
        .db
        .query(
            "SELECT id, volunteer_id, account, amount, reason, requested_at, status, sequence FROM pool_requests
             WHERE book = $1 AND status = 'open' ORDER BY requested_at, id LIMIT 1000",
        )
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    let mut requests = Vec::with_capacity(rows.len());
    for row in rows {
        requests.push(with_priority(scheme, row, now).await?);
    }
    requests.sort_by_key(|request| (request.priority, request.requested_at, request.id));
    Ok(requests)
}

async fn get(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<PoolRequest, TransferError> {
    let row: Option<RequestRow> = scheme
        .db
        .query(
            "SELECT id, volunteer_id, account, amount, reason, requested_at, status, sequence FROM pool_requests
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    with_priority(scheme, row.ok_or(TransferError::RequestNotFound { id })?, now).await
}

async fn with_priority(scheme: &OpenScheme, row: RequestRow, now: DateTime<Utc>) -> Result<PoolRequest, TransferError> {
    let volunteer = volunteers::get(scheme, row.volunteer_id).await?;
    let config = scheme.config();
    let rules = config.rules_on(config.day_of(now));
    let mut of_pool = rules.into_iter().flat_map(|rules| &rules.transfers);
    let rule = of_pool.find(|rule| rule.to == TransferTo::Pool && rule.account == row.account);
    Ok(PoolRequest {
        id: row.id,
        priority: rule.map_or(0, |rule| priority(&rule.first_for, &volunteer.labels)),
        details: RequestDetails {
            volunteer_id: row.volunteer_id,
            account: row.account,
            amount: row.amount,
            reason: row.reason,
        },
        requested_at: moment(row.requested_at),
        status: if row.status == "granted" { RequestStatus::Granted } else { RequestStatus::Open },
        sequence: row.sequence,
    })
}

/// Grants a request out of the pool. Refused as long as somebody whom the rules put first waits for what the pool has.
pub async fn grant(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(PoolRequest, bool), TransferError> {
    let wanted = get(scheme, id, now).await?;
    if wanted.status == RequestStatus::Granted {
        return Ok((wanted, true));
    }
    let (config, details) = (scheme.config(), &wanted.details);
    let account = details.account.as_deref().and_then(|code| config.account(code));
    let pool = accounts::pool(account);
    let view = scheme.book.standings(std::slice::from_ref(&pool.key.path)).await?;
    let available: i64 = view.lots.iter().flatten().map(|lot| lot.balance - lot.held_out).sum();
    let comes_first = |other: &&PoolRequest| {
        let same = other.details.account == details.account;
        same && other.priority < wanted.priority && other.details.amount <= available
    };
    if let Some(first) = requests(scheme, now).await?.iter().find(comes_first) {
        return Err(TransferError::HigherPriorityFirst { first: first.id });
    }
    let to = home(&config, account, details.volunteer_id, now);
    let counts = account.map_or(CapUnit::Points, |account| account.counts);
    let amount = if counts == CapUnit::Minutes { "minutes" } else { "points" };
    let draft = Draft {
        id: Uuid::new_v5(&id, b"granted"),
        kind: kind::POOL_GRANTED,
        effective_on: config.day_of(now),
        party: Some(details.volunteer_id),
        document_id: Some(id),
        action: Action::Post(vec![Leg { from: Source::Account(pool), to, amount: details.amount }]),
        document: fields(json!({ amount: details.amount, "account": details.account, "by": by.key_id })),
        intent: &[],
        bounds: vec![accounts::unmerged(details.volunteer_id)],
        refusal: None,
        freeze_rejection: false,
    };
    let posted = scheme.book.post(draft).await?;
    match posted.result {
        Ok(_) => Ok((get(scheme, id, now).await?, posted.replayed)),
        Err(rejection) => Err(refused(rejection, details.account.as_deref())),
    }
}

/// Where it goes: it lasts as what is earned on the day of the grant.
fn home(config: &Scheme, account: Option<&VolunteerAccount>, volunteer: Uuid, now: DateTime<Utc>) -> ledger::Account {
    let today = config.day_of(now);
    let expiry = account.map(|account| account.expiry).or_else(|| config.rules_on(today).map(|rules| rules.expiry));
    let last_day = expiry.and_then(|expiry| expiry.last_day(today).ok().flatten());
    let lot = last_day.map_or(Lot::NONE, Lot::until);
    match account {
        None => accounts::points(volunteer, lot),
        Some(account) => accounts::account(volunteer, account, lot),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_labels_that_somebody_has_decides() {
        let first_for = ["alone".to_owned(), "poor".to_owned()];
        let labels = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
        for (own, expected) in
            [(labels(&["alone", "poor"]), 0), (labels(&["poor"]), 1), (labels(&["member"]), 2), (labels(&[]), 2)]
        {
            assert_eq!(priority(&first_for, &own), expected, "{own:?}");
        }
        assert_eq!(priority(&[], &labels(&["alone"])), 0);
    }
}
