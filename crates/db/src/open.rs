use crate::{Db, Error, Result, migrations};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::str::FromStr;
use std::time::Duration;

/// How many connections to open, and how long to wait for one.
#[derive(Debug, Clone)]
pub struct Options {
    pub readers: u32,
    /// PostgreSQL connections for writes outside the ledger; SQLite has one.
    pub writers: u32,
    /// PostgreSQL connections for the committers: as many books commit at the same moment.
    pub committers: u32,
    pub acquire_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options { readers: 8, writers: 8, committers: 4, acquire_timeout: Duration::from_secs(10) }
    }
}

impl Db {
    /// Opens `sqlite://path` (created when missing) or `postgres://…`. Makes no table: see [`Db::migrate`].
    ///
    /// Errors: [`Error::Address`] for another scheme, [`Error::Sqlx`] when the server or file cannot be reached.
    pub async fn open(url: &str, options: &Options) -> Result<Db> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => open_sqlite(url, options).await,
            Some("postgres" | "postgresql") => open_postgres(url, options).await,
            _ => Err(Error::Address(format!("{} (expected sqlite://… or postgres://…)", without_password(url)))),
        }
    }

    /// Brings the tables to this version of the program.
    pub async fn migrate(&self) -> Result<()> {
        migrations::run(self).await
    }
}

async fn open_sqlite(url: &str, options: &Options) -> Result<Db> {
    let connect = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: a commit that was answered survives a power cut, not only a crash of the process.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(256)
        // What is sorted beyond this goes to a file: in memory, the year of a city took gigabytes.
        .pragma("cache_size", "-65536");
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(60))
        .connect_with(connect.clone())
        .await?;
    let read = SqlitePoolOptions::new()
        .max_connections(options.readers)
        .test_before_acquire(false)
        .acquire_timeout(options.acquire_timeout)
        .connect_with(connect.read_only(true).create_if_missing(false))
        .await?;
    Ok(Db::Sqlite { read, write })
}

async fn open_postgres(url: &str, options: &Options) -> Result<Db> {
    let connect = PgConnectOptions::from_str(url)?.application_name("aixin").options([("jit", "off")]);
    // A batch is the same few statements for ever, over index look-ups: planning them once, and never as a scan of
    // a table that was small at the time, is worth more than any plan made for the values at hand.
    let commit = connect.clone().statement_cache_capacity(512).options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_bitmapscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ]);
    let pool = |connections, timeout| {
        PgPoolOptions::new().max_connections(connections).test_before_acquire(false).acquire_timeout(timeout)
    };
    let read = pool(options.readers, options.acquire_timeout).connect_with(connect.clone()).await?;
    let write = pool(options.writers, options.acquire_timeout).connect_lazy_with(connect);
    let commit = pool(options.committers, Duration::from_secs(60)).connect_lazy_with(commit);
    Ok(Db::Postgres { write, read, commit })
}

/// `url` as it may be shown: messages and logs never hold a password.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}
