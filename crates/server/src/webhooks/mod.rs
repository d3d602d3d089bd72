//! Webhooks: events are posted to the addresses that asked for them, each in the order of the book, at least once.
//!
//! Any number of processes may do it at once: who sends to a webhook holds its lease, writes down every quarter of a second how far
//! it has come, and stops when the lease or the place in the stream is not its own any more. A process that dies leaves both behind;
//! when the lease is over, another goes on where the stream was last written down.

mod message;
mod sender;
mod target;

pub use message::{Message, encoded};
pub use target::{Flaw, Targets};

use crate::api::Api;
use actix_web::web::Data;
use scheme::OpenScheme;
use scheme::webhooks;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

/// How events are posted.
#[derive(Debug, Clone, clap::Args)]
pub struct Sending {
    /// Where webhooks may lead: `public` is https to addresses of the internet; `private` is anywhere, http included
    #[arg(long, value_enum, value_name = "WHERE", env = "AIXIN_WEBHOOK_TARGETS", default_value = "public")]
    webhook_targets: Targets,

    /// Seconds before each new attempt for an event that was not taken; the last one is repeated
    #[arg(
        long,
        value_name = "SECONDS",
        env = "AIXIN_WEBHOOK_BACKOFF",
        value_delimiter = ',',
        default_value = "5,30,120,600,3600,21600"
    )]
    webhook_backoff: Vec<u32>,

    /// Attempts after which an event is given up
    #[arg(long, value_name = "N", env = "AIXIN_WEBHOOK_ATTEMPTS", default_value_t = 20)]
    webhook_attempts: i64,

    /// Hours after which an event is given up
    #[arg(long, value_name = "HOURS", env = "AIXIN_WEBHOOK_GIVE_UP_HOURS", default_value_t = 72)]
    webhook_give_up_hours: u32,

    /// Seconds that a receiver has to answer
    #[arg(long, value_name = "SECONDS", env = "AIXIN_WEBHOOK_TIMEOUT_SECONDS", default_value_t = 10)]
    webhook_timeout_seconds: u32,

    /// Seconds after which another process goes on when one that was sending says nothing any more
    #[arg(long, value_name = "SECONDS", env = "AIXIN_WEBHOOK_LEASE_SECONDS", default_value_t = 60)]
    webhook_lease_seconds: u32,

    /// Webhooks that are sent to at the same moment
    #[arg(long, value_name = "N", env = "AIXIN_WEBHOOK_SENDERS", default_value_t = 16)]
    webhook_senders: u32,
}

impl Default for Sending {
    fn default() -> Sending {
        Sending {
            webhook_targets: Targets::Public,
            webhook_backoff: vec![5, 30, 120, 600, 3600, 21600],
            webhook_attempts: 20,
            webhook_give_up_hours: 72,
            webhook_timeout_seconds: 10,
            webhook_lease_seconds: 60,
            webhook_senders: 16,
        }
    }
}

impl Sending {
    pub fn targets(&self) -> Targets {
        self.webhook_targets
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.webhook_timeout_seconds.max(1).into())
    }

    /// Longer than a report can be apart from the next.
    fn lease(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.webhook_lease_seconds.max(self.webhook_timeout_seconds.max(1) + 2).into())
    }

    fn give_up_after(&self) -> chrono::Duration {
        chrono::Duration::hours(self.webhook_give_up_hours.into())
    }

    /// The pause after `failed` attempts, within a fifth of what is set, so that many do not come back at the same moment.
    fn pause(&self, failed: i64, random: u32) -> chrono::Duration {
        let place = usize::try_from(failed - 1).unwrap_or(0).min(self.webhook_backoff.len().saturating_sub(1));
        let seconds = i64::from(self.webhook_backoff.get(place).copied().unwrap_or(60));
        chrono::Duration::milliseconds(seconds * i64::from(800 + random % 401))
    }
}

/// Posts events, and counts what came of it.
pub struct Post {
    pub settings: Sending,
    client: reqwest::Client,
    counts: Mutex<BTreeMap<String, Counts>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    taken: u64,
    refused: u64,
    given_up: u64,
}

