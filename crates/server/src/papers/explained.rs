//! A selection with what is behind each of its rows: for those who answer for it.

use super::selections::list;
use super::{Format, fonts, points, statistics};
use chrono::{DateTime, FixedOffset};
use reports::documents::ranking::Ranking;
use reports::documents::report::Report;
use reports::documents::table::{Cell, Column, Kind, Table};
use reports::documents::{Document, pdf};
use reports::fonts::Fonts;
use reports::layout::{DocumentError, Sheet};
use scheme::OpenScheme;
use scheme::config::Scheme;
use scheme::names::masked;
use scheme::selections::{self, Behind, Competitors, Row, Selection, SelectionError};
use uuid::Uuid;

/// People whose entries are read at a time.
const PAGE: usize = 1000;
/// Records of a unit or a team that are read at a time.
const RECORDS: i64 = 5000;
/// Entries in a file, so that nobody's wish takes all the memory.
const MOST: usize = 200_000;
/// The same on paper: some 800 pages.
const MOST_ON_PAPER: usize = 20_000;

/// The list, and every entry behind it.
#[derive(Debug)]
pub struct Explained {
    list: Ranking,
    behind: Table,
}

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub enum ExplainedError {
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error("there are more than {most} entries")]
    TooMany { most: usize },
}

/// A selection as on the list that everybody may see, and the entries of those who are on it.
///
/// # Errors
/// More entries than a file of this form holds; the database.
pub async fn explained(scheme: &OpenScheme, one: &Selection, format: Format) -> Result<Explained, ExplainedError> {
    let most = if format == Format::Pdf { MOST_ON_PAPER } else { MOST };
    let config = scheme.config();
    let selected = selections::selected(scheme, one.id).await.map_err(SelectionError::from)?;
    let rows = match one.rules.of.are_groups() {
        true => of_groups(scheme, one, &selected, most).await?,
        false => of_volunteers(scheme, one, &selected, most).await?,
    };
    let list = list(scheme, one, selected).await?;
    Ok(Explained { behind: table(&config, one, &list, rows), list })
}

async fn of_volunteers(
    scheme: &OpenScheme,
    one: &Selection,
    selected: &[Row],
    most: usize,
) -> Result<Vec<Vec<Cell>>, ExplainedError> {
    let config = scheme.config();
    let mut rows = Vec::new();
    for some in selected.chunks(PAGE) {
        let ids: Vec<Uuid> = some.iter().map(|row| row.candidate.id).collect();
        let mut found = selections::behind(scheme, one, &ids).await?;
        for row in some {
            let behind = found.remove(&row.candidate.id).unwrap_or_default();
            let who = [row.candidate.number.as_str().into(), row.candidate.name.as_str().into()];
            rows.extend(behind.into_iter().map(|behind| cells(&config, row, &who, behind)));
        }
        if rows.len() > most {
            return Err(ExplainedError::TooMany { most });
        }
    }
    Ok(rows)
}

/// The same of units and teams, with whose each record is.
async fn of_groups(
    scheme: &OpenScheme,
    one: &Selection,
    selected: &[Row],
    most: usize,
) -> Result<Vec<Vec<Cell>>, ExplainedError> {
    let config = scheme.config();
    let mut rows = Vec::new();
    for row in selected {
        let mut after = None;
        loop {
            let page = selections::entries_of(scheme, one, row, after, RECORDS).await?;
            for behind in page.entries {
                let (number, name) = page.people.get(&behind.volunteer_id).cloned().unwrap_or_default();
                let who = [row.candidate.name.as_str().into(), number.into(), masked(&name).into()];
                rows.push(cells(&config, row, &who, behind));
            }
            if rows.len() > most {
                return Err(ExplainedError::TooMany { most });
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(rows)
}

fn cells(config: &Scheme, row: &Row, who: &[Cell], behind: Behind) -> Vec<Cell> {
    let category = config.category(&behind.category).map_or(behind.category.clone(), |known| known.name.clone());
    let note = match (behind.counts, behind.reversed_since, behind.evidence == selections::WISH) {
        (_, true, _) => "统计之后已撤销",
        (false, ..) => "证据类别不计入",
        (.., true) => "心愿积分",
        _ => "",
    };
    let rank = row.rank.map_or(Cell::Blank, Cell::Integer);
    let what = [
        Cell::Integer(behind.sequence),
        Cell::Date(behind.occurred_on),
        category.into(),
        behind.title.into(),
        Cell::Integer(behind.minutes),
        points(behind.points, config.points_scale).into(),
        note.into(),
    ];
    std::iter::once(rank).chain(who.iter().cloned()).chain(what).collect()
}

fn table(config: &Scheme, one: &Selection, list: &Ranking, rows: Vec<Vec<Cell>>) -> Table {
    let number = |places| Kind::Number { places };
    let group = match one.rules.of {
        Competitors::Volunteers => None,
        Competitors::Units => Some(("单位", Kind::Text)),
        Competitors::Teams => Some(("队伍", Kind::Text)),
    };
    let columns = [
        ("志愿者编号", Kind::Text),
        ("姓名", Kind::Text),
        ("分录号", number(0)),
        ("服务日期", Kind::Date),
        ("类别", Kind::Text),
        ("活动", Kind::Text),
        ("分钟", number(0)),
        ("积分", number(u32::from(config.points_scale))),
        ("说明", Kind::Text),
    ];
    let columns = std::iter::once(("名次", number(0))).chain(group).chain(columns);
    let state = (!list.state.is_empty()).then(|| list.state.clone());
    let about = format!("服务期间 {} 至 {}，截至账本第 {} 笔", one.from, one.until, one.sequence);
    Table {
        title: "依据明细".to_owned(),
        subtitles: [one.title.clone(), about].into_iter().chain(state).collect(),
        columns: columns.map(|(title, kind)| Column::new(title, kind)).collect(),
        rows,
        notes: vec![
            "仅供工作人员核对，不公开。注明“证据类别不计入”的不在名单数字之内；“统计之后已撤销”的仍在其内，名单以统计时为准。"
                .to_owned(),
        ],
        ..Table::default()
    }
}

impl Explained {
    /// How many entries are behind the list.
    pub fn entries(&self) -> usize {
        self.behind.rows.len()
    }

    /// As a file. On paper the list has its own form; elsewhere both are tables.
    ///
    /// # Errors
    /// What cannot be printed, and what no workbook holds.
    pub fn file(self, format: Format, made: DateTime<FixedOffset>) -> anyhow::Result<Vec<u8>> {
        if format == Format::Pdf {
            return Ok(pdf(&self, fonts()?, made)?);
        }
        let title = self.list.title.clone();
        statistics::file(&Report { title, tables: vec![self.list.table(), self.behind] }, format, made)
    }
}

impl Document for Explained {
    fn title(&self) -> String {
        self.list.title.clone()
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        let mut sheets = self.list.sheets(fonts)?;
        sheets.extend(self.behind.sheets(fonts)?);
        Ok(sheets)
    }
}
