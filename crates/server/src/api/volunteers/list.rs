//! Lists of volunteers, who may be registered twice, and where somebody belonged.

use super::{Duplicate, Volunteer};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::rankings::units_below;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::units::SINCE_EVER;
use scheme::volunteers::{self, Filter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
pub struct Volunteers {
    volunteers: Vec<Volunteer>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    Inactive,
    Merged,
}

impl From<Status> for volunteers::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => volunteers::Status::Active,
            Status::Inactive => volunteers::Status::Inactive,
            Status::Merged => volunteers::Status::Merged,
        }
    }
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VolunteersQuery {
    /// Part of a name, number or phone.
    query: Option<String>,
    /// Code of a unit: those who serve in it or in what is below it today.
    unit: Option<String>,
    /// Code of a unit: those who come from it or from what is below it today.
    home_unit: Option<String>,
    /// Code of a team.
    team: Option<String>,
    skill: Option<String>,
    /// Left out: all but those who were merged into others.
    #[param(inline)]
    status: Option<Status>,
    /// Registered on this day or later.
    registered_from: Option<NaiveDate>,
    /// Registered on this day or earlier.
    registered_until: Option<NaiveDate>,
    /// `next` of the page before.
    #[serde(skip_serializing)]
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    #[serde(skip_serializing)]
    limit: Option<i64>,
}

/// List volunteers, in the order of their numbers
#[utoipa::path(tag = "volunteers", params(VolunteersQuery), responses((status = 200, body = Volunteers)))]
#[get("/volunteers")]
pub async fn list_volunteers(
    call: Call<may::ListVolunteers, (), Query<VolunteersQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let asked = VolunteersQuery { cursor: None, limit: None, ..query.clone() };
    let (asked, after): (VolunteersQuery, Option<String>) = list.resume(query.cursor.as_deref(), asked)?;
    let (organisation, today) = (call.scheme.organisation().await?, call.scheme.config().day_of(call.now));
    // Where somebody comes from may be a name that no unit has.
    let home_units = asked.home_unit.as_deref().map(|unit| organisation.subtree(unit, today));
    let filter = Filter {
        query: asked.query.clone(),
        units: units_below(&organisation, "/query/unit", asked.unit.as_deref(), today)?,
        home_units,
        team: asked.team.clone(),
        skill: asked.skill.clone(),
        status: asked.status.map(Into::into),
        registered_from: asked.registered_from,
        registered_until: asked.registered_until,
    };
    let found = volunteers::list_matching(&call.scheme, &filter, after.as_deref(), limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&asked, &last.number));
    Ok(ok(Volunteers { volunteers: found.iter().map(Volunteer::from).collect(), next }))
}

#[derive(Serialize, ToSchema)]
pub struct DuplicatePair {
    one: Duplicate,
    other: Duplicate,
}

#[derive(Serialize, ToSchema)]
pub struct Duplicates {
    duplicates: Vec<DuplicatePair>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DuplicatesQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

/// List pairs of volunteers who may be the same person
///
/// They have the same phone, or the same name and birth date. Families share a phone: look before you merge.
#[utoipa::path(tag = "volunteers", params(DuplicatesQuery), responses((status = 200, body = Duplicates)))]
#[get("/volunteers/duplicates")]
pub async fn list_duplicates(
    call: Call<may::ListDuplicates, (), Query<DuplicatesQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(DuplicatesQuery { cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let ((), after): ((), Option<(String, String)>) = list.resume(cursor.as_deref(), ())?;
    let found = volunteers::duplicates(&call.scheme, after.as_ref(), limit + 1).await?;
    let (found, next) = page(found, limit, |(one, other)| list.next((), (&one.number, &other.number)));
    let pair = |(one, other): (volunteers::Duplicate, volunteers::Duplicate)| DuplicatePair {
        one: one.into(),
        other: other.into(),
    };
    Ok(ok(Duplicates { duplicates: found.into_iter().map(pair).collect(), next }))
}

/// Where a volunteer belonged for a time.
#[derive(Serialize, ToSchema)]
pub struct Membership {
    /// `serving`: they serve there; `home`: they come from there (双报到).
    #[schema(example = "serving")]
    capacity: String,
    /// Code of the unit; of a home, perhaps a name.
    unit: String,
    /// `null`: since ever.
    from: Option<NaiveDate>,
    /// The last day; `null`: still.
    until: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub struct Memberships {
    memberships: Vec<Membership>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

/// List where a volunteer belonged, the newest first
#[utoipa::path(tag = "volunteers", responses((status = 200, body = Memberships)))]
#[get("/volunteers/{id}/memberships")]
pub async fn list_memberships(call: Call<may::ListMemberships, Uuid>) -> Result<HttpResponse, Problem> {
    volunteers::require(&call.scheme, call.at).await?;
    let memberships = volunteers::memberships(&call.scheme, call.at).await?;
    let membership = |one: volunteers::Membership| Membership {
        capacity: one.capacity,
        unit: one.unit,
        from: Some(one.from_on).filter(|from| *from > SINCE_EVER),
        until: one.until_on,
    };
    Ok(ok(Memberships { memberships: memberships.into_iter().map(membership).collect(), next: None }))
}
