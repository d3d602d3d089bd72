//! Levels: stars, medals and privileges; granting them, taking them back, and barring from applying.

mod applications;
mod holders;

use crate::api::amounts::{hours, points};
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, OfVolunteer};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use scheme::rules::ladders;
use scheme::{config, levels};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_levels).service(put_award).service(revoke_award).service(put_ban).service(holders::list_awards);
    config
        .service(applications::list_eligible)
        .service(applications::put_level_application)
        .service(applications::get_level_application)
        .service(applications::list_level_applications)
        .service(applications::grant_level_application)
        .service(applications::refuse_level_application);
}

/// A step of a ladder.
#[derive(Serialize, ToSchema)]
pub struct LevelStep {
    #[schema(example = "two")]
    code: String,
    #[schema(example = "二星")]
    name: String,
    #[schema(example = "Two stars")]
    name_en: String,
}

impl From<levels::StepName> for LevelStep {
    fn from(step: levels::StepName) -> Self {
        LevelStep { code: step.code, name: step.name, name_en: step.name_en }
    }
}

/// Something that is asked for and is not there.
#[derive(Serialize, ToSchema)]
pub struct Lack {
    /// `hours`, `points`, `days`, `member_months`, `labels`, or the condition of the rules that does not hold.
    #[schema(example = "hours")]
    what: &'static str,
    #[schema(example = "300")]
    needed: String,
    /// Empty when it is not known.
    #[schema(example = "229.5")]
    available: String,
    /// The difference, where there is one.
    #[schema(example = "70.5")]
    short: Option<String>,
    #[schema(example = "还差 70.5 小时")]
    detail: String,
    #[schema(example = "70.5 more hours")]
    detail_en: String,
}

impl From<ladders::Lack> for Lack {
    fn from(lack: ladders::Lack) -> Self {
        let ladders::Lack { what, needed, available, short, zh, en } = lack;
        Lack { what, needed, available, short, detail: zh, detail_en: en }
    }
}

#[derive(Serialize, ToSchema)]
pub struct HeldStep {
    #[serde(flatten)]
    step: LevelStep,
    /// What granted it; `null` when it is had by reaching it.
    award: Option<Award>,
}

#[derive(Serialize, ToSchema)]
pub struct NextStep {
    #[serde(flatten)]
    step: LevelStep,
    /// What is missing. Empty when the step is reached by something that is not counted here.
    missing: Vec<Lack>,
}

/// Gifts of a step, that come again with every cycle of the ladder.
#[derive(Serialize, ToSchema)]
pub struct Gifts {
    #[serde(flatten)]
    step: LevelStep,
    /// How often they are due so far.
    due: i64,
    /// How often they were had or are reserved.
    had: i64,
}

/// Where a volunteer stands on one ladder.
#[derive(Serialize, ToSchema)]
pub struct Level {
    #[schema(example = "stars")]
    ladder: String,
    #[schema(example = "星级")]
    name: String,
    #[schema(example = "Stars")]
    name_en: String,
    /// What counts for this ladder today.
    #[schema(example = "229.5")]
    hours: String,
    minutes: i64,
    #[schema(example = "118")]
    points: String,
    days: i64,
    /// The highest step that is reached. Upon application, being eligible is not yet having it.
    eligible: Option<LevelStep>,
    /// Lowest first.
    held: Vec<HeldStep>,
    /// `null` at the top.
    next: Option<NextStep>,
    gifts: Vec<Gifts>,
    /// The last day on which nothing can be applied for.
    banned_until: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub struct Levels {
    levels: Vec<Level>,
    /// The rules in force today; `null` on a day without rules.
    rules_version: Option<String>,
    /// Sequence of the newest entry that is part of it.
    as_of: i64,
}

fn level(level: levels::OnLadder, scale: u8) -> Level {
    let held = |held: levels::Held| HeldStep { step: held.step.into(), award: held.award.map(Award::from) };
    let next = |next: levels::Next| NextStep {
        step: next.step.into(),
        missing: next.lacks.into_iter().map(Lack::from).collect(),
    };
    let gifts = |gifts: levels::Gifts| Gifts { step: gifts.step.into(), due: gifts.due, had: gifts.had };
    Level {
        ladder: level.code,
        name: level.name,
        name_en: level.name_en,
        hours: hours(level.count.minutes),
        minutes: level.count.minutes,
        points: points(level.count.points, scale),
        days: level.count.days,
        eligible: level.eligible.map(LevelStep::from),
        held: level.held.into_iter().map(held).collect(),
        next: level.next.map(next),
        gifts: level.gifts.into_iter().map(gifts).collect(),
        banned_until: level.banned_until,
    }
}

/// Read where a volunteer stands: what is reached, what is held, what the next step takes
#[utoipa::path(tag = "levels", responses((status = 200, body = Levels)))]
#[get("/volunteers/{id}/levels")]
async fn get_levels(call: Call<may::GetLevels, Uuid>) -> Result<HttpResponse, Problem> {
    let standings = levels::standings(&call.scheme, call.at, call.now).await?;
    let scale = call.scale();
    Ok(ok(Levels {
        levels: standings.ladders.into_iter().map(|on_ladder| level(on_ladder, scale)).collect(),
        rules_version: standings.rules_version,
        as_of: standings.as_of,
    }))
}

/// Who applies.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Applicant {
    /// The volunteer.
    #[serde(rename = "self")]
    Oneself,
    /// A team, unit or other organisation.
    Organisation,
}

