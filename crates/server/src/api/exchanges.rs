//! Exchanges: points into goods and services.

use crate::api::amounts::{Reader, in_account, yuan};
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, MaybeJson};
use crate::api::error::{Problem, exchange_refused};
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::config::Scheme;
use scheme::exchanges::{self, ExchangeError, Wish};
use scheme::rules;
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
    /// For whom it is, when not for the volunteer.
    beneficiary: Option<Beneficiary>,
    /// Yuan, where the rules let the price follow from a bill.
    #[schema(example = "12.00")]
    bill: Option<String>,
}

/// Somebody for whom an exchange is made.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Beneficiary {
    relation: Relation,
    /// Looked at where the rules ask for an age, and not kept.
    birth_date: Option<NaiveDate>,
}

/// How somebody is related to the volunteer.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    #[serde(rename = "self")]
    Oneself,
    Spouse,
    Parent,
    Grandparent,
    Child,
    Sibling,
    OtherFamily,
}

same_words!(Relation, scheme::config::Relation: Oneself Spouse Parent Grandparent Child Sibling OtherFamily);

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
    /// A place in a session that nobody came for, where the rules say what becomes of the points.
    Missed,
}

same_words!(Status, exchanges::Status: Reserved Collected Cancelled Expired Missed);

/// An exchange, as its slip shows it.
#[derive(Serialize, ToSchema)]
pub struct Exchange {
    id: Uuid,
    volunteer_id: Uuid,
    reward_id: Uuid,
    station: String,
    session_id: Option<Uuid>,
    quantity: i64,
    /// The account that paid, by its code; `null`: points.
    account: Option<String>,
    /// For all pieces; hours, when an account of minutes paid.
    #[schema(example = "10")]
    points: String,
    /// Yuan to be paid at the station, for all pieces.
    price_cash: Option<String>,
    /// For whom it is; `null`: for the volunteer.
    relation: Option<Relation>,
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
    /// Until when it is kept. `null` when it was handed over at once, or does not come back: then it is kept until it is collected.
    expires_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    /// Of the entry that changed it last.
    sequence: i64,
}

impl Exchange {
    fn new(exchange: exchanges::Exchange, config: &Scheme) -> Exchange {
        let amount = |amount| in_account(amount, exchange.account.as_deref(), config);
        Exchange {
            balance_before: exchange.balance_before.map(amount),
            balance_after: exchange.balance_after().map(amount),
            points: amount(exchange.points),
            relation: exchange.relation.map(Relation::from),
            id: exchange.id,
            volunteer_id: exchange.volunteer_id,
            reward_id: exchange.reward_id,
            station: exchange.station,
            session_id: exchange.session_id,
            quantity: exchange.quantity,
            account: exchange.account,
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
    let NewExchange { volunteer_id, reward_id, quantity, station, session_id, collect_now, beneficiary, bill } =
        call.input.0;
    let mut amounts = Reader::default();
    let bill = bill.map(|bill| amounts.yuan("/bill", &bill));
    if !amounts.flaws.is_empty() {
        return Err(Problem::invalid(amounts.flaws));
    }
    let beneficiary =
        beneficiary.map(|whom| rules::Beneficiary { relation: whom.relation.into(), birth_date: whom.birth_date });
    let wish =
        Wish { id: call.at, volunteer_id, reward_id, quantity, station, session_id, collect_now, beneficiary, bill };
    let done = exchanges::exchange(&call.scheme, wish, &call.caller.operator, call.now).await;
    answer(StatusCode::CREATED, done, &call.scheme.config())
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
    answer(StatusCode::OK, done, &call.scheme.config())
}

/// Give back what was reserved
#[utoipa::path(tag = "exchanges", request_body = Option<Cancellation>, responses((status = 200, body = Exchange)))]
#[post("/exchanges/{id}/cancel")]
async fn cancel_exchange(
    call: Call<may::CancelExchange, Uuid, MaybeJson<Cancellation>>,
) -> Result<HttpResponse, Problem> {
    let reason = call.input.0.reason.as_deref();
    let done = exchanges::cancel(&call.scheme, call.at, reason, call.by(), call.now).await;
    answer(StatusCode::OK, done, &call.scheme.config())
}

/// Read an exchange
#[utoipa::path(tag = "exchanges", responses((status = 200, body = Exchange)))]
#[get("/exchanges/{id}")]
async fn get_exchange(call: Call<may::GetExchange, Uuid>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let exchange = exchanges::get(&call.scheme, call.at).await.map_err(|error| exchange_refused(error, &config))?;
    Ok(ok(Exchange::new(exchange, &config)))
}

fn answer(
    status: StatusCode,
    done: Result<(exchanges::Exchange, bool), ExchangeError>,
    config: &Scheme,
) -> Result<HttpResponse, Problem> {
    let (exchange, replayed) = done.map_err(|error| exchange_refused(error, config))?;
    Ok(once(status, replayed, Exchange::new(exchange, config)))
}
