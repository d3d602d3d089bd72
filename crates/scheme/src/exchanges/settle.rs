//! What becomes of a reservation that is not handed over: cancelled, or past its time. Each happens once.
//!
//! What is given back goes to the lots that it came from. Where a lot's last day is over meanwhile, the scheme says what
//! becomes of it: it ends with its lot, or it lives on for some days, by the same entry.

use super::parts;
use super::read::{Move, read};
use super::{Exchange, ExchangeError, Status, collect, fields, get, post_error, refused, reward_error};
use crate::accounts;
use crate::config::{NoShowPoints, PointsBack, Scheme};
use crate::keys::Operator;
use crate::micros;
use crate::projection::kind;
use crate::reasons;
use crate::rewards::{self, Session};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, Days, NaiveDate, Utc};
use ledger::draft::LEGS_MAX;
use ledger::{Account, Action, Bound, Draft, Key, Leg, Lot, PostError, Rejection, Source, Unit};
use serde_json::{Value, json};
use uuid::Uuid;

/// How often it is worked out anew because something was handed over, or expired, meanwhile.
const TRIES: usize = 20;

/// Gives back what was reserved.
pub async fn cancel(
    scheme: &OpenScheme,
    id: Uuid,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    let (exchange, moves) = at_station(scheme, id, by).await?;
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
    let document = json!({ "by": by.key_id, "reason": reason });
    let released = Released { kind: kind::EXCHANGE_CANCELLED, status: Status::Cancelled, document };
    release(scheme, (exchange, moves), released, now).await
}

/// Gives back a reservation that nobody came for.
pub(crate) async fn expire(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let known = read(scheme, id).await?;
    let released = Released { kind: kind::EXCHANGE_EXPIRED, status: Status::Expired, document: json!({}) };
    settled_somehow(release(scheme, known, released, now).await)
}

/// What gives back everything that an exchange took.
fn undo(exchange: &Exchange, legs: Vec<Leg>) -> Action {
    match exchange.is_final() {
        false => Action::Release { hold: exchange.id, legs },
        true => Action::Reverse { entry: exchange.id, amounts: None, overdraw: false, legs },
    }
}

/// Gives back a place in a session that was cancelled, whether the rules let it come back otherwise or not.
pub(crate) async fn give_back(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let known = read(scheme, id).await?;
    if known.0.status != Status::Reserved {
        return Ok(());
    }
    let document = json!({ "session_id": known.0.session_id, "because": "session_cancelled" });
    let released = Released { kind: kind::EXCHANGE_CANCELLED, status: Status::Cancelled, document };
    settled_somehow(release(scheme, known, released, now).await)
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
    let document = json!({ "session_id": exchange.session_id, "kept": no_show.points == NoShowPoints::Kept });
    let action = match no_show.points {
        NoShowPoints::Kept if exchange.is_final() => Action::Post(Vec::new()),
        NoShowPoints::Kept => Action::Capture { hold: exchange.id, amounts: None, keep_rest: false },
        NoShowPoints::Returned => {
            let known = read(scheme, exchange.id).await?;
            let released = Released { kind: kind::EXCHANGE_MISSED, status: Status::Missed, document };
            return settled_somehow(release(scheme, known, released, now).await);
        }
    };
    let draft = step(scheme, &exchange, kind::EXCHANGE_MISSED, "released", action, document, now);
    settled_somehow(settle(scheme, exchange.id, draft, Status::Missed, now).await)
}

