//! What every role is answered to every step in every state of a wish and of a complaint: tables that people can read, kept beside
//! the tests. `UPDATE=1` writes them anew; look at what changed.

use crate::records::with_complaints;
use crate::station::{ROLES, Station};
use crate::wishes::with_wishes;
use db::Engine;
use serde_json::{Value, json};
use std::fmt::Write;
use tests::server::Answer;
use uuid::Uuid;

/// A step: what it is called, the end of its path, and what is sent.
type Step = (&'static str, &'static str, fn() -> Value);

/// Something that goes through states, and is brought into one of them on demand.
trait Subject {
    const FILE: &'static str;
    const STATES: &'static [&'static str];
    const STEPS: &'static [Step];

    /// A new one in this state: the path under which its steps are.
    async fn bring(station: &Station, state: &str) -> (String, String);
}

/// How a table says it: `·` the role may not; `own` whoever is concerned may not; `→ state` done; `= state` done before;
/// otherwise the code, with the state that stands against it.
fn told(answer: &Answer) -> String {
    let (code, status) = (answer.body["code"].as_str(), answer.body["status"].as_str());
    match (answer.status, code) {
        (200 | 201, _) => format!("{} {}", if answer.replayed { "=" } else { "→" }, status.unwrap_or("?")),
        (403, _) if answer.body["role"].is_string() => "·".to_owned(),
        (403, _) => "own".to_owned(),
        (409, Some("state_conflict")) => answer.body["current_status"].as_str().unwrap_or("?").to_owned(),
        (_, Some(code)) => code.to_owned(),
        (status, None) => status.to_string(),
    }
}

/// Tries every step as every role in every state; what was changed by one is brought anew for the next.
async fn table<S: Subject>(station: &Station) -> String {
    let mut text = String::new();
    for (name, end, body) in S::STEPS {
        writeln!(text, "## {name}\n\n| {:11} | {} |", "", ROLES.join(" | ")).expect("a text takes all");
        writeln!(text, "|---|{}", "---|".repeat(ROLES.len())).expect("a text takes all");
        for state in S::STATES {
            let (mut whole, mut part) = S::bring(station, state).await;
            let mut cells = Vec::new();
            for role in ROLES {
                // A step of the whole stands without a slash before it.
                let path = end.strip_prefix('!').map_or_else(|| format!("{part}{end}"), |end| format!("{whole}{end}"));
                let answer = station.post(role, &path, body()).await;
                if answer.status < 300 {
                    (whole, part) = S::bring(station, state).await;
                }
                cells.push(told(&answer));
            }
            writeln!(text, "| {state:11} | {} |", cells.join(" | ")).expect("a text takes all");
        }
        text.push('\n');
    }
    text
}

async fn is_kept<S: Subject>(station: &Station) {
    let file = format!("{}/data/tables/{}", env!("CARGO_MANIFEST_DIR"), S::FILE);
    let fresh = table::<S>(station).await;
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &fresh).expect("the table can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    for (line, (kept, fresh)) in kept.lines().zip(fresh.lines()).enumerate() {
        assert_eq!(fresh, kept, "{file}:{}; UPDATE=1 writes it anew", line + 1);
    }
    assert_eq!(kept.lines().count(), fresh.lines().count(), "{file}: UPDATE=1 writes it anew");
}

struct Wish;

