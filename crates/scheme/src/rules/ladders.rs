//! Ladders: which step somebody has reached, what the next one takes, and how often its gifts are due.
//!
//! Ends are included: whoever has 100 hours has reached a step of 100 hours.
//!
//! | `standing` | hours | points |
//! |---|---|---|
//! | `kept` | ever credited: neither an exchange nor expiry nor a deduction lowers them, only the reversal of a record | ever earned |
//! | `follows_balance` | what the account holds (`hours_of`, or the hours of service) | what can be spent |
//!
//! Hours and days are those of the days of service within the ladder's time, up to its closing day; points have no time.
//! A ladder that is `automatic` and `kept` has a step once any window of its time was enough for it; one upon application
//! asks for the window that ends today.

mod progress;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate};

use super::{Facts, Person, fulfils};
use crate::config::{Award, Entitlement, Ladder, LadderStep, Rules, Sequence, Standing, Within};
pub use progress::{Count, Lack};

/// A day on which something was confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceDay {
    pub on: NaiveDate,
    /// Credited minutes.
    pub minutes: i64,
    /// Points earned, minor units; deductions are left out.
    pub points: i64,
    /// Services, without events.
    pub services: i64,
}

/// What ladders are climbed with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merits {
    /// In the order of days, each once.
    pub days: Vec<ServiceDay>,
    /// Hours of service as they stand in the book, in minutes.
    pub minutes: i64,
    /// Points that can be spent, minor units.
    pub points: i64,
    pub points_scale: u8,
    /// What the accounts of minutes hold, by their codes.
    pub accounts: BTreeMap<String, i64>,
}

/// Where somebody stands on a ladder.
#[derive(Clone, Debug, PartialEq)]
pub struct Level<'a> {
    pub ladder: &'a Ladder,
    /// What counts today.
    pub count: Count,
    /// How many steps are reached, from below: 2 is the second.
    pub reached: usize,
    /// The condition that keeps them from all steps.
    pub shut_out: Option<Lack>,
    /// Steps that are held, by their places: those reached when they are had by reaching them, else those granted, as
    /// long as the hours and points for them are there where the standing follows these.
    pub held: BTreeSet<usize>,
}

impl<'a> Level<'a> {
    /// The highest step that is reached.
    pub fn eligible(&self) -> Option<&'a LadderStep> {
        self.ladder.steps.get(self.reached.checked_sub(1)?)
    }

    pub fn next(&self) -> Option<&'a LadderStep> {
        self.ladder.steps.get(self.reached)
    }

    /// What keeps them from the step at this place; nothing when it is reached.
    pub fn lacks(&self, place: usize, person: &Person, on: NaiveDate) -> Vec<Lack> {
        let step = self.ladder.steps.get(place).filter(|_| place >= self.reached);
        let of_step = step.map(|step| self.count.lacks(step, person, on)).unwrap_or_default();
        self.shut_out.iter().cloned().chain(of_step).collect()
    }

    /// Whether they have the step at this place, or one above it.
    pub fn has(&self, place: usize) -> bool {
        self.held.last().is_some_and(|highest| *highest >= place)
    }

    /// The place of the step that is reached and is to be granted next: where steps come one by one the lowest that is not
    /// held, else the highest. `None` when nothing is due, or nothing is granted on this ladder.
    pub fn grantable(&self) -> Option<usize> {
        if self.ladder.award == Award::Automatic {
            return None;
        }
        match self.ladder.sequence {
            Some(Sequence::OneByOne) => (0..self.reached).find(|place| !self.held.contains(place)),
            _ => self.reached.checked_sub(1).filter(|place| !self.has(*place)),
        }
    }

    /// How often the gifts of the step at this place are due until now.
    pub fn due(&self, place: usize) -> i64 {
        let step = self.ladder.steps.get(place).filter(|_| self.has(place));
        step.map_or(0, |step| entitlements(self.ladder, step, self.count.minutes))
    }
}

