//! Points, rates and hours between text and whole numbers. Nothing here is ever a float.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

/// Digits that always fit an `i64`.
const MOST_DIGITS: usize = 18;

/// Reads a decimal such as `12` or `12.5` as whole minor units of a scale of `scale` decimals.
///
/// Only what [`format_points`] could have written is accepted, and trailing zeros within the scale: no sign, blank,
/// exponent, leading zero or digits of another script.
pub fn parse_points(text: &str, scale: u8) -> Result<i64, AmountError> {
    if text.trim().is_empty() {
        return Err(AmountError::Blank);
    }
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    let padded = unsigned.len() > 1 && unsigned.starts_with('0');
    if !digits(unsigned) || padded || !fraction.is_none_or(digits) {
        return Err(AmountError::NotADecimal);
    }
    if unsigned.len() < whole.len() {
        return Err(AmountError::Negative);
    }
    let fraction = fraction.unwrap_or_default();
    let scale_digits = usize::from(scale);
    if fraction.len() > scale_digits {
        return Err(AmountError::TooManyDecimals { allowed: scale });
    }
    if whole.len().saturating_add(scale_digits) > MOST_DIGITS {
        return Err(AmountError::TooLarge);
    }
    format!("{whole}{fraction:0<scale_digits$}").parse().map_err(|_| AmountError::TooLarge)
}

/// Writes minor units of a scale of `scale` decimals as the shortest decimal: `12`, `12.5`, `-0.25`.
pub fn format_points(minor: i64, scale: u8) -> String {
    let scale = usize::from(scale);
    let sign = if minor < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = scale.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

/// Writes minutes as decimal hours for people to read, rounded half up to two decimals: `2.5`, `0.33`. Sums are made
/// of minutes, never of these.
pub fn hours_text(minutes: i64) -> String {
    let hundredths = divide(i128::from(minutes.unsigned_abs()) * 100, 60, Rounding::HalfUp);
    // Only beyond 10^14 years do they not fit.
    let hundredths = i64::try_from(hundredths).unwrap_or(i64::MAX);
    format_points(if minutes < 0 { -hundredths } else { hundredths }, 2)
}

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    #[error("the amount is blank")]
    Blank,
    #[error("an amount is written with the digits 0-9, such as 12 or 12.5")]
    NotADecimal,
    #[error("the amount is negative")]
    Negative,
    #[error("the amount has more than {allowed} decimals")]
    TooManyDecimals { allowed: u8 },
    #[error("the amount is too large")]
    TooLarge,
}

impl AmountError {
    /// For programs: does not change with the wording.
    pub fn code(self) -> &'static str {
        match self {
            AmountError::Blank => "amount_blank",
            AmountError::NotADecimal => "amount_not_a_decimal",
            AmountError::Negative => "amount_negative",
            AmountError::TooManyDecimals { .. } => "amount_too_many_decimals",
            AmountError::TooLarge => "amount_too_large",
        }
    }
}

/// Which way an amount goes that falls between two units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// 舍去。
    Down,
    /// 四舍五入。
    HalfUp,
    /// 进一。
    Up,
}

/// A decimal as a configuration writes it, in ten-thousandths: points, points per hour, hours or a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Decimal(i64);

impl Decimal {
    pub const ZERO: Decimal = Decimal(0);
    const DECIMALS: u8 = 4;
    const ONE: i64 = 10_000;

    /// Reads a decimal with at most four decimals, which may be negative.
    pub fn parse(text: &str) -> Result<Decimal, AmountError> {
        match text.strip_prefix('-') {
            Some(positive) if !positive.starts_with('-') => {
                let parsed = parse_points(positive, Decimal::DECIMALS)?;
                Ok(Decimal(parsed.checked_neg().ok_or(AmountError::TooLarge)?))
            }
            _ => parse_points(text, Decimal::DECIMALS).map(Decimal),
        }
    }

    pub fn whole(number: i64) -> Decimal {
        Decimal(number.saturating_mul(Decimal::ONE))
    }

    /// Whether minor units of a scale of `scale` decimals can hold it.
    pub fn fits(self, scale: u8) -> bool {
        self.0 % Decimal::minor_unit(scale) == 0
    }

