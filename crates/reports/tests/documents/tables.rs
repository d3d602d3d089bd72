use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use reports::documents::table::{Cell, Chart, ChartKind, Kind, Table};
use reports::formats::{csv::csv, html::html, xlsx::xlsx};
use reports::layout::DocumentError;

use crate::rendering::{file, letters, looks_as_before, made, pages};
use crate::samples::{day, number, table};

#[test]
fn a_table_on_paper_repeats_its_heading_and_numbers_its_pages() {
    let path = file("table", &table(70));
    let text = letters(&path);
    let count = pages(&path);
    assert!(count > 1);
    assert_eq!(text.matches("序号姓名网格登记日期").count(), count);
    assert!(text.contains(&format!("第{count}页共{count}页")));
    assert!(text.contains("欧阳𠮷㛃") && text.contains("合计70人") && text.contains("负责人：陈国华"), "{text}");
    looks_as_before(&path, 1);
    looks_as_before(&path, count);
}

#[test]
fn a_narrow_table_stands_upright() {
    let mut narrow = table(12);
    narrow.columns.truncate(5);
    for row in narrow.rows.iter_mut().chain(&mut narrow.total) {
        row.truncate(5);
    }
    let path = file("table-narrow", &narrow);
    assert_eq!(pages(&path), 1);
    looks_as_before(&path, 1);
}

#[test]
fn a_text_that_is_higher_than_a_page_goes_on_on_the_next() {
    let mut long = table(2);
    long.rows[0][6] = "一二三四五六七八九十".repeat(300).into();
    let path = file("table-high-row", &long);
    assert_eq!(letters(&path).matches("一").count(), 300);
    assert!(pages(&path) > 1);
}

#[test]
fn a_workbook_holds_what_the_table_holds_cell_by_cell() {
    let sample = table(30);
    let bytes = xlsx(&sample, made()).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["数据", "图表"]);
    let sheet = book.worksheet_range("数据").unwrap();
    assert_eq!(sheet.get_value((0, 0)), Some(&Data::String(sample.title.clone())));
    for (column, named) in (0..).zip(&sample.columns) {
        assert_eq!(sheet.get_value((2, column)), Some(&Data::String(named.title.clone())));
    }
    for (row, cells) in (3..).zip(sample.rows.iter().chain(&sample.total)) {
        for (column, cell) in (0..).zip(cells) {
            let read = sheet.get_value((row, column)).unwrap_or(&Data::Empty);
            let same = match (cell, read) {
                (Cell::Blank, Data::Empty) => true,
                (Cell::Text(text), Data::String(read)) => text == read,
                (Cell::Integer(number), Data::Float(read)) => *read == *number as f64,
                (Cell::Decimal(number), Data::Float(read)) => number.to_string().parse() == Ok(*read),
                (Cell::Date(date), Data::DateTime(read)) => read.as_datetime().unwrap().date() == *date,
                _ => false,
            };
            assert!(same, "{cell:?} was read as {read:?}");
        }
    }
}

#[test]
fn a_number_with_more_digits_than_excel_keeps_is_not_shortened() {
    let mut exact = table(1);
    exact.rows[0][4] = number("12345678901234567.25").into();
    exact.rows[0][5] = Cell::Integer(i64::MAX);
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(xlsx(&exact, made()).unwrap())).unwrap();
    let sheet = book.worksheet_range("数据").unwrap();
    assert_eq!(sheet.get_value((3, 4)), Some(&Data::String("12345678901234567.25".to_owned())));
    assert_eq!(sheet.get_value((3, 5)), Some(&Data::String(i64::MAX.to_string())));
}

