//! The stream of one webhook: who sends it, how far it is, what becomes of an attempt.
//!
//! One sender at a time holds the lease of a webhook. Whatever it reports is taken only as long as it holds it, and as long as
//! the stream is where the sender found it; so another sender, or a replay, is never undone. A sender that dies leaves the
//! stream where it last reported: the next one repeats what came after, and skips nothing.

use super::{Dead, Given, WebhookDetails};
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Duration, Utc};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// A sender's right to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub webhook: Uuid,
    pub sender: Uuid,
}

/// One attempt, for those who look after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// 0: a test.
    pub sequence: i64,
    pub name: String,
    /// 1, 2, …
    pub number: i64,
    pub at: DateTime<Utc>,
    pub micros: i64,
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Of HTTP; `None`: there was no answer.
    pub status: Option<i64>,
    pub error: Option<String>,
}

impl Outcome {
    /// The receiver has taken it.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// How far a sender has come since its last report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Where the stream was, and where it is now.
    pub from: i64,
    pub to: i64,
    /// Attempts that have failed for the next event, since when, and when the next may be.
    pub failing: Option<(i64, DateTime<Utc>, DateTime<Utc>)>,
    pub attempts: Vec<Attempt>,
    /// What was given up on the way.
    pub dead: Option<Dead>,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
}

/// The webhooks of the scheme that nobody sends at `now` and that have something to send, when the book has `size` entries.
pub async fn due(scheme: &OpenScheme, size: i64, now: DateTime<Utc>) -> db::Result<Vec<Uuid>> {
    let rows: Vec<DueRow> = scheme
        .db
        .query(
            "SELECT id FROM webhooks WHERE book = $1 AND enabled AND sent < $2 AND due_at <= $3 AND lease_until <= $3
             ORDER BY due_at",
        )
        .bind(scheme.book.number())
        .bind(size)
        .bind(micros(now))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Takes the lease for `time`, unless another sender has it.
pub async fn lease(
    scheme: &OpenScheme,
    webhook: Uuid,
    sender: Uuid,
    time: Duration,
    now: DateTime<Utc>,
) -> db::Result<Option<Lease>> {
    let mut tx = scheme.db.begin_write().await?;
    let taken = tx
        .query(
            "UPDATE webhooks SET lease = $3, lease_until = $4
             WHERE book = $1 AND id = $2 AND enabled AND lease_until <= $5",
        )
        .bind(scheme.book.number())
        .bind(webhook)
        .bind(sender)
        .bind(micros(now + time))
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    Ok((taken == 1).then_some(Lease { webhook, sender }))
}

/// Writes down how far the sender has come, and keeps its lease for `time`. `false`: it has lost it, or the stream was put elsewhere
/// or stopped; then nothing is written, and the sender stops.
pub async fn report(
    scheme: &OpenScheme,
    lease: Lease,
    progress: &Progress,
    time: Duration,
    now: DateTime<Utc>,
) -> db::Result<bool> {
    let book = scheme.book.number();
    let mut tx = scheme.db.begin_write().await?;
    let (attempts, since, due_at) = progress.failing.unwrap_or((0, now, now));
    let kept = tx
        .query(
            "UPDATE webhooks SET sent = $5, attempts = $6, failing_since = $7, due_at = $8, lease_until = $9
             WHERE book = $1 AND id = $2 AND lease = $3 AND sent = $4 AND enabled",
        )
        .bind(book)
        .bind(lease.webhook)
        .bind(lease.sender)
        .bind(progress.from)
        .bind(progress.to)
        .bind(attempts)
        .bind(progress.failing.map(|_| micros(since)))
        .bind(micros(due_at))
        .bind(micros(now + time))
        .execute()
        .await?;
    if kept == 0 {
        return Ok(false);
    }
    if progress.to > progress.from {
        forget(&mut tx, book, lease.webhook, progress.from + 1..=progress.to).await?;
    }
    if let Some(dead) = &progress.dead {
        super::dead::keep(&mut tx, book, lease.webhook, dead).await?;
    }
    super::dead::log_all(&mut tx, book, lease.webhook, &progress.attempts).await?;
    tx.commit().await?;
    Ok(true)
}

/// What had been given up and was taken after all, as in a replay.
async fn forget(tx: &mut db::Tx, book: i64, webhook: Uuid, taken: RangeInclusive<i64>) -> db::Result<u64> {
    tx.query("DELETE FROM webhook_dead WHERE book = $1 AND webhook_id = $2 AND sequence >= $3 AND sequence <= $4")
        .bind(book)
        .bind(webhook)
        .bind(*taken.start())
        .bind(*taken.end())
        .execute()
        .await
}

/// Gives the lease back.
pub async fn release(scheme: &OpenScheme, lease: Lease) -> db::Result<()> {
    let mut tx = scheme.db.begin_write().await?;
    tx.query("UPDATE webhooks SET lease = NULL, lease_until = 0 WHERE book = $1 AND id = $2 AND lease = $3")
        .bind(scheme.book.number())
        .bind(lease.webhook)
        .bind(lease.sender)
        .execute()
        .await?;
    tx.commit().await
}

/// Figures for those who watch: how far the enabled webhooks are behind all together, how many of them fail, and how many events
/// were given up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Figures {
    pub behind: i64,
    pub failing: i64,
    pub dead: i64,
}

/// How the webhooks of the scheme stand, when the book has `size` entries.
pub async fn standing(scheme: &OpenScheme, size: i64) -> db::Result<Figures> {
    scheme
        .db
        .query(
            "SELECT CAST(COALESCE(SUM(CASE WHEN enabled THEN $2 - sent ELSE 0 END), 0) AS BIGINT) AS behind,
                    CAST(COALESCE(SUM(CASE WHEN enabled AND attempts > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS failing,
                    (SELECT COUNT(*) FROM webhook_dead AS d WHERE d.book = $1) AS dead
             FROM webhooks WHERE book = $1",
        )
        .bind(scheme.book.number())
        .bind(size)
        .fetch_one()
        .await
}

impl From<&Attempt> for Given {
    fn from(attempt: &Attempt) -> Given {
        Given { at: attempt.at, sequence: attempt.sequence }
    }
}

impl WebhookDetails {
    /// The kinds of entries that it is told of; of all when `None`. A type that there no longer is means nothing.
    pub fn kinds(&self) -> Option<Vec<String>> {
        let known = self.types.iter().filter_map(|name| crate::events::kinds(std::slice::from_ref(name)).ok());
        (!self.types.is_empty()).then(|| known.flatten().collect())
    }
}
