//! What statistics are made of: what the scheme's own accounts got and gave, and services by category, month by month.

use super::{MONTH_TOTAL, month_of, text};
use ledger::projection::{Cell, How, Row, Shape};
use ledger::{Entry, EntryAction};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) static TURNOVER: Shape = Shape {
    table: "turnovers",
    how: How::Accumulate,
    keys: 3,
    columns: &["book", "month", "account", "received", "given"],
};

pub(crate) static CATEGORY_TOTAL: Shape = Shape {
    table: "category_totals",
    how: How::Accumulate,
    keys: 4,
    columns: &["book", "month", "unit", "category", "minutes", "points", "services"],
};

pub(crate) static MONTH_CHANGE: Shape =
    Shape { table: "month_changes", how: How::Accumulate, keys: 2, columns: &["book", "month", "changes"] };

/// What an entry moved into and out of the scheme's own accounts. What is but held has not moved yet.
pub fn of(book: i64, entry: &Entry) -> Vec<Row> {
    if matches!(entry.action, EntryAction::Hold | EntryAction::Release) {
        return Vec::new();
    }
    let mut sums: BTreeMap<&str, [i64; 2]> = BTreeMap::new();
    for posting in &entry.postings {
        for (path, place) in [(&posting.to.path, 0), (&posting.from.path, 1)] {
            if path.starts_with("scheme/") {
                let sum = &mut sums.entry(path).or_default()[place];
                *sum = sum.saturating_add(posting.amount);
            }
        }
    }
    let row = |(account, [received, given]): (&str, [i64; 2])| Row {
        shape: &TURNOVER,
        cells: vec![
            Cell::I64(book),
            Cell::I64(month_of(entry)),
            Cell::Text(account.to_owned()),
            Cell::I64(received),
            Cell::I64(given),
        ],
    };
    sums.into_iter().map(row).collect()
}

/// What an entry adds to its category: `sums` are minutes, points and services.
pub fn of_category(book: i64, entry: &Entry, fields: &Map<String, Value>, sums: &[Cell; 3]) -> Row {
    let code = |name| Cell::Text(text(fields, name).unwrap_or_default());
    let keys = [Cell::I64(book), Cell::I64(month_of(entry)), code("unit"), code("category")];
    Row { shape: &CATEGORY_TOTAL, cells: [keys.as_slice(), sums].concat() }
}

/// The months of which these rows change somebody's totals.
pub fn changed_months(book: i64, rows: &[Row]) -> Vec<Row> {
    let months = rows.iter().filter(|row| *row.shape == MONTH_TOTAL).filter_map(|row| match row.cells.get(1) {
        Some(Cell::I64(month)) => Some(*month),
        _ => None,
    });
    let months: BTreeSet<i64> = months.collect();
    let row = |month| Row { shape: &MONTH_CHANGE, cells: vec![Cell::I64(book), Cell::I64(month), Cell::I64(1)] };
    months.into_iter().map(row).collect()
}
