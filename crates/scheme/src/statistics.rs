//! What was done in a stretch of months: hours and people, categories, units and teams, ages, points, what is overdue. Everything
//! is read at one moment, as of one entry of the book, and held against the book.
//!
//! Sums come from projections that stay small (`projection`). What has to be counted person by person is counted again
//! only when somebody's totals of these months, or the register of volunteers, have changed ([`Counted`]).

mod ages;
mod besides;
mod people;
mod reconcile;
mod statement;
mod sums;

pub use ages::{AgeBand, AgeLine};
pub use besides::Besides;
pub use people::{Counted, UnitPeople, Volunteers};
pub use reconcile::{Check, Reconciled};
pub use statement::{Answered, Certificates, Statement, StepGranted, statement};
pub use sums::{Points, Total};

use crate::rankings::Period;
use crate::rewards::RewardError;
use crate::rewards::stock::{self, AsOf};
use crate::schemes::OpenScheme;
use crate::units::Organisation;
use crate::volunteers::Invalid;
use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use std::collections::{BTreeMap, HashSet};

/// Months that statistics cover, at most: ten years.
pub const MOST_MONTHS: usize = 120;

/// Of what statistics are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The first day of a month.
    pub from: NaiveDate,
    /// The last day of a month.
    pub until: NaiveDate,
    /// Code of a unit: what counts for it and for all below it, and who serves there.
    pub unit: Option<String>,
    /// Adds up all accounts besides, to hold the sums against them: it takes as long as there are accounts.
    pub thorough: bool,
}

impl Scope {
    pub fn year(year: i32) -> Scope {
        let (from, until) = (Period::Year(year).first_day(), Period::Year(year).last_day());
        Scope { from, until, unit: None, thorough: false }
    }

    /// Its months, or what is wrong with it.
    fn months(&self) -> Result<Vec<Period>, Invalid> {
        let month_of = |day: NaiveDate| Period::Month(day.year(), day.month());
        if month_of(self.from).first_day() != self.from {
            return Err(Invalid::new("from", "not_whole_months", "statistics begin on the first day of a month"));
        }
        if month_of(self.until).last_day() != self.until {
            return Err(Invalid::new("until", "not_whole_months", "statistics end on the last day of a month"));
        }
        let begun = (0..=MOST_MONTHS).filter_map(|n| self.from.checked_add_months(Months::new(u32::try_from(n).ok()?)));
        let months: Vec<Period> = begun.take_while(|first| *first <= self.until).map(month_of).collect();
        match months.len() {
            1..=MOST_MONTHS => Ok(months),
            _ => Err(Invalid::new("until", "invalid_period", format!("1 to {MOST_MONTHS} months"))),
        }
    }

    /// The year that it is, when it is one.
    fn whole_year(&self) -> Option<i32> {
        (Scope { unit: None, thorough: false, ..self.clone() } == Scope::year(self.from.year()))
            .then(|| self.from.year())
    }
}

/// What was done in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthLine {
    pub month: Period,
    /// Who served; of a unit, those of its members on the day that counts who served, wherever it was.
    pub people: i64,
    pub total: Total,
}

/// A unit right below the one asked for, with all that is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitLine {
    pub code: String,
    pub total: Total,
    pub people: UnitPeople,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    pub scope: Scope,
    /// The newest entry that is part of it.
    pub as_of: i64,
    /// Whose tree and memberships count: the last day, or today while the months last.
    pub on: NaiveDate,
    pub months: Vec<MonthLine>,
    pub total: Total,
    /// By code; `""` are the points that wishes carried.
    pub categories: Vec<(String, Total)>,
    pub units: Vec<UnitLine>,
    /// By code.
    pub teams: Vec<(String, Total)>,
    pub ages: Vec<AgeLine>,
    pub volunteers: Volunteers,
    pub besides: Besides,
    /// Of the whole scheme, whichever unit is asked for.
    pub points: Points,
    /// Fen: what the pieces on all shelves cost, as far as it is known; of the whole scheme.
    pub stock_value: i64,
    pub reconciled: Reconciled,
}

