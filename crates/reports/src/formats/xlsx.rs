//! Workbooks for Excel and WPS.

use chrono::{DateTime, FixedOffset, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{
    Chart as Drawing, ChartType, Color, DocProperties, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};

use crate::documents::report::Report;
use crate::documents::table::{Cell, Chart, ChartKind, Kind, Table};
use crate::layout::DocumentError;

/// A workbook with the table on its first sheet, and its charts on the second. Numbers and dates are
/// numbers and dates; the heading stays in view, and filters are on it.
///
/// # Errors
/// [`DocumentError::RowWidth`], and [`DocumentError::Write`] for what no workbook holds: more than a
/// million rows, or 32 767 characters in a cell.
pub fn xlsx(table: &Table, made: DateTime<FixedOffset>) -> Result<Vec<u8>, DocumentError> {
    write(&table.title, &[(SHEET.to_owned(), table)], made)
}

/// A workbook with each table of a report on a sheet of its own, and the charts of all on the last.
///
/// # Errors
/// As for [`xlsx`].
pub fn workbook(report: &Report, made: DateTime<FixedOffset>) -> Result<Vec<u8>, DocumentError> {
    let tables: Vec<_> = (1..).zip(&report.tables).map(|(nth, table)| (sheet_name(nth, &table.title), table)).collect();
    write(&report.title, &tables, made)
}

/// A name that Excel takes for a sheet: short, without its signs, and no other sheet's.
fn sheet_name(nth: usize, title: &str) -> String {
    let plain = title.chars().filter(|character| !"[]:*?/\\'".contains(*character));
    format!("{nth} {}", plain.take(24).collect::<String>())
}

fn write(title: &str, tables: &[(String, &Table)], made: DateTime<FixedOffset>) -> Result<Vec<u8>, DocumentError> {
    tables.iter().try_for_each(|(_, table)| table.check())?;
    written(title, tables, made).map_err(|error| DocumentError::Write { format: "xlsx", detail: error.to_string() })
}

fn written(title: &str, tables: &[(String, &Table)], made: DateTime<FixedOffset>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let title: String = title.chars().take(200).collect();
    let properties = DocProperties::new().set_title(title).set_author("爱心账户");
    workbook.set_properties(&properties.set_creation_datetime(&made.with_timezone(&Utc)));
    let mut drawings = Vec::new();
    for (name, table) in tables {
        let places = Places::of(table);
        let sheet = workbook.add_worksheet().set_name(name)?;
        paper(sheet, table, &places)?;
        titles(sheet, table)?;
        rows(sheet, table, &places)?;
        if !table.rows.is_empty() {
            drawings.extend(table.charts.iter().filter_map(|chart| drawing(chart, name, &places)));
        }
    }
    if !drawings.is_empty() {
        let charts = workbook.add_worksheet().set_name("图表")?;
        for (row, drawing) in (0..).step_by(20).zip(&drawings) {
            charts.insert_chart(row, 0, drawing)?;
        }
    }
    workbook.save_to_buffer()
}

const SHEET: &str = "数据";
const FONT: &str = "等线";

/// Where the parts of the table stand on the sheet, counted from 0.
struct Places {
    head: u32,
    first: u32,
    after: u32,
    columns: u16,
}

impl Places {
    fn of(table: &Table) -> Self {
        let head = count(table.subtitles.len()).saturating_add(1);
        let after = head.saturating_add(1).saturating_add(count(table.rows.len()));
        let columns = u16::try_from(table.columns.len()).unwrap_or(u16::MAX);
        Self { head, first: head.saturating_add(1), after, columns }
    }

    fn last_column(&self) -> u16 {
        self.columns.saturating_sub(1)
    }
}

/// What is too many for the type is too many for a workbook, which says so itself.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn paper(sheet: &mut Worksheet, table: &Table, places: &Places) -> Result<(), XlsxError> {
    sheet.set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(places.head, places.head)?;
    sheet.set_header("").set_footer("&C第 &P 页 共 &N 页");
    let widths = table.wanted_widths();
    let wide = widths.iter().sum::<f32>() > 45.0;
    if wide {
        sheet.set_landscape();
    }
    for (column, ems) in (0..).zip(widths) {
        // Widths are counted in digits, of which two are as wide as a Chinese character; the arrow of the
        // filter takes the rest.
        #[expect(clippy::float_arithmetic, reason = "widths of columns, not amounts")]
        let digits = f64::from(ems) * 2.0 + 3.5;
        sheet.set_column_width(column, digits)?;
    }
    sheet.set_freeze_panes(places.first, 0)?;
    Ok(())
}

fn titles(sheet: &mut Worksheet, table: &Table) -> Result<(), XlsxError> {
    let places = Places::of(table);
    let base = Format::new().set_font_name(FONT).set_align(FormatAlign::Center).set_align(FormatAlign::VerticalCenter);
    let title = base.clone().set_bold().set_font_size(16);
    let subtitle = base.clone().set_font_color(Color::RGB(0x59_59_59));
    let lines = std::iter::once((&table.title, &title)).chain(table.subtitles.iter().map(|line| (line, &subtitle)));
    for (row, (line, format)) in (0..).zip(lines) {
        if places.last_column() == 0 {
            sheet.write_string_with_format(row, 0, line, format)?;
        } else {
            sheet.merge_range(row, 0, row, places.last_column(), line, format)?;
        }
    }
    sheet.set_row_height(0, 30)?;
    let head =
        base.set_bold().set_border(FormatBorder::Thin).set_background_color(Color::RGB(0xe8_eb_f0)).set_text_wrap();
    for (column, named) in (0..).zip(&table.columns) {
        sheet.write_string_with_format(places.head, column, &named.title, &head)?;
    }
    if !table.columns.is_empty() {
        let last = places.after.saturating_sub(1).max(places.head);
        sheet.autofilter(places.head, 0, last, places.last_column())?;
    }
    Ok(())
}

