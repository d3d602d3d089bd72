//! What is meant to come of the year, by an arithmetic of its own; and whether it did: in balances, in the totals of the year and in
//! the journal.

use super::door::Ask;
use super::plan::{Plan, Record};
use super::{CODE, Year};
use crate::api::Api;
use actix_web::web::Data;
use anyhow::Context;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// One volunteer's year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    pub minutes: i64,
    /// Tenths.
    pub earned: i64,
    /// Tenths, after what was exchanged.
    pub available: i64,
    pub services: i64,
}

/// What is meant.
pub struct Account {
    pub people: Vec<Figures>,
    /// Pieces that were handed out.
    pub pieces: i64,
    pub refused: i64,
}

impl Account {
    pub fn new(plan: &Plan) -> Account {
        Account { people: vec![Figures::default(); plan.size.volunteers], pieces: 0, refused: 0 }
    }

    /// What a service gives (`sign` 1), or takes back (-1).
    pub fn serve(&mut self, volunteer: usize, category: &str, evidence: &str, minutes: i64, sign: i64) {
        let earned = sign * points(category, evidence, minutes);
        let figures = &mut self.people[volunteer];
        figures.minutes += sign * minutes;
        figures.services += sign;
        figures.earned += earned;
        figures.available += earned;
    }

    pub fn give(&mut self, volunteer: usize, tenths: i64) {
        let figures = &mut self.people[volunteer];
        figures.earned += tenths;
        figures.available += tenths;
    }

    pub fn confirm(&mut self, record: &Record) {
        self.serve(record.volunteer, record.category, record.evidence, record.minutes, 1);
    }
}

/// Ziyang's rule: a point an hour, two in an emergency, by full half hours; none for what is filled in later. In tenths.
fn points(category: &str, evidence: &str, minutes: i64) -> i64 {
    let per_half_hour = if category == "emergency" { 10 } else { 5 };
    if evidence == "back_filled" { 0 } else { minutes / 30 * per_half_hour }
}

pub fn person(plan: &Plan, volunteer: usize) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{} volunteer {volunteer}", plan.year).as_bytes())
}

/// Prints what was meant beside what there is, and answers how many figures differ.
pub async fn reconcile(year: &Year<'_>, api: &Data<Api>) -> anyhow::Result<usize> {
    let meant = &year.account.people;
    let balances = balances(year).await?;
    let totals = totals(year).await?;
    let journal = journal(year).await?;
    let mut differences = 0;
    for (volunteer, (meant, (minutes, available))) in meant.iter().zip(&balances).enumerate() {
        let of_year = totals.get(&person(year.plan, volunteer)).copied().unwrap_or_default();
        let known = Figures { minutes: *minutes, available: *available, ..of_year };
        if known != *meant || of_year.minutes != meant.minutes {
            differences += 1;
            println!("{volunteer}: meant {meant:?}, and it is {known:?}, in the year {of_year:?}");
        }
    }
    let sum = |of: fn(&Figures) -> i64| meant.iter().map(of).sum::<i64>();
    let of_year = |of: fn(&Figures) -> i64| totals.values().map(of).sum::<i64>();
    let lines = [
        (
            "时长（分钟）minutes",
            [
                sum(|figures| figures.minutes),
                balances.iter().map(|(minutes, _)| minutes).sum(),
                of_year(|figures| figures.minutes),
                journal.minutes,
            ],
        ),
        (
            "所得积分（0.1 分）points earned, tenths",
            [sum(|figures| figures.earned), journal.issued, of_year(|figures| figures.earned), journal.issued],
        ),
        (
            "可用积分（0.1 分）points left, tenths",
            [
                sum(|figures| figures.available),
                balances.iter().map(|(_, available)| available).sum(),
                sum(|figures| figures.available),
                journal.issued - journal.spent,
            ],
        ),
        (
            "服务次数 services",
            [sum(|figures| figures.services), journal.services, of_year(|figures| figures.services), journal.services],
        ),
        ("发放件数 pieces", [year.account.pieces, journal.pieces, year.account.pieces, journal.pieces]),
        ("全年计划（分钟）planned minutes", [year.plan.size.minutes; 4]),
    ];
    println!("{:42} {:>12} {:>12} {:>12} {:>12}", "", "应有 meant", "账户 balance", "年度 year", "账本 journal");
    for (what, figures) in lines {
        let [meant, balance, of_year, journal] = figures;
        println!("{what:42} {meant:>12} {balance:>12} {of_year:>12} {journal:>12}");
        differences += usize::from(figures.iter().any(|figure| *figure != meant));
    }
    differences += usize::from(sum(|figures| figures.minutes) != year.plan.size.minutes);
    let report = scheme::verify::verify(&*api.schemes.get(CODE).await?).await?;
    for finding in &report.findings {
        println!("{} {}: {}", finding.table, finding.row, finding.problem);
    }
    println!("\n积分不足未换 refused for want of points: {}", year.account.refused);
    println!("核对 verify: {} 笔分录 entries, {} 处不符 findings", report.entries, report.findings.len());
    Ok(differences + report.findings.len())
}

