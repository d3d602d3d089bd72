//! From a record to its entry: what the book knows of the volunteer, the arithmetic, and the legs that post it.

use super::decide::{Confirmation, decision, decision_id, not_applicable, post_error, reversal_id};
use super::{ServiceError, ServiceRow, mark};
use crate::accounts;
use crate::config::{CapUnit, Scheme};
use crate::keys::Operator;
use crate::marks;
use crate::projection::{integer, kind, text};
use crate::rules::{self, Credit, Draw, DrawBound, Earning, Frost, Need, Person, Record, Tally, Verdict};
use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};
use ledger::entry::Posting;
use ledger::state::Standing;
use ledger::{Action, Bound, Draft, Entry, Key, Leg, Lot, Rejection, Source, Unit};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// What a record earns, and on which day it was worked out.
pub struct WorkedOut {
    earning: Earning,
    today: NaiveDate,
    /// The marks that it rests on.
    pins: Vec<Bound>,
}

/// That the rules let this key confirm the record.
pub async fn require_approver(scheme: &OpenScheme, row: &ServiceRow, by: &Operator) -> Result<(), ServiceError> {
    let config = scheme.config();
    let (person, _) = person(scheme, row.volunteer_id).await?;
    let approvers = rules::approvers(&config, &record(&config, row)?, &person).map_err(not_applicable)?;
    match approvers.is_empty() || approvers.contains(&by.name) {
        true => Ok(()),
        false => Err(ServiceError::WrongApprover { approvers: approvers.to_vec() }),
    }
}

/// What the record earns, given what the book knows at this moment.
pub async fn work_out(
    scheme: &OpenScheme,
    row: &ServiceRow,
    confirmation: Confirmation<'_>,
    now: DateTime<Utc>,
) -> Result<WorkedOut, ServiceError> {
    let config = scheme.config();
    let today = config.day_of(now);
    let (person, pins) = person(scheme, row.volunteer_id).await?;
    let record = record(&config, row)?;
    let needs = rules::needs(&config, &record, &person).map_err(not_applicable)?;
    let known = look_up(scheme, row.volunteer_id, &needs, today).await?;
    let verdict =
        Verdict { confirmed_on: today, decided_points: confirmation.points, lift_caps: confirmation.lift_caps };
    let earning = rules::earn(&config, &record, &person, &verdict, &known).map_err(not_applicable)?;
    Ok(WorkedOut { earning, today, pins })
}

/// What the record would earn if these postings, of the record in whose place it stands, had been taken back.
pub async fn earning_without(
    scheme: &OpenScheme,
    row: &ServiceRow,
    confirmation: Confirmation<'_>,
    gone: &[Posting],
    now: DateTime<Utc>,
) -> Result<Earning, ServiceError> {
    let config = scheme.config();
    let today = config.day_of(now);
    let (person, _) = person(scheme, row.volunteer_id).await?;
    let record = record(&config, row)?;
    rules::check(&config, &record, &person).map_err(not_applicable)?;
    let needs = rules::needs(&config, &record, &person).map_err(not_applicable)?;
    let mut known = look_up(scheme, row.volunteer_id, &needs, today).await?;
    for need in &needs {
        let less = |matches: &dyn Fn(&Posting) -> bool| -> i64 {
            gone.iter().filter(|posting| matches(posting)).map(|posting| posting.amount).sum()
        };
        let less = match need {
            Need::Tally(tally) => {
                let path = accounts::tally_path(row.volunteer_id, tally);
                less(&|posting| posting.from.path == path)
            }
            Need::Available | Need::Balance => {
                let path = accounts::points_path(row.volunteer_id);
                less(&|posting| posting.to.path == path)
            }
            Need::AccountBalance(account) => {
                let path = accounts::account_path(row.volunteer_id, account);
                less(&|posting| posting.to.path == path)
            }
            Need::Owed | Need::Frozen | Need::Thawing => 0,
        };
        if let Some(amount) = known.get_mut(&need.key()) {
            *amount = amount.saturating_sub(less);
        }
    }
    let verdict =
        Verdict { confirmed_on: today, decided_points: confirmation.points, lift_caps: confirmation.lift_caps };
    rules::earn(&config, &record, &person, &verdict, &known).map_err(not_applicable)
}

