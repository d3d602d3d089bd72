//! The public page: whether a certificate is good (Order 67, Art. 17). Without a key, without scripts, and with no more than
//! four fields, of which the name is masked.
//!
//! The QR code on the paper leads to `/c/{number}?k={check code}`: one scan, one answer, on any phone. This server writes
//! neither path nor query to its log; what stands in front of it is told in the manual not to. Whoever types number and code
//! sends them with `POST`, so that they stand in no address at all.

use crate::api::Api;
use crate::api::amounts::hours;
use crate::api::auth::Asked;
use crate::api::error::Problem;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, RETRY_AFTER};
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike, NaiveDate};
use reports::formats::html::escaped;
use scheme::certificates::{self, Body, Certificate, Seen, Status};
use scheme::names::masked;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    config.service(ask_certificate).service(verify_certificate).service(see_certificate);
}

const STYLE: &str = include_str!("page.css");

/// What a browser may do with the page: show it, and send the form back.
pub static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    number: String,
    #[serde(default)]
    k: String,
}

#[derive(Deserialize)]
struct Scanned {
    k: Option<String>,
}

/// Ask for a certificate: the page with the form
#[utoipa::path(tag = "certificates", responses((status = 200, body = String, content_type = "text/html")))]
#[get("/c")]
async fn ask_certificate(request: HttpRequest) -> HttpResponse {
    asked(&request);
    answer(StatusCode::OK, None, &form("", ""))
}

/// Verify a certificate by the number and check code on it
///
/// A page for people. A number that does not exist and a wrong code are answered alike, with 404; after five wrong codes for a
/// number within 15 minutes, 429.
#[utoipa::path(
    tag = "certificates",
    params(("k" = Option<String>, Query, description = "The check code")),
    responses(
        (status = 200, body = String, content_type = "text/html"),
        (status = 404, body = String, content_type = "text/html"),
        (status = 429, body = String, content_type = "text/html")
    )
)]
#[get("/c/{number}")]
async fn see_certificate(
    api: Data<Api>,
    request: HttpRequest,
    number: Path<String>,
    scanned: Query<Scanned>,
) -> Result<HttpResponse, Problem> {
    asked(&request);
    match scanned.into_inner().k.filter(|code| !code.trim().is_empty()) {
        Some(code) => look_up(&api, &request, &number, &code).await,
        None => Ok(answer(StatusCode::OK, None, &form("", &number))),
    }
}

/// The same, as the form on the page sends it
#[utoipa::path(
    tag = "certificates",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = String, content_type = "text/html"),
        (status = 404, body = String, content_type = "text/html"),
        (status = 429, body = String, content_type = "text/html")
    )
)]
#[post("/c")]
async fn verify_certificate(
    api: Data<Api>,
    request: HttpRequest,
    typed: Option<Form<Typed>>,
) -> Result<HttpResponse, Problem> {
    asked(&request);
    let Typed { number, k } = typed.map_or(Typed { number: String::new(), k: String::new() }, Form::into_inner);
    if number.trim().is_empty() || k.trim().is_empty() {
        let hint = notice("wrong", "请填写证明编号和校验码", "Fill in the number and the check code");
        return Ok(answer(StatusCode::BAD_REQUEST, None, &(hint + &form("", &number))));
    }
    look_up(&api, &request, &number, &k).await
}

/// For logs and metrics: the operation alone.
fn asked(request: &HttpRequest) {
    let asked = Asked { operation: "verify_certificate", caller: None, allowance: None };
    request.extensions_mut().insert(asked);
}

