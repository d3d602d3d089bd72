//! 兑换凭单: the slip that a volunteer gets for an exchange, from a receipt printer.

use chrono::NaiveDateTime;

use crate::fonts::Fonts;
use crate::formats::html::{escaped, page as html_page};
use crate::layout::{Align, Block, DocumentError, Ink, Page, Rectangle, Sheet, Style, mm, qr_svg};

use super::Document;
use super::table::ems;

/// A slip. Amounts are as they are to be shown, with their unit: `30 分`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    pub station: String,
    /// Such as 兑换凭单.
    pub title: String,
    pub number: String,
    pub at: NaiveDateTime,
    /// Who exchanged, masked.
    pub name: String,
    pub items: Vec<SlipItem>,
    /// Label and amount, below the items: 合计, 兑换前余额, 兑换后余额.
    pub amounts: Vec<(String, String)>,
    /// In large letters, when something is still to be collected. Empty: none.
    pub pickup_code: String,
    /// What the QR code says. Without it there is none.
    pub code: Option<String>,
    pub handler: String,
    /// At the foot, a line each.
    pub notes: Vec<String>,
    /// 补打: printed before.
    pub reprint: bool,
    pub paper: SlipPaper,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipItem {
    pub name: String,
    pub quantity: String,
    pub price: String,
}

/// The roll in the printer, by its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlipPaper {
    Mm58,
    Mm80,
}

impl SlipPaper {
    const fn width(self) -> f32 {
        match self {
            Self::Mm58 => 58.0,
            Self::Mm80 => 80.0,
        }
    }

    /// What the head of the printer reaches.
    const fn printed(self) -> f32 {
        match self {
            Self::Mm58 => 48.0,
            Self::Mm80 => 72.0,
        }
    }

    const fn size(self) -> f32 {
        match self {
            Self::Mm58 => 9.5,
            Self::Mm80 => 11.5,
        }
    }
}

impl Document for Slip {
    fn title(&self) -> String {
        format!("{} {}", self.title, self.number)
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        let paper = mm(self.paper.width());
        let mut roll = Roll {
            page: Page::new(fonts, (paper, mm(3000.0))),
            left: (paper - mm(self.paper.printed())) / 2.0,
            width: mm(self.paper.printed()),
            size: self.paper.size(),
            y: mm(4.0),
        };
        self.head(&mut roll)?;
        self.items(&mut roll)?;
        self.foot(&mut roll)?;
        // The cutter stands above the head: without paper below the text it would cut through it.
        let length = roll.y + mm(6.0);
        Ok(vec![roll.page.finish().cut(length)])
    }
}

/// Paper that gets longer as it is written on.
struct Roll<'f> {
    page: Page<'f>,
    left: f32,
    width: f32,
    size: f32,
    y: f32,
}

impl Roll<'_> {
    fn text(&mut self, text: &str, style: Style, align: Align) -> Result<(), DocumentError> {
        let block = Block::new(style).align(align).leading(1.4);
        self.y += self.page.paragraph(self.left, self.y, self.width, text, &block)?;
        Ok(())
    }

    /// A label on the left and a value on the right, which takes lines of its own when it is long.
    fn pair(&mut self, label: &str, value: &str, style: Style) -> Result<(), DocumentError> {
        let gap = style.size;
        let wide = self.page.measure(label, style)? + gap + self.page.measure(value, style)?;
        if wide > self.width {
            self.text(label, style, Align::Left)?;
            return self.text(value, style, Align::Right);
        }
        let y = self.y + style.size * 1.08;
        self.page.text((self.left, y), Align::Left, label, style)?;
        self.page.text((self.left + self.width, y), Align::Right, value, style)?;
        self.y += style.size * 1.4;
        Ok(())
    }

    fn rule(&mut self) {
        self.y += 3.0;
        self.page.dashed_line((self.left, self.y), (self.left + self.width, self.y), 0.7, Ink::BLACK);
        self.y += 4.0;
    }
}

impl Slip {
    fn head(&self, roll: &mut Roll<'_>) -> Result<(), DocumentError> {
        let size = roll.size;
        roll.text(&self.station, Style::sans(size), Align::Centre)?;
        roll.text(&self.title, Style::sans(size * 1.7).bold(), Align::Centre)?;
        if self.reprint {
            let (width, height) = (size * 5.2, size * 1.9);
            let place = Rectangle::new(roll.left + (roll.width - width) / 2.0, roll.y + 2.0, width, height);
            roll.page.frame(place, 1.2, Ink::BLACK);
            let style = Style::sans(size * 1.3).bold().tracking(size * 0.5);
            roll.page.text((place.centre(), place.y + size * 1.4), Align::Centre, "补打", style)?;
            roll.y += height + 5.0;
        }
        roll.rule();
        for (label, value) in self.facts() {
            roll.pair(label, &value, Style::sans(size))?;
        }
        roll.rule();
        Ok(())
    }

