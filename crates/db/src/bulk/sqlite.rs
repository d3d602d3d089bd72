use super::{Action, Bulk, Column, Many, each_column};
use crate::Result;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};

/// Rows per statement. Fewer are filled up to a power of two with parameters that are left unbound, which makes them NULL:
/// so a table needs at most nine prepared statements, and a batch few round trips to SQLite's thread.
const ROWS_MAX: usize = 256;

/// The statement with the list in place of `many($at)`.
///
/// What is joined to the list is looked up for each of its values: the planner knows neither how long the list is nor how full the
/// tables are, and has read all records of a city for each of a thousand volunteers. `CROSS JOIN` is how it is told an order.
pub fn with_many(sql: &str, list: &Many, at: usize) -> String {
    let relation = match list {
        Many::I64(_) | Many::Text(_) => format!("(SELECT value FROM json_each(${at}))"),
        Many::Uuid(_) => format!("(SELECT unhex(value) AS value FROM json_each(${at}))"),
    };
    let placeholder = format!("many(${at})");
    let mut parts = sql.split(&placeholder);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |sql, rest| {
        let mut words = rest.split_whitespace();
        let is_joined = words.next() == Some("AS") && words.nth(1) == Some("JOIN");
        let rest = if is_joined { rest.replacen("JOIN", "CROSS JOIN", 1) } else { rest.to_owned() };
        sql + &relation + &rest
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_to_a_list_is_looked_up_for_each_of_its_values() {
        let with = |sql| with_many(sql, &Many::I64(vec![1]), 2);
        let list = "(SELECT value FROM json_each($2))";
        assert_eq!(
            with("SELECT 1 FROM many($2) AS m\n  JOIN t AS x ON x.id = m.value JOIN u ON u.id = x.id"),
            format!("SELECT 1 FROM {list} AS m\n  CROSS JOIN t AS x ON x.id = m.value JOIN u ON u.id = x.id")
        );
        assert_eq!(
            with("FROM t JOIN many($2) AS m ON t.id = m.value JOIN many($20) AS n"),
            format!("FROM t JOIN {list} AS m ON t.id = m.value JOIN many($20) AS n")
        );
        assert_eq!(with("IN (SELECT m.value FROM many($2) AS m)"), format!("IN (SELECT m.value FROM {list} AS m)"));
    }
}
