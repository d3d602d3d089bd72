//! Exchanges: points into goods and services.

use crate::api::amounts::{points, yuan};
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, MaybeJson};
use crate::api::error::{Problem, exchange_refused};
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, Utc};
use scheme::exchanges::{self, ExchangeError, Wish};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_exchange).service(collect_exchange).service(cancel_exchange).service(get_exchange);
}

/// What a volunteer wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExchange {
    volunteer_id: Uuid,
    reward_id: Uuid,
    /// Pieces, or uses.
    #[serde(default = "one")]
    #[schema(default = 1)]
    quantity: i64,
    /// Left out: the session's, that of the key, or `main`.
    #[schema(example = "main")]
    station: Option<String>,
    session_id: Option<Uuid>,
    /// Handed over on the spot.
    #[serde(default)]
    collect_now: bool,
}

fn one() -> i64 {
    1
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExchangeStatus)]
pub enum Status {
    Reserved,
    Collected,
    Cancelled,
    Expired,
}

same_words!(Status, exchanges::Status: Reserved Collected Cancelled Expired);

/// An exchange, as its slip shows it.
#[derive(Serialize, ToSchema)]
pub struct Exchange {
    id: Uuid,
    volunteer_id: Uuid,
    reward_id: Uuid,
    station: String,
    session_id: Option<Uuid>,
    quantity: i64,
    /// For all pieces.
    #[schema(example = "10")]
    points: String,
    /// Yuan to be paid at the station, for all pieces.
    price_cash: Option<String>,
    status: Status,
    /// Six digits that whoever comes for it tells.
    #[schema(example = "048213")]
    pickup_code: String,
    /// The place in the queue of the session; nobody's ever changes.
    queue_number: Option<i64>,
    /// What could be spent just before. `null` when it cost no points.
    #[schema(example = "32.5")]
    balance_before: Option<String>,
    #[schema(example = "22.5")]
    balance_after: Option<String>,
    reserved_at: DateTime<Utc>,
    /// Until when it is kept. `null` when it was handed over at once.
    expires_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    /// Of the entry that changed it last.
    sequence: i64,
}

impl Exchange {
    fn new(exchange: exchanges::Exchange, scale: u8) -> Exchange {
        Exchange {
            balance_before: exchange.balance_before.map(|minor| points(minor, scale)),
            balance_after: exchange.balance_after().map(|minor| points(minor, scale)),
            id: exchange.id,
            volunteer_id: exchange.volunteer_id,
            reward_id: exchange.reward_id,
            station: exchange.station,
            session_id: exchange.session_id,
            quantity: exchange.quantity,
            points: points(exchange.points, scale),
            price_cash: exchange.price_cash.map(yuan),
            status: exchange.status.into(),
            pickup_code: exchange.pickup_code,
            queue_number: exchange.queue_number,
            reserved_at: exchange.reserved_at,
            expires_at: exchange.expires_at,
            settled_at: exchange.settled_at,
            sequence: exchange.sequence,
        }
    }
}

/// Exchange points for a reward
///
/// Reserves it, or hands it over with `collect_now`. Points, the piece or the seat, and the personal limit move together or not at
/// all. You choose the id: the same again gets the same answer and pays once, so repeat it until you get one. A refusal is
/// an answer, too; for another attempt choose another id.
#[utoipa::path(
    tag = "exchanges",
    request_body = NewExchange,
    responses((status = 201, body = Exchange), (status = 200, body = Exchange))
)]
#[put("/exchanges/{id}")]
async fn put_exchange(call: Call<may::PutExchange, Uuid, Json<NewExchange>>) -> Result<HttpResponse, Problem> {
    let NewExchange { volunteer_id, reward_id, quantity, station, session_id, collect_now } = call.input.0;
    let wish = Wish { id: call.at, volunteer_id, reward_id, quantity, station, session_id, collect_now };
    let done = exchanges::exchange(&call.scheme, wish, &call.caller.operator, call.now).await;
    answer(StatusCode::CREATED, done, call.scheme.config().points_scale)
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Checked when it is given.
    #[schema(example = "048213")]
    pickup_code: Option<String>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    reason: Option<String>,
}

/// Hand over what was reserved
#[utoipa::path(tag = "exchanges", request_body = Option<Collection>, responses((status = 200, body = Exchange)))]
#[post("/exchanges/{id}/collect")]
async fn collect_exchange(
    call: Call<may::CollectExchange, Uuid, MaybeJson<Collection>>,
) -> Result<HttpResponse, Problem> {
    let code = call.input.0.pickup_code.as_deref();
    let done = exchanges::collect(&call.scheme, call.at, code, call.by(), call.now).await;
    answer(StatusCode::OK, done, call.scale())
}

/// Give back what was reserved
#[utoipa::path(tag = "exchanges", request_body = Option<Cancellation>, responses((status = 200, body = Exchange)))]
#[post("/exchanges/{id}/cancel")]
async fn cancel_exchange(
    call: Call<may::CancelExchange, Uuid, MaybeJson<Cancellation>>,
) -> Result<HttpResponse, Problem> {
    let reason = call.input.0.reason.as_deref();
    let done = exchanges::cancel(&call.scheme, call.at, reason, call.by(), call.now).await;
    answer(StatusCode::OK, done, call.scale())
}

/// Read an exchange
#[utoipa::path(tag = "exchanges", responses((status = 200, body = Exchange)))]
#[get("/exchanges/{id}")]
async fn get_exchange(call: Call<may::GetExchange, Uuid>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let exchange = exchanges::get(&call.scheme, call.at).await.map_err(|error| exchange_refused(error, scale))?;
    Ok(ok(Exchange::new(exchange, scale)))
}

fn answer(
    status: StatusCode,
    done: Result<(exchanges::Exchange, bool), ExchangeError>,
    scale: u8,
) -> Result<HttpResponse, Problem> {
    let (exchange, replayed) = done.map_err(|error| exchange_refused(error, scale))?;
    Ok(once(status, replayed, Exchange::new(exchange, scale)))
}
