use super::{Action, Bulk, Column, Many, each_column};
use crate::Result;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};

/// Rows per statement. Fewer are filled up to a power of two with parameters that are left unbound, which makes them NULL:
/// so a table needs at most nine prepared statements, and a batch few round trips to SQLite's thread.
const ROWS_MAX: usize = 256;

pub fn many(list: &Many, at: usize) -> String {
    match list {
        Many::I64(_) | Many::Text(_) => format!("(SELECT value FROM json_each(${at}))"),
        Many::Uuid(_) => format!("(SELECT unhex(value) AS value FROM json_each(${at}))"),
    }
}

pub async fn write(connection: &mut SqliteConnection, bulks: &[Bulk]) -> Result<()> {
    for bulk in bulks {
        for from in (0..bulk.len()).step_by(ROWS_MAX) {
            let rows = from..bulk.len().min(from + ROWS_MAX);
            let sql = AssertSqlSafe(text(bulk, rows.len().next_power_of_two()));
            let mut args = SqliteArguments::default();
            for row in rows {
                for (_, column) in &bulk.columns {
                    add_cell(&mut args, column, row);
                }
            }
            sqlx::query_with(sql, args).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

fn add_cell(args: &mut SqliteArguments, column: &Column, row: usize) {
    let added = each_column!(column, values => args.add(&values[row]));
    added.expect("integers, texts, bytes, dates and ids always encode");
}

/// The statement for so many rows. Those whose first column is NULL are none: it is part of every key.
fn text(bulk: &Bulk, rows: usize) -> String {
    let table = bulk.table;
    let names = bulk.names().collect::<Vec<_>>();
    let list = names.join(", ");
    let values = repeated(&format!("({})", repeated("?", ",", names.len())), ",", rows);
    // SQLite names the columns of VALUES column1, column2, …
    let given = format!("SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL");
    let column = |name: &&str| names.iter().position(|other| other == name).map_or(0, |index| index + 1);
    match bulk.action {
        Action::Insert => format!("INSERT INTO {table} ({list}) {given}"),
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
            format!("INSERT INTO {table} AS t ({list}) {given} ON CONFLICT ({key}) DO UPDATE SET {add}")
        }
        // Not `(…) IN (VALUES …)`, which SQLite answers by reading the whole table.
        Action::Delete => {
            let equal = names.iter().map(|name| format!("{name} = ?")).collect::<Vec<_>>().join(" AND ");
            format!("DELETE FROM {table} WHERE {}", repeated(&format!("({equal})"), " OR ", rows))
        }
    }
}

fn repeated(text: &str, between: &str, times: usize) -> String {
    let mut all = format!("{text}{between}").repeat(times);
    all.truncate(all.len() - between.len());
    all
}
