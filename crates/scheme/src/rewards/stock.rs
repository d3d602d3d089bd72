//! Stock: the shelf of a station is an account.

use super::{Kind, RewardError, fields, get, post_error, refused};
use crate::accounts;
use crate::keys::Operator;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use crate::stations;
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Leg, Source};
use serde_json::json;
use uuid::Uuid;

/// Pieces put on the shelf of a station, or taken off it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockChange {
    pub id: Uuid,
    pub reward_id: Uuid,
    pub station: String,
    /// Not zero.
    pub change: i64,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockChanged {
    /// Pieces on the shelf, reserved ones among them.
    pub on_hand: i64,
    pub sequence: i64,
    pub replayed: bool,
}

const STOCK_MAX: u64 = 1_000_000_000;

pub async fn change_stock(
    scheme: &OpenScheme,
    change: StockChange,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<StockChanged, RewardError> {
    let reward = get(scheme, change.reward_id).await?;
    let mut flaws = Vec::new();
    if !stations::is_known(scheme, &change.station).await? {
        flaws.push(Invalid::new("station", "unknown_station", "the scheme has no such station"));
    }
    if change.change == 0 || change.change.unsigned_abs() > STOCK_MAX {
        flaws.push(Invalid::new("change", "invalid_change", "not 0, and at most 1000000000 pieces"));
    }
    if !is_text(&change.reason, 500) {
        flaws.push(Invalid::new("reason", "missing_reason", "a reason of 1 to 500 characters"));
    }
    if reward.details.kind == Kind::Service {
        flaws.push(Invalid::new("change", "not_a_good", "a service has no stock; it has sessions"));
    }
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    if !reward.stations.contains(&change.station) {
        add_station(scheme, &change).await?;
    }
    let shelf = accounts::stock(change.reward_id, &change.station);
    let (from, to) = match change.change > 0 {
        true => (accounts::supplied(), shelf),
        false => (shelf, accounts::removed()),
    };
    let legs = vec![Leg { from: Source::Account(from), to, amount: change.change.abs() }];
    let document = json!({
        "reward_id": change.reward_id,
        "station": change.station,
        "change": change.change,
        "reason": change.reason,
        "by": by.key_id,
    });
    let draft = Draft {
        id: change.id,
        kind: kind::STOCK_CHANGED,
        effective_on: scheme.config().day_of(now),
        party: None,
        document_id: Some(change.id),
        action: Action::Post(legs),
        document: fields(document),
        intent: &["reward_id", "station", "change", "reason"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: true,
    };
    let outcome = scheme.book.post(draft).await.map_err(post_error)?;
    let entry = outcome.result.map_err(|rejection| match outcome.replayed {
        true => RewardError::Again(Box::new(refused(rejection))),
        false => refused(rejection),
    })?;
    let path = accounts::stock_path(change.reward_id, &change.station);
    let view = scheme.book.standings(&[path]).await.map_err(post_error)?;
    let on_hand = view.lots[0].first().map_or(0, |standing| standing.balance);
    Ok(StockChanged { on_hand, sequence: entry.sequence, replayed: outcome.replayed })
}

async fn add_station(scheme: &OpenScheme, change: &StockChange) -> db::Result<()> {
    let mut tx = scheme.db.begin_write().await?;
    tx.query("INSERT INTO reward_stations (book, reward_id, station) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(scheme.book.number())
        .bind(change.reward_id)
        .bind(change.station.clone())
        .execute()
        .await?;
    tx.commit().await?;
    scheme.rewards.invalidate(&change.reward_id);
    Ok(())
}