/// What a record would earn for this volunteer if it were confirmed now. Nothing is written.
pub async fn foresee(
    scheme: &OpenScheme,
    volunteer: Uuid,
    record: &Record<'_>,
    verdict: &Verdict,
    now: DateTime<Utc>,
) -> Result<Earning, ServiceError> {
    let config = scheme.config();
    let (person, _) = person(scheme, volunteer).await?;
    rules::check(&config, record, &person).map_err(not_applicable)?;
    let needs = rules::needs(&config, record, &person).map_err(not_applicable)?;
    let known = look_up(scheme, volunteer, &needs, config.day_of(now)).await?;
    rules::earn(&config, record, &person, verdict, &known).map_err(not_applicable)
}

async fn person(scheme: &OpenScheme, id: Uuid) -> Result<(Person, Vec<Bound>), ServiceError> {
    Ok(marks::person(scheme, id).await?)
}

fn record<'a>(config: &Scheme, row: &'a ServiceRow) -> Result<Record<'a>, ServiceError> {
    let evidence = row.evidence.parse().map_err(|_| db::Error::Damaged("services.evidence".to_owned()))?;
    Ok(Record {
        level: row.level.as_deref(),
        role: row.role.as_deref(),
        count: row.item_count,
        filed: row.filing_number.is_some(),
        recorded_on: config.day_of(crate::moment(row.recorded_at)),
        ..Record::plain(&row.category, row.occurred_on, row.minutes, evidence)
    })
}

/// What the book knows of the volunteer, by the keys of `needs`.
pub async fn look_up(
    scheme: &OpenScheme,
    volunteer: Uuid,
    needs: &[Need],
    today: NaiveDate,
) -> Result<BTreeMap<String, i64>, ServiceError> {
    if needs.is_empty() {
        return Ok(BTreeMap::new());
    }
    let path = |need: &Need| match need {
        Need::Tally(tally) => accounts::tally_path(volunteer, tally),
        Need::Available | Need::Balance => accounts::points_path(volunteer),
        Need::AccountBalance(account) => accounts::account_path(volunteer, account),
        Need::Owed => accounts::debt_path(volunteer),
        Need::Frozen => accounts::frozen_path(volunteer),
        Need::Thawing => accounts::thawing_path(volunteer),
    };
    let paths: Vec<Arc<str>> = needs.iter().map(path).collect();
    let view = scheme.book.standings(&paths).await.map_err(post_error)?;
    Ok(needs.iter().zip(&view.lots).map(|(need, lots)| (need.key(), amount(need, lots, today))).collect())
}

fn amount(need: &Need, lots: &[Standing], today: NaiveDate) -> i64 {
    let usable = lots.iter().filter(|lot| lot.lot.usable_on(today));
    match need {
        // What is used is counted below zero.
        Need::Tally(_) | Need::Owed => lots.iter().map(|lot| -lot.balance).sum(),
        Need::Available => usable.map(|lot| (lot.balance - lot.held_out).max(0)).sum(),
        Need::Balance | Need::AccountBalance(_) | Need::Frozen | Need::Thawing => usable.map(|lot| lot.balance).sum(),
    }
}

/// The entry that confirms the record.
pub fn confirmation(
    scheme: &OpenScheme,
    row: &ServiceRow,
    worked: &WorkedOut,
    reason: Option<&str>,
    by: &Operator,
) -> Draft {
    let WorkedOut { earning, today, pins } = worked;
    let config = scheme.config();
    let mut document = json!({
        "decided_by": by.key_id,
        "record": row.commitment(),
        "category": row.category,
        "evidence": row.evidence,
        "minutes": row.minutes,
        "credited_minutes": earning.minutes,
        "points": earning.points,
        "rules_version": earning.rules_version,
        "calculation": earning.calculation,
    });
    if let Some(document) = document.as_object_mut() {
        document.extend(reason.map(|reason| ("reason".to_owned(), reason.into())));
        document.extend(row.published_on.map(|day| ("published_on".to_owned(), day.to_string().into())));
        document.extend(row.final_on.map(|day| ("final_on".to_owned(), day.to_string().into())));
        document.extend(row.corrects.map(|old| ("corrects".to_owned(), old.to_string().into())));
        document.extend(counted_for(row));
        document.extend(mark::keep(earning.mark.as_ref()));
        document.extend(running_total(earning).map(|total| ("running_total".to_owned(), total)));
        document.extend(earning.lot.map(|lot| ("usable_until".to_owned(), lot.to_string().into())));
    }
    let action = Action::Post(legs(&config, row.volunteer_id, earning, *today));
    let mut bounds = bounds(row.volunteer_id, earning);
    bounds.push(accounts::unmerged(row.volunteer_id));
    bounds.extend(mark::pinned(row.volunteer_id, pins, earning.mark.as_ref()));
    Draft { bounds, ..decision(row, kind::SERVICE_CONFIRMED, action, document) }
}

