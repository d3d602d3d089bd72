//! 志愿者证: cards of the size of a bank card (85.6 × 54 mm), ten on a sheet to be cut.

use crate::fonts::Fonts;
use crate::layout::{A4, Align, DocumentError, Ink, Page, Picture, Rectangle, Sheet, Style, mm};

use super::Document;

/// A card.
#[derive(Clone, Debug)]
pub struct Card {
    /// In the band at the top: whose volunteers these are.
    pub organisation: String,
    pub name: String,
    pub volunteer_number: String,
    /// Label and value, at most three: 所在队伍, 网格, 有效期至.
    pub more: Vec<(String, String)>,
    /// What the QR code says, which the kiosk reads.
    pub code: String,
    pub photo: Option<Picture>,
}

/// Cards on sheets of A4, with marks to cut along.
#[derive(Clone, Debug, Default)]
pub struct Cards {
    pub cards: Vec<Card>,
}

const SIZE: (f32, f32) = (mm(85.6), mm(53.98));
const ACROSS: usize = 2;
const DOWN: usize = 5;

impl Document for Card {
    fn title(&self) -> String {
        format!("志愿者证 {}", self.volunteer_number)
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        let mut page = Page::new(fonts, SIZE);
        self.draw(&mut page, 0.0, 0.0)?;
        Ok(vec![page.finish()])
    }
}

impl Document for Cards {
    fn title(&self) -> String {
        format!("志愿者证 {} 张", self.cards.len())
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        self.cards.chunks(ACROSS * DOWN).map(|cards| sheet(fonts, cards)).collect()
    }
}

fn sheet(fonts: &Fonts, cards: &[Card]) -> Result<Sheet, DocumentError> {
    let mut page = Page::new(fonts, A4);
    let left = (A4.0 - 2.0 * SIZE.0) / 2.0;
    let top = (A4.1 - 5.0 * SIZE.1) / 2.0;
    let (mut x, mut y) = (left, top);
    for (at, card) in cards.iter().enumerate() {
        card.draw(&mut page, x, y)?;
        page.frame(Rectangle::new(x, y, SIZE.0, SIZE.1), 0.25, Ink::RULE);
        if at % ACROSS + 1 == ACROSS {
            (x, y) = (left, y + SIZE.1);
        } else {
            x += SIZE.0;
        }
    }
    cutting_marks(&mut page, left, top);
    Ok(page.finish())
}

/// Short lines outside of the cards, where a knife is laid.
fn cutting_marks(page: &mut Page<'_>, left: f32, top: f32) {
    let long = mm(5.0);
    for column in 0..=2_u8 {
        let x = left + f32::from(column) * SIZE.0;
        page.line((x, top - long), (x, top - mm(1.0)), 0.3, Ink::BLACK);
        page.line((x, A4.1 - top + mm(1.0)), (x, A4.1 - top + long), 0.3, Ink::BLACK);
    }
    for row in 0..=5_u8 {
        let y = top + f32::from(row) * SIZE.1;
        page.line((left - long, y), (left - mm(1.0), y), 0.3, Ink::BLACK);
        page.line((A4.0 - left + mm(1.0), y), (A4.0 - left + long, y), 0.3, Ink::BLACK);
    }
}

impl Card {
    fn draw(&self, page: &mut Page<'_>, x: f32, y: f32) -> Result<(), DocumentError> {
        let whole = Rectangle::new(x, y, SIZE.0, SIZE.1);
        let band = mm(12.0);
        page.fill(Rectangle::new(x, y, SIZE.0, band), Ink::RED);
        page.fill(Rectangle::new(x, y + band, SIZE.0, mm(0.8)), Ink::GOLD);
        page.heart(x + mm(8.5), y + band / 2.0, mm(5.5), Ink::WHITE);
        let white = Style::sans(15.0).bold().ink(Ink::WHITE).tracking(3.0);
        let title = page.text((x + mm(14.0), y + mm(8.0)), Align::Left, "志愿者证", white)?;
        let room = (SIZE.0 - mm(20.0) - title, 4.0);
        let style = Style::sans(8.0).ink(Ink::WHITE);
        let at = (whole.right() - mm(4.5), y + mm(7.6));
        page.fitted(at, Align::Right, &self.organisation, style, room, "the organisation on a card")?;

        let side = mm(29.0);
        let code = (whole.right() - side - mm(2.0), y + band + mm(4.0));
        page.qr(&self.code, code.0, code.1, side)?;
        let below = (code.0 + side / 2.0, whole.bottom() - mm(4.0));
        page.text(below, Align::Centre, "签到·兑换请出示", Style::sans(6.5).ink(Ink::GREY))?;

        let mut text = x + mm(5.0);
        if let Some(photo) = &self.photo {
            page.picture(photo, Rectangle::new(text, y + mm(17.0), mm(20.0), mm(26.0)));
            text += mm(22.5);
        }
        self.about(page, text, y + band, code.0 - text)
    }

    fn about(&self, page: &mut Page<'_>, x: f32, top: f32, width: f32) -> Result<(), DocumentError> {
        let name = Style::kai(22.0);
        page.fitted((x, top + mm(11.5)), Align::Left, &self.name, name, (width, 6.0), "the name on a card")?;
        let number = Style::sans(9.5);
        let place = (width, 4.5);
        page.fitted((x, top + mm(18.5)), Align::Left, &self.volunteer_number, number, place, "the number on a card")?;
        let mut y = top + mm(21.5);
        for (label, value) in self.more.iter().take(3) {
            let text = format!("{label}：{value}");
            let style = Style::sans(7.5);
            y += style.size * 1.75;
            page.fitted((x, y), Align::Left, &text, style, place, "a line on a card")?;
        }
        Ok(())
    }
}
