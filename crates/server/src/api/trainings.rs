//! Training: courses, and who attended them.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, OfTraining, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Problem, record_refused};
use crate::api::records::{Because, RecordsQuery};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::trainings::{self, Attended, TrainingDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_training)
        .service(get_training)
        .service(put_training_attendance)
        .service(withdraw_training_attendance)
        .service(list_training_attendances);
}

/// A course as it was held.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTraining {
    /// What was learned, for activities that ask for it.
    #[schema(example = "first-aid")]
    code: String,
    #[schema(example = "急救员培训")]
    name: String,
    #[schema(example = "心肺复苏、止血包扎")]
    content: String,
    #[schema(example = "区红十字会")]
    organiser: String,
    held_on: NaiveDate,
    /// Of learning.
    #[schema(example = 240)]
    minutes: i64,
    /// How many months passing it lasts; for ever when left out.
    #[schema(example = 24)]
    valid_months: Option<u32>,
    /// Code of the event that passing it is as well, where the rules give points for one.
    event_category: Option<String>,
    /// Code of the unit that it counts for; where the volunteer serves when left out.
    unit: Option<String>,
    team: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Training {
    id: Uuid,
    code: String,
    name: String,
    content: String,
    organiser: String,
    held_on: NaiveDate,
    minutes: i64,
    valid_months: Option<u32>,
    event_category: Option<String>,
    unit: Option<String>,
    team: Option<String>,
    recorded_at: DateTime<Utc>,
}

/// How somebody attended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAttendance {
    /// All of the course when left out.
    minutes: Option<i64>,
    passed: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TrainingAttendance)]
pub struct Attendance {
    training_id: Uuid,
    volunteer_id: Uuid,
    code: String,
    name: String,
    held_on: NaiveDate,
    /// Of learning: never hours of service.
    minutes: i64,
    passed: bool,
    /// The last day on which it counts as passed; `null`: for ever.
    valid_until: Option<NaiveDate>,
    /// The event record that follows from it.
    service_id: Option<Uuid>,
    #[schema(example = "attended")]
    status: &'static str,
    /// Why it was withdrawn.
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TrainingAttendances)]
pub struct Attendances {
    attendances: Vec<Attendance>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

impl From<NewTraining> for TrainingDetails {
    fn from(new: NewTraining) -> Self {
        let NewTraining { code, name, content, organiser, held_on, minutes, valid_months, event_category, unit, team } =
            new;
        TrainingDetails { code, name, content, organiser, held_on, minutes, valid_months, event_category, unit, team }
    }
}

impl From<trainings::Training> for Training {
    fn from(training: trainings::Training) -> Self {
        let TrainingDetails {
            code,
            name,
            content,
            organiser,
            held_on,
            minutes,
            valid_months,
            event_category,
            unit,
            team,
        } = training.details;
        let (id, recorded_at) = (training.id, training.recorded_at);
        Training {
            id,
            code,
            name,
            content,
            organiser,
            held_on,
            minutes,
            valid_months,
            event_category,
            unit,
            team,
            recorded_at,
        }
    }
}

impl From<trainings::Attendance> for Attendance {
    fn from(attendance: trainings::Attendance) -> Self {
        Attendance {
            training_id: attendance.training_id,
            volunteer_id: attendance.volunteer_id,
            code: attendance.code,
            name: attendance.name,
            held_on: attendance.held_on,
            minutes: attendance.minutes,
            passed: attendance.passed,
            valid_until: attendance.valid_until,
            service_id: attendance.service_id,
            status: if attendance.withdrawn { "withdrawn" } else { "attended" },
            reason: attendance.reason,
        }
    }
}

/// Record a course
#[utoipa::path(
    tag = "records",
    request_body = NewTraining,
    responses((status = 201, body = Training), (status = 200, body = Training))
)]
#[put("/trainings/{id}")]
async fn put_training(call: Call<may::PutTraining, Uuid, Json<NewTraining>>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let details = call.input.0.into();
    let done = trainings::put(&call.scheme, call.at, details, &call.caller.operator, call.now).await;
    let (training, replayed) = done.map_err(|error| record_refused(error, scale))?;
    Ok(once(StatusCode::CREATED, replayed, Training::from(training)))
}

/// Read a course
#[utoipa::path(tag = "records", responses((status = 200, body = Training)))]
#[get("/trainings/{id}")]
async fn get_training(call: Call<may::GetTraining, Uuid>) -> Result<HttpResponse, Problem> {
    let found = trainings::get(&call.scheme, call.at).await;
    Ok(ok(Training::from(found.map_err(|error| record_refused(error, call.scale()))?)))
}

/// Record that somebody attended a course
///
/// Its hours are of learning. Where the course has an `event_category`, passing it is an event record as well, `service_id`, which a
/// reviewer confirms as any other.
#[utoipa::path(
    tag = "records",
    request_body = NewAttendance,
    responses((status = 201, body = Attendance), (status = 200, body = Attendance))
)]
#[put("/trainings/{id}/attendances/{volunteer_id}")]
async fn put_training_attendance(
    call: Call<may::PutAttendance, OfTraining, Json<NewAttendance>>,
) -> Result<HttpResponse, Problem> {
    let NewAttendance { minutes, passed } = call.input.0;
    let (OfTraining { training, volunteer }, by) = (&call.at, call.by());
    let done = trainings::attend(&call.scheme, *training, *volunteer, Attended { minutes, passed }, by, call.now).await;
    let (attendance, replayed) = done.map_err(|error| record_refused(error, call.scale()))?;
    Ok(once(StatusCode::CREATED, replayed, Attendance::from(attendance)))
}

/// Withdraw an attendance that was recorded wrongly
///
/// The event record that follows from it is rejected or reversed by itself.
#[utoipa::path(tag = "records", request_body = Because, responses((status = 200, body = Attendance)))]
#[post("/trainings/{id}/attendances/{volunteer_id}/withdraw")]
async fn withdraw_training_attendance(
    call: Call<may::WithdrawAttendance, OfTraining, Json<Because>>,
) -> Result<HttpResponse, Problem> {
    let OfTraining { training, volunteer } = call.at;
    let done = trainings::withdraw(&call.scheme, training, volunteer, &call.input.0.reason, call.by()).await;
    let (attendance, replayed) = done.map_err(|error| record_refused(error, call.scale()))?;
    Ok(once(StatusCode::OK, replayed, Attendance::from(attendance)))
}

/// List who attended courses, in the order of their days
#[utoipa::path(tag = "records", params(RecordsQuery), responses((status = 200, body = Attendances)))]
#[get("/training-attendances")]
async fn list_training_attendances(
    call: Call<may::ListAttendances, (), Query<RecordsQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after) = list.resume(query.cursor.as_deref(), query.filter(&["attended", "withdrawn"])?)?;
    let found = trainings::attendances(&call.scheme, &filter, after, limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.held_on, last.id)));
    Ok(ok(Attendances { attendances: found.into_iter().map(Attendance::from).collect(), next }))
}
