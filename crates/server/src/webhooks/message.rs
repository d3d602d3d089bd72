//! One message: an event, signed as Standard Webhooks has it, and posted once.

use super::Post;
use super::target::NotAllowed;
use crate::api::events::Event;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use scheme::OpenScheme;
use scheme::webhooks::{Attempt, Outcome, Secret, Webhook};
use serde::Serialize;
use sha2::Sha256;
use std::time::Instant;
use utoipa::ToSchema;

/// What is posted to a webhook: an event, as the feed has it, and of which scheme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookMessage)]
pub struct Message {
    /// Code of the scheme.
    #[schema(example = "ziyang")]
    pub scheme: String,
    /// When the event was recorded.
    pub timestamp: DateTime<Utc>,
    #[serde(flatten)]
    pub event: Event,
}

/// A secret as receivers keep it.
pub fn encoded(secret: &Secret) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// `v1,…` for each secret, parted by spaces.
fn signatures(secrets: &[Secret], id: &str, timestamp: i64, body: &str) -> String {
    let sign = |secret: &Secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

impl Post {
    /// Posts a message, the `number`-th time.
    pub async fn deliver(
        &self,
        scheme: &OpenScheme,
        webhook: &Webhook,
        event: Event,
        number: i64,
        now: DateTime<Utc>,
    ) -> Attempt {
        let (sequence, name, id) = (event.sequence, event.name.clone(), event.id.to_string());
        let message = Message { scheme: scheme.book.code().to_owned(), timestamp: event.recorded_at, event };
        let body = serde_json::to_string(&message).expect("a message is plain data");
        let signature = signatures(&webhook.secrets(scheme, now), &id, now.timestamp(), &body);
        let started = Instant::now();
        let outcome = match self.settings.targets().check(&webhook.details.url) {
            // The settings may have changed since it was subscribed.
            Err(_) => Outcome { status: None, error: Some("address_not_allowed".to_owned()) },
            Ok(url) => {
                let request = self.client.post(url).header("content-type", "application/json");
                let request = request.header("webhook-id", id).header("webhook-timestamp", now.timestamp());
                let answer = request.header("webhook-signature", signature).body(body).send().await;
                match answer {
                    Ok(answer) => Outcome { status: Some(answer.status().as_u16().into()), error: None },
                    Err(error) => Outcome { status: None, error: Some(reason(&error).to_owned()) },
                }
            }
        };
        let micros = started.elapsed().as_micros().try_into().unwrap_or(i64::MAX);
        let is_taken = outcome.is_taken();
        self.count(scheme, |counts| if is_taken { counts.taken += 1 } else { counts.refused += 1 });
        Attempt { sequence, name, number, at: now, micros, outcome }
    }
}

/// Why there was no answer, in a word: what the library says may hold the address.
fn reason(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotAllowed>() {
            return "address_not_allowed";
        }
        cause = error.source();
    }
    match error {
        error if error.is_timeout() => "timeout",
        error if error.is_connect() => "cannot_connect",
        _ => "no_answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn messages_are_signed_as_the_specification_has_it() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{body}").as_bytes());
        let expected = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(STANDARD.encode(mac.finalize().into_bytes()), expected);

        // With the secret padded by zeros to 32 bytes, HMAC is the same.
        let mut secret = [0; 32];
        secret[..key.len()].copy_from_slice(&key);
        let signed = signatures(&[secret, [7; 32]], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        let (present, old) = signed.split_once(' ').unwrap();
        assert_eq!(present, format!("v1,{expected}"));
        assert!(old.starts_with("v1,") && old != present);
        assert_eq!(encoded(&[0; 32]), "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    }
}
