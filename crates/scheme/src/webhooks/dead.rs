//! What was tried, and what was given up.

use super::{Attempt, Outcome, WebhookError};
use crate::schemes::OpenScheme;
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use db::{Bulk, Column};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Attempts that are remembered for each webhook.
const REMEMBERED: i64 = 500;

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    pub sequence: i64,
    pub name: String,
    pub attempts: i64,
    pub failing_since: DateTime<Utc>,
    pub given_up_at: DateTime<Utc>,
    /// Of the last attempt.
    pub outcome: Outcome,
}

/// Where a page of attempts ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub at: DateTime<Utc>,
    pub sequence: i64,
}

#[derive(sqlx::FromRow)]
struct DeadRow {
    sequence: i64,
    #[sqlx(rename = "type")]
    name: String,
    attempts: i64,
    failing_since: i64,
    given_up_at: i64,
    status: Option<i64>,
    error: Option<String>,
}

#[derive(sqlx::FromRow)]
struct AttemptRow {
    sequence: i64,
    #[sqlx(rename = "type")]
    name: String,
    attempt: i64,
    at: i64,
    micros: i64,
    status: Option<i64>,
    error: Option<String>,
}

/// What was given up after sequence `after`, in order, at most `limit`.
pub async fn dead(scheme: &OpenScheme, webhook: Uuid, after: i64, limit: i64) -> Result<Vec<Dead>, WebhookError> {
    super::get(scheme, webhook).await?;
    let rows: Vec<DeadRow> = scheme
        .db
        .query(
            "SELECT sequence, type, attempts, failing_since, given_up_at, status, error FROM webhook_dead
             WHERE book = $1 AND webhook_id = $2 AND sequence > $3 ORDER BY sequence LIMIT $4",
        )
        .bind(scheme.book.number())
        .bind(webhook)
        .bind(after)
        .bind(limit)
        .fetch_all()
        .await?;
    let dead = |row: DeadRow| Dead {
        sequence: row.sequence,
        name: row.name,
        attempts: row.attempts,
        failing_since: moment(row.failing_since),
        given_up_at: moment(row.given_up_at),
        outcome: Outcome { status: row.status, error: row.error },
    };
    Ok(rows.into_iter().map(dead).collect())
}

/// Takes off the list what was taken after all.
pub async fn forget_dead(scheme: &OpenScheme, webhook: Uuid, sequence: i64) -> db::Result<()> {
    let mut tx = scheme.db.begin_write().await?;
    tx.query("DELETE FROM webhook_dead WHERE book = $1 AND webhook_id = $2 AND sequence = $3")
        .bind(scheme.book.number())
        .bind(webhook)
        .bind(sequence)
        .execute()
        .await?;
    tx.commit().await
}

/// The newest attempts before `before`, newest first, at most `limit`.
pub async fn log(
    scheme: &OpenScheme,
    webhook: Uuid,
    before: Option<Given>,
    limit: i64,
) -> Result<Vec<Attempt>, WebhookError> {
    super::get(scheme, webhook).await?;
    let (at, sequence) = before.map_or((i64::MAX, 0), |before| (micros(before.at), before.sequence));
    let rows: Vec<AttemptRow> = scheme
        .db
        .query(
            "SELECT sequence, type, attempt, at, micros, status, error FROM webhook_deliveries
             WHERE book = $1 AND webhook_id = $2 AND (at < $3 OR (at = $3 AND sequence < $4))
             ORDER BY at DESC, sequence DESC LIMIT $5",
        )
        .bind(scheme.book.number())
        .bind(webhook)
        .bind(at)
        .bind(sequence)
        .bind(limit)
        .fetch_all()
        .await?;
    let attempt = |row: AttemptRow| Attempt {
        sequence: row.sequence,
        name: row.name,
        number: row.attempt,
        at: moment(row.at),
        micros: row.micros,
        outcome: Outcome { status: row.status, error: row.error },
    };
    Ok(rows.into_iter().map(attempt).collect())
}

/// Writes down an attempt that somebody asked for by hand.
pub async fn remember(scheme: &OpenScheme, webhook: Uuid, attempt: Attempt) -> db::Result<()> {
    let mut tx = scheme.db.begin_write().await?;
    log_all(&mut tx, scheme.book.number(), webhook, &[attempt]).await?;
    tx.commit().await
}

pub(super) async fn keep(tx: &mut db::Tx, book: i64, webhook: Uuid, dead: &Dead) -> db::Result<u64> {
    tx.query(
        "INSERT INTO webhook_dead (book, webhook_id, sequence, type, attempts, failing_since, given_up_at, status, error)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(book)
    .bind(webhook)
    .bind(dead.sequence)
    .bind(dead.name.clone())
    .bind(dead.attempts)
    .bind(micros(dead.failing_since))
    .bind(micros(dead.given_up_at))
    .bind(dead.outcome.status)
    .bind(dead.outcome.error.clone())
    .execute()
    .await
}

/// Remembers the attempts, and forgets those of long ago.
pub(super) async fn log_all(tx: &mut db::Tx, book: i64, webhook: Uuid, attempts: &[Attempt]) -> db::Result<()> {
    if attempts.is_empty() {
        return Ok(());
    }
    let count = attempts.len();
    let numbers = |of: fn(&Attempt) -> i64| Column::I64(attempts.iter().map(of).collect());
    let bulk = Bulk::insert(
        "webhook_deliveries",
        vec![
            ("book", Column::I64(vec![book; count])),
            ("webhook_id", Column::Uuid(vec![webhook; count])),
            ("at", numbers(|attempt| micros(attempt.at))),
            ("sequence", numbers(|attempt| attempt.sequence)),
            ("type", Column::Text(attempts.iter().map(|attempt| attempt.name.clone()).collect())),
            ("attempt", numbers(|attempt| attempt.number)),
            ("micros", numbers(|attempt| attempt.micros)),
            ("status", Column::OptI64(attempts.iter().map(|attempt| attempt.outcome.status).collect())),
            ("error", Column::OptText(attempts.iter().map(|attempt| attempt.outcome.error.clone()).collect())),
        ],
    );
    tx.write(&[bulk]).await?;
    tx.query(
        "DELETE FROM webhook_deliveries WHERE book = $1 AND webhook_id = $2 AND at < COALESCE(
             (SELECT d.at FROM webhook_deliveries AS d WHERE d.book = $1 AND d.webhook_id = $2
              ORDER BY d.at DESC LIMIT 1 OFFSET $3), 0)",
    )
    .bind(book)
    .bind(webhook)
    .bind(REMEMBERED - 1)
    .execute()
    .await?;
    Ok(())
}
