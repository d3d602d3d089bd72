//! Bands of ages. Birth dates stay in the register: what leaves it are counts.

use chrono::{Datelike, NaiveDate};

/// Ages on the last day, both ends included; `None`: no birth date is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgeBand {
    pub from: Option<u32>,
    /// `None`: and older.
    pub until: Option<u32>,
}

/// Who served, by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeLine {
    pub band: AgeBand,
    /// Who is registered.
    pub registered: i64,
    /// Who served.
    pub people: i64,
    pub minutes: i64,
}

/// Where bands begin, the oldest first: young people are up to 35 (青年), elders from 60 on.
pub const BEGIN: [u32; 6] = [80, 70, 60, 36, 18, 0];

/// The band of a number that the statement gives: the place in [`BEGIN`], and one more for whoever's age is not known.
pub fn band(place: i64) -> AgeBand {
    let place = usize::try_from(place).unwrap_or(usize::MAX);
    match BEGIN.get(place) {
        Some(from) => {
            let above = place.checked_sub(1).and_then(|above| BEGIN.get(above));
            AgeBand { from: Some(*from), until: above.map(|above| above - 1) }
        }
        None => AgeBand { from: None, until: None },
    }
}

/// Whoever was born on this day or before is at least so old on `on`.
pub fn born_by(age: u32, on: NaiveDate) -> NaiveDate {
    let year = on.year() - i32::try_from(age).unwrap_or(0);
    // On 28 February of a common year, whoever was born on the 29th is not a year older yet.
    let day = NaiveDate::from_ymd_opt(year, on.month(), on.day());
    day.or_else(|| NaiveDate::from_ymd_opt(year, 2, 28)).unwrap_or(on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn somebody_is_as_old_as_on_their_last_birthday() {
        assert_eq!(born_by(60, day("2026-12-31")), day("1966-12-31"));
        assert_eq!(born_by(0, day("2026-12-31")), day("2026-12-31"));
        assert_eq!(born_by(18, day("2024-02-29")), day("2006-02-28"));
        assert_eq!(band(0), AgeBand { from: Some(80), until: None });
        assert_eq!(band(3), AgeBand { from: Some(36), until: Some(59) });
        assert_eq!(band(6), AgeBand { from: None, until: None });
    }
}
