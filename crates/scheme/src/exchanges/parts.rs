//! What of an exchange belongs to which of its lines: so that it is handed over, and comes back, piece by piece.
//!
//! An entry connects two accounts once, so lines share postings: points of several lines stand in one posting for each lot.
//! Handing over takes the lots soonest first, coming back fills those taken last first; a line's pieces, seats and uses are in
//! postings of their own accounts.

use super::{Exchange, ExchangeError, Line};
use crate::accounts;
use crate::projection::objects;
use crate::schemes::OpenScheme;
use crate::volunteers::Invalid;
use ledger::{Entry, Posting};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// Pieces of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pieces {
    pub line: i64,
    pub pieces: i64,
}

/// What the postings of an exchange are about.
pub(super) struct Parts<'e> {
    exchange: &'e Exchange,
    /// By line, the limits that it counts against; `None`: all there are.
    counts: HashMap<i64, Vec<String>>,
    pays: Arc<str>,
}

/// In which order the lots of what pays are used.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Lots {
    SoonestFirst,
    LatestFirst,
}

impl<'e> Parts<'e> {
    /// `reserved`: the exchange's first entry.
    pub fn new(exchange: &'e Exchange, reserved: &Entry) -> Parts<'e> {
        let fields = reserved.fields();
        let counts = objects(&fields, "lines").zip(1..).map(|(line, number)| (number, paths(line)));
        Parts { exchange, counts: counts.collect(), pays: pays(exchange) }
    }

    pub fn line(&self, number: i64) -> Option<&'e Line> {
        self.exchange.lines.iter().find(|line| line.line == number)
    }

    /// The portion of each posting that belongs to these pieces; `left` is what there is of each.
    pub fn of_postings(&self, postings: &[Posting], left: &[i64], taken: &[Pieces], lots: Lots) -> Vec<i64> {
        let points = taken.iter().map(|part| self.points(part)).sum();
        let mut amounts: Vec<i64> = postings.iter().map(|posting| self.of_posting(posting, taken)).collect();
        let mut order: Vec<usize> =
            (0..postings.len()).filter(|place| postings[*place].from.path == self.pays).collect();
        if lots == Lots::LatestFirst {
            order.reverse();
        }
        let mut rest: i64 = points;
        for place in order {
            amounts[place] = rest.min(left[place]);
            rest -= amounts[place];
        }
        amounts
    }

    /// What a posting that is not of points has of these pieces.
    fn of_posting(&self, posting: &Posting, taken: &[Pieces]) -> i64 {
        let (from, to) = (&*posting.from.path, &*posting.to.path);
        let has = |part: &&Pieces| {
            let Some(line) = self.line(part.line) else { return false };
            let of_session = || line.session_id.is_some_and(|session| *accounts::seats_path(session) == *from);
            let of_limit = || {
                let counted = self.counts.get(&part.line);
                from.starts_with("limit/") && counted.is_none_or(|paths| paths.iter().any(|path| path == from))
            };
            *accounts::stock_path(line.reward_id, &self.exchange.station) == *from
                || of_session()
                || of_limit()
                || *accounts::basket_line_path(self.exchange.id, part.line) == *to
        };
        taken.iter().filter(has).map(|part| part.pieces).sum()
    }

    /// What these pieces cost in points. All pieces of a line cost the same, or they move together.
    pub fn points(&self, part: &Pieces) -> i64 {
        self.line(part.line).map_or(0, |line| share(line.points, part.pieces, line.quantity))
    }

    /// In fen.
    pub fn cash(&self, part: &Pieces) -> Option<i64> {
        self.line(part.line).and_then(|line| Some(share(line.price_cash?, part.pieces, line.quantity)))
    }

    /// As the document of an entry says it.
    pub fn moves(&self, taken: &[Pieces]) -> Value {
        let part = |part: &Pieces| {
            json!({
                "line": part.line,
                "reward_id": self.line(part.line).map(|line| line.reward_id),
                "pieces": part.pieces,
                "points": self.points(part),
                "price_cash": self.cash(part),
            })
        };
        taken.iter().map(part).collect()
    }

