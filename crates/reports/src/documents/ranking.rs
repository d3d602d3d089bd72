//! 优秀志愿者 ranking, and that of 优秀网格 and 优秀志愿服务队: the list that is published, objected to, signed and filed.

mod groups;

pub use groups::{GroupRow, Groups};

use rust_decimal::Decimal;

use crate::fonts::Fonts;
use crate::layout::{Align, Block, DocumentError, Flow, Frame, Ink, Rectangle, Sheet, Style, mm};

use super::office::{foot, heading, signatures};
use super::table::{Cell, Column, Kind, Table};
use super::{Document, Signatures};

/// A ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    pub title: String,
    /// Below the title: the organisation, the period.
    pub subtitles: Vec<String>,
    /// 征求意见稿, 公示稿: a draft says so across the page. Empty: final.
    pub state: String,
    /// Which version of the rules ordered it, and the rule in a sentence.
    pub rule: String,
    pub rows: Ranked,
    /// The number of decimal places of points.
    pub places: u32,
    /// The last entry of the ledger that counted, and the root hash of the ledger then: with them anybody
    /// can compute the list again.
    pub ledger_sequence: u64,
    pub root_hash: String,
    /// Sentences below the list: until when objections are heard, and by whom.
    pub notes: Vec<String>,
    pub signatures: Signatures,
}

/// Who is ranked.
#[derive(Clone, Debug, PartialEq)]
pub enum Ranked {
    Volunteers(Vec<RankingRow>),
    Groups(Groups),
}

/// One place. Names are as they are to be shown, masked where they must be.
#[derive(Clone, Debug, PartialEq)]
pub struct RankingRow {
    /// Equal ranks are equal: 1, 2, 2, 4.
    pub rank: u32,
    pub name: String,
    pub volunteer_number: String,
    pub team: String,
    pub grid: String,
    pub hours: Decimal,
    pub sessions: u64,
    pub points: Decimal,
    pub rating: Option<Decimal>,
    pub note: String,
}

impl Ranking {
    /// The list as a table, for all other formats.
    pub fn table(&self) -> Table {
        let (columns, rows, total) = match &self.rows {
            Ranked::Volunteers(rows) => (self.columns(), rows.iter().map(RankingRow::cells).collect(), total(rows)),
            Ranked::Groups(groups) => (groups.columns(self.places), groups.cells(), groups.total()),
        };
        Table {
            title: self.title.clone(),
            subtitles: self.subtitles.clone(),
            columns,
            rows,
            total: Some(total),
            notes: self.all_notes(),
            ..Table::default()
        }
    }

    fn columns(&self) -> Vec<Column> {
        let number = |places| Kind::Number { places };
        let columns = [
            ("名次", number(0)),
            ("姓名", Kind::Text),
            ("志愿者编号", Kind::Text),
            ("队伍", Kind::Text),
            ("网格", Kind::Text),
            ("时长（小时）", number(1)),
            ("次数", number(0)),
            ("获得积分", number(self.places)),
            ("评价", number(1)),
            ("备注", Kind::Text),
        ];
        columns.map(|(title, kind)| Column::new(title, kind)).into()
    }

    fn all_notes(&self) -> Vec<String> {
        let rule = (!self.rule.is_empty()).then(|| self.rule.clone());
        rule.into_iter().chain(self.notes.iter().cloned()).chain([self.evidence()]).collect()
    }

    fn evidence(&self) -> String {
        format!(
            "数据截至账本第 {} 笔，根哈希 {}。任何人都可以据此重新计算并核对本表。",
            self.ledger_sequence, self.root_hash
        )
    }
}

fn total(rows: &[RankingRow]) -> Vec<Cell> {
    let sum = |amount: fn(&RankingRow) -> Decimal| rows.iter().map(amount).sum::<Decimal>();
    let mut cells = vec![Cell::Blank; 10];
    cells[1] = format!("合计 {} 人", rows.len()).into();
    cells[5] = sum(|row| row.hours).into();
    cells[6] = sum(|row| row.sessions.into()).into();
    cells[7] = sum(|row| row.points).into();
    cells
}

impl RankingRow {
    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Integer(self.rank.into()),
            self.name.as_str().into(),
            self.volunteer_number.as_str().into(),
            self.team.as_str().into(),
            self.grid.as_str().into(),
            self.hours.into(),
            Decimal::from(self.sessions).into(),
            self.points.into(),
            self.rating.into(),
            self.note.as_str().into(),
        ]
    }
}

impl Document for Ranking {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        let table = self.table();
        let frame = Frame::WIDE_TABLE;
        let mut flow = Flow::new(fonts, frame);
        heading(&mut flow, &self.title, 24.0, Ink::RED)?;
        let small = Block::new(Style::sans(10.0).ink(Ink::GREY)).leading(1.6);
        for subtitle in &self.subtitles {
            flow.paragraph(subtitle, &small.align(Align::Centre))?;
        }
        flow.space(8.0);
        let widths = table.paper_widths(flow.width());
        table.grid(&mut flow, widths)?;
        flow.space(8.0);
        for note in std::iter::once(&self.rule).chain(&self.notes).filter(|note| !note.is_empty()) {
            flow.paragraph(note, &small)?;
        }
        self.evidence_box(&mut flow)?;
        flow.space(6.0);
        signatures(&mut flow, &self.signatures, None)?;
        flow.finish(|page, number, count| {
            if !self.state.is_empty() {
                page.watermark(&self.state, Ink::GREY)?;
            }
            foot(page, frame.written.x, &self.title, number, count)
        })
    }
}

impl Ranking {
    fn evidence_box(&self, flow: &mut Flow<'_>) -> Result<(), DocumentError> {
        let block = Block::new(Style::sans(8.5)).leading(1.6);
        let padding = mm(2.0);
        flow.need(block.line_height() * 2.0 + 2.0 * padding);
        flow.space(4.0);
        let (left, top, width) = (flow.left(), flow.y, flow.width());
        let inside = width - 2.0 * padding;
        let height = flow.page.paragraph(left + padding, top + padding, inside, &self.evidence(), &block)?;
        flow.page.frame(Rectangle::new(left, top, width, height + 2.0 * padding), 0.5, Ink::RULE);
        flow.y += height + 2.0 * padding;
        Ok(())
    }
}
