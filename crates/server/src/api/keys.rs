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
    /// Activities, attendance and service records of one team.
    Leader,
    /// Confirms, rejects and reverses; never its own records.
    Reviewer,
    /// Rewards, stock, sessions, configurations, and all that staff may.
    SchemeAdmin,
    /// Reads everything, entries and proofs; changes nothing.
    Auditor,
    /// Keys and schemes; no personal data.
    Operator,
}

same_words!(Role, keys::Role: Kiosk Staff Leader Reviewer SchemeAdmin Auditor Operator);

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
    /// Code of the team; of a leader's key only.
    team: Option<String>,
    /// Who acts with it, in the office's words. Whoever has two keys is one person: what was recorded with the one is not
    /// confirmed with the other. Left out: somebody who has no other key.
    #[schema(example = "staff-007")]
    person: Option<String>,
    /// Who that person is among the volunteers: nobody confirms their own service.
    volunteer_id: Option<Uuid>,
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
    team: Option<String>,
    person: String,
    volunteer_id: Option<Uuid>,
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
            team: key.operator.team,
            person: key.operator.person,
            volunteer_id: key.operator.volunteer_id,
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
    let NewKey { scheme, role, station, team, person, volunteer_id, name } = call.input.0;
    if call.caller.scheme.is_some() && call.caller.scheme != scheme {
        return Err(Problem::new(Code::Forbidden).detail("此密钥属于另一个方案", "the key belongs to another scheme"));
    }
    if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        let (zh, en) = ("须有 1 到 100 个字符", "a name has 1 to 100 characters");
        return Err(Problem::invalid_value("/name", "invalid_text", zh, en));
    }
    for (pointer, text) in [("/person", &person), ("/team", &team)] {
        if text.as_ref().is_some_and(|text| text.trim().is_empty() || text.chars().count() > 100) {
            return Err(Problem::invalid_value(pointer, "invalid_text", "须有 1 到 100 个字符", "1 to 100 characters"));
        }
    }
    let new = keys::NewKey { scheme, role: role.into(), station, team, person, volunteer_id, name };
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
