//! The ranking as a poster for the wall of the station, to be read from three steps away.

use crate::fonts::Fonts;
use crate::layout::{A4, Align, DocumentError, Ink, Page, Rectangle, Sheet, Style, mm};

use super::Document;

/// A poster. On A3 everything is larger by the same measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poster {
    /// In the band at the top: 2026年度优秀志愿者.
    pub title: String,
    pub subtitle: String,
    /// In the order in which they are shown; the first three stand out. At most 33 fit.
    pub entries: Vec<PosterEntry>,
    /// At the foot: who publishes it, and when; a line each.
    pub footer: Vec<String>,
    pub large: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosterEntry {
    /// Equal ranks are equal.
    pub rank: u32,
    /// Masked where it must be.
    pub name: String,
    /// Such as the team or the grid. Empty: not shown.
    pub group: String,
    /// Such as `126.5 小时`.
    pub amount: String,
}

const MOST: usize = 33;
const PODIUM: usize = 3;

impl Document for Poster {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        if self.entries.len() > MOST {
            return Err(DocumentError::TooLong { what: "a list of more than 33 names" });
        }
        let mut page = Page::new(fonts, A4);
        page.fill(Rectangle::new(0.0, 0.0, A4.0, A4.1), CREAM);
        self.band(&mut page)?;
        let podium = &self.entries[..self.entries.len().min(PODIUM)];
        let rest = &self.entries[podium.len()..];
        self.podium(&mut page, podium)?;
        self.list(&mut page, rest)?;
        self.foot(&mut page)?;
        let sheet = page.finish();
        Ok(vec![if self.large { sheet.enlarged(std::f32::consts::SQRT_2) } else { sheet }])
    }
}

const CREAM: Ink = Ink::rgb(0xff, 0xfa, 0xf0);
const BAND: f32 = mm(56.0);
const MARGIN: f32 = mm(16.0);

impl Poster {
    fn band(&self, page: &mut Page<'_>) -> Result<(), DocumentError> {
        page.fill(Rectangle::new(0.0, 0.0, A4.0, BAND), Ink::RED);
        page.fill(Rectangle::new(0.0, BAND, A4.0, mm(1.4)), Ink::GOLD);
        let centre = A4.0 / 2.0;
        for (offset, size) in [(-2.0, 2.6), (-1.0, 3.4), (0.0, 4.4), (1.0, 3.4), (2.0, 2.6)] {
            page.star(centre + offset * mm(11.0), mm(12.0), mm(size), Ink::rgb(0xff, 0xd5, 0x66));
        }
        let room = (A4.0 - 2.0 * MARGIN, 14.0);
        let style = Style::serif(40.0).bold().ink(Ink::WHITE).tracking(4.0);
        page.fitted((centre, mm(35.0)), Align::Centre, &self.title, style, room, "the title")?;
        let style = Style::sans(13.0).ink(Ink::rgb(0xff, 0xe8, 0xb0)).tracking(1.0);
        page.fitted((centre, mm(47.0)), Align::Centre, &self.subtitle, style, (room.0, 7.0), "the subtitle").map(drop)
    }

    fn podium(&self, page: &mut Page<'_>, entries: &[PosterEntry]) -> Result<(), DocumentError> {
        let gap = mm(5.0);
        let width = (A4.0 - 2.0 * MARGIN - 2.0 * gap) / 3.0;
        // The first stands in the middle and higher, as winners do.
        let places = [(1.0, mm(66.0), mm(52.0)), (0.0, mm(72.0), mm(46.0)), (2.0, mm(72.0), mm(46.0))];
        for (entry, (column, top, height)) in entries.iter().zip(places) {
            let card = Rectangle::new(MARGIN + column * (width + gap), top, width, height);
            page.fill(card, Ink::WHITE);
            page.frame(card, 1.6, Ink::GOLD);
            page.disc(card.centre(), card.y + mm(10.0), mm(6.5), Ink::RED);
            let style = Style::sans(19.0).bold().ink(Ink::WHITE);
            let rank = entry.rank.to_string();
            page.text((card.centre(), card.y + mm(12.4)), Align::Centre, &rank, style)?;
            let room = (width - mm(5.0), 6.0);
            let lines = [
                (&entry.name, Style::kai(27.0), card.bottom() - mm(20.0)),
                (&entry.amount, Style::sans(16.0).bold().ink(Ink::RED), card.bottom() - mm(11.0)),
                (&entry.group, Style::sans(10.5).ink(Ink::GREY), card.bottom() - mm(4.5)),
            ];
            for (text, style, y) in lines {
                page.fitted((card.centre(), y), Align::Centre, text, style, room, "a line of the podium")?;
            }
        }
        Ok(())
    }

    fn list(&self, page: &mut Page<'_>, entries: &[PosterEntry]) -> Result<(), DocumentError> {
        let rows = entries.len().div_ceil(2).max(1);
        let (top, bottom) = (mm(127.0), mm(276.0));
        let row_height = ((bottom - top) / small(rows)).min(mm(14.0));
        let gap = mm(8.0);
        let width = (A4.0 - 2.0 * MARGIN - gap) / 2.0;
        for (at, entry) in entries.iter().enumerate() {
            let x = MARGIN + if at < rows { 0.0 } else { width + gap };
            let y = top + small(at % rows) * row_height;
            self.entry(page, entry, Rectangle::new(x, y, width, row_height))?;
        }
        Ok(())
    }

    fn entry(&self, page: &mut Page<'_>, entry: &PosterEntry, place: Rectangle) -> Result<(), DocumentError> {
        let baseline = place.y + place.height * 0.66;
        let size = (place.height * 0.46).min(17.0);
        let strong = Style::sans(size).bold().ink(Ink::RED);
        page.text((place.x + mm(5.0), baseline), Align::Centre, &entry.rank.to_string(), strong)?;
        let amount = Style::sans(size * 0.82).bold().ink(Ink::RED);
        let taken = page.text((place.right() - 2.0, baseline), Align::Right, &entry.amount, amount)?;
        let room = place.width - mm(12.0) - taken - 10.0;
        let name = Style::kai(size * 1.1);
        let at = (place.x + mm(12.0), baseline);
        let name = page.fitted(at, Align::Left, &entry.name, name, (room, 5.0), "a name in the list")?;
        let left = room - name - 8.0;
        let group = Style::sans(size * 0.6).ink(Ink::GREY);
        // Beside a long name there is no place for it, and the name matters more.
        if left > 30.0 && page.measure(&entry.group, group)? <= left * 1.6 {
            let at = (at.0 + name + 8.0, baseline);
            page.fitted(at, Align::Left, &entry.group, group, (left, 4.0), "a group in the list")?;
        }
        page.dashed_line((place.x, place.bottom()), (place.right(), place.bottom()), 0.5, Ink::GOLD);
        Ok(())
    }

    fn foot(&self, page: &mut Page<'_>) -> Result<(), DocumentError> {
        let mut y = A4.1 - mm(4.0) - 14.0 * small(self.footer.len());
        for line in &self.footer {
            y += 14.0;
            let style = Style::sans(10.0).ink(Ink::GREY);
            let room = (A4.0 - 2.0 * MARGIN, 4.0);
            page.fitted((A4.0 / 2.0, y - 4.0), Align::Centre, line, style, room, "the foot of the poster")?;
        }
        Ok(())
    }
}

fn small(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}
