//! Who is in, who is missing; what is left for a person; the punches themselves.

use super::wire::{Presence, Punch, RefusedPunch, Status};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::presence::{self, PresenceFilter, PunchFilter};
use scheme::services::About;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_attendance).service(list_presences).service(list_punches).service(list_refused_punches);
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Whereabouts {
    Expected,
    In,
    Left,
    Missing,
}

same_words!(Whereabouts, presence::Whereabouts: Expected In Left Missing);

#[derive(Serialize, ToSchema)]
pub struct Attendance {
    volunteer_id: Uuid,
    number: String,
    name: String,
    post: Option<String>,
    /// `null`: came without being signed up.
    #[schema(example = "signed_up")]
    signup: Option<&'static str>,
    whereabouts: Whereabouts,
    /// The latest of their stays.
    presence: Option<Presence>,
}

impl From<presence::Row> for Attendance {
    fn from(row: presence::Row) -> Self {
        Attendance {
            volunteer_id: row.volunteer_id,
            number: row.number,
            name: row.name,
            post: row.post,
            signup: row.signup.map(|status| status.as_str()),
            whereabouts: row.whereabouts.into(),
            presence: row.presence.map(Presence::from),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AttendanceQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct AttendanceList {
    attendance: Vec<Attendance>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// Who is in, who has left, and who is missing, in the order of their numbers
#[utoipa::path(tag = "presence", params(AttendanceQuery), responses((status = 200, body = AttendanceList)))]
#[get("/activities/{id}/attendance")]
async fn list_attendance(
    call: Call<may::ListAttendance, Uuid, Query<AttendanceQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(AttendanceQuery { cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let ((), after): ((), Option<String>) = list.resume(cursor.as_deref(), ())?;
    let found = presence::attendance(&call.scheme, call.at, after.as_deref(), limit + 1, call.by(), call.now).await?;
    let (found, next) = page(found, limit, |last| list.next((), &last.number));
    Ok(ok(AttendanceList { attendance: found.into_iter().map(Attendance::from).collect(), next }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PresencesQuery {
    activity_id: Option<Uuid>,
    volunteer_id: Option<Uuid>,
    #[param(inline)]
    status: Option<Status>,
    /// Those who forgot to sign out.
    closed_automatically: Option<bool>,
    /// Those whose record somebody has decided over, and whose punches say otherwise.
    needs_correction: Option<bool>,
    /// Code of a unit: of activities of it or of one below it.
    unit: Option<String>,
    /// Code of a team that held the activity.
    team: Option<String>,
    /// First day, by the scheme's calendar.
    from: Option<NaiveDate>,
    /// Last day.
    until: Option<NaiveDate>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

/// What a cursor carries of the query.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Filter {
    about: About,
    activity_id: Option<Uuid>,
    volunteer_id: Option<Uuid>,
    status: Option<Status>,
    closed_automatically: Option<bool>,
    needs_correction: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub struct Presences {
    presences: Vec<Presence>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List presences, in the order of the check-ins
#[utoipa::path(tag = "presence", params(PresencesQuery), responses((status = 200, body = Presences)))]
#[get("/presence")]
async fn list_presences(call: Call<may::ListPresences, (), Query<PresencesQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let filter = Filter {
        activity_id: query.activity_id,
        volunteer_id: query.volunteer_id,
        status: query.status,
        closed_automatically: query.closed_automatically,
        needs_correction: query.needs_correction,
        about: about(&query.unit, &query.team, query.from, query.until),
    };
    let (filter, after): (Filter, Option<(DateTime<Utc>, Uuid)>) = list.resume(query.cursor.as_deref(), filter)?;
    let Filter { about, activity_id, volunteer_id, status, closed_automatically, needs_correction } = filter.clone();
    let status = status.map(Into::into);
    let wanted = PresenceFilter { about, activity_id, volunteer_id, status, closed_automatically, needs_correction };
    let found = presence::list(&call.scheme, &wanted, after, limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.checked_in_at, last.id)));
    Ok(ok(Presences { presences: found.into_iter().map(Presence::from).collect(), next }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PunchesQuery {
    activity_id: Option<Uuid>,
    volunteer_id: Option<Uuid>,
    device: Option<String>,
    /// Code of a unit: of activities of it or of one below it.
    unit: Option<String>,
    /// Code of a team that held the activity.
    team: Option<String>,
    /// First day, by the scheme's calendar.
    from: Option<NaiveDate>,
    /// Last day.
    until: Option<NaiveDate>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

impl PunchesQuery {
    fn filter(&self) -> PunchFilter {
        PunchFilter {
            about: about(&self.unit, &self.team, self.from, self.until),
            activity_id: self.activity_id,
            volunteer_id: self.volunteer_id,
            device: self.device.clone(),
        }
    }
}

fn about(unit: &Option<String>, team: &Option<String>, from: Option<NaiveDate>, until: Option<NaiveDate>) -> About {
    About { unit: unit.clone(), team: team.clone(), from, until }
}

#[derive(Serialize, ToSchema)]
pub struct Punches {
    punches: Vec<Punch>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List punches as devices sent them, in the order in which they arrived
#[utoipa::path(tag = "presence", params(PunchesQuery), responses((status = 200, body = Punches)))]
#[get("/punches")]
async fn list_punches(call: Call<may::ListPunches, (), Query<PunchesQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after): (PunchFilter, Option<(DateTime<Utc>, Uuid)>) =
        list.resume(query.cursor.as_deref(), query.filter())?;
    let found = presence::punches(&call.scheme, &filter, after, limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.received_at, last.id)));
    Ok(ok(Punches { punches: found.into_iter().map(Punch::from).collect(), next }))
}

#[derive(Serialize, ToSchema)]
pub struct RefusedPunches {
    refused: Vec<RefusedPunch>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List punches that were not taken, each once for each reason, in the order in which they arrived
#[utoipa::path(tag = "presence", params(PunchesQuery), responses((status = 200, body = RefusedPunches)))]
#[get("/punches/refused")]
async fn list_refused_punches(
    call: Call<may::ListRefusedPunches, (), Query<PunchesQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after): (PunchFilter, Option<(DateTime<Utc>, Uuid, String)>) =
        list.resume(query.cursor.as_deref(), query.filter())?;
    let found = presence::refused(&call.scheme, &filter, after, limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.received_at, last.id, &last.code)));
    Ok(ok(RefusedPunches { refused: found.into_iter().map(RefusedPunch::from).collect(), next }))
}
