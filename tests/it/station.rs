//! A station with its keys, asked through the front door.

use db::Engine;
use serde_json::{Value, json};
use std::collections::HashMap;
use tests::server::{Answer, Server, aixin_prints};
use uuid::Uuid;

pub const ROLES: [&str; 7] = ["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor", "operator"];

/// A served scheme and a key for each role.
pub struct Station {
    pub server: Server,
    pub scheme: String,
    pub keys: HashMap<String, String>,
}

impl Station {
    pub async fn open(engine: Engine, scheme: &str) -> Station {
        let file = format!("{}/data/schemes/{scheme}.toml", env!("CARGO_MANIFEST_DIR"));
        Station::apply(engine, scheme, &file).await
    }

    /// A scheme that the test has written.
    pub async fn written(engine: Engine, scheme: &str, toml: &str) -> Station {
        let file = std::env::temp_dir().join(format!("{}.toml", Uuid::now_v7()));
        std::fs::write(&file, toml).expect("a file");
        let station = Station::apply(engine, scheme, &file.to_string_lossy()).await;
        std::fs::remove_file(&file).expect("it is there");
        station
    }

    /// Served with more options.
    pub async fn served(engine: Engine, scheme: &str, options: &[&str]) -> Station {
        let file = format!("{}/data/schemes/{scheme}.toml", env!("CARGO_MANIFEST_DIR"));
        Station::apply_with(engine, scheme, &file, options).await
    }

    async fn apply(engine: Engine, scheme: &str, file: &str) -> Station {
        Station::apply_with(engine, scheme, file, &[]).await
    }

    async fn apply_with(engine: Engine, scheme: &str, file: &str, options: &[&str]) -> Station {
        let url = tests::fresh_url(engine).await;
        aixin_prints(&url, &["scheme", "apply", file]);
        let key = |role: &str| {
            let team: &[&str] = if role == "leader" { &["--team", "patrol"] } else { &[] };
            aixin_prints(&url, &[&["key", "create", "--scheme", scheme, "--role", role], team].concat())
        };
        let keys = ROLES.iter().map(|role| ((*role).to_owned(), key(role))).collect();
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], options].concat();
        Station { server: Server::start_as(&url, &arguments), scheme: scheme.to_owned(), keys }
    }

    pub fn key(&self, role: &str) -> &str {
        self.keys.get(role).map_or("", String::as_str)
    }

    pub fn path(&self, path: &str) -> String {
        format!("/api/v1/schemes/{}{path}", self.scheme)
    }

    pub async fn put(&self, role: &str, path: &str, body: Value) -> Answer {
        self.server.send("PUT", &self.path(path), self.key(role), body).await
    }

    pub async fn post(&self, role: &str, path: &str, body: Value) -> Answer {
        self.server.send("POST", &self.path(path), self.key(role), body).await
    }

    pub async fn get(&self, role: &str, path: &str) -> Answer {
        self.server.get(&self.path(path), self.key(role)).await
    }

    pub async fn volunteer(&self, name: &str) -> Uuid {
        let id = Uuid::now_v7();
        let body = json!({ "name": name, "consent": { "record": true, "publish": true } });
        self.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
        id
    }

    pub fn service(&self, volunteer: Uuid, category: &str, on: &str, minutes: i64) -> Value {
        json!({
            "volunteer_id": volunteer,
            "category": category,
            "title": "楼道清洁",
            "place": "第一小区",
            "content": "清扫楼道,整理非机动车",
            "organiser": "紫阳社区志愿服务站",
            "person_in_charge": "站长",
            "occurred_on": on,
            "minutes": minutes,
            "evidence": "self_scan",
        })
    }

    /// Records and confirms; answers the confirmation.
    pub async fn serve(&self, volunteer: Uuid, category: &str, on: &str, minutes: i64) -> Value {
        let id = Uuid::now_v7();
        let body = self.service(volunteer, category, on, minutes);
        self.put("staff", &format!("/services/{id}"), body).await.expect(201);
        self.post("reviewer", &format!("/services/{id}/confirm"), json!({})).await.expect(200)
    }

    pub async fn good(&self, price: &str, pieces: i64) -> Uuid {
        let id = Uuid::now_v7();
        let body = json!({ "kind": "good", "name": "洗衣液", "price_points": price });
        self.put("scheme_admin", &format!("/rewards/{id}"), body).await.expect(201);
        let change = json!({ "id": Uuid::now_v7(), "station": "main", "change": pieces, "reason": "进货" });
        self.post("scheme_admin", &format!("/rewards/{id}/stock"), change).await.expect(201);
        id
    }

    pub async fn points(&self, volunteer: Uuid) -> String {
        let balance = self.get("kiosk", &format!("/volunteers/{volunteer}/balance")).await.expect(200);
        balance["points"]["available"].as_str().expect("an amount").to_owned()
    }
}
