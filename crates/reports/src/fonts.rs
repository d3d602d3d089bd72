//! The fonts that documents are set in, and which of them draws a character.
//!
//! The program carries free fonts for all of GB 2312 and the 8105 characters of 通用规范汉字表, and as a
//! last resort every character of the blocks 4E00–9FFF and 3400–4DBF and 2 300 beyond U+20000, so that
//! the names of people come out on a machine where nothing was installed. For the others an operator
//! adds font files. A character that no font has is an error that names it: a box in place of somebody's
//! name is never printed.

mod bundled;
mod search;

use std::collections::HashMap;
use std::sync::Arc;

use krilla::text::Font;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

use crate::layout::DocumentError;

/// How letters look. Each falls back to the others for a character that it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// 宋体: running text.
    Serif,
    /// 黑体: headings, tables, slips and what is read from afar.
    Sans,
    /// 楷体: names on certificates, letters.
    Kai,
}

/// Fonts, read once and shared by all documents and threads.
pub struct Fonts {
    faces: Vec<Face>,
}

struct Face {
    font: Font,
    /// For each character its glyph, and how far that moves the pen, in parts of the font size.
    glyphs: HashMap<char, (u32, f32)>,
}

/// How one character is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glyph {
    pub face: usize,
    pub id: u32,
    /// In parts of the font size.
    pub advance: f32,
}

/// Why a file cannot serve as a font.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    #[error("this is no font, or a damaged one")]
    Unreadable,
    #[error("cannot read {path}: {source}")]
    File { path: std::path::PathBuf, source: std::io::Error },
}

const SERIF: usize = 0;
const SANS: usize = 1;
const KAI: usize = 2;
const RARE: usize = 3;

impl Fonts {
    /// The fonts that the program carries. Takes a tenth of a second: do it once.
    ///
    /// # Errors
    /// [`FontError::Unreadable`], if the program itself is damaged.
    pub fn bundled() -> Result<Self, FontError> {
        let mut fonts = Self { faces: Vec::new() };
        for packed in bundled::PACKED {
            fonts.push(bundled::unpack(packed)?, 0)?;
        }
        Ok(fonts)
    }

    /// Adds a font to be asked last: what no font before it has is looked for in it. Of a collection
    /// (`.ttc`) that holds one face for each country, the mainland's is taken.
    ///
    /// # Errors
    /// [`FontError::Unreadable`]
    pub fn add(&mut self, bytes: Vec<u8>) -> Result<(), FontError> {
        let face = search::mainland_face(&bytes);
        self.push(bytes, face)
    }

    fn push(&mut self, bytes: Vec<u8>, index: u32) -> Result<(), FontError> {
        let glyphs = read_glyphs(&bytes, index).ok_or(FontError::Unreadable)?;
        let data: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(bytes);
        let font = Font::new(data.into(), index).ok_or(FontError::Unreadable)?;
        self.faces.push(Face { font, glyphs });
        Ok(())
    }

    /// The characters of a text that no font has, each once, in the order of the text.
    pub fn missing(&self, text: &str) -> Vec<char> {
        let mut missing = Vec::new();
        for character in text.chars() {
            let drawn = is_blank(character) || self.glyph(Family::Serif, character).is_some();
            if !drawn && !missing.contains(&character) {
                missing.push(character);
            }
        }
        missing
    }

    /// Checks that a text can be drawn, for those who would rather ask before they store it.
    ///
    /// # Errors
    /// [`DocumentError::NoGlyph`], naming all characters that cannot.
    pub fn require(&self, text: &str) -> Result<(), DocumentError> {
        match self.missing(text) {
            missing if missing.is_empty() => Ok(()),
            characters => Err(DocumentError::NoGlyph { characters }),
        }
    }

    pub(crate) fn glyph(&self, family: Family, character: char) -> Option<Glyph> {
        let order = match family {
            Family::Serif => [SERIF, RARE, SANS, KAI],
            Family::Sans => [SANS, SERIF, RARE, KAI],
            Family::Kai => [KAI, SERIF, RARE, SANS],
        };
        order.into_iter().chain(RARE + 1..self.faces.len()).find_map(|face| {
            let &(id, advance) = self.faces.get(face)?.glyphs.get(&character)?;
            Some(Glyph { face, id, advance })
        })
    }

