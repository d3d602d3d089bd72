//! Complaints: received, investigated, answered.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Problem, record_refused};
use crate::api::records::{Because, RecordsQuery};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::Role;
use scheme::complaints::{self, ComplaintDetails, Status};
use scheme::records::RecordError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_complaint)
        .service(investigate_complaint)
        .service(uphold_complaint)
        .service(dismiss_complaint)
        .service(appeal_complaint)
        .service(withdraw_complaint)
        .service(get_complaint)
        .service(list_complaints);
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComplaint {
    /// About whom; follows from `service_id`.
    volunteer_id: Option<Uuid>,
    /// About which record.
    service_id: Option<Uuid>,
    /// With `volunteer_id`: about that volunteer's part in it.
    activity_id: Option<Uuid>,
    #[schema(example = "约好上门陪诊，没有来")]
    content: String,
    /// Who complains; told to nobody but those who deal with it.
    complainant: Option<String>,
    /// How they are reached.
    contact: Option<String>,
    /// Today when left out.
    received_on: Option<NaiveDate>,
    /// Code of a unit; follows from the record or the volunteer.
    unit: Option<String>,
    team: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Complaint {
    id: Uuid,
    volunteer_id: Option<Uuid>,
    service_id: Option<Uuid>,
    activity_id: Option<Uuid>,
    content: String,
    /// Only when one complaint is read, by a reviewer or a scheme_admin.
    #[serde(skip_serializing_if = "Option::is_none")]
    complainant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
    received_on: NaiveDate,
    /// The last day for the answer, in working days from the receipt.
    due_on: NaiveDate,
    overdue: bool,
    unit: Option<String>,
    team: Option<String>,
    #[schema(example = "received")]
    status: &'static str,
    /// What the investigation came to.
    finding: Option<String>,
    answer: Option<String>,
    answered_on: Option<NaiveDate>,
    /// Of the withdrawal, or of the appeal.
    reason: Option<String>,
    /// What follows from the answer is not all in the book yet; it is tried again by itself.
    effects_due: bool,
    recorded_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct Complaints {
    complaints: Vec<Complaint>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

impl Complaint {
    /// Without whoever complained.
    pub fn public(complaint: complaints::Complaint) -> Complaint {
        let details = complaint.details;
        Complaint {
            id: complaint.id,
            volunteer_id: details.volunteer_id,
            service_id: details.service_id,
            activity_id: details.activity_id,
            content: details.content,
            complainant: None,
            contact: None,
            received_on: complaint.received_on,
            due_on: complaint.due_on,
            overdue: complaint.overdue,
            unit: details.unit,
            team: details.team,
            status: complaint.status.as_str(),
            finding: complaint.finding,
            answer: complaint.answer,
            answered_on: complaint.answered_on,
            reason: complaint.reason,
            effects_due: complaint.effects_due,
            recorded_at: complaint.recorded_at,
        }
    }

    fn whole(complaint: complaints::Complaint) -> Complaint {
        let (complainant, contact) = (complaint.details.complainant.clone(), complaint.details.contact.clone());
        Complaint { complainant, contact, ..Complaint::public(complaint) }
    }
}

/// What the investigation came to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    #[schema(example = "已向双方核实，当日确未到场")]
    finding: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ComplaintAnswer)]
pub struct Answer {
    #[schema(example = "情况属实，已撤销该次时长并致歉")]
    answer: String,
}

fn answered(done: Result<(complaints::Complaint, bool), RecordError>, scale: u8) -> Result<HttpResponse, Problem> {
    let (complaint, replayed) = done.map_err(|error| record_refused(error, scale))?;
    Ok(once(StatusCode::OK, replayed, Complaint::public(complaint)))
}

/// Record a complaint
///
/// About a volunteer, a record of service, a volunteer's part in an activity, or a unit. It is to be answered until `due_on`.
#[utoipa::path(
    tag = "records",
    request_body = NewComplaint,
    responses((status = 201, body = Complaint), (status = 200, body = Complaint))
)]
#[put("/complaints/{id}")]
async fn put_complaint(call: Call<may::PutComplaint, Uuid, Json<NewComplaint>>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let NewComplaint { volunteer_id, service_id, activity_id, content, complainant, contact, received_on, unit, team } =
        call.input.0;
    let details = ComplaintDetails {
        volunteer_id,
        service_id,
        activity_id,
        content,
        complainant,
        contact,
        received_on,
        unit,
        team,
    };
    let done = complaints::put(&call.scheme, call.at, details, &call.caller.operator, call.now).await;
    let (complaint, replayed) = done.map_err(|error| record_refused(error, scale))?;
    Ok(once(StatusCode::CREATED, replayed, Complaint::public(complaint)))
}

