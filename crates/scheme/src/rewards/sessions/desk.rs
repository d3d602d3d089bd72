//! The queue of a session: who is here, whose turn it is. Nothing is counted here that could run out, so it is rows under a
//! lock, and not the book; that it is done is the exchange handed over.

use super::{Session, SessionStatus, find_session};
use crate::exchanges::{self, Exchange, ExchangeError, Status};
use crate::keys::Operator;
use crate::rewards::RewardError;
use crate::schemes::OpenScheme;
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// A place of somebody who is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub exchange_id: Uuid,
    pub session_id: Uuid,
    pub queue_number: i64,
    pub state: PlaceState,
    pub checked_in_at: DateTime<Utc>,
    pub called_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceState {
    Waiting,
    /// Called, and being served.
    Called,
    /// Called, and did not come.
    Skipped,
    /// Handed over.
    Done,
    /// Cancelled, or given up.
    Gone,
}

impl PlaceState {
    const STORED: [PlaceState; 3] = [PlaceState::Waiting, PlaceState::Called, PlaceState::Skipped];

    pub fn as_str(self) -> &'static str {
        match self {
            PlaceState::Waiting => "waiting",
            PlaceState::Called => "called",
            PlaceState::Skipped => "skipped",
            PlaceState::Done => "done",
            PlaceState::Gone => "gone",
        }
    }

    pub fn parse(text: &str) -> Option<PlaceState> {
        PlaceState::STORED.into_iter().find(|state| state.as_str() == text)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    #[error(transparent)]
    Reward(#[from] RewardError),
    #[error("the exchange is no place in a session")]
    NoSession,
    #[error("check-in is on the day of the session, until its end")]
    WrongTime { starts_at: DateTime<Utc>, ends_at: DateTime<Utc> },
    #[error("the place is {}", state.as_str())]
    WrongState { state: PlaceState },
    #[error("the call {id} was one of another session")]
    IdTaken { id: Uuid },
    #[error("nobody is waiting")]
    NobodyWaits,
    #[error(transparent)]
    Database(#[from] db::Error),
}

#[derive(sqlx::FromRow)]
struct PlaceRow {
    exchange_id: Uuid,
    session_id: Uuid,
    queue_number: i64,
    state: String,
    status: String,
    checked_in_at: i64,
    called_at: Option<i64>,
}

impl PlaceRow {
    fn place(self) -> db::Result<Place> {
        let stored =
            || PlaceState::parse(&self.state).ok_or_else(|| db::Error::Damaged("session_queue.state".to_owned()));
        let state = match self.status.as_str() {
            "reserved" => stored()?,
            "collected" => PlaceState::Done,
            _ => PlaceState::Gone,
        };
        Ok(Place {
            exchange_id: self.exchange_id,
            session_id: self.session_id,
            queue_number: self.queue_number,
            state,
            checked_in_at: moment(self.checked_in_at),
            called_at: self.called_at.map(moment),
        })
    }
}

/// Somebody who has a place is here. Who was called and did not come gets in line again, behind those who were not called.
pub async fn check_in(
    scheme: &OpenScheme,
    exchange: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Place, bool), DeskError> {
    let (exchange, session) = booked(scheme, exchange, by).await?;
    let config = scheme.config();
    if session.ends_at <= now || config.day_of(session.starts_at) > config.day_of(now) {
        return Err(DeskError::WrongTime { starts_at: session.starts_at, ends_at: session.ends_at });
    }
    let mut tx = scheme.db.begin_write().await?;
    lock(&mut tx, scheme, session.id).await?;
    let known = find(&mut tx, scheme, exchange.id).await?;
    if known.as_ref().is_some_and(|place| place.state != PlaceState::Skipped) {
        return Ok((known.ok_or(DeskError::NobodyWaits)?, true));
    }
    tx.query(
        "INSERT INTO session_queue (book, exchange_id, session_id, queue_number, state, checked_in_at, skips)
         VALUES ($1, $2, $3, $4, 'waiting', $5, 0)
         ON CONFLICT (book, exchange_id) DO UPDATE SET state = 'waiting', checked_in_at = excluded.checked_in_at",
    )
    .bind(scheme.book.number())
    .bind(exchange.id)
    .bind(session.id)
    .bind(exchange.queue_number.unwrap_or(0))
    .bind(micros(now))
    .execute()
    .await?;
    let place = find(&mut tx, scheme, exchange.id).await?.ok_or(DeskError::NoSession)?;
    tx.commit().await?;
    Ok((place, false))
}

/// Calls the next who waits: the lowest number, and whoever missed a call after all others. The same id again is answered with
/// the same place.
pub async fn call_next(
    scheme: &OpenScheme,
    session: Uuid,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Place, bool), DeskError> {
    let session = find_session(scheme, session).await?;
    if !by.serves(&session.station) {
        return Err(RewardError::WrongStation { station: session.station.clone() }.into());
    }
    let mut tx = scheme.db.begin_write().await?;
    lock(&mut tx, scheme, session.id).await?;
    let made: Option<(Uuid, Uuid)> = tx
        .query("SELECT session_id, exchange_id FROM session_calls WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    if let Some((of, exchange)) = made {
        if of != session.id {
            return Err(DeskError::IdTaken { id });
        }
        return Ok((find(&mut tx, scheme, exchange).await?.ok_or(DeskError::NobodyWaits)?, true));
    }
    let next: Option<(Uuid,)> = tx
        .query(
            "SELECT q.exchange_id FROM session_queue AS q
             JOIN exchanges AS x ON x.book = q.book AND x.id = q.exchange_id AND x.status = 'reserved'
             WHERE q.book = $1 AND q.session_id = $2 AND q.state = 'waiting'
             ORDER BY q.skips, q.queue_number LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(session.id)
        .fetch_optional()
        .await?;
    let (exchange,) = next.ok_or(DeskError::NobodyWaits)?;
    tx.query(
        "UPDATE session_queue SET state = 'called', called_at = $3, call_id = $4 WHERE book = $1 AND exchange_id = $2",
    )
    .bind(scheme.book.number())
    .bind(exchange)
    .bind(micros(now))
    .bind(id)
    .execute()
    .await?;
    tx.query(
        "INSERT INTO session_calls (book, id, session_id, exchange_id, called_by, called_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(session.id)
    .bind(exchange)
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    let place = find(&mut tx, scheme, exchange).await?.ok_or(DeskError::NobodyWaits)?;
    tx.commit().await?;
    Ok((place, false))
}

/// Whoever was called did not come.
pub async fn skip(scheme: &OpenScheme, exchange: Uuid, by: &Operator) -> Result<(Place, bool), DeskError> {
    let (exchange, session) = booked(scheme, exchange, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    lock(&mut tx, scheme, session.id).await?;
    let known = find(&mut tx, scheme, exchange.id).await?.ok_or(DeskError::NobodyWaits)?;
    match known.state {
        PlaceState::Skipped => return Ok((known, true)),
        PlaceState::Called => {}
        state => return Err(DeskError::WrongState { state }),
    }
    tx.query("UPDATE session_queue SET state = 'skipped', skips = skips + 1 WHERE book = $1 AND exchange_id = $2")
        .bind(scheme.book.number())
        .bind(exchange.id)
        .execute()
        .await?;
    tx.commit().await?;
    Ok((Place { state: PlaceState::Skipped, ..known }, false))
}

/// Everybody who is or was here, in the order in which they are called: numbers alone, for a screen in the room.
pub async fn queue(scheme: &OpenScheme, session: Uuid) -> Result<Vec<Place>, DeskError> {
    find_session(scheme, session).await?;
    let rows: Vec<PlaceRow> = scheme
        .db
        .query(
            "SELECT q.exchange_id, q.session_id, q.queue_number, q.state, x.status, q.checked_in_at, q.called_at
             FROM session_queue AS q JOIN exchanges AS x ON x.book = q.book AND x.id = q.exchange_id
             WHERE q.book = $1 AND q.session_id = $2 ORDER BY q.skips, q.queue_number",
        )
        .bind(scheme.book.number())
        .bind(session)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(PlaceRow::place).collect::<db::Result<_>>()?)
}

/// Whether somebody who has this place is here, and the day of their coming is not over.
pub(crate) async fn is_awaited(scheme: &OpenScheme, exchange: Uuid, now: DateTime<Utc>) -> db::Result<bool> {
    let row: Option<(i64,)> = scheme
        .db
        .query("SELECT checked_in_at FROM session_queue WHERE book = $1 AND exchange_id = $2")
        .bind(scheme.book.number())
        .bind(exchange)
        .fetch_optional()
        .await?;
    let config = scheme.config();
    Ok(row.is_some_and(|(checked_in_at,)| config.day_of(moment(checked_in_at)) == config.day_of(now)))
}

/// A place that is still somebody's, in a session that takes place, at a station that the caller serves.
async fn booked(scheme: &OpenScheme, exchange: Uuid, by: &Operator) -> Result<(Exchange, Arc<Session>), DeskError> {
    let exchange = exchanges::get(scheme, exchange).await?;
    if !by.serves(&exchange.station) {
        return Err(ExchangeError::WrongStation { station: exchange.station }.into());
    }
    if exchange.status != Status::Reserved {
        return Err(ExchangeError::StateConflict { status: exchange.status }.into());
    }
    let session = find_session(scheme, exchange.session_id.ok_or(DeskError::NoSession)?).await?;
    match session.status {
        SessionStatus::Open => Ok((exchange, session)),
        SessionStatus::Cancelled => Err(ExchangeError::SessionCancelled.into()),
    }
}

/// One at a time for each session.
async fn lock(tx: &mut db::Tx, scheme: &OpenScheme, session: Uuid) -> db::Result<()> {
    tx.query("INSERT INTO session_desks (book, session_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(scheme.book.number())
        .bind(session)
        .execute()
        .await?;
    tx.lock("SELECT book FROM session_desks WHERE book = $1 AND session_id = $2")
        .bind(scheme.book.number())
        .bind(session)
        .fetch_one::<(i64,)>()
        .await?;
    Ok(())
}

async fn find(tx: &mut db::Tx, scheme: &OpenScheme, exchange: Uuid) -> db::Result<Option<Place>> {
    let row: Option<PlaceRow> = tx
        .query(
            "SELECT q.exchange_id, q.session_id, q.queue_number, q.state, x.status, q.checked_in_at, q.called_at
             FROM session_queue AS q JOIN exchanges AS x ON x.book = q.book AND x.id = q.exchange_id
             WHERE q.book = $1 AND q.exchange_id = $2",
        )
        .bind(scheme.book.number())
        .bind(exchange)
        .fetch_optional()
        .await?;
    row.map(PlaceRow::place).transpose()
}
