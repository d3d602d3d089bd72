//! Certificates on paper, and their register as a table.

use super::{hours, local, unprintable};
use chrono::NaiveDate;
use reports::documents::campaign::{Campaign, CampaignCertificate, Margins};
use reports::documents::certificate::{self, Person, Service};
use reports::documents::table::{Cell, Column, Kind, Table};
use reports::documents::template::{Fields, Template};
use reports::documents::{Document, Signatures, Stamp};
use reports::fonts::Fonts;
use reports::layout::{DocumentError, Picture, Sheet};
use scheme::certificates::{Body, Certificate, CertificateError, Design, Paper, Status};
use scheme::config::Scheme;
use std::collections::HashMap;

/// A certificate as it is printed.
#[derive(Debug, Clone)]
pub enum Printed {
    Record(Box<certificate::Certificate>),
    Honour {
        campaign: Box<Campaign>,
        recipient: String,
        fields: Fields,
        number: String,
        url: Option<String>,
        stamp: Stamp,
    },
}

impl Document for Printed {
    fn title(&self) -> String {
        match self {
            Printed::Record(certificate) => certificate.title(),
            Printed::Honour { campaign, number, .. } => format!("{} {number}", campaign.heading),
        }
    }

    fn sheets(&self, fonts: &Fonts) -> Result<Vec<Sheet>, DocumentError> {
        match self {
            Printed::Record(certificate) => certificate.sheets(fonts),
            Printed::Honour { campaign, recipient, fields, number, url, stamp } => CampaignCertificate {
                campaign,
                recipient: recipient.clone(),
                fields: fields.clone(),
                number: number.clone(),
                verify_url: url.clone(),
                stamp: stamp.clone(),
            }
            .sheets(fonts),
        }
    }
}

impl Printed {
    /// The paper of a certificate. With `reprint`, the day of today, it is marked 补打; a certificate that is no longer good
    /// is marked 作废 in any case. `pictures`: backgrounds by their digests.
    pub fn new(
        certificate: &Certificate,
        reprint: Option<NaiveDate>,
        pictures: &HashMap<String, Picture>,
        config: &Scheme,
    ) -> Result<Printed, DocumentError> {
        let stamp = match (&certificate.closing, reprint) {
            (Some(closing), _) => Stamp::Void { on: closing.on, reason: void_reason(certificate) },
            (None, Some(on)) => Stamp::Reprint { on },
            (None, None) => Stamp::Original,
        };
        let paper = &certificate.paper;
        let url = paper
            .verify_at
            .as_ref()
            .map(|base| format!("{base}/c/{}?k={}", certificate.number, certificate.check_code.replace('-', "")));
        match &paper.body {
            Body::Record { .. } => Ok(Printed::Record(Box::new(record(certificate, url, stamp, config)))),
            Body::Honour { design, fields } => {
                let background = design.background.as_ref().and_then(|digest| pictures.get(digest)).cloned();
                Ok(Printed::Honour {
                    campaign: Box::new(campaign_of(design, background)?),
                    recipient: format!("{} 同志", paper.name),
                    fields: fields.clone(),
                    number: certificate.number.clone(),
                    url,
                    stamp,
                })
            }
        }
    }

    /// Whether a paper that has no number yet can be printed: every character of it has a font, and its text fits.
    pub fn check(paper: &Paper, fonts: &Fonts) -> Result<(), CertificateError> {
        let checked =
            texts(paper).into_iter().try_for_each(|text| fonts.require(text)).and_then(|()| match &paper.body {
                Body::Record { .. } => Ok(()),
                Body::Honour { design, fields } => {
                    let trial = Printed::Honour {
                        campaign: Box::new(campaign_of(design, None)?),
                        recipient: format!("{} 同志", paper.name),
                        fields: fields.clone(),
                        number: String::new(),
                        url: None,
                        stamp: Stamp::Original,
                    };
                    trial.sheets(fonts).map(drop)
                }
            });
        checked.map_err(|error| unprintable(&error))
    }
}

/// Everything on a paper that somebody wrote.
fn texts(paper: &Paper) -> Vec<&str> {
    let mut texts = vec![paper.name.as_str(), &paper.volunteer_number, &paper.issuer, &paper.remark];
    let more = [&paper.person_in_charge, &paper.handler, &paper.contact];
    texts.extend(more.into_iter().flatten().map(String::as_str));
    match &paper.body {
        Body::Record { summary, lines, .. } => {
            texts.push(summary);
            for line in lines {
                texts.extend([line.title.as_str(), &line.content, &line.organiser]);
            }
        }
        Body::Honour { design, fields } => {
            texts.extend([design.heading.as_str(), &design.subheading, &design.text]);
            texts.extend(design.issuers.iter().chain(fields.values()).map(String::as_str));
        }
    }
    texts
}

fn void_reason(certificate: &Certificate) -> String {
    match (certificate.status, certificate.closing.as_ref().and_then(|closing| closing.reason.clone())) {
        (_, Some(reason)) => reason,
        (Status::Replaced, None) => "已另行出具".to_owned(),
        (_, None) => String::new(),
    }
}

