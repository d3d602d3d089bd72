//! Whoever changes the book by hand is refused; whoever forces it is found.

use crate::world::{World, ZIYANG, operator};
use db::{Db, Engine};
use rstest::rstest;
use scheme::Role;
use scheme::exchanges::{self, Wish};
use uuid::Uuid;

/// Runs a statement as somebody with a SQL prompt would.
pub async fn by_hand(db: &Db, sql: String) -> Result<u64, sqlx::Error> {
    let sql = sqlx::AssertSqlSafe(sql);
    match db {
        Db::Sqlite { write, .. } => Ok(sqlx::raw_sql(sql).execute(write).await?.rows_affected()),
        Db::Postgres { read, .. } => Ok(sqlx::raw_sql(sql).execute(read).await?.rows_affected()),
    }
}

/// Switches a table's guards off, as only its owner can.
async fn without_guards(db: &Db, table: &str, sql: &str) {
    let drop = match db {
        Db::Postgres { .. } => format!("DROP TRIGGER append_only ON {table}"),
        Db::Sqlite { .. } => {
            format!("DROP TRIGGER IF EXISTS {table}_no_update; DROP TRIGGER IF EXISTS {table}_no_delete")
        }
    };
    by_hand(db, drop).await.expect("the guard is dropped");
    assert!(by_hand(db, sql.to_owned()).await.expect("the statement runs") > 0, "{sql} changes something");
}

/// A book with some of everything: services, a reservation, a collected and a cancelled exchange, a reversal.
async fn lived_in(engine: Engine) -> World {
    let world = World::new(engine, ZIYANG).await;
    let (volunteer, soap) = (world.volunteer("林秀英").await, world.good(10, 20).await);
    let first = world.serve(volunteer, "environment", "2026-11-18", 120).await;
    world.serve(volunteer, "emergency", "2026-11-19", 240).await;
    for place in 0..3 {
        let wish = Wish {
            id: Uuid::now_v7(),
            volunteer_id: volunteer,
            reward_id: soap,
            quantity: 1,
            station: None,
            session_id: None,
            collect_now: place == 0,
            beneficiary: None,
            bill: None,
        };
        let kiosk = operator(Role::Kiosk);
        exchanges::exchange(&world.scheme, wish.clone(), &kiosk, world.now()).await.expect("exchanged");
        if place == 1 {
            exchanges::cancel(&world.scheme, wish.id, None, &kiosk, world.now()).await.expect("cancelled");
        }
    }
    let reviewer = operator(Role::Reviewer);
    scheme::services::reverse(&world.scheme, first, Some("重复登记"), false, &reviewer, world.now())
        .await
        .expect("reversed");
    let signer = world.scheme.signer();
    world.scheme.book.checkpoint(signer, world.now().timestamp_micros()).await.expect("a checkpoint");
    world.assert_verified().await;
    world
}

#[rstest]
#[tokio::test]
async fn the_journal_refuses_to_be_changed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = lived_in(engine).await;
    let tables = ["ledger_entries", "ledger_postings", "ledger_rejections", "ledger_nodes", "ledger_checkpoints"];
    for table in tables {
        if table == "ledger_rejections" || table == "ledger_nodes" {
            // They are empty here, and SQLite asks its guards row by row.
            let columns = if table == "ledger_nodes" { "1, 9, 9, x'00'" } else { "1, x'00', 1, '', '', ''" };
            let columns = match engine {
                Engine::Sqlite => columns.to_owned(),
                Engine::Postgres if table == "ledger_nodes" => "1, 9, 9, '\\x00'".to_owned(),
                Engine::Postgres => "1, '00000000-0000-0000-0000-000000000001', 1, '', '', ''".to_owned(),
            };
            by_hand(&world.db, format!("INSERT INTO {table} VALUES ({columns})")).await.expect("a row");
        }
        for sql in [format!("UPDATE {table} SET book = book"), format!("DELETE FROM {table}")] {
            let error = by_hand(&world.db, sql.clone()).await.expect_err(&sql).to_string();
            assert!(error.contains("append-only"), "{sql}: {error}");
        }
        if engine == Engine::Postgres {
            let error = by_hand(&world.db, format!("TRUNCATE {table}")).await.expect_err(table).to_string();
            assert!(error.contains("append-only"), "{error}");
        }
    }
    for sql in ["DELETE FROM ledger_accounts", "DELETE FROM ledger_books"] {
        let error = by_hand(&world.db, sql.to_owned()).await.expect_err(sql).to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    let floor = "UPDATE ledger_accounts SET balance = -1 WHERE floor = 0 AND held_out = 0";
    by_hand(&world.db, floor.to_owned()).await.expect_err("a balance below its floor");
}

