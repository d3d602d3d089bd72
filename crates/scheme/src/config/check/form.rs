//! The form of a file: all fields that are unknown or missing, and all values that are of the wrong kind, at once. Reading a
//! file into its types stops at the first of them; this goes by the JSON Schema, and has the descriptions to say what
//! is asked for.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::codes::{did_you_mean, most_like};
use crate::config::{MonthDay, json_schema};
use crate::rules::Decimal;

/// A flaw, and the bytes of the file that it stands at.
pub struct Flaw {
    pub at: Range<usize>,
    pub zh: String,
    pub en: String,
    pub suggestion: Option<String>,
}

/// All flaws of form in a document that is TOML.
pub fn flaws(document: &Spanned<DeTable<'_>>) -> Vec<Flaw> {
    let schema = json_schema();
    let mut form = Form { schema: &schema, flaws: Vec::new() };
    form.table(document.get_ref(), document.span(), &schema);
    form.flaws
}

struct Form<'a> {
    schema: &'a Value,
    flaws: Vec<Flaw>,
}

impl<'a> Form<'a> {
    fn table(&mut self, table: &DeTable<'_>, at: Range<usize>, node: &'a Value) {
        let Some(fields) = node["properties"].as_object() else { return };
        let mut meant = Vec::new();
        for (key, _) in table.iter().filter(|(key, _)| !fields.contains_key(key.get_ref().as_ref())) {
            meant.extend(self.unknown_field(key.get_ref(), key.span(), fields));
        }
        for (key, value) in table.iter() {
            // What stands under `[[version]]` makes `[versions.default]` look odd, and is not.
            let name = key.get_ref().as_ref();
            if let Some(field) = fields.get(name).filter(|_| !meant.iter().any(|one| one == name)) {
                self.value(value, field);
            }
        }
        let required = node["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for name in required.filter(|name| !table.contains_key(*name) && !meant.iter().any(|one| one == name)) {
            let (zh, en) = self.asked(fields.get(name).unwrap_or(&Value::Null));
            let zh = format!("缺少 `{name}`：{zh}");
            self.flaw(at.clone(), zh, format!("missing field `{name}`: {en}"), None);
        }
    }

    /// Gives back the field that was probably meant.
    fn unknown_field(&mut self, key: &str, at: Range<usize>, fields: &Map<String, Value>) -> Option<String> {
        let meant = most_like(key, fields.keys().map(String::as_str)).map(str::to_owned);
        let (zh, en) = (format!("没有字段 `{key}`"), format!("unknown field `{key}`"));
        let suggestion = match &meant {
            Some(meant) => did_you_mean(meant),
            None => format!("可写 it has {}", ticked(fields.keys().map(String::as_str))),
        };
        self.flaw(at, zh, en, Some(suggestion));
        meant
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, field: &'a Value) {
        let (name, node) = self.resolved(field);
        match (value.get_ref(), kind(name, node)) {
            (DeValue::Table(table), Kind::Table) => self.table(table, value.span(), node),
            (DeValue::Array(items), Kind::List) => {
                for item in items.iter() {
                    self.value(item, &node["items"]);
                }
            }
            (DeValue::String(text), Kind::Choice) => self.choice(text, value.span(), node),
            (DeValue::Table(table), Kind::Choice) => self.choice_with_value(table, node),
            (DeValue::String(text), Kind::Decimal) => {
                if let Err(error) = Decimal::parse(text) {
                    self.flaw(value.span(), "数字写法不对：".to_owned(), error.to_string(), None);
                }
            }
            (DeValue::String(text), Kind::MonthDay) => {
                if let Err(error) = MonthDay::try_from(text.to_string()) {
                    self.flaw(value.span(), "没有这一天：".to_owned(), error, None);
                }
            }
            (DeValue::String(_), Kind::Text)
            | (DeValue::Integer(_), Kind::Integer)
            | (DeValue::Boolean(_), Kind::Boolean)
            | (DeValue::Datetime(_), Kind::Day)
            | (_, Kind::Anything) => {}
            (written, expected) => self.wrong_kind(value.span(), written, expected),
        }
    }

    fn wrong_kind(&mut self, at: Range<usize>, written: &DeValue<'_>, expected: Kind) {
        let (zh, en) = expected.names();
        let suggestion = match (written, expected) {
            (DeValue::Integer(number), Kind::Decimal) => Some(format!("`\"{number}\"`")),
            (DeValue::Float(number), Kind::Decimal) => Some(format!("`\"{number}\"`")),
            (DeValue::String(text), Kind::Day | Kind::Integer | Kind::Boolean) if text.is_ascii() => {
                Some(format!("不加引号 without quotes: `{text}`"))
            }
            (DeValue::String(text), Kind::List) => Some(format!("`[\"{text}\"]`")),
            (DeValue::Table(_), Kind::List) => Some("`[[…]]`".to_owned()),
            _ => None,
        };
        let en = format!("invalid type: {}, expected {en}", written_as(written));
        self.flaw(at, format!("类型不对，应为{zh}："), en, suggestion);
    }