    /// In minor units of a scale of `scale` decimals, rounded towards zero; exact where [`Decimal::fits`].
    pub fn minor(self, scale: u8) -> i64 {
        self.0 / Decimal::minor_unit(scale)
    }

    /// As hours, in minutes; `None` when they are not whole.
    pub fn whole_minutes(self) -> Option<i64> {
        let minutes = self.0.checked_mul(60)?;
        (minutes % Decimal::ONE == 0).then_some(minutes / Decimal::ONE)
    }

    /// As hours, in minutes, rounded up.
    pub fn minutes_up(self) -> i64 {
        let minutes = divide(i128::from(self.0) * 60, i128::from(Decimal::ONE), Rounding::Up);
        i64::try_from(minutes).unwrap_or(i64::MAX)
    }

    pub fn abs(self) -> Decimal {
        Decimal(self.0.saturating_abs())
    }

    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Ten-thousandths.
    pub fn ten_thousandths(self) -> i64 {
        self.0
    }

    fn minor_unit(scale: u8) -> i64 {
        match scale {
            0 => Decimal::ONE,
            1 => 1_000,
            2 => 100,
            3 => 10,
            _ => 1,
        }
    }

    /// What `minutes` (0 or more) earn at so many points per hour, in minor units. `None` when the result is too large.
    pub fn points(self, minutes: i64, scale: u8, rounding: Rounding) -> Option<RoundedPoints> {
        const MINUTES_PER_HOUR: i128 = 60;
        self.share(minutes.into(), MINUTES_PER_HOUR, scale, rounding)
    }

    /// `part` of `whole` of it, in minor units, rounded once. `None` when the result is too large.
    pub fn share(self, part: i128, whole: i128, scale: u8, rounding: Rounding) -> Option<RoundedPoints> {
        let minor_per_point = 10_i128.checked_pow(scale.into())?;
        let share = part.checked_mul(self.0.into())?.checked_mul(minor_per_point)?;
        let whole = whole.checked_mul(Decimal::ONE.into())?;
        let minor = i64::try_from(divide(share, whole, rounding)).ok()?;
        Some(RoundedPoints { minor, exact: share.checked_rem(whole)? == 0 })
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Decimal::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Decimal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^-?(0|[1-9][0-9]*)(\\.[0-9]{1,4})?$",
            "description": "十进制数，写成文字。\nA decimal, written as text."
        })
    }
}

/// Points in minor units, and whether nothing was rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundedPoints {
    pub minor: i64,
    pub exact: bool,
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&format_points(self.0, Decimal::DECIMALS))
    }
}

