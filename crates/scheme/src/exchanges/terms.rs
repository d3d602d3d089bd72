//! The terms of an exchange: what the rules in force that day, and the reward, ask of a wish.
//!
//! | what | how it holds |
//! |---|---|
//! | windows, beneficiaries, conditions on the person | judged here: a refusal, given when the book has no reason of its own |
//! | limits, entitlements | bounds: a use counted with the exchange |
//! | conditions on hours and points, freezing, clearing the balance | judged here on what the book says, which is pinned: when it is otherwise by the time of posting, it is judged anew |
//! | conditions on the number of services | judged here, at the moment of asking |

use super::{ExchangeError, Ineligible, Wish};
use crate::accounts;
use crate::config::{CapUnit, ExchangeRule, Rules, Scheme, VolunteerAccount};
use crate::moment;
use crate::rewards::{self, Reward, Session};
use crate::rules::{self, Person, Price, Unmet};
use crate::schemes::OpenScheme;
use crate::standing::{Asks, Known, Whom, refused_by_pin};
use crate::volunteers::Invalid;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Bound, Refusal, Rejection};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A wish, and what it is about.
pub struct Asked<'a> {
    pub scheme: &'a OpenScheme,
    pub config: &'a Scheme,
    pub wish: &'a Wish,
    pub reward: &'a Reward,
    pub session: Option<&'a Session>,
    pub today: NaiveDate,
    pub now: DateTime<Utc>,
}

/// A use that is counted, and how many there may be.
pub struct Counted {
    pub path: Arc<str>,
    pub most: i64,
}

pub struct Terms {
    /// What pays; `None`: points.
    pub account: Option<VolunteerAccount>,
    /// In minor units of what pays, for all pieces.
    pub points: i64,
    /// Fen, for all pieces.
    pub cash: Option<i64>,
    pub refundable: bool,
    pub counted: Vec<Counted>,
    /// What was read, and must still be so.
    pub pins: Vec<Bound>,
    /// All that stands against it outside the book; the first is the answer when the book has no reason of its own.
    pub refusals: Vec<Refusal>,
    /// The refusal comes before any that the book may have.
    pub refused_at_once: bool,
    /// Under which version of the rules, when rules of exchange cover it.
    pub version: Option<String>,
    /// What pays, when all that is there is taken.
    emptied: Option<Arc<str>>,
}

impl Terms {
    /// Whether what was read has changed by the time of posting.
    pub fn are_stale(&self, rejection: &Rejection) -> bool {
        let emptied = match (rejection, &self.emptied) {
            (Rejection::BelowFloor { account, .. }, Some(path)) => **path == **account,
            _ => false,
        };
        emptied || refused_by_pin(&self.pins, rejection)
    }

    /// Whether it takes all that is there.
    pub fn clears_balance(&self) -> bool {
        self.emptied.is_some()
    }

    fn refuse(&mut self, refusal: Result<(), Refusal>) {
        self.refusals.extend(refusal.err());
    }
}

