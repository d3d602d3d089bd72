//! Many rows in one statement, the same call on both engines: an array for each column on PostgreSQL, multi-row
//! `VALUES` on SQLite, where a batch is cut into a few fixed sizes so that few statements are ever prepared.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

/// A list of values for `many($n)` in a reading statement.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Many {
    I64(Vec<i64>),
    Text(Vec<String>),
    Uuid(#[serde(serialize_with = "as_simple")] Vec<Uuid>),
}

impl Many {
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("integers, texts and ids are always JSON")
    }
}

fn as_simple<S: serde::Serializer>(ids: &[Uuid], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(|id| id.simple()))
}

/// The values of one column, a row each.
#[derive(Debug, Clone)]
pub enum Column {
    I64(Vec<i64>),
    OptI64(Vec<Option<i64>>),
    Bool(Vec<bool>),
    Text(Vec<String>),
    OptText(Vec<Option<String>>),
    Bytes(Vec<Vec<u8>>),
    Uuid(Vec<Uuid>),
    OptUuid(Vec<Option<Uuid>>),
    Date(Vec<NaiveDate>),
    OptDate(Vec<Option<NaiveDate>>),
}

macro_rules! each_column {
    ($column:expr, $values:ident => $body:expr) => {
        match $column {
            Column::I64($values) => $body,
            Column::OptI64($values) => $body,
            Column::Bool($values) => $body,
            Column::Text($values) => $body,
            Column::OptText($values) => $body,
            Column::Bytes($values) => $body,
            Column::Uuid($values) => $body,
            Column::OptUuid($values) => $body,
            Column::Date($values) => $body,
            Column::OptDate($values) => $body,
        }
    };
}
pub(crate) use each_column;

impl Column {
    pub fn len(&self) -> usize {
        each_column!(self, values => values.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a [`Bulk`] does with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Insert,
    /// Sets the other columns where the first `keys` columns match.
    Update {
        keys: usize,
    },
    /// Inserts, or adds to the other columns where a row with the first `keys` columns exists.
    Accumulate {
        keys: usize,
    },
    /// Deletes where all columns match.
    Delete,
}

/// Rows to be written to one table in one statement. No two rows of an update, accumulation or deletion may have
/// the same key.
#[derive(Debug, Clone)]
pub struct Bulk {
    pub(crate) table: &'static str,
    pub(crate) action: Action,
    pub(crate) columns: Vec<(&'static str, Column)>,
}

impl Bulk {
    pub fn insert(table: &'static str, columns: Vec<(&'static str, Column)>) -> Self {
        Bulk { table, action: Action::Insert, columns }
    }

    /// Sets all but the first `keys` columns of the rows that the first `keys` columns name.
    pub fn update(table: &'static str, keys: usize, columns: Vec<(&'static str, Column)>) -> Self {
        Bulk { table, action: Action::Update { keys }, columns }
    }

    /// Adds to all but the first `keys` columns, which are the primary key; makes the row when it is missing.
    pub fn accumulate(table: &'static str, keys: usize, columns: Vec<(&'static str, Column)>) -> Self {
        Bulk { table, action: Action::Accumulate { keys }, columns }
    }

    pub fn delete(table: &'static str, columns: Vec<(&'static str, Column)>) -> Self {
        Bulk { table, action: Action::Delete, columns }
    }

    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(name, _)| *name)
    }
}

/// `a = t.a + excluded.a, …`
fn additions(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name} = t.{name} + excluded.{name}")).collect::<Vec<_>>().join(", ")
}
