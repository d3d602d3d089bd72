//! The organisation: units in a tree that may change from day to day, and stations.
//!
//! The tables hold what is so; the configuration puts its units and stations there when it is applied, and the interface and
//! imports put more. Readers share one tree in memory, which is at most two seconds behind what another process wrote.

mod change;
mod configured;
mod tree;

pub use change::{Counts, UnitDetails, UnitError, UnitFlaw, merge, move_to, put, put_many};
pub(crate) use change::{flaw, is_code, lock, touch};
pub(crate) use configured::configure;
pub use tree::{Merged, Place, SINCE_EVER, Tree, Unit};

use crate::config::UnitKind;
use crate::schemes::OpenScheme;
use crate::stations::{self, Station};
use chrono::NaiveDate;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long this process may go on with what another process has changed.
const SEEN_BY_OTHERS: Duration = Duration::from_secs(2);

/// The units and stations of a scheme, as they were at one moment.
#[derive(Debug, Default)]
pub struct Organisation {
    pub tree: Tree,
    pub stations: HashMap<String, Arc<Station>>,
    version: i64,
}

impl Organisation {
    pub fn unit(&self, code: &str) -> Option<&Arc<Unit>> {
        self.tree.get(code)
    }

    pub fn station(&self, code: &str) -> Option<&Arc<Station>> {
        self.stations.get(code)
    }

    /// The codes of a unit and of all below it on that day.
    pub fn subtree(&self, code: &str, on: NaiveDate) -> Vec<String> {
        self.tree.subtree(code, on)
    }

    /// The codes of the units right below a unit on that day; without one, of those at the top.
    pub fn children(&self, code: Option<&str>, on: NaiveDate) -> Vec<String> {
        match code {
            Some(code) => self.tree.children(code, on).map(|unit| unit.code.clone()).collect(),
            None => self.tree.roots(on).into_iter().map(|unit| unit.code.clone()).collect(),
        }
    }

    /// The codes of the units above one on that day, the nearest first.
    pub fn ancestors(&self, code: &str, on: NaiveDate) -> Vec<&str> {
        self.tree.ancestors(code, on)
    }
}

/// What a process remembers of the organisation.
#[derive(Debug, Default)]
pub(crate) struct Known(RwLock<Option<(Instant, Arc<Organisation>)>>);

impl Known {
    fn get(&self) -> Option<(Instant, Arc<Organisation>)> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, organisation: Arc<Organisation>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), organisation));
    }

    /// After a change by this process.
    pub(crate) fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl OpenScheme {
    /// The units and stations, as this process changed them last, and as others had them two seconds ago.
    pub async fn organisation(&self) -> db::Result<Arc<Organisation>> {
        let known = self.known_organisation.get();
        if let Some((looked_at, organisation)) = &known
            && looked_at.elapsed() < SEEN_BY_OTHERS
        {
            return Ok(organisation.clone());
        }
        let mut tx = self.db.begin_read().await?;
        let version = version(&mut tx, self.book.number()).await?;
        let organisation = match known {
            Some((_, organisation)) if organisation.version == version => organisation,
            _ => Arc::new(read(&mut tx, self.book.number(), version).await?),
        };
        self.known_organisation.set(organisation.clone());
        Ok(organisation)
    }
}

impl OpenScheme {
    /// The codes of a unit and of all below it today; `None` when none is named.
    pub async fn units_below(&self, unit: Option<&str>) -> db::Result<Option<Vec<String>>> {
        let Some(unit) = unit else { return Ok(None) };
        Ok(Some(self.organisation().await?.subtree(unit, self.today())))
    }
}

async fn version(tx: &mut db::Tx, book: i64) -> db::Result<i64> {
    let row: Option<(i64,)> =
        tx.query("SELECT version FROM organisations WHERE book = $1").bind(book).fetch_optional().await?;
    Ok(row.map_or(0, |(version,)| version))
}

async fn read(tx: &mut db::Tx, book: i64, version: i64) -> db::Result<Organisation> {
    Ok(Organisation { tree: tree_of(tx, book).await?, stations: stations::read(tx, book).await?, version })
}

#[derive(sqlx::FromRow)]
struct UnitRow {
    code: String,
    name: String,
    kind: String,
    merged_into: Option<String>,
    merged_from: Option<NaiveDate>,
    version: i64,
}

/// The tree as the tables have it.
async fn tree_of(tx: &mut db::Tx, book: i64) -> db::Result<Tree> {
    let rows: Vec<UnitRow> = tx
        .query("SELECT code, name, kind, merged_into, merged_from, version FROM units WHERE book = $1")
        .bind(book)
        .fetch_all()
        .await?;
    let stood: Vec<(String, NaiveDate, Option<String>)> = tx
        .query("SELECT unit, from_on, parent FROM unit_places WHERE book = $1 ORDER BY unit, from_on")
        .bind(book)
        .fetch_all()
        .await?;
    let mut places: HashMap<String, Vec<Place>> = HashMap::with_capacity(rows.len());
    for (unit, from, parent) in stood {
        places.entry(unit).or_default().push(Place { from, parent });
    }
    let unit = |row: UnitRow| {
        let kind = kind_of(&row.kind).ok_or_else(|| db::Error::Damaged(format!("units.kind: {}", row.kind)))?;
        let merged = row.merged_into.zip(row.merged_from).map(|(into, from)| Merged { into, from });
        let places = places.remove(&row.code).unwrap_or_default();
        Ok(Unit { code: row.code, name: row.name, kind, places, merged, version: row.version })
    };
    Ok(Tree::new(rows.into_iter().map(unit).collect::<db::Result<Vec<_>>>()?))
}

/// The kind of unit that a word of the configuration language means.
pub fn kind_of(word: &str) -> Option<UnitKind> {
    serde_json::from_value(word.into()).ok()
}

/// The word of the configuration language for a kind of unit.
pub fn kind_word(kind: UnitKind) -> String {
    let word = serde_json::to_value(kind).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
