//! What ends by itself: reservations that nobody came for, and points past their day. Any number of processes may run it.

use crate::accounts;
use crate::exchanges::{self, ExchangeError};
use crate::micros;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Key, Leg, PostError, Rejection, Source, Unit};
use serde_json::json;
use uuid::Uuid;

/// How many of each are dealt with in one go.
const TOGETHER: i64 = 500;

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    pub exchanges: usize,
    pub lots: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum ExpiryError {
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(#[from] PostError),
}

/// Ends all that is due at `now`.
pub async fn run(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<Expired, ExpiryError> {
    let mut expired = Expired::default();
    loop {
        let due = scheme.book.expired_holds(micros(now), TOGETHER).await?;
        for id in &due {
            exchanges::expire(scheme, *id, now).await?;
        }
        expired.exchanges += due.len();
        if due.len() < TOGETHER as usize {
            break;
        }
    }
    loop {
        let due = scheme.book.lots_before(Unit::Points, scheme.config().day_of(now), TOGETHER).await?;
        for (key, amount) in &due {
            expire_lot(scheme, key.clone(), *amount, now).await?;
        }
        expired.lots += due.len();
        if due.len() < TOGETHER as usize {
            return Ok(expired);
        }
    }
}

/// Takes off what is left of a lot. Two processes may try at once: the account is at its floor after the first.
async fn expire_lot(scheme: &OpenScheme, key: Key, amount: i64, now: DateTime<Utc>) -> Result<(), ExpiryError> {
    let volunteer = key.path.split('/').nth(1).and_then(|id| id.parse::<Uuid>().ok());
    let last_day = key.lot.last_day();
    let Some((volunteer, last_day)) = volunteer.zip(last_day) else { return Ok(()) };
    let from = Source::Account(accounts::points(volunteer, key.lot));
    let draft = Draft {
        id: Uuid::now_v7(),
        kind: kind::POINTS_EXPIRED,
        // The day after the last on which they could be spent.
        effective_on: last_day.succ_opt().unwrap_or(last_day).min(scheme.config().day_of(now)),
        party: Some(volunteer),
        document_id: None,
        action: Action::Post(vec![Leg { from, to: accounts::expired(), amount }]),
        document: json!({ "last_day": last_day, "points": amount }).as_object().cloned().unwrap_or_default(),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    };
    match scheme.book.post(draft).await?.result {
        Ok(_) | Err(Rejection::BelowFloor { .. }) => Ok(()),
        Err(rejection) => {
            tracing::error!(account = %key, %rejection, "points could not be expired");
            Ok(())
        }
    }
}
