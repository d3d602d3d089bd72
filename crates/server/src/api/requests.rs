//! What every request gets: an id, a place in the log and in the metrics, a problem in the client's language, and headers
//! that keep browsers safe. Logs hold the operation and the key's id: no path, no query, no body, no name.

use crate::api::Api;
use crate::api::auth::Asked;
use crate::api::certificates;
use crate::api::error::{Code, Language, Problem};
use crate::clock::wall_clock;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use futures::FutureExt;
use std::cell::Cell;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FRAME_OPTIONS: HeaderName = HeaderName::from_static("x-frame-options");

pub async fn attend<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let started = Instant::now();
    let id = request_id(request.headers());
    let language = Language::of(request.headers());
    if request.method() == Method::HEAD {
        // Answered as GET; the connection knows that it was HEAD and leaves the body out.
        request.head_mut().method = Method::GET;
    }
    let api = request.app_data::<Data<Api>>().cloned();
    let span = tracing::info_span!("request", id = %id);
    let answering = AssertUnwindSafe(async { next.call(request).await }).catch_unwind();
    let Ok(response) = answering.instrument(span.clone()).await else {
        // What it said is on standard error already.
        span.in_scope(|| tracing::error!("a handler panicked"));
        if let Some(api) = api {
            api.metrics.count("panicked", 500, started.elapsed());
        }
        return Err(Panicked { language, id }.into());
    };
    let response = response?;

    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    let problem = problem.map(|problem| problem.response(language, Some(&id)));
    let mut response = match problem {
        Some(problem) => response.into_response(problem).map_into_right_body(),
        None => response.map_into_left_body(),
    };
    let page = Page::at(response.request().path());
    secure(response.headers_mut(), page);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let asked = response.request().extensions().get::<Asked>().cloned();
    if let Some(allowance) = asked.as_ref().and_then(|asked| asked.allowance) {
        for (name, value) in allowance.headers() {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }
    let operation = asked.as_ref().map_or("none", |asked| asked.operation);
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    if let Some(api) = api {
        api.metrics.count(operation, status, elapsed);
    }
    span.in_scope(|| {
        let key = asked.and_then(|asked| asked.caller).map(|caller| caller.operator.key_id);
        let micros = elapsed.as_micros() as u64;
        match status {
            500.. => tracing::warn!(target: "aixin::requests", operation, status, micros, key = ?key, "answered"),
            _ => tracing::debug!(target: "aixin::requests", operation, status, micros, key = ?key, "answered"),
        }
    });
    Ok(response)
}

/// The answer when a handler has panicked. The request went with it, so nothing is left to shape an answer from but this.
#[derive(Debug)]
struct Panicked {
    language: Language,
    id: String,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a handler panicked")
    }
}

impl ResponseError for Panicked {
    fn status_code(&self) -> StatusCode {
        Code::InternalError.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = Problem::new(Code::InternalError).response(self.language, Some(&self.id));
        secure(response.headers_mut(), Page::None);
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

/// The client's own, if it is harmless to print.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let is_plain = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    given.filter(is_plain).map_or_else(|| new_id().to_string(), str::to_owned)
}

thread_local! {
    /// What sets the ids of this thread apart: drawn once, which spares a system call for each request. Ids are to be
    /// told apart, not to be hard to guess.
    static IDS: ([u8; 6], Cell<u32>) = {
        let [first, second, third, fourth, fifth, sixth, ..] = Uuid::new_v4().into_bytes();
        ([first, second, third, fourth, fifth, sixth], Cell::new(0))
    };
}

/// A UUID of version 7: the time, this thread, and a number.
fn new_id() -> Uuid {
    IDS.with(|(thread, count)| {
        count.set(count.get().wrapping_add(1));
        let mut rest = [0; 10];
        rest[..6].copy_from_slice(thread);
        rest[6..].copy_from_slice(&count.get().to_be_bytes());
        let millis = u64::try_from(wall_clock().timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    })
}

/// What a browser is allowed depends on what it shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Page {
    /// Not meant for a browser.
    None,
    Docs,
    /// Of a certificate.
    Certificate,
}

impl Page {
    fn at(path: &str) -> Page {
        match path {
            path if path.starts_with("/docs") => Page::Docs,
            path if path == "/c" || path.starts_with("/c/") => Page::Certificate,
            _ => Page::None,
        }
    }

    fn policy(self) -> &'static str {
        match self {
            Page::None => "default-src 'none'; frame-ancestors 'none'",
            Page::Docs => {
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
            }
            Page::Certificate => certificates::POLICY.as_str(),
        }
    }
}

fn secure(headers: &mut HeaderMap, page: Page) {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, page.policy()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (FRAME_OPTIONS, "DENY"),
    ];
    // With the id, the language and what keeps it from caches.
    headers.reserve(fixed.len() + 4);
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if page != Page::Docs && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpServer, web};
    use serde_json::Value;

    #[actix_web::test]
    async fn a_handler_that_panics_is_answered_with_500_and_the_next_is_served() {
        let app = || {
            let panics = || async { if true { panic!("王建国") } else { "" } };
            let app = App::new().route("/panics", web::get().to(panics));
            app.route("/works", web::get().to(|| async { "well" })).wrap(from_fn(attend))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::new();
        for _ in 0..3 {
            let asked = client.get(format!("{base}/panics")).header("x-request-id", "mine-7");
            let answer = asked.header("accept-language", "en").send().await.unwrap();
            assert_eq!(answer.status(), 500);
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            assert_eq!(answer.headers()["x-request-id"], "mine-7");
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
            let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            assert_eq!((&body["code"], &body["request_id"]), (&"internal_error".into(), &"mine-7".into()));
            assert_eq!(body["title"], "The server failed");
            let works = client.get(format!("{base}/works")).send().await.unwrap();
            assert_eq!(works.text().await.unwrap(), "well");
        }
        handle.stop(false).await;
    }
}
