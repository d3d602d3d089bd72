//! Deliveries, losses, and pieces on their way from one station to another.

use super::Stock;
use crate::api::amounts::Reader;
use crate::api::answers::{ok, once};
use crate::api::auth::{may, station_of};
use crate::api::call::{Call, Json, MaybeJson, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use scheme::rewards::stock;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelivery {
    /// You choose it; the same again is done once.
    id: Uuid,
    /// Left out: the station of the key, or `main`.
    station: Option<String>,
    #[schema(example = 20)]
    pieces: i64,
    /// The number of the delivery note: letters, digits, `-`, `_`, `/`, `.`.
    #[schema(example = "SH-2026-118")]
    note: Option<String>,
    sponsor_id: Option<Uuid>,
    /// Yuan for a piece; `"0"`: a gift.
    #[schema(example = "12.50")]
    unit_cost: Option<String>,
}

/// Why pieces are gone. `spoiled`: past their date; `sent_back`: to whoever delivered them.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LossCause {
    Damaged,
    Spoiled,
    Missing,
    SentBack,
    Other,
}

same_words!(LossCause, stock::LossCause: Damaged Spoiled Missing SentBack Other);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLoss {
    /// You choose it; the same again is done once.
    id: Uuid,
    /// Left out: the station of the key, or `main`.
    station: Option<String>,
    #[schema(example = 2)]
    pieces: i64,
    cause: LossCause,
    /// In words; needed with `other`. They stay beside the book.
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStockTransfer {
    /// You choose it; the same again is done once.
    id: Uuid,
    /// Left out: the station of the key, or `main`.
    from: Option<String>,
    #[schema(example = "party-centre")]
    to: String,
    #[schema(example = 10)]
    quantity: i64,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// Pieces; left out: all of them.
    arrived: Option<i64>,
    /// Why less arrived than was sent.
    reason: Option<String>,
}

/// `sent`: on nobody's shelf.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockTransferStatus {
    Sent,
    Arrived,
}

#[derive(Serialize, ToSchema)]
pub struct StockTransfer {
    id: Uuid,
    reward_id: Uuid,
    from: String,
    to: String,
    quantity: i64,
    status: StockTransferStatus,
    /// Pieces that arrived; the rest was lost on the way.
    arrived: Option<i64>,
    sent_at: DateTime<Utc>,
    arrived_at: Option<DateTime<Utc>>,
    sequence: i64,
}

#[derive(Serialize, ToSchema)]
pub struct StockTransfers {
    /// What is on the way, the longest first.
    transfers: Vec<StockTransfer>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StockTransfersQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

impl StockTransfer {
    fn new(transfer: stock::StockTransfer) -> StockTransfer {
        let status = match transfer.arrived {
            None => StockTransferStatus::Sent,
            Some(_) => StockTransferStatus::Arrived,
        };
        StockTransfer {
            id: transfer.id,
            reward_id: transfer.reward_id,
            from: transfer.from,
            to: transfer.to,
            quantity: transfer.quantity,
            status,
            arrived: transfer.arrived,
            sent_at: transfer.sent_at,
            arrived_at: transfer.arrived_at,
            sequence: transfer.sequence,
        }
    }
}

/// Put what was delivered on a station's shelf
#[utoipa::path(
    tag = "stock",
    request_body = NewDelivery,
    responses((status = 201, body = Stock), (status = 200, body = Stock))
)]
#[post("/rewards/{id}/stock/deliveries")]
pub async fn deliver_stock(call: Call<may::DeliverStock, Uuid, Json<NewDelivery>>) -> Result<HttpResponse, Problem> {
    let NewDelivery { id, station, pieces, note, sponsor_id, unit_cost } = call.input.0;
    let station = station_of(&call.caller, station)?;
    let mut amounts = Reader::default();
    let unit_cost = unit_cost.map(|cost| amounts.yuan("/unit_cost", &cost));
    if !amounts.flaws.is_empty() {
        return Err(Problem::invalid(amounts.flaws));
    }
    let delivery = stock::Delivery { id, reward_id: call.at, station, pieces, note, sponsor_id, unit_cost };
    let changed = stock::deliver(&call.scheme, delivery, &call.caller.operator, call.now).await?;
    Ok(Stock::answer(changed))
}

/// Take off a station's shelf what is gone otherwise than by an exchange
///
/// `out_of_stock` when more would be taken off than is there and not reserved.
#[utoipa::path(
    tag = "stock",
    request_body = NewLoss,
    responses((status = 201, body = Stock), (status = 200, body = Stock))
)]
#[post("/rewards/{id}/stock/losses")]
pub async fn lose_stock(call: Call<may::LoseStock, Uuid, Json<NewLoss>>) -> Result<HttpResponse, Problem> {
    let NewLoss { id, station, pieces, cause, reason } = call.input.0;
    let station = station_of(&call.caller, station)?;
    let loss = stock::Loss { id, reward_id: call.at, station, pieces, cause: cause.into(), reason };
    let changed = stock::lose(&call.scheme, loss, &call.caller.operator, call.now).await?;
    Ok(Stock::answer(changed))
}

/// Send pieces to another station
///
/// They are on nobody's shelf until they are received there.
#[utoipa::path(
    tag = "stock",
    request_body = NewStockTransfer,
    responses((status = 201, body = StockTransfer), (status = 200, body = StockTransfer))
)]
#[post("/rewards/{id}/stock/transfers")]
pub async fn send_stock(call: Call<may::SendStock, Uuid, Json<NewStockTransfer>>) -> Result<HttpResponse, Problem> {
    let NewStockTransfer { id, from, to, quantity } = call.input.0;
    let from = station_of(&call.caller, from)?;
    let new = stock::NewTransfer { id, reward_id: call.at, from, to, quantity };
    let (transfer, replayed) = stock::send(&call.scheme, new, &call.caller.operator, call.now).await?;
    Ok(once(StatusCode::CREATED, replayed, StockTransfer::new(transfer)))
}

/// Put what another station sent on the shelf
#[utoipa::path(
    tag = "stock",
    request_body = Option<Arrival>,
    responses((status = 201, body = StockTransfer), (status = 200, body = StockTransfer))
)]
#[post("/stock/transfers/{id}/receive")]
pub async fn receive_stock(call: Call<may::ReceiveStock, Uuid, MaybeJson<Arrival>>) -> Result<HttpResponse, Problem> {
    let Arrival { arrived, reason } = &call.input.0;
    let done = stock::receive(&call.scheme, call.at, *arrived, reason.as_deref(), call.by(), call.now).await;
    let (transfer, replayed) = done?;
    Ok(once(StatusCode::CREATED, replayed, StockTransfer::new(transfer)))
}

/// What is on the way between stations
#[utoipa::path(tag = "stock", params(StockTransfersQuery), responses((status = 200, body = StockTransfers)))]
#[get("/stock/transfers")]
pub async fn list_stock_transfers(
    call: Call<may::ListStockTransfers, (), Query<StockTransfersQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(StockTransfersQuery { cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let ((), after): ((), Option<i64>) = list.resume(cursor.as_deref(), ())?;
    let found = stock::on_the_way(&call.scheme, after.unwrap_or(0), limit + 1).await?;
    let (found, next) = page(found, limit, |last: &stock::StockTransfer| list.next((), last.sequence));
    Ok(ok(StockTransfers { transfers: found.into_iter().map(StockTransfer::new).collect(), next }))
}
