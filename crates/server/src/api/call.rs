//! What a handler is given: a caller who may call it, the scheme, what the address names, and what was sent.
//!
//! | order | what is checked | refused with |
//! |---|---|---|
//! | 1 | the key, its role, its scheme | 401, 403 — but 400 when the body is no JSON either |
//! | 2 | that the scheme exists | 404 |
//! | 3 | the body: size, type, form, values | 413, 415, 400, 422 |
//! | 4 | the ids in the path, the query | 422 |
//!
//! Nothing of a body is kept for a caller who is turned away, save the little that is read to tell 400 from 401.

use crate::api::Api;
use crate::api::auth::{Operation, admit};
use crate::api::error::{Code, Language, Problem, flaw_in_body, flaw_in_query, malformed};
use crate::papers::Press;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, IF_MATCH, IF_NONE_MATCH, TRANSFER_ENCODING};
use actix_web::web::{BytesMut, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use scheme::keys::Authenticated;
use scheme::{OpenScheme, Operator};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::sync::Arc;
use uuid::Uuid;

/// A call for a scheme by somebody who may make it. `at` is what the path names, `input` the query or the body.
pub struct Call<O, A = (), I = ()> {
    pub scheme: Arc<OpenScheme>,
    pub caller: Arc<Authenticated>,
    pub at: A,
    pub input: I,
    pub now: DateTime<Utc>,
    request: HttpRequest,
    operation: PhantomData<O>,
}

impl<O, A, I> Call<O, A, I> {
    pub fn by(&self) -> &Operator {
        &self.caller.operator
    }

    /// Of the request.
    pub fn path(&self) -> &str {
        self.request.path()
    }

    /// What papers are printed with.
    pub fn press(&self) -> &Press {
        &api_of(&self.request).press
    }

    /// Decimals of a point in this scheme.
    pub fn scale(&self) -> u8 {
        self.scheme.config().points_scale
    }

    /// Whether the client has what `tag` stands for already.
    pub fn has(&self, tag: &str) -> bool {
        let known = self.request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
        known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
    }

    /// A problem with a part of the call, in the client's language.
    pub fn told(&self, problem: &Problem) -> serde_json::Value {
        problem.value(Language::of(self.request.headers()))
    }

    /// The version that the client has seen, when it says so; 0 stands for "there is none yet".
    pub fn expected_version(&self) -> Option<i64> {
        let headers = self.request.headers();
        if headers.get(IF_NONE_MATCH).is_some_and(|value| value == "*") {
            return Some(0);
        }
        let tag = headers.get(IF_MATCH)?.to_str().unwrap_or_default();
        // A tag that was never given out matches no version.
        (tag != "*").then(|| tag.trim_matches('"').parse().unwrap_or(-1))
    }
}

impl<O: Operation, A: At, I: Input> FromRequest for Call<O, A, I> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let api = api_of(&request);
            let admitted = match admit::<O>(api, &request).await {
                Ok(caller) => open(api, &request).await.map(|scheme| (caller, scheme)),
                Err(problem) => Err(problem),
            };
            let (caller, scheme) = match admitted {
                Ok(admitted) => admitted,
                Err(problem) => return Err(I::malformed(payload).await.unwrap_or(problem)),
            };
            let now = (api.clock)();
            let input = I::read(&request, payload).await?;
            let at = A::parse(&request)?;
            Ok(Call { scheme, caller, at, input, now, request, operation: PhantomData })
        })
    }
}

/// As [`Call`], for what belongs to the installation and to no scheme.
pub struct AdminCall<O, A = (), I = ()> {
    pub api: Data<Api>,
    pub caller: Arc<Authenticated>,
    pub at: A,
    pub input: I,
    pub now: DateTime<Utc>,
    operation: PhantomData<O>,
}

impl<O: Operation, A: At, I: Input> FromRequest for AdminCall<O, A, I> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let api = api_of(&request).clone();
            let caller = match admit::<O>(&api, &request).await {
                Ok(caller) => caller,
                Err(problem) => return Err(I::malformed(payload).await.unwrap_or(problem)),
            };
            let now = (api.clock)();
            let input = I::read(&request, payload).await?;
            let at = A::parse(&request)?;
            Ok(AdminCall { api, caller, at, input, now, operation: PhantomData })
        })
    }
}

fn api_of(request: &HttpRequest) -> &Data<Api> {
    request.app_data::<Data<Api>>().expect("`api::app` always adds it")
}

