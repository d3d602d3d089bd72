//! Selections (评选): drafted, published, objected to, signed, final.

mod groups;
mod objections;
mod wire;

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{At, Call, Json, Query, id};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Code, Problem};
use crate::api::papers::{attachment, print};
use crate::api::records::Because;
use crate::papers::{self, ExplainedError, Format, local};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use chrono::NaiveDate;
use scheme::selections::{self, Counted, Outcome, RuleSet, Status};
use scheme::{OpenScheme, Role};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use wire::{
    NewSelection, Selection, SelectionDifference, SelectionExplanation, SelectionRowsPage, Selections, Signature,
};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_selection)
        .service(publish_selection)
        .service(sign_selection)
        .service(finalise_selection)
        .service(withdraw_selection)
        .service(list_selection_rows)
        .service(explain_selection_row)
        .service(compare_selection)
        .service(get_selection_document)
        .service(get_selection)
        .service(list_selections)
        .configure(groups::routes)
        .configure(objections::routes);
}

async fn told(scheme: &OpenScheme, one: selections::Selection) -> Result<Selection, Problem> {
    let counted = Counted::of(scheme, &one).await?;
    Ok(wire::selection(one, counted))
}

/// Draft a selection as of the newest entry of the book
///
/// The rules are data, kept as given; `of` says who competes: volunteers, units or teams. What is not in the book (units on the
/// last day, members, consent, complaints, ratings, earlier honours, ages) is kept beside each row as it is now. Worked out anew,
/// it is the same for ever.
#[utoipa::path(
    tag = "selections",
    request_body = NewSelection,
    responses((status = 201, body = Selection), (status = 200, body = Selection))
)]
#[put("/selections/{id}")]
async fn put_selection(call: Call<may::PutSelection, Uuid, Json<NewSelection>>) -> Result<HttpResponse, Problem> {
    let NewSelection { title, rules } = call.input.0;
    // Both are the same data; the one here is what the interface's description is made of.
    let rules: RuleSet = serde_json::to_value(&rules).and_then(serde_json::from_value).map_err(Problem::internal)?;
    let new = selections::NewSelection { title, rules };
    let (one, replayed) = selections::put(&call.scheme, call.at, new, &call.caller.operator, call.now).await?;
    Ok(once(StatusCode::CREATED, replayed, told(&call.scheme, one).await?))
}

/// Tell a selection
#[utoipa::path(tag = "selections", responses((status = 200, body = Selection)))]
#[get("/selections/{id}")]
async fn get_selection(call: Call<may::GetSelection, Uuid>) -> Result<HttpResponse, Problem> {
    let one = selections::get(&call.scheme, call.at).await?;
    Ok(ok(told(&call.scheme, one).await?))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SelectionsQuery {
    /// `draft`, `published`, `final` or `withdrawn`.
    status: Option<String>,
    /// 1 to 100; 20 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// List selections, by the last day of their period
#[utoipa::path(tag = "selections", params(SelectionsQuery), responses((status = 200, body = Selections)))]
#[get("/selections")]
async fn list_selections(call: Call<may::ListSelections, (), Query<SelectionsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 20, 100)?;
    let list = List::of(&call);
    let (filter, after): (Option<String>, Option<(NaiveDate, Uuid)>) =
        list.resume(query.cursor.as_deref(), query.status.clone())?;
    let status = match filter.as_deref() {
        None => None,
        Some(text) => Some(Status::parse(text).ok_or_else(|| {
            let (zh, en) = ("须为 draft、published、final 或 withdrawn", "it is draft, published, final or withdrawn");
            Problem::invalid_value("/query/status", "unknown_status", zh, en)
        })?),
    };
    let found = selections::list(&call.scheme, status, after, limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.until, last.id)));
    let mut selections = Vec::with_capacity(found.len());
    for one in found {
        selections.push(told(&call.scheme, one).await?);
    }
    Ok(ok(Selections { selections, next }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RowsQuery {
    /// `selected`, `reserve`, `struck` or `barred`.
    outcome: Option<String>,
    /// 1 to 500; 100 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// List the rows of a selection: the selected first, then reserves, the struck, and who was barred
#[utoipa::path(tag = "selections", params(RowsQuery), responses((status = 200, body = SelectionRowsPage)))]
#[get("/selections/{id}/rows")]
async fn list_selection_rows(
    call: Call<may::ListSelectionRows, Uuid, Query<RowsQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 100, 500)?;
    let list = List::of(&call);
    let (filter, after): (Option<String>, Option<i64>) = list.resume(query.cursor.as_deref(), query.outcome.clone())?;
    let outcome = match filter.as_deref() {
        None => None,
        Some(text) => Some(Outcome::parse(text).ok_or_else(|| {
            let (zh, en) = ("须为 selected、reserve、struck 或 barred", "it is selected, reserve, struck or barred");
            Problem::invalid_value("/query/outcome", "unknown_outcome", zh, en)
        })?),
    };
    let (rules, found) = selections::rows(&call.scheme, call.at, outcome, after.unwrap_or(0), limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, last.place));
    let scale = call.scale();
    let rows = found.into_iter().map(|placed| wire::row(placed, &rules, scale)).collect();
    Ok(ok(SelectionRowsPage { rows, next }))
}

/// `{id}` of a selection, and `{subject}`: a volunteer's id, or the code of a unit or a team.
struct RowOf {
    selection: Uuid,
    subject: String,
}

impl At for RowOf {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        let subject = request.match_info().get("subject").unwrap_or_default().to_owned();
        Ok(RowOf { selection: id(request, "id")?, subject })
    }
}

