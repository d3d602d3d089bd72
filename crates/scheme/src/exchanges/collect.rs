//! Handing over: all that is still reserved, or a part of it.

use super::cash::{self, Cash};
use super::parts::{self, Lots, Parts, Pieces};
use super::read::{Move, read};
use super::reserve::not_cancelled;
use super::settle::{at_station, is_over, miss, settle, state_conflict, step, step_id};
use super::{Exchange, ExchangeError, Ineligible, Status, fields, get, pickup, post_error, refused};
use crate::config::Relation;
use crate::keys::{Operator, Role};
use crate::micros;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, Utc};
use ledger::{Action, Bound, Draft, Entry, Rejection};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// How often it is worked out anew because something was handed over meanwhile.
const TRIES: usize = 20;

/// How something is handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandOver {
    /// Checked when it is given.
    pub code: Option<String>,
    /// `None`: all that is still reserved.
    pub part: Option<Part>,
    /// What was taken in, where cash is owed.
    pub cash: Option<Cash>,
    /// Who comes for it, when not the volunteer.
    pub collector: Option<Collector>,
    /// Staff have looked up the person: what it takes after too many wrong codes.
    pub identity_checked: bool,
}

/// A part of an exchange, handed over under an id that the client chooses: the same again is answered with the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub id: Uuid,
    /// Lines, and pieces of each.
    pub items: Vec<(i64, i64)>,
}

/// Somebody of the family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    pub relation: Relation,
    pub name: String,
}

/// Hands over all that was reserved. `code` must be the pick-up code, when it is given.
pub async fn collect(
    scheme: &OpenScheme,
    id: Uuid,
    code: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    let how = HandOver { code: code.map(str::to_owned), ..HandOver::default() };
    hand_over(scheme, id, how, by, now).await
}

/// Hands over what was reserved.
pub async fn hand_over(
    scheme: &OpenScheme,
    id: Uuid,
    how: HandOver,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    let (exchange, moves) = at_station(scheme, id, by).await?;
    check(scheme, &exchange, &how, by, now).await?;
    match &how.part {
        None => whole(scheme, exchange, moves, &how, by, now).await,
        Some(part) => in_part(scheme, id, part, &how, by, now).await,
    }
}

async fn check(
    scheme: &OpenScheme,
    exchange: &Exchange,
    how: &HandOver,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), ExchangeError> {
    cash::check(how.cash.as_ref())?;
    match &how.code {
        Some(told) => {
            let right = (exchange.id, exchange.pickup_code.as_str());
            if !pickup::check(scheme, right, told, by.key_id, now).await? {
                let detail = "this is not the pick-up code of the exchange";
                return Err(ExchangeError::Invalid(vec![Invalid::new("pickup_code", "wrong_pickup_code", detail)]));
            }
        }
        // A machine cannot look at a person.
        None if how.identity_checked && by.role != Role::Kiosk => {}
        None => pickup::is_open(exchange.locked_since, now)?,
    }
    let Some(collector) = &how.collector else { return Ok(()) };
    if !volunteers::is_text(&collector.name, 50) {
        let flaw = Invalid::new("collector/name", "invalid_text", "a name has 1 to 50 characters");
        return Err(ExchangeError::Invalid(vec![flaw]));
    }
    let config = scheme.config();
    let policy = config.rules_on(config.day_of(now)).and_then(|rules| rules.exchange_policy.as_ref());
    let allowed = policy.map(|policy| policy.collected_by.as_slice()).unwrap_or_default();
    if allowed.contains(&collector.relation) {
        return Ok(());
    }
    let names = |relations: &[Relation]| relations.iter().map(|own| own.as_str()).collect::<Vec<_>>().join(", ");
    Err(ExchangeError::NotEligible(Ineligible {
        condition: "collected_by".to_owned(),
        needed: if allowed.is_empty() { Relation::Oneself.as_str().to_owned() } else { names(allowed) },
        available: collector.relation.as_str().to_owned(),
    }))
}

