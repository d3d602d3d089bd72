//! Units or teams on a ranking.

use crate::documents::table::{Cell, Column, Kind};
use rust_decimal::Decimal;

/// The units or teams of a ranking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    /// 网格, 队伍: what the rows are.
    pub title: String,
    /// 个网格, 支队伍: what they are counted in.
    pub counted: String,
    /// 人均时长（小时）: what is divided by the members; empty where nothing is.
    pub per_member: String,
    pub rows: Vec<GroupRow>,
}

/// One place.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRow {
    /// Equal ranks are equal: 1, 2, 2, 4.
    pub rank: u32,
    pub name: String,
    pub code: String,
    /// The name of the unit above it, or to which a team belongs.
    pub above: String,
    pub members: u64,
    pub participants: u64,
    /// Percent; `None`: it has no members.
    pub participation: Option<Decimal>,
    pub hours: Decimal,
    pub sessions: u64,
    pub points: Decimal,
    pub per_member: Option<Decimal>,
    pub rating: Option<Decimal>,
    pub note: String,
}

impl Groups {
    fn has_shares(&self) -> bool {
        !self.per_member.is_empty()
    }

    pub(super) fn columns(&self, places: u32) -> Vec<Column> {
        let number = |places| Kind::Number { places };
        let share = (self.per_member.as_str(), number(2));
        let before = [
            ("名次", number(0)),
            (&self.title, Kind::Text),
            ("代码", Kind::Text),
            ("上级单位", Kind::Text),
            ("成员", number(0)),
            ("参与人数", number(0)),
            ("参与率（%）", number(2)),
            ("时长（小时）", number(1)),
            ("次数", number(0)),
            ("获得积分", number(places)),
        ];
        let after = [("评价", number(1)), ("备注", Kind::Text)];
        let all = before.into_iter().chain(self.has_shares().then_some(share)).chain(after);
        all.map(|(title, kind)| Column::new(title, kind)).collect()
    }

    pub(super) fn cells(&self) -> Vec<Vec<Cell>> {
        let row = |row: &GroupRow| {
            let before = [
                Cell::Integer(row.rank.into()),
                row.name.as_str().into(),
                row.code.as_str().into(),
                row.above.as_str().into(),
                Decimal::from(row.members).into(),
                Decimal::from(row.participants).into(),
                row.participation.into(),
                row.hours.into(),
                Decimal::from(row.sessions).into(),
                row.points.into(),
            ];
            let after = [row.rating.into(), row.note.as_str().into()];
            before.into_iter().chain(self.has_shares().then(|| row.per_member.into())).chain(after).collect()
        };
        self.rows.iter().map(row).collect()
    }

    /// How many they are. Figures are not added up: what is below a unit counts for both when both are on the list.
    pub(super) fn total(&self) -> Vec<Cell> {
        let mut cells = vec![Cell::Blank; if self.has_shares() { 13 } else { 12 }];
        cells[1] = format!("合计 {} {}", self.rows.len(), self.counted).into();
        cells
    }
}
