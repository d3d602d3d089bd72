//! Numbers and check codes.
//!
//! A check code has nine letters: eight that follow from the number by a keyed digest (31⁸, some 2⁴⁰), and one that follows
//! from number and letters by plain arithmetic. Whoever mistypes one letter or swaps two is told so, which tells nobody
//! anything that they could not compute; only what passes that is compared with the secret.

use crate::schemes::OpenScheme;
use subtle::ConstantTimeEq;

/// Letters and digits that are not taken for each other. There are 31 of them, a prime: every wrong letter shows in the sum.
const LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTVWXYZ";
/// A primitive root of 31: no two of nine places have the same weight.
const WEIGHT: usize = 3;
const SECRET: usize = 8;
const GROUP: usize = 3;

/// `ZIYANG-2026-000042`
pub fn number(code: &str, year: i64, serial: i64) -> String {
    format!("{}-{year}-{serial:06}", code.to_uppercase())
}

/// The scheme, the year and the place in it that a number names.
pub fn read_number(number: &str) -> Option<(String, i64, i64)> {
    let mut parts = number.rsplitn(3, '-');
    let (serial, year, code) = (parts.next()?, parts.next()?, parts.next()?);
    let is_plain = |digits: &str, least| digits.len() >= least && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_plain(serial, 6) || !is_plain(year, 4) || code.is_empty() {
        return None;
    }
    Some((code.to_lowercase(), year.parse().ok()?, serial.parse().ok()?))
}

/// `7KQ-4M2-XPA`
pub fn check_code(scheme: &OpenScheme, number: &str) -> String {
    let mut letters = secret(scheme, number);
    letters.push(sum(number, &letters));
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join("-")
}

/// Whether a code, as [`plain`] leaves it, can be one of this number at all: else it was mistyped.
pub fn is_well_formed(number: &str, code: &str) -> bool {
    let Some((last, letters)) = code.as_bytes().split_last() else { return false };
    letters.len() == SECRET && letters.iter().all(|letter| LETTERS.contains(letter)) && sum(number, letters) == *last
}

/// Whether a well-formed code is that of the number.
pub fn is_of(scheme: &OpenScheme, number: &str, code: &str) -> bool {
    let told = code.as_bytes().get(..SECRET).unwrap_or_default();
    secret(scheme, number).ct_eq(told).into()
}

/// What people type, as it is printed: capital letters, whatever keyboard it came from.
pub fn plain(text: &str) -> String {
    let ascii = text.trim().chars().filter_map(|letter| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0),
        '—' | '–' | '−' | '‐' | '‑' => Some('-'),
        letter if letter.is_whitespace() => None,
        letter => Some(letter),
    });
    ascii.map(|letter| letter.to_ascii_uppercase()).collect()
}

/// A code without the hyphens that it is printed with.
pub fn plain_code(text: &str) -> String {
    plain(text).replace('-', "")
}

fn secret(scheme: &OpenScheme, number: &str) -> Vec<u8> {
    let bytes = [scheme.book.code().as_bytes(), &[0], number.as_bytes()].concat();
    let digest = scheme.secrets.mac("certificate", &bytes);
    let mut rest = digest.first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes));
    let mut letters = Vec::with_capacity(SECRET + 1);
    for _ in 0..SECRET {
        // The bias of the remainder is one in 10^25.
        letters.push(letter(usize::try_from(rest % 31).unwrap_or(0)));
        rest /= 31;
    }
    letters
}

fn letter(value: usize) -> u8 {
    LETTERS.get(value % LETTERS.len()).copied().unwrap_or(b'2')
}

fn sum(number: &str, letters: &[u8]) -> u8 {
    let value = |letter: &u8| LETTERS.iter().position(|known| known == letter).unwrap_or_else(|| usize::from(*letter));
    let values = number.as_bytes().iter().chain(letters).map(value);
    letter(values.fold(1, |sum, value| (sum + value) * WEIGHT % LETTERS.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        assert_eq!(number("xin-xiang", 2026, 42), "XIN-XIANG-2026-000042");
        assert_eq!(read_number("XIN-XIANG-2026-000042"), Some(("xin-xiang".to_owned(), 2026, 42)));
        for wrong in ["", "ZIYANG", "ZIYANG-2026", "ZIYANG-26-000001", "ZIYANG-2026-1", "-2026-000001", "Z-2026-00000x"]
        {
            assert_eq!(read_number(wrong), None, "{wrong}");
        }
        assert_eq!(plain(" ziyang—２０２６-000042 "), "ZIYANG-2026-000042");
    }

    #[test]
    fn every_wrong_letter_and_every_two_that_changed_places_are_a_mistake_and_no_forgery() {
        let number = "ZIYANG-2026-000042";
        let mut code = b"7KQ4M2XP".to_vec();
        code.push(sum(number, &code));
        let told = |code: &[u8]| is_well_formed(number, &String::from_utf8_lossy(code));
        assert!(told(&code));
        for place in 0..code.len() {
            for other in LETTERS.iter().filter(|other| **other != code[place]) {
                let mut wrong = code.clone();
                wrong[place] = *other;
                assert!(!told(&wrong), "{}", String::from_utf8_lossy(&wrong));
            }
        }
        for place in 1..code.len() {
            let mut swapped = code.clone();
            swapped.swap(place - 1, place);
            assert_eq!(told(&swapped), swapped == code);
        }
        assert!(!is_well_formed("ZIYANG-2026-000043", &String::from_utf8_lossy(&code)), "nor a digit of the number");
        for wrong in ["", "7", "7KQ4M2XPAA", "OOOOOOOOO", "七KQ4M2XPA"] {
            assert!(!is_well_formed(number, wrong), "{wrong}");
        }
    }
}
