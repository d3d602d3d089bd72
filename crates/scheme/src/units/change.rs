//! Units are put, moved and merged: many at once or one, wholly or not at all.

use super::tree::{Merged, Place, SINCE_EVER, Tree, Unit};
use super::{kind_word, tree_of};
use crate::config::UnitKind;
use crate::schemes::OpenScheme;
use crate::volunteers::{Written, is_text};
use chrono::{DateTime, NaiveDate, Utc};
use db::{Bulk, Column};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A unit as somebody writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitDetails {
    pub code: String,
    pub name: String,
    pub kind: UnitKind,
    pub parent: Option<String>,
    /// From which day on it stands there, when it stood elsewhere before; `None`: today. A new unit has stood there since ever.
    pub from: Option<NaiveDate>,
}

/// What is wrong with one of the units that were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFlaw {
    /// Which of them, from 0.
    pub place: usize,
    pub field: &'static str,
    pub code: &'static str,
    /// What was given, where that says more.
    pub value: String,
}

impl UnitFlaw {
    pub fn zh(&self) -> String {
        let value = &self.value;
        match self.code {
            "invalid_code" => "代码由 1 至 64 个小写字母、数字、`-`、`_`、`.` 组成，以字母或数字开头".to_owned(),
            "duplicate_code" => format!("代码“{value}”出现了两次"),
            "unknown_unit" => format!("没有单位“{value}”"),
            "unit_merged" => format!("单位“{value}”已并入其他单位"),
            "circle" => format!("“{value}”会成为自己的上级"),
            _ => "为空、过长或含有控制字符".to_owned(),
        }
    }