fn record(certificate: &Certificate, url: Option<String>, stamp: Stamp, config: &Scheme) -> certificate::Certificate {
    let paper = &certificate.paper;
    let nothing = (certificate.issued_on, certificate.issued_on, "", [].as_slice());
    let (from, until, summary, lines) = match &paper.body {
        Body::Record { from, until, summary, lines } => (*from, *until, summary.as_str(), lines.as_slice()),
        Body::Honour { .. } => nothing,
    };
    let line = |line: &scheme::certificates::ServiceLine| Service {
        date: line.on,
        activity: line.title.clone(),
        content: line.content.clone(),
        unit: line.organiser.clone(),
        hours: hours(line.minutes),
    };
    certificate::Certificate {
        person: Person {
            name: paper.name.clone(),
            id_kind: paper.id_number.as_ref().map(|_| "居民身份证".to_owned()).unwrap_or_default(),
            id_number: paper.id_number.clone().unwrap_or_default(),
            volunteer_number: paper.volunteer_number.clone(),
            more: Vec::new(),
        },
        from,
        until,
        count: certificate.services.unsigned_abs(),
        hours: hours(certificate.minutes),
        summary: summary.to_owned(),
        services: lines.iter().map(line).collect(),
        signatures: Signatures {
            issuer: paper.issuer.clone(),
            person_in_charge: paper.person_in_charge.clone().unwrap_or_default(),
            handler: paper.handler.clone().unwrap_or_default(),
            contact: paper.contact.clone().unwrap_or_default(),
            date: Some(local(config, certificate.issued_at).date_naive()),
        },
        number: certificate.number.clone(),
        check_code: certificate.check_code.clone(),
        verify_url: url,
        remark: paper.remark.clone(),
        stamp,
    }
}

fn campaign_of(design: &Design, background: Option<Picture>) -> Result<Campaign, DocumentError> {
    let margins = design.margins.map(|[left, right, top, bottom]| Margins { left, right, top, bottom });
    Ok(Campaign {
        heading: design.heading.clone(),
        subheading: design.subheading.clone(),
        text: Template::parse(&design.text)?,
        issuers: design.issuers.clone(),
        date: design.date,
        background,
        margins: margins.unwrap_or_default(),
    })
}

/// The register (民发〔2015〕149号: numbered and filed), without check codes.
pub fn register(certificates: &[Certificate], title: String, subtitle: String) -> Table {
    let columns = [
        ("证明编号", Kind::Text),
        ("种类", Kind::Text),
        ("姓名", Kind::Text),
        ("志愿者编号", Kind::Text),
        ("单位", Kind::Text),
        ("起始", Kind::Date),
        ("截止", Kind::Date),
        ("服务时间（小时）", Kind::Number { places: 1 }),
        ("次数", Kind::Number { places: 0 }),
        ("申请日期", Kind::Date),
        ("出具日期", Kind::Date),
        ("经办人", Kind::Text),
        ("状态", Kind::Text),
        ("说明", Kind::Text),
    ];
    let minutes: i64 = certificates.iter().map(|certificate| certificate.minutes).sum();
    let mut total = vec![Cell::Blank; columns.len()];
    if let [first, ..] = total.as_mut_slice() {
        *first = format!("合计 {} 份", certificates.len()).into();
    }
    if let Some(cell) = total.get_mut(7) {
        *cell = Cell::Decimal(hours(minutes));
    }
    Table {
        title,
        subtitles: vec![subtitle],
        columns: columns.map(|(title, kind)| Column::new(title, kind)).into(),
        rows: certificates.iter().map(row).collect(),
        total: Some(total),
        ..Table::default()
    }
}

fn row(certificate: &Certificate) -> Vec<Cell> {
    let paper = &certificate.paper;
    let (kind, period) = match &paper.body {
        Body::Record { from, until, .. } => ("志愿服务记录证明".to_owned(), Some((*from, *until))),
        Body::Honour { design, .. } => (design.title.clone(), None),
    };
    let day = |day: Option<NaiveDate>| day.map_or(Cell::Blank, Cell::Date);
    let state = match (certificate.status, certificate.touched) {
        (Status::Valid, false) => "有效",
        (Status::Valid, true) => "有效，所列记录有更正",
        (Status::Revoked, _) => "已撤销",
        (Status::Replaced, _) => "已另行出具",
    };
    let closing = certificate.closing.as_ref();
    let why = closing.map(|closing| format!("{} {}", closing.on, closing.reason.as_deref().unwrap_or_default()));
    vec![
        certificate.number.as_str().into(),
        Cell::Text(kind),
        paper.name.as_str().into(),
        paper.volunteer_number.as_str().into(),
        certificate.unit.as_deref().unwrap_or_default().into(),
        day(period.map(|(from, _)| from)),
        day(period.map(|(_, until)| until)),
        Cell::Decimal(hours(certificate.minutes)),
        Cell::Integer(certificate.services),
        Cell::Date(certificate.applied_on),
        Cell::Date(certificate.issued_on),
        paper.handler.as_deref().unwrap_or_default().into(),
        state.into(),
        Cell::Text(why.unwrap_or_default().trim_end().to_owned()),
    ]
}
