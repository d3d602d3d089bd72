//! Insurance of volunteers against accidents, as the organisation takes it out before what is dangerous (Regulations on
//! Voluntary Service, Art. 17).

use super::ActivityError;
use crate::keys::Operator;
use crate::micros;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid, is_text};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Insurance {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub insurer: String,
    pub policy_number: String,
    pub from_on: NaiveDate,
    pub until_on: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsuranceDetails {
    pub insurer: String,
    pub policy_number: String,
    pub from_on: NaiveDate,
    /// The last day.
    pub until_on: NaiveDate,
}

/// Writes down that a volunteer is insured. The same again is answered with it, and `true`.
pub async fn insure(
    scheme: &OpenScheme,
    volunteer_id: Uuid,
    id: Uuid,
    details: InsuranceDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Insurance, bool), ActivityError> {
    let InsuranceDetails { insurer, policy_number, from_on, until_on } = details;
    let mut flaws = Vec::new();
    for (field, text) in [("insurer", &insurer), ("policy_number", &policy_number)] {
        if !is_text(text, 100) {
            flaws.push(Invalid::new(field, "invalid_text", "1 to 100 characters, not blank"));
        }
    }
    if until_on < from_on {
        flaws.push(Invalid::new("until_on", "end_before_start", "the last day is before the first"));
    }
    if !flaws.is_empty() {
        return Err(ActivityError::Invalid(flaws));
    }
    volunteers::require(scheme, volunteer_id).await?;
    let insurance = Insurance { id, volunteer_id, insurer, policy_number, from_on, until_on };
    let mut tx = scheme.db.begin_write().await?;
    let unmerged = volunteers::lock_unmerged(&mut tx, scheme, volunteer_id).await;
    let inserted = insert(&mut tx, scheme, &insurance, by, now).await?;
    if inserted == 1 {
        unmerged?;
        tx.commit().await?;
        return Ok((insurance, false));
    }
    let known: Insurance = tx
        .query("SELECT id, volunteer_id, insurer, policy_number, from_on, until_on FROM insurances WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_one()
        .await?;
    let differs = [
        ("volunteer_id", known.volunteer_id != insurance.volunteer_id),
        ("insurer", known.insurer != insurance.insurer),
        ("policy_number", known.policy_number != insurance.policy_number),
        ("from_on", known.from_on != insurance.from_on),
        ("until_on", known.until_on != insurance.until_on),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(ActivityError::IdTaken { field: field.to_owned() }),
        None => Ok((known, true)),
    }
}

async fn insert(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    insurance: &Insurance,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    tx.query(
        "INSERT INTO insurances (book, id, volunteer_id, insurer, policy_number, from_on, until_on, recorded_by, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(scheme.book.number())
    .bind(insurance.id)
    .bind(insurance.volunteer_id)
    .bind(insurance.insurer.clone())
    .bind(insurance.policy_number.clone())
    .bind(insurance.from_on)
    .bind(insurance.until_on)
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await
}

/// The policies of a volunteer, the one that lasts longest first.
pub async fn insurances_of(scheme: &OpenScheme, volunteer_id: Uuid) -> Result<Vec<Insurance>, ActivityError> {
    volunteers::require(scheme, volunteer_id).await?;
    Ok(scheme
        .db
        .query(
            "SELECT id, volunteer_id, insurer, policy_number, from_on, until_on FROM insurances
             WHERE book = $1 AND volunteer_id = $2 ORDER BY until_on DESC, id LIMIT 100",
        )
        .bind(scheme.book.number())
        .bind(volunteer_id)
        .fetch_all()
        .await?)
}

/// Whether one policy covers all days from `first` to `last`.
pub(super) async fn covers(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    volunteer_id: Uuid,
    first: NaiveDate,
    last: NaiveDate,
) -> db::Result<bool> {
    let (policies,): (i64,) = tx
        .query(
            "SELECT COUNT(*) FROM insurances
             WHERE book = $1 AND volunteer_id = $2 AND from_on <= $3 AND until_on >= $4",
        )
        .bind(scheme.book.number())
        .bind(volunteer_id)
        .bind(first)
        .bind(last)
        .fetch_one()
        .await?;
    Ok(policies > 0)
}
