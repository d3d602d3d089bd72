//! The rules of exchange through the front door.

use crate::exchange_rules::toml;
use crate::station::Station;
use db::Engine;
use serde_json::json;
use uuid::Uuid;

/// Through the front door: what is sent, and what is answered.
#[tokio::test]
async fn the_interface_tells_what_the_rules_say() {
    let rules = r#"[[versions.exchange]]
groups = ["care"]
refundable = false
pays_from = "care"
limits = [{ uses = 3, per = "day" }]
beneficiaries = [{ relations = ["parent"], min_age = 60 }]

[[versions.exchange]]
groups = ["vouchers"]
refundable = true
bill = { voucher_fen = 500, least_cash_fen = 1 }

[[versions.exchange]]
groups = ["gifts"]
refundable = true
windows = [{ months = [1], days_of_month = [1] }]

[[versions.transfers]]
to = "pool"
account = "care"
"#;
    let station = Station::written(Engine::Sqlite, "small", &toml(rules, "")).await;
    let volunteer = station.volunteer("林秀英").await;
    station.serve(volunteer, "patrol", "2026-10-12", 600).await;
    let offer = async |group: &str, price: &str| {
        let id = Uuid::now_v7();
        let body = json!({ "kind": "service", "name": "服务", "price_points": price, "group": group });
        let reward = station.put("scheme_admin", &format!("/rewards/{id}"), body).await.expect(201);
        assert_eq!(reward["group"], group);
        id
    };
    let (care, voucher, gift) = (offer("care", "1.5").await, offer("vouchers", "2").await, offer("gifts", "1").await);
    let path = |id: Uuid| format!("/exchanges/{id}");
    let mother = json!({ "relation": "parent", "birth_date": "1950-02-03" });
    let id = Uuid::now_v7();
    let body = json!({ "volunteer_id": volunteer, "reward_id": care, "quantity": 2, "beneficiary": mother });
    let reserved = station.put("kiosk", &path(id), body).await.expect(201);
    assert_eq!(
        (&reserved["account"], &reserved["points"], &reserved["balance_after"], &reserved["relation"]),
        (&json!("care"), &json!("3"), &json!("7"), &json!("parent"))
    );
    assert_eq!((&reserved["status"], &reserved["expires_at"]), (&json!("reserved"), &json!(null)));
    let cancelled = station.post("staff", &format!("{}/cancel", path(id)), json!({})).await;
    assert_eq!(cancelled.problem(409), "not_refundable");
    let ask = async |body: serde_json::Value| station.put("kiosk", &path(Uuid::now_v7()), body).await;
    let young = json!({ "relation": "parent", "birth_date": "1990-02-03" });
    let refused = ask(json!({ "volunteer_id": volunteer, "reward_id": care, "beneficiary": young })).await;
    assert_eq!((&refused.body["condition"], &refused.body["needed"]), (&json!("min_age"), &json!("60")));
    assert_eq!(refused.body["detail"], "须满 60 周岁");
    assert_eq!(refused.problem(422), "not_eligible");
    let poor = ask(json!({ "volunteer_id": volunteer, "reward_id": care, "quantity": 5, "beneficiary": mother })).await;
    assert_eq!((&poor.body["needed"], &poor.body["available"]), (&json!("7.5"), &json!("7")));
    assert_eq!(poor.problem(422), "insufficient_points");
    let often =
        ask(json!({ "volunteer_id": volunteer, "reward_id": care, "quantity": 2, "beneficiary": mother })).await;
    assert_eq!((&often.body["needed"], &often.body["available"]), (&json!(2), &json!(1)));
    assert_eq!(often.problem(422), "limit_reached");
    let bill = ask(json!({ "volunteer_id": volunteer, "reward_id": voucher, "bill": "8.00" })).await.expect(201);
    assert_eq!((&bill["points"], &bill["price_cash"]), (&json!("2"), &json!("3")));
    let missing = ask(json!({ "volunteer_id": volunteer, "reward_id": voucher })).await;
    assert_eq!(missing.body["errors"][0]["pointer"], "/bill");
    let early = ask(json!({ "volunteer_id": volunteer, "reward_id": gift })).await;
    assert!(early.body["opens_on"].as_str().is_some_and(|day| day.ends_with("-01-01")), "{}", early.text);
    assert_eq!(early.problem(422), "outside_window");

    let transfer = format!("/transfers/{}", Uuid::now_v7());
    let body = json!({ "from": volunteer, "to": "pool", "amount": "2.5", "account": "care", "note": "给有需要的人" });
    let given = station.put("staff", &transfer, body.clone()).await.expect(201);
    assert_eq!((&given["to"], &given["amount"]), (&json!("pool"), &json!("2.5")));
    assert!(station.put("staff", &transfer, body).await.replayed);
    assert_eq!(station.get("auditor", &transfer).await.expect(200), given);
    let friend = station.volunteer("王建国").await;
    let body = json!({ "from": volunteer, "to": friend, "amount": "1" });
    let refused = station.put("staff", &format!("/transfers/{}", Uuid::now_v7()), body).await;
    assert_eq!(refused.problem(422), "transfer_not_allowed");
    let request = format!("/pool-requests/{}", Uuid::now_v7());
    let body = json!({ "volunteer_id": friend, "amount": "2", "account": "care", "reason": "生病" });
    station.put("staff", &request, body).await.expect(201);
    let open = station.get("staff", "/pool-requests").await.expect(200);
    assert_eq!(open["requests"].as_array().map(Vec::len), Some(1));
    let granted = station.post("scheme_admin", &format!("{request}/grant"), json!({})).await.expect(200);
    assert_eq!(granted["status"], "granted");
    let statement = station.get("kiosk", &format!("/volunteers/{friend}/statement")).await.expect(200);
    assert_eq!(statement["lines"][0]["kind"], "pool.granted");
}
