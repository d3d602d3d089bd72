//! Makes the registers under `tests/data/registers`, the same bytes each time:
//! `cargo run -p reports --example make_registers [FOLDER]`.
//!
//! All people are invented. The notations vary from row to row on purpose, as in registers that many hands
//! keep; what each row means is decided before it is written down, and the sums are printed.

mod duties;
mod notation;
mod people;

use std::error::Error;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet};

use duties::{Duty, emergency, total, waste_sorting};
use notation::{clock, hours, spaced, written_date, written_length, written_time};
use people::{Person, Random, TEAM_SIZE, people};

// As tests/data/schemes/haiyue.toml names them.
const ENVIRONMENT: &str = "垃圾分类与环境";
const EMERGENCY: &str = "应急支援";
const UNIT: &str = "海悦居民区志愿服务站";

const HEADERS: [&str; 13] = [
    "序号",
    "姓名",
    "志愿者编号",
    "活动名称",
    "服务日期",
    "开始时间",
    "结束时间",
    "服务时长",
    "服务类别",
    "地点",
    "组织单位",
    "负责人",
    "备注",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = match std::env::args().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/registers"),
    };
    let mut random = Random(20_250_701);
    let people = people(&mut random);
    write_volunteers(&folder, &people)?;
    let duties = waste_sorting(&mut random);
    write_waste_sorting(&folder, &people, &duties)?;
    print_sums("waste-sorting-2025-q4.xlsx", &duties);
    let duties = emergency(&mut random);
    write_emergency(&folder, &people, &duties)?;
    print_sums("emergency-2022-04.csv", &duties);
    Ok(())
}

fn write_volunteers(folder: &Path, people: &[Person]) -> Result<(), Box<dyn Error>> {
    let headers = ["志愿者编号", "姓名", "性别", "手机号", "出生日期", "所属网格", "队伍", "特长", "同意公开"];
    let mut workbook = workbook()?;
    let sheet = workbook.add_worksheet();
    sheet.set_name("志愿者名册")?.merge_range(0, 0, 0, 8, "山阳镇海悦居民区志愿者名册", &title_format())?;
    sheet.write_row(1, 0, headers)?;
    let date_format = Format::new().set_num_format("yyyy-mm-dd");
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    csv.write_record(headers)?;
    for (row, person) in (2..).zip(people) {
        let consents = if person.consents { "是" } else { "否" };
        let (number, name, born_on) = (&person.number, &person.name, person.born_on);
        let texts = [number, name, person.sex, &person.phone, "", person.grid, person.team, person.skills, consents];
        sheet.write_row(row, 0, texts)?;
        sheet.write_with_format(row, 4, &born_on, &date_format)?;
        let mut record = texts.map(str::to_owned);
        record[4] = born_on.to_string();
        csv.write_record(&record)?;
    }
    workbook.save(folder.join("volunteers-haiyue.xlsx"))?;
    let text = String::from_utf8(csv.into_inner()?)?;
    std::fs::write(folder.join("volunteers-haiyue.csv"), format!("\u{FEFF}{text}"))?;
    Ok(())
}

fn write_waste_sorting(folder: &Path, people: &[Person], duties: &[Duty]) -> Result<(), Box<dyn Error>> {
    let mut workbook = workbook()?;
    let sheet = workbook.add_worksheet();
    let title = "山阳镇海悦居民区志愿服务登记表（2025年第四季度 垃圾分类志愿队）";
    sheet.set_name("第四季度")?.merge_range(0, 0, 0, 12, title, &title_format())?;
    sheet.write_row(1, 0, HEADERS)?;
    let mut row = 2;
    for (at, duty) in duties.iter().enumerate() {
        write_waste_sorting_row(sheet, row, at, &people[duty.person], duty, &people[0].name)?;
        row += 1;
    }
    sheet.write(row, 0, "合 计")?;
    sheet.write(row, 7, format!("{}人次，{}", duties.len(), written_length(total(duties), 1)))?;
    sheet.write(row + 2, 0, format!("填表人：{}　　审核人：{}", people[0].name, people[1].name))?;
    let notes = workbook.add_worksheet().set_name("填表说明")?;
    notes.write(0, 0, "时长按实际服务时间填写，以小时为单位。")?;
    workbook.save(folder.join("waste-sorting-2025-q4.xlsx"))?;
    Ok(())
}

