//! Issuing certificates: one, or a thousand at once, each with the next number of the year.

use super::gather::{Gathered, Person, Service, gather};
use super::paper::summary;
use super::rows::{CertificateRow, select_certificates};
use super::{
    Body, Certificate, CertificateError, Design, ISSUE_WORKING_DAYS, Of, Order, Paper, ServiceLine, Status,
    TOGETHER_MAX, campaigns, issuer, masked_id,
};
use crate::actors;
use crate::config::{Certificates, Scheme};
use crate::keys::Operator;
use crate::micros;
use crate::rules::hours_text;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, id_digest, is_text};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use db::{Bulk, Column, Many};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Says why a paper cannot be printed, if it cannot: a character that no font has. Asked before anything is issued.
pub type Printable<'a> = &'a (dyn Fn(&Paper) -> Result<(), CertificateError> + Sync);

/// What became of an order.
#[derive(Debug)]
pub struct Issued {
    pub certificate: Certificate,
    /// It was issued before.
    pub replayed: bool,
}

/// Issues certificates. Each order is done or refused by itself, and in its place in the answer; the same order again is
/// answered with the same certificate. `verify_at` is the address below which certificates can be verified.
pub async fn issue(
    scheme: &OpenScheme,
    orders: &[Order],
    verify_at: Option<&str>,
    printable: Printable<'_>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Vec<Result<Issued, CertificateError>>, CertificateError> {
    let ids: HashSet<Uuid> = orders.iter().map(|order| order.id).collect();
    if ids.len() < orders.len() || orders.len() > TOGETHER_MAX {
        let detail = format!("at most {TOGETHER_MAX} at once, and each id once");
        return Err(CertificateError::Invalid(vec![Invalid::new("items", "invalid_items", detail)]));
    }
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_read().await?;
    let known = known(&mut tx, scheme, orders).await?;
    tx.rollback().await?;
    let (config, issuer) = (scheme.config(), issuer(scheme).await?);
    let mut desk = Desk::new(scheme, &config, issuer, verify_at, by, now);
    let fresh: Vec<&Order> = orders.iter().filter(|order| !known.contains_key(&order.id)).collect();
    let gathered = desk.gather(&fresh).await?;
    let drafts = fresh.into_iter().map(|order| {
        let draft = desk.draft(order, &gathered).and_then(|draft| {
            printable(&draft.paper)?;
            Ok(draft)
        });
        (order.id, draft)
    });
    let drafts: HashMap<Uuid, Result<Draft, CertificateError>> = drafts.collect();
    write(scheme, orders, drafts, &gathered, by, now).await
}

/// A certificate that has no number yet.
struct Draft {
    paper: Paper,
    unit: Option<String>,
    applied_on: NaiveDate,
    due_on: NaiveDate,
    services: Vec<Uuid>,
    minutes: i64,
}

