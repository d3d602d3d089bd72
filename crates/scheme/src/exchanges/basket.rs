//! Several rewards in one exchange: reserved together or not at all.
//!
//! Each item has terms of its own. Together they make one hold: what pays is drawn once for all of them, a limit that several
//! count against is one leg, and what was read is pinned as it will be when all have been taken.

use super::terms::{Asked, Counted, Terms};
use super::{Cash, ExchangeError};
use crate::accounts;
use crate::config::VolunteerAccount;
use crate::rules::Beneficiary;
use crate::volunteers::Invalid;
use ledger::draft::LEGS_MAX;
use ledger::{Bound, Refusal, Rejection};
use std::sync::Arc;
use uuid::Uuid;

/// Items of one basket, at most.
pub const ITEMS_MAX: usize = 10;

/// What a volunteer wants, of several rewards at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basket {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    /// 1 to 10, each of another reward; no sessions, whose places are booked one by one.
    pub items: Vec<Item>,
    /// `None`: that of a session, the operator's, or `main`.
    pub station: Option<String>,
    /// Handed over on the spot.
    pub collect_now: bool,
    /// For whom all of it is; `None`: the volunteer.
    pub beneficiary: Option<Beneficiary>,
    /// What was taken in, with `collect_now`.
    pub cash: Option<Cash>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub reward_id: Uuid,
    /// Pieces, at least 1.
    pub quantity: i64,
    pub session_id: Option<Uuid>,
    /// Fen, where the price follows from a bill.
    pub bill: Option<i64>,
}

/// The terms of all items as one.
pub(super) struct Combined {
    pub terms: Vec<Terms>,
    /// What pays; `None`: points.
    pub account: Option<VolunteerAccount>,
    /// For all items.
    pub points: i64,
    /// Fen, for all items.
    pub cash: Option<i64>,
    pub refundable: bool,
    /// Each limit once, with the pieces of all items that count against it.
    pub counted: Vec<(Counted, i64)>,
    pub pins: Vec<Bound>,
    pub refusal: Option<Refusal>,
    pub refused_at_once: bool,
}

impl Combined {
    pub fn are_stale(&self, rejection: &Rejection) -> bool {
        self.terms.iter().any(|terms| terms.are_stale(rejection))
            || crate::standing::refused_by_pin(&self.pins, rejection)
    }
}