    /// Pieces that are asked for, if there are so many; `left` says how many.
    pub fn asked(&self, items: &[(i64, i64)], left: impl Fn(&Line) -> i64) -> Result<Vec<Pieces>, ExchangeError> {
        let mut taken: Vec<Pieces> = Vec::with_capacity(items.len());
        for (index, (number, pieces)) in items.iter().enumerate() {
            let invalid = |field, code, detail: String| {
                ExchangeError::Invalid(vec![Invalid::new(field, code, detail)]).of_item(Some(index))
            };
            let line = self.line(*number).filter(|_| taken.iter().all(|part| part.line != *number));
            let line = line.ok_or_else(|| {
                invalid("line", "unknown_line", "the exchange has no such line, or it is named twice".to_owned())
            })?;
            let left = left(line);
            if !(1..=left).contains(pieces) {
                return Err(invalid("quantity", "too_many_pieces", format!("{left} are left of it")));
            }
            let divisible = line.points % line.quantity == 0 && line.price_cash.unwrap_or(0) % line.quantity == 0;
            if *pieces < line.quantity && !divisible {
                let detail = "its price is for all pieces together, so they move together".to_owned();
                return Err(invalid("quantity", "not_in_part", detail));
            }
            taken.push(Pieces { line: *number, pieces: *pieces });
        }
        if taken.is_empty() {
            let detail = "say which pieces";
            return Err(ExchangeError::Invalid(vec![Invalid::new("items", "invalid_items", detail)]));
        }
        Ok(taken)
    }
}

/// Where what it costs is taken from.
pub(super) fn pays(exchange: &Exchange) -> Arc<str> {
    match &exchange.account {
        None => accounts::points_path(exchange.volunteer_id),
        Some(account) => accounts::account_path(exchange.volunteer_id, account),
    }
}

fn paths(line: &Map<String, Value>) -> Vec<String> {
    let list = line.get("counts").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|path| path.as_str().map(str::to_owned)).collect()
}

/// Of what all pieces cost, what some of them cost.
fn share(whole: i64, pieces: i64, quantity: i64) -> i64 {
    let part = i128::from(whole) * i128::from(pieces) / i128::from(quantity.max(1));
    i64::try_from(part).unwrap_or(whole)
}

/// Of each posting of a hold, what its captures have left.
pub(super) fn left_of(hold: &Entry, captures: &[Arc<Entry>]) -> Vec<i64> {
    let captured = |posting: &Posting| -> i64 {
        let postings = captures.iter().flat_map(|entry| &entry.postings);
        let same = postings.filter(|taken| taken.from == posting.from && taken.to == posting.to);
        same.map(|taken| taken.amount).sum()
    };
    hold.postings.iter().map(|posting| posting.amount - captured(posting)).collect()
}

/// Of each posting of an entry, what its reversals have left.
pub(super) fn unreversed(entry: &Entry, reversals: &[Arc<Entry>]) -> Vec<i64> {
    let reversed = |posting: &Posting| -> i64 {
        let of_entry = reversals.iter().filter(|reversal| reversal.reference == Some(entry.sequence));
        let postings = of_entry.flat_map(|reversal| &reversal.postings);
        let opposite = postings.filter(|back| back.from == posting.to && back.to == posting.from);
        opposite.map(|back| back.amount).sum()
    };
    entry.postings.iter().map(|posting| posting.amount - reversed(posting)).collect()
}

/// An entry that must be there.
pub(super) async fn entry(scheme: &OpenScheme, id: uuid::Uuid) -> Result<Arc<Entry>, ExchangeError> {
    let entry = scheme.book.entry(id).await?;
    entry.map(Arc::new).ok_or_else(|| ExchangeError::Book(format!("the entry {id} is missing")))
}
