//! What statistics are made of, as it is stored.

use crate::projection::{CATEGORY_TOTAL, MONTH_CHANGE, TURNOVER};
use ledger::projection::{Cell, Row};

pub async fn turnovers(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(i64, String, i64, i64)> = tx
        .query("SELECT month, account, received, given FROM turnovers WHERE book = $1")
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(month, account, received, given)| Row {
        shape: &TURNOVER,
        cells: vec![Cell::I64(book), Cell::I64(month), Cell::Text(account), Cell::I64(received), Cell::I64(given)],
    };
    Ok(rows.into_iter().map(row).collect())
}

pub async fn categories(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(i64, String, String, i64, i64, i64)> = tx
        .query("SELECT month, unit, category, minutes, points, services FROM category_totals WHERE book = $1")
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(month, unit, category, minutes, points, services)| Row {
        shape: &CATEGORY_TOTAL,
        cells: vec![
            Cell::I64(book),
            Cell::I64(month),
            Cell::Text(unit),
            Cell::Text(category),
            Cell::I64(minutes),
            Cell::I64(points),
            Cell::I64(services),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

pub async fn changes(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(i64, i64)> =
        tx.query("SELECT month, changes FROM month_changes WHERE book = $1").bind(book).fetch_all().await?;
    let row = |(month, changes)| Row {
        shape: &MONTH_CHANGE,
        cells: vec![Cell::I64(book), Cell::I64(month), Cell::I64(changes)],
    };
    Ok(rows.into_iter().map(row).collect())
}
