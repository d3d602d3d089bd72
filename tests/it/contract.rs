//! Bad input: a clear error by the contract, never a 500, nothing half-done.

use crate::station::{ROLES, Station};
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn what_cannot_be_taken_is_refused_by_code(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("林秀英").await;
    let good = json!({ "kind": "good", "name": "肥皂", "price_points": "2" });
    for price in ["1e400", "NaN", "-1", "1234567890123456789", "1.23", "", " 1", "１", "0x1", "1,5", "+1", "1."] {
        let mut body = good.clone();
        body["price_points"] = json!(price);
        let answer = station.put("scheme_admin", &format!("/rewards/{}", Uuid::now_v7()), body).await;
        let pointer = answer.body["errors"][0]["pointer"].clone();
        assert!(answer.problem(422).starts_with("invalid_"), "{price}");
        assert_eq!(pointer, "/price_points", "{price}");
    }
    for (field, value) in [
        ("occurred_on", json!("2012-11-31")),
        ("occurred_on", json!("2999-01-01")),
        ("occurred_on", json!("20261001")),
        ("minutes", json!(0)),
        ("minutes", json!(-5)),
        ("minutes", json!(100_000)),
        ("minutes", json!(1.5)),
        ("minutes", json!(9_223_372_036_854_775_807_i64)),
        ("category", json!("打牌")),
        ("title", json!("")),
        ("title", json!("字".repeat(201))),
        ("title", json!("a\u{0}b")),
        ("evidence", json!("rumour")),
        ("evidence", json!("back_filled")),
        ("volunteer_id", json!("nobody")),
        ("started_at", json!("2026-10-12T08:00:00+08:00")),
    ] {
        let mut body = station.service(volunteer, "environment", "2026-10-12", 60);
        body[field] = value.clone();
        let answer = station.put("staff", &format!("/services/{}", Uuid::now_v7()), body).await;
        assert!(answer.body["errors"][0]["pointer"].is_string(), "{field} {value}: {}", answer.text);
        assert!(answer.problem(422).starts_with("invalid_"), "{field} {value}");
    }
    let mut unknown = station.service(volunteer, "environment", "2026-10-12", 60);
    unknown["colour"] = json!("red");
    let answer = station.put("staff", &format!("/services/{}", Uuid::now_v7()), unknown).await;
    assert!((400..=422).contains(&answer.status), "{}", answer.text);
    let services = station.get("reviewer", "/services").await.expect(200);
    assert_eq!(services["services"], json!([]), "nothing was recorded");
}

#[tokio::test]
async fn what_is_not_even_a_request_is_refused_by_status() {
    let station = Station::open(Engine::Sqlite, "ziyang").await;
    let volunteer = station.volunteer("林秀英").await;
    let (staff, path) = (station.key("staff"), station.path(&format!("/volunteers/{}", Uuid::now_v7())));
    let json_text = "application/json";
    let malformed = station.server.send_text("PUT", &path, staff, json_text, "{\"name\":".to_owned()).await;
    assert_eq!(malformed.problem(400), "malformed_request");
    let plain = station.server.send_text("PUT", &path, staff, "text/plain", "{}".to_owned()).await;
    plain.problem(415);
    let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(20 << 20));
    // A server may close the connection on a body that it does not read.
    if let Ok(answer) = station.server.try_send("PUT", &path, staff, Some(&Value::String(huge))).await {
        answer.problem(413);
    }
    let body = json!({ "name": "x", "consent": { "record": true, "publish": false } });
    assert_eq!(station.server.send("PUT", &path, "", body.clone()).await.problem(401), "unauthenticated");
    assert_eq!(station.server.send("PUT", &path, "aixin_nonsense", body.clone()).await.problem(401), "unauthenticated");
    let nowhere = format!("/api/v1/schemes/nowhere/volunteers/{volunteer}");
    let nowhere = station.server.send("PUT", &nowhere, staff, body).await;
    assert!([403, 404].contains(&nowhere.status), "{}", nowhere.text);
    for path in
        ["/volunteers/not-a-uuid", "/exchanges/not-a-uuid", "/entries/x/proof", "/entries/0/proof", "/entries/99/proof"]
    {
        let answer = station.get("auditor", path).await;
        assert!([400, 404, 422].contains(&answer.status), "{path}: {}", answer.text);
        assert_eq!(answer.content_type, "application/problem+json", "{path}");
    }
    for (path, code) in [
        (format!("/volunteers/{}", Uuid::now_v7()), "volunteer_not_found"),
        (format!("/volunteers/{}/balance", Uuid::now_v7()), "volunteer_not_found"),
        (format!("/exchanges/{}", Uuid::now_v7()), "exchange_not_found"),
        (format!("/services/{}", Uuid::now_v7()), "service_not_found"),
        (format!("/rewards/{}", Uuid::now_v7()), "reward_not_found"),
    ] {
        assert_eq!(station.get("auditor", &path).await.problem(404), code);
    }
    for query in ["limit=0", "limit=-1", "limit=100000", "limit=x", "cursor=forged"] {
        let answer = station.get("auditor", &format!("/volunteers?{query}")).await;
        assert!([200, 400, 422].contains(&answer.status), "{query}: {}", answer.text);
    }
}

