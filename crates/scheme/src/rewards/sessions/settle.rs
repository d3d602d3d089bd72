//! What follows for those who have a place, when a session is moved or cancelled, or over. Every step is an entry with an id
//! of its own, so any number of processes may take them, and stop at any moment.

use super::{Session, SessionStatus, find_session};
use crate::exchanges::{self, ExchangeError};
use crate::micros;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Sessions dealt with in one go.
const TOGETHER: i64 = 200;

/// Does all that is left to do, and answers how many places came to their end.
pub async fn settle(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, ExchangeError> {
    let mut ended = 0;
    let mut after = Uuid::nil();
    loop {
        let due: Vec<(Uuid,)> = scheme
            .db
            .query(
                "SELECT DISTINCT s.id FROM exchanges AS x
                 JOIN reward_sessions AS s ON s.book = x.book AND s.id = x.session_id
                 LEFT JOIN session_notices AS n ON n.book = s.book AND n.session_id = s.id
                 WHERE x.book = $1 AND x.status = 'reserved' AND x.session_id IS NOT NULL AND s.id > $2
                   AND (s.status = 'cancelled' OR s.ends_at <= $3 OR s.moves > COALESCE(n.moves, 0)
                        OR x.expires_at <> s.ends_at)
                 ORDER BY s.id LIMIT $4",
            )
            .bind(scheme.book.number())
            .bind(after)
            .bind(micros(now))
            .bind(TOGETHER)
            .fetch_all()
            .await?;
        let Some((last,)) = due.last() else { return Ok(ended) };
        after = *last;
        for (id,) in &due {
            ended += session(scheme, *id, now).await?;
        }
    }
}

/// A place that is booked: the exchange, the entry that made it, until when it is kept.
#[derive(sqlx::FromRow)]
struct Booked {
    id: Uuid,
    reserved_sequence: i64,
    expires_at: Option<i64>,
}

/// As [`settle`], for one session.
pub async fn session(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<usize, ExchangeError> {
    scheme.sessions.invalidate(&id);
    let session = find_session(scheme, id).await.map_err(exchanges::reward_error)?;
    let booked: Vec<Booked> = scheme
        .db
        .query(
            "SELECT id, reserved_sequence, expires_at FROM exchanges
             WHERE book = $1 AND session_id = $2 AND status = 'reserved' AND session_id IS NOT NULL ORDER BY id",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_all()
        .await?;
    if session.status == SessionStatus::Cancelled {
        for place in &booked {
            exchanges::give_back(scheme, place.id, now).await?;
        }
        return Ok(booked.len());
    }
    if session.moves > 0 {
        tell(scheme, &session, &booked, now).await?;
    }
    let mut ended = 0;
    if session.ends_at <= now {
        for place in booked {
            ended += usize::from(miss(scheme, place.id, now).await?);
        }
    }
    Ok(ended)
}

/// Tells everybody of the newest move, once.
async fn tell(
    scheme: &OpenScheme,
    session: &Session,
    booked: &[Booked],
    now: DateTime<Utc>,
) -> Result<(), ExchangeError> {
    for place in booked {
        let before = session.moved_sequence.is_some_and(|moved| place.reserved_sequence < moved);
        if before || place.expires_at.is_some_and(|until| until != micros(session.ends_at)) {
            exchanges::tell_moved(scheme, place.id, session, now).await?;
        }
    }
    let mut tx = scheme.db.begin_write().await?;
    tx.query(
        "INSERT INTO session_notices (book, session_id, moves) VALUES ($1, $2, $3)
         ON CONFLICT (book, session_id) DO UPDATE SET moves = excluded.moves
             WHERE session_notices.moves < excluded.moves",
    )
    .bind(scheme.book.number())
    .bind(session.id)
    .bind(session.moves)
    .execute()
    .await?;
    Ok(tx.commit().await?)
}

/// Ends a place that nobody came for. Whoever is in the room is waited for until the end of the day.
async fn miss(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<bool, ExchangeError> {
    let exchange = exchanges::get(scheme, id).await?;
    let over = exchange.expires_at.is_none_or(|until| until <= now);
    if !over || super::is_awaited(scheme, id, now).await? {
        return Ok(false);
    }
    // What is final, and has no rule, waits until it is collected.
    let is_final = exchange.is_final();
    exchanges::miss(scheme, exchange, now).await?;
    Ok(!is_final)
}
