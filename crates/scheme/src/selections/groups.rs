//! Units and teams as competitors: what was served for each of them, whoever served it, and who belonged to them.

mod behind;
mod candidates;
mod figures;

pub use behind::{Entries, Person, entries, entries_of, people};
pub(super) use candidates::candidates;
pub(super) use figures::figures;
