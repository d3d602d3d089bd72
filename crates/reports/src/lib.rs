//! Documents out of data, and data out of documents.
//!
//! This crate turns what a station keeps on paper and in spreadsheets into plain values, and plain values
//! into papers, spreadsheets and pages. It promises to be pure: the same values give the same bytes,
//! nothing here reads a clock or a database, and no input makes it panic. The one place that reads files
//! is [`fonts::Fonts::add_path`]. It refuses to know what a scheme is, which volunteers exist, and what
//! earns points; those who call it do.

pub mod documents;
pub mod fonts;
pub mod formats;
pub mod layout;
pub mod registers;
