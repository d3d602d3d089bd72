//! Volunteers: who they are.

use crate::api::answers::{versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::{config, volunteers};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

mod list;
mod merge;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list::list_duplicates)
        .service(put_volunteer)
        .service(get_volunteer)
        .service(list::list_volunteers)
        .service(list::list_memberships)
        .service(merge::merge_volunteer)
        .service(merge::leave_volunteer)
        .service(merge::rejoin_volunteer);
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
    #[schema(example = "退休教师")]
    occupation: Option<String>,
    /// When in the week they have time.
    #[serde(default)]
    availability: Vec<Time>,
    /// Who answers for a minor.
    guardian: Option<Guardian>,
    consent: Consent,
}

/// A part of a weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// 1 for Monday to 7 for Sunday.
    #[schema(minimum = 1, maximum = 7)]
    pub weekday: u32,
    pub part: PartOfDay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartOfDay {
    Morning,
    Afternoon,
    Evening,
}

same_words!(PartOfDay, volunteers::PartOfDay: Morning Afternoon Evening);

/// Who answers for a minor, and whether they agree to the records.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Guardian {
    name: String,
    phone: Option<String>,
    consent: bool,
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
    occupation: Option<String>,
    availability: Vec<Time>,
    guardian: Option<Guardian>,
    consent: Consent,
    /// `active`, `inactive` for those who have left, `merged`.
    #[schema(example = "active")]
    status: &'static str,
    /// Who has what they had.
    merged_into: Option<Uuid>,
    /// Counts changes; also in the header `ETag`.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A volunteer as registered.
#[derive(Serialize, ToSchema)]
pub struct RegisteredVolunteer {
    #[serde(flatten)]
    volunteer: Volunteer,
    /// Others with the same phone, or the same name and birth date: perhaps the same person.
    possible_duplicates: Vec<Duplicate>,
}

/// Somebody who may be the same person.
#[derive(Serialize, ToSchema)]
#[schema(as = PossibleDuplicate)]
pub struct Duplicate {
    id: Uuid,
    number: String,
    /// What is the same: `phone`, `name_and_birth_date`.
    matches: Vec<&'static str>,
}

impl From<volunteers::Duplicate> for Duplicate {
    fn from(duplicate: volunteers::Duplicate) -> Self {
        let volunteers::Duplicate { id, number, matches } = duplicate;
        Duplicate { id, number, matches }
    }
}

/// When in the week somebody has time.
pub fn availability(times: &[Time]) -> volunteers::Availability {
    let none = volunteers::Availability::default();
    times.iter().fold(none, |all, time| all.with(time.weekday, time.part.into()))
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
            occupation: new.occupation,
            availability: availability(&new.availability),
            guardian: new.guardian.map(|guardian| volunteers::Guardian {
                name: guardian.name,
                phone: guardian.phone,
                consents: guardian.consent,
            }),
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
            occupation: volunteer.occupation,
            availability: volunteer
                .availability
                .slots()
                .map(|(weekday, part)| Time { weekday, part: part.into() })
                .collect(),
            guardian: volunteer.guardian.map(|guardian| Guardian {
                name: guardian.name,
                phone: guardian.phone,
                consent: guardian.consents,
            }),
            consent: Consent { record: volunteer.consent.record, publish: volunteer.consent.publish },
            status: volunteer.status.as_str(),
            merged_into: volunteer.merged_into,
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
/// `id_taken` names the field that another volunteer has: `number` or `id_number`. A team that nobody has defined is made.
#[utoipa::path(
    tag = "volunteers",
    request_body = NewVolunteer,
    responses((status = 201, body = RegisteredVolunteer), (status = 200, body = RegisteredVolunteer))
)]
#[put("/volunteers/{id}")]
async fn put_volunteer(call: Call<may::PutVolunteer, Uuid, Json<NewVolunteer>>) -> Result<HttpResponse, Problem> {
    let expected = call.expected_version();
    let Json(new) = call.input;
    if new.availability.iter().any(|time| !(1..=7).contains(&time.weekday)) {
        let (zh, en) = ("星期须在 1 到 7 之间", "a weekday is 1 to 7");
        return Err(Problem::invalid_value("/availability", "invalid_weekday", zh, en));
    }
    let registered = volunteers::register(&call.scheme, call.at, new.into(), expected, call.now).await?;
    let (how, version) = (registered.written, registered.volunteer.version);
    let body = RegisteredVolunteer {
        volunteer: Volunteer::from(&*registered.volunteer),
        possible_duplicates: registered.possible_duplicates.into_iter().map(Duplicate::from).collect(),
    };
    Ok(written(how, version, body))
}

/// Read a volunteer
#[utoipa::path(tag = "volunteers", responses((status = 200, body = Volunteer)))]
#[get("/volunteers/{id}")]
async fn get_volunteer(call: Call<may::GetVolunteer, Uuid>) -> Result<HttpResponse, Problem> {
    let volunteer = volunteers::get(&call.scheme, call.at).await?;
    Ok(versioned(volunteer.version, Volunteer::from(&*volunteer)))
}
