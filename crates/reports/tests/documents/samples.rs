//! Papers of an invented station, as they might come off its printer.

use chrono::NaiveDate;
use reports::documents::campaign::{Campaign, Margins};
use reports::documents::card::Card;
use reports::documents::certificate::{Certificate, Person, Service};
use reports::documents::passbook::{Passbook, PassbookLine};
use reports::documents::poster::{Poster, PosterEntry};
use reports::documents::ranking::{GroupRow, Groups, Ranked, Ranking, RankingRow};
use reports::documents::slip::{Slip, SlipItem, SlipPaper};
use reports::documents::table::{Cell, Chart, ChartKind, Column, Kind, Table};
use reports::documents::template::{Fields, Template};
use reports::documents::{Signatures, Stamp};
use reports::layout::Picture;
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

pub fn fields() -> Fields {
    let fields = [
        ("name", "欧阳𠮷㛃"),
        ("organisation", "紫阳志愿服务站"),
        ("sessions", "38"),
        ("hours", "126.5"),
        ("activities", "邻里守望、平安巡防、四点半课堂"),
    ];
    fields.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

pub fn campaign(background: Option<Picture>) -> Campaign {
    Campaign {
        heading: "荣誉证书".to_owned(),
        subheading: "2026年防汛抗台志愿服务".to_owned(),
        text: Template::parse(
            "在2026年防汛抗台志愿服务中，您不惧风雨、守望相助，参加巡查值守和物资转运 {sessions} 次，\
             累计服务 {hours} 小时，表现突出。特发此证，以资鼓励。",
        )
        .expect("a template"),
        issuers: vec!["福州市晋安区紫阳街道办事处".to_owned(), "紫阳社区志愿服务站".to_owned()],
        date: day("2026-09-24"),
        background,
        margins: Margins::default(),
    }
}

pub fn card(at: usize) -> Card {
    let names = ["林小燕", "欧阳𠮷㛃", "买买提·阿不都热合曼·艾力", "陈䶮"];
    Card {
        organisation: "紫阳志愿服务站".to_owned(),
        name: names[at % names.len()].to_owned(),
        volunteer_number: format!("FZ-ZY-{at:06}"),
        more: vec![
            ("队伍".to_owned(), "银龄先锋队".to_owned()),
            ("网格".to_owned(), "紫阳第1网格".to_owned()),
            ("有效期至".to_owned(), "2028-12-31".to_owned()),
        ],
        code: format!("AX1.{at:026}"),
        photo: None,
    }
}

pub fn passbook() -> Passbook {
    let line = |date, text: &str, hours: Option<&str>, points_in: Option<&str>, points_out: Option<&str>, balance| {
        PassbookLine {
            date: day(date),
            text: text.to_owned(),
            hours: hours.map(number),
            points_in: points_in.map(number),
            points_out: points_out.map(number),
            balance: number(balance),
        }
    };
    Passbook {
        organisation: "福州市晋安区紫阳社区志愿服务站".to_owned(),
        name: "欧阳𠮷㛃".to_owned(),
        volunteer_number: "FZ-ZY-000128".to_owned(),
        more: vec![("所在队伍".to_owned(), "银龄先锋队".to_owned()), ("星级".to_owned(), "二星级".to_owned())],
        from: day("2026-01-01"),
        until: day("2026-03-31"),
        opening: number("210.5"),
        closing: number("188"),
        total_hours: number("326.5"),
        places: 1,
        lines: vec![
            line("2026-01-05", "服务：邻里守望，上门探望独居老人", Some("2.5"), Some("25"), None, "235.5"),
            line("2026-01-18", "服务：平安巡防（节假日加成 1.5 倍）", Some("2"), Some("30"), None, "265.5"),
            line("2026-02-01", "培训：急救知识", None, Some("10"), None, "275.5"),
            line("2026-02-10", "兑换：大豆油 5L", None, None, Some("120"), "155.5"),
            line("2026-03-12", "服务：植树节绿色家园", Some("3.5"), Some("35"), None, "190.5"),
            line("2026-03-31", "到期：2025年3月取得的积分", None, None, Some("2.5"), "188"),
        ],
        evidence: "数据截至账本第 18342 笔，根哈希 9f86d081884c7d659a2feaa0c55ad015。".to_owned(),
        stamp: Stamp::Original,
    }
}

pub fn ranking(rows: usize) -> Ranking {
    let names = ["林*燕", "陈*华", "欧阳*", "黄*", "郑*明"];
    let rows = (0..rows).map(|at| RankingRow {
        rank: at as u32 + 1 - u32::from(at == 2),
        name: names[at % names.len()].to_owned(),
        volunteer_number: format!("FZ-ZY-{:06}", at * 7 + 101),
        team: ["银龄先锋队", "四点半课堂队", "平安巡防队"][at % 3].to_owned(),
        grid: format!("第{}网格", at % 4 + 1),
        hours: Decimal::new(3125 - 85 * at as i64, 1),
        sessions: 60 - at as u64,
        points: Decimal::new(8800 - 240 * at as i64, 1),
        rating: (at % 4 != 3).then(|| Decimal::new(49 - at as i64 % 5, 1)),
        note: if at == 0 { "五星志愿者".to_owned() } else { String::new() },
    });
    Ranking {
        title: "2026年度优秀志愿者排名表".to_owned(),
        subtitles: vec!["紫阳社区志愿服务站　评选期间：2025年12月1日至2026年11月30日".to_owned()],
        state: String::new(),
        rule: "规则版本 3：服务满 20 小时且不少于 5 次者入列；先比时长，再比次数、评价；相同者并列。".to_owned(),
        rows: Ranked::Volunteers(rows.collect()),
        places: 1,
        ledger_sequence: 18342,
        root_hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        notes: vec!["公示期：2026年12月1日至12月7日。有异议者请向社区居委会反映，电话 0591-8765 4321。".to_owned()],
        signatures: Signatures { contact: String::new(), ..signatures() },
    }
}

/// 优秀网格, by hours for each member.
pub fn grids(rows: usize) -> Ranking {
    let rows = (0..rows).map(|at| GroupRow {
        rank: at as u32 + 1 - u32::from(at == 2),
        name: format!("滨河第{}网格", at + 1),
        code: format!("grid-{}", at + 1),
        above: ["紫阳社区", "福新社区"][at % 2].to_owned(),
        members: 48 - at as u64,
        participants: 31 - at as u64,
        participation: (at % 5 != 4).then(|| Decimal::new(6458 - 75 * at as i64, 2)),
        hours: Decimal::new(12850 - 450 * at as i64, 1),
        sessions: 412 - 9 * at as u64,
        points: Decimal::new(128_500 - 4500 * at as i64, 1),
        per_member: Some(Decimal::new(2677 - 61 * at as i64, 2)),
        rating: (at % 4 != 3).then(|| Decimal::new(49 - at as i64 % 5, 1)),
        note: String::new(),
    });
    let groups = Groups {
        title: "单位".to_owned(),
        counted: "个单位".to_owned(),
        per_member: "人均时长（小时）".to_owned(),
        rows: rows.collect(),
    };
    let rule = "规则版本 2：按人均服务时长排序，以未取整的数值比较，数值相同名次相同（1、2、2、4）。".to_owned();
    Ranking { title: "2026年度优秀网格名单".to_owned(), rule, rows: Ranked::Groups(groups), ..ranking(0) }
}

pub fn poster(entries: usize, large: bool) -> Poster {
    let names = ["林*燕", "欧阳*", "陈*华", "买买提·阿不*", "黄*"];
    let entries = (0..entries).map(|at| PosterEntry {
        rank: at as u32 + 1,
        name: names[at % names.len()].to_owned(),
        group: ["银龄先锋队", "四点半课堂队", "平安巡防队"][at % 3].to_owned(),
        amount: format!("{} 小时", Decimal::new(3125 - 85 * at as i64, 1)),
    });
    Poster {
        title: "2026年度优秀志愿者".to_owned(),
        subtitle: "参加志愿服务，就是给自己的爱心账户储值".to_owned(),
        entries: entries.collect(),
        footer: vec![
            "紫阳社区志愿服务站　2026年12月".to_owned(),
            "按服务时长排名，规则版本 3；数据截至账本第 18342 笔".to_owned(),
        ],
        large,
    }
}

pub fn slip(paper: SlipPaper) -> Slip {
    let item = |name: &str, quantity: &str, price: &str| SlipItem {
        name: name.to_owned(),
        quantity: quantity.to_owned(),
        price: price.to_owned(),
    };
    let amounts = [("合计", "120.0 分"), ("兑换前余额", "275.5 分"), ("兑换后余额", "155.5 分")];
    Slip {
        station: "紫阳社区志愿服务站".to_owned(),
        title: "兑换凭单".to_owned(),
        number: "DH-20260210-0042".to_owned(),
        at: day("2026-02-10").and_hms_opt(9, 41, 0).expect("a time"),
        name: "欧阳*".to_owned(),
        items: vec![
            item("大豆油 5L", "1 桶", "100.0 分"),
            item("义务理发（预约 2 月 12 日上午 第 7 号）", "1 次", "20.0 分"),
        ],
        amounts: amounts.map(|(label, amount)| (label.to_owned(), amount.to_owned())).into(),
        pickup_code: "7315".to_owned(),
        code: Some("AX1.EXCHANGE.0190a3c2".to_owned()),
        handler: "林䶮".to_owned(),
        notes: vec!["请当面点清。凭本单或取货码领取，7 日内有效。".to_owned()],
        reprint: false,
        paper,
    }
}
