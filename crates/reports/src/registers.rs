//! Registers of volunteers and of their service, as stations keep them in Excel and CSV.
//!
//! | step | module |
//! |---|---|
//! | bytes to lines of cells, within limits | `workbook` for xlsx, `separated` for CSV |
//! | find the row of headers, name its columns | `header` |
//! | cells to dates, times, lengths and texts | `dates`, `times`, `durations`, `texts` |
//! | a line to a row, or to everything that is wrong with it | `services`, `volunteers`, `activities` |
//!
//! A register is read in full before anything is decided: a row that cannot be read keeps its errors, so
//! that a person corrects them all in one go. What cannot be read with certainty is an error, never a
//! guess, since hours are what people are honoured for.

mod activities;
mod dates;
mod durations;
mod error;
mod header;
mod row;
mod scan;
mod separated;
mod services;
mod sheet;
mod texts;
mod times;
mod units;
mod volunteers;
mod workbook;

use serde::Serialize;

pub use activities::ActivityRow;
pub use error::RegisterError;
pub use services::ServiceRow;
pub use units::UnitRow;
pub use volunteers::VolunteerRow;

use header::Form;
use row::RowReader;
use sheet::Sheet;

/// The largest file that is read: 20 MB.
pub const LARGEST_FILE_BYTES: usize = 20 * 1024 * 1024;

/// The most rows that are read from one register.
pub const MOST_ROWS: usize = 100_000;
/// As many lines of a file, with headings, titles and notes around the rows.
const MOST_LINES: usize = MOST_ROWS + 100;

/// A register as it was read, with nothing of it lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Register<R> {
    /// Every row of data, in the order of the file.
    pub rows: Vec<Row<R>>,
    /// Headers of columns that mean nothing here, as written. Their values were not read.
    pub ignored_columns: Vec<String>,
    /// Rows below the headers that were passed over, because they hold a total or a signature.
    pub skipped_lines: Vec<u32>,
}

/// One row of data.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<R> {
    /// The number of the row as Excel shows it, counted from 1.
    pub line: u32,
    /// What the row says, or everything that is wrong with it.
    pub content: Result<R, Vec<CellError>>,
}

/// What is wrong with one cell.
///
/// `code` is stable and is one of these:
///
/// | code | meaning |
/// |---|---|
/// | `missing_value` | the cell is empty, and it must not be |
/// | `faulty_cell` | the cell holds an error of Excel's, such as `#REF!` |
/// | `invalid_text` | control or unreadable characters |
/// | `too_long` | more characters than the column may hold |
/// | `invalid_date` | no date, or a day that does not exist |
/// | `invalid_time` | no time of day, or on another day than the service |
/// | `end_before_start` | the end is not after the start |
/// | `invalid_duration` | no length of time, not whole minutes, not positive, or over 24 hours |
/// | `duration_mismatch` | the times say one length and the register another |
/// | `merged_duration` | one length stands in a cell merged over several rows |
/// | `invalid_number` | no number of people |
/// | `invalid_phone` | no telephone number |
/// | `invalid_id_number` | no identity number, or its check digit is wrong |
/// | `birth_date_mismatch` | the identity number says another day of birth |
/// | `invalid_answer` | neither yes nor no |
/// | `shifted_cells` | a CSV row has more values than there are headers |
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellError {
    /// The header of the column, as written in the file.
    pub column: String,
    pub code: &'static str,
    pub message_zh: String,
    pub message_en: String,
    /// The value as written, cut to 60 characters; identity and telephone numbers are masked.
    pub value: String,
}

/// Reads a register of service. `file_name` only says which kind of file was meant.
///
/// A row names its volunteer by name, by number, or by both, and says how long the service took by a length,
/// by a start and an end, or by both. Categories are returned as written.
///
/// # Errors
/// [`RegisterError`] if the file as a whole cannot be read or lacks a column. What is wrong with single rows
/// is in the rows.
pub fn read_services(file_name: &str, bytes: &[u8]) -> Result<Register<ServiceRow>, RegisterError> {
    read(file_name, bytes, &services::FORM, services::read_row)
}

