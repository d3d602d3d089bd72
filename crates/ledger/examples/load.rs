//! Temporary driver. `load URL clients seconds rounds mix[+hot][+repeats] contenders...`
use ledger::baseline::load::*;
use ledger::baseline::{limit::Limit, naive::Naive};
use ledger::projection::NoProjection;
use ledger::{Book, BookOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn clock() -> Arc<dyn Fn() -> i64 + Send + Sync> {
    let s = Instant::now();
    Arc::new(move || 1_800_000_000_000_000 + s.elapsed().as_micros() as i64)
}

fn median(mut v: Vec<u64>) -> u64 {
    v.sort();
    v[v.len() / 2]
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (url, clients, secs, rounds): (&str, u64, f64, u64) =
        (&a[1], a[2].parse().unwrap(), a[3].parse().unwrap(), a[4].parse().unwrap());
    let world_of = |s: &str| World {
        accounts: 100_000,
        mix: if s.contains("earn") {
            Mix::Earn
        } else if s.contains("mixed") {
            Mix::Mixed
        } else {
            Mix::Exchange
        },
        hot: s.contains("hot"),
        repeats: s.contains("repeats"),
    };
    let db = db::Db::open(url, &db::Options { readers: 32, ..Default::default() }).await.unwrap();
    db.migrate().await.unwrap();
    let batch: usize = std::env::var("BATCH").ok().map_or(1024, |b| b.parse().unwrap());
    let t = Instant::now();
    let open = async |code: &str| {
        Book::open(&db, code, Arc::new(NoProjection), BookOptions { batch, ..BookOptions::new(clock()) }).await.unwrap()
    };
    let pid = std::process::id();
    enum C {
        Ours(Poster),
        Naive(Poster),
        Limit(Limit),
    }
    let mut cs = vec![];
    for spec in &a[5..] {
        let (who, what) = spec.split_once(':').unwrap();
        let code = format!("{spec}-{pid}");
        let book = open(&code).await;
        let world = world_of(what);
        open_accounts(&book, &world).await.unwrap();
        let c = match who {
            "naive" => {
                book.close().await;
                C::Naive(Poster::Naive(Arc::new(
                    Naive::open(
                        &db,
                        &code,
                        Box::new({
                            let c = clock();
                            move || c()
                        }),
                    )
                    .await
                    .unwrap(),
                )))
            }
            "limit" => {
                book.close().await;
                C::Limit(Limit::open(&db, &code).await.unwrap())
            }
            _ => C::Ours(Poster::Ledger(book)),
        };
        cs.push((spec.clone(), world, c, vec![], vec![]));
    }
    eprintln!("setup {:?}", t.elapsed());
    let mut batch = clients.min(1024);
    for round in 0..rounds {
        for (spec, world, c, rates, p50s) in &mut cs {
            let time = Duration::from_secs_f64(secs);
            let r = match c {
                C::Ours(p) => {
                    let r = run(p, world, clients, time, round + 7).await;
                    batch = (r.batched / r.batches.max(1)).max(1);
                    r
                }
                C::Naive(p) => run(p, world, clients, time, round + 7).await,
                C::Limit(l) => l.run(world, batch, time, round + 7).await.unwrap(),
            };
            println!(
                "{spec:24} {:>7}/s postings {:>7}/s answered {:>7} p50 {:>7}us p99 {:>7}us rej {} err {} replay {} batch {} {}",
                r.per_second(r.committed),
                r.per_second(r.postings),
                r.per_second(r.committed + r.replayed),
                r.percentile(50),
                r.percentile(99),
                r.rejected,
                r.errors,
                r.replayed,
                r.batched.checked_div(r.batches).unwrap_or(0),
                r.first_error.clone().unwrap_or_default()
            );
            if round > 0 || rounds == 1 {
                rates.push(r.per_second(r.committed + r.replayed));
                p50s.push(u64::from(r.percentile(50)));
            }
        }
    }
    let base = median(cs[0].3.clone());
    for (spec, _, _, rates, p50s) in &cs {
        println!(
            "== {spec:24} median {}  first/this {:.2}  p50 {}",
            median(rates.clone()),
            base as f64 / median(rates.clone()) as f64,
            median(p50s.clone())
        );
    }
}