/// One row. `at` decides how it is noted down.
fn write_waste_sorting_row(
    sheet: &mut Worksheet,
    row: u32,
    at: usize,
    person: &Person,
    duty: &Duty,
    leader: &str,
) -> Result<(), Box<dyn Error>> {
    let name = spaced(&person.name, at);
    sheet.write(row, 0, u32::try_from(at + 1)?)?;
    sheet.write_row(row, 1, [name.as_str(), &person.number, duty.title])?;
    match at % 5 {
        style @ (3 | 4) => sheet.write(row, 4, written_date(duty.date, style))?,
        _ => sheet.write_with_format(row, 4, &duty.date, &Format::new().set_num_format("yyyy/m/d"))?,
    };
    // One row in seven gives the length alone, one in eleven the times alone.
    for (column, minutes) in [(5, duty.start), (6, duty.end)].into_iter().filter(|_| at % 7 != 6) {
        match at % 4 {
            0 => sheet.write(row, column, written_time(minutes, at / 4))?,
            _ => sheet.write_with_format(row, column, &clock(minutes), &Format::new().set_num_format("h:mm"))?,
        };
    }
    let length = duty.end - duty.start;
    if at % 7 == 6 || at % 11 != 10 {
        match at % 6 {
            0 | 1 => sheet.write(row, 7, hours(length).to_string().parse::<f64>()?)?,
            2 => sheet.write_with_format(row, 7, &clock(length), &Format::new().set_num_format("[h]:mm"))?,
            _ => sheet.write(row, 7, written_length(length, at / 6))?,
        };
    }
    sheet.write_row(row, 8, [ENVIRONMENT, &duty.place, UNIT, leader, duty.remark])?;
    Ok(())
}

fn write_emergency(folder: &Path, people: &[Person], duties: &[Duty]) -> Result<(), Box<dyn Error>> {
    let mut csv = csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    csv.write_record(["2022年4月海悦居民区应急志愿服务登记表", "", "", "", "", ""])?;
    csv.write_record([&format!("填报单位：{UNIT}"), "", "", "", "", ""])?;
    csv.write_record(["", "", "", "", "", ""])?;
    csv.write_record([
        "日期",
        "志愿者编号",
        "姓名",
        "活动",
        "开始时间",
        "结束时间",
        "时长(小时)",
        "类别",
        "服务地点",
        "组织单位",
        "负责人",
        "备注",
    ])?;
    for (at, duty) in duties.iter().enumerate() {
        let person = &people[duty.person];
        let length = written_length(duty.end - duty.start, if at % 3 == 0 { at / 3 } else { 0 });
        let in_charge = &people[TEAM_SIZE + duty.title.len() % 5].name;
        csv.write_record([
            &written_date(duty.date, at / 40),
            &person.number,
            &spaced(&person.name, at),
            duty.title,
            &written_time(duty.start, at / 9),
            &written_time(duty.end, at / 9),
            &length,
            EMERGENCY,
            &duty.place,
            UNIT,
            in_charge,
            duty.remark,
        ])?;
    }
    let sum = format!("{}人次 {}", duties.len(), written_length(total(duties), 1));
    csv.write_record(["合计：", "", "", "", "", "", &sum, "", "", "", "", ""])?;
    let text = String::from_utf8(csv.into_inner()?)?;
    let (bytes, _, has_unmappable) = encoding_rs::GB18030.encode(&text);
    assert!(!has_unmappable, "GB18030 holds every character");
    std::fs::write(folder.join("emergency-2022-04.csv"), bytes)?;
    Ok(())
}

fn workbook() -> Result<Workbook, Box<dyn Error>> {
    let mut workbook = Workbook::new();
    // Otherwise the moment of making it would be written into the file.
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2026, 1, 5)?));
    Ok(workbook)
}

fn title_format() -> Format {
    Format::new().set_bold().set_align(FormatAlign::Center)
}

fn print_sums(file: &str, duties: &[Duty]) {
    let people: std::collections::BTreeSet<usize> = duties.iter().map(|duty| duty.person).collect();
    println!("{file}: {} rows, {} minutes, {} people", duties.len(), total(duties), people.len());
}
