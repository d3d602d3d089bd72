//! What was tried, what was given up, and trying by hand.

use crate::api::Api;
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, EventOf, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::events::Event;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use ledger::feed::Wanted;
use scheme::webhooks::{self, Attempt, Dead, Given, WebhookError};
use scheme::{OpenScheme, events};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// One attempt to tell an event.
#[derive(Serialize, ToSchema)]
pub struct Delivery {
    /// Of the event; 0 for a test.
    sequence: i64,
    #[serde(rename = "type")]
    #[schema(example = "exchange.reserved")]
    name: String,
    /// 1 for the first.
    attempt: i64,
    at: DateTime<Utc>,
    /// Microseconds until it was answered, or given up.
    micros: i64,
    /// Answered with 2xx.
    taken: bool,
    /// Of HTTP, if it was answered.
    status: Option<i64>,
    /// Why it was not: `timeout`, `cannot_connect`, `no_answer`, `address_not_allowed`.
    error: Option<String>,
}

impl From<Attempt> for Delivery {
    fn from(attempt: Attempt) -> Delivery {
        let taken = attempt.outcome.is_taken();
        let Attempt { sequence, name, number, at, micros, outcome } = attempt;
        Delivery { sequence, name, attempt: number, at, micros, taken, status: outcome.status, error: outcome.error }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Deliveries {
    /// The newest first; some hundreds are remembered.
    deliveries: Vec<Delivery>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// An event that was given up.
#[derive(Serialize, ToSchema)]
pub struct DeadLetter {
    sequence: i64,
    #[serde(rename = "type")]
    #[schema(example = "exchange.reserved")]
    name: String,
    attempts: i64,
    failing_since: DateTime<Utc>,
    given_up_at: DateTime<Utc>,
    /// Of the last attempt.
    status: Option<i64>,
    error: Option<String>,
}

impl From<Dead> for DeadLetter {
    fn from(dead: Dead) -> DeadLetter {
        let Dead { sequence, name, attempts, failing_since, given_up_at, outcome } = dead;
        DeadLetter {
            sequence,
            name,
            attempts,
            failing_since,
            given_up_at,
            status: outcome.status,
            error: outcome.error,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct DeadLetters {
    /// In the order of the book.
    dead: Vec<DeadLetter>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

/// List the latest attempts to tell a webhook, the newest first
#[utoipa::path(tag = "events", params(DeliveriesQuery), responses((status = 200, body = Deliveries)))]
#[get("/webhooks/{id}/deliveries")]
pub async fn list_deliveries(
    call: Call<may::ListDeliveries, Uuid, Query<DeliveriesQuery>>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(call.input.0.limit, 50, 200)?;
    let list = List::of(&call);
    let ((), before) = list.resume::<(), Given>(call.input.0.cursor.as_deref(), ())?;
    let attempts = webhooks::log(&call.scheme, call.at, before, limit + 1).await?;
    let (attempts, next) = page(attempts, limit, |last| list.next((), Given::from(last)));
    Ok(ok(Deliveries { deliveries: attempts.into_iter().map(Delivery::from).collect(), next }))
}

/// List what a webhook could not be told
#[utoipa::path(tag = "events", params(DeliveriesQuery), responses((status = 200, body = DeadLetters)))]
#[get("/webhooks/{id}/dead")]
pub async fn list_dead(call: Call<may::ListDead, Uuid, Query<DeliveriesQuery>>) -> Result<HttpResponse, Problem> {
    let limit = page_size(call.input.0.limit, 50, 200)?;
    let list = List::of(&call);
    let ((), after) = list.resume::<(), i64>(call.input.0.cursor.as_deref(), ())?;
    let dead = webhooks::dead(&call.scheme, call.at, after.unwrap_or(0), limit + 1).await?;
    let (dead, next) = page(dead, limit, |last| list.next((), last.sequence));
    Ok(ok(DeadLetters { dead: dead.into_iter().map(DeadLetter::from).collect(), next }))
}

/// Try once more to tell what was given up
///
/// At once, and out of turn. What is taken leaves the list.
#[utoipa::path(tag = "events", responses((status = 200, body = Delivery)))]
#[post("/webhooks/{id}/dead/{sequence}/retry")]
pub async fn retry_dead(call: Call<may::RetryDead, EventOf>, api: Data<Api>) -> Result<HttpResponse, Problem> {
    let EventOf { webhook, sequence } = call.at;
    let dead = webhooks::dead(&call.scheme, webhook, sequence.saturating_sub(1), 1).await?;
    let dead = dead.into_iter().find(|dead| dead.sequence == sequence);
    let number = dead.ok_or(WebhookError::NotDead { sequence })?.attempts + 1;
    let page = events::list(&call.scheme, &Wanted::default(), sequence - 1, 1).await?;
    let event = page.events.into_iter().next().ok_or(WebhookError::NotDead { sequence })?;
    let attempt = by_hand(&api, &call.scheme, webhook, event.into(), number, call.now).await?;
    if attempt.outcome.is_taken() {
        webhooks::forget_dead(&call.scheme, webhook, sequence).await?;
    }
    Ok(ok(Delivery::from(attempt)))
}

/// Send a webhook a message of the type `webhook.test`
#[utoipa::path(tag = "events", responses((status = 200, body = Delivery)))]
#[post("/webhooks/{id}/test")]
pub async fn test_webhook(call: Call<may::TestWebhook, Uuid>, api: Data<Api>) -> Result<HttpResponse, Problem> {
    let event = Event::test(call.scheme.config().day_of(call.now), call.now);
    Ok(ok(Delivery::from(by_hand(&api, &call.scheme, call.at, event, 1, call.now).await?)))
}

async fn by_hand(
    api: &Api,
    scheme: &OpenScheme,
    webhook: Uuid,
    event: Event,
    number: i64,
    now: DateTime<Utc>,
) -> Result<Attempt, Problem> {
    let webhook = webhooks::get(scheme, webhook).await?;
    let attempt = api.post.deliver(scheme, &webhook, event, number, now).await;
    webhooks::remember(scheme, webhook.id, attempt.clone()).await?;
    Ok(attempt)
}
