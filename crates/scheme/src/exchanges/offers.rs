//! What a volunteer can have now, and why not otherwise.
//!
//! Nothing is judged here that is not judged when it is asked for: the same terms, the same draft, the same judge; but the
//! draft is not posted, and its parts are judged one by one as well, so that all reasons are told and not the first alone.

use super::basket::{self, Combined};
use super::reserve::{Order, reservation};
use super::terms::{self, Asked};
use super::{ExchangeError, Wish, post_error, refused, refused_outside, require_volunteer, reward_error};
use crate::config::Scheme;
use crate::keys::Operator;
use crate::rewards::{self, Kind, Reward, Session};
use crate::schemes::OpenScheme;
use crate::{micros, rules};
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Source};
use std::sync::Arc;
use uuid::Uuid;

/// A reward, as it is for one volunteer at one station.
#[derive(Debug)]
pub struct Offer {
    pub reward: Arc<Reward>,
    /// For one piece or use; of the account that pays.
    pub points: i64,
    /// The account that pays; `None`: points.
    pub account: Option<String>,
    /// Fen.
    pub cash: Option<i64>,
    /// The price follows from a bill, of which nothing is known here.
    pub by_bill: bool,
    /// Why not; nothing: it can be had. Of a service with sessions: why in none of them.
    pub reasons: Vec<ExchangeError>,
    /// Of a service: its sessions here that are not over.
    pub sessions: Vec<SessionOffer>,
}

#[derive(Debug)]
pub struct SessionOffer {
    pub session: Session,
    pub seats_left: i64,
    pub reasons: Vec<ExchangeError>,
}

/// Fen: the least that a bill can be.
const LEAST_BILL: i64 = 1;

/// What is listed at `station`, in the order of the rewards' ids after `after`; and the newest entry that it is judged by.
pub async fn offers(
    scheme: &OpenScheme,
    volunteer: Uuid,
    station: &str,
    (after, limit): (Option<Uuid>, i64),
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Vec<Offer>, i64), ExchangeError> {
    require_volunteer(scheme, volunteer).await?;
    let config = scheme.config();
    let listed = rewards::list(scheme, rewards::State::Listed, Some(station), after, limit).await;
    let desk = Desk { scheme, config: &config, volunteer, station, by, now };
    let mut tried = Vec::new();
    for reward in listed.map_err(reward_error)? {
        let sessions = match reward.details.kind {
            Kind::Good => Vec::new(),
            Kind::Service => rewards::sessions(scheme, reward.id, now).await.map_err(reward_error)?,
        };
        let here: Vec<_> = sessions.into_iter().filter(|(session, _)| session.station == station).collect();
        if here.is_empty() {
            tried.push((desk.try_on(&reward, None).await?, reward, None));
            continue;
        }
        for (session, left) in here {
            tried.push((desk.try_on(&reward, Some(&session)).await?, reward.clone(), Some((session, left))));
        }
    }
    let drafts: Vec<Draft> = tried.iter().flat_map(|(tried, ..)| tried.drafts.iter().cloned()).collect();
    let (size, verdicts) = scheme.book.try_out(&drafts, micros(now)).await.map_err(post_error)?;
    let mut verdicts = verdicts.into_iter();
    let mut offers: Vec<Offer> = Vec::new();
    for (tried, reward, session) in tried {
        let by_the_book = verdicts.by_ref().take(tried.drafts.len()).filter_map(Result::err).map(refused);
        let reasons = distinct(
            by_the_book
                .chain(tried.terms.terms.iter().flat_map(|terms| &terms.refusals).map(refused_outside))
                .collect(),
        );
        match offers.last_mut().filter(|last| last.reward.id == reward.id) {
            Some(last) => last.sessions.extend(session.map(|one| SessionOffer::new(one, reasons))),
            None => offers.push(Offer::new(reward, &tried, session, reasons)),
        }
    }
    offers.iter_mut().for_each(Offer::conclude);
    Ok((offers, size))
}

/// Who stands where, and when.
struct Desk<'a> {
    scheme: &'a OpenScheme,
    config: &'a Scheme,
    volunteer: Uuid,
    station: &'a str,
    by: &'a Operator,
    now: DateTime<Utc>,
}

/// What would be posted: the whole, and each part by itself.
struct Tried {
    terms: Combined,
    by_bill: bool,
    drafts: Vec<Draft>,
}

