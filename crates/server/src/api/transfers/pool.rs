//! The donation pool: who asks, and what is granted.

use crate::api::amounts::{Reader, in_account};
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::{Problem, transfer_refused};
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, Utc};
use scheme::config::Scheme;
use scheme::transfers::{self, RequestDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What somebody asks of the pool.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPoolRequest {
    volunteer_id: Uuid,
    /// Points, or hours of an account of minutes.
    #[schema(example = "10")]
    amount: String,
    /// By its code; points when left out.
    account: Option<String>,
    #[schema(example = "独居，行动不便")]
    reason: String,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PoolRequestStatus)]
pub enum Status {
    Open,
    Granted,
}

same_words!(Status, transfers::RequestStatus: Open Granted);

#[derive(Serialize, ToSchema)]
pub struct PoolRequest {
    id: Uuid,
    volunteer_id: Uuid,
    #[schema(example = "10")]
    amount: String,
    account: Option<String>,
    reason: String,
    requested_at: DateTime<Utc>,
    status: Status,
    /// 0 for those whom the rules put first.
    priority: usize,
    /// Of the entry that granted it.
    sequence: Option<i64>,
}

impl PoolRequest {
    fn new(request: transfers::PoolRequest, config: &Scheme) -> PoolRequest {
        let RequestDetails { volunteer_id, account, amount, reason } = request.details;
        PoolRequest {
            id: request.id,
            volunteer_id,
            amount: in_account(amount, account.as_deref(), config),
            account,
            reason,
            requested_at: request.requested_at,
            status: request.status.into(),
            priority: request.priority,
            sequence: request.sequence,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct PoolRequests {
    requests: Vec<PoolRequest>,
}

/// Ask for something from the donation pool
#[utoipa::path(
    tag = "transfers",
    request_body = NewPoolRequest,
    responses((status = 201, body = PoolRequest), (status = 200, body = PoolRequest))
)]
#[put("/pool-requests/{id}")]
pub async fn put_pool_request(
    call: Call<may::PutPoolRequest, Uuid, Json<NewPoolRequest>>,
) -> Result<HttpResponse, Problem> {
    let NewPoolRequest { volunteer_id, amount, account, reason } = call.input.0;
    let config = call.scheme.config();
    let mut amounts = Reader::default();
    let amount = amounts.of_account("/amount", &amount, account.as_deref(), &config);
    if !amounts.flaws.is_empty() {
        return Err(Problem::invalid(amounts.flaws));
    }
    let details = RequestDetails { volunteer_id, account, amount, reason };
    let done = transfers::request(&call.scheme, call.at, details, &call.caller.operator, call.now).await;
    let (request, replayed) = done.map_err(|error| transfer_refused(error, &config))?;
    Ok(once(StatusCode::CREATED, replayed, PoolRequest::new(request, &config)))
}

/// List what is asked of the donation pool and not granted yet
///
/// Those whom the rules put first before the others, and each in the order of asking.
#[utoipa::path(tag = "transfers", responses((status = 200, body = PoolRequests)))]
#[get("/pool-requests")]
pub async fn list_pool_requests(call: Call<may::ListPoolRequests>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let found = transfers::requests(&call.scheme, call.now).await;
    let found = found.map_err(|error| transfer_refused(error, &config))?;
    let requests = found.into_iter().map(|request| PoolRequest::new(request, &config)).collect();
    Ok(ok(PoolRequests { requests }))
}

/// Grant a request out of the donation pool
///
/// `higher_priority_first` as long as somebody whom the rules put first waits for what the pool has.
#[utoipa::path(tag = "transfers", responses((status = 200, body = PoolRequest)))]
#[post("/pool-requests/{id}/grant")]
pub async fn grant_pool_request(call: Call<may::GrantPoolRequest, Uuid>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let done = transfers::grant(&call.scheme, call.at, call.by(), call.now).await;
    let (request, replayed) = done.map_err(|error| transfer_refused(error, &config))?;
    Ok(once(StatusCode::OK, replayed, PoolRequest::new(request, &config)))
}
