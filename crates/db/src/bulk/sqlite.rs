use super::{Action, Bulk, Column, Many, each_column};
use crate::Result;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};
use std::ops::Range;

/// Rows per statement: a batch is cut into these, largest first, so that a table needs at most this many prepared
/// statements.
const SIZES: [usize; 6] = [256, 64, 16, 4, 2, 1];

/// SQLite's own limit is 32 766 parameters in a statement.
const PARAMETERS_MAX: usize = 32_000;

pub fn many(list: &Many, at: usize) -> String {
    match list {
        Many::I64(_) | Many::Text(_) => format!("(SELECT value FROM json_each(${at}))"),
        Many::Uuid(_) => format!("(SELECT unhex(value) AS value FROM json_each(${at}))"),
    }
}

pub async fn write(connection: &mut SqliteConnection, bulks: &[Bulk]) -> Result<()> {
    for bulk in bulks {
        for rows in slices(bulk.len(), bulk.columns.len()) {
            let mut args = SqliteArguments::default();
            for row in rows.clone() {
                for (_, column) in &bulk.columns {
                    add_cell(&mut args, column, row);
                }
            }
            let sql = AssertSqlSafe(text(bulk, rows.len()));
            sqlx::query_with(sql, args).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

fn slices(len: usize, width: usize) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let fits = |size: &&usize| **size <= len - from && **size * width <= PARAMETERS_MAX;
        let size = *SIZES.iter().find(fits)?;
        from += size;
        Some(from - size..from)
    })
}

fn add_cell(args: &mut SqliteArguments, column: &Column, row: usize) {
    let added = each_column!(column, values => args.add(&values[row]));
    added.expect("integers, texts, bytes, dates and ids always encode");
}

fn text(bulk: &Bulk, rows: usize) -> String {
    let table = bulk.table;
    let names = bulk.names().collect::<Vec<_>>();
    let list = names.join(", ");
    let row = format!("({})", vec!["?"; names.len()].join(","));
    let values = vec![row; rows].join(",");
    // SQLite names the columns of VALUES column1, column2, …
    let column = |name: &&str| names.iter().position(|other| other == name).map_or(0, |index| index + 1);
    match bulk.action {
        Action::Insert => format!("INSERT INTO {table} ({list}) VALUES {values}"),
        Action::Update { keys } => {
            let equals = |name: &&str| format!("{name} = v.column{}", column(name));
            let set = names[keys..].iter().map(equals).collect::<Vec<_>>().join(", ");
            let matches =
                names[..keys].iter().map(|name| format!("t.{}", equals(name))).collect::<Vec<_>>().join(" AND ");
            format!("UPDATE {table} AS t SET {set} FROM (VALUES {values}) AS v WHERE {matches}")
        }
        Action::Accumulate { keys } => {
            let add = super::additions(&names[keys..]);
            let key = names[..keys].join(", ");
            format!("INSERT INTO {table} AS t ({list}) VALUES {values} ON CONFLICT ({key}) DO UPDATE SET {add}")
        }
        // Not `(…) IN (VALUES …)`, which SQLite answers by reading the whole table.
        Action::Delete => {
            let equal = names.iter().map(|name| format!("{name} = ?")).collect::<Vec<_>>().join(" AND ");
            format!("DELETE FROM {table} WHERE {}", vec![format!("({equal})"); rows].join(" OR "))
        }
    }
}
