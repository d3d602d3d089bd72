//! What follows each other from page to page.

use crate::fonts::Fonts;

use super::lines::{lines, span_lines};
use super::{A4, Block, DocumentError, Page, Rectangle, Sheet, Style, mm};

/// A sheet of paper and the part of it that is written on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub paper: (f32, f32),
    pub written: Rectangle,
}

impl Frame {
    /// A4 with the same margin on the left and right, and one at the top and bottom.
    pub const fn margins(side: f32, top: f32, bottom: f32) -> Self {
        let written = Rectangle::new(side, top, A4.0 - 2.0 * side, A4.1 - top - bottom);
        Self { paper: A4, written }
    }

    /// A4 with the margins that GB/T 9704 gives official documents, less generous at the top.
    pub const LETTER: Self = Self { paper: A4, written: Rectangle::new(mm(28.0), mm(30.0), mm(156.0), mm(237.0)) };
    /// A4 with narrow margins, for tables.
    pub const TABLE: Self = Self { paper: A4, written: Rectangle::new(mm(15.0), mm(16.0), mm(180.0), mm(263.0)) };
    pub const WIDE_TABLE: Self =
        Self { paper: (A4.1, A4.0), written: Rectangle::new(mm(15.0), mm(15.0), mm(267.0), mm(178.0)) };
}

/// Pages that are filled from the top down.
pub(crate) struct Flow<'f> {
    pub fonts: &'f Fonts,
    frame: Frame,
    full: Vec<Page<'f>>,
    /// The page that is being filled.
    pub page: Page<'f>,
    /// Where the next thing begins.
    pub y: f32,
}

impl<'f> Flow<'f> {
    pub fn new(fonts: &'f Fonts, frame: Frame) -> Self {
        Self { fonts, frame, full: Vec::new(), page: Page::new(fonts, frame.paper), y: frame.written.y }
    }

    pub fn left(&self) -> f32 {
        self.frame.written.x
    }

    pub fn right(&self) -> f32 {
        self.frame.written.right()
    }

    pub fn width(&self) -> f32 {
        self.frame.written.width
    }

    pub fn height(&self) -> f32 {
        self.frame.written.height
    }

    pub fn space(&mut self, height: f32) {
        self.y += height;
    }

    /// How many pages there are so far.
    pub fn pages(&self) -> usize {
        self.full.len() + 1
    }

    /// What is left of this page.
    pub fn room(&self) -> f32 {
        self.frame.written.bottom() - self.y
    }

    /// Goes to a new page unless this much is left of the present one.
    pub fn need(&mut self, height: f32) {
        if self.room() < height && self.y > self.frame.written.y {
            self.new_page();
        }
    }

    pub fn new_page(&mut self) {
        let new = Page::new(self.fonts, self.frame.paper);
        self.full.push(std::mem::replace(&mut self.page, new));
        self.y = self.frame.written.y;
    }

    /// A text, whose lines go on on the next page when this one is full.
    pub fn paragraph(&mut self, text: &str, block: &Block) -> Result<(), DocumentError> {
        let lines = lines(self.fonts, text, block, self.width())?;
        self.lines(&lines, block);
        Ok(())
    }

    /// One paragraph of texts in different styles.
    pub fn span_paragraph(&mut self, spans: &[(&str, Style)], block: &Block) -> Result<(), DocumentError> {
        let lines = span_lines(self.fonts, spans, block, self.width())?;
        self.lines(&lines, block);
        Ok(())
    }

    fn lines(&mut self, lines: &[super::lines::Line], block: &Block) {
        for line in lines {
            self.need(block.line_height());
            self.y += self.page.lines(std::slice::from_ref(line), self.left(), self.y, block);
        }
    }

    /// Ends the last page, and lets `foot` add to each page what needs their number: it is given the
    /// page, which one it is (from 1), and how many there are.
    pub fn finish(
        mut self,
        mut foot: impl FnMut(&mut Page<'f>, usize, usize) -> Result<(), DocumentError>,
    ) -> Result<Vec<Sheet>, DocumentError> {
        self.full.push(self.page);
        let count = self.full.len();
        let numbered = self.full.into_iter().enumerate();
        numbered
            .map(|(at, mut page)| {
                foot(&mut page, at + 1, count)?;
                Ok(page.finish())
            })
            .collect()
    }
}
