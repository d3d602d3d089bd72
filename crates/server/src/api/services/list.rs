//! Lists of service records, and how the deadline is kept.

use super::wire::{Evidence, Service, Status, actors};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use actix_web::{HttpResponse, get};
use chrono::{Days, NaiveDate};
use scheme::{Role, services};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServicesQuery {
    volunteer_id: Option<Uuid>,
    activity_id: Option<Uuid>,
    /// The record that it stands in place of.
    corrects: Option<Uuid>,
    /// Code of a unit: what counts for it and for all below it.
    unit: Option<String>,
    /// Where the volunteers came from.
    home_unit: Option<String>,
    /// Code of a team. A leader's key sees its own team alone.
    team: Option<String>,
    #[param(inline)]
    status: Option<Status>,
    /// Code of a category.
    category: Option<String>,
    #[param(inline)]
    evidence: Option<Evidence>,
    /// First day.
    from: Option<NaiveDate>,
    /// Last day.
    until: Option<NaiveDate>,
    /// Only what was neither decided nor published by `due_on`.
    overdue: Option<bool>,
    /// Only what was recorded after `due_on`.
    late: Option<bool>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Services {
    services: Vec<Service>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// What a list was asked for, as its cursor carries it.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Filter {
    volunteer_id: Option<Uuid>,
    activity_id: Option<Uuid>,
    corrects: Option<Uuid>,
    unit: Option<String>,
    home_unit: Option<String>,
    team: Option<String>,
    status: Option<Status>,
    category: Option<String>,
    evidence: Option<Evidence>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    overdue: bool,
    late: bool,
}

/// List service records, in the order of their days
#[utoipa::path(tag = "services", params(ServicesQuery), responses((status = 200, body = Services)))]
#[get("/services")]
pub async fn list_services(call: Call<may::ListServices, (), Query<ServicesQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let asked = Filter {
        volunteer_id: query.volunteer_id,
        activity_id: query.activity_id,
        corrects: query.corrects,
        unit: query.unit.clone(),
        home_unit: query.home_unit.clone(),
        team: query.team.clone(),
        status: query.status,
        category: query.category.clone(),
        evidence: query.evidence,
        from: query.from,
        until: query.until,
        overdue: query.overdue.unwrap_or_default(),
        late: query.late.unwrap_or_default(),
    };
    let list = List::of(&call);
    let (mut filter, after): (Filter, Option<(NaiveDate, Uuid)>) = list.resume(query.cursor.as_deref(), asked)?;
    if call.by().role == Role::Leader {
        if filter.team.is_some() && filter.team != call.by().team {
            return Err(other_team());
        }
        filter.team = call.by().team.clone();
    }
    let units = call.scheme.units_below(filter.unit.as_deref()).await?;
    let wanted = wanted(units, &filter);
    let found = services::list(&call.scheme, &wanted, after, limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.details.occurred_on, last.id)));
    let (actors, scale) = (actors(&call.scheme, &found).await?, call.scale());
    let services = found.into_iter().map(|service| Service::new(service, &actors, scale)).collect();
    Ok(ok(Services { services, next }))
}

pub fn other_team() -> Problem {
    Problem::new(crate::api::error::Code::Forbidden)
        .detail("队长只能看本队的记录", "a leader sees the records of the own team alone")
}

fn wanted(units: Option<Vec<String>>, filter: &Filter) -> services::ServiceFilter {
    services::ServiceFilter {
        volunteer_id: filter.volunteer_id,
        activity_id: filter.activity_id,
        corrects: filter.corrects,
        units,
        home_unit: filter.home_unit.clone(),
        team: filter.team.clone(),
        status: filter.status.map(Into::into),
        category: filter.category.clone(),
        evidence: filter.evidence.map(Into::into),
        from: filter.from,
        until: filter.until,
        overdue: filter.overdue,
        late: filter.late,
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadlinesQuery {
    /// First day of service; 365 days before the last when left out.
    from: Option<NaiveDate>,
    /// Last day of service; today when left out.
    until: Option<NaiveDate>,
    /// Code of a unit: it and all below it.
    unit: Option<String>,
}

/// How a unit keeps the deadline.
#[derive(Serialize, ToSchema)]
pub struct Deadline {
    /// `null` for records that count for no unit.
    unit: Option<String>,
    records: i64,
    /// Not decided yet, those in publicity included.
    open: i64,
    /// Neither decided nor published by the day on which they were to be.
    overdue: i64,
    /// Recorded after that day.
    late: i64,
    back_filled: i64,
}

#[derive(Serialize, ToSchema)]
pub struct Deadlines {
    from: NaiveDate,
    until: NaiveDate,
    units: Vec<Deadline>,
}

/// Count what is open, overdue and late, unit by unit
///
/// Services are to be on record and decided within the working days that the rules give from the end of the activity.
#[utoipa::path(tag = "services", params(DeadlinesQuery), responses((status = 200, body = Deadlines)))]
#[get("/deadlines")]
pub async fn get_deadlines(call: Call<may::GetDeadlines, (), Query<DeadlinesQuery>>) -> Result<HttpResponse, Problem> {
    let Query(DeadlinesQuery { from, until, unit }) = &call.input;
    let until = until.unwrap_or_else(|| call.scheme.config().day_of(call.now));
    let from = from.or_else(|| until.checked_sub_days(Days::new(365))).unwrap_or(until);
    let units = call.scheme.units_below(unit.as_deref()).await?;
    let asked = |count: &services::UnitCount| match &units {
        None => true,
        Some(units) => count.unit.as_ref().is_some_and(|unit| units.contains(unit)),
    };
    let counts = services::counts(&call.scheme, from, until, call.now).await?;
    let deadline = |count: services::UnitCount| Deadline {
        unit: count.unit,
        records: count.records,
        open: count.open,
        overdue: count.overdue,
        late: count.late,
        back_filled: count.back_filled,
    };
    let units = counts.into_iter().filter(asked).map(deadline).collect();
    Ok(ok(Deadlines { from, until, units }))
}
