//! Who fits a post: a walk over all volunteers in memory, since no index knows what is wanted next.

use super::Wants;
use crate::config::VolunteerKind;
use crate::schemes::OpenScheme;
use crate::units::Tree;
use crate::volunteers::{Status, roster};
use chrono::{Datelike, NaiveDate};
use db::Many;
use std::collections::HashMap;
use uuid::Uuid;

/// Of those who fit equally well and live equally near, the hours of so many are compared; beyond that by number.
const COMPARED: usize = 2_000;

/// Why somebody fits, in a code and in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `skill`, `occupation`, `time`, `same_unit`, `near`, `hours`.
    pub code: &'static str,
    pub zh: String,
    pub en: String,
}

/// Somebody who fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub id: Uuid,
    pub number: String,
    pub name: String,
    /// How many of the skills and occupations that are wanted they have.
    pub fits: usize,
    /// Steps in the tree between where they serve and the post; `None` when there is no way, or no unit.
    pub distance: Option<usize>,
    /// Served this year.
    pub minutes: i64,
    pub reasons: Vec<Reason>,
}

/// Small, since there may be many.
struct Candidate {
    id: Uuid,
    /// A bit for each of the wanted skills, of which there are at most 50.
    skills: u64,
    occupation: Option<usize>,
    distance: Option<usize>,
}

impl Candidate {
    fn fits(&self) -> usize {
        self.skills.count_ones() as usize + usize::from(self.occupation.is_some())
    }
}

/// Who fits, best first: those who have most of what is wanted, of these the nearest, of these who served least this year.
/// Whoever has nothing of the skills and occupations that are wanted does not fit.
pub async fn matches(
    scheme: &OpenScheme,
    wants: &Wants,
    unit: Option<&str>,
    limit: usize,
    today: NaiveDate,
) -> db::Result<Vec<Match>> {
    let organisation = scheme.organisation().await?;
    let mut found = {
        let roster = roster::look(scheme).await?;
        candidates(&roster, &organisation.tree, wants, unit, today)
    };
    let rank = |one: &Candidate| (std::cmp::Reverse(one.fits()), one.distance.unwrap_or(usize::MAX));
    // Within a rank in the order of the numbers, in which they came.
    found.sort_by_key(rank);
    let last = found.get(limit.saturating_sub(1)).map(rank);
    let compared = found.iter().take_while(|one| last.is_none_or(|last| rank(one) <= last)).count();
    found.truncate(compared.min(COMPARED.max(limit)));
    let ids: Vec<Uuid> = found.iter().map(|one| one.id).collect();
    let served = served(scheme, ids, today.year()).await?;
    found.sort_by_key(|one| (rank(one), served.get(&one.id).copied().unwrap_or(0)));
    found.truncate(limit);
    let mut known = names(scheme, found.iter().map(|one| one.id).collect()).await?;
    let matched = found.into_iter().filter_map(|one| {
        let (number, name) = known.remove(&one.id)?;
        let minutes = served.get(&one.id).copied().unwrap_or(0);
        let hours = crate::rules::hours_text(minutes);
        let mut reasons = reasons(&one, wants);
        let (zh, en) = (format!("今年服务 {hours} 小时"), format!("{hours} hours this year"));
        reasons.push(Reason { code: "hours", zh, en });
        Some(Match { id: one.id, number, name, fits: one.fits(), distance: one.distance, minutes, reasons })
    });
    Ok(matched.collect())
}

fn candidates(
    roster: &roster::Roster,
    tree: &Tree,
    wants: &Wants,
    unit: Option<&str>,
    today: NaiveDate,
) -> Vec<Candidate> {
    let skills: Vec<Option<u32>> = wants.skills.iter().map(|skill| roster.skills.find(skill)).collect();
    let occupations: Vec<Option<u32>> = wants.occupations.iter().map(|one| roster.occupations.find(one)).collect();
    let is_counted = !wants.skills.is_empty() || !wants.occupations.is_empty();
    // The way to each unit is looked for once.
    let mut ways: HashMap<u32, Option<usize>> = HashMap::new();
    let mut found = Vec::new();
    for person in roster.after("") {
        let age = || person.born.and_then(|born| today.years_since(born));
        let holds = person.status == Status::Active
            && person.kind == VolunteerKind::Individual
            && wants.gender.is_none_or(|gender| person.gender == Some(gender))
            && wants.age_min.is_none_or(|min| age().is_some_and(|age| age >= min))
            && wants.age_max.is_none_or(|max| age().is_some_and(|age| age <= max))
            && ((wants.weekday.is_none() && wants.part_of_day.is_none())
                || person.availability.has(wants.weekday, wants.part_of_day));
        if !holds {
            continue;
        }
        let has = |skill: &Option<u32>| skill.is_some_and(|skill| person.skills.contains(&skill));
        let own = skills.iter().take(64).enumerate().filter(|(_, skill)| has(skill));
        let own = own.fold(0_u64, |own, (place, _)| own | 1 << place);
        let occupation = occupations.iter().position(|one| *one == Some(person.occupation));
        if is_counted && own == 0 && occupation.is_none() {
            continue;
        }
        let distance = unit.and_then(|unit| {
            *ways.entry(person.unit).or_insert_with(|| {
                let own = roster.units.word(person.unit)?;
                tree.distance(own, unit, today)
            })
        });
        found.push(Candidate { id: person.id, skills: own, occupation, distance });
    }
    found
}

fn reasons(candidate: &Candidate, wants: &Wants) -> Vec<Reason> {
    let skills = wants.skills.iter().enumerate().filter(|(place, _)| candidate.skills >> place & 1 == 1);
    let occupation = candidate.occupation.and_then(|place| wants.occupations.get(place));
    let reason = |code, zh: String, en: String| Reason { code, zh, en };
    let mut reasons: Vec<Reason> =
        skills.map(|(_, skill)| reason("skill", format!("特长：{skill}"), format!("skill: {skill}"))).collect();
    reasons.extend(occupation.map(|one| reason("occupation", format!("职业：{one}"), format!("occupation: {one}"))));
    if wants.weekday.is_some() || wants.part_of_day.is_some() {
        reasons.push(reason("time", "这个时间有空".to_owned(), "has time then".to_owned()));
    }
    match candidate.distance {
        Some(0) => reasons.push(reason("same_unit", "在同一单位".to_owned(), "of the same unit".to_owned())),
        Some(steps) => reasons.push(reason("near", format!("相距 {steps} 级"), format!("{steps} steps away"))),
        None => {}
    }
    reasons
}

async fn served(scheme: &OpenScheme, ids: Vec<Uuid>, year: i32) -> db::Result<HashMap<Uuid, i64>> {
    let rows: Vec<(Uuid, i64)> = scheme
        .db
        .query(
            "SELECT t.volunteer_id, t.minutes FROM many($3) AS m
             JOIN year_totals AS t ON t.book = $1 AND t.year = $2 AND t.volunteer_id = m.value",
        )
        .bind(scheme.book.number())
        .bind(i64::from(year))
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().collect())
}

async fn names(scheme: &OpenScheme, ids: Vec<Uuid>) -> db::Result<HashMap<Uuid, (String, String)>> {
    let rows: Vec<(Uuid, String, String)> = scheme
        .db
        .query(
            "SELECT v.id, v.number, v.name FROM many($2) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(ids))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id, number, name)| (id, (number, name))).collect())
}