async fn open(api: &Data<Api>, request: &HttpRequest) -> Result<Arc<OpenScheme>, Problem> {
    let code = request.match_info().get("scheme").unwrap_or_default();
    if code.contains('\0') {
        return Err(Problem::new(Code::SchemeNotFound));
    }
    Ok(api.schemes.get(code).await?)
}

/// What the path names, besides the scheme.
pub trait At: Sized + 'static {
    fn parse(request: &HttpRequest) -> Result<Self, Problem>;
}

impl At for () {
    fn parse(_: &HttpRequest) -> Result<Self, Problem> {
        Ok(())
    }
}

/// `{id}`
impl At for Uuid {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        id(request, "id")
    }
}

/// `{id}` and `{session_id}`.
pub struct SessionOf {
    pub reward: Uuid,
    pub session: Uuid,
}

impl At for SessionOf {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(SessionOf { reward: id(request, "id")?, session: id(request, "session_id")? })
    }
}

/// `{id}` of a volunteer, and `{award_id}` or `{ban_id}`.
pub struct OfVolunteer {
    pub volunteer: Uuid,
    pub id: Uuid,
}

impl At for OfVolunteer {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        let name = if request.match_info().get("ban_id").is_some() { "ban_id" } else { "award_id" };
        Ok(OfVolunteer { volunteer: id(request, "id")?, id: id(request, name)? })
    }
}

/// `{digest}` of a picture.
pub struct Digest(pub String);

impl At for Digest {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(Digest(request.match_info().get("digest").unwrap_or_default().to_owned()))
    }
}

/// `{id}` of a service record, and `{objection_id}`.
pub struct OfRecord {
    pub service: Uuid,
    pub objection: Uuid,
}

impl At for OfRecord {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(OfRecord { service: id(request, "id")?, objection: id(request, "objection_id")? })
    }
}

/// `{id}` of a webhook, and `{sequence}` of an event.
pub struct EventOf {
    pub webhook: Uuid,
    pub sequence: i64,
}

impl At for EventOf {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        let sequence = request.match_info().get("sequence").and_then(|text| text.parse().ok());
        let (zh, en) = ("须为正整数", "it must be a whole number above zero");
        let flaw = || Problem::invalid_value("/path/sequence", "invalid_number", zh, en);
        let webhook = id(request, "id")?;
        Ok(EventOf { webhook, sequence: sequence.filter(|sequence| *sequence > 0).ok_or_else(flaw)? })
    }
}

/// `{id}` of a course, and `{volunteer_id}`.
pub struct OfTraining {
    pub training: Uuid,
    pub volunteer: Uuid,
}

impl At for OfTraining {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(OfTraining { training: id(request, "id")?, volunteer: id(request, "volunteer_id")? })
    }
}

/// `{id}` of a wish, and `{claim_id}`.
pub struct OfWish {
    pub wish: Uuid,
    pub claim: Uuid,
}

impl At for OfWish {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(OfWish { wish: id(request, "id")?, claim: id(request, "claim_id")? })
    }
}

/// `{sequence}` or `{year}`.
pub struct Number(pub i64);

impl At for Number {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        let mut named = request.match_info().iter().filter(|(name, _)| *name != "scheme");
        let (name, text) = named.next().unwrap_or_default();
        text.parse().map(Number).map_err(|_| {
            Problem::invalid_value(format!("/path/{name}"), "invalid_number", "须为整数", "it must be a whole number")
        })
    }
}

/// `{year}`, and `{review}`: a code of the scheme.
pub struct OfYear {
    pub year: i64,
    pub code: String,
}

impl At for OfYear {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        let code = request.match_info().get("review").unwrap_or_default().to_owned();
        Ok(OfYear { year: Number::parse(request)?.0, code })
    }
}

/// `{code}`: of a unit, a station, a team, a post.
pub struct CodeOf(pub String);

impl At for CodeOf {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(CodeOf(request.match_info().get("code").unwrap_or_default().to_owned()))
    }
}

/// `{code}` of a post, and `{id}`.
pub struct PostOf {
    pub code: String,
    pub id: Uuid,
}

impl At for PostOf {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(PostOf { code: CodeOf::parse(request)?.0, id: id(request, "id")? })
    }
}

/// `{scheme}`, where it need not exist yet.
pub struct SchemeCode(pub String);

impl At for SchemeCode {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(SchemeCode(request.match_info().get("scheme").unwrap_or_default().to_owned()))
    }
}

