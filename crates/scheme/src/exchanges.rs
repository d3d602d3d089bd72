//! Exchanges: points into goods and services.
//!
//! A reservation holds points, a piece or a seat, and a use of the personal limit, all in one entry: they move together or
//! not at all. Handing over captures the hold, cancelling and expiry release it. The exchange, its entry and its slip share one id.

use crate::accounts;
use crate::config::Scheme;
use crate::keys::Operator;
use crate::projection::kind;
use crate::rewards::{self, Kind, Limit, Reward, RewardError, Session};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid, VolunteerError};
use crate::{micros, moment};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use ledger::{Action, Bound, Draft, Entry, Key, Leg, PostError, Refusal, Rejection, Source, Unit};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub reward_id: Uuid,
    pub station: String,
    pub session_id: Option<Uuid>,
    pub quantity: i64,
    /// Minor units, for all pieces.
    pub points: i64,
    /// Fen, for all pieces.
    pub price_cash: Option<i64>,
    pub status: Status,
    pub pickup_code: String,
    /// The place in the queue of the session.
    pub queue_number: Option<i64>,
    /// What could be spent just before; `None` when it cost no points.
    pub balance_before: Option<i64>,
    pub reserved_at: DateTime<Utc>,
    /// `None`: handed over at once.
    pub expires_at: Option<DateTime<Utc>>,
    pub settled_at: Option<DateTime<Utc>>,
    /// Of the entry that changed it last.
    pub sequence: i64,
}

impl Exchange {
    pub fn balance_after(&self) -> Option<i64> {
        self.balance_before.map(|before| before - self.points)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Reserved,
    Collected,
    Cancelled,
    Expired,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Reserved, Status::Collected, Status::Cancelled, Status::Expired];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Reserved => "reserved",
            Status::Collected => "collected",
            Status::Cancelled => "cancelled",
            Status::Expired => "expired",
        }
    }
}

/// What a volunteer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub reward_id: Uuid,
    /// Pieces, at least 1.
    pub quantity: i64,
    /// `None`: the session's, the operator's, or `main`.
    pub station: Option<String>,
    pub session_id: Option<Uuid>,
    /// Handed over on the spot.
    pub collect_now: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    #[error("there is no reward {id}")]
    RewardNotFound { id: Uuid },
    #[error("there is no session {id} of this reward")]
    SessionNotFound { id: Uuid },
    #[error("there is no exchange {id}")]
    ExchangeNotFound { id: Uuid },
    #[error("the key is for another station than {station:?}")]
    WrongStation { station: String },
    #[error("the id stands for another exchange: {field} differs")]
    IdTaken { field: String },
    #[error("the exchange is {}", status.as_str())]
    StateConflict { status: Status },
    #[error("the balance is {available}, and {needed} are needed")]
    InsufficientPoints { needed: i64, available: i64 },
    #[error("{available} pieces are left, and {needed} are wanted")]
    OutOfStock { needed: i64, available: i64 },
    #[error("{available} seats are left, and {needed} are wanted")]
    SessionFull { needed: i64, available: i64 },
    #[error("{available} more are allowed in this period, and {needed} are wanted")]
    LimitReached { needed: i64, available: i64 },
    /// `needed` and `available` are stars.
    #[error("star {needed} is needed, and the hours are worth star {available}")]
    NotEligible { needed: i64, available: i64 },
    #[error("the reward is not offered at this time")]
    OutsideWindow { from: Option<String>, until: Option<String> },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

/// Reserves a reward for a volunteer, or hands it over at once. The same again is answered with the same, and `true`.
pub async fn exchange(
    scheme: &OpenScheme,
    wish: Wish,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    let reward = rewards::get(scheme, wish.reward_id).await.map_err(reward_error)?;
    require_volunteer(scheme, wish.volunteer_id).await?;
    let session = match wish.session_id {
        None => None,
        Some(id) => {
            let session = rewards::find_session(scheme, id).await.map_err(reward_error)?;
            Some(session).filter(|session| session.reward_id == reward.id).ok_or(ExchangeError::SessionNotFound { id })?.into()
        }
    };
    let config = scheme.config();
    let station = station(&config, &wish, session.as_deref(), by)?;
    let points = check(&wish, &reward)?;
    let refusal = refusal(scheme, &config, &wish, &reward, session.as_deref(), now).await?;
    let draft = reservation(&config, &wish, &reward, session.as_deref(), &station, points, refusal, by, now);
    let outcome = scheme.book.post(draft).await.map_err(post_error)?;
    let entry = outcome.result.map_err(refused)?;
    let exchange = reserved(scheme, &entry).await?;
    Ok((exchange, outcome.replayed))
}

