//! What becomes final by itself when its publicity is over. Any number of processes may run it.

use crate::actors;
use crate::config::Publicity;
use crate::keys::{Operator, Role};
use crate::schemes::OpenScheme;
use crate::services::{self, Confirmation, ServiceError, Status};
use chrono::{DateTime, NaiveDate, Utc};
use futures::stream::{self, StreamExt};
use uuid::Uuid;

/// How many records are dealt with in one go.
const TOGETHER: i64 = 500;

const AT_ONCE: usize = 32;

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Finality {
    pub confirmed: usize,
    /// For an objection that was upheld.
    pub rejected: usize,
    /// Could not be made final: listed with the reason, and tried again at the next run.
    pub failed: usize,
}

/// Makes final what is due at `now`, and rejects what an objection was upheld against when whoever did so was interrupted.
pub async fn run(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<Finality, ServiceError> {
    let mut done = Finality::default();
    for (service, key, answer) in upheld(scheme).await? {
        let by = operator(scheme, key).await?;
        let row = services::row(scheme, service).await?;
        match services::reject_row(scheme, &row, Some(&answer), &by, now).await {
            Ok(_) => done.rejected += 1,
            Err(ServiceError::StateConflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let today = scheme.config().day_of(now);
    let mut after = None;
    loop {
        let due = due(scheme, today, after).await?;
        // At once, so that they share the syncs of the book.
        let settled: Vec<_> = due.iter().map(|(_, id)| attempt(scheme, *id, now)).collect();
        let settled: Vec<_> = stream::iter(settled).buffer_unordered(AT_ONCE).collect().await;
        for (id, outcome) in settled {
            match outcome {
                Ok(true) => done.confirmed += 1,
                Ok(false) => {}
                Err(ServiceError::Busy) => return Err(ServiceError::Busy),
                Err(ServiceError::Database(error)) => return Err(error.into()),
                Err(error) => {
                    done.failed += 1;
                    fail(scheme, id, &error).await?;
                }
            }
        }
        after = due.last().copied();
        if due.len() < TOGETHER as usize {
            return Ok(done);
        }
    }
}

/// Records whose publicity is over on `today`, by day and id.
async fn due(
    scheme: &OpenScheme,
    today: NaiveDate,
    after: Option<(NaiveDate, Uuid)>,
) -> db::Result<Vec<(NaiveDate, Uuid)>> {
    let (day, id) = after.unwrap_or((NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default(), Uuid::nil()));
    scheme
        .db
        .query(
            "SELECT s.final_on, s.id FROM services AS s
             WHERE s.book = $1 AND s.status = 'published' AND s.final_on >= $2 AND s.final_on <= $3
               AND (s.final_on > $2 OR s.id > $4)
             ORDER BY s.final_on, s.id LIMIT $5",
        )
        .bind(scheme.book.number())
        .bind(day)
        .bind(today)
        .bind(id)
        .bind(TOGETHER)
        .fetch_all()
        .await
}

async fn attempt(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> (Uuid, Result<bool, ServiceError>) {
    (id, settle(scheme, id, now).await)
}

/// Posts the confirmation of a record in the name of whoever checked it last. `false`: there are objections, or others
/// have decided over it.
async fn settle(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<bool, ServiceError> {
    if !close(scheme, id, now).await? {
        return Ok(false);
    }
    let check: Option<(Uuid, Option<i64>, bool, Option<String>)> = scheme
        .db
        .query(
            "SELECT key_id, points, lift_caps, reason FROM service_checks WHERE book = $1 AND service_id = $2
             ORDER BY place DESC LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let (key, points, lift_caps, reason) =
        check.ok_or_else(|| db::Error::Damaged("service_checks: a published record has none".to_owned()))?;
    let by = operator(scheme, key).await?;
    let row = services::row(scheme, id).await?;
    let confirmation = Confirmation { points, lift_caps, reason: reason.as_deref() };
    match services::confirm_row(scheme, &row, confirmation, &by, now).await {
        Ok(decision) => Ok(!decision.replayed),
        Err(ServiceError::StateConflict { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Ends the publicity of a record: from now on no objection is taken. `false` while one is open or was upheld.
async fn close(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<bool, ServiceError> {
    let mut tx = scheme.db.begin_write().await?;
    let status = services::lock(&mut tx, scheme, id).await?;
    let today = scheme.config().day_of(now);
    let closed = tx
        .query(
            "UPDATE services SET publicity_closed = true
             WHERE book = $1 AND id = $2 AND status = 'published' AND final_on <= $3
               AND NOT EXISTS (SELECT 1 FROM objections AS o
                   WHERE o.book = $1 AND o.service_id = $2 AND o.status IN ('open', 'upheld'))",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(today)
        .execute()
        .await?;
    tx.commit().await?;
    Ok(status == Status::Published && closed == 1)
}

/// Keeps why a record could not be made final.
async fn fail(scheme: &OpenScheme, id: Uuid, error: &ServiceError) -> db::Result<()> {
    tracing::warn!(service = %id, %error, "a record could not be made final");
    let code = match error {
        ServiceError::InsufficientPoints { .. } => "insufficient_points",
        ServiceError::Invalid(flaws) => flaws.first().map_or("invalid", |flaw| flaw.code),
        ServiceError::WrongApprover { .. } => "wrong_approver",
        _ => "not_posted",
    };
    let mut tx = scheme.db.begin_write().await?;
    tx.query("UPDATE services SET final_failed = $3 WHERE book = $1 AND id = $2 AND status = 'published'")
        .bind(scheme.book.number())
        .bind(id)
        .bind(code)
        .execute()
        .await?;
    tx.commit().await
}

/// Published records against which an objection was upheld: who did so, and what they answered.
async fn upheld(scheme: &OpenScheme) -> db::Result<Vec<(Uuid, Uuid, String)>> {
    scheme
        .db
        .query(
            "SELECT s.id, o.answered_by, o.answer FROM services AS s
             JOIN objections AS o ON o.book = s.book AND o.service_id = s.id
             WHERE s.book = $1 AND s.status = 'published' AND o.status = 'upheld' ORDER BY s.final_on, s.id LIMIT $2",
        )
        .bind(scheme.book.number())
        .bind(TOGETHER)
        .fetch_all()
        .await
}

/// Whoever a key stands for, to post in their name.
pub(crate) async fn operator(scheme: &OpenScheme, key: Uuid) -> db::Result<Operator> {
    let known = actors::get(scheme, key).await?;
    let known = known.ok_or_else(|| db::Error::Damaged(format!("actors: there is no key {key}")))?;
    Ok(Operator {
        key_id: key,
        role: Role::Reviewer,
        station: None,
        team: None,
        person: known.person.clone(),
        volunteer_id: known.volunteer_id,
        name: known.name.clone(),
    })
}

/// Until when an objection is to be answered.
pub(super) fn answer_days(publicity: Option<&Publicity>) -> u32 {
    publicity.map_or(crate::config::ANSWER_WORKING_DAYS, |publicity| publicity.answer_working_days)
}
