//! The organisation tree.

use crate::api::answers::{ok, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, CodeOf, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Problem, unit_flaw};
use crate::api::rankings::units_below;
use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use scheme::config::UnitKind;
use scheme::units::{self, SINCE_EVER, UnitDetails, UnitError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

mod members;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_units)
        .service(move_unit)
        .service(merge_unit)
        .service(put_unit)
        .service(get_unit)
        .service(list_units)
        .configure(members::routes);
}

/// A unit as somebody writes it down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUnit {
    #[schema(example = "第三网格")]
    name: String,
    #[schema(value_type = String, example = "grid")]
    kind: UnitKind,
    /// Code of the unit above it; left out for a root.
    #[schema(example = "ziyang-community")]
    parent: Option<String>,
    /// The first day below this parent, when it was below another before. Left out: today. A new unit has been there since ever.
    from: Option<NaiveDate>,
}

/// A unit of a batch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitItem {
    #[schema(example = "grid-3")]
    code: String,
    name: String,
    #[schema(value_type = String, example = "grid")]
    kind: UnitKind,
    parent: Option<String>,
    from: Option<NaiveDate>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitBatch {
    /// In any order. All are taken or none.
    items: Vec<UnitItem>,
    /// Check, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize, ToSchema)]
pub struct UnitCounts {
    created: usize,
    changed: usize,
    same: usize,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitMove {
    /// `null` makes it a root.
    parent: Option<String>,
    /// The first day there; today when left out.
    from: Option<NaiveDate>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitMerge {
    /// Code of the unit as whose part it counts.
    into: String,
    /// The first day of that; today when left out.
    from: Option<NaiveDate>,
}

/// Where a unit stood since when.
#[derive(Serialize, ToSchema)]
pub struct UnitPlace {
    /// `null`: since ever.
    from: Option<NaiveDate>,
    parent: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Unit {
    code: String,
    name: String,
    #[schema(value_type = String, example = "grid")]
    kind: UnitKind,
    /// Today.
    parent: Option<String>,
    places: Vec<UnitPlace>,
    /// The unit as whose part it counts from `merged_from` on.
    merged_into: Option<String>,
    merged_from: Option<NaiveDate>,
    version: i64,
}

#[derive(Serialize, ToSchema)]
pub struct Units {
    units: Vec<Unit>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UnitsQuery {
    /// Code of a unit: only it and what is below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    under: Option<String>,
    /// With `under`: where units were on that day; today when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<NaiveDate>,
    /// `city`, `district`, `street`, `town`, `community`, `compound`, `grid`, `building`, `staircase`, `party_branch`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    kind: Option<UnitKind>,
    /// Part of a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    /// 1 to 1000; 200 when left out.
    #[serde(skip_serializing)]
    limit: Option<i64>,
    /// `next` of the page before.
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

fn unit(unit: &units::Unit, today: NaiveDate) -> Unit {
    let since = |from: NaiveDate| (from > SINCE_EVER).then_some(from);
    let place = |place: &units::Place| UnitPlace { from: since(place.from), parent: place.parent.clone() };
    Unit {
        code: unit.code.clone(),
        name: unit.name.clone(),
        kind: unit.kind,
        parent: unit.parent(today).map(str::to_owned),
        places: unit.places.iter().map(place).collect(),
        merged_into: unit.merged.as_ref().map(|merged| merged.into.clone()),
        merged_from: unit.merged.as_ref().map(|merged| merged.from),
        version: unit.version,
    }
}

/// Make a unit, rename it, or move it
///
/// A parent that it does not have is its parent from `from` on; reports as of an earlier day have it where it was.
#[utoipa::path(tag = "organisation", request_body = NewUnit, responses((status = 201, body = Unit), (status = 200, body = Unit)))]
#[put("/units/{code}")]
async fn put_unit(call: Call<may::PutUnit, CodeOf, Json<NewUnit>>) -> Result<HttpResponse, Problem> {
    let (expected, today) = (call.expected_version(), call.scheme.config().day_of(call.now));
    let NewUnit { name, kind, parent, from } = call.input.0;
    let details = UnitDetails { code: call.at.0, name, kind, parent, from };
    let (made, how) = units::put(&call.scheme, details, expected, call.now).await?;
    Ok(written(how, made.version, unit(&made, today)))
}

/// Put many units at once: all or none
///
/// In any order: a unit may stand before its parent. At most 20000. The same again changes nothing.
#[utoipa::path(tag = "organisation", request_body = UnitBatch, responses((status = 200, body = UnitCounts)))]
#[post("/units/batch")]
async fn put_units(call: Call<may::PutUnits, (), Json<UnitBatch, { 8 << 20 }>>) -> Result<HttpResponse, Problem> {
    let UnitBatch { items, dry_run } = call.input.0;
    if items.len() > 20_000 {
        return Err(Problem::invalid_value("/items", "too_many_items", "最多 20000 个", "at most 20000 items"));
    }
    let details = |item: UnitItem| {
        let UnitItem { code, name, kind, parent, from } = item;
        UnitDetails { code, name, kind, parent, from }
    };
    let counts = units::put_many(&call.scheme, items.into_iter().map(details).collect(), dry_run, call.now).await;
    let counts = counts.map_err(|error| match error {
        UnitError::Refused(flaws) => {
            let flaws = flaws.iter().take(200).map(|flaw| unit_flaw(flaw, &format!("/items/{}", flaw.place)));
            Problem::invalid(flaws.collect())
        }
        other => other.into(),
    })?;
    Ok(ok(UnitCounts { created: counts.created, changed: counts.changed, same: counts.same }))
}

/// Move a unit with all below it
#[utoipa::path(tag = "organisation", request_body = UnitMove, responses((status = 200, body = Unit)))]
#[post("/units/{code}/move")]
async fn move_unit(call: Call<may::MoveUnit, CodeOf, Json<UnitMove>>) -> Result<HttpResponse, Problem> {
    let today = call.scheme.config().day_of(call.now);
    let Json(UnitMove { parent, from }) = call.input;
    let (moved, how) = units::move_to(&call.scheme, &call.at.0, parent, from, call.now).await?;
    Ok(written(how, moved.version, unit(&moved, today)))
}

/// Merge a unit into another
///
/// From that day on it counts as a part of the other, with all below it; people and records keep its code. It cannot be undone.
#[utoipa::path(tag = "organisation", request_body = UnitMerge, responses((status = 200, body = Unit)))]
#[post("/units/{code}/merge")]
async fn merge_unit(call: Call<may::MergeUnit, CodeOf, Json<UnitMerge>>) -> Result<HttpResponse, Problem> {
    let today = call.scheme.config().day_of(call.now);
    let Json(UnitMerge { into, from }) = call.input;
    let (merged, how) = units::merge(&call.scheme, &call.at.0, &into, from, call.now).await?;
    Ok(written(how, merged.version, unit(&merged, today)))
}

/// Read a unit
#[utoipa::path(tag = "organisation", responses((status = 200, body = Unit)))]
#[get("/units/{code}")]
async fn get_unit(call: Call<may::GetUnit, CodeOf>) -> Result<HttpResponse, Problem> {
    let organisation = call.scheme.organisation().await?;
    let found = organisation.unit(&call.at.0).ok_or_else(|| UnitError::UnitNotFound { code: call.at.0.clone() })?;
    Ok(versioned(found.version, unit(found, call.scheme.config().day_of(call.now))))
}

/// List units, in the order of their codes
#[utoipa::path(tag = "organisation", params(UnitsQuery), responses((status = 200, body = Units)))]
#[get("/units")]
async fn list_units(call: Call<may::ListUnits, (), Query<UnitsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 200, 1000)?;
    let organisation = call.scheme.organisation().await?;
    units_below(&organisation, "/query/under", query.under.as_deref(), call.scheme.config().day_of(call.now))?;
    let list = List::of(&call);
    let filter = UnitsQuery { limit: None, cursor: None, ..query.clone() };
    let (filter, after): (UnitsQuery, Option<String>) = list.resume(query.cursor.as_deref(), filter)?;
    let today = call.scheme.config().day_of(call.now);
    let on = filter.on.unwrap_or(today);
    let mut found: Vec<_> = match &filter.under {
        Some(under) => {
            let codes = organisation.subtree(under, on);
            codes.iter().filter_map(|code| organisation.unit(code)).collect()
        }
        None => organisation.tree.units().collect(),
    };
    found.retain(|unit| {
        filter.kind.is_none_or(|kind| unit.kind == kind)
            && filter.query.as_ref().is_none_or(|query| unit.name.contains(query.as_str()))
            && after.as_ref().is_none_or(|after| unit.code > *after)
    });
    found.sort_unstable_by(|one, other| one.code.cmp(&other.code));
    let (found, next) = page(found, limit, |last| list.next(&filter, &last.code));
    Ok(ok(Units { units: found.into_iter().map(|found| unit(found, today)).collect(), next }))
}
