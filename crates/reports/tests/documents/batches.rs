//! Many documents at once.

use std::ops::ControlFlow;

use reports::documents::certificate::Certificate;
use reports::documents::{Bundle, each, pdf};
use reports::layout::DocumentError;

use crate::rendering::{FONTS, keep, letters, made, pages};
use crate::samples::certificate;

fn numbered(at: usize) -> Certificate {
    Certificate { number: format!("ZY-{at:04}"), ..certificate(1) }
}

#[test]
fn many_certificates_come_in_one_file_one_after_the_other() {
    let mut bundle = Bundle::new(&FONTS, "志愿服务记录证明", made()).unwrap();
    assert_eq!(bundle.add(&numbered(1)).unwrap(), 1);
    assert_eq!(bundle.add(&certificate(60)).unwrap(), 4);
    let mut unprintable = numbered(2);
    unprintable.person.name = "ཀ".to_owned();
    assert!(matches!(bundle.add(&unprintable), Err(DocumentError::NoGlyph { .. })));
    assert_eq!(bundle.add(&numbered(3)).unwrap(), 5, "one that cannot be made leaves nothing behind");
    let path = keep("bundle", &bundle.finish().unwrap());
    assert_eq!(pages(&path), 5);
    let text = letters(&path);
    assert!(text.contains("ZY-0001") && text.contains("ZY-0003") && !text.contains("ZY-0002"));
}

#[test]
fn each_certificate_comes_once_whatever_the_number_of_threads() {
    let certificates: Vec<_> = (0..7).map(numbered).collect();
    for threads in [0, 1, 5] {
        let mut files = vec![None; certificates.len()];
        let went_on = each(&certificates, &FONTS, made(), threads, |at, file| {
            assert!(files[at].replace(file.unwrap()).is_none(), "{at} came twice");
            ControlFlow::<()>::Continue(())
        });
        assert!(went_on.is_continue());
        for (file, certificate) in files.iter().zip(&certificates) {
            assert!(file.as_ref() == Some(&pdf(certificate, &FONTS, made()).unwrap()));
        }
    }
}

#[test]
fn a_run_that_was_stopped_goes_on_with_those_that_are_left() {
    let certificates: Vec<_> = (0..12).map(numbered).collect();
    let mut done = Vec::new();
    let stopped = each(&certificates, &FONTS, made(), 3, |at, _| {
        done.push(at);
        if done.len() == 5 { ControlFlow::Break("enough") } else { ControlFlow::Continue(()) }
    });
    assert_eq!((stopped, done.len()), (ControlFlow::Break("enough"), 5));

    let left: Vec<_> = (0..12).filter(|at| !done.contains(at)).collect();
    let rest: Vec<_> = left.iter().map(|&at| numbered(at)).collect();
    let _ = each(&rest, &FONTS, made(), 2, |at, file| {
        assert!(file.is_ok());
        done.push(left[at]);
        ControlFlow::<()>::Continue(())
    });
    done.sort_unstable();
    assert_eq!(done, (0..12).collect::<Vec<_>>());
}

#[test]
fn one_that_cannot_be_made_is_told_and_the_others_are_made() {
    let mut certificates: Vec<_> = (0..6).map(numbered).collect();
    certificates[2].person.name = "ཀ".to_owned();
    let mut failed = Vec::new();
    let _ = each(&certificates, &FONTS, made(), 2, |at, file| {
        failed.extend(file.err().map(|error| (at, error)));
        ControlFlow::<()>::Continue(())
    });
    assert_eq!(failed, [(2, DocumentError::NoGlyph { characters: vec!['ཀ'] })]);
}
