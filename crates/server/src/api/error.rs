//! Refusals, as clients see them: RFC 9457 problems with a stable `code`.
//!
//! | module | what it turns into problems |
//! |---|---|
//! | `codes` | nothing: it is the table of all codes |
//! | `of_control` | what publicity, corrections and anomalies refuse |
//! | `of_scheme` | what the functions of `scheme` refuse, but for the subjects that have a module of their own |
//! | `of_people` | what is refused of units, volunteers, teams and posts |
//! | `of_attendance` | what is refused of activities, sign-ups and presence |
//! | `of_catalogue` | what is refused of rewards, pictures and sessions |
//! | `of_certificates` | what is refused of certificates and campaigns |
//! | `of_exchange` | what is refused of exchanges |
//! | `of_records` | what is refused of training, honours, ratings and complaints |
//! | `of_wishes` | what is refused of wishes and claims |
//! | `refusals`, `flaws` | what the modules above share: refusals, and values that cannot be taken |
//! | `of_input` | bodies, queries and paths that cannot be understood |

mod codes;
mod flaws;
mod of_attendance;
mod of_catalogue;
mod of_certificates;
mod of_control;
mod of_exchange;
mod of_input;
mod of_people;
mod of_records;
mod of_scheme;
mod of_selections;
mod of_wishes;
mod refusals;

pub use codes::Code;
pub use of_catalogue::desk_refused;
pub use of_control::{anomaly_refused, correction_refused, objection_refused};
pub use of_exchange::exchange_refused;
pub use of_input::{flaw_in_body, flaw_in_query, malformed};
pub use of_people::unit_flaw;
pub use of_records::record_refused;
pub use of_scheme::{service_refused, transfer_refused};
pub use of_wishes::wish_refused;
pub use refusals::{other_team, wrong_station};

use crate::api::answers::REPLAYED;
use crate::api::limits::Allowance;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_LANGUAGE, ALLOW, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use utoipa::ToSchema;

/// In which language a sentence is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// Chinese, unless the client asks for English first.
    pub fn of(headers: &HeaderMap) -> Language {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Qualities have at most one digit before the point, so that they sort as texts.
        let quality = |tag: &str| {
            let of_tag = wanted.split(',').filter_map(|item| {
                let (name, quality) = item.split_once(';').unwrap_or((item, "q=1"));
                let is_meant = name.trim().get(..tag.len()).is_some_and(|name| name.eq_ignore_ascii_case(tag));
                is_meant.then(|| quality.trim().trim_start_matches("q="))
            });
            of_tag.max().filter(|quality| !quality.trim_matches(['0', '.']).is_empty())
        };
        if quality("en") > quality("zh") { Language::English } else { Language::Chinese }
    }
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

impl Text {
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Text {
        Text { zh: zh.into(), en: en.into() }
    }

    fn tell(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }
}

/// What is wrong with one value of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// A JSON pointer into the body; `/query/NAME` and `/path/NAME` for the address.
    pub pointer: String,
    pub code: String,
    pub detail: Text,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub code: Code,
    pub detail: Option<Box<Text>>,
    /// More members: numbers and names that the sentence holds.
    pub members: Map<String, Value>,
    pub flaws: Vec<Flaw>,
    /// For 405: the methods that are allowed.
    pub allow: Option<String>,
    /// The id was refused before, and this is that answer.
    pub is_replayed: bool,
    /// For 429: what may be asked, and when.
    pub allowance: Option<Allowance>,
}

/// What every problem says, or may say (RFC 9457, section 3.1, and ours).
const STANDARD: [&str; 8] = ["type", "title", "status", "detail", "instance", "code", "request_id", "errors"];

impl Problem {
    pub fn new(code: Code) -> Problem {
        let (members, flaws) = (Map::new(), Vec::new());
        Problem { code, detail: None, members, flaws, allow: None, is_replayed: false, allowance: None }
    }

