//! Every state × every action × every role, pinned in tables that people can read: `tests/data/states/*.txt`. With
//! `UPDATE=1` a table is written anew; then read its difference line by line.
//!
//! A further subject (activities, wishes) is one more [`Subject`] and one more test.

use crate::control::CONTROLLED;
use crate::station::{ROLES, Station};
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use std::fmt::Write;
use tests::server::{Answer, aixin_prints};
use uuid::Uuid;

/// Something that has states, and what can be asked of it.
trait Subject {
    const FILE: &'static str;
    const STATES: &'static [&'static str];
    const ACTIONS: &'static [&'static str];
    type Thing;

    /// A new one in this state, in which nobody of [`ROLES`] has had a part.
    async fn make(&self, state: &str) -> Self::Thing;

    async fn act(&self, thing: &Self::Thing, action: &str, role: &str) -> Answer;

    async fn state_of(&self, thing: &Self::Thing) -> String;
}

/// What becomes of each action in each state, by role: the status, and the state or the code of the refusal.
async fn table<S: Subject>(subject: &S) -> String {
    let mut text = String::new();
    for state in S::STATES {
        let _ = write!(text, "{:<24}", format!("[{state}]"));
        for role in ROLES {
            let _ = write!(text, "{role:<26}");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        for action in S::ACTIONS {
            let _ = write!(text, "{action:<24}");
            let mut thing = subject.make(state).await;
            for role in ROLES {
                let answer = subject.act(&thing, action, role).await;
                let told = match answer.status {
                    200..300 => {
                        let after = subject.state_of(&thing).await;
                        // The next role meets it as it was.
                        thing = subject.make(state).await;
                        after
                    }
                    _ => answer.body["code"].as_str().unwrap_or("?").to_owned(),
                };
                let _ = write!(text, "{:<26}", format!("{} {told}", answer.status));
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

async fn is_pinned<S: Subject>(subject: &S) {
    let file = format!("{}/data/states/{}", env!("CARGO_MANIFEST_DIR"), S::FILE);
    let found = table(subject).await;
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &found).expect("the table can be written");
    }
    let known = std::fs::read_to_string(&file).expect("the table is committed; make it with UPDATE=1");
    for (number, (known, found)) in known.lines().zip(found.lines()).enumerate() {
        assert_eq!(known, found, "{file}:{}", number + 1);
    }
    assert_eq!(known.len(), found.len(), "{file}");
}

/// Service records, through the front door.
struct Services {
    station: Station,
    /// Who makes the records what they are.
    recorder: String,
    checker: String,
    kiosk: String,
}

struct Record {
    id: Uuid,
    body: Value,
    objection: Uuid,
    correction: Uuid,
}

impl Services {
    async fn open(engine: Engine) -> Services {
        let station = Station::written(engine, "kongzhi", CONTROLLED).await;
        let url = station.server.url.clone();
        let key = |role: &str| aixin_prints(&url, &["key", "create", "--scheme", "kongzhi", "--role", role]);
        let (recorder, checker, kiosk) = (key("staff"), key("reviewer"), key("kiosk"));
        Services { station, recorder, checker, kiosk }
    }

    async fn ask(&self, method: &str, path: &str, key: &str, body: &Value) -> Answer {
        let body = (method != "GET").then_some(body);
        self.station.server.try_send(method, &self.station.path(path), key, body).await.expect("an answer")
    }

    async fn must(&self, method: &str, path: &str, key: &str, body: Value) -> Value {
        let answer = self.ask(method, path, key, &body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text);
        answer.body
    }

    async fn check(&self, record: &Record) {
        self.must("POST", &format!("/services/{}/confirm", record.id), &self.checker, json!({})).await;
    }

    async fn object(&self, record: &Record) {
        let path = format!("/services/{}/objections/{}", record.id, record.objection);
        self.must("PUT", &path, &self.kiosk, json!({ "content": "当天不在" })).await;
    }

    async fn correct(&self, record: &Record) {
        let body = json!({ "service_id": record.id, "reason": "少记了", "proposed": { "minutes": 90 } });
        self.must("PUT", &format!("/corrections/{}", record.correction), &self.kiosk, body).await;
    }
}

impl Subject for Services {
    const FILE: &'static str = "services.txt";
    const STATES: &'static [&'static str] = &[
        "recorded",
        "checked once of twice",
        "published",
        "objected to",
        "confirmed",
        "correction asked",
        "corrected",
        "rejected",
        "reversed",
    ];
    const ACTIONS: &'static [&'static str] = &[
        "read",
        "put again",
        "put otherwise",
        "confirm",
        "reject",
        "reverse",
        "object",
        "uphold objection",
        "dismiss objection",
        "ask for correction",
        "accept correction",
        "refuse correction",
    ];
    type Thing = Record;

    async fn make(&self, state: &str) -> Record {
        let name = json!({ "name": "王建国", "consent": { "record": true, "publish": true } });
        let volunteer = Uuid::now_v7();
        self.must("PUT", &format!("/volunteers/{volunteer}"), &self.recorder, name).await;
        let category = if ["published", "objected to"].contains(&state) { "elderly_care" } else { "patrol" };
        let mut body = self.station.service(volunteer, category, "2026-01-20", 60);
        if state == "checked once of twice" {
            body["evidence"] = json!("back_filled");
            body["reason"] = json!("当时没有网络");
        }
        let record = Record { id: Uuid::now_v7(), body, objection: Uuid::now_v7(), correction: Uuid::now_v7() };
        self.must("PUT", &format!("/services/{}", record.id), &self.recorder, record.body.clone()).await;
        match state {
            "checked once of twice" | "published" | "confirmed" => self.check(&record).await,
            "objected to" => {
                self.check(&record).await;
                self.object(&record).await;
            }
            "correction asked" => {
                self.check(&record).await;
                self.correct(&record).await;
            }
            "corrected" => {
                self.check(&record).await;
                self.correct(&record).await;
                let path = format!("/corrections/{}/accept", record.correction);
                self.must("POST", &path, &self.checker, json!({ "answer": "属实" })).await;
            }
            "rejected" => {
                self.must("POST", &format!("/services/{}/reject", record.id), &self.checker, json!({})).await;
            }
            "reversed" => {
                self.check(&record).await;
                self.must("POST", &format!("/services/{}/reverse", record.id), &self.checker, json!({})).await;
            }
            _ => {}
        }
        record
    }

    async fn act(&self, record: &Record, action: &str, role: &str) -> Answer {
        let service = format!("/services/{}", record.id);
        let objection = format!("{service}/objections/{}/answer", record.objection);
        let correction = format!("/corrections/{}", record.correction);
        let mut other = record.body.clone();
        other["minutes"] = json!(120);
        let (method, path, body) = match action {
            "read" => ("GET", service, Value::Null),
            "put again" => ("PUT", service, record.body.clone()),
            "put otherwise" => ("PUT", service, other),
            "confirm" | "reject" | "reverse" => ("POST", format!("{service}/{action}"), json!({})),
            "object" => ("PUT", format!("{service}/objections/{}", Uuid::now_v7()), json!({ "content": "时间不对" })),
            "uphold objection" => ("POST", objection, json!({ "verdict": "upheld", "answer": "属实" })),
            "dismiss objection" => ("POST", objection, json!({ "verdict": "dismissed", "answer": "不属实" })),
            "ask for correction" => {
                let body = json!({ "service_id": record.id, "reason": "少记了", "proposed": { "minutes": 75 } });
                ("PUT", format!("/corrections/{}", Uuid::now_v7()), body)
            }
            "accept correction" => ("POST", format!("{correction}/accept"), json!({ "answer": "同意" })),
            "refuse correction" => ("POST", format!("{correction}/refuse"), json!({ "answer": "不同意" })),
            other => panic!("nobody knows how to {other}"),
        };
        self.ask(method, &path, self.station.key(role), &body).await
    }

    async fn state_of(&self, record: &Record) -> String {
        let service = self.must("GET", &format!("/services/{}", record.id), &self.checker, Value::Null).await;
        service["status"].as_str().expect("a state").to_owned()
    }
}

#[rstest]
#[tokio::test]
async fn a_service_record_takes_each_action_of_each_role_as_the_table_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    is_pinned(&Services::open(engine).await).await;
}
