//! Reserving: one hold for everything that an exchange takes.

use super::terms::{self, Asked, Counted, Terms};
use super::{
    Exchange, ExchangeError, Status, Wish, fields, pickup_code, post_error, queue_number, refused, reward_error,
};
use crate::accounts;
use crate::config::{Relation, Scheme};
use crate::keys::Operator;
use crate::projection::kind;
use crate::rewards::{self, Kind, Reward, Session};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid, VolunteerError};
use crate::{micros, moment};
use chrono::{DateTime, Duration, Utc};
use ledger::book::Outcome;
use ledger::{Action, Bound, Draft, Entry, Key, Leg, Source, Unit};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How long after the end of its session a place is held at most. It ends with the session, by a job; since a session may be
/// moved and a hold may not, the hold lasts much longer.
const BOOKED_FOR: Duration = Duration::days(3650);

/// How often the terms are settled anew because what they rest on has changed meanwhile.
const TRIES: usize = 20;

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
            Some(session)
                .filter(|session| session.reward_id == reward.id)
                .ok_or(ExchangeError::SessionNotFound { id })?
                .into()
        }
    };
    let config = scheme.config();
    let station = station(&config, &wish, session.as_deref(), by)?;
    check(&wish, &reward)?;
    let (wish, reward, session, today) = (&wish, &*reward, session.as_deref(), config.day_of(now));
    let asked = Asked { scheme, config: &config, wish, reward, session, today, now };
    let outcome = post(&asked, &station, by).await?;
    let entry = outcome.result.map_err(|rejection| match outcome.replayed {
        true => ExchangeError::Again(Box::new(refused(rejection))),
        false => refused(rejection),
    })?;
    let exchange = reserved(scheme, &entry).await?;
    Ok((exchange, outcome.replayed))
}

/// Posts the wish on the terms as they are, which are settled anew when what they rest on has changed by then.
async fn post(asked: &Asked<'_>, station: &str, by: &Operator) -> Result<Outcome, ExchangeError> {
    for _ in 0..TRIES {
        let terms = terms::settle(asked).await?;
        let draft = reservation(asked, &terms, station, by);
        if terms.pins.is_empty() {
            return asked.scheme.book.post(draft).await.map_err(post_error);
        }
        // A refusal is kept as the answer for the id: not one that is only about what has changed.
        let draft = Draft { freeze_rejection: false, ..draft };
        let outcome = asked.scheme.book.post(draft.clone()).await.map_err(post_error)?;
        match outcome.result {
            Err(rejection) if !outcome.replayed => {
                if !terms.are_stale(&rejection) {
                    return refuse_for_good(asked, draft, refused(rejection)).await;
                }
            }
            _ => return Ok(outcome),
        }
    }
    Err(ExchangeError::Busy)
}

/// Keeps a refusal as the answer for the id.
async fn refuse_for_good(asked: &Asked<'_>, draft: Draft, error: ExchangeError) -> Result<Outcome, ExchangeError> {
    let Some(refusal) = error.refusal() else { return Err(error) };
    let (action, refusal) = (Action::Post(Vec::new()), Some(refusal));
    let draft = Draft { action, refusal, bounds: Vec::new(), freeze_rejection: true, ..draft };
    asked.scheme.book.post(draft).await.map_err(post_error)
}

pub(super) async fn require_volunteer(scheme: &OpenScheme, id: Uuid) -> Result<(), ExchangeError> {
    match volunteers::require(scheme, id).await {
        Ok(()) => Ok(()),
        Err(VolunteerError::Database(error)) => Err(error.into()),
        Err(_) => Err(ExchangeError::VolunteerNotFound { id }),
    }
}