/// What the rules in force make of the wish.
pub async fn settle(asked: &Asked<'_>) -> Result<Terms, ExchangeError> {
    let rules = asked.config.rules_on(asked.today);
    let covering = rules.map(|rules| rules.exchange_rules(asked.reward.details.group.as_deref())).unwrap_or_default();
    let account =
        covering.iter().find_map(|rule| rule.pays_from.as_deref()).and_then(|code| asked.config.account(code));
    let Price { points, cash } = price(asked, &covering, account)?;
    let mut terms = Terms {
        account: account.cloned(),
        points,
        cash,
        refundable: covering.iter().all(|rule| rule.refundable),
        counted: limits(asked, &covering),
        pins: Vec::new(),
        refusals: Vec::new(),
        refused_at_once: false,
        version: rules.filter(|_| !covering.is_empty()).map(|rules| rules.version.clone()),
        emptied: None,
    };
    let whom = Whom {
        scheme: asked.scheme,
        config: asked.config,
        volunteer: asked.wish.volunteer_id,
        account,
        today: asked.today,
    };
    let asks = Asks::of_exchange(rules, &covering, asked.reward.details.min_star.is_some());
    let known = if asks.anything() { Known::read(&whom, &asks).await? } else { Known::default() };
    if let Some(unlisted) = rewards::unlisted(&asked.reward.details) {
        terms.refuse(Err(unlisted));
        terms.refused_at_once = true;
        return Ok(terms);
    }
    // Nobody is told to earn more for what is not to be had.
    if covering.iter().any(|rule| rule.prohibited) {
        terms.refuse(Err(not_eligible("prohibited", String::new(), String::new())));
        terms.refused_at_once = true;
        return Ok(terms);
    }
    if asks.frozen && known.frozen > 0 {
        terms.refuse(Err(Refusal { code: "account_frozen".to_owned(), detail: Map::new() }));
        terms.refused_at_once = true;
        return Ok(terms);
    }
    terms.refuse(min_star(asked, &known));
    let mut marks = Vec::new();
    if !covering.is_empty() || asked.wish.beneficiary.is_some() {
        let (person, pins) = whom.person().await?;
        marks = pins;
        judge(asked, &whom, &covering, &known, &person, &mut terms);
    }
    terms.refusals.extend(gates(asked).await?);
    terms.refusals.extend(barred(asked, rules).await?);
    terms.refuse(window(asked, &covering));
    if terms.refusals.is_empty() {
        if covering.iter().any(|rule| rule.clears_balance) && terms.points > 0 && known.paying >= terms.points {
            terms.points = known.paying;
            terms.emptied = Some(whom.pays());
        }
        terms.pins = known.pins(&whom, &asks, terms.points);
        // What is granted rests on the marks that were read, too.
        terms.pins.extend(marks);
    }
    Ok(terms)
}

/// What all pieces cost, in minor units of what pays.
fn price(
    asked: &Asked<'_>,
    covering: &[&ExchangeRule],
    account: Option<&VolunteerAccount>,
) -> Result<Price, ExchangeError> {
    let invalid = |field, code, detail: &str| ExchangeError::Invalid(vec![Invalid::new(field, code, detail)]);
    let too_large = || invalid("quantity", "amount_too_large", "the price is beyond all numbers");
    let (details, wish) = (&asked.reward.details, asked.wish);
    let scale = 10_i64.pow(asked.config.points_scale.into());
    let in_minutes = account.is_some_and(|account| account.counts == CapUnit::Minutes);
    let points = details.price_points.checked_mul(wish.quantity).ok_or_else(too_large)?;
    let points = match in_minutes {
        false => points,
        true => {
            let minutes = points.checked_mul(60).ok_or_else(too_large)?;
            let whole = minutes % scale == 0;
            let not_whole = || invalid("reward_id", "not_whole_minutes", "the price in hours is not of whole minutes");
            whole.then_some(minutes / scale).ok_or_else(not_whole)?
        }
    };
    let own = Price { points, cash: details.price_cash.map(|cash| cash.saturating_mul(wish.quantity)) };
    match (covering.iter().find_map(|rule| rule.bill.as_ref()), wish.bill) {
        (None, None) => Ok(own),
        (None, Some(_)) => Err(invalid("bill", "bill_not_asked", "the price of this reward follows from no bill")),
        (Some(_), None) => Err(invalid("bill", "missing_bill", "the price of this reward follows from a bill")),
        (Some(rule), Some(bill)) => {
            if !(1..=100_000_000).contains(&bill) {
                return Err(invalid("bill", "invalid_bill", "a bill is 0.01 to 1000000 yuan"));
            }
            let minor = if in_minutes { 60 } else { scale };
            rules::price_by_bill(rule, bill, own, minor).ok_or_else(too_large)
        }
    }
}

/// The limit of the reward, then those of the rules.
fn limits(asked: &Asked<'_>, covering: &[&ExchangeRule]) -> Vec<Counted> {
    let (wish, details) = (asked.wish, &asked.reward.details);
    let own = details.limit.map(|limit| {
        let path = accounts::limit_path(wish.reward_id, wish.volunteer_id, &limit.per.of(asked.today));
        Counted { path, most: limit.uses }
    });
    let of_rules = rules::limits(covering, asked.today).into_iter().map(|limit| {
        let path = accounts::rule_limit_path(&limit.of, wish.volunteer_id, &limit.period);
        Counted { path, most: limit.uses }
    });
    own.into_iter().chain(of_rules).collect()
}