/// All terms as one. Fails where the items cannot be had together.
pub(super) fn combine(asked: &[Asked<'_>], terms: Vec<Terms>) -> Result<Combined, ExchangeError> {
    for (index, other) in terms.iter().enumerate().skip(1) {
        together(&terms[0], other).map_err(|error| error.of_item(Some(index)))?;
    }
    if let Some(index) = terms.iter().position(|terms| terms.clears_balance() && asked.len() > 1) {
        let detail = "it takes the whole balance, and is exchanged alone";
        return Err(invalid("reward_id", "not_in_a_basket", detail).of_item(Some(index)));
    }
    let too_large = || invalid("items", "amount_too_large", "the price is beyond all numbers");
    let points = terms.iter().try_fold(0_i64, |sum, terms| sum.checked_add(terms.points)).ok_or_else(too_large)?;
    let mut cash: Option<i64> = None;
    for owed in terms.iter().filter_map(|terms| terms.cash) {
        cash = Some(cash.unwrap_or(0).checked_add(owed).ok_or_else(too_large)?);
    }
    let (refusal, refused_at_once) = refusal(&terms);
    let combined = Combined {
        account: terms[0].account.clone(),
        points,
        cash,
        refundable: terms[0].refundable,
        counted: counted(asked, &terms),
        pins: pins(asked, &terms, points),
        refusal,
        refused_at_once,
        terms,
    };
    // Points, and for each item a piece, a seat and its line.
    if 1 + 3 * asked.len() + combined.counted.len() > LEGS_MAX {
        return Err(invalid("items", "too_many_items", "too much is counted at once; make two exchanges of it"));
    }
    Ok(combined)
}

fn invalid(field: &'static str, code: &'static str, detail: &str) -> ExchangeError {
    ExchangeError::Invalid(vec![Invalid::new(field, code, detail)])
}

/// One entry is paid from one account, and comes back or does not.
fn together(first: &Terms, other: &Terms) -> Result<(), ExchangeError> {
    let code = |terms: &Terms| terms.account.as_ref().map(|account| account.code.clone());
    if code(first) != code(other) {
        let detail = "it is paid from another account than the first item; make two exchanges of it";
        return Err(invalid("reward_id", "another_account", detail));
    }
    if first.refundable != other.refundable {
        let detail = "of this item and the first, one can be cancelled and one cannot; make two exchanges of it";
        return Err(invalid("reward_id", "not_in_a_basket", detail));
    }
    Ok(())
}

/// The first refusal in the contract's order, with the item that it is about.
fn refusal(terms: &[Terms]) -> (Option<Refusal>, bool) {
    const ORDER: [&str; 3] = ["account_frozen", "not_eligible", "outside_window"];
    let rank = |refusal: &Refusal| ORDER.iter().position(|code| *code == refusal.code).unwrap_or(ORDER.len());
    let given = terms.iter().enumerate().filter_map(|(index, terms)| Some((index, terms, terms.refusals.first()?)));
    let first = given.min_by_key(|(index, terms, refusal)| (!terms.refused_at_once, rank(refusal), *index));
    let Some((index, of, refusal)) = first else { return (None, false) };
    let mut refusal = refusal.clone();
    if terms.len() > 1 {
        refusal.detail.insert("item".to_owned(), index.into());
    }
    (Some(refusal), of.refused_at_once)
}

fn counted(asked: &[Asked<'_>], terms: &[Terms]) -> Vec<(Counted, i64)> {
    let mut all: Vec<(Counted, i64)> = Vec::new();
    for (asked, terms) in asked.iter().zip(terms) {
        for counted in &terms.counted {
            let quantity = asked.wish.quantity;
            match all.iter_mut().find(|(known, _)| known.path == counted.path) {
                Some((known, pieces)) => {
                    known.most = known.most.min(counted.most);
                    *pieces = pieces.saturating_add(quantity);
                }
                None => all.push((Counted { path: counted.path.clone(), most: counted.most }, quantity)),
            }
        }
    }
    all
}

/// What each item's terms pin, as it will be when the others have been paid, too.
fn pins(asked: &[Asked<'_>], terms: &[Terms], points: i64) -> Vec<Bound> {
    let pays = asked.first().map(|asked| pays(asked, &terms[0]));
    let of_item = |terms: &Terms| {
        let others = points - terms.points;
        let pays = pays.clone();
        let shifted = move |pin: &Bound| {
            let less = if pays.as_ref().is_some_and(|path| *path == pin.key.path) { others } else { 0 };
            let shift = |bound: Option<i64>| bound.map(|bound| bound.saturating_sub(less));
            Bound { key: pin.key.clone(), floor: shift(pin.floor), ceiling: shift(pin.ceiling) }
        };
        // When there is less than the price, that is the answer.
        let told = |pin: &Bound| pin.floor.is_none_or(|floor| floor >= 0);
        terms.pins.iter().map(shifted).filter(told).collect::<Vec<_>>()
    };
    terms.iter().flat_map(of_item).collect()
}

fn pays(asked: &Asked<'_>, terms: &Terms) -> Arc<str> {
    match &terms.account {
        None => accounts::points_path(asked.wish.volunteer_id),
        Some(account) => accounts::account_path(asked.wish.volunteer_id, &account.code),
    }
}

/// Which item a rejection is about: the first with which it becomes too much. `None` when there is but one.
pub(super) fn item_of(asked: &[Asked<'_>], combined: &Combined, rejection: &Rejection) -> Option<usize> {
    let Rejection::BelowFloor { account, available, .. } = rejection else { return None };
    if asked.len() < 2 {
        return None;
    }
    let named = |id: &str, of: &dyn Fn(&Asked<'_>) -> Option<Uuid>| {
        asked.iter().position(|asked| of(asked).is_some_and(|known| known.to_string() == id))
    };
    let first_beyond = |amount: &dyn Fn(usize) -> i64| {
        let mut sum = 0_i64;
        (0..asked.len()).position(|index| {
            sum = sum.saturating_add(amount(index));
            sum > *available
        })
    };
    match account.split('/').collect::<Vec<_>>()[..] {
        ["reward", id, ..] => named(id, &|asked| Some(asked.wish.reward_id)),
        ["session", id, ..] => named(id, &|asked| asked.wish.session_id),
        ["volunteer", ..] => first_beyond(&|index| combined.terms[index].points),
        ["limit", ..] => {
            let counts = |terms: &Terms| terms.counted.iter().any(|counted| *counted.path == **account);
            let pieces = |index: usize| if counts(&combined.terms[index]) { asked[index].wish.quantity } else { 0 };
            first_beyond(&pieces)
        }
        _ => None,
    }
}