/// For which unit and team a record counts, by their codes: totals of theirs follow from the entry.
fn counted_for(row: &ServiceRow) -> impl Iterator<Item = (String, Value)> {
    let named = [("unit", &row.unit), ("team", &row.team)];
    let named = named.map(|(name, code)| code.clone().map(|code| (name.to_owned(), code.into())));
    named.into_iter().flatten()
}

/// What a reversal has to know of the running total that the record added to.
fn running_total(earning: &Earning) -> Option<Value> {
    let draw = earning.draws.iter().find(|draw| draw.tally.key.starts_with("total/"))?;
    let DrawBound::Unchanged(before) = draw.bound else { return None };
    Some(json!({ "key": draw.tally.key, "before": before, "minutes": draw.amount }))
}

fn legs(config: &Scheme, volunteer: Uuid, earning: &Earning, today: NaiveDate) -> Vec<Leg> {
    let mut legs = Vec::with_capacity(4);
    let mut move_on = |from: Source, to, amount| {
        if amount > 0 {
            legs.push(Leg { from, to, amount });
        }
    };
    let from = Source::Account;
    move_on(from(accounts::served()), accounts::minutes(volunteer), earning.minutes);
    if earning.points < 0 {
        let owed = earning.debt.min(0).saturating_neg();
        let pool = Source::Pool { path: accounts::points_path(volunteer), unit: Unit::Points, usable_on: today };
        move_on(pool, accounts::deducted(), earning.points.saturating_neg().saturating_sub(owed));
        move_on(from(accounts::debt(volunteer)), accounts::deducted(), owed);
    } else {
        let paid = earning.debt.max(0);
        move_on(from(accounts::issued()), accounts::debt(volunteer), paid);
        move_on(from(accounts::issued()), home_of_points(volunteer, earning), earning.points.saturating_sub(paid));
    }
    for (credit, donated) in
        earning.credits.iter().map(|one| (one, false)).chain(earning.donated.iter().map(|one| (one, true)))
    {
        let Credit { account, amount, lot } = credit;
        let account = account.as_deref().and_then(|code| config.account(code));
        let source = account.map_or_else(accounts::issued, accounts::issued_in);
        match (donated, account) {
            (true, account) => move_on(from(source), accounts::pool(account), *amount),
            (false, Some(account)) => {
                let lot = lot.map_or(Lot::NONE, Lot::until);
                move_on(from(source), accounts::account(volunteer, account, lot), *amount);
            }
            (false, None) => {}
        }
    }
    for Draw { tally, amount, .. } in &earning.draws {
        let counted = accounts::capped(accounts::unit(tally.unit));
        move_on(from(accounts::tally(volunteer, tally)), counted, *amount);
    }
    legs.extend(frost(volunteer, earning.frost, today));
    legs.extend(earning.mark.as_ref().and_then(|mark| mark::leg(volunteer, mark)));
    legs
}

/// A frozen account holds 1, and so does the day on which it thaws by itself.
fn frost(volunteer: Uuid, frost: Option<Frost>, today: NaiveDate) -> Vec<Leg> {
    let (frozen, freezes) = (accounts::frozen(volunteer), accounts::freezes());
    let leg = |from, to| Leg { from, to, amount: 1 };
    match frost {
        None => Vec::new(),
        Some(Frost::Freezes(until)) => {
            let thawing = until.map(|day| accounts::thawing(volunteer, Lot::until(day)));
            let homes = std::iter::once(frozen).chain(thawing);
            homes.map(|home| leg(Source::Account(freezes.clone()), home)).collect()
        }
        Some(Frost::Thaws { marked }) => {
            let path = accounts::thawing_path(volunteer);
            let mark = marked.then_some(Source::Pool { path, unit: Unit::Uses, usable_on: today });
            let sources = std::iter::once(Source::Account(frozen)).chain(mark);
            sources.map(|source| leg(source, freezes.clone())).collect()
        }
    }
}

/// The account that the points go to: those that cannot be spent yet wait beside the others.
fn home_of_points(volunteer: Uuid, earning: &Earning) -> ledger::Account {
    let lot = earning.lot.map_or(Lot::NONE, Lot::until);
    match earning.spendable_on.and_then(|day| day.pred_opt()) {
        Some(until) => accounts::waiting(volunteer, until, lot),
        None => accounts::points(volunteer, lot),
    }
}

