//! Times of day as people and Excel write them.

use std::ops::RangeInclusive;

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::dates;
use super::row::Fault;
use super::scan::{Scan, narrow};
use super::sheet::Cell;

const SECONDS_PER_DAY: u32 = 86_400;

/// The part of the day that a word means. An hour said with it is that hour, or twelve later, whichever
/// falls into the part: 下午2点 is 14:00 and 中午12点 is 12:00, while 上午12点 could be either and is refused.
const PARTS_OF_DAY: &[(&str, (u32, u32))] = &[
    ("凌晨", (0, 6)),
    ("清晨", (4, 11)),
    ("早上", (4, 11)),
    ("早晨", (4, 11)),
    ("上午", (0, 11)),
    ("中午", (11, 14)),
    ("下午", (12, 18)),
    ("傍晚", (16, 20)),
    ("晚上", (17, 23)),
    ("am", (0, 11)),
    ("pm", (12, 23)),
];

/// A time of day, and the day if the cell says one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub date: Option<NaiveDate>,
    pub time: NaiveTime,
}

/// The time in a cell: a time cell, a fraction of a day, `8:30`, `上午8:30`, `下午2点半`, `14时30分`, `2:30 PM`;
/// a date may stand before it.
pub fn moment(cell: &Cell) -> Result<Moment, Fault> {
    let read = match cell {
        Cell::Days(days) => serial(*days),
        Cell::Number(number) if *number < Decimal::ONE => serial(*number),
        _ => written(&narrow(&cell.written()))?,
    };
    read.ok_or_else(|| {
        Fault::new(
            "invalid_time",
            "看不懂的时间，请写成 8:30 或 下午2:30 这样的形式，在 0:00 至 23:59 之间",
            "this is no time of day; write it like 8:30 or 14:30, between 0:00 and 23:59",
        )
    })
}

/// Takes a time of day from the front of a text.
pub fn scan(scan: &mut Scan) -> Option<NaiveTime> {
    let before = scan.word(PARTS_OF_DAY);
    let hour = scan.whole()?;
    let (minute, second) = match scan.word(&[(":", true), ("时", false), ("点", false)])? {
        true => minute_and_second(scan)?,
        false => (spoken_minute(scan)?, 0),
    };
    let part = before.or_else(|| scan.word(PARTS_OF_DAY));
    NaiveTime::from_hms_opt(hour_of_day(hour, part.map(|(from, to)| from..=to))?, minute, second)
}

/// A day and time of Excel's as a person sees it.
pub fn shown(days: Decimal) -> String {
    match serial(days) {
        Some(Moment { date: Some(date), time }) if time == NaiveTime::MIN => date.to_string(),
        Some(Moment { date: Some(date), time }) => format!("{date} {time}"),
        Some(Moment { date: None, time }) => time.to_string(),
        None => days.normalize().to_string(),
    }
}

fn hour_of_day(said: u32, part: Option<RangeInclusive<u32>>) -> Option<u32> {
    match part {
        None => Some(said),
        Some(part) => [said, said.checked_add(12)?].into_iter().find(|hour| part.contains(hour)),
    }
}

fn minute_and_second(scan: &mut Scan) -> Option<(u32, u32)> {
    let two_digits = |scan: &mut Scan| scan.digits().filter(|digits| digits.len() == 2)?.parse().ok();
    let minute = two_digits(scan)?;
    let second = if scan.skip(":") { two_digits(scan)? } else { 0 };
    Some((minute, second))
}

/// What follows 点 or 时: nothing, 半, 一刻, 三刻, or minutes.
fn spoken_minute(scan: &mut Scan) -> Option<u32> {
    if let Some(minute) = scan.word(&[("半", 30), ("一刻", 15), ("三刻", 45), ("整", 0)]) {
        return Some(minute);
    }
    scan.skip("零");
    let Some(minute) = scan.whole() else {
        return Some(0);
    };
    scan.skip("分");
    Some(minute)
}

fn written(text: &str) -> Result<Option<Moment>, Fault> {
    let mut rest = Scan::new(text);
    let date = dates::scan(&mut rest)?;
    if date.is_some() {
        rest.skip("t");
    }
    let time = scan(&mut rest).filter(|_| rest.is_done());
    Ok(time.map(|time| Moment { date, time }))
}

/// The moment of a serial number of Excel's, to the second, since binary fractions miss it by a little.
fn serial(days: Decimal) -> Option<Moment> {
    let seconds = days.checked_mul(SECONDS_PER_DAY.into())?.round().to_u64()?;
    let whole_days = seconds / u64::from(SECONDS_PER_DAY);
    let of_day = u32::try_from(seconds % u64::from(SECONDS_PER_DAY)).ok()?;
    let date = if whole_days == 0 { None } else { Some(dates::serial(whole_days.into())?) };
    Some(Moment { date, time: NaiveTime::from_num_seconds_from_midnight_opt(of_day, 0)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        moment(&Cell::text(text).unwrap()).ok().map(|moment| moment.time.to_string())
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, expected) in [
            ("8:30", "08:30:00"),
            ("08:30", "08:30:00"),
            ("8：30", "08:30:00"),
            ("０８：３０", "08:30:00"),
            ("08:30:15", "08:30:15"),
            ("8 : 30", "08:30:00"),
            ("上午8:30", "08:30:00"),
            ("上午 8点", "08:00:00"),
            ("下午2点半", "14:30:00"),
            ("下午两点半", "14:30:00"),
            ("下午14:30", "14:30:00"),
            ("晚上7点一刻", "19:15:00"),
            ("中午12点", "12:00:00"),
            ("中午1点", "13:00:00"),
            ("凌晨5点", "05:00:00"),
            ("14时30分", "14:30:00"),
            ("14时", "14:00:00"),
            ("八点零五分", "08:05:00"),
            ("十八点三十", "18:30:00"),
            ("2:30 PM", "14:30:00"),
            ("12:30 PM", "12:30:00"),
            ("8:30AM", "08:30:00"),
            ("0:00", "00:00:00"),
            ("2025-10-03 08:30", "08:30:00"),
            ("2025-10-03T08:30:00", "08:30:00"),
        ] {
            assert_eq!(of(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "24:00",
            "25:00",
            "8:60",
            "8:3",
            "8",
            "830",
            "8.30",
            "上午",
            "上午14:30",
            "上午12点",
            "12:30 AM",
            "下午25点",
            "8:30-10:30",
            "8点左右",
            "半",
            "点半",
            "4294967295点",
            "99999999999:00",
            "下午4294967290点",
            "2025-02-30 8:30",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn excel_keeps_times_as_parts_of_a_day() {
        let at = |days: f64| moment(&Cell::days(days)).ok();
        let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        assert_eq!(at(0.3541666666666667), Some(Moment { date: None, time: time(8, 30) }));
        assert_eq!(at(0.0), Some(Moment { date: None, time: time(0, 0) }));
        let date = NaiveDate::from_ymd_opt(2025, 10, 3);
        assert_eq!(at(45933.354166666664), Some(Moment { date, time: time(8, 30) }));
        assert_eq!(moment(&Cell::number(0.75)).unwrap().time, time(18, 0));
        for number in [-0.5, 8.0, 8.3, 830.0, 1e20] {
            assert!(moment(&Cell::number(number)).is_err(), "{number}");
        }
    }
}
