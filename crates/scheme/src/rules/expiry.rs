//! Until when points can be spent.

use chrono::{Datelike, Months, NaiveDate};

use crate::config::{Expiry, ExpiryBase};

impl Expiry {
    /// The last day on which points can be spent, up to its midnight in the scheme's time zone. `Ok(None)` when they
    /// never expire; an error when the calendar ends before they do.
    ///
    /// Months run as Chinese law counts a period of months (Civil Code, Article 202): the last day is the day of the
    /// same number in the month of expiry, or the last day of that month when it has no such day. Twelve months from
    /// 29 February end on 28 February.
    ///
    /// By the day of service the last day may lie before `recorded_on`. The points then come already expired.
    pub fn last_day(self, served_on: NaiveDate, recorded_on: NaiveDate) -> Result<Option<NaiveDate>, EndOfCalendar> {
        let base = |from| match from {
            ExpiryBase::ServiceDate => served_on,
            ExpiryBase::RecordingDate => recorded_on,
        };
        let last_day = match self {
            Expiry::Never => return Ok(None),
            Expiry::YearEnd { from } => NaiveDate::from_ymd_opt(base(from).year(), 12, 31),
            Expiry::Months { months, from } => base(from).checked_add_months(Months::new(months)),
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
    use ExpiryBase::*;

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
        for (served, months, last) in cases {
            let expiry = Expiry::Months { months, from: ServiceDate };
            assert_eq!(expiry.last_day(day(served), day("2030-01-01")), Ok(Some(day(last))), "{served} + {months}");
        }
    }

    #[test]
    fn the_stated_day_decides_about_services_that_are_confirmed_late() {
        let (served, recorded) = (day("2025-12-30"), day("2026-01-05"));
        let cases = [
            (Expiry::Never, None),
            (Expiry::YearEnd { from: ServiceDate }, Some("2025-12-31")),
            (Expiry::YearEnd { from: RecordingDate }, Some("2026-12-31")),
            (Expiry::Months { months: 6, from: ServiceDate }, Some("2026-06-30")),
            (Expiry::Months { months: 6, from: RecordingDate }, Some("2026-07-05")),
        ];
        for (expiry, last) in cases {
            assert_eq!(expiry.last_day(served, recorded), Ok(last.map(day)), "{expiry:?}");
        }
    }

    #[test]
    fn the_last_day_of_the_year_belongs_to_it() {
        let expiry = Expiry::YearEnd { from: ServiceDate };
        for served in ["2025-12-31", "2025-01-01"] {
            assert_eq!(expiry.last_day(day(served), day(served)), Ok(Some(day("2025-12-31"))));
        }
    }

    #[test]
    fn the_calendar_may_end() {
        let expiry = Expiry::Months { months: 1, from: ServiceDate };
        assert_eq!(expiry.last_day(NaiveDate::MAX, NaiveDate::MAX), Err(EndOfCalendar));
    }
}
