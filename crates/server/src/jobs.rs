//! What happens without anybody asking: reservations, points and gifts come to their end, configurations that other processes
//! applied are taken over, checkpoints are signed. Any number of processes may do it at once.

use crate::api::Api;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often each job runs.
#[derive(Debug, Clone, clap::Args)]
pub struct Rhythm {
    /// Seconds between looks at what has expired
    #[arg(long, value_name = "SECONDS", env = "AIXIN_EXPIRY_SECONDS", default_value_t = 60)]
    pub expiry_seconds: u64,

    /// Seconds between signed checkpoints
    #[arg(long, value_name = "SECONDS", env = "AIXIN_CHECKPOINT_SECONDS", default_value_t = 3600)]
    pub checkpoint_seconds: u64,
}

/// Runs until it is aborted, which is harmless at any moment: what it posts is posted wholly or not at all.
pub fn start(api: Data<Api>, rhythm: &Rhythm) -> JoinHandle<()> {
    let mut expiry = tokio::time::interval(Duration::from_secs(rhythm.expiry_seconds.max(1)));
    let mut checkpoint = tokio::time::interval(Duration::from_secs(rhythm.checkpoint_seconds.max(1)));
    expiry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    checkpoint.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        loop {
            let done = tokio::select! {
                _ = expiry.tick() => expire(&api, (api.clock)()).await,
                _ = checkpoint.tick() => sign(&api, (api.clock)()).await,
            };
            if let Err(error) = done {
                tracing::error!(error = format!("{error:#}"), "a job failed; it is tried again");
            }
        }
    })
}

/// What is done once in every rhythm of `expiry_seconds`, done now.
pub async fn once(api: &Api, now: DateTime<Utc>) -> anyhow::Result<()> {
    expire(api, now).await
}

async fn expire(api: &Api, now: DateTime<Utc>) -> anyhow::Result<()> {
    api.limits.forget();
    api.schemes.refresh().await?;
    for code in api.schemes.codes().await? {
        let scheme = api.schemes.get(&code).await?;
        let expired = scheme::expiry::run(&scheme, now).await?;
        if expired != scheme::expiry::Expired::default() {
            let scheme::expiry::Expired { exchanges, lots, gifts, warnings } = expired;
            tracing::info!(scheme = code, exchanges, lots, gifts, warnings, "expired");
        }
        let closed = scheme::presence::close(&scheme, now).await?;
        let told = scheme::activities::tell(&scheme, now).await?;
        if closed + told > 0 {
            tracing::info!(scheme = code, closed, told, "presences looked at, and notices given");
        }
        let told = scheme::rewards::stock::tell(&scheme, now).await?;
        if told > 0 {
            tracing::info!(scheme = code, shelves = told, "told of shelves that ran low or are filled again");
        }
        let settled = scheme::publicity::run(&scheme, now).await?;
        if settled != scheme::publicity::Finality::default() {
            let scheme::publicity::Finality { confirmed, rejected, failed } = settled;
            tracing::info!(scheme = code, confirmed, rejected, failed, "publicity is over");
        }
        let corrections = scheme::corrections::run(&scheme, now).await?;
        if corrections > 0 {
            tracing::info!(scheme = code, corrections, "corrections brought to their end");
        }
        let told = scheme::certificates::applications::tell(&scheme, now).await?;
        if told > 0 {
            tracing::info!(scheme = code, told, "told what became of applications for certificates");
        }
        let gifts = scheme::transfers::finish(&scheme, now).await?;
        if gifts > 0 {
            tracing::info!(scheme = code, gifts, "brought to their end");
        }
        let scheme::wishes::Lapsed { claims, wishes, records } = scheme::wishes::lapse(&scheme, now).await?;
        let posted = scheme::wishes::finish(&scheme, now).await?;
        if claims + wishes + records + posted > 0 {
            tracing::info!(scheme = code, claims, wishes, records, posted, "claims and wishes came to their end");
        }
        let selections = scheme::selections::settle_due(&scheme, now).await?;
        if selections > 0 {
            tracing::info!(scheme = code, selections, "what follows from selections was done");
        }
        let complaints = scheme::complaints::settle_due(&scheme, now).await?;
        if complaints > 0 {
            tracing::info!(scheme = code, complaints, "what follows from complaints was posted");
        }
    }
    Ok(())
}

async fn sign(api: &Api, now: DateTime<Utc>) -> anyhow::Result<()> {
    for code in api.schemes.codes().await? {
        let scheme = api.schemes.get(&code).await?;
        let checkpoint = scheme.book.checkpoint(scheme.signer(), now.timestamp_micros()).await?;
        tracing::info!(scheme = code, size = checkpoint.size, "checkpoint signed");
    }
    Ok(())
}
