//! The accounts of a scheme: their addresses and bounds.

use crate::config::{CapUnit, VolunteerAccount};
use crate::rules::Tally;
use chrono::NaiveDate;
use ledger::{Account, Bound, Key, Lot, Unit};
use std::sync::Arc;
use uuid::Uuid;

pub fn minutes_path(volunteer: Uuid) -> Arc<str> {
    format!("volunteer/{volunteer}/minutes").into()
}

pub fn points_path(volunteer: Uuid) -> Arc<str> {
    format!("volunteer/{volunteer}/points").into()
}

pub fn stock_path(reward: Uuid, station: &str) -> Arc<str> {
    format!("reward/{reward}/stock@{station}").into()
}

pub fn seats_path(session: Uuid) -> Arc<str> {
    format!("session/{session}/seats").into()
}

/// How often a session was moved.
pub fn moved_path(session: Uuid) -> Arc<str> {
    format!("session/{session}/moved").into()
}

/// One, once a session is cancelled.
pub fn cancelled_path(session: Uuid) -> Arc<str> {
    format!("session/{session}/cancelled").into()
}

/// One, as long as few pieces are left on a shelf.
pub fn low_path(reward: Uuid, station: &str) -> Arc<str> {
    format!("reward/{reward}/low@{station}").into()
}

pub fn limit_path(reward: Uuid, volunteer: Uuid, period: &str) -> Arc<str> {
    format!("limit/{reward}/{volunteer}/{period}").into()
}

/// What one person has used of a limit of the rules: `of` names what it counts.
pub fn rule_limit_path(of: &str, volunteer: Uuid, period: &str) -> Arc<str> {
    format!("limit/rule/{of}/{volunteer}/{period}").into()
}

pub fn tally_path(volunteer: Uuid, tally: &Tally) -> Arc<str> {
    format!("volunteer/{volunteer}/tally/{}", tally.key).into()
}

/// A book of account beside hours and points.
pub fn account_path(volunteer: Uuid, account: &str) -> Arc<str> {
    format!("volunteer/{volunteer}/account/{account}").into()
}

/// One for each count of records that has come to this mark.
pub fn mark_path(volunteer: Uuid, label: &str) -> Arc<str> {
    format!("volunteer/{volunteer}/mark/{label}").into()
}

/// One, once a step was granted and as long as it is not revoked.
pub fn granted_path(volunteer: Uuid, ladder: &str, step: &str) -> Arc<str> {
    format!("volunteer/{volunteer}/granted/{ladder}/{step}").into()
}

/// One in each lot for a ban from a ladder; the lot is its last day.
pub fn banned_path(volunteer: Uuid, ladder: &str) -> Arc<str> {
    format!("volunteer/{volunteer}/banned/{ladder}").into()
}

/// How many bans there ever were: what a grant pins, since it cannot name the lot of a ban that is still to come.
pub fn bans_path(volunteer: Uuid, ladder: &str) -> Arc<str> {
    format!("volunteer/{volunteer}/bans/{ladder}").into()
}

/// How often the gifts of a step were had, below zero.
pub fn entitled_path(volunteer: Uuid, ladder: &str, step: &str) -> Arc<str> {
    format!("limit/entitled/{ladder}/{step}/{volunteer}").into()
}

pub fn merged_path(volunteer: Uuid) -> Arc<str> {
    format!("volunteer/{volunteer}/merged").into()
}

/// One, once the volunteer was merged into another.
pub fn merged(volunteer: Uuid) -> Account {
    Account::holding(Key::new(merged_path(volunteer)), Unit::Uses).with_ceiling(1)
}

/// Where mergers are counted.
pub fn mergers() -> Account {
    Account::system("scheme/mergers", Unit::Uses)
}

/// What every posting for a volunteer rests on: that they were not merged into another by the time of judgement.
pub fn unmerged(volunteer: Uuid) -> Bound {
    Bound { key: Key::new(merged_path(volunteer)), floor: None, ceiling: Some(0) }
}

pub fn debt_path(volunteer: Uuid) -> Arc<str> {
    format!("volunteer/{volunteer}/debt").into()
}

pub fn frozen_path(volunteer: Uuid) -> Arc<str> {
    format!("volunteer/{volunteer}/frozen").into()
}

