//! Published schemes, as configuration alone: what their texts say must come out, through the real ledger.
//!
//! `tests/data/schemes/cases.json` lists what follows from each text; `published/table.rs` says which test shows it.

mod harness;
mod table;

mod awards;
mod coins;
mod exchanging;
mod hours;
mod libraries;
mod points;
mod reviews;
mod stars;
