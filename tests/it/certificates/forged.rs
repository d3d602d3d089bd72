//! What was changed by hand about certificates is found and named by their numbers.

use crate::tampering::by_hand;
use crate::world::{World, operator};
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::certificates::{self, Of, Order};
use uuid::Uuid;

#[rstest]
#[case("UPDATE certificates SET minutes = minutes + 600 WHERE serial = 2", "certificates", "ZIYANG-2026-000002")]
#[case(
    "UPDATE certificates SET paper = replace(paper, '林', '陈') WHERE serial = 2",
    "certificates",
    "ZIYANG-2026-000002"
)]
#[case("UPDATE certificates SET serial = 9 WHERE serial = 3", "certificates", "ZIYANG-2026-000003")]
#[case("DELETE FROM certificates WHERE serial = 2", "certificates", "ZIYANG-2026-000002")]
#[case("DELETE FROM certificates WHERE serial = 3", "certificates", "ZIYANG-2026-000003")]
#[case("UPDATE certificates SET as_of = as_of - 1 WHERE serial = 1", "certificates", "ZIYANG-2026-000001")]
#[case("UPDATE certificates SET as_of = as_of + 100 WHERE serial = 1", "certificates", "ZIYANG-2026-000001")]
#[case("UPDATE certificate_years SET last = 2", "certificate_years", "2026")]
#[case("DELETE FROM certificate_years", "certificate_years", "2026")]
#[case("DELETE FROM certificate_services", "certificate_services", "ZIYANG-2026-000001")]
#[tokio::test]
async fn a_forged_certificate_is_found_and_named(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] sql: &str,
    #[case] found_in: &str,
    #[case] row: &str,
) {
    let world = World::new(engine, include_str!("../../data/schemes/ziyang.toml")).await;
    let lin = world.volunteer("林秀英").await;
    world.serve(lin, "environment", "2026-11-18", 120).await;
    world.serve(lin, "environment", "2026-11-19", 120).await;
    for _ in 0..3 {
        let days = ["2026-11-01", "2026-11-19"].map(|day| day.parse().expect("a day"));
        let order = Order {
            id: Uuid::now_v7(),
            volunteer_id: lin,
            of: Of::Record { from: days[0], until: days[1], detailed: false },
            applied_on: None,
            applicant: None,
            purpose: None,
            remark: None,
            id_number: None,
            replaces: None,
        };
        let by = operator(Role::Staff);
        let issued = certificates::issue(&world.scheme, &[order], None, &|_| Ok(()), &by, world.now()).await;
        issued.expect("issued").remove(0).expect("issued");
    }
    world.assert_verified().await;
    let changed = by_hand(&world.db, sql.to_owned()).await.expect("the statement runs");
    assert!(changed > 0, "{sql}");
    let report = scheme::verify::verify(&world.scheme).await.expect("it can be verified");
    let named = report.findings.iter().any(|found| found.table == found_in && found.row.contains(row));
    assert!(named, "{sql}: {:?}", report.findings);
}
