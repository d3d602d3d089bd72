//! Texts, names, numbers that identify, and answers.

use chrono::NaiveDate;

use super::row::Fault;
use super::scan::narrow;
use super::sheet::{Cell, is_blank};

/// The most characters of a name, a title, a place and the like.
pub const LONGEST_TEXT_CHARS: usize = 200;
/// The most characters of a description or a remark.
pub const LONGEST_REMARK_CHARS: usize = 1_000;
/// The most characters of a volunteer's number.
pub const LONGEST_NUMBER_CHARS: usize = 64;

/// One line of text.
pub fn text(cell: &Cell) -> Result<String, Fault> {
    clean(cell.written(), LONGEST_TEXT_CHARS)
}

/// A longer text. Its line breaks become spaces.
pub fn remark(cell: &Cell) -> Result<String, Fault> {
    let written = cell.written();
    let lines: Vec<&str> = written.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect();
    clean(lines.join(" "), LONGEST_REMARK_CHARS)
}

/// A person's name. Registers space out 王　芳 to stand as wide as 欧阳建国; such spaces are no part of a name.
pub fn name(cell: &Cell) -> Result<String, Fault> {
    let name = text(cell)?;
    if name.chars().any(|c| c.is_ascii_alphabetic()) { Ok(name) } else { Ok(name.split_whitespace().collect()) }
}

/// A volunteer's number, in half width.
pub fn number(cell: &Cell) -> Result<String, Fault> {
    clean(narrow(&cell.written()).to_ascii_uppercase(), LONGEST_NUMBER_CHARS)
}

