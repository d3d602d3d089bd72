//! Papers of an invented station, as they might come off its printer.

use chrono::NaiveDate;
use reports::documents::certificate::{Certificate, Person, Service};
use reports::documents::table::{Cell, Chart, ChartKind, Column, Kind, Table};
use reports::documents::{Signatures, Stamp};
use rust_decimal::Decimal;

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub fn number(text: &str) -> Decimal {
    text.parse().expect("a number")
}

pub fn signatures() -> Signatures {
    Signatures {
        issuer: "福州市晋安区紫阳社区居民委员会".to_owned(),
        person_in_charge: "陈国华".to_owned(),
        handler: "林䶮".to_owned(),
        contact: "0591-8765 4321".to_owned(),
        date: Some(day("2026-11-22")),
    }
}

const WORK: [(&str, &str); 5] = [
    ("邻里守望", "上门探望独居老人，代购药品，测量血压"),
    ("绿色家园", "楼道清理、垃圾分类桶边督导"),
    ("平安巡防", "夜间巡逻，消防通道检查"),
    ("四点半课堂", "辅导小学生作业（数学、英语）"),
    ("便民服务日", "义务理发、磨刀、修伞"),
];

pub fn certificate(services: usize) -> Certificate {
    let lines = (0..services).map(|at| {
        let (activity, content) = WORK[at % WORK.len()];
        Service {
            date: day("2026-01-05") + chrono::Days::new(at as u64 * 6),
            activity: activity.to_owned(),
            content: content.to_owned(),
            unit: "紫阳志愿服务站".to_owned(),
            hours: Decimal::new(5 * (2 + at as i64 % 5), 1),
        }
    });
    let services: Vec<_> = lines.collect();
    Certificate {
        person: Person {
            name: "欧阳𠮷㛃".to_owned(),
            id_kind: "居民身份证".to_owned(),
            id_number: "3501**********1234".to_owned(),
            volunteer_number: "FZ-ZY-000128".to_owned(),
            more: vec![
                ("所在队伍".to_owned(), "紫阳银龄先锋队".to_owned()),
                ("联系电话".to_owned(), "138****5678".to_owned()),
            ],
        },
        from: day("2026-01-01"),
        until: day("2026-11-20"),
        count: services.len() as u64,
        hours: services.iter().map(|service| service.hours).sum(),
        summary: "邻里守望、垃圾分类宣传、平安巡防、四点半课堂、便民服务日".to_owned(),
        services,
        signatures: signatures(),
        number: "ZY-2026-000317".to_owned(),
        check_code: "7K4P-9XQM".to_owned(),
        verify_url: Some("https://aixin.example.cn/verify/ZY-2026-000317?code=7K4P-9XQM".to_owned()),
        remark: String::new(),
        stamp: Stamp::Original,
    }
}

/// Numbers, dates, texts that would be formulas, and names that few fonts have.
pub fn table(rows: usize) -> Table {
    let names = ["王小明", "欧阳𠮷㛃", "林䶮", "=HYPERLINK(\"http://x\")", "-陈一", "<b>郭 & 黄</b>"];
    let lines = (0..rows).map(|at| {
        vec![
            Cell::from(at as i64 + 1),
            names[at % names.len()].into(),
            format!("紫阳第{}网格", at % 4 + 1).into(),
            (day("2026-03-01") + chrono::Days::new(at as u64)).into(),
            Decimal::new(1250 - 35 * at as i64, 1).into(),
            if at % 5 == 4 { Cell::Blank } else { Cell::from(at as i64 * 7 - 10) },
            "参加社区志愿服务，表现突出；经核实无投诉".into(),
        ]
    });
    let rows: Vec<_> = lines.collect();
    let total = vec![
        Cell::Blank,
        format!("合计 {} 人", rows.len()).into(),
        Cell::Blank,
        Cell::Blank,
        number("4321.5").into(),
        Cell::from(99),
        Cell::Blank,
    ];
    let column = |title: &str, kind| Column::new(title, kind);
    Table {
        title: "2026年志愿服务时长统计表".to_owned(),
        subtitles: vec!["紫阳志愿服务站　统计期间：2026年1月1日至2026年11月20日".to_owned()],
        columns: vec![
            column("序号", Kind::Number { places: 0 }),
            column("姓名", Kind::Text),
            column("网格", Kind::Text),
            column("登记日期", Kind::Date),
            column("时长（小时）", Kind::Number { places: 1 }),
            column("积分增减", Kind::Number { places: 0 }),
            column("备注", Kind::Text),
        ],
        rows,
        total: Some(total),
        notes: vec!["说明：时长按实际服务时间记录，补录的时长不计入排名。".to_owned()],
        charts: vec![Chart { kind: ChartKind::Bars, title: "时长".to_owned(), names: 1, values: vec![4] }],
        signatures: Some(signatures()),
    }
}
