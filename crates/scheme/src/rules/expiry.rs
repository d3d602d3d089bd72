//! Until when points can be spent.

use chrono::{Datelike, Months, NaiveDate};

use crate::config::Expiry;

impl Expiry {
    /// The last day on which points that live from `from` can be spent, up to its midnight in the scheme's time zone.
    /// `Ok(None)` when they never expire; an error when the calendar ends before they do.
    ///
    /// Months run as Chinese law counts a period of months (Civil Code, Article 202): the last day is the day of the
    /// same number in the month of expiry, or the last day of that month when it has no such day. Twelve months from
    /// 29 February end on 28 February.
    ///
    /// By the day of service the last day may lie before the day on which the points are posted. They then come already
    /// expired.
    pub fn last_day(self, from: NaiveDate) -> Result<Option<NaiveDate>, EndOfCalendar> {
        let last_day = match self {
            Expiry::Never => return Ok(None),
            Expiry::YearEnd => NaiveDate::from_ymd_opt(from.year(), 12, 31),
            Expiry::MonthsAfterYearEnd(months) => {
                NaiveDate::from_ymd_opt(from.year(), 12, 31).and_then(|end| end.checked_add_months(Months::new(months)))
            }
            Expiry::Months(months) => from.checked_add_months(Months::new(months)),
            Expiry::Yearly(day) => {
                let this_year = day.in_year(from.year()).filter(|day| *day >= from);
                this_year.or_else(|| day.in_year(from.year().checked_add(1)?))
            }
            Expiry::On(day) => Some(day),
        };
        last_day.map(Some).ok_or(EndOfCalendar)
    }
}

/// A date beyond the year 262 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfCalendar;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MonthDay;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn points_last_to_the_corresponding_day_or_the_end_of_its_month() {
        let cases = [
            ("2020-06-01", 36, "2023-06-01"),
            ("2026-01-15", 1, "2026-02-15"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2026-01-31", 3, "2026-04-30"),
            ("2024-02-29", 12, "2025-02-28"),
            ("2024-02-29", 48, "2028-02-29"),
            ("2026-02-28", 12, "2027-02-28"),
            ("2026-12-31", 2, "2027-02-28"),
            ("2027-08-31", 6, "2028-02-29"),
        ];
        for (from, months, last) in cases {
            assert_eq!(Expiry::Months(months).last_day(day(from)), Ok(Some(day(last))), "{from} + {months}");
        }
    }

    #[test]
    fn points_last_to_a_day_of_the_year_that_belongs_to_them() {
        let yearly = |text: &str| Expiry::Yearly(MonthDay::try_from(text.to_owned()).expect("a day of the year"));
        let cases = [
            (Expiry::YearEnd, "2025-12-31", "2025-12-31"),
            (Expiry::YearEnd, "2025-01-01", "2025-12-31"),
            (Expiry::MonthsAfterYearEnd(1), "2026-05-01", "2027-01-31"),
            (Expiry::MonthsAfterYearEnd(1), "2027-01-15", "2028-01-31"),
            (Expiry::MonthsAfterYearEnd(2), "2027-12-31", "2028-02-29"),
            (yearly("06-30"), "2025-06-30", "2025-06-30"),
            (yearly("06-30"), "2025-07-01", "2026-06-30"),
            (yearly("02-29"), "2025-01-01", "2025-02-28"),
            (yearly("02-29"), "2027-03-01", "2028-02-29"),
            (Expiry::On(day("2024-01-31")), "2023-05-01", "2024-01-31"),
        ];
        for (expiry, from, last) in cases {
            assert_eq!(expiry.last_day(day(from)), Ok(Some(day(last))), "{expiry:?} from {from}");
        }
        assert_eq!(Expiry::Never.last_day(day("2025-01-01")), Ok(None));
    }

    #[test]
    fn the_calendar_may_end() {
        assert_eq!(Expiry::Months(1).last_day(NaiveDate::MAX), Err(EndOfCalendar));
    }
}