/// Whether the session of a place is over, and nobody of whom it is known to have come still waits there.
pub(super) async fn is_over(
    scheme: &OpenScheme,
    exchange: &Exchange,
    now: DateTime<Utc>,
) -> Result<bool, ExchangeError> {
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

/// As what a reservation ends that gives back what it has, and what its entry says beside that.
struct Released {
    kind: &'static str,
    status: Status,
    document: Value,
}

/// Gives back what is left of a reservation, or all of what was spent with it.
async fn release(
    scheme: &OpenScheme,
    (mut exchange, mut moves): (Exchange, Vec<Move>),
    released: Released,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    let config = scheme.config();
    let today = config.day_of(now);
    for _ in 0..TRIES {
        let lot = lives_on(&config, today);
        // Where nothing was handed over and nothing lives on, there is nothing to work out.
        let back = match moves.is_empty() && lot.is_none() {
            true => Vec::new(),
            false => given_back(scheme, &exchange, &moves).await?,
        };
        let amount = if back.is_empty() && moves.is_empty() { exchange.points } else { total(&back) };
        let mut document = released.document.clone();
        say_given_back(&exchange, amount, &mut document);
        let (legs, bounds) = match lot {
            Some(lot) => move_on(scheme, &back, lot, today).await?,
            None => (Vec::new(), Vec::new()),
        };
        let action = undo(&exchange, legs);
        let draft = Draft { bounds, ..step(scheme, &exchange, released.kind, "released", action, document, now) };
        match settle(scheme, exchange.id, draft, released.status, now).await {
            Err(ExchangeError::Stale) => (exchange, moves) = read(scheme, exchange.id).await?,
            done => return done,
        }
    }
    Err(ExchangeError::Busy)
}

/// An amount of one lot.
pub(super) type InLot = (Key, Unit, i64);

fn total(back: &[InLot]) -> i64 {
    back.iter().map(|(.., amount)| amount).sum()
}

/// What a release gives back, lot by lot.
async fn given_back(scheme: &OpenScheme, exchange: &Exchange, moves: &[Move]) -> Result<Vec<InLot>, ExchangeError> {
    let hold = parts::entry(scheme, exchange.id).await?;
    let left = parts::left_of(&hold, &collect::captures(scheme, moves).await?);
    let pays = parts::pays(exchange);
    let paid = hold.postings.iter().zip(left).filter(|(posting, left)| posting.from.path == pays && *left > 0);
    Ok(paid.map(|(posting, left)| (posting.from.clone(), posting.unit, left)).collect())
}

/// Points, or of which account.
pub(super) fn say_given_back(exchange: &Exchange, amount: i64, document: &mut Value) {
    match &exchange.account {
        None => document["points"] = amount.into(),
        Some(account) => {
            document["account"] = account.clone().into();
            document["amount"] = amount.into();
        }
    }
}

/// The lot in which points live on that come back after the last day of theirs; `None`: they end with it.
pub(super) fn lives_on(config: &Scheme, today: NaiveDate) -> Option<Lot> {
    match config.rules_on(today)?.exchange_policy.as_ref()?.points_back_after_expiry {
        PointsBack::Lost => None,
        PointsBack::ExtendDays(days) => today.checked_add_days(Days::new(days.into())).map(Lot::until),
    }
}

/// Lots that one entry moves on, beside all else that it does.
const LOTS_MAX: usize = LEGS_MAX - 16;

/// Legs that move on what comes back into lots that are over; and bounds by which no more is moved than comes back.
pub(super) async fn move_on(
    scheme: &OpenScheme,
    back: &[InLot],
    lot: Lot,
    today: NaiveDate,
) -> Result<(Vec<Leg>, Vec<Bound>), ExchangeError> {
    let mut over: Vec<_> = back.iter().filter(|(key, ..)| !key.lot.usable_on(today)).collect();
    // An entry has an end: of more lots than anybody has, the largest live on.
    over.sort_by_key(|(.., amount)| -amount);
    over.truncate(LOTS_MAX);
    let Some((first, ..)) = over.first() else { return Ok((Vec::new(), Vec::new())) };
    let view = scheme.book.standings(std::slice::from_ref(&first.path)).await.map_err(post_error)?;
    let (mut legs, mut bounds) = (Vec::new(), Vec::new());
    for (key, unit, amount) in over {
        let account = |lot| Account::holding(Key::in_lot(key.path.clone(), lot), *unit);
        legs.push(Leg { from: Source::Account(account(key.lot)), to: account(lot), amount: *amount });
        let standing = view.lots.iter().flatten().find(|standing| standing.lot == key.lot);
        let free = standing.map_or(0, |standing| standing.balance - standing.held_out);
        bounds.push(Bound { key: key.clone(), floor: Some(free), ceiling: None });
    }
    Ok((legs, bounds))
}

/// The exchange and what moved of it, if the operator serves its station.
pub(super) async fn at_station(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
) -> Result<(Exchange, Vec<Move>), ExchangeError> {
    let (exchange, moves) = read(scheme, id).await?;
    match by.serves(&exchange.station) {
        true => Ok((exchange, moves)),
        false => Err(ExchangeError::WrongStation { station: exchange.station }),
    }
}

pub(super) fn step_id(exchange: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&exchange, name.as_bytes())
}

/// A later entry of an exchange. Its id follows from the exchange and `name`, so that it happens once.
pub(super) fn step(
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

pub(super) async fn settle(
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
            Err(Rejection::AboveCeiling { account, .. }) if account.starts_with("session/") => {
                Err(ExchangeError::SessionCancelled)
            }
            Err(Rejection::HoldClosed { .. } | Rejection::NotAHold { .. } | Rejection::NotReversible { .. }) => {
                state_conflict(scheme, id, wanted).await
            }
            // Something was handed over, or has ended, since it was worked out.
            Err(Rejection::ExceedsRemaining { .. } | Rejection::BelowFloor { .. }) => Err(ExchangeError::Stale),
            Err(rejection) => Err(refused(rejection)),
        },
        // Cancelling and expiry share an id: the other was first.
        Err(PostError::IdTaken { .. }) => state_conflict(scheme, id, wanted).await,
        Err(error) => Err(post_error(error)),
    }
}

/// The exchange is settled already: as wanted, or otherwise.
pub(super) async fn state_conflict(
    scheme: &OpenScheme,
    id: Uuid,
    wanted: Status,
) -> Result<(Exchange, bool), ExchangeError> {
    let exchange = get(scheme, id).await?;
    if exchange.status == wanted {
        return Ok((exchange, true));
    }
    Err(ExchangeError::StateConflict { status: exchange.status })
}
