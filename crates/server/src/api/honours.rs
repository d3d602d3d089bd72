//! Honours: the station's own, and other bodies' on evidence.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Problem, record_refused};
use crate::api::records::{Because, RecordsQuery};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::honours::{self, HonourDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_honour).service(revoke_honour).service(list_honours);
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHonour {
    volunteer_id: Uuid,
    #[schema(example = "五星志愿者")]
    name: String,
    granted_on: NaiveDate,
    /// The scheme's own organisation when left out.
    #[schema(example = "区文明办")]
    granting_body: Option<String>,
    /// What shows it: needed for another body's honour.
    #[schema(example = "金文明〔2023〕12 号")]
    evidence: Option<String>,
    /// Code of the event that it is as well, where the rules give points for one.
    event_category: Option<String>,
    /// Code of a level of the scheme, for that event.
    level: Option<String>,
    team: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Honour {
    id: Uuid,
    volunteer_id: Uuid,
    name: String,
    granted_on: NaiveDate,
    granting_body: Option<String>,
    evidence: Option<String>,
    event_category: Option<String>,
    level: Option<String>,
    team: Option<String>,
    /// The event record that follows from it.
    service_id: Option<Uuid>,
    #[schema(example = "granted")]
    status: &'static str,
    revoked_on: Option<NaiveDate>,
    /// Why it was revoked.
    reason: Option<String>,
    recorded_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct Honours {
    honours: Vec<Honour>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

impl From<honours::Honour> for Honour {
    fn from(honour: honours::Honour) -> Self {
        let details = honour.details;
        Honour {
            id: honour.id,
            volunteer_id: details.volunteer_id,
            name: details.name,
            granted_on: details.granted_on,
            granting_body: details.granting_body,
            evidence: details.evidence,
            event_category: details.event_category,
            level: details.level,
            team: details.team,
            service_id: honour.service_id,
            status: if honour.revoked_on.is_some() { "revoked" } else { "granted" },
            revoked_on: honour.revoked_on,
            reason: honour.reason,
            recorded_at: honour.recorded_at,
        }
    }
}

/// Record an honour
///
/// Honours stand apart from the stars that follow from hours. Another body's is recorded on `evidence`. With an `event_category` it
/// is an event record as well, `service_id`, which a reviewer confirms as any other.
#[utoipa::path(
    tag = "records",
    request_body = NewHonour,
    responses((status = 201, body = Honour), (status = 200, body = Honour))
)]
#[put("/honours/{id}")]
async fn put_honour(call: Call<may::PutHonour, Uuid, Json<NewHonour>>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let NewHonour { volunteer_id, name, granted_on, granting_body, evidence, event_category, level, team } =
        call.input.0;
    let details =
        HonourDetails { volunteer_id, name, granted_on, granting_body, evidence, event_category, level, team };
    let done = honours::put(&call.scheme, call.at, details, &call.caller.operator, call.now).await;
    let (honour, replayed) = done.map_err(|error| record_refused(error, scale))?;
    Ok(once(StatusCode::CREATED, replayed, Honour::from(honour)))
}

/// Revoke an honour; it stays on record
#[utoipa::path(tag = "records", request_body = Because, responses((status = 200, body = Honour)))]
#[post("/honours/{id}/revoke")]
async fn revoke_honour(call: Call<may::RevokeHonour, Uuid, Json<Because>>) -> Result<HttpResponse, Problem> {
    let done = honours::revoke(&call.scheme, call.at, &call.input.0.reason, call.by(), call.now).await;
    let (honour, replayed) = done.map_err(|error| record_refused(error, call.scale()))?;
    Ok(once(StatusCode::OK, replayed, Honour::from(honour)))
}

/// List honours, in the order of their days
#[utoipa::path(tag = "records", params(RecordsQuery), responses((status = 200, body = Honours)))]
#[get("/honours")]
async fn list_honours(call: Call<may::ListHonours, (), Query<RecordsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after) = list.resume(query.cursor.as_deref(), query.filter(&["granted", "revoked"])?)?;
    let found = honours::list(&call.scheme, &filter, after, limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.details.granted_on, last.id)));
    Ok(ok(Honours { honours: found.into_iter().map(Honour::from).collect(), next }))
}
