//! Teams, and who belongs to them.

use crate::api::answers::{ok, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, CodeOf, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use scheme::teams::{self, TeamDetails, TeamKind};
use scheme::units::SINCE_EVER;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_team).service(get_team).service(list_teams).service(list_team_members).service(set_team_role);
}

/// A team as somebody writes it down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    #[schema(example = "垃圾分类志愿队")]
    name: String,
    /// `club`, `service_team`, `mediation`, `patrol`, `professional`, `core` or `other`.
    #[schema(value_type = String, example = "service_team")]
    kind: TeamKind,
    /// Code of the unit that it belongs to.
    unit: Option<String>,
    leader: Option<Uuid>,
    from: Option<NaiveDate>,
    /// Its last day.
    until: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub struct Team {
    code: String,
    name: String,
    #[schema(value_type = String, example = "service_team")]
    kind: TeamKind,
    unit: Option<String>,
    leader: Option<Uuid>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    /// How many belong to it today.
    members: i64,
    version: i64,
}

#[derive(Serialize, ToSchema)]
pub struct Teams {
    teams: Vec<Team>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct TeamMember {
    id: Uuid,
    number: String,
    name: String,
    /// `null`: from the beginning.
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    /// What they do in the team.
    role: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct TeamMembers {
    members: Vec<TeamMember>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TeamsQuery {
    /// Code of a unit: only its own teams.
    unit: Option<String>,
    /// `next` of the page before.
    #[serde(skip_serializing)]
    cursor: Option<String>,
    /// 1 to 500; 100 when left out.
    #[serde(skip_serializing)]
    limit: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MembersQuery {
    /// Who belonged to it on that day; today when left out.
    on: Option<NaiveDate>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamRole {
    volunteer_id: Uuid,
    /// `null` takes it back.
    #[schema(example = "副队长")]
    role: Option<String>,
}

impl From<teams::Team> for Team {
    fn from(team: teams::Team) -> Self {
        let TeamDetails { name, kind, unit, leader, from, until } = team.details;
        let (code, members, version) = (team.code, team.members, team.version);
        Team { code, name, kind, unit, leader, from, until, members, version }
    }
}

/// Make a team, or change what is known of it
#[utoipa::path(tag = "organisation", request_body = NewTeam, responses((status = 201, body = Team), (status = 200, body = Team)))]
#[put("/teams/{code}")]
async fn put_team(call: Call<may::PutTeam, CodeOf, Json<NewTeam>>) -> Result<HttpResponse, Problem> {
    let expected = call.expected_version();
    let NewTeam { name, kind, unit, leader, from, until } = call.input.0;
    let details = TeamDetails { name, kind, unit, leader, from, until };
    let (team, how) = teams::put(&call.scheme, &call.at.0, details, expected).await?;
    Ok(written(how, team.version, Team::from(team)))
}

/// Read a team
#[utoipa::path(tag = "organisation", responses((status = 200, body = Team)))]
#[get("/teams/{code}")]
async fn get_team(call: Call<may::GetTeam, CodeOf>) -> Result<HttpResponse, Problem> {
    let team = teams::get(&call.scheme, &call.at.0).await?;
    Ok(versioned(team.version, Team::from(team)))
}

/// List teams, in the order of their codes
#[utoipa::path(tag = "organisation", params(TeamsQuery), responses((status = 200, body = Teams)))]
#[get("/teams")]
async fn list_teams(call: Call<may::ListTeams, (), Query<TeamsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 100, 500)?;
    let list = List::of(&call);
    let filter = TeamsQuery { cursor: None, limit: None, ..query.clone() };
    let (filter, after): (TeamsQuery, Option<String>) = list.resume(query.cursor.as_deref(), filter)?;
    let found = teams::list(&call.scheme, filter.unit.as_deref(), after.as_deref(), limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, &last.code));
    Ok(ok(Teams { teams: found.into_iter().map(Team::from).collect(), next }))
}

/// List who belongs to a team, by number
#[utoipa::path(tag = "organisation", params(MembersQuery), responses((status = 200, body = TeamMembers)))]
#[get("/teams/{code}/members")]
async fn list_team_members(
    call: Call<may::ListTeamMembers, CodeOf, Query<MembersQuery>>,
) -> Result<HttpResponse, Problem> {
    let on = call.input.0.on.unwrap_or_else(|| call.scheme.config().day_of(call.now));
    let members = teams::members(&call.scheme, &call.at.0, on).await?;
    let member = |member: teams::TeamMember| TeamMember {
        id: member.id,
        number: member.number,
        name: member.name,
        from: Some(member.from_on).filter(|from| *from > SINCE_EVER),
        until: member.until_on,
        role: member.role,
    };
    Ok(ok(TeamMembers { members: members.into_iter().map(member).collect(), next: None }))
}

/// Say what a member does in a team
///
/// Who belongs to it is written where the volunteer is written down, in `teams`.
#[utoipa::path(tag = "organisation", request_body = TeamRole, responses((status = 200, body = Team)))]
#[post("/teams/{code}/role")]
async fn set_team_role(call: Call<may::SetTeamRole, CodeOf, Json<TeamRole>>) -> Result<HttpResponse, Problem> {
    let Json(TeamRole { volunteer_id, role }) = &call.input;
    teams::set_role(&call.scheme, &call.at.0, *volunteer_id, role.clone()).await?;
    Ok(ok(Team::from(teams::get(&call.scheme, &call.at.0).await?)))
}
