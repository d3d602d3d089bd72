//! 爱心企业: who gives what is exchanged. The contact is a person, and stays out of the ledger and out of logs.

use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, Written, is_text};
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq)]
pub struct Sponsor {
    pub id: Uuid,
    pub details: SponsorDetails,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct SponsorDetails {
    pub name: String,
    /// A person.
    pub contact: Option<String>,
    pub phone: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum SponsorError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no sponsor {id}")]
    SponsorNotFound { id: Uuid },
    #[error("the sponsor was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    #[error(transparent)]
    Database(#[from] db::Error),
}

#[derive(sqlx::FromRow)]
struct SponsorRow {
    id: Uuid,
    name: String,
    contact: Option<String>,
    phone: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl SponsorRow {
    fn sponsor(self) -> Sponsor {
        Sponsor {
            id: self.id,
            details: SponsorDetails { name: self.name, contact: self.contact, phone: self.phone },
            version: self.version,
            created_at: moment(self.created_at),
            updated_at: moment(self.updated_at),
        }
    }
}

/// Writes a sponsor down under an id that the caller chose, or changes it.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: SponsorDetails,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(Sponsor, Written), SponsorError> {
    let flaws = check(&details);
    if !flaws.is_empty() {
        return Err(SponsorError::Invalid(flaws));
    }
    let mut tx = scheme.db.begin_write().await?;
    let known: Option<SponsorRow> = tx
        .lock(
            "SELECT id, name, contact, phone, version, created_at, updated_at FROM sponsors
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let known = known.map(SponsorRow::sponsor);
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(SponsorError::VersionDiffers { current });
    }
    let written = match known {
        None => Written::Created,
        Some(known) if known.details == details => return Ok((known, Written::Same)),
        Some(_) => Written::Changed,
    };
    tx.query(
        "INSERT INTO sponsors (book, id, name, contact, phone, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $6)
         ON CONFLICT (book, id) DO UPDATE SET name = excluded.name, contact = excluded.contact, phone = excluded.phone,
             version = sponsors.version + 1, updated_at = excluded.updated_at",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(details.name)
    .bind(details.contact)
    .bind(details.phone)
    .bind(micros(now))
    .execute()
    .await?;
    tx.commit().await?;
    Ok((get(scheme, id).await?, written))
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Sponsor, SponsorError> {
    let row: Option<SponsorRow> = scheme
        .db
        .query(
            "SELECT id, name, contact, phone, version, created_at, updated_at FROM sponsors
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(SponsorRow::sponsor).ok_or(SponsorError::SponsorNotFound { id })
}

/// Sponsors in the order of their ids, after `after`.
pub async fn list(scheme: &OpenScheme, after: Option<Uuid>, limit: i64) -> Result<Vec<Sponsor>, SponsorError> {
    let rows: Vec<SponsorRow> = scheme
        .db
        .query(
            "SELECT id, name, contact, phone, version, created_at, updated_at FROM sponsors
             WHERE book = $1 AND id > $2 ORDER BY id LIMIT $3",
        )
        .bind(scheme.book.number())
        .bind(after.unwrap_or(Uuid::nil()))
        .bind(limit)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(SponsorRow::sponsor).collect())
}

fn check(details: &SponsorDetails) -> Vec<Invalid> {
    let texts =
        [("name", Some(&details.name)), ("contact", details.contact.as_ref()), ("phone", details.phone.as_ref())];
    let wrong = texts.into_iter().filter(|(_, text)| text.is_some_and(|text| !is_text(text, 100)));
    wrong.map(|(field, _)| Invalid::new(field, "invalid_text", "1 to 100 characters")).collect()
}
