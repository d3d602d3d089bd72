//! How long before points expire people are told.

use serde::Deserialize;

/// Days ahead, at most.
const DAYS_MAX: u32 = 365;
/// Warnings for one lot, at most.
const WARNINGS_MAX: usize = 5;

pub(super) fn month_and_week() -> Vec<u32> {
    vec![30, 7]
}

/// Distinct numbers of days, the largest first.
pub(super) fn warnings<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let mut days = Vec::<u32>::deserialize(deserializer)?;
    let count = days.len();
    days.sort_unstable_by(|one, other| other.cmp(one));
    days.dedup();
    if days.len() != count || count > WARNINGS_MAX || days.iter().any(|days| !(1..=DAYS_MAX).contains(days)) {
        let text = format!("at most {WARNINGS_MAX} different numbers of days, each from 1 to {DAYS_MAX}");
        return Err(serde::de::Error::custom(text));
    }
    Ok(days)
}
