//! The papers of a station: what each says, and how it looks.
//!
//! A document is a plain value whose texts are as they are to be printed; this module adds nothing to
//! them but the words of the form. What is printed on it twice comes out in the same bytes twice: the
//! time at which a file was made is a parameter.
#![allow(clippy::float_arithmetic, reason = "lengths on paper, not amounts")]

mod batch;
pub mod campaign;
pub mod card;
pub mod certificate;
pub mod letter;
mod office;
pub mod passbook;
pub mod poster;
pub mod ranking;
pub mod report;
pub mod slip;
pub mod table;
pub mod template;

use chrono::{DateTime, FixedOffset};

use crate::fonts::Fonts;
use crate::layout::pdf::PdfFile;
use crate::layout::{DocumentError, Sheet};

pub use batch::{Bundle, each};
pub use office::{Signatures, Stamp, chinese_date};

/// Something that can be printed.
pub trait Document {
    /// What the file calls itself.
    fn title(&self) -> String;

    /// Its pages.
    ///
    /// # Errors
    /// [`DocumentError`]
    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError>;
}

/// A document as a PDF file. The same document, fonts and time give the same bytes.
///
/// # Errors
/// [`DocumentError`]
pub fn pdf<D>(document: &D, fonts: &Fonts, made: DateTime<FixedOffset>) -> Result<Vec<u8>, DocumentError>
where
    D: Document + ?Sized,
{
    let mut file = PdfFile::new(fonts, &document.title(), made)?;
    for sheet in document.sheets(fonts)? {
        file.add(&sheet)?;
    }
    file.finish()
}
