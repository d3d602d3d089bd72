//! The canonical bytes of an entry, over which its leaf hash is taken.
//!
//! In version 1, integers are big-endian; texts and bytes are preceded by their length as u32; an optional value is preceded
//! by 0 or 1. The book's code, every account's full address and the bounds of the accounts it opened are part of it, so that
//! no row of the database can be given another meaning unnoticed.

use crate::entry::Entry;
use crate::{Account, Key};
use chrono::Datelike;

const VERSION: u8 = 1;

/// The bytes of `entry`; its `leaf` is not part of them.
pub fn encode(book: &str, entry: &Entry, bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.push(VERSION);
    text(bytes, book);
    integer(bytes, entry.sequence);
    bytes.extend_from_slice(entry.id.as_bytes());
    bytes.push(entry.action as u8);
    text(bytes, &entry.kind);
    optional(bytes, entry.party, |bytes, id| bytes.extend_from_slice(id.as_bytes()));
    optional(bytes, entry.document_id, |bytes, id| bytes.extend_from_slice(id.as_bytes()));
    optional(bytes, entry.reference, integer);
    integer(bytes, i64::from(entry.effective_on.num_days_from_ce()));
    integer(bytes, entry.recorded_at);
    optional(bytes, entry.expires_at, integer);
    optional(bytes, entry.available_before, integer);
    length(bytes, entry.opened.len());
    for account in &entry.opened {
        opening(bytes, account);
    }
    length(bytes, entry.postings.len());
    for posting in &entry.postings {
        key(bytes, &posting.from);
        key(bytes, &posting.to);
        bytes.push(posting.unit as u8);
        integer(bytes, posting.amount);
    }
    text(bytes, &entry.document);
}

fn opening(bytes: &mut Vec<u8>, account: &Account) {
    key(bytes, &account.key);
    bytes.push(account.unit as u8);
    bytes.push(u8::from(account.system));
    optional(bytes, account.floor, integer);
    optional(bytes, account.ceiling, integer);
}

fn key(bytes: &mut Vec<u8>, key: &Key) {
    text(bytes, &key.path);
    integer(bytes, key.lot.code());
}

fn optional<T>(bytes: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    bytes.push(u8::from(value.is_some()));
    if let Some(value) = value {
        write(bytes, value);
    }
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    length(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn length(bytes: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("documents and lists are far below 4 GiB");
    bytes.extend_from_slice(&length.to_be_bytes());
}

fn integer(bytes: &mut Vec<u8>, value: i64) {
    bytes.extend_from_slice(&value.to_be_bytes());
}
