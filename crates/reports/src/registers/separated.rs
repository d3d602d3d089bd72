//! A sheet out of CSV text: comma, tab or semicolon; UTF-8, UTF-16 or GB18030.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030};

use super::sheet::{Budget, Cell, Line, Sheet};
use super::{MOST_LINES, RegisterError};

/// Lines looked at to find out how values are separated; titles stand above the headers.
const SNIFFED_LINES: usize = 40;

/// A record that ends every text. If it does not come out as it went in, an open quotation mark ate it.
const END: &str = "\u{1}end";

/// Reads separated values. `score` counts the headers among some lines; the separator that shows most of
/// them is the right one. (Counting the separators themselves is fooled by titles and remarks.)
pub fn read(bytes: &[u8], score: impl Fn(&[Line]) -> usize) -> Result<Sheet, RegisterError> {
    let mut text = decode(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let head: String = text.lines().take(SNIFFED_LINES).flat_map(|line| [line, "\n"]).collect();
    let mut separator = (b',', 0);
    for candidate in *b",\t;" {
        let found = score(&lines(&head, candidate)?.0);
        if found > separator.1 {
            separator = (candidate, found);
        }
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(END);
    text.push('\n');
    let (mut lines, last) = lines(&text, separator.0)?;
    match lines.pop() {
        Some(end) if matches!(end.cells.as_slice(), [(0, Cell::Text(text))] if text == END) => {}
        // No line follows the last record here, unlike in `lines`.
        _ => {
            return Err(RegisterError::UnclosedQuote { line: last.saturating_add(1) });
        }
    }
    if lines.len() > MOST_LINES {
        return Err(RegisterError::TooManyRows);
    }
    if let Some(line) = lines.iter().find(|line| line.cells.iter().any(|(_, cell)| swallows_rows(cell))) {
        return Err(RegisterError::UnclosedQuote { line: line.number });
    }
    Ok(Sheet { name: String::new(), lines, separated: true })
}

/// Whether a value looks like one whose closing quotation mark was forgotten, so that it reaches over the
/// rows below up to the next mark.
fn swallows_rows(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if text.contains('\n') && text.contains('"'))
}

/// The lines that hold something, and the number of the last one.
fn lines(text: &str, separator: u8) -> Result<(Vec<Line>, u32), RegisterError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text.as_bytes());
    let mut budget = Budget::new();
    let mut lines = Vec::new();
    let mut record = csv::StringRecord::new();
    // Excel shows a value with line breaks in one row, so that its breaks are no rows.
    let mut breaks = 0;
    let mut number = 0;
    while reader.read_record(&mut record).map_err(|error| RegisterError::Unreadable { detail: error.to_string() })? {
        breaks += record.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count() as u64;
        // After a record the reader stands on the line that follows it.
        number = u32::try_from(reader.position().line().saturating_sub(1 + breaks)).unwrap_or(u32::MAX);
        let mut line = Line::new(number);
        for (column, value) in (0..).zip(&record) {
            if let Some(cell) = Cell::text(value) {
                budget.take_cell(&cell)?;
                line.cells.push((column, cell));
            }
        }
        if !line.cells.is_empty() {
            budget.take_bytes(size_of::<Line>())?;
            lines.push(line);
        }
    }
    Ok((lines, number))
}

/// The text of the bytes. What the encoding cannot hold becomes U+FFFD, which no column accepts.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default()).0;
    }
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => GB18030.decode_without_bom_handling(bytes).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: &[u8]) -> Result<Sheet, RegisterError> {
        read(bytes, |lines| lines.iter().map(|line| line.cells.len()).max().unwrap_or(0))
    }

    fn shown(sheet: &Sheet) -> Vec<(u32, Vec<String>)> {
        let texts = |line: &Line| line.cells.iter().map(|(_, cell)| cell.written()).collect();
        sheet.lines.iter().map(|line| (line.number, texts(line))).collect()
    }

    #[test]
    fn rows_are_numbered_as_excel_numbers_them() {
        for text in [
            "标题\n\n姓名,备注\n王芳,\"一\n二\"\n\n,,\n李明,三",
            "标题\r\n\r\n姓名,备注\r\n王芳,\"一\r\n二\"\r\n\r\n,,\r\n李明,三\r\n",
            "标题\r\r姓名,备注\r王芳,\"一\r二\"\r\r,,\r李明,三\r",
        ] {
            let sheet = read_all(text.as_bytes()).unwrap();
            let numbers: Vec<u32> = sheet.lines.iter().map(|line| line.number).collect();
            assert_eq!(numbers, [1, 3, 4, 7], "{text:?}");
        }
    }

    #[test]
    fn separators_and_encodings_are_found_out() {
        let (gb18030, _, _) = GB18030.encode("姓名\t地点\n𠮷䶮㛃\t海悦");
        let utf16: Vec<u8> = "\u{FEFF}姓名\t地点\n𠮷䶮㛃\t海悦".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in
            ["\u{FEFF}姓名,地点\n𠮷䶮㛃,海悦".as_bytes(), "姓名;地点\n𠮷䶮㛃;海悦".as_bytes(), &gb18030, &utf16]
        {
            let sheet = read_all(bytes).unwrap();
            let expected = [(1, vec!["姓名".into(), "地点".into()]), (2, vec!["𠮷䶮㛃".into(), "海悦".into()])];
            assert_eq!(shown(&sheet), expected);
        }
    }

    #[test]
    fn an_open_quotation_mark_does_not_swallow_the_rest() {
        let error = read_all("姓名,备注\n王芳,\"一\n李明,三\n".as_bytes()).err();
        assert_eq!(error, Some(RegisterError::UnclosedQuote { line: 2 }));
        let error = read_all("姓名,备注\n\n王芳,\"一\n李明,\"三\"\n赵敏,四\n".as_bytes()).err();
        assert_eq!(error, Some(RegisterError::UnclosedQuote { line: 3 }));
    }

    #[test]
    fn bytes_of_no_encoding_become_marks() {
        let sheet = read_all(b"a,b\xFF\xFF\n").unwrap();
        assert!(sheet.lines[0].cells[1].1.written().contains('\u{FFFD}'));
    }
}
