//! Pages that a browser shows and prints.

use crate::documents::report::Report;
use crate::documents::table::{Kind, Table};
use crate::layout::DocumentError;

/// A whole page with a table in it, which needs nothing else from a server. Letters are at least 18
/// pixels high, since those who read it at the station are often over sixty; on paper they are 10 points.
///
/// # Errors
/// [`DocumentError::RowWidth`]
pub fn html(table: &Table) -> Result<String, DocumentError> {
    Ok(page(&table.title, TABLE_STYLE, &body(table)?))
}

/// A whole page with the tables of a report one below the other.
///
/// # Errors
/// [`DocumentError::RowWidth`]
pub fn tables(report: &Report) -> Result<String, DocumentError> {
    let bodies = report.tables.iter().map(body).collect::<Result<String, _>>()?;
    Ok(page(&report.title, TABLE_STYLE, &bodies))
}

fn body(table: &Table) -> Result<String, DocumentError> {
    table.check()?;
    let mut body = format!("<h1>{}</h1>\n", escaped(&table.title));
    for subtitle in &table.subtitles {
        body += &format!("<p class=\"about\">{}</p>\n", escaped(subtitle));
    }
    body += "<table>\n<thead><tr>";
    for column in &table.columns {
        body += &format!("<th scope=\"col\">{}</th>", escaped(&column.title));
    }
    body += "</tr></thead>\n<tbody>\n";
    for row in &table.rows {
        body += &table_row(table, table.shown(row));
    }
    body += "</tbody>\n";
    if let Some(total) = &table.total {
        body += &format!("<tfoot>\n{}</tfoot>\n", table_row(table, table.shown(total)));
    }
    body += "</table>\n";
    for note in &table.notes {
        body += &format!("<p class=\"note\">{}</p>\n", escaped(note));
    }
    Ok(body)
}

fn table_row(table: &Table, cells: impl Iterator<Item = String>) -> String {
    let mut row = "<tr>".to_owned();
    for (text, column) in cells.zip(&table.columns) {
        let class = match column.kind {
            Kind::Text => "",
            Kind::Number { .. } => " class=\"number\"",
            Kind::Date | Kind::Moment => " class=\"date\"",
        };
        row += &format!("<td{class}>{}</td>", escaped(&text));
    }
    row + "</tr>\n"
}

/// A page with this title, which is escaped here, and this style and body, which the caller has escaped.
pub(crate) fn page(title: &str, style: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

/// A text as it may stand between tags and in attributes.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}

const TABLE_STYLE: &str = "\
body { font: 18px/1.5 \"Noto Sans SC\", \"Source Han Sans SC\", \"Microsoft YaHei\", \"PingFang SC\", sans-serif;
  margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 28px; text-align: center; margin: 0 0 .5rem; }
.about { text-align: center; margin: 0; color: #444; }
.note { margin: .5rem 0; color: #444; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { border: 1px solid #888; padding: .4rem .6rem; text-align: left; white-space: pre-line; }
th, tfoot td { background: #f0f1f3; font-weight: 700; }
th { text-align: center; white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.date { text-align: center; white-space: nowrap; }
@media print {
  @page { size: A4; margin: 15mm; }
  body { font-size: 10pt; margin: 0; max-width: none; padding: 0; }
  h1 { font-size: 18pt; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  th { white-space: normal; }
  tr { break-inside: avoid; }
  th, tfoot td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
";