async fn require_volunteer(scheme: &OpenScheme, id: Uuid) -> Result<(), ExchangeError> {
    match volunteers::get(scheme, id).await {
        Ok(_) => Ok(()),
        Err(VolunteerError::Database(error)) => Err(error.into()),
        Err(_) => Err(ExchangeError::VolunteerNotFound { id }),
    }
}

/// Where it is handed over.
fn station(
    config: &Scheme,
    wish: &Wish,
    session: Option<&Session>,
    by: &Operator,
) -> Result<String, ExchangeError> {
    let given = wish.station.clone().or_else(|| session.map(|session| session.station.clone()));
    let station = given.or_else(|| by.station.clone()).unwrap_or_else(|| "main".to_owned());
    let invalid = |code, detail: &str| Err(ExchangeError::Invalid(vec![Invalid::new("station", code, detail)]));
    if !by.serves(&station) {
        return Err(ExchangeError::WrongStation { station });
    }
    if config.station(&station).is_none() {
        return invalid("unknown_station", "the scheme has no such station");
    }
    if session.is_some_and(|session| session.station != station) {
        return invalid("another_station", "the session is at another station");
    }
    Ok(station)
}

/// What all pieces cost.
fn check(wish: &Wish, reward: &Reward) -> Result<i64, ExchangeError> {
    let mut flaws = Vec::new();
    if !(1..=1000).contains(&wish.quantity) {
        flaws.push(Invalid::new("quantity", "invalid_quantity", "1 to 1000 pieces"));
    }
    if wish.session_id.is_some() && reward.details.kind == Kind::Good {
        flaws.push(Invalid::new("session_id", "not_a_service", "a good has no sessions"));
    }
    let points = reward.details.price_points.checked_mul(wish.quantity);
    match points {
        Some(points) if flaws.is_empty() => Ok(points),
        None if flaws.is_empty() => {
            Err(ExchangeError::Invalid(vec![Invalid::new("quantity", "amount_too_large", "the price is beyond all numbers")]))
        }
        _ => Err(ExchangeError::Invalid(flaws)),
    }
}

/// What stands against it outside the book. It is the answer only when the book has no reason of its own.
async fn refusal(
    scheme: &OpenScheme,
    config: &Scheme,
    wish: &Wish,
    reward: &Reward,
    session: Option<&Session>,
    now: DateTime<Utc>,
) -> Result<Option<Refusal>, ExchangeError> {
    if let Some(needed) = reward.details.min_star {
        let view = scheme.book.standings(&[accounts::minutes_path(wish.volunteer_id)]).await.map_err(post_error)?;
        let minutes = view.lots[0].first().map_or(0, |standing| standing.balance);
        let available = star(minutes);
        if available < needed {
            return Ok(Some(refuse("not_eligible", json!({ "needed": needed, "available": available }))));
        }
    }
    let (today, details) = (config.day_of(now), &reward.details);
    let early = details.from.is_some_and(|from| today < from);
    let late = details.until.is_some_and(|until| today > until);
    if early || late {
        return Ok(Some(refuse("outside_window", json!({ "from": details.from, "until": details.until }))));
    }
    if let Some(session) = session.filter(|session| session.ends_at <= now) {
        let until = session.ends_at.to_rfc3339();
        return Ok(Some(refuse("outside_window", json!({ "from": null, "until": until }))));
    }
    Ok(None)
}

fn refuse(code: &str, detail: Value) -> Refusal {
    Refusal { code: code.to_owned(), detail: fields(detail) }
}

/// The star that so many minutes are worth: 100, 300, 600, 1000, 1500 hours.
pub fn star(minutes: i64) -> i64 {
    [100, 300, 600, 1000, 1500].iter().filter(|hours| minutes >= **hours * 60).count() as i64
}

