//! Counting working days.

use chrono::{Datelike, NaiveDate, Weekday};
use std::collections::{BTreeMap, BTreeSet};

/// The days that are not what their weekday says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeSet<i32>,
    /// Whether the day is worked, and what it is called.
    special: BTreeMap<NaiveDate, (bool, String)>,
}

impl Calendar {
    pub fn new(
        years: impl IntoIterator<Item = i32>,
        days: impl IntoIterator<Item = (NaiveDate, bool, String)>,
    ) -> Self {
        let special = days.into_iter().map(|(day, working, name)| (day, (working, name))).collect();
        Calendar { years: years.into_iter().collect(), special }
    }

    /// Whether the holidays of the year are known.
    pub fn knows(&self, year: i32) -> bool {
        self.years.contains(&year)
    }

    /// The days of a year that are not what their weekday says: whether they are worked, and what they are called.
    pub fn special_days(&self, year: i32) -> impl Iterator<Item = (NaiveDate, bool, &str)> {
        let of_year = self.special.iter().filter(move |(day, _)| day.year() == year);
        of_year.map(|(day, (working, name))| (*day, *working, name.as_str()))
    }

    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        match self.special.get(&day) {
            Some((working, _)) => *working,
            None => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
        }
    }

    /// The day that comes `count` working days after `day`, which does not count itself.
    pub fn after(&self, day: NaiveDate, count: u32) -> NaiveDate {
        let mut left = count;
        let mut due = day;
        while left > 0 {
            due = due.succ_opt().unwrap_or(NaiveDate::MAX);
            if self.is_working_day(due) {
                left -= 1;
            }
            if due == NaiveDate::MAX {
                return due;
            }
        }
        due
    }

    /// Working days that are over on `today` since something was published in the morning of `from`: that day counts, today
    /// does not. Counted up to `most`.
    pub fn over(&self, from: NaiveDate, today: NaiveDate, most: u32) -> u32 {
        let days = from.iter_days().take_while(|day| *day < today).filter(|day| self.is_working_day(*day));
        days.take(most.try_into().unwrap_or(usize::MAX)).map(|_| 1).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn ten_working_days_after_a_friday_is_a_friday_two_weeks_later() {
        let calendar = Calendar::default();
        for (day_of_service, due) in
            [("2026-11-20", "2026-12-04"), ("2026-11-21", "2026-12-04"), ("2026-11-23", "2026-12-07")]
        {
            assert_eq!(calendar.after(day(day_of_service), 10), day(due), "{day_of_service}");
        }
        assert_eq!(calendar.after(day("2026-11-20"), 0), day("2026-11-20"));
        assert_eq!(calendar.after(NaiveDate::MAX, 10), NaiveDate::MAX);
    }

    #[test]
    fn a_day_of_publicity_is_over_when_the_next_one_begins() {
        let calendar = Calendar::default();
        for (from, today, over) in [
            ("2026-11-16", "2026-11-20", 4),
            ("2026-11-16", "2026-11-21", 5),
            ("2026-11-16", "2026-11-23", 5),
            ("2026-11-14", "2026-11-20", 4),
            ("2026-11-14", "2026-11-21", 5),
            ("2026-11-23", "2026-11-23", 0),
            ("2026-11-24", "2026-11-23", 0),
            ("1900-01-01", "2026-11-23", 5),
        ] {
            assert_eq!(calendar.over(day(from), day(today), 5), over, "published on {from}, asked on {today}");
        }
    }

    /// The Spring Festival of 2026: nine days off from Sunday the 15th of February, and two Saturdays worked for them.
    #[test]
    fn holidays_do_not_count_and_worked_weekends_do() {
        let year = super::super::Year::parse(include_str!("../../../../docs/calendars/2026.toml")).expect("a year");
        let days = year.days().into_iter().map(|special| (special.day, special.working, special.name));
        let calendar = Calendar::new([2026], days);
        for (from, count, due) in [
            ("2026-02-13", 1, "2026-02-14"),
            ("2026-02-13", 2, "2026-02-24"),
            ("2026-02-13", 10, "2026-03-05"),
            ("2026-09-30", 3, "2026-10-10"),
            ("2026-04-30", 1, "2026-05-06"),
        ] {
            assert_eq!(calendar.after(day(from), count), day(due), "{count} after {from}");
        }
        assert!(calendar.knows(2026) && !calendar.knows(2027));
        assert_eq!(calendar.special_days(2026).count(), 33 + 6);
    }
}
