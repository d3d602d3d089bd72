//! What ends by itself: reservations that nobody came for, and points past their day. Any number of processes may run it.

mod warnings;

use crate::accounts;
use crate::exchanges::{self, ExchangeError};
use crate::micros;
use crate::projection::kind;
use crate::rewards;
use crate::schemes::OpenScheme;
use crate::services;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Account, Action, Draft, Key, Leg, Lot, PostError, Rejection, Source, Unit};
use serde_json::json;
use uuid::Uuid;

/// How many of each are dealt with in one go.
const TOGETHER: i64 = 500;

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    pub exchanges: usize,
    pub lots: usize,
    /// What the rules give when a year begins.
    pub gifts: usize,
    /// Warnings that points will expire.
    pub warnings: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum ExpiryError {
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("what the rules give by themselves could not be given: {0}")]
    Rules(String),
    #[error("the book failed: {0}")]
    Book(#[from] PostError),
}

/// Ends all that is due at `now`.
pub async fn run(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<Expired, ExpiryError> {
    let mut expired = Expired::default();
    loop {
        let due = scheme.book.expired_holds(micros(now), TOGETHER).await?;
        let mut ended = 0;
        for id in &due {
            ended += usize::from(end_exchange(scheme, *id, now).await?);
        }
        expired.exchanges += ended;
        // What could not be ended now would come again at once.
        if due.len() < TOGETHER as usize || ended == 0 {
            break;
        }
    }
    expired.exchanges += rewards::settle_sessions(scheme, now).await?;
    for unit in [Unit::Points, Unit::Minutes, Unit::Uses] {
        expired.lots += run_lots(scheme, unit, now).await?;
    }
    expired.warnings = warnings::warn(scheme, now).await?;
    // Last, so that a gift which cannot be given keeps nothing from ending.
    expired.gifts = services::on_new_year(scheme, now).await.map_err(|error| ExpiryError::Rules(error.to_string()))?;
    Ok(expired)
}

/// Whether the reservation has ended. One that cannot be ended keeps no other from it.
async fn end_exchange(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<bool, ExpiryError> {
    match exchanges::expire(scheme, id, now).await {
        Ok(()) => Ok(true),
        Err(ExchangeError::Database(error)) => Err(error.into()),
        Err(error) => {
            tracing::error!(exchange = %id, %error, "a reservation could not be ended");
            Ok(false)
        }
    }
}

/// Ends the lots of `unit` whose last day is over.
async fn run_lots(scheme: &OpenScheme, unit: Unit, now: DateTime<Utc>) -> Result<usize, ExpiryError> {
    let today = scheme.config().day_of(now);
    let mut ended = 0;
    loop {
        let due = scheme.book.lots_before(unit, today, TOGETHER).await?;
        let mut moved = 0;
        for (key, amount) in &due {
            moved += usize::from(end_lot(scheme, key.clone(), *amount, today).await?);
        }
        ended += moved;
        // What could not be ended now would come again at once.
        if due.len() < TOGETHER as usize || moved == 0 {
            return Ok(ended);
        }
    }
}

/// Takes off what is left of a lot, or moves on what waited in it. Two processes may try at once: the account is at its
/// floor after the first.
async fn end_lot(scheme: &OpenScheme, key: Key, amount: i64, today: NaiveDate) -> Result<bool, ExpiryError> {
    let path = key.path.clone();
    let mut parts = path.split('/');
    let (Some("volunteer"), Some(id), Some(home)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(false);
    };
    let (Ok(volunteer), Some(last_day)) = (id.parse::<Uuid>(), key.lot.last_day()) else { return Ok(false) };
    let config = scheme.config();
    let code = parts.next().unwrap_or_default();
    let (kind, legs) = match home {
        "points" => (kind::POINTS_EXPIRED, leg(accounts::points(volunteer, key.lot), accounts::expired(), amount)),
        "waiting" => {
            let lot = code.parse().map(Lot::from_code).unwrap_or(Lot::NONE);
            let to = accounts::points(volunteer, lot);
            (kind::POINTS_MATURED, leg(Account::holding(key.clone(), Unit::Points), to, amount))
        }
        "account" => match config.account(code) {
            Some(account) => {
                let from = accounts::account(volunteer, account, key.lot);
                (kind::ACCOUNT_EXPIRED, leg(from, accounts::expired_in(account), amount))
            }
            None => return Ok(false),
        },
        "thawing" => (kind::ACCOUNT_THAWED, thaw(scheme, volunteer, key.lot, today).await?),
        // That it is over is clear from its day; taken off, it is not met with again.
        "banned" => {
            (kind::LEVEL_BAN_ENDED, leg(accounts::banned(volunteer, code, key.lot), accounts::all_bans(), amount))
        }
        _ => return Ok(false),
    };
    let mut document = json!({ "last_day": last_day, "amount": amount });
    if home == "account" {
        document["account"] = code.into();
    }
    let draft = Draft {
        id: Uuid::now_v7(),
        kind,
        // The day after the last on which they could be spent.
        effective_on: last_day.succ_opt().unwrap_or(last_day).min(today),
        party: Some(volunteer),
        document_id: None,
        action: Action::Post(legs),
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    };
    match scheme.book.post(draft).await?.result {
        Ok(_) => Ok(true),
        Err(Rejection::BelowFloor { .. }) => Ok(false),
        Err(rejection) => {
            tracing::error!(account = %key, %rejection, "a lot could not be ended");
            Ok(false)
        }
    }
}

fn leg(from: Account, to: Account, amount: i64) -> Vec<Leg> {
    vec![Leg { from: Source::Account(from), to, amount }]
}

/// An account that has been frozen for its time thaws, and its balance is set to what the rules say.
async fn thaw(scheme: &OpenScheme, volunteer: Uuid, lot: Lot, today: NaiveDate) -> Result<Vec<Leg>, ExpiryError> {
    let view = scheme.book.standings(&[accounts::points_path(volunteer)]).await?;
    let usable = view.lots.iter().flatten().filter(|standing| standing.lot.usable_on(today));
    let available: i64 = usable.map(|standing| (standing.balance - standing.held_out).max(0)).sum();
    let config = scheme.config();
    let rules = config.rules_on(today);
    let thaw_to = rules.and_then(|rules| rules.freeze.as_ref()).map(|freeze| freeze.thaw_to.minor(config.points_scale));
    let more = thaw_to.map_or(0, |thaw_to| thaw_to - available);
    let mut legs = leg(accounts::thawing(volunteer, lot), accounts::freezes(), 1);
    legs.extend(leg(accounts::frozen(volunteer), accounts::freezes(), 1));
    if more > 0 {
        let last_day = rules.and_then(|rules| rules.expiry.last_day(today).ok().flatten());
        let to = accounts::points(volunteer, last_day.map_or(Lot::NONE, Lot::until));
        legs.extend(leg(accounts::issued(), to, more));
    }
    Ok(legs)
}