    pub(crate) fn font(&self, face: usize) -> Option<&Font> {
        self.faces.get(face).map(|face| &face.font)
    }
}

/// Characters that say how others are written and have no picture of their own: controls, the mark of
/// the byte order, joiners, and variation selectors.
pub(crate) fn is_blank(character: char) -> bool {
    matches!(character, '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0100}'..='\u{e01ef}')
}

fn read_glyphs(bytes: &[u8], index: u32) -> Option<HashMap<char, (u32, f32)>> {
    let font = FontRef::from_index(bytes, index).ok()?;
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    let read = font.charmap().mappings().filter_map(|(code, glyph)| {
        let character = char::from_u32(code)?;
        let advance = metrics.advance_width(glyph).unwrap_or(1.0);
        // A mapping to the glyph of "not defined" would be the box that is never printed.
        (glyph.to_u32() != 0).then_some((character, (glyph.to_u32(), advance)))
    });
    let read: HashMap<_, _> = read.collect();
    (!read.is_empty()).then_some(read)
}

#[cfg(test)]
mod tests {
    use skrifa::outline::DrawSettings;

    use super::*;
    use crate::layout::test_fonts;

    #[test]
    fn rare_characters_of_names_come_with_the_program() {
        for character in "𠮷䶮㛃𬎆𣲗𰻝喆堃翀昇婳燚㑇䒟䴙𬭎𫖯".chars() {
            assert!(test_fonts().glyph(Family::Serif, character).is_some(), "{character} is missing");
        }
    }

    /// What the pen does for a glyph.
    fn strokes(face: &FontRef<'_>, glyph: u32) -> String {
        let outline = face.outline_glyphs().get(skrifa::GlyphId::new(glyph)).expect("an outline");
        let mut pen = skrifa::outline::pen::SvgPen::new();
        outline.draw(DrawSettings::unhinted(Size::new(1000.0), LocationRef::default()), &mut pen).expect("it is drawn");
        pen.to_string()
    }

    #[test]
    fn a_rare_character_has_strokes_of_its_own_and_is_not_the_box_for_what_is_missing() {
        let unpacked = bundled::PACKED.map(|packed| bundled::unpack(packed).unwrap());
        for family in [Family::Serif, Family::Sans, Family::Kai] {
            let mut seen = Vec::new();
            for character in "𠮷䶮㛃𬎆𰻝".chars() {
                let glyph = test_fonts().glyph(family, character).unwrap();
                let face = FontRef::new(&unpacked[glyph.face]).unwrap();
                let drawn = strokes(&face, glyph.id);
                assert!(drawn.len() > 200, "{character} in {family:?}: {drawn}");
                assert_ne!(drawn, strokes(&face, 0), "{character} in {family:?}");
                assert!(!seen.contains(&drawn), "{character} in {family:?} looks as another");
                seen.push(drawn);
            }
        }
    }

    #[test]
    fn a_family_draws_what_it_has_and_leaves_the_rest_to_others() {
        let face = |family, character| test_fonts().glyph(family, character).map(|glyph| glyph.face);
        assert_eq!(face(Family::Serif, '爱'), Some(SERIF));
        assert_eq!(face(Family::Sans, '爱'), Some(SANS));
        assert_eq!(face(Family::Kai, '爱'), Some(KAI));
        assert_eq!(face(Family::Kai, '𠮷'), Some(RARE));
    }

    #[test]
    fn all_characters_that_no_font_has_are_named_once() {
        let error = test_fonts().require("王ဗ小ဗ明ཀ").unwrap_err();
        assert_eq!(error.to_string(), "no font has ဗ (U+1017), ཀ (U+0F40)");
        assert!(test_fonts().require("王小明\u{fe00}\r\n").is_ok());
    }

    #[test]
    fn what_is_no_font_is_refused() {
        let mut fonts = Fonts { faces: Vec::new() };
        assert!(matches!(fonts.add(b"no font".to_vec()), Err(FontError::Unreadable)));
        assert!(matches!(fonts.add(Vec::new()), Err(FontError::Unreadable)));
    }
}