#[expect(clippy::too_many_arguments, reason = "all of it is what the one draft is made of")]
fn reservation(
    config: &Scheme,
    wish: &Wish,
    reward: &Reward,
    session: Option<&Session>,
    station: &str,
    points: i64,
    refusal: Option<Refusal>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Draft {
    let today = config.day_of(now);
    let limit = reward.details.limit.map(|limit| limit_path(wish, limit, today));
    let legs = legs(wish, reward, station, points, limit.clone(), today);
    let until = session.map(|session| session.ends_at);
    let expires_at = until.unwrap_or_else(|| now + Duration::minutes(reward.details.hold_minutes));
    // Without points, stock, seats or a limit there is nothing to hold: the reservation is handed over at once.
    let at_once = wish.collect_now || legs.is_empty();
    let (kind, action) = match at_once {
        true => (kind::EXCHANGE_COLLECTED, Action::Post(legs)),
        false => (kind::EXCHANGE_RESERVED, Action::Hold { legs, expires_at: micros(expires_at) }),
    };
    let bound = |(key, limit): (Arc<str>, Limit)| Bound { key: Key::new(key), floor: Some(-limit.uses), ceiling: None };
    let document = json!({
        "volunteer_id": wish.volunteer_id,
        "reward_id": wish.reward_id,
        "quantity": wish.quantity,
        "station": station,
        "session_id": wish.session_id,
        "collect_now": wish.collect_now,
        "points": points,
        "price_cash": reward.details.price_cash.map(|cash| cash.saturating_mul(wish.quantity)),
        "by": by.key_id,
    });
    Draft {
        id: wish.id,
        kind,
        effective_on: today,
        party: Some(wish.volunteer_id),
        document_id: Some(wish.id),
        action,
        document: fields(document),
        intent: &["volunteer_id", "reward_id", "quantity", "station", "session_id", "collect_now"],
        bounds: limit.zip(reward.details.limit).map(bound).into_iter().collect(),
        refusal,
        freeze_rejection: true,
    }
}

fn limit_path(wish: &Wish, limit: Limit, today: NaiveDate) -> Arc<str> {
    accounts::limit_path(wish.reward_id, wish.volunteer_id, &limit.per.of(today))
}

/// Points first, then the piece or the seat, then the limit: the first that fails is the answer.
fn legs(
    wish: &Wish,
    reward: &Reward,
    station: &str,
    points: i64,
    limit: Option<Arc<str>>,
    today: NaiveDate,
) -> Vec<Leg> {
    let mut legs = Vec::with_capacity(3);
    if points > 0 {
        let path = accounts::points_path(wish.volunteer_id);
        let from = Source::Pool { path, unit: Unit::Points, usable_on: today };
        legs.push(Leg { from, to: accounts::spent(), amount: points });
    }
    if reward.details.kind == Kind::Good {
        let from = Source::Account(accounts::stock(reward.id, station));
        legs.push(Leg { from, to: accounts::handed_out(), amount: wish.quantity });
    }
    if let Some(session) = wish.session_id {
        let from = Source::Account(accounts::seats(session));
        legs.push(Leg { from, to: accounts::booked(), amount: wish.quantity });
    }
    if let Some(path) = limit {
        let from = Source::Account(accounts::used(path, Unit::Uses));
        legs.push(Leg { from, to: accounts::uses(), amount: wish.quantity });
    }
    legs
}

/// The exchange as its first entry made it.
async fn reserved(scheme: &OpenScheme, entry: &Entry) -> Result<Exchange, ExchangeError> {
    let fields = entry.fields();
    let id = |name: &str| fields.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok());
    let integer = |name: &str| fields.get(name).and_then(Value::as_i64);
    let session_id: Option<Uuid> = id("session_id");
    let queue_number = match session_id {
        Some(session) => Some(queue_number(scheme, session, entry.sequence).await?),
        None => None,
    };
    let at_once = entry.expires_at.is_none();
    Ok(Exchange {
        id: entry.id,
        volunteer_id: id("volunteer_id").unwrap_or_default(),
        reward_id: id("reward_id").unwrap_or_default(),
        station: fields.get("station").and_then(Value::as_str).unwrap_or_default().to_owned(),
        session_id,
        quantity: integer("quantity").unwrap_or(0),
        points: integer("points").unwrap_or(0),
        price_cash: integer("price_cash"),
        status: if at_once { Status::Collected } else { Status::Reserved },
        pickup_code: pickup_code(scheme, entry.id),
        queue_number,
        balance_before: entry.available_before,
        reserved_at: moment(entry.recorded_at),
        expires_at: entry.expires_at.map(moment),
        settled_at: at_once.then(|| moment(entry.recorded_at)),
        sequence: entry.sequence,
    })
}

/// How many reserved a seat up to and with this one. Those who cancel keep their number, so nobody's ever changes.
async fn queue_number(scheme: &OpenScheme, session: Uuid, sequence: i64) -> db::Result<i64> {
    let (number,): (i64,) = scheme
        .db
        .query("SELECT COUNT(*) FROM exchanges WHERE book = $1 AND session_id = $2 AND reserved_sequence <= $3")
        .bind(scheme.book.number())
        .bind(session)
        .bind(sequence)
        .fetch_one()
        .await?;
    Ok(number)
}

/// Six digits that follow from the exchange for whoever knows the installation's secret.
fn pickup_code(scheme: &OpenScheme, id: Uuid) -> String {
    let digest = scheme.secrets.mac("pickup_code", &[scheme.book.code().as_bytes(), id.as_bytes()].concat());
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    format!("{:06}", number % 1_000_000)
}

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
    let action = Action::Capture { hold: id, amounts: None, keep_rest: false };
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
    let document = json!({ "by": by.key_id, "points": exchange.points });
    let action = Action::Release { hold: id };
    let draft = step(scheme, &exchange, kind::EXCHANGE_CANCELLED, "released", action, document, now);
    settle(scheme, id, draft, Status::Cancelled, now).await
}