impl Post {
    pub fn new(settings: Sending) -> reqwest::Result<Post> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("Aixin/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(settings.timeout().min(Duration::from_secs(5)))
            .timeout(settings.timeout())
            .dns_resolver(Arc::new(target::Resolver { targets: settings.targets() }))
            .build()?;
        Ok(Post { settings, client, counts: Mutex::default() })
    }

    fn count(&self, scheme: &OpenScheme, of: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        of(counts.entry(scheme.book.code().to_owned()).or_default());
    }

    /// In the text format of Prometheus: what this process has sent, and how the streams stand.
    pub async fn metrics(&self, api: &Api) -> anyhow::Result<String> {
        use std::fmt::Write;
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::from("# TYPE aixin_webhook_attempts_total counter\n");
        for (scheme, Counts { taken, refused, given_up }) in counts {
            for (outcome, count) in [("taken", taken), ("failed", refused), ("given_up", given_up)] {
                let name = "aixin_webhook_attempts_total";
                writeln!(text, "{name}{{scheme=\"{scheme}\",outcome=\"{outcome}\"}} {count}")?;
            }
        }
        for name in ["behind", "failing", "dead"] {
            writeln!(text, "# TYPE aixin_webhook_{name} gauge")?;
        }
        for code in api.schemes.codes().await? {
            let scheme = api.schemes.get(&code).await?;
            let size = scheme.book.standings(&[]).await?.size;
            let webhooks::Figures { behind, failing, dead } = webhooks::standing(&scheme, size).await?;
            for (name, figure) in [("behind", behind), ("failing", failing), ("dead", dead)] {
                writeln!(text, "aixin_webhook_{name}{{scheme=\"{code}\"}} {figure}")?;
            }
        }
        Ok(text)
    }
}

/// Between looks for events that wait to be sent.
const LOOK: Duration = Duration::from_millis(250);

/// Sends until the server is told to stop, and then ends what is under way. It may be aborted at any moment: what was not written
/// down is sent again.
pub fn start(api: Data<Api>) -> JoinHandle<()> {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::spawn(async move {
        let permits = Arc::new(Semaphore::new(api.post.settings.webhook_senders.max(1) as usize));
        let mut sending = JoinSet::new();
        loop {
            tokio::select! {
                () = api.stopping() => break,
                _ = looks.tick() => {
                    if let Err(error) = look(&api, &permits, &mut sending).await {
                        tracing::error!(error = format!("{error:#}"), "webhooks could not be looked at; it is tried again");
                    }
                }
            }
            while sending.try_join_next().is_some() {}
        }
        while sending.join_next().await.is_some() {}
    })
}

/// Starts a sender for each webhook that has something to send and no sender.
async fn look(api: &Data<Api>, permits: &Arc<Semaphore>, sending: &mut JoinSet<()>) -> anyhow::Result<()> {
    for code in api.schemes.codes().await? {
        let scheme = api.schemes.get(&code).await?;
        let size = scheme.book.standings(&[]).await?.size;
        for id in webhooks::due(&scheme, size, (api.clock)()).await? {
            let Ok(permit) = permits.clone().try_acquire_owned() else { return Ok(()) };
            let time = api.post.settings.lease();
            let lease = webhooks::lease(&scheme, id, Uuid::now_v7(), time, (api.clock)()).await?;
            let Some(lease) = lease else { continue };
            let (api, scheme) = (api.clone(), scheme.clone());
            sending.spawn(async move {
                if let Err(error) = sender::send(&api, &scheme, lease).await {
                    tracing::error!(error = format!("{error:#}"), webhook = %lease.webhook, "a webhook's stream is tried again");
                }
                drop(permit);
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_as_set_and_are_spread() {
        let settings = Sending { webhook_backoff: vec![5, 30], ..Sending::default() };
        let pause = |failed, random| settings.pause(failed, random).num_milliseconds();
        assert_eq!([pause(1, 0), pause(1, 200), pause(1, 400), pause(1, 401)], [4_000, 5_000, 6_000, 4_000]);
        assert_eq!([pause(2, 200), pause(3, 200), pause(1000, 200)], [30_000; 3]);
        let none = Sending { webhook_backoff: vec![0], ..Sending::default() };
        assert_eq!(none.pause(1, 7).num_milliseconds(), 0);
    }
}
