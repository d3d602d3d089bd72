//! Returns: what was handed over comes back, where the scheme takes it back.
//!
//! A return reverses the entry that handed the pieces over: the points go back to their lots, the piece to the shelf, the use to
//! the limit. Pieces that were handed over at several times are reversed one entry for each, newest first; each happens once, and
//! the call, repeated, does what is left of it.

use super::cash::{self, Cash};
use super::parts::{self, Lots, Parts, Pieces};
use super::read::{Move, read};
use super::settle::{InLot, at_station, lives_on, move_on, say_given_back, step_id};
use super::{Exchange, ExchangeError, Line, Status, fields, post_error, refused};
use crate::accounts;
use crate::keys::Operator;
use crate::projection::kind;
use crate::reasons;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, Days, NaiveDate, Utc};
use ledger::{Account, Action, Draft, Entry, Leg, PostError, Rejection, Source, Unit};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// How often it is worked out anew because something came back meanwhile.
const TRIES: usize = 20;

/// What is brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Chosen by the client: the same again is answered with the same.
    pub id: Uuid,
    /// Lines, and pieces of each; `None`: all that was handed over and has not come back.
    pub items: Option<Vec<(i64, i64)>>,
    /// Whether goods go back to the shelf; otherwise they are lost.
    pub restock: bool,
    pub reason: Option<String>,
    /// What was paid back of the cash.
    pub cash: Option<Cash>,
}

/// An entry that handed pieces over.
struct Collection {
    entry: Arc<Entry>,
    pieces: Vec<Pieces>,
    on: NaiveDate,
}

/// Takes back what was handed over.
pub async fn take_back(
    scheme: &OpenScheme,
    id: Uuid,
    back: Return,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Exchange, bool), ExchangeError> {
    at_station(scheme, id, by).await?;
    cash::check(back.cash.as_ref())?;
    if back.reason.as_deref().is_some_and(|reason| !volunteers::is_text(reason, 500)) {
        let detail = "a reason has 1 to 500 characters";
        return Err(ExchangeError::Invalid(vec![Invalid::new("reason", "invalid_text", detail)]));
    }
    let mut did_something = false;
    for _ in 0..TRIES {
        let (exchange, moves) = read(scheme, id).await?;
        let collections = collections(scheme, &exchange, &moves).await?;
        let done = done_before(&collections, &moves, back.id);
        if !done.is_empty() {
            same_as_before(scheme, &collections, &back).await?;
        }
        let reserved = parts::entry(scheme, id).await?;
        let parts = Parts::new(&exchange, &reserved);
        let Some(wanted) = wanted(&parts, &exchange, &back, &done)? else {
            return Ok((exchange, !did_something));
        };
        allowed(scheme, &collections, now)?;
        match post_next(scheme, (&parts, &exchange), (&collections, &moves), &wanted, &back, by, now).await {
            Ok(()) => did_something = true,
            Err(ExchangeError::Stale) => {}
            Err(error) => return Err(error),
        }
    }
    Err(ExchangeError::Busy)
}

/// The entries that handed pieces over, the oldest first.
async fn collections(
    scheme: &OpenScheme,
    exchange: &Exchange,
    moves: &[Move],
) -> Result<Vec<Collection>, ExchangeError> {
    let mut all: Vec<Collection> = Vec::new();
    for part in moves.iter().filter(|part| !part.is_return()) {
        let pieces = Pieces { line: part.line, pieces: part.pieces };
        match all.last_mut().filter(|known| known.entry.id == part.entry_id) {
            Some(known) => known.pieces.push(pieces),
            None => {
                let entry = parts::entry(scheme, part.entry_id).await?;
                all.push(Collection { entry, pieces: vec![pieces], on: part.moved_on });
            }
        }
    }
    if all.is_empty() && exchange.status == Status::Collected {
        let at = exchange.settled_at.unwrap_or(exchange.reserved_at);
        let pieces = exchange.lines.iter().map(|line| Pieces { line: line.line, pieces: line.quantity }).collect();
        let entry = match scheme.book.entry(step_id(exchange.id, "collected")).await? {
            Some(entry) => Arc::new(entry),
            None => parts::entry(scheme, exchange.id).await?,
        };
        all.push(Collection { entry, pieces, on: scheme.config().day_of(at) });
    }
    for collection in &mut all {
        // What does not come back before it is collected was posted with the reservation; handing it over moved nothing.
        if collection.entry.postings.is_empty() {
            collection.entry = parts::entry(scheme, exchange.id).await?;
        }
    }
    Ok(all)
}

fn reversal_id(back: Uuid, collection: &Collection) -> Uuid {
    Uuid::new_v5(&back, collection.entry.id.as_bytes())
}

