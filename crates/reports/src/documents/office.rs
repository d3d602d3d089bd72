//! What the papers of an office have in common: headings, marks, signatures, the foot of a page.

use chrono::{Datelike, NaiveDate};

use crate::layout::{Align, Block, DocumentError, Flow, Ink, Page, Style, lines, mm};

/// What a paper is that is not simply the first print of something valid.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Stamp {
    /// The first print: no mark.
    #[default]
    Original,
    /// 补打: printed again, so that nobody takes two papers for two events.
    Reprint { on: NaiveDate },
    /// 作废: revoked; the paper still says what it said.
    Void { on: NaiveDate, reason: String },
}

impl Stamp {
    /// Marks a page.
    pub(super) fn mark(&self, page: &mut Page<'_>) -> Result<(), DocumentError> {
        let right = page.width() - mm(15.0);
        match self {
            Self::Original => Ok(()),
            Self::Reprint { on } => {
                page.rubber_stamp("补打", right, mm(11.0), 15.0)?;
                let note = format!("补打日期：{}", chinese_date(*on));
                page.text((right, mm(24.0)), Align::Right, &note, Style::sans(8.0).ink(Ink::RED)).map(drop)
            }
            Self::Void { on, reason } => {
                page.watermark("作废", Ink::RED)?;
                page.rubber_stamp("作废", right, mm(11.0), 15.0)?;
                let note = match reason.as_str() {
                    "" => format!("作废日期：{}", chinese_date(*on)),
                    reason => format!("作废日期：{}　原因：{reason}", chinese_date(*on)),
                };
                let at = (right, mm(24.0));
                let style = Style::sans(8.0).ink(Ink::RED);
                let room = (page.width() - mm(30.0), 5.0);
                page.fitted(at, Align::Right, &note, style, room, "the reason why it is void").map(drop)
            }
        }
    }
}

/// Who answers for a paper.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Signatures {
    /// The body that issues it, above the date and under the seal.
    pub issuer: String,
    /// 负责人. Empty leaves a line to sign on.
    pub person_in_charge: String,
    /// 经办人. Empty leaves a line to sign on.
    pub handler: String,
    /// Phone or address of the issuer. Empty: not shown.
    pub contact: String,
    pub date: Option<NaiveDate>,
}

/// As dates are written in running text: 2026年1月5日.
pub fn chinese_date(date: NaiveDate) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// The heading of a paper, in the middle and in as many lines as it takes.
pub(super) fn heading(flow: &mut Flow<'_>, title: &str, size: f32, ink: Ink) -> Result<(), DocumentError> {
    let style = Style::serif(size).bold().ink(ink).tracking(size * 0.08);
    flow.paragraph(title, &Block::new(style).align(Align::Centre).leading(1.4))
}

/// The foot of a page: a text on the left, the number of the page on the right, as far from the edges as
/// the text above.
pub(super) fn foot(
    page: &mut Page<'_>,
    margin: f32,
    text: &str,
    number: usize,
    count: usize,
) -> Result<(), DocumentError> {
    let style = Style::sans(8.0).ink(Ink::GREY);
    let (left, right, baseline) = (margin, page.width() - margin, page.height() - mm(9.5));
    page.line((left, baseline - 12.0), (right, baseline - 12.0), 0.4, Ink::RULE);
    let numbered = page.text((right, baseline), Align::Right, &format!("第 {number} 页 共 {count} 页"), style)?;
    let room = (right - left - numbered - 12.0, 3.0);
    page.fitted((left, baseline), Align::Left, text, style, room, "the foot of the page").map(drop)
}

pub(super) const SIGNATURE_HEIGHT: f32 = mm(44.0);

/// Who signs on the left, who seals on the right: the name of the issuer and the date stand inside the
/// circle of the seal, as they do on official papers. Where the paper can be verified, a QR code comes
/// before the names.
pub(super) fn signatures(flow: &mut Flow<'_>, signed: &Signatures, code: Option<&str>) -> Result<(), DocumentError> {
    flow.need(SIGNATURE_HEIGHT);
    let (right, middle) = (flow.right(), flow.y + SIGNATURE_HEIGHT / 2.0);
    let mut left = flow.left();
    if let Some(code) = code {
        let side = mm(27.0);
        flow.page.qr(code, left - mm(2.5), middle - side / 2.0 - 5.0, side)?;
        let small = Style::sans(8.0).ink(Ink::GREY);
        flow.page.text(
            (left + side / 2.0 - mm(2.5), middle + side / 2.0 + 3.0),
            Align::Centre,
            "扫码查验真伪",
            small,
        )?;
        left += mm(31.0);
    }
    let style = Style::serif(11.5);
    let mut y = middle - 10.0;
    for (label, name) in [("负责人：", &signed.person_in_charge), ("经办人：", &signed.handler)] {
        let label = flow.page.text((left, y), Align::Left, label, style)?;
        if name.is_empty() {
            flow.page.line((left + label, y + 3.0), (left + label + mm(30.0), y + 3.0), 0.5, Ink::BLACK);
        } else {
            flow.page.fitted((left + label, y), Align::Left, name, style, (mm(34.0), 4.0), "the name of who signs")?;
        }
        y += 28.0;
    }
    if !signed.contact.is_empty() {
        let contact = format!("联系方式：{}", signed.contact);
        let small = Style::serif(9.5).ink(Ink::GREY);
        flow.page.fitted((left, y - 4.0), Align::Left, &contact, small, (mm(62.0), 5.0), "the contact")?;
    }
    let date = signed.date.map(chinese_date).unwrap_or_default();
    seal(&mut flow.page, (right - mm(30.0), middle), &signed.issuer, &date, style, mm(60.0))?;
    flow.y += SIGNATURE_HEIGHT;
    Ok(())
}

/// The place of the seal about a point, with the issuers (a line each, or more if it is long) and the date
/// in it, which the seal is pressed onto.
pub(super) fn seal(
    page: &mut Page<'_>,
    (x, y): (f32, f32),
    issuers: &str,
    date: &str,
    style: Style,
    width: f32,
) -> Result<(), DocumentError> {
    page.seal_place(x, y)?;
    let block = Block::new(style).align(Align::Centre).leading(1.6);
    let lines = lines(page.fonts, issuers, &block, width)?;
    let mut top = y + style.size * 0.3;
    for line in lines.chunks(1).rev() {
        top -= block.line_height();
        page.lines(line, x - width / 2.0, top, &block);
    }
    page.text((x, y + style.size * 1.3), Align::Centre, date, style).map(drop)
}
