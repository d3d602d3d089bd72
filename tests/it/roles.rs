//! The manual's way of serving PostgreSQL: one role owns the tables and migrates, another serves and can drop none of the guards.

use crate::world::{World, operator};
use db::{Db, Options};
use scheme::services;
use scheme::{Role, rules::Evidence};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::str::FromStr;

const OPERATIONS: &str = include_str!("../../docs/OPERATIONS.md");

/// The statements of the manual for `role`: those that make the roles, and those that the owner runs after migrating.
fn statements() -> (String, String) {
    let block = OPERATIONS.split("```sql\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of SQL");
    let (before, after) = block.split_once("-- as aixin_owner").expect("what the owner runs");
    let after = after.split_once('\n').expect("statements").1;
    (before.to_owned(), after.to_owned())
}

#[tokio::test]
async fn a_role_that_owns_nothing_serves_and_cannot_change_the_journal() {
    let admin = tests::postgres::fresh_database().await;
    let options = PgConnectOptions::from_str(&admin).expect("a URL");
    // Roles belong to the whole server, so each run has its own.
    let database = options.get_database().expect("a database").to_owned();
    let own = |text: &str| {
        text.replace("aixin_owner", &format!("{database}_owner")).replace("aixin_app", &format!("{database}_app"))
    };
    let url = |role: &str| options.clone().username(&own(role)).to_url_lossy().to_string();
    let (roles, rights) = statements();
    let mut connection = PgConnection::connect(&admin).await.expect("connected");
    connection.execute(AssertSqlSafe(own(&roles))).await.expect("the roles are made");

    let owner = Db::open(&url("aixin_owner"), &Options::default()).await.expect("opened");
    owner.migrate().await.expect("migrated");
    let mut connection = PgConnection::connect(&url("aixin_owner")).await.expect("connected");
    connection.execute(AssertSqlSafe(own(&rights))).await.expect("the rights are given");

    let app = Db::open(&url("aixin_app"), &Options::default()).await.expect("opened");
    app.migrate().await.expect("there is nothing left to migrate");
    let world = World::on(app, crate::world::ZIYANG).await;
    let ann = world.volunteer("安").await;
    let record = world.serve(ann, "patrol", "2026-11-20", 120).await;
    world.good(10, 3).await;
    services::reverse(&world.scheme, record, Some("重复登记"), false, &operator(Role::Reviewer), world.now())
        .await
        .expect("reversed");
    world.record(ann, "patrol", "2026-11-21", 60, Evidence::Kiosk).await;
    scheme::expiry::run(&world.scheme, world.now()).await.expect("run");
    let year = scheme::calendar::Year::parse(include_str!("../../docs/calendars/2026.toml")).expect("a year");
    for _ in 0..2 {
        scheme::calendar::apply(&world.schemes, &year).await.expect("applied");
    }
    world.assert_verified().await;

    let mut connection = PgConnection::connect(&url("aixin_app")).await.expect("connected");
    for forbidden in [
        "UPDATE ledger_entries SET kind = 'x'",
        "UPDATE ledger_checkpoints SET size = 0",
        "UPDATE punches SET kind = 'out'",
        "DELETE FROM ledger_postings",
        "DELETE FROM volunteers",
        "TRUNCATE ledger_entries",
        "DROP TABLE ledger_entries",
        "ALTER TABLE ledger_entries DISABLE TRIGGER ALL",
    ] {
        assert!(connection.execute(forbidden).await.is_err(), "{forbidden}");
    }
}
