//! The REST interface under load: a server of this process, asked over loopback connections that stay open.

pub mod connection;
pub mod service;

use crate::bench::BenchArgs;
use crate::bench::scratch::Scratch;
use connection::Connection;
use ledger::baseline::load::{Random, Round};
use service::Service;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What a client asks, over and over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// A reservation of one piece by a volunteer picked at random.
    Exchange,
    /// The balance of a volunteer picked at random.
    Balance,
    /// A fixed text as long as a balance: what the web framework alone can do.
    Constant,
}

/// A server under load.
pub struct Http {
    ask: Ask,
    service: Arc<Service>,
}

impl Http {
    /// A server on `scratch`, with volunteers who have points and a reward with pieces; or the one that `--http` names.
    pub async fn open(scratch: &Scratch, args: &BenchArgs, asks: &[Ask]) -> anyhow::Result<Vec<Http>> {
        let service = Arc::new(match &args.http {
            None => Service::start(scratch, args).await?,
            Some(url) => Service::at(url, &args.scheme, &args.key).await?,
        });
        Ok(asks.iter().map(|ask| Http { ask: *ask, service: service.clone() }).collect())
    }

    /// Keeps `clients` connections busy for `time`.
    pub async fn run(&self, clients: u64, time: Duration, seed: u64) -> Round {
        let before = self.service.counters();
        let start = Instant::now();
        let calling = (0..clients).map(|number| {
            let random = Random(seed.wrapping_mul(0x1_0000_0001) ^ number << 40 ^ 0x5851);
            tokio::spawn(call(self.service.clone(), self.ask, random, start + time))
        });
        let mut round = Round::default();
        for caller in calling.collect::<Vec<_>>() {
            match caller.await {
                Ok(Ok(of_caller)) => round.add(of_caller),
                Ok(Err(error)) => fail(&mut round, error.to_string()),
                Err(error) => fail(&mut round, error.to_string()),
            }
        }
        round.elapsed = start.elapsed();
        let after = self.service.counters();
        (round.batches, round.batched) = (after.0 - before.0, after.1 - before.1);
        round.latencies.sort_unstable();
        round
    }

    pub async fn close(&self) {
        self.service.close().await;
    }
}

fn fail(round: &mut Round, error: String) {
    round.errors += 1;
    round.first_error.get_or_insert(error);
}

async fn call(service: Arc<Service>, ask: Ask, mut random: Random, until: Instant) -> anyhow::Result<Round> {
    let mut connection = Connection::open(service.address(ask)).await?;
    let mut round = Round::default();
    let mut request = Vec::new();
    while Instant::now() < until {
        service.request(ask, &mut random, Uuid::now_v7(), &mut request);
        let asked = Instant::now();
        let status = connection.ask(&request).await?;
        round.latencies.push(asked.elapsed().as_micros().try_into().unwrap_or(u32::MAX));
        match status {
            200 | 201 => round.committed += 1,
            409 | 422 => round.rejected += 1,
            other => fail(&mut round, format!("status {other}")),
        }
    }
    // A reservation is a posting of points and one of the piece.
    round.postings = if ask == Ask::Exchange { round.committed * 2 } else { 0 };
    Ok(round)
}