/// What the entry says beside what it moves.
async fn document(
    scheme: &OpenScheme,
    (exchange, entry): (&Exchange, Uuid),
    how: &HandOver,
    owed: Option<i64>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Value, ExchangeError> {
    let mut document = json!({ "by": by.key_id });
    if owed.is_some_and(|owed| owed > 0) || how.cash.is_some() {
        document["cash"] = json!({
            "station": exchange.station,
            "price_cash": owed,
            "cash_received": how.cash.as_ref().map(|cash| cash.received),
            "cash_method": how.cash.as_ref().and_then(|cash| cash.method.clone()),
        });
    }
    if let Some(collector) = &how.collector {
        let name = name_kept(scheme, exchange.id, entry, collector, by, now).await?;
        document["collector"] = json!({ "relation": collector.relation.as_str(), "name": name });
    }
    if how.identity_checked {
        document["identity_checked"] = true.into();
    }
    Ok(document)
}

/// Keeps the name of whoever comes for it beside the book, and answers the digest of it for the entry's document. Of two for
/// one entry the first stays, as the first posting does.
async fn name_kept(
    scheme: &OpenScheme,
    exchange: Uuid,
    entry: Uuid,
    collector: &Collector,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<String> {
    let mut tx = scheme.db.begin_write().await?;
    tx.query(
        "INSERT INTO exchange_collectors (book, entry_id, exchange_id, relation, name, given_by, given_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
    )
    .bind(scheme.book.number())
    .bind(entry)
    .bind(exchange)
    .bind(collector.relation.as_str().to_owned())
    .bind(collector.name.clone())
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    tx.commit().await?;
    Ok(hex::encode(scheme.secrets.mac("collector", collector.name.as_bytes())))
}

/// All that is still reserved.
async fn whole(
    scheme: &OpenScheme,
    exchange: Exchange,
    moves: Vec<Move>,
    how: &HandOver,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    if exchange.status == Status::Collected {
        return Ok((exchange, true));
    }
    let id = exchange.id;
    if is_over(scheme, &exchange, now).await? {
        miss(scheme, exchange, now).await?;
        return state_conflict(scheme, id, Status::Collected).await;
    }
    let in_parts = exchange.reward_id.is_none() || !moves.is_empty();
    if !in_parts {
        let entry = step_id(id, "collected");
        let document = document(scheme, (&exchange, entry), how, exchange.price_cash, by, now).await?;
        let draft = step(scheme, &exchange, kind::EXCHANGE_COLLECTED, "collected", all_of(&exchange), document, now);
        let draft = Draft { bounds: still_held(&exchange), ..draft };
        return settle(scheme, id, draft, Status::Collected, now).await;
    }
    for _ in 0..TRIES {
        let (exchange, moves) = read(scheme, id).await?;
        let draft = the_rest(scheme, (&exchange, &moves), how, by, now).await?;
        match settle(scheme, id, draft, Status::Collected, now).await {
            // Another part was handed over meanwhile.
            Err(ExchangeError::Stale) => {}
            done => return done,
        }
    }
    Err(ExchangeError::Busy)
}

/// What does not come back was spent with the reservation: handing it over is but written down.
fn all_of(exchange: &Exchange) -> Action {
    match exchange.is_final() {
        true => Action::Post(Vec::new()),
        false => Action::Capture { hold: exchange.id, amounts: None, keep_rest: false },
    }
}

/// That the session is not cancelled: of a place that was spent already nothing is held that could tell it.
fn still_held(exchange: &Exchange) -> Vec<Bound> {
    exchange.session_id.filter(|_| exchange.is_final()).map(not_cancelled).into_iter().collect()
}

/// The rest of a basket, or of what was handed over in part before: captured exactly, so that what was handed over
/// meanwhile is not written down twice.
async fn the_rest(
    scheme: &OpenScheme,
    (exchange, moves): (&Exchange, &[Move]),
    how: &HandOver,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Draft, ExchangeError> {
    let hold = parts::entry(scheme, exchange.id).await?;
    let parts = Parts::new(exchange, &hold);
    let open = exchange.lines.iter().map(|line| Pieces { line: line.line, pieces: line.quantity - line.collected });
    let rest: Vec<Pieces> = open.filter(|part| part.pieces > 0).collect();
    let owed: Option<i64> = rest.iter().map(|part| parts.cash(part)).fold(None, |sum, cash| match (sum, cash) {
        (None, None) => None,
        (sum, cash) => Some(sum.unwrap_or(0) + cash.unwrap_or(0)),
    });
    let mut document = document(scheme, (exchange, step_id(exchange.id, "collected")), how, owed, by, now).await?;
    document["moves"] = parts.moves(&rest);
    let action = match exchange.is_final() {
        true => Action::Post(Vec::new()),
        false => {
            let amounts = parts::left_of(&hold, &captures(scheme, moves).await?);
            Action::Capture { hold: exchange.id, amounts: Some(amounts), keep_rest: false }
        }
    };
    let draft = step(scheme, exchange, kind::EXCHANGE_COLLECTED, "collected", action, document, now);
    Ok(Draft { bounds: still_held(exchange), ..draft })
}

/// The entries that captured parts of an exchange's hold.
pub(super) async fn captures(scheme: &OpenScheme, moves: &[Move]) -> Result<Vec<Arc<Entry>>, ExchangeError> {
    let mut ids: Vec<Uuid> = moves.iter().filter(|part| !part.is_return()).map(|part| part.entry_id).collect();
    ids.dedup();
    let mut entries = Vec::with_capacity(ids.len());
    for id in ids {
        entries.push(parts::entry(scheme, id).await?);
    }
    Ok(entries)
}

/// Some pieces now; the rest stays reserved.
async fn in_part(
    scheme: &OpenScheme,
    id: Uuid,
    part: &Part,
    how: &HandOver,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    // What was handed over before is not worked out again.
    if let Some(before) = scheme.book.entry(part.id).await? {
        let exchange = get(scheme, id).await?;
        let last = before.kind == kind::EXCHANGE_COLLECTED;
        let draft = part_draft(scheme, &exchange, (part, last), Action::Post(Vec::new()), json!({}), now);
        let outcome = scheme.book.post(draft).await.map_err(post_error)?;
        return Ok((get(scheme, id).await?, outcome.replayed));
    }
    for _ in 0..TRIES {
        let (exchange, moves) = read(scheme, id).await?;
        if exchange.status != Status::Reserved {
            return Err(ExchangeError::StateConflict { status: exchange.status });
        }
        if is_over(scheme, &exchange, now).await? {
            miss(scheme, exchange, now).await?;
            return state_conflict(scheme, id, Status::Collected).await;
        }
        if exchange.is_final() {
            let detail = "it was spent with the reservation, and is handed over as a whole";
            return Err(ExchangeError::Invalid(vec![Invalid::new("items", "not_in_part", detail)]));
        }
        let hold = parts::entry(scheme, id).await?;
        let parts = Parts::new(&exchange, &hold);
        let taken = parts.asked(&part.items, |line| line.quantity - line.collected)?;
        let left = parts::left_of(&hold, &captures(scheme, &moves).await?);
        let amounts = parts.of_postings(&hold.postings, &left, &taken, Lots::SoonestFirst);
        let owed = taken.iter().filter_map(|part| parts.cash(part)).sum();
        let mut document = document(scheme, (&exchange, part.id), how, Some(owed), by, now).await?;
        document["moves"] = parts.moves(&taken);
        let action = Action::Capture { hold: id, amounts: Some(amounts), keep_rest: true };
        let open: i64 = exchange.lines.iter().map(|line| line.quantity - line.collected).sum();
        let last = taken.iter().map(|part| part.pieces).sum::<i64>() == open;
        let draft = part_draft(scheme, &exchange, (part, last), action, document, now);
        let outcome = scheme.book.post(draft).await.map_err(post_error)?;
        match outcome.result {
            Ok(_) => return Ok((get(scheme, id).await?, outcome.replayed)),
            Err(Rejection::HoldExpired { .. }) => super::expire(scheme, id, now).await?,
            // More was handed over meanwhile, or all of it.
            Err(Rejection::ExceedsRemaining { .. } | Rejection::HoldClosed { .. }) => {}
            Err(rejection) => return Err(refused(rejection)),
        }
    }
    Err(ExchangeError::Busy)
}

fn part_draft(
    scheme: &OpenScheme,
    exchange: &Exchange,
    (part, last): (&Part, bool),
    action: Action,
    document: Value,
    now: DateTime<Utc>,
) -> Draft {
    let mut document = fields(document);
    let item = |(line, quantity): &(i64, i64)| json!({ "line": line, "quantity": quantity });
    document.insert("exchange_id".to_owned(), exchange.id.to_string().into());
    document.insert("items".to_owned(), part.items.iter().map(item).collect());
    Draft {
        id: part.id,
        kind: if last { kind::EXCHANGE_COLLECTED } else { kind::EXCHANGE_COLLECTED_IN_PART },
        effective_on: scheme.config().day_of(now),
        party: Some(exchange.volunteer_id),
        document_id: Some(exchange.id),
        action,
        document,
        intent: &["exchange_id", "items"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    }
}
