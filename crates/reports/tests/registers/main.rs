//! Registers as files.

#![allow(clippy::unwrap_used)]

mod hostile;
mod rows;
mod samples;

use std::path::Path;

use reports::registers::{Register, ServiceRow, read_services};
use rust_xlsxwriter::{Workbook, Worksheet};

/// The columns that every register of service has.
pub const HEADERS: [&str; 5] = ["姓名", "活动名称", "服务日期", "服务时长", "服务类别"];

pub fn data(file: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/registers").join(file)).unwrap()
}

/// A workbook of one sheet.
pub fn workbook(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet());
    workbook.save_to_buffer().unwrap()
}

pub fn good<R: Clone>(register: &Register<R>) -> Vec<R> {
    register
        .rows
        .iter()
        .map(|row| row.content.clone().unwrap_or_else(|errors| panic!("{}: {errors:?}", row.line)))
        .collect()
}

/// Line, column and code of every error.
pub fn faults<R>(register: &Register<R>) -> Vec<(u32, &str, &str)> {
    let mut faults = Vec::new();
    for row in &register.rows {
        for error in row.content.as_ref().err().into_iter().flatten() {
            faults.push((row.line, error.column.as_str(), error.code));
        }
    }
    faults
}

pub fn one_service(header: &str, row: &str) -> Register<ServiceRow> {
    read_services("登记表.csv", format!("{header}\n{row}\n").as_bytes()).unwrap()
}
