//! Service records: written down, then decided over by somebody else.

mod batch;
mod list;
mod wire;

pub use batch::{BatchResult, Counts, Outcome};
pub use wire::{Actor, Calculation, Evidence, NewService, Service, Step, actors};

use crate::api::amounts::signed_points;
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, MaybeJson};
use crate::api::error::{Code, Problem, service_refused};
use crate::api::presence::Presence;
use crate::api::unknown;
use actix_web::http::StatusCode;
use actix_web::web::resource;
use actix_web::{HttpResponse, get, post, put};
use scheme::presence;
use scheme::services::{self, Decision, ServiceDetails, ServiceError};
use scheme::{OpenScheme, Operator, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(batch::put_services)
        // Else other methods would take `batch` for the id of a record.
        .map(|config| config.service(resource("/services/batch").to(unknown)))
        .service(put_service)
        .service(confirm_service)
        .service(reject_service)
        .service(reverse_service)
        .service(get_service)
        .service(list::list_services)
        .service(list::get_deadlines);
}

/// Record a service
///
/// You choose the id; the same again gets the same record, another record under the same id `id_taken`. Give `minutes`, or
/// `started_at` and `ended_at`. Two services of one person cannot overlap. What is `back_filled` needs a `reason`. The record
/// earns nothing until somebody else confirms it.
#[utoipa::path(
    tag = "services",
    request_body = NewService,
    responses((status = 201, body = Service), (status = 200, body = Service))
)]
#[put("/services/{id}")]
async fn put_service(call: Call<may::PutService, Uuid, Json<NewService>>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let new = call.input.0;
    if new.id.is_some_and(|id| id != call.at) {
        return Err(Problem::invalid_value("/id", "another_id", "与地址中的编号不同", "it is not the id in the path"));
    }
    let by = &call.caller.operator;
    let details = of_own_team(new.into(), by)?;
    let written = services::put(&call.scheme, call.at, details, by, call.now).await;
    let (service, replayed) = written.map_err(|error| service_refused(error, scale))?;
    let actors = actors(&call.scheme, [&service]).await?;
    Ok(once(StatusCode::CREATED, replayed, Service::new(service, &actors, scale)))
}

/// A leader records for the own team, and for no other.
fn of_own_team(details: ServiceDetails, by: &Operator) -> Result<ServiceDetails, Problem> {
    if by.role == Role::Leader && details.team != by.team {
        return Err(Problem::new(Code::Forbidden)
            .detail("只能为自己的队伍登记，请写明队伍", "a leader records for the own team, and names it"));
    }
    Ok(details)
}

/// Why a record is not accepted, or is taken back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    #[schema(example = "当日未到场")]
    reason: Option<String>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reversal {
    #[schema(example = "重复登记")]
    reason: Option<String>,
    /// Take back points that have been spent, too: the account is then below zero, and marked for follow-up.
    #[serde(default)]
    overdraw: bool,
}

/// What the rules leave to whoever confirms.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Points out of the range that the rules give; negative for a deduction. Needs a reason.
    #[schema(example = "8")]
    points: Option<String>,
    /// Lift the caps that the rules allow to lift. Needs a reason.
    #[serde(default)]
    lift_caps: bool,
    #[schema(example = "评议小组 3 月 5 日会议决定")]
    reason: Option<String>,
}

/// Confirm a record: the volunteer gets minutes and points
///
/// They follow from the rules in force on the day of service; `calculation` shows how. Confirming again answers the same.
/// Where the rules ask for several people the record stays `recorded` until the last has confirmed, and `checks` names them.
/// Where they ask for publicity it is `published`, and counts on `final_on` unless there are objections. Nobody confirms what
/// they recorded or did themselves, with whichever key; a leader confirms what the rules leave to leaders, of the own team.
#[utoipa::path(tag = "services", request_body = Confirmation, responses((status = 200, body = Calculation)))]
#[post("/services/{id}/confirm")]
async fn confirm_service(
    call: Call<may::ConfirmService, Uuid, MaybeJson<Confirmation>>,
) -> Result<HttpResponse, Problem> {
    let Confirmation { points, lift_caps, reason } = &call.input.0;
    let points = points.as_deref().map(|points| signed_points("/points", points, call.scale())).transpose()?;
    let confirmation = services::Confirmation { points, lift_caps: *lift_caps, reason: reason.as_deref() };
    let decision = services::confirm_with(&call.scheme, call.at, confirmation, call.by(), call.now).await;
    decided(&call.scheme, decision).await
}

/// Reject a record: it earns nothing
#[utoipa::path(tag = "services", request_body = Reason, responses((status = 200, body = Calculation)))]
#[post("/services/{id}/reject")]
async fn reject_service(call: Call<may::RejectService, Uuid, MaybeJson<Reason>>) -> Result<HttpResponse, Problem> {
    let decision = services::reject(&call.scheme, call.at, call.input.0.reason.as_deref(), call.by(), call.now).await;
    decided(&call.scheme, decision).await
}

/// Reverse a confirmed record: minutes and points are taken back
///
/// `insufficient_points` when they have been spent since, unless you ask to `overdraw`.
#[utoipa::path(tag = "services", request_body = Reversal, responses((status = 200, body = Calculation)))]
#[post("/services/{id}/reverse")]
async fn reverse_service(call: Call<may::ReverseService, Uuid, MaybeJson<Reversal>>) -> Result<HttpResponse, Problem> {
    let Reversal { reason, overdraw } = &call.input.0;
    let decision = services::reverse(&call.scheme, call.at, reason.as_deref(), *overdraw, call.by(), call.now).await;
    decided(&call.scheme, decision).await
}

async fn decided(scheme: &OpenScheme, decision: Result<Decision, ServiceError>) -> Result<HttpResponse, Problem> {
    let scale = scheme.config().points_scale;
    let decision = decision.map_err(|error| service_refused(error, scale))?;
    let replayed = decision.replayed;
    Ok(once(StatusCode::OK, replayed, Calculation::of(scheme, decision).await?))
}

/// Read a service record
#[utoipa::path(tag = "services", responses((status = 200, body = FoundService)))]
#[get("/services/{id}")]
async fn get_service(call: Call<may::GetService, Uuid>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let found = services::get_explained(&call.scheme, call.at).await;
    let found = found.map_err(|error| service_refused(error, scale))?;
    if call.by().role == Role::Leader && found.service.details.team != call.by().team {
        return Err(list::other_team());
    }
    let presence = presence::of_service(&call.scheme, call.at).await?.map(Into::into);
    Ok(ok(FoundService { service: Calculation::of(&call.scheme, found).await?, presence }))
}

#[derive(Serialize, ToSchema)]
pub struct FoundService {
    #[serde(flatten)]
    service: Calculation,
    /// When the volunteer signed in and out, where the record came of that: what was claimed, and why less is credited.
    presence: Option<Presence>,
}
