//! Codes and names: well formed, each once, and known where they are referred to.

use std::collections::HashSet;

use serde::Serialize;

use super::{Place, Report};
use crate::config::{CapUnit, Expiry, Scheme};
use crate::rules::Decimal;

const LONGEST_TEXT: usize = 1_000;

pub fn check(scheme: &Scheme, report: &mut Report) {
    let root = Place::root();
    scheme_code(scheme, report);
    for (key, text) in [("name", &scheme.name), ("name_en", &scheme.name_en), ("source", &scheme.source)] {
        self::text(root.key(key), text, report);
    }
    let list = |list, items: Vec<NamedItem>, report: &mut Report| named_in(&root, list, items.into_iter(), report);
    list("stations", scheme.stations.iter().map(|one| (one.code.as_str(), name(&one.name))).collect(), report);
    if scheme.station("main").is_none() {
        report.error(root.key("stations"), "要有一个代码为 `main` 的站点", "one of the stations has the code `main`");
    }
    list("units", scheme.units.iter().map(|one| (one.code.as_str(), name(&one.name))).collect(), report);
    parents(scheme, report);
    if scheme.categories.is_empty() {
        report.error(root.key("categories"), "至少要有一个类别", "a scheme has at least one category");
    }
    let categories = scheme.categories.iter().map(|one| (one.code.as_str(), names(&one.name, &one.name_en)));
    list("categories", categories.collect(), report);
    for (key, named) in [("levels", &scheme.levels), ("roles", &scheme.roles), ("labels", &scheme.labels)] {
        list(key, named.iter().map(|one| (one.code.as_str(), names(&one.name, &one.name_en))).collect(), report);
    }
    let accounts = scheme.accounts.iter().map(|one| (one.code.as_str(), names(&one.name, &one.name_en)));
    list("accounts", accounts.collect(), report);
    self::accounts(scheme, report);
}

fn scheme_code(scheme: &Scheme, report: &mut Report) {
    let code = &scheme.code;
    if !(2..=32).contains(&code.len()) || !is_code(code) || code.contains('_') {
        let zh = format!("方案代码由 2 至 32 个 a-z、0-9 和 `-` 组成，以字母开头，不能是 `{code}`");
        let en = format!("a scheme's code is 2 to 32 of a-z, 0-9 and `-`, beginning with a letter, not `{code}`");
        report.error(Place::root().key("code"), zh, en);
    }
}

/// A code, and the names that go with it, by their fields.
pub type NamedItem<'a> = (&'a str, Vec<(&'static str, &'a str)>);

fn name(name: &str) -> Vec<(&'static str, &str)> {
    vec![("name", name)]
}

pub fn names<'a>(name: &'a str, name_en: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![("name", name), ("name_en", name_en)]
}

/// A list whose items have a code, each its own, and names.
pub fn named_in<'a>(
    place: &Place,
    list: &'static str,
    items: impl Iterator<Item = NamedItem<'a>>,
    report: &mut Report,
) {
    let mut seen = HashSet::new();
    for (index, (code, texts)) in items.enumerate() {
        let place = place.item(list, index);
        self::code(place.key("code"), code, report);
        if !seen.insert(code) {
            let (zh, en) = (format!("代码 `{code}` 用了两次"), format!("the code `{code}` is used twice"));
            report.error(place.key("code"), zh, en);
        }
        for (key, written) in texts {
            text(place.key(key), written, report);
        }
    }
}

pub fn code(at: Place, code: &str, report: &mut Report) {
    if !is_code(code) {
        let zh = format!("代码由 1 至 32 个 a-z、0-9、`-`、`_` 组成，以字母开头，不能是 `{code}`");
        let en = format!("a code is 1 to 32 of a-z, 0-9, `-` and `_`, beginning with a letter, not `{code}`");
        report.error(at, zh, en);
    }
}

/// A list at `key` in which nothing stands twice.
pub fn each_once<T: PartialEq + Serialize>(key: &'static str, list: &[T], at: &Place, report: &mut Report) {
    for (index, one) in list.iter().enumerate() {
        if list.iter().take(index).any(|earlier| earlier == one) {
            let shown = serde_json::to_value(one).unwrap_or_default();
            let shown = shown.as_str().map_or_else(|| shown.to_string(), str::to_owned);
            let (zh, en) = (format!("`{shown}` 写了两次"), format!("`{shown}` is listed twice"));
            report.error(at.item(key, index), zh, en);
        }
    }
}

/// A list of codes that are known, each once.
pub fn listed(key: &'static str, list: &[String], what: (&str, &str), known: &[&str], at: &Place, report: &mut Report) {
    for (index, code) in list.iter().enumerate() {
        self::known(at.item(key, index), code, what, known.iter().copied(), report);
    }
    each_once(key, list, at, report);
}

/// A list of labels that volunteers are marked with.
pub fn listed_labels(scheme: &Scheme, key: &'static str, list: &[String], at: &Place, report: &mut Report) {
    let labels: Vec<&str> = scheme.labels.iter().map(|one| one.code.as_str()).collect();
    listed(key, list, ("标记", "label"), &labels, at, report);
}

