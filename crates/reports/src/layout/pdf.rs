//! Sheets drawn into PDF files.
//!
//! The files are PDF/A-2u, the form for archives whose text can be searched and copied: fonts are
//! embedded with the glyphs that are used, and every glyph says which character it is.

use chrono::{DateTime, Datelike, FixedOffset, Offset, Timelike};
use krilla::color::rgb;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{Point, Size, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use crate::fonts::Fonts;

use super::lines::Run;
use super::sheet::Mark;
use super::{DocumentError, Ink, Sheet};

/// A PDF file that is being written.
pub(crate) struct PdfFile<'f> {
    fonts: &'f Fonts,
    document: Document,
}

impl<'f> PdfFile<'f> {
    /// # Errors
    /// [`DocumentError::Write`]
    pub fn new(fonts: &'f Fonts, title: &str, made: DateTime<FixedOffset>) -> Result<Self, DocumentError> {
        let configuration =
            ConfigurationBuilder::new().with_archival_validator(Archival::A2_U).finish().map_err(failed)?;
        let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
        let metadata = Metadata::new()
            // The XML that it stands in has no way to write control characters.
            .title(title.chars().filter(|character| !character.is_control()).collect())
            .language("zh-CN".to_owned())
            .creator("爱心账户".to_owned())
            .creation_date(date(made));
        document.set_metadata(metadata);
        Ok(Self { fonts, document })
    }

    pub fn add(&mut self, sheet: &Sheet) -> Result<(), DocumentError> {
        let settings = PageSettings::from_wh(sheet.width, sheet.height)
            .ok_or_else(|| failed(format!("{} by {} points is no paper", sheet.width, sheet.height)))?;
        let mut page = self.document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in &sheet.marks {
            draw(&mut surface, self.fonts, mark);
        }
        surface.finish();
        page.finish();
        Ok(())
    }

    pub fn finish(self) -> Result<Vec<u8>, DocumentError> {
        self.document.finish().map_err(failed)
    }
}

fn failed(detail: impl std::fmt::Debug) -> DocumentError {
    DocumentError::Write { format: "PDF", detail: format!("{detail:?}") }
}

fn date(made: DateTime<FixedOffset>) -> krilla::metadata::DateTime {
    let small = |number: u32| u8::try_from(number).unwrap_or(0);
    let offset = made.offset().fix().local_minus_utc() / 60;
    krilla::metadata::DateTime::new(u16::try_from(made.year()).unwrap_or(0))
        .month(small(made.month()))
        .day(small(made.day()))
        .hour(small(made.hour()))
        .minute(small(made.minute()))
        .second(small(made.second()))
        .utc_offset_hour(i8::try_from(offset / 60).unwrap_or(0))
        .utc_offset_minute(small(offset.unsigned_abs() % 60))
}

fn draw(surface: &mut Surface<'_>, fonts: &Fonts, mark: &Mark) {
    match mark {
        Mark::Text { x, baseline, run } => text(surface, fonts, Point::from_xy(*x, *baseline), run),
        Mark::Fill { path, ink } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*ink)));
            surface.draw_path(path);
        }
        Mark::Stroke { path, ink, width, dash } => {
            surface.set_fill(None);
            surface.set_stroke(Some(stroke(*ink, *width, *dash)));
            surface.draw_path(path);
        }
        Mark::Picture { picture, place } => {
            if let Some(size) = Size::from_wh(place.width, place.height) {
                surface.push_transform(&Transform::from_translate(place.x, place.y));
                surface.draw_image(picture.0.clone(), size);
                surface.pop();
            }
        }
        Mark::Moved { by, marks } => {
            surface.push_transform(by);
            for mark in marks {
                draw(surface, fonts, mark);
            }
            surface.pop();
        }
    }
}

fn text(surface: &mut Surface<'_>, fonts: &Fonts, start: Point, run: &Run) {
    let Some(font) = fonts.font(run.face) else { return };
    surface.set_fill(Some(fill(run.style.ink)));
    // There is one weight of each font; letters become bold by drawing their edges too.
    let edge = run.style.bold.then(|| stroke(run.style.ink, run.style.size * 0.028, None));
    surface.set_stroke(edge);
    surface.draw_glyphs(start, &run.glyphs, font.clone(), &run.text, run.style.size, false);
}

fn fill(ink: Ink) -> Fill {
    Fill { paint: colour(ink).into(), opacity: cover(ink), rule: Default::default() }
}

fn stroke(ink: Ink, width: f32, dash: Option<f32>) -> Stroke {
    let dash = dash.map(|length| StrokeDash { array: vec![length, length], offset: 0.0 });
    Stroke { paint: colour(ink).into(), width, opacity: cover(ink), dash, ..Stroke::default() }
}

fn colour(ink: Ink) -> rgb::Color {
    rgb::Color::new(ink.red, ink.green, ink.blue)
}

fn cover(ink: Ink) -> NormalizedF32 {
    NormalizedF32::new(ink.cover).unwrap_or(NormalizedF32::ONE)
}
