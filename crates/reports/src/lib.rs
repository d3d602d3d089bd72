//! Documents out of data, and data out of documents.
//!
//! This crate turns what a station keeps on paper and in spreadsheets into plain values. It promises to
//! be pure: the same bytes give the same answer, nothing here reads a clock, a file or a database, and no
//! input makes it panic. It refuses to know what a scheme is, which volunteers exist, and what earns
//! points; those who call it do.

pub mod documents;
pub mod fonts;
pub mod formats;
pub mod layout;
pub mod registers;
