//! Selections (评选): the 优秀志愿者 of a year, the stars of a month, 优秀网格 and 优秀志愿服务队, as documents that stand up to
//! questions. Units and teams compete as volunteers do: only who the candidates are, and what was served for them, is another
//! matter ([`groups`](self)).
//!
//! | step | state | what holds it |
//! |---|---|---|
//! | drafted: rules given, the book read at its newest entry, what is not in the book kept beside each row | `draft` | the id |
//! | made public for so many working days | `draft` → `published` | the row's lock |
//! | an objection, and its answer; upheld, somebody may be struck: the content is another, and signatures lapse | `published` | the same |
//! | signed by people, over the digest of the content that they have seen | `published` | the same |
//! | final: publicity over, nothing open, signed by as many as the rules ask, never by the drafter alone | → `final` | the same |
//! | withdrawn, with a reason | `draft`, `published` → `withdrawn` | the same |
//!
//! What follows from a state — its entry in the book, the honours of the selected — is done after it under ids that follow from
//! the selection's, so that it happens once, whoever does it, however often.

mod behind;
mod check;
pub mod competitors;
mod content;
mod difference;
mod draft;
mod explain;
mod finish;
mod groups;
mod inputs;
mod measures;
mod objections;
pub mod order;
pub mod outcome;
pub mod quota;
mod read;
pub mod rules;
mod signatures;
mod steps;
mod store;

pub use behind::{Behind, WISH, behind};
pub(crate) use check::{Told, check};
pub use competitors::Competitors;
pub use difference::{Change, Difference, difference};
pub use draft::{NewSelection, put};
pub use explain::{Explanation, explain};
pub use finish::settle_due;
pub use groups::{Entries, Person, entries, entries_of, people};
pub use objections::{Consequence, NewObjection, Objection, ObjectionStatus, answer, list_objections, object};
pub use order::{Figure, Merits};
pub use outcome::{Bar, Candidate, GridSeats, Group, Inputs, Outcome, Row, Seat, bars};
pub use quota::Seats;
pub use read::{Counted, Placed, get, list, rows, selected, unnamed};
pub use rules::{Awarded, Exclusion, HonourRule, Measure, RuleFlaw, RuleSet, Vetoes};
pub use signatures::{Signature, sign};
pub use steps::{finalise, publish, withdraw};

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// Where a selection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Draft,
    Published,
    Final,
    Withdrawn,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Draft, Status::Published, Status::Final, Status::Withdrawn];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Published => "published",
            Status::Final => "final",
            Status::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(text: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A selection, without its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    pub id: Uuid,
    pub title: String,
    pub rules: RuleSet,
    /// SHA-256 of the rules as kept, hexadecimal.
    pub rules_digest: String,
    pub from: NaiveDate,
    pub until: NaiveDate,
    pub status: Status,
    /// The newest entry that is part of it.
    pub sequence: i64,
    /// Of the book up to it, hexadecimal.
    pub root: String,
    /// Who served at all in the period.
    pub served: i64,
    /// Of these, who reached the minimum, wherever they belong.
    pub reached: i64,
    pub grids: Vec<GridSeats>,
    /// Of the content: what is signed, and what the book has. Hexadecimal.
    pub digest: String,
    /// Counts contents.
    pub revision: i64,
    pub published_on: Option<NaiveDate>,
    /// The last day of publicity; `None` before, and where there is none.
    pub public_until: Option<NaiveDate>,
    pub finalised_on: Option<NaiveDate>,
    /// Of its withdrawal.
    pub reason: Option<String>,
    pub drafted_by: Uuid,
    pub drafted_person: String,
    pub drafted_at: DateTime<Utc>,
    /// What follows from its state is not all in the book yet.
    pub effects_due: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<RuleFlaw>),
    #[error("there is no selection {id}")]
    NotFound { id: Uuid },
    #[error("the selection has no row of {subject}")]
    RowNotFound { subject: String },
    #[error("a volunteer's id must be a UUID")]
    NoId,
    #[error("it is a selection of volunteers: their rows tell all that is behind them")]
    OfVolunteers,
    #[error("there is no objection {id}")]
    ObjectionNotFound { id: Uuid },
    #[error("the id stands for something else: {field} differs")]
    IdTaken { field: &'static str },
    #[error("it is {}", .status.as_str())]
    StateConflict { status: Status },
    #[error("publicity is over since {until}")]
    PublicityOver { until: NaiveDate },
    #[error("publicity goes on until {until}")]
    PublicityRunning { until: NaiveDate },
    #[error("{open} objections are open")]
    ObjectionOpen { open: i64 },
    #[error("it was answered: {}", .status.as_str())]
    Answered { status: ObjectionStatus },
    #[error("{signed} of {needed} signatures")]
    SignaturesMissing { needed: usize, signed: usize },
    #[error("only whoever drafted it has signed")]
    DrafterAlone,
    #[error("the content is another: {digest}")]
    ContentDiffers { digest: String },
    #[error("whoever is concerned does not decide")]
    Concerned,
    #[error("the book has {size} entries")]
    BeyondTheBook { size: i64 },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<ledger::PostError> for SelectionError {
    fn from(error: ledger::PostError) -> Self {
        match error {
            error if error.is_transient() => SelectionError::Busy,
            other => SelectionError::Book(other.to_string()),
        }
    }
}
