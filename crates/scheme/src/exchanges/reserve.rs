//! Reserving: one hold for everything that an exchange takes.

use super::{
    Exchange, ExchangeError, Status, Wish, fields, pickup_code, post_error, queue_number, refused, reward_error,
};
use crate::accounts;
use crate::config::Scheme;
use crate::keys::Operator;
use crate::projection::kind;
use crate::rewards::{self, Kind, Limit, Reward, Session};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid, VolunteerError};
use crate::{micros, moment};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use ledger::{Action, Bound, Draft, Entry, Key, Leg, Refusal, Source, Unit};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

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
    let points = check(&wish, &reward)?;
    let refusal = refusal(scheme, &config, &wish, &reward, session.as_deref(), now).await?;
    let draft = reservation(&config, &wish, &reward, session.as_deref(), &station, points, refusal, by, now);
    let outcome = scheme.book.post(draft).await.map_err(post_error)?;
    let entry = outcome.result.map_err(|rejection| match outcome.replayed {
        true => ExchangeError::Again(Box::new(refused(rejection))),
        false => refused(rejection),
    })?;
    let exchange = reserved(scheme, &entry).await?;
    Ok((exchange, outcome.replayed))
}

async fn require_volunteer(scheme: &OpenScheme, id: Uuid) -> Result<(), ExchangeError> {
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
        None if flaws.is_empty() => Err(ExchangeError::Invalid(vec![Invalid::new(
            "quantity",
            "amount_too_large",
            "the price is beyond all numbers",
        )])),
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

#[cfg(test)]
mod tests {
    use super::star;

    #[test]
    fn stars_are_reached_at_the_full_hour() {
        for (minutes, expected) in [
            (0, 0),
            (5_999, 0),
            (6_000, 1),
            (17_999, 1),
            (18_000, 2),
            (36_000, 3),
            (60_000, 4),
            (90_000, 5),
            (i64::MAX, 5),
        ] {
            assert_eq!(star(minutes), expected, "{minutes} minutes");
        }
    }
}