    fn choice(&mut self, written: &str, at: Range<usize>, node: &'a Value) {
        let (plain, with_value) = choices(node);
        if plain.contains(&written) {
            return;
        }
        if with_value.iter().any(|(name, _)| *name == written) {
            let zh = format!("`{written}` 要带一个值");
            let suggestion = Some(format!("`{{ {written} = … }}`"));
            return self.flaw(at, zh, format!("`{written}` goes with a value"), suggestion);
        }
        self.unknown_choice(written, at, node);
    }

    fn choice_with_value(&mut self, table: &DeTable<'_>, node: &'a Value) {
        let (plain, with_value) = choices(node);
        for (key, value) in table.iter() {
            let written = key.get_ref().as_ref();
            match with_value.iter().find(|(name, _)| *name == written) {
                Some((_, field)) => self.value(value, field),
                None if plain.contains(&written) => {
                    let zh = format!("`{written}` 不带值");
                    let suggestion = Some(format!("`\"{written}\"`"));
                    self.flaw(key.span(), zh, format!("`{written}` goes without a value"), suggestion);
                }
                None => self.unknown_choice(written, key.span(), node),
            }
        }
    }

    fn unknown_choice(&mut self, written: &str, at: Range<usize>, node: &'a Value) {
        let (plain, with_value) = choices(node);
        let names = || plain.iter().copied().chain(with_value.iter().map(|(name, _)| *name));
        let zh = format!("没有选项 `{written}`，可写 {}", ticked(names()));
        let en = format!("unknown variant `{written}`, expected one of {}", ticked(names()));
        self.flaw(at, zh, en, most_like(written, names()).map(did_you_mean));
    }

    /// What a field is for, in both languages, with what can be written there.
    fn asked(&self, field: &'a Value) -> (String, String) {
        let described = field["description"].as_str().unwrap_or_default();
        let (zh, en) = described.split_once('\n').unwrap_or((described, described));
        let (zh, en) = (zh.trim_end_matches('。'), en.replace('\n', " "));
        let (name, node) = self.resolved(field);
        let en = en.trim_end_matches('.');
        if kind(name, node) != Kind::Choice {
            return (zh.to_owned(), en.to_owned());
        }
        let (plain, with_value) = choices(node);
        let with_value = with_value.iter().map(|(name, _)| format!("{{ {name} = … }}"));
        let names: Vec<String> = plain.iter().map(|name| (*name).to_owned()).chain(with_value).collect();
        let names = ticked(names.iter().map(String::as_str));
        (format!("{zh}（{names}）"), format!("{en} ({names})"))
    }

    /// What stands behind references, and its name.
    fn resolved(&self, field: &'a Value) -> (&'a str, &'a Value) {
        let field = field["anyOf"].as_array().and_then(|one_of| one_of.first()).unwrap_or(field);
        let name = field["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
        name.map_or(("", field), |name| (name, &self.schema["$defs"][name]))
    }

    fn flaw(&mut self, at: Range<usize>, zh: String, en: String, suggestion: Option<String>) {
        self.flaws.push(Flaw { at, zh, en, suggestion });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table,
    List,
    Choice,
    Decimal,
    MonthDay,
    Day,
    Text,
    Integer,
    Boolean,
    Anything,
}

impl Kind {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Kind::Table => ("表", "a table"),
            Kind::List => ("列表", "a list"),
            Kind::Choice => ("选项", "one of its variants"),
            Kind::Decimal => ("写成文字的数字，如 \"1.5\"", "a decimal written as text, such as \"1.5\""),
            Kind::MonthDay => ("日子，如 \"06-30\"", "a day of the year, such as \"06-30\""),
            Kind::Day => ("日期，如 2026-01-31", "a day as a TOML datetime, such as 2026-01-31"),
            Kind::Text => ("文字", "a string"),
            Kind::Integer => ("整数", "an integer"),
            Kind::Boolean => ("true 或 false", "a boolean"),
            Kind::Anything => ("值", "a value"),
        }
    }
}

fn kind(name: &str, node: &Value) -> Kind {
    let written = match &node["type"] {
        Value::Array(types) => types.first().and_then(Value::as_str),
        one => one.as_str(),
    };
    match (name, written) {
        ("Decimal", _) => Kind::Decimal,
        ("MonthDay", _) => Kind::MonthDay,
        _ if node["oneOf"].is_array() || node["enum"].is_array() => Kind::Choice,
        (_, Some("string")) if node["format"] == "date" => Kind::Day,
        (_, Some("string")) => Kind::Text,
        (_, Some("integer")) => Kind::Integer,
        (_, Some("boolean")) => Kind::Boolean,
        (_, Some("array")) => Kind::List,
        (_, Some("object")) => Kind::Table,
        _ => Kind::Anything,
    }
}

/// The names that can be chosen from: those that stand alone, and those that go with a value.
fn choices(node: &Value) -> (Vec<&str>, Vec<(&str, &Value)>) {
    let (mut plain, mut with_value) = (Vec::new(), Vec::new());
    let alternatives = node["oneOf"].as_array().map_or(std::slice::from_ref(node), Vec::as_slice);
    for alternative in alternatives {
        plain.extend(alternative["enum"].as_array().into_iter().flatten().filter_map(Value::as_str));
        plain.extend(alternative["const"].as_str());
        let fields = alternative["properties"].as_object().into_iter().flatten();
        with_value.extend(fields.map(|(name, field)| (name.as_str(), field)));
    }
    (plain, with_value)
}

fn written_as(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a floating point number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a datetime",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn ticked<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
