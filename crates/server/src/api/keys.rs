//! API keys: made, listed and revoked by operators.

use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{AdminCall, Json};
use crate::api::error::{Code, Problem};
use crate::api::words::same_words;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use scheme::keys;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(create_key).service(list_keys).service(revoke_key);
}

/// What a key may do.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Its station: balance, statement, rewards, exchanges.
    Kiosk,
    /// Volunteers, service records, hand-over, stock of its station.
    Staff,
    /// Confirms, rejects and reverses; never its own records.
    Reviewer,
    /// Rewards, stock, sessions, configurations, and all that staff may.
    SchemeAdmin,
    /// Reads everything, entries and proofs; changes nothing.
    Auditor,
    /// Keys and schemes; no personal data.
    Operator,
}

same_words!(Role, keys::Role: Kiosk Staff Reviewer SchemeAdmin Auditor Operator);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Left out only for an operator of all schemes.
    #[schema(example = "ziyang")]
    scheme: Option<String>,
    role: Role,
    /// Only this station. Left out: `main` for a kiosk, every station for others.
    #[schema(example = "main")]
    station: Option<String>,
    /// Whose it is, for lists.
    #[schema(example = "大厅一号机")]
    name: String,
}

#[derive(Serialize, ToSchema)]
pub struct IssuedKey {
    id: Uuid,
    /// Shown here, and never again.
    secret: String,
}

#[derive(Serialize, ToSchema)]
pub struct Key {
    id: Uuid,
    scheme: Option<String>,
    role: Role,
    station: Option<String>,
    name: String,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
pub struct Keys {
    keys: Vec<Key>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

impl From<keys::Key> for Key {
    fn from(key: keys::Key) -> Self {
        Key {
            id: key.operator.key_id,
            scheme: key.scheme,
            role: key.operator.role.into(),
            station: key.operator.station,
            name: key.operator.name,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// Make a key
///
/// Its secret is in this answer and nowhere else: what is kept of it is a digest.
#[utoipa::path(tag = "administration", request_body = NewKey, responses((status = 201, body = IssuedKey)))]
#[post("/keys")]
async fn create_key(call: AdminCall<may::CreateKey, (), Json<NewKey>>) -> Result<HttpResponse, Problem> {
    let NewKey { scheme, role, station, name } = call.input.0;
    if call.caller.scheme.is_some() && call.caller.scheme != scheme {
        return Err(Problem::new(Code::Forbidden).detail("此密钥属于另一个方案", "the key belongs to another scheme"));
    }
    if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        let (zh, en) = ("须有 1 到 100 个字符", "a name has 1 to 100 characters");
        return Err(Problem::invalid_value("/name", "invalid_text", zh, en));
    }
    let new = keys::NewKey { scheme, role: role.into(), station, name };
    let keys::IssuedKey { id, secret } = keys::create(&call.api.schemes, new, call.now).await?;
    Ok(HttpResponse::Created().json(IssuedKey { id, secret }))
}

/// List keys, the oldest first
#[utoipa::path(tag = "administration", responses((status = 200, body = Keys)))]
#[get("/keys")]
async fn list_keys(call: AdminCall<may::ListKeys>) -> Result<HttpResponse, Problem> {
    Ok(ok(Keys { keys: own_keys(&call).await?.into_iter().map(Key::from).collect(), next: None }))
}

/// Revoke a key
///
/// It is refused at once by the server that is asked, and within two seconds by all others.
#[utoipa::path(tag = "administration", responses((status = 200, body = Key)))]
#[post("/keys/{id}/revoke")]
async fn revoke_key(call: AdminCall<may::RevokeKey, Uuid>) -> Result<HttpResponse, Problem> {
    let is_meant = |key: &keys::Key| key.operator.key_id == call.at;
    if !own_keys(&call).await?.iter().any(is_meant) {
        return Err(Problem::new(Code::KeyNotFound));
    }
    keys::revoke(&call.api.schemes, call.at, call.now).await?;
    let revoked = own_keys(&call).await?.into_iter().find(is_meant);
    Ok(ok(revoked.map(Key::from)))
}

/// The keys that the caller may know of.
async fn own_keys<O, A, I>(call: &AdminCall<O, A, I>) -> Result<Vec<keys::Key>, Problem> {
    let own = call.caller.scheme.as_ref();
    let mut keys = keys::list(&call.api.schemes).await?;
    keys.retain(|key| own.is_none_or(|own| key.scheme.as_ref() == Some(own)));
    Ok(keys)
}