#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The statistics of `scope`, as of the newest entry.
pub async fn statistics(scheme: &OpenScheme, scope: &Scope, now: DateTime<Utc>) -> Result<Statistics, StatisticsError> {
    let organisation = scheme.organisation().await?;
    let mut tx = scheme.db.begin_read().await?;
    let read = read(&mut tx, scheme, &organisation, scope, now).await?;
    tx.rollback().await?;
    Ok(read)
}

/// As [`statistics`], within a look at the book that somebody else has begun.
async fn read(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    organisation: &Organisation,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<Statistics, StatisticsError> {
    let invalid = |flaw| StatisticsError::Invalid(vec![flaw]);
    let months = scope.months().map_err(invalid)?;
    let today = scheme.config().day_of(now);
    let on = scope.until.min(today);
    if scope.unit.as_deref().is_some_and(|unit| organisation.unit(unit).is_none()) {
        return Err(invalid(Invalid::new("unit", "unknown_unit", "the scheme has no such unit")));
    }
    let below = scope.unit.as_deref().map(|unit| organisation.subtree(unit, on));
    let as_of = scheme.book.size(tx).await?;
    let sums = sums::read(tx, scheme, &months).await?;
    let people = people::read(tx, scheme, scope, &months, on).await?;
    let in_month = people::in_months(tx, scheme, &months, below.as_deref(), on).await?;
    let besides = besides::read(tx, scheme, scope, below.as_deref(), today).await?;
    let chosen: Option<HashSet<&str>> = below.as_ref().map(|below| below.iter().map(String::as_str).collect());
    let is_in = |unit: &str| chosen.as_ref().is_none_or(|chosen| chosen.contains(unit));
    let total_of = |month: Period| sums.by(|row| row.month == month.number() && is_in(&row.unit));
    let lines: Vec<MonthLine> = months
        .iter()
        .map(|month| {
            let counted = in_month.get(&month.number()).copied().unwrap_or_default();
            MonthLine { month: *month, people: counted.people, total: total_of(*month) }
        })
        .collect();
    let mut categories: BTreeMap<String, Total> = BTreeMap::new();
    for row in sums.categories.iter().filter(|row| is_in(&row.unit)) {
        categories.entry(row.category.clone()).or_default().add(row.total());
    }
    let mut teams: BTreeMap<String, Total> = BTreeMap::new();
    for row in sums.groups.iter().filter(|row| !row.team.is_empty() && is_in(&row.unit)) {
        teams.entry(row.team.clone()).or_default().add(row.total());
    }
    let units = organisation.children(scope.unit.as_deref(), on).into_iter().map(|code| {
        let subtree = organisation.subtree(&code, on);
        let subtree: HashSet<&str> = subtree.iter().map(String::as_str).collect();
        let is_below = |unit: &str| subtree.contains(unit);
        let total = sums.by(|row| is_below(&row.unit));
        UnitLine { total, people: people.of_units(is_below), code }
    });
    let units = units.collect();
    let total = lines.iter().fold(Total::default(), |sum, line| sum.plus(line.total));
    let reconciled = reconcile::read(tx, scheme, scope, &sums, &in_month, below.as_deref()).await?;
    let stock_value = stock_value(tx, scheme).await?;
    Ok(Statistics {
        as_of,
        on,
        total,
        months: lines,
        categories: categories.into_iter().collect(),
        units,
        teams: teams.into_iter().collect(),
        ages: people.ages(is_in),
        volunteers: people.volunteers(is_in),
        besides,
        points: sums.points,
        stock_value,
        reconciled,
        scope: scope.clone(),
    })
}

/// What is on all shelves.
async fn stock_value(tx: &mut db::Tx, scheme: &OpenScheme) -> db::Result<i64> {
    match stock::shelves_in(tx, scheme, None, AsOf::Now).await {
        Ok((shelves, _)) => Ok(shelves.iter().filter_map(|shelf| shelf.value).fold(0, i64::saturating_add)),
        Err(RewardError::Database(error)) => Err(error),
        // Nothing else is refused for what is there now.
        Err(other) => Err(db::Error::Damaged(other.to_string())),
    }
}
