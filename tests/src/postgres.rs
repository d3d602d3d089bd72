//! Placeholder.
use sqlx::Connection;
pub async fn fresh_database() -> String {
    let server = std::env::var("AIXIN_TEST_POSTGRES").expect("tests/run");
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    let mut c = sqlx::PgConnection::connect(&server).await.expect("server");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut c).await.expect("created");
    server.rsplit_once('/').expect("url").0.to_owned() + "/" + &name
}
