//! The rewards catalogue: goods and services, their prices and limits, their stock and their sessions.

mod sessions;
mod stock;

pub use crate::rules::Period;
pub use sessions::{Session, find_session, put_session, seats_left, sessions};
pub use stock::{StockChange, StockChanged, change_stock};

use crate::accounts;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, Written, is_text};
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use ledger::{PostError, Rejection};
use serde_json::{Map, Value};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reward {
    pub id: Uuid,
    pub details: RewardDetails,
    /// Where pieces of it were ever on the shelf.
    pub stations: Vec<String>,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewardDetails {
    pub kind: Kind,
    pub name: String,
    /// Minor units, for one piece or one use.
    pub price_points: i64,
    /// Fen, to be paid beside the points.
    pub price_cash: Option<i64>,
    pub limit: Option<Limit>,
    /// The star that the hours of the volunteer must be worth.
    pub min_star: Option<i64>,
    pub from: Option<NaiveDate>,
    /// The last day.
    pub until: Option<NaiveDate>,
    /// How long a reservation is kept.
    pub hold_minutes: i64,
    pub sponsor: Option<String>,
    /// A code by which rules of exchange cover it.
    pub group: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Good,
    Service,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Good => "good",
            Kind::Service => "service",
        }
    }
}

/// So many pieces or uses for one person in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub uses: i64,
    pub per: Period,
}

#[derive(Debug, thiserror::Error)]
pub enum RewardError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no reward {id}")]
    RewardNotFound { id: Uuid },
    #[error("there is no session {id}")]
    SessionNotFound { id: Uuid },
    #[error("the id stands for something else: {field} differs")]
    IdTaken { field: String },
    #[error("the reward was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    /// Fewer pieces are on the shelf and not reserved, or fewer seats are free, than would be taken away.
    #[error("{available} are left, and {needed} would be taken away")]
    OutOfStock { needed: i64, available: i64 },
    /// The id was refused before, and this is that answer.
    #[error(transparent)]
    Again(Box<RewardError>),
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

#[derive(sqlx::FromRow)]
struct RewardRow {
    id: Uuid,
    kind: String,
    name: String,
    price_points: i64,
    price_cash: Option<i64>,
    limit_uses: Option<i64>,
    limit_per: Option<String>,
    min_star: Option<i64>,
    from_on: Option<NaiveDate>,
    until_on: Option<NaiveDate>,
    hold_minutes: i64,
    sponsor: Option<String>,
    reward_group: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl RewardRow {
    fn reward(self, stations: Vec<String>) -> Reward {
        let limit = self.limit_uses.zip(self.limit_per.as_deref().and_then(Period::parse));
        let details = RewardDetails {
            kind: if self.kind == "good" { Kind::Good } else { Kind::Service },
            name: self.name,
            price_points: self.price_points,
            price_cash: self.price_cash,
            limit: limit.map(|(uses, per)| Limit { uses, per }),
            min_star: self.min_star,
            from: self.from_on,
            until: self.until_on,
            hold_minutes: self.hold_minutes,
            sponsor: self.sponsor,
            group: self.reward_group,
        };
        let (created_at, updated_at) = (moment(self.created_at), moment(self.updated_at));
        Reward { id: self.id, details, stations, version: self.version, created_at, updated_at }
    }
}

/// Offers a reward under an id that the caller chose, or changes it. Reservations keep the price they were made at.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: RewardDetails,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(Arc<Reward>, Written), RewardError> {
    let flaws = check(&details);
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    let mut tx = scheme.db.begin_write().await?;
    let known: Option<RewardRow> = tx
        .lock(
            "SELECT id, kind, name, price_points, price_cash, limit_uses, limit_per, min_star, from_on, until_on,
                    hold_minutes, sponsor, reward_group, version, created_at, updated_at
             FROM rewards WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(RewardError::VersionDiffers { current });
    }
    let written = match known.map(|known| known.reward(Vec::new())) {
        None => Written::Created,
        Some(known) if known.details == details => Written::Same,
        Some(known) if known.details.kind != details.kind => {
            return Err(RewardError::IdTaken { field: "kind".to_owned() });
        }
        Some(_) => Written::Changed,
    };
    if written != Written::Same {
        write(&mut tx, scheme.book.number(), id, &details, now).await?;
        tx.commit().await?;
        scheme.rewards.invalidate(&id);
    }
    Ok((get(scheme, id).await?, written))
}

