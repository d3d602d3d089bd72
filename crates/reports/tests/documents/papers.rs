//! Letters, cards, passbooks, rankings, posters, slips, and certificates of campaigns.

use reports::documents::campaign::{CampaignCertificate, Margins};
use reports::documents::card::Cards;
use reports::documents::letter::LetterForm;
use reports::documents::slip::{self, Slip, SlipPaper};
use reports::documents::template::Template;
use reports::documents::{Document, Stamp, pdf};
use reports::formats::csv::csv;
use reports::layout::{DocumentError, Picture};

use crate::rendering::{FONTS, file, letters, looks_as_before, made, pages, paper, text};
use crate::samples::{campaign, card, day, fields, grids, passbook, poster, ranking, signatures, slip, table};

const LETTER: &str = "感谢信\n尊敬的{name}同志：\n\
    2026年以来，您参加{organisation}组织的志愿服务 {sessions} 次，累计服务 {hours} 小时，先后投身{activities}，\
    用行动诠释了“奉献、友爱、互助、进步”的志愿精神，得到居民的一致好评。\n\
    谨向您以及一直支持您的家人，致以衷心的感谢和崇高的敬意！愿您一如既往，与我们一道把社区建设得更加温暖。\n\
    此致\n敬礼！";

#[test]
fn a_letter_of_thanks_is_addressed_by_name() {
    let form = LetterForm::parse(LETTER).unwrap();
    form.check(&["name", "organisation", "sessions", "hours", "activities"]).unwrap();
    let letter = form.fill(&fields(), signatures()).unwrap();
    assert_eq!(letter.title(), "感谢信 尊敬的欧阳𠮷㛃同志");
    let path = file("letter", &letter);
    looks_as_before(&path, 1);
    assert_eq!(pages(&path), 1);
    assert!(letters(&path).contains("尊敬的欧阳𠮷㛃同志：2026年以来，您参加紫阳志愿服务站组织的志愿服务38次"));
}

#[test]
fn a_letter_to_a_unit_lists_its_members_on_the_pages_after_it() {
    let form = LetterForm::parse("感谢信\n{unit}：\n贵单位 {members} 名党员到社区报到。").unwrap();
    let unit = [("unit".to_owned(), "晋安区税务局".to_owned()), ("members".to_owned(), "26".to_owned())].into();
    let mut letter = form.fill(&unit, signatures()).unwrap();
    letter.attachment = Some(table(4));
    let path = file("letter-unit", &letter);
    assert_eq!(pages(&path), 2);
    assert!(letters(&path).contains("晋安区税务局：贵单位26名党员到社区报到。"));
}

#[test]
fn a_letter_whose_template_names_an_unknown_field_is_not_written() {
    let form = LetterForm::parse("感谢信\n{nmae}同志：").unwrap();
    let error = form.fill(&fields(), signatures()).unwrap_err();
    assert!(matches!(error, DocumentError::UnknownField { field, .. } if field == "nmae"));
}

#[test]
fn a_campaign_certificate_has_a_border_or_the_picture_of_the_campaign() {
    let plain = campaign(None);
    let certificate = CampaignCertificate {
        campaign: &plain,
        recipient: "欧阳𠮷㛃 同志".to_owned(),
        fields: fields(),
        number: "KY-2026-0024".to_owned(),
        verify_url: Some("https://aixin.example.cn/verify/KY-2026-0024".to_owned()),
        stamp: Stamp::Original,
    };
    let path = file("campaign", &certificate);
    looks_as_before(&path, 1);
    let text = letters(&path);
    for part in ["荣誉证书", "欧阳𠮷㛃同志：", "累计服务126.5小时", "证书编号：KY-2026-0024"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }

    let picture = Picture::read(skyline()).unwrap();
    assert_eq!(picture.size(), (297, 210));
    let painted = campaign(Some(picture));
    let path = file("campaign-picture", &CampaignCertificate { campaign: &painted, ..certificate.clone() });
    looks_as_before(&path, 1);

    let mut long = campaign(None);
    long.text = Template::parse(&"很长的话。".repeat(200)).unwrap();
    let error = pdf(&CampaignCertificate { campaign: &long, ..certificate }, &FONTS, made()).unwrap_err();
    assert_eq!(error, DocumentError::TooLong { what: "the text of the certificate" });
    assert_eq!(plain.margins, Margins::default());
}

/// A picture of 297 by 210 dots, green below and light above, with a red ribbon.
fn skyline() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 297, 210);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    let dots: Vec<u8> = (0..210_u32)
        .flat_map(|y| (0..297_u32).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            let roof = 188 + (x / 27 * 7) % 15;
            if y < 9 {
                [0xc0, 0x10, 0x1e]
            } else if y > roof {
                [0x9d, 0xc8, 0xa4]
            } else {
                [0xfb, 0xfd, 0xf6]
            }
        })
        .collect();
    writer.write_image_data(&dots).expect("as many dots as the header says");
    writer.finish().expect("a whole picture");
    file
}

#[test]
fn what_is_no_picture_is_refused() {
    for bytes in [&b"GIF89a"[..], b"", b"\x89PNG\r\n\x1a\n"] {
        assert!(matches!(Picture::read(bytes.to_vec()), Err(DocumentError::Picture { .. })));
    }
}

#[test]
fn a_picture_that_is_cut_off_is_an_error_and_no_panic() {
    let mut bytes = skyline();
    bytes.truncate(bytes.len() / 2);
    let refused = Picture::read(bytes).and_then(|picture| {
        let torn = campaign(Some(picture));
        let certificate = CampaignCertificate {
            campaign: &torn,
            recipient: "林䶮 同志".to_owned(),
            fields: fields(),
            number: "1".to_owned(),
            verify_url: None,
            stamp: Stamp::Original,
        };
        pdf(&certificate, &FONTS, made())
    });
    assert!(matches!(refused, Err(DocumentError::Picture { .. } | DocumentError::Write { .. })), "{refused:?}");
}

