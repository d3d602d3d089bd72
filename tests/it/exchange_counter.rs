//! At the counter, through the front door: codes, cash, slips, what sponsors are owed.

use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

const POLICY: &str =
    "[versions.exchange_policy]\npoints_back_after_expiry = \"lost\"\nreturn_days = 7\ncollected_by = [\"child\"]\n";

async fn opened(engine: Engine) -> (Station, Uuid) {
    let toml = crate::exchange_rules::toml(POLICY, "");
    let toml = toml.replacen("[[categories]]", "[[stations]]\ncode = \"east\"\nname = \"东站\"\n\n[[categories]]", 1);
    let station = Station::written(engine, "small", &toml).await;
    let volunteer = station.volunteer("林秀英").await;
    station.serve(volunteer, "patrol", "2026-10-12", 600).await;
    (station, volunteer)
}

impl Station {
    async fn offered(&self, name: &str, cash: Option<&str>, sponsor: Option<&str>) -> Uuid {
        let id = Uuid::now_v7();
        let body = json!({ "kind": "good", "name": name, "price_points": "1", "price_cash": cash, "sponsor": sponsor });
        self.put("scheme_admin", &format!("/rewards/{id}"), body).await.expect(201);
        let change = json!({ "id": Uuid::now_v7(), "station": "main", "change": 10, "reason": "进货" });
        self.post("scheme_admin", &format!("/rewards/{id}/stock"), change).await.expect(201);
        id
    }

    async fn reserved(&self, volunteer: Uuid, reward: Uuid, quantity: i64) -> (String, Value) {
        let path = format!("/exchanges/{}", Uuid::now_v7());
        let body = json!({ "volunteer_id": volunteer, "reward_id": reward, "quantity": quantity });
        let made = self.put("kiosk", &path, body).await.expect(201);
        (path, made)
    }
}

#[rstest]
#[tokio::test]
async fn a_code_finds_its_exchange_and_wrong_ones_are_soon_not_listened_to(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (station, volunteer) = opened(engine).await;
    let soap = station.offered("肥皂", None, None).await;
    let (path, made) = station.reserved(volunteer, soap, 1).await;
    let code = made["pickup_code"].as_str().expect("a code").to_owned();
    assert!(code.len() == 8 && code.chars().all(|letter| letter.is_ascii_digit()), "{code}");
    assert_eq!(made["pickup_qr"], format!("AIXIN1:small:{code}"));
    let find =
        async |role: &str, code: &str| station.post(role, "/exchanges/find", json!({ "pickup_code": code })).await;
    let spaced = format!("{} {}", &code[..4], &code[4..]);
    for told in [code.as_str(), spaced.as_str(), &format!("AIXIN1:small:{code}")] {
        assert_eq!(find("staff", told).await.expect(200)["id"], made["id"], "{told}");
    }
    let (_, second) = station.reserved(volunteer, soap, 1).await;
    assert_ne!(second["pickup_code"], made["pickup_code"]);
    let wrong = if code == "00000000" { "11111111" } else { "00000000" };
    assert_eq!(find("staff", "no code").await.problem(404), "exchange_not_found");
    let collect = format!("{path}/collect");
    for _ in 0..5 {
        let answer = station.post("kiosk", &collect, json!({ "pickup_code": wrong })).await;
        assert_eq!(answer.body["errors"][0]["code"], "wrong_pickup_code");
    }
    let locked = station.post("kiosk", &collect, json!({ "pickup_code": code })).await;
    assert!(locked.body["retry_after"].as_i64().is_some_and(|seconds| (1..=900).contains(&seconds)), "{}", locked.text);
    assert_eq!(locked.problem(429), "too_many_requests");
    // Neither a machine nor leaving the code out gets round it: staff say that they have looked.
    let said = json!({ "identity_checked": true });
    station.post("kiosk", &collect, said.clone()).await.problem(429);
    station.post("staff", &collect, json!({})).await.problem(429);
    let handed = station.post("staff", &collect, said).await.expect(200);
    assert_eq!((&handed["status"], handed["settled_by"]["name"].is_string()), (&json!("collected"), true));
    assert!(station.get("kiosk", &path).await.expect(200)["settled_by"].is_null(), "a kiosk is not told who");
    // Codes that lead nowhere are counted for the key.
    let mut locked = false;
    for _ in 0..25 {
        locked |= find("kiosk", "no code").await.status == 429;
    }
    assert!(locked);
    assert_eq!(find("staff", &code).await.status, 200, "another key is not locked out by it");
}

