//! Rewards as their row holds them, and what became of their prices.

use super::gates;
use super::{Kind, Limit, Period, Reward, RewardDetails, RewardError, State, post_error};
use crate::accounts;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, Written, is_text};
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use std::sync::Arc;
use uuid::Uuid;

macro_rules! select_rewards {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, name, price_points, price_cash, limit_uses, limit_per, min_star, from_on, until_on,
                    hold_minutes, sponsor, reward_group, state, category, picture, sponsor_id, gates, version,
                    created_at, updated_at,
                    (SELECT s.name FROM sponsors AS s
                     WHERE s.book = rewards.book AND s.id = rewards.sponsor_id) AS sponsor_name
             FROM rewards ",
            $rest
        )
    };
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
    state: String,
    category: Option<String>,
    picture: Option<String>,
    sponsor_id: Option<Uuid>,
    gates: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    sponsor_name: Option<String>,
}

impl RewardRow {
    fn reward(self, stations: Vec<String>) -> db::Result<Reward> {
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
            sponsor_id: self.sponsor_id,
            group: self.reward_group,
            state: State::parse(&self.state).ok_or_else(|| db::Error::Damaged("rewards.state".to_owned()))?,
            category: self.category,
            picture: self.picture,
            gates: serde_json::from_str(&self.gates).map_err(|_| db::Error::Damaged("rewards.gates".to_owned()))?,
        };
        let (created_at, updated_at) = (moment(self.created_at), moment(self.updated_at));
        let (id, version, sponsor_name) = (self.id, self.version, self.sponsor_name);
        Ok(Reward { id, details, stations, sponsor_name, version, created_at, updated_at })
    }
}

/// Offers a reward under an id that the caller chose, or changes it. Reservations keep the price they were made at.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: RewardDetails,
    expected: Option<i64>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Arc<Reward>, Written), RewardError> {
    let mut flaws = check(&details);
    flaws.extend(gates::check(&details.gates, scheme).await?);
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    let mut tx = scheme.db.begin_write().await?;
    let known: Option<RewardRow> = tx
        .lock(select_rewards!("WHERE book = $1 AND id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(RewardError::VersionDiffers { current });
    }
    let written = match known.map(|known| known.reward(Vec::new())).transpose()? {
        None => Written::Created,
        Some(known) if known.details == details => Written::Same,
        Some(known) if known.details.kind != details.kind => {
            return Err(RewardError::IdTaken { field: "kind".to_owned() });
        }
        Some(_) => Written::Changed,
    };
    if written != Written::Same {
        find_references(&mut tx, scheme, &details).await?;
        write(&mut tx, scheme.book.number(), id, &details, now).await?;
        keep_price(&mut tx, scheme.book.number(), id, &details, by, current + 1, now).await?;
        tx.commit().await?;
        scheme.rewards.invalidate(&id);
    }
    Ok((get(scheme, id).await?, written))
}

async fn write(tx: &mut db::Tx, book: i64, id: Uuid, details: &RewardDetails, now: DateTime<Utc>) -> db::Result<u64> {
    tx.query(
        "INSERT INTO rewards (book, id, kind, name, price_points, price_cash, limit_uses, limit_per, min_star, from_on,
             until_on, hold_minutes, sponsor, reward_group, state, category, picture, sponsor_id, gates, version,
             created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 1, $20, $20)
         ON CONFLICT (book, id) DO UPDATE SET name = excluded.name, price_points = excluded.price_points,
             price_cash = excluded.price_cash, limit_uses = excluded.limit_uses, limit_per = excluded.limit_per,
             min_star = excluded.min_star, from_on = excluded.from_on, until_on = excluded.until_on,
             hold_minutes = excluded.hold_minutes, sponsor = excluded.sponsor,
             reward_group = excluded.reward_group, state = excluded.state, category = excluded.category,
             picture = excluded.picture, sponsor_id = excluded.sponsor_id, gates = excluded.gates, version = rewards.version + 1, updated_at = excluded.updated_at",
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
    .bind(details.state.as_str())
    .bind(details.category.clone())
    .bind(details.picture.clone())
    .bind(details.sponsor_id)
    .bind(serde_json::to_string(&details.gates).expect("ages, codes and times are plain data"))
    .bind(micros(now))
    .execute()
    .await
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Arc<Reward>, RewardError> {
    if let Some(known) = scheme.rewards.get(&id) {
        return Ok(known);
    }
    let _turn = scheme.rewards_asked.lock().await;
    if let Some(known) = scheme.rewards.get(&id) {
        return Ok(known);
    }
    let mut tx = scheme.db.begin_read().await?;
    let row: Option<RewardRow> = tx
        .query(select_rewards!("WHERE book = $1 AND id = $2"))
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
    let reward = Arc::new(row.reward(stations.into_iter().map(|(station,)| station).collect())?);
    scheme.rewards.insert(id, reward.clone());
    Ok(reward)
}

/// Rewards of this state in the order of their ids, after `after`; with `station`, those that are offered there.
pub async fn list(
    scheme: &OpenScheme,
    state: State,
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
               AND r.state = $5
             ORDER BY r.id LIMIT $4",
        )
        .bind(scheme.book.number())
        .bind(after.unwrap_or(Uuid::nil()))
        .bind(station.map(str::to_owned))
        .bind(limit)
        .bind(state.as_str())
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
    if details.category.as_deref().is_some_and(|category| !is_code(category)) {
        refuse(
            "category",
            "invalid_code",
            "a category is a code: 1 to 32 of a-z, 0-9, - and _, beginning with a letter",
        );
    }
    flaws
}

fn is_code(text: &str) -> bool {
    let in_code = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    text.len() <= 32 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.chars().all(in_code)
}

/// What a reward cost, and whether it was offered, from one of its versions on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChange {
    pub version: i64,
    pub state: State,
    /// Minor units.
    pub price_points: i64,
    /// Fen.
    pub price_cash: Option<i64>,
    /// The key of who changed it.
    pub changed_by: Uuid,
    pub changed_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    version: i64,
    state: String,
    price_points: i64,
    price_cash: Option<i64>,
    changed_by: Uuid,
    changed_at: i64,
}

