//! A table with a title: the form of every list, statistic and register that has no form of its own.
//!
//! It can be had as PDF ([`super::pdf`]), workbook, CSV and page for a browser ([`crate::formats`]).

use chrono::{NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;

use crate::fonts::Fonts;
use crate::layout::{Align, Block, DocumentError, Entry, Flow, Frame, Grid, Ink, Sheet, Style, share};

use super::office::{foot, heading, signatures};
use super::{Document, Signatures};

/// A table. Every row has as many cells as there are columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub title: String,
    /// Lines below the title: the period, who made it out of what.
    pub subtitles: Vec<String>,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// The last row, set apart. CSV leaves it out, since programs would count it in.
    pub total: Option<Vec<Cell>>,
    /// Sentences below the table.
    pub notes: Vec<String>,
    /// Pictures of the numbers, in the workbook only.
    pub charts: Vec<Chart>,
    /// Who answers for it. Shown on paper only.
    pub signatures: Option<Signatures>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// With the unit, if the numbers have one: `时长（小时）`.
    pub title: String,
    pub kind: Kind,
}

/// What a column holds, which decides where its cells stand and how they are formatted. A cell of
/// another kind is allowed and keeps its own form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Numbers with at least this many decimal places. No digit is ever rounded away.
    Number {
        places: u32,
    },
    Date,
    /// Date and time, to the minute.
    Moment,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Blank,
    Text(String),
    Integer(i64),
    Decimal(Decimal),
    Date(NaiveDate),
    Moment(NaiveDateTime),
}

/// A chart of columns of the table, which are counted from 0. Columns that do not exist are left
/// out, and so is a chart that has none left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    pub kind: ChartKind,
    pub title: String,
    /// The column that names the bars, points or slices.
    pub names: usize,
    /// The columns with the numbers; a pie shows the first.
    pub values: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    Bars,
    Line,
    Pie,
}

impl Column {
    pub fn new(title: impl Into<String>, kind: Kind) -> Self {
        Self { title: title.into(), kind }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<Decimal> for Cell {
    fn from(number: Decimal) -> Self {
        Self::Decimal(number)
    }
}

impl From<NaiveDate> for Cell {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
}

impl From<NaiveDateTime> for Cell {
    fn from(moment: NaiveDateTime) -> Self {
        Self::Moment(moment)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Blank, Into::into)
    }
}

impl Cell {
    /// As it is shown in a column of this kind.
    pub fn text(&self, kind: Kind) -> String {
        let places = if let Kind::Number { places } = kind { places } else { 0 };
        match self {
            Self::Blank => String::new(),
            Self::Text(text) => text.clone(),
            Self::Integer(number) if places > 0 => padded(Decimal::from(*number), places),
            Self::Integer(number) => number.to_string(),
            Self::Decimal(number) => padded(*number, places),
            Self::Date(date) => date.to_string(),
            Self::Moment(moment) => moment.format("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

/// With zeros up to so many places.
fn padded(number: Decimal, places: u32) -> String {
    let mut number = number.normalize();
    number.rescale(places.max(number.scale()));
    number.to_string()
}

impl Kind {
    fn align(self) -> Align {
        match self {
            Self::Text => Align::Left,
            Self::Number { .. } => Align::Right,
            Self::Date | Self::Moment => Align::Centre,
        }
    }
}

impl Table {
    /// Checks that every row has a cell for each column.
    ///
    /// # Errors
    /// [`DocumentError::RowWidth`]
    pub fn check(&self) -> Result<(), DocumentError> {
        let columns = self.columns.len();
        match (1..).zip(self.rows.iter().chain(&self.total)).find(|(_, row)| row.len() != columns) {
            Some((row, cells)) => Err(DocumentError::RowWidth { row, cells: cells.len(), columns }),
            None => Ok(()),
        }
    }

    /// The texts of a row, as they are shown.
    pub(crate) fn shown<'a>(&'a self, row: &'a [Cell]) -> impl Iterator<Item = String> + 'a {
        row.iter().zip(&self.columns).map(|(cell, column)| cell.text(column.kind))
    }

    /// How wide each column would like to be, in Chinese characters; no text asks for more than 24.
    pub(crate) fn wanted_widths(&self) -> Vec<f32> {
        let mut widths: Vec<f32> = self.columns.iter().map(|column| ems(&column.title)).collect();
        for row in self.rows.iter().chain(&self.total) {
            for (width, text) in widths.iter_mut().zip(self.shown(row)) {
                let longest = text.lines().map(ems).fold(0.0, f32::max);
                *width = width.max(longest.min(24.0));
            }
        }
        widths
    }

    fn entries(&self, row: &[Cell]) -> Vec<Entry> {
        let texts = self.shown(row).zip(&self.columns);
        texts.map(|(text, column)| Entry { text, align: column.kind.align() }).collect()
    }
}

/// About how wide a text is, in Chinese characters.
pub(super) fn ems(text: &str) -> f32 {
    text.chars().map(|character| if u32::from(character) < 0x2000 { 0.57 } else { 1.0 }).sum()
}

impl Document for Table {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        self.check()?;
        let wanted = self.wanted_points();
        let upright = wanted.iter().sum::<f32>() <= Frame::TABLE.written.width * 1.1;
        let frame = if upright { Frame::TABLE } else { Frame::WIDE_TABLE };
        let mut flow = Flow::new(fonts, frame);
        heading(&mut flow, &self.title, 20.0, Ink::BLACK)?;
        let small = Block::new(Style::sans(9.5).ink(Ink::GREY)).leading(1.6);
        for subtitle in &self.subtitles {
            flow.paragraph(subtitle, &small.align(Align::Centre))?;
        }
        flow.space(8.0);
        let widths = share(&wanted, flow.width());
        self.grid(&mut flow, widths)?;
        if !self.notes.is_empty() {
            flow.space(8.0);
        }
        for note in &self.notes {
            flow.paragraph(note, &small)?;
        }
        if let Some(signed) = &self.signatures {
            flow.space(12.0);
            signatures(&mut flow, signed, None)?;
        }
        flow.finish(|page, number, count| foot(page, frame.written.x, &self.title, number, count))
    }
}

const SIZE: f32 = 10.0;

impl Table {
    fn wanted_points(&self) -> Vec<f32> {
        self.wanted_widths().iter().map(|ems| (ems + 1.2) * SIZE).collect()
    }

    /// The widths of the columns on paper on which so much is written.
    pub(super) fn paper_widths(&self, available: f32) -> Vec<f32> {
        share(&self.wanted_points(), available)
    }

    /// The heading, rows and total.
    pub(super) fn grid(&self, flow: &mut Flow<'_>, widths: Vec<f32>) -> Result<(), DocumentError> {
        let heads = self.columns.iter().map(|column| Entry { text: column.title.clone(), align: Align::Centre });
        let grid = Grid::new(widths, heads.collect(), SIZE);
        flow.grid_head(&grid)?;
        for row in &self.rows {
            flow.grid_row(&grid, &self.entries(row))?;
        }
        match &self.total {
            Some(total) => flow.grid_total(&grid, &self.entries(total)),
            None => Ok(()),
        }
    }
}
