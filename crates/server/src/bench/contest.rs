//! Contenders that take turns.

use crate::bench::http::Http;
use crate::bench::report::Report;
use ledger::baseline::limit::Limit;
use ledger::baseline::load::{self, Poster, Round, World};
use std::time::Duration;

pub struct Contender {
    pub name: &'static str,
    pub how: How,
    pub world: World,
    pub clients: u64,
    pub rounds: Vec<Round>,
}

pub enum How {
    Posting(Poster),
    Http(Http),
    /// Writes batches as large as those of the ledger in the same round.
    Limit(Box<Limit>),
}

impl Contender {
    pub fn new(name: &'static str, how: How, world: World, clients: u64) -> Contender {
        Contender { name, how, world, clients, rounds: Vec::new() }
    }

    async fn turn(&mut self, batch: u64, time: Duration, seed: u64) -> anyhow::Result<Round> {
        Ok(match &mut self.how {
            How::Posting(poster) => load::run(poster, &self.world, self.clients, time, seed).await,
            How::Http(http) => http.run(self.clients, time, seed).await,
            How::Limit(limit) => limit.run(&self.world, batch, time, seed).await?,
        })
    }
}

/// Lets everybody warm up, and then take turns for `rounds` rounds.
pub async fn hold(contenders: &mut [Contender], rounds: u64, time: Duration, report: &Report) -> anyhow::Result<()> {
    let mut batch = 1;
    for round in 0..=rounds {
        let time = if round == 0 { time / 3 } else { time };
        for contender in &mut *contenders {
            let result = contender.turn(batch, time, round).await?;
            if let Some(mean) = result.batched.checked_div(result.batches) {
                batch = mean.max(1);
            }
            if round > 0 {
                report.turn(round, contender, &result);
                contender.rounds.push(result);
            }
        }
    }
    Ok(())
}
