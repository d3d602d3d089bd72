//! Certificates as PDF files.

use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::error::Problem;
use crate::api::papers::{attachment, print};
use crate::papers::{Printed, local};
use actix_web::{HttpResponse, get};
use reports::layout::Picture;
use scheme::certificates::{self, Body, Certificate};
use scheme::{OpenScheme, pictures};
use serde::Deserialize;
use std::collections::HashMap;
use utoipa::IntoParams;
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaperQuery {
    /// Marks it 补打, with today's day.
    reprint: Option<bool>,
}

/// Print a certificate
///
/// The same paper every time, to the byte; with `reprint=true` marked 补打. One that was revoked or replaced is marked 作废.
#[utoipa::path(
    tag = "certificates",
    params(PaperQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"))
)]
#[get("/certificates/{id}/paper")]
pub async fn get_certificate_paper(
    call: Call<may::GetCertificatePaper, Uuid, Query<PaperQuery>>,
) -> Result<HttpResponse, Problem> {
    let certificate = certificates::get(&call.scheme, call.at).await?;
    let pictures = backgrounds(&call.scheme, std::slice::from_ref(&certificate)).await?;
    let config = call.scheme.config();
    let reprint = call.input.0.reprint.unwrap_or(false).then(|| config.day_of(call.now));
    let printed = Printed::new(&certificate, reprint, &pictures, &config).map_err(Problem::from)?;
    let file = print(&call, printed, local(&config, certificate.issued_at)).await?;
    Ok(attachment(&format!("{}.pdf", certificate.number), "application/pdf", file))
}

/// The pictures that these papers stand on, each once.
pub async fn backgrounds(
    scheme: &OpenScheme,
    certificates: &[Certificate],
) -> Result<HashMap<String, Picture>, Problem> {
    let mut pictures = HashMap::new();
    for certificate in certificates {
        let Body::Honour { design, .. } = &certificate.paper.body else { continue };
        let Some(digest) = design.background.as_ref().filter(|digest| !pictures.contains_key(*digest)) else {
            continue;
        };
        let (_, bytes) = pictures::content(scheme, digest).await?;
        pictures.insert(digest.clone(), Picture::read(bytes).map_err(Problem::from)?);
    }
    Ok(pictures)
}