/// All that a reward ever cost, the oldest first.
pub async fn history(scheme: &OpenScheme, id: Uuid) -> Result<Vec<PriceChange>, RewardError> {
    get(scheme, id).await?;
    let rows: Vec<ChangeRow> = scheme
        .db
        .query(
            "SELECT version, state, price_points, price_cash, changed_by, changed_at FROM reward_changes
             WHERE book = $1 AND reward_id = $2 ORDER BY version",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_all()
        .await?;
    let change = |row: ChangeRow| {
        let state = State::parse(&row.state).ok_or_else(|| db::Error::Damaged("reward_changes.state".to_owned()))?;
        Ok(PriceChange {
            version: row.version,
            state,
            price_points: row.price_points,
            price_cash: row.price_cash,
            changed_by: row.changed_by,
            changed_at: moment(row.changed_at),
        })
    };
    rows.into_iter().map(change).collect()
}

/// Keeps the price and the state of this version, when either is not what it was.
async fn keep_price(
    tx: &mut db::Tx,
    book: i64,
    id: Uuid,
    details: &RewardDetails,
    by: &Operator,
    version: i64,
    now: DateTime<Utc>,
) -> db::Result<()> {
    let before: Option<(String, i64, Option<i64>)> = tx
        .query(
            "SELECT state, price_points, price_cash FROM reward_changes
             WHERE book = $1 AND reward_id = $2 ORDER BY version DESC LIMIT 1",
        )
        .bind(book)
        .bind(id)
        .fetch_optional()
        .await?;
    let after = (details.state.as_str().to_owned(), details.price_points, details.price_cash);
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    tx.query(
        "INSERT INTO reward_changes (book, reward_id, version, state, price_points, price_cash, changed_by, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(book)
    .bind(id)
    .bind(version)
    .bind(after.0)
    .bind(after.1)
    .bind(after.2)
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    Ok(())
}

/// The sponsor and the picture that it names are there.
async fn find_references(tx: &mut db::Tx, scheme: &OpenScheme, details: &RewardDetails) -> Result<(), RewardError> {
    let mut flaws = Vec::new();
    if let Some(sponsor) = details.sponsor_id {
        let known: Option<(i64,)> = tx
            .query("SELECT version FROM sponsors WHERE book = $1 AND id = $2")
            .bind(scheme.book.number())
            .bind(sponsor)
            .fetch_optional()
            .await?;
        if known.is_none() {
            flaws.push(Invalid::new("sponsor_id", "unknown_sponsor", "there is no such sponsor"));
        }
    }
    if let Some(picture) = &details.picture {
        let known: Option<(i64,)> = tx
            .query("SELECT width FROM pictures WHERE book = $1 AND digest = $2")
            .bind(scheme.book.number())
            .bind(picture.clone())
            .fetch_optional()
            .await?;
        if known.is_none() {
            flaws.push(Invalid::new("picture", "unknown_picture", "there is no picture of this digest"));
        }
    }
    if flaws.is_empty() { Ok(()) } else { Err(RewardError::Invalid(flaws)) }
}
