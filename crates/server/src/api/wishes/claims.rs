//! Claims: made, passed on, given back, fulfilled, rated, confirmed.

use super::stepped;
use super::wire::{Claimant, ClaimantKind, Wish};
use crate::api::amounts::Reader;
use crate::api::answers::once;
use crate::api::auth::may;
use crate::api::call::{Call, Json, OfWish};
use crate::api::error::{Problem, wish_refused};
use crate::api::records::Because;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, put};
use chrono::NaiveDate;
use scheme::wishes::{self, NewShare, Report};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_claim)
        .service(accept_claim)
        .service(decline_claim)
        .service(give_back_claim)
        .service(fulfil_claim)
        .service(rate_claim)
        .service(send_back_claim)
        .service(confirm_claim);
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWishClaim)]
pub struct NewClaim {
    claimant: Claimant,
    /// It is passed on to a unit (吹哨), which accepts or declines.
    #[serde(default)]
    offered: bool,
}

fn claimant(claimant: &Claimant) -> Result<wishes::Claimant, Problem> {
    let kind = match claimant.kind {
        ClaimantKind::Volunteer => "volunteer",
        ClaimantKind::Team => "team",
        ClaimantKind::Unit => "unit",
    };
    wishes::Claimant::parse(kind, &claimant.id).ok_or_else(|| {
        Problem::invalid_value("/claimant/id", "invalid_id", "志愿者编号须为 UUID", "a volunteer's id is a UUID")
    })
}

/// Claim a wish, or pass it on to a unit
///
/// Of many who claim the last place at once, one gets it; the others are answered `state_conflict`. A claim that is not fulfilled by
/// `due_on` lapses, and the wish is open again. `not_eligible` with `condition` `skills` or `lapses`.
#[utoipa::path(
    tag = "wishes",
    request_body = NewClaim,
    responses((status = 201, body = Wish), (status = 200, body = Wish))
)]
#[put("/wishes/{id}/claims/{claim_id}")]
async fn put_claim(call: Call<may::PutClaim, OfWish, Json<NewClaim>>) -> Result<HttpResponse, Problem> {
    let (NewClaim { claimant: named, offered }, scale) = (&call.input.0, call.scale());
    let new = wishes::NewClaim { id: call.at.claim, claimant: claimant(named)?, offered: *offered };
    let done = wishes::claim(&call.scheme, call.at.wish, new, call.by(), call.now).await;
    let (wish, replayed) = done.map_err(|error| wish_refused(error, scale))?;
    Ok(once(StatusCode::CREATED, replayed, Wish::new(wish, scale, super::is_told(call.by()))))
}

/// Accept a wish that was passed on
///
/// By somebody else than whoever passed it on.
#[utoipa::path(tag = "wishes", responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/claims/{claim_id}/accept")]
async fn accept_claim(call: Call<may::AcceptClaim, OfWish>) -> Result<HttpResponse, Problem> {
    let done = wishes::accept(&call.scheme, call.at.wish, call.at.claim, call.by(), call.now).await;
    stepped(done, call.by(), call.scale())
}

/// Decline a wish that was passed on: it is open again
#[utoipa::path(tag = "wishes", request_body = Because, responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/claims/{claim_id}/decline")]
async fn decline_claim(call: Call<may::DeclineClaim, OfWish, Json<Because>>) -> Result<HttpResponse, Problem> {
    let reason = &call.input.0.reason;
    let done = wishes::decline(&call.scheme, call.at.wish, call.at.claim, reason, call.by(), call.now).await;
    stepped(done, call.by(), call.scale())
}

/// Give a claim back: the wish is open again
#[utoipa::path(tag = "wishes", request_body = Because, responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/claims/{claim_id}/give-back")]
async fn give_back_claim(call: Call<may::GiveBackClaim, OfWish, Json<Because>>) -> Result<HttpResponse, Problem> {
    let reason = &call.input.0.reason;
    let done = wishes::give_back(&call.scheme, call.at.wish, call.at.claim, reason, call.by(), call.now).await;
    stepped(done, call.by(), call.scale())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WishReport)]
