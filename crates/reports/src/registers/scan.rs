//! Reading a short text from left to right.

use std::str::FromStr;

use rust_decimal::Decimal;

use super::sheet::is_blank;

/// A text in half width and lower case, without blanks at its ends: ８：３０ is 8:30.
pub fn narrow(text: &str) -> String {
    let half_width = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    text.trim_matches(is_blank).chars().map(half_width).collect::<String>().to_ascii_lowercase()
}

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    pub rest: &'a str,
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text.trim() }
    }

    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes the first of the words that stands here, and the spaces after it.
    pub fn word<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<T> {
        let (rest, meaning) =
            words.iter().find_map(|(word, meaning)| Some((self.rest.strip_prefix(word)?, meaning)))?;
        self.rest = rest.trim_start();
        Some(*meaning)
    }

    /// Whether the word stands here; if so it is taken.
    pub fn skip(&mut self, word: &str) -> bool {
        self.word(&[(word, ())]).is_some()
    }

    /// Digits, as they are written.
    pub fn digits(&mut self) -> Option<&'a str> {
        self.while_matches(|c| c.is_ascii_digit())
    }

    /// A whole number in digits or in Chinese.
    pub fn whole(&mut self) -> Option<u32> {
        match self.digits() {
            Some(digits) => digits.parse().ok(),
            None => chinese(self.while_matches(|c| "一二两三四五六七八九十".contains(c))?),
        }
    }

    /// A number, perhaps with a decimal point, or a whole number in Chinese.
    pub fn number(&mut self) -> Option<Decimal> {
        match self.while_matches(|c| c.is_ascii_digit() || c == '.') {
            Some(digits) => Decimal::from_str(digits).ok(),
            None => self.whole().map(Decimal::from),
        }
    }

    fn while_matches(&mut self, accepted: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self.rest.find(|c| !accepted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        (!taken.is_empty()).then_some(taken)
    }
}

/// 1 to 99 in Chinese: 两, 十, 十二, 三十, 四十五.
fn chinese(text: &str) -> Option<u32> {
    let digit = |text: &str| match text {
        "一" => Some(1),
        "二" | "两" => Some(2),
        "三" => Some(3),
        "四" => Some(4),
        "五" => Some(5),
        "六" => Some(6),
        "七" => Some(7),
        "八" => Some(8),
        "九" => Some(9),
        _ => None,
    };
    let Some((tens, units)) = text.split_once('十') else {
        return digit(text);
    };
    let tens = if tens.is_empty() { 1 } else { digit(tens)? };
    let units = if units.is_empty() { 0 } else { digit(units)? };
    Some(tens * 10 + units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_numbers_up_to_ninety_nine() {
        for (text, number) in [("两", 2), ("十", 10), ("十二", 12), ("三十", 30), ("四十五", 45), ("九十九", 99)]
        {
            assert_eq!(chinese(text), Some(number), "{text}");
        }
        for text in ["", "一二", "十十", "二十十"] {
            assert_eq!(chinese(text), None, "{text}");
        }
    }

    #[test]
    fn full_width_becomes_half_width() {
        assert_eq!(narrow("　２０２５／１０／３　ＡＭ "), "2025/10/3 am");
    }
}
