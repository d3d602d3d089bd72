//! Lengths of time as people and Excel write them, in whole minutes.

use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::row::Fault;
use super::scan::{Scan, narrow};
use super::sheet::Cell;

const MINUTES_PER_DAY: i64 = 24 * 60;

/// Excel computes in binary, so that 140/60 hours arrives as 2.3333333333333335. A computed length this close
/// to a whole minute, in minutes, is that minute. A typed 2.33 is far from it and is refused.
const BINARY_NOISE: Decimal = Decimal::from_parts(1, 0, 0, false, 6);

/// Units, in minutes, longer names first.
const UNITS: &[(&str, u32)] = &[
    ("小时", 60),
    ("钟头", 60),
    ("时", 60),
    ("hours", 60),
    ("hour", 60),
    ("hrs", 60),
    ("hr", 60),
    ("h", 60),
    ("刻钟", 15),
    ("分钟", 1),
    ("分", 1),
    ("minutes", 1),
    ("minute", 1),
    ("mins", 1),
    ("min", 1),
    ("m", 1),
];

/// What a number without a unit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Hours,
    Minutes,
}

/// The length in a cell, in minutes: a number of `unit`s, a time cell, `2:30`, `2.5小时`, `2小时30分`, `150分钟`,
/// `2h`, `两个半小时`, `半小时`.
pub fn minutes(cell: &Cell, unit: Unit) -> Result<i64, Fault> {
    match cell {
        Cell::Days(days) => whole(days.checked_mul(MINUTES_PER_DAY.into()), BINARY_NOISE),
        Cell::Number(number) => whole(counted(*number, unit), BINARY_NOISE),
        _ => {
            let text = narrow(&cell.written());
            match Decimal::from_str(&text) {
                Ok(number) => whole(counted(number, unit), Decimal::ZERO),
                Err(_) => whole(Some(clock(&text).or_else(|| spoken(&text)).ok_or_else(unreadable)?), Decimal::ZERO),
            }
        }
    }
}

fn counted(number: Decimal, unit: Unit) -> Option<Decimal> {
    match unit {
        Unit::Hours => number.checked_mul(60.into()),
        Unit::Minutes => Some(number),
    }
}

/// `2:30` or `2:30:00`.
fn clock(text: &str) -> Option<Decimal> {
    let mut parts = text.split(':');
    let hours = Decimal::from(parts.next()?.trim().parse::<u32>().ok()?);
    let mut sixtieth = || match parts.next() {
        Some(digits) if digits.len() == 2 => digits.parse::<u32>().ok().filter(|count| *count < 60),
        _ => None,
    };
    let minutes = sixtieth()?;
    if text.matches(':').count() > 2 || text.matches(':').count() == 2 && sixtieth()? != 0 {
        return None;
    }
    Some(hours * Decimal::from(60) + Decimal::from(minutes))
}

/// `2小时30分`, `2.5h`, `两个半小时`, `一小时半`, `半个小时`: amounts with units, the larger unit first.
fn spoken(text: &str) -> Option<Decimal> {
    let half = Decimal::new(5, 1);
    let mut scan = Scan::new(text);
    let mut total = Decimal::ZERO;
    let mut last_unit = u32::MAX;
    while !scan.is_done() {
        if last_unit == 60 && scan.rest == "半" {
            return total.checked_add(30.into());
        }
        let mut amount = if scan.skip("半") { half } else { scan.number()? };
        scan.skip("个");
        if amount != half && scan.skip("半") {
            amount = amount.checked_add(half)?;
        }
        let unit = scan.word(UNITS).filter(|unit| *unit < last_unit)?;
        total = total.checked_add(amount.checked_mul(unit.into())?)?;
        last_unit = unit;
    }
    Some(total)
}