pub struct NewReport {
    /// What was done.
    #[schema(example = "换了声控灯")]
    report: String,
    /// Today when left out.
    fulfilled_on: Option<NaiveDate>,
    /// Who took part, each once.
    shares: Vec<NewReportShare>,
}

/// Somebody who took part. What is left out is what the wish carries for each person; or, for the only one, all that is left of it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWishShare)]
pub struct NewReportShare {
    volunteer_id: Uuid,
    minutes: Option<i64>,
    points: Option<String>,
}

/// Report that a claim is fulfilled
///
/// With who took part, within what the wish carries. The minutes are written down as service records of the wish's category.
#[utoipa::path(tag = "wishes", request_body = NewReport, responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/claims/{claim_id}/fulfil")]
async fn fulfil_claim(call: Call<may::FulfilClaim, OfWish, Json<NewReport>>) -> Result<HttpResponse, Problem> {
    let (new, scale) = (&call.input.0, call.scale());
    let mut amounts = Reader::default();
    let mut shares = Vec::with_capacity(new.shares.len());
    for (place, share) in new.shares.iter().enumerate() {
        let pointer = format!("/shares/{place}/points");
        let points = share.points.as_deref().map(|text| amounts.points(&pointer, text, scale));
        shares.push(NewShare { volunteer_id: share.volunteer_id, minutes: share.minutes, points });
    }
    if !amounts.flaws.is_empty() {
        return Err(Problem::invalid(amounts.flaws));
    }
    let report = Report { content: new.report.clone(), fulfilled_on: new.fulfilled_on, shares };
    let done = wishes::fulfil(&call.scheme, call.at.wish, call.at.claim, report, call.by(), call.now).await;
    stepped(done, call.by(), scale)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WishRating)]
pub struct Rating {
    /// 1 to 5.
    #[schema(example = 5)]
    stars: i64,
    #[schema(example = "谢谢你们")]
    thanks: Option<String>,
}

/// Rate what was done, in the name of whoever wished for it
///
/// Not by whoever reported it or took part.
#[utoipa::path(tag = "wishes", request_body = Rating, responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/claims/{claim_id}/rate")]
async fn rate_claim(call: Call<may::RateClaim, OfWish, Json<Rating>>) -> Result<HttpResponse, Problem> {
    let Rating { stars, thanks } = &call.input.0;
    let (wish, claim) = (call.at.wish, call.at.claim);
    let done = wishes::rate(&call.scheme, wish, claim, *stars, thanks.as_deref(), call.by(), call.now).await;
    stepped(done, call.by(), call.scale())
}

/// Send a report back: it is to be done, or reported, anew
///
/// What the report had written down as service is rejected.
#[utoipa::path(tag = "wishes", request_body = Because, responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/claims/{claim_id}/send-back")]
async fn send_back_claim(call: Call<may::SendBackClaim, OfWish, Json<Because>>) -> Result<HttpResponse, Problem> {
    let reason = &call.input.0.reason;
    let done = wishes::send_back(&call.scheme, call.at.wish, call.at.claim, reason, call.by(), call.now).await;
    stepped(done, call.by(), call.scale())
}

/// Confirm what was done: minutes and points are posted, once
///
/// By a reviewer who has neither written the wish down nor claimed, reported or taken part. `confirmed` as long as one of its records
/// cannot be confirmed yet; then it is `posted` by itself.
#[utoipa::path(tag = "wishes", responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/claims/{claim_id}/confirm")]
async fn confirm_claim(call: Call<may::ConfirmClaim, OfWish>) -> Result<HttpResponse, Problem> {
    let done = wishes::confirm(&call.scheme, call.at.wish, call.at.claim, call.by(), call.now).await;
    stepped(done, call.by(), call.scale())
}
