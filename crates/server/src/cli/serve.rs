//! `aixin serve`

use crate::api::limits::{Limits, Rates};
use crate::api::{self, Api};
use crate::clock::{Clock, wall_clock};
use crate::jobs::{self, Rhythm};
use crate::papers::{Press, Printing};
use crate::settings::Settings;
use crate::webhooks::{self, Post};
use actix_web::HttpServer;
use actix_web::web::Data;
use anyhow::Context;
use scheme::Schemes;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Serve the REST interface
#[derive(clap::Args)]
#[command(after_help = "Example:\n  aixin serve --database-url sqlite:///var/lib/aixin/aixin.db --listen 0.0.0.0:8080")]
pub struct Args {
    #[command(flatten)]
    settings: Settings,

    #[command(flatten)]
    serving: Serving,
}

#[derive(Debug, Clone, clap::Args)]
pub struct Serving {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", env = "AIXIN_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,

    /// Threads that answer requests; as many as the machine has cores when left out
    #[arg(long, value_name = "N", env = "AIXIN_WORKERS")]
    pub workers: Option<usize>,

    /// Seconds that requests under way get to end when the server is told to stop
    #[arg(long, value_name = "SECONDS", env = "AIXIN_SHUTDOWN_SECONDS", default_value_t = 30)]
    pub shutdown_seconds: u64,

    #[command(flatten)]
    pub rhythm: Rhythm,

    #[command(flatten)]
    pub webhooks: webhooks::Sending,

    #[command(flatten)]
    pub rates: Rates,

    #[command(flatten)]
    pub printing: Printing,
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let clock: Clock = Arc::new(wall_clock);
    let schemes = args.settings.open(clock.clone()).await?;
    serve(schemes, clock, &args.serving, |address| {
        println!("aixin serves http://{address} (try http://{address}/docs)");
    })
    .await
}

/// Serves until it is told to stop by SIGTERM or SIGINT, then ends what is under way and closes the books.
pub async fn serve(
    schemes: Schemes,
    clock: Clock,
    serving: &Serving,
    announce: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    for code in schemes.codes().await? {
        schemes.get(&code).await?;
    }
    let api = {
        let (post, limits) = (Post::new(serving.webhooks.clone())?, Limits::new(&serving.rates));
        Data::new(Api::new(schemes, clock, post, limits).printing_with(Press::new(&serving.printing)?))
    };
    let shared = api.clone();
    let mut server = HttpServer::new(move || api::app(shared.clone()))
        .disable_signals()
        .shutdown_timeout(serving.shutdown_seconds)
        .client_request_timeout(Duration::from_secs(30))
        .keep_alive(Duration::from_secs(75));
    if let Some(workers) = serving.workers {
        server = server.workers(workers);
    }
    let server = server.bind(&serving.listen).with_context(|| format!("cannot listen on {}", serving.listen))?;
    let address = server.addrs().first().copied().context("no address is listened on")?;
    let mut server = server.run();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let jobs = jobs::start(api.clone(), &serving.rhythm);
    let senders = webhooks::start(api.clone());
    announce(address);

    tokio::select! {
        ended = &mut server => ended?,
        _ = terminate.recv() => stop(&api, server).await?,
        _ = interrupt.recv() => stop(&api, server).await?,
    }
    jobs.abort();
    api.stop();
    senders.await?;
    api.schemes.close().await;
    api.schemes.db().close().await;
    Ok(())
}

async fn stop(api: &Api, server: actix_web::dev::Server) -> std::io::Result<()> {
    tracing::info!("stopping: requests under way are brought to an end");
    api.stop();
    let (_, ended) = tokio::join!(server.handle().stop(true), server);
    ended
}
