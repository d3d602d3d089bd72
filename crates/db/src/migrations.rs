//! The tables, embedded in the program. A migration is never edited once released; it has one name and the same
//! columns on both engines.

use crate::{Db, Result, statistics};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use std::borrow::Cow;

macro_rules! migration {
    ($version:literal, $name:literal) => {
        (
            $version,
            $name,
            include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
        )
    };
}

const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    migration!(1, "0001_ledger"),
    migration!(2, "0002_scheme"),
    migration!(3, "0003_levels"),
    migration!(4, "0004_calendar"),
];

pub async fn run(db: &Db) -> Result<()> {
    match db {
        Db::Sqlite { write, .. } => {
            migrator(|(_, _, sqlite, _)| sqlite).run(write).await?;
            statistics::describe(&mut *write.acquire().await?).await?;
        }
        Db::Postgres { read, .. } => migrator(|(_, _, _, postgres)| postgres).run(read).await?,
    }
    Ok(())
}

fn migrator(text: impl Fn((i64, &'static str, &'static str, &'static str)) -> &'static str) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&migration| {
        let (version, name, ..) = migration;
        let sql = text(migration).into_sql_str();
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
    });
    Migrator { migrations: Cow::Owned(migrations.collect()), ..Migrator::DEFAULT }
}
