//! Who could be granted a step, who applied for one, and what became of it.

use super::{Applicant, Award, LevelStep};
use crate::api::amounts::{hours, points};
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, CodeOf, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Problem, other_team};
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::Role;
use scheme::levels::{self, ApplicationFilter, Consent, EligibleFilter, LevelApplication, Request};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EligibleQuery {
    /// Code of a step: only those to whom it is due.
    step: Option<String>,
    /// Code of a unit: only those who serve in it and in what is below it.
    unit: Option<String>,
    /// Code of a team: only those who belong to it today. A leader sees the own team, and no other.
    team: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Somebody who has reached a step that was not granted to them.
#[derive(Serialize, ToSchema)]
pub struct EligibleVolunteer {
    volunteer_id: Uuid,
    number: String,
    name: String,
    unit: Option<String>,
    /// The step that can be granted now: where steps come one by one the lowest that is not had, else the highest.
    step: LevelStep,
    /// The body that the rules name for the step.
    granted_by: Option<String>,
    /// What counts for the ladder today.
    #[schema(example = "312.5")]
    hours: String,
    minutes: i64,
    #[schema(example = "310")]
    points: String,
    days: i64,
    /// An application for it that nobody has decided over.
    application_id: Option<Uuid>,
    /// The last day on which nothing can be applied for.
    banned_until: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub struct EligibleVolunteers {
    eligible: Vec<EligibleVolunteer>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List everybody who has reached a step of a ladder and was not granted it
///
/// Of a ladder that is applied for; in the order in which they were registered.
#[utoipa::path(tag = "levels", params(EligibleQuery), responses((status = 200, body = EligibleVolunteers)))]
#[get("/levels/{code}/eligible")]
pub async fn list_eligible(
    call: Call<may::ListEligible, CodeOf, Query<EligibleQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let asked = (query.step.clone(), query.unit.clone(), query.team.clone());
    let (asked, after): (_, Option<Uuid>) = list.resume(query.cursor.as_deref(), asked)?;
    let (step, unit, team) = asked.clone();
    let mut filter = EligibleFilter { ladder: call.at.0.clone(), step, unit, team };
    if call.by().role == Role::Leader {
        if filter.team.is_some() && filter.team != call.by().team {
            return Err(other_team());
        }
        filter.team = call.by().team.clone();
    }
    let found = levels::eligible(&call.scheme, &filter, after.unwrap_or_default(), limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&asked, last.volunteer_id));
    let scale = call.scale();
    let eligible = found.into_iter().map(|one| EligibleVolunteer {
        volunteer_id: one.volunteer_id,
        number: one.number,
        name: one.name,
        unit: one.unit,
        step: one.step.into(),
        granted_by: one.granted_by,
        hours: hours(one.count.minutes),
        minutes: one.count.minutes,
        points: points(one.count.points, scale),
        days: one.count.days,
        application_id: one.application_id,
        banned_until: one.banned_until,
    });
    Ok(ok(EligibleVolunteers { eligible: eligible.collect(), next }))
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelApplicationStatus {
    Applied,
    Granted,
    Refused,
}

same_words!(LevelApplicationStatus, levels::ApplicationStatus: Applied Granted Refused);

/// A step that is applied for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLevelApplication {
    volunteer_id: Uuid,
    #[schema(example = "stars")]
    ladder: String,
    #[schema(example = "two")]
    step: String,
    applicant: Applicant,
    note: Option<String>,
    /// As scanned from the volunteer's phone or card: a kiosk needs it, and so does a leader who applies as `self`.
    code: Option<String>,
}

/// An application for a step, and what became of it.
#[derive(Serialize, ToSchema)]
pub struct AppliedLevel {
    id: Uuid,
    volunteer_id: Uuid,
    #[schema(example = "stars")]
    ladder: String,
    #[schema(example = "two")]
    step: String,
    applicant: Applicant,
    note: Option<String>,
    status: LevelApplicationStatus,
    /// Key.
    applied_by: Uuid,
    applied_at: DateTime<Utc>,
    /// Key.
    decided_by: Option<Uuid>,
    /// Of the entry that decided over it.
    sequence: Option<i64>,
    /// Why it was refused.
    reason: Option<String>,
}

impl From<LevelApplication> for AppliedLevel {
    fn from(one: LevelApplication) -> Self {
        let Request { volunteer_id, ladder, step, applicant, note } = one.request;
        AppliedLevel {
            id: one.id,
            volunteer_id,
            ladder,
            step,
            applicant: applicant.into(),
            note,
            status: one.status.into(),
            applied_by: one.applied_by,
            applied_at: one.applied_at,
            decided_by: one.decided_by,
            sequence: one.sequence,
            reason: one.reason,
        }
    }
}

/// Apply for a step that is reached
///
/// You choose the id, which is the award's when it is granted: the same again gets the same answer. A refusal does not bind
/// the id. A kiosk applies as `self` for whoever shows their code; a leader for members of the own team.
#[utoipa::path(
    tag = "levels",
    request_body = NewLevelApplication,
    responses((status = 201, body = AppliedLevel), (status = 200, body = AppliedLevel))
)]
#[put("/level-applications/{id}")]
pub async fn put_level_application(
    call: Call<may::PutApplication, Uuid, Json<NewLevelApplication>>,
) -> Result<HttpResponse, Problem> {
    let NewLevelApplication { volunteer_id, ladder, step, applicant, note, code } = &call.input.0;
    let request = Request {
        volunteer_id: *volunteer_id,
        ladder: ladder.clone(),
        step: step.clone(),
        applicant: (*applicant).into(),
        note: note.clone(),
    };
    let applied = levels::apply(&call.scheme, call.at, request, code.as_deref(), call.by(), call.now).await;
    let (one, replayed) = applied?;
    Ok(once(StatusCode::CREATED, replayed, AppliedLevel::from(one)))
}

