//! Rows of a register of activities: a plan for the month or the year.

use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;

use super::dates::date;
use super::header::{Field, Form};
use super::row::{Fault, RowReader};
use super::services::time;
use super::sheet::Cell;
use super::texts;

const MOST_PEOPLE: i64 = 100_000;

pub const FORM: Form = Form {
    names: &[
        (Field::Title, &["活动名称", "项目名称", "活动", "项目", "activity"]),
        (Field::Content, &["活动内容", "服务内容", "工作内容", "内容"]),
        (Field::Date, &["活动日期", "服务日期", "日期", "date"]),
        (Field::Start, &["开始时间", "活动开始时间", "起始时间", "start"]),
        (Field::End, &["结束时间", "活动结束时间", "终止时间", "end"]),
        (Field::Category, &["活动类别", "服务类别", "活动类型", "服务类型", "类别", "类型", "category"]),
        (Field::Place, &["活动地点", "服务地点", "地点", "place"]),
        (Field::Unit, &["组织单位", "主办单位", "组织者", "单位"]),
        (Field::Grid, &["所属网格", "网格", "服务网格"]),
        (Field::Teams, &["队伍", "所属队伍", "志愿队伍", "团队", "服务队"]),
        (Field::PersonInCharge, &["负责人", "活动负责人", "现场负责人", "带队人", "联系人"]),
        (Field::Capacity, &["名额", "招募人数", "人数", "capacity"]),
        (Field::Remark, &["备注", "说明", "remark"]),
    ],
    required: &[
        ("活动名称", &[&[Field::Title]]),
        ("活动日期", &[&[Field::Date]]),
        ("开始时间", &[&[Field::Start]]),
        ("结束时间", &[&[Field::End]]),
        ("活动类别", &[&[Field::Category]]),
    ],
    key: Field::Date,
};

/// One planned activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActivityRow {
    pub title: String,
    pub content: Option<String>,
    /// The local calendar day on which it begins.
    pub held_on: NaiveDate,
    /// Local time of day.
    pub starts_at: NaiveTime,
    /// Local time of day; not later than `starts_at`: on the next day.
    pub ends_at: NaiveTime,
    /// The category as written: a code or a name, for the scheme to know.
    pub category: String,
    pub place: Option<String>,
    pub organiser: Option<String>,
    /// The grid that it counts for, as written.
    pub unit: Option<String>,
    /// The code of the team that holds it.
    pub team: Option<String>,
    pub person_in_charge: Option<String>,
    pub capacity: Option<i64>,
    pub remark: Option<String>,
}

pub fn read_row(row: &mut RowReader) -> Option<ActivityRow> {
    let title = row.required(Field::Title, texts::text);
    let content = row.optional(Field::Content, texts::remark);
    let held_on = row.required(Field::Date, date);
    let times = [Field::Start, Field::End].map(|field| {
        if !row.has(field) {
            row.refuse_empty(field);
        }
        time(row, field, held_on)
    });
    let [starts_at, ends_at] = times;
    let category = row.required(Field::Category, texts::text);
    let place = row.optional(Field::Place, texts::text);
    let organiser = row.optional(Field::Unit, texts::text);
    let unit = row.optional(Field::Grid, texts::text);
    let team = row.optional(Field::Teams, texts::text);
    let person_in_charge = row.optional(Field::PersonInCharge, texts::name);
    let capacity = row.optional(Field::Capacity, people);
    let remark = row.optional(Field::Remark, texts::remark);
    Some(ActivityRow {
        title: title?,
        content,
        held_on: held_on?,
        starts_at: starts_at?,
        ends_at: ends_at?,
        category: category?,
        place,
        organiser,
        unit,
        team,
        person_in_charge,
        capacity,
        remark,
    })
}

/// A number of people, with or without 人 after it.
fn people(cell: &Cell) -> Result<i64, Fault> {
    let written = texts::number(cell)?;
    let number = written.trim_end_matches(['人', '名']).trim();
    let people = number.parse().ok().filter(|people| (1..=MOST_PEOPLE).contains(people));
    people.ok_or_else(|| {
        let (zh, en) = (format!("人数应为 1 至 {MOST_PEOPLE}"), format!("a number of people is 1 to {MOST_PEOPLE}"));
        Fault::new("invalid_number", zh, en)
    })
}
