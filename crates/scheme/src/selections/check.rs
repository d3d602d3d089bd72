//! That selections are what the book says they are, and what the journal makes them.

use super::Status;
use super::content::digest;
use super::difference::recomputed;
use super::draft::heading;
use super::store::{SelectionRow, rows, select_selections};
use crate::projection::{integer, kind, text};
use crate::schemes::OpenScheme;
use ledger::Entry;
use ledger::verify::Report;
use std::collections::HashMap;
use uuid::Uuid;

/// What the book has of selections: the digest of each revision, as it was published and as it was final.
#[derive(Debug, Default)]
pub(crate) struct Told(HashMap<(Uuid, Status, i64), String>);

impl Told {
    pub fn hear(&mut self, entry: &Entry) {
        let status = match entry.kind.as_str() {
            kind::SELECTION_PUBLISHED => Status::Published,
            kind::SELECTION_FINAL => Status::Final,
            _ => return,
        };
        let fields = entry.fields();
        let known = entry.document_id.zip(integer(&fields, "revision")).zip(text(&fields, "digest"));
        if let Some(((id, revision), digest)) = known {
            self.0.insert((id, status, revision), digest);
        }
    }
}

/// Compares every selection with the book, and with what the journal makes it.
pub(crate) async fn check(tx: &mut db::Tx, scheme: &OpenScheme, told: &Told, report: &mut Report) -> db::Result<()> {
    let stored: Vec<SelectionRow> =
        tx.query(select_selections!("1 = 1 ORDER BY id")).bind(scheme.book.number()).fetch_all().await?;
    for row in stored {
        let one = row.selection()?;
        let key = (one.id, one.status, one.revision);
        let is_told = matches!(one.status, Status::Published | Status::Final) && !one.effects_due;
        if is_told && told.0.get(&key) != Some(&one.digest) {
            report.find("selections", one.id, "the book has another digest of it, or none");
        }
        let kept = rows(tx, scheme, one.id, None).await?;
        if digest(&heading(scheme, &one), &kept, &one.grids) != one.digest {
            report.find("selection_rows", one.id, "the rows are not those that its digest stands for");
        } else if recomputed(tx, scheme, &one).await? != one.digest {
            report.find("selections", one.id, "worked out anew from the journal it is another");
        }
    }
    Ok(())
}