/// Where papers are drawn up.
struct Desk<'a> {
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
    fn new(
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

    async fn gather(&mut self, orders: &[&Order]) -> Result<Gathered, CertificateError> {
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

    fn draft(&self, order: &Order, gathered: &Gathered) -> Result<Draft, CertificateError> {
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

async fn known(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    orders: &[Order],
) -> Result<HashMap<Uuid, (Value, Certificate)>, CertificateError> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let rows: Vec<CertificateRow> = tx
        .query(select_certificates!("many($2) AS m JOIN certificates AS c ON c.book = $1 AND c.id = m.value"))
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    let mut known = HashMap::with_capacity(rows.len());
    for row in rows {
        let asked = serde_json::from_str(&row.asked)
            .map_err(|_| db::Error::Damaged("certificates.asked is no JSON".to_owned()))?;
        let certificate = row.certificate(scheme)?;
        known.insert(certificate.id, (asked, certificate));
    }
    Ok(known)
}

/// The certificate that was issued under the id, if it is the one that is ordered.
fn replayed(order: &Order, (asked, certificate): (Value, Certificate)) -> Result<Issued, CertificateError> {
    let now = serde_json::to_value(order).unwrap_or_default();
    let fields = now.as_object().into_iter().chain(asked.as_object()).flat_map(|object| object.keys());
    match fields.into_iter().find(|field| now.get(*field) != asked.get(*field)) {
        Some(field) => Err(CertificateError::IdTaken { field: field.clone() }),
        None => Ok(Issued { certificate, replayed: true }),
    }
}

/// Gives numbers to what was drawn up, and keeps it.
async fn write(
    scheme: &OpenScheme,
    orders: &[Order],
    mut drafts: HashMap<Uuid, Result<Draft, CertificateError>>,
    gathered: &Gathered,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Vec<Result<Issued, CertificateError>>, CertificateError> {
    let (book, issued_on) = (scheme.book.number(), scheme.config().day_of(now));
    let year = i64::from(issued_on.year());
    let mut tx = scheme.db.begin_write().await?;
    // From here to the commit nobody else gives a number of this year.
    let (last,): (i64,) = tx
        .query(
            "INSERT INTO certificate_years (book, year, last) VALUES ($1, $2, 0)
             ON CONFLICT (book, year) DO UPDATE SET last = certificate_years.last RETURNING last",
        )
        .bind(book)
        .bind(year)
        .fetch_one()
        .await?;
    let before = known(&mut tx, scheme, orders).await?;
    let mut refused = HashMap::new();
    let mut rows = Vec::new();
    for order in orders.iter().filter(|order| !before.contains_key(&order.id)) {
        let draft = match drafts.remove(&order.id) {
            Some(Ok(draft)) => draft,
            Some(Err(error)) => {
                refused.insert(order.id, error);
                continue;
            }
            // It was there a moment ago: certificates are never deleted.
            None => return Err(CertificateError::Busy),
        };
        match replace(&mut tx, scheme, order, by, issued_on).await {
            Ok(()) => rows.push((order, draft)),
            Err(CertificateError::Database(error)) => return Err(error.into()),
            Err(error) => drop(refused.insert(order.id, error)),
        }
    }
    let given = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if given > 0 {
        tx.query("UPDATE certificate_years SET last = $3 WHERE book = $1 AND year = $2")
            .bind(book)
            .bind(year)
            .bind(last.saturating_add(given))
            .execute()
            .await?;
        tx.write(&bulks(book, (year, last), &rows, gathered, (by, issued_on, now))).await?;
    }
    let mut after = known(&mut tx, scheme, orders).await?;
    tx.commit().await?;
    let answer = |order: &Order| match (refused.remove(&order.id), after.remove(&order.id)) {
        (Some(error), _) => Err(error),
        (None, Some(known)) if before.contains_key(&order.id) => replayed(order, known),
        (None, Some((_, certificate))) => Ok(Issued { certificate, replayed: false }),
        (None, None) => Err(CertificateError::Busy),
    };
    Ok(orders.iter().map(answer).collect())
}

/// Closes the certificate in whose place another is issued.
async fn replace(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    order: &Order,
    by: &Operator,
    on: NaiveDate,
) -> Result<(), CertificateError> {
    let Some(id) = order.replaces else { return Ok(()) };
    let old: Option<(Uuid, String)> = tx
        .lock("SELECT volunteer_id, status FROM certificates WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let (volunteer, status) = old.ok_or(CertificateError::NotFound { id })?;
    let (survivor,): (Option<Uuid>,) = tx
        .query("SELECT merged_into FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_one()
        .await?;
    if volunteer != order.volunteer_id && survivor != Some(order.volunteer_id) {
        let flaw = Invalid::new("replaces", "other_volunteer", "it was issued to another volunteer");
        return Err(CertificateError::Invalid(vec![flaw]));
    }
    match Status::parse(&status) {
        Some(Status::Valid) => {}
        status => return Err(CertificateError::StateConflict { status: status.unwrap_or(Status::Revoked) }),
    }
    tx.query(
        "UPDATE certificates SET status = 'replaced', closed_on = $3, closed_by = $4, replaced_by = $5
         WHERE book = $1 AND id = $2",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(on)
    .bind(by.key_id)
    .bind(order.id)
    .execute()
    .await?;
    Ok(())
}

fn bulks(
    book: i64,
    (year, last): (i64, i64),
    rows: &[(&Order, Draft)],
    gathered: &Gathered,
    (by, issued_on, now): (&Operator, NaiveDate, DateTime<Utc>),
) -> Vec<Bulk> {
    let count = rows.len();
    let orders = || rows.iter().map(|(order, _)| *order);
    let drafts = || rows.iter().map(|(_, draft)| draft);
    let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
    let columns = vec![
        ("book", Column::I64(vec![book; count])),
        ("id", Column::Uuid(orders().map(|order| order.id).collect())),
        ("year", Column::I64(vec![year; count])),
        ("serial", Column::I64((last + 1..).take(count).collect())),
        ("kind", Column::Text(orders().map(|order| order.of.kind().as_str().to_owned()).collect())),
        ("volunteer_id", Column::Uuid(orders().map(|order| order.volunteer_id).collect())),
        ("source_id", Column::OptUuid(orders().map(|order| order.of.source()).collect())),
        ("unit", Column::OptText(drafts().map(|draft| draft.unit.clone()).collect())),
        ("applied_on", Column::Date(drafts().map(|draft| draft.applied_on).collect())),
        ("due_on", Column::Date(drafts().map(|draft| draft.due_on).collect())),
        ("issued_on", Column::Date(vec![issued_on; count])),
        ("issued_at", Column::I64(vec![micros(now); count])),
        ("issued_by", Column::Uuid(vec![by.key_id; count])),
        ("minutes", Column::I64(drafts().map(|draft| draft.minutes).collect())),
        ("services", Column::I64(drafts().map(|draft| draft.services.len() as i64).collect())),
        ("as_of", Column::I64(vec![gathered.as_of; count])),
        ("root", Column::Bytes(vec![gathered.root.clone(); count])),
        ("asked", Column::Text(orders().map(|order| json(serde_json::to_string(order))).collect())),
        ("paper", Column::Text(drafts().map(|draft| json(serde_json::to_string(&draft.paper))).collect())),
        ("status", Column::Text(vec![Status::Valid.as_str().to_owned(); count])),
    ];
    let counted: Vec<(Uuid, Uuid)> =
        rows.iter().flat_map(|(order, draft)| draft.services.iter().map(|service| (order.id, *service))).collect();
    let mut bulks = vec![Bulk::insert("certificates", columns)];
    if !counted.is_empty() {
        let columns = vec![
            ("book", Column::I64(vec![book; counted.len()])),
            ("certificate_id", Column::Uuid(counted.iter().map(|(certificate, _)| *certificate).collect())),
            ("service_id", Column::Uuid(counted.iter().map(|(_, service)| *service).collect())),
        ];
        bulks.push(Bulk::insert("certificate_services", columns));
    }
    bulks
}
