//! The tables that follow from the entries of exchanges, as they are stored.

use crate::projection::{EXCHANGE_CASH, EXCHANGE_LINE, EXCHANGE_MADE, EXCHANGE_MOVE};
use chrono::NaiveDate;
use ledger::projection::{Cell, Row};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct ExchangeRow {
    id: Uuid,
    volunteer_id: Uuid,
    reward_id: Option<Uuid>,
    station: String,
    session_id: Option<Uuid>,
    quantity: i64,
    account: Option<String>,
    points: i64,
    price_cash: Option<i64>,
    relation: Option<String>,
    status: String,
    balance_before: Option<i64>,
    reserved_at: i64,
    reserved_sequence: i64,
    expires_at: Option<i64>,
    settled_at: Option<i64>,
    settled_sequence: Option<i64>,
    settled_by: Option<Uuid>,
}

pub(super) async fn exchanges(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<ExchangeRow> = tx
        .query(
            "SELECT id, volunteer_id, reward_id, station, session_id, quantity, account, points, price_cash, relation, status,
                    balance_before, reserved_at, reserved_sequence, expires_at, settled_at, settled_sequence, settled_by
             FROM exchanges WHERE book = $1",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |row: ExchangeRow| Row {
        shape: &EXCHANGE_MADE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(row.id),
            Cell::Uuid(row.volunteer_id),
            Cell::OptUuid(row.reward_id),
            Cell::Text(row.station),
            Cell::OptUuid(row.session_id),
            Cell::I64(row.quantity),
            Cell::OptText(row.account),
            Cell::I64(row.points),
            Cell::OptI64(row.price_cash),
            Cell::OptText(row.relation),
            Cell::Text(row.status),
            Cell::OptI64(row.balance_before),
            Cell::I64(row.reserved_at),
            Cell::I64(row.reserved_sequence),
            Cell::OptI64(row.expires_at),
            Cell::OptI64(row.settled_at),
            Cell::OptI64(row.settled_sequence),
            Cell::OptUuid(row.settled_by),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

type LineRow = (Uuid, i64, Uuid, Option<Uuid>, i64, i64, Option<i64>, i64);

pub(super) async fn lines(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<LineRow> = tx
        .query(
            "SELECT exchange_id, line, reward_id, session_id, quantity, points, price_cash, reserved_sequence
             FROM exchange_lines WHERE book = $1",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(exchange, line, reward, session, quantity, points, cash, sequence): LineRow| Row {
        shape: &EXCHANGE_LINE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(exchange),
            Cell::I64(line),
            Cell::Uuid(reward),
            Cell::OptUuid(session),
            Cell::I64(quantity),
            Cell::I64(points),
            Cell::OptI64(cash),
            Cell::I64(sequence),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

#[derive(sqlx::FromRow)]
struct MoveRow {
    exchange_id: Uuid,
    entry_id: Uuid,
    line: i64,
    reward_id: Uuid,
    kind: String,
    pieces: i64,
    points: i64,
    price_cash: Option<i64>,
    moved_on: NaiveDate,
    sequence: i64,
}

pub(super) async fn moves(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<MoveRow> = tx
        .query(
            "SELECT exchange_id, entry_id, line, reward_id, kind, pieces, points, price_cash, moved_on, sequence
             FROM exchange_moves WHERE book = $1",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |row: MoveRow| Row {
        shape: &EXCHANGE_MOVE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(row.exchange_id),
            Cell::Uuid(row.entry_id),
            Cell::I64(row.line),
            Cell::Uuid(row.reward_id),
            Cell::Text(row.kind),
            Cell::I64(row.pieces),
            Cell::I64(row.points),
            Cell::OptI64(row.price_cash),
            Cell::Date(row.moved_on),
            Cell::I64(row.sequence),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

type CashRow = (String, NaiveDate, i64, Uuid, Option<Uuid>, i64, Option<i64>, Option<String>);

pub(super) async fn cash(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<CashRow> = tx
        .query(
            "SELECT station, paid_on, sequence, exchange_id, taken_by, owed, received, method
             FROM exchange_cash WHERE book = $1",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(station, paid_on, sequence, exchange, taken_by, owed, received, method): CashRow| Row {
        shape: &EXCHANGE_CASH,
        cells: vec![
            Cell::I64(book),
            Cell::Text(station),
            Cell::Date(paid_on),
            Cell::I64(sequence),
            Cell::Uuid(exchange),
            Cell::OptUuid(taken_by),
            Cell::I64(owed),
            Cell::OptI64(received),
            Cell::OptText(method),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}
