//! Stock: the shelf of a station is an account. What is delivered, lost, counted or sent to another station is an entry.

mod counts;
mod low;
mod movements;
mod transfers;

pub use counts::{Count, Counted, SheetLine, count, sheet};
pub use low::{Watched, tell, watch, watched};
pub(crate) use movements::shelves_in;
pub use movements::{AsOf, Movement, Shelf, movements, shelves};
pub use transfers::{NewTransfer, StockTransfer, find as find_transfer, on_the_way, receive, send};

use super::{Kind, RewardError, fields, get, post_error, refused};
use crate::accounts;
use crate::keys::Operator;
use crate::projection::kind;
use crate::reasons;
use crate::schemes::OpenScheme;
use crate::stations;
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Entry, Leg, Rejection, Source};
use serde_json::json;
use std::sync::Arc;
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

/// Pieces that were delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: Uuid,
    pub reward_id: Uuid,
    pub station: String,
    pub pieces: i64,
    /// The number of the delivery note.
    pub note: Option<String>,
    /// Who gave or sold them.
    pub sponsor_id: Option<Uuid>,
    /// Fen for a piece; 0: a gift.
    pub unit_cost: Option<i64>,
}

/// Pieces that are gone otherwise than by an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub id: Uuid,
    pub reward_id: Uuid,
    pub station: String,
    pub pieces: i64,
    pub cause: LossCause,
    /// In words, which stay beside the book.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossCause {
    Damaged,
    /// Past its date.
    Spoiled,
    Missing,
    /// Back to whoever delivered it.
    SentBack,
    Other,
}

