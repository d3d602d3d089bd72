//! Sponsors: who gives what is exchanged.

use crate::api::answers::{ok, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, Utc};
use scheme::sponsors::{self, SponsorDetails};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_sponsor).service(get_sponsor).service(list_sponsors);
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSponsor {
    #[schema(example = "便民超市")]
    name: String,
    /// A person to talk to.
    contact: Option<String>,
    phone: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Sponsor {
    id: Uuid,
    name: String,
    contact: Option<String>,
    phone: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct Sponsors {
    sponsors: Vec<Sponsor>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SponsorsQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

impl From<sponsors::Sponsor> for Sponsor {
    fn from(sponsor: sponsors::Sponsor) -> Self {
        let sponsors::Sponsor { id, details, version, created_at, updated_at } = sponsor;
        let SponsorDetails { name, contact, phone } = details;
        Sponsor { id, name, contact, phone, version, created_at, updated_at }
    }
}

/// Write a sponsor down, or change it
///
/// You choose the id. Rewards refer to it by `sponsor_id`.
#[utoipa::path(
    tag = "rewards",
    request_body = NewSponsor,
    responses((status = 201, body = Sponsor), (status = 200, body = Sponsor))
)]
#[put("/sponsors/{id}")]
async fn put_sponsor(call: Call<may::PutSponsor, Uuid, Json<NewSponsor>>) -> Result<HttpResponse, Problem> {
    let expected = call.expected_version();
    let NewSponsor { name, contact, phone } = call.input.0;
    let details = SponsorDetails { name, contact, phone };
    let (sponsor, how) = sponsors::put(&call.scheme, call.at, details, expected, call.now).await?;
    Ok(written(how, sponsor.version, Sponsor::from(sponsor)))
}

/// Read a sponsor
#[utoipa::path(tag = "rewards", responses((status = 200, body = Sponsor)))]
#[get("/sponsors/{id}")]
async fn get_sponsor(call: Call<may::GetSponsor, Uuid>) -> Result<HttpResponse, Problem> {
    let sponsor = sponsors::get(&call.scheme, call.at).await?;
    Ok(versioned(sponsor.version, Sponsor::from(sponsor)))
}

/// List sponsors
#[utoipa::path(tag = "rewards", params(SponsorsQuery), responses((status = 200, body = Sponsors)))]
#[get("/sponsors")]
async fn list_sponsors(call: Call<may::ListSponsors, (), Query<SponsorsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(SponsorsQuery { cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let ((), after) = list.resume(cursor.as_deref(), ())?;
    let found = sponsors::list(&call.scheme, after, limit + 1).await?;
    let (found, next) = page(found, limit, |last: &sponsors::Sponsor| list.next((), last.id));
    Ok(ok(Sponsors { sponsors: found.into_iter().map(Sponsor::from).collect(), next }))
}
