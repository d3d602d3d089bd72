//! Fonts from files, beside those inside the program.

use reports::documents::{Document, pdf};
use reports::fonts::{FontError, Fonts};
use reports::layout::DocumentError;

use crate::rendering::{FONTS, keep, letters, made};
use crate::samples::certificate;

/// A font that has one letter, ᚁ (U+1681), which is a square; made with the FontBuilder of fontTools.
fn ogham() -> Vec<u8> {
    include_bytes!("ogham.ttf").to_vec()
}

fn inscribed() -> impl Document {
    let mut certificate = certificate(1);
    certificate.person.name = "王ᚁ".to_owned();
    certificate
}

#[test]
fn a_character_that_was_missing_is_there_after_its_font_was_added() {
    let refused = pdf(&inscribed(), &FONTS, made()).unwrap_err();
    assert_eq!(refused, DocumentError::NoGlyph { characters: vec!['ᚁ'] });

    let mut fonts = Fonts::bundled().unwrap();
    fonts.add(ogham()).unwrap();
    assert!(fonts.missing("王ᚁ").is_empty());
    let path = keep("added-font", &pdf(&inscribed(), &fonts, made()).unwrap());
    assert!(letters(&path).contains("王ᚁ"));
}

#[test]
fn a_folder_of_fonts_is_searched_and_what_is_no_font_in_it_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("more")).unwrap();
    std::fs::write(folder.path().join("more/OGHAM.TTF"), ogham()).unwrap();
    std::fs::write(folder.path().join("broken.otf"), b"no font").unwrap();
    std::fs::write(folder.path().join("readme.txt"), b"no font").unwrap();
    let mut fonts = Fonts::bundled().unwrap();
    fonts.add_path(folder.path()).unwrap();
    assert!(fonts.missing("ᚁ").is_empty());

    let named = fonts.add_path(&folder.path().join("broken.otf"));
    assert!(matches!(named, Err(FontError::Unreadable)), "a file that was named itself must be a font");
    let nowhere = fonts.add_path(&folder.path().join("nowhere"));
    assert!(matches!(nowhere, Err(FontError::File { .. })));
}

/// Two faces: one of Japan with ᚁ (U+1681), one of the mainland with ᚂ (U+1682), made with fontTools too.
#[test]
fn of_a_collection_the_face_of_the_mainland_is_taken() {
    let mut fonts = Fonts::bundled().unwrap();
    fonts.add(include_bytes!("ogham.ttc").to_vec()).unwrap();
    assert_eq!(fonts.missing("ᚁᚂ"), ['ᚁ']);
    let mut certificate = certificate(1);
    certificate.person.name = "王ᚂ".to_owned();
    let path = keep("collection", &pdf(&certificate, &fonts, made()).unwrap());
    assert!(letters(&path).contains("王ᚂ"));
}
