//! Objections to what is public, and their answers.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{At, Call, Json, Query, id};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use chrono::{DateTime, Utc};
use scheme::selections::{self, Consequence, ObjectionStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_selection_objection).service(answer_selection_objection).service(list_selection_objections);
}

/// `{id}` of a selection, and `{objection_id}`.
pub struct ObjectionOf {
    selection: Uuid,
    objection: Uuid,
}

impl At for ObjectionOf {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(ObjectionOf { selection: id(request, "id")?, objection: id(request, "objection_id")? })
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSelectionObjection {
    /// Whose row it is about; about all of it when left out.
    volunteer_id: Option<Uuid>,
    /// In place of it, the unit or the team.
    #[schema(example = "grid-1")]
    code: Option<String>,
    #[schema(example = "11 月 3 日并未到场")]
    content: String,
    /// Who objects; told to nobody but those who answer.
    objector: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionObjection {
    id: Uuid,
    selection_id: Uuid,
    volunteer_id: Option<Uuid>,
    code: Option<String>,
    content: String,
    objector: Option<String>,
    raised_at: DateTime<Utc>,
    #[schema(example = "open")]
    status: &'static str,
    /// `none` or `strike`, once it is answered.
    consequence: Option<String>,
    answer: Option<String>,
    answered_at: Option<DateTime<Utc>>,
}

impl From<selections::Objection> for SelectionObjection {
    fn from(one: selections::Objection) -> Self {
        let about = one.details.about;
        let (volunteer, code) = if one.of.are_groups() { (None, about) } else { (about, None) };
        SelectionObjection {
            id: one.id,
            selection_id: one.selection_id,
            volunteer_id: volunteer.and_then(|id| id.parse().ok()),
            code,
            content: one.details.content,
            objector: one.details.objector,
            raised_at: one.raised_at,
            status: one.status.as_str(),
            consequence: one.consequence,
            answer: one.answer,
            answered_at: one.answered_at,
        }
    }
}

/// Object to a selection while it is public
#[utoipa::path(
    tag = "selections",
    request_body = NewSelectionObjection,
    responses((status = 201, body = SelectionObjection), (status = 200, body = SelectionObjection))
)]
#[put("/selections/{id}/objections/{objection_id}")]
async fn put_selection_objection(
    call: Call<may::PutSelectionObjection, ObjectionOf, Json<NewSelectionObjection>>,
) -> Result<HttpResponse, Problem> {
    let NewSelectionObjection { volunteer_id, code, content, objector } = call.input.0;
    if volunteer_id.is_some() && code.is_some() {
        let (zh, en) = ("只写志愿者或代码中的一项", "name a volunteer or a code, not both");
        return Err(Problem::invalid_value("/code", "both_given", zh, en));
    }
    let about = volunteer_id.map(|id| id.to_string()).or(code);
    let details = selections::NewObjection { about, content, objector };
    let ObjectionOf { selection, objection } = call.at;
    let done = selections::object(&call.scheme, selection, objection, details, &call.caller.operator, call.now).await?;
    Ok(once(StatusCode::CREATED, done.1, SelectionObjection::from(done.0)))
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Upheld,
    Dismissed,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Following {
    #[default]
    None,
    Strike,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectionAnswer {
    #[schema(inline)]
    verdict: Verdict,
    /// With `upheld`: `strike` takes whoever it is about off the list. `none` when left out.
    #[schema(inline)]
    #[serde(default)]
    consequence: Following,
    #[schema(example = "经核实签到记录，异议成立")]
    answer: String,
}

/// Answer an objection
///
/// Never by whoever drafted the selection, raised the objection, or is the one it is about. When somebody is struck, the content is
/// another: it is signed anew, and when somebody else has moved up, it is public for as many days again.
#[utoipa::path(tag = "selections", request_body = SelectionAnswer, responses((status = 200, body = SelectionObjection)))]
#[post("/selections/{id}/objections/{objection_id}/answer")]
async fn answer_selection_objection(
    call: Call<may::AnswerSelectionObjection, ObjectionOf, Json<SelectionAnswer>>,
) -> Result<HttpResponse, Problem> {
    let SelectionAnswer { verdict, consequence, answer } = &call.input.0;
    let consequence = match consequence {
        Following::None => Consequence::None,
        Following::Strike => Consequence::Strike,
    };
    let ObjectionOf { selection, objection } = call.at;
    let verdict = (*verdict == Verdict::Upheld, consequence);
    let done = selections::answer(&call.scheme, selection, objection, verdict, answer, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, done.1, SelectionObjection::from(done.0)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ObjectionsQuery {
    /// `open`, `upheld` or `dismissed`.
    status: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionObjections {
    objections: Vec<SelectionObjection>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List the objections to a selection, the oldest first
#[utoipa::path(tag = "selections", params(ObjectionsQuery), responses((status = 200, body = SelectionObjections)))]
#[get("/selections/{id}/objections")]
async fn list_selection_objections(
    call: Call<may::ListSelectionObjections, Uuid, Query<ObjectionsQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after): (Option<String>, Option<(i64, Uuid)>) =
        list.resume(query.cursor.as_deref(), query.status.clone())?;
    let status = match filter.as_deref() {
        None => None,
        Some(text) => Some(ObjectionStatus::parse(text).ok_or_else(|| {
            let (zh, en) = ("须为 open、upheld 或 dismissed", "it is open, upheld or dismissed");
            Problem::invalid_value("/query/status", "unknown_status", zh, en)
        })?),
    };
    let found = selections::list_objections(&call.scheme, call.at, status, after, limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.raised_at.timestamp_micros(), last.id)));
    Ok(ok(SelectionObjections { objections: found.into_iter().map(SelectionObjection::from).collect(), next }))
}
