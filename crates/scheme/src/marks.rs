//! Marks: labels that volunteers get by what is recorded of them, beside those that the office gives. They are in the book.

use crate::accounts;
use crate::rules::Person;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, VolunteerError};
use ledger::{Bound, Key, PostError};
use std::sync::Arc;
use uuid::Uuid;

/// What the rules ask of the volunteer, marks included; and the bounds that hold as long as the marks are what they were,
/// for whatever is posted on the strength of them. Schemes without marks look nothing up.
pub async fn person(scheme: &OpenScheme, volunteer: Uuid) -> Result<(Person, Vec<Bound>), VolunteerError> {
    let mut person = volunteers::get(scheme, volunteer).await?.person();
    let config = scheme.config();
    let labels = config.marks();
    if labels.is_empty() {
        return Ok((person, Vec::new()));
    }
    let paths: Vec<Arc<str>> = labels.iter().map(|label| accounts::mark_path(volunteer, label)).collect();
    let view = scheme.book.standings(&paths).await.map_err(|error| match error {
        error if error.is_transient() => VolunteerError::Busy,
        other => VolunteerError::Book(PostError::to_string(&other)),
    })?;
    let mut pins = Vec::with_capacity(labels.len());
    for ((label, path), lots) in labels.iter().zip(paths).zip(&view.lots) {
        let marks: i64 = lots.iter().map(|lot| lot.balance).sum();
        if marks > 0 {
            person.labels.insert((*label).to_owned());
        }
        pins.push(Bound { key: Key::new(path), floor: Some(marks), ceiling: Some(marks) });
    }
    Ok((person, pins))
}
