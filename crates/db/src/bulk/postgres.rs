use super::{Action, Bulk, Column, Many, each_column};
use crate::Result;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments, AssertSqlSafe, PgConnection};
use std::fmt::Write;

pub fn many(list: &Many, at: usize) -> String {
    let kind = match list {
        Many::I64(_) => "BIGINT",
        Many::Text(_) => "TEXT",
        Many::Uuid(_) => "UUID",
    };
    format!("(SELECT unnest(${at}::{kind}[]) AS value)")
}

pub fn add_many(args: &mut PgArguments, list: Many) {
    let added = match list {
        Many::I64(values) => args.add(values),
        Many::Text(values) => args.add(values),
        Many::Uuid(values) => args.add(values),
    };
    added.expect("arrays of integers, texts and ids always encode");
}

/// All of `bulks` as one statement.
pub async fn write(connection: &mut PgConnection, bulks: &[Bulk]) -> Result<()> {
    let mut args = PgArguments::default();
    let mut sql = String::from("WITH ");
    append(&mut sql, &mut args, bulks, "");
    if args.len() == 0 {
        return Ok(());
    }
    sql.push_str(" SELECT 1");
    sqlx::query_with(AssertSqlSafe(sql), args).execute(connection).await?;
    Ok(())
}

/// `guard` and all of `bulks` as one statement, in which nothing is written unless the guard changed a row.
pub async fn write_guarded(
    connection: &mut PgConnection,
    guard: String,
    mut args: PgArguments,
    bulks: &[Bulk],
) -> Result<bool> {
    let mut sql = format!("WITH guard AS ({guard} RETURNING 1)");
    if bulks.iter().any(|bulk| !bulk.is_empty()) {
        sql.push_str(", ");
    }
    append(&mut sql, &mut args, bulks, " EXISTS (SELECT 1 FROM guard)");
    sql.push_str(" SELECT count(*) FROM guard");
    let (changed,): (i64,) = sqlx::query_as_with(AssertSqlSafe(sql), args).fetch_one(connection).await?;
    Ok(changed == 1)
}

fn append(sql: &mut String, args: &mut PgArguments, bulks: &[Bulk], condition: &str) {
    let bulks = bulks.iter().filter(|bulk| !bulk.is_empty());
    for (index, bulk) in bulks.enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(sql, "{comma}w{index} AS ({})", text(bulk, args.len(), condition)).expect("a String takes all text");
        for (_, column) in &bulk.columns {
            add_column(args, column);
        }
    }
}

fn add_column(args: &mut PgArguments, column: &Column) {
    let added = each_column!(column, values => args.add(values));
    added.expect("arrays of integers, texts, bytes, dates and ids always encode");
}

/// The statement for `bulk`, whose parameters start after `taken`.
fn text(bulk: &Bulk, taken: usize, condition: &str) -> String {
    let table = bulk.table;
    let names = bulk.names().collect::<Vec<_>>();
    let list = names.join(", ");
    let arrays = (bulk.columns.iter().enumerate())
        .map(|(index, (_, column))| format!("${}::{}[]", taken + index + 1, array_of(column)))
        .collect::<Vec<_>>()
        .join(", ");
    let rows = format!("unnest({arrays}) AS v ({list})");
    let matches = |keys: usize| {
        let equal = names[..keys].iter().map(|name| format!("t.{name} = v.{name}"));
        let also = (!condition.is_empty()).then(|| condition.to_owned());
        equal.chain(also).collect::<Vec<_>>().join(" AND ")
    };
    let condition = if condition.is_empty() { String::new() } else { format!(" WHERE{condition}") };
    match bulk.action {
        Action::Insert => format!("INSERT INTO {table} ({list}) SELECT v.* FROM {rows}{condition}"),
        Action::Update { keys } => {
            let set = names[keys..].iter().map(|name| format!("{name} = v.{name}")).collect::<Vec<_>>().join(", ");
            format!("UPDATE {table} AS t SET {set} FROM {rows} WHERE {}", matches(keys))
        }
        Action::Accumulate { keys } => {
            let add = super::additions(&names[keys..]);
            let key = names[..keys].join(", ");
            format!(
                "INSERT INTO {table} AS t ({list}) SELECT v.* FROM {rows}{condition} ON CONFLICT ({key}) DO UPDATE SET {add}"
            )
        }
        Action::Delete => format!("DELETE FROM {table} AS t USING {rows} WHERE {}", matches(names.len())),
    }
}

fn array_of(column: &Column) -> &'static str {
    match column {
        Column::I64(_) | Column::OptI64(_) => "BIGINT",
        Column::Bool(_) => "BOOLEAN",
        Column::Text(_) | Column::OptText(_) => "TEXT",
        Column::Bytes(_) => "BYTEA",
        Column::Uuid(_) | Column::OptUuid(_) => "UUID",
        Column::Date(_) | Column::OptDate(_) => "DATE",
    }
}
