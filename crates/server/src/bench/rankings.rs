//! How long rankings and statistics take in a city: a million volunteers, ten services of each in a year, asked over HTTP.
//!
//! What is read are totals, so totals are what is written, set by set: the book has no entry behind them, and `aixin verify` would
//! say so. What is posted while it is measured goes through the book as everything does.

mod city;

use crate::api::limits::Limits;
use crate::api::{self, Api};
use crate::bench::BenchArgs;
use crate::bench::http::connection::Connection;
use crate::bench::scratch::Scratch;
use crate::clock::{Clock, wall_clock};
use crate::webhooks::{self, Post};
use actix_web::HttpServer;
use actix_web::web::Data;
use anyhow::{Context, ensure};
use chrono::Datelike;
use ledger::baseline::load::Random;
use scheme::keys::{self, NewKey};
use scheme::rules::Evidence;
use scheme::services::{self, ServiceDetails};
use scheme::{OpenScheme, Operator, Role, Schemes, Settings};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often each question is asked; those that read more, less often.
const ASKED: usize = 200;
const ASKED_LESS: usize = 20;

pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let scratch = Scratch::make(&args.database_url, 16).await?;
    let done = measure(args, &scratch).await;
    scratch.remove().await?;
    done
}

async fn measure(args: &BenchArgs, scratch: &Scratch) -> anyhow::Result<()> {
    let schemes = Schemes::open(scratch.db.clone(), settings()).await?;
    let code = schemes.apply(&super::lists::configuration()?, wall_clock()).await?.code;
    let scheme = schemes.get(&code).await?;
    let begun = Instant::now();
    city::fill(&scheme, args.volunteers, scheme.config().day_of(wall_clock())).await?;
    let written = begun.elapsed();
    let new = NewKey::of_scheme(&code, Role::Auditor, "bench");
    let key = keys::create(&schemes, new, wall_clock()).await?.secret;
    let clock: Clock = Arc::new(wall_clock);
    let api = Data::new(Api::new(schemes, clock, Post::new(webhooks::Sending::default())?, Limits::none()));
    let shared = api.clone();
    let server = HttpServer::new(move || api::app(shared.clone())).disable_signals().bind("127.0.0.1:0")?;
    let address = *server.addrs().first().context("the server has an address")?;
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    let city = City {
        address,
        key,
        code: code.clone(),
        volunteers: args.volunteers,
        engine: scratch.db.engine().as_str(),
        json: args.json,
    };
    city.say(&format!("{} volunteers, written in {} s", args.volunteers, written.as_secs()));
    let measured = city.measure(&scheme, Duration::from_secs(args.seconds.max(1))).await;
    handle.stop(false).await;
    api.schemes.close().await;
    drop((scheme, api));
    measured?;
    // As `aixin report` does it: in a process that keeps no boards.
    let schemes = Schemes::open(scratch.reopened().await?, settings()).await?;
    let measured = super::selection::measure(&*schemes.get(&code).await?, args).await;
    schemes.close().await;
    measured
}

fn settings() -> Settings {
    Settings {
        clock: Arc::new(|| wall_clock().timestamp_micros()),
        signing_key: None,
        origin: "aixin.bench".to_owned(),
    }
}

struct City {
    address: SocketAddr,
    key: String,
    code: String,
    volunteers: u64,
    engine: &'static str,
    json: bool,
}

/// What is asked over HTTP.
#[derive(Clone, Copy)]
enum Ask {
    Units,
    TopOfUnit,
    Rank,
    RankInUnit,
    TopOfMonth,
    Statistics,
    StatisticsOfUnit,
    Participation,
}

impl Ask {
    fn name(self) -> &'static str {
        match self {
            Ask::Units => "a list of units, to warm up",
            Ask::TopOfUnit => "top 100 of a unit",
            Ask::Rank => "one volunteer's rank",
            Ask::RankInUnit => "one volunteer's rank in a street",
            Ask::TopOfMonth => "top 100 of a unit in a month",
            Ask::Statistics => "statistics of the year",
            Ask::StatisticsOfUnit => "statistics of a street",
            Ask::Participation => "participation of a street",
        }
    }

    fn path(self, random: &mut Random, volunteers: u64, year: i32) -> String {
        let unit = match random.below(3) {
            0 => super::lists::street(random),
            1 => super::lists::community(random),
            _ => super::lists::grid(random),
        };
        let street = super::lists::street(random);
        let volunteer = super::lists::volunteer(random.below(volunteers));
        match self {
            Ask::Units => "/units?limit=1".to_owned(),
            Ask::TopOfUnit => format!("/rankings/{year}?unit={unit}&limit=100"),
            Ask::Rank => format!("/volunteers/{volunteer}/rank?year={year}"),
            Ask::RankInUnit => format!("/volunteers/{volunteer}/rank?year={year}&unit={street}"),
            Ask::TopOfMonth => format!("/rankings/{year}?month=1&unit={unit}&limit=100"),
            Ask::Statistics => format!("/statistics?from={year}-01-01"),
            Ask::StatisticsOfUnit => format!("/statistics?from={year}-01-01&unit={street}"),
            Ask::Participation => format!("/units/{street}/participation?year={year}&capacity=serving"),
        }
    }
}

