//! Reserving: one hold for everything that an exchange takes.

use super::basket::{self, Basket, Combined, ITEMS_MAX, Item};
use super::read::queue_number;
use super::terms::{self, Asked, Counted, Terms};
use super::{
    Cash, Exchange, ExchangeError, Hand, Line, Status, Wish, cash, fields, pickup, post_error, refused, reward_error,
};
use crate::config::Relation;
use crate::keys::{self, Operator};
use crate::projection::{kind, objects};
use crate::rewards::{self, Kind, Reward, Session};
use crate::schemes::OpenScheme;
use crate::stations;
use crate::volunteers::{self, Invalid, VolunteerError};
use crate::{accounts, micros, moment};
use chrono::{DateTime, Duration, Utc};
use ledger::book::Outcome;
use ledger::{Action, Bound, Draft, Entry, Key, Leg, Rejection, Source, Unit};
use serde_json::{Map, Value, json};
use std::sync::Arc;
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
    exchange_for_cash(scheme, wish, None, by, now).await
}

/// As [`exchange`], with what was taken in when it is handed over at once.
pub async fn exchange_for_cash(
    scheme: &OpenScheme,
    wish: Wish,
    cash: Option<Cash>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    order(scheme, Order { wishes: vec![wish], is_basket: false, cash }, by, now).await
}

/// As [`exchange`], of several rewards: all of them or none. A refusal says which item it is about.
pub async fn exchange_basket(
    scheme: &OpenScheme,
    basket: Basket,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    let Basket { id, volunteer_id, items, station, collect_now, beneficiary, cash } = basket;
    let wish = |item: &Item| Wish {
        id,
        volunteer_id,
        reward_id: item.reward_id,
        quantity: item.quantity,
        station: station.clone(),
        session_id: item.session_id,
        collect_now,
        beneficiary,
        bill: item.bill,
    };
    let wishes: Vec<Wish> = items.iter().map(wish).collect();
    if !(1..=ITEMS_MAX).contains(&wishes.len()) {
        let detail = format!("a basket has 1 to {ITEMS_MAX} items");
        return Err(ExchangeError::Invalid(vec![Invalid::new("items", "invalid_items", detail)]));
    }
    if let Some(index) = wishes.iter().position(|wish| wish.session_id.is_some()) {
        let detail = "a place in a session is booked by itself";
        let flaw = Invalid::new("session_id", "session_in_basket", detail);
        return Err(ExchangeError::Invalid(vec![flaw]).of_item(Some(index)));
    }
    for (index, wish) in wishes.iter().enumerate() {
        if wishes.iter().take(index).any(|other| other.reward_id == wish.reward_id) {
            let detail = "the reward is in the basket already: ask for more pieces of it";
            let flaw = Invalid::new("reward_id", "duplicate_item", detail);
            return Err(ExchangeError::Invalid(vec![flaw]).of_item(Some(index)));
        }
    }
    order(scheme, Order { wishes, is_basket: true, cash }, by, now).await
}

/// What is wanted: one wish, or those of a basket.
pub(super) struct Order {
    pub wishes: Vec<Wish>,
    pub is_basket: bool,
    /// What was taken in, when it is handed over at once.
    pub cash: Option<Cash>,
}

async fn order(
    scheme: &OpenScheme,
    order: Order,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    let mut found: Vec<(Arc<Reward>, Option<Arc<Session>>)> = Vec::with_capacity(order.wishes.len());
    for (index, wish) in order.wishes.iter().enumerate() {
        found.push(look_up(scheme, wish).await.map_err(|error| error.of_item(order.item(index)))?);
    }
    require_volunteer(scheme, order.wishes[0].volunteer_id).await?;
    let config = scheme.config();
    let station = station(scheme, &order, &found, by).await?;
    for (index, (wish, (reward, _))) in order.wishes.iter().zip(&found).enumerate() {
        check(wish, reward).map_err(|error| error.of_item(order.item(index)))?;
    }
    cash::check(order.cash.as_ref())?;
    let today = config.day_of(now);
    let asked = order.wishes.iter().zip(&found).map(|(wish, (reward, session))| Asked {
        scheme,
        config: &config,
        wish,
        reward,
        session: session.as_deref(),
        today,
        now,
    });
    let asked: Vec<Asked<'_>> = asked.collect();
    let outcome = post(&asked, &order, &station, by).await?;
    let entry = match outcome.result {
        Ok(entry) => entry,
        Err(error) if outcome.replayed => return Err(ExchangeError::Again(Box::new(error))),
        Err(error) => return Err(error),
    };
    let exchange = reserved(scheme, &entry, by).await?;
    Ok((exchange, outcome.replayed))
}

