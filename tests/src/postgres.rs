//! Empty PostgreSQL databases, on the server that `tests/run` starts.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use uuid::Uuid;

/// Makes an empty database that no other test uses, and returns its URL.
///
/// Nobody drops it: `tests/run` deletes its whole server afterwards. A server of one's own keeps
/// databases named `aixin_test_*`.
///
/// # Panics
///
/// Without a server: a test that quietly did nothing would pass for one that had passed.
pub async fn fresh_database() -> String {
    let Ok(server) = std::env::var("AIXIN_TEST_POSTGRES") else {
        panic!("this test needs PostgreSQL: run it with `tests/run NAME`, which starts one");
    };
    let server = PgConnectOptions::from_str(&server).expect("AIXIN_TEST_POSTGRES is a URL of PostgreSQL");
    let name = format!("aixin_test_{}", Uuid::new_v4().simple());

    let mut connection = PgConnection::connect_with(&server).await.expect("connect to AIXIN_TEST_POSTGRES");
    // Unlike the default `template1`, nobody can be connected to `template0`, which would make
    // this fail.
    let create = AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"));
    connection.execute(create).await.expect("create a database in AIXIN_TEST_POSTGRES");
    connection.close().await.expect("disconnect from AIXIN_TEST_POSTGRES");

    server.database(&name).to_url_lossy().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_database_is_new_and_empty() {
        let (one, other) = tokio::join!(fresh_database(), fresh_database());
        assert_ne!(one, other);

        let mut connection = PgConnection::connect(&one).await.unwrap();
        let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(tables, 0);
    }
}
