//! Volunteers: who they are.

use crate::api::answers::{ok, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::{config, volunteers};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_volunteer).service(get_volunteer).service(list_volunteers);
}

/// A volunteer as somebody writes them down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVolunteer {
    /// The public identifier. Left out: the one they have, or the scheme's next.
    #[schema(example = "ZI0000012")]
    number: Option<String>,
    #[schema(example = "林秀英")]
    name: String,
    #[schema(example = "13800000000")]
    phone: Option<String>,
    /// Only a keyed digest is kept, to notice the same person registered twice; it is never shown again.
    id_number: Option<String>,
    birth_date: Option<NaiveDate>,
    /// Code of the unit of the scheme where they serve.
    #[schema(example = "compound-1")]
    unit: Option<String>,
    /// Where they come from (双报到): code or name.
    home_unit: Option<String>,
    #[serde(default)]
    teams: Vec<String>,
    #[serde(default)]
    skills: Vec<String>,
    /// Whose account it is: a person's when left out.
    #[serde(default)]
    kind: VolunteerKind,
    gender: Option<Gender>,
    /// Where they are registered or live, in the words of the scheme's conditions.
    #[schema(example = "长宁区")]
    residence: Option<String>,
    /// Since when they are registered. Left out: the day they have, or today.
    registered_on: Option<NaiveDate>,
    /// Codes of labels of the scheme.
    #[serde(default)]
    labels: BTreeSet<String>,
    consent: Consent,
}

/// Whose account it is.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VolunteerKind {
    #[default]
    Individual,
    Group,
    Household,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    Female,
    Male,
}

same_words!(VolunteerKind, config::VolunteerKind: Individual Group Household);
same_words!(Gender, config::Gender: Female Male);

/// What the volunteer has agreed to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// That their service is recorded.
    record: bool,
    /// That their name is published in lists.
    publish: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Volunteer {
    id: Uuid,
    number: String,
    name: String,
    phone: Option<String>,
    birth_date: Option<NaiveDate>,
    unit: Option<String>,
    home_unit: Option<String>,
    teams: Vec<String>,
    skills: Vec<String>,
    kind: VolunteerKind,
    gender: Option<Gender>,
    residence: Option<String>,
    registered_on: NaiveDate,
    labels: BTreeSet<String>,
    consent: Consent,
    #[schema(example = "active")]
    status: &'static str,
    /// Counts changes; also in the header `ETag`.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct Volunteers {
    volunteers: Vec<Volunteer>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VolunteersQuery {
    /// Part of a name, number or phone.
    query: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

impl From<NewVolunteer> for volunteers::VolunteerDetails {
    fn from(new: NewVolunteer) -> Self {
        let consent = volunteers::Consent { record: new.consent.record, publish: new.consent.publish };
        let NewVolunteer { number, name, phone, id_number, birth_date, unit, home_unit, teams, skills, .. } = new;
        volunteers::VolunteerDetails {
            number,
            name,
            phone,
            id_number,
            birth_date,
            unit,
            home_unit,
            teams,
            skills,
            kind: new.kind.into(),
            gender: new.gender.map(Into::into),
            residence: new.residence,
            registered_on: new.registered_on,
            labels: new.labels,
            consent,
        }
    }
}

impl From<&volunteers::Volunteer> for Volunteer {
    fn from(volunteer: &volunteers::Volunteer) -> Self {
        let volunteer = volunteer.clone();
        Volunteer {
            id: volunteer.id,
            number: volunteer.number,
            name: volunteer.name,
            phone: volunteer.phone,
            birth_date: volunteer.birth_date,
            unit: volunteer.unit,
            home_unit: volunteer.home_unit,
            teams: volunteer.teams,
            skills: volunteer.skills,
            kind: volunteer.kind.into(),
            gender: volunteer.gender.map(Into::into),
            residence: volunteer.residence,
            registered_on: volunteer.registered_on,
            labels: volunteer.labels,
            consent: Consent { record: volunteer.consent.record, publish: volunteer.consent.publish },
            status: volunteer.status.as_str(),
            version: volunteer.version,
            created_at: volunteer.created_at,
            updated_at: volunteer.updated_at,
        }
    }
}

/// Register a volunteer, or change their details
///
/// You choose the id. The same again changes nothing and says so in `Idempotency-Replayed`. Send `If-Match` with the `ETag`
/// that you have seen when nobody else's change must be lost, or `If-None-Match: *` when the volunteer must be new.
/// `id_taken` names the field that another volunteer has: `number` or `id_number`.
#[utoipa::path(
    tag = "volunteers",
    request_body = NewVolunteer,
    responses((status = 201, body = Volunteer), (status = 200, body = Volunteer))
)]
#[put("/volunteers/{id}")]
async fn put_volunteer(call: Call<may::PutVolunteer, Uuid, Json<NewVolunteer>>) -> Result<HttpResponse, Problem> {
    let expected = call.expected_version();
    let Json(new) = call.input;
    let (volunteer, how) = volunteers::put(&call.scheme, call.at, new.into(), expected, call.now).await?;
    Ok(written(how, volunteer.version, Volunteer::from(&*volunteer)))
}

/// Read a volunteer
#[utoipa::path(tag = "volunteers", responses((status = 200, body = Volunteer)))]
#[get("/volunteers/{id}")]
async fn get_volunteer(call: Call<may::GetVolunteer, Uuid>) -> Result<HttpResponse, Problem> {
    let volunteer = volunteers::get(&call.scheme, call.at).await?;
    Ok(versioned(volunteer.version, Volunteer::from(&*volunteer)))
}

/// List volunteers, in the order of their numbers
#[utoipa::path(tag = "volunteers", params(VolunteersQuery), responses((status = 200, body = Volunteers)))]
#[get("/volunteers")]
async fn list_volunteers(call: Call<may::ListVolunteers, (), Query<VolunteersQuery>>) -> Result<HttpResponse, Problem> {
    let Query(VolunteersQuery { query, cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let (query, after): (Option<String>, Option<String>) = list.resume(cursor.as_deref(), query.clone())?;
    let found = volunteers::list_matching(&call.scheme, query.as_deref(), after.as_deref(), limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&query, &last.number));
    Ok(ok(Volunteers { volunteers: found.iter().map(Volunteer::from).collect(), next }))
}
