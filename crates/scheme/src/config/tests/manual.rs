//! `docs/SCHEME.md`: every example in it is tried, and its reference is that of the types.

use serde_json::Value as Json;
use toml::{Table, Value};

use super::kept::is_fresh;
use crate::config::{Scheme, json_schema};

const FILE: &str = "docs/SCHEME.md";
const BEGIN: &str = "<!-- reference:begin -->\n";
const END: &str = "<!-- reference:end -->\n";

fn manual() -> String {
    std::fs::read_to_string(format!("{}/../../{FILE}", env!("CARGO_MANIFEST_DIR"))).expect(FILE)
}

/// The fenced blocks whose info string is `info`.
fn blocks<'a>(text: &'a str, info: &str) -> Vec<&'a str> {
    let fence = format!("\n```{info}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap_or_default()).collect()
}

#[test]
fn all_examples_of_the_manual_are_sound() {
    let text = manual();
    let complete = blocks(&text, "toml");
    for example in &complete {
        let parsed = Scheme::parse_with_warnings(example).unwrap_or_else(|error| panic!("{example}\n{error}"));
        assert_eq!(parsed.1, [], "{example}");
    }
    let small: Table = complete.first().expect("a first example").parse().expect("TOML");
    let fragments = blocks(&text, "toml,fragment");
    assert!(fragments.len() > 25, "{}", fragments.len());
    for fragment in fragments {
        let mut whole = small.clone();
        splice(&mut whole, fragment.parse().unwrap_or_else(|error| panic!("{fragment}\n{error}")));
        let whole = whole.to_string();
        let parsed = Scheme::parse_with_warnings(&whole).unwrap_or_else(|error| panic!("{fragment}\n{error}\n{whole}"));
        assert_eq!(parsed.1, [], "{fragment}");
    }
    let started = text.matches("\n```toml").count();
    assert_eq!(started, complete.len() + blocks(&text, "toml,fragment").len(), "a block of another kind");
}

/// Adds a fragment as the manual says: lists are added to, the fields of a version go into the version, and the default
/// takes the place of the one there. A version with a date of its own is a new version.
fn splice(whole: &mut Table, fragment: Table) {
    for (key, added) in fragment {
        match (whole.get_mut(&key), added) {
            (Some(Value::Array(versions)), Value::Array(added)) if key == "versions" && !is_dated(&added) => {
                let added = added.into_iter().next();
                splice(last(versions), added.and_then(|one| one.try_into().ok()).expect("a version"));
            }
            (Some(Value::Array(versions)), Value::Table(added)) if key == "versions" => splice(last(versions), added),
            (Some(Value::Array(list)), Value::Array(added)) if added.iter().all(Value::is_table) => list.extend(added),
            (_, added) => drop(whole.insert(key, added)),
        }
    }
}

fn is_dated(versions: &[Value]) -> bool {
    versions.iter().any(|version| version.get("from").is_some())
}

fn last(versions: &mut [Value]) -> &mut Table {
    versions.last_mut().and_then(Value::as_table_mut).expect("a version")
}

#[test]
fn the_reference_is_that_of_the_types() {
    let text = manual();
    let (before, rest) = text.split_once(BEGIN).expect(BEGIN);
    let (_, after) = rest.split_once(END).expect(END);
    is_fresh(FILE, &format!("{before}{BEGIN}{}{END}{after}", reference()));
}

/// All tables of a configuration with their fields, each where it is written first.
fn reference() -> String {
    let schema = json_schema();
    let mut waiting = std::collections::VecDeque::from([(String::new(), &schema)]);
    let mut seen = Vec::new();
    let mut text = String::new();
    while let Some((path, node)) = waiting.pop_front() {
        let title = if path.is_empty() { "文件顶层 Top of the file".to_owned() } else { format!("`{path}`") };
        let said = described(node);
        text += &format!("\n### {title}\n\n{said}\n\n| 字段 field | 写作 written as | 意思 meaning |\n|---|---|---|\n");
        let required = node["required"].as_array().cloned().unwrap_or_default();
        for (name, field) in node["properties"].as_object().into_iter().flatten() {
            let (list, target, target_name) = target(&schema, field);
            let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let mut written = written_as(&schema, target, target_name, &below, &seen);
            if target["properties"].is_object() && !seen.iter().any(|(known, _)| known == target_name) {
                seen.push((target_name.to_owned(), below.clone()));
                waiting.push_back((below, target));
            }
            if list {
                written = format!("列表 list: {written}");
            }
            let bold = if required.iter().any(|one| one == name) { "**" } else { "" };
            text += &format!("| {bold}`{name}`{bold} | {written} | {} |\n", described(field));
        }
    }
    text + "\n"
}

/// What a field holds, behind lists, references and nothing; and the name of its type.
fn target<'a>(schema: &'a Json, field: &'a Json) -> (bool, &'a Json, &'a str) {
    let field = field["anyOf"].get(0).unwrap_or(field);
    let list = field["items"].is_object();
    let field = if list { &field["items"] } else { field };
    let name = field["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")).unwrap_or_default();
    (list, if name.is_empty() { field } else { &schema["$defs"][name] }, name)
}

fn written_as(schema: &Json, node: &Json, name: &str, path: &str, seen: &[(String, String)]) -> String {
    let kind = node["type"].as_str().or(node["type"].get(0).and_then(Json::as_str));
    match (name, kind) {
        ("Decimal", _) => "数 decimal `\"1.5\"`".to_owned(),
        ("MonthDay", _) => "日子 day of the year `\"06-30\"`".to_owned(),
        _ if node["oneOf"].is_array() || node["enum"].is_array() => choices(schema, node),
        (_, Some("object")) => match seen.iter().find(|(known, _)| known == name) {
            Some((_, first)) => format!("同 as `{first}`"),
            None => format!("见 see `{path}`"),
        },
        (_, Some("string")) if node["format"] == "date" => "日期 day `2026-01-31`".to_owned(),
        (_, Some("string")) => "文字 text".to_owned(),
        (_, Some("integer")) => "整数 integer".to_owned(),
        (_, Some("boolean")) => "`true` / `false`".to_owned(),
        _ => panic!("{path} is of no kind that the reference knows: {node}"),
    }
}

/// The variants, with what each means.
fn choices(schema: &Json, node: &Json) -> String {
    let alternatives = node["oneOf"].as_array().map_or(std::slice::from_ref(node), Vec::as_slice);
    let mut lines = Vec::new();
    for one in alternatives {
        let meaning = if node["oneOf"].is_array() { described(one) } else { String::new() };
        let plain = one["enum"].as_array().into_iter().flatten().chain(Some(&one["const"])).filter_map(Json::as_str);
        lines.extend(plain.map(|name| format!("`\"{name}\"` {meaning}").trim_end().to_owned()));
        for (name, value) in one["properties"].as_object().into_iter().flatten() {
            let (_, value, value_name) = target(schema, value);
            let kind = written_as(schema, value, value_name, name, &[]);
            lines.push(format!("`{{ {name} = … }}` ({kind}) {meaning}").trim_end().to_owned());
        }
    }
    lines.join("<br>")
}

/// Both languages in one line that a table can hold.
fn described(node: &Json) -> String {
    node["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}
