//! Sheets out of an xlsx workbook.
//!
//! calamine reads well what Excel writes, but trusts it: a count in the file makes it reserve memory, and a
//! few kilobytes may unpack to gigabytes. So the archive is measured before calamine sees it, and cells are
//! taken one by one against a [`Budget`]. For the same reason .xls is refused: its reader allocates by sizes
//! written in the file, and nothing can be measured beforehand.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::panic::catch_unwind;

use calamine::{DataRef, Dimensions, Reader, SheetType, SheetVisible, Xlsx};
use zip::ZipArchive;

use super::RegisterError;
use super::sheet::{Budget, Cell, Line, Sheet};

const MOST_UNPACKED_BYTES: u64 = 128 * 1024 * 1024;
const MOST_SHARED_STRINGS: u64 = 4_000_000;
const MOST_SHEETS: usize = 50;

type Workbook<'a> = Xlsx<Cursor<&'a [u8]>>;

/// The visible sheets of a workbook, in their order.
pub fn read(bytes: &[u8]) -> Result<Vec<Sheet>, RegisterError> {
    // calamine computes cell positions without checks, and panics on some damaged files in debug builds.
    catch_unwind(|| read_sheets(bytes)).unwrap_or_else(|_| Err(unreadable("its cells cannot be read")))
}

fn read_sheets(bytes: &[u8]) -> Result<Vec<Sheet>, RegisterError> {
    measure(bytes)?;
    let mut workbook: Workbook = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    if workbook.has_1904_epoch() {
        return Err(RegisterError::DatesFrom1904);
    }
    let names: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    if names.len() > MOST_SHEETS {
        return Err(RegisterError::TooMuchContent);
    }
    let mut budget = Budget::new();
    names.into_iter().map(|name| read_sheet(&mut workbook, name, &mut budget)).collect()
}

fn read_sheet(workbook: &mut Workbook, name: String, budget: &mut Budget) -> Result<Sheet, RegisterError> {
    let mut lines = read_lines(workbook, &name, budget)?;
    let regions = workbook.merge_cells_by_sheet_name(&name).map_err(unreadable)?;
    for region in &regions {
        fill_down(&mut lines, region, budget)?;
    }
    Ok(Sheet { name, lines: lines.into_values().collect(), separated: false })
}

/// Lines by row, counted from 0.
fn read_lines(workbook: &mut Workbook, name: &str, budget: &mut Budget) -> Result<BTreeMap<u32, Line>, RegisterError> {
    let mut lines = BTreeMap::new();
    let mut cells = workbook.worksheet_cells_reader(name).map_err(unreadable)?;
    while let Some(found) = cells.next_cell().map_err(unreadable)? {
        let Some(cell) = cell(found.get_value()) else {
            continue;
        };
        budget.take_cell(&cell)?;
        let (row, column) = found.get_position();
        if !lines.contains_key(&row) {
            budget.take_row()?;
        }
        lines.entry(row).or_insert_with(|| Line::new(row.saturating_add(1))).cells.push((column, cell));
    }
    Ok(lines)
}

fn cell(value: &DataRef) -> Option<Cell> {
    match value {
        DataRef::Empty => None,
        DataRef::Int(number) => Some(Cell::Number((*number).into())),
        DataRef::Float(number) => Some(Cell::number(*number)),
        DataRef::DateTime(moment) => Some(Cell::days(moment.as_f64())),
        DataRef::Bool(truth) => Cell::text(if *truth { "TRUE" } else { "FALSE" }),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::text(text),
        DataRef::SharedString(text) => Cell::text(text),
        DataRef::Error(error) => Some(Cell::Faulty(error.to_string())),
    }
}

/// Gives the value of a cell merged over several lines to each of them, as the eye does.
fn fill_down(lines: &mut BTreeMap<u32, Line>, region: &Dimensions, budget: &mut Budget) -> Result<(), RegisterError> {
    let (top, column) = region.start;
    if region.end.0 <= top {
        return Ok(());
    }
    let Some(value) = lines.get(&top).and_then(|line| line.cell(column)).cloned() else {
        return Ok(());
    };
    for line in lines.range_mut(top..=region.end.0).map(|(_, line)| line) {
        budget.take_cell(&value)?;
        line.merged.push(column);
        if line.cell(column).is_none() {
            line.cells.push((column, value.clone()));
        }
    }
    Ok(())
}

/// Unpacks every part once, into nothing, since the sizes stated in an archive may be lies.
fn measure(bytes: &[u8]) -> Result<(), RegisterError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut left = MOST_UNPACKED_BYTES;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(unreadable)?;
        let mut head = Vec::new();
        let start = part.by_ref().take(4096).read_to_end(&mut head).map_err(unreadable)?;
        let rest = std::io::copy(&mut part.by_ref().take(left), &mut std::io::sink()).map_err(unreadable)?;
        if stated_strings(&head) > MOST_SHARED_STRINGS {
            return Err(RegisterError::TooMuchContent);
        }
        let unpacked = rest.saturating_add(start.try_into().unwrap_or(u64::MAX));
        left = left.checked_sub(unpacked).ok_or(RegisterError::TooMuchContent)?;
    }
    Ok(())
}

/// The number of strings that a part says it holds; calamine reserves memory for as many.
fn stated_strings(head: &[u8]) -> u64 {
    // In UTF-16 every other byte is zero; without them the digits stand side by side again.
    let head: String = head.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let Some((_, after)) = head.split_once("uniqueCount") else {
        return 0;
    };
    let digits: String = after.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(u64::MAX)
}

fn unreadable(error: impl ToString) -> RegisterError {
    RegisterError::Unreadable { detail: error.to_string() }
}
