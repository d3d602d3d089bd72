//! The interface's description: `/openapi.json` and a page to try it on, which works without the internet.

use crate::api::Api;
use crate::api::auth::OPERATIONS;
use crate::api::error::{Code, Problem, ProblemSchema};
use crate::api::routes;
use crate::webhooks::Message;
use actix_web::web::{Data, Path};
use actix_web::{App, HttpResponse, get};
use scheme::Role;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Aixin 爱心账户",
        description = "A volunteer points ledger: hours and points of volunteers, and what they exchange them for.\n\n\
            Ids are UUIDs that you choose (version 7 is best). Repeat a call until you get an answer: the same id with the same \
            content is done once, and a repeated answer says `Idempotency-Replayed: true`. Amounts are decimal strings, counts \
            are integers, times RFC 3339, days `YYYY-MM-DD`. Unknown fields are refused. Lists go on with `cursor`, which keeps \
            the filters. Refusals are RFC 9457 problems: branch on `code`, show `title` and `detail`, which are in Chinese, or \
            in English when `Accept-Language` prefers it. Every answer has an `X-Request-Id`: yours, or a new one. What answers \
            `GET` answers `HEAD`.\n\n\
            Under *Authorize* enter an API key. The roles that may call an operation stand in its `security`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "exchanges", description = "Points into goods and services"),
        (name = "balances", description = "What a volunteer has, and how it came about"),
        (name = "volunteers", description = "Who they are"),
        (name = "organisation", description = "Units in a tree, stations, teams and posts"),
        (name = "services", description = "Service records: written down, then decided over by somebody else"),
        (name = "activities", description = "What is planned, and who takes part"),
        (name = "presence", description = "Signing in and out: at a station, with a code, by a leader, off line"),
        (name = "rewards", description = "The catalogue: what is offered, to whom, how it looks"),
        (name = "stock", description = "What is on the shelves, and what volunteers hold for it"),
        (name = "sessions", description = "When services are given: places, the queue in the room"),
        (name = "certificates", description = "Papers that certify: issued, printed, verified by anybody, revoked"),
        (name = "levels", description = "Stars, medals and privileges: reached, granted, taken back"),
        (name = "transfers", description = "Gifts, and the donation pool"),
        (name = "records", description = "Training, honours, ratings and complaints: apart from service"),
        (name = "wishes", description = "Wishes and projects: published, claimed, fulfilled, rated, posted"),
        (name = "rankings", description = "Who served most in a year"),
        (name = "reviews", description = "Who would be selected or pass in a year, and why the others would not"),
        (name = "journal", description = "The append-only book, and proofs over it"),
        (name = "events", description = "What happens, as other systems follow it; webhooks"),
        (name = "administration", description = "Schemes and keys"),
        (name = "health", description = "For whoever operates the server")
    ),
    components(schemas(ProblemSchema, Message))
)]
struct Description;

/// Made from the handlers.
pub fn document() -> Value {
    let app = App::new().into_utoipa_app().openapi(Description::openapi()).configure(routes);
    let (_, api) = app.split_for_parts();
    let mut document = serde_json::to_value(api).expect("an OpenAPI document is JSON");
    document["components"]["securitySchemes"] = json!({ "key": { "type": "http", "scheme": "bearer" } });
    document["components"]["responses"] = refusals();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete(path, method, operation);
        }
    }
    document
}

