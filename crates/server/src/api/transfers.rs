//! Gifts of points and hours, and the donation pool.

mod pool;

use crate::api::amounts::{Reader, in_account};
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::{Problem, transfer_refused};
use crate::api::exchanges::Relation;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, Utc};
use scheme::config::Scheme;
use scheme::transfers::{self, Gift, Receiver, TransferError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_transfer)
        .service(get_transfer)
        .service(pool::put_pool_request)
        .service(pool::list_pool_requests)
        .service(pool::grant_pool_request);
}

/// What a volunteer gives away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTransfer {
    /// The volunteer who gives.
    from: Uuid,
    /// The volunteer who gets it, or `pool`.
    to: To,
    /// Points, or hours of an account of minutes.
    #[schema(example = "5")]
    amount: String,
    /// The account that it is given out of, by its code; points when left out.
    account: Option<String>,
    /// How the receiver is related to the giver, where the rules ask.
    relation: Option<Relation>,
    note: Option<String>,
}

/// `pool`, or the id of a volunteer.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum To {
    Volunteer(Uuid),
    Pool(Pool),
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    Pool,
}

impl From<To> for Receiver {
    fn from(to: To) -> Receiver {
        match to {
            To::Volunteer(id) => Receiver::Volunteer(id),
            To::Pool(Pool::Pool) => Receiver::Pool,
        }
    }
}

impl From<Receiver> for To {
    fn from(to: Receiver) -> To {
        match to {
            Receiver::Volunteer(id) => To::Volunteer(id),
            Receiver::Pool => To::Pool(Pool::Pool),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Transfer {
    id: Uuid,
    from: Uuid,
    to: To,
    #[schema(example = "5")]
    amount: String,
    account: Option<String>,
    relation: Option<Relation>,
    made_at: DateTime<Utc>,
    /// Of the entry that took it from the giver.
    sequence: i64,
}

impl Transfer {
    fn new(transfer: transfers::Transfer, config: &Scheme) -> Transfer {
        Transfer {
            amount: in_account(transfer.amount, transfer.account.as_deref(), config),
            id: transfer.id,
            from: transfer.from,
            to: transfer.to.into(),
            account: transfer.account,
            relation: transfer.relation.map(Relation::from),
            made_at: transfer.made_at,
            sequence: transfer.sequence,
        }
    }
}

/// Give points or hours away
///
/// To the donation pool, or to another volunteer, as far as the rules in force allow it. What is given keeps its last days;
/// in the pool it has none. You choose the id: the same again is done once. A refusal does not bind the id.
#[utoipa::path(
    tag = "transfers",
    request_body = NewTransfer,
    responses((status = 201, body = Transfer), (status = 200, body = Transfer))
)]
#[put("/transfers/{id}")]
async fn put_transfer(call: Call<may::PutTransfer, Uuid, Json<NewTransfer>>) -> Result<HttpResponse, Problem> {
    let NewTransfer { from, to, amount, account, relation, note } = call.input.0;
    let config = call.scheme.config();
    let mut amounts = Reader::default();
    let amount = amounts.of_account("/amount", &amount, account.as_deref(), &config);
    if !amounts.flaws.is_empty() {
        return Err(Problem::invalid(amounts.flaws));
    }
    let relation = relation.map(scheme::config::Relation::from);
    let gift = Gift { id: call.at, from, to: to.into(), amount, account, relation, note };
    let done = transfers::transfer(&call.scheme, gift, &call.caller.operator, call.now).await;
    let (transfer, replayed) = done.map_err(|error| transfer_refused(error, &config))?;
    Ok(once(StatusCode::CREATED, replayed, Transfer::new(transfer, &config)))
}

/// Read a gift
#[utoipa::path(tag = "transfers", responses((status = 200, body = Transfer)))]
#[get("/transfers/{id}")]
async fn get_transfer(call: Call<may::GetTransfer, Uuid>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let found: Result<_, TransferError> = transfers::get(&call.scheme, call.at).await;
    let transfer = found.map_err(|error| transfer_refused(error, &config))?;
    Ok(ok(Transfer::new(transfer, &config)))
}
