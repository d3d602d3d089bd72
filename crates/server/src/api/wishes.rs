//! Wishes, projects and tasks: published, claimed, fulfilled, rated and posted.

mod claims;
mod wire;

use crate::api::amounts::Reader;
use crate::api::answers::{ok, once, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Problem, wish_refused};
use crate::api::records::Because;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use scheme::Role;
use scheme::keys::Operator;
use scheme::wishes::{self, Claimant, WishError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use wire::{Kind, NewWish, Status, Wish};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_wish)
        .service(publish_wish)
        .service(reject_wish)
        .service(withdraw_wish)
        .service(reopen_wish)
        .service(get_wish)
        .service(list_wishes)
        .configure(claims::routes);
}

/// Those who deal with a wish are told who wished for it.
fn is_told(by: &Operator) -> bool {
    matches!(by.role, Role::Staff | Role::Leader | Role::SchemeAdmin | Role::Reviewer)
}

fn stepped(done: Result<(wishes::Wish, bool), WishError>, by: &Operator, scale: u8) -> Result<HttpResponse, Problem> {
    let (wish, replayed) = done.map_err(|error| wish_refused(error, scale))?;
    Ok(once(StatusCode::OK, replayed, Wish::new(wish, scale, is_told(by))))
}

/// Write a wish down, or change its draft
///
/// It carries minutes, points, or both: for each person who takes part, or for all of them together. A draft can be changed; once it is
/// published, it stays as it is.
#[utoipa::path(
    tag = "wishes",
    request_body = NewWish,
    responses((status = 201, body = Wish), (status = 200, body = Wish))
)]
#[put("/wishes/{id}")]
async fn put_wish(call: Call<may::PutWish, Uuid, Json<NewWish>>) -> Result<HttpResponse, Problem> {
    let (scale, expected, told) = (call.scale(), call.expected_version(), is_told(call.by()));
    let mut amounts = Reader::default();
    let details = call.input.0.details(&mut amounts, scale);
    if !amounts.flaws.is_empty() {
        return Err(Problem::invalid(amounts.flaws));
    }
    let done = wishes::put(&call.scheme, call.at, details, expected, &call.caller.operator, call.now).await;
    let (wish, how) = done.map_err(|error| wish_refused(error, scale))?;
    Ok(written(how, wish.version, Wish::new(wish, scale, told)))
}

/// Publish a wish: from now on it can be claimed
///
/// By those whom `published_by` of the scheme's `[wishes]` names; staff and scheme_admin where it says nothing.
#[utoipa::path(tag = "wishes", responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/publish")]
async fn publish_wish(call: Call<may::PublishWish, Uuid>) -> Result<HttpResponse, Problem> {
    stepped(wishes::publish(&call.scheme, call.at, call.by(), call.now).await, call.by(), call.scale())
}

/// Do not publish a draft
#[utoipa::path(tag = "wishes", request_body = Because, responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/reject")]
async fn reject_wish(call: Call<may::RejectWish, Uuid, Json<Because>>) -> Result<HttpResponse, Problem> {
    let done = wishes::reject(&call.scheme, call.at, &call.input.0.reason, call.by(), call.now).await;
    stepped(done, call.by(), call.scale())
}

/// Withdraw a wish, with the claims that were not fulfilled yet
///
/// `state_conflict` once somebody has fulfilled it.
#[utoipa::path(tag = "wishes", request_body = Because, responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/withdraw")]
async fn withdraw_wish(call: Call<may::WithdrawWish, Uuid, Json<Because>>) -> Result<HttpResponse, Problem> {
    let done = wishes::withdraw(&call.scheme, call.at, &call.input.0.reason, call.now).await;
    stepped(done, call.by(), call.scale())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WishReopening)]
pub struct Reopening {
    /// The last day to claim it.
    deadline_on: NaiveDate,
}

/// Publish again what has expired, was withdrawn or rejected
#[utoipa::path(tag = "wishes", request_body = Reopening, responses((status = 200, body = Wish)))]
#[post("/wishes/{id}/reopen")]
async fn reopen_wish(call: Call<may::ReopenWish, Uuid, Json<Reopening>>) -> Result<HttpResponse, Problem> {
    let done = wishes::reopen(&call.scheme, call.at, call.input.0.deadline_on, call.by(), call.now).await;
    stepped(done, call.by(), call.scale())
}

/// Read a wish and its claims
///
/// Who wished for it is told to staff, leaders, reviewers and scheme_admin.
#[utoipa::path(tag = "wishes", responses((status = 200, body = Wish)))]
#[get("/wishes/{id}")]
async fn get_wish(call: Call<may::GetWish, Uuid>) -> Result<HttpResponse, Problem> {
    let wish = wishes::get(&call.scheme, call.at).await.map_err(|error| wish_refused(error, call.scale()))?;
    Ok(versioned(wish.version, Wish::new(wish, call.scale(), is_told(call.by()))))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WishesQuery {
    /// Code of a unit: it and all below it.
    unit: Option<String>,
    #[param(inline)]
    status: Option<Status>,
    #[param(inline)]
    kind: Option<Kind>,
    /// The first day on which it was written down.
    from: Option<NaiveDate>,
    /// The last.
    until: Option<NaiveDate>,
    /// Somebody who claimed it: `volunteer/ID`, `team/CODE` or `unit/CODE`.
    claimant: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Wishes {
    /// Without those who wished for them.
    wishes: Vec<Wish>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List wishes, in the order in which they were written down
#[utoipa::path(tag = "wishes", params(WishesQuery), responses((status = 200, body = Wishes)))]
#[get("/wishes")]
async fn list_wishes(call: Call<may::ListWishes, (), Query<WishesQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let filter = wishes::Filter {
        unit: query.unit.clone(),
        status: query.status.map(|status| wishes::Status::from(status).as_str().to_owned()),
        kind: query.kind.map(|kind| wishes::Kind::from(kind).as_str().to_owned()),
        from: query.from,
        until: query.until,
        claimant: query.claimant.as_deref().map(claimant).transpose()?,
    };
    let (filter, after) = list.resume(query.cursor.as_deref(), filter)?;
    let found = wishes::list(&call.scheme, &filter, after, limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.posted_on, last.id)));
    let scale = call.scale();
    Ok(ok(Wishes { wishes: found.into_iter().map(|wish| Wish::new(wish, scale, false)).collect(), next }))
}

fn claimant(text: &str) -> Result<(String, String), Problem> {
    let known = text.split_once('/').filter(|(kind, key)| Claimant::parse(kind, key).is_some());
    known.map(|(kind, key)| (kind.to_owned(), key.to_owned())).ok_or_else(|| {
        let (zh, en) = ("写作 volunteer/编号、team/代码 或 unit/代码", "volunteer/ID, team/CODE or unit/CODE");
        Problem::invalid_value("/query/claimant", "invalid_claimant", zh, en)
    })
}
