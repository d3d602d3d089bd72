//! What stands where on one page.

use krilla::geom::{Path, PathBuilder, Rect, Transform};

use crate::fonts::Fonts;

use super::lines::{Line, Run, lines, single_line};
use super::{Align, Block, DocumentError, Picture, Style};

/// A colour, and how much of it covers what is below (1 = all).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ink {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
    pub cover: f32,
}

impl Ink {
    pub const BLACK: Self = Self::rgb(0, 0, 0);
    pub const WHITE: Self = Self::rgb(0xff, 0xff, 0xff);
    /// Of headings and of what is void.
    pub const RED: Self = Self::rgb(0xc0, 0x10, 0x1e);
    pub const GOLD: Self = Self::rgb(0xb8, 0x8a, 0x3a);
    /// What explains: notes, the feet of pages.
    pub const GREY: Self = Self::rgb(0x59, 0x59, 0x59);
    /// Lines of tables.
    pub const RULE: Self = Self::rgb(0x80, 0x80, 0x80);
    /// Behind the headings of tables.
    pub const SHADE: Self = Self::rgb(0xf0, 0xf1, 0xf3);

    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue, cover: 1.0 }
    }

    pub const fn cover(self, cover: f32) -> Self {
        Self { cover, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rectangle {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

impl Rectangle {
    pub const fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x, y, width, height }
    }

    /// The same with a margin of this width taken off on all sides.
    pub fn inset(self, margin: f32) -> Self {
        Self::new(self.x + margin, self.y + margin, self.width - 2.0 * margin, self.height - 2.0 * margin)
    }

    pub fn right(self) -> f32 {
        self.x + self.width
    }

    pub fn bottom(self) -> f32 {
        self.y + self.height
    }

    pub fn centre(self) -> f32 {
        self.x + self.width / 2.0
    }
}

/// A laid-out page, ready to be drawn.
pub struct Sheet {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) marks: Vec<Mark>,
}

pub(super) enum Mark {
    Text {
        x: f32,
        baseline: f32,
        run: Run,
    },
    Fill {
        path: Path,
        ink: Ink,
    },
    Stroke {
        path: Path,
        ink: Ink,
        width: f32,
        dash: Option<f32>,
    },
    Picture {
        picture: Picture,
        place: Rectangle,
    },
    /// Marks that are turned or enlarged together.
    Moved {
        by: Transform,
        marks: Vec<Mark>,
    },
}

impl Sheet {
    /// The same on paper that is larger by a factor.
    pub(crate) fn enlarged(self, factor: f32) -> Self {
        let moved = Mark::Moved { by: Transform::from_scale(factor, factor), marks: self.marks };
        Self { width: self.width * factor, height: self.height * factor, marks: vec![moved] }
    }

    /// The same on paper that ends here.
    pub(crate) fn cut(self, height: f32) -> Self {
        Self { height, ..self }
    }
}

/// A sheet that is being written on.
pub(crate) struct Page<'f> {
    pub fonts: &'f Fonts,
    sheet: Sheet,
}

impl<'f> Page<'f> {
    pub fn new(fonts: &'f Fonts, (width, height): (f32, f32)) -> Self {
        Self { fonts, sheet: Sheet { width, height, marks: Vec::new() } }
    }

    pub fn width(&self) -> f32 {
        self.sheet.width
    }

    pub fn height(&self) -> f32 {
        self.sheet.height
    }

    pub fn finish(self) -> Sheet {
        self.sheet
    }

    /// One line of text at, up to, or about `x`, as `align` says. Answers with its width.
    pub fn text(
        &mut self,
        (x, baseline): (f32, f32),
        align: Align,
        text: &str,
        style: Style,
    ) -> Result<f32, DocumentError> {
        self.spans((x, baseline), align, &[(text, style)])
    }

    pub fn spans(
        &mut self,
        (x, baseline): (f32, f32),
        align: Align,
        spans: &[(&str, Style)],
    ) -> Result<f32, DocumentError> {
        let line = single_line(self.fonts, spans)?;
        let start = match align {
            Align::Left | Align::Justify => x,
            Align::Centre => x - line.width / 2.0,
            Align::Right => x - line.width,
        };
        let width = line.width;
        self.place(&line, start, baseline);
        Ok(width)
    }