/// The id that the path has under `name`.
pub fn id(request: &HttpRequest, name: &str) -> Result<Uuid, Problem> {
    request.match_info().get(name).unwrap_or_default().parse().map_err(|_| {
        Problem::invalid_value(format!("/path/{name}"), "invalid_id", "编号须为 UUID", "an id must be a UUID")
    })
}

/// What is sent beside the path.
pub trait Input: Sized + 'static {
    fn read(request: &HttpRequest, payload: Payload) -> impl Future<Output = Result<Self, Problem>>;

    /// For a caller who is turned away anyway: 400, when the body is no JSON.
    fn malformed(_: Payload) -> impl Future<Output = Option<Problem>> {
        std::future::ready(None)
    }
}

impl Input for () {
    async fn read(_: &HttpRequest, _: Payload) -> Result<Self, Problem> {
        Ok(())
    }
}

pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> Input for Query<T> {
    async fn read(request: &HttpRequest, _: Payload) -> Result<Self, Problem> {
        let query = request.query_string();
        // No text that is kept holds it, and PostgreSQL does not even take it to compare.
        if query.contains("%00") {
            return Err(Problem::invalid_value(
                "/query/",
                "invalid_text",
                "含有控制字符",
                "it holds a control character",
            ));
        }
        match actix_web::web::Query::<T>::from_query(query) {
            Ok(query) => Ok(Query(query.into_inner())),
            Err(error) => {
                let message = error.to_string();
                Err(flaw_in_query::<T>(query, message.trim_start_matches("Query deserialize error: ")))
            }
        }
    }
}

const BODY_MAX: usize = 1 << 20;
/// Of the body of somebody who is turned away, no more is read than this.
const GLANCE_MAX: usize = 64 << 10;

/// A body of at most `MAX` bytes.
pub struct Json<T, const MAX: usize = BODY_MAX>(pub T);

impl<T: DeserializeOwned + 'static, const MAX: usize> Input for Json<T, MAX> {
    async fn read(request: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        let body = body(request, payload, MAX).await?;
        serde_json::from_slice(&body).map(Json).map_err(|_| flaw_in_body::<T>(&body))
    }

    async fn malformed(payload: Payload) -> Option<Problem> {
        glance(payload).await
    }
}

/// A body that may be left out.
pub struct MaybeJson<T>(pub T);

impl<T: DeserializeOwned + Default + 'static> Input for MaybeJson<T> {
    async fn read(request: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        let headers = request.headers();
        if !headers.contains_key(TRANSFER_ENCODING) && headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0") {
            return Ok(MaybeJson(T::default()));
        }
        Json::<T>::read(request, payload).await.map(|Json(input)| MaybeJson(input))
    }

    async fn malformed(payload: Payload) -> Option<Problem> {
        glance(payload).await
    }
}

/// A file of at most `MAX` bytes, whatever its type is called.
pub struct File<const MAX: usize>(pub Vec<u8>);

impl<const MAX: usize> Input for File<MAX> {
    async fn read(_: &HttpRequest, payload: Payload) -> Result<Self, Problem> {
        let body = collect(payload, MAX).await?.ok_or_else(|| too_large(MAX))?;
        Ok(File(body.to_vec()))
    }
}

async fn body(request: &HttpRequest, payload: Payload, max: usize) -> Result<BytesMut, Problem> {
    let announced = request.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > max) {
        return Err(too_large(max));
    }
    let is_plain = request.headers().get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    let kind = request.content_type();
    if !is_plain || !(kind.eq_ignore_ascii_case("application/json") || kind.ends_with("+json")) {
        return Err(Problem::new(Code::UnsupportedMediaType).detail(
            "请设置 Content-Type: application/json，且不压缩",
            "send `Content-Type: application/json`, not compressed",
        ));
    }
    collect(payload, max).await?.ok_or_else(|| too_large(max))
}

/// `None` when there is more than `max`.
async fn collect(mut payload: Payload, max: usize) -> Result<Option<BytesMut>, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(Code::MalformedRequest).detail("请求内容没有完整送达", "the body did not arrive in full")
        })?;
        if body.len() + chunk.len() > max {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

async fn glance(payload: Payload) -> Option<Problem> {
    let body = collect(payload, GLANCE_MAX).await.ok()??;
    if body.is_empty() { None } else { malformed(&body) }
}

fn too_large(max: usize) -> Problem {
    Problem::new(Code::BodyTooLarge)
        .detail(format!("最多 {max} 字节"), format!("at most {max} bytes"))
        .member("limit", max)
}
