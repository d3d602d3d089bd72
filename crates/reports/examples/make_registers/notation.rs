//! The ways in which people note down days, times, lengths and names. `style` chooses one.

use chrono::{Datelike, NaiveDate, NaiveTime};
use rust_decimal::Decimal;

pub fn written_date(date: NaiveDate, style: usize) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match style % 5 {
        0 => date.to_string(),
        1 => format!("{year}/{month}/{day}"),
        2 => format!("{year}.{month}.{day}"),
        3 => format!("{year}年{month}月{day}日"),
        _ => date.format("%Y%m%d").to_string(),
    }
}

pub fn written_time(minutes: u32, style: usize) -> String {
    let (hour, minute) = (minutes / 60, minutes % 60);
    match style % 6 {
        1 => format!("{hour}：{minute:02}"),
        2 if hour < 12 => format!("上午{hour}:{minute:02}"),
        3 if (13..18).contains(&hour) && minute == 30 => format!("下午{}点半", hour - 12),
        3 if (18..23).contains(&hour) && minute == 0 => format!("晚上{}点", hour - 12),
        4 => format!("{hour}时{minute:02}分"),
        5 => format!("{hour}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}"),
    }
}

pub fn written_length(minutes: u32, style: usize) -> String {
    let (whole, rest) = (minutes / 60, minutes % 60);
    match style % 6 {
        1 if rest == 0 => format!("{whole}小时"),
        1 if whole > 0 => format!("{whole}小时{rest}分"),
        2 => format!("{minutes}分钟"),
        3 => format!("{whole}:{rest:02}"),
        4 if minutes == 120 => "两小时".to_owned(),
        4 if minutes == 90 => "一个半小时".to_owned(),
        4 if minutes == 150 => "２.５小时".to_owned(),
        5 => format!("{}h", hours(minutes)),
        _ => hours(minutes).to_string(),
    }
}

/// Names of two characters are often spaced out to stand as wide as longer ones.
pub fn spaced(name: &str, at: usize) -> String {
    let mut characters = name.chars();
    match (characters.next(), characters.next(), characters.next()) {
        (Some(surname), Some(given), None) if at.is_multiple_of(3) => format!("{surname}　{given}"),
        _ => name.to_owned(),
    }
}

pub fn hours(minutes: u32) -> Decimal {
    (Decimal::from(minutes) / Decimal::from(60)).normalize()
}

pub fn clock(minutes: u32) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(minutes * 60, 0).expect("duties end before midnight")
}
