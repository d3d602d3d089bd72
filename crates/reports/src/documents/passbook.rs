//! 志愿服务手册: the account of one volunteer, line by line with the balance after each, as in the book that
//! a bank hands out.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::fonts::Fonts;
use crate::layout::{Align, Block, DocumentError, Flow, Frame, Group, Ink, Sheet, Style, share};

use super::office::{foot, heading};
use super::table::{Cell, Column, Kind, Table};
use super::{Document, Stamp, chinese_date};

/// A passbook.
#[derive(Clone, Debug, PartialEq)]
pub struct Passbook {
    /// Who keeps the account.
    pub organisation: String,
    pub name: String,
    pub volunteer_number: String,
    /// Anything else about the holder, label and value.
    pub more: Vec<(String, String)>,
    /// First and last day that it shows.
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// Points before the first line and after the last.
    pub opening: Decimal,
    pub closing: Decimal,
    /// Of all time until the last day.
    pub total_hours: Decimal,
    /// The number of decimal places of points.
    pub places: u32,
    pub lines: Vec<PassbookLine>,
    /// Below the table: up to which entry of the ledger it was read, and the hash that proves it.
    pub evidence: String,
    pub stamp: Stamp,
}

/// One event. What it did not change is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct PassbookLine {
    pub date: NaiveDate,
    pub text: String,
    pub hours: Option<Decimal>,
    pub points_in: Option<Decimal>,
    pub points_out: Option<Decimal>,
    pub balance: Decimal,
}

impl Passbook {
    /// The lines as a table, for all other formats.
    pub fn table(&self) -> Table {
        let points = Kind::Number { places: self.places };
        let columns = [
            ("日期", Kind::Date),
            ("摘要", Kind::Text),
            ("时长（小时）", Kind::Number { places: 1 }),
            ("存入积分", points),
            ("支出积分", points),
            ("结余", points),
        ];
        Table {
            title: "志愿服务手册".to_owned(),
            subtitles: vec![format!("{}　{}　{}", self.organisation, self.name, self.volunteer_number), self.period()],
            columns: columns.map(|(title, kind)| Column::new(title, kind)).into(),
            rows: std::iter::once(self.opening_row()).chain(self.lines.iter().map(PassbookLine::row)).collect(),
            total: Some(self.total_row()),
            notes: if self.evidence.is_empty() { Vec::new() } else { vec![self.evidence.clone()] },
            ..Table::default()
        }
    }

    fn period(&self) -> String {
        format!("{}至{}", chinese_date(self.from), chinese_date(self.until))
    }

    fn opening_row(&self) -> Vec<Cell> {
        let blank = Cell::Blank;
        vec![self.from.into(), "上期结余".into(), blank.clone(), blank.clone(), blank, self.opening.into()]
    }

    fn total_row(&self) -> Vec<Cell> {
        let sum = |amount: fn(&PassbookLine) -> Option<Decimal>| self.lines.iter().filter_map(amount).sum::<Decimal>();
        vec![
            Cell::Blank,
            "本期合计".into(),
            sum(|line| line.hours).into(),
            sum(|line| line.points_in).into(),
            sum(|line| line.points_out).into(),
            self.closing.into(),
        ]
    }
}

impl PassbookLine {
    fn row(&self) -> Vec<Cell> {
        vec![
            self.date.into(),
            self.text.as_str().into(),
            self.hours.into(),
            self.points_in.into(),
            self.points_out.into(),
            self.balance.into(),
        ]
    }
}

impl Document for Passbook {
    fn title(&self) -> String {
        format!("志愿服务手册 {}", self.volunteer_number)
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        let mut flow = Flow::new(fonts, Frame::TABLE);
        let small = Block::new(Style::sans(10.0).ink(Ink::GREY)).leading(1.6).align(Align::Centre);
        flow.paragraph(&self.organisation, &small)?;
        heading(&mut flow, "志愿服务手册", 24.0, Ink::RED)?;
        flow.space(8.0);
        flow.form(&self.groups())?;
        flow.space(10.0);
        let table = self.table();
        let widths = share(&[62.0, 190.0, 72.0, 60.0, 60.0, 66.0], flow.width());
        table.grid(&mut flow, widths)?;
        flow.space(6.0);
        let note = Block::new(Style::sans(8.5).ink(Ink::GREY)).leading(1.6);
        flow.paragraph(&self.evidence, &note)?;
        let text = format!("{}　{}", self.volunteer_number, self.period());
        flow.finish(|page, number, count| {
            self.stamp.mark(page)?;
            foot(page, Frame::TABLE.written.x, &text, number, count)
        })
    }
}

impl Passbook {
    fn groups(&self) -> Vec<Group<'_>> {
        let points = Kind::Number { places: self.places };
        let mut holder = vec![vec![("姓名", self.name.clone()), ("志愿者编号", self.volunteer_number.clone())]];
        let more: Vec<_> = self.more.iter().map(|(label, value)| (label.as_str(), value.clone())).collect();
        holder.extend(more.chunks(2).map(<[_]>::to_vec));
        let account = vec![
            vec![("记录期间", self.period())],
            vec![
                ("累计时长", format!("{} 小时", self.total_hours.normalize())),
                ("积分结余", format!("{} 分", Cell::from(self.closing).text(points))),
            ],
        ];
        vec![Group { name: "持有人", rows: holder }, Group { name: "账户", rows: account }]
    }
}
