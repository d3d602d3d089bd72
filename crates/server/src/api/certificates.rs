//! Certificates: issued, printed, revoked; their register; campaigns.

mod applications;
mod campaigns;
mod page;
mod papers;
mod register;
mod wire;

pub use page::{POLICY, routes as routes_of_page};

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::{Problem, ProblemSchema, flaw_in_body};
use crate::api::records::Because;
use crate::papers::Printed;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use scheme::certificates::{self, CertificateError, Issued, Order};
use scheme::{Operator, actors};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use wire::{Certificate, NewCertificate};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_certificate)
        .service(put_certificates)
        .service(register::list_certificates)
        .service(get_certificate)
        .service(papers::get_certificate_paper)
        .service(revoke_certificate)
        .configure(applications::routes)
        .configure(campaigns::routes);
}

/// Issue a certificate
///
/// Of the services of a period (志愿服务记录证明, the default), of a step that was granted, or of a campaign. Only confirmed
/// services count. What it says is frozen: printed again it is the same paper. You choose the id: the same again gets the same
/// certificate. Free of charge (Order 67 of the Ministry of Civil Affairs, Art. 3).
#[utoipa::path(
    tag = "certificates",
    request_body = NewCertificate,
    responses((status = 201, body = Certificate), (status = 200, body = Certificate))
)]
#[put("/certificates/{id}")]
async fn put_certificate(call: Call<may::PutCertificate, Uuid, Json<NewCertificate>>) -> Result<HttpResponse, Problem> {
    let order = call.input.0.clone().order(call.at)?;
    let issued = issue(&call, vec![order]).await?.pop();
    let Issued { certificate, replayed } = issued.unwrap_or(Err(CertificateError::Busy))?;
    Ok(once(StatusCode::CREATED, replayed, told(&call, certificate).await?))
}

#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateBatch {
    /// At most 500, each as the body of `PUT /certificates/{id}`, with its `id`.
    #[schema(value_type = Vec<NewCertificate>)]
    items: Vec<Value>,
}

/// What became of an item.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CertificateOutcome)]
pub enum Outcome {
    Created,
    /// It was issued before.
    Replayed,
    Rejected,
}

#[derive(Serialize, ToSchema)]
pub struct CertificateResult {
    /// `null` when the item has none that can be read.
    id: Option<Uuid>,
    outcome: Outcome,
    number: Option<String>,
    /// The problem with which the call for this certificate alone would have been answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProblemSchema>)]
    error: Option<Value>,
}

#[derive(Serialize, ToSchema)]
pub struct CertificateResults {
    /// In the order of the items.
    results: Vec<CertificateResult>,
}

const ITEMS_MAX: usize = 500;
const BATCH_BYTES_MAX: usize = 4 << 20;

/// Issue many certificates; one that cannot be issued does not keep the others back
#[utoipa::path(
    tag = "certificates",
    request_body = CertificateBatch,
    responses((status = 200, body = CertificateResults))
)]
#[post("/certificates/batch")]
async fn put_certificates(
    call: Call<may::PutCertificates, (), Json<CertificateBatch, BATCH_BYTES_MAX>>,
) -> Result<HttpResponse, Problem> {
    let items = &call.input.0.items;
    if items.len() > ITEMS_MAX {
        let (zh, en) = (format!("最多 {ITEMS_MAX} 项"), format!("at most {ITEMS_MAX} items"));
        return Err(Problem::invalid_value("/items", "too_many_items", &zh, &en));
    }
    let read: Vec<(Option<Uuid>, Result<Order, Problem>)> = items.iter().map(read).collect();
    let mut seen = BTreeSet::new();
    if let Some(id) = read.iter().filter_map(|(id, _)| *id).find(|id| !seen.insert(*id)) {
        let (zh, en) = (format!("{id} 写了两次"), format!("{id} is there twice"));
        return Err(Problem::invalid_value("/items", "twice", &zh, &en));
    }
    let orders: Vec<Order> = read.iter().filter_map(|(_, order)| order.as_ref().ok()).cloned().collect();
    let mut issued = issue(&call, orders).await?.into_iter();
    let results = read.into_iter().map(|(id, order)| {
        let issued = match order {
            Ok(_) => issued.next().unwrap_or(Err(CertificateError::Busy)).map_err(Problem::from),
            Err(problem) => Err(problem),
        };
        match issued {
            Ok(Issued { certificate, replayed }) => {
                let outcome = if replayed { Outcome::Replayed } else { Outcome::Created };
                CertificateResult { id, outcome, number: Some(certificate.number), error: None }
            }
            Err(problem) => {
                CertificateResult { id, outcome: Outcome::Rejected, number: None, error: Some(call.told(&problem)) }
            }
        }
    });
    let results = results.collect();
    Ok(ok(CertificateResults { results }))
}

fn read(item: &Value) -> (Option<Uuid>, Result<Order, Problem>) {
    let mut item = item.clone();
    let id = item.as_object_mut().and_then(|item| item.remove("id"));
    let id: Option<Uuid> = id.and_then(|id| id.as_str()?.parse().ok());
    let Some(known) = id else {
        let (zh, en) = ("编号须为 UUID", "an id must be a UUID");
        return (None, Err(Problem::invalid_value("/id", "invalid_id", zh, en)));
    };
    let bytes = item.to_string();
    let order = serde_json::from_slice::<NewCertificate>(bytes.as_bytes());
    let order = order.map_err(|_| flaw_in_body::<NewCertificate>(bytes.as_bytes()));
    (id, order.and_then(|order| order.order(known)))
}

/// Issues what was ordered, once it is known that it can be printed.
async fn issue<O, A, I>(
    call: &Call<O, A, I>,
    orders: Vec<Order>,
) -> Result<Vec<Result<Issued, CertificateError>>, Problem> {
    let press = call.press();
    let fonts = press.fonts().map_err(|error| Problem::internal(format!("{error:#}")))?;
    let printable = |paper: &certificates::Paper| Printed::check(paper, fonts);
    Ok(certificates::issue(&call.scheme, &orders, press.public_url(), &printable, call.by(), call.now).await?)
}

async fn told<O, A, I>(call: &Call<O, A, I>, certificate: certificates::Certificate) -> Result<Certificate, Problem> {
    let keys = [certificate.issued_by].into_iter().chain(certificate.closing.as_ref().map(|closing| closing.by));
    let actors = actors::of(&call.scheme, keys).await?;
    Ok(Certificate::new(certificate, &actors))
}

/// Show a certificate: what it says, what it rests on, and whether it is still good
#[utoipa::path(tag = "certificates", responses((status = 200, body = Certificate)))]
#[get("/certificates/{id}")]
async fn get_certificate(call: Call<may::GetCertificate, Uuid>) -> Result<HttpResponse, Problem> {
    let certificate = certificates::get(&call.scheme, call.at).await?;
    Ok(ok(told(&call, certificate).await?))
}

/// Revoke a certificate; it stays in the register, and the public page says that it is revoked
#[utoipa::path(tag = "certificates", request_body = Because, responses((status = 200, body = Certificate)))]
#[post("/certificates/{id}/revoke")]
async fn revoke_certificate(call: Call<may::RevokeCertificate, Uuid, Json<Because>>) -> Result<HttpResponse, Problem> {
    let by: &Operator = call.by();
    let done = certificates::revoke(&call.scheme, call.at, &call.input.0.reason, by, call.now).await?;
    let (certificate, replayed) = done;
    Ok(once(StatusCode::OK, replayed, told(&call, certificate).await?))
}
