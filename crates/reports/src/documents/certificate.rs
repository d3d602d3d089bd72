//! 志愿服务记录证明: what a volunteer has done, certified by those who recorded it.
//!
//! The four groups are those of 民发〔2015〕149号: person, service, issuer, certificate. Order 67 of the
//! Ministry of Civil Affairs asks for time, content and recording unit (Art. 14–15) and that the paper
//! can be verified (Art. 17): hence the check code and the QR code.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::fonts::Fonts;
use crate::layout::{Align, Block, DocumentError, Entry, Flow, Frame, Grid, Group, Ink, Sheet, Style, mm, share};

use super::office::{SIGNATURE_HEIGHT, foot, heading, signatures};
use super::table::{Cell, Kind};
use super::{Document, Signatures, Stamp, chinese_date};

/// A certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    pub person: Person,
    /// First and last day that it certifies.
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// How many services, and their hours as they are to be shown (`126.5`).
    pub count: u64,
    pub hours: Decimal,
    /// What was done, in a few words.
    pub summary: String,
    /// The services one by one; on further pages if there are many, and left out if there are none.
    pub services: Vec<Service>,
    pub signatures: Signatures,
    /// 证明编号.
    pub number: String,
    /// With the number it lets anybody verify the certificate.
    pub check_code: String,
    /// Where; printed, and as a QR code.
    pub verify_url: Option<String>,
    /// Other things the issuer states. Empty: 无.
    pub remark: String,
    pub stamp: Stamp,
}

/// Whom it is about, each text as it is to be shown: masked by the caller where it must be.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Person {
    pub name: String,
    /// Such as 居民身份证. Empty: no document is shown.
    pub id_kind: String,
    /// Such as `3501**********1234`.
    pub id_number: String,
    pub volunteer_number: String,
    /// Anything else, label and value: 所在队伍, 联系电话.
    pub more: Vec<(String, String)>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub date: NaiveDate,
    pub activity: String,
    pub content: String,
    /// Who recorded it.
    pub unit: String,
    pub hours: Decimal,
}

impl Document for Certificate {
    fn title(&self) -> String {
        format!("志愿服务记录证明 {}", self.number)
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        let mut flow = Flow::new(fonts, FRAME);
        heading(&mut flow, "志愿服务记录证明", 26.0, Ink::BLACK)?;
        flow.space(10.0);
        self.sentence(&mut flow)?;
        flow.space(10.0);
        flow.form(&self.groups())?;
        flow.space(10.0);
        let rest = SIGNATURE_HEIGHT + ADDRESS_HEIGHT;
        let here = !self.services.is_empty() && self.details_height(fonts)? + rest < flow.room();
        if here {
            self.details(&mut flow)?;
        }
        flow.space(10.0);
        // Their names are in the form; here they sign.
        let unsigned = Signatures {
            person_in_charge: String::new(),
            handler: String::new(),
            contact: String::new(),
            ..self.signatures.clone()
        };
        signatures(&mut flow, &unsigned, self.verify_url.as_deref())?;
        self.address(&mut flow)?;
        if !here && !self.services.is_empty() {
            flow.new_page();
            self.details(&mut flow)?;
        }
        let text = format!("证明编号 {}　校验码 {}　谁记录、谁证明", self.number, self.check_code);
        flow.finish(|page, number, count| {
            self.stamp.mark(page)?;
            foot(page, FRAME.written.x, &text, number, count)
        })
    }
}

const FRAME: Frame = Frame::margins(mm(22.0), mm(20.0), mm(17.0));
/// Of where to verify it, and the space before the signatures.
const ADDRESS_HEIGHT: f32 = 36.0;

impl Certificate {
    fn sentence(&self, flow: &mut Flow<'_>) -> Result<(), DocumentError> {
        let plain = Style::serif(13.5);
        let period = format!("在{}至{}期间参加志愿服务", chinese_date(self.from), chinese_date(self.until));
        let amount = format!("，共 {} 次，服务时间累计 ", self.count);
        let hours = self.hours.normalize().to_string();
        let spans = [
            ("兹证明 ", plain),
            (self.person.name.as_str(), Style::kai(16.0)),
            (" ", plain),
            (period.as_str(), plain),
            (amount.as_str(), plain),
            (hours.as_str(), plain.bold()),
            (" 小时。特此证明。", plain),
        ];
        flow.span_paragraph(&spans, &Block::new(plain).leading(1.8).indented())
    }

