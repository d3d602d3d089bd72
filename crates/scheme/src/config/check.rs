//! From the file as written to the scheme that can be relied on, or to the first flaw.

mod rules;

use std::collections::HashSet;
use std::ops::Range;

use chrono_tz::Tz;
use toml::Spanned;

use super::file::{CategoryFile, SchemeFile, StationFile, Text, UnitFile};
use super::{Category, Scheme, Station, Unit};

/// What is wrong, and where in the file (in bytes).
pub struct Flaw {
    pub at: Option<Range<usize>>,
    pub message: String,
}

type Checked<T> = Result<T, Flaw>;

const LONGEST_TEXT: usize = 1_000;

pub fn scheme(file: SchemeFile) -> Checked<Scheme> {
    let points_scale = *file.points_scale.get_ref();
    if points_scale > 2 {
        return flaw(file.points_scale.span(), format!("points have 0, 1 or 2 decimals, not {points_scale}"));
    }
    let categories = categories(file.categories)?;
    let known = categories.iter().map(|category| category.code.as_str()).collect();
    let versions = rules::versions(file.versions, &rules::Context { points_scale, known })?;
    Ok(Scheme {
        code: scheme_code(file.code)?,
        name: text(file.name)?,
        name_en: text(file.name_en)?,
        illustrative: file.illustrative,
        source: text(file.source)?,
        time_zone: time_zone(file.time_zone)?,
        points_scale,
        stations: stations(file.stations)?,
        units: units(file.units)?,
        categories,
        versions,
    })
}

fn time_zone(name: Option<Text>) -> Checked<Tz> {
    let Some(name) = name else {
        return Ok(Tz::Asia__Shanghai);
    };
    let unknown = format!("there is no time zone `{}`; they are named like `Asia/Shanghai`", name.get_ref());
    name.get_ref().parse().or_else(|_| flaw(name.span(), unknown))
}

fn stations(file: Spanned<Vec<StationFile>>) -> Checked<Vec<Station>> {
    let at = file.span();
    let mut seen = HashSet::new();
    let stations: Vec<Station> = file
        .into_inner()
        .into_iter()
        .map(|station| Ok(Station { code: new_code(station.code, &mut seen)?, name: text(station.name)? }))
        .collect::<Checked<_>>()?;
    match seen.contains("main") {
        true => Ok(stations),
        false => flaw(at, "one of the stations has the code `main`".into()),
    }
}

/// That a unit stands below its parent gives every unit a root, and leaves no way to write a circle.
fn units(file: Vec<UnitFile>) -> Checked<Vec<Unit>> {
    let mut seen = HashSet::new();
    let mut units = Vec::with_capacity(file.len());
    for UnitFile { code, name, kind, parent } in file {
        if let Some(parent) = parent.as_ref().filter(|parent| !seen.contains(parent.get_ref())) {
            let message = format!(
                "`{}` cannot be the parent of `{}`: no unit above it has that code",
                parent.get_ref(),
                code.get_ref()
            );
            return flaw(parent.span(), message);
        }
        let code = new_code(code, &mut seen)?;
        units.push(Unit { code, name: text(name)?, kind, parent: parent.map(Spanned::into_inner) });
    }
    Ok(units)
}

fn categories(file: Vec<CategoryFile>) -> Checked<Vec<Category>> {
    if file.is_empty() {
        return Err(Flaw { at: None, message: "a scheme has at least one category".into() });
    }
    let mut seen = HashSet::new();
    file.into_iter()
        .map(|CategoryFile { code, name, name_en }| {
            Ok(Category { code: new_code(code, &mut seen)?, name: text(name)?, name_en: text(name_en)? })
        })
        .collect()
}

fn scheme_code(code: Text) -> Checked<String> {
    let written = code.get_ref();
    match (2..=32).contains(&written.len()) && is_code(written) && !written.contains('_') {
        true => Ok(code.into_inner()),
        false => flaw(
            code.span(),
            format!("a scheme's code is 2 to 32 of a-z, 0-9 and `-`, beginning with a letter, not `{written}`"),
        ),
    }
}

/// A code that its list does not have yet.
fn new_code(code: Text, seen: &mut HashSet<String>) -> Checked<String> {
    let written = code.get_ref();
    if !is_code(written) {
        let message = format!("a code is 1 to 32 of a-z, 0-9, `-` and `_`, beginning with a letter, not `{written}`");
        return flaw(code.span(), message);
    }
    if !seen.insert(written.clone()) {
        return flaw(code.span(), format!("the code `{written}` is used twice"));
    }
    Ok(code.into_inner())
}

fn is_code(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

fn text(written: Text) -> Checked<String> {
    let text = written.get_ref();
    let problem = if text.trim().is_empty() {
        "is blank"
    } else if text.trim() != text {
        "begins or ends with a blank"
    } else if text.chars().count() > LONGEST_TEXT {
        "is longer than 1000 characters"
    } else if text.chars().any(char::is_control) {
        "has a line break or another control character"
    } else {
        return Ok(written.into_inner());
    };
    flaw(written.span(), format!("this text {problem}"))
}

fn flaw<T>(at: Range<usize>, message: String) -> Checked<T> {
    Err(Flaw { at: Some(at), message })
}
