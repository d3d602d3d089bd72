//! Yearly reviews: who would be selected, and why the others would not, from the book as it stands.
//!
//! It is a report. Until results are documents of their own, the winners of the years before, who may have to rest, are
//! those whom the same rules select from the book as it stands now.

use crate::complaints;
use crate::config::{CapUnit, Entitlement, Review, Rules, Scheme};
use crate::levels::{self, LevelError};
use crate::rules::ladders;
use crate::rules::reviews::{Candidate, Measure, Outcome, Verdict, select};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Survivors, Volunteer};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// How far back winners are looked for.
const YEARS_BACK: i32 = 30;
/// Volunteers that are looked up at a time.
const TOGETHER: usize = 500;

/// What a volunteer did in the year until the closing day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct YearMerits {
    pub minutes: i64,
    /// Earned less deducted, minor units.
    pub points: i64,
    pub services: i64,
    /// Earned in the account that the review goes by: minutes, or minor units.
    pub account: i64,
}

/// A candidate, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
    pub consent_publish: bool,
    pub unit: Option<String>,
    pub merits: YearMerits,
    pub verdict: Verdict,
    /// The complaint that was upheld in the year, where that keeps from reviews.
    pub veto: Option<Uuid>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub review: Review,
    pub rules_version: String,
    /// The last day whose service counts.
    pub closes_on: NaiveDate,
    /// What the account that the review goes by counts; `None` when it goes by none.
    pub account_counts: Option<CapUnit>,
    /// The selected first, then those beyond the quota, by rank; then the others. Within a rank by number.
    pub rows: Vec<Row>,
    /// The newest entry that is part of it.
    pub as_of: i64,
}

impl Report {
    pub fn count(&self, outcome: Outcome) -> usize {
        self.rows.iter().filter(|row| row.verdict.outcome == outcome).count()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("the rules of {year} have no review `{code}`")]
    ReviewNotFound { year: i32, code: String },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<LevelError> for ReviewError {
    fn from(error: LevelError) -> Self {
        match error {
            LevelError::Busy => ReviewError::Busy,
            LevelError::Database(error) => ReviewError::Database(error),
            other => ReviewError::Book(other.to_string()),
        }
    }
}

/// The review of a year by the rules in force at its end.
pub async fn review(scheme: &OpenScheme, year: i32, code: &str, now: DateTime<Utc>) -> Result<Report, ReviewError> {
    let config = scheme.config();
    let not_found = || ReviewError::ReviewNotFound { year, code: code.to_owned() };
    let (rules, review) = in_force(&config, year, code).ok_or_else(not_found)?;
    let mut tx = scheme.db.begin_read().await?;
    let as_of = scheme.book.size(&mut tx).await?;
    let mut people = volunteers::of_kind(&mut tx, scheme, review.of).await?;
    let steps = look_up(scheme, rules, review, &mut people, now).await?;
    let mut winners: BTreeMap<i32, BTreeSet<Uuid>> = BTreeMap::new();
    if review.winners_rest_years.is_some() {
        let first =
            config.versions().first().map_or(year, |rules| rules.from.year()).max(year.saturating_sub(YEARS_BACK));
        for past in first..year {
            let Some((_, review)) = in_force(&config, past, code) else { continue };
            let year = Year { review, year: past, winners: &winners, steps: &HashMap::new() };
            let rows = year.rows(&mut tx, scheme, &people).await?;
            let selected = rows.iter().filter(|row| row.verdict.outcome == Outcome::Selected);
            winners.insert(past, selected.map(|row| row.volunteer_id).collect());
        }
    }
    let rows = Year { review, year, winners: &winners, steps: &steps }.rows(&mut tx, scheme, &people).await?;
    let account = review.account.as_deref().and_then(|code| config.account(code));
    Ok(Report {
        closes_on: closing(review, year),
        account_counts: account.map(|account| account.counts),
        review: review.clone(),
        rules_version: rules.version.clone(),
        rows,
        as_of,
    })
}

/// The newest rules in force at any time of the year, and their review.
fn in_force<'a>(config: &'a Scheme, year: i32, code: &str) -> Option<(&'a Rules, &'a Review)> {
    let (first, last) = (NaiveDate::from_ymd_opt(year, 1, 1)?, last_day(year));
    let mut versions = config.versions().iter().rev();
    let rules = versions.find(|rules| rules.from <= last && rules.until.is_none_or(|until| until >= first))?;
    Some((rules, rules.reviews.iter().find(|review| review.code == code)?))
}

fn last_day(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(NaiveDate::MAX)
}

fn closing(review: &Review, year: i32) -> NaiveDate {
    review.closes_on.and_then(|day| day.in_year(year)).unwrap_or_else(|| last_day(year))
}

/// What the book knows of them: the labels that they got by what is recorded of them, and the steps that each has today, when the
/// review asks for any.
async fn look_up(
    scheme: &OpenScheme,
    rules: &Rules,
    review: &Review,
    people: &mut [Volunteer],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Vec<Entitlement>>, ReviewError> {
    let config = scheme.config();
    let asks_steps = review.requires.iter().any(|condition| condition.min_step.is_some());
    let mut steps = HashMap::new();
    if !asks_steps && config.marks().is_empty() {
        return Ok(steps);
    }
    let today = config.day_of(now);
    for page in people.chunks_mut(TOGETHER) {
        let persons = page.iter().map(|volunteer| (volunteer.id, volunteer.person())).collect();
        let known = levels::known_of(scheme, persons, today).await?;
        for (volunteer, known) in page.iter_mut().zip(known) {
            if asks_steps {
                let levels = ladders::levels(rules, &known.merits, &known.person, &known.granted, today);
                steps.insert(volunteer.id, ladders::steps(&levels));
            }
            volunteer.labels = known.person.labels;
        }
    }
    Ok(steps)
}

/// A review of one year.
struct Year<'a> {
    review: &'a Review,
    year: i32,
    /// Of the years before.
    winners: &'a BTreeMap<i32, BTreeSet<Uuid>>,
    steps: &'a HashMap<Uuid, Vec<Entitlement>>,
}