    fn groups(&self) -> Vec<Group<'_>> {
        let person = &self.person;
        let mut about = vec![vec![("姓名", person.name.clone()), ("志愿者编号", person.volunteer_number.clone())]];
        if !person.id_kind.is_empty() {
            about.push(vec![("证件类型", person.id_kind.clone()), ("证件号码", person.id_number.clone())]);
        }
        let more: Vec<_> = person.more.iter().map(|(label, value)| (label.as_str(), value.clone())).collect();
        about.extend(more.chunks(2).map(<[_]>::to_vec));
        let hours = format!("{} 小时", self.hours.normalize());
        let period = format!("{}至{}", chinese_date(self.from), chinese_date(self.until));
        let signed = &self.signatures;
        let mut paper = vec![vec![("证明编号", self.number.clone()), ("校验码", self.check_code.clone())]];
        paper.push(vec![
            ("出具日期", signed.date.map(chinese_date).unwrap_or_default()),
            ("其他", if self.remark.is_empty() { "无".to_owned() } else { self.remark.clone() }),
        ]);
        vec![
            Group { name: "个人信息", rows: about },
            Group {
                name: "服务信息",
                rows: vec![
                    vec![("起止日期", period)],
                    vec![("服务时间", hours), ("服务次数", format!("{} 次", self.count))],
                    vec![("服务内容", self.summary.clone())],
                ],
            },
            Group {
                name: "证明单位",
                rows: vec![
                    vec![("记录单位", signed.issuer.clone()), ("联系方式", signed.contact.clone())],
                    vec![("负责人", signed.person_in_charge.clone()), ("经办人", signed.handler.clone())],
                ],
            },
            Group { name: "证明信息", rows: paper },
        ]
    }

    /// As high as the table is when it stands on one page; endless when it does not.
    fn details_height(&self, fonts: &Fonts) -> Result<f32, DocumentError> {
        if self.services.len() > 30 {
            return Ok(f32::INFINITY);
        }
        let mut trial = Flow::new(fonts, FRAME);
        let whole = trial.room();
        let top = trial.y;
        self.details(&mut trial)?;
        Ok(if trial.pages() == 1 { trial.y - top } else { whole * 2.0 })
    }

    fn details(&self, flow: &mut Flow<'_>) -> Result<(), DocumentError> {
        flow.paragraph("志愿服务明细", &Block::new(Style::sans(11.5)).leading(1.9))?;
        let widths = share(&[62.0, 110.0, 150.0, 110.0, 44.0], flow.width());
        let middle = ["日期", "活动", "服务内容", "记录单位", "小时"].map(|title| entry(title, Align::Centre));
        let grid = Grid::new(widths, middle.to_vec(), 9.5);
        flow.grid_head(&grid)?;
        let places = self.services.iter().map(|service| service.hours.normalize().scale()).max().unwrap_or(0);
        let kind = Kind::Number { places };
        for service in &self.services {
            let row = [
                entry(&service.date.to_string(), Align::Centre),
                entry(&service.activity, Align::Left),
                entry(&service.content, Align::Left),
                entry(&service.unit, Align::Left),
                entry(&Cell::from(service.hours).text(kind), Align::Right),
            ];
            flow.grid_row(&grid, &row)?;
        }
        let row = [
            entry("合计", Align::Centre),
            entry(&format!("{} 次", self.services.len()), Align::Left),
            entry("", Align::Left),
            entry("", Align::Left),
            // Of minutes, not of the hours above, each of which is rounded.
            entry(&Cell::from(self.hours).text(kind), Align::Right),
        ];
        flow.grid_total(&grid, &row)
    }

    fn address(&self, flow: &mut Flow<'_>) -> Result<(), DocumentError> {
        let Some(url) = &self.verify_url else { return Ok(()) };
        flow.need(ADDRESS_HEIGHT - 10.0);
        let text = format!("查验网址：{url}　请核对编号与校验码");
        flow.paragraph(&text, &Block::new(Style::sans(8.0).ink(Ink::GREY)).leading(1.5))
    }
}

fn entry(text: &str, align: Align) -> Entry {
    Entry { text: text.to_owned(), align }
}
