//! The accounts of a scheme: their addresses and bounds.

use crate::config::CapUnit;
use crate::rules::Cap;
use ledger::{Account, Key, Lot, Unit};
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

pub fn limit_path(reward: Uuid, volunteer: Uuid, period: &str) -> Arc<str> {
    format!("limit/{reward}/{volunteer}/{period}").into()
}

pub fn cap_path(volunteer: Uuid, cap: &Cap) -> Arc<str> {
    format!("volunteer/{volunteer}/cap/{}", cap.key).into()
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

/// What is used of a limit or of a cap, below zero: how far down it may go is a bound of each draft, since limits change.
pub fn used(path: Arc<str>, unit: Unit) -> Account {
    Account::counting(Key::new(path), unit)
}

pub fn cap(volunteer: Uuid, cap: &Cap) -> Account {
    used(cap_path(volunteer, cap), cap_unit(cap))
}

pub fn cap_unit(cap: &Cap) -> Unit {
    match cap.unit {
        CapUnit::Minutes => Unit::Minutes,
        CapUnit::Points => Unit::Points,
    }
}

/// Minutes come from here.
pub fn served() -> Account {
    Account::system("scheme/served", Unit::Minutes)
}

/// Points come from here.
pub fn issued() -> Account {
    Account::system("scheme/issued", Unit::Points)
}

pub fn spent() -> Account {
    Account::system("scheme/spent", Unit::Points)
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

/// Where the use of a cap is counted.
pub fn capped(unit: Unit) -> Account {
    Account::system(format!("scheme/capped/{}", unit.as_str()), unit)
}
