//! Rows of a register of service.

use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;

use super::dates::date;
use super::durations::{self, Unit};
use super::header::{Field, Form};
use super::row::{Fault, RowReader};
use super::texts;
use super::times::{Moment, moment};

pub const FORM: Form = Form {
    names: &[
        (Field::Name, &["姓名", "志愿者姓名", "志愿者", "服务人员", "参加人", "name"]),
        (Field::Number, &["志愿者编号", "志愿者号", "志愿者证号", "志愿编号", "注册编号", "编号", "number"]),
        (Field::Title, &["活动名称", "服务名称", "项目名称", "服务项目", "活动", "项目", "activity"]),
        (Field::Content, &["服务内容", "活动内容", "工作内容", "内容"]),
        (Field::Date, &["服务日期", "活动日期", "日期", "date"]),
        (Field::Start, &["开始时间", "服务开始时间", "签到时间", "起始时间", "签到", "start"]),
        (Field::End, &["结束时间", "服务结束时间", "签退时间", "终止时间", "签退", "end"]),
        (
            Field::Duration,
            &["服务时长", "志愿时长", "服务小时", "服务小时数", "时长", "小时数", "小时", "服务分钟", "分钟", "hours"],
        ),
        (Field::Category, &["服务类别", "服务类型", "活动类别", "活动类型", "类别", "类型", "category"]),
        (Field::Place, &["服务地点", "活动地点", "地点", "place"]),
        (Field::Unit, &["组织单位", "服务单位", "主办单位", "组织者", "所属组织", "单位"]),
        (Field::PersonInCharge, &["负责人", "活动负责人", "现场负责人", "带队人", "联系人"]),
        (Field::Remark, &["备注", "说明", "remark"]),
    ],
    required: &[
        ("姓名 或 志愿者编号", &[&[Field::Name], &[Field::Number]]),
        ("活动名称", &[&[Field::Title], &[Field::Content]]),
        ("服务日期", &[&[Field::Date]]),
        ("服务时长 或 开始时间和结束时间", &[&[Field::Duration], &[Field::Start, Field::End]]),
        ("服务类别", &[&[Field::Category]]),
    ],
    key: Field::Date,
};

/// One service of one volunteer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceRow {
    /// The volunteer's name. At least one of `name` and `number` is there.
    pub name: Option<String>,
    /// The volunteer's number in the scheme, in half width and capitals.
    pub number: Option<String>,
    /// The activity; where the register names none, its content.
    pub title: String,
    pub content: Option<String>,
    /// The local calendar day.
    pub occurred_on: NaiveDate,
    /// Local time of day.
    pub started_at: Option<NaiveTime>,
    /// Local time of day, later on the same day than `started_at`.
    pub ended_at: Option<NaiveTime>,
    /// The time served, from 1 to 1440. If both times are there, it is what lies between them.
    pub minutes: i64,
    /// The category as written: a code or a name, for the scheme to know.
    pub category: String,
    pub place: Option<String>,
    /// The organising unit.
    pub unit: Option<String>,
    pub person_in_charge: Option<String>,
    pub remark: Option<String>,
}

pub fn read_row(row: &mut RowReader) -> Option<ServiceRow> {
    if !row.has(Field::Name) && !row.has(Field::Number) {
        let field = if row.column(Field::Name).is_some() { Field::Name } else { Field::Number };
        row.refuse_empty(field);
    }
    let name = row.optional(Field::Name, texts::name);
    let number = row.optional(Field::Number, texts::number);
    let content = row.optional(Field::Content, texts::remark);
    let names_title = row.has(Field::Title) || !row.has(Field::Content) && row.column(Field::Title).is_some();
    let title = row.required(if names_title { Field::Title } else { Field::Content }, texts::text);
    let occurred_on = row.required(Field::Date, date);
    let started_at = time(row, Field::Start, occurred_on);
    let ended_at = time(row, Field::End, occurred_on);
    let minutes = minutes(row, started_at, ended_at);
    let category = row.required(Field::Category, texts::text);
    let place = row.optional(Field::Place, texts::text);
    let unit = row.optional(Field::Unit, texts::text);
    let person_in_charge = row.optional(Field::PersonInCharge, texts::name);
    let remark = row.optional(Field::Remark, texts::remark);
    Some(ServiceRow {
        name,
        number,
        title: title?,
        content,
        occurred_on: occurred_on?,
        started_at,
        ended_at,
        minutes: minutes?,
        category: category?,
        place,
        unit,
        person_in_charge,
        remark,
    })
}

