//! Which records to list.

use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// All that is written must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub volunteer_id: Option<Uuid>,
    /// Code: this unit and all below it.
    pub unit: Option<String>,
    /// Code.
    pub team: Option<String>,
    /// Days, both included.
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    pub status: Option<String>,
}

impl Filter {
    pub fn of_volunteer(volunteer: Uuid) -> Filter {
        Filter { volunteer_id: Some(volunteer), ..Filter::default() }
    }
}

/// The part of a list that is asked for: records by day and id, those after `after`.
pub(crate) struct Page<'a> {
    filter: &'a Filter,
    /// The unit that is asked for, and all below it.
    units: Vec<String>,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
}

impl<'a> Page<'a> {
    pub async fn of(
        scheme: &OpenScheme,
        filter: &'a Filter,
        after: Option<(NaiveDate, Uuid)>,
        limit: i64,
    ) -> db::Result<Page<'a>> {
        let units = scheme.units_below(filter.unit.as_deref()).await?.unwrap_or_default();
        Ok(Page { filter, units, after, limit })
    }

    /// Binds what [`matching`] asks for.
    pub fn bind<'q>(&self, query: db::Query<'q>, scheme: &OpenScheme) -> db::Query<'q> {
        let Page { filter, units, after, limit } = self;
        let (first, last) = (day(1900, 1, 1), day(9999, 12, 31));
        let (after_day, after_id) = after.unwrap_or((first, Uuid::nil()));
        query
            .bind(scheme.book.number())
            .bind(filter.volunteer_id)
            .bind(i64::from(filter.unit.is_some()))
            .bind_many(db::Many::Text(units.clone()))
            .bind(filter.team.clone())
            .bind(filter.from.unwrap_or(first))
            .bind(filter.until.unwrap_or(last))
            .bind(filter.status.clone())
            .bind(after_day)
            .bind(after_id)
            .bind(*limit)
    }
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

/// A `SELECT` from a table `r` whose rows fit a [`Page`]; `day` is the column of the record's day.
macro_rules! matching {
    ($select:literal, $day:literal) => {
        concat!(
            $select,
            " WHERE r.book = $1 AND ($2 IS NULL OR r.volunteer_id = $2)
                AND ($3 = 0 OR r.unit IN (SELECT m.value FROM many($4) AS m)) AND ($5 IS NULL OR r.team = $5)
                AND r.",
            $day,
            " >= $6 AND r.",
            $day,
            " <= $7 AND ($8 IS NULL OR r.status = $8) AND (r.",
            $day,
            " > $9 OR (r.",
            $day,
            " = $9 AND r.id > $10)) ORDER BY r.",
            $day,
            ", r.id LIMIT $11"
        )
    };
}
pub(crate) use matching;