async fn write(tx: &mut db::Tx, book: i64, id: Uuid, details: &RewardDetails, now: DateTime<Utc>) -> db::Result<u64> {
    tx.query(
        "INSERT INTO rewards (book, id, kind, name, price_points, price_cash, limit_uses, limit_per, min_star, from_on,
             until_on, hold_minutes, sponsor, reward_group, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15, $15)
         ON CONFLICT (book, id) DO UPDATE SET name = excluded.name, price_points = excluded.price_points,
             price_cash = excluded.price_cash, limit_uses = excluded.limit_uses, limit_per = excluded.limit_per,
             min_star = excluded.min_star, from_on = excluded.from_on, until_on = excluded.until_on,
             hold_minutes = excluded.hold_minutes, sponsor = excluded.sponsor,
             reward_group = excluded.reward_group, version = rewards.version + 1, updated_at = excluded.updated_at",
    )
    .bind(book)
    .bind(id)
    .bind(details.kind.as_str())
    .bind(details.name.clone())
    .bind(details.price_points)
    .bind(details.price_cash)
    .bind(details.limit.map(|limit| limit.uses))
    .bind(details.limit.map(|limit| limit.per.as_str()))
    .bind(details.min_star)
    .bind(details.from)
    .bind(details.until)
    .bind(details.hold_minutes)
    .bind(details.sponsor.clone())
    .bind(details.group.clone())
    .bind(micros(now))
    .execute()
    .await
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Arc<Reward>, RewardError> {
    if let Some(known) = scheme.rewards.get(&id) {
        return Ok(known);
    }
    let mut tx = scheme.db.begin_read().await?;
    let row: Option<RewardRow> = tx
        .query(
            "SELECT id, kind, name, price_points, price_cash, limit_uses, limit_per, min_star, from_on, until_on,
                    hold_minutes, sponsor, reward_group, version, created_at, updated_at
             FROM rewards WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let row = row.ok_or(RewardError::RewardNotFound { id })?;
    let stations: Vec<(String,)> = tx
        .query("SELECT station FROM reward_stations WHERE book = $1 AND reward_id = $2 ORDER BY station")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_all()
        .await?;
    let reward = Arc::new(row.reward(stations.into_iter().map(|(station,)| station).collect()));
    scheme.rewards.insert(id, reward.clone());
    Ok(reward)
}

/// Rewards in the order of their ids, after `after`; with `station`, those that are offered there.
pub async fn list(
    scheme: &OpenScheme,
    station: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Arc<Reward>>, RewardError> {
    let ids: Vec<(Uuid,)> = scheme
        .db
        .query(
            "SELECT r.id FROM rewards AS r
             WHERE r.book = $1 AND r.id > $2
               AND ($3 IS NULL OR (r.kind = 'service' AND NOT EXISTS (
                       SELECT 1 FROM reward_sessions AS x WHERE x.book = r.book AND x.reward_id = r.id))
                    OR EXISTS (SELECT 1 FROM reward_stations AS x
                               WHERE x.book = r.book AND x.reward_id = r.id AND x.station = $3)
                    OR EXISTS (SELECT 1 FROM reward_sessions AS x
                               WHERE x.book = r.book AND x.reward_id = r.id AND x.station = $3))
             ORDER BY r.id LIMIT $4",
        )
        .bind(scheme.book.number())
        .bind(after.unwrap_or(Uuid::nil()))
        .bind(station.map(str::to_owned))
        .bind(limit)
        .fetch_all()
        .await?;
    let mut rewards = Vec::with_capacity(ids.len());
    for (id,) in ids {
        rewards.push(get(scheme, id).await?);
    }
    Ok(rewards)
}

/// What can be had of rewards now: pieces at `station` (at all stations, when `None`) that are not reserved. `None` for a
/// service, which has seats instead.
pub async fn available(
    scheme: &OpenScheme,
    rewards: &[Arc<Reward>],
    station: Option<&str>,
) -> Result<Vec<Option<i64>>, RewardError> {
    let places = |reward: &Reward| {
        let stations = reward.stations.iter().filter(|own| station.is_none_or(|station| station == *own));
        stations.map(|station| accounts::stock_path(reward.id, station)).collect::<Vec<_>>()
    };
    let of_reward: Vec<Vec<Arc<str>>> = rewards.iter().map(|reward| places(reward)).collect();
    let view = scheme.book.standings(&of_reward.concat()).await.map_err(post_error)?;
    let mut shelves = view.lots.iter().map(|lots| lots.first().map_or(0, |standing| standing.available()));
    let counts = rewards.iter().zip(&of_reward).map(|(reward, paths)| {
        let pieces = shelves.by_ref().take(paths.len()).sum();
        (reward.details.kind == Kind::Good).then_some(pieces)
    });
    Ok(counts.collect())
}

fn check(details: &RewardDetails) -> Vec<Invalid> {
    let mut flaws = Vec::new();
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    if !is_text(&details.name, 100) {
        refuse("name", "invalid_text", "a name has 1 to 100 characters");
    }
    if details.price_points < 0 {
        refuse("price_points", "amount_negative", "a price is not negative");
    }
    if details.price_cash.is_some_and(|cash| cash < 0) {
        refuse("price_cash", "amount_negative", "a price is not negative");
    }
    if details.limit.is_some_and(|limit| !(1..=1_000_000).contains(&limit.uses)) {
        refuse("limit/uses", "invalid_limit", "a limit is 1 to 1000000 uses");
    }
    if details.min_star.is_some_and(|star| !(1..=5).contains(&star)) {
        refuse("min_star", "invalid_star", "a star is 1 to 5");
    }
    if details.from.zip(details.until).is_some_and(|(from, until)| until < from) {
        refuse("until", "end_before_start", "the last day is not before the first");
    }
    if !(1..=525_600).contains(&details.hold_minutes) {
        refuse("hold_minutes", "invalid_minutes", "a reservation is kept for 1 minute to 1 year");
    }
    if details.sponsor.as_deref().is_some_and(|sponsor| !is_text(sponsor, 100)) {
        refuse("sponsor", "invalid_text", "a sponsor has 1 to 100 characters");
    }
    if details.group.as_deref().is_some_and(|group| !is_code(group)) {
        refuse("group", "invalid_code", "a group is a code: 1 to 32 of a-z, 0-9, - and _, beginning with a letter");
    }
    flaws
}

fn is_code(text: &str) -> bool {
    let in_code = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    text.len() <= 32 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.chars().all(in_code)
}

fn fields(document: Value) -> Map<String, Value> {
    document.as_object().cloned().unwrap_or_default()
}

fn post_error(error: PostError) -> RewardError {
    match error {
        PostError::IdTaken { field } => RewardError::IdTaken { field },
        error if error.is_transient() => RewardError::Busy,
        other => RewardError::Book(other.to_string()),
    }
}

fn refused(rejection: Rejection) -> RewardError {
    match rejection {
        Rejection::BelowFloor { needed, available, .. } => RewardError::OutOfStock { needed, available },
        other => RewardError::Book(other.to_string()),
    }
}
