//! Databases that are made for a measurement, and gone afterwards.

use anyhow::{Context, bail};
use db::{Db, Engine, Options};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::path::Path;
use std::str::FromStr;
use tempfile::TempDir;
use uuid::Uuid;

/// A throw-away database. [`Scratch::remove`] it.
pub struct Scratch {
    pub db: Db,
    url: String,
    place: Place,
}

enum Place {
    /// Removed when dropped.
    Folder {
        _folder: TempDir,
    },
    Server {
        url: Box<PgConnectOptions>,
        name: String,
    },
}

impl Scratch {
    /// A new database on the server of `url`, or in the folder of its file: a temporary folder may be in memory, which
    /// makes every commit look cheap.
    pub async fn make(url: &str, readers: u32) -> anyhow::Result<Scratch> {
        let (url, place) = match url.strip_prefix("sqlite://") {
            Some(file) => {
                let parent = Path::new(file).parent().filter(|parent| !parent.as_os_str().is_empty());
                let folder = tempfile::Builder::new()
                    .prefix("aixin-bench-")
                    .tempdir_in(parent.unwrap_or(Path::new(".")))
                    .context("cannot make a folder for the database")?;
                (format!("sqlite://{}/bench.db", folder.path().display()), Place::Folder { _folder: folder })
            }
            None if url.starts_with("postgres") => on_server(url).await?,
            None => bail!("the database address is not understood: expected sqlite://… or postgres://…"),
        };
        let db =
            Db::open(&url, &Options { readers, ..Options::default() }).await.context("cannot open the database")?;
        db.migrate().await?;
        Ok(Scratch { db, url, place })
    }

    /// As another process would open it, after [`Scratch::db`] was closed.
    pub async fn reopened(&self) -> anyhow::Result<Db> {
        let db = Db::open(&self.url, &Options::default()).await.context("cannot open the database again")?;
        db.migrate().await?;
        Ok(db)
    }

    pub async fn remove(self) -> anyhow::Result<()> {
        self.db.close().await;
        if let Place::Server { url, name } = &self.place {
            let mut connection = PgConnection::connect_with(url.as_ref()).await?;
            connection.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await?;
        }
        Ok(())
    }
}

/// What PostgreSQL's autovacuum does within minutes. SQLite is told of its tables when they are made.
pub async fn analyze(db: &Db) -> db::Result<()> {
    if db.engine() == Engine::Sqlite {
        return Ok(());
    }
    let mut tx = db.begin_write().await?;
    tx.query("ANALYZE").execute().await?;
    tx.commit().await
}

async fn on_server(url: &str) -> anyhow::Result<(String, Place)> {
    let url = PgConnectOptions::from_str(url).context("the database address is not understood")?;
    let name = format!("aixin_bench_{}", Uuid::new_v4().simple());
    let mut connection = PgConnection::connect_with(&url).await.context("cannot reach the server")?;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"))).await?;
    let of_database = url.clone().database(&name).to_url_lossy().to_string();
    Ok((of_database, Place::Server { url: Box::new(url), name }))
}