/// Where somebody stands on every ladder of these rules. `granted` is what was granted to them and not revoked.
pub fn levels<'a>(
    rules: &'a Rules,
    merits: &Merits,
    person: &Person,
    granted: &[Entitlement],
    on: NaiveDate,
) -> Vec<Level<'a>> {
    let pass = |had: &[Entitlement]| -> Vec<Level<'a>> {
        rules.ladders.iter().map(|ladder| level(ladder, merits, person, had, granted, on)).collect()
    };
    let mut levels = pass(&[]);
    // A ladder may ask for a step of another, and that for a step of a third.
    let asks = |ladder: &&Ladder| ladder.requires.iter().any(|condition| condition.min_step.is_some());
    for _ in rules.ladders.iter().filter(asks) {
        levels = pass(&steps(&levels));
    }
    levels
}

fn level<'a>(
    ladder: &'a Ladder,
    merits: &Merits,
    person: &Person,
    had: &[Entitlement],
    granted: &[Entitlement],
    on: NaiveDate,
) -> Level<'a> {
    let count = merits.count(ladder, on);
    let shut_out = fulfils(&ladder.requires, &merits.facts(person, had, on)).err().map(|unmet| Lack::condition(&unmet));
    let counts = if shut_out.is_none() { merits.counts(ladder, on) } else { Vec::new() };
    let enough = |step: &LadderStep| counts.iter().any(|count| count.lacks(step, person, on).is_empty());
    let reached = ladder.steps.iter().rposition(enough).map_or(0, |place| place.saturating_add(1));
    let was_granted = |place: &usize| {
        let step = ladder.steps.get(*place);
        step.is_some_and(|step| granted.iter().any(|one| one.ladder == ladder.code && one.step == step.code))
    };
    let held = match (ladder.award, ladder.standing) {
        (Award::Automatic, _) => (0..reached).collect(),
        (Award::OnApplication, Standing::Kept) => (0..ladder.steps.len()).filter(was_granted).collect(),
        (Award::OnApplication, Standing::FollowsBalance) => (0..reached).filter(was_granted).collect(),
    };
    Level { ladder, count, reached, shut_out, held }
}

/// The steps that somebody has, those below them included: what conditions on steps ask for.
pub fn steps(levels: &[Level]) -> Vec<Entitlement> {
    let had = levels.iter().flat_map(|level| {
        let places = 0..level.held.last().map_or(0, |highest| highest.saturating_add(1));
        let steps = places.filter_map(|place| level.ladder.steps.get(place));
        steps.map(|step| Entitlement { ladder: level.ladder.code.clone(), step: step.code.clone() })
    });
    had.collect()
}

/// How often the gifts of a step are due to whoever has it and so many minutes: once, and once more with every cycle of
/// the ladder. 0 below the step.
pub fn entitlements(ladder: &Ladder, step: &LadderStep, minutes: i64) -> i64 {
    let needed = step.hours.map_or(0, |hours| hours.minutes_up());
    let over = minutes.saturating_sub(needed);
    let cycle = ladder.cycle_hours.filter(|_| step.hours.is_some()).map(|hours| i64::from(hours).saturating_mul(60));
    match cycle.filter(|cycle| *cycle > 0) {
        _ if over < 0 => i64::from(step.hours.is_none()),
        None => 1,
        Some(cycle) => (over / cycle).saturating_add(1),
    }
}

/// Credited minutes without which nobody has reached any step, over all years; 0 when hours alone do not tell.
pub fn least_minutes(ladder: &Ladder) -> i64 {
    // Only what is kept is counted by what was credited, and a window holds no more than all of it.
    let told = ladder.standing == Standing::Kept;
    let needed =
        |step: &LadderStep| step.hours.filter(|_| told && step.or_label.is_none()).map(|hours| hours.minutes_up());
    ladder.steps.iter().map(|step| needed(step).unwrap_or(0)).min().unwrap_or(0)
}

