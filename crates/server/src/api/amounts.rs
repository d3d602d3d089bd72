//! Amounts on the wire: decimal strings, never numbers.

use crate::api::error::{Flaw, Problem, Text};
use scheme::config::{CapUnit, Scheme};
use scheme::rules::{AmountError, parse_points};

pub use scheme::rules::{format_points as points, hours_text as hours};

/// Decimals of money: fen are hundredths of a yuan.
const YUAN_SCALE: u8 = 2;
/// Decimals of an hour.
const HOURS_SCALE: u8 = 2;

pub fn yuan(fen: i64) -> String {
    points(fen, YUAN_SCALE)
}

/// An amount of one of a volunteer's accounts: points when `account` is `None`, else what the account counts; hours for
/// minutes.
pub fn in_account(amount: i64, account: Option<&str>, config: &Scheme) -> String {
    let account = account.and_then(|code| config.account(code));
    match account.map(|account| account.counts) {
        Some(CapUnit::Minutes) => hours(amount),
        _ => points(amount, config.points_scale),
    }
}

/// Reads the amounts of one body, and gathers what is wrong with them.
#[derive(Default)]
pub struct Reader {
    pub flaws: Vec<Flaw>,
}

impl Reader {
    pub fn points(&mut self, pointer: &str, text: &str, scale: u8) -> i64 {
        parse_points(text, scale).unwrap_or_else(|error| {
            self.flaws.push(flaw(pointer, error));
            0
        })
    }

    /// An amount of one of a volunteer's accounts, as [`in_account`] writes it.
    pub fn of_account(&mut self, pointer: &str, text: &str, account: Option<&str>, config: &Scheme) -> i64 {
        let account = account.and_then(|code| config.account(code));
        if account.is_none_or(|account| account.counts != CapUnit::Minutes) {
            return self.points(pointer, text, config.points_scale);
        }
        let hundredths = self.points(pointer, text, HOURS_SCALE);
        let minutes = hundredths.checked_mul(60).filter(|minutes| minutes % 100 == 0).map(|minutes| minutes / 100);
        minutes.unwrap_or_else(|| {
            let detail = Text::new("须为整分钟", "hours are of whole minutes");
            self.flaws.push(Flaw { pointer: pointer.to_owned(), code: "not_whole_minutes".to_owned(), detail });
            0
        })
    }

    pub fn yuan(&mut self, pointer: &str, text: &str) -> i64 {
        self.points(pointer, text, YUAN_SCALE)
    }
}

/// Reads points that may be negative: a deduction.
pub fn signed_points(pointer: &str, text: &str, scale: u8) -> Result<i64, Problem> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    parse_points(digits, scale)
        .map(|points| sign * points)
        .map_err(|error| Problem::invalid(vec![flaw(pointer, error)]))
}

fn flaw(pointer: &str, error: AmountError) -> Flaw {
    let zh = match error {
        AmountError::Blank => "金额为空".to_owned(),
        AmountError::NotADecimal => "须用数字 0-9 书写，例如 12 或 12.5".to_owned(),
        AmountError::Negative => "不能为负数".to_owned(),
        AmountError::TooManyDecimals { allowed } => format!("小数最多 {allowed} 位"),
        AmountError::TooLarge => "数值过大".to_owned(),
    };
    Flaw { pointer: pointer.to_owned(), code: error.code().to_owned(), detail: Text::new(zh, error.to_string()) }
}