    pub fn detail(self, zh: impl Into<String>, en: impl Into<String>) -> Problem {
        Problem { detail: Some(Box::new(Text::new(zh, en))), ..self }
    }

    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Problem {
        debug_assert!(!STANDARD.contains(&name), "{name} would stand twice");
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// 422, with everything that is wrong.
    pub fn invalid(flaws: Vec<Flaw>) -> Problem {
        Problem { flaws, ..Problem::new(Code::InvalidRequest) }
    }

    /// 422, for one value.
    pub fn invalid_value(pointer: impl Into<String>, code: &str, zh: &str, en: &str) -> Problem {
        Problem::invalid(vec![Flaw { pointer: pointer.into(), code: code.to_owned(), detail: Text::new(zh, en) }])
    }

    /// 500. What happened goes to the log, and nowhere else.
    pub fn internal(error: impl fmt::Display) -> Problem {
        tracing::error!(%error, "the request failed");
        Problem::new(Code::InternalError)
    }

    /// What it is, and what is so in this case.
    pub fn sentence(&self, language: Language) -> String {
        let title = self.code.title().tell(language).to_owned();
        let colon = if language == Language::Chinese { "：" } else { ": " };
        self.detail.as_ref().map_or(title.clone(), |detail| format!("{title}{colon}{}", detail.tell(language)))
    }

    /// What is wrong, in both languages: for the command line.
    pub fn one_line(&self) -> String {
        let flaws = self.flaws.iter().map(|flaw| format!("{}: {} {}", flaw.pointer, flaw.detail.zh, flaw.detail.en));
        let detail = self.detail.iter().map(|detail| format!("{} {}", detail.zh, detail.en));
        detail.chain(flaws).collect::<Vec<_>>().join("; ")
    }

    /// As it is sent.
    pub fn response(&self, language: Language, request_id: Option<&str>) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.code.status());
        if let Some(allow) = self.allow.as_ref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
            response.insert_header((ALLOW, allow));
        }
        if self.is_replayed {
            response.insert_header((REPLAYED, "true"));
        }
        if let Some(allowance) = &self.allowance {
            response.insert_header((RETRY_AFTER, allowance.retry_after()));
            for header in allowance.headers() {
                response.insert_header(header);
            }
        }
        let said = match self.code {
            Code::Unauthenticated => Some((WWW_AUTHENTICATE, "Bearer".to_owned())),
            Code::Busy => Some((RETRY_AFTER, "1".to_owned())),
            Code::TooManyRequests if self.allowance.is_none() => {
                let seconds = self.members.get("retry_after").and_then(Value::as_i64).unwrap_or(1);
                Some((RETRY_AFTER, seconds.to_string()))
            }
            _ => None,
        };
        if let Some(header) = said {
            response.insert_header(header);
        }
        response.content_type("application/problem+json").body(self.body(language, request_id))
    }

    /// As part of an answer.
    pub fn value(&self, language: Language) -> Value {
        serde_json::from_str(&self.body(language, None)).expect("a problem is sent as JSON")
    }

    fn body(&self, language: Language, request_id: Option<&str>) -> String {
        let flaws = self.flaws.iter().map(|flaw| FlawBody {
            pointer: &flaw.pointer,
            code: &flaw.code,
            detail: flaw.detail.tell(language),
        });
        let body = ProblemBody {
            kind: format!("/problems/{}", self.code.as_str()),
            title: self.code.title().tell(language).to_owned(),
            status: self.code.status().as_u16(),
            code: self.code.as_str(),
            detail: self.detail.as_ref().map(|detail| detail.tell(language)),
            request_id,
            errors: flaws.collect(),
            members: &self.members,
        };
        serde_json::to_string(&body).expect("texts and numbers are always JSON")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// In the first language and without a request id: `requests` makes the answer anew, where both are known.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.response(Language::default(), None)
    }
}

