//! Publicity: what is shown before it counts, and what is said against it.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, OfRecord, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Problem, objection_refused};
use crate::api::services::Actor;
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::publicity::{self, NewObjection, ObjectionFilter, PublicRecord};
use scheme::services::About;
use scheme::{OpenScheme, actors};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_publicity).service(put_objection).service(answer_objection).service(list_objections);
}

/// A record as anybody may see it: without a digit of an ID number or a telephone.
#[derive(Serialize, ToSchema)]
pub struct Published {
    id: Uuid,
    /// A pseudonym of those who have not agreed to be named.
    #[schema(example = "王*国")]
    name: String,
    /// The end of the volunteer's number.
    #[schema(example = "0012")]
    number_tail: Option<String>,
    unit: Option<String>,
    category: String,
    title: String,
    occurred_on: NaiveDate,
    minutes: i64,
    published_on: NaiveDate,
    /// The last day on which one can object.
    until: NaiveDate,
}

impl From<PublicRecord> for Published {
    fn from(record: PublicRecord) -> Self {
        Published {
            id: record.id,
            name: record.name,
            number_tail: record.number_tail,
            unit: record.unit,
            category: record.category,
            title: record.title,
            occurred_on: record.occurred_on,
            minutes: record.minutes,
            published_on: record.published_on,
            until: record.until,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PublicityQuery {
    /// Code of a unit: what counts for it and for all below it.
    unit: Option<String>,
    /// What was published on this day.
    on: Option<NaiveDate>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Publicity {
    records: Vec<Published>,
    next: Option<String>,
}

/// List what is in publicity, what ends first before the others
#[utoipa::path(tag = "publicity", params(PublicityQuery), responses((status = 200, body = Publicity)))]
#[get("/publicity")]
async fn list_publicity(call: Call<may::ListPublicity, (), Query<PublicityQuery>>) -> Result<HttpResponse, Problem> {
    let Query(PublicityQuery { unit, on, cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after): (_, Option<(NaiveDate, Uuid)>) = list.resume(cursor.as_deref(), (unit.clone(), *on))?;
    let units = call.scheme.units_below(filter.0.as_deref()).await?;
    let found = publicity::public(&call.scheme, units, filter.1, after, limit + 1).await?;
    let place = |last: &PublicRecord| (last.until.succ_opt().unwrap_or(last.until), last.id);
    let (found, next) = page(found, limit, |last| list.next(&filter, place(last)));
    Ok(ok(Publicity { records: found.into_iter().map(Published::from).collect(), next }))
}

/// What somebody has against a record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewObjectionBody {
    #[schema(example = "当天此人不在现场")]
    content: String,
    /// The name of whoever objects, if they give it. Those who answer see it, and nobody else.
    objector: Option<String>,
    /// Who objects, if a volunteer.
    volunteer_id: Option<Uuid>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObjectionStatus {
    Open,
    Upheld,
    Dismissed,
}

same_words!(ObjectionStatus, publicity::ObjectionStatus: Open Upheld Dismissed);

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The record is rejected.
    Upheld,
    /// Its publicity goes on.
    Dismissed,
}

same_words!(Verdict, publicity::Verdict: Upheld Dismissed);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectionAnswer {
    verdict: Verdict,
    #[schema(example = "经核实，签到照片属实")]
    answer: String,
}

#[derive(Serialize, ToSchema)]
pub struct Objection {
    id: Uuid,
    service_id: Uuid,
    content: String,
    /// Left out for kiosks and leaders.
    objector: Option<String>,
    volunteer_id: Option<Uuid>,
    raised_at: DateTime<Utc>,
    /// Until when it is to be answered.
    due_on: NaiveDate,
    status: ObjectionStatus,
    answer: Option<String>,
    answered_by: Option<Actor>,
    answered_at: Option<DateTime<Utc>>,
}

impl Objection {
    async fn all(scheme: &OpenScheme, found: Vec<publicity::Objection>, names: bool) -> db::Result<Vec<Objection>> {
        let actors = actors::of(scheme, found.iter().filter_map(|objection| objection.answered_by)).await?;
        let shown = |objection: publicity::Objection| Objection {
            id: objection.id,
            service_id: objection.service_id,
            content: objection.details.content,
            objector: objection.details.objector.filter(|_| names),
            volunteer_id: objection.details.volunteer_id.filter(|_| names),
            raised_at: objection.raised_at,
            due_on: objection.due_on,
            status: objection.status.into(),
            answer: objection.answer,
            answered_by: objection.answered_by.map(|key| Actor::of(&actors, key)),
            answered_at: objection.answered_at,
        };
        Ok(found.into_iter().map(shown).collect())
    }
}

/// Object to a published record
///
/// Until its publicity is over; then `state_conflict`. As long as an objection is open the record does not count.
#[utoipa::path(
    tag = "publicity",
    request_body = NewObjectionBody,
    responses((status = 201, body = Objection), (status = 200, body = Objection))
)]
#[put("/services/{id}/objections/{objection_id}")]
async fn put_objection(
    call: Call<may::PutObjection, OfRecord, Json<NewObjectionBody>>,
) -> Result<HttpResponse, Problem> {
    let NewObjectionBody { content, objector, volunteer_id } = call.input.0;
    let details = NewObjection { content, objector, volunteer_id };
    let (service, id) = (call.at.service, call.at.objection);
    let written = publicity::object(&call.scheme, service, id, details, &call.caller.operator, call.now).await;
    let (objection, replayed) = written.map_err(|error| objection_refused(error, call.scheme.config().points_scale))?;
    let mut shown = Objection::all(&call.scheme, vec![objection], false).await?;
    Ok(once(StatusCode::CREATED, replayed, shown.pop()))
}

/// Answer an objection
///
/// By somebody who neither recorded nor checked the record, nor raised the objection. Upheld, the record is rejected.
#[utoipa::path(tag = "publicity", request_body = ObjectionAnswer, responses((status = 200, body = Objection)))]
#[post("/services/{id}/objections/{objection_id}/answer")]
async fn answer_objection(
    call: Call<may::AnswerObjection, OfRecord, Json<ObjectionAnswer>>,
) -> Result<HttpResponse, Problem> {
    let ObjectionAnswer { verdict, answer } = &call.input.0;
    let (service, id) = (call.at.service, call.at.objection);
    let done = publicity::answer(&call.scheme, service, id, (*verdict).into(), answer, call.by(), call.now).await;
    let (objection, replayed) = done.map_err(|error| objection_refused(error, call.scheme.config().points_scale))?;
    let mut shown = Objection::all(&call.scheme, vec![objection], true).await?;
    Ok(once(StatusCode::OK, replayed, shown.pop()))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ObjectionsQuery {
    service_id: Option<Uuid>,
    #[param(inline)]
    status: Option<ObjectionStatus>,
    /// Only those that are open past `due_on`.
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
pub struct Objections {
    objections: Vec<Objection>,
    next: Option<String>,
}

/// List objections, by the day on which they are to be answered
#[utoipa::path(tag = "publicity", params(ObjectionsQuery), responses((status = 200, body = Objections)))]
#[get("/objections")]
async fn list_objections(call: Call<may::ListObjections, (), Query<ObjectionsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let ObjectionsQuery { unit, team, from, until, .. } = query;
    let about = About { unit: unit.clone(), team: team.clone(), from: *from, until: *until };
    let asked = (query.service_id, query.status, query.overdue.unwrap_or_default(), about);
    let (filter, after): (_, Option<(NaiveDate, Uuid)>) = list.resume(query.cursor.as_deref(), asked)?;
    let (service_id, status, overdue, about) = filter.clone();
    let wanted = ObjectionFilter { service_id, about, status: status.map(Into::into), overdue };
    let found = publicity::list_objections(&call.scheme, &wanted, after, limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.due_on, last.id)));
    Ok(ok(Objections { objections: Objection::all(&call.scheme, found, true).await?, next }))
}