/// Where it is handed over.
fn station(config: &Scheme, wish: &Wish, session: Option<&Session>, by: &Operator) -> Result<String, ExchangeError> {
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

fn check(wish: &Wish, reward: &Reward) -> Result<(), ExchangeError> {
    let mut flaws = Vec::new();
    if !(1..=1000).contains(&wish.quantity) {
        flaws.push(Invalid::new("quantity", "invalid_quantity", "1 to 1000 pieces"));
    }
    if wish.session_id.is_some() && reward.details.kind == Kind::Good {
        flaws.push(Invalid::new("session_id", "not_a_service", "a good has no sessions"));
    }
    if flaws.is_empty() { Ok(()) } else { Err(ExchangeError::Invalid(flaws)) }
}

pub(super) fn reservation(asked: &Asked<'_>, terms: &Terms, station: &str, by: &Operator) -> Draft {
    let (wish, reward, now) = (asked.wish, asked.reward, asked.now);
    let legs = legs(asked, terms, station);
    let kept_for = match asked.session {
        Some(_) => BOOKED_FOR,
        None => Duration::minutes(reward.details.hold_minutes),
    };
    let expires_at = asked.session.map_or(now, |session| session.ends_at) + kept_for;
    // Without points, stock, seats or a limit there is nothing to hold: the reservation is handed over at once.
    let kind = match wish.collect_now || legs.is_empty() {
        true => kind::EXCHANGE_COLLECTED,
        false => kind::EXCHANGE_RESERVED,
    };
    let action = match (kind, terms.refused_at_once) {
        (_, true) => Action::Post(Vec::new()),
        // What does not come back is spent with the reservation.
        (kind::EXCHANGE_RESERVED, _) if terms.refundable => Action::Hold { legs, expires_at: micros(expires_at) },
        _ => Action::Post(legs),
    };
    let mut bounds = terms.pins.clone();
    let limited = |counted: &Counted| {
        let (key, floor) = (Key::new(counted.path.clone()), Some(-counted.most));
        Bound { key, floor, ceiling: None }
    };
    // Nobody gets a place in a session that was cancelled meanwhile.
    bounds.extend(wish.session_id.filter(|_| !terms.refused_at_once).map(not_cancelled));
    bounds.extend(terms.counted.iter().filter(|_| !terms.refused_at_once).map(limited));
    Draft {
        id: wish.id,
        kind,
        effective_on: asked.today,
        party: Some(wish.volunteer_id),
        document_id: Some(wish.id),
        action,
        document: document(asked, terms, station, by),
        intent: &["volunteer_id", "reward_id", "quantity", "station", "session_id", "collect_now", "relation", "bill"],
        bounds,
        refusal: terms.refusals.first().cloned(),
        freeze_rejection: true,
    }
}

/// The bound that a session is not cancelled.
pub(super) fn not_cancelled(session: Uuid) -> Bound {
    Bound { key: Key::new(accounts::cancelled_path(session)), floor: None, ceiling: Some(0) }
}

/// For whom it is, it says by their relation alone.
fn document(asked: &Asked<'_>, terms: &Terms, station: &str, by: &Operator) -> Map<String, Value> {
    let wish = asked.wish;
    let mut document = fields(json!({
        "volunteer_id": wish.volunteer_id,
        "reward_id": wish.reward_id,
        "quantity": wish.quantity,
        "station": station,
        "session_id": wish.session_id,
        "collect_now": wish.collect_now,
        "points": terms.points,
        "price_cash": terms.cash,
        "by": by.key_id,
    }));
    let relation = wish.beneficiary.map(|whom| whom.relation).filter(|relation| *relation != Relation::Oneself);
    let special = [
        ("relation", relation.map(|relation| relation.as_str().into())),
        ("bill", wish.bill.map(Value::from)),
        ("account", terms.account.as_ref().map(|account| account.code.clone().into())),
        ("until", asked.session.map(|session| micros(session.ends_at).into())),
        ("rules_version", terms.version.clone().map(Value::from)),
    ];
    document.extend(special.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    document
}

/// Points first, then the piece or the seat, then the limits: the first that fails is the answer.
fn legs(asked: &Asked<'_>, terms: &Terms, station: &str) -> Vec<Leg> {
    let (wish, reward) = (asked.wish, asked.reward);
    let mut legs = Vec::with_capacity(3);
    if terms.points > 0 {
        let (path, unit, to) = match &terms.account {
            None => (accounts::points_path(wish.volunteer_id), Unit::Points, accounts::spent()),
            Some(account) => {
                let path = accounts::account_path(wish.volunteer_id, &account.code);
                (path, accounts::unit(account.counts), accounts::spent_of(account))
            }
        };
        legs.push(Leg { from: Source::Pool { path, unit, usable_on: asked.today }, to, amount: terms.points });
    }
    if reward.details.kind == Kind::Good {
        let from = Source::Account(accounts::stock(reward.id, station));
        legs.push(Leg { from, to: accounts::handed_out(), amount: wish.quantity });
    }
    if let Some(session) = wish.session_id {
        let from = Source::Account(accounts::seats(session));
        legs.push(Leg { from, to: accounts::booked(), amount: wish.quantity });
    }
    for counted in &terms.counted {
        let from = Source::Account(accounts::used(counted.path.clone(), Unit::Uses));
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
    let at_once = entry.kind == kind::EXCHANGE_COLLECTED;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    Ok(Exchange {
        id: entry.id,
        volunteer_id: id("volunteer_id").unwrap_or_default(),
        reward_id: id("reward_id").unwrap_or_default(),
        station: text("station").unwrap_or_default().to_owned(),
        session_id,
        quantity: integer("quantity").unwrap_or(0),
        account: text("account").map(str::to_owned),
        points: integer("points").unwrap_or(0),
        price_cash: integer("price_cash"),
        relation: text("relation").and_then(Relation::parse),
        status: if at_once { Status::Collected } else { Status::Reserved },
        pickup_code: pickup_code(scheme, entry.id),
        queue_number,
        balance_before: entry.available_before,
        reserved_at: moment(entry.recorded_at),
        expires_at: entry.expires_at.map(|expires_at| moment(integer("until").unwrap_or(expires_at))),
        settled_at: at_once.then(|| moment(entry.recorded_at)),
        sequence: entry.sequence,
    })
}