impl Desk<'_> {
    async fn try_on(&self, reward: &Reward, session: Option<&Session>) -> Result<Tried, ExchangeError> {
        let today = self.config.day_of(self.now);
        let rules = self.config.rules_on(today);
        let covering = rules.map(|rules| rules.exchange_rules(reward.details.group.as_deref())).unwrap_or_default();
        let by_bill = covering.iter().any(|rule| rule.bill.is_some());
        let wish = Wish {
            id: Uuid::nil(),
            volunteer_id: self.volunteer,
            reward_id: reward.id,
            quantity: 1,
            station: Some(self.station.to_owned()),
            session_id: session.map(|session| session.id),
            collect_now: false,
            beneficiary: None::<rules::Beneficiary>,
            bill: by_bill.then_some(LEAST_BILL),
        };
        let order = Order { wishes: vec![wish], is_basket: false, cash: None };
        let wish = &order.wishes[0];
        let asked = Asked { scheme: self.scheme, config: self.config, wish, reward, session, today, now: self.now };
        let terms = vec![terms::settle(&asked).await?];
        let asked = [asked];
        let terms = basket::combine(&asked, terms)?;
        let whole = reservation(&asked, &order, &terms, self.station, self.by);
        let drafts = parts(whole, &terms);
        Ok(Tried { terms, by_bill, drafts })
    }
}

/// The draft, and each of its legs and bounds by itself. What was read a moment ago is taken to be still so.
fn parts(whole: Draft, terms: &Combined) -> Vec<Draft> {
    let bounds: Vec<_> = whole.bounds.iter().filter(|bound| !terms.pins.contains(bound)).cloned().collect();
    let whole = Draft { bounds: bounds.clone(), refusal: None, ..whole };
    let alone = |action, bounds| Draft { action, bounds, ..whole.clone() };
    let mut parts = vec![whole.clone()];
    for leg in whole.action.legs() {
        let path = match &leg.from {
            Source::Account(account) => account.key.path.clone(),
            Source::Pool { path, .. } => path.clone(),
        };
        let own = bounds.iter().filter(|bound| bound.key.path == path).cloned().collect();
        parts.push(alone(Action::Post(vec![leg.clone()]), own));
    }
    let others = bounds.iter().filter(|bound| !is_leg(&whole, &bound.key.path));
    parts.extend(others.map(|bound| alone(Action::Post(Vec::new()), vec![bound.clone()])));
    parts
}

fn is_leg(draft: &Draft, path: &Arc<str>) -> bool {
    draft.action.legs().iter().any(|leg| match &leg.from {
        Source::Account(account) => account.key.path == *path,
        Source::Pool { path: pool, .. } => pool == path,
    })
}

impl SessionOffer {
    fn new((session, seats_left): (Session, i64), reasons: Vec<ExchangeError>) -> SessionOffer {
        SessionOffer { session, seats_left, reasons }
    }
}

impl Offer {
    fn new(reward: Arc<Reward>, tried: &Tried, session: Option<(Session, i64)>, reasons: Vec<ExchangeError>) -> Offer {
        let (reasons, sessions) = match session {
            None => (reasons, Vec::new()),
            Some(session) => (Vec::new(), vec![SessionOffer::new(session, reasons)]),
        };
        Offer {
            reward,
            points: tried.terms.points,
            account: tried.terms.account.as_ref().map(|account| account.code.clone()),
            cash: tried.terms.cash,
            by_bill: tried.by_bill,
            reasons,
            sessions,
        }
    }

    /// A service can be had when one of its sessions can; when none can, what stands against the first is why.
    fn conclude(&mut self) {
        if self.sessions.iter().all(|session| !session.reasons.is_empty()) {
            let first = self.sessions.iter().flat_map(|session| &session.reasons).filter_map(again);
            let reasons: Vec<ExchangeError> = first.collect();
            self.reasons = distinct(std::mem::take(&mut self.reasons).into_iter().chain(reasons).collect());
        }
    }
}

fn again(error: &ExchangeError) -> Option<ExchangeError> {
    error.refusal().as_ref().map(refused_outside)
}

/// Each reason once.
fn distinct(errors: Vec<ExchangeError>) -> Vec<ExchangeError> {
    let mut told = Vec::new();
    let mut is_new = |error: &ExchangeError| match error.refusal() {
        Some(refusal) if told.contains(&refusal) => false,
        refusal => {
            told.extend(refusal);
            true
        }
    };
    errors.into_iter().filter(|error| is_new(error)).collect()
}
