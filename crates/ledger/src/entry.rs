//! What was posted.

use crate::{Account, Key, Micros, Unit, tree::Hash};
use chrono::NaiveDate;
use serde_json::{Map, Value};
use uuid::Uuid;

/// An entry of a book, as it stands for ever.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place in the book: 1, 2, 3, … without gaps, in the order of commits.
    pub sequence: i64,
    pub id: Uuid,
    pub action: EntryAction,
    pub kind: String,
    pub party: Option<Uuid>,
    pub document_id: Option<Uuid>,
    /// The hold that is captured or released, or the entry that is reversed.
    pub reference: Option<i64>,
    pub effective_on: NaiveDate,
    /// Never earlier than that of the entry before it.
    pub recorded_at: Micros,
    /// Holds only.
    pub expires_at: Option<Micros>,
    /// What the pool it drew from held just before, for entries that draw from a pool.
    pub available_before: Option<i64>,
    /// Accounts that this entry opened, in order.
    pub opened: Vec<Account>,
    pub postings: Vec<Posting>,
    /// JSON, as hashed.
    pub document: String,
    pub leaf: Hash,
}

impl Entry {
    /// The document's fields. Empty when it is not an object, which no draft can bring about.
    pub fn fields(&self) -> Map<String, Value> {
        serde_json::from_str(&self.document).unwrap_or_default()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    pub from: Key,
    pub to: Key,
    pub unit: Unit,
    pub amount: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryAction {
    Post = 1,
    Hold = 2,
    /// Closes the hold; what it does not post is released.
    Capture = 3,
    /// Leaves the rest held.
    CapturePart = 4,
    Release = 5,
    Reversal = 6,
}

impl EntryAction {
    const ALL: [EntryAction; 6] = [
        EntryAction::Post,
        EntryAction::Hold,
        EntryAction::Capture,
        EntryAction::CapturePart,
        EntryAction::Release,
        EntryAction::Reversal,
    ];

    pub fn code(self) -> i64 {
        self as i64
    }

    pub fn from_code(code: i64) -> Option<EntryAction> {
        EntryAction::ALL.into_iter().find(|action| action.code() == code)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            EntryAction::Post => "post",
            EntryAction::Hold => "hold",
            EntryAction::Capture => "capture",
            EntryAction::CapturePart => "capture_part",
            EntryAction::Release => "release",
            EntryAction::Reversal => "reversal",
        }
    }
}
