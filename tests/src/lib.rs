//! What the tests share: a fresh database on either engine, PostgreSQL, the browser.

pub mod browser;
pub mod paper;
pub mod postgres;
pub mod server;

pub use db::Engine;
use db::{Db, Options};
use std::sync::Mutex;

/// Folders of SQLite files, which live as long as the test process.
static FOLDERS: Mutex<Vec<tempfile::TempDir>> = Mutex::new(Vec::new());

/// The address of a database of this engine that is new and empty.
pub async fn fresh_url(engine: Engine) -> String {
    match engine {
        Engine::Postgres => postgres::fresh_database().await,
        Engine::Sqlite => {
            let folder = tempfile::tempdir().expect("a folder for the database");
            let url = format!("sqlite://{}/aixin.db", folder.path().display());
            FOLDERS.lock().expect("no test panics while it holds the list").push(folder);
            url
        }
    }
}

/// The time that servers under test have: for what must lie before or after it.
#[expect(clippy::disallowed_methods, reason = "a server of its own process has no other clock")]
pub fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// An amount as the interface writes it, in hundredths.
///
/// # Panics
///
/// When it is none.
pub fn hundredths(amount: &str) -> i64 {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    format!("{whole}{part:0<2}").parse().expect("an amount with two decimals at most")
}

/// A new database with all tables.
pub async fn database(engine: Engine) -> Db {
    open(&fresh_url(engine).await).await
}

pub async fn open(url: &str) -> Db {
    let db = Db::open(url, &Options::default()).await.expect("the database opens");
    db.migrate().await.expect("the tables are made");
    db
}
