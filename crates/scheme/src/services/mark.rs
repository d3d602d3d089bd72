//! Marks in the book: the record with which a count is full puts the mark on; a reversal that takes the count below that
//! takes it off.

use super::ServiceError;
use super::posting::look_up;
use crate::accounts;
use crate::rules::{Mark, Need};
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use ledger::{Bound, Key, Leg, Source};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What the document of the entry keeps of it.
const FIELD: &str = "mark";

pub fn keep(mark: Option<&Mark>) -> Option<(String, Value)> {
    let value = serde_json::to_value(mark?).ok()?;
    Some((FIELD.to_owned(), value))
}

pub fn leg(volunteer: Uuid, mark: &Mark) -> Option<Leg> {
    let from = Source::Account(accounts::marks());
    mark.reached.then(|| Leg { from, to: accounts::mark(volunteer, &mark.label), amount: 1 })
}

/// The pins of what was read, as they are after this entry.
pub fn pinned(volunteer: Uuid, pins: &[Bound], mark: Option<&Mark>) -> Vec<Bound> {
    let own = mark.filter(|mark| mark.reached).map(|mark| Key::new(accounts::mark_path(volunteer, &mark.label)));
    let after = |pin: &Bound| match own.as_ref() == Some(&pin.key) {
        false => pin.clone(),
        true => {
            let next = |had: Option<i64>| had.map(|had| had.saturating_add(1));
            Bound { key: pin.key.clone(), floor: next(pin.floor), ceiling: next(pin.ceiling) }
        }
    };
    pins.iter().map(after).collect()
}

/// What a reversal of a record means for the mark that it counted towards.
#[derive(Default)]
pub struct TakenBack {
    /// The count is no longer full: the mark goes, whichever record had put it on.
    pub falls: bool,
    /// Takes the mark off when another record had put it on.
    pub leg: Option<Leg>,
    /// By which nobody else changes the count meanwhile.
    pub bound: Option<Bound>,
}

/// What a reversal of the record means for its mark.
pub async fn taken_back(
    scheme: &OpenScheme,
    volunteer: Uuid,
    confirmed: &Map<String, Value>,
    today: NaiveDate,
) -> Result<TakenBack, ServiceError> {
    let mark = confirmed.get(FIELD).and_then(|mark| serde_json::from_value::<Mark>(mark.clone()).ok());
    let Some(Mark { label, tally, amount, limit, reached }) = mark else { return Ok(TakenBack::default()) };
    let known = look_up(scheme, volunteer, &[Need::Tally(tally.clone())], today).await?;
    let had = known.get(&tally.key).copied().unwrap_or(0);
    let left = had.saturating_sub(amount);
    let from = || Source::Account(accounts::mark(volunteer, &label));
    let falls = had >= limit && left < limit;
    let leg = (falls && !reached).then(|| Leg { from: from(), to: accounts::marks(), amount: 1 });
    let key = Key::new(accounts::tally_path(volunteer, &tally));
    Ok(TakenBack { falls, leg, bound: Some(Bound { key, floor: Some(-left), ceiling: Some(-left) }) })
}
