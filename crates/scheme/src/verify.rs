//! Checks a scheme: its book, and every table that follows from it.

mod exchanges;
mod levels;
mod stock;
mod turnovers;

use crate::certificates;
use crate::projection::{
    ACCOUNT_DAY, APPLICATION_DECIDED, AWARD_MADE, CATEGORY_TOTAL, EXCHANGE_CASH, EXCHANGE_LINE, EXCHANGE_MADE,
    EXCHANGE_MOVE, GROUP_TOTAL, MONTH_CHANGE, MONTH_TOTAL, REQUEST_GRANTED, SERVICE_DECIDED, SESSION_MOVED,
    STOCK_MOVED, STOCK_SENT, SchemeProjection, TRANSFER_MADE, TURNOVER, VOLUNTEER_MERGED, YEAR_TOTAL, kind,
};
use crate::schemes::OpenScheme;
use crate::selections;
use crate::services::{ServiceRow, select_services};
use chrono::NaiveDate;
use ledger::projection::{Cell, How, Row, Shape};
use ledger::verify::Report;
use ledger::{Entry, Projection};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Rows by key: the columns' names and what the journal makes them.
type Rows = BTreeMap<String, BTreeMap<&'static str, Cell>>;

/// Rebuilds everything from the journal and compares.
pub async fn verify(scheme: &OpenScheme) -> db::Result<Report> {
    let mut expected: HashMap<&'static str, Rows> = HashMap::new();
    let mut commitments: HashMap<Uuid, Committed> = HashMap::new();
    let mut told = selections::Told::default();
    let book = scheme.book.number();
    let verifier_key = scheme.signer().verifier_key();
    let (mut report, mut tx) = ledger::verify::verify(&scheme.book, Some(&verifier_key), |entry| {
        for row in SchemeProjection.project(book, entry) {
            apply(&mut expected, row);
        }
        commitments.extend(commitment(entry));
        told.hear(entry);
    })
    .await?;
    compare(&mut expected, &EXCHANGE_MADE, exchanges::exchanges(&mut tx, book).await?, &mut report);
    compare(&mut expected, &EXCHANGE_LINE, exchanges::lines(&mut tx, book).await?, &mut report);
    compare(&mut expected, &EXCHANGE_MOVE, exchanges::moves(&mut tx, book).await?, &mut report);
    compare(&mut expected, &EXCHANGE_CASH, exchanges::cash(&mut tx, book).await?, &mut report);
    compare(&mut expected, &SESSION_MOVED, sessions(&mut tx, book).await?, &mut report);
    compare(&mut expected, &SERVICE_DECIDED, decided_services(&mut tx, book).await?, &mut report);
    compare(&mut expected, &YEAR_TOTAL, year_totals(&mut tx, book).await?, &mut report);
    compare(&mut expected, &MONTH_TOTAL, month_totals(&mut tx, book).await?, &mut report);
    compare(&mut expected, &GROUP_TOTAL, group_totals(&mut tx, book).await?, &mut report);
    compare(&mut expected, &CATEGORY_TOTAL, turnovers::categories(&mut tx, book).await?, &mut report);
    compare(&mut expected, &MONTH_CHANGE, turnovers::changes(&mut tx, book).await?, &mut report);
    compare(&mut expected, &TURNOVER, turnovers::turnovers(&mut tx, book).await?, &mut report);
    compare(&mut expected, &AWARD_MADE, levels::awards(&mut tx, book).await?, &mut report);
    compare(&mut expected, &APPLICATION_DECIDED, levels::applications(&mut tx, book).await?, &mut report);
    compare(&mut expected, &ACCOUNT_DAY, account_days(&mut tx, book).await?, &mut report);
    compare(&mut expected, &TRANSFER_MADE, transfers(&mut tx, book).await?, &mut report);
    compare(&mut expected, &REQUEST_GRANTED, granted_requests(&mut tx, book).await?, &mut report);
    compare(&mut expected, &STOCK_MOVED, stock::movements(&mut tx, book).await?, &mut report);
    compare(&mut expected, &STOCK_SENT, stock::transfers(&mut tx, book).await?, &mut report);
    compare(&mut expected, &VOLUNTEER_MERGED, merged(&mut tx, book).await?, &mut report);
    compare_commitments(&mut tx, book, &commitments, &mut report).await?;
    control(&mut tx, book, &mut report).await?;
    selections::check(&mut tx, scheme, &told, &mut report).await?;
    certificates::check(&mut tx, scheme, &mut report).await?;
    Ok(report)
}

/// What a decision says the record was, and when it was published.
struct Committed {
    record: String,
    publicity: [Option<String>; 2],
}

fn commitment(entry: &Entry) -> Option<(Uuid, Committed)> {
    if !matches!(entry.kind.as_str(), kind::SERVICE_CONFIRMED | kind::SERVICE_REJECTED) {
        return None;
    }
    let fields = entry.fields();
    let text = |name: &str| fields.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    let publicity = ["published_on", "final_on"].map(text);
    Some((entry.document_id?, Committed { record: text("record")?, publicity }))
}