#[test]
fn cards_are_of_the_size_of_a_bank_card_and_ten_to_a_sheet() {
    let single = file("card", &card(0));
    assert_eq!(paper(&single), (243, 153));
    looks_as_before(&single, 1);
    let path = file("cards", &Cards { cards: (0..13).map(card).collect() });
    assert_eq!(pages(&path), 2);
    looks_as_before(&path, 1);
    let text = letters(&path);
    assert_eq!(text.matches("志愿者证").count(), 13);
    assert!(text.contains("FZ-ZY-000012"));
}

#[test]
fn a_passbook_shows_the_balance_after_each_line() {
    let path = file("passbook", &passbook());
    looks_as_before(&path, 1);
    let text = text(&path);
    let line = text.lines().find(|line| line.contains("兑换：大豆油")).unwrap();
    let cells: Vec<_> = line.split_whitespace().collect();
    assert_eq!(cells, ["2026-02-10", "兑换：大豆油", "5L", "120.0", "155.5"]);
    let letters = letters(&path);
    assert!(letters.contains("上期结余") && letters.contains("本期合计") && letters.contains("根哈希"), "{letters}");
    assert!(csv(&passbook().table()).unwrap().starts_with("\u{feff}日期,摘要".as_bytes()));
}

#[test]
fn a_ranking_says_by_which_rules_and_out_of_what_it_was_made() {
    let mut sample = ranking(24);
    let path = file("ranking", &sample);
    looks_as_before(&path, 1);
    let text = letters(&path);
    for part in ["2026年度优秀志愿者排名表", "规则版本3", "账本第18342笔", "9f86d081", "合计24人", "陈国华"]
    {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("公示稿"));
    sample.state = "公示稿".to_owned();
    let draft = file("ranking-draft", &sample);
    looks_as_before(&draft, 1);
    let table = String::from_utf8(csv(&sample.table()).unwrap()).unwrap();
    assert!(table.contains("\r\n1,林*燕,FZ-ZY-000101,银龄先锋队,第1网格,312.5,60,880.0,4.9,"), "{table}");
}

#[test]
fn a_ranking_of_units_has_their_members_and_what_falls_to_each() {
    let sample = grids(9);
    let path = file("ranking-grids", &sample);
    looks_as_before(&path, 1);
    assert_eq!((pages(&path), paper(&path)), (1, (842, 595)));
    let text = letters(&path);
    for part in ["2026年度优秀网格名单", "滨河第9网格", "参与率", "人均时长", "合计9个单位", "账本第18342笔"]
    {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let table = String::from_utf8(csv(&sample.table()).unwrap()).unwrap();
    let first = "\r\n1,滨河第1网格,grid-1,紫阳社区,48,31,64.58,1285.0,412,12850.0,26.77,4.9,";
    assert!(table.contains(first), "{table}");
    assert!(table.contains("grid-5,紫阳社区,44,27,,"), "without a share the cell is empty: {table}");
}

#[test]
fn a_poster_shows_the_first_three_and_then_the_others() {
    let path = file("poster", &poster(21, false));
    looks_as_before(&path, 1);
    assert_eq!(paper(&path), (595, 842));
    let large = file("poster-large", &poster(33, true));
    assert_eq!(paper(&large), (842, 1191));
    looks_as_before(&large, 1);
    assert_eq!(letters(&large).matches("小时").count(), 33);
    let error = pdf(&poster(34, false), &FONTS, made()).unwrap_err();
    assert!(matches!(error, DocumentError::TooLong { .. }));
}

#[test]
fn a_slip_is_as_wide_as_its_roll_and_as_long_as_its_text() {
    let narrow = file("slip-58", &slip(SlipPaper::Mm58));
    looks_as_before(&narrow, 1);
    let wide = file("slip-80", &Slip { reprint: true, ..slip(SlipPaper::Mm80) });
    looks_as_before(&wide, 1);
    assert_eq!((paper(&narrow).0, paper(&wide).0), (164, 227));
    assert!(paper(&narrow).1 < 700);
    let text = letters(&narrow);
    for part in ["兑换凭单", "大豆油5L", "兑换后余额155.5分", "取货码", "7315"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("补打"));
    assert!(letters(&wide).contains("补打"));
}

#[test]
fn a_slip_for_a_browser_is_escaped_and_prints_on_the_same_roll() {
    let mut evil = Slip { reprint: true, ..slip(SlipPaper::Mm58) };
    evil.items[0].name = "<img src=x onerror=alert(1)>".to_owned();
    evil.notes.push("</body>".to_owned());
    let page = slip::html(&evil).unwrap();
    assert!(!page.contains("<img") && page.matches("</body>").count() == 1, "{page}");
    assert!(page.contains("@page { size: 58mm 1") && page.contains("补打") && page.contains("<svg"));
    assert!(!slip::html(&slip(SlipPaper::Mm58)).unwrap().contains("补打"));
}

#[test]
fn a_code_that_is_longer_than_a_qr_code_holds_is_refused() {
    let mut long = slip(SlipPaper::Mm58);
    long.code = Some("长".repeat(2000));
    let error = DocumentError::LongCode { bytes: 6000 };
    assert_eq!(pdf(&long, &FONTS, made()).unwrap_err(), error);
    assert_eq!(slip::html(&long).unwrap_err(), error);
}

#[test]
fn a_date_is_written_as_in_running_text() {
    assert_eq!(reports::documents::chinese_date(day("2026-01-05")), "2026年1月5日");
}
