//! Shelves that run low: from how few pieces on somebody is to be told, and that they were.

use super::{require_good, station_flaws};
use crate::accounts;
use crate::keys::Operator;
use crate::micros;
use crate::projection::kind;
use crate::rewards::{RewardError, fields, post_error};
use crate::schemes::OpenScheme;
use crate::volunteers::Invalid;
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Leg, Rejection, Source};
use serde_json::json;
use uuid::Uuid;

/// A shelf that somebody looks after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub reward_id: Uuid,
    pub name: String,
    pub station: String,
    /// From so few pieces that are not reserved on it is low.
    pub level: i64,
    pub on_hand: i64,
    /// Pieces that are not reserved.
    pub available: i64,
    /// That it is low was told already.
    told: bool,
}

impl Watched {
    pub fn is_low(&self) -> bool {
        self.available <= self.level
    }
}

/// From how few pieces on somebody is to be told; 0: never.
pub async fn watch(
    scheme: &OpenScheme,
    reward: Uuid,
    station: &str,
    level: i64,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Watched, RewardError> {
    let mut flaws: Vec<Invalid> = require_good(scheme, reward, "reward_id").await?.into_iter().collect();
    flaws.extend(station_flaws(scheme, "station", station).await?);
    if !(0..=super::PIECES_MAX).contains(&level) {
        flaws.push(Invalid::new("level", "invalid_change", "0 to 1000000000 pieces"));
    }
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    let mut tx = scheme.db.begin_write().await?;
    let (book, at) = (scheme.book.number(), station.to_owned());
    if level == 0 {
        tx.query("DELETE FROM stock_alerts WHERE book = $1 AND reward_id = $2 AND station = $3")
            .bind(book)
            .bind(reward)
            .bind(at)
            .execute()
            .await?;
    } else {
        tx.query(
            "INSERT INTO stock_alerts (book, reward_id, station, level, set_by, set_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (book, reward_id, station) DO UPDATE SET level = excluded.level, set_by = excluded.set_by,
                 set_at = excluded.set_at",
        )
        .bind(book)
        .bind(reward)
        .bind(at)
        .bind(level)
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    }
    tx.commit().await?;
    let name = crate::rewards::get(scheme, reward).await?.details.name.clone();
    let mut watched = standings(scheme, vec![(reward, name, station.to_owned(), level)]).await?;
    watched.pop().ok_or(RewardError::RewardNotFound { id: reward })
}

/// Every shelf that somebody looks after, or those of one station.
pub async fn watched(scheme: &OpenScheme, station: Option<&str>) -> Result<Vec<Watched>, RewardError> {
    let rows: Vec<(Uuid, String, String, i64)> = scheme
        .db
        .query(
            "SELECT a.reward_id, r.name, a.station, a.level FROM stock_alerts AS a
             JOIN rewards AS r ON r.book = a.book AND r.id = a.reward_id
             WHERE a.book = $1 AND ($2 IS NULL OR a.station = $2) ORDER BY a.station, a.reward_id",
        )
        .bind(scheme.book.number())
        .bind(station.map(str::to_owned))
        .fetch_all()
        .await?;
    standings(scheme, rows).await
}

async fn standings(scheme: &OpenScheme, rows: Vec<(Uuid, String, String, i64)>) -> Result<Vec<Watched>, RewardError> {
    let paths = rows.iter().flat_map(|(reward, _, station, _)| {
        [accounts::stock_path(*reward, station), accounts::low_path(*reward, station)]
    });
    let view = scheme.book.standings(&paths.collect::<Vec<_>>()).await.map_err(post_error)?;
    let watched = rows.into_iter().zip(view.lots.chunks(2)).map(|((reward_id, name, station, level), lots)| {
        let shelf = lots.first().and_then(|lots| lots.first());
        let told = lots.get(1).and_then(|lots| lots.first()).is_some_and(|standing| standing.balance > 0);
        let (on_hand, available) = shelf.map_or((0, 0), |shelf| (shelf.balance, shelf.available()));
        Watched { reward_id, name, station, level, on_hand, available, told }
    });
    Ok(watched.collect())
}

/// Tells of every shelf that ran low, or is filled again, by an entry: once for each time. Answers how many.
pub async fn tell(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, RewardError> {
    let mut told = 0;
    for shelf in watched(scheme, None).await?.into_iter().filter(|shelf| shelf.is_low() != shelf.told) {
        let (counter, low) = (accounts::alerts(), accounts::low(shelf.reward_id, &shelf.station));
        // The account holds one at most: of two who tell it at once, one does.
        let (kind, leg) = match shelf.is_low() {
            true => (kind::STOCK_LOW, Leg { from: Source::Account(counter), to: low, amount: 1 }),
            false => (kind::STOCK_RESTORED, Leg { from: Source::Account(low), to: counter, amount: 1 }),
        };
        let document = json!({
            "reward_id": shelf.reward_id,
            "station": shelf.station,
            "level": shelf.level,
            "available": shelf.available,
        });
        let draft = Draft {
            id: Uuid::now_v7(),
            kind,
            effective_on: scheme.config().day_of(now),
            party: None,
            document_id: Some(shelf.reward_id),
            action: Action::Post(vec![leg]),
            document: fields(document),
            intent: &[],
            bounds: Vec::new(),
            refusal: None,
            freeze_rejection: false,
        };
        match scheme.book.post(draft).await.map_err(post_error)?.result {
            Ok(_) => told += 1,
            Err(Rejection::AboveCeiling { .. } | Rejection::BelowFloor { .. }) => {}
            Err(rejection) => return Err(RewardError::Book(rejection.to_string())),
        }
    }
    Ok(told)
}
