//! The way in: a client with a key per role, that takes no answer but the one expected.

use anyhow::{Context, ensure};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Requests under way at once.
const AT_ONCE: usize = 48;

pub struct Door {
    client: reqwest::Client,
    base: String,
    /// By what each is called here: mostly its role.
    keys: BTreeMap<&'static str, String>,
    asked: AtomicU64,
}

/// A request, and the status that its answer has to have.
pub struct Ask {
    pub who: &'static str,
    pub method: &'static str,
    pub path: String,
    pub body: Value,
    pub status: u16,
}

impl Ask {
    pub fn put(who: &'static str, path: String, body: Value) -> Ask {
        Ask { who, method: "PUT", path, body, status: 201 }
    }

    pub fn post(who: &'static str, path: String, body: Value) -> Ask {
        Ask { who, method: "POST", path, body, status: 200 }
    }

    pub fn get(who: &'static str, path: String) -> Ask {
        Ask { who, method: "GET", path, body: Value::Null, status: 200 }
    }

    pub fn refused(self, status: u16) -> Ask {
        Ask { status, ..self }
    }
}

impl Door {
    /// Makes a key for everybody who acts, through the interface as well.
    pub async fn open(base: &str, scheme: &str, operator: &str) -> anyhow::Result<Door> {
        let client = reqwest::Client::builder().pool_max_idle_per_host(AT_ONCE).build()?;
        let base = base.to_owned();
        let mut door = Door { client, base, keys: BTreeMap::new(), asked: AtomicU64::new(0) };
        door.keys.insert("operator", operator.to_owned());
        let people = [
            ("kiosk", "kiosk"),
            ("staff", "staff"),
            ("leader", "leader"),
            ("reviewer", "reviewer"),
            ("second", "reviewer"),
            ("scheme_admin", "scheme_admin"),
            ("auditor", "auditor"),
        ];
        for (who, role) in people {
            let team = (role == "leader").then_some("team-1");
            let body =
                json!({ "scheme": scheme, "role": role, "team": team, "person": who, "name": format!("demo {who}") });
            let made = door.ask(Ask { status: 201, ..Ask::post("operator", "/api/v1/keys".to_owned(), body) }).await?;
            let secret = made["secret"].as_str().context("a key has a secret")?;
            door.keys.insert(who, secret.to_owned());
        }
        door.base = format!("{}/api/v1/schemes/{scheme}", door.base);
        Ok(door)
    }

    /// How many requests there were.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    pub async fn ask(&self, ask: Ask) -> anyhow::Result<Value> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let method = reqwest::Method::from_bytes(ask.method.as_bytes())?;
        let key = self.keys.get(ask.who).context("everybody who acts has a key")?;
        let request = self.client.request(method, format!("{}{}", self.base, ask.path)).bearer_auth(key);
        let request = if ask.body.is_null() { request } else { request.json(&ask.body) };
        let answer = request.send().await.with_context(|| format!("{} {}", ask.method, ask.path))?;
        let (status, text) = (answer.status().as_u16(), answer.text().await?);
        ensure!(status == ask.status, "{} {} as {}: {status} {text}", ask.method, ask.path, ask.who);
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Many at once; the answers in the order of the requests.
    pub async fn ask_all(&self, asks: Vec<Ask>) -> anyhow::Result<Vec<Value>> {
        stream::iter(asks.into_iter().map(|ask| self.ask(ask))).buffered(AT_ONCE).try_collect().await
    }

    pub fn print_keys(&self) {
        for (who, secret) in &self.keys {
            println!("  {who:12}  {secret}");
        }
    }
}
