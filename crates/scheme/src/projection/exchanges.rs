//! Rows that follow from the entries of exchanges.

use super::{id, integer, kind, text};
use ledger::projection::{Cell, How, Row, Shape};
use ledger::{Entry, EntryAction};
use serde_json::{Map, Value};

pub(crate) static EXCHANGE_MADE: Shape = Shape {
    table: "exchanges",
    how: How::Insert,
    keys: 2,
    columns: &[
        "book",
        "id",
        "volunteer_id",
        "reward_id",
        "station",
        "session_id",
        "quantity",
        "account",
        "points",
        "price_cash",
        "relation",
        "status",
        "balance_before",
        "reserved_at",
        "reserved_sequence",
        "expires_at",
        "settled_at",
        "settled_sequence",
        "settled_by",
    ],
};

pub(crate) static EXCHANGE_SETTLED: Shape = Shape {
    table: "exchanges",
    how: How::Update,
    keys: 2,
    columns: &["book", "id", "status", "settled_at", "settled_sequence", "settled_by"],
};

pub(crate) static EXCHANGE_LINE: Shape = Shape {
    table: "exchange_lines",
    how: How::Insert,
    keys: 3,
    columns: &[
        "book",
        "exchange_id",
        "line",
        "reward_id",
        "session_id",
        "quantity",
        "points",
        "price_cash",
        "reserved_sequence",
    ],
};

pub(crate) static EXCHANGE_MOVE: Shape = Shape {
    table: "exchange_moves",
    how: How::Insert,
    keys: 4,
    columns: &[
        "book",
        "exchange_id",
        "entry_id",
        "line",
        "reward_id",
        "kind",
        "pieces",
        "points",
        "price_cash",
        "moved_on",
        "sequence",
    ],
};

pub(crate) static EXCHANGE_CASH: Shape = Shape {
    table: "exchange_cash",
    how: How::Insert,
    keys: 4,
    columns: &["book", "station", "paid_on", "sequence", "exchange_id", "taken_by", "owed", "received", "method"],
};

static EXCHANGE_MOVED: Shape =
    Shape { table: "exchanges", how: How::Update, keys: 2, columns: &["book", "id", "station", "expires_at"] };

pub(super) fn project(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Vec<Row> {
    let first = entry.document_id == Some(entry.id);
    match (entry.kind.as_str(), entry.action) {
        (kind::EXCHANGE_RESERVED, _) => made(book, entry, fields, "reserved"),
        // A later step has an id of its own.
        (kind::EXCHANGE_COLLECTED, EntryAction::Post) if first => made(book, entry, fields, "collected"),
        (kind::EXCHANGE_COLLECTED_IN_PART, EntryAction::CapturePart) => moved(book, entry, fields, "collected"),
        (kind::EXCHANGE_COLLECTED | kind::EXCHANGE_COLLECTED_IN_PART, _) => {
            let mut rows = moved(book, entry, fields, "collected");
            rows.push(settled(book, entry, fields, "collected"));
            rows
        }
        (kind::EXCHANGE_CANCELLED, _) => vec![settled(book, entry, fields, "cancelled")],
        (kind::EXCHANGE_EXPIRED, _) => vec![settled(book, entry, fields, "expired")],
        (kind::EXCHANGE_MOVED, _) => vec![session_moved(book, entry, fields)],
        (kind::EXCHANGE_MISSED, _) => vec![settled(book, entry, fields, "missed")],
        _ => moved(book, entry, fields, "returned"),
    }
}

fn made(book: i64, entry: &Entry, fields: &Map<String, Value>, status: &str) -> Vec<Row> {
    let at_once = entry.kind == kind::EXCHANGE_COLLECTED;
    let exchange = Row {
        shape: &EXCHANGE_MADE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.id),
            Cell::Uuid(id(fields, "volunteer_id").unwrap_or_default()),
            Cell::OptUuid(id(fields, "reward_id")),
            Cell::Text(text(fields, "station").unwrap_or_default()),
            Cell::OptUuid(id(fields, "session_id")),
            Cell::I64(integer(fields, "quantity").unwrap_or(0)),
            Cell::OptText(text(fields, "account")),
            Cell::I64(integer(fields, "points").unwrap_or(0)),
            Cell::OptI64(integer(fields, "price_cash")),
            Cell::OptText(text(fields, "relation")),
            Cell::Text(status.to_owned()),
            Cell::OptI64(entry.available_before),
            Cell::I64(entry.recorded_at),
            Cell::I64(entry.sequence),
            // A place in a session is kept to its end, which may be moved: later than that of its hold never.
            Cell::OptI64(entry.expires_at.map(|expires_at| integer(fields, "until").unwrap_or(expires_at))),
            Cell::OptI64(at_once.then_some(entry.recorded_at)),
            Cell::OptI64(at_once.then_some(entry.sequence)),
            Cell::OptUuid(id(fields, "by").filter(|_| at_once)),
        ],
    };
    let mut rows = vec![exchange];
    let lines = objects(fields, "lines").zip(1..);
    rows.extend(lines.clone().map(|(line, number)| self::line(book, entry, line, number)));
    if at_once {
        let whole = lines.map(|(line, number)| {
            let pieces = integer(line, "quantity").unwrap_or(0);
            self::move_of(book, entry, line, number, pieces, "collected")
        });
        rows.extend(whole);
        rows.extend(cash(book, entry, fields, fields));
    }
    rows
}

