//! Webhooks: who is told of events by a message to an address of their own.

mod deliveries;

use crate::api::Api;
use crate::api::answers::{ok, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, Json, MaybeJson};
use crate::api::error::{Problem, Text};
use crate::api::events::kinds_of;
use crate::webhooks::{Flaw, encoded};
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post, put};
use chrono::{DateTime, Duration, Utc};
use scheme::volunteers::Written;
use scheme::webhooks::{self, WebhookDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_webhook)
        .service(get_webhook)
        .service(list_webhooks)
        .service(disable_webhook)
        .service(rotate_webhook)
        .service(replay_webhook)
        .service(deliveries::test_webhook)
        .service(deliveries::list_deliveries)
        .service(deliveries::list_dead)
        .service(deliveries::retry_dead);
}

/// Who is to be told of what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// `https`, of the internet; what else is allowed, the operator decides.
    #[schema(example = "https://receiver.example.org/aixin")]
    url: String,
    /// Names of types and groups such as `exchange.*`; all when left out.
    #[serde(default)]
    #[schema(example = json!(["exchange.*", "points.expiring"]))]
    types: Vec<String>,
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
    /// The first event that a new webhook is told of; what happens from now on when left out. Later, `replay` does it.
    from_sequence: Option<i64>,
}

fn yes() -> bool {
    true
}

#[derive(Serialize, ToSchema)]
pub struct Webhook {
    id: Uuid,
    url: String,
    types: Vec<String>,
    enabled: bool,
    /// Events of its types up to this sequence were taken, or given up.
    sent: i64,
    /// Attempts that have failed for the next event.
    attempts: i64,
    failing_since: Option<DateTime<Utc>>,
    /// When it is failing: the next attempt.
    next_attempt_at: Option<DateTime<Utc>>,
    /// Until when messages are signed with the secret before, too.
    old_secret_until: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Shown when it is made or renewed, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    secret: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Webhooks {
    /// The oldest first.
    webhooks: Vec<Webhook>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

impl Webhook {
    fn new(webhook: webhooks::Webhook, now: DateTime<Utc>) -> Webhook {
        let is_failing = webhook.attempts > 0;
        Webhook {
            id: webhook.id,
            url: webhook.details.url,
            types: webhook.details.types,
            enabled: webhook.details.enabled,
            sent: webhook.sent,
            attempts: webhook.attempts,
            failing_since: webhook.failing_since,
            next_attempt_at: is_failing.then_some(webhook.due_at),
            old_secret_until: webhook.old_secret_until.filter(|until| now < *until),
            version: webhook.version,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            secret: None,
        }
    }
}

/// Subscribe to events, or change a subscription
///
/// The answer that makes it has the `secret`. Messages are signed as Standard Webhooks has it, and sent in the order of the
/// book; what is not taken with 2xx within ten seconds is sent again, and holds back what comes after it.
#[utoipa::path(
    tag = "events",
    request_body = NewWebhook,
    responses((status = 201, body = Webhook), (status = 200, body = Webhook))
)]
#[put("/webhooks/{id}")]
async fn put_webhook(
    call: Call<may::PutWebhook, Uuid, Json<NewWebhook>>,
    api: Data<Api>,
) -> Result<HttpResponse, Problem> {
    let expected = call.expected_version();
    let NewWebhook { url, mut types, enabled, from_sequence } = call.input.0;
    api.post.settings.targets().check(&url).map_err(refused)?;
    types.sort_unstable();
    types.dedup();
    kinds_of(&types, "/types")?;
    let details = WebhookDetails { url, types, enabled };
    let (webhook, how) = webhooks::put(&call.scheme, call.at, details, from_sequence, expected, call.now).await?;
    let secret = (how == Written::Created).then(|| encoded(&webhook.secret(&call.scheme)));
    let version = webhook.version;
    Ok(written(how, version, Webhook { secret, ..Webhook::new(webhook, call.now) }))
}

fn refused(flaw: Flaw) -> Problem {
    let (code, text) = match flaw {
        Flaw::Malformed => ("invalid_url", Text::new("不是可用的网址", "not an address that messages can be sent to")),
        Flaw::NotHttps => ("not_https", Text::new("须以 https:// 开头", "it must begin with https://")),
        Flaw::NotPublic => {
            ("address_not_allowed", Text::new("不能是内网地址", "it must not be an address inside a network"))
        }
    };
    Problem::invalid_value("/url", code, &text.zh, &text.en)
}

/// Read a webhook, and how far it has come
#[utoipa::path(tag = "events", responses((status = 200, body = Webhook)))]
#[get("/webhooks/{id}")]
async fn get_webhook(call: Call<may::GetWebhook, Uuid>) -> Result<HttpResponse, Problem> {
    let webhook = webhooks::get(&call.scheme, call.at).await?;
    Ok(versioned(webhook.version, Webhook::new(webhook, call.now)))
}

/// List webhooks
#[utoipa::path(tag = "events", responses((status = 200, body = Webhooks)))]
#[get("/webhooks")]
async fn list_webhooks(call: Call<may::ListWebhooks>) -> Result<HttpResponse, Problem> {
    let webhooks = webhooks::list(&call.scheme).await?;
    let webhooks = webhooks.into_iter().map(|webhook| Webhook::new(webhook, call.now)).collect();
    Ok(ok(Webhooks { webhooks, next: None }))
}

/// Stop telling a webhook
///
/// It stays where it is in the stream; enabled again by `PUT`, it goes on from there.
#[utoipa::path(tag = "events", responses((status = 200, body = Webhook)))]
#[delete("/webhooks/{id}")]
async fn disable_webhook(call: Call<may::DisableWebhook, Uuid>) -> Result<HttpResponse, Problem> {
    let known = webhooks::get(&call.scheme, call.at).await?;
    let details = WebhookDetails { enabled: false, ..known.details };
    let expected = call.expected_version();
    let (webhook, how) = webhooks::put(&call.scheme, call.at, details, None, expected, call.now).await?;
    Ok(written(how, webhook.version, Webhook::new(webhook, call.now)))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Hours for which messages are signed with the old secret, too, up to 720; 24 when left out.
    #[schema(example = 24)]
    old_secret_hours: Option<u32>,
}

/// Draw a new secret for a webhook
///
/// Until the old one is over, each message carries both signatures, so that the receiver can change at its leisure.
#[utoipa::path(tag = "events", request_body = Rotation, responses((status = 200, body = Webhook)))]
#[post("/webhooks/{id}/rotate")]
async fn rotate_webhook(call: Call<may::RotateWebhook, Uuid, MaybeJson<Rotation>>) -> Result<HttpResponse, Problem> {
    let overlap = Duration::hours(call.input.0.old_secret_hours.unwrap_or(24).into());
    let webhook = webhooks::rotate(&call.scheme, call.at, overlap, call.now).await?;
    let secret = Some(encoded(&webhook.secret(&call.scheme)));
    Ok(versioned(webhook.version, Webhook { secret, ..Webhook::new(webhook, call.now) }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The first event that is told again.
    #[schema(example = 4711)]
    from_sequence: i64,
}

/// Tell a webhook everything again from a sequence on
#[utoipa::path(tag = "events", request_body = Replay, responses((status = 200, body = Webhook)))]
#[post("/webhooks/{id}/replay")]
async fn replay_webhook(call: Call<may::ReplayWebhook, Uuid, Json<Replay>>) -> Result<HttpResponse, Problem> {
    let webhook = webhooks::replay(&call.scheme, call.at, call.input.0.from_sequence, call.now).await?;
    Ok(versioned(webhook.version, Webhook::new(webhook, call.now)))
}
