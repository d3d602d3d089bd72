//! What SQLite's planner is told of the tables.

use crate::world::{HAIYUE, World};
use db::{Db, Engine};

async fn told(db: &Db) -> (Vec<(String, String)>, i64) {
    let mut tx = db.begin_read().await.expect("a transaction");
    let estimates = tx.query("SELECT idx, stat FROM sqlite_stat1 ORDER BY tbl, idx").fetch_all().await;
    let (samples,) = tx.query("SELECT COUNT(*) FROM sqlite_stat4").fetch_one().await.expect("samples");
    (estimates.expect("estimates"), samples)
}

/// As `sqlite3` by hand, or a tool for backups, may do it: plans would differ from what was measured.
#[tokio::test]
async fn whoever_analyzes_the_tables_is_undone_when_they_are_opened_again() {
    let world = World::new(Engine::Sqlite, HAIYUE).await;
    let db = &world.scheme.db;
    let before = told(db).await;
    assert!(before.0.iter().any(|(index, _)| index == "services_volunteer"), "{before:?}");
    assert_eq!(before.1, 0);
    let mut tx = db.begin_write().await.expect("a transaction");
    tx.query("ANALYZE").execute().await.expect("analyzed");
    tx.commit().await.expect("committed");
    let analyzed = told(db).await;
    assert_ne!(analyzed.0, before.0);
    assert_ne!(analyzed.1, 0);
    db.migrate().await.expect("migrated");
    assert_eq!(told(db).await, before);
}
