//! Transfers: what volunteers give away, to the donation pool or to each other; and what the pool gives on.
//!
//! A gift to the pool is one entry. A gift to somebody is two, since an entry stands on one person's statement: the first takes
//! it from the giver and sets it on its way, the second brings it to the receiver. The second follows from the first, so
//! that repeating the call, or [`finish`], brings to its end what a crash has interrupted. A gift keeps its last days.

mod give;
mod pool;

pub use give::{finish, transfer};
pub use pool::{PoolRequest, RequestDetails, RequestStatus, grant, request, requests};

use crate::config::Relation;
use crate::exchanges::Ineligible;
use crate::moment;
use crate::schemes::OpenScheme;
use crate::standing::StandingError;
use crate::volunteers::{Invalid, VolunteerError};
use chrono::{DateTime, Utc};
use ledger::{PostError, Rejection};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What a volunteer wants to give away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    pub id: Uuid,
    pub from: Uuid,
    pub to: Receiver,
    /// Minor units of points, or minutes; more than 0.
    pub amount: i64,
    /// `None`: points.
    pub account: Option<String>,
    /// How the receiver is related to the giver.
    pub relation: Option<Relation>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    Pool,
    Volunteer(Uuid),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    pub id: Uuid,
    pub from: Uuid,
    pub to: Receiver,
    pub account: Option<String>,
    /// Minor units of points, or minutes.
    pub amount: i64,
    pub relation: Option<Relation>,
    pub made_at: DateTime<Utc>,
    /// Of the entry that took it from the giver.
    pub sequence: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    /// What is done for them is done for the other.
    #[error("the volunteer was merged into {into}")]
    VolunteerMerged { into: Uuid },
    #[error("there is no transfer {id}")]
    TransferNotFound { id: Uuid },
    #[error("there is no request {id}")]
    RequestNotFound { id: Uuid },
    #[error("the id stands for something else: {field} differs")]
    IdTaken { field: String },
    #[error("no rule in force allows it")]
    NotAllowed,
    #[error("{} {} is needed", .0.condition, .0.needed)]
    NotEligible(Ineligible),
    #[error("the account is frozen")]
    AccountFrozen,
    /// Of `account`; `None`: points. Of the pool, when it grants.
    #[error("{available} are there, and {needed} are needed")]
    InsufficientPoints { needed: i64, available: i64, account: Option<String> },
    #[error("{available} more are allowed in this period, and {needed} are given")]
    LimitReached { needed: i64, available: i64, account: Option<String> },
    /// Somebody whom the rules put first waits for what the pool has.
    #[error("the request {first} comes first")]
    HigherPriorityFirst { first: Uuid },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<VolunteerError> for TransferError {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::VolunteerNotFound { id } => TransferError::VolunteerNotFound { id },
            VolunteerError::Merged { into } => TransferError::VolunteerMerged { into },
            VolunteerError::Busy => TransferError::Busy,
            VolunteerError::Database(error) => TransferError::Database(error),
            other => TransferError::Book(other.to_string()),
        }
    }
}

impl From<StandingError> for TransferError {
    fn from(error: StandingError) -> Self {
        match error {
            StandingError::VolunteerNotFound { id } => TransferError::VolunteerNotFound { id },
            StandingError::Busy => TransferError::Busy,
            StandingError::Database(error) => TransferError::Database(error),
            StandingError::Book(error) => TransferError::Book(error),
        }
    }
}

impl From<PostError> for TransferError {
    fn from(error: PostError) -> Self {
        match error {
            // A gift to the pool and one to somebody are of two kinds.
            PostError::IdTaken { field } if field == "kind" => TransferError::IdTaken { field: "to".to_owned() },
            PostError::IdTaken { field } => TransferError::IdTaken { field },
            error if error.is_transient() => TransferError::Busy,
            other => TransferError::Book(other.to_string()),
        }
    }
}

/// Which account refused says what is missing.
fn refused(rejection: Rejection, account: Option<&str>) -> TransferError {
    let whose = account.map(str::to_owned);
    match rejection {
        Rejection::BelowFloor { account, needed, available } => match account.split('/').next() {
            Some("volunteer" | "pool") => TransferError::InsufficientPoints { needed, available, account: whose },
            Some("limit") => TransferError::LimitReached { needed, available, account: whose },
            _ => TransferError::Book(format!("{account} has {available} left, and {needed} are needed")),
        },
        other => TransferError::Book(other.to_string()),
    }
}

fn fields(document: Value) -> Map<String, Value> {
    document.as_object().cloned().unwrap_or_default()
}

#[derive(sqlx::FromRow)]
struct TransferRow {
    id: Uuid,
    from_id: Uuid,
    to_id: Option<Uuid>,
    account: Option<String>,
    amount: i64,
    relation: Option<String>,
    made_at: i64,
    sequence: i64,
}

/// A gift that was made.
pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Transfer, TransferError> {
    let row: Option<TransferRow> = scheme
        .db
        .query(
            "SELECT id, from_id, to_id, account, amount, relation, made_at, sequence
             FROM transfers WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let row = row.ok_or(TransferError::TransferNotFound { id })?;
    Ok(Transfer {
        id: row.id,
        from: row.from_id,
        to: row.to_id.map_or(Receiver::Pool, Receiver::Volunteer),
        account: row.account,
        amount: row.amount,
        relation: row.relation.as_deref().and_then(Relation::parse),
        made_at: moment(row.made_at),
        sequence: row.sequence,
    })
}