/// Gives back a reservation that nobody came for.
pub(crate) async fn expire(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let exchange = get(scheme, id).await?;
    let (document, action) = (json!({ "points": exchange.points }), Action::Release { hold: id });
    let draft = step(scheme, &exchange, kind::EXCHANGE_EXPIRED, "released", action, document, now);
    match settle(scheme, id, draft, Status::Expired, now).await {
        Ok(_) | Err(ExchangeError::StateConflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn at_station(scheme: &OpenScheme, id: Uuid, by: &Operator) -> Result<Exchange, ExchangeError> {
    let exchange = get(scheme, id).await?;
    match by.serves(&exchange.station) {
        true => Ok(exchange),
        false => Err(ExchangeError::WrongStation { station: exchange.station }),
    }
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
        id: Uuid::new_v5(&exchange.id, name.as_bytes()),
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
async fn state_conflict(
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

#[derive(sqlx::FromRow)]
struct ExchangeRow {
    id: Uuid,
    volunteer_id: Uuid,
    reward_id: Uuid,
    station: String,
    session_id: Option<Uuid>,
    quantity: i64,
    points: i64,
    price_cash: Option<i64>,
    status: String,
    balance_before: Option<i64>,
    reserved_at: i64,
    reserved_sequence: i64,
    expires_at: Option<i64>,
    settled_at: Option<i64>,
    settled_sequence: Option<i64>,
}

/// The exchange as it stands now.
pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Exchange, ExchangeError> {
    let row: Option<ExchangeRow> = scheme
        .db
        .query(
            "SELECT id, volunteer_id, reward_id, station, session_id, quantity, points, price_cash, status,
                    balance_before, reserved_at, reserved_sequence, expires_at, settled_at, settled_sequence
             FROM exchanges WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let row = row.ok_or(ExchangeError::ExchangeNotFound { id })?;
    let queue_number = match row.session_id {
        Some(session) => Some(queue_number(scheme, session, row.reserved_sequence).await?),
        None => None,
    };
    let status = Status::ALL.into_iter().find(|status| status.as_str() == row.status);
    Ok(Exchange {
        id,
        volunteer_id: row.volunteer_id,
        reward_id: row.reward_id,
        station: row.station,
        session_id: row.session_id,
        quantity: row.quantity,
        points: row.points,
        price_cash: row.price_cash,
        status: status.ok_or_else(|| db::Error::Damaged("exchanges.status".to_owned()))?,
        pickup_code: pickup_code(scheme, row.id),
        queue_number,
        balance_before: row.balance_before,
        reserved_at: moment(row.reserved_at),
        expires_at: row.expires_at.map(moment),
        settled_at: row.settled_at.map(moment),
        sequence: row.settled_sequence.unwrap_or(row.reserved_sequence),
    })
}

fn fields(document: Value) -> Map<String, Value> {
    document.as_object().cloned().unwrap_or_default()
}

fn reward_error(error: RewardError) -> ExchangeError {
    match error {
        RewardError::RewardNotFound { id } => ExchangeError::RewardNotFound { id },
        RewardError::SessionNotFound { id } => ExchangeError::SessionNotFound { id },
        RewardError::Database(error) => ExchangeError::Database(error),
        RewardError::Busy => ExchangeError::Busy,
        other => ExchangeError::Book(other.to_string()),
    }
}

fn post_error(error: PostError) -> ExchangeError {
    match error {
        PostError::IdTaken { field } => ExchangeError::IdTaken { field },
        PostError::Busy => ExchangeError::Busy,
        other => ExchangeError::Book(other.to_string()),
    }
}

/// Which account refused says what is missing.
fn refused(rejection: Rejection) -> ExchangeError {
    match rejection {
        Rejection::BelowFloor { account, needed, available } => match account.split('/').next() {
            Some("volunteer") => ExchangeError::InsufficientPoints { needed, available },
            Some("reward") => ExchangeError::OutOfStock { needed, available },
            Some("session") => ExchangeError::SessionFull { needed, available },
            Some("limit") => ExchangeError::LimitReached { needed, available },
            _ => ExchangeError::Book(format!("{account} has {available} left, and {needed} are needed")),
        },
        Rejection::Refused(refusal) => refused_outside(&refusal),
        other => ExchangeError::Book(other.to_string()),
    }
}

fn refused_outside(refusal: &Refusal) -> ExchangeError {
    let number = |name: &str| refusal.detail.get(name).and_then(Value::as_i64).unwrap_or(0);
    let text = |name: &str| refusal.detail.get(name).and_then(Value::as_str).map(str::to_owned);
    match refusal.code.as_str() {
        "not_eligible" => ExchangeError::NotEligible { needed: number("needed"), available: number("available") },
        _ => ExchangeError::OutsideWindow { from: text("from"), until: text("until") },
    }
}