#[rstest]
#[case("ledger_postings", "UPDATE ledger_postings SET amount = amount + 1 WHERE sequence = 2", "ledger_entries", "2")]
#[case("ledger_postings", "DELETE FROM ledger_postings WHERE sequence = 3", "ledger_entries", "3")]
#[case("ledger_entries", "UPDATE ledger_entries SET document = '{}' WHERE sequence = 2", "ledger_entries", "2")]
#[case("ledger_entries", "UPDATE ledger_entries SET kind = 'gift' WHERE sequence = 1", "ledger_entries", "1")]
#[case(
    "ledger_entries",
    "UPDATE ledger_entries SET recorded_at = recorded_at + 1 WHERE sequence = 4",
    "ledger_entries",
    "4"
)]
#[case(
    "ledger_entries",
    "DELETE FROM ledger_entries WHERE sequence = (SELECT MAX(sequence) FROM ledger_entries)",
    "ledger_entries",
    "8"
)]
#[case("ledger_entries", "DELETE FROM ledger_entries WHERE sequence = 5", "ledger_entries", "5")]
#[case(
    "ledger_accounts",
    "UPDATE ledger_accounts SET balance = balance + 5 WHERE path LIKE 'volunteer/%/points'",
    "ledger_accounts",
    "points"
)]
#[case("ledger_accounts", "UPDATE ledger_accounts SET floor = -100 WHERE path LIKE '%/points'", "ledger_entries", "")]
#[case(
    "ledger_accounts",
    "UPDATE ledger_accounts SET path = 'volunteer/x/points' WHERE path LIKE '%/points'",
    "ledger_entries",
    ""
)]
#[case("ledger_holds", "DELETE FROM ledger_holds", "ledger_holds", "7")]
#[case("ledger_books", "UPDATE ledger_books SET size = size - 1", "ledger_entries", "8")]
#[case("ledger_checkpoints", "UPDATE ledger_checkpoints SET note = 'forged'", "ledger_checkpoints", "8")]
#[case("exchanges", "UPDATE exchanges SET status = 'collected' WHERE status = 'reserved'", "exchanges", "")]
#[case("exchanges", "DELETE FROM exchanges WHERE status = 'cancelled'", "exchanges", "")]
#[case("year_totals", "UPDATE year_totals SET minutes = minutes + 60", "year_totals", "2026")]
#[case("services", "UPDATE services SET minutes = 600 WHERE status = 'confirmed'", "services", "")]
#[case("services", "UPDATE services SET title = '别的' WHERE status = 'confirmed'", "services", "")]
#[case("services", "UPDATE services SET points = 500 WHERE status = 'confirmed'", "services", "")]
#[tokio::test]
async fn a_forced_change_is_found_and_named(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] table: &str,
    #[case] sql: &str,
    #[case] found_in: &str,
    #[case] row: &str,
) {
    let world = lived_in(engine).await;
    let guarded = table.starts_with("ledger_") && !matches!(table, "ledger_holds");
    if guarded {
        without_guards(&world.db, table, sql).await;
    } else {
        assert!(by_hand(&world.db, sql.to_owned()).await.expect("the statement runs") > 0, "{sql} changes something");
    }
    let report = scheme::verify::verify(&world.scheme).await.expect("it can be verified");
    let first = report.findings.first().unwrap_or_else(|| panic!("nothing was found after {sql}"));
    assert_eq!(first.table, found_in, "{:?}", report.findings);
    assert!(first.row.contains(row), "{:?}", report.findings);
}
