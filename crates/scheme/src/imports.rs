//! Paper registers, once read: all rows or none, and the same register twice posts nothing twice.
//!
//! The id of what a row becomes follows from what the row says, so a row that was imported before is found again, from
//! whichever file it comes. Records are written in one transaction; what the register's leader signed is then confirmed,
//! record by record. Stopped in between, the same import takes up where it was.

mod activities;
mod services;
mod units;
mod volunteers;

pub use activities::{ActivityLine, activities};
pub use services::{Evidences, ServiceLine, services};
pub use units::{UnitLine, units};
pub use volunteers::{VolunteerLine, volunteers};

use crate::schemes::OpenScheme;
use crate::units::Organisation;
use std::collections::HashMap;
use uuid::Uuid;

/// Why a row cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// The row as people count in the file.
    pub line: u32,
    /// A field of the line, as the code calls it.
    pub field: String,
    pub code: String,
    pub zh: String,
    pub en: String,
}

/// What an import came to. With errors, nothing was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub rows: usize,
    /// Rows that are new.
    pub written: usize,
    /// Rows that were imported before.
    pub known: usize,
    /// Records confirmed by this import.
    pub confirmed: usize,
    /// Credited by this import.
    pub minutes: i64,
    /// Earned by this import, minor units.
    pub points: i64,
    pub errors: Vec<LineError>,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("row {line} was written, and could not be confirmed: {problem}")]
    NotConfirmed { line: u32, problem: String },
    #[error("the register was taken in, and what it gives could not be posted: {0}; import it again")]
    NotPosted(String),
}

/// The id of what a row says, in this scheme.
fn id_of(scheme: &OpenScheme, parts: &[&str]) -> Uuid {
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("aixin/{}", scheme.book.code()).as_bytes());
    // A separator that no cell can hold keeps "a", "bc" apart from "ab", "c".
    Uuid::new_v5(&namespace, parts.join("\u{1f}").as_bytes())
}

fn error(line: u32, field: &str, code: &str, zh: impl Into<String>, en: impl Into<String>) -> LineError {
    LineError { line, field: field.to_owned(), code: code.to_owned(), zh: zh.into(), en: en.into() }
}

/// The units of the organisation as registers write them: by code, or by a name that only one of them has.
struct Places<'a> {
    organisation: &'a Organisation,
    /// `None`: several units have the name.
    by_name: HashMap<&'a str, Option<&'a str>>,
}

impl<'a> Places<'a> {
    fn of(organisation: &'a Organisation) -> Places<'a> {
        let mut by_name = HashMap::new();
        for unit in organisation.tree.units() {
            by_name
                .entry(unit.name.as_str())
                .and_modify(|code| *code = None)
                .or_insert_with(|| Some(unit.code.as_str()));
        }
        Places { organisation, by_name }
    }

    /// The code of what the column `unit` of a row names.
    fn code(&self, line: u32, written: &str) -> Result<String, LineError> {
        if let Some(unit) = self.organisation.unit(written) {
            return Ok(unit.code.clone());
        }
        match self.by_name.get(written) {
            Some(Some(code)) => Ok((*code).to_owned()),
            Some(None) => {
                let zh = format!("有多个单位名为“{written}”,请填写单位代码");
                Err(error(
                    line,
                    "unit",
                    "several_units",
                    zh,
                    format!("several units are called {written:?}; give the code"),
                ))
            }
            None => {
                let (zh, en) = (format!("方案中没有单位“{written}”"), format!("the scheme has no unit {written:?}"));
                Err(error(line, "unit", "unknown_unit", zh, en))
            }
        }
    }
}
