//! Working days: Monday to Friday. Public holidays are not known here.

use chrono::{Datelike, NaiveDate, Weekday};

/// The day that comes `count` working days after `day`, which does not count itself.
pub(crate) fn working_days_after(day: NaiveDate, count: u32) -> NaiveDate {
    let mut left = count;
    let mut due = day;
    while left > 0 {
        due = due.succ_opt().unwrap_or(NaiveDate::MAX);
        if is_working_day(due) {
            left -= 1;
        }
        if due == NaiveDate::MAX {
            return due;
        }
    }
    due
}

/// Working days that are over on `today` since something was published in the morning of `from`: that day counts, today does
/// not. Counted up to `most`.
pub(crate) fn working_days_over(from: NaiveDate, today: NaiveDate, most: u32) -> u32 {
    let days = from.iter_days().take_while(|day| *day < today).filter(|day| is_working_day(*day));
    days.take(most.try_into().unwrap_or(usize::MAX)).map(|_| 1).sum()
}

fn is_working_day(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn ten_working_days_after_a_friday_is_a_friday_two_weeks_later() {
        for (day_of_service, due) in
            [("2026-11-20", "2026-12-04"), ("2026-11-21", "2026-12-04"), ("2026-11-23", "2026-12-07")]
        {
            assert_eq!(working_days_after(day(day_of_service), 10), day(due), "{day_of_service}");
        }
        assert_eq!(working_days_after(day("2026-11-20"), 0), day("2026-11-20"));
        assert_eq!(working_days_after(NaiveDate::MAX, 10), NaiveDate::MAX);
    }

    #[test]
    fn a_day_of_publicity_is_over_when_the_next_one_begins() {
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
            assert_eq!(working_days_over(day(from), day(today), 5), over, "published on {from}, asked on {today}");
        }
    }
}
