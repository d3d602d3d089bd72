//! 感谢信: letters to volunteers and to the units they come from, many of them out of one text.

use crate::fonts::Fonts;
use crate::layout::{Align, Block, DocumentError, Flow, Frame, Ink, Sheet, Style, mm};

use super::office::{SIGNATURE_HEIGHT, foot, seal};
use super::table::Table;
use super::template::{Fields, Template};
use super::{Document, Signatures, Stamp, chinese_date};

/// A letter that is still to be addressed. Its text is one template: the first line is the heading
/// (感谢信), the second the salutation, each further line a paragraph. A line that begins with 敬礼 starts
/// at the margin, as custom has it.
#[derive(Clone, Debug)]
pub struct LetterForm(Template);

/// A letter to one person or unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Heading, salutation and paragraphs, a line each.
    pub text: String,
    /// Only the issuer and the date are used.
    pub signatures: Signatures,
    /// What was done, or by which members of the unit: on the pages after the letter.
    pub attachment: Option<Table>,
    pub stamp: Stamp,
}

impl LetterForm {
    /// # Errors
    /// [`DocumentError::Brace`]
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        Template::parse(text).map(Self)
    }

    /// Checks that these fields are enough.
    ///
    /// # Errors
    /// [`DocumentError::UnknownField`]
    pub fn check(&self, known: &[&str]) -> Result<(), DocumentError> {
        self.0.check(known)
    }

    /// The letter for one recipient.
    ///
    /// # Errors
    /// [`DocumentError::UnknownField`]
    pub fn fill(&self, fields: &Fields, signatures: Signatures) -> Result<Letter, DocumentError> {
        Ok(Letter { text: self.0.fill(fields)?, signatures, attachment: None, stamp: Stamp::Original })
    }
}

impl Document for Letter {
    fn title(&self) -> String {
        let mut lines = self.lines();
        let heading = lines.next().unwrap_or("信");
        let salutation = lines.next().unwrap_or_default().trim_end_matches(['：', ':']);
        format!("{heading} {salutation}").trim_end().to_owned()
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        let mut flow = Flow::new(fonts, Frame::LETTER);
        let mut lines = self.lines();
        heading(&mut flow, lines.next().unwrap_or_default())?;
        let body = Block::new(Style::kai(15.5)).leading(1.85);
        if let Some(salutation) = lines.next() {
            flow.paragraph(salutation, &Block { style: Style::kai(16.5), ..body })?;
        }
        for paragraph in lines {
            let at_margin = paragraph.starts_with("敬礼");
            flow.paragraph(paragraph, &if at_margin { body } else { body.indented() })?;
        }
        flow.space(mm(6.0));
        signed(&mut flow, &self.signatures)?;
        let mut sheets = flow.finish(|page, number, count| {
            self.stamp.mark(page)?;
            if count > 1 { foot(page, Frame::LETTER.written.x, "", number, count) } else { Ok(()) }
        })?;
        if let Some(table) = &self.attachment {
            sheets.extend(table.sheets(fonts)?);
        }
        Ok(sheets)
    }
}

impl Letter {
    fn lines(&self) -> impl Iterator<Item = &str> {
        // Those who write templates often indent by hand; the layout does it.
        self.text.lines().map(str::trim).filter(|line| !line.is_empty())
    }
}

fn heading(flow: &mut Flow<'_>, title: &str) -> Result<(), DocumentError> {
    let style = Style::serif(36.0).bold().ink(Ink::RED).tracking(8.0);
    flow.paragraph(title, &Block::new(style).align(Align::Centre).leading(1.3))?;
    flow.space(mm(2.0));
    let (left, right, y) = (flow.left(), flow.right(), flow.y);
    flow.page.line((left, y), (right, y), 2.0, Ink::RED);
    flow.page.line((left, y + 3.0), (right, y + 3.0), 0.6, Ink::RED);
    flow.space(mm(9.0));
    Ok(())
}

fn signed(flow: &mut Flow<'_>, signatures: &Signatures) -> Result<(), DocumentError> {
    flow.need(SIGNATURE_HEIGHT);
    let (centre, middle) = (flow.right() - mm(34.0), flow.y + SIGNATURE_HEIGHT / 2.0);
    let date = signatures.date.map(chinese_date).unwrap_or_default();
    seal(&mut flow.page, (centre, middle), &signatures.issuer, &date, Style::kai(14.0), mm(68.0))?;
    flow.y += SIGNATURE_HEIGHT;
    Ok(())
}