/// Pieces of one line of a basket that were handed over and have not come back.
pub fn basket_line(exchange: Uuid, line: i64) -> Account {
    Account::holding(Key::new(basket_line_path(exchange, line)), Unit::Pieces)
}

pub fn basket_line_path(exchange: Uuid, line: i64) -> Arc<str> {
    format!("exchange/{exchange}/{line}").into()
}

/// Where the pieces of baskets are counted.
pub fn baskets() -> Account {
    Account::system("scheme/baskets", Unit::Pieces)
}

/// The hours of a volunteer: they never shrink but by a correction.
pub fn minutes(volunteer: Uuid) -> Account {
    Account::holding(Key::new(minutes_path(volunteer)), Unit::Minutes)
}

/// The points of a volunteer that expire together.
pub fn points(volunteer: Uuid, lot: Lot) -> Account {
    Account::holding(Key::in_lot(points_path(volunteer), lot), Unit::Points)
}

pub fn stock(reward: Uuid, station: &str) -> Account {
    Account::holding(Key::new(stock_path(reward, station)), Unit::Pieces)
}

pub fn seats(session: Uuid) -> Account {
    Account::holding(Key::new(seats_path(session)), Unit::Seats)
}

pub fn moved(session: Uuid) -> Account {
    Account::holding(Key::new(moved_path(session)), Unit::Uses)
}

pub fn cancelled(session: Uuid) -> Account {
    Account::holding(Key::new(cancelled_path(session)), Unit::Uses).with_ceiling(1)
}

/// Where moved and cancelled sessions are counted.
pub fn moves() -> Account {
    Account::system("scheme/moves", Unit::Uses)
}

/// Pieces on the way from one station to another.
pub fn transit(transfer: Uuid) -> Account {
    Account::holding(Key::new(format!("transit/{transfer}")), Unit::Pieces)
}

pub fn low(reward: Uuid, station: &str) -> Account {
    Account::holding(Key::new(low_path(reward, station)), Unit::Uses).with_ceiling(1)
}

pub fn counts_path(reward: Uuid, station: &str) -> Arc<str> {
    format!("reward/{reward}/counts@{station}").into()
}

/// How often a shelf was counted.
pub fn counts(reward: Uuid, station: &str) -> Account {
    Account::holding(Key::new(counts_path(reward, station)), Unit::Uses)
}

/// Where shelves that ran low, or were counted, are counted.
pub fn alerts() -> Account {
    Account::system("scheme/alerts", Unit::Uses)
}

/// What is used of a limit or of a cap, below zero: how far down it may go is a bound of each draft, since limits change.
pub fn used(path: Arc<str>, unit: Unit) -> Account {
    Account::counting(Key::new(path), unit)
}

pub fn tally(volunteer: Uuid, tally: &Tally) -> Account {
    used(tally_path(volunteer, tally), unit(tally.unit))
}

pub fn unit(counts: CapUnit) -> Unit {
    match counts {
        CapUnit::Minutes => Unit::Minutes,
        CapUnit::Points => Unit::Points,
        CapUnit::Uses => Unit::Uses,
    }
}

/// What a volunteer has in a book of account beside hours and points, of what expires together.
pub fn account(volunteer: Uuid, account: &VolunteerAccount, lot: Lot) -> Account {
    Account::holding(Key::in_lot(account_path(volunteer, &account.code), lot), unit(account.counts))
}

/// Points that can be spent from the day after `until` on, and then live to the day of `lot`.
pub fn waiting(volunteer: Uuid, until: NaiveDate, lot: Lot) -> Account {
    let path = format!("{}{}", waiting_prefix(volunteer), lot.code());
    Account::holding(Key::in_lot(path, Lot::until(until)), Unit::Points)
}

/// What the paths of [`waiting`] begin with.
pub fn waiting_prefix(volunteer: Uuid) -> String {
    format!("volunteer/{volunteer}/waiting/")
}

/// Points owed, below zero.
pub fn debt(volunteer: Uuid) -> Account {
    used(debt_path(volunteer), Unit::Points)
}

/// One, as long as the points of the volunteer are frozen.
pub fn frozen(volunteer: Uuid) -> Account {
    Account::holding(Key::new(frozen_path(volunteer)), Unit::Uses)
}