/// What this return has brought back already.
fn done_before<'m>(collections: &[Collection], moves: &'m [Move], back: Uuid) -> Vec<&'m Move> {
    let own: Vec<Uuid> = collections.iter().map(|collection| reversal_id(back, collection)).collect();
    moves.iter().filter(|part| part.is_return() && own.contains(&part.entry_id)).collect()
}

/// The id stands for this return and no other.
async fn same_as_before(scheme: &OpenScheme, collections: &[Collection], back: &Return) -> Result<(), ExchangeError> {
    let asked = asked(back);
    for collection in collections {
        let Some(entry) = scheme.book.entry(reversal_id(back.id, collection)).await? else { continue };
        let fields = entry.fields();
        for field in ["items", "restock"] {
            if fields.get(field) != asked.get(field) {
                return Err(ExchangeError::IdTaken { field: field.to_owned() });
            }
        }
    }
    Ok(())
}

fn asked(back: &Return) -> Value {
    let item = |(line, quantity): &(i64, i64)| json!({ "line": line, "quantity": quantity });
    let items: Option<Vec<Value>> = back.items.as_ref().map(|items| items.iter().map(item).collect());
    json!({ "items": items, "restock": back.restock })
}

/// What is left to do; `None` when all of it is done.
fn wanted(
    parts: &Parts<'_>,
    exchange: &Exchange,
    back: &Return,
    done: &[&Move],
) -> Result<Option<Vec<Pieces>>, ExchangeError> {
    let done_of = |line: i64| -> i64 { done.iter().filter(|part| part.line == line).map(|part| part.pieces).sum() };
    let out = |line: &Line| line.collected - line.returned;
    let wanted: Vec<Pieces> = match &back.items {
        None => {
            let all = exchange.lines.iter().map(|line| Pieces { line: line.line, pieces: out(line) });
            all.filter(|part| part.pieces > 0).collect()
        }
        Some(items) => {
            let asked = parts.asked(items, |line| out(line) + done_of(line.line))?;
            let left = asked.into_iter().map(|part| Pieces { pieces: part.pieces - done_of(part.line), ..part });
            left.filter(|part| part.pieces > 0).collect()
        }
    };
    let collected = exchange.lines.iter().any(|line| line.collected > 0);
    match (wanted.is_empty(), done.is_empty(), collected) {
        (false, ..) => Ok(Some(wanted)),
        (true, false, _) => Ok(None),
        (true, true, true) => {
            let detail = "all of it has come back";
            Err(ExchangeError::Invalid(vec![Invalid::new("items", "nothing_to_return", detail)]))
        }
        (true, true, false) => Err(ExchangeError::StateConflict { status: exchange.status }),
    }
}

/// Whether the rules in force take back what was handed over then.
fn allowed(scheme: &OpenScheme, collections: &[Collection], now: DateTime<Utc>) -> Result<(), ExchangeError> {
    let config = scheme.config();
    let today = config.day_of(now);
    let policy = config.rules_on(today).and_then(|rules| rules.exchange_policy.as_ref());
    let days = policy.and_then(|policy| policy.return_days).ok_or(ExchangeError::NotReturnable { until: None })?;
    let newest = collections.iter().map(|collection| collection.on).max();
    let until = newest.and_then(|on| on.checked_add_days(Days::new(days.into())));
    match until {
        Some(until) if today > until => Err(ExchangeError::NotReturnable { until: Some(until) }),
        _ => Ok(()),
    }
}

