//! Texts with places for the names, numbers and dates of the people they go to.

use std::collections::BTreeMap;

use crate::layout::DocumentError;

/// A text with fields in braces: `尊敬的{name}同志：`. A brace itself is written twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(String),
}

/// What the fields stand for in one copy.
pub type Fields = BTreeMap<String, String>;

impl Template {
    /// # Errors
    /// [`DocumentError::Brace`], with the line of a brace that lacks its other half.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain += before;
            let unpaired = || DocumentError::Brace { line: text[..text.len() - from.len()].matches('\n').count() + 1 };
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                plain.push_str(&from[..1]);
                rest = after;
                continue;
            }
            let inside = from.strip_prefix('{').ok_or_else(unpaired)?;
            let (field, after) = inside.split_once('}').ok_or_else(unpaired)?;
            if field.trim().is_empty() || field.contains(['{', '\n']) {
                return Err(unpaired());
            }
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Field(field.trim().to_owned()));
            rest = after;
        }
        pieces.push(Piece::Text(plain + rest));
        Ok(Self(pieces))
    }

    /// The fields it names, in the order of the text.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Field(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Checks that these fields are enough, before thousands of copies are begun.
    ///
    /// # Errors
    /// [`DocumentError::UnknownField`]
    pub fn check(&self, known: &[&str]) -> Result<(), DocumentError> {
        match self.fields().find(|field| !known.contains(field)) {
            Some(field) => Err(unknown(field, known.iter().copied())),
            None => Ok(()),
        }
    }

    /// The text with its fields filled in. What is filled in is text: braces in it are no fields.
    ///
    /// # Errors
    /// [`DocumentError::UnknownField`]
    pub fn fill(&self, fields: &Fields) -> Result<String, DocumentError> {
        let mut text = String::new();
        for piece in &self.0 {
            text += match piece {
                Piece::Text(text) => text,
                Piece::Field(name) => {
                    fields.get(name).ok_or_else(|| unknown(name, fields.keys().map(String::as_str)))?
                }
            };
        }
        Ok(text)
    }
}

fn unknown<'a>(field: &str, known: impl Iterator<Item = &'a str>) -> DocumentError {
    DocumentError::UnknownField { field: field.to_owned(), known: known.map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        [("name", "林{hours}䶮"), ("hours", "126.5")].map(|(name, text)| (name.to_owned(), text.to_owned())).into()
    }

    #[test]
    fn fields_are_filled_in_once_and_double_braces_are_braces() {
        let template = Template::parse("{name}同志：{ hours } 小时，{{不是域}}").unwrap();
        assert_eq!(template.fill(&fields()).unwrap(), "林{hours}䶮同志：126.5 小时，{不是域}");
        assert_eq!(template.fields().collect::<Vec<_>>(), ["name", "hours"]);
    }

    #[test]
    fn an_unknown_field_is_named_with_those_that_there_are() {
        let template = Template::parse("{nmae}同志").unwrap();
        let error = template.fill(&fields()).unwrap_err();
        assert_eq!(error.to_string(), "the template names {nmae}, and the fields are hours, name");
        assert_eq!(template.check(&["hours", "name"]).unwrap_err(), error);
    }

    #[test]
    fn a_brace_without_its_other_half_is_found_by_its_line() {
        for (text, line) in [("一\n{name", 2), ("}", 1), ("一\n二{}", 2), ("{na\nme}", 1), ("{a{b}", 1)] {
            assert_eq!(Template::parse(text).unwrap_err(), DocumentError::Brace { line }, "{text}");
        }
    }
}
