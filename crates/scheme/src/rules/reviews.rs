//! Reviews: who fulfils the conditions, in which order, and who is selected. Pure.
//!
//! | step | how |
//! |---|---|
//! | conditions | as of the last day of the year, of what was served in it until the closing day |
//! | order | by the key, or by the score that the table of bands gives it; the highest first |
//! | ties | `all_in`, `all_out`: level is level; `hours_services_seniority`: more hours, more services, registered earlier, then the lower number |
//! | seats | fixed; a percentage of those who fulfil the conditions, rounded down; or shared out among units by largest remainder |
//! | equal remainders | the unit with more candidates, then the one whose code comes first; who is in no unit makes a unit, the first |
//!
//! Seats that ties leave empty stay empty, and a unit's seats are not given to another.

#[cfg(test)]
mod tests;

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::ladders::Lack;
use super::{Decimal, Facts, Person, fulfils};
use crate::config::{CapUnit, Entitlement, Quota, Review, ReviewKey, ReviewTies, ScoreBand};

/// Somebody who may be selected, and what they did in the year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub person: Person,
    /// The unit's code.
    pub unit: Option<String>,
    /// The volunteer's number: the last tie is broken by it.
    pub number: String,
    pub minutes: i64,
    /// Minor units.
    pub points: i64,
    pub services: i64,
    /// What was earned in the account that the review goes by.
    pub account: i64,
    /// The steps of ladders that they have.
    pub steps: Vec<Entitlement>,
    /// Selected so recently that they do not take part.
    pub rests: bool,
    /// Something that was decided keeps them from the reviews of the year.
    pub vetoed: bool,
}

/// How amounts are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    pub points_scale: u8,
    /// Of the account that the review goes by.
    pub account: CapUnit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Among the selected; passed, when there is no quota.
    Selected,
    /// Fulfils the conditions, and others came first.
    BeyondQuota,
    /// Was selected in the years before, and rests.
    Resting,
    /// Fulfils the conditions, and something that was decided keeps them from it: a complaint that was upheld.
    Vetoed,
    /// Not registered for long enough: takes part the next time.
    NotYet,
    /// Does not fulfil the conditions; failed, when there is no quota.
    NotQualified,
}

impl Outcome {
    pub const ALL: [Outcome; 6] = [
        Outcome::Selected,
        Outcome::BeyondQuota,
        Outcome::Resting,
        Outcome::Vetoed,
        Outcome::NotYet,
        Outcome::NotQualified,
    ];
}

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub outcome: Outcome,
    /// Among those who compete for the same seats; of all who fulfil the conditions and do not rest. Whoever is level shares a
    /// rank, and the next is left out for each.
    pub rank: Option<i64>,
    /// With a table of bands.
    pub score: Option<Decimal>,
    /// The condition that does not hold.
    pub lack: Option<Lack>,
}

/// What becomes of each candidate, in their order. `on` is the last day of the year.
pub fn select(review: &Review, candidates: &[Candidate], measure: Measure, on: NaiveDate) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> =
        candidates.iter().map(|candidate| qualify(review, candidate, measure, on)).collect();
    let qualified = verdicts.iter().enumerate().filter(|(_, verdict)| verdict.outcome == Outcome::BeyondQuota);
    let qualified: Vec<Runner> = qualified
        .filter_map(|(place, verdict)| Some(Runner::new(review, candidates.get(place)?, verdict.score, place)))
        .collect();
    for (mut runners, seats) in fields(review, candidates, qualified) {
        runners.sort_by(|one, other| one.against(other));
        let chosen = chosen(&runners, seats, review.ties);
        let mut rank = 0;
        let mut before: Option<&Runner> = None;
        for (position, runner) in runners.iter().enumerate() {
            if !before.is_some_and(|before| before.is_level(runner, review.ties)) {
                rank = i64::try_from(position).unwrap_or(i64::MAX).saturating_add(1);
            }
            before = Some(runner);
            let Some(verdict) = verdicts.get_mut(runner.place) else { continue };
            verdict.rank = Some(rank);
            if position < chosen {
                verdict.outcome = Outcome::Selected;
            }
        }
    }
    verdicts
}

/// Whether the candidate fulfils the conditions; who does is beyond the quota until selected.
fn qualify(review: &Review, candidate: &Candidate, measure: Measure, on: NaiveDate) -> Verdict {
    let facts = Facts {
        person: Some(&candidate.person),
        on,
        minutes: candidate.minutes,
        points: candidate.points,
        points_scale: measure.points_scale,
        services: candidate.services,
        steps: &candidate.steps,
        ..Facts::default()
    };
    let score = (!review.bands.is_empty()).then(|| score(&review.bands, review, candidate, measure));
    match fulfils(&review.requires, &facts) {
        Ok(()) if candidate.vetoed => Verdict { outcome: Outcome::Vetoed, rank: None, score, lack: None },
        Ok(()) if candidate.rests => Verdict { outcome: Outcome::Resting, rank: None, score, lack: None },
        Ok(()) => Verdict { outcome: Outcome::BeyondQuota, rank: None, score, lack: None },
        Err(unmet) => {
            let is_early = matches!(unmet.condition, "member_months" | "member_years");
            let outcome = if is_early { Outcome::NotYet } else { Outcome::NotQualified };
            Verdict { outcome, rank: None, score, lack: Some(Lack::condition(&unmet)) }
        }
    }
}

