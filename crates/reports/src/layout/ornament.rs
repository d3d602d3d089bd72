//! Circles, borders, the place of a seal, and words across a page.

use krilla::geom::{Path, PathBuilder};

use super::{Align, DocumentError, Ink, Page, Rectangle, Style, mm};

/// How far the handles of a quarter of a circle are from its ends, in parts of the radius.
const HANDLE: f32 = 0.552_284_8;

fn circle(x: f32, y: f32, radius: f32) -> Option<Path> {
    let handle = radius * HANDLE;
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.cubic_to(x + radius, y + handle, x + handle, y + radius, x, y + radius);
    path.cubic_to(x - handle, y + radius, x - radius, y + handle, x - radius, y);
    path.cubic_to(x - radius, y - handle, x - handle, y - radius, x, y - radius);
    path.cubic_to(x + handle, y - radius, x + radius, y - handle, x + radius, y);
    path.close();
    path.finish()
}

fn star(x: f32, y: f32, radius: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    for point in 0..10_u8 {
        let angle = (f32::from(point) * 36.0 - 90.0).to_radians();
        let reach = if point % 2 == 0 { radius } else { radius * 0.382 };
        let (px, py) = (x + reach * angle.cos(), y + reach * angle.sin());
        match point {
            0 => path.move_to(px, py),
            _ => path.line_to(px, py),
        }
    }
    path.close();
    path.finish()
}

impl Page<'_> {
    pub fn disc(&mut self, x: f32, y: f32, radius: f32, ink: Ink) {
        self.fill_path(circle(x, y, radius), ink);
    }

    pub fn star(&mut self, x: f32, y: f32, radius: f32, ink: Ink) {
        self.fill_path(star(x, y, radius), ink);
    }

    /// The heart of the 爱心账户, about a point, with a width.
    pub fn heart(&mut self, x: f32, y: f32, width: f32, ink: Ink) {
        let half = width / 2.0;
        let (top, bottom) = (y - half * 0.45, y + half * 0.95);
        let mut path = PathBuilder::new();
        path.move_to(x, top);
        path.cubic_to(x + half * 0.35, y - half * 1.25, x + half * 1.25, y - half * 0.75, x + half, y);
        path.cubic_to(x + half * 0.8, y + half * 0.45, x + half * 0.3, y + half * 0.7, x, bottom);
        path.cubic_to(x - half * 0.3, y + half * 0.7, x - half * 0.8, y + half * 0.45, x - half, y);
        path.cubic_to(x - half * 1.25, y - half * 0.75, x - half * 0.35, y - half * 1.25, x, top);
        path.close();
        self.fill_path(path.finish(), ink);
    }

    /// Where the seal goes: a dashed circle as large as the round seal of a community, 40 mm.
    pub fn seal_place(&mut self, x: f32, y: f32) -> Result<(), DocumentError> {
        let faint = Ink::RED.cover(0.55);
        self.stroke(circle(x, y, mm(20.0)), 0.7, faint, Some(3.0));
        self.text((x, y + mm(14.5)), Align::Centre, "（盖章处）", Style::sans(7.5).ink(faint)).map(drop)
    }

    /// A word in large letters across the page, under which the page can still be read.
    pub fn watermark(&mut self, word: &str, ink: Ink) -> Result<(), DocumentError> {
        let (x, y) = (self.width() / 2.0, self.height() / 2.0);
        let size = self.width().min(self.height()) / 4.0;
        let style = Style::sans(size).ink(ink.cover(0.16)).tracking(size * 0.3);
        self.turned(-30.0, (x, y), |page| page.text((x, y + size * 0.36), Align::Centre, word, style).map(drop))
    }

    /// A word in a frame, as from a rubber stamp. `x` is its right edge.
    pub fn rubber_stamp(&mut self, word: &str, x: f32, y: f32, size: f32) -> Result<(), DocumentError> {
        let style = Style::sans(size).bold().ink(Ink::RED);
        let width = self.measure(word, style)? + size;
        let place = Rectangle::new(x - width, y, width, size * 1.7);
        self.frame(place, 1.2, Ink::RED);
        self.text((place.centre(), y + size * 1.2), Align::Centre, word, style).map(drop)
    }

    /// A border of two lines with stepped corners and stars in them, for what is to be framed.
    pub fn festive_border(&mut self, margin: f32) {
        let outer = Rectangle::new(0.0, 0.0, self.width(), self.height()).inset(margin);
        self.frame(outer, 3.0, Ink::GOLD);
        let inner = outer.inset(mm(3.0));
        let step = mm(9.0);
        let mut path = PathBuilder::new();
        let corners = [
            (inner.x, inner.y, 1.0, 1.0),
            (inner.right(), inner.y, -1.0, 1.0),
            (inner.right(), inner.bottom(), -1.0, -1.0),
            (inner.x, inner.bottom(), 1.0, -1.0),
        ];
        for (at, &(x, y, right, down)) in corners.iter().enumerate() {
            let sideways = (x + right * step, y);
            let bend = (x + right * step, y + down * step);
            let upward = (x, y + down * step);
            let turn = if at % 2 == 0 { [upward, bend, sideways] } else { [sideways, bend, upward] };
            for (point, &(px, py)) in turn.iter().enumerate() {
                match at + point {
                    0 => path.move_to(px, py),
                    _ => path.line_to(px, py),
                }
            }
            self.star(x + right * step * 0.5, y + down * step * 0.5, mm(2.6), Ink::RED);
        }
        path.close();
        self.stroke(path.finish(), 0.9, Ink::GOLD, None);
    }
}
