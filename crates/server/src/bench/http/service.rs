//! The server that is measured, and what it holds.

use super::Ask;
use crate::api::limits::Limits;
use crate::api::{self, Api};
use crate::bench::BenchArgs;
use crate::bench::scratch::Scratch;
use crate::clock::{Clock, wall_clock};
use crate::webhooks::{self, Post};
use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, anyhow, bail};
use futures::{StreamExt, TryStreamExt};
use ledger::baseline::load::Random;
use ledger::{Account, Action, Draft, Key, Leg, Source, Unit};
use scheme::keys::{self, NewKey};
use scheme::rewards::{self, Kind, RewardDetails, StockChange};
use scheme::volunteers::{self, Consent, VolunteerDetails};
use scheme::{OpenScheme, Role, Schemes, Settings};
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use uuid::Uuid;

const SCHEME: &str = include_str!("../../../../../tests/data/schemes/ziyang.toml");
/// A volunteer is a transaction and an entry, so there are fewer than accounts of the ledger alone.
const VOLUNTEERS_MAX: u64 = 5_000;
/// Volunteers that are made at the same time.
const TOGETHER: usize = 24;
const ENOUGH: i64 = 1_000_000_000;

pub struct Service {
    /// `None` when the server that is measured was there before.
    own: Option<Own>,
    servers: Vec<ServerHandle>,
    address: SocketAddr,
    constant: SocketAddr,
    /// Code of the scheme.
    scheme: String,
    key: String,
    volunteers: Vec<Uuid>,
    reward: Uuid,
}

struct Own {
    api: Data<Api>,
    scheme: Arc<OpenScheme>,
}

impl Service {
    pub async fn start(scratch: &Scratch, args: &BenchArgs) -> anyhow::Result<Service> {
        let clock: Clock = Arc::new(wall_clock);
        let settings = Settings {
            clock: Arc::new(|| wall_clock().timestamp_micros()),
            signing_key: None,
            origin: "aixin.bench".to_owned(),
        };
        let schemes = Schemes::open(scratch.db.clone(), settings).await?;
        let code = schemes.apply(SCHEME, wall_clock()).await?.code;
        let scheme = schemes.get(&code).await?;
        let new = NewKey::of_scheme(&code, Role::Kiosk, "bench");
        let key = keys::create(&schemes, new, wall_clock()).await?.secret;
        let volunteers = volunteers(&scheme, if args.hot { 1 } else { args.accounts.clamp(1, VOLUNTEERS_MAX) }).await?;
        let reward = reward(&scheme, ENOUGH).await?;
        let api = Data::new(Api::new(schemes, clock, Post::new(webhooks::Sending::default())?, Limits::none()));
        let shared = api.clone();
        let server = HttpServer::new(move || api::app(shared.clone())).disable_signals().bind("127.0.0.1:0")?;
        let address = server.addrs()[0];
        let server = server.run();
        let (constant, other) = constant()?;
        let servers = vec![server.handle(), other];
        tokio::spawn(server);
        let code = scheme.book.code().to_owned();
        let own = Some(Own { api, scheme });
        Ok(Service { own, servers, address, constant, scheme: code, key, volunteers, reward })
    }

    /// A server that is there: its volunteers are read, and nothing is written.
    pub async fn at(url: &str, scheme: &str, key: &str) -> anyhow::Result<Service> {
        let url = reqwest::Url::parse(url).context("the server's address is not understood")?;
        let address = *url.socket_addrs(|| None)?.first().context("the server's address leads nowhere")?;
        let list = url.join(&format!("/api/v1/schemes/{scheme}/volunteers?limit=100"))?;
        let answer = reqwest::Client::new().get(list).bearer_auth(key).send().await?;
        let answer: Value = answer.error_for_status()?.json().await?;
        let listed = answer["volunteers"].as_array().cloned().unwrap_or_default();
        let volunteers: Vec<Uuid> = listed.iter().filter_map(|one| one["id"].as_str()?.parse().ok()).collect();
        if volunteers.is_empty() {
            bail!("the scheme has no volunteers whose balance could be asked for");
        }
        let (constant, other) = constant()?;
        let (own, servers, reward) = (None, vec![other], Uuid::nil());
        let (scheme, key) = (scheme.to_owned(), key.to_owned());
        Ok(Service { own, servers, address, constant, scheme, key, volunteers, reward })
    }

    pub fn address(&self, ask: Ask) -> SocketAddr {
        if ask == Ask::Constant { self.constant } else { self.address }
    }