/// Reads a register of volunteers. `file_name` only says which kind of file was meant.
///
/// Only the name is required. Whether two rows are the same person is not judged here.
///
/// # Errors
/// As [`read_services`].
pub fn read_volunteers(file_name: &str, bytes: &[u8]) -> Result<Register<VolunteerRow>, RegisterError> {
    read(file_name, bytes, &volunteers::FORM, volunteers::read_row)
}

/// Reads a list of units. `file_name` only says which kind of file was meant.
///
/// Code, name and kind are required. Whether parents exist is not judged here.
///
/// # Errors
/// As [`read_services`].
pub fn read_units(file_name: &str, bytes: &[u8]) -> Result<Register<UnitRow>, RegisterError> {
    read(file_name, bytes, &units::FORM, units::read_row)
}

/// Reads a register of activities. `file_name` only says which kind of file was meant.
///
/// # Errors
/// As [`read_services`].
pub fn read_activities(file_name: &str, bytes: &[u8]) -> Result<Register<ActivityRow>, RegisterError> {
    read(file_name, bytes, &activities::FORM, activities::read_row)
}

fn read<R>(
    file_name: &str,
    bytes: &[u8],
    form: &Form,
    read_row: fn(&mut RowReader) -> Option<R>,
) -> Result<Register<R>, RegisterError> {
    if bytes.len() > LARGEST_FILE_BYTES {
        return Err(RegisterError::TooLarge { bytes: bytes.len() });
    }
    let sheet = the_sheet(file_name, bytes, form)?;
    let header = header::find(form, &sheet)?;
    let mut register =
        Register { rows: Vec::new(), ignored_columns: header.ignored.clone(), skipped_lines: Vec::new() };
    for line in sheet.lines.iter().filter(|line| line.number > header.line) {
        let mut row = RowReader::new(&header, line, &sheet);
        if row.is_blank() {
            continue;
        }
        if row.is_footer(form.key) {
            register.skipped_lines.push(line.number);
            continue;
        }
        if register.rows.len() == MOST_ROWS {
            return Err(RegisterError::TooManyRows);
        }
        let content = read_row(&mut row);
        register.rows.push(Row { line: line.number, content: row.finish(content) });
    }
    Ok(register)
}

/// The one sheet of the file that has a row of headers.
fn the_sheet(file_name: &str, bytes: &[u8], form: &Form) -> Result<Sheet, RegisterError> {
    let extension = file_name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    if bytes.is_empty() {
        return Err(RegisterError::Empty);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        let sheets = workbook::read(bytes)?;
        return the_only_register(sheets, form);
    }
    // The container of .xls, .et and of workbooks with a password.
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) || ["xls", "et"].contains(&extension.as_str()) {
        return Err(RegisterError::OldOrEncryptedWorkbook);
    }
    if ["xlsx", "xlsm"].contains(&extension.as_str()) {
        return Err(RegisterError::Unreadable { detail: "the file is not a workbook".to_owned() });
    }
    separated::read(bytes, |lines| header::score(form, lines))
}

fn the_only_register(sheets: Vec<Sheet>, form: &Form) -> Result<Sheet, RegisterError> {
    if sheets.iter().all(|sheet| sheet.lines.is_empty()) {
        return Err(RegisterError::Empty);
    }
    let mut registers: Vec<Sheet> =
        sheets.into_iter().filter(|sheet| header::score(form, &sheet.lines) >= header::FEWEST_COLUMNS).collect();
    match (registers.pop(), registers.is_empty()) {
        (None, _) => Err(RegisterError::HeaderNotFound),
        (Some(register), true) => Ok(register),
        (Some(register), false) => {
            registers.push(register);
            Err(RegisterError::SeveralSheets { sheets: registers.into_iter().map(|sheet| sheet.name).collect() })
        }
    }
}