/// Read an application for a step
#[utoipa::path(tag = "levels", responses((status = 200, body = AppliedLevel)))]
#[get("/level-applications/{id}")]
pub async fn get_level_application(call: Call<may::GetApplication, Uuid>) -> Result<HttpResponse, Problem> {
    let one = levels::application_for(&call.scheme, call.at, call.by(), call.now).await?;
    Ok(ok(AppliedLevel::from(one)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LevelApplicationsQuery {
    #[param(inline)]
    status: Option<LevelApplicationStatus>,
    /// Code of a ladder.
    ladder: Option<String>,
    /// Code of a step.
    step: Option<String>,
    volunteer_id: Option<Uuid>,
    /// Code of a unit: only those who serve in it and in what is below it.
    unit: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct AppliedLevels {
    level_applications: Vec<AppliedLevel>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List applications for steps, the oldest first
#[utoipa::path(tag = "levels", params(LevelApplicationsQuery), responses((status = 200, body = AppliedLevels)))]
#[get("/level-applications")]
pub async fn list_level_applications(
    call: Call<may::ListApplications, (), Query<LevelApplicationsQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let filter = ApplicationFilter {
        status: query.status.map(Into::into),
        ladder: query.ladder.clone(),
        step: query.step.clone(),
        volunteer_id: query.volunteer_id,
        unit: query.unit.clone(),
    };
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after): (ApplicationFilter, Option<(i64, Uuid)>) = list.resume(query.cursor.as_deref(), filter)?;
    let found = levels::applications(&call.scheme, &filter, after.unwrap_or_default(), limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.applied_at.timestamp_micros(), last.id)));
    Ok(ok(AppliedLevels { level_applications: found.into_iter().map(AppliedLevel::from).collect(), next }))
}

/// What the body that grants it adds.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelConsent {
    /// Who grants it, where the rules name a body for the step.
    #[schema(example = "county")]
    body: Option<String>,
    /// The first day of publicity, where the rules ask for it.
    published_from: Option<NaiveDate>,
    note: Option<String>,
}

/// Grant what was applied for; a second person does
///
/// The answer is the award, which has the application's id.
#[utoipa::path(
    tag = "levels",
    request_body = LevelConsent,
    responses((status = 201, body = Award), (status = 200, body = Award))
)]
#[post("/level-applications/{id}/grant")]
pub async fn grant_level_application(
    call: Call<may::GrantApplication, Uuid, Json<LevelConsent>>,
) -> Result<HttpResponse, Problem> {
    let LevelConsent { body, published_from, note } = call.input.0;
    let consent = Consent { body, published_from, note };
    let (award, replayed) = levels::accept(&call.scheme, call.at, consent, &call.caller.operator, call.now).await?;
    Ok(once(StatusCode::CREATED, replayed, Award::from(award)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelRefusal {
    #[schema(example = "服务质量评价不足")]
    reason: String,
}

/// Refuse what was applied for, for a reason; a second person does
#[utoipa::path(tag = "levels", request_body = LevelRefusal, responses((status = 200, body = AppliedLevel)))]
#[post("/level-applications/{id}/refuse")]
pub async fn refuse_level_application(
    call: Call<may::RefuseApplication, Uuid, Json<LevelRefusal>>,
) -> Result<HttpResponse, Problem> {
    let (one, replayed) =
        levels::refuse(&call.scheme, call.at, &call.input.0.reason, &call.caller.operator, call.now).await?;
    Ok(once(StatusCode::OK, replayed, AppliedLevel::from(one)))
}
