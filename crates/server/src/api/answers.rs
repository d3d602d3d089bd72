//! Answers that several subjects share.

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, HeaderName};
use actix_web::{HttpResponse, HttpResponseBuilder};
use scheme::volunteers::Written;
use serde::Serialize;

pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

pub fn ok(body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

/// 200 with `Idempotency-Replayed: true` for what was done before, else `status`.
pub fn once(status: StatusCode, replayed: bool, body: impl Serialize) -> HttpResponse {
    if replayed {
        return HttpResponse::Ok().insert_header((REPLAYED, "true")).json(body);
    }
    HttpResponseBuilder::new(status).json(body)
}

/// Something that can be changed, at a version.
pub fn versioned(version: i64, body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, format!("\"{version}\""))).json(body)
}

/// What a `PUT` made of something that can be changed.
pub fn written(written: Written, version: i64, body: impl Serialize) -> HttpResponse {
    let mut response = match written {
        Written::Created => HttpResponse::Created(),
        Written::Changed | Written::Same => HttpResponse::Ok(),
    };
    if written == Written::Same {
        response.insert_header((REPLAYED, "true"));
    }
    response.insert_header((ETAG, format!("\"{version}\""))).json(body)
}
