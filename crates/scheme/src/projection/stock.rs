//! What entries do to shelves.

use super::{STOCK_ARRIVED, STOCK_MOVED, STOCK_SENT, id, integer, kind, text};
use ledger::projection::{Cell, Row};
use ledger::{Entry, EntryAction};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What an entry put on each shelf, or took off it. What is but reserved is still there.
pub fn moved(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Vec<Row> {
    if matches!(entry.action, EntryAction::Hold | EntryAction::Release) {
        return Vec::new();
    }
    let mut shelves: BTreeMap<(Uuid, &str), i64> = BTreeMap::new();
    for posting in &entry.postings {
        for (path, change) in
            [(&posting.from.path, posting.amount.saturating_neg()), (&posting.to.path, posting.amount)]
        {
            if let Some(shelf) = shelf(path) {
                let sum = shelves.entry(shelf).or_default();
                *sum = sum.saturating_add(change);
            }
        }
    }
    let unit_cost = integer(fields, "unit_cost").filter(|_| entry.kind == kind::STOCK_RECEIVED);
    let row = |((reward, station), change): ((Uuid, &str), i64)| Row {
        shape: &STOCK_MOVED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(reward),
            Cell::Text(station.to_owned()),
            Cell::I64(entry.sequence),
            Cell::I64(change),
            Cell::Text(entry.kind.clone()),
            Cell::OptUuid(entry.document_id),
            Cell::OptI64(unit_cost),
            Cell::I64(entry.recorded_at),
        ],
    };
    shelves.into_iter().map(row).collect()
}

/// `reward/{id}/stock@{station}`
fn shelf(path: &str) -> Option<(Uuid, &str)> {
    let (reward, station) = path.strip_prefix("reward/")?.split_once("/stock@")?;
    Some((reward.parse().ok()?, station))
}

pub fn sent(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Row {
    Row {
        shape: &STOCK_SENT,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.id),
            Cell::Uuid(id(fields, "reward_id").unwrap_or_default()),
            Cell::Text(text(fields, "from").unwrap_or_default()),
            Cell::Text(text(fields, "to").unwrap_or_default()),
            Cell::I64(integer(fields, "quantity").unwrap_or(0)),
            Cell::Text("sent".to_owned()),
            Cell::OptI64(None),
            Cell::I64(entry.recorded_at),
            Cell::I64(entry.sequence),
            Cell::OptI64(None),
            Cell::OptI64(None),
        ],
    }
}

pub fn arrived(book: i64, entry: &Entry, fields: &Map<String, Value>) -> Row {
    Row {
        shape: &STOCK_ARRIVED,
        cells: vec![
            Cell::I64(book),
            Cell::Uuid(entry.document_id.unwrap_or_default()),
            Cell::Text("arrived".to_owned()),
            Cell::OptI64(integer(fields, "arrived")),
            Cell::OptI64(Some(entry.recorded_at)),
            Cell::OptI64(Some(entry.sequence)),
        ],
    }
}