#[test]
fn a_workbook_of_nothing_and_one_of_charts_of_columns_that_do_not_exist_can_be_read() {
    let odd = [
        Table::default(),
        Table { rows: Vec::new(), total: None, ..table(1) },
        Table {
            charts: vec![Chart { kind: ChartKind::Pie, title: String::new(), names: 9, values: vec![4, 99] }],
            ..table(3)
        },
        Table {
            charts: vec![Chart { kind: ChartKind::Line, title: "无".to_owned(), names: 0, values: vec![7] }],
            ..table(3)
        },
    ];
    for odd in odd {
        let bytes = xlsx(&odd, made()).expect("a workbook");
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(&bytes[..])).unwrap();
        book.worksheet_range("数据").unwrap();
        assert!(bytes == xlsx(&odd, made()).unwrap(), "twice the same table is not twice the same file");
    }
}

#[test]
fn csv_is_what_excel_expects_and_runs_nothing() {
    let file = csv(&table(6)).unwrap();
    let text = std::str::from_utf8(&file).unwrap();
    let rest = text.strip_prefix("\u{feff}序号,姓名,网格,登记日期,时长（小时）,积分增减,备注\r\n");
    assert!(rest.is_some(), "{text}");
    let read: Vec<_> = ::csv::Reader::from_reader(&file[..]).into_records().map(|record| record.unwrap()).collect();
    assert_eq!(read.len(), 6, "the total is no row");
    assert_eq!(&read[1][1], "欧阳𠮷㛃");
    assert_eq!(&read[3][1], "'=HYPERLINK(\"http://x\")");
    assert_eq!(&read[4][1], "'-陈一");
    assert_eq!(&read[0][5], "-10", "a number is no formula");
    assert_eq!(&read[4][5], "");
    assert_eq!((&read[0][3], &read[0][4]), ("2026-03-01", "125.0"));
}

#[test]
fn every_beginning_of_a_formula_is_guarded_in_csv() {
    for beginning in ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"] {
        let mut evil = table(1);
        evil.rows[0][1] = format!("{beginning}1+1").into();
        evil.columns[1].title = format!("{beginning}2+2");
        let file = csv(&evil).unwrap();
        let mut reader = ::csv::Reader::from_reader(&file[..]);
        assert_eq!(reader.headers().unwrap()[1], format!("'{beginning}2+2"));
        assert_eq!(reader.records().next().unwrap().unwrap()[1], format!("'{beginning}1+1"));
    }
}

#[test]
fn a_page_for_a_browser_lets_nothing_through_unescaped() {
    let mut evil = table(6);
    evil.title = "<script>alert(1)</script>".to_owned();
    evil.notes.push("a & b < c > \"d\" 'e'".to_owned());
    let page = html(&evil).unwrap();
    assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    assert!(page.contains("&lt;b&gt;郭 &amp; 黄&lt;/b&gt;"));
    assert!(page.contains("a &amp; b &lt; c &gt; &quot;d&quot; &#39;e&#39;"));
    assert!(page.contains("font: 18px") && page.contains("@media print") && page.contains("lang=\"zh-CN\""));
    assert!(page.contains("<td class=\"number\">125.0</td>"));
}

#[test]
fn a_row_with_a_cell_too_few_is_refused_by_all_formats() {
    let mut torn = table(3);
    torn.rows[1].pop();
    let error = DocumentError::RowWidth { row: 2, cells: 6, columns: 7 };
    assert_eq!(csv(&torn).unwrap_err(), error);
    assert_eq!(html(&torn).unwrap_err(), error);
    assert_eq!(xlsx(&torn, made()).unwrap_err(), error);
    assert_eq!(reports::documents::pdf(&torn, &crate::rendering::FONTS, made()).unwrap_err(), error);
}

#[test]
fn no_digit_is_rounded_away() {
    let one = Kind::Number { places: 1 };
    assert_eq!(Cell::from(number("2")).text(one), "2.0");
    assert_eq!(Cell::from(number("2.675")).text(one), "2.675");
    assert_eq!(Cell::from(7).text(one), "7.0");
    assert_eq!(Cell::from(day("2026-01-05")).text(Kind::Date), "2026-01-05");
}