/// Whole minutes, more than none and not more than a day. `None` stands for more than can be counted.
fn whole(minutes: Option<Decimal>, noise: Decimal) -> Result<i64, Fault> {
    let minutes = minutes.filter(|minutes| minutes.abs() < Decimal::from(1_000_000)).ok_or_else(too_long)?;
    if minutes <= Decimal::ZERO {
        return Err(Fault::new("invalid_duration", "时长必须大于零", "the length must be more than zero"));
    }
    let rounded = minutes.round();
    if (minutes - rounded).abs() > noise {
        let shown = minutes.round_dp(4).normalize();
        return Err(Fault::new(
            "invalid_duration",
            format!("时长折合 {shown} 分钟，不是整分钟"),
            format!("the length is {shown} minutes, which are not whole minutes"),
        ));
    }
    match rounded.to_i64() {
        Some(0) => Err(Fault::new("invalid_duration", "时长必须大于零", "the length must be more than zero")),
        Some(minutes) if minutes <= MINUTES_PER_DAY => Ok(minutes),
        _ => Err(too_long()),
    }
}

fn too_long() -> Fault {
    Fault::new(
        "invalid_duration",
        "时长超过 24 小时；如果单位是分钟，请写成 150分钟 这样的形式",
        "the length is more than 24 hours; if these are minutes, write it like 150分钟",
    )
}

fn unreadable() -> Fault {
    Fault::new(
        "invalid_duration",
        "看不懂的时长，请写成 2.5、2小时30分 或 150分钟 这样的形式",
        "this is no length of time; write it like 2.5, 2小时30分 or 150分钟",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<i64> {
        minutes(&Cell::text(text).unwrap(), Unit::Hours).ok()
    }

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, expected) in [
            ("2.5", 150),
            ("2", 120),
            ("２．５", 150),
            ("2.5小时", 150),
            ("2 小时 30 分", 150),
            ("2小时30分", 150),
            ("2小时30分钟", 150),
            ("2个小时", 120),
            ("150分钟", 150),
            ("90分", 90),
            ("2h", 120),
            ("2.5H", 150),
            ("1h30m", 90),
            ("90min", 90),
            ("2:30", 150),
            ("2：30", 150),
            ("0:45", 45),
            ("1:30:00", 90),
            ("两小时", 120),
            ("两个半小时", 150),
            ("2个半小时", 150),
            ("一小时半", 90),
            ("半小时", 30),
            ("半个小时", 30),
            ("三刻钟", 45),
            ("一小时四十五分", 105),
            ("十小时", 600),
            ("24小时", 1440),
            ("0.05", 3),
        ] {
            assert_eq!(of(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_is_refused() {
        for text in [
            "0",
            "0小时",
            "-2",
            "-1小时",
            "25",
            "24.1",
            "1441分钟",
            "2.33",
            "2.3333333333",
            "0.001",
            "1e400",
            "1e2",
            "NaN",
            "inf",
            "小时",
            "半",
            "2半",
            "2小时3小时",
            "30分2小时",
            "2小时左右",
            "约2小时",
            "2-3小时",
            "2:60",
            "2:5",
            "2:30:01",
            "2:30:00:00",
            ":30",
            "2小时30",
            "..",
            "1.2.3小时",
            "79228162514264337593543950335",
            "79228162514264337593543950335小时",
            "99999999999999999999999999999999小时",
            "4294967295:59",
            "99999999999:00",
            "半半小时",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_excel_count_what_the_header_says() {
        for (number, unit, expected) in [
            (2.5, Unit::Hours, Some(150)),
            (2.3333333333333335, Unit::Hours, Some(140)),
            (1.3333333333333333, Unit::Hours, Some(80)),
            (2.33, Unit::Hours, None),
            (150.0, Unit::Minutes, Some(150)),
            (150.0, Unit::Hours, None),
            (90.5, Unit::Minutes, None),
            (0.0, Unit::Hours, None),
            (-2.0, Unit::Hours, None),
            (1e-12, Unit::Hours, None),
            (1e28, Unit::Hours, None),
            (1e300, Unit::Minutes, None),
        ] {
            assert_eq!(minutes(&Cell::number(number), unit).ok(), expected, "{number} {unit:?}");
        }
        assert_eq!(minutes(&Cell::days(0.10416666666666667), Unit::Minutes).ok(), Some(150));
        assert_eq!(minutes(&Cell::days(45933.0), Unit::Hours).ok(), None);
    }

    #[test]
    fn part_minutes_are_named() {
        let fault = minutes(&Cell::text("2.33").unwrap(), Unit::Hours).unwrap_err();
        assert_eq!(fault.en, "the length is 139.8 minutes, which are not whole minutes");
    }
}
