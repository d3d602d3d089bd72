//! One handle for SQLite and PostgreSQL.
//!
//! Callers are plain functions: they write a statement once, with `$1` placeholders, beside the code that
//! runs it, and never ask which engine runs. This crate is the only one that knows.
//!
//! It promises: a write transaction sees no other writer between its first look and its commit
//! (`BEGIN IMMEDIATE` on SQLite; row locks on PostgreSQL, which callers take with [`Tx::lock`]); a read
//! transaction sees one moment; a commit that returned is on disk.
//!
//! It refuses to know what any table means.

mod bulk;
mod error;
mod migrations;
mod open;
mod query;
mod statistics;

pub use bulk::{Bulk, Column, Many};
pub use error::Error;
pub use open::Options;
pub use query::{Bind, Query, Record, Statement};

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Which engine a [`Db`] talks to: for messages and for benchmarks, never for choosing SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub fn as_str(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        }
    }
}

/// An open database. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    /// One writer, several readers: SQLite has one write lock, and queueing for it here is cheaper and fairer
    /// than being told `SQLITE_BUSY`.
    Sqlite { read: SqlitePool, write: SqlitePool },
    /// Whoever holds a connection of one pool waits at most for those to the right: `write` for transactions that may write, which
    /// read beside themselves, too; `read` for single statements and snapshots; `commit` for the committers alone: its sessions
    /// keep one generic plan per statement. Were reading and writing one pool, as many writers as it has connections could each
    /// wait for one more.
    Postgres { write: PgPool, read: PgPool, commit: PgPool },
}

/// A transaction. Rolls back when dropped.
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Where a reading statement runs: on its own, or within a transaction.
pub enum Session<'s> {
    Db(&'s Db),
    Tx(&'s mut Tx),
}

impl Session<'_> {
    pub fn query(&mut self, sql: &'static str) -> Query<'_> {
        match self {
            Session::Db(db) => db.query(sql),
            Session::Tx(tx) => tx.query(sql),
        }
    }
}

impl Db {
    pub fn engine(&self) -> Engine {
        match self {
            Db::Sqlite { .. } => Engine::Sqlite,
            Db::Postgres { .. } => Engine::Postgres,
        }
    }

    /// A transaction that sees the database as it is at its first statement, and changes nothing.
    pub async fn begin_read(&self) -> Result<Tx> {
        Ok(match self {
            Db::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Db::Postgres { read, .. } => {
                Tx::Postgres(read.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// A transaction that may write. On SQLite it holds the write lock from here on.
    pub async fn begin_write(&self) -> Result<Tx> {
        Ok(match self {
            Db::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Db::Postgres { write, .. } => Tx::Postgres(write.begin().await?),
        })
    }

    /// As [`Db::begin_write`], for a committer: from the pool that callers cannot exhaust.
    pub async fn begin_commit(&self) -> Result<Tx> {
        match self {
            Db::Sqlite { .. } => self.begin_write().await,
            Db::Postgres { commit, .. } => Ok(Tx::Postgres(commit.begin().await?)),
        }
    }

    /// A single reading statement outside any transaction.
    pub fn query(&self, sql: &'static str) -> Query<'_> {
        Query::on_db(self, sql)
    }

    /// A statement with its values, to be run later.
    pub fn statement(&self, sql: &'static str) -> Statement {
        Statement::new(self.engine(), sql)
    }

    /// Runs `guard` and, if it changed exactly one row, all of `bulks`, durably and in one go: one round trip
    /// on PostgreSQL. Answers `false`, with nothing changed, when the guard found no row.
    pub async fn write_guarded(&self, guard: Statement, bulks: &[Bulk]) -> Result<bool> {
        match (self, guard) {
            (Db::Postgres { commit, .. }, Statement::Postgres { sql, args }) => {
                let mut connection = commit.acquire().await?;
                bulk::postgres::write_guarded(&mut connection, sql, args, bulks).await
            }
            (_, guard) => {
                let mut tx = self.begin_commit().await?;
                if tx.run(guard).execute().await? != 1 {
                    return Ok(false);
                }
                tx.write(bulks).await?;
                tx.commit().await?;
                Ok(true)
            }
        }
    }

    /// Closes every connection, after those in use are given back.
    pub async fn close(&self) {
        match self {
            Db::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Db::Postgres { write, read, commit } => {
                write.close().await;
                read.close().await;
                commit.close().await;
            }
        }
    }
}

impl Tx {
    pub fn engine(&self) -> Engine {
        match self {
            Tx::Sqlite(_) => Engine::Sqlite,
            Tx::Postgres(_) => Engine::Postgres,
        }
    }

    pub fn query(&mut self, sql: &'static str) -> Query<'_> {
        Query::on_tx(self, sql)
    }

    /// A query whose rows stay locked until the end of the transaction. `sql` is a plain `SELECT`;
    /// `FOR UPDATE` is added where the engine needs it.
    pub fn lock(&mut self, sql: &'static str) -> Query<'_> {
        Query::on_tx(self, sql).for_update()
    }

    pub fn run(&mut self, statement: Statement) -> Query<'_> {
        Query::of_statement(self, statement)
    }

    /// Writes many rows in few statements: one for all of `bulks` on PostgreSQL, where no part sees what
    /// another wrote.
    pub async fn write(&mut self, bulks: &[Bulk]) -> Result<()> {
        match self {
            Tx::Sqlite(tx) => bulk::sqlite::write(tx, bulks).await,
            Tx::Postgres(tx) => bulk::postgres::write(tx, bulks).await,
        }
    }

    pub async fn commit(self) -> Result<()> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    pub async fn rollback(self) -> Result<()> {
        match self {
            Tx::Sqlite(tx) => tx.rollback().await?,
            Tx::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}