    /// One line that is made smaller, down to `smallest`, until it fits a width.
    pub fn fitted(
        &mut self,
        at: (f32, f32),
        align: Align,
        text: &str,
        style: Style,
        (width, smallest): (f32, f32),
        what: &'static str,
    ) -> Result<f32, DocumentError> {
        let natural = self.measure(text, style)?;
        let size = if natural > width { style.size * width / natural } else { style.size };
        if size < smallest.min(style.size) {
            return Err(DocumentError::TooLong { what });
        }
        self.text(at, align, text, Style { size, tracking: style.tracking * size / style.size, ..style })
    }

    /// How wide a text is on one line.
    pub fn measure(&self, text: &str, style: Style) -> Result<f32, DocumentError> {
        Ok(single_line(self.fonts, &[(text, style)])?.width)
    }

    /// A text broken to a width. Answers with the height it takes.
    pub fn paragraph(&mut self, x: f32, top: f32, width: f32, text: &str, block: &Block) -> Result<f32, DocumentError> {
        let lines = lines(self.fonts, text, block, width)?;
        Ok(self.lines(&lines, x, top, block))
    }

    pub fn lines(&mut self, lines: &[Line], x: f32, top: f32, block: &Block) -> f32 {
        let mut y = top;
        for line in lines {
            self.place(line, x + line.x, y + baseline(block));
            y += block.line_height();
        }
        y - top
    }

    fn place(&mut self, line: &Line, x: f32, baseline: f32) {
        for run in &line.runs {
            self.sheet.marks.push(Mark::Text { x: x + run.x, baseline, run: run.clone() });
        }
    }

    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, ink: Ink) {
        let mut path = PathBuilder::new();
        path.move_to(from.0, from.1);
        path.line_to(to.0, to.1);
        self.stroke(path.finish(), width, ink, None);
    }

    pub fn dashed_line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, ink: Ink) {
        let mut path = PathBuilder::new();
        path.move_to(from.0, from.1);
        path.line_to(to.0, to.1);
        self.stroke(path.finish(), width, ink, Some(width * 4.0));
    }

    pub fn frame(&mut self, place: Rectangle, width: f32, ink: Ink) {
        self.stroke(rectangle_path(place), width, ink, None);
    }

    pub fn fill(&mut self, place: Rectangle, ink: Ink) {
        self.fill_path(rectangle_path(place), ink);
    }

    /// Nothing is drawn of a shape that has no points, or points that are no numbers.
    pub fn fill_path(&mut self, path: Option<Path>, ink: Ink) {
        self.sheet.marks.extend(path.map(|path| Mark::Fill { path, ink }));
    }

    pub fn stroke(&mut self, path: Option<Path>, width: f32, ink: Ink, dash: Option<f32>) {
        self.sheet.marks.extend(path.map(|path| Mark::Stroke { path, ink, width, dash }));
    }

    pub fn picture(&mut self, picture: &Picture, place: Rectangle) {
        self.sheet.marks.push(Mark::Picture { picture: picture.clone(), place });
    }

    /// Turns about a point, by degrees clockwise, what `draw` draws.
    pub fn turned<E>(
        &mut self,
        degrees: f32,
        (x, y): (f32, f32),
        draw: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = std::mem::take(&mut self.sheet.marks);
        let drawn = draw(self);
        let marks = std::mem::replace(&mut self.sheet.marks, before);
        self.sheet.marks.push(Mark::Moved { by: Transform::from_rotate_at(degrees, x, y), marks });
        drawn
    }
}

/// Of a line of a paragraph, from its top. Chinese characters fill a square of the font size whose
/// lower eighth is below the baseline; the space between lines is above and below in equal parts.
pub(super) fn baseline(block: &Block) -> f32 {
    (block.line_height() - block.style.size) / 2.0 + 0.88 * block.style.size
}

fn rectangle_path(place: Rectangle) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(place.x, place.y, place.width, place.height)?);
    path.finish()
}
