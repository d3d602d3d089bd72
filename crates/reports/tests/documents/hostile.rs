//! Whatever people type, there is a document or an error that says why not.

use proptest::prelude::*;
use reports::documents::table::{Cell, Column, Kind, Table};
use reports::documents::template::{Fields, Template};
use reports::documents::{Document, pdf};
use reports::formats::{csv::csv, html::html, xlsx::xlsx};
use reports::layout::DocumentError;

use crate::rendering::{FONTS, made};
use crate::samples::{certificate, slip};

/// Any characters, of which many are Chinese, marks, blanks and line ends.
fn typed() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>(),
        prop::char::range('一', '龥'),
        prop::sample::select(vec![
            ' ',
            '\n',
            '\t',
            '\0',
            '\u{feff}',
            '\u{e0100}',
            '，',
            '。',
            '“',
            '”',
            '（',
            '）',
            '<',
            '&',
            '=',
            '-',
            '9',
            'a',
            '𠮷',
        ])
    ];
    prop::collection::vec(character, 0..40).prop_map(String::from_iter)
}

fn table(texts: &[String]) -> Table {
    let column = |title: &String| Column::new(title, Kind::Text);
    Table {
        title: texts.concat(),
        columns: texts.iter().map(column).collect(),
        rows: vec![texts.iter().cloned().map(Cell::from).collect(); 3],
        notes: texts.to_vec(),
        ..Table::default()
    }
}

fn made_or_refused(document: &impl Document) {
    match pdf(document, &FONTS, made()) {
        Ok(file) => assert!(file.starts_with(b"%PDF-1.7")),
        Err(DocumentError::NoGlyph { characters }) => assert!(!characters.is_empty()),
        Err(DocumentError::TooLong { .. } | DocumentError::LongCode { .. }) => {}
        Err(other) => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_makes_a_document_or_is_refused_with_its_characters(texts in prop::collection::vec(typed(), 1..5)) {
        made_or_refused(&table(&texts));
        let mut paper = certificate(1);
        paper.person.name = texts[0].clone();
        paper.signatures.issuer = texts.concat();
        paper.verify_url = Some(texts.concat());
        made_or_refused(&paper);
        let mut roll = slip(reports::documents::slip::SlipPaper::Mm58);
        roll.notes = texts.clone();
        roll.items[0].name = texts.concat();
        made_or_refused(&roll);
    }

    #[test]
    fn any_text_comes_back_out_of_the_files_for_programs(texts in prop::collection::vec(typed(), 1..5)) {
        let table = table(&texts);
        let file = csv(&table).unwrap();
        let mut reader = csv::Reader::from_reader(&file[3..]);
        for record in reader.records() {
            for (read, text) in record.unwrap().iter().zip(&texts) {
                prop_assert!(read == text || read.strip_prefix('\'') == Some(text));
                prop_assert!(!read.starts_with(['=', '+', '-', '@', '\t', '\r']));
            }
        }
        let page = html(&table).unwrap();
        prop_assert_eq!(page.matches("<td").count(), 3 * texts.len());
        prop_assert!(xlsx(&table, made()).is_ok());
    }

    #[test]
    fn any_template_is_filled_or_refused(text in typed()) {
        if let Ok(template) = Template::parse(&text.replace('9', "{").replace('a', "}")) {
            let fields: Fields = template.fields().map(|field| (field.to_owned(), "值".to_owned())).collect();
            prop_assert!(template.fill(&fields).is_ok());
        }
    }
}
