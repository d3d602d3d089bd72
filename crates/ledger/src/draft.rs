//! What a caller wants posted.

use crate::{Account, Key, Micros, Unit};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use uuid::Uuid;

/// Legs of one draft, at most.
pub const LEGS_MAX: usize = 512;
/// Bytes of one document, at most.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// One entry to be. Posted wholly or not at all, at most once for its `id`.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Chosen by the client. The same id with the same intent gets the stored outcome again.
    pub id: Uuid,
    /// What happened, in the words of the caller: `exchange.reserved`.
    pub kind: &'static str,
    /// The day it counts for, which may be earlier than the day it is recorded.
    pub effective_on: NaiveDate,
    /// On whose statement the entry stands.
    pub party: Option<Uuid>,
    /// The service record, exchange, … that it belongs to.
    pub document_id: Option<Uuid>,
    pub action: Action,
    /// The source document. Opaque ids only: it is hashed, and kept for ever.
    pub document: Map<String, Value>,
    /// The fields of `document` that say what the client asked for. Same id and other intent: the id is taken.
    pub intent: &'static [&'static str],
    /// Bounds that must hold for this draft, beside those of the accounts.
    pub bounds: Vec<Bound>,
    /// A refusal that the caller has established already. It is given when nothing in the book refuses first.
    pub refusal: Option<Refusal>,
    /// Whether a rejection is kept as the final answer for `id`. False for ids that the program derives, whose
    /// rejected attempts may be made again.
    pub freeze_rejection: bool,
}

impl Draft {
    /// The paths of all accounts that it names.
    pub fn paths(&self) -> impl Iterator<Item = &Arc<str>> {
        let of_legs = self.action.legs().iter().flat_map(|leg| {
            let from = match &leg.from {
                Source::Account(account) => &account.key.path,
                Source::Pool { path, .. } => path,
            };
            [from, &leg.to.key.path]
        });
        of_legs.chain(self.bounds.iter().map(|bound| &bound.key.path))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Moves amounts. Without legs it is a memo: a fact worth a place in the book.
    Post(Vec<Leg>),
    /// Sets amounts aside until captured or released. From `expires_at` on it can only be released.
    Hold { legs: Vec<Leg>, expires_at: Micros },
    /// Posts what was held: `amounts` for each posting of the hold, or all that is left. What is not captured is
    /// released, or stays held when `keep_rest`.
    Capture { hold: Uuid, amounts: Option<Vec<i64>>, keep_rest: bool },
    /// Gives back what is left of a hold. `legs` are what that entails: what is given back into a lot whose last day is over
    /// may move on.
    Release { hold: Uuid, legs: Vec<Leg> },
    /// Posts the opposite: `amounts` for each posting of the entry, or all that is left. `overdraw` posts it even below
    /// a floor, and marks the account for follow-up. `legs` are what the reversal entails beside that, between other
    /// accounts than those of the entry: what later entries would have been without it.
    Reverse { entry: Uuid, amounts: Option<Vec<i64>>, overdraw: bool, legs: Vec<Leg> },
}

impl Action {
    /// The earlier entry that the action is about.
    pub fn refers_to(&self) -> Option<Uuid> {
        match self {
            Action::Post(_) | Action::Hold { .. } => None,
            Action::Capture { hold, .. } | Action::Release { hold, .. } => Some(*hold),
            Action::Reverse { entry, .. } => Some(*entry),
        }
    }

    pub fn legs(&self) -> &[Leg] {
        match self {
            Action::Post(legs) | Action::Hold { legs, .. } => legs,
            Action::Release { legs, .. } | Action::Reverse { legs, .. } => legs,
            _ => &[],
        }
    }
}

/// An amount on its way from somewhere to an account. Legs are judged in order, so the first that fails names the
/// rejection.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    pub from: Source,
    pub to: Account,
    /// Greater than zero, in minor units.
    pub amount: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    Account(Account),
    /// All accounts of `path` whose lot is usable on `usable_on`, soonest first, each down to zero. The amount is split at
    /// the moment of judgement, so no two drafts can be promised the same lot.
    Pool {
        path: Arc<str>,
        unit: Unit,
        usable_on: NaiveDate,
    },
}

/// A bound for one draft: what must hold for `key` after it. Of an account, the floor is compared with the balance less
/// open holds from it, the ceiling with the balance and open holds to it. Of a pool ([`Key::pool`]) both are compared with what
/// could be drawn from it, as [`Source::Pool`] draws: so a caller pins what it has read, whichever lots come or go.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    pub key: Key,
    pub floor: Option<i64>,
    pub ceiling: Option<i64>,
}

/// A refusal for a reason outside the book: a stable code, and numbers for the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    pub code: String,
    #[serde(default)]
    pub detail: Map<String, Value>,
}