/// Adds what follows from the path, from the table of roles and from the kind of operation.
fn complete(path: &str, method: &str, operation: &mut Value) {
    let named = path.split(['{', '}']).skip(1).step_by(2).map(parameter);
    let mut others = operation["parameters"].as_array().cloned().unwrap_or_default();
    others.retain(|parameter| parameter["in"] != "path");
    let parameters: Vec<Value> = named.chain(others).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    let Some((_, roles)) = OPERATIONS.iter().find(|(operation, _)| *operation == id) else {
        operation["security"] = json!([]);
        return;
    };
    let roles: Vec<&str> = roles.iter().copied().map(Role::as_str).collect();
    operation["security"] = json!([{ "key": roles }]);
    let mut statuses = vec![401, 403, 404, 422, 429, 500, 503];
    if method != "get" {
        statuses.extend([400, 409, 413, 415]);
    }
    let versioned = [
        "put_activity",
        "put_volunteer",
        "put_reward",
        "put_webhook",
        "put_unit",
        "put_station",
        "put_team",
        "put_post",
    ];
    if versioned.contains(&id.as_str()) {
        statuses.push(412);
    }
    for (status, answer) in operation["responses"].as_object_mut().into_iter().flatten() {
        answer["description"] = if status == "201" { "Made" } else { "Done, or done before" }.into();
    }
    for status in statuses {
        operation["responses"][status.to_string()] = json!({ "$ref": format!("#/components/responses/{status}") });
    }
}

fn parameter(name: &str) -> Value {
    let schema = match name {
        "scheme" => json!({ "type": "string", "example": "ziyang" }),
        "number" => json!({ "type": "string", "example": "ZIYANG-2026-000042" }),
        "sequence" => json!({ "type": "integer", "format": "int64" }),
        "review" => json!({ "type": "string", "example": "excellent" }),
        "year" => json!({ "type": "integer", "example": 2026 }),
        "code" => json!({ "type": "string", "example": "insufficient_points" }),
        _ => json!({ "type": "string", "format": "uuid" }),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

/// One answer for each status, with all the codes that it can have.
fn refusals() -> Value {
    let mut refusals = Map::new();
    for code in Code::ALL {
        let status = code.status();
        let content = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
        let refusal =
            refusals.entry(status.as_str()).or_insert_with(|| json!({ "description": "", "content": content }));
        let known = refusal["description"].as_str().unwrap_or_default();
        let comma = if known.is_empty() { "" } else { "; " };
        refusal["description"] = format!("{known}{comma}`{}`: {}", code.as_str(), code.title().en).into();
    }
    refusals.into()
}

pub fn routes_of_pages(config: &mut ServiceConfig) {
    config.service(get_problem);
}

/// Read what a code of a problem means
#[utoipa::path(tag = "health", responses((status = 200, content_type = "application/json"), (status = 404)))]
#[get("/problems/{code}")]
async fn get_problem(code: Path<String>) -> Result<HttpResponse, Problem> {
    let known = Code::ALL.iter().find(|known| known.as_str() == *code);
    let code = known.ok_or_else(|| Problem::new(Code::NotFound))?;
    let title = code.title();
    Ok(HttpResponse::Ok().json(json!({
        "code": code.as_str(), "status": code.status().as_u16(), "zh": title.zh, "en": title.en,
    })))
}

#[get("/openapi.json")]
pub async fn openapi_json(api: Data<Api>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(api.document.clone())
}

#[get("/docs")]
pub async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("Location", "/docs/")).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/aixin.json");

    #[test]
    fn the_file_in_the_repository_is_what_the_handlers_say() {
        let fresh = format!("{:#}\n", document());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(FILE, &fresh).unwrap();
        }
        let kept = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(kept == fresh, "openapi/aixin.json is stale: run `UPDATE=1 cargo test -p server`");
    }

    #[test]
    fn every_line_of_the_table_of_roles_is_an_operation_and_every_operation_has_one() {
        let document = document();
        let items = document["paths"].as_object().unwrap().values();
        let operations = items.flat_map(|item| item.as_object().unwrap().values());
        let closed = operations.filter(|operation| operation["security"] != json!([]));
        let documented: BTreeSet<_> = closed.map(|operation| operation["operationId"].as_str().unwrap()).collect();
        let listed: BTreeSet<_> = OPERATIONS.iter().map(|(operation, _)| *operation).collect();
        assert_eq!(documented, listed);
    }
}
