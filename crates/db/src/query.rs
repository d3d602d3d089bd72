use crate::{Db, Engine, Error, Many, Result, Tx, bulk};
use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, FromRow, Postgres, Sqlite, Type};

/// A value that both engines take.
pub trait Bind: Encode<'static, Sqlite> + Type<Sqlite> + Encode<'static, Postgres> + Type<Postgres> + Send {}
impl<T> Bind for T where T: Encode<'static, Sqlite> + Type<Sqlite> + Encode<'static, Postgres> + Type<Postgres> + Send {}

/// A row that both engines give: a tuple, or a struct that derives `sqlx::FromRow`.
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A statement and its values.
pub enum Statement {
    Sqlite { sql: String, args: SqliteArguments },
    Postgres { sql: String, args: PgArguments },
}

impl Statement {
    pub(crate) fn new(engine: Engine, sql: &'static str) -> Self {
        match engine {
            Engine::Sqlite => Statement::Sqlite { sql: sql.to_owned(), args: SqliteArguments::default() },
            Engine::Postgres => Statement::Postgres { sql: sql.to_owned(), args: PgArguments::default() },
        }
    }

    /// The next placeholder's value.
    pub fn bind<T: Bind + 'static>(mut self, value: T) -> Self {
        let bound = match &mut self {
            Statement::Sqlite { args, .. } => args.add(value),
            Statement::Postgres { args, .. } => args.add(value),
        };
        bound.expect("integers, texts, bytes, dates and ids always encode");
        self
    }

    /// The next placeholder's value, a list that stands in the statement as `many($n)`: a relation with the one
    /// column `value`. After `FROM many($n) AS m JOIN t`, each value is looked up in `t`.
    pub fn bind_many(self, list: Many) -> Self {
        match self {
            Statement::Sqlite { sql, args } => {
                let at = args.len() + 1;
                let sql = bulk::sqlite::with_many(&sql, &list, at);
                Statement::Sqlite { sql, args }.bind(list.to_json())
            }
            Statement::Postgres { sql, mut args } => {
                let at = args.len() + 1;
                let sql = sql.replace(&format!("many(${at})"), &bulk::postgres::many(&list, at));
                bulk::postgres::add_many(&mut args, list);
                Statement::Postgres { sql, args }
            }
        }
    }
}

enum Target<'t> {
    Db(&'t Db),
    Tx(&'t mut Tx),
}

/// A statement on its way to the database.
#[must_use = "a query does nothing until it is executed or fetched"]
pub struct Query<'t> {
    target: Target<'t>,
    statement: Statement,
}

/// Runs one `sqlx` call for whichever engine and target the query has.
macro_rules! run {
    ($query:expr, $how:ident, $call:ident $(, $record:ty)?) => {
        match ($query.statement, $query.target) {
            (Statement::Sqlite { sql, args }, target) => {
                let query = sqlx::$how::<Sqlite $(, $record)?, _>(AssertSqlSafe(sql), args);
                match target {
                    Target::Tx(Tx::Sqlite(tx)) => query.$call(&mut **tx).await?,
                    Target::Db(Db::Sqlite { read, .. }) => query.$call(read).await?,
                    _ => return Err(mixed()),
                }
            }
            (Statement::Postgres { sql, args }, target) => {
                let query = sqlx::$how::<Postgres $(, $record)?, _>(AssertSqlSafe(sql), args);
                match target {
                    Target::Tx(Tx::Postgres(tx)) => query.$call(&mut **tx).await?,
                    Target::Db(Db::Postgres { read, .. }) => query.$call(read).await?,
                    _ => return Err(mixed()),
                }
            }
        }
    };
}

impl<'t> Query<'t> {
    pub(crate) fn on_db(db: &'t Db, sql: &'static str) -> Self {
        Query { statement: Statement::new(db.engine(), sql), target: Target::Db(db) }
    }

    pub(crate) fn on_tx(tx: &'t mut Tx, sql: &'static str) -> Self {
        Query { statement: Statement::new(tx.engine(), sql), target: Target::Tx(tx) }
    }

    pub(crate) fn of_statement(tx: &'t mut Tx, statement: Statement) -> Self {
        Query { statement, target: Target::Tx(tx) }
    }

    pub(crate) fn for_update(mut self) -> Self {
        if let Statement::Postgres { sql, .. } = &mut self.statement {
            sql.push_str(" FOR UPDATE");
        }
        self
    }

    /// The next placeholder's value.
    pub fn bind<T: Bind + 'static>(self, value: T) -> Self {
        Query { statement: self.statement.bind(value), ..self }
    }

    /// The next placeholder's value, a list that stands in the statement as `many($n)`: a relation with the one
    /// column `value`. After `FROM many($n) AS m JOIN t`, each value is looked up in `t`.
    pub fn bind_many(self, list: Many) -> Self {
        Query { statement: self.statement.bind_many(list), ..self }
    }

    /// Runs the statement and answers how many rows it changed.
    pub async fn execute(self) -> Result<u64> {
        match (self.statement, self.target) {
            (Statement::Sqlite { sql, args }, Target::Tx(Tx::Sqlite(tx))) => {
                Ok(sqlx::query_with(AssertSqlSafe(sql), args).execute(&mut **tx).await?.rows_affected())
            }
            (Statement::Postgres { sql, args }, Target::Tx(Tx::Postgres(tx))) => {
                Ok(sqlx::query_with(AssertSqlSafe(sql), args).execute(&mut **tx).await?.rows_affected())
            }
            _ => Err(mixed()),
        }
    }

    pub async fn fetch_all<R: Record>(self) -> Result<Vec<R>> {
        Ok(run!(self, query_as_with, fetch_all, R))
    }

    /// Hands each row over as it comes: a million of them are never in memory at once.
    pub async fn fetch_each<R: Record>(self, mut each: impl FnMut(R) + Send) -> Result<()> {
        macro_rules! hand_over {
            ($engine:ty, $sql:expr, $args:expr, $tx:expr) => {{
                let query = sqlx::query_as_with::<$engine, R, _>(AssertSqlSafe($sql), $args);
                let mut rows = query.fetch(&mut **$tx);
                while let Some(row) = rows.try_next().await? {
                    each(row);
                }
                Ok(())
            }};
        }
        match (self.statement, self.target) {
            (Statement::Sqlite { sql, args }, Target::Tx(Tx::Sqlite(tx))) => hand_over!(Sqlite, sql, args, tx),
            (Statement::Postgres { sql, args }, Target::Tx(Tx::Postgres(tx))) => hand_over!(Postgres, sql, args, tx),
            _ => Err(mixed()),
        }
    }

    pub async fn fetch_optional<R: Record>(self) -> Result<Option<R>> {
        Ok(run!(self, query_as_with, fetch_optional, R))
    }

    pub async fn fetch_one<R: Record>(self) -> Result<R> {
        Ok(run!(self, query_as_with, fetch_one, R))
    }
}

/// A statement made for one engine was given to another, or what needs a transaction was tried outside one.
fn mixed() -> Error {
    Error::Sqlx(sqlx::Error::Configuration("the statement does not fit the connection it was given to".into()))
}