/// The step that a reward asks for with so many stars: that of the ladder `stars`, counted from 1. `None` when these rules
/// have no such ladder or step.
pub fn star(rules: &Rules, stars: i64) -> Option<Entitlement> {
    let ladder = rules.ladders.iter().find(|ladder| ladder.code == STARS)?;
    let place = usize::try_from(stars.checked_sub(1)?).ok()?;
    let step = ladder.steps.get(place)?;
    Some(Entitlement { ladder: ladder.code.clone(), step: step.code.clone() })
}

/// The ladder that `min_star` of rewards is about.
pub const STARS: &str = "stars";

impl Merits {
    /// What a condition on hours, points and services is asked of.
    pub fn facts<'a>(&self, person: &'a Person, steps: &'a [Entitlement], on: NaiveDate) -> Facts<'a> {
        Facts {
            person: Some(person),
            on,
            minutes: self.minutes,
            points: self.points,
            points_scale: self.points_scale,
            services: self.days.iter().map(|day| day.services).sum(),
            steps,
            ..Facts::default()
        }
    }

    /// What counts for the ladder on `on`.
    pub fn count(&self, ladder: &Ladder, on: NaiveDate) -> Count {
        let until = closing(ladder, on);
        let mut count = self.within(window(ladder.within, until));
        count.points = self.points_for(ladder, until);
        if ladder.standing == Standing::FollowsBalance && ladder.within == Within::Ever {
            let later = self.days.iter().filter(|day| day.on > until).map(|day| day.minutes).sum();
            count.minutes = self.balance(ladder).saturating_sub(later);
        }
        count
    }

    /// What counted for it at any time that is enough for what is kept.
    fn counts(&self, ladder: &Ladder, on: NaiveDate) -> Vec<Count> {
        let mut counts = vec![self.count(ladder, on)];
        let looks_back = (ladder.award, ladder.standing) == (Award::Automatic, Standing::Kept);
        if looks_back && ladder.within != Within::Ever {
            let until = closing(ladder, on);
            let ends = self.days.iter().map(|day| closing(ladder, day.on)).filter(|end| *end <= until);
            let points = self.points_for(ladder, until);
            counts.extend(ends.map(|end| Count { points, ..self.within(window(ladder.within, end)) }));
        }
        counts
    }

    fn within(&self, (from, until): (NaiveDate, NaiveDate)) -> Count {
        let first = self.days.partition_point(|day| day.on < from);
        let end = self.days.partition_point(|day| day.on <= until).max(first);
        let days = self.days.get(first..end).unwrap_or_default();
        Count {
            minutes: days.iter().map(|day| day.minutes).sum(),
            points: 0,
            days: days.iter().filter(|day| day.services > 0).map(|_| 1).sum(),
            points_scale: self.points_scale,
        }
    }

    fn points_for(&self, ladder: &Ladder, until: NaiveDate) -> i64 {
        match ladder.standing {
            Standing::FollowsBalance => self.points,
            Standing::Kept => self.days.iter().filter(|day| day.on <= until).map(|day| day.points).sum(),
        }
    }

    fn balance(&self, ladder: &Ladder) -> i64 {
        let account = |code: &String| self.accounts.get(code).copied().unwrap_or(0);
        ladder.hours_of.as_ref().map_or(self.minutes, account)
    }
}

/// The last day whose service counts, asked on `on`: what is served after the closing day counts from the next year on.
fn closing(ladder: &Ladder, on: NaiveDate) -> NaiveDate {
    ladder.closes_on.and_then(|day| day.in_year(on.year())).map_or(on, |closes| closes.min(on))
}

fn window(within: Within, until: NaiveDate) -> (NaiveDate, NaiveDate) {
    let from = match within {
        Within::Ever => NaiveDate::MIN,
        Within::Year => NaiveDate::from_ymd_opt(until.year(), 1, 1).unwrap_or(NaiveDate::MIN),
        Within::Days(days) => {
            let before = Days::new(u64::from(days.saturating_sub(1)));
            until.checked_sub_days(before).unwrap_or(NaiveDate::MIN)
        }
    };
    (from, until)
}
