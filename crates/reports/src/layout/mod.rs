//! Text, lines and pictures on sheets of paper.
//!
//! Lengths are points, 1/72 inch; `x` grows to the right and `y` down from the upper left corner. A
//! document first fills [`Sheet`]s, which know where everything stands but nothing of PDF; when all of
//! them are known, so is the number of pages, and [`pdf`] draws them.
#![allow(clippy::float_arithmetic, reason = "lengths on paper, not amounts")]

mod columns;
mod error;
mod flow;
mod form;
mod grid;
mod lines;
mod ornament;
pub mod pdf;
mod picture;
mod qr;
mod sheet;
mod text;

pub(crate) use columns::share;
pub use error::DocumentError;
pub(crate) use flow::{Flow, Frame};
pub(crate) use form::Group;
pub(crate) use grid::{Entry, Grid};
pub(crate) use lines::{Align, Block, lines};
pub use picture::Picture;
pub(crate) use qr::qr_svg;
pub use sheet::Sheet;
pub(crate) use sheet::{Ink, Page, Rectangle};
pub(crate) use text::Style;

/// A4, upright.
pub(crate) const A4: (f32, f32) = (mm(210.0), mm(297.0));

pub(crate) const fn mm(millimetres: f32) -> f32 {
    millimetres * 72.0 / 25.4
}

/// The bundled fonts, unpacked once for all tests.
#[cfg(test)]
pub(crate) fn test_fonts() -> &'static crate::fonts::Fonts {
    static FONTS: std::sync::LazyLock<crate::fonts::Fonts> =
        std::sync::LazyLock::new(|| crate::fonts::Fonts::bundled().expect("the bundled fonts"));
    &FONTS
}
