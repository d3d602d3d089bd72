//! The tables, embedded in the program. A migration is never edited once released; it has one name and the same
//! columns on both engines.

use crate::{Db, Result, statistics};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgPool, SqlSafeStr};
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
    migration!(5, "0005_organisation"),
    migration!(6, "0006_activities"),
    migration!(7, "0007_control"),
    migration!(8, "0008_other_records"),
    migration!(9, "0009_catalogue"),
    migration!(10, "0010_exchanges"),
    migration!(11, "0011_events"),
    migration!(12, "0012_rankings"),
    migration!(13, "0013_selections"),
    migration!(14, "0014_certificates"),
    migration!(15, "0015_statistics"),
    migration!(16, "0016_services_in_one_walk"),
];

pub async fn run(db: &Db) -> Result<()> {
    match db {
        Db::Sqlite { write, .. } => {
            migrator(|(_, _, sqlite, _)| sqlite).run(write).await?;
            statistics::describe(&mut *write.acquire().await?).await?;
        }
        Db::Postgres { read, .. } => {
            let migrator = migrator(|(_, _, _, postgres)| postgres);
            // Whoever serves need not be allowed to migrate, which even looking for what is left to do would take.
            if !is_done(read, &migrator).await {
                migrator.run(read).await?;
            }
        }
    }
    Ok(())
}

/// Whether the database has exactly these migrations.
async fn is_done(pool: &PgPool, migrator: &Migrator) -> bool {
    let applied: Result<Vec<(i64, Vec<u8>, bool)>, _> =
        sqlx::query_as("SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version")
            .fetch_all(pool)
            .await;
    let known = migrator.iter().map(|migration| (migration.version, migration.checksum.to_vec(), true));
    applied.is_ok_and(|applied| applied.into_iter().eq(known))
}

fn migrator(text: impl Fn((i64, &'static str, &'static str, &'static str)) -> &'static str) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&migration| {
        let (version, name, ..) = migration;
        let sql = text(migration).into_sql_str();
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
    });
    Migrator { migrations: Cow::Owned(migrations.collect()), ..Migrator::DEFAULT }
}
