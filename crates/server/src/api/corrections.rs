//! Corrections: somebody asks, somebody else looks into it and answers.

use crate::api::amounts::{points, signed_points};
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Problem, correction_refused};
use crate::api::services::Actor;
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::corrections::{self, Acceptance, CorrectionError, CorrectionFilter, Request};
use scheme::services::About;
use scheme::{OpenScheme, actors};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_correction)
        .service(accept_correction)
        .service(refuse_correction)
        .service(get_correction)
        .service(list_corrections);
}

/// The fields of the record that are to differ; what is left out stays as it is.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Proposed {
    category: Option<String>,
    title: Option<String>,
    place: Option<String>,
    content: Option<String>,
    organiser: Option<String>,
    person_in_charge: Option<String>,
    recipient: Option<String>,
    occurred_on: Option<NaiveDate>,
    /// In place of a beginning and an end.
    #[schema(example = 180)]
    minutes: Option<i64>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    level: Option<String>,
    role: Option<String>,
    count: Option<i64>,
    filing_number: Option<String>,
    unit: Option<String>,
    team: Option<String>,
}

/// Copies every field; a field that only one side has does not compile.
macro_rules! same_fields {
    ($from:ty, $to:ty: $($field:ident)*) => {
        impl From<$from> for $to {
            fn from(proposed: $from) -> Self {
                Self { $($field: proposed.$field,)* }
            }
        }
    };
}
same_fields!(Proposed, corrections::Proposed: category title place content organiser person_in_charge recipient occurred_on minutes
    started_at ended_at level role count filing_number unit team);
same_fields!(corrections::Proposed, Proposed: category title place content organiser person_in_charge recipient occurred_on minutes
    started_at ended_at level role count filing_number unit team);

/// What is wrong with a record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCorrection {
    service_id: Uuid,
    #[schema(example = "实际服务到十一点，少记一小时")]
    reason: String,
    proposed: Proposed,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionStatus {
    Asked,
    Accepted,
    Done,
    Refused,
}

same_words!(CorrectionStatus, corrections::CorrectionStatus: Asked Accepted Done Refused);

#[derive(Serialize, ToSchema)]
pub struct Correction {
    id: Uuid,
    service_id: Uuid,
    volunteer_id: Uuid,
    reason: String,
    proposed: Proposed,
    asked_by: Actor,
    asked_at: DateTime<Utc>,
    /// Until when it is to be answered.
    due_on: NaiveDate,
    /// `accepted` for the moment until it is posted.
    status: CorrectionStatus,
    answer: Option<String>,
    answered_by: Option<Actor>,
    answered_at: Option<DateTime<Utc>>,
    points: Option<String>,
    overdraw: bool,
    /// The record in place of the old one.
    new_service_id: Option<Uuid>,
}

impl Correction {
    async fn all(scheme: &OpenScheme, found: Vec<corrections::Correction>) -> db::Result<Vec<Correction>> {
        let scale = scheme.config().points_scale;
        let keys = found.iter().flat_map(|one| one.answered_by.into_iter().chain([one.asked_by]));
        let actors = actors::of(scheme, keys).await?;
        let shown = |one: corrections::Correction| Correction {
            id: one.id,
            service_id: one.request.service_id,
            volunteer_id: one.volunteer_id,
            reason: one.request.reason,
            proposed: one.request.proposed.into(),
            asked_by: Actor::of(&actors, one.asked_by),
            asked_at: one.asked_at,
            due_on: one.due_on,
            status: one.status.into(),
            answer: one.answer,
            answered_by: one.answered_by.map(|key| Actor::of(&actors, key)),
            answered_at: one.answered_at,
            points: one.points.map(|minor| points(minor, scale)),
            overdraw: one.overdraw,
            new_service_id: one.new_service_id,
        };
        Ok(found.into_iter().map(shown).collect())
    }

    async fn answered(
        scheme: &OpenScheme,
        status: StatusCode,
        done: Result<(corrections::Correction, bool), CorrectionError>,
    ) -> Result<HttpResponse, Problem> {
        let (correction, replayed) = done.map_err(|error| correction_refused(error, scheme.config().points_scale))?;
        Ok(once(status, replayed, Correction::all(scheme, vec![correction]).await?.pop()))
    }
}

