//! Tables over any number of pages, whose heading is repeated on each.

use super::lines::{Line, lines};
use super::{Align, Block, DocumentError, Flow, Ink, Rectangle, Style};

/// What stands in one cell.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub text: String,
    pub align: Align,
}

/// The shape of a table.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    /// Widths of the columns, which together should be no wider than the page.
    pub widths: Vec<f32>,
    pub head: Vec<Entry>,
    pub head_block: Block,
    pub block: Block,
    pub padding: f32,
    /// At least so high is a row.
    pub row_height: f32,
}

/// How a row differs from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowKind {
    Head,
    Body,
    Total,
}

impl Grid {
    pub fn new(widths: Vec<f32>, head: Vec<Entry>, size: f32) -> Self {
        Self {
            widths,
            head,
            head_block: Block::new(Style::sans(size)).leading(1.3),
            block: Block::new(Style::serif(size)).leading(1.35),
            padding: size * 0.4,
            row_height: size * 2.15,
        }
    }
}

impl Flow<'_> {
    /// The heading of a table. It is repeated by [`Flow::grid_row`] at the top of each new page.
    pub fn grid_head(&mut self, grid: &Grid) -> Result<(), DocumentError> {
        // A heading alone at the foot of a page would be of no use.
        self.need(grid.row_height * 3.0);
        self.row(grid, &grid.head, RowKind::Head)
    }

    pub fn grid_row(&mut self, grid: &Grid, entries: &[Entry]) -> Result<(), DocumentError> {
        self.row(grid, entries, RowKind::Body)
    }

    pub fn grid_total(&mut self, grid: &Grid, entries: &[Entry]) -> Result<(), DocumentError> {
        self.row(grid, entries, RowKind::Total)
    }

    fn row(&mut self, grid: &Grid, entries: &[Entry], kind: RowKind) -> Result<(), DocumentError> {
        let block = match kind {
            RowKind::Body => grid.block,
            RowKind::Head => grid.head_block,
            RowKind::Total => Block { style: grid.block.style.bold(), ..grid.block },
        };
        let cells = self.broken(grid, entries, &block)?;
        let count = cells.iter().map(Vec::len).max().unwrap_or(0);
        let whole = row_height(grid, &block, count);
        if whole <= self.room() || whole > self.height() / 2.0 && self.room() > self.height() / 4.0 {
            return self.pieces(grid, &cells, kind, &block);
        }
        self.new_page();
        if kind != RowKind::Head {
            self.row(grid, &grid.head, RowKind::Head)?;
        }
        self.pieces(grid, &cells, kind, &block)
    }

    fn broken(&self, grid: &Grid, entries: &[Entry], block: &Block) -> Result<Vec<Vec<Line>>, DocumentError> {
        let cells = entries.iter().zip(&grid.widths);
        cells
            .map(|(entry, width)| {
                let block = Block { align: entry.align, ..*block };
                lines(self.fonts, &entry.text, &block, width - 2.0 * grid.padding)
            })
            .collect()
    }

    /// A row that is too high for one page is drawn as several, each with the lines that fit.
    fn pieces(&mut self, grid: &Grid, cells: &[Vec<Line>], kind: RowKind, block: &Block) -> Result<(), DocumentError> {
        let count = cells.iter().map(Vec::len).max().unwrap_or(0);
        let mut from = 0;
        loop {
            let fitting = (from..count).take_while(|at| row_height(grid, block, at - from + 1) <= self.room()).count();
            let to = from + fitting.max(1);
            let piece: Vec<&[Line]> =
                cells.iter().map(|lines| &lines[from.min(lines.len())..to.min(lines.len())]).collect();
            self.piece(grid, &piece, kind, block);
            if to >= count {
                return Ok(());
            }
            from = to;
            self.new_page();
            if kind != RowKind::Head {
                self.row(grid, &grid.head, RowKind::Head)?;
            }
        }
    }

    fn piece(&mut self, grid: &Grid, cells: &[&[Line]], kind: RowKind, block: &Block) {
        let count = cells.iter().map(|lines| lines.len()).max().unwrap_or(0);
        let height = row_height(grid, block, count);
        let (left, top) = (self.left(), self.y);
        let width: f32 = grid.widths.iter().sum();
        if kind != RowKind::Body {
            self.page.fill(Rectangle::new(left, top, width, height), Ink::SHADE);
        }
        let mut x = left;
        for (lines, width) in cells.iter().zip(&grid.widths) {
            let text_height = block.line_height() * f32::from(u16::try_from(lines.len()).unwrap_or(u16::MAX));
            self.page.lines(lines, x + grid.padding, top + (height - text_height) / 2.0, block);
            self.page.frame(Rectangle::new(x, top, *width, height), 0.5, Ink::RULE);
            x += width;
        }
        self.y += height;
    }
}

fn row_height(grid: &Grid, block: &Block, lines: usize) -> f32 {
    let lines = f32::from(u16::try_from(lines).unwrap_or(u16::MAX));
    (block.line_height() * lines + grid.padding * 1.6).max(grid.row_height)
}
