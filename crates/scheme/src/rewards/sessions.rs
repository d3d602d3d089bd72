//! Sessions of a service: its seats are an account, its row is a projection.
//!
//! Who moves or cancels a session writes one entry. What follows for everybody who has a place, a job does entry by entry
//! ([`settle`]): it can stop at any moment, and any process goes on with it.

mod bookings;
mod cancel;
mod desk;
mod settle;

pub use bookings::{Booking, Notice, bookings};
pub use cancel::cancel_session;
pub(crate) use desk::is_awaited;
pub use desk::{DeskError, Place, PlaceState, call_next, check_in, queue, skip};
pub use settle::settle;

use super::{Kind, Reward, RewardError, fields, get, post_error, refused};
use crate::accounts;
use crate::keys::Operator;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use crate::stations;
use crate::volunteers::{Invalid, Written};
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Leg, PostError, Source};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// A date on which a service is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    pub id: Uuid,
    pub reward_id: Uuid,
    pub station: String,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub seats: i64,
    pub status: SessionStatus,
    /// How often it was moved to another time or place.
    pub moves: i64,
    /// Of the entry that moved or cancelled it last: whoever had a place before is to be told.
    pub moved_sequence: Option<i64>,
    /// Counts changes; 0 for one that is not yet made.
    pub version: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionStatus {
    #[default]
    Open,
    /// For good.
    Cancelled,
}

impl SessionStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            SessionStatus::Open => "open",
            SessionStatus::Cancelled => "cancelled",
        }
    }
}

