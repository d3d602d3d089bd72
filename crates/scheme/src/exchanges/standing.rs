//! What the book knows of a volunteer, as far as the terms of an exchange ask.

use super::reserve::star;
use super::terms::Asked;
use super::{ExchangeError, post_error};
use crate::accounts;
use crate::config::{Condition, Entitlement, ExchangeRule, Rules, VolunteerAccount};
use chrono::NaiveDate;
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
        let services = if asks.services { services(asked).await? } else { 0 };
        Ok(Known { minutes: drawable(0), points: drawable(1), paying: drawable(2), frozen: drawable(3), services })
    }

    /// The stars of the volunteer.
    pub fn stars(&self, _rules: Option<&Rules>) -> i64 {
        star(self.minutes)
    }

    /// The steps of ladders that they have.
    pub fn steps(&self) -> Vec<Entitlement> {
        Vec::new()
    }

    /// How often the gifts of a step are due to them until now.
    pub fn due(&self, _rules: Option<&Rules>, _step: &Entitlement) -> i64 {
        0
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
