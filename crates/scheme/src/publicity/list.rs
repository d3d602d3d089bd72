//! What the public sees: who served when and where, without a digit of an ID number or a telephone.

use crate::names;
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use db::Many;
use uuid::Uuid;

/// A published record as anybody may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicRecord {
    pub id: Uuid,
    /// 王*国; a pseudonym of those who have not agreed to be named (Personal Information Protection Law, Art. 25).
    pub name: String,
    /// The last four characters of the volunteer's number; none of those who have not agreed.
    pub number_tail: Option<String>,
    pub unit: Option<String>,
    pub category: String,
    pub title: String,
    pub occurred_on: NaiveDate,
    pub minutes: i64,
    pub published_on: NaiveDate,
    /// The last day on which one can object.
    pub until: NaiveDate,
}

#[derive(sqlx::FromRow)]
struct PublicRow {
    id: Uuid,
    volunteer_id: Uuid,
    name: String,
    number: String,
    consent_publish: bool,
    unit: Option<String>,
    category: String,
    title: String,
    occurred_on: NaiveDate,
    minutes: i64,
    published_on: NaiveDate,
    final_on: NaiveDate,
}

/// What is in publicity, by the day on which it becomes final, those after `after`; of these units alone, when given.
pub async fn public(
    scheme: &OpenScheme,
    units: Option<Vec<String>>,
    on: Option<NaiveDate>,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> db::Result<Vec<PublicRecord>> {
    let (day, id) = after.unwrap_or((NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default(), Uuid::nil()));
    let rows: Vec<PublicRow> = scheme
        .db
        .query(
            "SELECT s.id, s.volunteer_id, v.name, v.number, v.consent_publish, s.unit, s.category, s.title, s.occurred_on,
                    s.minutes, s.published_on, s.final_on
             FROM services AS s JOIN volunteers AS v ON v.book = s.book AND v.id = s.volunteer_id
             WHERE s.book = $1 AND s.status = 'published' AND s.final_on >= $2 AND (s.final_on > $2 OR s.id > $3)
               AND ($4 = 0 OR s.unit IN (SELECT m.value FROM many($5) AS m))
               AND ($6 IS NULL OR s.published_on = $6)
             ORDER BY s.final_on, s.id LIMIT $7",
        )
        .bind(scheme.book.number())
        .bind(day)
        .bind(id)
        .bind(i64::from(units.is_some()))
        .bind_many(Many::Text(units.unwrap_or_default()))
        .bind(on)
        .bind(limit)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|row| row.public(scheme)).collect())
}

impl PublicRow {
    fn public(self, scheme: &OpenScheme) -> PublicRecord {
        let named = self.consent_publish;
        PublicRecord {
            id: self.id,
            name: names::public(scheme, self.volunteer_id, &self.name, named),
            number_tail: named.then(|| tail(&self.number)),
            unit: self.unit,
            category: self.category,
            title: self.title,
            occurred_on: self.occurred_on,
            minutes: self.minutes,
            published_on: self.published_on,
            until: self.final_on.pred_opt().unwrap_or(self.final_on),
        }
    }
}

pub(crate) fn tail(number: &str) -> String {
    let letters: Vec<char> = number.chars().collect();
    letters[letters.len().saturating_sub(4)..].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::tail;

    #[test]
    fn of_a_number_the_end_is_told() {
        assert_eq!((tail("ZY0001234"), tail("12")), ("1234".to_owned(), "12".to_owned()));
    }
}