    pub fn counters(&self) -> (u64, u64) {
        let counters = self.own.as_ref().map(|own| own.scheme.book.counters());
        counters.map_or((0, 0), |counters| (counters.batches, counters.entries))
    }

    /// Writes the bytes of a request.
    pub fn request(&self, ask: Ask, random: &mut Random, id: Uuid, request: &mut Vec<u8>) {
        let volunteer = self.volunteers[random.below(self.volunteers.len() as u64) as usize];
        self.request_of(ask, volunteer, self.reward, id, request);
    }

    pub fn volunteers(&self) -> &[Uuid] {
        &self.volunteers
    }

    /// Puts so many pieces of a new reward on the shelf.
    pub async fn offer(&self, pieces: i64) -> anyhow::Result<Uuid> {
        let own = self.own.as_ref().context("it is offered by a server of this process")?;
        reward(&own.scheme, pieces).await
    }

    /// Writes the bytes of a request of this volunteer.
    pub fn request_of(&self, ask: Ask, volunteer: Uuid, reward: Uuid, id: Uuid, request: &mut Vec<u8>) {
        request.clear();
        let (scheme, key) = (&self.scheme, &self.key);
        let head = format!("HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n");
        let written = match ask {
            // The same bytes are asked for both: what is compared is what becomes of them.
            Ask::Constant | Ask::Balance => {
                write!(request, "GET /api/v1/schemes/{scheme}/volunteers/{volunteer}/balance {head}\r\n")
            }
            Ask::Exchange => {
                let body = format!(r#"{{"volunteer_id":"{volunteer}","reward_id":"{reward}"}}"#);
                let length = body.len();
                write!(
                    request,
                    "PUT /api/v1/schemes/{scheme}/exchanges/{id} {head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                )
            }
        };
        written.expect("memory takes all bytes");
    }

    pub async fn close(&self) {
        for server in &self.servers {
            server.stop(false).await;
        }
        if let Some(own) = &self.own {
            own.api.schemes.close().await;
        }
    }
}

/// A server that answers one text, as long as the balance of a volunteer with one lot.
fn constant() -> anyhow::Result<(SocketAddr, ServerHandle)> {
    let text =
        r#"{"hours":"0","minutes":0,"points":{"available":"99999999.9","held":"0.1","expiring":[]},"as_of":123456}"#;
    let answer = move || async move { HttpResponse::Ok().content_type("application/json").body(text) };
    let server = HttpServer::new(move || App::new().default_service(web::to(answer))).disable_signals();
    let server = server.bind("127.0.0.1:0")?;
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok((address, handle))
}

/// Volunteers with points to spend, put there by an entry of their own: no rule is measured here.
async fn volunteers(scheme: &OpenScheme, count: u64) -> anyhow::Result<Vec<Uuid>> {
    let making = futures::stream::iter((0..count).map(|number| volunteer(scheme, number)));
    making.buffer_unordered(TOGETHER).try_collect().await
}

async fn volunteer(scheme: &OpenScheme, number: u64) -> anyhow::Result<Uuid> {
    let id = Uuid::now_v7();
    let details = VolunteerDetails {
        name: format!("志愿者{number}"),
        consent: Consent { record: true, publish: false },
        ..VolunteerDetails::default()
    };
    volunteers::put(scheme, id, details, None, wall_clock()).await.context("a volunteer is registered")?;
    let to = Account::holding(Key::new(format!("volunteer/{id}/points")), Unit::Points);
    let from = Source::Account(Account::system("scheme/issued", Unit::Points));
    let draft = Draft {
        id: Uuid::now_v7(),
        kind: "bench.endowed",
        effective_on: scheme.config().day_of(wall_clock()),
        party: Some(id),
        document_id: None,
        action: Action::Post(vec![Leg { from, to, amount: ENOUGH }]),
        document: serde_json::Map::new(),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    };
    scheme.book.post(draft).await?.result.map_err(|rejection| anyhow!("{rejection}"))?;
    Ok(id)
}

async fn reward(scheme: &OpenScheme, pieces: i64) -> anyhow::Result<Uuid> {
    let id = Uuid::now_v7();
    let details = RewardDetails::plain(Kind::Good, "肥皂", 1);
    let by = scheme::Operator::machine(Uuid::nil(), Role::SchemeAdmin, "bench");
    rewards::put(scheme, id, details, None, &by, wall_clock()).await?;
    let change = StockChange {
        id: Uuid::now_v7(),
        reward_id: id,
        station: "main".to_owned(),
        change: pieces,
        reason: "bench".to_owned(),
    };
    rewards::change_stock(scheme, change, &by, wall_clock()).await?;
    Ok(id)
}
