use krilla::geom::{PathBuilder, Rect};
use qrcode::{Color, EcLevel, QrCode};

use super::{DocumentError, Ink, Page, Rectangle};

impl Page<'_> {
    /// A QR code with the four modules of quiet around it that readers need, within a square.
    ///
    /// # Errors
    /// [`DocumentError::LongCode`]
    pub fn qr(&mut self, text: &str, x: f32, y: f32, side: f32) -> Result<(), DocumentError> {
        let code = encoded(text)?;
        let modules = code.width();
        let unit = side / small(modules + 8);
        let mut path = PathBuilder::new();
        for (row, colours) in code.to_colors().chunks(modules).enumerate() {
            for (start, length) in dark_stretches(colours) {
                let left = x + unit * small(start + 4);
                let top = y + unit * small(row + 4);
                // Wider by a little, since viewers leave hairlines between shapes that touch.
                if let Some(bar) = Rect::from_xywh(left, top, unit * small(length), unit * 1.02) {
                    path.push_rect(bar);
                }
            }
        }
        self.fill(Rectangle::new(x, y, side, side), Ink::WHITE);
        self.fill_path(path.finish(), Ink::BLACK);
        Ok(())
    }
}

fn encoded(text: &str) -> Result<QrCode, DocumentError> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| DocumentError::LongCode { bytes: text.len() })
}

/// A QR code as a picture inside a page for a browser, in units of one module.
///
/// # Errors
/// [`DocumentError::LongCode`]
pub(crate) fn qr_svg(text: &str) -> Result<String, DocumentError> {
    let code = encoded(text)?;
    let side = code.width() + 8;
    let mut path = String::new();
    for (row, colours) in code.to_colors().chunks(code.width()).enumerate() {
        for (start, length) in dark_stretches(colours) {
            path += &format!("M{} {}h{length}v1h-{length}z", start + 4, row + 4);
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
         aria-label=\"二维码\" shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg>\n"
    ))
}

/// The modules of a row that are dark and follow each other: where they start and how many they are.
fn dark_stretches(colours: &[Color]) -> Vec<(usize, usize)> {
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    for (at, _) in colours.iter().enumerate().filter(|(_, colour)| **colour == Color::Dark) {
        match stretches.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            _ => stretches.push((at, 1)),
        }
    }
    stretches
}

/// A code has at most 177 modules on a side.
fn small(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}
