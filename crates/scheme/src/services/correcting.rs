//! Taking back a record in whose place another one stands.
//!
//! Points that have been spent meanwhile are no reason against a correction, as long as the new record earns what is missing.
//! So the reversal takes what is left where the record had put it, then what the volunteer has elsewhere, and the rest below
//! zero, which the confirmation of the new record makes good. Nothing can be spent in between: there is nothing.

use super::decide::{self, Confirmation, Decision, post_error, reversal_id};
use super::{ServiceDetails, ServiceError, ServiceRow, posting};
use crate::accounts;
use crate::keys::{Operator, Role};
use crate::reasons;
use crate::rules::Earning;
use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::entry::Posting;
use ledger::state::Standing;
use ledger::{Action, Bound, Draft, Key, Leg, Rejection, Source};
use std::sync::Arc;
use uuid::Uuid;

/// How often it is computed anew because the volunteer spent or got points meanwhile.
const TRIES: usize = 20;

/// What would be refused if the correction were accepted now.
pub(crate) async fn foresee(
    scheme: &OpenScheme,
    old: &ServiceRow,
    details: &ServiceDetails,
    confirmation: Confirmation<'_>,
    overdraw: bool,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let new = old.replaced_by(details);
    let nobody = Operator::machine(Uuid::nil(), Role::Reviewer, "");
    earning(scheme, old, &new, confirmation, now).await?;
    draft(scheme, old, &new, confirmation, overdraw, None, &nobody, now).await.map(drop)
}