#[rstest]
#[tokio::test]
async fn cash_is_written_down_and_slips_say_what_was_printed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (station, volunteer) = opened(engine).await;
    let haircut = station.offered("理发", Some("8.00"), Some("悦心理发店")).await;
    let soap = station.offered("肥皂", None, Some("百货店")).await;
    let path = format!("/exchanges/{}", Uuid::now_v7());
    let items = json!([{ "reward_id": haircut, "quantity": 2 }, { "reward_id": soap, "quantity": 1 }]);
    let made = station.put("kiosk", &path, json!({ "volunteer_id": volunteer, "items": items })).await.expect(201);
    assert_eq!((&made["points"], &made["price_cash"], &made["reward_id"]), (&json!("3"), &json!("16"), &json!(null)));
    let part = json!({
        "id": Uuid::now_v7(),
        "items": [{ "line": 1 }, { "line": 2 }],
        "cash_received": "7.50",
        "cash_method": "wechat",
        "collector": { "relation": "child", "name": "林小明" },
    });
    let now = station.post("staff", &format!("{path}/collect"), part.clone()).await.expect(200);
    assert_eq!((&now["status"], &now["items"][0]["collected"]), (&json!("reserved"), &json!(1)));
    assert!(station.post("staff", &format!("{path}/collect"), part).await.replayed);
    let slip = station.get("staff", &format!("{path}/slip")).await.expect(200);
    assert_eq!((&slip["prints"], &slip["cash_owed"], &slip["cash_received"]), (&json!(0), &json!("8"), &json!("7.5")));
    assert_eq!((&slip["volunteer_name"], &slip["collector"]["name"]), (&json!("林*英"), &json!("林*明")));
    let quantities: Vec<_> = slip["lines"].as_array().expect("lines").iter().map(|line| &line["quantity"]).collect();
    assert_eq!(quantities, [&json!(1), &json!(1)]);
    assert!(!slip.to_string().contains("小明") && !slip.to_string().contains("秀英"));
    let print = async || station.post("kiosk", &format!("{path}/slip"), json!({})).await.expect(200);
    let (first, second) = (print().await, print().await);
    assert_eq!((&first["prints"], &first["mark"]), (&json!(1), &json!("")));
    assert_eq!((&second["prints"], &second["mark"], &second["number"]), (&json!(2), &json!("补打"), &first["number"]));
    let rest = station.post("staff", &format!("{path}/collect"), json!({ "cash_received": "8" })).await.expect(200);
    assert_eq!(rest["status"], "collected");
    let cash = station.get("staff", "/cash").await.expect(200);
    assert_eq!((&cash["owed"], &cash["received"], &cash["difference"]), (&json!("16"), &json!("15.5"), &json!("-0.5")));
    assert_eq!((&cash["count"], cash["tills"].as_array().map(Vec::len)), (&json!(2), Some(2)));

    let back = json!({ "id": Uuid::now_v7(), "items": [{ "line": 1 }], "to": "shelf", "cash_paid_back": "8", "reason": "没理成" });
    station.post("staff", &format!("{path}/return"), back).await.expect(200);
    let cash = station.get("staff", "/cash").await.expect(200);
    assert_eq!((&cash["owed"], &cash["received"]), (&json!("8"), &json!("7.5")));
    let day = cash["on"].as_str().expect("a day");
    let settled = station.get("auditor", &format!("/settlements?from={day}&until={day}")).await.expect(200);
    let rows: Vec<_> = settled["rewards"].as_array().expect("rows").iter().collect();
    let row = |sponsor: &str| {
        rows.iter()
            .find(|row| row["sponsor"] == sponsor)
            .map(|row| [&row["handed_over"], &row["returned"], &row["points"], &row["cash"]])
    };
    assert_eq!(row("悦心理发店"), Some([&json!(2), &json!(1), &json!("1"), &json!("8")]));
    assert_eq!(row("百货店"), Some([&json!(1), &json!(0), &json!("1"), &json!("0")]));
    let before = settled["as_of"].as_i64().expect("a sequence") - 1;
    let then = station.get("auditor", &format!("/settlements?from={day}&until={day}&as_of={before}")).await.expect(200);
    let barber = then["rewards"].as_array().expect("rows").iter().find(|row| row["sponsor"] == "悦心理发店").cloned();
    assert_eq!(barber.map(|row| row["pieces"].clone()), Some(json!(2)), "before the return");
    assert_eq!(station.get("staff", &format!("/settlements?from={day}&until={day}")).await.problem(403), "forbidden");
}

#[tokio::test]
async fn what_is_wrong_with_a_basket_is_said_where_it_stands() {
    let (station, volunteer) = opened(Engine::Sqlite).await;
    let soap = station.offered("肥皂", None, None).await;
    let ask = async |body: Value| station.put("kiosk", &format!("/exchanges/{}", Uuid::now_v7()), body).await;
    let of = |items: Value| json!({ "volunteer_id": volunteer, "items": items });
    for (body, pointer) in [
        (json!({ "volunteer_id": volunteer }), "/reward_id"),
        (json!({ "volunteer_id": volunteer, "reward_id": soap, "items": [{ "reward_id": soap }] }), "/reward_id"),
        (of(json!([])), "/items"),
        (of(json!([{ "reward_id": soap, "quantity": 0 }])), "/items/0/quantity"),
        (of(json!([{ "reward_id": soap }, { "reward_id": soap }])), "/items/1/reward_id"),
        (of(json!([{ "reward_id": soap, "bill": "x" }])), "/items/0/bill"),
        (of(json!([{ "quantity": 1 }])), "/items/0/reward_id"),
    ] {
        let answer = ask(body.clone()).await;
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{body}: {}", answer.text);
        answer.problem(422);
    }
    let out = ask(of(json!([{ "reward_id": soap }, { "reward_id": Uuid::now_v7() }]))).await;
    assert_eq!(out.body["item"], 1);
    assert_eq!(out.problem(404), "reward_not_found");
    let cup = station.offered("杯子", None, None).await;
    let much = ask(of(json!([{ "reward_id": soap, "quantity": 2 }, { "reward_id": cup, "quantity": 9 }]))).await;
    assert_eq!(
        (&much.body["needed"], &much.body["available"], &much.body["pointer"]),
        (&json!("11"), &json!("10"), &json!("/items/1"))
    );
    assert_eq!(much.body["detail"], "第 2 项：要用积分 11，现在能用 10，还差 1");
    assert_eq!(much.problem(422), "insufficient_points");
}
