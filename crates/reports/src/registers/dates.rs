//! Calendar days as people and Excel write them.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::row::Fault;
use super::scan::{Scan, narrow};
use super::sheet::Cell;
use super::times;

/// Days that are believed. Excel has a 29 February 1900, so that its days are right only after it.
const FIRST_YEAR: i32 = 1901;
const LAST_YEAR: i32 = 2100;

/// The day in a cell: a date cell, its serial number, `20251003`, `2025-10-03`, `2025/10/3`, `2025.10.3`,
/// `2025年10月3日`; a day of the week or a time of day may follow.
pub fn date(cell: &Cell) -> Result<NaiveDate, Fault> {
    match cell {
        Cell::Days(days) => serial(*days).ok_or_else(unreadable),
        Cell::Number(number) if number.is_integer() && *number < Decimal::from(100_000) => {
            serial(*number).ok_or_else(unreadable)
        }
        _ => written(&narrow(&cell.written())),
    }
}

/// The day of a serial number of Excel's; its fraction is the time of day.
pub fn serial(days: Decimal) -> Option<NaiveDate> {
    let epoch = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    believed(epoch.checked_add_days(Days::new(days.floor().to_u64()?))?)
}

/// Takes a date from the front of a text. `Ok(None)`: there is none.
pub fn scan(scan: &mut Scan) -> Result<Option<NaiveDate>, Fault> {
    let mut ahead = *scan;
    let Some((year, month, day)) = parts(&mut ahead) else {
        return Ok(None);
    };
    *scan = ahead;
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => believed(date).map(Some).ok_or_else(|| unlikely(year)),
        None => Err(Fault::new(
            "invalid_date",
            format!("没有这一天：{year}年{month}月{day}日"),
            format!("there is no such day as {year}-{month:02}-{day:02}"),
        )),
    }
}

fn written(text: &str) -> Result<NaiveDate, Fault> {
    let mut rest = Scan::new(text);
    let date = scan(&mut rest)?.ok_or_else(unreadable)?;
    rest.skip("t");
    let follows = rest.rest.trim_matches(['(', ')']);
    let weekday = ["周", "星期", "礼拜"].iter().any(|word| follows.starts_with(word));
    if rest.is_done() || weekday || times::scan(&mut rest).is_some() && rest.is_done() {
        return Ok(date);
    }
    Err(unreadable())
}

fn parts(scan: &mut Scan) -> Option<(i32, u32, u32)> {
    let first = scan.digits()?;
    if first.len() == 8 {
        let (year, rest) = first.split_at(4);
        let (month, day) = rest.split_at(2);
        return Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?));
    }
    scan.word(&[("-", ()), ("/", ()), (".", ()), ("年", ())])?;
    let month = scan.digits()?;
    scan.word(&[("-", ()), ("/", ()), (".", ()), ("月", ())])?;
    let day = scan.digits()?;
    scan.word(&[("日", ()), ("号", ())]);
    // Two digits for the year, or the year last, could be read in more than one way.
    if first.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    Some((first.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}

fn believed(date: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike;
    (FIRST_YEAR..=LAST_YEAR).contains(&date.year()).then_some(date)
}

fn unlikely(year: i32) -> Fault {
    Fault::new(
        "invalid_date",
        format!("年份 {year} 不在 {FIRST_YEAR} 至 {LAST_YEAR} 之间"),
        format!("the year {year} is not between {FIRST_YEAR} and {LAST_YEAR}"),
    )
}

fn unreadable() -> Fault {
    Fault::new(
        "invalid_date",
        "看不懂的日期，请写成 2025-10-03 这样的形式，年份四位",
        "this is no date; write it like 2025-10-03, with four digits for the year",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        date(&Cell::text(text).unwrap()).ok().map(|date| date.to_string())
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        for text in [
            "2025-10-03",
            "2025/10/3",
            "2025.10.3",
            "2025年10月3日",
            "2025 年 10 月 3 日",
            "2025年10月3号",
            "20251003",
            "２０２５－１０－０３",
            "2025-10-03 08:30",
            "2025-10-03T08:30:00",
            "2025-10-03 00:00:00",
            "2025年10月3日（星期五）",
            "2025-10-3 周五",
        ] {
            assert_eq!(of(text).as_deref(), Some("2025-10-03"), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "2012-11-31",
            "2025-02-29",
            "2025-13-01",
            "2025-0-3",
            "25-10-3",
            "10/3/2025",
            "10月3日",
            "2025-10",
            "2025年10月",
            "昨天",
            "1899-01-01",
            "9999-01-01",
            "2025-10-03上海",
            "202510031",
            "2025-10-03、2025-10-04",
            "-2025-10-03",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_that_does_not_exist_is_named() {
        let fault = date(&Cell::text("2012-11-31").unwrap()).unwrap_err();
        assert_eq!(fault.zh, "没有这一天：2012年11月31日");
        assert_eq!(fault.en, "there is no such day as 2012-11-31");
    }

    #[test]
    fn excel_counts_days_from_1900() {
        for (number, expected) in [(45933.0, "2025-10-03"), (45933.354, "2025-10-03"), (44652.0, "2022-04-01")] {
            assert_eq!(date(&Cell::days(number)).unwrap().to_string(), expected);
        }
        assert_eq!(date(&Cell::number(45933.0)).unwrap().to_string(), "2025-10-03");
        assert_eq!(date(&Cell::number(20_251_003.0)).unwrap().to_string(), "2025-10-03");
        for number in [0.0, -1.0, 1.0, 60.0, 99_999.0, 1e15, 45933.5, 2025.1003] {
            assert!(date(&Cell::number(number)).is_err(), "{number}");
        }
        for number in [-1.0, 0.5, 1e12, 1e300] {
            assert!(date(&Cell::days(number)).is_err(), "{number}");
        }
    }
}