/// The star that the reward asks for: a step of the ladder `stars`, or what the hours are worth where there is none.
fn min_star(asked: &Asked<'_>, known: &Known) -> Result<(), Refusal> {
    let Some(needed) = asked.reward.details.min_star else { return Ok(()) };
    let available = known.stars();
    if available >= needed {
        return Ok(());
    }
    Err(not_eligible("min_star", needed.to_string(), available.to_string()))
}

/// Whether the rules let this person have it, and for whom. What a ladder entitles to is counted.
fn judge(
    asked: &Asked<'_>,
    whom: &Whom<'_>,
    covering: &[&ExchangeRule],
    known: &Known,
    person: &Person,
    terms: &mut Terms,
) {
    let facts = known.facts(person, whom);
    for rule in covering {
        terms.refuse(rules::fulfils(&rule.requires, &facts).map_err(|unmet| refused_by(&unmet)));
    }
    let for_whom = rules::may_be_for(covering, asked.wish.beneficiary, person.birth_date, asked.today);
    terms.refuse(for_whom.map_err(|unmet| refused_by(&unmet)));
    for step in covering.iter().filter_map(|rule| rule.entitled_by.as_ref()) {
        let due = known.due(step);
        if due == 0 {
            let step = format!("{}/{}", step.ladder, step.step);
            terms.refuse(Err(not_eligible("entitled_by", step, String::new())));
            continue;
        }
        let path = accounts::entitled_path(asked.wish.volunteer_id, &step.ladder, &step.step);
        if !terms.counted.iter().any(|known| known.path == path) {
            terms.counted.push(Counted { path, most: due });
        }
    }
}

/// What the reward itself asks of the volunteer.
async fn gates(asked: &Asked<'_>) -> Result<Vec<Refusal>, ExchangeError> {
    let gates = &asked.reward.details.gates;
    if !gates.ask_who() {
        return Ok(Vec::new());
    }
    let visitor = rewards::visitor(asked.scheme, asked.wish.volunteer_id, asked.today).await?;
    Ok(gates.lacks(&visitor, asked.today))
}

/// Whether places are booked for the volunteer, who did not come for some. It holds at the moment of asking.
async fn barred(asked: &Asked<'_>, rules: Option<&Rules>) -> Result<Option<Refusal>, ExchangeError> {
    let bar = rules.and_then(|rules| rules.no_show.as_ref()).and_then(|no_show| no_show.bar);
    let Some(bar) = bar.filter(|_| asked.session.is_some()) else { return Ok(None) };
    let rows: Vec<(i64,)> = (asked.scheme.db)
        .query(
            "SELECT settled_at FROM exchanges WHERE book = $1 AND volunteer_id = $2 AND status = 'missed'
             ORDER BY settled_at DESC",
        )
        .bind(asked.scheme.book.number())
        .bind(asked.wish.volunteer_id)
        .fetch_all()
        .await?;
    let missed: Vec<NaiveDate> = rows.iter().map(|(at,)| asked.config.day_of(moment(*at))).collect();
    let until = rules::barred_until(bar, &missed).filter(|until| asked.today <= *until);
    Ok(until.map(|until| refuse("booking_barred", json!({ "until": until }))))
}

/// Whether it is the time for it: by the rules, the reward and the session.
fn window(asked: &Asked<'_>, covering: &[&ExchangeRule]) -> Result<(), Refusal> {
    if let Some(closed) = rewards::closed(&asked.reward.details, covering, asked.config, asked.now) {
        return Err(closed);
    }
    match asked.session.filter(|session| session.ends_at <= asked.now) {
        Some(session) => Err(refuse("outside_window", json!({ "from": null, "until": session.ends_at.to_rfc3339() }))),
        None => Ok(()),
    }
}

fn refuse(code: &str, detail: Value) -> Refusal {
    Refusal { code: code.to_owned(), detail: super::fields(detail) }
}

fn not_eligible(condition: &str, needed: String, available: String) -> Refusal {
    Ineligible { condition: condition.to_owned(), needed, available }.refusal()
}

fn refused_by(unmet: &Unmet) -> Refusal {
    Ineligible::of(unmet).refusal()
}
