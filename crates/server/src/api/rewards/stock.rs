//! Stock: pieces put on a station's shelf, or taken off it otherwise than by an exchange.

pub mod counts;
pub mod moves;
pub mod views;

use crate::api::answers::once;
use crate::api::auth::{may, station_of};
use crate::api::call::{Call, Json};
use crate::api::error::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post};
use scheme::rewards::{self, StockChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStockChange {
    /// You choose it; the same again is done once.
    id: Uuid,
    /// Left out: the station of the key, or `main`.
    #[schema(example = "main")]
    station: Option<String>,
    /// Pieces put on the shelf; negative: taken off.
    #[schema(example = 20)]
    change: i64,
    #[schema(example = "到货")]
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub struct Stock {
    /// Pieces on the shelf now, reserved ones among them.
    on_hand: i64,
    sequence: i64,
}

impl Stock {
    fn answer(changed: rewards::StockChanged) -> HttpResponse {
        let stock = Stock { on_hand: changed.on_hand, sequence: changed.sequence };
        once(StatusCode::CREATED, changed.replayed, stock)
    }
}

/// Put pieces on a station's shelf, or take them off
///
/// `out_of_stock` when more would be taken off than is there and not reserved.
#[utoipa::path(
    tag = "stock",
    request_body = NewStockChange,
    responses((status = 201, body = Stock), (status = 200, body = Stock))
)]
#[post("/rewards/{id}/stock")]
pub async fn change_stock(call: Call<may::ChangeStock, Uuid, Json<NewStockChange>>) -> Result<HttpResponse, Problem> {
    let NewStockChange { id, station, change, reason } = call.input.0;
    let station = station_of(&call.caller, station)?;
    let change = StockChange { id, reward_id: call.at, station, change, reason };
    let changed = rewards::change_stock(&call.scheme, change, &call.caller.operator, call.now).await?;
    Ok(Stock::answer(changed))
}