/// Posts the reversal of `old`, in whose place `new` is about to be confirmed.
pub(crate) async fn reverse_for(
    scheme: &OpenScheme,
    old: &ServiceRow,
    new: &ServiceRow,
    confirmation: Confirmation<'_>,
    overdraw: bool,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Decision, ServiceError> {
    let reason = reasons::give(scheme, reversal_id(old.id), confirmation.reason, by, now).await?;
    let mut tries = 0;
    loop {
        let draft = draft(scheme, old, new, confirmation, overdraw, reason.as_deref(), by, now).await?;
        match scheme.book.post(draft).await {
            Ok(outcome) => match outcome.result {
                Ok(entry) => return decide::decided(scheme, old.id, &entry, outcome.replayed).await,
                Err(Rejection::BelowFloor { .. } | Rejection::AboveCeiling { .. }) if tries < TRIES => tries += 1,
                Err(rejection) => return Err(decide::refused(rejection)),
            },
            Err(error) => return decide::conflict(scheme, old.id, error).await,
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "both records, and how they are decided")]
async fn draft(
    scheme: &OpenScheme,
    old: &ServiceRow,
    new: &ServiceRow,
    confirmation: Confirmation<'_>,
    overdraw: bool,
    reason: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Draft, ServiceError> {
    let mut draft = posting::reversal(scheme, old, reason, false, by, now).await?;
    draft.document.insert("corrected_by".to_owned(), new.id.to_string().into());
    let Action::Reverse { amounts: Some(amounts), overdraw: below_zero, legs, .. } = &mut draft.action else {
        return Ok(draft);
    };
    let today = scheme.config().day_of(now);
    let postings = postings_of(scheme, old).await?;
    let mut earned = None;
    for (posting, amount) in postings.iter().zip(amounts) {
        let Some(account) = spendable(old.volunteer_id, posting) else { continue };
        let lots = lots(scheme, &posting.to.path).await?;
        let missing = Missing::of(&lots, posting, *amount, today);
        if missing.short == 0 {
            continue;
        }
        // Points are taken from where there are some; other books of account have no such counter-account.
        let elsewhere = if account.is_none() { missing.elsewhere.min(missing.short) } else { 0 };
        let rest = missing.short - elsewhere;
        if elsewhere > 0 {
            let path = posting.to.path.clone();
            let from = Source::Pool { path, unit: posting.unit, usable_on: today };
            legs.push(Leg { from, to: accounts::rebalanced(), amount: elsewhere });
            *amount -= elsewhere;
        }
        if rest == 0 {
            continue;
        }
        if earned.is_none() {
            earned = Some(earning(scheme, old, new, confirmation, now).await?);
        }
        let gets = earned.as_ref().map_or(0, |earning| gets(earning, account.as_deref()));
        if gets < rest && !overdraw {
            let needed = posting.amount.saturating_sub(gets);
            let available = missing.there.saturating_add(missing.elsewhere);
            return Err(ServiceError::InsufficientPoints { needed, available });
        }
        *below_zero = true;
        draft.bounds.push(Bound { key: posting.to.clone(), floor: Some(-rest), ceiling: None });
    }
    Ok(draft)
}

/// What cannot be taken back from the lot that it went to.
struct Missing {
    there: i64,
    elsewhere: i64,
    short: i64,
}

impl Missing {
    fn of(lots: &[Standing], posting: &Posting, amount: i64, today: NaiveDate) -> Missing {
        let left = |lot: &&Standing| lot.balance.saturating_sub(lot.held_out).max(0);
        let there = lots.iter().filter(|lot| lot.lot == posting.to.lot).map(|lot| left(&lot)).sum::<i64>();
        let others = lots.iter().filter(|lot| lot.lot != posting.to.lot && lot.lot.usable_on(today));
        // What has expired was not spent: it is not taken from what the volunteer has left.
        let elsewhere = if posting.to.lot.usable_on(today) { others.map(|lot| left(&lot)).sum() } else { 0 };
        Missing { there, elsewhere, short: (amount - there).max(0) }
    }
}

/// What the new record earns when the old one is no longer there.
async fn earning(
    scheme: &OpenScheme,
    old: &ServiceRow,
    new: &ServiceRow,
    confirmation: Confirmation<'_>,
    now: DateTime<Utc>,
) -> Result<Earning, ServiceError> {
    let postings = postings_of(scheme, old).await?;
    posting::earning_without(scheme, new, confirmation, &postings, now).await
}

/// Of what the record earns, what can be spent at once out of an account; of points, when it has no name.
fn gets(earning: &Earning, account: Option<&str>) -> i64 {
    match account {
        None if earning.spendable_on.is_some() => 0,
        None => earning.points.saturating_sub(earning.debt.max(0)),
        Some(_) => {
            let credits = earning.credits.iter().filter(|credit| credit.account.as_deref() == account);
            credits.map(|credit| credit.amount).sum()
        }
    }
}

async fn postings_of(scheme: &OpenScheme, row: &ServiceRow) -> Result<Vec<Posting>, ServiceError> {
    Ok(scheme.book.entry(decide::decision_id(row.id)).await?.map(|entry| entry.postings).unwrap_or_default())
}

/// Whether the posting went into something that the volunteer can spend: `Some(None)` for points, `Some(code)` for another
/// book of account.
fn spendable(volunteer: Uuid, posting: &Posting) -> Option<Option<String>> {
    if posting.to.path == accounts::points_path(volunteer) {
        return Some(None);
    }
    let code = posting.to.path.strip_prefix(&format!("volunteer/{volunteer}/account/"))?;
    Some(Some(code.to_owned()))
}

async fn lots(scheme: &OpenScheme, path: &Arc<str>) -> Result<Vec<Standing>, ServiceError> {
    let view = scheme.book.standings(std::slice::from_ref(path)).await.map_err(post_error)?;
    Ok(view.lots.into_iter().flatten().collect())
}

/// Fills up the lots that the reversal left below zero, out of what the new record puts into others. For the draft that
/// confirms the new record.
pub(super) async fn level(
    scheme: &OpenScheme,
    row: &ServiceRow,
    draft: &mut Draft,
    today: NaiveDate,
) -> Result<(), ServiceError> {
    let Action::Post(legs) = &mut draft.action else { return Ok(()) };
    let config = scheme.config();
    let of_accounts =
        config.accounts.iter().map(|account| (accounts::account_path(row.volunteer_id, &account.code), account));
    let points = (accounts::points_path(row.volunteer_id), None);
    for (path, _) in std::iter::once(points).chain(of_accounts.map(|(path, account)| (path, Some(account)))) {
        let lots = lots(scheme, &path).await?;
        let came = |key: &Key| -> i64 { legs.iter().filter(|leg| leg.to.key == *key).map(|leg| leg.amount).sum() };
        let after = |lot: &Standing| {
            let key = Key { path: path.clone(), lot: lot.lot };
            lot.balance.saturating_sub(lot.held_out).saturating_add(came(&key))
        };
        let known = |key: &Key| lots.iter().any(|lot| lot.lot == key.lot);
        let new =
            legs.iter().filter(|leg| leg.to.key.path == path && !known(&leg.to.key) && leg.to.key.lot.usable_on(today));
        let usable = lots.iter().filter(|lot| lot.lot.usable_on(today));
        let mut there = usable.map(|lot| after(lot).max(0)).sum::<i64>() + new.map(|leg| leg.amount).sum::<i64>();
        let mut filled = Vec::new();
        for lot in lots.iter().filter(|lot| after(lot) < 0) {
            let amount = after(lot).saturating_neg().min(there);
            if amount > 0 {
                let from = Source::Pool { path: path.clone(), unit: lot.unit, usable_on: today };
                filled.push(Leg { from, to: lot.opening(&path), amount });
                there -= amount;
            }
        }
        legs.extend(filled);
    }
    Ok(())
}
