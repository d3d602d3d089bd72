//! What SQLite's planner is told of the tables.

use crate::world::{HAIYUE, World};
use db::{Db, Engine, Many};
use uuid::Uuid;

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

type Step = (i64, i64, i64, String);

fn steps(plan: Vec<Step>) -> Vec<String> {
    plan.into_iter().map(|(_, _, _, detail)| detail).collect()
}

/// A state of a city's records is no way to a few people's records: it was taken for one, and read all of them.
#[tokio::test]
async fn what_is_joined_to_a_list_is_looked_up_for_each_of_it_and_open_records_along_their_own_index() {
    let world = World::new(Engine::Sqlite, HAIYUE).await;
    let mut tx = world.scheme.db.begin_read().await.expect("a transaction");
    let of_people = tx
        .query(
            "EXPLAIN QUERY PLAN SELECT s.id FROM many($1) AS m
             JOIN services AS s ON s.book = 1 AND s.volunteer_id = m.value
             WHERE s.occurred_on >= '2026-01-01'
               AND ((s.status = 'confirmed' AND s.sequence <= 7) OR (s.status = 'reversed' AND s.sequence > 7))",
        )
        .bind_many(Many::Uuid(vec![Uuid::nil()]))
        .fetch_all()
        .await
        .map(steps)
        .expect("a plan");
    assert!(of_people[0].starts_with("SCAN json_each"), "{of_people:?}");
    assert!(of_people[1].contains("services_volunteer (book=? AND volunteer_id=?"), "{of_people:?}");
    let in_publicity = tx
        .query(
            "EXPLAIN QUERY PLAN SELECT s.id FROM services AS s
             WHERE s.book = 1 AND s.status = 'published' AND s.final_on >= '2026-01-01'
             ORDER BY s.final_on, s.id LIMIT 50",
        )
        .fetch_all()
        .await
        .map(steps)
        .expect("a plan");
    assert!(in_publicity.len() == 1 && in_publicity[0].contains("services_final"), "{in_publicity:?}");
}