fn apply(expected: &mut HashMap<&'static str, Rows>, row: Row) {
    let key = key(&row);
    let known = expected.entry(row.shape.table).or_default().entry(key).or_default();
    for (column, cell) in row.shape.columns.iter().zip(row.cells) {
        match (row.shape.how, known.get_mut(column), cell) {
            (How::Accumulate, Some(Cell::I64(sum)), Cell::I64(more)) if !is_key(row.shape, column) => *sum += more,
            (_, _, cell) => drop(known.insert(column, cell)),
        }
    }
}

fn is_key(shape: &Shape, column: &str) -> bool {
    shape.columns[..shape.keys].contains(&column)
}

/// The key without the book, as people read it.
fn key(row: &Row) -> String {
    let cells = row.cells[1..row.shape.keys].iter().map(|cell| match cell {
        Cell::Uuid(id) => id.to_string(),
        Cell::I64(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Date(day) => day.to_string(),
        other => format!("{other:?}"),
    });
    cells.collect::<Vec<_>>().join(", ")
}

fn compare(expected: &mut HashMap<&'static str, Rows>, shape: &'static Shape, stored: Vec<Row>, report: &mut Report) {
    let mut rows = expected.remove(shape.table).unwrap_or_default();
    for row in stored {
        let key = key(&row);
        let Some(known) = rows.remove(&key) else {
            report.find(shape.table, key, "the journal knows nothing of this row");
            continue;
        };
        for (column, cell) in shape.columns.iter().zip(&row.cells) {
            if known.get(column).is_some_and(|known| known != cell) {
                let problem = format!("{column} is {cell:?}, and the journal makes it {:?}", known[column]);
                report.find(shape.table, &key, problem);
            }
        }
    }
    for key in rows.keys() {
        report.find(shape.table, key, "the row is missing");
    }
}

#[derive(sqlx::FromRow)]
struct TransferRow {
    id: Uuid,
    from_id: Uuid,
    to_id: Option<Uuid>,
    account: Option<String>,
    amount: i64,
    relation: Option<String>,
    status: String,
    made_at: i64,
    sequence: i64,
}

async fn transfers(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<TransferRow> = tx
        .query(
            "SELECT id, from_id, to_id, account, amount, relation, status, made_at, sequence
             FROM transfers WHERE book = $1",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |row: TransferRow| Row {
        shape: &TRANSFER_MADE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(row.id),
            Cell::Uuid(row.from_id),
            Cell::OptUuid(row.to_id),
            Cell::OptText(row.account),
            Cell::I64(row.amount),
            Cell::OptText(row.relation),
            Cell::Text(row.status),
            Cell::I64(row.made_at),
            Cell::I64(row.sequence),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn granted_requests(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(Uuid, String, Option<i64>)> = tx
        .query(
            "SELECT id, status, sequence FROM pool_requests
             WHERE book = $1 AND (status <> 'open' OR sequence IS NOT NULL)",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(id, status, sequence)| Row {
        shape: &REQUEST_GRANTED,
        cells: vec![Cell::I64(book), Cell::Uuid(id), Cell::Text(status), Cell::OptI64(sequence)],
    };
    Ok(rows.into_iter().map(row).collect())
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    reward_id: Uuid,
    station: String,
    starts_at: i64,
    ends_at: i64,
    seats: i64,
    status: String,
    moves: i64,
    version: i64,
    moved_sequence: Option<i64>,
}

async fn sessions(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<SessionRow> = tx
        .query(
            "SELECT id, reward_id, station, starts_at, ends_at, seats, status, moves, version, moved_sequence
             FROM reward_sessions WHERE book = $1",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |row: SessionRow| Row {
        shape: &SESSION_MOVED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(row.id),
            Cell::Uuid(row.reward_id),
            Cell::Text(row.station),
            Cell::I64(row.starts_at),
            Cell::I64(row.ends_at),
            Cell::I64(row.seats),
            Cell::Text(row.status),
            Cell::I64(row.moves),
            Cell::I64(row.version),
            Cell::OptI64(row.moved_sequence),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn merged(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(Uuid, String, Option<Uuid>)> = tx
        .query(
            "SELECT id, status, merged_into FROM volunteers
             WHERE book = $1 AND (status = 'merged' OR merged_into IS NOT NULL)",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(id, status, merged_into)| Row {
        shape: &VOLUNTEER_MERGED,
        cells: vec![Cell::I64(book), Cell::Uuid(id), Cell::Text(status), Cell::OptUuid(merged_into)],
    };
    Ok(rows.into_iter().map(row).collect())
}

#[derive(sqlx::FromRow)]
struct DecidedRow {
    id: Uuid,
    status: String,
    credited_minutes: Option<i64>,
    points: Option<i64>,
    sequence: Option<i64>,
    decided_by: Option<Uuid>,
}

async fn decided_services(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<DecidedRow> = tx
        .query(
            "SELECT id, status, credited_minutes, points, sequence, decided_by FROM services
             WHERE book = $1 AND (status NOT IN ('recorded', 'published') OR sequence IS NOT NULL)",
        )
        .bind(book)
        .fetch_all()
        .await?;
    let row = |row: DecidedRow| Row {
        shape: &SERVICE_DECIDED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(row.id),
            Cell::Text(row.status),
            Cell::OptI64(row.credited_minutes),
            Cell::OptI64(row.points),
            Cell::OptI64(row.sequence),
            Cell::OptUuid(row.decided_by),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn year_totals(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(i64, Uuid, i64, i64, i64)> = tx
        .query("SELECT year, volunteer_id, minutes, points, services FROM year_totals WHERE book = $1")
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(year, volunteer, minutes, points, services)| Row {
        shape: &YEAR_TOTAL,
        cells: vec![
            Cell::I64(book),
            Cell::I64(year),
            Cell::Uuid(volunteer),
            Cell::I64(minutes),
            Cell::I64(points),
            Cell::I64(services),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn month_totals(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(i64, Uuid, i64, i64, i64)> = tx
        .query("SELECT month, volunteer_id, minutes, points, services FROM month_totals WHERE book = $1")
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(month, volunteer, minutes, points, services)| Row {
        shape: &MONTH_TOTAL,
        cells: vec![
            Cell::I64(book),
            Cell::I64(month),
            Cell::Uuid(volunteer),
            Cell::I64(minutes),
            Cell::I64(points),
            Cell::I64(services),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn group_totals(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(i64, String, String, i64, i64, i64)> = tx
        .query("SELECT month, unit, team, minutes, points, services FROM group_totals WHERE book = $1")
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(month, unit, team, minutes, points, services)| Row {
        shape: &GROUP_TOTAL,
        cells: vec![
            Cell::I64(book),
            Cell::I64(month),
            Cell::Text(unit),
            Cell::Text(team),
            Cell::I64(minutes),
            Cell::I64(points),
            Cell::I64(services),
        ],
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn account_days(tx: &mut db::Tx, book: i64) -> db::Result<Vec<Row>> {
    let rows: Vec<(String, NaiveDate, Uuid, i64)> = tx
        .query("SELECT account, served_on, volunteer_id, amount FROM account_days WHERE book = $1")
        .bind(book)
        .fetch_all()
        .await?;
    let row = |(account, day, volunteer, amount)| Row {
        shape: &ACCOUNT_DAY,
        cells: vec![Cell::I64(book), Cell::Text(account), Cell::Date(day), Cell::Uuid(volunteer), Cell::I64(amount)],
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The record that was decided over is still the record that is there.
async fn compare_commitments(
    tx: &mut db::Tx,
    book: i64,
    commitments: &HashMap<Uuid, Committed>,
    report: &mut Report,
) -> db::Result<()> {
    let mut after = Uuid::nil();
    loop {
        let rows: Vec<ServiceRow> = tx
            .query(select_services!("WHERE s.book = $1 AND s.id > $2 ORDER BY s.id LIMIT 2000"))
            .bind(book)
            .bind(after)
            .fetch_all()
            .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id();
        for row in &rows {
            let committed = commitments.get(&row.id());
            if committed.is_some_and(|committed| committed.record != row.commitment()) {
                report.find("services", row.id(), "the record is not the one that was decided over");
            }
            let days = row.publicity().map(|day| day.map(|day| day.to_string()));
            let kept = committed.filter(|committed| committed.publicity.iter().any(Option::is_some));
            if kept.is_some_and(|committed| committed.publicity != days) {
                report.find("services", row.id(), "it was published on other days than those it was decided over with");
            }
        }
    }
}

/// What must hold between records, objections and corrections.
async fn control(tx: &mut db::Tx, book: i64, report: &mut Report) -> db::Result<()> {
    let objected: Vec<(Uuid,)> = tx
        .query(
            "SELECT o.id FROM objections AS o CROSS JOIN services AS s
             WHERE o.book = $1 AND s.book = $1 AND s.id = o.service_id AND o.status = 'open' AND s.status = 'confirmed'
             ORDER BY o.id",
        )
        .bind(book)
        .fetch_all()
        .await?;
    for (id,) in objected {
        report.find("objections", id, "the record counts, though the objection is open");
    }
    let twice: Vec<(Uuid,)> = tx
        .query(
            "SELECT n.id FROM services AS n JOIN services AS o ON o.book = n.book AND o.id = n.corrects
             WHERE n.book = $1 AND n.corrects IS NOT NULL AND n.status = 'confirmed'
               AND o.status NOT IN ('reversed', 'rejected') ORDER BY n.id",
        )
        .bind(book)
        .fetch_all()
        .await?;
    for (id,) in twice {
        report.find("services", id, "it counts beside the record in whose place it stands");
    }
    Ok(())
}
