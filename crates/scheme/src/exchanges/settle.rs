//! What becomes of a reservation: handed over, cancelled, or past its time. Each happens once.

use super::reserve::not_cancelled;
use super::{Exchange, ExchangeError, Status, fields, get, post_error, refused, reward_error};
use crate::accounts;
use crate::config::NoShowPoints;
use crate::keys::Operator;
use crate::micros;
use crate::projection::kind;
use crate::reasons;
use crate::rewards::{self, Session};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, Utc};
use ledger::{Action, Bound, Draft, Key, PostError, Rejection};
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
    if is_over(scheme, &exchange, now).await? {
        miss(scheme, exchange.clone(), now).await?;
        return state_conflict(scheme, id, Status::Collected).await;
    }
    // What does not come back was spent with the reservation: handing it over is but written down.
    let action = match exchange.is_final() {
        true => Action::Post(Vec::new()),
        false => Action::Capture { hold: id, amounts: None, keep_rest: false },
    };
    let draft = step(scheme, &exchange, kind::EXCHANGE_COLLECTED, "collected", action, json!({ "by": by.key_id }), now);
    // Of what was spent already nothing is held that could tell it.
    let bounds = exchange.session_id.filter(|_| exchange.is_final()).map(not_cancelled).into_iter().collect();
    let draft = Draft { bounds, ..draft };
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
    if exchange.is_final() && !was_moved(scheme, &exchange).await? {
        return Err(ExchangeError::NotRefundable);
    }
    let reason = reasons::give(scheme, step_id(id, "released"), reason, by, now).await?;
    let mut document = json!({ "by": by.key_id, "reason": reason });
    given_back(&exchange, &mut document);
    let action = undo(&exchange);
    let draft = step(scheme, &exchange, kind::EXCHANGE_CANCELLED, "released", action, document, now);
    settle(scheme, id, draft, Status::Cancelled, now).await
}

/// Gives back a reservation that nobody came for.
pub(crate) async fn expire(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let exchange = get(scheme, id).await?;
    let (mut document, action) = (json!({}), Action::Release { hold: id, legs: Vec::new() });
    given_back(&exchange, &mut document);
    let draft = step(scheme, &exchange, kind::EXCHANGE_EXPIRED, "released", action, document, now);
    settled_somehow(settle(scheme, id, draft, Status::Expired, now).await)
}

/// What gives back everything that an exchange took.
fn undo(exchange: &Exchange) -> Action {
    match exchange.is_final() {
        false => Action::Release { hold: exchange.id, legs: Vec::new() },
        true => Action::Reverse { entry: exchange.id, amounts: None, overdraw: false, legs: Vec::new() },
    }
}

/// Gives back a place in a session that was cancelled, whether the rules let it come back otherwise or not.
pub(crate) async fn give_back(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let exchange = get(scheme, id).await?;
    if exchange.status != Status::Reserved {
        return Ok(());
    }
    let mut document = json!({ "session_id": exchange.session_id, "because": "session_cancelled" });
    given_back(&exchange, &mut document);
    let draft = step(scheme, &exchange, kind::EXCHANGE_CANCELLED, "released", undo(&exchange), document, now);
    settled_somehow(settle(scheme, id, draft, Status::Cancelled, now).await)
}

/// Tells that the session of a place was moved. `moves` counts the moves; what a later one says is not undone.
pub(crate) async fn tell_moved(
    scheme: &OpenScheme,
    id: Uuid,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<(), ExchangeError> {
    let exchange = get(scheme, id).await?;
    let (document, action) = (
        json!({
            "session_id": session.id,
            "station": session.station,
            "starts_at": micros(session.starts_at),
            "until": exchange.expires_at.map(|_| micros(session.ends_at)),
            "moves": session.moves,
        }),
        Action::Post(Vec::new()),
    );
    let draft =
        step(scheme, &exchange, kind::EXCHANGE_MOVED, &format!("moved {}", session.moves), action, document, now);
    let key = Key::new(accounts::moved_path(session.id));
    let draft = Draft { bounds: vec![Bound { key, floor: None, ceiling: Some(session.moves) }], ..draft };
    match scheme.book.post(draft).await.map_err(post_error)?.result {
        Ok(_) | Err(Rejection::AboveCeiling { .. }) => Ok(()),
        Err(rejection) => Err(refused(rejection)),
    }
}

/// What becomes of a place that nobody came for when its session is over, by the rules of that day.
pub(crate) async fn miss(scheme: &OpenScheme, exchange: Exchange, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let config = scheme.config();
    let day = config.day_of(exchange.expires_at.unwrap_or(now));
    let no_show = config.rules_on(day).and_then(|rules| rules.no_show.clone());
    let Some(no_show) = no_show else {
        // What does not come back waits until it is collected.
        return if exchange.is_final() { Ok(()) } else { expire(scheme, exchange.id, now).await };
    };
    let mut document = json!({ "session_id": exchange.session_id, "kept": no_show.points == NoShowPoints::Kept });
    let action = match no_show.points {
        NoShowPoints::Kept if exchange.is_final() => Action::Post(Vec::new()),
        NoShowPoints::Kept => Action::Capture { hold: exchange.id, amounts: None, keep_rest: false },
        NoShowPoints::Returned => {
            given_back(&exchange, &mut document);
            undo(&exchange)
        }
    };
    let draft = step(scheme, &exchange, kind::EXCHANGE_MISSED, "released", action, document, now);
    settled_somehow(settle(scheme, exchange.id, draft, Status::Missed, now).await)
}

/// Whether the session of a place is over, and nobody of whom it is known to have come still waits there.
async fn is_over(scheme: &OpenScheme, exchange: &Exchange, now: DateTime<Utc>) -> Result<bool, ExchangeError> {
    let over = exchange.status == Status::Reserved && exchange.expires_at.is_some_and(|expires_at| expires_at <= now);
    if !over || exchange.session_id.is_none() {
        return Ok(false);
    }
    Ok(!rewards::is_awaited(scheme, exchange.id, now).await?)
}

/// Whether the session was moved after the place was booked: then whoever cannot come may cancel.
async fn was_moved(scheme: &OpenScheme, exchange: &Exchange) -> Result<bool, ExchangeError> {
    let Some(session) = exchange.session_id else { return Ok(false) };
    let session = rewards::find_session(scheme, session).await.map_err(reward_error)?;
    Ok(session.moved_sequence.is_some_and(|moved| moved > exchange.sequence))
}

/// That somebody else settled it otherwise is as well.
fn settled_somehow(done: Result<(Exchange, bool), ExchangeError>) -> Result<(), ExchangeError> {
    match done {
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
            Err(Rejection::AboveCeiling { .. }) => Err(ExchangeError::SessionCancelled),
            Err(Rejection::HoldClosed { .. } | Rejection::NotAHold { .. } | Rejection::NotReversible { .. }) => {
                state_conflict(scheme, id, wanted).await
            }
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
