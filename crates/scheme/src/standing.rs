//! What the book and the register know of a volunteer, as far as conditions on an exchange or a transfer ask.
//!
//! What was read here is pinned: an entry that rests on it carries the bounds of [`Known::pins`], and is worked out anew
//! when they refuse it.

use crate::accounts;
use crate::config::{CapUnit, Condition, Entitlement, ExchangeRule, Rules, Scheme, VolunteerAccount};
use crate::levels::{self, LevelError};
use crate::marks;
use crate::rules::{Facts, Person, ladders};
use crate::schemes::OpenScheme;
use crate::volunteers::VolunteerError;
use chrono::NaiveDate;
use ledger::state::Standing;
use ledger::{Bound, Key, PostError, Rejection};
use std::sync::Arc;
use uuid::Uuid;

/// The star that so many minutes are worth where the rules have no ladder of stars: 100, 300, 600, 1000, 1500 hours.
pub fn star(minutes: i64) -> i64 {
    [100, 300, 600, 1000, 1500].iter().filter(|hours| minutes >= **hours * 60).count() as i64
}

/// Who is asked about, on which day, and which account pays (`None`: points).
#[derive(Clone, Copy)]
pub struct Whom<'a> {
    pub scheme: &'a OpenScheme,
    pub config: &'a Scheme,
    pub volunteer: Uuid,
    pub account: Option<&'a VolunteerAccount>,
    pub today: NaiveDate,
}

impl Whom<'_> {
    /// Where what pays is.
    pub fn pays(&self) -> Arc<str> {
        match self.account {
            None => accounts::points_path(self.volunteer),
            Some(account) => accounts::account_path(self.volunteer, &account.code),
        }
    }

    /// Who it is, with the marks that the book puts on them, and the bounds by which these are what they were.
    pub async fn person(&self) -> Result<(Person, Vec<Bound>), StandingError> {
        marks::person(self.scheme, self.volunteer).await.map_err(|error| match error {
            VolunteerError::Database(error) => error.into(),
            VolunteerError::Busy => StandingError::Busy,
            VolunteerError::Book(error) => StandingError::Book(error),
            _ => StandingError::VolunteerNotFound { id: self.volunteer },
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<PostError> for StandingError {
    fn from(error: PostError) -> Self {
        match error {
            error if error.is_transient() => StandingError::Busy,
            other => StandingError::Book(other.to_string()),
        }
    }
}

impl From<LevelError> for StandingError {
    fn from(error: LevelError) -> Self {
        match error {
            LevelError::VolunteerNotFound { id } => StandingError::VolunteerNotFound { id },
            LevelError::Busy => StandingError::Busy,
            LevelError::Database(error) => StandingError::Database(error),
            other => StandingError::Book(other.to_string()),
        }
    }
}

/// What has to be looked up. Nothing, where no rule asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    pub minutes: bool,
    pub points: bool,
    /// What the account that pays has.
    pub paying: bool,
    pub services: bool,
    pub frozen: bool,
    /// Steps of ladders.
    pub ladders: bool,
    pub stars: bool,
}

impl Asks {
    /// What conditions ask; and whether the points are frozen, where the rules freeze them.
    pub fn of<'c>(rules: Option<&Rules>, conditions: impl Iterator<Item = &'c Condition>) -> Asks {
        let mut asks = Asks { frozen: rules.is_some_and(|rules| rules.freeze.is_some()), ..Asks::default() };
        conditions.for_each(|condition| asks.add(condition));
        asks
    }

    /// What the rules of an exchange ask.
    pub fn of_exchange(rules: Option<&Rules>, covering: &[&ExchangeRule], stars: bool) -> Asks {
        let asks = Asks::of(rules, covering.iter().flat_map(|rule| &rule.requires));
        Asks {
            stars,
            paying: asks.paying || covering.iter().any(|rule| rule.clears_balance),
            ladders: asks.ladders || covering.iter().any(|rule| rule.entitled_by.is_some()),
            ..asks
        }
    }

    fn add(&mut self, condition: &Condition) {
        let ratio = condition.min_points_per_hour.is_some();
        self.minutes |= condition.min_hours.is_some() || ratio;
        self.points |= condition.min_points.is_some() || ratio;
        self.paying |= ratio;
        self.services |= condition.min_services.is_some();
        self.ladders |= condition.min_step.is_some();
    }

    pub fn anything(&self) -> bool {
        *self != Asks::default()
    }
}

/// What is known at one moment.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub minutes: i64,
    /// Minor units that can be spent.
    pub points: i64,
    /// What can be spent of the account that pays.
    pub paying: i64,
    pub frozen: i64,
    pub services: i64,
    /// The steps of ladders that they have, those below included.
    pub steps: Vec<Entitlement>,
    /// Of steps that covering rules are for: how often their gifts are due until now.
    due: Vec<(Entitlement, i64)>,
    /// Steps of the ladder of stars, where the rules have one.
    stars: Option<i64>,
    /// What ladders were climbed with, pinned.
    climbed: Vec<Bound>,
}