    fn facts(&self) -> [(&'static str, String); 4] {
        [
            ("单号", self.number.clone()),
            ("时间", self.at.format("%Y-%m-%d %H:%M").to_string()),
            ("姓名", self.name.clone()),
            ("经办", self.handler.clone()),
        ]
    }

    fn items(&self, roll: &mut Roll<'_>) -> Result<(), DocumentError> {
        let style = Style::sans(roll.size);
        for item in &self.items {
            roll.text(&item.name, style.bold(), Align::Left)?;
            roll.pair(&format!("　{}", item.quantity), &item.price, style)?;
        }
        roll.rule();
        for (label, amount) in &self.amounts {
            roll.pair(label, amount, Style::sans(roll.size * 1.1).bold())?;
        }
        Ok(())
    }

    fn foot(&self, roll: &mut Roll<'_>) -> Result<(), DocumentError> {
        let size = roll.size;
        if !self.pickup_code.is_empty() {
            roll.rule();
            roll.text("取货码", Style::sans(size), Align::Centre)?;
            roll.text(&self.pickup_code, Style::sans(size * 2.4).bold().tracking(2.0), Align::Centre)?;
        }
        if let Some(code) = &self.code {
            let side = mm(32.0);
            roll.page.qr(code, roll.left + (roll.width - side) / 2.0, roll.y, side)?;
            roll.y += side;
        }
        if !self.notes.is_empty() {
            roll.rule();
        }
        for note in &self.notes {
            roll.text(note, Style::sans(size * 0.85), Align::Centre)?;
        }
        Ok(())
    }
}

/// The slip as a page that a browser prints on the same roll.
///
/// # Errors
/// [`DocumentError::LongCode`]
pub fn html(slip: &Slip) -> Result<String, DocumentError> {
    let mut body = format!("<p class=\"middle\">{}</p>\n<h1>{}</h1>\n", escaped(&slip.station), escaped(&slip.title));
    if slip.reprint {
        body += "<p class=\"reprint\">补打</p>\n";
    }
    body += &pairs(slip.facts().iter().map(|(label, value)| (*label, value.as_str())));
    for item in &slip.items {
        body += &format!("<p class=\"item\">{}</p>\n", escaped(&item.name));
        body += &pairs([(item.quantity.as_str(), item.price.as_str())].into_iter());
    }
    body += "<div class=\"amounts\">\n";
    body += &pairs(slip.amounts.iter().map(|(label, amount)| (label.as_str(), amount.as_str())));
    body += "</div>\n";
    if !slip.pickup_code.is_empty() {
        body += &format!("<p class=\"middle\">取货码</p>\n<p class=\"pickup\">{}</p>\n", escaped(&slip.pickup_code));
    }
    if let Some(code) = &slip.code {
        body += &qr_svg(code)?;
    }
    for note in &slip.notes {
        body += &format!("<p class=\"middle\">{}</p>\n", escaped(note));
    }
    let style = format!("{STYLE}{}", print_style(slip));
    Ok(html_page(&slip.title(), &style, &body))
}

/// A browser must be told how long its paper is, since it cannot ask a roll.
fn print_style(slip: &Slip) -> String {
    let (width, printed, size) = (slip.paper.width(), slip.paper.printed(), slip.paper.size());
    let length = html_length(slip).ceil();
    format!(
        "@media print {{\n  @page {{ size: {width}mm {length}mm; margin: 0; }}\n  body {{ width: {printed}mm; \
         font-size: {size}pt; margin: 0 auto; border: 0; padding: 3mm 0; }}\n}}\n"
    )
}

/// How many millimetres the page takes, rather too many than too few: nobody knows which fonts it gets.
fn html_length(slip: &Slip) -> f32 {
    let across = mm(slip.paper.printed()) / slip.paper.size();
    let wrapped = |text: &str| (ems(text) * 1.1 / across).floor() + 1.0;
    let named = slip.items.iter().map(|item| wrapped(&item.name) + wrapped(&item.quantity) + 0.5);
    let notes = slip.notes.iter().map(|note| wrapped(note));
    let amounts = slip.amounts.iter().map(|(label, amount)| wrapped(label) + wrapped(amount) - 1.0);
    let pickup = if slip.pickup_code.is_empty() { 0.0 } else { 4.0 };
    let lines = 9.0 + named.chain(notes).chain(amounts).sum::<f32>() + pickup + if slip.reprint { 2.0 } else { 0.0 };
    let code = if slip.code.is_some() { 35.0 } else { 0.0 };
    lines * slip.paper.size() * 1.45 / mm(1.0) + code + 10.0
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let row = |(label, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(label), escaped(value));
    format!("<dl>\n{}</dl>\n", pairs.map(row).collect::<String>())
}

const STYLE: &str = "\
body { font: 18px/1.45 \"Noto Sans SC\", \"Source Han Sans SC\", \"Microsoft YaHei\", \"PingFang SC\", sans-serif;
  width: 20em; margin: 1rem auto; padding: 1rem; border: 1px solid #888; color: #000; }
h1 { font-size: 1.6em; text-align: center; margin: 0; }
p, dl { margin: 0; }
dl { border-top: 1px dashed #000; padding: .3em 0; margin-top: .3em; }
dl div { display: flex; justify-content: space-between; gap: 1em; }
dd { margin: 0; text-align: right; }
.middle, .pickup, .reprint { text-align: center; }
.item, .amounts { font-weight: 700; }
.item + dl { border: 0; padding: 0; margin: 0; }
.pickup { font-size: 2.2em; font-weight: 700; letter-spacing: .08em; }
.reprint { font-size: 1.3em; font-weight: 700; border: 2px solid #000; width: 5em; margin: .3em auto; letter-spacing: .4em;
  text-indent: .4em; }
svg { display: block; width: 32mm; height: 32mm; margin: .3em auto; }
";
