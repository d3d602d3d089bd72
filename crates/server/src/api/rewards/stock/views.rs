//! What is and was on the shelves.

use crate::api::amounts::{points, yuan};
use crate::api::answers::ok;
use crate::api::auth::{may, station_of};
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::rewards::stock::{self, AsOf};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StockQuery {
    /// Left out: all of them.
    station: Option<String>,
    /// After this entry; left out: now.
    as_of: Option<i64>,
    /// At the end of this day, instead of `as_of`.
    on: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub struct Shelf {
    reward_id: Uuid,
    name: String,
    station: String,
    /// Pieces, reserved ones among them.
    on_hand: i64,
    /// Yuan for a piece: the average over what was delivered of the reward. `null`: no delivery had a cost.
    #[schema(example = "12.3456")]
    unit_cost: Option<String>,
    /// Yuan: pieces at that cost.
    #[schema(example = "246.91")]
    value: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Shelves {
    shelves: Vec<Shelf>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
    /// Yuan, as far as it is known.
    value: String,
    /// The newest entry that is part of it.
    as_of: i64,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MovementsQuery {
    /// Left out: the station of the key, or `main`.
    station: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Movement {
    sequence: i64,
    /// What happened, as entries are called.
    #[schema(example = "stock.received")]
    kind: String,
    change: i64,
    /// Pieces on the shelf after it.
    on_hand: i64,
    /// The delivery, transfer, count or exchange.
    document_id: Option<Uuid>,
    /// Yuan for a piece that was delivered.
    unit_cost: Option<String>,
    recorded_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct Movements {
    /// The newest first.
    movements: Vec<Movement>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LowQuery {
    /// Left out: all of them.
    station: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Watched {
    reward_id: Uuid,
    name: String,
    station: String,
    /// From so few pieces that are not reserved on it is low; 0: nobody is told.
    level: i64,
    on_hand: i64,
    /// Pieces that are not reserved.
    available: i64,
    low: bool,
}

#[derive(Serialize, ToSchema)]
pub struct LowShelves {
    /// Those at or below their level.
    low: Vec<Watched>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAlert {
    /// Left out: the station of the key, or `main`.
    station: Option<String>,
    /// From so few pieces that are not reserved on somebody is to be told; 0: never.
    #[schema(example = 5)]
    level: i64,
}

impl Watched {
    fn new(shelf: stock::Watched) -> Watched {
        Watched {
            low: shelf.is_low(),
            reward_id: shelf.reward_id,
            name: shelf.name,
            station: shelf.station,
            level: shelf.level,
            on_hand: shelf.on_hand,
            available: shelf.available,
        }
    }
}

/// What is, or was, on the shelves, and what it cost
#[utoipa::path(tag = "stock", params(StockQuery), responses((status = 200, body = Shelves)))]
#[get("/stock")]
pub async fn list_stock(call: Call<may::ListStock, (), Query<StockQuery>>) -> Result<HttpResponse, Problem> {
    let Query(StockQuery { station, as_of, on }) = &call.input;
    let as_of = match (as_of, on) {
        (None, None) => AsOf::Now,
        (Some(sequence), None) => AsOf::Sequence(*sequence),
        (None, Some(day)) => AsOf::Day(*day),
        (Some(_), Some(_)) => {
            let (zh, en) = ("`as_of` 与 `on` 只写一个", "give `as_of` or `on`, and not both");
            return Err(Problem::invalid_value("/query/on", "two_moments", zh, en));
        }
    };
    let (found, as_of) = stock::shelves(&call.scheme, station.as_deref(), as_of).await?;
    let value = found.iter().filter_map(|shelf| shelf.value).fold(0, i64::saturating_add);
    let shelf = |shelf: stock::Shelf| Shelf {
        reward_id: shelf.reward_id,
        name: shelf.name,
        station: shelf.station,
        on_hand: shelf.on_hand,
        // Hundredths of a fen.
        unit_cost: shelf.unit_cost_hundredths.map(|cost| points(cost, 4)),
        value: shelf.value.map(yuan),
    };
    Ok(ok(Shelves { shelves: found.into_iter().map(shelf).collect(), next: None, value: yuan(value), as_of }))
}

/// What came onto a shelf and left it, with what was there after each time
#[utoipa::path(tag = "stock", params(MovementsQuery), responses((status = 200, body = Movements)))]
#[get("/rewards/{id}/stock/movements")]
pub async fn list_movements(
    call: Call<may::ListMovements, Uuid, Query<MovementsQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(MovementsQuery { station, cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let asked = (Some(call.at), station.clone());
    let ((reward, station), before): ((Option<Uuid>, Option<String>), Option<i64>) =
        list.resume(cursor.as_deref(), asked)?;
    let at = station_of(&call.caller, station.clone())?;
    let found = stock::movements(&call.scheme, call.at, &at, before, limit + 1).await?;
    let (found, next) = page(found, limit, |last: &stock::Movement| list.next((reward, &station), last.sequence));
    let movement = |one: stock::Movement| Movement {
        sequence: one.sequence,
        kind: one.kind,
        change: one.change,
        on_hand: one.on_hand,
        document_id: one.document_id,
        unit_cost: one.unit_cost.map(yuan),
        recorded_at: one.recorded_at,
    };
    Ok(ok(Movements { movements: found.into_iter().map(movement).collect(), next }))
}

/// Say from how few pieces on somebody is to be told
///
/// When it comes to that, an entry `stock.low` is posted, and `stock.restored` when there is more again.
#[utoipa::path(tag = "stock", request_body = NewAlert, responses((status = 200, body = Watched)))]
#[put("/rewards/{id}/stock/alert")]
pub async fn put_stock_alert(call: Call<may::PutStockAlert, Uuid, Json<NewAlert>>) -> Result<HttpResponse, Problem> {
    let NewAlert { station, level } = &call.input.0;
    let station = station_of(&call.caller, station.clone())?;
    let shelf = stock::watch(&call.scheme, call.at, &station, *level, call.by(), call.now).await?;
    Ok(ok(Watched::new(shelf)))
}

/// The shelves that run low
#[utoipa::path(tag = "stock", params(LowQuery), responses((status = 200, body = LowShelves)))]
#[get("/stock/low")]
pub async fn list_low_stock(call: Call<may::ListLowStock, (), Query<LowQuery>>) -> Result<HttpResponse, Problem> {
    let found = stock::watched(&call.scheme, call.input.0.station.as_deref()).await?;
    let low = found.into_iter().filter(stock::Watched::is_low).map(Watched::new).collect();
    Ok(ok(LowShelves { low, next: None }))
}
