//! Lines of text, broken to a width.

use krilla::text::{GlyphId, KrillaGlyph};

use crate::fonts::Fonts;

use super::text::{Letter, letters, width};
use super::{DocumentError, Style};

/// Where a line stands between the edges of its paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Centre,
    Right,
    /// Both edges straight; the last line as with `Left`.
    Justify,
}

/// How a paragraph is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Block {
    pub style: Style,
    pub align: Align,
    /// From one line to the next, in parts of the font size.
    pub leading: f32,
    /// Of the first line, in characters.
    pub indent: f32,
}

impl Block {
    pub const fn new(style: Style) -> Self {
        Self { style, align: Align::Left, leading: 1.5, indent: 0.0 }
    }

    pub const fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    pub const fn leading(self, leading: f32) -> Self {
        Self { leading, ..self }
    }

    /// Two characters in, as running text is set in Chinese.
    pub const fn indented(self) -> Self {
        Self { indent: 2.0, align: Align::Justify, ..self }
    }

    pub fn line_height(&self) -> f32 {
        self.style.size * self.leading
    }
}

/// Letters of one font and style, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// From the beginning of the line.
    pub x: f32,
    pub face: usize,
    pub style: Style,
    pub glyphs: Vec<KrillaGlyph>,
    pub text: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(super) runs: Vec<Run>,
    /// From the left edge of the paragraph.
    pub(super) x: f32,
    /// Of the letters, without the space before them.
    pub(super) width: f32,
}

/// One line, however long it gets.
pub(super) fn single_line(fonts: &Fonts, spans: &[(&str, Style)]) -> Result<Line, DocumentError> {
    Ok(line(&letters(fonts, spans)?, 0.0, 0.0))
}

/// The lines of a text; a line feed in it begins a new paragraph.
pub(crate) fn lines(fonts: &Fonts, text: &str, block: &Block, available: f32) -> Result<Vec<Line>, DocumentError> {
    let mut all = Vec::new();
    for paragraph in text.lines() {
        all.extend(span_lines(fonts, &[(paragraph, block.style)], block, available)?);
    }
    Ok(all)
}

/// The lines of one paragraph of texts in different styles.
pub(crate) fn span_lines(
    fonts: &Fonts,
    spans: &[(&str, Style)],
    block: &Block,
    available: f32,
) -> Result<Vec<Line>, DocumentError> {
    let letters = letters(fonts, spans)?;
    let indent = block.indent * block.style.size;
    let mut lines = Vec::new();
    let mut rest = letters.as_slice();
    loop {
        let before = if lines.is_empty() { indent } else { 0.0 };
        let taken = fitting(rest, available - before);
        let (these, after) = rest.split_at(taken);
        lines.push(aligned(these, block.align, before, available, after.is_empty()));
        rest = after;
        if rest.is_empty() {
            return Ok(lines);
        }
    }
}

/// How many letters come onto the next line: as many as fit, back to where a break may be. What has no
/// such place is torn where the line ends, and at least one letter is taken, so that every text ends.
fn fitting(letters: &[Letter], available: f32) -> usize {
    let mut used = 0.0;
    let mut last_break = None;
    for (at, letter) in letters.iter().enumerate() {
        if at > 0 && letter.may_begin {
            last_break = Some(at);
        }
        used += letter.width;
        // A space at the end of a line may stick out; it is not seen. So may tracking after a letter.
        let seen = if letter.character == ' ' { used - letter.width } else { used - letter.style.tracking };
        if seen > available + 0.01 {
            return last_break.unwrap_or(at).max(1);
        }
    }
    letters.len()
}

fn aligned(letters: &[Letter], align: Align, before: f32, available: f32, last: bool) -> Line {
    let spaces = letters.iter().rev().take_while(|letter| letter.character == ' ').count();
    let letters = &letters[..letters.len() - spaces];
    let tracking = letters.last().map_or(0.0, |letter| letter.style.tracking);
    let slack = (available - before - (width(letters) - tracking)).max(0.0);
    let (x, stretch) = match align {
        Align::Left => (0.0, 0.0),
        Align::Centre => (slack / 2.0, 0.0),
        Align::Right => (slack, 0.0),
        Align::Justify if last => (0.0, 0.0),
        Align::Justify => match gaps(letters) {
            0 => (0.0, 0.0),
            gaps => (0.0, slack / f32::from(gaps)),
        },
    };
    line(letters, before + x, stretch)
}

