//! Pieces on the way from one station to another: on nobody's shelf until they arrive.

use super::{Posted, post, require_good, station_flaws};
use crate::accounts;
use crate::keys::Operator;
use crate::moment;
use crate::projection::kind;
use crate::reasons;
use crate::rewards::{RewardError, fields};
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Leg, Source};
use serde_json::json;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTransfer {
    pub id: Uuid,
    pub reward_id: Uuid,
    pub from: String,
    pub to: String,
    pub quantity: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockTransfer {
    pub id: Uuid,
    pub reward_id: Uuid,
    pub from: String,
    pub to: String,
    pub quantity: i64,
    /// Pieces that arrived; the rest was lost on the way. `None`: still on the way.
    pub arrived: Option<i64>,
    pub sent_at: DateTime<Utc>,
    pub arrived_at: Option<DateTime<Utc>>,
    /// Of the entry that changed it last.
    pub sequence: i64,
}

#[derive(sqlx::FromRow)]
struct TransferRow {
    id: Uuid,
    reward_id: Uuid,
    from_station: String,
    to_station: String,
    quantity: i64,
    arrived: Option<i64>,
    sent_at: i64,
    sent_sequence: i64,
    arrived_at: Option<i64>,
    arrived_sequence: Option<i64>,
}

impl TransferRow {
    fn transfer(self) -> StockTransfer {
        StockTransfer {
            id: self.id,
            reward_id: self.reward_id,
            from: self.from_station,
            to: self.to_station,
            quantity: self.quantity,
            arrived: self.arrived,
            sent_at: moment(self.sent_at),
            arrived_at: self.arrived_at.map(moment),
            sequence: self.arrived_sequence.unwrap_or(self.sent_sequence),
        }
    }
}

/// Takes pieces off the shelf of a station, on their way to another.
pub async fn send(
    scheme: &OpenScheme,
    new: NewTransfer,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(StockTransfer, bool), RewardError> {
    let mut flaws: Vec<Invalid> = require_good(scheme, new.reward_id, "reward_id").await?.into_iter().collect();
    flaws.extend(station_flaws(scheme, "from", &new.from).await?);
    flaws.extend(station_flaws(scheme, "to", &new.to).await?);
    if new.from == new.to {
        flaws.push(Invalid::new("to", "same_station", "it goes to another station"));
    }
    if !(1..=super::PIECES_MAX).contains(&new.quantity) {
        flaws.push(Invalid::new("quantity", "invalid_change", "1 to 1000000000 pieces"));
    }
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    let from = Source::Account(accounts::stock(new.reward_id, &new.from));
    let legs = vec![Leg { from, to: accounts::transit(new.id), amount: new.quantity }];
    let document = json!({
        "reward_id": new.reward_id,
        "from": new.from,
        "to": new.to,
        "quantity": new.quantity,
        "by": by.key_id,
    });
    let draft = Draft {
        id: new.id,
        kind: kind::STOCK_SENT,
        effective_on: scheme.config().day_of(now),
        party: None,
        document_id: Some(new.id),
        action: Action::Post(legs),
        document: fields(document),
        intent: &["reward_id", "from", "to", "quantity"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: true,
    };
    let Posted { replayed, .. } = post(scheme, draft).await?;
    Ok((find(scheme, new.id).await?, replayed))
}

/// Puts what arrived on the shelf. What did not was lost on the way, which takes a reason.
pub async fn receive(
    scheme: &OpenScheme,
    id: Uuid,
    arrived: Option<i64>,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(StockTransfer, bool), RewardError> {
    let transfer = find(scheme, id).await?;
    if !by.serves(&transfer.to) {
        return Err(RewardError::WrongStation { station: transfer.to });
    }
    let arrived = arrived.unwrap_or(transfer.quantity);
    let lost = transfer.quantity - arrived;
    let mut flaws = Vec::new();
    if !(0..=transfer.quantity).contains(&arrived) {
        flaws.push(Invalid::new("arrived", "invalid_change", "no more arrives than was sent"));
    }
    if lost > 0 && !reason.is_some_and(|reason| is_text(reason, 500)) {
        flaws.push(Invalid::new("reason", "missing_reason", "why less arrived than was sent: 1 to 500 characters"));
    }
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    super::add_station(scheme, transfer.reward_id, &transfer.to).await?;
    let entry = Uuid::new_v5(&id, b"arrived");
    let on_the_way = || Source::Account(accounts::transit(id));
    let shelf = Leg { from: on_the_way(), to: accounts::stock(transfer.reward_id, &transfer.to), amount: arrived };
    let loss = Leg { from: on_the_way(), to: accounts::removed(), amount: lost };
    let reason = reasons::give(scheme, entry, reason, by, now).await?;
    let document = json!({
        "reward_id": transfer.reward_id,
        "to": transfer.to,
        "arrived": arrived,
        "lost": lost,
        "reason": reason,
        "by": by.key_id,
    });
    let draft = Draft {
        id: entry,
        kind: kind::STOCK_ARRIVED,
        effective_on: scheme.config().day_of(now),
        party: None,
        document_id: Some(id),
        action: Action::Post([shelf, loss].into_iter().filter(|leg| leg.amount > 0).collect()),
        document: fields(document),
        intent: &["arrived"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    };
    let Posted { replayed, .. } = post(scheme, draft).await?;
    Ok((find(scheme, id).await?, replayed))
}

/// A transfer as it stands now.
pub async fn find(scheme: &OpenScheme, id: Uuid) -> Result<StockTransfer, RewardError> {
    let row: Option<TransferRow> = scheme
        .db
        .query(
            "SELECT id, reward_id, from_station, to_station, quantity, arrived, sent_at, sent_sequence, arrived_at,
                    arrived_sequence
             FROM stock_transfers WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(TransferRow::transfer).ok_or(RewardError::StockTransferNotFound { id })
}

/// What is on the way, the longest first, after entry `after`.
pub async fn on_the_way(scheme: &OpenScheme, after: i64, limit: i64) -> Result<Vec<StockTransfer>, RewardError> {
    let rows: Vec<TransferRow> = scheme
        .db
        .query(
            "SELECT id, reward_id, from_station, to_station, quantity, arrived, sent_at, sent_sequence, arrived_at,
                    arrived_sequence
             FROM stock_transfers WHERE book = $1 AND status = 'sent' AND sent_sequence > $2
             ORDER BY sent_sequence LIMIT $3",
        )
        .bind(scheme.book.number())
        .bind(after)
        .bind(limit)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(TransferRow::transfer).collect())
}
