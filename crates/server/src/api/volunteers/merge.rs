//! Two registrations of one person become one; somebody leaves, and comes back.

use super::Volunteer;
use crate::api::answers::{once, written};
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post};
use scheme::volunteers;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VolunteerMerge {
    /// Who stays.
    into: Uuid,
    #[schema(example = "同一人登记了两次")]
    reason: String,
}

/// Merge a volunteer into another who is the same person
///
/// One entry moves hours, points with their last days, other accounts, and what was used of caps and limits; the survivor is
/// answered. Records stay where they are; undecided ones go on for the survivor. Reserved exchanges have to be collected or
/// cancelled before (`open_exchanges`). Whatever is asked for the duplicate afterwards is refused with `volunteer_merged`. It
/// cannot be undone.
#[utoipa::path(tag = "volunteers", request_body = VolunteerMerge, responses((status = 200, body = Volunteer)))]
#[post("/volunteers/{id}/merge")]
pub async fn merge_volunteer(
    call: Call<may::MergeVolunteer, Uuid, Json<VolunteerMerge>>,
) -> Result<HttpResponse, Problem> {
    let Json(VolunteerMerge { into, reason }) = &call.input;
    let (survivor, replayed) = volunteers::merge(&call.scheme, call.at, *into, reason, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, Volunteer::from(&*survivor)))
}

/// Note that a volunteer has left
///
/// They belong to no unit and no team from today on; hours and points stay, and can be spent.
#[utoipa::path(tag = "volunteers", responses((status = 200, body = Volunteer)))]
#[post("/volunteers/{id}/leave")]
pub async fn leave_volunteer(call: Call<may::LeaveVolunteer, Uuid>) -> Result<HttpResponse, Problem> {
    let (volunteer, how) = volunteers::leave(&call.scheme, call.at, call.now).await?;
    Ok(written(how, volunteer.version, Volunteer::from(&*volunteer)))
}

/// Note that a volunteer is back
#[utoipa::path(tag = "volunteers", responses((status = 200, body = Volunteer)))]
#[post("/volunteers/{id}/return")]
pub async fn rejoin_volunteer(call: Call<may::RejoinVolunteer, Uuid>) -> Result<HttpResponse, Problem> {
    let (volunteer, how) = volunteers::rejoin(&call.scheme, call.at, call.now).await?;
    Ok(written(how, volunteer.version, Volunteer::from(&*volunteer)))
}
