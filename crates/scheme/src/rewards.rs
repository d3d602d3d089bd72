//! The rewards catalogue: goods and services, their prices and limits, their stock and their sessions.

mod catalogue;
mod gates;
mod sessions;
pub mod stock;

pub use crate::rules::Period;
pub use catalogue::{PriceChange, available, get, history, list, put};
pub use gates::{Gates, OpenTime};
pub(crate) use gates::{closed, unlisted, visitor};
pub(crate) use sessions::is_awaited;
pub use sessions::{
    Booking, DeskError, Notice, Place, PlaceState, Session, SessionStatus, bookings, call_next, cancel_session,
    check_in, find_session, put_session, queue, seats_left, sessions, settle as settle_sessions, skip,
};
pub use stock::{StockChange, StockChanged, change_stock};

use crate::volunteers::Invalid;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::{PostError, Rejection};
use serde_json::{Map, Value};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reward {
    pub id: Uuid,
    pub details: RewardDetails,
    /// Where pieces of it were ever on the shelf.
    pub stations: Vec<String>,
    /// Of the sponsor that it refers to.
    pub sponsor_name: Option<String>,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewardDetails {
    pub kind: Kind,
    pub name: String,
    /// Minor units, for one piece or one use.
    pub price_points: i64,
    /// Fen, to be paid beside the points.
    pub price_cash: Option<i64>,
    pub limit: Option<Limit>,
    /// The star that the hours of the volunteer must be worth.
    pub min_star: Option<i64>,
    pub from: Option<NaiveDate>,
    /// The last day.
    pub until: Option<NaiveDate>,
    /// How long a reservation is kept.
    pub hold_minutes: i64,
    pub sponsor: Option<String>,
    /// The sponsor's record.
    pub sponsor_id: Option<Uuid>,
    /// A code by which rules of exchange cover it.
    pub group: Option<String>,
    pub state: State,
    /// A code under which screens show it: there is no list of them.
    pub category: Option<String>,
    /// The digest of its picture.
    pub picture: Option<String>,
    pub gates: Gates,
}

impl RewardDetails {
    /// A reward with nothing special about it, kept for three days when it is reserved.
    pub fn plain(kind: Kind, name: &str, price_points: i64) -> RewardDetails {
        RewardDetails {
            kind,
            name: name.to_owned(),
            price_points,
            price_cash: None,
            limit: None,
            min_star: None,
            from: None,
            until: None,
            hold_minutes: 3 * 24 * 60,
            sponsor: None,
            sponsor_id: None,
            group: None,
            state: State::Listed,
            category: None,
            picture: None,
            gates: Gates::default(),
        }
    }
}

/// Whether it is offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// Being prepared: not shown, not exchanged.
    Draft,
    #[default]
    Listed,
    /// No longer offered. What is reserved can be collected.
    Delisted,
}

impl State {
    pub const ALL: [State; 3] = [State::Draft, State::Listed, State::Delisted];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Listed => "listed",
            State::Delisted => "delisted",
        }
    }

    pub fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Good,
    Service,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Good => "good",
            Kind::Service => "service",
        }
    }
}

/// So many pieces or uses for one person in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub uses: i64,
    pub per: Period,
}

#[derive(Debug, thiserror::Error)]
pub enum RewardError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no reward {id}")]
    RewardNotFound { id: Uuid },
    #[error("there is no session {id}")]
    SessionNotFound { id: Uuid },
    #[error("the session is cancelled")]
    SessionCancelled,
    #[error("there is no transfer of stock {id}")]
    StockTransferNotFound { id: Uuid },
    #[error("the book has {size} entries")]
    BeyondTheBook { size: i64 },
    /// What it rests on has changed: it is worked out anew, and nobody is told.
    #[error("it has changed meanwhile")]
    Stale,
    #[error("the key is for another station than {station:?}")]
    WrongStation { station: String },
    #[error("the id stands for something else: {field} differs")]
    IdTaken { field: String },
    #[error("the reward was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    /// Fewer pieces are on the shelf and not reserved, or fewer seats are free, than would be taken away.
    #[error("{available} are left, and {needed} would be taken away")]
    OutOfStock { needed: i64, available: i64 },
    /// The id was refused before, and this is that answer.
    #[error(transparent)]
    Again(Box<RewardError>),
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

fn post_error(error: PostError) -> RewardError {
    match error {
        PostError::IdTaken { field } => RewardError::IdTaken { field },
        error if error.is_transient() => RewardError::Busy,
        other => RewardError::Book(other.to_string()),
    }
}

fn refused(rejection: Rejection) -> RewardError {
    match rejection {
        Rejection::BelowFloor { needed, available, .. } => RewardError::OutOfStock { needed, available },
        other => RewardError::Book(other.to_string()),
    }
}
