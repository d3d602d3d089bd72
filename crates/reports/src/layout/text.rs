//! From characters to glyphs.

use crate::fonts::{Family, Fonts, Glyph, is_blank};

use super::{DocumentError, Ink};

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    pub family: Family,
    pub size: f32,
    pub bold: bool,
    pub ink: Ink,
    /// Space after each character.
    pub tracking: f32,
}

impl Style {
    const fn new(family: Family, size: f32) -> Self {
        Self { family, size, bold: false, ink: Ink::BLACK, tracking: 0.0 }
    }

    pub const fn serif(size: f32) -> Self {
        Self::new(Family::Serif, size)
    }

    pub const fn sans(size: f32) -> Self {
        Self::new(Family::Sans, size)
    }

    pub const fn kai(size: f32) -> Self {
        Self::new(Family::Kai, size)
    }

    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub const fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }

    pub const fn tracking(self, tracking: f32) -> Self {
        Self { tracking, ..self }
    }
}

/// One character of a text, with its glyph.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter {
    pub character: char,
    pub glyph: Glyph,
    pub style: Style,
    /// Its width on paper.
    pub width: f32,
    /// A new line may begin with it.
    pub may_begin: bool,
}

/// Texts of different styles that follow each other in one paragraph; line feeds count as spaces.
pub(super) fn letters(fonts: &Fonts, spans: &[(&str, Style)]) -> Result<Vec<Letter>, DocumentError> {
    let mut letters = Vec::new();
    let mut missing = Vec::new();
    let mut drawn = String::new();
    for &(text, style) in spans {
        for character in text.chars() {
            let character = match character {
                '\t' | '\n' | '\r' | '\u{a0}' => ' ',
                blank if is_blank(blank) => continue,
                drawn => drawn,
            };
            let Some(glyph) = fonts.glyph(style.family, character) else {
                missing.push(character);
                continue;
            };
            drawn.push(character);
            let width = glyph.advance * style.size + style.tracking;
            letters.push(Letter { character, glyph, style, width, may_begin: false });
        }
    }
    if !missing.is_empty() {
        missing.sort_unstable();
        missing.dedup();
        return Err(DocumentError::NoGlyph { characters: missing });
    }
    mark_breaks(&drawn, &mut letters);
    Ok(letters)
}

/// Where lines may end is what Unicode says (UAX #14), which knows 避头尾: no line begins with a closing
/// mark or ends with an opening one, and no number or Latin word is torn. Besides, a number keeps what it
/// counts beside it: 38 次, 2026年.
fn mark_breaks(text: &str, letters: &mut [Letter]) {
    let mut breaks = unicode_linebreak::linebreaks(text).map(|(at, _)| at).peekable();
    let mut before = [' ', ' '];
    for ((at, character), letter) in text.char_indices().zip(letters) {
        while breaks.next_if(|&possible| possible < at).is_some() {}
        let counted = matches!(before, [_, '0'..='9'] | ['0'..='9', ' ']) && u32::from(character) >= 0x3400;
        letter.may_begin = breaks.peek() == Some(&at) && !counted;
        before = [before[1], character];
    }
}

/// How wide a text is on one line.
pub(super) fn width(letters: &[Letter]) -> f32 {
    letters.iter().map(|letter| letter.width).sum()
}