same_words!(Applicant, config::Applicant: Oneself Organisation);

/// A step to be granted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAward {
    #[schema(example = "stars")]
    ladder: String,
    #[schema(example = "two")]
    step: String,
    /// Who grants it, where the rules name a body for the step.
    #[schema(example = "county")]
    body: Option<String>,
    applicant: Applicant,
    /// The first day of publicity, where the rules ask for it.
    published_from: Option<NaiveDate>,
    note: Option<String>,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AwardStatus {
    Granted,
    Revoked,
}

same_words!(AwardStatus, levels::AwardStatus: Granted Revoked);

/// A step that was granted.
#[derive(Serialize, ToSchema)]
pub struct Award {
    id: Uuid,
    volunteer_id: Uuid,
    #[schema(example = "stars")]
    ladder: String,
    #[schema(example = "two")]
    step: String,
    status: AwardStatus,
    granted_on: NaiveDate,
    /// Of the entry that granted it.
    sequence: i64,
    /// Of the entry that took it back.
    revoked_sequence: Option<i64>,
}

impl From<levels::Award> for Award {
    fn from(award: levels::Award) -> Self {
        Award {
            id: award.id,
            volunteer_id: award.volunteer_id,
            ladder: award.ladder,
            step: award.step,
            status: award.status.into(),
            granted_on: award.granted_on,
            sequence: award.sequence,
            revoked_sequence: award.revoked_sequence,
        }
    }
}

/// Grant a step of a ladder
///
/// Only of a ladder that is applied for, to whoever has reached the step, and once. You choose the id: the same again gets the
/// same answer. A refusal does not bind the id.
#[utoipa::path(
    tag = "levels",
    request_body = NewAward,
    responses((status = 201, body = Award), (status = 200, body = Award))
)]
#[put("/volunteers/{id}/awards/{award_id}")]
async fn put_award(call: Call<may::PutAward, OfVolunteer, Json<NewAward>>) -> Result<HttpResponse, Problem> {
    let NewAward { ladder, step, body, applicant, published_from, note } = call.input.0;
    let application = levels::Application {
        id: call.at.id,
        volunteer_id: call.at.volunteer,
        ladder,
        step,
        body,
        applicant: applicant.into(),
        published_from,
        note,
    };
    let (award, replayed) = levels::grant(&call.scheme, application, &call.caller.operator, call.now).await?;
    Ok(once(StatusCode::CREATED, replayed, Award::from(award)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    #[schema(example = "材料有误")]
    reason: String,
}

/// Take back a grant; the step may then be granted anew
#[utoipa::path(tag = "levels", request_body = Revocation, responses((status = 200, body = Award)))]
#[post("/volunteers/{id}/awards/{award_id}/revoke")]
async fn revoke_award(call: Call<may::RevokeAward, OfVolunteer, Json<Revocation>>) -> Result<HttpResponse, Problem> {
    let OfVolunteer { volunteer, id } = call.at;
    let (award, replayed) =
        levels::revoke(&call.scheme, volunteer, id, &call.input.0.reason, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, Award::from(award)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBan {
    #[schema(example = "stars")]
    ladder: String,
    /// 1 to what the rules allow.
    #[schema(example = 2)]
    years: u32,
    #[schema(example = "虚报服务时长")]
    reason: String,
}

/// A time in which nothing can be applied for on a ladder.
#[derive(Serialize, ToSchema)]
pub struct Ban {
    id: Uuid,
    volunteer_id: Uuid,
    #[schema(example = "stars")]
    ladder: String,
    /// The last day; after it the ban is over by itself.
    until: NaiveDate,
    sequence: i64,
}

/// Bar a volunteer or a group from applying for some years
///
/// You choose the id: the same again gets the same answer.
#[utoipa::path(
    tag = "levels",
    request_body = NewBan,
    responses((status = 201, body = Ban), (status = 200, body = Ban))
)]
#[put("/volunteers/{id}/bans/{ban_id}")]
async fn put_ban(call: Call<may::PutBan, OfVolunteer, Json<NewBan>>) -> Result<HttpResponse, Problem> {
    let NewBan { ladder, years, reason } = call.input.0;
    let request = levels::BanRequest { id: call.at.id, volunteer_id: call.at.volunteer, ladder, years, reason };
    let (ban, replayed) = levels::ban(&call.scheme, request, &call.caller.operator, call.now).await?;
    let levels::Ban { id, volunteer_id, ladder, until, sequence } = ban;
    Ok(once(StatusCode::CREATED, replayed, Ban { id, volunteer_id, ladder, until, sequence }))
}
