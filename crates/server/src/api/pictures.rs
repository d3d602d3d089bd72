//! Pictures of rewards, named by what they are.

use crate::api::answers::once;
use crate::api::auth::may;
use crate::api::call::{Call, Digest, File};
use crate::api::error::Problem;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, ETAG, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, get, post};
use scheme::pictures;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    config.service(add_picture).service(get_picture).service(get_thumbnail);
}

#[derive(Serialize, ToSchema)]
pub struct Picture {
    /// What it is called from now on: SHA-256 of what is kept, in hex.
    digest: String,
    #[schema(example = "image/jpeg")]
    media_type: String,
    width: i64,
    height: i64,
}

/// Upload a picture
///
/// JPEG, PNG or WebP, as the bytes say, up to 8 MiB and 40 million pixels. It is kept drawn anew: upright, at most 1600 pixels on a
/// side, and without the place and time that a camera writes into it. The same picture gets the same digest.
#[utoipa::path(
    tag = "rewards",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Picture), (status = 200, body = Picture))
)]
#[post("/pictures")]
async fn add_picture(
    call: Call<may::AddPicture, (), File<{ pictures::PICTURE_BYTES_MAX }>>,
) -> Result<HttpResponse, Problem> {
    let by = &call.caller.operator;
    let (picture, replayed) = pictures::add(&call.scheme, call.input.0, by, call.now).await?;
    let pictures::Picture { digest, media_type, width, height } = picture;
    Ok(once(StatusCode::CREATED, replayed, Picture { digest, media_type, width, height }))
}

/// Show a picture
#[utoipa::path(tag = "rewards", responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 304)))]
#[get("/pictures/{digest}")]
async fn get_picture(call: Call<may::GetPicture, Digest>) -> Result<HttpResponse, Problem> {
    let tag = format!("\"{}\"", call.at.0);
    if call.has(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    let (media_type, bytes) = pictures::content(&call.scheme, &call.at.0).await?;
    Ok(shown(&media_type, tag, bytes))
}

/// Show a picture in small: a JPEG of at most 320 pixels on a side
#[utoipa::path(tag = "rewards", responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 304)))]
#[get("/pictures/{digest}/thumbnail")]
async fn get_thumbnail(call: Call<may::GetThumbnail, Digest>) -> Result<HttpResponse, Problem> {
    let tag = format!("\"{}-small\"", call.at.0);
    if call.has(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    Ok(shown("image/jpeg", tag, pictures::thumbnail(&call.scheme, &call.at.0).await?))
}

/// What is called by its digest never changes.
fn shown(media_type: &str, tag: String, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "private, max-age=31536000, immutable"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // It is packed already.
        .insert_header((CONTENT_ENCODING, "identity"))
        .content_type(media_type.to_owned())
        .body(bytes)
}
