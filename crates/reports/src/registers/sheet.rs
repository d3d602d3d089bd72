//! A sheet as cells, before anybody asks what they mean.

use std::str::FromStr;

use rust_decimal::Decimal;

use super::{MOST_LINES, RegisterError};

/// What one file may occupy in memory once read. Shared strings let a small workbook repeat a long text in
/// every cell, so that the size of the file alone bounds nothing.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// Characters kept of one cell: more than any column may hold, so that a longer one is still found too long.
const LONGEST_CELL_CHARS: usize = 2_000;

pub struct Sheet {
    pub name: String,
    /// Lines that hold something, in their order in the file.
    pub lines: Vec<Line>,
    /// Whether separators alone say which value belongs to which column, so that one separator too many
    /// shifts the values after it.
    pub separated: bool,
}

pub struct Line {
    /// Counted from 1, as Excel shows it.
    pub number: u32,
    /// Cells that hold something, by column from 0. Blank ones are left out, so that a far column is cheap.
    pub cells: Vec<(u32, Cell)>,
    /// Columns whose value was written once, in a cell merged over this line and others.
    pub merged: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(String),
    Number(Decimal),
    /// Days since 1899-12-30, from a cell that Excel shows as a date, a time or a length of time.
    Days(Decimal),
    /// An error of Excel's, such as `#REF!`.
    Faulty(String),
}

impl Line {
    pub fn new(number: u32) -> Self {
        Self { number, cells: Vec::new(), merged: Vec::new() }
    }

    pub fn cell(&self, column: u32) -> Option<&Cell> {
        self.cells.iter().find(|(at, _)| *at == column).map(|(_, cell)| cell)
    }
}

impl Cell {
    /// A text cell, or `None` if nothing is written there.
    pub fn text(written: &str) -> Option<Self> {
        let trimmed = written.trim_matches(is_blank);
        (!trimmed.is_empty()).then(|| Self::Text(trimmed.chars().take(LONGEST_CELL_CHARS).collect()))
    }

    /// The number that Excel's binary fraction stands for: its shortest decimal form, so that 0.1 is 0.1.
    /// What no decimal can hold stays a text, and no column takes it for a number.
    pub fn number(value: f64) -> Self {
        match decimal(value) {
            Some(number) => Self::Number(number),
            None => Self::Text(format!("{value:e}")),
        }
    }

    /// As [`Cell::number`], of days.
    pub fn days(value: f64) -> Self {
        match decimal(value) {
            Some(days) => Self::Days(days),
            None => Self::Text(format!("{value:e}")),
        }
    }

    /// The value as a person sees it, or nearly so.
    pub fn written(&self) -> String {
        match self {
            Self::Text(text) | Self::Faulty(text) => text.clone(),
            Self::Number(number) => number.normalize().to_string(),
            Self::Days(days) => super::times::shown(*days),
        }
    }
}

/// Space, and the invisible marks that copying from chats and web pages leaves at the ends of a text.
pub fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
}

fn decimal(value: f64) -> Option<Decimal> {
    Decimal::from_str(&format!("{value}")).ok()
}

/// What may still be read of one file.
pub struct Budget {
    bytes: usize,
    rows: usize,
}

impl Budget {
    pub fn new() -> Self {
        Self { bytes: MOST_BYTES, rows: MOST_LINES }
    }

    pub fn take_cell(&mut self, cell: &Cell) -> Result<(), RegisterError> {
        let text = match cell {
            Cell::Text(text) | Cell::Faulty(text) => text.len(),
            Cell::Number(_) | Cell::Days(_) => 0,
        };
        self.take_bytes(text + size_of::<(u32, Cell)>())
    }

    pub fn take_bytes(&mut self, bytes: usize) -> Result<(), RegisterError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(RegisterError::TooMuchContent)?;
        Ok(())
    }

    pub fn take_row(&mut self) -> Result<(), RegisterError> {
        self.rows = self.rows.checked_sub(1).ok_or(RegisterError::TooManyRows)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_shortest_decimal() {
        for (value, shown) in [(0.1, "0.1"), (2.5, "2.5"), (45933.0, "45933"), (19_900_000_001.0, "19900000001")] {
            assert_eq!(Cell::number(value).written(), shown);
        }
    }

    #[test]
    fn a_number_that_no_decimal_holds_is_a_text() {
        for value in [f64::NAN, f64::INFINITY, 1e300, -1e300] {
            assert!(matches!(Cell::number(value), Cell::Text(_)), "{value}");
        }
    }

    #[test]
    fn invisible_marks_at_the_ends_are_no_value() {
        assert_eq!(Cell::text("\u{3000}\u{200B} \u{FEFF}"), None);
        assert_eq!(Cell::text("\u{3000}王芳\u{200B}"), Some(Cell::Text("王芳".into())));
    }
}
