//! Awards and applications as they are stored.

use crate::projection::{APPLICATION_DECIDED, AWARD_MADE};
use chrono::NaiveDate;
use ledger::projection::{Cell, Row};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct AwardRow {
    id: Uuid,
    volunteer_id: Uuid,
    ladder: String,
    step: String,
    status: String,
    granted_on: NaiveDate,
    granted_sequence: i64,
    revoked_sequence: Option<i64>,
}

pub(super) async fn awards(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<AwardRow> = tx
        .query(
            "SELECT id, volunteer_id, ladder, step, status, granted_on, granted_sequence, revoked_sequence
             FROM awards WHERE book = $1",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |row: AwardRow| Row {
        shape: &AWARD_MADE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(row.id),
            Cell::Uuid(row.volunteer_id),
            Cell::Text(row.ladder),
            Cell::Text(row.step),
            Cell::Text(row.status),
            Cell::Date(row.granted_on),
            Cell::I64(row.granted_sequence),
            Cell::OptI64(row.revoked_sequence),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

pub(super) async fn applications(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(Uuid, String, Option<Uuid>, Option<i64>)> = tx
        .query(
            "SELECT id, status, decided_by, sequence FROM level_applications
             WHERE book = $1 AND (status <> 'applied' OR sequence IS NOT NULL)",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(id, status, by, sequence)| Row {
        shape: &APPLICATION_DECIDED,
        cells: vec![Cell::I64(book), Cell::Uuid(id), Cell::Text(status), Cell::OptUuid(by), Cell::OptI64(sequence)],
    };
    Ok(rows.into_iter().map(row).collect())
}