impl City {
    async fn measure(&self, scheme: &Arc<OpenScheme>, time: Duration) -> anyhow::Result<()> {
        let before = resident();
        // So that the first time of what is measured is not that of the server itself.
        self.ask(Ask::Units, 1, false).await?;
        for (ask, times) in [
            (Ask::TopOfUnit, ASKED),
            (Ask::Rank, ASKED),
            (Ask::RankInUnit, ASKED),
            (Ask::TopOfMonth, ASKED),
            (Ask::Participation, ASKED_LESS),
            (Ask::Statistics, ASKED_LESS),
            (Ask::StatisticsOfUnit, ASKED_LESS),
        ] {
            self.ask(ask, times, true).await?;
        }
        if let (Some(before), Some(after)) = (before, resident()) {
            let (before, after) = (before >> 20, after >> 20);
            match self.json {
                true => println!("{}", json!({ "engine": self.engine, "resident_mib": after, "before_mib": before })),
                false => println!("{:<34} {after} MiB, {before} before the first question", "memory"),
            }
        }
        self.while_posting(scheme, time).await
    }

    /// The same while services are recorded and confirmed without a pause.
    async fn while_posting(&self, scheme: &Arc<OpenScheme>, time: Duration) -> anyhow::Result<()> {
        let (is_over, posted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let posting: Vec<_> = (0..4)
            .map(|nth| {
                let (scheme, is_over, posted) = (scheme.clone(), is_over.clone(), posted.clone());
                let mut random = Random(99 + nth);
                let volunteers = self.volunteers;
                tokio::spawn(async move {
                    while !is_over.load(Ordering::Relaxed) {
                        post(&scheme, super::lists::volunteer(random.below(volunteers))).await?;
                        posted.fetch_add(1, Ordering::Relaxed);
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        let begun = Instant::now();
        self.say("while services are confirmed:");
        while begun.elapsed() < time {
            for (ask, times) in [(Ask::TopOfUnit, ASKED), (Ask::Rank, ASKED), (Ask::Statistics, 3)] {
                self.ask(ask, times, false).await?;
            }
        }
        is_over.store(true, Ordering::Relaxed);
        for posting in posting {
            posting.await??;
        }
        let (posted, took) = (posted.load(Ordering::Relaxed), begun.elapsed());
        let each_second = u128::from(posted) * 1000 / took.as_millis().max(1);
        match self.json {
            true => println!("{}", json!({ "engine": self.engine, "confirmed": posted, "each_second": each_second })),
            false => println!("{:<34} {posted} in {} s", "confirmed meanwhile", took.as_secs()),
        }
        Ok(())
    }

    /// Asks many times, with other values each time, and tells how long it took; the first time apart when it is `cold`.
    async fn ask(&self, ask: Ask, times: usize, cold: bool) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.address).await?;
        let (mut random, year) = (Random(7), wall_clock().year());
        let mut took = Vec::with_capacity(times);
        for _ in 0..=times {
            let path = ask.path(&mut random, self.volunteers, year);
            let (code, key) = (&self.code, &self.key);
            let request = format!(
                "GET /api/v1/schemes/{code}{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
            );
            let asked = Instant::now();
            let status = connection.ask(request.as_bytes()).await?;
            took.push(asked.elapsed());
            let answer = || String::from_utf8_lossy(connection.answer()).into_owned();
            ensure!(status == 200, "{path}: {}", answer());
            ensure!(!answer().contains("\"holds\":false"), "{path}: {}", answer());
        }
        let first = took.remove(0);
        took.sort();
        let at = |part: usize| took[(took.len() * part / 100).min(took.len() - 1)].as_micros();
        let (p50, p99) = (at(50), at(99));
        let ms = |us: u128| format!("{}.{:02}", us / 1000, us % 1000 / 10);
        if self.json {
            let first = cold.then_some(first.as_micros());
            let (engine, name) = (self.engine, ask.name());
            println!("{}", json!({ "engine": engine, "asked": name, "p50_us": p50, "p99_us": p99, "first_us": first }));
        } else {
            let first = if cold { format!(", the first {} ms", ms(first.as_micros())) } else { String::new() };
            println!("{:<34} p50 {} ms, p99 {} ms{first}", ask.name(), ms(p50), ms(p99));
        }
        Ok(())
    }

    fn say(&self, line: &str) {
        if !self.json {
            println!("{}: {line}", self.engine);
        }
    }
}

/// Bytes of memory that the process has, where the system tells.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
}

/// Records and confirms an hour of today.
async fn post(scheme: &OpenScheme, volunteer: Uuid) -> anyhow::Result<()> {
    let (id, now) = (Uuid::now_v7(), wall_clock());
    let details = ServiceDetails {
        volunteer_id: volunteer,
        category: "environment".to_owned(),
        title: "垃圾分类值守".to_owned(),
        place: "海悦居民区".to_owned(),
        content: "桶前值守".to_owned(),
        organiser: "海悦居委会".to_owned(),
        person_in_charge: "负责人".to_owned(),
        recipient: None,
        occurred_on: scheme.config().day_of(now),
        started_at: None,
        ended_at: None,
        minutes: Some(60),
        evidence: Evidence::SelfScan,
        level: None,
        role: None,
        count: None,
        filing_number: None,
        activity_id: None,
        unit: None,
        team: None,
        corrects: None,
        reason: None,
    };
    let by =
        |name: u128, role| Operator::machine(Uuid::from_u128(name), role, if name == 1 { "desk" } else { "office" });
    services::put(scheme, id, details, &by(1, Role::Staff), now).await?;
    services::confirm(scheme, id, &by(2, Role::Reviewer), now).await?;
    Ok(())
}