impl Order {
    /// Which item an error is about: none, where there is but one wish.
    fn item(&self, index: usize) -> Option<usize> {
        self.is_basket.then_some(index)
    }
}

async fn look_up(scheme: &OpenScheme, wish: &Wish) -> Result<(Arc<Reward>, Option<Arc<Session>>), ExchangeError> {
    let reward = rewards::get(scheme, wish.reward_id).await.map_err(reward_error)?;
    let Some(id) = wish.session_id else { return Ok((reward, None)) };
    let session = rewards::find_session(scheme, id).await.map_err(reward_error)?;
    match session.reward_id == reward.id {
        true => Ok((reward, Some(session))),
        false => Err(ExchangeError::SessionNotFound { id }),
    }
}

/// What became of an order.
struct Posted {
    result: Result<Arc<Entry>, ExchangeError>,
    replayed: bool,
}

/// Posts the order on the terms as they are, which are settled anew when what they rest on has changed by then.
async fn post(asked: &[Asked<'_>], order: &Order, station: &str, by: &Operator) -> Result<Posted, ExchangeError> {
    let book = &asked[0].scheme.book;
    for _ in 0..TRIES {
        let mut terms = Vec::with_capacity(asked.len());
        for (index, asked) in asked.iter().enumerate() {
            terms.push(terms::settle(asked).await.map_err(|error| error.of_item(order.item(index)))?);
        }
        let terms = basket::combine(asked, terms)?;
        let told = |outcome: Outcome| {
            let error = |rejection: Rejection| {
                let item = basket::item_of(asked, &terms, &rejection);
                refused(rejection).of_item(item)
            };
            Posted { result: outcome.result.map_err(error), replayed: outcome.replayed }
        };
        let draft = reservation(asked, order, &terms, station, by);
        if terms.pins.is_empty() {
            let outcome = book.post(draft).await.map_err(post_error)?;
            still_unmerged(asked, &outcome).await?;
            return Ok(told(outcome));
        }
        // A refusal is kept as the answer for the id: not one that is only about what has changed.
        let draft = Draft { freeze_rejection: false, ..draft };
        let outcome = book.post(draft.clone()).await.map_err(post_error)?;
        still_unmerged(asked, &outcome).await?;
        match &outcome.result {
            Err(rejection) if !outcome.replayed => {
                if !terms.are_stale(rejection) {
                    let item = basket::item_of(asked, &terms, rejection);
                    return refuse_for_good(asked[0].scheme, draft, refused(rejection.clone()).of_item(item)).await;
                }
            }
            _ => return Ok(told(outcome)),
        }
    }
    Err(ExchangeError::Busy)
}

/// Tells when it was refused because the volunteer is another since a moment ago.
async fn still_unmerged(asked: &[Asked<'_>], outcome: &Outcome) -> Result<(), ExchangeError> {
    let Err(rejection) = &outcome.result else { return Ok(()) };
    match volunteers::merged_meanwhile(asked[0].scheme, asked[0].wish.volunteer_id, rejection).await {
        Some(into) => Err(ExchangeError::VolunteerMerged { into }),
        None => Ok(()),
    }
}

/// Keeps a refusal as the answer for the id.
async fn refuse_for_good(scheme: &OpenScheme, draft: Draft, error: ExchangeError) -> Result<Posted, ExchangeError> {
    let Some(refusal) = error.refusal() else { return Err(error) };
    let (action, refusal) = (Action::Post(Vec::new()), Some(refusal));
    let draft = Draft { action, refusal, bounds: Vec::new(), freeze_rejection: true, ..draft };
    let outcome = scheme.book.post(draft).await.map_err(post_error)?;
    Ok(Posted { result: outcome.result.map_err(refused), replayed: outcome.replayed })
}

pub(super) async fn require_volunteer(scheme: &OpenScheme, id: Uuid) -> Result<(), ExchangeError> {
    match volunteers::require_unmerged(scheme, id).await {
        Ok(()) => Ok(()),
        Err(VolunteerError::Database(error)) => Err(error.into()),
        Err(VolunteerError::Merged { into }) => Err(ExchangeError::VolunteerMerged { into }),
        Err(_) => Err(ExchangeError::VolunteerNotFound { id }),
    }
}

/// Where it is handed over: one place for all of it.
async fn station(
    scheme: &OpenScheme,
    order: &Order,
    found: &[(Arc<Reward>, Option<Arc<Session>>)],
    by: &Operator,
) -> Result<String, ExchangeError> {
    let mut sessions = found.iter().enumerate().filter_map(|(index, (_, session))| Some((index, session.as_deref()?)));
    let of_session = sessions.clone().next().map(|(_, session)| session.station.clone());
    let given = order.wishes[0].station.clone().or(of_session);
    let station = given.or_else(|| by.station.clone()).unwrap_or_else(|| "main".to_owned());
    let invalid = |code, detail: &str| ExchangeError::Invalid(vec![Invalid::new("station", code, detail)]);
    if !by.serves(&station) {
        return Err(ExchangeError::WrongStation { station });
    }
    if !stations::is_known(scheme, &station).await? {
        return Err(invalid("unknown_station", "the scheme has no such station"));
    }
    match sessions.find(|(_, session)| session.station != station) {
        Some(_) => Err(invalid("another_station", "the session is at another station")),
        None => Ok(station),
    }
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

pub(super) fn reservation(asked: &[Asked<'_>], order: &Order, terms: &Combined, station: &str, by: &Operator) -> Draft {
    let (wish, now) = (asked[0].wish, asked[0].now);
    let legs = legs(asked, order, terms, station);
    // Without points, stock, seats or a limit there is nothing to hold: the reservation is handed over at once.
    let kind = match wish.collect_now || legs.is_empty() {
        true => kind::EXCHANGE_COLLECTED,
        false => kind::EXCHANGE_RESERVED,
    };
    let action = match (kind, terms.refused_at_once) {
        (_, true) => Action::Post(Vec::new()),
        // What does not come back is spent with the reservation.
        (kind::EXCHANGE_RESERVED, _) if terms.refundable => {
            Action::Hold { legs, expires_at: micros(expires_at(asked, now)) }
        }
        _ => Action::Post(legs),
    };
    let mut bounds = terms.pins.clone();
    bounds.push(accounts::unmerged(wish.volunteer_id));
    let limited = |(counted, _): &(Counted, i64)| {
        let (key, floor) = (Key::new(counted.path.clone()), Some(-counted.most));
        Bound { key, floor, ceiling: None }
    };
    // Nobody gets a place in a session that was cancelled meanwhile.
    bounds.extend(wish.session_id.filter(|_| !terms.refused_at_once).map(not_cancelled));
    bounds.extend(terms.counted.iter().filter(|_| !terms.refused_at_once).map(limited));
    Draft {
        id: wish.id,
        kind,
        effective_on: asked[0].today,
        party: Some(wish.volunteer_id),
        document_id: Some(wish.id),
        action,
        document: document(asked, order, terms, station, by),
        intent: &[
            "volunteer_id",
            "items",
            "reward_id",
            "quantity",
            "station",
            "session_id",
            "collect_now",
            "relation",
            "bill",
            "cash_received",
            "cash_method",
        ],
        bounds,
        refusal: terms.refusal.clone(),
        freeze_rejection: true,
    }
}

/// A place in a session is kept until long after its end; of several items, what ends first ends all.
fn expires_at(asked: &[Asked<'_>], now: DateTime<Utc>) -> DateTime<Utc> {
    let of_item = |asked: &Asked<'_>| match asked.session {
        Some(session) => session.ends_at + BOOKED_FOR,
        None => now + Duration::minutes(asked.reward.details.hold_minutes),
    };
    asked.iter().map(of_item).min().unwrap_or(now)
}

/// The bound that a session is not cancelled.
pub(super) fn not_cancelled(session: Uuid) -> Bound {
    Bound { key: Key::new(accounts::cancelled_path(session)), floor: None, ceiling: Some(0) }
}

/// For whom it is, it says by their relation alone.
fn document(asked: &[Asked<'_>], order: &Order, terms: &Combined, station: &str, by: &Operator) -> Map<String, Value> {
    let wish = asked[0].wish;
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
    let bill = wish.bill.filter(|_| !order.is_basket);
    let received = order.cash.as_ref();
    let special = [
        ("relation", relation.map(|relation| relation.as_str().into())),
        ("bill", bill.map(Value::from)),
        ("account", terms.account.as_ref().map(|account| account.code.clone().into())),
        ("until", asked[0].session.map(|session| micros(session.ends_at).into())),
        ("rules_version", terms.terms.iter().find_map(|terms| terms.version.clone()).map(Value::from)),
        ("cash_received", received.map(|cash| cash.received.into())),
        ("cash_method", received.and_then(|cash| cash.method.clone()).map(Value::from)),
    ];
    document.extend(special.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    if order.is_basket {
        for (name, value) in contents(asked, terms) {
            document.insert(name.to_owned(), value);
        }
    }
    document
}

/// What is in a basket: as it was asked for, and at which price; and what counts against which limit.
fn contents(asked: &[Asked<'_>], terms: &Combined) -> [(&'static str, Value); 5] {
    let item = |asked: &Asked<'_>| {
        let Wish { reward_id, quantity, session_id, bill, .. } = asked.wish;
        json!({ "reward_id": reward_id, "quantity": quantity, "session_id": session_id, "bill": bill })
    };
    let line = |(asked, terms): (&Asked<'_>, &Terms)| {
        let Wish { reward_id, quantity, session_id, .. } = asked.wish;
        let counts: Vec<&str> = terms.counted.iter().map(|counted| &*counted.path).collect();
        json!({
            "reward_id": reward_id,
            "quantity": quantity,
            "session_id": session_id,
            "points": terms.points,
            "price_cash": terms.cash,
            "counts": counts,
        })
    };
    let pieces: i64 = asked.iter().map(|asked| asked.wish.quantity).sum();
    [
        ("reward_id", Value::Null),
        ("session_id", Value::Null),
        ("quantity", pieces.into()),
        ("items", asked.iter().map(item).collect()),
        ("lines", asked.iter().zip(&terms.terms).map(line).collect()),
    ]
}

/// Points first, then the pieces, the seats, then the limits: the first that fails is the answer.
fn legs(asked: &[Asked<'_>], order: &Order, terms: &Combined, station: &str) -> Vec<Leg> {
    let (volunteer, today) = (asked[0].wish.volunteer_id, asked[0].today);
    let mut legs = Vec::with_capacity(3);
    if terms.points > 0 {
        let (path, unit, to) = match &terms.account {
            None => (accounts::points_path(volunteer), Unit::Points, accounts::spent()),
            Some(account) => {
                let path = accounts::account_path(volunteer, &account.code);
                (path, accounts::unit(account.counts), accounts::spent_of(account))
            }
        };
        legs.push(Leg { from: Source::Pool { path, unit, usable_on: today }, to, amount: terms.points });
    }
    for asked in asked.iter().filter(|asked| asked.reward.details.kind == Kind::Good) {
        let from = Source::Account(accounts::stock(asked.reward.id, station));
        legs.push(Leg { from, to: accounts::handed_out(), amount: asked.wish.quantity });
    }
    for (session, pieces) in asked.iter().filter_map(|asked| Some((asked.wish.session_id?, asked.wish.quantity))) {
        let from = Source::Account(accounts::seats(session));
        legs.push(Leg { from, to: accounts::booked(), amount: pieces });
    }
    for (counted, pieces) in &terms.counted {
        let from = Source::Account(accounts::used(counted.path.clone(), Unit::Uses));
        legs.push(Leg { from, to: accounts::uses(), amount: *pieces });
    }
    if order.is_basket {
        let line = |(asked, number): (&Asked<'_>, i64)| {
            let to = accounts::basket_line(asked.wish.id, number);
            Leg { from: Source::Account(accounts::baskets()), to, amount: asked.wish.quantity }
        };
        legs.extend(asked.iter().zip(1..).map(line));
    }
    legs
}

/// The exchange as its first entry made it.
async fn reserved(scheme: &OpenScheme, entry: &Entry, by: &Operator) -> Result<Exchange, ExchangeError> {
    let fields = entry.fields();
    let id = |name: &str| fields.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok());
    let integer = |name: &str| fields.get(name).and_then(Value::as_i64);
    let at_once = entry.kind == kind::EXCHANGE_COLLECTED;
    let lines = lines(scheme, entry, &fields, at_once).await?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let reward_id = id("reward_id");
    let settled_by: Option<Uuid> = id("by").filter(|_| at_once);
    Ok(Exchange {
        id: entry.id,
        volunteer_id: id("volunteer_id").unwrap_or_default(),
        reward_id,
        station: text("station").unwrap_or_default().to_owned(),
        session_id: id("session_id"),
        quantity: integer("quantity").unwrap_or(0),
        account: text("account").map(str::to_owned),
        points: integer("points").unwrap_or(0),
        price_cash: integer("price_cash"),
        relation: text("relation").and_then(Relation::parse),
        status: if at_once { Status::Collected } else { Status::Reserved },
        pickup_code: pickup::code(scheme, entry.sequence),
        queue_number: reward_id.and(lines.first()).and_then(|line| line.queue_number),
        balance_before: entry.available_before,
        reserved_at: moment(entry.recorded_at),
        expires_at: entry.expires_at.map(|expires_at| moment(integer("until").unwrap_or(expires_at))),
        settled_at: at_once.then(|| moment(entry.recorded_at)),
        settled_by: match settled_by {
            Some(key_id) if key_id == by.key_id => Some(Hand { key_id, name: by.name.clone() }),
            Some(key_id) => Some(Hand { key_id, name: keys::name_of(scheme, key_id).await? }),
            None => None,
        },
        lines,
        locked_since: None,
        sequence: entry.sequence,
    })
}

/// What the entry is of: the lines of a basket, or the one reward.
async fn lines(
    scheme: &OpenScheme,
    entry: &Entry,
    fields: &Map<String, Value>,
    at_once: bool,
) -> Result<Vec<Line>, ExchangeError> {
    let mut written: Vec<&Map<String, Value>> = objects(fields, "lines").collect();
    if written.is_empty() {
        written.push(fields);
    }
    let mut lines = Vec::with_capacity(written.len());
    for (line, number) in written.into_iter().zip(1..) {
        let id = |name: &str| line.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok());
        let integer = |name: &str| line.get(name).and_then(Value::as_i64);
        let session_id: Option<Uuid> = id("session_id");
        let quantity = integer("quantity").unwrap_or(0);
        lines.push(Line {
            line: number,
            reward_id: id("reward_id").unwrap_or_default(),
            session_id,
            quantity,
            points: integer("points").unwrap_or(0),
            price_cash: integer("price_cash"),
            queue_number: match session_id {
                Some(session) => Some(queue_number(scheme, session, entry.sequence).await?),
                None => None,
            },
            collected: if at_once { quantity } else { 0 },
            returned: 0,
        });
    }
    Ok(lines)
}
