//! Awards, and applications for them, out of the journal.

use super::text;
use ledger::Entry;
use ledger::projection::{Cell, How, Row, Shape};
use serde_json::{Map, Value};

pub(crate) static AWARD_MADE: Shape = Shape {
    table: "awards",
    how: How::Insert,
    keys: 2,
    columns: &[
        "book",
        "id",
        "volunteer_id",
        "ladder",
        "step",
        "status",
        "granted_on",
        "granted_sequence",
        "revoked_sequence",
    ],
};

pub(crate) static AWARD_REVOKED: Shape =
    Shape { table: "awards", how: How::Update, keys: 2, columns: &["book", "id", "status", "revoked_sequence"] };

pub(crate) static APPLICATION_DECIDED: Shape = Shape {
    table: "level_applications",
    how: How::Update,
    keys: 2,
    columns: &["book", "id", "status", "decided_by", "sequence"],
};

/// The award, and what became of the application that it was granted upon.
pub(super) fn granted(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Vec<Row> {
    let upon_application = fields.get("applied_for").and_then(Value::as_bool) == Some(true);
    let application = upon_application.then(|| decided(book, entry, fields, "granted"));
    [awarded(book, entry, fields)].into_iter().chain(application).collect()
}

/// What became of an application: the entry that decides over it has its id.
pub(super) fn decided(book: i64, entry: &Entry, fields: &Map<String, Value>, status: &str) -> Row {
    let by = text(fields, "decided_by").and_then(|key| key.parse().ok());
    Row {
        shape: &APPLICATION_DECIDED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.id),
            Cell::Text(status.to_owned()),
            Cell::OptUuid(by),
            Cell::OptI64(Some(entry.sequence)),
        ],
    }
}

fn awarded(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Row {
    Row {
        shape: &AWARD_MADE,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.id),
            Cell::Uuid(entry.party.unwrap_or_default()),
            Cell::Text(text(fields, "ladder").unwrap_or_default()),
            Cell::Text(text(fields, "step").unwrap_or_default()),
            Cell::Text("granted".to_owned()),
            Cell::Date(entry.effective_on),
            Cell::I64(entry.sequence),
            Cell::OptI64(None),
        ],
    }
}

pub(super) fn revoked(book: i64, entry: &Entry) -> Row {
    Row {
        shape: &AWARD_REVOKED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.document_id.unwrap_or_default()),
            Cell::Text("revoked".to_owned()),
            Cell::OptI64(Some(entry.sequence)),
        ],
    }
}