impl Year<'_> {
    async fn rows(&self, tx: &mut db::Tx, scheme: &OpenScheme, people: &[Volunteer]) -> db::Result<Vec<Row>> {
        let config = scheme.config();
        let survivors = Survivors::read(tx, scheme).await?;
        let merits = self.merits(tx, scheme, &survivors).await?;
        let vetoes = complaints::vetoes(tx, scheme, self.year).await?;
        let vetoes: BTreeMap<Uuid, Uuid> = vetoes.into_iter().map(|(id, veto)| (survivors.of(id), veto)).collect();
        let of = |id: &Uuid| merits.get(id).copied().unwrap_or_default();
        let last = last_day(self.year);
        let people: Vec<&Volunteer> = people.iter().filter(|volunteer| volunteer.registered_on <= last).collect();
        let candidates: Vec<Candidate> =
            people.iter().map(|volunteer| self.candidate(volunteer, of(&volunteer.id), &vetoes)).collect();
        let account = self.review.account.as_deref().and_then(|code| config.account(code));
        let account = account.map_or(CapUnit::Points, |account| account.counts);
        let measure = Measure { points_scale: config.points_scale, account };
        let verdicts = select(self.review, &candidates, measure, last);
        let mut rows: Vec<Row> = people
            .into_iter()
            .zip(verdicts)
            .map(|(volunteer, verdict)| Row {
                volunteer_id: volunteer.id,
                number: volunteer.number.clone(),
                name: volunteer.name.clone(),
                consent_publish: volunteer.consent.publish,
                unit: volunteer.unit.clone(),
                merits: of(&volunteer.id),
                verdict,
                veto: vetoes.get(&volunteer.id).copied(),
            })
            .collect();
        let order = |outcome: Outcome| Outcome::ALL.iter().position(|one| *one == outcome);
        // Within a rank the order of the numbers stays, in which they came.
        rows.sort_by_key(|row| (order(row.verdict.outcome), row.verdict.rank));
        Ok(rows)
    }

    fn candidate(&self, volunteer: &Volunteer, merits: YearMerits, vetoes: &BTreeMap<Uuid, Uuid>) -> Candidate {
        let years = i32::try_from(self.review.winners_rest_years.unwrap_or(0)).unwrap_or(i32::MAX);
        let recent = self.winners.range(self.year.saturating_sub(years)..self.year);
        Candidate {
            person: volunteer.person(),
            unit: volunteer.unit.clone(),
            number: volunteer.number.clone(),
            minutes: merits.minutes,
            points: merits.points,
            services: merits.services,
            account: merits.account,
            steps: self.steps.get(&volunteer.id).cloned().unwrap_or_default(),
            vetoed: vetoes.contains_key(&volunteer.id),
            rests: recent.into_iter().any(|(_, winners)| winners.contains(&volunteer.id)),
        }
    }

    /// What each did in the year, with what those did who were merged into them.
    async fn merits(
        &self,
        tx: &mut db::Tx,
        scheme: &OpenScheme,
        survivors: &Survivors,
    ) -> db::Result<HashMap<Uuid, YearMerits>> {
        let from = NaiveDate::from_ymd_opt(self.year, 1, 1).unwrap_or(NaiveDate::MIN);
        let until = closing(self.review, self.year);
        let served: Vec<(Uuid, i64, i64, i64)> = tx
            .query(
                "SELECT volunteer_id, CAST(COALESCE(SUM(credited_minutes), 0) AS BIGINT),
                        CAST(COALESCE(SUM(points), 0) AS BIGINT),
                        CAST(SUM(CASE WHEN minutes > 0 THEN 1 ELSE 0 END) AS BIGINT)
                 FROM services WHERE book = $1 AND status = 'confirmed' AND occurred_on >= $2 AND occurred_on <= $3
                 GROUP BY volunteer_id",
            )
            .bind(scheme.book.number())
            .bind(from)
            .bind(until)
            .fetch_all()
            .await?;
        // Records stay with the registration that they were made for; days of accounts were moved by the merge.
        let mut merits: HashMap<Uuid, YearMerits> = HashMap::with_capacity(served.len());
        for (id, minutes, points, services) in served {
            let merits = merits.entry(survivors.of(id)).or_default();
            merits.minutes = merits.minutes.saturating_add(minutes);
            merits.points = merits.points.saturating_add(points);
            merits.services = merits.services.saturating_add(services);
        }
        let Some(account) = &self.review.account else { return Ok(merits) };
        let earned: Vec<(Uuid, i64)> = tx
            .query(
                "SELECT volunteer_id, CAST(SUM(amount) AS BIGINT) FROM account_days
                 WHERE book = $1 AND account = $2 AND served_on >= $3 AND served_on <= $4 GROUP BY volunteer_id",
            )
            .bind(scheme.book.number())
            .bind(account.clone())
            .bind(from)
            .bind(until)
            .fetch_all()
            .await?;
        for (id, amount) in earned {
            merits.entry(id).or_default().account = amount;
        }
        Ok(merits)
    }
}
