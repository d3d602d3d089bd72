//! The stock as its tables hold it.

use crate::projection::{STOCK_MOVED, STOCK_SENT};
use ledger::projection::{Cell, Row};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct MovementRow {
    reward_id: Uuid,
    station: String,
    sequence: i64,
    change: i64,
    kind: String,
    document_id: Option<Uuid>,
    unit_cost: Option<i64>,
    recorded_at: i64,
}

pub async fn movements(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<MovementRow> = tx
        .query(
            "SELECT reward_id, station, sequence, change, kind, document_id, unit_cost, recorded_at
             FROM stock_movements WHERE book = $1",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |row: MovementRow| Row {
        shape: &STOCK_MOVED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(row.reward_id),
            Cell::Text(row.station),
            Cell::I64(row.sequence),
            Cell::I64(row.change),
            Cell::Text(row.kind),
            Cell::OptUuid(row.document_id),
            Cell::OptI64(row.unit_cost),
            Cell::I64(row.recorded_at),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

#[derive(sqlx::FromRow)]
struct TransferRow {
    id: Uuid,
    reward_id: Uuid,
    from_station: String,
    to_station: String,
    quantity: i64,
    status: String,
    arrived: Option<i64>,
    sent_at: i64,
    sent_sequence: i64,
    arrived_at: Option<i64>,
    arrived_sequence: Option<i64>,
}

pub async fn transfers(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<TransferRow> = tx
        .query(
            "SELECT id, reward_id, from_station, to_station, quantity, status, arrived, sent_at, sent_sequence,
                    arrived_at, arrived_sequence
             FROM stock_transfers WHERE book = $1",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |row: TransferRow| Row {
        shape: &STOCK_SENT,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(row.id),
            Cell::Uuid(row.reward_id),
            Cell::Text(row.from_station),
            Cell::Text(row.to_station),
            Cell::I64(row.quantity),
            Cell::Text(row.status),
            Cell::OptI64(row.arrived),
            Cell::I64(row.sent_at),
            Cell::I64(row.sent_sequence),
            Cell::OptI64(row.arrived_at),
            Cell::OptI64(row.arrived_sequence),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}
