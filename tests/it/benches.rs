//! The measuring commands run: what they measure is for quiet machines, not for tests.

use db::Engine;
use rstest::rstest;

#[rstest]
#[case::lists(&["--lists", "--volunteers", "60", "--records", "300"], "overdue of a grid")]
#[case::rankings(&["--rankings", "--volunteers", "60", "--seconds", "1"], "full report of the street, pdf")]
#[case::exchange_day(&["--scenario", "exchange-day", "--clients", "8", "--rounds", "1", "--accounts", "150"], "exchange day")]
#[tokio::test]
async fn a_bench_runs(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] arguments: &'static [&'static str],
    #[case] printed: &'static str,
) {
    let url = tests::fresh_url(engine).await;
    let text = tests::server::aixin_prints(&url, &[&["bench"], arguments].concat());
    assert!(text.contains(printed), "{text}");
}