/// The time of day in a column. If the cell says a day too, it must be the day of the service.
pub fn time(row: &mut RowReader, field: Field, occurred_on: Option<NaiveDate>) -> Option<NaiveTime> {
    let Moment { date, time } = row.optional(field, moment)?;
    if let (Some(date), Some(occurred_on)) = (date, occurred_on)
        && date != occurred_on
    {
        let fault = Fault::new(
            "invalid_time",
            format!("时间写的是 {date}，服务日期是 {occurred_on}"),
            format!("the time is on {date}, and the service was on {occurred_on}"),
        );
        row.refuse(field, fault);
        return None;
    }
    Some(time)
}

/// The minutes served, from the times, the stated length, or both, which must then agree.
fn minutes(row: &mut RowReader, started_at: Option<NaiveTime>, ended_at: Option<NaiveTime>) -> Option<i64> {
    let stated = stated_minutes(row);
    let timed = match (started_at, ended_at) {
        (Some(started_at), Some(ended_at)) => Some(minutes_between(row, started_at, ended_at)?),
        _ => None,
    };
    match (timed, stated) {
        (Some(timed), Some(stated)) if timed != stated => {
            let fault = Fault::new(
                "duration_mismatch",
                format!("起止时间相差 {timed} 分钟，登记的时长是 {stated} 分钟"),
                format!("the times are {timed} minutes apart, and the register says {stated} minutes"),
            );
            row.refuse(Field::Duration, fault);
            None
        }
        (None, None) => {
            refuse_missing_minutes(row);
            None
        }
        (timed, stated) => timed.or(stated),
    }
}

fn stated_minutes(row: &mut RowReader) -> Option<i64> {
    let column = row.column(Field::Duration)?;
    if row.has(Field::Duration) && row.is_merged(Field::Duration) {
        // Whether each of the rows took that long or all of them together, nobody can tell.
        let fault = Fault::new(
            "merged_duration",
            "时长写在跨行合并的单元格中，分不清是每人的还是合计的，请逐行填写",
            "one length stands in a cell merged over several rows; write it in each row",
        );
        row.refuse(Field::Duration, fault);
        return None;
    }
    let unit = if column.counts_minutes() { Unit::Minutes } else { Unit::Hours };
    row.optional(Field::Duration, |cell| durations::minutes(cell, unit))
}

fn minutes_between(row: &mut RowReader, started_at: NaiveTime, ended_at: NaiveTime) -> Option<i64> {
    let seconds = (ended_at - started_at).num_seconds();
    if seconds <= 0 {
        let fault = Fault::new(
            "end_before_start",
            format!("结束时间 {ended_at} 不晚于开始时间 {started_at}；跨过零点的服务请分两行填写"),
            format!("the end {ended_at} is not after the start {started_at}; write service past midnight as two rows"),
        );
        row.refuse(Field::End, fault);
        return None;
    }
    if seconds % 60 != 0 {
        let fault = Fault::new(
            "invalid_duration",
            format!("起止时间相差 {seconds} 秒，不是整分钟"),
            format!("the times are {seconds} seconds apart, which are not whole minutes"),
        );
        row.refuse(Field::End, fault);
        return None;
    }
    Some(seconds / 60)
}

/// Says what is missing, unless what is there was already refused.
fn refuse_missing_minutes(row: &mut RowReader) {
    let has = |field| row.has(field);
    if has(Field::Duration) || has(Field::Start) && has(Field::End) {
        return;
    }
    let missing = [Field::Duration, Field::Start, Field::End]
        .into_iter()
        .find(|field| row.column(*field).is_some() && !row.has(*field));
    row.refuse_empty(missing.unwrap_or(Field::Duration));
}
