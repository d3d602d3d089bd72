//! What becomes of a reservation: handed over, cancelled, or past its time. Each happens once.

use super::{Exchange, ExchangeError, Status, fields, get, post_error, refused};
use crate::keys::Operator;
use crate::projection::kind;
use crate::reasons;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, PostError, Rejection};
use serde_json::{Value, json};
use uuid::Uuid;

/// Hands over what was reserved. `code` must be the pick-up code, when it is given.
pub async fn collect(
    scheme: &OpenScheme,
    id: Uuid,
    code: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    let exchange = at_station(scheme, id, by).await?;
    if code.is_some_and(|code| code != exchange.pickup_code) {
        let detail = "this is not the pick-up code of the exchange";
        return Err(ExchangeError::Invalid(vec![Invalid::new("pickup_code", "wrong_pickup_code", detail)]));
    }
    if exchange.status == Status::Collected {
        return Ok((exchange, true));
    }
    // What does not come back was spent with the reservation: handing it over is but written down.
    let action = match exchange.is_final() {
        true => Action::Post(Vec::new()),
        false => Action::Capture { hold: id, amounts: None, keep_rest: false },
    };
    let draft = step(scheme, &exchange, kind::EXCHANGE_COLLECTED, "collected", action, json!({ "by": by.key_id }), now);
    settle(scheme, id, draft, Status::Collected, now).await
}

/// Gives back what was reserved.
pub async fn cancel(
    scheme: &OpenScheme,
    id: Uuid,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    let exchange = at_station(scheme, id, by).await?;
    if reason.is_some_and(|reason| !volunteers::is_text(reason, 500)) {
        let detail = "a reason has 1 to 500 characters";
        return Err(ExchangeError::Invalid(vec![Invalid::new("reason", "invalid_text", detail)]));
    }
    if exchange.status == Status::Cancelled {
        return Ok((exchange, true));
    }
    if exchange.is_final() {
        return Err(ExchangeError::NotRefundable);
    }
    let reason = reasons::give(scheme, step_id(id, "released"), reason, by, now).await?;
    let mut document = json!({ "by": by.key_id, "reason": reason });
    given_back(&exchange, &mut document);
    let action = Action::Release { hold: id, legs: Vec::new() };
    let draft = step(scheme, &exchange, kind::EXCHANGE_CANCELLED, "released", action, document, now);
    settle(scheme, id, draft, Status::Cancelled, now).await
}

/// Gives back a reservation that nobody came for.
pub(crate) async fn expire(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let exchange = get(scheme, id).await?;
    let (mut document, action) = (json!({}), Action::Release { hold: id, legs: Vec::new() });
    given_back(&exchange, &mut document);
    let draft = step(scheme, &exchange, kind::EXCHANGE_EXPIRED, "released", action, document, now);
    match settle(scheme, id, draft, Status::Expired, now).await {
        Ok(_) | Err(ExchangeError::StateConflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What comes back: points, or of which account.
fn given_back(exchange: &Exchange, document: &mut Value) {
    match &exchange.account {
        None => document["points"] = exchange.points.into(),
        Some(account) => {
            document["account"] = account.clone().into();
            document["amount"] = exchange.points.into();
        }
    }
}

async fn at_station(scheme: &OpenScheme, id: Uuid, by: &Operator) -> Result<Exchange, ExchangeError> {
    let exchange = get(scheme, id).await?;
    match by.serves(&exchange.station) {
        true => Ok(exchange),
        false => Err(ExchangeError::WrongStation { station: exchange.station }),
    }
}

fn step_id(exchange: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&exchange, name.as_bytes())
}

/// A later entry of an exchange. Its id follows from the exchange and `name`, so that it happens once.
fn step(
    scheme: &OpenScheme,
    exchange: &Exchange,
    kind: &'static str,
    name: &str,
    action: Action,
    document: Value,
    now: DateTime<Utc>,
) -> Draft {
    Draft {
        id: step_id(exchange.id, name),
        kind,
        effective_on: scheme.config().day_of(now),
        party: Some(exchange.volunteer_id),
        document_id: Some(exchange.id),
        action,
        document: fields(document),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    }
}

async fn settle(
    scheme: &OpenScheme,
    id: Uuid,
    draft: Draft,
    wanted: Status,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    match scheme.book.post(draft).await {
        Ok(outcome) => match outcome.result {
            Ok(_) => Ok((get(scheme, id).await?, outcome.replayed)),
            Err(Rejection::HoldExpired { .. }) => {
                Box::pin(expire(scheme, id, now)).await?;
                state_conflict(scheme, id, wanted).await
            }
            Err(Rejection::HoldClosed { .. } | Rejection::NotAHold { .. }) => state_conflict(scheme, id, wanted).await,
            Err(rejection) => Err(refused(rejection)),
        },
        // Cancelling and expiry share an id: the other was first.
        Err(PostError::IdTaken { .. }) => state_conflict(scheme, id, wanted).await,
        Err(error) => Err(post_error(error)),
    }
}

/// The exchange is settled already: as wanted, or otherwise.
async fn state_conflict(scheme: &OpenScheme, id: Uuid, wanted: Status) -> Result<(Exchange, bool), ExchangeError> {
    let exchange = get(scheme, id).await?;
    if exchange.status == wanted {
        return Ok((exchange, true));
    }
    Err(ExchangeError::StateConflict { status: exchange.status })
}
