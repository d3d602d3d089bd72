//! What a file has to keep beside its form: everything that is wrong with it is found at once, each with its place.

mod caps;
mod certificates;
mod codes;
mod complaints;
mod conditions;
mod control;
mod earning;
mod exchange;
mod form;
mod ladders;
mod place;
mod presence;
mod reviews;
mod versions;
mod wishes;

use std::fmt;
use std::ops::Range;

use toml::de::DeTable;

use super::{CategoryKind, ConfigError, Scheme};
use place::Place;

/// Something about a configuration that its author should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// Counted from 1; the column in characters, as editors show it.
    pub line_and_column: Option<(usize, usize)>,
    pub zh: String,
    pub en: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can be used, and probably does not say what was meant.
    Warning,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.line_and_column {
            write!(out, "line {line}, column {column}: ")?;
        }
        if self.severity == Severity::Warning {
            out.write_str("注意 warning: ")?;
        }
        write!(out, "{} {}", self.zh, self.en)?;
        match &self.suggestion {
            Some(suggestion) => write!(out, " → {suggestion}"),
            None => Ok(()),
        }
    }
}

/// Reads and checks a configuration; warnings come with it.
pub fn parse(toml: &str) -> Result<(Scheme, Vec<Finding>), ConfigError> {
    // Editors on Windows begin a file with a mark that is no part of it.
    let toml = toml.strip_prefix('\u{feff}').unwrap_or(toml);
    let mut scheme: Scheme = match toml::from_str(toml) {
        Ok(scheme) => scheme,
        Err(error) => return Err(ConfigError { findings: unreadable(toml, &error) }),
    };
    let mut report = Report::default();
    check(&mut scheme, &mut report);
    let findings = report.located(toml);
    match findings.iter().any(|finding| finding.severity == Severity::Error) {
        true => Err(ConfigError { findings }),
        false => Ok((scheme, findings)),
    }
}

fn check(scheme: &mut Scheme, report: &mut Report) {
    let root = Place::root();
    if scheme.points_scale > 2 {
        let zh = format!("积分的小数位数是 0、1 或 2，不是 {}", scheme.points_scale);
        let en = format!("points have 0, 1 or 2 decimals, not {}", scheme.points_scale);
        return report.error(root.key("points_scale"), zh, en);
    }
    if let Some(budget) = scheme.points_budget {
        codes::fits_scale(scheme, budget, root.key("points_budget"), report);
    }
    codes::check(scheme, report);
    presence::check(scheme, &root, report);
    versions::check(scheme, report);
    certificates::check(scheme, report);
    complaints::check(scheme, report);
    wishes::check(scheme, report);
}

/// The findings so far.
#[derive(Default)]
pub(super) struct Report {
    found: Vec<(Place, Finding)>,
}

impl Report {
    pub fn error(&mut self, at: Place, zh: impl Into<String>, en: impl Into<String>) {
        self.find(Severity::Error, at, zh.into(), en.into(), None);
    }

    pub fn error_with(&mut self, at: Place, zh: String, en: String, suggestion: Option<String>) {
        self.find(Severity::Error, at, zh, en, suggestion);
    }

    pub fn warning(&mut self, at: Place, zh: impl Into<String>, en: impl Into<String>) {
        self.find(Severity::Warning, at, zh.into(), en.into(), None);
    }

    /// A field that has no default, because the published texts differ or are silent there.
    pub fn missing(&mut self, at: Place, field: &str, zh: &str, en: &str) {
        self.error(at, format!("缺少 `{field}`：{zh}"), format!("missing field `{field}`: {en}"));
    }

    fn find(&mut self, severity: Severity, at: Place, zh: String, en: String, suggestion: Option<String>) {
        self.found.push((at, Finding { severity, line_and_column: None, zh, en, suggestion }));
    }

    /// The findings in the order of the file.
    fn located(self, toml: &str) -> Vec<Finding> {
        let document = DeTable::parse(toml).ok();
        let mut located: Vec<(usize, Finding)> = self
            .found
            .into_iter()
            .map(|(place, mut finding)| {
                let span = document.as_ref().and_then(|document| place.span(document));
                finding.line_and_column = span.clone().and_then(|span| line_and_column(toml, &span));
                (span.map_or(usize::MAX, |span| span.start), finding)
            })
            .collect();
        located.sort_by_key(|(start, finding)| (*start, finding.severity));
        located.into_iter().map(|(_, finding)| finding).collect()
    }
}

/// The file does not have the form of a configuration. When it is TOML at all, everything that is wrong with its form is
/// found; what reading it says comes on top when it is something else.
fn unreadable(toml: &str, error: &toml::de::Error) -> Vec<Finding> {
    let document = DeTable::parse(toml).ok();
    let mut flaws = document.as_ref().map(form::flaws).unwrap_or_default();
    let line = |span: &Range<usize>| line_and_column(toml, span).map(|(line, _)| line);
    let said = error.span().is_some_and(|span| flaws.iter().any(|flaw| line(&flaw.at) == line(&span)));
    let of_form = ["unknown ", "missing field", "invalid type"].iter().any(|form| error.message().starts_with(form));
    if flaws.is_empty() || !(said || of_form) {
        let zh = match error.message().starts_with("duplicate ") {
            true => "重复的字段：",
            false => "无法读取：",
        };
        let en = error.message().replace('\n', "; ");
        let at = error.span().unwrap_or_default();
        let suggestion = full_width(toml, &at);
        flaws.push(form::Flaw { at, zh: zh.to_owned(), en, suggestion });
    }
    flaws.sort_by_key(|flaw| flaw.at.start);
    let finding = |flaw: form::Flaw| Finding {
        severity: Severity::Error,
        line_and_column: line_and_column(toml, &flaw.at),
        zh: flaw.zh,
        en: flaw.en,
        suggestion: flaw.suggestion,
    };
    flaws.into_iter().map(finding).collect()
}

/// The commonest slip of a Chinese keyboard: signs that look like those of TOML.
fn full_width(toml: &str, at: &Range<usize>) -> Option<String> {
    let line = toml.get(at.start..)?.lines().next()?;
    let sign = line.split('#').next()?.chars().find(|sign| "“”‘’＝，：［］｛｝".contains(*sign))?;
    Some(format!("`{sign}` 是全角符号，请改用半角 use the sign of a Latin keyboard instead of `{sign}`"))
}

fn line_and_column(toml: &str, span: &Range<usize>) -> Option<(usize, usize)> {
    let before = toml.get(..span.start)?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    Some((before.matches('\n').count().saturating_add(1), line.chars().count().saturating_add(1)))
}

/// Whether services can be of this category; an unknown one has been reported elsewhere.
pub(super) fn is_event(scheme: &Scheme, category: &str) -> bool {
    scheme.category(category).is_some_and(|category| category.kind == CategoryKind::Event)
}
