//! Append-only, double-entry, hash-chained books.
//!
//! A *book* is a gap-free sequence of *entries*. An entry is an atomic set of *postings* (from account, to account,
//! amount); balances follow from postings, and every rule that must hold under concurrency is a bound on a balance.
//! Callers describe what they want posted as a [`Draft`]; the pure [`judge`](judge::judge) decides, in order, one draft
//! after the other; the group committer writes what was decided, many drafts in one durable transaction.
//!
//! It promises, for every book: a draft is posted wholly or not at all, and at most once; the same id gets the same
//! answer for ever; no balance leaves its bounds; the sequence has no gaps and is in the order of commits; what was
//! answered is on disk; nothing posted is ever changed; `verify` finds whatever was changed all the same.
//!
//! It refuses to know people, rewards, rates, time zones and HTTP. No personal data may be put into it.
//!
//! Where things are: [`account`], [`draft`], [`entry`] are the words; [`judge`] decides over a [`state`]; the committer
//! acts; [`book`] is the door; [`tree`], [`proof`] and [`checkpoint`] prove; [`verify`] rebuilds everything; [`oracle`] is
//! the same ledger written for obviousness, against which the real one is tested.

pub mod account;
pub mod draft;
pub mod entry;

pub mod judge;
pub mod state;

pub mod book;
mod committer;
pub mod feed;
pub mod lots;
pub mod projection;
mod store;
pub mod views;
mod writes;

pub mod checkpoint;
pub mod encoding;
pub mod proof;
pub mod tree;
pub mod verify;

pub mod baseline;
pub mod oracle;

pub use account::{Account, Key, Lot, Unit};
pub use book::{Book, BookOptions, Outcome, PostError};
pub use draft::{Action, Bound, Draft, Leg, Refusal, Source};
pub use entry::{Entry, EntryAction, Posting};
pub use judge::Rejection;
pub use projection::Projection;

/// Microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;
