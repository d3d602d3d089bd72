//! Ratings: how good a service was, in the eyes of those it was for (Order 67, Art. 10). One rating of a record, or of a
//! volunteer's part in an activity, by each rater.

use crate::keys::Operator;
use crate::records::{
    Filter, Page, RecordError, Subject, matching, refuse, refuse_difference, refuse_oneself, text_flaws, unit_of,
};
use crate::schemes::OpenScheme;
use crate::trainings::lock_volunteer;
use crate::volunteers::{self, Invalid};
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    pub id: Uuid,
    pub details: RatingDetails,
    pub rated_on: NaiveDate,
    pub withdrawn: bool,
    pub reason: Option<String>,
    pub recorded_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingDetails {
    pub volunteer_id: Uuid,
    pub of: Rated,
    pub rater: Rater,
    /// 1 to 5.
    pub stars: i64,
    /// Personal.
    pub words: Option<String>,
}

/// What is rated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rated {
    Service(Uuid),
    /// The volunteer's part in it.
    Activity(Uuid),
}

/// Who rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rater {
    /// Who was served; a number of the station's own tells several apart.
    Recipient(Option<Uuid>),
    /// The person whose key it is.
    Leader,
    Organiser,
}

impl Rater {
    pub fn as_str(self) -> &'static str {
        match self {
            Rater::Recipient(_) => "recipient",
            Rater::Leader => "leader",
            Rater::Organiser => "organiser",
        }
    }

    /// Who of them.
    fn key(self, by: &Operator) -> String {
        match self {
            Rater::Recipient(None) => "recipient".to_owned(),
            Rater::Recipient(Some(id)) => format!("recipient/{id}"),
            Rater::Leader => format!("leader/{}", by.person),
            Rater::Organiser => format!("organiser/{}", by.person),
        }
    }

    fn parse(rater: &str, key: &str) -> Rater {
        match rater {
            "leader" => Rater::Leader,
            "organiser" => Rater::Organiser,
            _ => Rater::Recipient(key.strip_prefix("recipient/").and_then(|id| id.parse().ok())),
        }
    }
}

/// Of a volunteer's ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Average {
    pub count: i64,
    /// Of the stars.
    pub sum: i64,
}

impl Average {
    /// Hundredths of a star, rounded half up.
    pub fn hundredths(self) -> i64 {
        let count = self.count.max(1);
        self.sum.saturating_mul(200).saturating_add(count) / count.saturating_mul(2)
    }
}

#[derive(sqlx::FromRow)]
struct RatingRow {
    id: Uuid,
    volunteer_id: Uuid,
    service_id: Option<Uuid>,
    subject_id: Uuid,
    rater: String,
    rater_key: String,
    stars: i64,
    words: Option<String>,
    rated_on: NaiveDate,
    status: String,
    reason: Option<String>,
    recorded_at: i64,
}

impl RatingRow {
    fn rating(self) -> Rating {
        let details = RatingDetails {
            volunteer_id: self.volunteer_id,
            of: self.service_id.map_or(Rated::Activity(self.subject_id), Rated::Service),
            rater: Rater::parse(&self.rater, &self.rater_key),
            stars: self.stars,
            words: self.words,
        };
        let (withdrawn, recorded_at) = (self.status == "withdrawn", moment(self.recorded_at));
        Rating { id: self.id, details, rated_on: self.rated_on, withdrawn, reason: self.reason, recorded_at }
    }
}

/// Writes a rating down. The same again is answered with it, and `true`; a second one of the same rater, under another id,
/// is refused.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: RatingDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Rating, bool), RecordError> {
    let mut flaws = text_flaws(&[("words", details.words.as_deref(), 1000)]);
    if !(1..=5).contains(&details.stars) {
        flaws.push(Invalid::new("stars", "invalid_star", "1 to 5 stars"));
    }
    refuse(flaws)?;
    let survivor = volunteers::get(scheme, details.volunteer_id).await?.merged_into;
    refuse_oneself(by, Some(details.volunteer_id))?;
    let (service_id, activity_id) = match details.of {
        Rated::Service(id) => (Some(id), None),
        Rated::Activity(id) => (None, Some(id)),
    };
    let (rater_key, today) = (details.rater.key(by), scheme.config().day_of(now));
    let mut tx = scheme.db.begin_write().await?;
    lock_volunteer(&mut tx, scheme, details.volunteer_id).await?;
    if let Some(known) = find(&mut tx, scheme, id).await? {
        let one = &known.details;
        refuse_difference(&[
            ("volunteer_id", ![Some(details.volunteer_id), survivor].contains(&Some(one.volunteer_id))),
            ("service_id", one.of != details.of),
            ("rater", one.rater != details.rater),
            ("stars", one.stars != details.stars),
            ("words", one.words != details.words),
        ])?;
        return Ok((known, true));
    }
    volunteers::lock_unmerged(&mut tx, scheme, details.volunteer_id).await?;
    let (unit, team) = served(&mut tx, scheme, &details).await?;
    let unit = unit_of(scheme, details.volunteer_id, unit).await?;
    let written = tx
        .query(
            "INSERT INTO ratings (book, id, volunteer_id, service_id, activity_id, subject_id, rater, rater_key, stars, words,
                 rated_on, unit, team, status, recorded_by, recorded_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'given', $14, $15, $15) ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(details.volunteer_id)
        .bind(service_id)
        .bind(activity_id)
        .bind(service_id.or(activity_id))
        .bind(details.rater.as_str())
        .bind(rater_key)
        .bind(details.stars)
        .bind(details.words)
        .bind(today)
        .bind(unit)
        .bind(team)
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    if written == 0 {
        return Err(RecordError::IdTaken { field: "rater".to_owned() });
    }
    let written = find(&mut tx, scheme, id).await?;
    tx.commit().await?;
    Ok((written.ok_or(RecordError::NotFound { subject: Subject::Rating, id })?, false))
}

