//! What SQLite's planner is told of the tables.
//!
//! Every key begins with the book, and without statistics SQLite takes a first column to name ten rows: it then reads a
//! whole book by its primary key rather than look a text up in the fitting index. `ANALYZE` would say better, but
//! only once the tables are full, and then differently on every installation. So each index is described once, as of a
//! large scheme: one book with a million rows, of which each state has a part; other columns tell rows apart.

use crate::Result;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

const ROWS: &str = "1000000";
/// Rows of an index over a part of a table, and rows in the same state.
const PART: &str = "100000";
/// Rows that agree in some, but not all, columns of an index after the book.
const ALIKE: &str = "100";
/// Rows that agree in all columns of an index that is not unique.
const SAME: &str = "10";

#[derive(sqlx::FromRow)]
struct Index {
    table: String,
    name: String,
    is_unique: bool,
    is_partial: bool,
    columns: String,
}

/// Writes the description, if it is not there already.
pub async fn describe(connection: &mut SqliteConnection) -> Result<()> {
    let indices: Vec<Index> = sqlx::query_as(
        "SELECT t.name AS \"table\",
                CASE WHEN i.origin = 'pk' AND l.wr THEN t.name ELSE i.name END AS name, -- as SQLite calls a WITHOUT ROWID key
                i.\"unique\" AS is_unique, i.partial AS is_partial,
                (SELECT group_concat(c.name) FROM pragma_index_info(i.name) AS c) AS columns
         FROM sqlite_schema AS t JOIN pragma_table_list(t.name) AS l JOIN pragma_index_list(t.name) AS i
         WHERE t.type = 'table' ORDER BY t.name, i.name",
    )
    .fetch_all(&mut *connection)
    .await?;
    let wanted: Vec<_> = indices.into_iter().map(|index| (index.estimates(), index.table, index.name)).collect();
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("ANALYZE sqlite_schema").execute(&mut *tx).await?;
    let present: Vec<(String, String, String)> =
        sqlx::query_as("SELECT stat, tbl, idx FROM sqlite_stat1 ORDER BY tbl, idx").fetch_all(&mut *tx).await?;
    // Samples that somebody's `ANALYZE` took would count for more.
    let (samples,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM sqlite_stat4").fetch_one(&mut *tx).await?;
    if present == wanted && samples == 0 {
        return Ok(());
    }
    // Making the tables anew changes the schema, and so makes other connections read them again.
    for table in ["sqlite_stat1", "sqlite_stat4"] {
        sqlx::query(AssertSqlSafe(format!("DROP TABLE {table}"))).execute(&mut *tx).await?;
    }
    sqlx::query("ANALYZE sqlite_schema").execute(&mut *tx).await?;
    for (stat, table, index) in wanted {
        let insert = sqlx::query("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)");
        insert.bind(table).bind(index).bind(stat).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    sqlx::query("ANALYZE sqlite_schema").execute(connection).await?;
    Ok(())
}

impl Index {
    /// How many rows there are, and how many agree in the first column, in the first two, …
    fn estimates(&self) -> String {
        let rows = if self.is_partial { PART } else { ROWS };
        let columns: Vec<&str> = self.columns.split(',').collect();
        let agree = columns.iter().enumerate().map(|(place, column)| match (place, *column) {
            _ if place + 1 == columns.len() => {
                if self.is_unique {
                    "1"
                } else {
                    SAME
                }
            }
            (0, "book") => rows,
            (1, "status") => PART,
            _ => ALIKE,
        });
        [rows].into_iter().chain(agree).collect::<Vec<_>>().join(" ")
    }
}