/// Minutes, and points that are there, of each.
async fn balances(year: &Year<'_>) -> anyhow::Result<Vec<(i64, i64)>> {
    let path = |volunteer| format!("/volunteers/{}/balance", person(year.plan, volunteer));
    let asks = (0..year.plan.size.volunteers).map(|volunteer| Ask::get("kiosk", path(volunteer)));
    let answers = year.door.ask_all(asks.collect()).await?;
    let balance = |answer: &Value| {
        let minutes = answer["minutes"].as_i64().context("a balance has minutes")?;
        Ok((minutes, tenths(&answer["points"]["available"])? + tenths(&answer["points"]["held"])?))
    };
    answers.iter().map(balance).collect()
}

/// What the ranking of the year says of each.
async fn totals(year: &Year<'_>) -> anyhow::Result<BTreeMap<Uuid, Figures>> {
    let mut totals = BTreeMap::new();
    let mut next = String::new();
    loop {
        let path = format!("/rankings/{}?by=hours&limit=500{next}", year.plan.year);
        let answer = year.door.ask(Ask::get("auditor", path)).await?;
        for row in answer["rows"].as_array().context("a ranking has rows")? {
            let id: Uuid = row["volunteer_id"].as_str().context("a row has a volunteer")?.parse()?;
            let figures = Figures {
                minutes: row["minutes"].as_i64().context("minutes")?,
                earned: tenths(&row["points"])?,
                available: 0,
                services: row["services"].as_i64().context("services")?,
            };
            totals.insert(id, figures);
        }
        match answer["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return Ok(totals),
        }
    }
}

/// What the entries of the book come to.
#[derive(Default)]
struct Journal {
    minutes: i64,
    issued: i64,
    spent: i64,
    pieces: i64,
    services: i64,
}

async fn journal(year: &Year<'_>) -> anyhow::Result<Journal> {
    let mut journal = Journal::default();
    let mut after = 0;
    loop {
        let answer = year.door.ask(Ask::get("auditor", format!("/entries?after={after}&limit=1000"))).await?;
        let entries = answer["entries"].as_array().context("entries")?;
        for entry in entries {
            journal.services += match entry["kind"].as_str() {
                Some("service.confirmed") => 1,
                Some("service.reversed") => -1,
                _ => 0,
            };
            // What is only held has not moved.
            let moves = !matches!(entry["action"].as_str(), Some("hold" | "release"));
            for posting in entry["postings"].as_array().into_iter().flatten().filter(|_| moves) {
                let tenths = tenths(&posting["amount"])?;
                for (end, sign) in [("from", 1), ("to", -1)] {
                    match posting[end].as_str() {
                        Some("scheme/served") => journal.minutes += sign * tenths / 10,
                        Some("scheme/issued") => journal.issued += sign * tenths,
                        Some("scheme/spent") => journal.spent -= sign * tenths,
                        Some("scheme/handed_out") => journal.pieces -= sign * tenths / 10,
                        _ => {}
                    }
                }
            }
        }
        match answer["last"].as_i64() {
            Some(last) if last > after => after = last,
            _ => return Ok(journal),
        }
    }
}

/// A decimal with at most one place.
fn tenths(amount: &Value) -> anyhow::Result<i64> {
    let text = amount.as_str().context("an amount is a text")?;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    Ok(sign * (whole.parse::<i64>()? * 10 + part.parse::<i64>()?))
}
