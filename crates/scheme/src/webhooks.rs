//! Webhooks: addresses that are told of events as they happen. This keeps who is told what, and how far; the telling itself is
//! done by whoever knows HTTP.

mod dead;
mod stream;

pub use dead::{Dead, Given, dead, forget_dead, log, remember};
pub use stream::{Attempt, Figures, Lease, Outcome, Progress, due, lease, release, report, standing};

use crate::schemes::OpenScheme;
use crate::secrets::random;
use crate::volunteers::Written;
use crate::{micros, moment};
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDetails {
    pub url: String,
    /// Names and groups of events; all when empty.
    pub types: Vec<String>,
    pub enabled: bool,
}

/// A subscription, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: Uuid,
    pub details: WebhookDetails,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Wanted events up to this sequence were taken, or given up.
    pub sent: i64,
    /// Attempts that failed for the next event.
    pub attempts: i64,
    pub failing_since: Option<DateTime<Utc>>,
    /// No attempt before.
    pub due_at: DateTime<Utc>,
    /// Until when the secret before the present one signs, too.
    pub old_secret_until: Option<DateTime<Utc>>,
    salt: Vec<u8>,
    old_salt: Option<Vec<u8>>,
}

/// What messages are signed with: 32 bytes.
pub type Secret = [u8; 32];

/// So many subscriptions a scheme has at most.
const WEBHOOKS_MAX: i64 = 100;
/// For how long a secret signs on beside its successor, at most.
const OLD_SECRET_MAX: Duration = Duration::days(30);

#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("there is no webhook {id}")]
    WebhookNotFound { id: Uuid },
    #[error("nothing of sequence {sequence} was given up")]
    NotDead { sequence: i64 },
    #[error("the webhook was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    #[error("a scheme has {most} webhooks at most")]
    TooMany { most: i64 },
    #[error("the book has {size} entries, and {asked} was asked for")]
    BeyondTheBook { asked: i64, size: i64 },
    #[error("an old secret signs on for {days} days at most")]
    TooLong { days: i64 },
    #[error(transparent)]
    Database(#[from] db::Error),
}

#[derive(sqlx::FromRow)]
struct WebhookRow {
    id: Uuid,
    url: String,
    types: String,
    enabled: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
    salt: Vec<u8>,
    old_salt: Option<Vec<u8>>,
    old_until: Option<i64>,
    sent: i64,
    attempts: i64,
    failing_since: Option<i64>,
    due_at: i64,
}

impl WebhookRow {
    fn webhook(self) -> Webhook {
        let types = serde_json::from_str(&self.types).unwrap_or_default();
        Webhook {
            id: self.id,
            details: WebhookDetails { url: self.url, types, enabled: self.enabled },
            version: self.version,
            created_at: moment(self.created_at),
            updated_at: moment(self.updated_at),
            sent: self.sent,
            attempts: self.attempts,
            failing_since: self.failing_since.map(moment),
            due_at: moment(self.due_at),
            old_secret_until: self.old_until.map(moment),
            salt: self.salt,
            old_salt: self.old_salt,
        }
    }
}

/// Subscribes under an id that the caller chose, or changes the subscription. A new one is told of events from `from` on;
/// of what happens from now on, when that is left out.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: WebhookDetails,
    from: Option<i64>,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(Webhook, Written), WebhookError> {
    let mut tx = scheme.db.begin_write().await?;
    let known: Option<WebhookRow> = tx
        .lock(
            "SELECT id, url, types, enabled, version, created_at, updated_at, salt, old_salt, old_until, sent, attempts,
                    failing_since, due_at
             FROM webhooks WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(WebhookError::VersionDiffers { current });
    }
    let how = match known.map(WebhookRow::webhook) {
        None => {
            make(&mut tx, scheme, id, &details, from, now).await?;
            Written::Created
        }
        Some(known) if known.details == details => return Ok((known, Written::Same)),
        Some(_) => {
            change(&mut tx, scheme, id, &details, now).await?;
            Written::Changed
        }
    };
    tx.commit().await?;
    Ok((get(scheme, id).await?, how))
}