/// Explain a row: what keeps them, and every entry behind the figures
///
/// A volunteer's row by their id, that of a unit or a team by its code. The people and the entries behind the latter are lists of
/// their own.
#[utoipa::path(tag = "selections", responses((status = 200, body = SelectionExplanation)))]
#[get("/selections/{id}/rows/{subject}")]
async fn explain_selection_row(call: Call<may::ExplainSelectionRow, RowOf>) -> Result<HttpResponse, Problem> {
    let why = selections::explain(&call.scheme, call.at.selection, &call.at.subject).await?;
    Ok(ok(wire::explanation(why, call.scale())))
}

/// Make a draft public for as many working days as its rules say
#[utoipa::path(tag = "selections", responses((status = 200, body = Selection)))]
#[post("/selections/{id}/publish")]
async fn publish_selection(call: Call<may::PublishSelection, Uuid>) -> Result<HttpResponse, Problem> {
    let (one, replayed) = selections::publish(&call.scheme, call.at, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, told(&call.scheme, one).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SigningSelection {
    /// Of the content that was read: another content is not signed.
    digest: String,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionSignatures {
    signatures: Vec<Signature>,
}

/// Sign what has this digest, by the name of the person whose key it is
///
/// Once for each person, while it is public; nobody who is selected signs.
#[utoipa::path(tag = "selections", request_body = SigningSelection, responses((status = 200, body = SelectionSignatures)))]
#[post("/selections/{id}/signatures")]
async fn sign_selection(call: Call<may::SignSelection, Uuid, Json<SigningSelection>>) -> Result<HttpResponse, Problem> {
    let done = selections::sign(&call.scheme, call.at, &call.input.0.digest, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, done.1, SelectionSignatures { signatures: wire::signatures(done.0) }))
}

/// Make a selection final
///
/// Refused while an objection is open, before publicity has ended, and without the signatures that its rules ask for. The honours of
/// the selected are put on record.
#[utoipa::path(tag = "selections", responses((status = 200, body = Selection)))]
#[post("/selections/{id}/finalise")]
async fn finalise_selection(call: Call<may::FinaliseSelection, Uuid>) -> Result<HttpResponse, Problem> {
    let (one, replayed) = selections::finalise(&call.scheme, call.at, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, told(&call.scheme, one).await?))
}

/// Withdraw a draft, or what is public; it stays on record
#[utoipa::path(tag = "selections", request_body = Because, responses((status = 200, body = Selection)))]
#[post("/selections/{id}/withdraw")]
async fn withdraw_selection(call: Call<may::WithdrawSelection, Uuid, Json<Because>>) -> Result<HttpResponse, Problem> {
    let (one, replayed) =
        selections::withdraw(&call.scheme, call.at, &call.input.0.reason, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, told(&call.scheme, one).await?))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DifferenceQuery {
    /// Sequence of the entry after which to look at the book; the newest when left out.
    at: Option<i64>,
}

/// Compare a selection as it was frozen with the book as it stands now
#[utoipa::path(tag = "selections", params(DifferenceQuery), responses((status = 200, body = SelectionDifference)))]
#[get("/selections/{id}/difference")]
async fn compare_selection(
    call: Call<may::CompareSelection, Uuid, Query<DifferenceQuery>>,
) -> Result<HttpResponse, Problem> {
    let found = selections::difference(&call.scheme, call.at, call.input.0.at).await?;
    Ok(ok(wire::difference(found, call.scale())))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentQuery {
    /// `pdf` when left out.
    #[param(inline)]
    format: Option<Format>,
    /// `true`: with every entry behind the figures of those who are listed; not for kiosks.
    explain: Option<bool>,
}

/// Hand out the document: masked names, and nobody who has not agreed to be named
///
/// A draft is told to those who work on it alone; for kiosks there is none before it is public. With `explain`, the entries behind
/// each row follow the list: that is for staff.
#[utoipa::path(
    tag = "selections",
    params(DocumentQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"))
)]
#[get("/selections/{id}/document")]
async fn get_selection_document(
    call: Call<may::GetSelectionDocument, Uuid, Query<DocumentQuery>>,
) -> Result<HttpResponse, Problem> {
    let format = call.input.0.format.unwrap_or_default();
    let one = selections::get(&call.scheme, call.at).await?;
    let is_public = matches!(one.status, Status::Published | Status::Final);
    if call.by().role == Role::Kiosk && !is_public {
        return Err(selections::SelectionError::NotFound { id: call.at }.into());
    }
    let name = format!("selection-{}", one.until);
    if call.input.0.explain == Some(true) {
        return explained(&call, &one, format, &name).await;
    }
    let document = papers::selection(&call.scheme, &one).await?;
    let now = call.now;
    let bytes = actix_web::web::block(move || papers::ranking(&document, format, now)).await;
    let bytes = bytes.map_err(Problem::internal)?.map_err(|error| Problem::internal(format!("{error:#}")))?;
    Ok(attachment(&format!("{name}.{}", format.extension()), format.content_type(), bytes))
}

/// The document with what is behind it.
async fn explained(
    call: &Call<may::GetSelectionDocument, Uuid, Query<DocumentQuery>>,
    one: &selections::Selection,
    format: Format,
    name: &str,
) -> Result<HttpResponse, Problem> {
    if call.by().role == Role::Kiosk {
        let (zh, en) = ("明细只供工作人员核对", "what is behind a selection is for staff");
        return Err(Problem::new(Code::Forbidden).detail(zh, en));
    }
    let made = local(&call.scheme.config(), call.now);
    let document = papers::explained(&call.scheme, one, format).await.map_err(refused)?;
    let bytes = match format {
        Format::Pdf => print(call, document, made).await?,
        _ => {
            let bytes = actix_web::web::block(move || document.file(format, made)).await;
            bytes.map_err(Problem::internal)?.map_err(|error| Problem::internal(format!("{error:#}")))?
        }
    };
    Ok(attachment(&format!("{name}-explained.{}", format.extension()), format.content_type(), bytes))
}

fn refused(error: ExplainedError) -> Problem {
    match error {
        ExplainedError::Selection(error) => error.into(),
        ExplainedError::TooMany { most } => {
            let zh = format!("超过 {most} 笔分录，请用表格格式，或按单位分开评选");
            let en = format!("more than {most} entries: ask for a spreadsheet, or select by unit");
            Problem::invalid_value("/query/format", "too_many_rows", &zh, &en)
        }
    }
}