/// The unit and the team of what is rated: a record of this volunteer that counts, or may come to count.
async fn served(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    details: &RatingDetails,
) -> Result<(Option<String>, Option<String>), RecordError> {
    let (field, id) = match details.of {
        Rated::Service(id) => ("service_id", id),
        Rated::Activity(id) => ("activity_id", id),
    };
    let found: Option<(Option<String>, Option<String>)> = tx
        .query(
            "SELECT unit, team FROM services
             WHERE book = $1 AND volunteer_id = $2 AND (id = $3 OR activity_id = $3) AND minutes > 0
               AND status NOT IN ('rejected', 'reversed') ORDER BY occurred_on LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(details.volunteer_id)
        .bind(id)
        .fetch_optional()
        .await?;
    let nothing = || Invalid::new(field, "nothing_served", "the volunteer has no service on record there");
    found.ok_or_else(|| RecordError::Invalid(vec![nothing()]))
}

/// Takes a rating back, as one that insults; it stays on record and counts no longer.
pub async fn withdraw(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Rating, bool), RecordError> {
    refuse(text_flaws(&[("reason", Some(reason), 500)]))?;
    let mut tx = scheme.db.begin_write().await?;
    let known = find(&mut tx, scheme, id).await?.ok_or(RecordError::NotFound { subject: Subject::Rating, id })?;
    refuse_oneself(by, Some(known.details.volunteer_id))?;
    let changed = tx
        .query(
            "UPDATE ratings SET status = 'withdrawn', reason = $3, recorded_by = $4, changed_at = $5
             WHERE book = $1 AND id = $2 AND status = 'given'",
        )
        .bind(scheme.book.number())
        .bind(id)
        .bind(reason.to_owned())
        .bind(by.key_id)
        .bind(micros(now))
        .execute()
        .await?;
    let known = find(&mut tx, scheme, id).await?;
    tx.commit().await?;
    Ok((known.ok_or(RecordError::NotFound { subject: Subject::Rating, id })?, changed == 0))
}

async fn find(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Rating>> {
    let row: Option<RatingRow> = tx
        .query(
            "SELECT id, volunteer_id, service_id, subject_id, rater, rater_key, stars, words, rated_on, status, reason,
                    recorded_at
             FROM ratings WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(row.map(RatingRow::rating))
}

/// Ratings by day, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: &Filter,
    after: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> db::Result<Vec<Rating>> {
    let query = scheme.db.query(matching!(
        "SELECT r.id, r.volunteer_id, r.service_id, r.subject_id, r.rater, r.rater_key, r.stars, r.words, r.rated_on,
                r.status, r.reason, r.recorded_at
         FROM ratings AS r",
        "rated_on"
    ));
    let rows: Vec<RatingRow> = Page::of(scheme, filter, after, limit).await?.bind(query, scheme).fetch_all().await?;
    Ok(rows.into_iter().map(RatingRow::rating).collect())
}

/// The average of each volunteer who has at least `least` ratings that fit and were not withdrawn, in the order of their ids,
/// those after `after`: what rankings may go by.
pub async fn averages(
    scheme: &OpenScheme,
    filter: &Filter,
    least: i64,
    after: Option<Uuid>,
    limit: i64,
) -> db::Result<Vec<(Uuid, Average)>> {
    let query = scheme.db.query(
        "SELECT r.volunteer_id, COUNT(*), CAST(SUM(r.stars) AS BIGINT) FROM ratings AS r
         WHERE r.book = $1 AND ($2 IS NULL OR r.volunteer_id = $2)
           AND ($3 = 0 OR r.unit IN (SELECT m.value FROM many($4) AS m)) AND ($5 IS NULL OR r.team = $5)
           AND r.rated_on >= $6 AND r.rated_on <= $7 AND r.status = $8 AND r.rated_on >= $9 AND r.volunteer_id > $10
         GROUP BY r.volunteer_id HAVING COUNT(*) >= $12 ORDER BY r.volunteer_id LIMIT $11",
    );
    let given = Filter { status: Some("given".to_owned()), ..filter.clone() };
    let start = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default();
    let after = Some((start, after.unwrap_or(Uuid::nil())));
    let page = Page::of(scheme, &given, after, limit).await?;
    let rows: Vec<(Uuid, i64, i64)> = page.bind(query, scheme).bind(least).fetch_all().await?;
    Ok(rows.into_iter().map(|(volunteer, count, sum)| (volunteer, Average { count, sum })).collect())
}

#[cfg(test)]
mod tests {
    use super::Average;

    #[test]
    fn an_average_is_rounded_half_up_to_hundredths() {
        for (count, sum, hundredths) in [(1, 5, 500), (3, 14, 467), (3, 13, 433), (8, 37, 463), (0, 0, 0)] {
            assert_eq!(Average { count, sum }.hundredths(), hundredths, "{sum} / {count}");
        }
    }
}
