//! Somebody who is told of events: an HTTP server that remembers what it got, and answers as the test says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What was posted.
#[derive(Debug, Clone)]
pub struct Message {
    pub headers: HashMap<String, String>,
    pub body: String,
    pub json: Value,
}

impl Message {
    pub fn sequence(&self) -> i64 {
        self.json["sequence"].as_i64().expect("a sequence")
    }

    /// Which of the signatures were made with `secret`, worked out by hand: RFC 2104 over SHA-256.
    pub fn signed_with(&self, secret: &str) -> Vec<bool> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret's prefix")).expect("base64");
        assert_eq!(key.len(), 32);
        let pad = |byte: u8| (0..64).map(|place| key.get(place).copied().unwrap_or(0) ^ byte).collect::<Vec<u8>>();
        let signed = format!("{}.{}.{}", self.headers["webhook-id"], self.headers["webhook-timestamp"], self.body);
        let inner = Sha256::digest([pad(0x36), signed.into_bytes()].concat());
        let outer = Sha256::digest([pad(0x5c), inner.to_vec()].concat());
        let expected = format!("v1,{}", STANDARD.encode(outer));
        self.headers["webhook-signature"].split(' ').map(|signature| signature == expected).collect()
    }
}

/// The status that a message is answered with, after a while; `None`: the connection is cut.
pub type Answer = Arc<dyn Fn(&Message, usize) -> Option<u16> + Send + Sync>;

pub struct Receiver {
    pub url: String,
    seen: Arc<Mutex<Vec<Message>>>,
}

impl Receiver {
    /// `answer` is told the message, and how many messages of its sequence have come, this one included.
    pub async fn start(pause: Duration, answer: Answer) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook?from=aixin", listener.local_addr().expect("an address"));
        let seen: Arc<Mutex<Vec<Message>>> = Arc::default();
        let kept = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, pause, answer.clone(), kept.clone()));
            }
        });
        Receiver { url, seen }
    }

    pub async fn taking_all() -> Receiver {
        Receiver::start(Duration::ZERO, Arc::new(|_, _| Some(204))).await
    }

    pub fn seen(&self) -> Vec<Message> {
        self.seen.lock().expect("no test panics here").clone()
    }

    pub fn sequences(&self) -> Vec<i64> {
        self.seen().iter().map(Message::sequence).collect()
    }

    /// Waits until `enough` says so of what has come.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let seen = self.seen();
            if enough(&seen) {
                return seen;
            }
            assert!(Instant::now() < until, "{what} does not come: {:?}", self.sequences());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn until_sequence(&self, sequence: i64) -> Vec<Message> {
        let has_come = |seen: &[Message]| seen.iter().any(|message| message.sequence() == sequence);
        self.until(&format!("sequence {sequence}"), has_come).await
    }
}

async fn serve(stream: TcpStream, pause: Duration, answer: Answer, kept: Arc<Mutex<Vec<Message>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let message = read(&mut stream).await?;
        let status = {
            let mut kept = kept.lock().expect("no test panics here");
            kept.push(message.clone());
            let times = kept.iter().filter(|one| one.sequence() == message.sequence()).count();
            answer(&message, times)
        };
        tokio::time::sleep(pause).await;
        let head = format!("HTTP/1.1 {} Told\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", status?);
        stream.get_mut().write_all(head.as_bytes()).await.ok()?;
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Message> {
    let (mut headers, mut line) = (HashMap::new(), String::new());
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    assert!(line.starts_with("POST /hook?from=aixin "), "{line}");
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).expect("UTF-8");
    let json = serde_json::from_str(&body).expect("JSON");
    Some(Message { headers, body, json })
}
