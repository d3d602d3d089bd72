//! The volunteer points scheme: why minutes and points move.
//!
//! A public function here is one thing a person can do: record a service, confirm it, exchange points for a haircut. It
//! builds one draft, posts it once, and is all that the REST interface, the kiosk and the console share.
//!
//! It promises: nothing is paid twice, oversold or overdrawn, whoever asks, however often, from however many processes;
//! what a record earned can be explained line by line; no personal data enters the ledger.
//!
//! It refuses to know HTTP and screens.

pub mod calendar;
pub mod certificates;
pub mod config;
pub mod rules;

pub mod actors;
pub mod keys;
pub mod schemes;
mod secrets;

pub mod activities;
pub mod codes;
pub mod pictures;
pub mod posts;
pub mod presence;
pub mod rewards;
pub mod services;
pub mod sponsors;
pub mod stations;
pub mod teams;
pub mod units;
pub mod volunteers;

pub mod names;

pub mod anomalies;
pub mod balances;
pub mod complaints;
pub mod corrections;
pub mod honours;
pub mod ratings;
pub mod records;
pub mod trainings;
pub mod wishes;

pub mod events;
pub mod notices;
pub mod webhooks;

pub mod exchanges;
pub mod expiry;
pub mod imports;
pub mod levels;
pub mod passbooks;
pub mod publicity;
pub mod rankings;
pub mod reviews;
pub mod selections;
pub mod solvency;
pub mod statements;
pub mod statistics;
pub mod transfers;

mod accounts;
mod marks;
mod presented;
mod projection;
mod reasons;
mod standing;
pub mod verify;

pub use keys::{Operator, Role};
pub use schemes::{OpenScheme, Schemes, Settings};
pub use secrets::Secrets;

use chrono::{DateTime, Utc};

/// The microseconds since 1970 of a moment, as stored.
pub(crate) fn micros(moment: DateTime<Utc>) -> i64 {
    moment.timestamp_micros()
}

/// The moment that was stored as microseconds since 1970.
pub(crate) fn moment(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
