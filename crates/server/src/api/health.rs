//! For whoever operates the server.

use crate::api::Api;
use crate::api::error::Problem;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz).service(metrics);
}

#[derive(Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    status: &'static str,
    version: &'static str,
}

const OK: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// Ask whether the server runs
#[utoipa::path(tag = "health", responses((status = 200, body = Health)))]
#[get("/healthz")]
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(OK)
}

/// Ask whether the server can serve: the database answers, and has its tables
#[utoipa::path(tag = "health", responses((status = 200, body = Health), (status = 503, body = crate::api::error::ProblemSchema)))]
#[get("/readyz")]
async fn readyz(api: Data<Api>) -> Result<HttpResponse, Problem> {
    if let Err(error) = api.schemes.codes().await {
        tracing::warn!(%error, "not ready");
        return Err(Problem::new(crate::api::error::Code::Busy));
    }
    Ok(HttpResponse::Ok().json(OK))
}

/// Read counts and times of requests, and how webhooks stand, for Prometheus
#[utoipa::path(tag = "health", responses((status = 200, content_type = "text/plain")))]
#[get("/metrics")]
async fn metrics(api: Data<Api>) -> HttpResponse {
    let mut text = api.metrics.text();
    match api.post.metrics(&api).await {
        Ok(of_webhooks) => text.push_str(&of_webhooks),
        Err(error) => tracing::warn!(error = format!("{error:#}"), "webhooks are left out of the metrics"),
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text)
}
