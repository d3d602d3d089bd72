//! The scenarios, and who takes part in each.

use crate::bench::contest::{self, Contender, How};
use crate::bench::http::{Ask, Http};
use crate::bench::report::Report;
use crate::bench::scratch::Scratch;
use crate::bench::{Baseline, BenchArgs, Scenario};
use crate::clock::wall_clock;
use anyhow::anyhow;
use ledger::baseline::limit::Limit;
use ledger::baseline::load::{self, Poster, World};
use ledger::baseline::naive::{self, Naive};
use ledger::projection::NoProjection;
use ledger::{Book, BookOptions, Micros};
use std::sync::Arc;

/// Entries of the book that counts as new in the comparison with a large one.
const NEW: u64 = 100_000;
/// Callers that fill a large book.
const FILLERS: u64 = 2048;

pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let scratch = Scratch::make(&args.database_url, naive::TOGETHER as u32 + 2).await?;
    let done = compare(args, &scratch).await;
    scratch.remove().await?;
    done
}

async fn compare(args: &BenchArgs, scratch: &Scratch) -> anyhow::Result<()> {
    let report = Report::new(args, scratch.db.engine());
    let plain = World { accounts: args.accounts, mix: args.mix(), hot: args.hot, repeats: false };
    let clients = args.clients;
    let ledger = async |name, world| ledger(scratch, name, world, clients).await;
    let mut grown = None;
    let mut contenders = match args.scenario() {
        Scenario::Posting => with_baselines(args, scratch, plain, clients).await?,
        Scenario::Hot => {
            vec![
                ledger("ledger", World { hot: false, ..plain }).await?,
                ledger("hot", World { hot: true, ..plain }).await?,
            ]
        }
        Scenario::Alone => with_baselines(args, scratch, plain, 1).await?,
        Scenario::Repeats => {
            vec![ledger("ledger", plain).await?, ledger("repeats", World { repeats: true, ..plain }).await?]
        }
        Scenario::HttpExchange => {
            let mut contenders = http(args, scratch, &[("http", Ask::Exchange)]).await?;
            contenders.push(ledger("ledger", plain).await?);
            contenders
        }
        Scenario::HttpBalance => http(args, scratch, &[("http", Ask::Balance), ("constant", Ask::Constant)]).await?,
        Scenario::ExchangeDay => unreachable!("it is no comparison: `rush` runs it"),
        Scenario::Growth => {
            let new = ledger("new", plain).await?;
            fill(&new, NEW).await?;
            let large = grown.insert(Scratch::make(&args.database_url, 4).await?);
            let large = self::ledger(large, "large", plain, clients).await?;
            fill(&large, args.growth.unwrap_or(10_000_000)).await?;
            vec![new, large]
        }
    };
    let held = contest::hold(&mut contenders, args.rounds, args.turn(), &report).await;
    for contender in &contenders {
        match &contender.how {
            How::Posting(Poster::Ledger(book)) => book.close().await,
            How::Http(http) => http.close().await,
            How::Posting(Poster::Naive(_)) | How::Limit(_) => {}
        }
    }
    if let Some(grown) = grown {
        grown.remove().await?;
    }
    held?;
    report.medians(&contenders);
    Ok(())
}

async fn with_baselines(
    args: &BenchArgs,
    scratch: &Scratch,
    world: World,
    clients: u64,
) -> anyhow::Result<Vec<Contender>> {
    let mut contenders = vec![ledger(scratch, "ledger", world, clients).await?];
    if matches!(args.baseline, Baseline::Naive | Baseline::All) {
        book(scratch, "naive", &world).await?.close().await;
        let naive = Arc::new(Naive::open(&scratch.db, "naive", Box::new(micros)).await?);
        contenders.push(Contender::new("naive", How::Posting(Poster::Naive(naive)), world, clients));
    }
    if matches!(args.baseline, Baseline::Limit | Baseline::All) {
        book(scratch, "limit", &world).await?.close().await;
        let limit = Box::new(Limit::open(&scratch.db, "limit").await?);
        contenders.push(Contender::new("limit", How::Limit(limit), world, 1));
    }
    Ok(contenders)
}

async fn http(args: &BenchArgs, scratch: &Scratch, asks: &[(&'static str, Ask)]) -> anyhow::Result<Vec<Contender>> {
    let plain = World { accounts: args.accounts, mix: args.mix(), hot: args.hot, repeats: false };
    let servers = Http::open(scratch, args, &asks.iter().map(|(_, ask)| *ask).collect::<Vec<_>>()).await?;
    let contender =
        |((name, _), http): (&(&'static str, Ask), Http)| Contender::new(name, How::Http(http), plain, args.clients);
    Ok(asks.iter().zip(servers).map(contender).collect())
}

async fn ledger(scratch: &Scratch, name: &'static str, world: World, clients: u64) -> anyhow::Result<Contender> {
    let book = book(scratch, name, &world).await?;
    Ok(Contender::new(name, How::Posting(Poster::Ledger(book)), world, clients))
}

/// A book of its own, with all accounts open.
async fn book(scratch: &Scratch, name: &str, world: &World) -> anyhow::Result<Book> {
    let options = BookOptions::new(Arc::new(micros));
    let book = Book::open(&scratch.db, name, Arc::new(NoProjection), options).await?;
    load::open_accounts(&book, world).await.map_err(|error| anyhow!(error))?;
    Ok(book)
}

async fn fill(contender: &Contender, entries: u64) -> anyhow::Result<()> {
    let How::Posting(poster) = &contender.how else { return Ok(()) };
    eprintln!("posting {entries} entries to the {} book …", contender.name);
    load::fill(poster, &contender.world, FILLERS, entries).await.map_err(|error| anyhow!(error))
}

fn micros() -> Micros {
    wall_clock().timestamp_micros()
}