impl Subject for Wish {
    const FILE: &'static str = "wishes.md";
    const STATES: &'static [&'static str] = &[
        "draft",
        "published",
        "offered",
        "claimed",
        "fulfilled",
        "rated",
        "posted",
        "declined",
        "given_back",
        "withdrawn",
        "rejected",
    ];
    const STEPS: &'static [Step] = &[
        ("publish", "!/publish", || json!({})),
        ("reject", "!/reject", || json!({ "reason": "不合适" })),
        ("withdraw", "!/withdraw", || json!({ "reason": "不需要了" })),
        ("reopen", "!/reopen", || json!({ "deadline_on": "2998-01-01" })),
        ("accept", "/accept", || json!({})),
        ("decline", "/decline", || json!({ "reason": "没有人手" })),
        ("give back", "/give-back", || json!({ "reason": "来不及" })),
        ("fulfil", "/fulfil", || json!({ "report": "好了", "shares": [{ "volunteer_id": HELPER }] })),
        ("rate", "/rate", || json!({ "stars": 3 })),
        ("send back", "/send-back", || json!({ "reason": "不清楚" })),
        ("confirm", "/confirm", || json!({})),
    ];

    async fn bring(station: &Station, state: &str) -> (String, String) {
        let wish = format!("/wishes/{}", Uuid::now_v7());
        let claim = format!("{wish}/claims/{}", Uuid::now_v7());
        let body =
            json!({ "kind": "task", "title": "送餐", "content": "送餐", "points": "1", "deadline_on": "2999-01-01" });
        station.put("kiosk", &wish, body).await.expect(201);
        let report = json!({ "report": "送到了", "shares": [{ "volunteer_id": HELPER }] });
        let team = json!({ "claimant": { "kind": "team", "id": "patrol" } });
        let unit = json!({ "claimant": { "kind": "unit", "id": "compound-2" }, "offered": true });
        let publish = ("POST", "scheme_admin", "!/publish", json!({}));
        let done = ("POST", "staff", "/fulfil", report);
        let rated = ("POST", "kiosk", "/rate", json!({ "stars": 5 }));
        let because = || json!({ "reason": "重复" });
        let mut steps = match state {
            "draft" => vec![],
            "rejected" => vec![("POST", "scheme_admin", "!/reject", because())],
            "published" => vec![publish],
            "offered" | "declined" => vec![publish, ("PUT", "staff", "", unit)],
            _ => vec![publish, ("PUT", "staff", "", team)],
        };
        steps.extend(match state {
            "declined" => vec![("POST", "scheme_admin", "/decline", because())],
            "given_back" => vec![("POST", "staff", "/give-back", because())],
            "withdrawn" => vec![("POST", "staff", "!/withdraw", because())],
            "fulfilled" => vec![done],
            "rated" => vec![done, rated],
            "posted" => vec![done, rated, ("POST", "reviewer", "/confirm", json!({}))],
            _ => vec![],
        });
        for (method, role, end, body) in steps {
            let path = end.strip_prefix('!').map_or_else(|| format!("{claim}{end}"), |end| format!("{wish}{end}"));
            let answer = station.server.send(method, &station.path(&path), station.key(role), body).await;
            assert!(answer.status < 300, "{state}: {path} as {role}: {}", answer.text);
        }
        (wish, claim)
    }
}

/// Who takes part.
const HELPER: Uuid = Uuid::from_u128(0x0193_572f_7d1a_7c3e_9d52_2f6c_8f1f_0a11);

#[tokio::test]
async fn every_step_of_a_wish_is_answered_as_the_table_says() {
    let station = Station::written(Engine::Sqlite, "ziyang", &with_wishes()).await;
    let body = json!({ "name": "高玉凤", "consent": { "record": true, "publish": true } });
    station.put("staff", &format!("/volunteers/{HELPER}"), body).await.expect(201);
    is_kept::<Wish>(&station).await;
}

struct Complaint;

impl Subject for Complaint {
    const FILE: &'static str = "complaints.md";
    const STATES: &'static [&'static str] =
        &["received", "investigated", "upheld", "dismissed", "appealed", "withdrawn"];
    const STEPS: &'static [Step] = &[
        ("investigate", "/investigate", || json!({ "finding": "属实" })),
        ("uphold", "/uphold", || json!({ "answer": "属实" })),
        ("dismiss", "/dismiss", || json!({ "answer": "不属实" })),
        ("appeal", "/appeal", || json!({ "reason": "不服" })),
        ("withdraw", "/withdraw", || json!({ "reason": "已和解" })),
    ];

    async fn bring(station: &Station, state: &str) -> (String, String) {
        let complaint = format!("/complaints/{}", Uuid::now_v7());
        let body = json!({ "content": "态度不好", "unit": "hailin" });
        station.put("kiosk", &complaint, body).await.expect(201);
        let answered = if state == "dismissed" { "/dismiss" } else { "/uphold" };
        let mut steps = vec![
            ("staff", "/investigate", json!({ "finding": "查过" })),
            ("reviewer", answered, json!({ "answer": "第一次" })),
            ("staff", "/appeal", json!({ "reason": "再看看" })),
        ];
        steps.truncate(match state {
            "investigated" => 1,
            "upheld" | "dismissed" => 2,
            "appealed" => 3,
            _ => 0,
        });
        if state == "withdrawn" {
            steps.push(("staff", "/withdraw", json!({ "reason": "弄错了" })));
        }
        for (role, end, body) in steps {
            station.post(role, &format!("{complaint}{end}"), body).await.expect(200);
        }
        (complaint.clone(), complaint)
    }
}

#[tokio::test]
async fn every_step_of_a_complaint_is_answered_as_the_table_says() {
    let station = Station::written(Engine::Sqlite, "hailin", &with_complaints()).await;
    is_kept::<Complaint>(&station).await;
}
