//! Insurance of volunteers, which dangerous activities ask for.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{At, Call, Json, id};
use crate::api::error::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, put};
use chrono::NaiveDate;
use scheme::activities::{self, InsuranceDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_insurance).service(list_insurances);
}

/// `{id}` of a volunteer, and `{insurance_id}`.
pub struct OfInsurance {
    volunteer: Uuid,
    insurance: Uuid,
}

impl At for OfInsurance {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(OfInsurance { volunteer: id(request, "id")?, insurance: id(request, "insurance_id")? })
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInsurance {
    #[schema(example = "中国人寿")]
    insurer: String,
    #[schema(example = "ZY-2026-0042")]
    policy_number: String,
    from: NaiveDate,
    /// The last day.
    until: NaiveDate,
}

#[derive(Serialize, ToSchema)]
pub struct Insurance {
    id: Uuid,
    volunteer_id: Uuid,
    insurer: String,
    policy_number: String,
    from: NaiveDate,
    until: NaiveDate,
}

impl From<activities::Insurance> for Insurance {
    fn from(one: activities::Insurance) -> Self {
        let activities::Insurance { id, volunteer_id, insurer, policy_number, from_on, until_on } = one;
        Insurance { id, volunteer_id, insurer, policy_number, from: from_on, until: until_on }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Insurances {
    insurances: Vec<Insurance>,
}

/// Write down that a volunteer is insured
#[utoipa::path(
    tag = "activities",
    request_body = NewInsurance,
    responses((status = 201, body = Insurance), (status = 200, body = Insurance))
)]
#[put("/volunteers/{id}/insurances/{insurance_id}")]
async fn put_insurance(
    call: Call<may::PutInsurance, OfInsurance, Json<NewInsurance>>,
) -> Result<HttpResponse, Problem> {
    let OfInsurance { volunteer, insurance } = call.at;
    let NewInsurance { insurer, policy_number, from, until } = call.input.0;
    let details = InsuranceDetails { insurer, policy_number, from_on: from, until_on: until };
    let by = &call.caller.operator;
    let (insurance, replayed) = activities::insure(&call.scheme, volunteer, insurance, details, by, call.now).await?;
    Ok(once(StatusCode::CREATED, replayed, Insurance::from(insurance)))
}

/// The insurance policies of a volunteer, the one that lasts longest first
#[utoipa::path(tag = "activities", responses((status = 200, body = Insurances)))]
#[get("/volunteers/{id}/insurances")]
async fn list_insurances(call: Call<may::ListInsurances, Uuid>) -> Result<HttpResponse, Problem> {
    let found = activities::insurances_of(&call.scheme, call.at).await?;
    Ok(ok(Insurances { insurances: found.into_iter().map(Into::into).collect() }))
}