/// `share / whole` for a share of 0 or more and a whole above 0.
pub(super) fn divide(share: i128, whole: i128, rounding: Rounding) -> i128 {
    let floor = share.checked_div(whole).unwrap_or_default();
    let rest = share.checked_rem(whole).unwrap_or_default();
    let up = match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => rest >= whole.saturating_sub(rest),
        Rounding::Up => rest > 0,
    };
    floor.saturating_add(up.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_or_refused_with_a_reason() {
        use AmountError::*;
        let cases = [
            ("12", 0, Ok(12)),
            ("12", 2, Ok(1200)),
            ("12.5", 1, Ok(125)),
            ("12.5", 2, Ok(1250)),
            ("0", 2, Ok(0)),
            ("0.05", 2, Ok(5)),
            ("12.50", 2, Ok(1250)),
            ("999999999999999999", 0, Ok(999_999_999_999_999_999)),
            ("9999999999999999.99", 2, Ok(999_999_999_999_999_999)),
            ("12.5", 0, Err(TooManyDecimals { allowed: 0 })),
            ("12.0", 0, Err(TooManyDecimals { allowed: 0 })),
            ("0.001", 2, Err(TooManyDecimals { allowed: 2 })),
            ("1000000000000000000", 0, Err(TooLarge)),
            ("99999999999999999", 2, Err(TooLarge)),
            ("1", 255, Err(TooLarge)),
            ("-1", 0, Err(Negative)),
            ("-0.5", 1, Err(Negative)),
            ("", 0, Err(Blank)),
            (" \u{3000}", 0, Err(Blank)),
            (" 1", 0, Err(NotADecimal)),
            ("1 000", 0, Err(NotADecimal)),
            ("1,000", 0, Err(NotADecimal)),
            ("1\n", 0, Err(NotADecimal)),
            ("+1", 0, Err(NotADecimal)),
            ("--1", 0, Err(NotADecimal)),
            ("-", 0, Err(NotADecimal)),
            (".", 1, Err(NotADecimal)),
            (".5", 1, Err(NotADecimal)),
            ("5.", 1, Err(NotADecimal)),
            ("1.2.3", 2, Err(NotADecimal)),
            ("1.-5", 2, Err(NotADecimal)),
            ("007", 0, Err(NotADecimal)),
            ("1e3", 0, Err(NotADecimal)),
            ("1e400", 2, Err(NotADecimal)),
            ("NaN", 2, Err(NotADecimal)),
            ("inf", 2, Err(NotADecimal)),
            ("0x10", 2, Err(NotADecimal)),
            ("１２", 0, Err(NotADecimal)),
            ("1２", 0, Err(NotADecimal)),
            ("٣", 0, Err(NotADecimal)),
            ("12。5", 1, Err(NotADecimal)),
            ("十二", 0, Err(NotADecimal)),
        ];
        for (text, scale, expected) in cases {
            assert_eq!(parse_points(text, scale), expected, "{text:?} at scale {scale}");
        }
    }

    #[test]
    fn amounts_are_written_without_trailing_noise() {
        let cases = [
            (0, 0, "0"),
            (0, 2, "0"),
            (12, 0, "12"),
            (1200, 2, "12"),
            (1250, 2, "12.5"),
            (5, 2, "0.05"),
            (-25, 2, "-0.25"),
            (100, 0, "100"),
            (i64::MAX, 2, "92233720368547758.07"),
            (i64::MIN, 0, "-9223372036854775808"),
        ];
        for (minor, scale, expected) in cases {
            assert_eq!(format_points(minor, scale), expected);
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for scale in 0..=2 {
            for minor in (0..2_000).chain([999_999_999_999_999_999]) {
                assert_eq!(parse_points(&format_points(minor, scale), scale), Ok(minor));
            }
        }
    }

    #[test]
    fn minutes_are_shown_as_decimal_hours() {
        let cases = [
            (0, "0"),
            (60, "1"),
            (150, "2.5"),
            (20, "0.33"),
            (40, "0.67"),
            (1, "0.02"),
            (-90, "-1.5"),
            (3, "0.05"),
            (i64::MIN, "-92233720368547758.07"),
        ];
        for (minutes, expected) in cases {
            assert_eq!(hours_text(minutes), expected, "{minutes} minutes");
        }
    }

    #[test]
    fn points_are_rounded_once_and_as_stated() {
        use Rounding::*;
        let cases = [
            ("1", 100, 1, Down, 16, false),
            ("1", 100, 1, HalfUp, 17, false),
            ("1", 100, 1, Up, 17, false),
            ("1", 90, 0, HalfUp, 2, false),
            ("1", 89, 0, HalfUp, 1, false),
            ("1", 61, 0, Up, 2, false),
            ("1", 60, 0, Up, 1, true),
            ("1.5", 90, 2, Down, 225, true),
            ("0.3333", 60, 2, Down, 33, false),
            ("0", 600, 2, Up, 0, true),
            ("5", 0, 2, Up, 0, true),
        ];
        for (rate, minutes, scale, rounding, minor, exact) in cases {
            let points = Decimal::parse(rate).expect(rate).points(minutes, scale, rounding);
            assert_eq!(points, Some(RoundedPoints { minor, exact }), "{minutes} min at {rate}, {rounding:?}");
        }
    }

    #[test]
    fn absurd_amounts_are_refused_instead_of_wrapping() {
        assert_eq!(Decimal::parse("1000000").map(|rate| rate.to_string()), Ok("1000000".into()));
        assert_eq!(Decimal::parse("1.00001"), Err(AmountError::TooManyDecimals { allowed: 4 }));
        assert_eq!(Decimal(i64::MAX).points(i64::MAX, 2, Rounding::Up), None);
        assert_eq!(Decimal(1).points(1, u8::MAX, Rounding::Up), None);
    }
}