/// What the order goes by when there are no bands.
fn value(review: &Review, candidate: &Candidate) -> i64 {
    match review.key {
        ReviewKey::Hours => candidate.minutes,
        ReviewKey::Points => candidate.points,
        ReviewKey::Services => candidate.services,
        ReviewKey::Account => candidate.account,
    }
}

/// The score of the highest band that is reached; 0 below the first.
fn score(bands: &[ScoreBand], review: &Review, candidate: &Candidate, measure: Measure) -> Decimal {
    let value = value(review, candidate);
    let unit = match review.key {
        ReviewKey::Hours => CapUnit::Minutes,
        ReviewKey::Points => CapUnit::Points,
        ReviewKey::Services => CapUnit::Uses,
        ReviewKey::Account => measure.account,
    };
    let is_reached = |band: &&ScoreBand| match unit {
        CapUnit::Minutes => value >= band.from.minutes_up(),
        CapUnit::Points => value >= band.from.minor(measure.points_scale),
        CapUnit::Uses => Decimal::whole(value) >= band.from,
    };
    bands.iter().filter(is_reached).max_by_key(|band| band.from).map_or(Decimal::ZERO, |band| band.score)
}

/// Somebody who fulfils the conditions, as far as the order goes.
struct Runner<'a> {
    place: usize,
    value: i64,
    minutes: i64,
    services: i64,
    registered_on: NaiveDate,
    number: &'a str,
}

impl<'a> Runner<'a> {
    fn new(review: &Review, candidate: &'a Candidate, score: Option<Decimal>, place: usize) -> Runner<'a> {
        Runner {
            place,
            value: score.map_or_else(|| value(review, candidate), Decimal::ten_thousandths),
            minutes: candidate.minutes,
            services: candidate.services,
            registered_on: candidate.person.registered_on.unwrap_or(NaiveDate::MAX),
            number: &candidate.number,
        }
    }

    fn against(&self, other: &Runner) -> Ordering {
        let key = |runner: &Runner| {
            (Reverse(runner.value), Reverse(runner.minutes), Reverse(runner.services), runner.registered_on)
        };
        key(self).cmp(&key(other)).then_with(|| self.number.cmp(other.number))
    }

    fn is_level(&self, other: &Runner, ties: ReviewTies) -> bool {
        match ties {
            ReviewTies::AllIn | ReviewTies::AllOut => self.value == other.value,
            ReviewTies::HoursServicesSeniority => self.place == other.place,
        }
    }
}

/// Who competes with whom, for how many seats.
fn fields<'a>(review: &Review, candidates: &[Candidate], runners: Vec<Runner<'a>>) -> Vec<(Vec<Runner<'a>>, usize)> {
    let all = runners.len();
    let seats = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    match &review.quota {
        None => vec![(runners, all)],
        Some(Quota::Fixed(number)) => vec![(runners, seats(*number))],
        Some(Quota::Percent(percent)) => vec![(runners, share_of(*percent, all))],
        Some(Quota::ByUnit(number)) => {
            let mut units: BTreeMap<Option<&str>, Vec<Runner>> = BTreeMap::new();
            for runner in runners {
                let unit = candidates.get(runner.place).and_then(|candidate| candidate.unit.as_deref());
                units.entry(unit).or_default().push(runner);
            }
            let counts: Vec<usize> = units.values().map(Vec::len).collect();
            units.into_values().zip(largest_remainder(seats(*number), &counts)).collect()
        }
    }
}

/// So many of a hundred, rounded down.
fn share_of(percent: Decimal, all: usize) -> usize {
    const HUNDRED: i128 = 100 * 10_000;
    let all = i128::try_from(all).unwrap_or(i128::MAX);
    let share = all.saturating_mul(percent.ten_thousandths().into()) / HUNDRED;
    usize::try_from(share.max(0)).unwrap_or(usize::MAX)
}

/// Seats shared out in proportion to `counts`, by largest remainder: each gets its exact share rounded down, and what is left
/// goes to the largest remainders, of equal ones to the larger count, then to the first. No more seats are shared out than
/// there are candidates.
pub fn largest_remainder(seats: usize, counts: &[usize]) -> Vec<usize> {
    let total: u128 = counts.iter().map(|count| *count as u128).sum();
    let seats = (seats as u128).min(total);
    let share = |count: &usize| (*count as u128).saturating_mul(seats);
    let mut given: Vec<u128> = counts.iter().map(|count| share(count).checked_div(total).unwrap_or(0)).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    let count_of = |place: &usize| counts.get(*place).copied().unwrap_or(0);
    order.sort_by_key(|place| {
        let count = count_of(place);
        (Reverse(share(&count).checked_rem(total).unwrap_or(0)), Reverse(count), *place)
    });
    let left = seats.saturating_sub(given.iter().sum());
    for place in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        if let Some(given) = given.get_mut(place) {
            *given = given.saturating_add(1);
        }
    }
    given.into_iter().map(|seats| usize::try_from(seats).unwrap_or(usize::MAX)).collect()
}

/// How many of the ordered runners are selected.
fn chosen(runners: &[Runner], seats: usize, ties: ReviewTies) -> usize {
    let (Some(last), Some(first_out)) = (seats.checked_sub(1).and_then(|last| runners.get(last)), runners.get(seats))
    else {
        return seats.min(runners.len());
    };
    match ties {
        ReviewTies::HoursServicesSeniority => seats,
        _ if last.value != first_out.value => seats,
        ReviewTies::AllIn => runners.iter().take_while(|runner| runner.value >= last.value).count(),
        ReviewTies::AllOut => runners.iter().take_while(|runner| runner.value > last.value).count(),
    }
}
