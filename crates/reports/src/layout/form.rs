//! Forms: groups of labelled values in frames, with the name of each group written down its side.

use super::lines::{Line, lines};
use super::{Align, Block, DocumentError, Flow, Ink, Rectangle, Style};

/// Rows of one or two pairs of label and value.
pub(crate) struct Group<'a> {
    pub name: &'a str,
    pub rows: Vec<Vec<(&'a str, String)>>,
}

const GROUP_WIDTH: f32 = 30.0;
const LABEL_WIDTH: f32 = 82.0;
const PADDING: f32 = 7.0;
/// As high as a row with one line, so that a row without any is not lower.
const ROW: f32 = 29.5;

const LABEL: Block = Block::new(Style::sans(10.5)).align(Align::Centre).leading(1.3);
const VALUE: Block = Block::new(Style::serif(11.5)).leading(1.35);

impl Flow<'_> {
    pub fn form(&mut self, groups: &[Group<'_>]) -> Result<(), DocumentError> {
        for group in groups {
            self.group(group)?;
        }
        Ok(())
    }

    fn group(&mut self, group: &Group<'_>) -> Result<(), DocumentError> {
        let rows = group.rows.iter().map(|row| self.form_row(row)).collect::<Result<Vec<_>, _>>()?;
        let down = Block::new(Style::sans(10.5)).leading(1.35);
        let letters: Vec<String> = group.name.chars().map(String::from).collect();
        let named = down.line_height() * count(letters.len());
        let height: f32 = rows.iter().map(|(height, _)| height).sum();
        // A name that is longer than its group is high stretches the rows.
        let more = ((named + 2.0 * PADDING - height) / count(rows.len().max(1))).max(0.0);
        let height = height + more * count(rows.len());
        self.need(height);

        let side = Rectangle::new(self.left(), self.y, GROUP_WIDTH, height);
        self.page.fill(side, Ink::SHADE);
        self.page.frame(side, 0.6, Ink::RULE);
        let mut y = self.y + (height - named) / 2.0;
        for letter in &letters {
            self.page.text((side.centre(), y + 11.2), Align::Centre, letter, down.style)?;
            y += down.line_height();
        }
        for (height, cells) in rows {
            self.form_cells(cells, height + more);
        }
        Ok(())
    }

    /// The cells of a row with their widths, and the height of the highest.
    fn form_row(&self, row: &[(&str, String)]) -> Result<(f32, Vec<Cell>), DocumentError> {
        let pair = (self.width() - GROUP_WIDTH) / count(row.len().max(1));
        let mut cells = Vec::new();
        for (label, value) in row {
            cells.push(Cell::broken(self, label, LABEL, LABEL_WIDTH)?);
            cells.push(Cell::broken(self, value, VALUE, pair - LABEL_WIDTH)?);
        }
        let highest = cells.iter().map(|cell| cell.height + 2.0 * PADDING).fold(ROW, f32::max);
        Ok((highest, cells))
    }

    fn form_cells(&mut self, cells: Vec<Cell>, height: f32) {
        let mut x = self.left() + GROUP_WIDTH;
        for cell in cells {
            let place = Rectangle::new(x, self.y, cell.width, height);
            self.page.frame(place, 0.6, Ink::RULE);
            let top = place.y + (height - cell.height) / 2.0;
            self.page.lines(&cell.lines, x + PADDING, top, &cell.block);
            x += cell.width;
        }
        self.y += height;
    }
}

struct Cell {
    width: f32,
    height: f32,
    block: Block,
    lines: Vec<Line>,
}

impl Cell {
    fn broken(flow: &Flow<'_>, text: &str, block: Block, width: f32) -> Result<Self, DocumentError> {
        let lines = lines(flow.fonts, text, &block, width - 2.0 * PADDING)?;
        let height = block.line_height() * count(lines.len());
        Ok(Self { width, height, block, lines })
    }
}

fn count(number: usize) -> f32 {
    f32::from(u16::try_from(number).unwrap_or(u16::MAX))
}
