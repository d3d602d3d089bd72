//! Who was granted which step: the list of stars and medals, with whether each has its certificate.

use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use db::Many;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// All that is written must fit. Of the steps that are held today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderFilter {
    pub ladder: Option<String>,
    pub step: Option<String>,
    /// Code: those who serve in this unit and in what is below it.
    pub unit: Option<String>,
    /// Days of granting, both included.
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    /// Only those without a valid certificate.
    pub uncertified: bool,
}

/// A step that somebody was granted and holds.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Holder {
    pub award_id: Uuid,
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
    pub unit: Option<String>,
    pub ladder: String,
    pub step: String,
    pub granted_on: NaiveDate,
    /// Of the entry that granted it; the list is in its order.
    pub sequence: i64,
    pub certified: bool,
}

/// A page of those whose award is newer than entry `after`, the oldest first.
pub async fn holders(scheme: &OpenScheme, filter: &HolderFilter, after: i64, limit: i64) -> db::Result<Vec<Holder>> {
    let units = scheme.units_below(filter.unit.as_deref()).await?.unwrap_or_default();
    let (first, last) = (NaiveDate::from_ymd_opt(1900, 1, 1), NaiveDate::from_ymd_opt(9999, 12, 31));
    scheme
        .db
        .query(
            "SELECT a.id AS award_id, a.volunteer_id, v.number, v.name, v.unit, a.ladder, a.step, a.granted_on,
                    a.granted_sequence AS sequence,
                    EXISTS (SELECT 1 FROM certificates AS c
                            WHERE c.book = a.book AND c.source_id = a.id AND c.status = 'valid') AS certified
             FROM awards AS a JOIN volunteers AS v ON v.book = a.book AND v.id = a.volunteer_id
             WHERE a.book = $1 AND a.status = 'granted' AND a.granted_sequence > $2
               AND ($3 IS NULL OR a.ladder = $3) AND ($4 IS NULL OR a.step = $4)
               AND ($5 = 0 OR v.unit IN (SELECT m.value FROM many($6) AS m))
               AND a.granted_on >= $7 AND a.granted_on <= $8
               AND ($9 = 0 OR NOT EXISTS (SELECT 1 FROM certificates AS c
                            WHERE c.book = a.book AND c.source_id = a.id AND c.status = 'valid'))
             ORDER BY a.granted_sequence LIMIT $10",
        )
        .bind(scheme.book.number())
        .bind(after)
        .bind(filter.ladder.clone())
        .bind(filter.step.clone())
        .bind(i64::from(filter.unit.is_some()))
        .bind_many(Many::Text(units))
        .bind(filter.from.or(first).unwrap_or_default())
        .bind(filter.until.or(last).unwrap_or_default())
        .bind(i64::from(filter.uncertified))
        .bind(limit)
        .fetch_all()
        .await
}
