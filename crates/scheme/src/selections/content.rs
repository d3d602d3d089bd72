//! What stands for a selection in the book: a digest of all that it says, without a name in it. Pure.

use super::outcome::{Bar, GridSeats, Row, bars};
use super::rules::RuleSet;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a selection is about, beside its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading<'a> {
    pub scheme: &'a str,
    pub id: Uuid,
    pub rules: &'a RuleSet,
    pub rules_digest: &'a str,
    /// The newest entry that is part of it, and the root of the book up to it.
    pub sequence: i64,
    pub root: &'a str,
    pub served: i64,
    pub reached: i64,
}

/// SHA-256 of the heading and the rows in order, a line of JSON each; hexadecimal.
pub fn digest(heading: &Heading, rows: &[Row], grids: &[GridSeats]) -> String {
    let mut hash = Sha256::new();
    let mut line = |value: Value| {
        hash.update(value.to_string().as_bytes());
        hash.update(b"\n");
    };
    line(json!([
        "aixin selection 1",
        heading.scheme,
        heading.id,
        heading.rules_digest,
        heading.sequence,
        heading.root,
        heading.served,
        heading.reached,
    ]));
    for GridSeats { grid, eligible, seats, taken } in grids {
        line(json!([grid, eligible, seats, taken]));
    }
    for row in rows {
        line(told(heading.rules, row));
    }
    hex::encode(hash.finalize())
}

fn told(rules: &RuleSet, row: &Row) -> Value {
    let one = &row.candidate;
    let merits = &one.merits;
    let bars: Vec<Value> = bars(rules, one.id, merits, &one.inputs).iter().map(Bar::told).collect();
    let mut line = json!([
        row.rank,
        row.outcome.as_str(),
        row.seat.map(|seat| seat.as_str()),
        one.id,
        one.number,
        one.named,
        one.unit,
        one.grid,
        one.inputs.place,
        [merits.minutes, merits.points, merits.services, merits.rating_sum, merits.rating_count, merits.attained],
        bars,
        one.inputs.struck,
    ]);
    // Of a person there is nothing more, and no name; of a unit or a team there is no secret.
    if let (Some(line), Some(group)) = (line.as_array_mut(), &one.inputs.group) {
        line.push(json!([one.name, group.members, group.participants, group.parts, group.above]));
    }
    line
}