async fn make(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: &WebhookDetails,
    from: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(), WebhookError> {
    let sent = start(scheme, tx, from).await?;
    let (count,): (i64,) =
        tx.query("SELECT COUNT(*) FROM webhooks WHERE book = $1").bind(scheme.book.number()).fetch_one().await?;
    if count >= WEBHOOKS_MAX {
        return Err(WebhookError::TooMany { most: WEBHOOKS_MAX });
    }
    let inserted = tx
        .query(
            "INSERT INTO webhooks (book, id, url, types, enabled, version, created_at, updated_at, salt, sent, attempts,
                 due_at, lease_until)
             VALUES ($1, $2, $3, $4, $5, 1, $6, $6, $7, $8, 0, $6, 0) ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(details.url.clone())
        .bind(types(details))
        .bind(details.enabled)
        .bind(micros(now))
        .bind(random::<16>().to_vec())
        .bind(sent)
        .execute()
        .await?;
    match inserted {
        // Somebody else made it at the same moment.
        0 => Err(WebhookError::VersionDiffers { current: 1 }),
        _ => Ok(()),
    }
}

/// A change begins anew: what failed before may have been what was changed.
async fn change(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: &WebhookDetails,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    tx.query(
        "UPDATE webhooks SET url = $3, types = $4, enabled = $5, version = version + 1, updated_at = $6, attempts = 0,
             failing_since = NULL, due_at = $6
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(details.url.clone())
    .bind(types(details))
    .bind(details.enabled)
    .bind(micros(now))
    .execute()
    .await
}

fn types(details: &WebhookDetails) -> String {
    serde_json::to_string(&details.types).expect("a list of texts is always JSON")
}

/// The sequence before the first that is told.
async fn start(scheme: &OpenScheme, tx: &mut db::Tx, from: Option<i64>) -> Result<i64, WebhookError> {
    let size = scheme.book.size(tx).await?;
    let from = from.unwrap_or(size + 1);
    if from < 1 || from > size + 1 {
        return Err(WebhookError::BeyondTheBook { asked: from, size });
    }
    Ok(from - 1)
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Webhook, WebhookError> {
    let row: Option<WebhookRow> = scheme
        .db
        .query(
            "SELECT id, url, types, enabled, version, created_at, updated_at, salt, old_salt, old_until, sent, attempts,
                    failing_since, due_at
             FROM webhooks WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(WebhookRow::webhook).ok_or(WebhookError::WebhookNotFound { id })
}

/// All of the scheme, the oldest first.
pub async fn list(scheme: &OpenScheme) -> Result<Vec<Webhook>, WebhookError> {
    let rows: Vec<WebhookRow> = scheme
        .db
        .query(
            "SELECT id, url, types, enabled, version, created_at, updated_at, salt, old_salt, old_until, sent, attempts,
                    failing_since, due_at
             FROM webhooks WHERE book = $1 ORDER BY created_at, id",
        )
        .bind(scheme.book.number())
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(WebhookRow::webhook).collect())
}

/// Tells all again from sequence `from` on. A sender at work notices before it goes on.
pub async fn replay(scheme: &OpenScheme, id: Uuid, from: i64, now: DateTime<Utc>) -> Result<Webhook, WebhookError> {
    let mut tx = scheme.db.begin_write().await?;
    let sent = start(scheme, &mut tx, Some(from)).await?;
    let changed = tx
        .query(
            "UPDATE webhooks SET sent = $3, attempts = 0, failing_since = NULL, due_at = $4
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(sent)
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    if changed == 0 { Err(WebhookError::WebhookNotFound { id }) } else { get(scheme, id).await }
}

/// Draws a new secret. The one before signs, too, for `overlap`.
pub async fn rotate(
    scheme: &OpenScheme,
    id: Uuid,
    overlap: Duration,
    now: DateTime<Utc>,
) -> Result<Webhook, WebhookError> {
    if overlap > OLD_SECRET_MAX || overlap < Duration::zero() {
        return Err(WebhookError::TooLong { days: OLD_SECRET_MAX.num_days() });
    }
    let mut tx = scheme.db.begin_write().await?;
    let changed = tx
        .query(
            "UPDATE webhooks SET old_salt = salt, old_until = $3, salt = $4, updated_at = $5, version = version + 1
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(micros(now + overlap))
        .bind(random::<16>().to_vec())
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    if changed == 0 { Err(WebhookError::WebhookNotFound { id }) } else { get(scheme, id).await }
}

impl Webhook {
    /// What signs now.
    pub fn secret(&self, scheme: &OpenScheme) -> Secret {
        self.derived(scheme, &self.salt)
    }

    /// All that sign at `now`, the present one first.
    pub fn secrets(&self, scheme: &OpenScheme, now: DateTime<Utc>) -> Vec<Secret> {
        let old = self.old_salt.as_ref().filter(|_| self.old_secret_until.is_some_and(|until| now < until));
        let salts = std::iter::once(&self.salt).chain(old);
        salts.map(|salt| self.derived(scheme, salt)).collect()
    }

    /// Nothing that could sign is kept: it follows from what the installation alone knows.
    fn derived(&self, scheme: &OpenScheme, salt: &[u8]) -> Secret {
        scheme.secrets.mac(&format!("webhook {} {}", scheme.book.code(), self.id), salt)
    }
}
