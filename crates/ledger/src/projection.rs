//! Tables that follow from the journal: kept in the transaction that posts, rebuilt and compared by `verify`.

use crate::Entry;
use chrono::NaiveDate;
use db::{Bulk, Column};
use foldhash::HashMap;
use uuid::Uuid;

/// What follows from an entry, as rows of other tables. A pure function of the entry, so that everything it ever wrote
/// can be rebuilt from the journal.
pub trait Projection: Send + Sync + 'static {
    fn project(&self, book: i64, entry: &Entry) -> Vec<Row>;
}

/// No tables beside the book.
pub struct NoProjection;

impl Projection for NoProjection {
    fn project(&self, _: i64, _: &Entry) -> Vec<Row> {
        Vec::new()
    }
}

/// The columns of a projected table that one kind of row writes: keys first.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    pub table: &'static str,
    pub how: How,
    /// How many of the columns are the key, which begins with the book.
    pub keys: usize,
    pub columns: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    Insert,
    /// Sets the columns of a row that exists.
    Update,
    /// Adds to the columns, which are integers, and makes the row when it is missing.
    Accumulate,
}

/// A row for `shape`, a cell for each of its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub shape: &'static Shape,
    pub cells: Vec<Cell>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cell {
    I64(i64),
    OptI64(Option<i64>),
    Text(String),
    OptText(Option<String>),
    Uuid(Uuid),
    OptUuid(Option<Uuid>),
    Date(NaiveDate),
    OptDate(Option<NaiveDate>),
}

/// The projected rows of a batch.
#[derive(Default)]
pub(crate) struct Projected {
    rows: Vec<Row>,
    /// Where the row with a key is. A key occurs once, except that accumulations add up.
    places: HashMap<(&'static str, Vec<Cell>), usize>,
}

impl Projected {
    /// Takes all of `rows`, or none and answers `false`: a row that the batch has written already cannot be written a
    /// second time in the same statement.
    pub fn add(&mut self, rows: Vec<Row>) -> bool {
        let taken = rows.iter().any(|row| row.shape.how != How::Accumulate && self.places.contains_key(&key(row)));
        if taken {
            return false;
        }
        for row in rows {
            match self.places.get(&key(&row)) {
                Some(&place) => accumulate(&mut self.rows[place], &row),
                None => {
                    self.places.insert(key(&row), self.rows.len());
                    self.rows.push(row);
                }
            }
        }
        true
    }

    pub fn into_bulks(self) -> Vec<Bulk> {
        let mut shapes: Vec<(&'static Shape, Vec<Row>)> = Vec::new();
        for row in self.rows {
            match shapes.iter_mut().find(|(shape, _)| *shape == row.shape) {
                Some((_, rows)) => rows.push(row),
                None => shapes.push((row.shape, vec![row])),
            }
        }
        shapes.into_iter().map(|(shape, rows)| bulk(shape, rows)).collect()
    }
}

fn key(row: &Row) -> (&'static str, Vec<Cell>) {
    (row.shape.table, row.cells[..row.shape.keys].to_vec())
}

fn accumulate(into: &mut Row, row: &Row) {
    for (sum, cell) in into.cells.iter_mut().zip(&row.cells).skip(row.shape.keys) {
        if let (Cell::I64(sum), Cell::I64(more)) = (sum, cell) {
            *sum = sum.saturating_add(*more);
        }
    }
}

fn bulk(shape: &'static Shape, rows: Vec<Row>) -> Bulk {
    let mut cells: Vec<Vec<Cell>> = shape.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, cell) in cells.iter_mut().zip(row.cells) {
            column.push(cell);
        }
    }
    let columns = shape.columns.iter().copied().zip(cells.into_iter().map(column)).collect();
    match shape.how {
        How::Insert => Bulk::insert(shape.table, columns),
        How::Update => Bulk::update(shape.table, shape.keys, columns),
        How::Accumulate => Bulk::accumulate(shape.table, shape.keys, columns),
    }
}

/// A column out of cells, all of which are of the kind of the first.
fn column(cells: Vec<Cell>) -> Column {
    macro_rules! all {
        ($($kind:ident),*) => {
            match cells.first() {
                $(Some(Cell::$kind(_)) => Column::$kind(cells.into_iter().filter_map(|cell| match cell {
                    Cell::$kind(value) => Some(value),
                    _ => None,
                }).collect()),)*
                None => Column::I64(Vec::new()),
            }
        };
    }
    all!(I64, OptI64, Text, OptText, Uuid, OptUuid, Date, OptDate)
}
