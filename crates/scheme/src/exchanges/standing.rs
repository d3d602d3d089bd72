//! What the book knows of a volunteer, as far as the terms of an exchange ask.

use super::reserve::star;
use super::terms::Asked;
use super::{ExchangeError, post_error};
use crate::accounts;
use crate::config::{Condition, Entitlement, ExchangeRule, Rules, VolunteerAccount};
use crate::levels::{self, LevelError};
use crate::rules::ladders;
use chrono::NaiveDate;
use ledger::Bound;
use ledger::state::Standing;

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
    pub fn of(rules: Option<&Rules>, covering: &[&ExchangeRule], stars: bool) -> Asks {
        let mut asks = Asks { stars, frozen: rules.is_some_and(|rules| rules.freeze.is_some()), ..Asks::default() };
        for rule in covering {
            rule.requires.iter().for_each(|condition| asks.add(condition));
            asks.paying |= rule.clears_balance;
            asks.ladders |= rule.entitled_by.is_some();
        }
        asks
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
    pub pins: Vec<Bound>,
}

impl Known {
    pub async fn read(
        asked: &Asked<'_>,
        asks: &Asks,
        account: Option<&VolunteerAccount>,
    ) -> Result<Known, ExchangeError> {
        let volunteer = asked.wish.volunteer_id;
        let points = accounts::points_path(volunteer);
        let paying = account.map_or(points.clone(), |account| accounts::account_path(volunteer, &account.code));
        let paths = [accounts::minutes_path(volunteer), points, paying, accounts::frozen_path(volunteer)];
        let view = asked.scheme.book.standings(&paths).await.map_err(post_error)?;
        let drawable = |place: usize| view.lots.get(place).map_or(0, |lots| drawable(lots, asked.today));
        let mut known = Known {
            minutes: drawable(0),
            points: drawable(1),
            paying: drawable(2),
            frozen: drawable(3),
            services: if asks.services { services(asked).await? } else { 0 },
            ..Known::default()
        };
        let rules = asked.config.rules_on(asked.today).filter(|rules| !rules.ladders.is_empty());
        if let Some(rules) = rules.filter(|_| asks.ladders || asks.stars) {
            known.climb(asked, rules).await?;
        }
        Ok(known)
    }

    /// Where the volunteer stands on the ladders.
    async fn climb(&mut self, asked: &Asked<'_>, rules: &Rules) -> Result<(), ExchangeError> {
        let had = levels::known(asked.scheme, asked.wish.volunteer_id, asked.today).await.map_err(level_error)?;
        let standing = ladders::levels(rules, &had.merits, &had.person, &had.granted, asked.today);
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
        self.pins = had.pins;
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
}

fn level_error(error: LevelError) -> ExchangeError {
    match error {
        LevelError::VolunteerNotFound { id } => ExchangeError::VolunteerNotFound { id },
        LevelError::Busy => ExchangeError::Busy,
        LevelError::Database(error) => ExchangeError::Database(error),
        other => ExchangeError::Book(other.to_string()),
    }
}

fn drawable(lots: &[Standing], day: NaiveDate) -> i64 {
    let usable = lots.iter().filter(|lot| lot.lot.usable_on(day));
    usable.map(|lot| (lot.balance - lot.held_out).max(0)).sum()
}

/// Confirmed services, and not those reversed.
async fn services(asked: &Asked<'_>) -> Result<i64, ExchangeError> {
    let scheme = asked.scheme;
    let (services,): (i64,) = scheme
        .db
        .query(
            "SELECT CAST(COALESCE(SUM(services), 0) AS BIGINT) FROM year_totals WHERE book = $1 AND volunteer_id = $2",
        )
        .bind(scheme.book.number())
        .bind(asked.wish.volunteer_id)
        .fetch_one()
        .await?;
    Ok(services)
}