/// Offers a session of a service, or moves it, or changes the number of its seats. Answers it with the seats left.
pub async fn put_session(
    scheme: &OpenScheme,
    session: Session,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Arc<Session>, i64, Written), RewardError> {
    let reward = get(scheme, session.reward_id).await?;
    let flaws = check_session(&reward, &session, stations::is_known(scheme, &session.station).await?);
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    loop {
        scheme.sessions.invalidate(&session.id);
        let known = match find_session(scheme, session.id).await {
            Ok(known) => Some(known),
            Err(RewardError::SessionNotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let version = known.as_ref().map_or(0, |known| known.version);
        let (moves, moved_sequence) = known.as_ref().map_or((0, None), |known| (known.moves, known.moved_sequence));
        let session = Session { version, moves, moved_sequence, ..session.clone() };
        let written = match &known {
            None => Written::Created,
            Some(known) if known.status == SessionStatus::Cancelled => return Err(RewardError::SessionCancelled),
            Some(known) if **known == session => {
                return Ok((known.clone(), seats_left(scheme, session.id).await?, Written::Same));
            }
            Some(known) if known.reward_id != session.reward_id => {
                return Err(RewardError::IdTaken { field: "reward_id".to_owned() });
            }
            Some(_) => Written::Changed,
        };
        let draft = change(scheme, &session, known.as_deref(), by, now);
        match scheme.book.post(draft).await {
            Ok(outcome) => {
                outcome.result.map_err(refused)?;
                scheme.sessions.invalidate(&session.id);
                let session = find_session(scheme, session.id).await?;
                return Ok((session.clone(), seats_left(scheme, session.id).await?, written));
            }
            // Somebody else made this version of it: look again.
            Err(PostError::IdTaken { .. }) => {}
            Err(error) => return Err(post_error(error)),
        }
    }
}

/// The next version of a session.
fn change(scheme: &OpenScheme, session: &Session, known: Option<&Session>, by: &Operator, now: DateTime<Utc>) -> Draft {
    let version = session.version + 1;
    let change = session.seats - known.map_or(0, |known| known.seats);
    let account = accounts::seats(session.id);
    let mut legs = match change {
        0 => Vec::new(),
        1.. => vec![Leg { from: Source::Account(accounts::offered()), to: account, amount: change }],
        _ => vec![Leg { from: Source::Account(account), to: accounts::offered(), amount: -change }],
    };
    let place = |session: &Session| (session.starts_at, session.ends_at, session.station.clone());
    let moved = known.is_some_and(|known| place(known) != place(session));
    if moved {
        legs.push(Leg { from: Source::Account(accounts::moves()), to: accounts::moved(session.id), amount: 1 });
    }
    let kind = if moved { kind::SESSION_MOVED } else { kind::SESSION_CHANGED };
    let session = Session { moves: session.moves + i64::from(moved), ..session.clone() };
    draft(scheme, &session, version, (kind, legs), by, now)
}

/// The entry that makes `version` of a session.
fn draft(
    scheme: &OpenScheme,
    session: &Session,
    version: i64,
    (kind, legs): (&'static str, Vec<Leg>),
    by: &Operator,
    now: DateTime<Utc>,
) -> Draft {
    let document = json!({
        "reward_id": session.reward_id,
        "station": session.station,
        "starts_at": micros(session.starts_at),
        "ends_at": micros(session.ends_at),
        "seats": session.seats,
        "moves": session.moves,
        "version": version,
        "by": by.key_id,
    });
    Draft {
        // Versions follow each other: two who change the same version at once cannot both succeed.
        id: Uuid::new_v5(&session.id, format!("version {version}").as_bytes()),
        kind,
        effective_on: scheme.config().day_of(now),
        party: None,
        document_id: Some(session.id),
        action: Action::Post(legs),
        document: fields(document),
        intent: &["reward_id", "station", "starts_at", "ends_at", "seats"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    }
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    reward_id: Uuid,
    station: String,
    starts_at: i64,
    ends_at: i64,
    seats: i64,
    status: String,
    moves: i64,
    moved_sequence: Option<i64>,
    version: i64,
}

impl SessionRow {
    fn session(self) -> Session {
        Session {
            id: self.id,
            reward_id: self.reward_id,
            station: self.station,
            starts_at: moment(self.starts_at),
            ends_at: moment(self.ends_at),
            seats: self.seats,
            status: if self.status == "open" { SessionStatus::Open } else { SessionStatus::Cancelled },
            moves: self.moves,
            moved_sequence: self.moved_sequence,
            version: self.version,
        }
    }
}

pub async fn find_session(scheme: &OpenScheme, id: Uuid) -> Result<Arc<Session>, RewardError> {
    if let Some(known) = scheme.sessions.get(&id) {
        return Ok(known);
    }
    let row: Option<SessionRow> = scheme
        .db
        .query(
            "SELECT id, reward_id, station, starts_at, ends_at, seats, status, moves, moved_sequence, version
             FROM reward_sessions
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let session = Arc::new(row.ok_or(RewardError::SessionNotFound { id })?.session());
    scheme.sessions.insert(id, session.clone());
    Ok(session)
}

/// The sessions of a reward that end after `now` and are not cancelled, and the seats left in each.
pub async fn sessions(
    scheme: &OpenScheme,
    reward: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<(Session, i64)>, RewardError> {
    let rows: Vec<SessionRow> = scheme
        .db
        .query(
            "SELECT id, reward_id, station, starts_at, ends_at, seats, status, moves, moved_sequence, version
             FROM reward_sessions
             WHERE book = $1 AND reward_id = $2 AND ends_at > $3 AND status = 'open' ORDER BY starts_at, id",
        )
        .bind(scheme.book.number())
        .bind(reward)
        .bind(micros(now))
        .fetch_all()
        .await?;
    let paths: Vec<Arc<str>> = rows.iter().map(|row| accounts::seats_path(row.id)).collect();
    let view = scheme.book.standings(&paths).await.map_err(post_error)?;
    let left = view.lots.iter().map(|lots| lots.first().map_or(0, |standing| standing.available()));
    Ok(rows.into_iter().map(SessionRow::session).zip(left).collect())
}

pub async fn seats_left(scheme: &OpenScheme, session: Uuid) -> Result<i64, RewardError> {
    let view = scheme.book.standings(&[accounts::seats_path(session)]).await.map_err(post_error)?;
    Ok(view.lots[0].first().map_or(0, |standing| standing.available()))
}

fn check_session(reward: &Reward, session: &Session, has_station: bool) -> Vec<Invalid> {
    let mut flaws = Vec::new();
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    if reward.details.kind == Kind::Good {
        refuse("reward_id", "not_a_service", "a good has stock; only a service has sessions");
    }
    if !has_station {
        refuse("station", "unknown_station", "the scheme has no such station");
    }
    if session.ends_at <= session.starts_at {
        refuse("ends_at", "end_before_start", "the end is not after the beginning");
    }
    if !(0..=100_000).contains(&session.seats) {
        refuse("seats", "invalid_seats", "a session has 0 to 100000 seats");
    }
    flaws
}
