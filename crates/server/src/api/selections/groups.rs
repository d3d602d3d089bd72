//! What is behind the row of a unit or a team: people, and records.

use super::RowOf;
use super::wire::{SelectionEntry, SelectionFigures, entry, figures};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::selections;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_selection_people).service(list_selection_entries);
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BehindQuery {
    /// 1 to 500; 100 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Somebody who served for a unit or a team, and what they did for it.
#[derive(Serialize, ToSchema)]
pub struct SelectionPerson {
    volunteer_id: Uuid,
    number: String,
    name: String,
    #[serde(flatten)]
    figures: SelectionFigures,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionPeople {
    people: Vec<SelectionPerson>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List the people behind a unit or a team, those who did most first
///
/// As the book stood when the selection was frozen; together they make up the figures of the row.
#[utoipa::path(tag = "selections", params(BehindQuery), responses((status = 200, body = SelectionPeople)))]
#[get("/selections/{id}/rows/{subject}/people")]
async fn list_selection_people(
    call: Call<may::ListSelectionPeople, RowOf, Query<BehindQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 100, 500)?;
    let list = List::of(&call);
    let ((), after): ((), Option<(i64, Uuid)>) = list.resume(query.cursor.as_deref(), ())?;
    let most = usize::try_from(limit).unwrap_or(0).saturating_add(1);
    let found = selections::people(&call.scheme, call.at.selection, &call.at.subject, after, most).await?;
    let (found, next) = page(found, limit, |last| list.next((), (last.merits.minutes, last.volunteer_id)));
    let scale = call.scale();
    let person = |one: selections::Person| SelectionPerson {
        volunteer_id: one.volunteer_id,
        number: one.number,
        name: one.name,
        figures: figures(&one.merits, scale),
    };
    Ok(ok(SelectionPeople { people: found.into_iter().map(person).collect(), next }))
}

/// A record behind a unit or a team, and whose it is.
#[derive(Serialize, ToSchema)]
pub struct SelectionEntryOf {
    number: String,
    name: String,
    #[serde(flatten)]
    entry: SelectionEntry,
}

#[derive(Serialize, ToSchema)]
pub struct SelectionEntries {
    entries: Vec<SelectionEntryOf>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List the records behind a unit or a team, by day
///
/// All that were confirmed when the selection was frozen. A page may be shorter than asked for and still have a `next`.
#[utoipa::path(tag = "selections", params(BehindQuery), responses((status = 200, body = SelectionEntries)))]
#[get("/selections/{id}/rows/{subject}/entries")]
async fn list_selection_entries(
    call: Call<may::ListSelectionEntries, RowOf, Query<BehindQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 100, 500)?;
    let list = List::of(&call);
    let ((), after): ((), Option<(NaiveDate, Uuid)>) = list.resume(query.cursor.as_deref(), ())?;
    let found = selections::entries(&call.scheme, call.at.selection, &call.at.subject, after, limit).await?;
    let scale = call.scale();
    let told = |one: selections::Behind| {
        let (number, name) = found.people.get(&one.volunteer_id).cloned().unwrap_or_default();
        SelectionEntryOf { number, name, entry: entry(one, scale) }
    };
    let next = found.next.map(|last| list.next((), last));
    Ok(ok(SelectionEntries { entries: found.entries.into_iter().map(told).collect(), next }))
}
