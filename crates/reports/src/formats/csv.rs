//! CSV, as the spreadsheet programs of offices read it.

use std::borrow::Cow;

use crate::documents::report::Report;
use crate::documents::table::{Cell, Column, Kind, Table};
use crate::layout::DocumentError;

/// The heading and the rows of a table, in UTF-8 with the mark of the byte order, without which Excel
/// takes Chinese for something else; lines end with CR LF.
///
/// A text that a spreadsheet would run as a formula gets an apostrophe before it. Numbers are left as
/// they are: `-1.5` stays a number.
///
/// # Errors
/// [`DocumentError::RowWidth`]
pub fn csv(table: &Table) -> Result<Vec<u8>, DocumentError> {
    table.check()?;
    let mut file = "\u{feff}".as_bytes().to_vec();
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(&mut file);
    let titles = table.columns.iter().map(|column| harmless(&column.title));
    writer.write_record(titles.map(|title| title.as_bytes().to_vec())).map_err(failed)?;
    for row in &table.rows {
        let shown = table.shown(row).zip(row).map(|(text, cell)| match cell {
            Cell::Text(_) => harmless(&text).into_owned(),
            _ => text,
        });
        writer.write_record(shown).map_err(failed)?;
    }
    writer.flush().map_err(failed)?;
    drop(writer);
    Ok(file)
}

/// The tables of a report one below the other, each after its title and before an empty line.
///
/// # Errors
/// [`DocumentError::RowWidth`]
pub fn lists(report: &Report) -> Result<Vec<u8>, DocumentError> {
    let mark = "\u{feff}".as_bytes();
    let mut file = mark.to_vec();
    for table in &report.tables {
        let title = Table { columns: vec![Column::new(table.title.clone(), Kind::Text)], ..Table::default() };
        for part in [csv(&title)?, csv(table)?] {
            file.extend_from_slice(part.strip_prefix(mark).unwrap_or(&part));
        }
        file.extend_from_slice(b"\r\n");
    }
    Ok(file)
}

fn failed(error: impl std::fmt::Display) -> DocumentError {
    DocumentError::Write { format: "CSV", detail: error.to_string() }
}

/// Formulas begin with one of these; a tab or line end before them is skipped by some programs, and some
/// take the wide forms of Chinese keyboards for the narrow ones.
fn harmless(text: &str) -> Cow<'_, str> {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            Cow::Owned(format!("'{text}"))
        }
        _ => Cow::Borrowed(text),
    }
}
