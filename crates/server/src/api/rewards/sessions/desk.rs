//! The day of a session: who has a place, who is here, whose turn it is.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, SessionOf};
use crate::api::error::{Problem, desk_refused};
use crate::api::exchanges::Relation;
use crate::api::rewards::sessions::Session;
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use scheme::rewards::{self, DeskError, SessionStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where somebody who is here stands: `done` when it was handed over, `gone` when it was cancelled or given up.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceState {
    Waiting,
    Called,
    Skipped,
    Done,
    Gone,
}

same_words!(PlaceState, rewards::PlaceState: Waiting Called Skipped Done Gone);

/// A place of somebody who is here: no name, since it is shown in the room.
#[derive(Serialize, ToSchema)]
pub struct Place {
    exchange_id: Uuid,
    session_id: Uuid,
    #[schema(example = 7)]
    queue_number: i64,
    state: PlaceState,
    checked_in_at: DateTime<Utc>,
    called_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
pub struct Queue {
    /// In the order in which they are called.
    places: Vec<Place>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

/// What somebody is to be told of the session they booked.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    Moved,
    Cancelled,
}

same_words!(Notice, rewards::Notice: Moved Cancelled);

#[derive(Serialize, ToSchema)]
pub struct Booking {
    exchange_id: Uuid,
    #[schema(example = 7)]
    queue_number: i64,
    volunteer_id: Uuid,
    name: String,
    phone: Option<String>,
    quantity: i64,
    /// For whom it is; `null`: for the volunteer.
    relation: Option<Relation>,
    /// Of the exchange.
    #[schema(example = "reserved")]
    status: String,
    /// `null`: not here yet.
    state: Option<PlaceState>,
    checked_in_at: Option<DateTime<Utc>>,
    called_at: Option<DateTime<Utc>>,
    /// The session was moved, or cancelled, after they had booked: they are to be told.
    notice: Option<Notice>,
}

#[derive(Serialize, ToSchema)]
pub struct Bookings {
    session: Session,
    /// In the order of their numbers.
    bookings: Vec<Booking>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCall {
    /// You choose it; the same again calls nobody else.
    id: Uuid,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionCancellation {
    #[schema(example = "理发师生病")]
    reason: String,
}

impl Place {
    fn new(place: rewards::Place) -> Place {
        let rewards::Place { exchange_id, session_id, queue_number, state, checked_in_at, called_at } = place;
        Place { exchange_id, session_id, queue_number, state: state.into(), checked_in_at, called_at }
    }
}

impl Booking {
    fn new(booking: rewards::Booking) -> Booking {
        Booking {
            exchange_id: booking.exchange_id,
            queue_number: booking.queue_number,
            volunteer_id: booking.volunteer_id,
            name: booking.name,
            phone: booking.phone,
            quantity: booking.quantity,
            relation: booking.relation.map(Relation::from),
            status: booking.status,
            state: booking.state.map(PlaceState::from),
            checked_in_at: booking.checked_in_at,
            called_at: booking.called_at,
            notice: booking.notice.map(Notice::from),
        }
    }
}

/// Who has a place in a session, and who is to be told of what
#[utoipa::path(tag = "sessions", responses((status = 200, body = Bookings)))]
#[get("/rewards/{id}/sessions/{session_id}/bookings")]
pub async fn list_bookings(call: Call<may::ListBookings, SessionOf>) -> Result<HttpResponse, Problem> {
    of_reward(&call.scheme, &call.at).await?;
    let (session, bookings) = rewards::bookings(&call.scheme, call.at.session, call.by()).await?;
    let left = match session.status {
        SessionStatus::Open => rewards::seats_left(&call.scheme, session.id).await?,
        SessionStatus::Cancelled => 0,
    };
    let bookings = bookings.into_iter().map(Booking::new).collect();
    Ok(ok(Bookings { session: Session::new(&session, left), bookings, next: None }))
}

/// The queue of a session, for a screen in the room: numbers, and no names
#[utoipa::path(tag = "sessions", responses((status = 200, body = Queue)))]
#[get("/rewards/{id}/sessions/{session_id}/queue")]
pub async fn get_queue(call: Call<may::GetQueue, SessionOf>) -> Result<HttpResponse, Problem> {
    of_reward(&call.scheme, &call.at).await?;
    let config = call.scheme.config();
    let places = rewards::queue(&call.scheme, call.at.session).await.map_err(|error| desk_refused(error, &config))?;
    Ok(ok(Queue { places: places.into_iter().map(Place::new).collect(), next: None }))
}

/// Check in for a session
///
/// On its day, until its end. Whoever was skipped checks in again, and is called after those who were not called yet.
#[utoipa::path(
    tag = "sessions",
    responses((status = 201, body = Place), (status = 200, body = Place))
)]
#[post("/exchanges/{id}/check-in")]
pub async fn check_in(call: Call<may::CheckIn, Uuid>) -> Result<HttpResponse, Problem> {
    answer(&call.scheme, rewards::check_in(&call.scheme, call.at, call.by(), call.now).await)
}

/// Call the next who waits
///
/// The lowest number that is here; whoever missed a call comes after all others. `nobody_waits` when there is none. When it is
/// done, hand the exchange over; when nobody comes, skip it.
#[utoipa::path(
    tag = "sessions",
    request_body = NewCall,
    responses((status = 201, body = Place), (status = 200, body = Place))
)]
#[post("/rewards/{id}/sessions/{session_id}/calls")]
pub async fn call_next(call: Call<may::CallNext, SessionOf, Json<NewCall>>) -> Result<HttpResponse, Problem> {
    of_reward(&call.scheme, &call.at).await?;
    let id = call.input.0.id;
    answer(&call.scheme, rewards::call_next(&call.scheme, call.at.session, id, call.by(), call.now).await)
}

/// Whoever was called did not come
#[utoipa::path(tag = "sessions", responses((status = 201, body = Place), (status = 200, body = Place)))]
#[post("/exchanges/{id}/skip")]
pub async fn skip_place(call: Call<may::SkipPlace, Uuid>) -> Result<HttpResponse, Problem> {
    answer(&call.scheme, rewards::skip(&call.scheme, call.at, call.by()).await)
}

/// Cancel a session
///
/// For good. Nobody gets a place in it any more, and whoever has one gets everything back; the bookings list says who is to be
/// told.
#[utoipa::path(tag = "sessions", request_body = SessionCancellation, responses((status = 200, body = Session)))]
#[post("/rewards/{id}/sessions/{session_id}/cancel")]
pub async fn cancel_session(
    call: Call<may::CancelSession, SessionOf, Json<SessionCancellation>>,
) -> Result<HttpResponse, Problem> {
    of_reward(&call.scheme, &call.at).await?;
    let reason = &call.input.0.reason;
    let (session, replayed) =
        rewards::cancel_session(&call.scheme, call.at.session, reason, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, Session::new(&session, 0)))
}

/// 404, unless the session is one of the reward in the path.
async fn of_reward(scheme: &scheme::OpenScheme, at: &SessionOf) -> Result<(), Problem> {
    let session = rewards::find_session(scheme, at.session).await?;
    match session.reward_id == at.reward {
        true => Ok(()),
        false => Err(rewards::RewardError::SessionNotFound { id: at.session }.into()),
    }
}

fn answer(
    scheme: &scheme::OpenScheme,
    done: Result<(rewards::Place, bool), DeskError>,
) -> Result<HttpResponse, Problem> {
    let (place, replayed) = done.map_err(|error| desk_refused(error, &scheme.config()))?;
    Ok(once(StatusCode::CREATED, replayed, Place::new(place)))
}
