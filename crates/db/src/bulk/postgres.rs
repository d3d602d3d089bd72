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
    // Once, instead of growing it step by step, with a copy for each.
    args.reserve(bulks.iter().map(|bulk| bulk.columns.len()).sum(), bulks.iter().map(bytes).sum());
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

/// About as many as the columns take on their way.
fn bytes(bulk: &Bulk) -> usize {
    let of_column = |(_, column): &(&str, Column)| match column {
        Column::Text(values) => values.iter().map(|text| text.len() + 4).sum(),
        Column::Bytes(values) => values.iter().map(|bytes| bytes.len() + 4).sum(),
        other => other.len() * 20,
    };
    bulk.columns.iter().map(|column| of_column(column) + 32).sum()
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
    let Rows { relation, values } = rows(bulk, taken);
    let matches = |keys: usize| {
        let equal = names[..keys].iter().zip(&values).map(|(name, value)| format!("t.{name} = {value}"));
        let also = (!condition.is_empty()).then(|| condition.to_owned());
        equal.chain(also).collect::<Vec<_>>().join(" AND ")
    };
    let where_ = if condition.is_empty() { String::new() } else { format!(" WHERE{condition}") };
    let selected = format!("SELECT {} FROM {relation}{where_}", values.join(", "));
    match bulk.action {
        Action::Insert => format!("INSERT INTO {table} ({list}) {selected}"),
        Action::Update { keys } => {
            let set = names[keys..].iter().zip(&values[keys..]).map(|(name, value)| format!("{name} = {value}"));
            let set = set.collect::<Vec<_>>().join(", ");
            format!("UPDATE {table} AS t SET {set} FROM {relation} WHERE {}", matches(keys))
        }
        Action::Accumulate { keys } => {
            let add = super::additions(&names[keys..]);
            let key = names[..keys].join(", ");
            format!("INSERT INTO {table} AS t ({list}) {selected} ON CONFLICT ({key}) DO UPDATE SET {add}")
        }
        Action::Delete => format!("DELETE FROM {table} AS t USING {relation} WHERE {}", matches(names.len())),
    }
}

/// The rows of a bulk: what to select from, and the value of each column there.
struct Rows {
    relation: String,
    values: Vec<String>,
}

/// Every array that is unnested is copied into a store of its own and read from there. An element of fixed width is found
/// in its array at once: such columns are looked up by the row's number, and only the others are unnested, or the first when
/// there is no other.
fn rows(bulk: &Bulk, taken: usize) -> Rows {
    let array = |index: usize| format!("${}::{}[]", taken + index + 1, array_of(&bulk.columns[index].1));
    let mut unnested: Vec<usize> = (0..bulk.columns.len()).filter(|index| !is_dense(&bulk.columns[*index].1)).collect();
    if unnested.is_empty() {
        unnested.push(0);
    }
    let names = unnested.iter().map(|index| bulk.columns[*index].0).collect::<Vec<_>>().join(", ");
    let arrays = unnested.iter().map(|index| array(*index)).collect::<Vec<_>>().join(", ");
    let value = |index: usize| match unnested.contains(&index) {
        true => format!("v.{}", bulk.columns[index].0),
        false => format!("({})[v.nth::INTEGER]", array(index)),
    };
    Rows {
        relation: format!("unnest({arrays}) WITH ORDINALITY AS v ({names}, nth)"),
        values: (0..bulk.columns.len()).map(value).collect(),
    }
}

/// Elements of one width and no NULL among them.
fn is_dense(column: &Column) -> bool {
    match column {
        Column::I64(_) | Column::Bool(_) | Column::Uuid(_) | Column::Date(_) => true,
        Column::OptI64(_)
        | Column::OptUuid(_)
        | Column::OptDate(_)
        | Column::Text(_)
        | Column::OptText(_)
        | Column::Bytes(_) => false,
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
