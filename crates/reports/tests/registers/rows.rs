//! Single rows: what they mean, and what is wrong with them.

use reports::registers::{RegisterError, read_services, read_volunteers};
use rust_xlsxwriter::{Format, Formula, Workbook};

use crate::{HEADERS, data, faults, good, one_service, workbook};

#[test]
fn every_kind_of_error_is_named_with_its_row_and_column() {
    let register = read_services("broken.csv", &data("broken.csv")).unwrap();
    let expected = [
        (4, "姓名", "missing_value"),
        (5, "活动名称", "missing_value"),
        (6, "服务日期", "missing_value"),
        (7, "服务日期", "invalid_date"),
        (8, "服务日期", "invalid_date"),
        (9, "开始时间", "invalid_time"),
        (10, "开始时间", "invalid_time"),
        (11, "结束时间", "end_before_start"),
        (12, "结束时间", "invalid_duration"),
        (13, "服务时长", "duration_mismatch"),
        (14, "服务时长", "invalid_duration"),
        (15, "服务时长", "invalid_duration"),
        (16, "服务时长", "invalid_duration"),
        (17, "服务时长", "invalid_duration"),
        (18, "服务时长", "invalid_duration"),
        (19, "服务时长", "invalid_duration"),
        (20, "服务时长", "missing_value"),
        (21, "服务类别", "missing_value"),
        (22, "", "shifted_cells"),
        (23, "服务日期", "invalid_date"),
        (23, "开始时间", "invalid_time"),
        (23, "服务时长", "invalid_duration"),
        (23, "服务类别", "missing_value"),
        (25, "姓名", "invalid_text"),
        (26, "活动名称", "too_long"),
    ];
    assert_eq!(faults(&register), expected);
    assert_eq!(register.skipped_lines, [24]);
    assert_eq!(register.rows.iter().filter(|row| row.content.is_ok()).count(), 1);
}

#[test]
fn a_mismatch_names_both_lengths() {
    let register =
        one_service("姓名,活动,日期,开始时间,结束时间,时长,类别", "王芳,清洁,2025-10-03,8:30,10:30,2.5,环境");
    let error = &register.rows[0].content.as_ref().unwrap_err()[0];
    assert_eq!(error.message_zh, "起止时间相差 120 分钟，登记的时长是 150 分钟");
    assert_eq!(error.message_en, "the times are 120 minutes apart, and the register says 150 minutes");
    assert_eq!(error.value, "2.5");
}

#[test]
fn a_header_in_minutes_makes_plain_numbers_minutes() {
    let register = one_service("姓名,活动,日期,时长（分钟）,类别", "王芳,清洁,2025-10-03,150,环境");
    assert_eq!(good(&register)[0].minutes, 150);
}

#[test]
fn the_content_stands_in_for_a_title_that_no_column_gives() {
    let register = one_service("编号,服务内容,日期,时长,类别", "hy０００１,上门送药,2025-10-03,1,助老");
    let row = &good(&register)[0];
    assert_eq!((row.title.as_str(), row.number.as_deref()), ("上门送药", Some("HY0001")));
}

#[test]
fn numbered_rows_without_anything_else_are_blank() {
    let register = one_service("序号,姓名,活动,日期,时长,类别", "1,王芳,清洁,2025-10-03,1,环境\n2,,,,,\n3,,,,,");
    assert_eq!(register.rows.len(), 1);
}

#[test]
fn computed_lengths_are_read_and_excel_errors_are_refused() {
    let bytes = workbook(|sheet| {
        sheet.write_row(0, 0, HEADERS).unwrap();
        for (row, result) in [(1, "2.3333333333333335"), (2, "#DIV/0!"), (3, "NaN")] {
            sheet.write_row(row, 0, ["王芳", "清洁", "2025-10-03", "", "环境"]).unwrap();
            sheet.write_formula(row, 3, Formula::new("=140/60").set_result(result)).unwrap();
        }
    });
    let register = read_services("登记表.xlsx", &bytes).unwrap();
    assert_eq!(register.rows[0].content.as_ref().unwrap().minutes, 140);
    assert_eq!(faults(&register), [(3, "服务时长", "faulty_cell"), (4, "服务时长", "invalid_duration")]);
}