/// Reports points that the scheme's decimals cannot hold, or that are too large for any scheme.
pub fn fits_scale(scheme: &Scheme, points: Decimal, at: Place, report: &mut Report) {
    let scale = scheme.points_scale;
    if !points.fits(scale) {
        let zh = format!("积分只有 {scale} 位小数（points_scale）");
        report.error(at, zh, format!("the amount has more than {scale} decimals"));
    } else if points > Decimal::whole(1_000_000_000) || points < Decimal::whole(-1_000_000_000) {
        report.error(at, "数字太大", "the amount is too large");
    }
}

/// That a unit stands below its parent gives every unit a root, and leaves no way to write a circle.
fn parents(scheme: &Scheme, report: &mut Report) {
    let mut above = HashSet::new();
    for (index, unit) in scheme.units.iter().enumerate() {
        if let Some(parent) = unit.parent.as_ref().filter(|parent| !above.contains(parent.as_str())) {
            let code = &unit.code;
            let zh = format!("`{parent}` 不能是 `{code}` 的上级：前面没有这个代码的单位");
            let en = format!("`{parent}` cannot be the parent of `{code}`: no unit above it has that code");
            let known = above.iter().copied();
            let suggestion = most_like(parent, known).map(did_you_mean);
            report.error_with(Place::root().item("units", index).key("parent"), zh, en, suggestion);
        }
        above.insert(unit.code.as_str());
    }
}

fn accounts(scheme: &Scheme, report: &mut Report) {
    for (index, account) in scheme.accounts.iter().enumerate() {
        let place = Place::root().item("accounts", index);
        if ["points", "hours"].contains(&account.code.as_str()) {
            let zh = format!("`{}` 是现成的账本，请换一个代码", account.code);
            let en = format!("`{}` is there already; choose another code", account.code);
            report.error(place.key("code"), zh, en);
        }
        if account.counts == CapUnit::Uses {
            report.error(place.key("counts"), "账本记 minutes 或 points", "an account counts minutes or points");
        }
        if account.feeds_points && account.counts != CapUnit::Points {
            let (zh, en) = ("只有记积分的账本能汇入积分", "only an account of points adds to points");
            report.error(place.key("feeds_points"), zh, en);
        }
        expiry(&place, account.expiry, account.expiry_counts_from.is_some(), report);
    }
}

pub fn expiry(place: &Place, expiry: Expiry, has_base: bool, report: &mut Report) {
    const LONGEST_MONTHS: u32 = 1_200;
    if let Expiry::Months(months) | Expiry::MonthsAfterYearEnd(months) = expiry
        && !(1..=LONGEST_MONTHS).contains(&months)
    {
        let zh = format!("有效期为 1 至 {LONGEST_MONTHS} 个月，不是 {months}");
        let en = format!("points last between 1 and {LONGEST_MONTHS} months, not {months}");
        report.error(place.key("expiry"), zh, en);
    }
    match (expiry, has_base) {
        (Expiry::Never | Expiry::On(_), true) => {
            let zh = "长期有效或到固定一天为止的积分没有 `expiry_counts_from`";
            let en = "points that never expire, or on one day, have no `expiry_counts_from`";
            report.error(place.key("expiry_counts_from"), zh, en);
        }
        (Expiry::YearEnd | Expiry::MonthsAfterYearEnd(_) | Expiry::Months(_) | Expiry::Yearly(_), false) => {
            let zh = "会过期的积分要写 `expiry_counts_from`：`service_date` 或 `recording_date`";
            let en = "points that expire need `expiry_counts_from`: `service_date` or `recording_date`";
            report.error(place.key("expiry"), zh, en);
        }
        _ => {}
    }
}

/// Reports a code that is not among `known`.
pub fn known<'a>(
    place: Place,
    code: &str,
    what: (&str, &str),
    known: impl Iterator<Item = &'a str> + Clone,
    report: &mut Report,
) -> bool {
    if known.clone().any(|one| one == code) {
        return true;
    }
    let (zh, en) = (format!("方案没有{} `{code}`", what.0), format!("the scheme has no {} `{code}`", what.1));
    report.error_with(place, zh, en, most_like(code, known).map(did_you_mean));
    false
}

pub fn did_you_mean(name: &str) -> String {
    format!("是否要写 `{name}`？ did you mean `{name}`?")
}

/// The name most like `written`, if any is like it at all.
pub fn most_like<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(written, name);
    let near = names.map(|name| (distance(name), name)).min()?;
    let most = 2.max(written.chars().count() / 3);
    (near.0 <= most).then_some(near.1)
}

fn is_code(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

pub fn text(place: Place, text: &str, report: &mut Report) {
    let (zh, en) = if text.trim().is_empty() {
        ("这段文字是空的", "this text is blank")
    } else if text.trim() != text {
        ("这段文字首尾有空格", "this text begins or ends with a blank")
    } else if text.chars().count() > LONGEST_TEXT {
        ("这段文字超过 1000 字", "this text is longer than 1000 characters")
    } else if text.chars().any(char::is_control) {
        ("这段文字有换行或其他控制字符", "this text has a line break or another control character")
    } else {
        return;
    };
    report.error(place, zh, en);
}