#[derive(Serialize)]
struct ProblemBody<'p> {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'p str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FlawBody<'p>>,
    #[serde(flatten)]
    members: &'p Map<String, Value>,
}

#[derive(Serialize)]
struct FlawBody<'p> {
    pointer: &'p str,
    code: &'p str,
    detail: &'p str,
}

/// Why a request was refused (RFC 9457). Branch on `code`; show `title` and `detail`, which are in the language of
/// `Accept-Language` (Chinese, or English).
#[derive(ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/problems/insufficient_points", "title": "积分不足", "status": 422, "code": "insufficient_points",
    "detail": "可用 20 分，需要 30 分", "needed": "30", "available": "20",
    "request_id": "0193572f-7d1a-7c3e-9d52-2f6c8f1f0a11"
}))]
#[expect(dead_code, reason = "read by the OpenAPI generator alone")]
pub struct ProblemSchema {
    /// A page about the code, relative to this server.
    #[schema(rename = "type")]
    r#type: String,
    title: String,
    status: u16,
    /// Stable: it does not change with the wording.
    code: String,
    /// What is so in this case, with the numbers in it.
    detail: Option<String>,
    /// Tell it when you report a fault.
    request_id: Option<String>,
    /// With `invalid_request`: everything that is wrong.
    errors: Option<Vec<FlawSchema>>,
    /// With `id_taken`: the field that differs from what was asked under the same id.
    field: Option<String>,
    /// With `insufficient_points`, `out_of_stock` and the like: what it takes. Points are decimal strings, counts integers.
    needed: Option<Amount>,
    /// With `insufficient_points`, `out_of_stock` and the like: what there is.
    available: Option<Amount>,
    /// When one of several items is the reason: which, counted from 0; `pointer` points to it.
    item: Option<i64>,
    /// With `too_many_requests`: seconds to wait, as in `Retry-After`.
    retry_after: Option<i64>,
    /// With `not_eligible` for a step of a ladder, and `after_closing_date`: all that is missing.
    missing: Option<Vec<crate::api::levels::Lack>>,
}

/// Points as a decimal string, or a count.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "read by the OpenAPI generator alone")]
enum Amount {
    Points(String),
    Count(i64),
}

/// One value that cannot be taken.
#[derive(ToSchema)]
#[schema(as = Flaw)]
#[expect(dead_code, reason = "read by the OpenAPI generator alone")]
pub struct FlawSchema {
    /// JSON pointer into the body; `/query/NAME` and `/path/NAME` point into the address.
    #[schema(example = "/name")]
    pointer: String,
    #[schema(example = "missing_field")]
    code: String,
    detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_unless_english_is_wanted_more() {
        let cases = [
            ("", Language::Chinese),
            ("en", Language::English),
            ("en-GB,en;q=0.9", Language::English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en;q=0.3, zh;q=0.2", Language::English),
            ("en;q=0, *", Language::Chinese),
            ("fr", Language::Chinese),
            ("EN-us", Language::English),
            ("🦀", Language::Chinese),
        ];
        for (wanted, language) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_bytes(wanted.as_bytes()).unwrap());
            assert_eq!(Language::of(&headers), language, "{wanted:?}");
        }
    }

    #[test]
    fn a_problem_has_its_numbers_in_fields_and_its_sentence_in_the_language() {
        let problem = Problem::new(Code::InsufficientPoints)
            .detail("可用 20 分，需要 30 分", "20 points are available, and 30 are needed")
            .member("needed", "30")
            .member("available", "20");
        let body = r#"{"type":"/problems/insufficient_points","title":"Not enough points","status":422,"code":"insufficient_points","detail":"20 points are available, and 30 are needed","request_id":"7","available":"20","needed":"30"}"#;
        assert_eq!(problem.body(Language::English, Some("7")), body);
        assert!(problem.body(Language::Chinese, None).contains("可用 20 分，需要 30 分"));
    }
}
