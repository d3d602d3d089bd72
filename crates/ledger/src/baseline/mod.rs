//! What the committer is measured against: the same work done by hand, and the least that any design must do.
//!
//! [`load`] makes people, rewards and drafts, and keeps a number of callers busy with them. [`naive`] posts the same drafts
//! with one transaction each. [`limit`] writes rows made beforehand, without deciding or hashing anything.
//! All three write to the same tables, each to a book of its own. What the baselines write is not a valid book: it has no
//! hashes, and must never be where people's points are.

pub mod limit;
pub mod load;
pub mod naive;
