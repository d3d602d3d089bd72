//! The real program as a process: started, asked over HTTP, killed.

use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

/// The binary, built like the tests themselves, so that it is never older than the source.
pub fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--workspace", "--bins", "--quiet"]).current_dir(root);
        // What cargo tells a test of its own crate would make build scripts that look at it run anew, and all that depends on them.
        let of_this_crate = |name: &&std::ffi::OsString| {
            ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix))
        };
        for name in std::env::vars_os().map(|(name, _)| name).filter(|name| of_this_crate(&name)) {
            build.env_remove(name);
        }
        let built = build.status();
        assert!(built.is_ok_and(|status| status.success()), "the program builds");
        let test = std::env::current_exe().expect("this test has a path");
        let folder = test.parent().and_then(|deps| deps.parent()).expect("target/debug/deps/test");
        folder.join("aixin")
    })
}

/// A client that could speak TLS: which library does so must be said once in a process, as the program itself does.
pub fn client() -> reqwest::Client {
    // Another may have said so before, and said the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// Runs a command on a database, to its end.
pub fn aixin(url: &str, arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).env("AIXIN_DATABASE_URL", url).output().expect("the program runs")
}

/// As [`aixin`], which must succeed; what it printed, without the line's end.
pub fn aixin_prints(url: &str, arguments: &[&str]) -> String {
    let output = aixin(url, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text").trim_end().to_owned()
}

pub struct Server {
    child: Child,
    pub base: String,
    pub url: String,
    client: reqwest::Client,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub replayed: bool,
    pub content_type: String,
    pub headers: HashMap<String, String>,
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// The body, if the status is the one expected.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// The stable code of a problem, if the answer is one, by its form and by its status.
    pub fn problem(self, status: u16) -> String {
        assert_eq!((self.status, self.content_type.as_str()), (status, "application/problem+json"), "{}", self.text);
        assert_eq!(self.body["status"], status, "{}", self.text);
        self.body["code"].as_str().expect("a problem has a code").to_owned()
    }
}

impl Server {
    /// Starts `aixin serve` on a free port.
    pub fn start(url: &str) -> Server {
        Server::start_as(url, &["serve", "--listen", "127.0.0.1:0"])
    }

    /// Starts a serving command; it prints where it listens.
    pub fn start_as(url: &str, arguments: &[&str]) -> Server {
        let mut child = Command::new(binary())
            .args(arguments)
            .env("AIXIN_DATABASE_URL", url)
            .env("AIXIN_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let address = lines.find_map(|line| address_in(&line.expect("it prints text")));
        let base = address.expect("it says where it listens before it ends");
        // What it prints later must be taken off it, or it would wait.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, base, url: url.to_owned(), client: client() }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) -> String {
        // It may be dead already, which is as well.
        let _ = self.child.kill();
        self.child.wait().expect("it has ended");
        self.url.clone()
    }

    /// SIGTERM, and how it ended.
    pub fn stop(mut self) -> std::process::ExitStatus {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()), "it can be told to stop");
        self.child.wait().expect("it ends")
    }

    /// A request, or the reason why there was no answer.
    pub async fn try_send(&self, method: &str, path: &str, key: &str, body: Option<&Value>) -> reqwest::Result<Answer> {
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(body);
        }
        read(request.send().await?).await
    }

    pub async fn send(&self, method: &str, path: &str, key: &str, body: Value) -> Answer {
        self.try_send(method, path, key, Some(&body)).await.expect("an answer")
    }

    pub async fn get(&self, path: &str, key: &str) -> Answer {
        self.try_send("GET", path, key, None).await.expect("an answer")
    }

    /// A file: status, name, and bytes.
    pub async fn file(&self, path: &str, key: &str) -> (u16, String, Vec<u8>) {
        let asked = self.client.get(format!("{}{path}", self.base)).bearer_auth(key);
        let response = asked.send().await.expect("an answer");
        let name = response.headers().get("content-disposition").and_then(|name| name.to_str().ok());
        let (status, name) = (response.status().as_u16(), name.unwrap_or_default().to_owned());
        (status, name, response.bytes().await.expect("a file").to_vec())
    }

    /// As a browser sends a form.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base));
        let encoded = reqwest::Url::parse_with_params("http://form/", fields).expect("fields");
        let body = encoded.query().unwrap_or_default().to_owned();
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        read(request.send().await.expect("an answer")).await.expect("an answer")
    }

    /// Any bytes.
    pub async fn send_bytes(&self, method: &str, path: &str, key: &str, kind: &str, body: Vec<u8>) -> Answer {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(key);
        let answer = request.header("content-type", kind).body(body).send().await.expect("an answer");
        read(answer).await.expect("an answer")
    }

    /// A body that need not be JSON.
    pub async fn send_text(&self, method: &str, path: &str, key: &str, kind: &str, body: String) -> Answer {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(key);
        let answer = request.header("content-type", kind).body(body).send().await.expect("an answer");
        read(answer).await.expect("an answer")
    }
}

async fn read(response: reqwest::Response) -> reqwest::Result<Answer> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (replayed, content_type) = (header("idempotency-replayed") == "true", header("content-type"));
    let status = response.status().as_u16();
    let told = response.headers().iter();
    let told = told.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let headers = told.collect();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer { status, replayed, content_type, headers, body, text })
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed or stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_in(line: &str) -> Option<String> {
    let from = line.find("http://")?;
    let address = &line[from..];
    let end = address.find([' ', ',', ')']).unwrap_or(address.len());
    Some(address[..end].trim_end_matches('/').to_owned())
}