impl LossCause {
    pub fn as_str(self) -> &'static str {
        match self {
            LossCause::Damaged => "damaged",
            LossCause::Spoiled => "spoiled",
            LossCause::Missing => "missing",
            LossCause::SentBack => "sent_back",
            LossCause::Other => "other",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockChanged {
    /// Pieces on the shelf, reserved ones among them.
    pub on_hand: i64,
    pub sequence: i64,
    pub replayed: bool,
}

const PIECES_MAX: i64 = 1_000_000_000;
/// Fen: a million yuan.
const COST_MAX: i64 = 100_000_000;

/// Pieces put on the shelf or taken off it, for any reason.
pub async fn change_stock(
    scheme: &OpenScheme,
    change: StockChange,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<StockChanged, RewardError> {
    let mut flaws = station_flaws(scheme, "station", &change.station).await?;
    if change.change == 0 || change.change.unsigned_abs() > PIECES_MAX.unsigned_abs() {
        flaws.push(Invalid::new("change", "invalid_change", "not 0, and at most 1000000000 pieces"));
    }
    if !is_text(&change.reason, 500) {
        flaws.push(Invalid::new("reason", "missing_reason", "a reason of 1 to 500 characters"));
    }
    flaws.extend(require_good(scheme, change.reward_id, "change").await?);
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
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
    let intent: &[&str] = &["reward_id", "station", "change", "reason"];
    let draft =
        Draft { document: fields(document), intent, ..plain(scheme, change.id, kind::STOCK_CHANGED, legs, now) };
    changed(scheme, change.reward_id, &change.station, draft).await
}

/// Puts what was delivered on the shelf.
pub async fn deliver(
    scheme: &OpenScheme,
    delivery: Delivery,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<StockChanged, RewardError> {
    let mut flaws: Vec<Invalid> = require_good(scheme, delivery.reward_id, "reward_id").await?.into_iter().collect();
    flaws.extend(station_flaws(scheme, "station", &delivery.station).await?);
    flaws.extend(piece_flaws(delivery.pieces));
    if delivery.note.as_deref().is_some_and(|note| !is_note(note)) {
        let detail = "the number of a delivery note has 1 to 40 letters, digits, `-`, `_`, `/` and `.`";
        flaws.push(Invalid::new("note", "invalid_note", detail));
    }
    if delivery.unit_cost.is_some_and(|cost| !(0..=COST_MAX).contains(&cost)) {
        flaws.push(Invalid::new("unit_cost", "amount_too_large", "0 to 1000000 yuan"));
    }
    if let Some(sponsor) = delivery.sponsor_id {
        let known = crate::sponsors::get(scheme, sponsor).await;
        if matches!(known, Err(crate::sponsors::SponsorError::SponsorNotFound { .. })) {
            flaws.push(Invalid::new("sponsor_id", "unknown_sponsor", "there is no such sponsor"));
        }
    }
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    let shelf = accounts::stock(delivery.reward_id, &delivery.station);
    let legs = vec![Leg { from: Source::Account(accounts::supplied()), to: shelf, amount: delivery.pieces }];
    let document = json!({
        "reward_id": delivery.reward_id,
        "station": delivery.station,
        "pieces": delivery.pieces,
        "note": delivery.note,
        "sponsor_id": delivery.sponsor_id,
        "unit_cost": delivery.unit_cost,
        "by": by.key_id,
    });
    let intent: &[&str] = &["reward_id", "station", "pieces", "note", "sponsor_id", "unit_cost"];
    let draft =
        Draft { document: fields(document), intent, ..plain(scheme, delivery.id, kind::STOCK_RECEIVED, legs, now) };
    changed(scheme, delivery.reward_id, &delivery.station, draft).await
}

/// Takes what is gone off the shelf.
pub async fn lose(
    scheme: &OpenScheme,
    loss: Loss,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<StockChanged, RewardError> {
    let mut flaws: Vec<Invalid> = require_good(scheme, loss.reward_id, "reward_id").await?.into_iter().collect();
    flaws.extend(station_flaws(scheme, "station", &loss.station).await?);
    flaws.extend(piece_flaws(loss.pieces));
    let said = loss.reason.as_deref().map(|reason| is_text(reason, 500));
    if said == Some(false) || (said.is_none() && loss.cause == LossCause::Other) {
        flaws.push(Invalid::new("reason", "missing_reason", "a reason of 1 to 500 characters"));
    }
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    let kind = if loss.cause == LossCause::SentBack { kind::STOCK_RETURNED } else { kind::STOCK_LOST };
    let shelf = Source::Account(accounts::stock(loss.reward_id, &loss.station));
    let legs = vec![Leg { from: shelf, to: accounts::removed(), amount: loss.pieces }];
    let reason = reasons::give(scheme, loss.id, loss.reason.as_deref(), by, now).await?;
    let document = json!({
        "reward_id": loss.reward_id,
        "station": loss.station,
        "pieces": loss.pieces,
        "cause": loss.cause.as_str(),
        "reason": reason,
        "by": by.key_id,
    });
    let intent: &[&str] = &["reward_id", "station", "pieces", "cause", "reason"];
    let draft = Draft { document: fields(document), intent, ..plain(scheme, loss.id, kind, legs, now) };
    changed(scheme, loss.reward_id, &loss.station, draft).await
}

fn plain(scheme: &OpenScheme, id: Uuid, kind: &'static str, legs: Vec<Leg>, now: DateTime<Utc>) -> Draft {
    Draft {
        id,
        kind,
        effective_on: scheme.config().day_of(now),
        party: None,
        document_id: Some(id),
        action: Action::Post(legs),
        document: serde_json::Map::new(),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: true,
    }
}

async fn changed(scheme: &OpenScheme, reward: Uuid, station: &str, draft: Draft) -> Result<StockChanged, RewardError> {
    add_station(scheme, reward, station).await?;
    let Posted { entry, replayed } = post(scheme, draft).await?;
    let on_hand = on_hand(scheme, reward, station).await?;
    Ok(StockChanged { on_hand, sequence: entry.sequence, replayed })
}

/// An entry, and whether it was there before.
struct Posted {
    entry: Arc<Entry>,
    replayed: bool,
}

async fn post(scheme: &OpenScheme, draft: Draft) -> Result<Posted, RewardError> {
    let outcome = scheme.book.post(draft).await.map_err(post_error)?;
    let entry = outcome.result.map_err(|rejection| match (outcome.replayed, rejection) {
        (true, rejection) => RewardError::Again(Box::new(refused(rejection))),
        (false, Rejection::AboveCeiling { .. }) => RewardError::Stale,
        (false, rejection) => refused(rejection),
    })?;
    Ok(Posted { entry, replayed: outcome.replayed })
}

/// Pieces on a shelf now, reserved ones among them.
async fn on_hand(scheme: &OpenScheme, reward: Uuid, station: &str) -> Result<i64, RewardError> {
    let view = scheme.book.standings(&[accounts::stock_path(reward, station)]).await.map_err(post_error)?;
    Ok(view.lots[0].first().map_or(0, |standing| standing.balance))
}

async fn require_good(scheme: &OpenScheme, reward: Uuid, field: &'static str) -> Result<Option<Invalid>, RewardError> {
    let service = get(scheme, reward).await?.details.kind == Kind::Service;
    Ok(service.then(|| Invalid::new(field, "not_a_good", "a service has no stock; it has sessions")))
}

async fn station_flaws(scheme: &OpenScheme, field: &'static str, station: &str) -> db::Result<Vec<Invalid>> {
    match stations::is_known(scheme, station).await? {
        true => Ok(Vec::new()),
        false => Ok(vec![Invalid::new(field, "unknown_station", "the scheme has no such station")]),
    }
}

fn piece_flaws(pieces: i64) -> Option<Invalid> {
    let flaw = || Invalid::new("pieces", "invalid_change", "1 to 1000000000 pieces");
    (!(1..=PIECES_MAX).contains(&pieces)).then(flaw)
}

/// It stands in the book, so it names nobody.
fn is_note(note: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_/.".contains(letter);
    (1..=40).contains(&note.len()) && note.chars().all(fits)
}

/// The reward is at home at the station from now on.
async fn add_station(scheme: &OpenScheme, reward: Uuid, station: &str) -> Result<(), RewardError> {
    if get(scheme, reward).await?.stations.iter().any(|known| known == station) {
        return Ok(());
    }
    let mut tx = scheme.db.begin_write().await?;
    tx.query("INSERT INTO reward_stations (book, reward_id, station) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(scheme.book.number())
        .bind(reward)
        .bind(station.to_owned())
        .execute()
        .await?;
    tx.commit().await?;
    scheme.rewards.invalidate(&reward);
    Ok(())
}