    pub fn en(&self) -> String {
        let value = &self.value;
        match self.code {
            "invalid_code" => {
                "a code has 1 to 64 of a-z, 0-9, `-`, `_` and `.`, beginning with a letter or digit".to_owned()
            }
            "duplicate_code" => format!("the code {value:?} stands here twice"),
            "unknown_unit" => format!("there is no unit {value:?}"),
            "unit_merged" => format!("the unit {value:?} was merged into another"),
            "circle" => format!("{value:?} would be above itself"),
            _ => "empty, too long, or with control characters".to_owned(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    #[error("{} units cannot be taken", .0.len())]
    Refused(Vec<UnitFlaw>),
    #[error("there is no unit {code:?}")]
    UnitNotFound { code: String },
    #[error("it was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// What a batch came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: usize,
    pub changed: usize,
    pub same: usize,
}

/// Makes a unit, renames it, or moves it: a parent that it does not have today is its parent from `from` on. `expected` is the
/// version that the caller has seen.
pub async fn put(
    scheme: &OpenScheme,
    details: UnitDetails,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(Arc<Unit>, Written), UnitError> {
    let code = details.code.clone();
    let book = scheme.book.number();
    let mut tx = scheme.db.begin_write().await?;
    lock(&mut tx, book).await?;
    if expected.is_some() {
        let current = tree_of(&mut tx, book).await?.get(&code).map_or(0, |unit| unit.version);
        if expected != Some(current) {
            return Err(UnitError::VersionDiffers { current });
        }
    }
    let counts = put_many_in(&mut tx, book, vec![details], scheme.config().day_of(now)).await?;
    let written = match counts {
        Counts { created: 1, .. } => Written::Created,
        Counts { changed: 1, .. } => Written::Changed,
        _ => Written::Same,
    };
    let unit = one(&mut tx, book, &code).await?;
    tx.commit().await?;
    scheme.known_organisation.forget();
    Ok((unit, written))
}

/// Puts all of them, in whatever order they stand, or none.
pub async fn put_many(
    scheme: &OpenScheme,
    units: Vec<UnitDetails>,
    dry_run: bool,
    now: DateTime<Utc>,
) -> Result<Counts, UnitError> {
    let mut tx = scheme.db.begin_write().await?;
    let counts = put_many_in(&mut tx, scheme.book.number(), units, scheme.config().day_of(now)).await?;
    if dry_run {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
        scheme.known_organisation.forget();
    }
    Ok(counts)
}

/// Puts a unit under another from a day on. Reports as of an earlier day have it where it was.
pub async fn move_to(
    scheme: &OpenScheme,
    code: &str,
    parent: Option<String>,
    from: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Result<(Arc<Unit>, Written), UnitError> {
    let organisation = scheme.organisation().await?;
    let unit = organisation.unit(code).ok_or_else(|| UnitError::UnitNotFound { code: code.to_owned() })?;
    let from = Some(from.unwrap_or_else(|| scheme.config().day_of(now)));
    let details = UnitDetails { code: code.to_owned(), name: unit.name.clone(), kind: unit.kind, parent, from };
    put(scheme, details, None, now).await
}

/// Makes a unit count as a part of another from a day on. What belongs to it keeps its code.
pub async fn merge(
    scheme: &OpenScheme,
    code: &str,
    into: &str,
    from: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Result<(Arc<Unit>, Written), UnitError> {
    let book = scheme.book.number();
    let from = from.unwrap_or_else(|| scheme.config().day_of(now));
    let mut tx = scheme.db.begin_write().await?;
    lock(&mut tx, book).await?;
    let mut tree = tree_of(&mut tx, book).await?;
    let known = tree.get(code).cloned().ok_or_else(|| UnitError::UnitNotFound { code: code.to_owned() })?;
    let merged = Merged { into: into.to_owned(), from };
    if known.merged.as_ref() == Some(&merged) {
        return Ok((known, Written::Same));
    }
    let refuse =
        |code, value: &str| UnitError::Refused(vec![UnitFlaw { value: value.to_owned(), ..flaw(0, "into", code) }]);
    if known.merged.is_some() {
        return Err(refuse("unit_merged", code));
    }
    match tree.get(into) {
        None => return Err(refuse("unknown_unit", into)),
        Some(unit) if unit.merged.is_some() => return Err(refuse("unit_merged", into)),
        Some(_) => {}
    }
    let mut unit = (*known).clone();
    unit.places.retain(|place| place.from < from || place.from == SINCE_EVER);
    unit.place(from, Some(into.to_owned()));
    unit.merged = Some(merged);
    tree.put(unit.clone());
    if tree.has_circle(code, &change_days(&tree, from)) {
        return Err(refuse("circle", code));
    }
    unit.version += 1;
    write(&mut tx, book, &[unit.clone()], &[known]).await?;
    touch(&mut tx, book).await?;
    tx.commit().await?;
    scheme.known_organisation.forget();
    Ok((Arc::new(unit), Written::Changed))
}

/// As [`put_many`], in the caller's transaction.
pub(crate) async fn put_many_in(
    tx: &mut db::Tx,
    book: i64,
    units: Vec<UnitDetails>,
    today: NaiveDate,
) -> Result<Counts, UnitError> {
    if units.is_empty() {
        return Ok(Counts::default());
    }
    lock(tx, book).await?;
    let before = tree_of(tx, book).await?;
    let (changed, counts) = plan(&before, &units, today).map_err(UnitError::Refused)?;
    if !changed.is_empty() {
        let known: Vec<Arc<Unit>> = changed.iter().filter_map(|unit| before.get(&unit.code).cloned()).collect();
        write(tx, book, &changed, &known).await?;
        touch(tx, book).await?;
    }
    Ok(counts)
}

/// What the units are afterwards that are not so already; or all that is wrong.
fn plan(before: &Tree, units: &[UnitDetails], today: NaiveDate) -> Result<(Vec<Unit>, Counts), Vec<UnitFlaw>> {
    let mut flaws = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(units.len());
    for (place, unit) in units.iter().enumerate() {
        let mut refuse =
            |field, code, value: &str| flaws.push(UnitFlaw { value: value.to_owned(), ..flaw(place, field, code) });
        if !is_code(&unit.code) {
            refuse("code", "invalid_code", &unit.code);
        }
        if !is_text(&unit.name, 100) {
            refuse("name", "invalid_text", "");
        }
        if places.insert(&unit.code, place).is_some() {
            refuse("code", "duplicate_code", &unit.code);
        }
    }
    let (mut tree, mut changed, mut counts) = (before.clone(), Vec::new(), Counts::default());
    for (place, details) in units.iter().enumerate() {
        let mut refuse =
            |field, code, value: &str| flaws.push(UnitFlaw { value: value.to_owned(), ..flaw(place, field, code) });
        if let Some(parent) = &details.parent {
            match before.get(parent) {
                None if !places.contains_key(parent.as_str()) => refuse("parent", "unknown_unit", parent),
                Some(unit) if unit.merged.is_some() => refuse("parent", "unit_merged", parent),
                _ => {}
            }
        }
        let known = before.get(&details.code);
        let unit = after(known, details, today);
        match known {
            Some(known) if **known == unit => counts.same += 1,
            Some(known) if known.merged.is_some() && known.places != unit.places => {
                refuse("code", "unit_merged", &details.code);
            }
            Some(_) => counts.changed += 1,
            None => counts.created += 1,
        }
        if known.is_none_or(|known| **known != unit) {
            tree.put(unit.clone());
            changed.push((place, Unit { version: unit.version + 1, ..unit }));
        }
    }
    if flaws.is_empty() {
        let earliest = units.iter().map(|unit| unit.from.unwrap_or(today)).min().unwrap_or(today);
        let days = change_days(&tree, earliest);
        let circles = changed.iter().filter(|(_, unit)| tree.has_circle(&unit.code, &days));
        flaws.extend(
            circles.map(|(place, unit)| UnitFlaw { value: unit.code.clone(), ..flaw(*place, "parent", "circle") }),
        );
    }
    if flaws.is_empty() {
        Ok((changed.into_iter().map(|(_, unit)| unit).collect(), counts))
    } else {
        flaws.sort_by_key(|flaw| flaw.place);
        Err(flaws)
    }
}

/// The unit as it will be, with the version that it has.
fn after(known: Option<&Arc<Unit>>, details: &UnitDetails, today: NaiveDate) -> Unit {
    let UnitDetails { code, name, kind, parent, from } = details.clone();
    let Some(known) = known else {
        let places = vec![Place { from: SINCE_EVER, parent }];
        return Unit { code, name, kind, places, merged: None, version: 0 };
    };
    let mut unit = Unit { name, kind, ..(**known).clone() };
    let from = from.unwrap_or(today);
    if unit.parent(from) != parent.as_deref() {
        unit.place(from, parent);
    }
    unit
}

/// The days from the earliest on at which something stands elsewhere than the day before; and since ever, since a new
/// unit has stood where it stands since then.
fn change_days(tree: &Tree, earliest: NaiveDate) -> Vec<NaiveDate> {
    let places = tree.units().flat_map(|unit| &unit.places);
    let later = places.map(|place| place.from).filter(|from| *from > earliest || *from == SINCE_EVER);
    let days: BTreeSet<NaiveDate> = later.chain([earliest]).collect();
    days.into_iter().collect()
}

/// The row of the organisation, locked until the transaction ends.
pub(crate) async fn lock(tx: &mut db::Tx, book: i64) -> db::Result<()> {
    tx.query("INSERT INTO organisations (book, version) VALUES ($1, 0) ON CONFLICT DO NOTHING")
        .bind(book)
        .execute()
        .await?;
    tx.lock("SELECT version FROM organisations WHERE book = $1").bind(book).fetch_one::<(i64,)>().await?;
    Ok(())
}

/// Tells all processes that something changed.
pub(crate) async fn touch(tx: &mut db::Tx, book: i64) -> db::Result<()> {
    tx.query("UPDATE organisations SET version = version + 1 WHERE book = $1").bind(book).execute().await?;
    Ok(())
}

async fn one(tx: &mut db::Tx, book: i64, code: &str) -> Result<Arc<Unit>, UnitError> {
    let unit = tree_of(tx, book).await?.get(code).cloned();
    unit.ok_or_else(|| UnitError::UnitNotFound { code: code.to_owned() })
}

/// Writes the units; of `known` ones, what was there is replaced.
async fn write(tx: &mut db::Tx, book: i64, units: &[Unit], known: &[Arc<Unit>]) -> db::Result<()> {
    let known: HashMap<&str, &Arc<Unit>> = known.iter().map(|unit| (unit.code.as_str(), unit)).collect();
    let (old, new): (Vec<&Unit>, Vec<&Unit>) = units.iter().partition(|unit| known.contains_key(unit.code.as_str()));
    if !new.is_empty() {
        tx.write(&[Bulk::insert("units", unit_columns(book, &new))]).await?;
    }
    if !old.is_empty() {
        tx.write(&[Bulk::update("units", 2, unit_columns(book, &old))]).await?;
        let gone: Vec<(&str, NaiveDate)> =
            known.values().flat_map(|unit| unit.places.iter().map(|place| (unit.code.as_str(), place.from))).collect();
        let columns = vec![
            ("book", Column::I64(vec![book; gone.len()])),
            ("unit", Column::Text(gone.iter().map(|(unit, _)| (*unit).to_owned()).collect())),
            ("from_on", Column::Date(gone.iter().map(|(_, from)| *from).collect())),
        ];
        tx.write(&[Bulk::delete("unit_places", columns)]).await?;
    }
    let places: Vec<(&str, &Place)> =
        units.iter().flat_map(|unit| unit.places.iter().map(|place| (unit.code.as_str(), place))).collect();
    let columns = vec![
        ("book", Column::I64(vec![book; places.len()])),
        ("unit", Column::Text(places.iter().map(|(unit, _)| (*unit).to_owned()).collect())),
        ("from_on", Column::Date(places.iter().map(|(_, place)| place.from).collect())),
        ("parent", Column::OptText(places.iter().map(|(_, place)| place.parent.clone()).collect())),
    ];
    tx.write(&[Bulk::insert("unit_places", columns)]).await
}

fn unit_columns(book: i64, units: &[&Unit]) -> Vec<(&'static str, Column)> {
    let text = |of: fn(&Unit) -> String| Column::Text(units.iter().map(|unit| of(unit)).collect());
    let merged = |unit: &&Unit| unit.merged.as_ref().map(|merged| merged.into.clone());
    vec![
        ("book", Column::I64(vec![book; units.len()])),
        ("code", text(|unit| unit.code.clone())),
        ("name", text(|unit| unit.name.clone())),
        ("kind", text(|unit| kind_word(unit.kind))),
        ("merged_into", Column::OptText(units.iter().map(merged).collect())),
        (
            "merged_from",
            Column::OptDate(units.iter().map(|unit| unit.merged.as_ref().map(|merged| merged.from)).collect()),
        ),
        ("version", Column::I64(units.iter().map(|unit| unit.version).collect())),
    ]
}

pub(crate) fn flaw(place: usize, field: &'static str, code: &'static str) -> UnitFlaw {
    UnitFlaw { place, field, code, value: String::new() }
}

/// What units and stations are called in addresses and files.
pub(crate) fn is_code(code: &str) -> bool {
    let is_one = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    (1..=64).contains(&code.len())
        && code.starts_with(is_one)
        && code.chars().all(|letter| is_one(letter) || "-_.".contains(letter))
}
