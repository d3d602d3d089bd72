//! Exchanges: points into goods and services.
//!
//! A reservation holds points, a piece or a seat, and a use of the personal limit, all in one entry: they move together or
//! not at all. Handing over captures the hold, cancelling and expiry release it. The exchange, its entry and its slip share one id.

mod basket;
mod cash;
mod collect;
mod offers;
mod parts;
mod pickup;
mod read;
mod reserve;
mod returns;
mod settle;
mod slips;
mod sponsors;
mod terms;

pub use crate::standing::star;
pub use basket::{Basket, Item};
pub use cash::{Cash, CashDay, Till, cash_day};
pub use collect::{Collector, HandOver, Part, collect, hand_over};
pub use offers::{Offer, SessionOffer, offers};
pub use pickup::payload;
pub use read::{find, get};
use reserve::require_volunteer;
pub use reserve::{exchange, exchange_basket, exchange_for_cash};
pub use returns::{Return, take_back};
pub use settle::cancel;
pub(crate) use settle::{expire, give_back, miss, tell_moved};
pub use slips::{Slip, SlipLine, print_slip, slip};
pub use sponsors::{Period as SettlementPeriod, Settlement, SponsoredReward, settlements};

use crate::config::Relation;
use crate::rewards::RewardError;
use crate::rules::{Beneficiary, Unmet};
use crate::standing::StandingError;
use crate::volunteers::Invalid;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::{PostError, Refusal, Rejection};
use serde_json::{Map, Value, json};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    /// `None`: a basket; what is in it are its lines.
    pub reward_id: Option<Uuid>,
    pub station: String,
    pub session_id: Option<Uuid>,
    pub quantity: i64,
    /// The account that paid; `None`: points.
    pub account: Option<String>,
    /// Minor units of points, or minutes, for all pieces.
    pub points: i64,
    /// Fen, for all pieces.
    pub price_cash: Option<i64>,
    /// For whom it is; `None`: for the volunteer.
    pub relation: Option<Relation>,
    pub status: Status,
    pub pickup_code: String,
    /// The place in the queue of the session.
    pub queue_number: Option<i64>,
    /// What could be spent just before; `None` when it cost no points.
    pub balance_before: Option<i64>,
    pub reserved_at: DateTime<Utc>,
    /// `None`: handed over at once, or not refundable, which is kept until it is collected.
    pub expires_at: Option<DateTime<Utc>>,
    pub settled_at: Option<DateTime<Utc>>,
    /// Who handed it over or cancelled it.
    pub settled_by: Option<Hand>,
    /// Since when no codes are listened to, when too many were wrong; microseconds.
    pub(crate) locked_since: Option<i64>,
    /// What it is of: one line for each reward, at least one.
    pub lines: Vec<Line>,
    /// Of the entry that changed it last.
    pub sequence: i64,
}

/// A key, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    pub key_id: Uuid,
    /// Empty when there is no such key any more.
    pub name: String,
}

/// One reward of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1, 2, …
    pub line: i64,
    pub reward_id: Uuid,
    pub session_id: Option<Uuid>,
    /// Pieces, or uses.
    pub quantity: i64,
    /// For all pieces, as in [`Exchange`].
    pub points: i64,
    pub price_cash: Option<i64>,
    pub queue_number: Option<i64>,
    /// Pieces that were handed over.
    pub collected: i64,
    /// Of these, pieces that came back.
    pub returned: i64,
}

impl Exchange {
    /// Reserved, and spent already: it is collected, and not cancelled.
    pub fn is_final(&self) -> bool {
        self.status == Status::Reserved && self.expires_at.is_none()
    }

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
    /// A place in a session that nobody came for, where the rules say what becomes of the points.
    Missed,
}

impl Status {
    pub const ALL: [Status; 5] =
        [Status::Reserved, Status::Collected, Status::Cancelled, Status::Expired, Status::Missed];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Reserved => "reserved",
            Status::Collected => "collected",
            Status::Cancelled => "cancelled",
            Status::Expired => "expired",
            Status::Missed => "missed",
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
    /// `None`: the volunteer.
    pub beneficiary: Option<Beneficiary>,
    /// Fen, where the price follows from a bill.
    pub bill: Option<i64>,
}