impl Known {
    pub async fn read(whom: &Whom<'_>, asks: &Asks) -> Result<Known, StandingError> {
        let volunteer = whom.volunteer;
        let points = accounts::points_path(volunteer);
        let paths = [accounts::minutes_path(volunteer), points, whom.pays(), accounts::frozen_path(volunteer)];
        let view = whom.scheme.book.standings(&paths).await?;
        let drawable = |place: usize| view.lots.get(place).map_or(0, |lots| drawable(lots, whom.today));
        let mut known = Known {
            minutes: drawable(0),
            points: drawable(1),
            paying: drawable(2),
            frozen: drawable(3),
            services: if asks.services { services(whom).await? } else { 0 },
            ..Known::default()
        };
        let rules = whom.config.rules_on(whom.today).filter(|rules| !rules.ladders.is_empty());
        if let Some(rules) = rules.filter(|_| asks.ladders || asks.stars) {
            known.climb(whom, rules).await?;
        }
        Ok(known)
    }

    /// Where the volunteer stands on the ladders.
    async fn climb(&mut self, whom: &Whom<'_>, rules: &Rules) -> Result<(), StandingError> {
        let had = levels::known(whom.scheme, whom.volunteer, whom.today).await?;
        let standing = ladders::levels(rules, &had.merits, &had.person, &had.granted, whom.today);
        self.steps = ladders::steps(&standing);
        for level in &standing {
            let due = level.ladder.steps.iter().enumerate().map(|(place, step)| {
                let step = Entitlement { ladder: level.ladder.code.clone(), step: step.code.clone() };
                (step, level.due(place))
            });
            self.due.extend(due);
            if level.ladder.code == ladders::STARS {
                let highest = level.held.last().map_or(0, |place| place.saturating_add(1));
                self.stars = Some(i64::try_from(highest).unwrap_or(i64::MAX));
            }
        }
        self.climbed = had.pins;
        Ok(())
    }

    /// The stars of the volunteer: the steps of the ladder `stars` that they have, counted from below; where the rules
    /// have no such ladder, what the hours are worth.
    pub fn stars(&self) -> i64 {
        self.stars.unwrap_or_else(|| star(self.minutes))
    }

    /// How often the gifts of a step are due to them until now.
    pub fn due(&self, step: &Entitlement) -> i64 {
        self.due.iter().find(|(known, _)| known == step).map_or(0, |(_, due)| *due)
    }

    /// What conditions are asked of.
    pub fn facts<'f>(&'f self, person: &'f Person, whom: &Whom<'_>) -> Facts<'f> {
        let in_minutes = whom.account.is_some_and(|account| account.counts == CapUnit::Minutes);
        Facts {
            person: Some(person),
            on: whom.today,
            minutes: self.minutes,
            paying_minutes: in_minutes.then_some(self.paying),
            points: self.points,
            points_scale: whom.config.points_scale,
            services: self.services,
            steps: &self.steps,
            ..Facts::default()
        }
    }

    /// What was read, as it will be when `taken` has been taken from what pays.
    pub fn pins(&self, whom: &Whom<'_>, asks: &Asks, taken: i64) -> Vec<Bound> {
        let (volunteer, pays) = (whom.volunteer, whom.pays());
        let other = whom.account.is_some();
        let read = [
            (asks.minutes, accounts::minutes_path(volunteer), self.minutes),
            (asks.points && other, accounts::points_path(volunteer), self.points),
            (asks.points && !other || asks.paying || !self.climbed.is_empty(), pays.clone(), self.paying),
            (asks.frozen, accounts::frozen_path(volunteer), self.frozen),
        ];
        let mut pins = Vec::new();
        for (_, path, had) in read.into_iter().filter(|(asked, ..)| *asked) {
            let left = had.saturating_sub(if path == pays { taken } else { 0 });
            // When there is less than the price, that is the answer.
            if left >= 0 {
                let key = Key::pool(path, whom.today);
                pins.push(Bound { key, floor: Some(left), ceiling: Some(left) });
            }
        }
        pins.extend(self.climbed.iter().filter(|pin| pin.key.path != pays).cloned());
        pins
    }
}

/// Whether it was refused because what was read has changed.
pub fn refused_by_pin(pins: &[Bound], rejection: &Rejection) -> bool {
    let (Rejection::BelowFloor { account, .. } | Rejection::AboveCeiling { account, .. }) = rejection else {
        return false;
    };
    pins.iter().any(|pin| pin.key.to_string() == *account)
}

fn drawable(lots: &[Standing], day: NaiveDate) -> i64 {
    let usable = lots.iter().filter(|lot| lot.lot.usable_on(day));
    usable.map(|lot| (lot.balance - lot.held_out).max(0)).sum()
}

/// Confirmed services, and not those reversed.
async fn services(whom: &Whom<'_>) -> db::Result<i64> {
    let scheme = whom.scheme;
    let (services,): (i64,) = scheme
        .db
        .query(
            "SELECT CAST(COALESCE(SUM(services), 0) AS BIGINT) FROM year_totals WHERE book = $1 AND volunteer_id = $2",
        )
        .bind(scheme.book.number())
        .bind(whom.volunteer)
        .fetch_one()
        .await?;
    Ok(services)
}

#[cfg(test)]
mod tests {
    use super::star;

    #[test]
    fn stars_are_reached_at_the_full_hour() {
        for (minutes, expected) in [
            (0, 0),
            (5_999, 0),
            (6_000, 1),
            (17_999, 1),
            (18_000, 2),
            (36_000, 3),
            (60_000, 4),
            (90_000, 5),
            (i64::MAX, 5),
        ] {
            assert_eq!(star(minutes), expected, "{minutes} minutes");
        }
    }
}