/// Ask for a correction
///
/// By the volunteer at a kiosk, or by staff. The record stays as it is until somebody else answers.
#[utoipa::path(
    tag = "corrections",
    request_body = NewCorrection,
    responses((status = 201, body = Correction), (status = 200, body = Correction))
)]
#[put("/corrections/{id}")]
async fn put_correction(call: Call<may::PutCorrection, Uuid, Json<NewCorrection>>) -> Result<HttpResponse, Problem> {
    let NewCorrection { service_id, reason, proposed } = call.input.0;
    let request = Request { service_id, reason, proposed: proposed.into() };
    let done = corrections::ask(&call.scheme, call.at, request, &call.caller.operator, call.now).await;
    Correction::answered(&call.scheme, StatusCode::CREATED, done).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionAcceptance {
    #[schema(example = "已与负责人核实")]
    answer: String,
    /// Points out of the range that the rules give.
    points: Option<String>,
    /// Take back points that have been spent, too, when the new record earns less.
    #[serde(default)]
    overdraw: bool,
}

/// Grant a correction: the record is taken back, and another stands in its place
///
/// What was confirmed is reversed and confirmed anew, each by an entry of its own; what was not confirmed yet is rejected, and
/// the new record waits. Points that were spent meanwhile stand in the way only when the new record earns less:
/// `insufficient_points`, unless you ask to `overdraw`. Not while an objection is open.
#[utoipa::path(tag = "corrections", request_body = CorrectionAcceptance, responses((status = 200, body = Correction)))]
#[post("/corrections/{id}/accept")]
async fn accept_correction(
    call: Call<may::AcceptCorrection, Uuid, Json<CorrectionAcceptance>>,
) -> Result<HttpResponse, Problem> {
    let CorrectionAcceptance { answer, points, overdraw } = &call.input.0;
    let points = points.as_deref().map(|points| signed_points("/points", points, call.scale())).transpose()?;
    let acceptance = Acceptance { answer, points, overdraw: *overdraw };
    let done = corrections::accept(&call.scheme, call.at, acceptance, call.by(), call.now).await;
    Correction::answered(&call.scheme, StatusCode::OK, done).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRefusal {
    #[schema(example = "签到记录显示十点离开")]
    answer: String,
}

/// Turn a correction down
#[utoipa::path(tag = "corrections", request_body = CorrectionRefusal, responses((status = 200, body = Correction)))]
#[post("/corrections/{id}/refuse")]
async fn refuse_correction(
    call: Call<may::RefuseCorrection, Uuid, Json<CorrectionRefusal>>,
) -> Result<HttpResponse, Problem> {
    let done = corrections::refuse(&call.scheme, call.at, &call.input.0.answer, call.by(), call.now).await;
    Correction::answered(&call.scheme, StatusCode::OK, done).await
}

/// Read a request for correction
#[utoipa::path(tag = "corrections", responses((status = 200, body = Correction)))]
#[get("/corrections/{id}")]
async fn get_correction(call: Call<may::GetCorrection, Uuid>) -> Result<HttpResponse, Problem> {
    let found = corrections::get(&call.scheme, call.at).await;
    Correction::answered(&call.scheme, StatusCode::OK, found.map(|found| (found, false))).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CorrectionsQuery {
    service_id: Option<Uuid>,
    volunteer_id: Option<Uuid>,
    #[param(inline)]
    status: Option<CorrectionStatus>,
    /// Only those that are not answered past `due_on`.
    overdue: Option<bool>,
    /// Code of a unit: of records that count for it or for one below it.
    unit: Option<String>,
    /// Code of a team.
    team: Option<String>,
    /// First day of service.
    from: Option<NaiveDate>,
    /// Last day of service.
    until: Option<NaiveDate>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Corrections {
    corrections: Vec<Correction>,
    next: Option<String>,
}

/// List requests for correction, by the day on which they are to be answered
#[utoipa::path(tag = "corrections", params(CorrectionsQuery), responses((status = 200, body = Corrections)))]
#[get("/corrections")]
async fn list_corrections(
    call: Call<may::ListCorrections, (), Query<CorrectionsQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let CorrectionsQuery { unit, team, from, until, .. } = query;
    let about = About { unit: unit.clone(), team: team.clone(), from: *from, until: *until };
    let asked = (query.service_id, query.volunteer_id, query.status, query.overdue.unwrap_or_default(), about);
    let (filter, after): (_, Option<(NaiveDate, Uuid)>) = list.resume(query.cursor.as_deref(), asked)?;
    let wanted = CorrectionFilter {
        about: filter.4.clone(),
        service_id: filter.0,
        volunteer_id: filter.1,
        status: filter.2.map(Into::into),
        overdue: filter.3,
    };
    let found = corrections::list(&call.scheme, &wanted, after, limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.due_on, last.id)));
    Ok(ok(Corrections { corrections: Correction::all(&call.scheme, found).await?, next }))
}
