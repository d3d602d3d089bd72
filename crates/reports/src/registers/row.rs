//! Reading one row: values by field, and everything that is wrong with them.

use super::CellError;
use super::header::{Column, Field, Header};
use super::scan::narrow;
use super::sheet::{Cell, Line, Sheet};

/// Characters of a wrong value that are repeated to the person who must correct it.
const SHOWN_CHARS: usize = 60;

/// What stands first in rows that are no data, at the foot of registers.
const FOOTERS: [&str; 10] = ["合计", "总计", "小计", "共计", "填表", "制表", "审核", "填报", "注:", "说明:"];

/// Why one value cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub code: &'static str,
    pub zh: String,
    pub en: String,
}

impl Fault {
    pub fn new(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code, zh: zh.into(), en: en.into() }
    }
}

pub struct RowReader<'a> {
    header: &'a Header,
    line: &'a Line,
    separated: bool,
    errors: Vec<CellError>,
}

impl<'a> RowReader<'a> {
    pub fn new(header: &'a Header, line: &'a Line, sheet: &Sheet) -> Self {
        let mut row = Self { header, line, separated: sheet.separated, errors: Vec::new() };
        row.refuse_shifted_cells();
        row
    }

    /// Whether nothing stands under any known header. Forms come with their rows numbered beforehand.
    pub fn is_blank(&self) -> bool {
        self.errors.is_empty() && !self.header.columns.iter().any(|column| self.cell(column).is_some())
    }

    /// Whether the row is a total or a signature: it starts like one, and says nothing else as its `key`.
    pub fn is_footer(&self, key: Field) -> bool {
        let Some((column, cell)) = self.line.cells.iter().min_by_key(|(column, _)| *column) else {
            return false;
        };
        let text: String = narrow(&cell.written()).split_whitespace().collect();
        let has_key = self.column(key).is_some_and(|key| key.index != *column) && self.has(key);
        FOOTERS.iter().any(|footer| text.starts_with(footer)) && !has_key
    }

    /// The value of a field, or `None` if it is empty or wrong.
    pub fn optional<T>(&mut self, field: Field, parse: impl Fn(&Cell) -> Result<T, Fault>) -> Option<T> {
        let parsed = match self.value(field)? {
            Cell::Faulty(error) => Err(Fault::new(
                "faulty_cell",
                format!("单元格中是 Excel 错误 {error}"),
                format!("the cell holds Excel's error {error}"),
            )),
            cell => parse(cell),
        };
        parsed.map_err(|fault| self.refuse(field, fault)).ok()
    }

    /// As [`RowReader::optional`]; an empty cell is wrong.
    pub fn required<T>(&mut self, field: Field, parse: impl Fn(&Cell) -> Result<T, Fault>) -> Option<T> {
        if self.value(field).is_none() {
            self.refuse_empty(field);
        }
        self.optional(field, parse)
    }

    pub fn has(&self, field: Field) -> bool {
        self.value(field).is_some()
    }

    pub fn column(&self, field: Field) -> Option<&'a Column> {
        self.header.column(field)
    }

    /// Whether the value of the field was written once for several rows.
    pub fn is_merged(&self, field: Field) -> bool {
        self.column(field).is_some_and(|column| self.line.merged.contains(&column.index))
    }

    pub fn refuse_empty(&mut self, field: Field) {
        self.refuse(field, Fault::new("missing_value", "此项必须填写", "a value is needed here"));
    }

    pub fn refuse(&mut self, field: Field, fault: Fault) {
        let column = self.column(field).map(|column| column.written.clone()).unwrap_or_default();
        let written = self.value(field).map(Cell::written).unwrap_or_default();
        let value = match field {
            Field::IdNumber | Field::Phone => masked(&written),
            _ => written,
        };
        self.push(column, fault, &value);
    }

    /// The row, or everything that is wrong with it.
    pub fn finish<R>(self, content: Option<R>) -> Result<R, Vec<CellError>> {
        match content {
            Some(content) if self.errors.is_empty() => Ok(content),
            _ => Err(self.errors),
        }
    }

    fn push(&mut self, column: String, fault: Fault, value: &str) {
        let Fault { code, zh: message_zh, en: message_en } = fault;
        let value = value.chars().take(SHOWN_CHARS).collect();
        self.errors.push(CellError { column, code, message_zh, message_en, value });
    }

    fn value(&self, field: Field) -> Option<&'a Cell> {
        self.cell(self.column(field)?)
    }

    fn cell(&self, column: &Column) -> Option<&'a Cell> {
        self.line.cell(column.index)
    }

    /// A comma too many moves all values after it into wrong columns, which may each look right.
    fn refuse_shifted_cells(&mut self) {
        let Some((_, cell)) = self.line.cells.iter().find(|(column, _)| *column >= self.header.width) else {
            return;
        };
        if self.separated {
            let fault = Fault::new(
                "shifted_cells",
                "这一行的值比表头多，可能有未加引号的逗号，使后面的内容错列",
                "the row has more values than there are headers; a separator without quotation marks may have shifted them",
            );
            self.push(String::new(), fault, &cell.written());
        }
    }
}

/// A number that identifies a person, without the digits in its middle.
fn masked(number: &str) -> String {
    let length = number.chars().count();
    number.chars().enumerate().map(|(at, c)| if at >= 3 && at + 2 < length { '*' } else { c }).collect()
}