fn rows(sheet: &mut Worksheet, table: &Table, places: &Places) -> Result<(), XlsxError> {
    let formats: Vec<_> = table.columns.iter().map(|column| format(column.kind)).collect();
    for (row, cells) in (places.first..).zip(&table.rows) {
        for ((column, cell), format) in (0..).zip(cells).zip(&formats) {
            write_cell(sheet, (row, column), cell, format)?;
        }
    }
    let mut next = places.after;
    if let Some(total) = &table.total {
        for ((column, cell), format) in (0..).zip(total).zip(&formats) {
            let format = format.clone().set_bold().set_background_color(Color::RGB(0xf4_f5_f7));
            write_cell(sheet, (next, column), cell, &format)?;
        }
        next = next.saturating_add(1);
    }
    let note = Format::new().set_font_name(FONT).set_font_color(Color::RGB(0x59_59_59));
    for (row, text) in (next.saturating_add(1)..).zip(&table.notes) {
        sheet.write_string_with_format(row, 0, text, &note)?;
    }
    Ok(())
}

fn format(kind: Kind) -> Format {
    let format =
        Format::new().set_font_name(FONT).set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter);
    match kind {
        Kind::Text => format.set_align(FormatAlign::Left).set_text_wrap(),
        Kind::Number { places: 0 } => format.set_num_format("0").set_align(FormatAlign::Right),
        Kind::Number { places } => {
            let zeros = "0".repeat(places.min(20) as usize);
            format.set_num_format(format!("0.{zeros}")).set_align(FormatAlign::Right)
        }
        Kind::Date => format.set_num_format("yyyy-mm-dd").set_align(FormatAlign::Center),
        Kind::Moment => format.set_num_format("yyyy-mm-dd hh:mm").set_align(FormatAlign::Center),
    }
}

fn write_cell(sheet: &mut Worksheet, (row, column): (u32, u16), cell: &Cell, format: &Format) -> Result<(), XlsxError> {
    match cell {
        Cell::Blank => sheet.write_blank(row, column, format)?,
        Cell::Text(text) => sheet.write_string_with_format(row, column, text, format)?,
        Cell::Integer(number) => write_number(sheet, (row, column), Decimal::from(*number), format)?,
        Cell::Decimal(number) => write_number(sheet, (row, column), *number, format)?,
        Cell::Date(date) => match sheet.write_date_with_format(row, column, date, format) {
            Err(XlsxError::DateTimeRangeError(_)) => {
                sheet.write_string_with_format(row, column, date.to_string(), format)?
            }
            written => written?,
        },
        Cell::Moment(moment) => match sheet.write_datetime_with_format(row, column, moment, format) {
            Err(XlsxError::DateTimeRangeError(_)) => {
                sheet.write_string_with_format(row, column, cell.text(Kind::Moment), format)?
            }
            written => written?,
        },
    };
    Ok(())
}

/// Excel keeps 15 digits of a number. One that has more is written as a text, so that none is lost.
fn write_number<'s>(
    sheet: &'s mut Worksheet,
    (row, column): (u32, u16),
    number: Decimal,
    format: &Format,
) -> Result<&'s mut Worksheet, XlsxError> {
    let number = number.normalize();
    let exact = number.mantissa().unsigned_abs() < 1_000_000_000_000_000;
    match number.to_f64().filter(|_| exact) {
        Some(float) => sheet.write_number_with_format(row, column, float, format),
        None => sheet.write_string_with_format(row, column, number.to_string(), format),
    }
}

/// Nothing, if none of the columns exists that the chart is to show.
fn drawing(chart: &Chart, sheet: &str, places: &Places) -> Option<Drawing> {
    let existing = |column: usize| u16::try_from(column).ok().filter(|at| *at < places.columns);
    let shown = if chart.kind == ChartKind::Pie { 1 } else { usize::MAX };
    let values: Vec<u16> = chart.values.iter().filter_map(|column| existing(*column)).take(shown).collect();
    let names = existing(chart.names)?;
    if values.is_empty() {
        return None;
    }
    let mut drawing = Drawing::new(match chart.kind {
        ChartKind::Bars => ChartType::Column,
        ChartKind::Line => ChartType::Line,
        ChartKind::Pie => ChartType::Pie,
    });
    drawing.title().set_name(&chart.title);
    drawing.set_width(760).set_height(380);
    let last = places.after.saturating_sub(1);
    for &column in &values {
        drawing
            .add_series()
            .set_name((sheet, places.head, column))
            .set_categories((sheet, places.first, names, last, names))
            .set_values((sheet, places.first, column, last, column));
    }
    if values.len() == 1 && chart.kind != ChartKind::Pie {
        drawing.legend().set_hidden();
    }
    Some(drawing)
}
