//! Finding the row of headers and what its columns mean.

use super::RegisterError;
use super::scan::narrow;
use super::sheet::{Line, Sheet};

/// A row with fewer known headers than this is a title or a remark.
pub const FEWEST_COLUMNS: usize = 2;

/// Characters kept of a header, since every error repeats it.
const LONGEST_HEADER_CHARS: usize = 60;

/// Rows in which the headers are looked for; titles and notes stand above them.
const SEARCHED_ROWS: usize = 30;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Name,
    Number,
    Title,
    Content,
    Date,
    Start,
    End,
    Duration,
    Category,
    Place,
    Unit,
    PersonInCharge,
    Remark,
    Sex,
    Phone,
    IdNumber,
    BirthDate,
    Grid,
    Teams,
    Skills,
    Consent,
    Parent,
    Capacity,
}

/// A kind of register.
pub struct Form {
    /// The headers that name each field, the clearest first: where two columns name one field, the clearer
    /// is taken, since a 编号 beside a 志愿者编号 is the number of the row.
    pub names: &'static [(Field, &'static [&'static str])],
    /// What must be there: any one of the groups, under the name that people are told.
    pub required: &'static [(&'static str, &'static [&'static [Field]])],
    /// The field that totals and signatures at the foot of a register leave empty.
    pub key: Field,
}

pub struct Header {
    /// The number of the row of headers.
    pub line: u32,
    /// Columns up to the last that has a header.
    pub width: u32,
    pub columns: Vec<Column>,
    /// Headers that mean nothing here.
    pub ignored: Vec<String>,
}

pub struct Column {
    pub field: Field,
    /// From 0.
    pub index: u32,
    pub written: String,
    /// How clear the header is; 0 is the clearest.
    rank: usize,
}

impl Header {
    pub fn column(&self, field: Field) -> Option<&Column> {
        self.columns.iter().find(|column| column.field == field)
    }
}

impl Column {
    /// Whether plain numbers below this header are minutes, as under 服务时长(分钟), and not hours.
    pub fn counts_minutes(&self) -> bool {
        self.written.contains("分钟") && !self.written.contains("小时")
    }
}

/// The most headers known to the form that stand in one row.
pub fn score(form: &Form, lines: &[Line]) -> usize {
    lines.iter().take(SEARCHED_ROWS).map(|line| known_headers(form, line)).max().unwrap_or(0)
}

/// The headers of a sheet: the first of the rows that have the most known ones.
pub fn find(form: &Form, sheet: &Sheet) -> Result<Header, RegisterError> {
    let most = score(form, &sheet.lines);
    if most < FEWEST_COLUMNS {
        let is_empty = sheet.lines.is_empty();
        return Err(if is_empty { RegisterError::Empty } else { RegisterError::HeaderNotFound });
    }
    let line = sheet.lines.iter().find(|line| known_headers(form, line) == most);
    let header = read(form, line.ok_or(RegisterError::HeaderNotFound)?)?;
    let has = |field: &Field| header.column(*field).is_some();
    let missing: Vec<_> = form
        .required
        .iter()
        .filter(|(_, groups)| !groups.iter().any(|group| group.iter().all(has)))
        .map(|(label, _)| *label)
        .collect();
    if missing.is_empty() { Ok(header) } else { Err(RegisterError::MissingColumns { columns: missing }) }
}

fn read(form: &Form, line: &Line) -> Result<Header, RegisterError> {
    let mut header = Header { line: line.number, width: 0, columns: Vec::new(), ignored: Vec::new() };
    let mut cells: Vec<(u32, String)> = line
        .cells
        .iter()
        .map(|(index, cell)| (*index, cell.written().chars().take(LONGEST_HEADER_CHARS).collect()))
        .collect();
    cells.sort_unstable();
    for (index, written) in cells {
        header.width = index.saturating_add(1);
        let Some((field, rank)) = meaning(form, &written) else {
            header.ignored.push(written);
            continue;
        };
        let column = Column { field, index, written, rank };
        match header.columns.iter_mut().find(|other| other.field == field) {
            None => header.columns.push(column),
            Some(other) if other.rank == rank => {
                let columns = vec![other.written.clone(), column.written];
                return Err(RegisterError::DuplicateColumns { columns });
            }
            Some(other) => {
                let mut vaguer = column;
                if rank < other.rank {
                    std::mem::swap(other, &mut vaguer);
                }
                header.ignored.push(vaguer.written);
            }
        }
    }
    Ok(header)
}

