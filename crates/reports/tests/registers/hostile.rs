//! Files that are damaged, oversized, or no registers at all.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;
use reports::registers::{RegisterError, read_services, read_volunteers};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::{HEADERS, data, good, one_service, workbook};

/// An archive of some parts, which claims to be a workbook.
fn archive(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive.start_file(name, SimpleFileOptions::default().compression_level(Some(1))).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        part.read_to_end(&mut content).unwrap();
        parts.push((part.name().unwrap().into_owned(), content));
    }
    parts
}

#[test]
fn a_small_workbook_that_unpacks_to_a_large_one_is_refused() {
    let unpacked = archive(&[("xl/worksheets/sheet1.xml".to_owned(), vec![b' '; 130 * 1024 * 1024])]);
    assert!(unpacked.len() < 2 * 1024 * 1024);
    assert_eq!(read_services("登记表.xlsx", &unpacked), Err(RegisterError::TooMuchContent));
    let claim = br#"<sst uniqueCount="99999999999999">"#.to_vec();
    let claimed = archive(&[("xl/sharedStrings.xml".to_owned(), claim)]);
    assert_eq!(read_services("登记表.xlsx", &claimed), Err(RegisterError::TooMuchContent));
}

#[test]
fn a_workbook_cut_short_or_damaged_is_an_error_and_no_panic() {
    let whole = data("waste-sorting-2025-q4.xlsx");
    for length in (0..whole.len()).step_by(997) {
        assert!(read_services("登记表.xlsx", &whole[..length]).is_err(), "{length}");
    }
    for at in (0..whole.len()).step_by(499) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let _ = read_services("登记表.xlsx", &damaged);
    }
}

#[test]
fn a_workbook_whose_parts_say_nonsense_is_no_panic() {
    let whole = parts(&workbook(|sheet| {
        sheet.write_row(0, 0, HEADERS).unwrap();
        sheet.write_row(1, 0, ["王芳", "清洁", "2025-10-03", "2", "环境"]).unwrap();
        sheet.write(2, 3, 2.5).unwrap();
    }));
    assert!(read_services("登记表.xlsx", &archive(&whole)).is_ok());
    for part in 0..whole.len() {
        for at in (0..whole[part].1.len()).step_by(127) {
            for byte in [b'9', b'<', b'"', 0xFF] {
                let mut damaged = whole.clone();
                damaged[part].1[at] = byte;
                let _ = read_services("登记表.xlsx", &archive(&damaged));
            }
        }
    }
}

/// Pieces from which registers, and what only looks like them, are made.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "姓名",
        "服务日期",
        "服务时长",
        "服务类别",
        "活动名称",
        "开始时间",
        "结束时间",
        ",",
        ",",
        ",",
        "\n",
        "\n",
        "\t",
        "\"",
        "合计",
        "2025-10-03",
        "2022-02-30",
        "８：３０",
        "下午2点半",
        "2小时30分",
        "半",
        "-",
        ".",
        "1e400",
        "NaN",
        "99999999999999999999",
        "十",
        "时",
        "分",
        "年",
        "月",
        "24:00",
        "\u{0}",
        "𠮷",
        "\u{FEFF}",
    ];
    prop_oneof![4 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), zip in any::<bool>()) {
        let bytes = if zip { [b"PK\x03\x04".as_slice(), &bytes].concat() } else { bytes };
        let _ = read_services("登记表", &bytes);
        let _ = read_volunteers("名册", &bytes);
    }

    #[test]
    fn no_text_makes_it_panic(pieces in prop::collection::vec(piece(), 0..200)) {
        let header = "姓名,活动名称,服务日期,开始时间,结束时间,服务时长,服务类别\n";
        let text = format!("{header}{}", pieces.concat());
        for content in read_services("登记表.csv", text.as_bytes()).into_iter().flat_map(|register| register.rows) {
            if let Ok(row) = content.content {
                prop_assert!((1..=1440).contains(&row.minutes));
                prop_assert!(row.name.is_some() || row.number.is_some());
            }
        }
    }

    #[test]
    fn any_minutes_survive_any_notation(minutes in 1_i64..=1440, style in 0..4) {
        let length = match style {
            0 => format!("{minutes}分钟"),
            1 => format!("{}:{:02}", minutes / 60, minutes % 60),
            2 => format!("{}小时{}分", minutes / 60, minutes % 60),
            _ => format!("{}h{}m", minutes / 60, minutes % 60),
        };
        let register = one_service("姓名,活动,日期,时长,类别", &format!("王芳,清洁,2025-10-03,{length},环境"));
        prop_assert_eq!(good(&register)[0].minutes, minutes);
    }
}