/// Write down what the investigation of a complaint came to
#[utoipa::path(tag = "records", request_body = Finding, responses((status = 200, body = Complaint)))]
#[post("/complaints/{id}/investigate")]
async fn investigate_complaint(
    call: Call<may::InvestigateComplaint, Uuid, Json<Finding>>,
) -> Result<HttpResponse, Problem> {
    let done = complaints::investigate(&call.scheme, call.at, &call.input.0.finding, call.by(), call.now).await;
    answered(done, call.scale())
}

/// Answer a complaint: it is true
///
/// By somebody who is not concerned: not whoever is complained of, wrote the record or the complaint down, confirmed the record, or
/// gave the answer that was appealed. What follows stands in the scheme's `[complaints]`: the hours become 0, an event deducts
/// points, reviews of the year are closed to the volunteer.
#[utoipa::path(tag = "records", request_body = Answer, responses((status = 200, body = Complaint)))]
#[post("/complaints/{id}/uphold")]
async fn uphold_complaint(call: Call<may::UpholdComplaint, Uuid, Json<Answer>>) -> Result<HttpResponse, Problem> {
    let done = complaints::uphold(&call.scheme, call.at, &call.input.0.answer, call.by(), call.now).await;
    answered(done, call.scale())
}

/// Answer a complaint: it is not true
///
/// After an appeal against `upheld` the event that had followed is reversed; hours that had become 0 are recorded anew.
#[utoipa::path(tag = "records", request_body = Answer, responses((status = 200, body = Complaint)))]
#[post("/complaints/{id}/dismiss")]
async fn dismiss_complaint(call: Call<may::DismissComplaint, Uuid, Json<Answer>>) -> Result<HttpResponse, Problem> {
    let done = complaints::dismiss(&call.scheme, call.at, &call.input.0.answer, call.by(), call.now).await;
    answered(done, call.scale())
}

/// Appeal against the answer to a complaint: somebody else answers it once more
///
/// Once, within `appeal_working_days` of the scheme.
#[utoipa::path(tag = "records", request_body = Because, responses((status = 200, body = Complaint)))]
#[post("/complaints/{id}/appeal")]
async fn appeal_complaint(call: Call<may::AppealComplaint, Uuid, Json<Because>>) -> Result<HttpResponse, Problem> {
    let done = complaints::appeal(&call.scheme, call.at, &call.input.0.reason, call.by(), call.now).await;
    answered(done, call.scale())
}

/// Withdraw a complaint that was not answered yet
#[utoipa::path(tag = "records", request_body = Because, responses((status = 200, body = Complaint)))]
#[post("/complaints/{id}/withdraw")]
async fn withdraw_complaint(call: Call<may::WithdrawComplaint, Uuid, Json<Because>>) -> Result<HttpResponse, Problem> {
    let done = complaints::withdraw(&call.scheme, call.at, &call.input.0.reason, call.by(), call.now).await;
    answered(done, call.scale())
}

/// Read a complaint
#[utoipa::path(tag = "records", responses((status = 200, body = Complaint)))]
#[get("/complaints/{id}")]
async fn get_complaint(call: Call<may::GetComplaint, Uuid>) -> Result<HttpResponse, Problem> {
    let found = complaints::get(&call.scheme, call.at, call.now).await;
    let found = found.map_err(|error| record_refused(error, call.scale()))?;
    Ok(ok(match call.by().role {
        Role::Reviewer | Role::SchemeAdmin => Complaint::whole(found),
        _ => Complaint::public(found),
    }))
}

/// List complaints, in the order of their receipt
#[utoipa::path(tag = "records", params(RecordsQuery), responses((status = 200, body = Complaints)))]
#[get("/complaints")]
async fn list_complaints(call: Call<may::ListComplaints, (), Query<RecordsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let known: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    let (filter, after) = list.resume(query.cursor.as_deref(), query.filter(&known)?)?;
    let found = complaints::list(&call.scheme, &filter, after, limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.received_on, last.id)));
    Ok(ok(Complaints { complaints: found.into_iter().map(Complaint::public).collect(), next }))
}
