//! Who has a place in a session: for the staff of its station.

use super::desk::PlaceState;
use super::{Session, find_session};
use crate::config::Relation;
use crate::keys::Operator;
use crate::rewards::RewardError;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A place that somebody has, or had.
#[derive(Clone, PartialEq, Eq)]
pub struct Booking {
    pub exchange_id: Uuid,
    /// Nobody's ever changes.
    pub queue_number: i64,
    pub volunteer_id: Uuid,
    pub name: String,
    pub phone: Option<String>,
    pub quantity: i64,
    /// For whom it is; `None`: for the volunteer.
    pub relation: Option<Relation>,
    /// Of the exchange.
    pub status: String,
    /// `None`: not here yet.
    pub state: Option<PlaceState>,
    pub checked_in_at: Option<DateTime<Utc>>,
    pub called_at: Option<DateTime<Utc>>,
    /// What they are to be told.
    pub notice: Option<Notice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// It was moved after they had booked.
    Moved,
    /// It was cancelled, and they got everything back.
    Cancelled,
}

#[derive(sqlx::FromRow)]
struct BookingRow {
    exchange_id: Uuid,
    queue_number: i64,
    volunteer_id: Uuid,
    name: String,
    phone: Option<String>,
    quantity: i64,
    relation: Option<String>,
    status: String,
    reserved_sequence: i64,
    settled_sequence: Option<i64>,
    state: Option<String>,
    checked_in_at: Option<i64>,
    called_at: Option<i64>,
}

impl BookingRow {
    fn booking(self, session: &Session) -> Booking {
        Booking {
            notice: self.notice(session),
            exchange_id: self.exchange_id,
            queue_number: self.queue_number,
            volunteer_id: self.volunteer_id,
            name: self.name,
            phone: self.phone,
            quantity: self.quantity,
            relation: self.relation.as_deref().and_then(Relation::parse),
            status: self.status,
            state: self.state.as_deref().and_then(PlaceState::parse),
            checked_in_at: self.checked_in_at.map(crate::moment),
            called_at: self.called_at.map(crate::moment),
        }
    }

    fn notice(&self, session: &Session) -> Option<Notice> {
        let moved = session.moved_sequence?;
        let kept_until_then = self.reserved_sequence < moved && self.settled_sequence.is_none_or(|end| end > moved);
        let notice = match session.status {
            super::SessionStatus::Open => Notice::Moved,
            super::SessionStatus::Cancelled => Notice::Cancelled,
        };
        kept_until_then.then_some(notice)
    }
}

/// The session, and everybody who has or had a place in it, in the order of their numbers.
pub async fn bookings(
    scheme: &OpenScheme,
    session: Uuid,
    by: &Operator,
) -> Result<(Session, Vec<Booking>), RewardError> {
    scheme.sessions.invalidate(&session);
    let session = find_session(scheme, session).await?;
    if !by.serves(&session.station) {
        return Err(RewardError::WrongStation { station: session.station.clone() });
    }
    let rows: Vec<BookingRow> = scheme
        .db
        .query(
            "SELECT x.id AS exchange_id, ROW_NUMBER() OVER (ORDER BY x.reserved_sequence) AS queue_number,
                    x.volunteer_id, v.name, v.phone, x.quantity, x.relation, x.status, x.reserved_sequence,
                    x.settled_sequence, q.state, q.checked_in_at, q.called_at
             FROM exchanges AS x
             JOIN volunteers AS v ON v.book = x.book AND v.id = x.volunteer_id
             LEFT JOIN session_queue AS q ON q.book = x.book AND q.exchange_id = x.id
             WHERE x.book = $1 AND x.session_id = $2 ORDER BY x.reserved_sequence",
        )
        .bind(scheme.book.number())
        .bind(session.id)
        .fetch_all()
        .await?;
    let bookings = rows.into_iter().map(|row| row.booking(&session)).collect();
    Ok(((*session).clone(), bookings))
}
