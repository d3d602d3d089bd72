//! Counting shelves, one by one or a station in one go.

use crate::api::answers::ok;
use crate::api::auth::{may, station_of};
use crate::api::call::{Call, Json, Query};
use crate::api::error::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder, get, post};
use scheme::rewards::{self, stock};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Shelves in one call, at most.
const ITEMS_MAX: usize = 1000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SheetQuery {
    /// Left out: the station of the key, or `main`.
    station: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct CountLine {
    reward_id: Uuid,
    name: String,
    category: Option<String>,
    /// Pieces by the book, reserved ones among them.
    on_hand: i64,
    /// Of these, reserved: they ought to be there, too.
    reserved: i64,
}

#[derive(Serialize, ToSchema)]
pub struct CountSheet {
    station: String,
    lines: Vec<CountLine>,
    /// The newest entry that is part of it. Give it with the counts: what is handed over meanwhile is then no difference.
    as_of: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCounts {
    /// You choose it; the same again is done once.
    id: Uuid,
    /// Left out: the station of the key, or `main`.
    station: Option<String>,
    /// The `as_of` of the sheet that was counted by. Left out: what was counted is there now.
    as_of: Option<i64>,
    items: Vec<CountItem>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountItem {
    reward_id: Uuid,
    /// Pieces found, reserved ones among them.
    #[schema(example = 18)]
    counted: i64,
    /// Why it differs, in words, which stay beside the book.
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountStatus {
    Counted,
    Replayed,
    /// See `problem`; nothing was set right.
    Rejected,
}

#[derive(Serialize, ToSchema)]
pub struct CountResult {
    reward_id: Uuid,
    status: CountStatus,
    /// Pieces by the book, when they were counted.
    book: Option<i64>,
    counted: Option<i64>,
    /// What was found more, or less when negative.
    difference: Option<i64>,
    /// Pieces on the shelf now.
    on_hand: Option<i64>,
    sequence: Option<i64>,
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
}

#[derive(Serialize, ToSchema)]
pub struct CountResults {
    station: String,
    /// In the order in which they were sent.
    results: Vec<CountResult>,
    /// How many were rejected.
    rejected: usize,
}

impl CountResult {
    fn new(reward_id: Uuid, counted: stock::Counted) -> CountResult {
        CountResult {
            reward_id,
            status: if counted.replayed { CountStatus::Replayed } else { CountStatus::Counted },
            book: Some(counted.book),
            counted: Some(counted.counted),
            difference: Some(counted.difference),
            on_hand: Some(counted.on_hand),
            sequence: Some(counted.sequence),
            problem: None,
        }
    }

    fn rejected(reward_id: Uuid, problem: Value) -> CountResult {
        CountResult {
            reward_id,
            status: CountStatus::Rejected,
            book: None,
            counted: None,
            difference: None,
            on_hand: None,
            sequence: None,
            problem: Some(problem),
        }
    }
}

/// The count sheet of a station: everything that ought to be on its shelves
#[utoipa::path(tag = "stock", params(SheetQuery), responses((status = 200, body = CountSheet)))]
#[get("/stock/count-sheet")]
pub async fn get_count_sheet(call: Call<may::GetCountSheet, (), Query<SheetQuery>>) -> Result<HttpResponse, Problem> {
    let station = station_of(&call.caller, call.input.0.station.clone())?;
    let (lines, as_of) = stock::sheet(&call.scheme, &station).await?;
    let line = |line: stock::SheetLine| CountLine {
        reward_id: line.reward.id,
        name: line.reward.details.name.clone(),
        category: line.reward.details.category.clone(),
        on_hand: line.on_hand,
        reserved: line.reserved,
    };
    Ok(ok(CountSheet { station, lines: lines.into_iter().map(line).collect(), as_of }))
}

/// Set the book right by what was found on the shelves of a station
///
/// Each shelf by itself: one that is rejected keeps no other out. The difference is to the book as it was at `as_of`, and is posted
/// as a difference, so exchanges go on meanwhile. Reserved pieces cannot be missing: cancel their exchanges first.
#[utoipa::path(
    tag = "stock",
    request_body = NewCounts,
    responses((status = 201, body = CountResults), (status = 200, body = CountResults))
)]
#[post("/stock/counts")]
pub async fn count_stock(
    call: Call<may::CountStock, (), Json<NewCounts, { 8 << 20 }>>,
) -> Result<HttpResponse, Problem> {
    let NewCounts { id, station, as_of, items } = &call.input.0;
    let station = station_of(&call.caller, station.clone())?;
    if items.is_empty() || items.len() > ITEMS_MAX {
        return Err(Problem::invalid_value("/items", "invalid_items", "须有 1 到 1000 项", "1 to 1000 items"));
    }
    let mut results = Vec::with_capacity(items.len());
    let mut rejected = 0;
    for item in items {
        let count = stock::Count {
            // The same shelf in the same count is counted once.
            id: Uuid::new_v5(id, item.reward_id.as_bytes()),
            reward_id: item.reward_id,
            station: station.clone(),
            counted: item.counted,
            as_of: *as_of,
            reason: item.reason.clone(),
        };
        match stock::count(&call.scheme, count, call.by(), call.now).await {
            Ok(counted) => results.push(CountResult::new(item.reward_id, counted)),
            Err(error @ (rewards::RewardError::Busy | rewards::RewardError::Database(_))) => return Err(error.into()),
            Err(error) => {
                rejected += 1;
                results.push(CountResult::rejected(item.reward_id, call.told(&error.into())));
            }
        }
    }
    let done = results.iter().any(|result| matches!(result.status, CountStatus::Counted));
    let status = if done { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponseBuilder::new(status).json(CountResults { station, results, rejected }))
}
