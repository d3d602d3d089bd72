//! Bodies, queries and paths that cannot be understood.

use super::{Code, Flaw, Problem, Text};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Segment, Track};

/// Why `bytes` are not a `T`. Called after the fast parser has refused them, so that only the refused pay for the search.
pub fn flaw_in_body<T: DeserializeOwned>(bytes: &[u8]) -> Problem {
    if let Some(problem) = malformed(bytes) {
        return problem;
    }
    let mut track = Track::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    match T::deserialize(tracked) {
        Err(error) => invalid(pointer(track.path().iter()), &error.to_string()),
        // Something stands after the value.
        Ok(_) => Problem::new(Code::MalformedRequest),
    }
}

/// The problem of a body that is no JSON at all.
pub fn malformed(bytes: &[u8]) -> Option<Problem> {
    let problem = |line: usize, column: usize| {
        Problem::new(Code::MalformedRequest)
            .detail(format!("第 {line} 行第 {column} 列不是 JSON"), format!("not JSON at line {line}, column {column}"))
    };
    if bytes.is_empty() {
        return Some(Problem::new(Code::MalformedRequest).detail("请求内容为空", "the body is empty"));
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        let before = &bytes[..error.valid_up_to()];
        let lines = before.split(|&byte| byte == b'\n').count();
        return Some(problem(lines, before.rsplit(|&byte| byte == b'\n').next().map_or(0, <[u8]>::len) + 1));
    }
    let error = serde_json::from_slice::<IgnoredAny>(bytes).err()?;
    Some(problem(error.line(), error.column()))
}

/// Why a query cannot be taken. Each parameter is tried by itself to find the one to blame.
pub fn flaw_in_query<T: DeserializeOwned>(query: &str, message: &str) -> Problem {
    let alone = |pair: &&str| actix_web::web::Query::<T>::from_query(pair).is_err();
    let culprit = query.split('&').find(alone).and_then(|pair| pair.split('=').next()).unwrap_or_default();
    invalid(format!("/query/{}", escape(culprit)), message)
}

/// One flaw, named by what the parser of serde says.
fn invalid(pointer: String, message: &str) -> Problem {
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let named = |code: &str, zh: &str, en: &str| {
        let pointer = match pointer.strip_suffix(&format!("/{}", escape(quoted))) {
            Some(parent) => format!("{parent}/{}", escape(quoted)),
            None if pointer == "/query/" || pointer.starts_with("/query/") => format!("/query/{}", escape(quoted)),
            None => format!("{pointer}/{}", escape(quoted)),
        };
        Flaw { pointer, code: code.to_owned(), detail: Text::new(zh, en) }
    };
    let en = message.split(" at line ").next().unwrap_or(message);
    let plain =
        |code: &str, zh: &str| Flaw { pointer: pointer.clone(), code: code.to_owned(), detail: Text::new(zh, en) };
    Problem::invalid(vec![if message.starts_with("missing field") {
        named("missing_field", "缺少这个字段", "the field is missing")
    } else if message.starts_with("unknown field") {
        named("unknown_field", "没有这个字段", "there is no such field")
    } else if message.starts_with("duplicate field") {
        named("duplicate_field", "字段重复", "the field stands twice")
    } else if message.starts_with("invalid type") {
        plain("invalid_type", "类型不对")
    } else if message.starts_with("unknown variant") {
        let known: Vec<&str> = en.split('`').skip(3).step_by(2).collect();
        plain("invalid_value", &format!("须为 {} 之一", known.join("、")))
    } else {
        plain("invalid_value", "值不对")
    }])
}

fn pointer<'s>(segments: impl Iterator<Item = &'s Segment>) -> String {
    let mut pointer = String::new();
    for segment in segments {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&escape(key)),
            Segment::Enum { variant } => pointer.push_str(&escape(variant)),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

/// As RFC 6901 writes names in pointers.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Order {
        id: uuid::Uuid,
        #[serde(default)]
        lines: Vec<Line>,
        how: Option<How>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum How {
        OnFoot,
        ByBus,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Line {
        quantity: i64,
    }

    #[test]
    fn a_flaw_is_found_where_it_is() {
        let id = r#""id":"0193572f-7d1a-7c3e-9d52-2f6c8f1f0a11""#;
        let cases = [
            (
                format!("{{{id},\"lines\":[{{\"quantity\":1}},{{\"quantity\":\"1\"}}]}}"),
                "/lines/1/quantity",
                "invalid_type",
            ),
            (format!("{{{id},\"lines\":[{{}}]}}"), "/lines/0/quantity", "missing_field"),
            (format!("{{{id},\"lines\":[{{\"quantity\":1,\"a/b\":1}}]}}"), "/lines/0/a~1b", "unknown_field"),
            (format!("{{{id},{id}}}"), "/id", "duplicate_field"),
            ("{}".to_owned(), "/id", "missing_field"),
            ("{\"id\":\"7\"}".to_owned(), "/id", "invalid_value"),
            (format!("{{{id},\"how\":\"fast\"}}"), "/how", "invalid_value"),
            ("[]".to_owned(), "", "invalid_value"),
            ("7".to_owned(), "", "invalid_type"),
        ];
        for (body, pointer, code) in cases {
            let problem = flaw_in_body::<Order>(body.as_bytes());
            let found = problem.flaws.first().map(|flaw| (flaw.pointer.as_str(), flaw.code.as_str()));
            assert_eq!(found, Some((pointer, code)), "{body}");
        }
    }

    #[test]
    fn a_word_that_nobody_knows_is_answered_with_those_that_are_known() {
        let problem = flaw_in_body::<Order>(br#"{"id":"0193572f-7d1a-7c3e-9d52-2f6c8f1f0a11","how":"fast"}"#);
        let said = format!("{:?}", problem.flaws);
        assert!(said.contains("须为 on_foot、by_bus 之一"), "{said}");
    }

    #[test]
    fn what_is_no_json_is_malformed_wherever_it_breaks() {
        for body in ["", "{", "{\"id\":7", "{} x", "\u{feff}{}", "{\"id\":\"\u{1}\"}"] {
            assert_eq!(flaw_in_body::<Order>(body.as_bytes()).code, Code::MalformedRequest, "{body:?}");
        }
        assert_eq!(flaw_in_body::<Order>(b"{\"id\":\"\xff\"}").code, Code::MalformedRequest);
    }
}