fn line(book: i64, entry: &Entry, line: &Map<String, Value>, number: i64) -> Row {
    Row {
        shape: &EXCHANGE_LINE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.id),
            Cell::I64(number),
            Cell::Uuid(id(line, "reward_id").unwrap_or_default()),
            Cell::OptUuid(id(line, "session_id")),
            Cell::I64(integer(line, "quantity").unwrap_or(0)),
            Cell::I64(integer(line, "points").unwrap_or(0)),
            Cell::OptI64(integer(line, "price_cash")),
            Cell::I64(entry.sequence),
        ],
    }
}

/// Pieces that an entry hands over, or takes back, and the cash beside them.
fn moved(book: i64, entry: &Entry, fields: &Map<String, Value>, kind: &str) -> Vec<Row> {
    let row = |part| {
        let (line, pieces) = (integer(part, "line").unwrap_or(0), integer(part, "pieces").unwrap_or(0));
        move_of(book, entry, part, line, pieces, kind)
    };
    let mut rows: Vec<Row> = objects(fields, "moves").map(row).collect();
    if let Some(Value::Object(paid)) = fields.get("cash") {
        rows.extend(cash(book, entry, paid, fields));
    }
    rows
}

fn move_of(book: i64, entry: &Entry, part: &Map<String, Value>, line: i64, pieces: i64, kind: &str) -> Row {
    Row {
        shape: &EXCHANGE_MOVE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.document_id.unwrap_or_default()),
            Cell::Uuid(entry.id),
            Cell::I64(line),
            Cell::Uuid(id(part, "reward_id").unwrap_or_default()),
            Cell::Text(kind.to_owned()),
            Cell::I64(pieces),
            Cell::I64(integer(part, "points").unwrap_or(0)),
            Cell::OptI64(integer(part, "price_cash")),
            Cell::Date(entry.effective_on),
            Cell::I64(entry.sequence),
        ],
    }
}

/// Nothing, where no cash was owed and none was taken.
fn cash(book: i64, entry: &Entry, paid: &Map<String, Value>, fields: &Map<String, Value>) -> Option<Row> {
    let (owed, received) = (integer(paid, "price_cash").unwrap_or(0), integer(paid, "cash_received"));
    (owed != 0 || received.is_some()).then(|| Row {
        shape: &EXCHANGE_CASH,
        cells: vec![
            Cell::I64(book),
            Cell::Text(text(paid, "station").unwrap_or_default()),
            Cell::Date(entry.effective_on),
            Cell::I64(entry.sequence),
            Cell::Uuid(entry.document_id.unwrap_or_default()),
            Cell::OptUuid(id(fields, "by")),
            Cell::I64(owed),
            Cell::OptI64(received),
            Cell::OptText(text(paid, "cash_method")),
        ],
    })
}

/// A place in a session that was moved.
fn session_moved(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Row {
    Row {
        shape: &EXCHANGE_MOVED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.document_id.unwrap_or_default()),
            Cell::Text(text(fields, "station").unwrap_or_default()),
            Cell::OptI64(integer(fields, "until")),
        ],
    }
}

fn settled(book: i64, entry: &Entry, fields: &Map<String, Value>, status: &str) -> Row {
    Row {
        shape: &EXCHANGE_SETTLED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.document_id.unwrap_or_default()),
            Cell::Text(status.to_owned()),
            Cell::OptI64(Some(entry.recorded_at)),
            Cell::OptI64(Some(entry.sequence)),
            Cell::OptUuid(id(fields, "by")),
        ],
    }
}

/// The objects of a list in the document.
pub(crate) fn objects<'f>(
    fields: &'f Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'f Map<String, Value>> + Clone + use<'f> {
    let list = fields.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}
