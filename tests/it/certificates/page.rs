//! The public page: what anybody learns, and what nobody does.

use super::{ADDRESS, of};
use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

async fn open(engine: Engine) -> Station {
    Station::served(engine, "ziyang", &["--public-url", ADDRESS, "--rate-strangers", "0"]).await
}

/// A certificate of 林秀英: its id, number and check code without hyphens.
async fn issued(station: &Station) -> (Uuid, String, String) {
    let lin = Uuid::now_v7();
    let body = json!({ "name": "林秀英", "id_number": "35010219680101002X", "phone": "13800001111",
        "consent": { "record": true, "publish": false } });
    let mut body = body;
    body["id_number"] = json!(format!("3501021968010{:05}", lin.as_u128() % 100_000));
    station.put("staff", &format!("/volunteers/{lin}"), body).await.expect(201);
    station.serve(lin, "environment", "2026-10-12", 90).await;
    let id = Uuid::now_v7();
    let certificate: Value = station.certificate(id, of(lin)).await;
    let text = |field: &str| certificate[field].as_str().expect("a text").to_owned();
    (id, text("number"), text("check_code").replace('-', ""))
}

/// Another code that fits the number, as a forger would compute it: the last letter is right.
async fn forged(station: &Station, number: &str, code: &str) -> String {
    const LETTERS: &str = "23456789ABCDEFGHJKLMNPQRSTVWXYZ";
    let other = LETTERS.chars().find(|letter| !code.starts_with(*letter)).expect("there are 31");
    for last in LETTERS.chars() {
        let guess = format!("{other}{}{last}", &code[1..8]);
        let answer = station.server.get(&format!("/c/{number}?k={guess}"), "").await;
        if answer.text.contains("查无此证明") {
            return guess;
        }
        assert!(answer.text.contains("输错了"), "{}", answer.text);
    }
    panic!("one of them fits");
}

#[rstest]
#[tokio::test]
async fn anybody_learns_four_fields_and_whether_it_is_good(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = open(engine).await;
    let (id, number, code) = issued(&station).await;
    let page = station.server.get(&format!("/c/{number}?k={code}"), "").await;
    assert_eq!((page.status, page.content_type.as_str()), (200, "text/html; charset=utf-8"));
    for said in ["✔ 有效", "林*英", "1.5 小时", "2026年1月1日至2026年10月31日", "紫阳社区志愿服务站"]
    {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    for hidden in ["秀英", "002X", "1380", code.as_str(), "ZY", "楼道"] {
        assert!(!page.text.contains(hidden), "{hidden}: {}", page.text);
    }
    assert_eq!(page.text.matches("<dt>").count(), 4);
    assert!(!page.text.contains("<script"));
    for (header, value) in [
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex, nofollow, noarchive"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.headers.get(header).map(String::as_str), Some(value), "{header}");
    }
    let policy = &page.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");

    // As people type it, on whatever keyboard, and without an address that holds it.
    let grouped = format!(" {}-{} {}", &code[..3].to_lowercase(), &code[3..6], &code[6..]);
    let typed = station.server.submit("/c", &[("number", &number.to_lowercase()), ("k", &grouped)]).await;
    assert_eq!((typed.status, typed.text), (200, page.text.clone()));
    let form = station.server.get("/c", "").await;
    assert!(form.status == 200 && form.text.contains("<form method=\"post\" action=\"/c\">"), "{}", form.text);
    let bare = station.server.get(&format!("/c/{number}"), "").await;
    assert!(bare.text.contains(&format!("value=\"{number}\"")) && !bare.text.contains("林*英"), "{}", bare.text);
    assert_eq!(station.server.submit("/c", &[("number", &number)]).await.status, 400);
    let hostile = station.server.submit("/c", &[("number", "\"><script>alert(1)</script>"), ("k", "x")]).await;
    assert!(hostile.status == 404 && !hostile.text.contains("<script>"), "{}", hostile.text);

    station
        .post("reviewer", &format!("/certificates/{id}/revoke"), json!({ "reason": "冒领王建国" }))
        .await
        .expect(200);
    let page = station.server.get(&format!("/c/{number}?k={code}"), "").await;
    assert!(
        page.text.contains("✘ 已撤销") && !page.text.contains("有效") && !page.text.contains("冒领"),
        "{}",
        page.text
    );
}

#[rstest]
#[tokio::test]
async fn wrong_codes_are_answered_as_unknown_numbers_and_the_sixth_is_not_listened_to(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = open(engine).await;
    let (_, number, code) = issued(&station).await;
    let (_, other, other_code) = issued(&station).await;
    let swapped: String = [1, 0, 2, 3, 4, 5, 6, 7, 8].iter().map(|place| &code[*place..=*place]).collect();
    if swapped != code {
        let typo = station.server.get(&format!("/c/{number}?k={swapped}"), "").await;
        assert!(typo.status == 404 && typo.text.contains("输错了"), "a mistake is told from a forgery: {}", typo.text);
    }
    let guess = forged(&station, &number, &code).await;
    let wrong = station.server.get(&format!("/c/{number}?k={guess}"), "").await;
    let nobody = number.replace("-000001", "-000999").replace("-000002", "-000999");
    let unknown_guess = forged(&station, &nobody, &code).await;
    let unknown = station.server.get(&format!("/c/{nobody}?k={unknown_guess}"), "").await;
    assert_eq!(wrong.status, unknown.status);
    assert_eq!(wrong.text.replace(&number, "N"), unknown.text.replace(&nobody, "N"));

    // Each was told twice so far.
    for _ in 0..3 {
        for (number, guess) in [(&number, &guess), (&nobody, &unknown_guess)] {
            assert_eq!(station.server.get(&format!("/c/{number}?k={guess}"), "").await.status, 404);
        }
    }
    for (number, code) in [(&number, &code), (&number, &guess), (&nobody, &unknown_guess)] {
        let locked = station.server.get(&format!("/c/{number}?k={code}"), "").await;
        assert_eq!(locked.status, 429, "not even the right one: {}", locked.text);
        let wait: u64 = locked.headers["retry-after"].parse().expect("seconds");
        assert!((1..=900).contains(&wait), "{wait}");
    }
    assert_eq!(
        station.server.get(&format!("/c/{other}?k={other_code}"), "").await.status,
        200,
        "others are not kept out"
    );
}