/// Reverses what is wanted of the newest entry that has some of it.
async fn post_next(
    scheme: &OpenScheme,
    (parts, exchange): (&Parts<'_>, &Exchange),
    (collections, moves): (&[Collection], &[Move]),
    wanted: &[Pieces],
    back: &Return,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), ExchangeError> {
    let reversals = reversals(scheme, moves).await?;
    for collection in collections.iter().rev() {
        let taken = out_of(collection, moves, &reversals, wanted);
        if taken.is_empty() {
            continue;
        }
        let left = parts::unreversed(&collection.entry, &reversals);
        let draft = draft(scheme, (parts, exchange), collection, (&taken, &left), back, by, now).await?;
        return match scheme.book.post(draft).await {
            Ok(outcome) => match outcome.result {
                Ok(_) => Ok(()),
                Err(Rejection::ExceedsRemaining { .. } | Rejection::BelowFloor { .. }) => Err(ExchangeError::Stale),
                Err(Rejection::NotReversible { .. }) => {
                    let detail = "nothing was given for it";
                    Err(ExchangeError::Invalid(vec![Invalid::new("items", "nothing_to_return", detail)]))
                }
                Err(rejection) => match volunteers::merged_meanwhile(scheme, exchange.volunteer_id, &rejection).await {
                    Some(into) => Err(ExchangeError::VolunteerMerged { into }),
                    None => Err(refused(rejection)),
                },
            },
            Err(PostError::IdTaken { field }) => Err(ExchangeError::IdTaken { field }),
            Err(error) => Err(post_error(error)),
        };
    }
    Err(ExchangeError::Stale)
}

async fn reversals(scheme: &OpenScheme, moves: &[Move]) -> Result<Vec<Arc<Entry>>, ExchangeError> {
    let mut ids: Vec<Uuid> = moves.iter().filter(|part| part.is_return()).map(|part| part.entry_id).collect();
    ids.dedup();
    let mut entries = Vec::with_capacity(ids.len());
    for id in ids {
        entries.push(parts::entry(scheme, id).await?);
    }
    Ok(entries)
}

/// What of the wanted pieces this entry handed over and has not had back.
fn out_of(collection: &Collection, moves: &[Move], reversals: &[Arc<Entry>], wanted: &[Pieces]) -> Vec<Pieces> {
    let of_this = |part: &&Move| {
        let reversal = reversals.iter().find(|reversal| reversal.id == part.entry_id);
        reversal.is_some_and(|reversal| reversal.reference == Some(collection.entry.sequence))
    };
    let out = |line: i64| -> i64 {
        let handed: i64 = collection.pieces.iter().filter(|part| part.line == line).map(|part| part.pieces).sum();
        let back = moves.iter().filter(of_this).filter(|part| part.line == line);
        handed - back.map(|part| part.pieces).sum::<i64>()
    };
    let taken = wanted.iter().map(|part| Pieces { line: part.line, pieces: part.pieces.min(out(part.line)) });
    taken.filter(|part| part.pieces > 0).collect()
}

async fn draft(
    scheme: &OpenScheme,
    (parts, exchange): (&Parts<'_>, &Exchange),
    collection: &Collection,
    (taken, left): (&[Pieces], &[i64]),
    back: &Return,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Draft, ExchangeError> {
    let (config, entry) = (scheme.config(), &collection.entry);
    let today = config.day_of(now);
    let mut amounts = parts.of_postings(&entry.postings, left, taken, Lots::LatestFirst);
    // The session is over, or was attended: its seats stay taken.
    for (posting, amount) in entry.postings.iter().zip(&mut amounts) {
        if posting.unit == Unit::Seats {
            *amount = 0;
        }
    }
    let pays = parts::pays(exchange);
    let paid =
        entry.postings.iter().zip(&amounts).filter(|(posting, amount)| posting.from.path == pays && **amount > 0);
    let points: Vec<InLot> = paid.map(|(posting, amount)| (posting.from.clone(), posting.unit, *amount)).collect();
    let (mut legs, mut bounds) = match lives_on(&config, today) {
        Some(lot) => move_on(scheme, &points, lot, today).await?,
        None => (Vec::new(), Vec::new()),
    };
    // Nothing comes back to an account that nobody has any more.
    bounds.push(accounts::unmerged(exchange.volunteer_id));
    let goods = entry.postings.iter().zip(&amounts).filter(|(posting, _)| &*posting.from.path != "scheme/baskets");
    let goods = goods.filter(|(posting, amount)| posting.unit == Unit::Pieces && **amount > 0 && !back.restock);
    legs.extend(goods.map(|(posting, amount)| Leg {
        from: Source::Account(Account::holding(posting.from.clone(), Unit::Pieces)),
        to: accounts::removed(),
        amount: *amount,
    }));
    let id = reversal_id(back.id, collection);
    let mut document = asked(back);
    document["by"] = by.key_id.to_string().into();
    document["exchange_id"] = exchange.id.to_string().into();
    document["moves"] = parts.moves(taken);
    document["reason"] = reasons::give(scheme, id, back.reason.as_deref(), by, now).await?.into();
    say_given_back(exchange, points.iter().map(|(.., amount)| amount).sum(), &mut document);
    let owed: i64 = taken.iter().filter_map(|part| parts.cash(part)).sum();
    if owed > 0 || back.cash.is_some() {
        document["cash"] = json!({
            "station": exchange.station,
            "price_cash": -owed,
            "cash_received": back.cash.as_ref().map(|cash| -cash.received),
            "cash_method": back.cash.as_ref().and_then(|cash| cash.method.clone()),
        });
    }
    Ok(Draft {
        id,
        kind: kind::EXCHANGE_RETURNED,
        effective_on: today,
        party: Some(exchange.volunteer_id),
        document_id: Some(exchange.id),
        action: Action::Reverse { entry: entry.id, amounts: Some(amounts), overdraw: false, legs },
        document: fields(document),
        intent: &["exchange_id", "items", "restock"],
        bounds,
        refusal: None,
        freeze_rejection: false,
    })
}