fn known_headers(form: &Form, line: &Line) -> usize {
    line.cells.iter().filter(|(_, cell)| meaning(form, &cell.written()).is_some()).count()
}

/// What a header means, and how clearly it says so.
fn meaning(form: &Form, written: &str) -> Option<(Field, usize)> {
    let plain = plain(written);
    form.names.iter().find_map(|(field, names)| Some((*field, names.iter().position(|name| *name == plain)?)))
}

/// A header without what only decorates it: spaces, width, marks of what must be filled in, and explanations
/// such as (小时), /小时 or (必填).
fn plain(written: &str) -> String {
    let narrowed = narrow(written);
    let named = narrowed.split(['(', '[', '【']).next().unwrap_or_default();
    let named = ["/小时", "/分钟"].iter().fold(named, |named, unit| named.trim_end_matches(unit));
    named.chars().filter(|c| !c.is_whitespace() && !matches!(c, '*' | ':' | '★' | '"')).collect()
}

#[cfg(test)]
mod tests {
    use super::super::services::FORM;
    use super::super::sheet::Cell;
    use super::*;

    fn line(number: u32, headers: &[&str]) -> Line {
        let cells = (0..).zip(headers).filter_map(|(column, text)| Some((column, Cell::text(text)?))).collect();
        Line { number, cells, merged: Vec::new() }
    }

    fn sheet(lines: Vec<Line>) -> Sheet {
        Sheet { name: String::new(), lines, separated: false }
    }

    const FULL: [&str; 5] = ["姓名", "活动名称", "服务日期", "服务时长(小时)", "服务类别"];

    #[test]
    fn headers_are_found_below_titles_and_however_they_are_written() {
        let title = line(1, &["山阳镇海悦居民区志愿服务登记表"]);
        let decorated = ["姓　名", "*活动 名称", "服务\n日期", "服务时长／分钟", "服务类别：", "车牌"];
        let header = find(&FORM, &sheet(vec![title, line(3, &decorated)])).unwrap();
        assert_eq!((header.line, header.columns.len()), (3, 5));
        assert_eq!(header.ignored, ["车牌"]);
        assert!(header.column(Field::Duration).unwrap().counts_minutes());
    }

    #[test]
    fn all_missing_columns_are_named_at_once() {
        let error = find(&FORM, &sheet(vec![line(1, &["姓名", "地点"])])).err();
        let columns = vec!["活动名称", "服务日期", "服务时长 或 开始时间和结束时间", "服务类别"];
        assert_eq!(error, Some(RegisterError::MissingColumns { columns }));
    }

    #[test]
    fn the_clearer_of_two_headers_is_taken() {
        let headers = [&["编号"][..], &FULL[..], &["志愿者编号"][..]].concat();
        let header = find(&FORM, &sheet(vec![line(1, &headers)])).unwrap();
        assert_eq!(header.column(Field::Number).unwrap().index, 6);
        assert_eq!(header.ignored, ["编号"]);
    }

    #[test]
    fn two_columns_of_the_same_meaning_are_refused() {
        let headers = [&FULL[..], &["服务时长(分钟)"][..]].concat();
        let error = find(&FORM, &sheet(vec![line(1, &headers)])).err();
        let columns = vec!["服务时长(小时)".to_owned(), "服务时长(分钟)".to_owned()];
        assert_eq!(error, Some(RegisterError::DuplicateColumns { columns }));
    }

    #[test]
    fn a_sheet_without_headers_says_so() {
        assert_eq!(find(&FORM, &sheet(vec![line(1, &["甲", "乙"])])).err(), Some(RegisterError::HeaderNotFound));
        assert_eq!(find(&FORM, &sheet(vec![])).err(), Some(RegisterError::Empty));
    }
}
