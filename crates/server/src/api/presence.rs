//! Signing in and out.

mod batch;
mod codes;
mod lists;
mod wire;

pub use wire::Presence;

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::Problem;
use crate::api::unknown;
use actix_web::http::StatusCode;
use actix_web::web::resource;
use actix_web::{HttpResponse, get, put};
use scheme::presence;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use wire::{NewPunch, Punched};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(batch::put_punches)
        // Else other methods would take `batch` for the id of a punch.
        .map(|config| config.service(resource("/presence/batch").to(unknown)))
        .service(put_punch)
        .service(get_punch)
        .configure(lists::routes)
        .configure(codes::routes);
}

/// Sign somebody in or out, or take a check-in back
///
/// The device chooses the id when somebody stands before it, and repeats the call until it is answered. Name the person by
/// `code` (as scanned), `number` or `volunteer_id`, and the activity by `activity_id` or by the `activity_code` that a phone
/// scanned; neither means duty at the station, where the scheme has it. Time before the planned beginning is not credited, nor
/// is time after the end unless the scheme says so. Signing out makes the service record, which earns nothing until somebody
/// else confirms it. A check-out whose check-in has not arrived yet is kept: `presence` is `null` until it does.
#[utoipa::path(
    tag = "presence",
    request_body = NewPunch,
    responses((status = 201, body = Punched), (status = 200, body = Punched))
)]
#[put("/presence/{id}")]
async fn put_punch(call: Call<may::PutPunch, Uuid, Json<NewPunch>>) -> Result<HttpResponse, Problem> {
    let by = &call.caller.operator;
    let new = call.input.0.punch(Some(call.at), None)?;
    let (_, replayed) = presence::punch(&call.scheme, new, by, call.now).await?;
    let (punch, of) = presence::get(&call.scheme, call.at).await?;
    Ok(once(StatusCode::CREATED, replayed, Punched::new(punch, of)))
}

/// Read a punch, and the presence that it begins or ends
#[utoipa::path(tag = "presence", responses((status = 200, body = Punched)))]
#[get("/presence/{id}")]
async fn get_punch(call: Call<may::GetPunch, Uuid>) -> Result<HttpResponse, Problem> {
    let (punch, of) = presence::get(&call.scheme, call.at).await?;
    Ok(ok(Punched::new(punch, of)))
}
