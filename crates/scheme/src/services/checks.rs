//! Who may confirm a record, and the checks of those who found it right, where several do so or where it is published first.

use super::decide::Confirmation;
use super::{ServiceError, ServiceRow, Status, posting, record};
use crate::actors;
use crate::config::{Confirmer, EvidencePolicy, Publicity};
use crate::keys::{Operator, Role};
use crate::micros;
use crate::moment;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// That somebody found a record right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub key_id: Uuid,
    pub checked_at: DateTime<Utc>,
}

/// What a confirmation leads to.
pub(super) enum Next {
    /// It is posted: the volunteer gets minutes and points.
    Post,
    /// It waits for others, or for its publicity to be over.
    Wait { replayed: bool },
}

/// That the policy for its evidence has this key confirm the record.
pub(super) fn require_confirmer(scheme: &OpenScheme, row: &ServiceRow, by: &Operator) -> Result<(), ServiceError> {
    let (policy, _) = rules_for(scheme, row)?;
    let (is_leader, own_team) = (by.role == Role::Leader, by.team.is_some() && by.team == row.team);
    let may = |confirmer: &Confirmer| match confirmer {
        Confirmer::Reviewer => !is_leader,
        Confirmer::Leader => is_leader && own_team,
    };
    if !policy.confirmed_by.iter().any(may) {
        let word = |confirmer: &Confirmer| match confirmer {
            Confirmer::Reviewer => "reviewer",
            Confirmer::Leader => "leader",
        };
        return Err(ServiceError::NotConfirmer { roles: policy.confirmed_by.iter().map(word).collect() });
    }
    match policy.approvers.is_empty() || policy.approvers.contains(&by.name) {
        true => Ok(()),
        false => Err(ServiceError::WrongApprover { approvers: policy.approvers }),
    }
}

/// What the rules of the day of service say of such a record.
fn rules_for(scheme: &OpenScheme, row: &ServiceRow) -> Result<(EvidencePolicy, Option<Publicity>), ServiceError> {
    let evidence = row.evidence.parse().map_err(|_| db::Error::Damaged("services.evidence".to_owned()))?;
    let config = scheme.config();
    Ok(match config.rules_on(row.occurred_on) {
        Some(rules) => (rules.policy(evidence), rules.publicity_of(evidence, &row.category).cloned()),
        None => (EvidencePolicy::of_class(evidence), None),
    })
}

/// Counts a confirmation. With the last that is needed the record is posted, or published where the rules say so.
pub(super) async fn check(
    scheme: &OpenScheme,
    row: &ServiceRow,
    confirmation: Confirmation<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Next, ServiceError> {
    match Status::parse(&row.status) {
        Some(Status::Recorded) => {}
        Some(Status::Published) if row.final_failed.is_none() => return Ok(Next::Wait { replayed: true }),
        // What could not be made final by itself is made so by hand; all else is answered by the book.
        _ => return Ok(Next::Post),
    }
    let (policy, publicity) = rules_for(scheme, row)?;
    if policy.confirmers <= 1 && publicity.is_none() {
        return Ok(Next::Post);
    }
    // What the rules do not take is refused now, and not when its publicity is over.
    posting::work_out(scheme, row, confirmation, now).await?;
    let mut tx = scheme.db.begin_write().await?;
    // Taking the record's lock keeps two who check it at once, or a rejection, from passing each other.
    let status = lock(&mut tx, scheme, row.id).await?;
    if status != Status::Recorded {
        tx.rollback().await?;
        return match status {
            Status::Published | Status::Confirmed => Ok(Next::Wait { replayed: true }),
            _ => Err(ServiceError::StateConflict { status }),
        };
    }
    let before = keys(&mut tx, scheme, row.id).await?;
    let mut again = false;
    for check in &before {
        again |= actors::is_same(scheme, check.key_id, by).await?;
    }
    let count = before.len() + usize::from(!again);
    if !again {
        insert(&mut tx, scheme, row.id, count, confirmation, by, now).await?;
    }
    let enough = count >= policy.confirmers as usize;
    if let Some(publicity) = publicity.filter(|_| enough) {
        publish(&mut tx, scheme, row.id, &publicity, now).await?;
    } else if enough {
        tx.commit().await?;
        return Ok(Next::Post);
    }
    tx.commit().await?;
    Ok(Next::Wait { replayed: again && !enough })
}

/// The state of a record, which is locked until the end of the transaction.
pub(crate) async fn lock(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> Result<Status, ServiceError> {
    tx.lock("SELECT id FROM services WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional::<(Uuid,)>()
        .await?;
    let row = record::find(tx, scheme, id).await?.ok_or(ServiceError::ServiceNotFound { id })?;
    Ok(row.service()?.status)
}

async fn insert(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    place: usize,
    confirmation: Confirmation<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    tx.query(
        "INSERT INTO service_checks (book, service_id, person, key_id, place, points, lift_caps, reason, checked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(by.person.clone())
    .bind(by.key_id)
    .bind(i64::try_from(place).unwrap_or(i64::MAX))
    .bind(confirmation.points)
    .bind(confirmation.lift_caps)
    .bind(confirmation.reason.map(str::to_owned))
    .bind(micros(now))
    .execute()
    .await
}

async fn publish(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    publicity: &Publicity,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    let today = scheme.config().day_of(now);
    let last = scheme.calendar().after(today, publicity.working_days);
    tx.query(
        "UPDATE services SET status = 'published', published_on = $3, final_on = $4
         WHERE book = $1 AND id = $2 AND status = 'recorded'",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(today)
    .bind(last.succ_opt().unwrap_or(last))
    .execute()
    .await
}

async fn keys(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Vec<Check>> {
    let rows: Vec<(Uuid, i64)> = tx
        .query("SELECT key_id, checked_at FROM service_checks WHERE book = $1 AND service_id = $2 ORDER BY place")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(key_id, at)| Check { key_id, checked_at: moment(at) }).collect())
}

/// Who found the record right so far, in order.
pub(crate) async fn of(scheme: &OpenScheme, id: Uuid) -> db::Result<Vec<Check>> {
    let mut tx = scheme.db.begin_read().await?;
    keys(&mut tx, scheme, id).await
}