#[test]
fn a_merged_activity_counts_for_each_row_and_a_merged_length_for_none() {
    let bytes = workbook(|sheet| {
        sheet.write_row(0, 0, HEADERS).unwrap();
        for (row, name) in [(1, "王芳"), (2, "李明"), (3, "赵敏")] {
            sheet.write_row(row, 0, [name, "", "2025-10-03", "2", "环境"]).unwrap();
        }
        sheet.merge_range(1, 1, 3, 1, "清洁", &Format::new()).unwrap();
        sheet.merge_range(2, 3, 3, 3, "2", &Format::new()).unwrap();
    });
    let register = read_services("登记表.xlsx", &bytes).unwrap();
    assert_eq!(register.rows[0].content.as_ref().unwrap().title, "清洁");
    assert_eq!(faults(&register), [(3, "服务时长", "merged_duration"), (4, "服务时长", "merged_duration")]);
}

#[test]
fn two_sheets_of_registers_are_not_chosen_between() {
    let mut workbook = Workbook::new();
    for name in ["十月", "十一月"] {
        workbook.add_worksheet().set_name(name).unwrap().write_row(0, 0, HEADERS).unwrap();
    }
    let error = read_services("登记表.xlsx", &workbook.save_to_buffer().unwrap()).unwrap_err();
    assert_eq!(error, RegisterError::SeveralSheets { sheets: vec!["十月".into(), "十一月".into()] });
}

#[test]
fn errors_of_volunteers_show_no_identity_number() {
    let text = "姓名,手机号,身份证号,出生日期,同意公开\n\
                王芳,1990000,110105194912310021,2025-02-30,也许\n李明,19900000001,11010519491231002X,1949-12-30,是\n,,,1950-01-01,\n";
    let register = read_volunteers("名册.csv", text.as_bytes()).unwrap();
    let expected = [
        (2, "身份证号", "invalid_id_number"),
        (2, "出生日期", "invalid_date"),
        (2, "同意公开", "invalid_answer"),
        (3, "出生日期", "birth_date_mismatch"),
        (4, "姓名", "missing_value"),
    ];
    assert_eq!(faults(&register), expected);
    assert_eq!(register.rows[0].content.as_ref().unwrap_err()[0].value, "110*************21");
}

#[test]
fn what_is_no_register_says_why() {
    let code = |name: &str, bytes: &[u8]| read_services(name, bytes).unwrap_err().code();
    assert_eq!(code("登记表.csv", b""), "file_empty");
    assert_eq!(code("登记表.csv", b"\n\n ,,\n"), "file_empty");
    assert_eq!(code("登记表.csv", "甲,乙\n一,二\n".as_bytes()), "header_not_found");
    assert_eq!(code("登记表.csv", "姓名,地点\n".as_bytes()), "missing_columns");
    assert_eq!(code("登记表.xls", b"<html>"), "old_or_encrypted_workbook");
    assert_eq!(code("登记表", &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1]), "old_or_encrypted_workbook");
    assert_eq!(code("登记表.xlsx", "姓名,地点".as_bytes()), "unreadable_workbook");
    assert_eq!(code("登记表.csv", &vec![b'a'; 20 * 1024 * 1024 + 1]), "file_too_large");
    assert_eq!(code("登记表.xlsx", &workbook(|_| {})), "file_empty");
    let rows = |count| format!("姓名,活动,日期,时长,类别\n{}", "王芳,清洁,2025-10-03,1,环境\n".repeat(count));
    for count in [100_001, 100_101] {
        assert!(
            read_services("登记表.csv", rows(count).as_bytes()).is_err_and(|error| error.code() == "too_many_rows")
        );
    }
    assert!(read_services("登记表.csv", rows(100_000).as_bytes()).is_ok_and(|register| register.rows.len() == 100_000));
}