/// A condition that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ineligible {
    /// As the configuration calls it: `min_age`, `labels`, …; `relation`, `entitled_by`, `prohibited`.
    pub condition: String,
    pub needed: String,
    /// Empty when it is not for the book to know.
    pub available: String,
}

impl Ineligible {
    /// A refusal is kept for ever: of what it says about the person, only what the book knows anyway.
    pub(crate) fn of(unmet: &Unmet) -> Ineligible {
        const IN_THE_BOOK: [&str; 5] = ["min_hours", "min_points", "min_services", "min_points_per_hour", "min_step"];
        let known = IN_THE_BOOK.contains(&unmet.condition);
        Ineligible {
            condition: unmet.condition.to_owned(),
            needed: unmet.needed.clone(),
            available: if known { unmet.available.clone() } else { String::new() },
        }
    }

    pub(crate) fn refusal(&self) -> Refusal {
        let Ineligible { condition, needed, available } = self;
        let detail = json!({ "condition": condition, "needed": needed, "available": available });
        Refusal { code: "not_eligible".to_owned(), detail: fields(detail) }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    /// What is done for them is done for the other.
    #[error("the volunteer was merged into {into}")]
    VolunteerMerged { into: Uuid },
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
    /// Of `account`; `None`: points.
    #[error("the balance is {available}, and {needed} are needed")]
    InsufficientPoints { needed: i64, available: i64, account: Option<String> },
    #[error("the account is frozen")]
    AccountFrozen,
    #[error("{available} pieces are left, and {needed} are wanted")]
    OutOfStock { needed: i64, available: i64 },
    #[error("{available} seats are left, and {needed} are wanted")]
    SessionFull { needed: i64, available: i64 },
    #[error("{available} more are allowed in this period, and {needed} are wanted")]
    LimitReached { needed: i64, available: i64 },
    #[error("{} {} is needed", .0.condition, .0.needed)]
    NotEligible(Ineligible),
    /// `opens_on`: the next day on which the rules let it be exchanged.
    #[error("the reward is not offered at this time")]
    OutsideWindow { from: Option<String>, until: Option<String>, opens_on: Option<String> },
    #[error("the reward is not in the catalogue")]
    NotListed,
    #[error("the session is cancelled")]
    SessionCancelled,
    /// After bookings that they did not come for. `until`: the last day.
    #[error("no places are booked for the volunteer until {until:?}")]
    BookingBarred { until: Option<String> },
    #[error("the rules do not take it back")]
    NotRefundable,
    /// `until`: the last day on which it could be returned; `None` when the rules take nothing back.
    #[error("what was collected is not taken back")]
    NotReturnable { until: Option<NaiveDate> },
    /// Too many wrong pick-up codes: no more are listened to for so many seconds.
    #[error("too many wrong codes; again in {retry_after} seconds")]
    TooManyAttempts { retry_after: i64 },
    /// What is wrong with an item of a basket, counted from 0.
    #[error("item {index}: {error}")]
    Item { index: usize, error: Box<ExchangeError> },
    /// The id was refused before, and this is that answer.
    #[error(transparent)]
    Again(Box<ExchangeError>),
    /// Worked out on what is so no more; never answered.
    #[error("it has changed meanwhile")]
    Stale,
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

fn fields(document: Value) -> Map<String, Value> {
    document.as_object().cloned().unwrap_or_default()
}

pub(crate) fn reward_error(error: RewardError) -> ExchangeError {
    match error {
        RewardError::RewardNotFound { id } => ExchangeError::RewardNotFound { id },
        RewardError::SessionNotFound { id } => ExchangeError::SessionNotFound { id },
        RewardError::Database(error) => ExchangeError::Database(error),
        RewardError::Busy => ExchangeError::Busy,
        other => ExchangeError::Book(other.to_string()),
    }
}

impl From<StandingError> for ExchangeError {
    fn from(error: StandingError) -> Self {
        match error {
            StandingError::VolunteerNotFound { id } => ExchangeError::VolunteerNotFound { id },
            StandingError::Busy => ExchangeError::Busy,
            StandingError::Database(error) => ExchangeError::Database(error),
            StandingError::Book(error) => ExchangeError::Book(error),
        }
    }
}

fn post_error(error: PostError) -> ExchangeError {
    match error {
        PostError::IdTaken { field } => ExchangeError::IdTaken { field },
        error if error.is_transient() => ExchangeError::Busy,
        other => ExchangeError::Book(other.to_string()),
    }
}

/// Which account refused says what is missing.
fn refused(rejection: Rejection) -> ExchangeError {
    match rejection {
        Rejection::BelowFloor { account, needed, available } => match account.split('/').collect::<Vec<_>>()[..] {
            ["volunteer", _, "account", code] => {
                ExchangeError::InsufficientPoints { needed, available, account: Some(code.to_owned()) }
            }
            ["volunteer", ..] => ExchangeError::InsufficientPoints { needed, available, account: None },
            ["reward", ..] => ExchangeError::OutOfStock { needed, available },
            ["session", ..] => ExchangeError::SessionFull { needed, available },
            ["limit", ..] => ExchangeError::LimitReached { needed, available },
            _ => ExchangeError::Book(format!("{account} has {available} left, and {needed} are needed")),
        },
        Rejection::AboveCeiling { account, .. } if account.starts_with("session/") => ExchangeError::SessionCancelled,
        Rejection::Refused(refusal) => refused_outside(&refusal),
        other => ExchangeError::Book(other.to_string()),
    }
}

fn refused_outside(refusal: &Refusal) -> ExchangeError {
    let number = |name: &str| refusal.detail.get(name).and_then(Value::as_i64).unwrap_or(0);
    let text = |name: &str| refusal.detail.get(name).and_then(Value::as_str).map(str::to_owned);
    let said = |name: &str| text(name).unwrap_or_default();
    let (needed, available) = (number("needed"), number("available"));
    let error = match refusal.code.as_str() {
        "insufficient_points" => ExchangeError::InsufficientPoints { needed, available, account: text("account") },
        "out_of_stock" => ExchangeError::OutOfStock { needed, available },
        "session_full" => ExchangeError::SessionFull { needed, available },
        "limit_reached" => ExchangeError::LimitReached { needed, available },
        "account_frozen" => ExchangeError::AccountFrozen,
        "not_listed" => ExchangeError::NotListed,
        "session_cancelled" => ExchangeError::SessionCancelled,
        "booking_barred" => ExchangeError::BookingBarred { until: text("until") },
        "not_eligible" => ExchangeError::NotEligible(Ineligible {
            condition: said("condition"),
            needed: said("needed"),
            available: said("available"),
        }),
        _ => ExchangeError::OutsideWindow { from: text("from"), until: text("until"), opens_on: text("opens_on") },
    };
    let item = refusal.detail.get("item").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
    error.of_item(item)
}

impl ExchangeError {
    /// Says which item of a basket it is about, where it is about one.
    fn of_item(self, index: Option<usize>) -> ExchangeError {
        match index {
            Some(index) => ExchangeError::Item { index, error: Box::new(self) },
            None => self,
        }
    }

    /// What is kept as the answer for an id: only what the rules and the book refuse.
    fn refusal(&self) -> Option<Refusal> {
        let (code, detail) = match self {
            ExchangeError::InsufficientPoints { needed, available, account } => {
                ("insufficient_points", json!({ "needed": needed, "available": available, "account": account }))
            }
            ExchangeError::OutOfStock { needed, available } => {
                ("out_of_stock", json!({ "needed": needed, "available": available }))
            }
            ExchangeError::SessionFull { needed, available } => {
                ("session_full", json!({ "needed": needed, "available": available }))
            }
            ExchangeError::LimitReached { needed, available } => {
                ("limit_reached", json!({ "needed": needed, "available": available }))
            }
            ExchangeError::AccountFrozen => ("account_frozen", json!({})),
            ExchangeError::NotListed => ("not_listed", json!({})),
            ExchangeError::SessionCancelled => ("session_cancelled", json!({})),
            ExchangeError::BookingBarred { until } => ("booking_barred", json!({ "until": until })),
            ExchangeError::NotEligible(unmet) => return Some(unmet.refusal()),
            ExchangeError::OutsideWindow { from, until, opens_on } => {
                ("outside_window", json!({ "from": from, "until": until, "opens_on": opens_on }))
            }
            ExchangeError::Item { index, error } => {
                let mut refusal = error.refusal()?;
                refusal.detail.insert("item".to_owned(), (*index).into());
                return Some(refusal);
            }
            _ => return None,
        };
        Some(Refusal { code: code.to_owned(), detail: fields(detail) })
    }
}
