//! Certificates of honour for those who took part in a campaign: many at once, often on a picture that
//! the station had made for it.

use chrono::NaiveDate;

use crate::fonts::Fonts;
use crate::layout::{A4, Align, Block, DocumentError, Ink, Page, Picture, Rectangle, Sheet, Style, mm};

use super::office::seal;
use super::template::{Fields, Template};
use super::{Document, Stamp, chinese_date};

/// What all certificates of a campaign have in common.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Such as 荣誉证书.
    pub heading: String,
    /// Below the heading, smaller; empty: nothing.
    pub subheading: String,
    /// What is certified, with fields: `在{campaign}中累计服务 {hours} 小时，特发此证。`
    pub text: Template,
    /// Under the seal; several bodies stand below each other.
    pub issuers: Vec<String>,
    pub date: NaiveDate,
    /// Fills the page, whose shape (297 to 210) it should have; without one, a border is drawn.
    pub background: Option<Picture>,
    /// How far the text keeps from the edges, in millimetres: as much as the picture needs.
    pub margins: Margins,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margins {
    pub left: u8,
    pub right: u8,
    pub top: u8,
    pub bottom: u8,
}

impl Default for Margins {
    fn default() -> Self {
        Self { left: 38, right: 38, top: 30, bottom: 24 }
    }
}

/// One certificate of it.
#[derive(Clone, Debug)]
pub struct CampaignCertificate<'c> {
    pub campaign: &'c Campaign,
    /// As it is addressed: 林小燕 同志.
    pub recipient: String,
    pub fields: Fields,
    pub number: String,
    /// What the QR code says. Without it there is none.
    pub verify_url: Option<String>,
    pub stamp: Stamp,
}

const WIDE: (f32, f32) = (A4.1, A4.0);
const SEAL: f32 = mm(40.0);

impl Document for CampaignCertificate<'_> {
    fn title(&self) -> String {
        format!("{} {}", self.campaign.heading, self.number)
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        let mut page = Page::new(fonts, WIDE);
        match &self.campaign.background {
            Some(picture) => page.picture(picture, Rectangle::new(0.0, 0.0, WIDE.0, WIDE.1)),
            None => page.festive_border(mm(9.0)),
        }
        let margins = self.campaign.margins;
        let [left, right, top, bottom] =
            [margins.left, margins.right, margins.top, margins.bottom].map(|edge| mm(f32::from(edge)));
        let place = Rectangle::new(left, top, WIDE.0 - left - right, WIDE.1 - top - bottom);
        self.write(&mut page, place)?;
        self.stamp.mark(&mut page)?;
        Ok(vec![page.finish()])
    }
}

impl CampaignCertificate<'_> {
    fn write(&self, page: &mut Page<'_>, place: Rectangle) -> Result<(), DocumentError> {
        let campaign = self.campaign;
        let mut y = place.y + 40.0;
        let style = Style::serif(44.0).bold().ink(Ink::RED).tracking(12.0);
        let room = (place.width, 16.0);
        page.fitted((place.centre(), y), Align::Centre, &campaign.heading, style, room, "the heading")?;
        if !campaign.subheading.is_empty() {
            y += 32.0;
            let style = Style::serif(16.0).ink(Ink::GOLD).tracking(2.0);
            page.fitted((place.centre(), y), Align::Centre, &campaign.subheading, style, room, "the subheading")?;
        }
        y += 26.0;
        let name = Block::new(Style::kai(25.0)).leading(1.5);
        y += page.paragraph(place.x, y, place.width, &format!("{}：", self.recipient), &name)?;
        y += self.text(page, place, y)?;
        self.foot(page, place, y)
    }

    fn text(&self, page: &mut Page<'_>, place: Rectangle, top: f32) -> Result<f32, DocumentError> {
        let text = self.campaign.text.fill(&self.fields)?;
        let block = Block::new(Style::kai(19.0)).leading(1.75).indented();
        page.paragraph(place.x, top, place.width, &text, &block)
    }

    /// Number and QR code on the left, issuers and seal on the right.
    fn foot(&self, page: &mut Page<'_>, place: Rectangle, text_end: f32) -> Result<(), DocumentError> {
        let middle = place.bottom() - SEAL / 2.0;
        if text_end > middle - mm(10.0) {
            return Err(DocumentError::TooLong { what: "the text of the certificate" });
        }
        let small = Style::serif(10.5).ink(Ink::GREY);
        let side = mm(25.0);
        if let Some(url) = &self.verify_url {
            page.qr(url, place.x - 2.0, place.bottom() - side - 16.0, side)?;
        }
        let number = format!("证书编号：{}", self.number);
        page.text((place.x, place.bottom() - 2.0), Align::Left, &number, small)?;
        let issuers = self.campaign.issuers.join("\n");
        let date = chinese_date(self.campaign.date);
        seal(page, (place.right() - mm(38.0), middle), &issuers, &date, Style::kai(16.0), mm(90.0))
    }
}
