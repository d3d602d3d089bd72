//! Drawing certificates up: what is ordered, and what is on record, to what the paper will say.

use super::gather::{Gathered, Person, Service, gather};
use super::paper::summary;
use super::{Body, CertificateError, Design, ISSUE_WORKING_DAYS, Of, Order, Paper, ServiceLine, campaigns, masked_id};
use crate::config::{Certificates, Scheme};
use crate::keys::Operator;
use crate::rules::hours_text;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, id_digest, is_text};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// A certificate that has no number yet.
pub(super) struct Draft {
    pub paper: Paper,
    pub unit: Option<String>,
    pub applied_on: NaiveDate,
    pub due_on: NaiveDate,
    pub services: Vec<Uuid>,
    pub minutes: i64,
}

/// Where papers are drawn up.
pub(super) struct Desk<'a> {
    scheme: &'a OpenScheme,
    config: &'a Scheme,
    office: Certificates,
    issuer: String,
    verify_at: Option<&'a str>,
    by: &'a Operator,
    today: NaiveDate,
    campaigns: HashMap<Uuid, Design>,
}

impl<'a> Desk<'a> {
    pub fn new(
        scheme: &'a OpenScheme,
        config: &'a Scheme,
        issuer: String,
        verify_at: Option<&'a str>,
        by: &'a Operator,
        now: DateTime<Utc>,
    ) -> Desk<'a> {
        let office = config.certificates.clone().unwrap_or_default();
        Desk { scheme, config, office, issuer, verify_at, by, today: config.day_of(now), campaigns: HashMap::new() }
    }

    pub async fn gather(&mut self, orders: &[&Order]) -> Result<Gathered, CertificateError> {
        let campaigns: HashSet<Uuid> = orders.iter().filter_map(|order| campaign_of(order)).collect();
        self.campaigns = campaigns::designs(self.scheme, campaigns.into_iter().collect()).await?;
        let volunteers: HashSet<Uuid> = orders.iter().map(|order| order.volunteer_id).collect();
        let awards = orders.iter().filter_map(|order| match order.of {
            Of::Level { award_id } => Some(award_id),
            _ => None,
        });
        let periods: Vec<(NaiveDate, NaiveDate)> = orders.iter().filter_map(|order| self.period(order)).collect();
        let from = periods.iter().map(|(from, _)| *from).min().unwrap_or(self.today);
        let until = periods.iter().map(|(_, until)| *until).max().unwrap_or(self.today);
        Ok(gather(self.scheme, volunteers.into_iter().collect(), awards.collect(), (from, until)).await?)
    }

    /// The days whose services count, as far as they are known before anything is read.
    fn period(&self, order: &Order) -> Option<(NaiveDate, NaiveDate)> {
        match &order.of {
            Of::Record { from, until, .. } => Some((*from, *until)),
            Of::Level { .. } => Some((eldest(), self.today)),
            Of::Campaign { campaign_id, .. } => {
                self.campaigns.get(campaign_id).map(|design| (design.from, design.until))
            }
        }
    }

    pub fn draft(&self, order: &Order, gathered: &Gathered) -> Result<Draft, CertificateError> {
        self.refuse_flaws(order)?;
        let id = order.volunteer_id;
        let person = gathered.people.get(&id).ok_or(CertificateError::VolunteerNotFound { id })?;
        if let Some(into) = person.merged_into {
            return Err(CertificateError::Merged { into });
        }
        self.refuse_other_identity(order, person)?;
        let applied_on = order.applied_on.unwrap_or(self.today);
        let days = self.office.issue_working_days.unwrap_or(ISSUE_WORKING_DAYS);
        let (body, services) = self.body(order, person, gathered)?;
        let trained = self.trained(order, gathered);
        let paper = Paper {
            name: person.name.clone(),
            volunteer_number: person.number.clone(),
            id_number: order.id_number.as_deref().map(masked_id),
            issuer: self.issuer.clone(),
            person_in_charge: self.office.person_in_charge.clone(),
            handler: Some(self.by.name.clone()).filter(|name| !name.trim().is_empty()),
            contact: self.office.contact.clone(),
            remark: remark(order, trained),
            verify_at: self.verify_at.map(str::to_owned),
            body,
        };
        Ok(Draft {
            paper,
            unit: person.unit.clone(),
            applied_on,
            due_on: self.scheme.calendar().after(applied_on, days),
            minutes: services.iter().map(|service| service.credited_minutes).sum(),
            services: services.into_iter().map(|service| service.id).collect(),
        })
    }

    fn refuse_flaws(&self, order: &Order) -> Result<(), CertificateError> {
        let texts =
            [("applicant", &order.applicant, 60), ("purpose", &order.purpose, 60), ("remark", &order.remark, 100)];
        let wrong = texts.iter().filter(|(_, text, most)| text.as_ref().is_some_and(|text| !is_text(text, *most)));
        let mut flaws: Vec<Invalid> = wrong
            .map(|(field, _, most)| Invalid::new(field, "invalid_text", format!("1 to {most} characters, not blank")))
            .collect();
        if order.applied_on.is_some_and(|day| day > self.today) {
            flaws.push(Invalid::new("applied_on", "date_in_future", "the day is still to come"));
        }
        if let Of::Record { from, until, .. } = order.of {
            if until > self.today {
                flaws.push(Invalid::new("until", "date_in_future", "the day is still to come"));
            }
            if from > until || from < eldest() {
                flaws.push(Invalid::new("from", "period_reversed", "it begins after 1900 and not after its end"));
            }
        }
        if flaws.is_empty() { Ok(()) } else { Err(CertificateError::Invalid(flaws)) }
    }

    /// The identity card that was shown must be the one that the volunteer was registered with.
    fn refuse_other_identity(&self, order: &Order, person: &Person) -> Result<(), CertificateError> {
        let Some(number) = &order.id_number else { return Ok(()) };
        let is_theirs = person.id_digest.as_ref().is_some_and(|digest| *digest == id_digest(self.scheme, number));
        if is_theirs {
            return Ok(());
        }
        let detail = "it is not the number that the volunteer was registered with";
        Err(CertificateError::Invalid(vec![Invalid::new("id_number", "other_id_number", detail)]))
    }

    fn body<'g>(
        &self,
        order: &Order,
        person: &Person,
        gathered: &'g Gathered,
    ) -> Result<(Body, Vec<&'g Service>), CertificateError> {
        match &order.of {
            Of::Record { from, until, detailed } => {
                let services = between(gathered, person.id, *from, *until);
                if services.is_empty() {
                    return Err(CertificateError::NothingToCertify);
                }
                let done = services.iter().map(|service| (service.category.as_str(), service.credited_minutes));
                let summary = summary(self.config, done);
                let lines = if *detailed { services.iter().map(|service| line(service)).collect() } else { Vec::new() };
                Ok((Body::Record { from: *from, until: *until, summary, lines }, services))
            }
            Of::Level { award_id } => {
                let award = gathered.awards.get(award_id).filter(|award| award.volunteer_id == person.id);
                let unknown = || Invalid::new("award_id", "unknown_award", "the volunteer has no such step granted");
                let award = award.ok_or_else(|| CertificateError::Invalid(vec![unknown()]))?;
                let services = between(gathered, person.id, eldest(), award.granted_on);
                let design = self.level(&award.ladder, &award.step, award.granted_on);
                let fields = fields(person, &services, &design);
                Ok((Body::Honour { design, fields }, services))
            }
            Of::Campaign { campaign_id, fields: own } => {
                let id = *campaign_id;
                let design = self.campaigns.get(&id).ok_or(CertificateError::CampaignNotFound { id })?;
                let services = between(gathered, person.id, design.from, design.until);
                let mut all = own.clone();
                all.extend(fields(person, &services, design));
                Ok((Body::Honour { design: design.clone(), fields: all }, services))
            }
        }
    }

    /// The certificate of a step, in the name of who grants it.
    fn level(&self, ladder: &str, step: &str, granted_on: NaiveDate) -> Design {
        let known = self.config.versions().iter().rev().find_map(|rules| {
            let ladder = rules.ladders.iter().find(|known| known.code == ladder)?;
            ladder.steps.iter().find(|known| known.code == step).map(|step| (ladder, step))
        });
        let title = known.map_or_else(|| step.to_owned(), |(_, step)| step.name.clone());
        let body = known.and_then(|(_, step)| step.granted_by.clone());
        let subheading = known.map_or_else(String::new, |(ladder, _)| ladder.name.clone());
        Design {
            title,
            heading: "荣誉证书".to_owned(),
            subheading,
            text: LEVEL_TEXT.to_owned(),
            issuers: vec![body.unwrap_or_else(|| self.issuer.clone())],
            date: granted_on,
            from: eldest(),
            until: granted_on,
            background: None,
            margins: None,
        }
    }

    fn trained(&self, order: &Order, gathered: &Gathered) -> i64 {
        let Of::Record { from, until, .. } = order.of else { return 0 };
        let trainings = gathered.trainings.get(&order.volunteer_id).into_iter().flatten();
        trainings.filter(|(on, _)| (from..=until).contains(on)).map(|(_, minutes)| minutes).sum()
    }
}

