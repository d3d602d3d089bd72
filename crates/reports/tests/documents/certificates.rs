use reports::documents::{Stamp, pdf};
use reports::layout::DocumentError;

use crate::rendering::{FONTS, embedded_fonts, file, letters, looks_as_before, made, pages};
use crate::samples::{certificate, day};

#[test]
fn a_certificate_says_who_did_what_and_who_says_so() {
    let path = file("certificate", &certificate(3));
    looks_as_before(&path, 1);
    assert_eq!(pages(&path), 1);
    let text = letters(&path);
    for part in [
        "欧阳𠮷㛃",
        "3501**********1234",
        "FZ-ZY-000128",
        "2026年1月1日至2026年11月20日",
        "林䶮",
        "ZY-2026-000317",
        "7K4P-9XQM",
        "第1页共1页",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[test]
fn many_services_go_on_further_pages_with_the_heading_repeated() {
    let path = file("certificate-long", &certificate(60));
    assert_eq!(pages(&path), 3);
    looks_as_before(&path, 1);
    looks_as_before(&path, 2);
    let text = letters(&path);
    assert_eq!(text.matches("日期活动服务内容记录单位小时").count(), 2);
    assert!(text.contains("合计60次120"), "{text}");
    assert!(text.contains("第3页共3页"));
}

#[test]
fn a_second_print_says_so_and_a_void_one_cannot_be_mistaken() {
    let reprint = Stamp::Reprint { on: day("2026-12-01") };
    let reprint =
        file("certificate-reprint", &reports::documents::certificate::Certificate { stamp: reprint, ..certificate(3) });
    assert!(letters(&reprint).contains("补打日期：2026年12月1日"));
    looks_as_before(&reprint, 1);

    let void = Stamp::Void { on: day("2026-12-02"), reason: "服务时间登记有误".to_owned() };
    let void =
        file("certificate-void", &reports::documents::certificate::Certificate { stamp: void, ..certificate(3) });
    assert!(letters(&void).contains("作废日期：2026年12月2日原因：服务时间登记有误"));
    looks_as_before(&void, 1);
}

#[test]
fn a_name_that_no_font_has_is_named_and_not_printed_as_a_box() {
    let mut burmese = certificate(1);
    burmese.person.name = "王ဗ".to_owned();
    let error = pdf(&burmese, &FONTS, made()).unwrap_err();
    assert_eq!(error, DocumentError::NoGlyph { characters: vec!['ဗ'] });
}

#[test]
fn the_same_certificate_gives_the_same_bytes() {
    let once = pdf(&certificate(5), &FONTS, made()).unwrap();
    assert!(once == pdf(&certificate(5), &FONTS, made()).unwrap());
    assert!(once.windows(4).any(|bytes| bytes == b"pdfa"), "it does not say that it is PDF/A");
}

#[test]
fn every_font_is_inside_the_file_with_the_characters_that_its_glyphs_are() {
    let fonts = embedded_fonts(&file("certificate-fonts", &certificate(2)));
    assert_eq!(fonts.len(), 4, "{fonts:?}");
    for font in fonts {
        let embedded = ["AixinSerif", "AixinSans", "AixinKai", "AixinRare"].iter().any(|name| font.contains(name));
        assert!(embedded && font.contains(" yes yes yes "), "{font}");
    }
}
