//! Who belonged to a unit, and how many of them took part.

use crate::api::amounts::hours;
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, CodeOf, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::rankings::year;
use crate::api::words::same_words;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::units::UnitError;
use scheme::volunteers;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_participation).service(list_members);
}

/// As what somebody belongs to a unit (双报到).
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capacity {
    /// They serve there.
    Serving,
    /// They come from there.
    #[default]
    Home,
}

same_words!(Capacity, volunteers::Capacity: Serving Home);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ParticipationQuery {
    year: i32,
    /// `home`, or `serving`; `home` when left out.
    #[param(inline)]
    capacity: Option<Capacity>,
}

/// How a unit's members took part.
#[derive(Serialize, ToSchema)]
pub struct UnitParticipation {
    /// Code of the unit; of the last line of all, that which was asked for.
    unit: String,
    /// On the last day of the year, or today.
    members: i64,
    /// Of whom a service of the year was confirmed, wherever it was.
    took_part: i64,
    /// In per cent, rounded down to a tenth; `null` without members.
    #[schema(example = "87.5")]
    rate: Option<String>,
    /// With `serving`, services that count for it (人次); with `home`, those of the months at whose end who served belonged to it.
    services: i64,
    #[schema(example = "132.5")]
    hours: String,
    minutes: i64,
}

#[derive(Serialize, ToSchema)]
pub struct UnitParticipations {
    /// Of the unit and those below it that have members or services.
    rows: Vec<UnitParticipation>,
    total: UnitParticipation,
}

/// Tell how many members of a unit took part in a year
///
/// Members are those who belonged to it, or to what was below it, on the last day of the year, or belong to it today.
#[utoipa::path(tag = "organisation", params(ParticipationQuery), responses((status = 200, body = UnitParticipations)))]
#[get("/units/{code}/participation")]
async fn get_participation(
    call: Call<may::GetParticipation, CodeOf, Query<ParticipationQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(ParticipationQuery { year: asked, capacity }) = &call.input;
    known(&call.scheme, &call.at.0).await?;
    let (year, capacity) = (year(i64::from(*asked))?, capacity.unwrap_or_default().into());
    let today = call.scheme.config().day_of(call.now);
    let lines = volunteers::participation(&call.scheme, &call.at.0, capacity, year, today).await?;
    let sum = |of: fn(&volunteers::Participation) -> i64| lines.iter().map(of).sum();
    let total = volunteers::Participation {
        unit: call.at.0.clone(),
        members: sum(|line| line.members),
        took_part: sum(|line| line.took_part),
        services: sum(|line| line.services),
        minutes: sum(|line| line.minutes),
    };
    Ok(ok(UnitParticipations { total: row(total), rows: lines.into_iter().map(row).collect() }))
}

fn row(line: volunteers::Participation) -> UnitParticipation {
    let volunteers::Participation { unit, members, took_part, services, minutes } = line;
    let rate = (members > 0).then(|| took_part.saturating_mul(1000) / members);
    let rate = rate.map(|tenths| format!("{}.{}", tenths / 10, tenths % 10));
    UnitParticipation { unit, members, took_part, rate, services, hours: hours(minutes), minutes }
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MembersQuery {
    /// `home`, or `serving`; `home` when left out.
    #[param(inline)]
    capacity: Option<Capacity>,
    /// Who belonged to it on that day; today when left out.
    on: Option<NaiveDate>,
    /// `next` of the page before.
    #[serde(skip_serializing)]
    cursor: Option<String>,
    /// 1 to 500; 100 when left out.
    #[serde(skip_serializing)]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Member {
    id: Uuid,
    number: String,
    name: String,
    /// The unit itself, or one that was below it then.
    unit: String,
}

#[derive(Serialize, ToSchema)]
pub struct Members {
    members: Vec<Member>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List who belonged to a unit on a day, by number
#[utoipa::path(tag = "organisation", params(MembersQuery), responses((status = 200, body = Members)))]
#[get("/units/{code}/members")]
async fn list_members(call: Call<may::ListMembers, CodeOf, Query<MembersQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    known(&call.scheme, &call.at.0).await?;
    let limit = page_size(query.limit, 100, 500)?;
    let list = List::of(&call);
    let asked = MembersQuery { cursor: None, limit: None, ..query.clone() };
    let (asked, after): (MembersQuery, Option<String>) = list.resume(query.cursor.as_deref(), asked)?;
    let on = asked.on.unwrap_or_else(|| call.scheme.config().day_of(call.now));
    let capacity = asked.capacity.unwrap_or_default().into();
    let found = volunteers::belonged(&call.scheme, &call.at.0, capacity, on, after.as_deref(), limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&asked, &last.number));
    let member = |member: volunteers::Member| {
        let volunteers::Member { id, number, name, unit } = member;
        Member { id, number, name, unit }
    };
    Ok(ok(Members { members: found.into_iter().map(member).collect(), next }))
}

async fn known(scheme: &scheme::OpenScheme, code: &str) -> Result<(), Problem> {
    match scheme.organisation().await?.unit(code) {
        Some(_) => Ok(()),
        None => Err(UnitError::UnitNotFound { code: code.to_owned() }.into()),
    }
}