/// What each role may do, route by route. A role that is left out is refused.
#[tokio::test]
async fn each_role_may_do_what_the_contract_says_and_no_more() {
    let station = Station::open(Engine::Sqlite, "ziyang").await;
    let id = Uuid::now_v7();
    let routes: Vec<(&str, String, &[&str])> = vec![
        ("PUT", "/units/x".to_owned(), &["scheme_admin"]),
        ("POST", "/units/batch".to_owned(), &["scheme_admin"]),
        ("POST", "/units/x/move".to_owned(), &["scheme_admin"]),
        ("POST", "/units/x/merge".to_owned(), &["scheme_admin"]),
        ("GET", "/units/x".to_owned(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/units".to_owned(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/units/x/participation?year=2026".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/units/x/members".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", "/stations/x".to_owned(), &["scheme_admin"]),
        ("GET", "/stations/x".to_owned(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/stations".to_owned(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", "/teams/x".to_owned(), &["staff", "scheme_admin"]),
        ("GET", "/teams/x".to_owned(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/teams".to_owned(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/teams/x/members".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", "/teams/x/role".to_owned(), &["staff", "scheme_admin"]),
        ("PUT", "/posts/x".to_owned(), &["staff", "scheme_admin"]),
        ("GET", "/posts/x".to_owned(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/posts".to_owned(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/posts/x/matches".to_owned(), &["staff", "scheme_admin"]),
        ("POST", "/matches".to_owned(), &["staff", "scheme_admin"]),
        ("GET", "/posts/x/assignments".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/posts/x/assignments/{id}"), &["staff", "scheme_admin"]),
        ("GET", "/volunteers/duplicates".to_owned(), &["staff", "scheme_admin"]),
        ("GET", format!("/volunteers/{id}/memberships"), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", format!("/volunteers/{id}/merge"), &["scheme_admin"]),
        ("POST", format!("/volunteers/{id}/leave"), &["staff", "scheme_admin"]),
        ("POST", format!("/volunteers/{id}/return"), &["staff", "scheme_admin"]),
        ("PUT", format!("/volunteers/{id}"), &["staff", "scheme_admin"]),
        ("GET", format!("/volunteers/{id}"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("GET", format!("/volunteers/{id}/balance"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("GET", format!("/volunteers/{id}/statement"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/services/{id}"), &["staff", "leader", "scheme_admin"]),
        ("POST", "/services/batch".to_owned(), &["staff", "leader", "scheme_admin"]),
        ("POST", format!("/services/{id}/confirm"), &["reviewer", "leader"]),
        ("POST", format!("/services/{id}/reject"), &["reviewer", "leader"]),
        ("POST", format!("/services/{id}/reverse"), &["reviewer"]),
        ("GET", format!("/services/{id}"), &["staff", "scheme_admin", "leader", "reviewer", "auditor"]),
        ("GET", "/services".to_owned(), &["staff", "scheme_admin", "leader", "reviewer", "auditor"]),
        ("GET", "/deadlines".to_owned(), &["staff", "scheme_admin", "reviewer", "auditor"]),
        ("GET", "/publicity".to_owned(), &["kiosk", "staff", "scheme_admin", "leader", "reviewer", "auditor"]),
        ("PUT", format!("/services/{id}/objections/{id}"), &["kiosk", "staff", "scheme_admin", "leader", "reviewer"]),
        ("POST", format!("/services/{id}/objections/{id}/answer"), &["scheme_admin", "reviewer"]),
        ("GET", "/objections".to_owned(), &["staff", "scheme_admin", "reviewer", "auditor"]),
        ("PUT", format!("/corrections/{id}"), &["kiosk", "staff", "scheme_admin", "leader", "reviewer"]),
        ("GET", format!("/corrections/{id}"), &["kiosk", "staff", "scheme_admin", "leader", "reviewer", "auditor"]),
        ("GET", "/corrections".to_owned(), &["staff", "scheme_admin", "reviewer", "auditor"]),
        ("POST", format!("/corrections/{id}/accept"), &["reviewer"]),
        ("POST", format!("/corrections/{id}/refuse"), &["reviewer"]),
        ("GET", "/anomalies".to_owned(), &["auditor"]),
        ("POST", format!("/anomalies/{id}/dismiss"), &["auditor"]),
        ("PUT", format!("/activities/{id}"), &["staff", "leader", "scheme_admin"]),
        ("GET", format!("/activities/{id}"), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/activities".to_owned(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("POST", format!("/activities/{id}/publish"), &["staff", "leader", "scheme_admin"]),
        ("POST", format!("/activities/{id}/cancel"), &["staff", "leader", "scheme_admin"]),
        ("POST", format!("/activities/{id}/repeat"), &["staff", "leader", "scheme_admin"]),
        ("GET", format!("/activities/{id}/code"), &["kiosk", "staff", "leader", "scheme_admin"]),
        ("GET", format!("/activities/{id}/attendance"), &["staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", format!("/activities/{id}/signups"), &["staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/activities/{id}/signups/{id}"), &["kiosk", "staff", "leader", "scheme_admin"]),
        ("POST", format!("/activities/{id}/signups/{id}/cancel"), &["kiosk", "staff", "leader", "scheme_admin"]),
        ("POST", format!("/activities/{id}/signups/{id}/no-show"), &["staff", "leader", "scheme_admin"]),
        ("GET", format!("/volunteers/{id}/signups"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/volunteers/{id}/insurances/{id}"), &["staff", "scheme_admin"]),
        ("GET", format!("/volunteers/{id}/insurances"), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", "/volunteers/find".to_owned(), &["kiosk", "staff", "leader", "scheme_admin"]),
        ("GET", format!("/volunteers/{id}/code"), &["staff", "scheme_admin"]),
        ("POST", format!("/volunteers/{id}/code/renew"), &["staff", "scheme_admin"]),
        ("PUT", format!("/presence/{id}"), &["kiosk", "staff", "leader", "scheme_admin"]),
        ("GET", format!("/presence/{id}"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", "/presence/batch".to_owned(), &["kiosk", "staff", "leader", "scheme_admin"]),
        ("GET", "/presence".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/punches".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/punches/refused".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/rewards/{id}"), &["scheme_admin"]),
        ("GET", "/rewards".to_owned(), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", format!("/rewards/{id}/stock"), &["staff", "scheme_admin"]),
        ("PUT", format!("/rewards/{id}/sessions/{id}"), &["scheme_admin"]),
        ("GET", format!("/rewards/{id}/history"), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("GET", format!("/volunteers/{id}/offers"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/sponsors/{id}"), &["scheme_admin"]),
        ("GET", format!("/sponsors/{id}"), &["staff", "scheme_admin"]),
        ("GET", "/sponsors".to_owned(), &["staff", "scheme_admin"]),
        ("POST", "/pictures".to_owned(), &["staff", "scheme_admin"]),
        ("GET", "/pictures/00".to_owned(), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/pictures/00/thumbnail".to_owned(), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", format!("/rewards/{id}/stock/deliveries"), &["staff", "scheme_admin"]),
        ("POST", format!("/rewards/{id}/stock/losses"), &["staff", "scheme_admin"]),
        ("POST", format!("/rewards/{id}/stock/transfers"), &["staff", "scheme_admin"]),
        ("POST", format!("/stock/transfers/{id}/receive"), &["staff", "scheme_admin"]),
        ("GET", "/stock/transfers".to_owned(), &["staff", "scheme_admin", "auditor"]),
        ("GET", "/stock/count-sheet".to_owned(), &["staff", "scheme_admin", "auditor"]),
        ("POST", "/stock/counts".to_owned(), &["staff", "scheme_admin"]),
        ("GET", format!("/rewards/{id}/stock/movements"), &["staff", "scheme_admin", "auditor"]),
        ("PUT", format!("/rewards/{id}/stock/alert"), &["staff", "scheme_admin"]),
        ("GET", "/stock".to_owned(), &["staff", "scheme_admin", "auditor"]),
        ("GET", "/solvency".to_owned(), &["reviewer", "scheme_admin", "auditor"]),
        ("GET", "/statistics".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/statistics/2026/statement".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("GET", format!("/rewards/{id}/sessions/{id}/bookings"), &["staff", "scheme_admin"]),
        ("POST", format!("/rewards/{id}/sessions/{id}/calls"), &["staff", "scheme_admin"]),
        ("POST", format!("/rewards/{id}/sessions/{id}/cancel"), &["staff", "scheme_admin"]),
        ("POST", format!("/exchanges/{id}/check-in"), &["kiosk", "staff", "scheme_admin"]),
        ("POST", format!("/exchanges/{id}/skip"), &["staff", "scheme_admin"]),
        ("PUT", format!("/exchanges/{id}"), &["kiosk", "staff", "scheme_admin"]),
        ("POST", format!("/exchanges/{id}/collect"), &["kiosk", "staff", "scheme_admin"]),
        ("POST", "/exchanges/find".to_owned(), &["kiosk", "staff", "scheme_admin"]),
        ("POST", format!("/exchanges/{id}/return"), &["staff", "scheme_admin"]),
        ("GET", format!("/exchanges/{id}/slip"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", format!("/exchanges/{id}/slip"), &["kiosk", "staff", "scheme_admin"]),
        ("GET", "/cash".to_owned(), &["staff", "scheme_admin", "auditor"]),
        ("GET", "/settlements".to_owned(), &["scheme_admin", "auditor"]),
        ("GET", format!("/volunteers/{id}/levels"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/volunteers/{id}/awards/{id}"), &["reviewer", "scheme_admin"]),
        ("POST", format!("/volunteers/{id}/awards/{id}/revoke"), &["reviewer", "scheme_admin"]),
        ("PUT", format!("/volunteers/{id}/bans/{id}"), &["reviewer", "scheme_admin"]),
        ("GET", "/reviews/2026/any".to_owned(), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/transfers/{id}"), &["kiosk", "staff", "scheme_admin"]),
        ("GET", format!("/transfers/{id}"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/pool-requests/{id}"), &["staff", "scheme_admin"]),
        ("GET", "/pool-requests".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", format!("/pool-requests/{id}/grant"), &["scheme_admin"]),
        ("GET", "/entries".to_owned(), &["reviewer", "scheme_admin", "auditor"]),
        ("GET", "/entries/1/proof".to_owned(), &["reviewer", "scheme_admin", "auditor"]),
        ("GET", "/events".to_owned(), &["reviewer", "scheme_admin", "auditor"]),
        ("GET", format!("/volunteers/{id}/notices"), &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"]),
        ("PUT", format!("/webhooks/{id}"), &["scheme_admin"]),
        ("GET", format!("/webhooks/{id}"), &["scheme_admin", "auditor", "operator"]),
        ("GET", "/webhooks".to_owned(), &["scheme_admin", "auditor", "operator"]),
        ("DELETE", format!("/webhooks/{id}"), &["scheme_admin", "operator"]),
        ("POST", format!("/webhooks/{id}/rotate"), &["scheme_admin"]),
        ("POST", format!("/webhooks/{id}/replay"), &["scheme_admin", "operator"]),
        ("POST", format!("/webhooks/{id}/test"), &["scheme_admin", "operator"]),
        ("GET", format!("/webhooks/{id}/deliveries"), &["scheme_admin", "auditor", "operator"]),
        ("GET", format!("/webhooks/{id}/dead"), &["scheme_admin", "auditor", "operator"]),
        ("POST", format!("/webhooks/{id}/dead/1/retry"), &["scheme_admin", "operator"]),
    ];
    let of_records = crate::records::routes(id).into_iter().chain(crate::wishes::routes(id));
    let of_records = of_records.chain(crate::selection_door::routes(id));
    let of_records = of_records.chain(crate::levels_applied::routes(id));
    let of_records = of_records.chain(crate::certificate_applications::routes(id));
    let of_records = of_records.chain(crate::certificates::routes(id)).chain(crate::printouts::routes(id));
    for (method, path, allowed) in routes.into_iter().chain(of_records) {
        for role in ROLES {
            let body = (method != "GET").then(|| json!({}));
            let path = station.path(&path);
            let answer =
                station.server.try_send(method, &path, station.key(role), body.as_ref()).await.expect("an answer");
            let refused = answer.status == 403 && answer.body["code"] == "forbidden";
            assert_eq!(refused, !allowed.contains(&role), "{method} {path} as {role}: {}", answer.text);
            assert!(answer.status < 500, "{method} {path} as {role}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_station_serves_itself() {
    let station = Station::open(Engine::Sqlite, "ziyang").await;
    let elsewhere = tests::server::aixin_prints(
        &station.server.url,
        &["key", "create", "--scheme", "ziyang", "--role", "kiosk", "--station", "party-centre"],
    );
    let volunteer = station.volunteer("王建国").await;
    station.serve(volunteer, "environment", "2026-10-12", 120).await;
    let soap = station.good("1", 5).await;
    let path = station.path(&format!("/exchanges/{}", Uuid::now_v7()));
    let body = json!({ "volunteer_id": volunteer, "reward_id": soap, "station": "main" });
    assert_eq!(station.server.send("PUT", &path, &elsewhere, body.clone()).await.problem(403), "forbidden");
    station.server.send("PUT", &path, station.key("kiosk"), body).await.expect(201);
    let collect = format!("{path}/collect");
    assert_eq!(station.server.send("POST", &collect, &elsewhere, json!({})).await.problem(403), "forbidden");
    station.server.send("POST", &collect, station.key("kiosk"), json!({})).await.expect(200);
}