/// Several texts, separated as people do.
pub fn list(cell: &Cell) -> Result<Vec<String>, Fault> {
    let all = remark(cell)?;
    let parts = all.split(['、', '，', ',', '；', ';', '/']).map(|part| part.trim_matches(is_blank));
    Ok(parts.filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

/// Digits of a telephone, a mobile or a landline, without what people put between them.
pub fn phone(cell: &Cell) -> Result<String, Fault> {
    let text = narrow(&cell.written());
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let digits = digits.strip_prefix("+86").unwrap_or(&digits);
    let mobile = digits.len() == 11 && digits.starts_with('1');
    let landline = matches!(digits.len(), 7 | 8) || matches!(digits.len(), 10..=12) && digits.starts_with('0');
    if digits.bytes().all(|byte| byte.is_ascii_digit()) && (mobile || landline) {
        return Ok(digits.to_owned());
    }
    Err(Fault::new("invalid_phone", "这不是电话号码", "this is no telephone number"))
}

/// A resident identity number (GB 11643): 17 digits and a check character.
pub fn id_number(cell: &Cell) -> Result<String, Fault> {
    if let Cell::Number(_) = cell {
        return Err(Fault::new(
            "invalid_id_number",
            "身份证号存成了数字，Excel 已丢失末几位：请把单元格设为文本后重新填写",
            "the identity number was stored as a number, so that Excel lost its last digits: make the cell a text and enter it again",
        ));
    }
    let number = narrow(&cell.written()).to_ascii_uppercase();
    if birth_date_in(&number).is_some() && check_character(&number) == number.chars().last() {
        return Ok(number);
    }
    Err(Fault::new(
        "invalid_id_number",
        "身份证号应为 18 位，此号码位数、日期或校验码不对",
        "an identity number has 18 characters; the length, the date or the check character of this one is wrong",
    ))
}

/// The day of birth that an identity number holds.
pub fn birth_date_in(id_number: &str) -> Option<NaiveDate> {
    let digits = id_number.get(6..14)?;
    (id_number.len() == 18).then(|| NaiveDate::parse_from_str(digits, "%Y%m%d").ok())?
}

/// Yes or no.
pub fn answer(cell: &Cell) -> Result<bool, Fault> {
    match narrow(&cell.written()).as_str() {
        "是" | "同意" | "愿意" | "√" | "✓" | "✔" | "y" | "yes" | "true" | "1" => Ok(true),
        "否" | "不同意" | "不愿意" | "×" | "✗" | "x" | "n" | "no" | "false" | "0" => Ok(false),
        _ => Err(Fault::new("invalid_answer", "请填“是”或“否”", "answer 是 or 否")),
    }
}

fn clean(text: String, longest: usize) -> Result<String, Fault> {
    let length = text.chars().count();
    if length > longest {
        return Err(Fault::new(
            "too_long",
            format!("文字超过 {longest} 个字符"),
            format!("the text has more than {longest} characters"),
        ));
    }
    if let Some(refused) = text.chars().find(|c| is_refused(*c)) {
        let code_point = u32::from(refused);
        return Err(Fault::new(
            "invalid_text",
            format!("含有不能使用或无法识别的字符 U+{code_point:04X}"),
            format!("the text holds a control or unreadable character, U+{code_point:04X}"),
        ));
    }
    Ok(text)
}

/// Control characters, marks that turn the direction of the text after them, and what could not be decoded.
fn is_refused(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FFFD}')
}

fn check_character(number: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let mut sum = 0;
    for (digit, weight) in number.chars().zip(WEIGHTS) {
        sum += digit.to_digit(10)? * weight;
    }
    "10X98765432".chars().nth(usize::try_from(sum % 11).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Cell {
        Cell::text(text).unwrap()
    }

    #[test]
    fn names_lose_only_the_spaces_between_characters() {
        for (written, expected) in
            [("王　芳", "王芳"), (" 欧阳 建国 ", "欧阳建国"), ("𠮷田䶮", "𠮷田䶮"), ("Anna Li", "Anna Li")]
        {
            assert_eq!(name(&cell(written)).unwrap(), expected);
        }
    }

    #[test]
    fn characters_that_nobody_sees_are_refused() {
        for written in ["王\u{0}芳", "王\u{7}芳", "王\u{202E}芳", "王\u{FFFD}", "王\n芳"] {
            assert_eq!(text(&cell(written)).unwrap_err().code, "invalid_text", "{written:?}");
        }
        assert_eq!(remark(&cell("上楼\r\n 送药")).unwrap(), "上楼 送药");
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(text(&cell(&"爱".repeat(200))).is_ok());
        assert_eq!(text(&cell(&"爱".repeat(201))).unwrap_err().code, "too_long");
        assert_eq!(remark(&cell(&"爱".repeat(5000))).unwrap_err().code, "too_long");
    }

    #[test]
    fn telephones_lose_their_punctuation() {
        for (written, expected) in
            [("199-0000-0001", "19900000001"), ("+86 19900000001", "19900000001"), ("021-57240000", "02157240000")]
        {
            assert_eq!(phone(&cell(written)).unwrap(), expected);
        }
        assert_eq!(phone(&Cell::number(19_900_000_001.0)).unwrap(), "19900000001");
        for written in ["1990000000", "29900000001", "电话", "1990000000a", "1.99e10", ""] {
            assert!(Cell::text(written).is_none_or(|cell| phone(&cell).is_err()), "{written}");
        }
    }

    #[test]
    fn identity_numbers_are_checked() {
        // The example of the standard itself.
        assert_eq!(id_number(&cell("11010519491231002x")).unwrap(), "11010519491231002X");
        for written in
            ["110105194912310021", "11010519491331002X", "1101051949123100", "一二三四五六", "11010519491231002XX"]
        {
            assert_eq!(id_number(&cell(written)).unwrap_err().code, "invalid_id_number", "{written}");
        }
        assert!(id_number(&Cell::number(110_105_194_912_310_020.0)).unwrap_err().en.contains("lost its last digits"));
    }

    #[test]
    fn answers_are_yes_or_no() {
        for (written, expected) in [("是", true), ("√", true), ("TRUE", true), ("否", false), ("不同意", false)]
        {
            assert_eq!(answer(&cell(written)).unwrap(), expected);
        }
        assert_eq!(answer(&cell("也许")).unwrap_err().code, "invalid_answer");
    }
}
