//! Sessions: when and where a service is given, and to how many.

pub mod desk;

use crate::api::answers::{ok, written};
use crate::api::auth::{may, station_of};
use crate::api::call::{Call, Json, SessionOf};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, Utc};
use scheme::rewards;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// Left out: the station of the key, or `main`.
    #[schema(example = "main")]
    station: Option<String>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    #[schema(example = 12)]
    seats: i64,
}

#[derive(Serialize, ToSchema)]
pub struct Session {
    id: Uuid,
    reward_id: Uuid,
    station: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    seats: i64,
    seats_left: i64,
    status: SessionStatus,
    /// How often it was moved to another time or place.
    moves: i64,
    version: i64,
}

/// What is cancelled stays so.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    Open,
    Cancelled,
}

same_words!(SessionStatus, rewards::SessionStatus: Open Cancelled);

#[derive(Serialize, ToSchema)]
pub struct Sessions {
    /// Those that are not over, soonest first.
    sessions: Vec<Session>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

impl Session {
    pub fn new(session: &rewards::Session, seats_left: i64) -> Session {
        Session {
            id: session.id,
            reward_id: session.reward_id,
            station: session.station.clone(),
            starts_at: session.starts_at,
            ends_at: session.ends_at,
            seats: session.seats,
            seats_left,
            status: session.status.into(),
            moves: session.moves,
            version: session.version,
        }
    }
}

/// Offer a session of a service, or change it
///
/// You choose the id. Whoever has a place keeps it when the session is moved, is listed in its bookings to be told, and may
/// cancel for free. `out_of_stock` when more seats would be taken away than are free.
#[utoipa::path(
    tag = "sessions",
    request_body = NewSession,
    responses((status = 201, body = Session), (status = 200, body = Session))
)]
#[put("/rewards/{id}/sessions/{session_id}")]
pub async fn put_session(call: Call<may::PutSession, SessionOf, Json<NewSession>>) -> Result<HttpResponse, Problem> {
    let NewSession { station, starts_at, ends_at, seats } = call.input.0;
    let station = station_of(&call.caller, station)?;
    let SessionOf { reward: reward_id, session: id } = call.at;
    let session = rewards::Session { id, reward_id, station, starts_at, ends_at, seats, ..rewards::Session::default() };
    let by = &call.caller.operator;
    let (session, left, how) = rewards::put_session(&call.scheme, session, by, call.now).await?;
    Ok(written(how, session.version, Session::new(&session, left)))
}

/// List the sessions of a service that are neither over nor cancelled
#[utoipa::path(tag = "sessions", responses((status = 200, body = Sessions)))]
#[get("/rewards/{id}/sessions")]
pub async fn list_sessions(call: Call<may::ListSessions, Uuid>) -> Result<HttpResponse, Problem> {
    rewards::get(&call.scheme, call.at).await?;
    let found = rewards::sessions(&call.scheme, call.at, call.now).await?;
    let sessions = found.iter().map(|(session, left)| Session::new(session, *left)).collect();
    Ok(ok(Sessions { sessions, next: None }))
}