pub fn thawing_path(volunteer: Uuid) -> Arc<str> {
    format!("volunteer/{volunteer}/thawing").into()
}

/// One, up to the last day for which the points are frozen.
pub fn thawing(volunteer: Uuid, lot: Lot) -> Account {
    Account::holding(Key::in_lot(thawing_path(volunteer), lot), Unit::Uses)
}

pub fn granted(volunteer: Uuid, ladder: &str, step: &str) -> Account {
    Account::holding(Key::new(granted_path(volunteer, ladder, step)), Unit::Uses).with_ceiling(1)
}

pub fn banned(volunteer: Uuid, ladder: &str, until: Lot) -> Account {
    Account::holding(Key::in_lot(banned_path(volunteer, ladder), until), Unit::Uses)
}

pub fn bans(volunteer: Uuid, ladder: &str) -> Account {
    Account::holding(Key::new(bans_path(volunteer, ladder)), Unit::Uses)
}

/// What has been donated, of points or of another account, and not been given on.
pub fn pool(account: Option<&VolunteerAccount>) -> Account {
    let (code, counts) = account.map_or(("points", CapUnit::Points), |account| (account.code.as_str(), account.counts));
    Account::holding(Key::new(format!("pool/{code}")), unit(counts))
}

/// Minutes come from here.
pub fn served() -> Account {
    Account::system("scheme/served", Unit::Minutes)
}

/// Points come from here.
pub fn issued() -> Account {
    Account::system("scheme/issued", Unit::Points)
}

/// What a book of account beside hours and points gets comes from here.
pub fn issued_in(account: &VolunteerAccount) -> Account {
    Account::system(format!("scheme/issued/{}", account.code), unit(account.counts))
}

/// What a book of account beside hours and points loses at the end of its lots.
pub fn expired_in(account: &VolunteerAccount) -> Account {
    Account::system(format!("scheme/expired/{}", account.code), unit(account.counts))
}

/// Deductions go here.
pub fn deducted() -> Account {
    Account::system("scheme/deducted", Unit::Points)
}

/// Where points go to and come from when a reversal changes what later records were worth.
pub fn rebalanced() -> Account {
    Account::system("scheme/rebalanced", Unit::Points)
}

/// What volunteers are marked with by what is recorded of them.
pub fn mark(volunteer: Uuid, label: &str) -> Account {
    Account::holding(Key::new(mark_path(volunteer, label)), Unit::Uses)
}

/// Where marks are counted.
pub fn marks() -> Account {
    Account::system("scheme/marks", Unit::Uses)
}

/// Where frozen accounts are counted.
pub fn freezes() -> Account {
    Account::system("scheme/freezes", Unit::Uses)
}

/// Where grants are counted.
pub fn grants() -> Account {
    Account::system("scheme/grants", Unit::Uses)
}

/// Where bans are counted.
pub fn all_bans() -> Account {
    Account::system("scheme/bans", Unit::Uses)
}

pub fn spent() -> Account {
    Account::system("scheme/spent", Unit::Points)
}

/// Where what is spent of a book of account beside hours and points goes.
pub fn spent_of(account: &VolunteerAccount) -> Account {
    Account::system(format!("scheme/spent/{}", account.code), unit(account.counts))
}

pub fn expired() -> Account {
    Account::system("scheme/expired", Unit::Points)
}

/// Pieces come from here.
pub fn supplied() -> Account {
    Account::system("scheme/supplied", Unit::Pieces)
}

/// Pieces taken off the shelf otherwise than by an exchange.
pub fn removed() -> Account {
    Account::system("scheme/removed", Unit::Pieces)
}

pub fn handed_out() -> Account {
    Account::system("scheme/handed_out", Unit::Pieces)
}

/// Seats come from here, and go back when a session is made smaller.
pub fn offered() -> Account {
    Account::system("scheme/offered", Unit::Seats)
}

pub fn booked() -> Account {
    Account::system("scheme/booked", Unit::Seats)
}

/// Where the use of a limit is counted.
pub fn uses() -> Account {
    Account::system("scheme/uses", Unit::Uses)
}

/// Where tallies are counted.
pub fn capped(unit: Unit) -> Account {
    Account::system(format!("scheme/capped/{}", unit.as_str()), unit)
}