async fn look_up(api: &Api, request: &HttpRequest, number: &str, code: &str) -> Result<HttpResponse, Problem> {
    let seen = certificates::look_up(&api.schemes, number, code, (api.clock)()).await?;
    if let Seen::Known(certificate) = &seen {
        return Ok(answer(StatusCode::OK, None, &shown(certificate)));
    }
    // Only those who are wrong are counted: many may come through one proxy.
    if let Err(problem) = api.limits.stranger(request.peer_addr().map(|address| address.ip())) {
        let wait = problem.allowance.map_or(60, |allowance| allowance.retry_after());
        return Ok(too_many(wait));
    }
    Ok(match seen {
        Seen::Locked { retry_after } => too_many(retry_after.unsigned_abs()),
        Seen::Mistyped => {
            let text = ("编号或校验码输错了，请对照纸质证明再填一次", "Mistyped: compare it with the paper");
            answer(StatusCode::NOT_FOUND, None, &(notice("wrong", text.0, text.1) + &form("", number)))
        }
        Seen::Unknown | Seen::Known(_) => {
            let text = ("查无此证明。请核对编号和校验码；若无误，请向出具单位核实", "Unknown: no such certificate");
            answer(StatusCode::NOT_FOUND, None, &(notice("wrong", text.0, text.1) + &form("", number)))
        }
    })
}

fn too_many(seconds: u64) -> HttpResponse {
    let minutes = seconds.div_ceil(60);
    let zh = format!("输错次数太多，请 {minutes} 分钟后再试");
    let en = format!("Too many wrong attempts: try again in {minutes} minutes");
    answer(StatusCode::TOO_MANY_REQUESTS, Some(seconds), &notice("wrong", &zh, &en))
}

fn shown(certificate: &Certificate) -> String {
    let (class, zh, en) = match certificate.status {
        Status::Valid => ("good", "✔ 有效", "Valid"),
        Status::Revoked => ("wrong", "✘ 已撤销", "Revoked"),
        Status::Replaced => ("wrong", "✘ 已由新证明代替", "Replaced by another certificate"),
    };
    let paper = &certificate.paper;
    let (of, on) = match &paper.body {
        Body::Record { from, until, .. } => (
            ("服务时间", format!("{} 小时", hours(certificate.minutes))),
            ("起止日期", format!("{}至{}", date(*from), date(*until))),
        ),
        Body::Honour { design, .. } => (("证书", design.title.clone()), ("日期", date(design.date))),
    };
    let issuer = match &paper.body {
        Body::Record { .. } => paper.issuer.clone(),
        Body::Honour { design, .. } => design.issuers.join("、"),
    };
    let fields = [("姓名", masked(&paper.name)), of, on, ("出具单位", issuer)];
    let rows = fields.map(|(label, value)| format!("<dt>{label}</dt><dd>{}</dd>", escaped(&value)));
    format!("{}<dl>{}</dl><p><a href=\"/c\">查验另一份</a></p>", notice(class, zh, en), rows.concat())
}

fn date(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

fn notice(class: &str, zh: &str, en: &str) -> String {
    format!("<p class=\"{class}\" role=\"status\"><strong>{zh}</strong><span lang=\"en\">{en}</span></p>")
}

fn form(hint: &str, number: &str) -> String {
    // As long as numbers are at most: whatever else was typed is not said back.
    let number: String = number.chars().take(60).collect();
    format!(
        "{hint}<form method=\"post\" action=\"/c\">\
         <label for=\"number\">证明编号</label>\
         <input id=\"number\" name=\"number\" value=\"{}\" required autocomplete=\"off\" autocapitalize=\"characters\" \
         spellcheck=\"false\" maxlength=\"60\">\
         <label for=\"k\">校验码（9 位字母和数字）</label>\
         <input id=\"k\" name=\"k\" required autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" \
         maxlength=\"20\">\
         <button type=\"submit\">查验</button></form>",
        escaped(&number)
    )
}

fn answer(status: StatusCode, retry_after: Option<u64>, content: &str) -> HttpResponse {
    let mut answer = HttpResponseBuilder::new(status);
    if let Some(seconds) = retry_after {
        answer.insert_header((RETRY_AFTER, seconds));
    }
    answer.insert_header((CONTENT_LANGUAGE, "zh-CN"));
    answer.insert_header(("X-Robots-Tag", "noindex, nofollow, noarchive"));
    answer.content_type("text/html; charset=utf-8").body(format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex, nofollow\"><title>志愿服务证明查验</title>\
         <style>{STYLE}</style></head><body><main><h1>志愿服务证明查验</h1>{content}</main></body></html>"
    ))
}
