//! Activities: planned, published, signed up for, held or cancelled.

mod insurances;
mod signups;
mod wire;

use crate::api::answers::{ok, once, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::activities::{self, ActivityFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use wire::{Activity, NewActivity, Status};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_activity)
        .service(get_activity)
        .service(list_activities)
        .service(publish_activity)
        .service(cancel_activity)
        .service(repeat_activity)
        .configure(signups::routes)
        .configure(insurances::routes);
}

/// Plan an activity, or change it
///
/// You choose the id. It can be signed up for once it is published. Whether it is paid for (`fee_kind`) cannot be changed:
/// what recipients pay for never earns hours. More `capacity` than before goes to those who wait. A leader plans for the own
/// team. `If-Match` and `If-None-Match` as for volunteers.
#[utoipa::path(
    tag = "activities",
    request_body = NewActivity,
    responses((status = 201, body = Activity), (status = 200, body = Activity))
)]
#[put("/activities/{id}")]
async fn put_activity(call: Call<may::PutActivity, Uuid, Json<NewActivity>>) -> Result<HttpResponse, Problem> {
    let expected = call.expected_version();
    let by = &call.caller.operator;
    let (activity, how) = activities::put(&call.scheme, call.at, call.input.0.into(), expected, by, call.now).await?;
    Ok(written(how, activity.version, Activity::new(activity, call.now)))
}

/// Read an activity
#[utoipa::path(tag = "activities", responses((status = 200, body = Activity)))]
#[get("/activities/{id}")]
async fn get_activity(call: Call<may::GetActivity, Uuid>) -> Result<HttpResponse, Problem> {
    let activity = activities::get(&call.scheme, call.at).await?;
    Ok(versioned(activity.version, Activity::new(activity, call.now)))
}

/// Open a planned activity for sign-up
#[utoipa::path(tag = "activities", responses((status = 200, body = Activity)))]
#[post("/activities/{id}/publish")]
async fn publish_activity(call: Call<may::PublishActivity, Uuid>) -> Result<HttpResponse, Problem> {
    let (activity, replayed) = activities::publish(&call.scheme, call.at, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, Activity::new(activity, call.now)))
}

/// Why it does not take place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    #[schema(example = "台风预警，改期另行通知")]
    reason: String,
}

/// Call an activity off
///
/// `GET /activities/{id}/signups` is the list of those to tell; the feed of entries has `activity.cancelled`.
#[utoipa::path(tag = "activities", request_body = Cancellation, responses((status = 200, body = Activity)))]
#[post("/activities/{id}/cancel")]
async fn cancel_activity(call: Call<may::CancelActivity, Uuid, Json<Cancellation>>) -> Result<HttpResponse, Problem> {
    let (activity, replayed) =
        activities::cancel(&call.scheme, call.at, &call.input.0.reason, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, Activity::new(activity, call.now)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Repetition {
    /// At most 100.
    days: Vec<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub struct Repeated {
    /// In the order of the days.
    activities: Vec<Activity>,
}

/// Plan the same activity on other days, at the same times
///
/// The same days again make none twice.
#[utoipa::path(
    tag = "activities",
    request_body = Repetition,
    responses((status = 201, body = Repeated), (status = 200, body = Repeated))
)]
#[post("/activities/{id}/repeat")]
async fn repeat_activity(call: Call<may::RepeatActivity, Uuid, Json<Repetition>>) -> Result<HttpResponse, Problem> {
    let (made, replayed) = activities::repeat(&call.scheme, call.at, &call.input.0.days, call.by(), call.now).await?;
    let activities = made.into_iter().map(|activity| Activity::new(activity, call.now)).collect();
    Ok(once(StatusCode::CREATED, replayed, Repeated { activities }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActivitiesQuery {
    /// Code: that unit, and all below it.
    unit: Option<String>,
    team: Option<String>,
    station: Option<String>,
    category: Option<String>,
    #[param(inline)]
    status: Option<Status>,
    /// Those that end after this moment.
    from: Option<DateTime<Utc>>,
    /// Those that begin before this moment.
    until: Option<DateTime<Utc>>,
    /// Those that can be signed up for now.
    open: Option<bool>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

/// What a cursor carries of the query.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Filter {
    unit: Option<String>,
    team: Option<String>,
    station: Option<String>,
    category: Option<String>,
    status: Option<Status>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    open: bool,
}

impl From<Filter> for ActivityFilter {
    fn from(filter: Filter) -> Self {
        let Filter { unit, team, station, category, status, from, until, open } = filter;
        ActivityFilter { unit, team, station, category, status: status.map(Into::into), from, until, open }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Activities {
    activities: Vec<Activity>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List activities, in the order in which they begin
#[utoipa::path(tag = "activities", params(ActivitiesQuery), responses((status = 200, body = Activities)))]
#[get("/activities")]
async fn list_activities(call: Call<may::ListActivities, (), Query<ActivitiesQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let filter = Filter {
        unit: query.unit.clone(),
        team: query.team.clone(),
        station: query.station.clone(),
        category: query.category.clone(),
        status: query.status,
        from: query.from,
        until: query.until,
        open: query.open.unwrap_or(false),
    };
    let (filter, after): (Filter, Option<(DateTime<Utc>, Uuid)>) = list.resume(query.cursor.as_deref(), filter)?;
    let found = activities::list(&call.scheme, &filter.clone().into(), after, limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.details.starts_at, last.id)));
    let activities = found.into_iter().map(|activity| Activity::new(activity, call.now)).collect();
    Ok(ok(Activities { activities, next }))
}
