//! Names as others are shown them: one rule for slips, public lists, posters, documents and the page that verifies
//! certificates, since what is hidden differently here and there can be put together again.

use crate::schemes::OpenScheme;
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;

/// Stars in a name at most, so that the length of a long name is not told.
const STARS_MAX: usize = 3;

/// 王*国, 王*, 欧**娜: the first and the last character and a star for each between, three at most; the last is a star of two,
/// and of one character nothing is told.
///
/// A character is what a reader takes for one, however many code points it has. Spaces (王　芳) and what joins the parts of a
/// name (阿依古丽·买买提) are none. Compound surnames are not looked for: half of one tells less than the whole.
pub fn masked(name: &str) -> String {
    let letters: Vec<&str> = name.graphemes(true).filter(|grapheme| grapheme.chars().any(is_letter)).collect();
    match letters.as_slice() {
        [] | [_] => "*".to_owned(),
        [first, _] => format!("{first}*"),
        [first, between @ .., last] => format!("{first}{}{last}", "*".repeat(between.len().min(STARS_MAX))),
    }
}

/// Whether it is part of a name rather than what stands between its parts. What nobody has heard of is a letter: characters are
/// added to Unicode every year.
fn is_letter(c: char) -> bool {
    let joins = matches!(
        c,
        '·' | '•' | '・' | '･' | '‧' | '∙' | '⋅' | '\u{2010}'..='\u{2015}' | '’' | '．' | '。' | '（' | '）'
    );
    let is_invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    !(c.is_whitespace() || c.is_control() || c.is_ascii_punctuation() || joins || is_invisible)
}

/// A name for a public list: masked, or a pseudonym of whoever has not agreed to be named (Personal Information Protection
/// Law, Art. 25).
pub fn public(scheme: &OpenScheme, volunteer: Uuid, name: &str, consents: bool) -> String {
    if consents { masked(name) } else { pseudonym(scheme, volunteer) }
}

/// The same for a person in every list of the scheme, and told back to nobody.
fn pseudonym(scheme: &OpenScheme, volunteer: Uuid) -> String {
    let digest = scheme.secrets.mac("pseudonym", volunteer.as_bytes());
    format!("志愿者{}", hex::encode_upper(&digest[..3]))
}

#[cfg(test)]
mod tests {
    use super::masked;
    use proptest::prelude::*;

    #[test]
    fn of_a_name_the_first_and_the_last_character_are_told() {
        let cases = [
            ("王建国", "王*国"),
            ("李娜", "李*"),
            ("欧阳娜娜", "欧**娜"),
            ("诸葛亮", "诸*亮"),
            ("阿依古丽·买买提", "阿***提"),
            ("买买提•艾合买提·吐尔逊", "买***逊"),
            // As registers pad names of two characters.
            ("王　芳", "王*"),
            (" 王 芳 ", "王*"),
            ("𠮷野家", "𠮷*家"),
            ("陈𬎆", "陈*"),
            ("𰻝𰻝", "𰻝*"),
            // One character of a font's variant, and letters with accents, are told whole or not at all.
            ("葛\u{E0100}城", "葛\u{E0100}*"),
            ("e\u{301}ma", "e\u{301}*a"),
            ("John Smith", "J***h"),
            ("O'Neil-Li", "O***i"),
            ("Z", "*"),
            ("·", "*"),
            ("", "*"),
        ];
        for (name, expected) in cases {
            assert_eq!(masked(name), expected, "{name}");
        }
    }

    fn name() -> impl Strategy<Value = Vec<char>> {
        let rare = prop_oneof![
            prop::char::range('\u{4e00}', '\u{9fff}'),
            prop::char::range('\u{3400}', '\u{4dbf}'),
            prop::char::range('\u{20000}', '\u{2a6df}'),
            prop::char::range('\u{30000}', '\u{3134a}'),
        ];
        prop::collection::vec(rare, 1..12)
    }

    proptest! {
        #[test]
        fn no_more_than_two_characters_of_any_name_are_told(letters in name(), gaps in "[ ·　•]{0,12}") {
            let name: String = letters.iter().collect();
            let shown: Vec<char> = masked(&name).chars().filter(|c| *c != '*').collect();
            let stars = masked(&name).chars().filter(|c| *c == '*').count();
            prop_assert!((1..=3).contains(&stars));
            prop_assert!(shown.len() < letters.len().clamp(1, 3));
            let ends: Vec<char> = match letters.as_slice() {
                [] | [_] => Vec::new(),
                [first, _] => vec![*first],
                [first, .., last] => vec![*first, *last],
            };
            prop_assert_eq!(shown, ends);
            // Whatever stands between the characters changes nothing.
            let mut gaps = gaps.chars();
            let spaced: String = letters.iter().flat_map(|c| [Some(*c), gaps.next()]).flatten().collect();
            prop_assert_eq!(masked(&spaced), masked(&name));
        }

        #[test]
        fn whatever_is_written_is_masked(name in "\\PC{0,20}") {
            let shown = masked(&name);
            prop_assert!(shown.contains('*'));
            prop_assert!(shown != name || name.chars().all(|c| !c.is_alphanumeric()), "{} is told as {}", name, shown);
        }
    }
}
