//! One sender: sends what waits for one webhook, in order, until there is no more, or the receiver does not take it.

use super::Post;
use crate::api::Api;
use crate::clock::Clock;
use ledger::feed::Wanted;
use rand::RngExt;
use scheme::OpenScheme;
use scheme::events;
use scheme::webhooks::{self, Attempt, Dead, Lease, Progress, Webhook};
use std::time::{Duration, Instant};

/// Events that are read together.
const PAGE: i64 = 100;
/// Between reports: what a crash makes to be sent again.
const REPORT: Duration = Duration::from_millis(250);

/// Sends until nothing is left, and gives the lease back.
pub async fn send(api: &Api, scheme: &OpenScheme, lease: Lease) -> anyhow::Result<()> {
    let sender = Sender { post: &api.post, clock: &api.clock, scheme, lease };
    let sent = tokio::select! {
        // What is under way is let go, and sent again by whoever comes next.
        () = api.stopping() => Ok(()),
        sent = sender.stream() => sent,
    };
    webhooks::release(scheme, lease).await?;
    sent
}

struct Sender<'s> {
    post: &'s Post,
    clock: &'s Clock,
    scheme: &'s OpenScheme,
    lease: Lease,
}

/// Whether there is a reason to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    Stop,
}

impl Sender<'_> {
    async fn stream(&self) -> anyhow::Result<()> {
        loop {
            let webhook = webhooks::get(self.scheme, self.lease.webhook).await?;
            if !webhook.details.enabled || webhook.due_at > (self.clock)() {
                return Ok(());
            }
            let wanted = Wanted { kinds: webhook.details.kinds(), party: None };
            let page = events::list(self.scheme, &wanted, webhook.sent, PAGE).await?;
            if page.last == webhook.sent || self.page(&webhook, page).await? == Next::Stop {
                return Ok(());
            }
        }
    }

    async fn page(&self, webhook: &Webhook, page: events::Page) -> anyhow::Result<Next> {
        let mut progress = Progress { from: webhook.sent, to: webhook.sent, ..Progress::default() };
        let mut reported = Instant::now();
        let mut failed = webhook.attempts;
        for event in page.events {
            let now = (self.clock)();
            let sequence = event.sequence;
            let attempt = self.post.deliver(self.scheme, webhook, event.into(), failed + 1, now).await;
            let is_taken = attempt.outcome.is_taken();
            progress.attempts.push(attempt.clone());
            if !is_taken {
                return self.refused(webhook, progress, attempt, failed).await;
            }
            (progress.to, failed) = (sequence, 0);
            if reported.elapsed() >= REPORT {
                if self.report(&progress).await? == Next::Stop {
                    return Ok(Next::Stop);
                }
                progress = Progress { from: sequence, to: sequence, ..Progress::default() };
                reported = Instant::now();
            }
        }
        progress.to = page.last;
        self.report(&progress).await
    }

    /// The event waits for its next attempt, or is given up, and the stream goes on behind it.
    async fn refused(
        &self,
        webhook: &Webhook,
        mut progress: Progress,
        attempt: Attempt,
        failed: i64,
    ) -> anyhow::Result<Next> {
        let (settings, now) = (&self.post.settings, (self.clock)());
        let since = webhook.failing_since.filter(|_| failed > 0).unwrap_or(attempt.at);
        if attempt.number >= settings.webhook_attempts || now - since >= settings.give_up_after() {
            progress.to = attempt.sequence;
            progress.dead = Some(Dead {
                sequence: attempt.sequence,
                name: attempt.name,
                attempts: attempt.number,
                failing_since: since,
                given_up_at: now,
                outcome: attempt.outcome,
            });
            tracing::warn!(webhook = %webhook.id, sequence = attempt.sequence, "an event was given up");
            self.post.count(self.scheme, |counts| counts.given_up += 1);
            return self.report(&progress).await;
        }
        let pause = settings.pause(attempt.number, rand::rng().random());
        progress.failing = Some((attempt.number, since, now + pause));
        self.report(&progress).await?;
        Ok(Next::Stop)
    }

    async fn report(&self, progress: &Progress) -> anyhow::Result<Next> {
        let time = self.post.settings.lease();
        let is_kept = webhooks::report(self.scheme, self.lease, progress, time, (self.clock)()).await?;
        Ok(if is_kept { Next::Go } else { Next::Stop })
    }
}