/// Between which letters space may be added: wherever a line might have been broken.
fn gaps(letters: &[Letter]) -> u16 {
    let gaps = letters.iter().skip(1).filter(|letter| letter.may_begin).count();
    u16::try_from(gaps).unwrap_or(0)
}

fn line(letters: &[Letter], x: f32, stretch: f32) -> Line {
    let mut runs: Vec<Run> = Vec::new();
    let mut pen = 0.0;
    for (at, letter) in letters.iter().enumerate() {
        let fits = |run: &Run| run.face == letter.glyph.face && run.style == letter.style;
        if !runs.last().is_some_and(fits) {
            let (glyphs, text) = (Vec::new(), String::new());
            runs.push(Run { x: pen, face: letter.glyph.face, style: letter.style, glyphs, text });
        }
        let stretched = letters.get(at + 1).is_some_and(|next| next.may_begin);
        let advance = letter.width + if stretched { stretch } else { 0.0 };
        if let Some(run) = runs.last_mut() {
            run.push(letter, advance);
        }
        pen += advance;
    }
    let tracking = letters.last().map_or(0.0, |letter| letter.style.tracking);
    Line { runs, x, width: pen - tracking }
}

impl Run {
    fn push(&mut self, letter: &Letter, advance: f32) {
        let start = self.text.len();
        self.text.push(letter.character);
        self.glyphs.push(KrillaGlyph::new(
            GlyphId::new(letter.glyph.id),
            advance / letter.style.size,
            0.0,
            0.0,
            0.0,
            start..self.text.len(),
            None,
        ));
    }
}

impl Line {
    #[cfg(test)]
    fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::test_fonts;

    fn broken(text: &str, characters: f32) -> Vec<String> {
        let block = Block::new(Style::serif(10.0));
        let lines = lines(test_fonts(), text, &block, characters * 10.0).unwrap();
        lines.iter().map(Line::text).collect()
    }

    #[test]
    fn no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() {
        assert_eq!(broken("爱心账户，储值。", 4.0), ["爱心账", "户，储", "值。"]);
        assert_eq!(broken("发给《志愿者手册》", 3.0), ["发给", "《志愿", "者手", "册》"]);
    }

    #[test]
    fn words_and_numbers_are_not_torn() {
        assert_eq!(broken("共计 120.50 小时", 5.0), ["共计", "120.50 小", "时"]);
        assert_eq!(broken("由 volunteer 记录", 5.0), ["由", "volunteer", "记录"]);
    }

    #[test]
    fn a_number_keeps_what_it_counts_beside_it() {
        assert_eq!(broken("服务 38 次", 4.0), ["服务", "38 次"]);
        assert_eq!(broken("到2026年底", 3.5), ["到", "2026年", "底"]);
    }

    #[test]
    fn what_has_no_place_to_break_is_torn_where_the_line_ends() {
        let lines = broken(&"0123456789abcdef".repeat(4), 5.0);
        assert!(lines.len() > 4);
        assert_eq!(lines.concat(), "0123456789abcdef".repeat(4));
        assert_eq!(broken("爱", 0.1), ["爱"]);
    }

    #[test]
    fn a_line_feed_begins_a_paragraph() {
        assert_eq!(broken("一\n\n二", 5.0), ["一", "", "二"]);
    }

    #[test]
    fn a_justified_line_reaches_both_edges_and_the_last_one_does_not() {
        let block = Block::new(Style::serif(10.0)).indented();
        let lines = lines(test_fonts(), "参加志愿服务，就是给自己的爱心账户储值。", &block, 85.0).unwrap();
        let ends: Vec<_> = lines.iter().map(|line| (line.x + line.width).round()).collect();
        assert_eq!(lines[0].x, 20.0);
        assert_eq!(ends[..ends.len() - 1], vec![85.0; ends.len() - 1]);
        assert!(ends[ends.len() - 1] < 80.0);
    }
}