const LEVEL_TEXT: &str = "截至{date}，累计志愿服务时间 {hours} 小时。经审核，授予“{title}”称号，特发此证。";

fn eldest() -> NaiveDate {
    NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(NaiveDate::MIN)
}

fn campaign_of(order: &Order) -> Option<Uuid> {
    match order.of {
        Of::Campaign { campaign_id, .. } => Some(campaign_id),
        _ => None,
    }
}

fn between(gathered: &Gathered, volunteer: Uuid, from: NaiveDate, until: NaiveDate) -> Vec<&Service> {
    let services = gathered.services.get(&volunteer).into_iter().flatten();
    services.filter(|service| (from..=until).contains(&service.occurred_on)).collect()
}

fn line(service: &Service) -> ServiceLine {
    ServiceLine {
        on: service.occurred_on,
        title: service.title.clone(),
        content: service.content.clone(),
        organiser: service.organiser.clone(),
        minutes: service.credited_minutes,
    }
}

/// What the text of a certificate of honour may name.
fn fields(person: &Person, services: &[&Service], design: &Design) -> BTreeMap<String, String> {
    let minutes = services.iter().map(|service| service.credited_minutes).sum();
    let date = |day: NaiveDate| format!("{}年{}月{}日", day.year(), day.month(), day.day());
    let fields = [
        ("name", person.name.clone()),
        ("number", person.number.clone()),
        ("hours", hours_text(minutes)),
        ("count", services.len().to_string()),
        ("title", design.title.clone()),
        ("date", date(design.date)),
        ("from", date(design.from)),
        ("until", date(design.until)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn remark(order: &Order, trained: i64) -> String {
    let purpose = order.purpose.as_ref().map(|purpose| format!("用途：{purpose}"));
    let applicant = order.applicant.as_ref().map(|applicant| format!("申请人：{applicant}"));
    let trained = (trained > 0).then(|| format!("另有培训 {} 学时，不计入服务时间", hours_text(trained)));
    let parts: Vec<String> = [purpose, applicant, trained, order.remark.clone()].into_iter().flatten().collect();
    parts.join("；")
}