/// What must still hold when the entry is posted.
fn bounds(volunteer: Uuid, earning: &Earning) -> Vec<Bound> {
    let of_draw = |draw: &Draw| {
        let key = Key::new(accounts::tally_path(volunteer, &draw.tally));
        match draw.bound {
            DrawBound::AtMost(limit) => Bound { key, floor: Some(-limit), ceiling: None },
            DrawBound::Unchanged(before) => {
                let after = -(before.saturating_add(draw.amount));
                Bound { key, floor: Some(after), ceiling: Some(after) }
            }
        }
    };
    let mut bounds: Vec<Bound> = earning.draws.iter().map(of_draw).collect();
    if earning.debt > 0 {
        bounds.push(Bound { key: Key::new(accounts::debt_path(volunteer)), floor: None, ceiling: Some(0) });
    }
    if matches!(earning.frost, Some(Frost::Freezes(_))) {
        bounds.push(Bound { key: Key::new(accounts::frozen_path(volunteer)), floor: None, ceiling: Some(1) });
    }
    bounds
}

/// The entry that takes back what the record earned: all its postings, and what later records of the same running total
/// would have earned otherwise.
pub async fn reversal(
    scheme: &OpenScheme,
    row: &ServiceRow,
    reason: Option<&str>,
    overdraw: bool,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Draft, ServiceError> {
    let (mut legs, mut bounds, mut rebalanced) = (Vec::new(), Vec::new(), 0);
    let entry = scheme.book.entry(decision_id(row.id)).await?;
    let confirmed = entry.as_ref().map(Entry::fields).unwrap_or_default();
    let today = scheme.config().day_of(now);
    if let Some(change) = rebalance(scheme, row, &confirmed).await? {
        rebalanced = change.points;
        legs.extend(change.leg(row.volunteer_id, lot_of(&confirmed), today));
        bounds.push(change.bound);
    }
    let mark = mark::taken_back(scheme, row.volunteer_id, &confirmed, today).await?;
    legs.extend(mark.leg);
    bounds.extend(mark.bound);
    let mut document = json!({
        "decided_by": by.key_id,
        "record": row.commitment(),
        "category": row.category,
        "minutes": row.minutes,
        "credited_minutes": row.credited_minutes,
        "points": row.points.map(|points| points.saturating_sub(rebalanced)),
        "overdraw": overdraw,
        "reason": reason,
    });
    if let Some(document) = document.as_object_mut() {
        document.extend(counted_for(row));
        document.extend((rebalanced != 0).then(|| ("rebalanced".to_owned(), rebalanced.into())));
    }
    let postings = entry.map(|entry| entry.postings).unwrap_or_default();
    let needs = [Need::Frozen, Need::Thawing, Need::Owed];
    let known = look_up(scheme, row.volunteer_id, &needs, today).await?;
    let (amounts, matured) = what_is_where_it_was(&postings, &known, mark.falls, today);
    let paid = debts_paid(&postings, &amounts);
    if paid > 0 {
        // What was owed then has been paid since, in points: they come back as points.
        let to = accounts::points(row.volunteer_id, lot_today(&scheme.config(), today));
        legs.push(Leg { from: Source::Account(accounts::rebalanced()), to, amount: paid });
        bounds.push(Bound { key: Key::new(accounts::debt_path(row.volunteer_id)), floor: None, ceiling: Some(0) });
    }
    let pool = || Source::Pool { path: accounts::points_path(row.volunteer_id), unit: Unit::Points, usable_on: today };
    legs.extend((matured > 0).then(|| Leg { from: pool(), to: accounts::rebalanced(), amount: matured }));
    let action = match amounts.iter().all(|amount| *amount == 0) {
        true => Action::Post(legs),
        false => Action::Reverse { entry: decision_id(row.id), amounts: Some(amounts), overdraw, legs },
    };
    let draft = decision(row, kind::SERVICE_REVERSED, action, document);
    bounds.push(accounts::unmerged(row.volunteer_id));
    Ok(Draft { id: reversal_id(row.id), bounds, ..draft })
}

/// Of each posting, what is taken back where it went to; and the points that waited then, and can be spent by now. Whether
/// the account is frozen is left as it is when it has changed since.
fn what_is_where_it_was(
    postings: &[Posting],
    known: &BTreeMap<String, i64>,
    mark_falls: bool,
    today: NaiveDate,
) -> (Vec<i64>, i64) {
    let has_matured = |posting: &Posting| posting.to.path.contains("/waiting/") && !posting.to.lot.usable_on(today);
    let of = |need: Need| known.get(&need.key()).copied().unwrap_or(0);
    let (is_frozen, is_thawing, owed) = (of(Need::Frozen) > 0, of(Need::Thawing) > 0, of(Need::Owed).max(0));
    let has_changed = |posting: &Posting| match (home(&posting.from.path), home(&posting.to.path)) {
        (_, Some("frozen")) => !is_frozen,
        (_, Some("thawing")) => !is_thawing,
        // A mark goes with the count that it stands for, which other records are part of.
        (_, Some("mark")) => !mark_falls,
        (Some("frozen"), _) => is_frozen,
        (Some("thawing"), _) => is_thawing,
        _ => false,
    };
    let back = |posting: &Posting| match home(&posting.from.path) {
        _ if has_matured(posting) || has_changed(posting) => 0,
        Some("debt") => posting.amount.min(owed),
        _ => posting.amount,
    };
    let amounts = postings.iter().map(back).collect();
    (amounts, postings.iter().filter(|posting| has_matured(posting)).map(|posting| posting.amount).sum())
}

/// Of what the entry let the volunteer owe, what is owed no longer.
fn debts_paid(postings: &[Posting], amounts: &[i64]) -> i64 {
    let owed = postings.iter().zip(amounts).filter(|(posting, _)| home(&posting.from.path) == Some("debt"));
    owed.map(|(posting, amount)| posting.amount - amount).sum()
}

/// Until when points last that are given today.
fn lot_today(config: &Scheme, today: NaiveDate) -> Lot {
    let last_day = config.rules_on(today).and_then(|rules| rules.expiry.last_day(today).ok().flatten());
    last_day.map_or(Lot::NONE, Lot::until)
}

/// Which of a volunteer's accounts a path is of.
fn home(path: &str) -> Option<&str> {
    path.strip_prefix("volunteer/")?.split('/').nth(1)
}

fn lot_of(confirmed: &Map<String, Value>) -> Lot {
    let last_day = text(confirmed, "usable_until").and_then(|day| day.parse().ok());
    last_day.map_or(Lot::NONE, Lot::until)
}

/// What a reversal means for the points of other records that count by the same running total.
struct Rebalance {
    /// What the volunteer gets beside; what is taken beside when negative.
    points: i64,
    bound: Bound,
}

impl Rebalance {
    fn leg(&self, volunteer: Uuid, lot: Lot, today: NaiveDate) -> Option<Leg> {
        let pool = Source::Pool { path: accounts::points_path(volunteer), unit: Unit::Points, usable_on: today };
        match self.points {
            0 => None,
            less if less < 0 => Some(Leg { from: pool, to: accounts::rebalanced(), amount: less.saturating_neg() }),
            more => {
                let from = Source::Account(accounts::rebalanced());
                Some(Leg { from, to: accounts::points(volunteer, lot), amount: more })
            }
        }
    }
}

/// The record's points were the difference that its minutes made to the running total then. Without it, the later records
/// stand lower on the brackets: what they are worth changes by the difference between then and now.
async fn rebalance(
    scheme: &OpenScheme,
    row: &ServiceRow,
    confirmed: &Map<String, Value>,
) -> Result<Option<Rebalance>, ServiceError> {
    let Some(total) = confirmed.get("running_total").and_then(Value::as_object) else { return Ok(None) };
    let (Some(key), Some(before), Some(minutes)) =
        (text(total, "key"), integer(total, "before"), integer(total, "minutes"))
    else {
        return Ok(None);
    };
    let config = scheme.config();
    let (person, _) = person(scheme, row.volunteer_id).await?;
    let record = record(&config, row)?;
    let tally = Tally { key, unit: CapUnit::Minutes };
    let known = look_up(scheme, row.volunteer_id, &[Need::Tally(tally.clone())], row.occurred_on).await?;
    let now = known.get(&tally.key).copied().unwrap_or(0);
    let worth = |from: i64, to: i64| rules::worth_of_total(&config, &record, &person, from, to);
    let then_worth = worth(before, before.saturating_add(minutes));
    let now_worth = worth(now.saturating_sub(minutes), now);
    // A cap that cut the record's points down cuts what it would be worth elsewhere, too.
    let whole = then_worth.zip(now_worth).filter(|(then, _)| row.points == Some(*then));
    let after = -(now.saturating_sub(minutes));
    let path = accounts::tally_path(row.volunteer_id, &tally);
    let bound = Bound { key: Key::new(path), floor: Some(after), ceiling: Some(after) };
    Ok(Some(Rebalance { points: whole.map_or(0, |(then, now)| then.saturating_sub(now)), bound }))
}

/// Whether it was refused because a tally or a debt is not what it was.
pub fn about_tally(rejection: &Rejection) -> bool {
    match rejection {
        Rejection::BelowFloor { account, .. } | Rejection::AboveCeiling { account, .. } => {
            account.contains("/tally/") || account.ends_with("/debt")
        }
        _ => false,
    }
}
