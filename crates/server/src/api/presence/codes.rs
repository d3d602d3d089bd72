//! Codes to be scanned.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::Problem;
use crate::api::unknown;
use actix_web::http::StatusCode;
use actix_web::web::resource;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use scheme::codes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(find_volunteer)
        .map(|config| config.service(resource("/volunteers/find").to(unknown)))
        .service(get_volunteer_code)
        .service(renew_volunteer_code)
        .service(get_activity_code);
}

/// Exactly one of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scanned {
    /// As scanned.
    code: Option<String>,
    #[schema(example = "ZI0000012")]
    number: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct FoundVolunteer {
    id: Uuid,
    number: String,
    name: String,
    status: &'static str,
}

/// Whom a code or a number stands for
///
/// `expired_code`: show a new one. `revoked_code`: the card was renewed since.
#[utoipa::path(tag = "presence", request_body = Scanned, responses((status = 200, body = FoundVolunteer)))]
#[post("/volunteers/find")]
async fn find_volunteer(call: Call<may::FindVolunteer, (), Json<Scanned>>) -> Result<HttpResponse, Problem> {
    let Scanned { code, number } = &call.input.0;
    let found = codes::find_volunteer(&call.scheme, code.as_deref(), number.as_deref(), call.now).await?;
    let (number, name) = (found.number.clone(), found.name.clone());
    Ok(ok(FoundVolunteer { id: found.id, number, name, status: found.status.as_str() }))
}

#[derive(Serialize, ToSchema)]
pub struct VolunteerCodes {
    /// For a phone; it changes every few minutes.
    code: String,
    expires_at: DateTime<Utc>,
    /// For a card; good until the card is renewed.
    card_code: String,
    /// Which card is in force: 0 for the first.
    card: i64,
}

impl From<codes::VolunteerCodes> for VolunteerCodes {
    fn from(codes: codes::VolunteerCodes) -> Self {
        let codes::VolunteerCodes { code, expires_at, card_code, card } = codes;
        VolunteerCodes { code, expires_at, card_code, card }
    }
}

/// The codes of a volunteer, to be shown on a phone or printed on a card
///
/// They are signed, and hold an id and nothing about the person.
#[utoipa::path(tag = "presence", responses((status = 200, body = VolunteerCodes)))]
#[get("/volunteers/{id}/code")]
async fn get_volunteer_code(call: Call<may::GetVolunteerCode, Uuid>) -> Result<HttpResponse, Problem> {
    let found = codes::of_volunteer(&call.scheme, call.at, call.now).await?;
    Ok(ok(VolunteerCodes::from(found)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// The card that is to be worth nothing from now on.
    replaces: i64,
}

/// Renew a card, as when it was lost: every earlier code of the volunteer becomes worthless
#[utoipa::path(tag = "presence", request_body = Renewal, responses((status = 200, body = VolunteerCodes)))]
#[post("/volunteers/{id}/code/renew")]
async fn renew_volunteer_code(
    call: Call<may::RenewVolunteerCode, Uuid, Json<Renewal>>,
) -> Result<HttpResponse, Problem> {
    let replaces = call.input.0.replaces;
    let (found, replayed) = codes::renew(&call.scheme, call.at, replaces, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, VolunteerCodes::from(found)))
}

#[derive(Serialize, ToSchema)]
pub struct ActivityCode {
    code: String,
    expires_at: DateTime<Utc>,
}

/// The code of an activity, for the station's screen: phones scan it to sign in
#[utoipa::path(tag = "presence", responses((status = 200, body = ActivityCode)))]
#[get("/activities/{id}/code")]
async fn get_activity_code(call: Call<may::GetActivityCode, Uuid>) -> Result<HttpResponse, Problem> {
    let codes::ActivityCode { code, expires_at } =
        codes::of_activity(&call.scheme, call.at, call.by(), call.now).await?;
    Ok(ok(ActivityCode { code, expires_at }))
}
