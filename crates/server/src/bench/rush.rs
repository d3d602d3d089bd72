//! An exchange day: thousands of volunteers with points enough go at once for the last pieces of a reward. Whoever gets one gets it
//! once, nobody gets what is not there, and nobody waits long for a no.

use crate::bench::BenchArgs;
use crate::bench::http::Ask;
use crate::bench::http::connection::Connection;
use crate::bench::http::service::Service;
use crate::bench::scratch::Scratch;
use anyhow::{Context, bail};
use futures::future::try_join_all;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What there is on the shelf.
const PIECES: i64 = 100;

/// How long requests took that ended in the same way, in microseconds.
#[derive(Default)]
struct Times(Vec<u32>);

impl Times {
    fn percentile(&mut self, percent: usize) -> u32 {
        self.0.sort_unstable();
        self.0.get((self.0.len() * percent / 100).min(self.0.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// What became of those who came.
#[derive(Default)]
struct Rush {
    served: Times,
    out_of_stock: Times,
    /// Anything else, with the first of it.
    others: usize,
    first_other: Option<String>,
    elapsed: Duration,
}

pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let scratch = Scratch::make(&args.database_url, 8).await?;
    let done = rounds(args, &scratch).await;
    scratch.remove().await?;
    done
}

async fn rounds(args: &BenchArgs, scratch: &Scratch) -> anyhow::Result<()> {
    let service = Arc::new(Service::start(scratch, args).await?);
    let engine = scratch.db.engine().as_str();
    let people = service.volunteers().len();
    if !args.json {
        println!("exchange day on {engine}: {people} volunteers, {} connections, {PIECES} pieces", args.clients);
        println!("served  out of stock  others  requests/s   no: p50 ms    p99 ms  yes: p50 ms    p99 ms");
    }
    let mut done = Ok(());
    for round in 1..=args.rounds {
        let mut rush = rush(&service, args.clients).await?;
        report(args, engine, round, people, &mut rush);
        if done.is_ok() {
            done = check(&rush, people);
        }
    }
    service.close().await;
    done
}

/// Everybody comes once: `clients` at the same time, and another as soon as one has been answered.
async fn rush(service: &Arc<Service>, clients: u64) -> anyhow::Result<Rush> {
    let reward = service.offer(PIECES).await?;
    let address = service.address(Ask::Exchange);
    let doors = try_join_all((0..clients).map(|_| Connection::open(address))).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let queues: Vec<_> =
        doors.into_iter().map(|door| tokio::spawn(queue(service.clone(), door, next.clone(), reward))).collect();
    let mut all = Rush::default();
    for queue in queues {
        let one = queue.await.context("a client panicked")??;
        all.served.0.extend(one.served.0);
        all.out_of_stock.0.extend(one.out_of_stock.0);
        all.others += one.others;
        all.first_other = all.first_other.or(one.first_other);
    }
    all.elapsed = started.elapsed();
    Ok(all)
}

async fn queue(
    service: Arc<Service>,
    mut door: Connection,
    next: Arc<AtomicUsize>,
    reward: Uuid,
) -> anyhow::Result<Rush> {
    let (mut rush, mut request) = (Rush::default(), Vec::new());
    while let Some(volunteer) = service.volunteers().get(next.fetch_add(1, Ordering::Relaxed)) {
        service.request_of(Ask::Exchange, *volunteer, reward, Uuid::now_v7(), &mut request);
        let asked = Instant::now();
        let status = door.ask(&request).await?;
        let micros = asked.elapsed().as_micros().try_into().unwrap_or(u32::MAX);
        let answer = String::from_utf8_lossy(door.answer());
        match status {
            201 => rush.served.0.push(micros),
            422 if answer.contains("\"code\":\"out_of_stock\"") => rush.out_of_stock.0.push(micros),
            _ => {
                rush.others += 1;
                rush.first_other.get_or_insert(answer.into_owned());
            }
        }
    }
    Ok(rush)
}

fn report(args: &BenchArgs, engine: &str, round: u64, people: usize, rush: &mut Rush) {
    let (served, out_of_stock, others) = (rush.served.0.len(), rush.out_of_stock.0.len(), rush.others);
    let per_second = people as u128 * 1_000_000 / rush.elapsed.as_micros().max(1);
    let [no_50, no_99] = [50, 99].map(|percent| millis(rush.out_of_stock.percentile(percent)));
    let [yes_50, yes_99] = [50, 99].map(|percent| millis(rush.served.percentile(percent)));
    if args.json {
        let line = json!({
            "scenario": "exchange-day", "engine": engine, "clients": args.clients, "round": round, "volunteers": people,
            "served": served, "out_of_stock": out_of_stock, "others": others, "answered_per_second": per_second as u64,
            "refused_p50_ms": no_50, "refused_p99_ms": no_99, "served_p50_ms": yes_50, "served_p99_ms": yes_99,
        });
        println!("{line}");
    } else {
        let refused = format!("{no_50:>11.2} {no_99:>9.2}");
        println!("{served:>6} {out_of_stock:>13} {others:>7} {per_second:>11}  {refused} {yes_50:>12.2} {yes_99:>9.2}");
    }
}

#[expect(clippy::float_arithmetic, reason = "figures for people, of nobody's points")]
fn millis(micros: u32) -> f64 {
    f64::from(micros) / 1000.0
}

/// Exactly as many are served as there were pieces.
fn check(rush: &Rush, people: usize) -> anyhow::Result<()> {
    let expected = people.min(PIECES as usize);
    let (served, refused) = (rush.served.0.len(), rush.out_of_stock.0.len());
    if served != expected || served + refused != people {
        let other = rush.first_other.as_deref().unwrap_or_default();
        bail!("{served} were served and {refused} refused of {people}, with {expected} to be served: {other}");
    }
    Ok(())
}
