//! The register of certificates, in the order of their numbers.

use super::rows::{CertificateRow, select_certificates};
use super::{Certificate, CertificateError, Place};
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use db::Many;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// All that is written must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// With what was issued to those who were merged into them.
    pub volunteer_id: Option<Uuid>,
    /// Of an award or a campaign.
    pub source_id: Option<Uuid>,
    /// Code: this unit and all below it.
    pub unit: Option<String>,
    /// Days of issue, both included.
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    pub kind: Option<String>,
    pub status: Option<String>,
    /// Only valid ones of which a service was taken back since.
    pub touched: bool,
}

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Certificate, CertificateError> {
    let row: Option<CertificateRow> = scheme
        .db
        .query(select_certificates!("certificates AS c WHERE c.book = $1 AND c.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.ok_or(CertificateError::NotFound { id })?.certificate(scheme)
}

/// A page of the register, after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: &Filter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Certificate>, CertificateError> {
    let units = scheme.units_below(filter.unit.as_deref()).await?.unwrap_or_default();
    let (first, last) = (NaiveDate::from_ymd_opt(1900, 1, 1), NaiveDate::from_ymd_opt(9999, 12, 31));
    let after = after.unwrap_or(Place { year: 0, serial: 0 });
    let family = family(scheme, filter.volunteer_id).await?;
    let rows: Vec<CertificateRow> = scheme
        .db
        .query(select_certificates!(
            "certificates AS c
             WHERE c.book = $1 AND ($2 = 0 OR c.volunteer_id IN (SELECT m.value FROM many($3) AS m))
               AND ($4 = 0 OR c.unit IN (SELECT m.value FROM many($5) AS m)) AND ($6 IS NULL OR c.source_id = $6)
               AND c.issued_on >= $7 AND c.issued_on <= $8 AND ($9 IS NULL OR c.kind = $9) AND ($10 IS NULL OR c.status = $10)
               AND (c.year > $11 OR (c.year = $11 AND c.serial > $12))
               AND ($13 = 0 OR (c.status = 'valid' AND EXISTS (
                    SELECT 1 FROM certificate_services AS t
                    JOIN services AS s ON s.book = t.book AND s.id = t.service_id AND s.status <> 'confirmed'
                    WHERE t.book = c.book AND t.certificate_id = c.id)))
             ORDER BY c.year, c.serial LIMIT $14"
        ))
        .bind(scheme.book.number())
        .bind(i64::from(filter.volunteer_id.is_some()))
        .bind_many(Many::Uuid(family))
        .bind(i64::from(filter.unit.is_some()))
        .bind_many(Many::Text(units))
        .bind(filter.source_id)
        .bind(filter.from.or(first).unwrap_or_default())
        .bind(filter.until.or(last).unwrap_or_default())
        .bind(filter.kind.clone())
        .bind(filter.status.clone())
        .bind(after.year)
        .bind(after.serial)
        .bind(i64::from(filter.touched))
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(|row| row.certificate(scheme)).collect()
}

/// A volunteer, and all who were merged into them.
async fn family(scheme: &OpenScheme, volunteer: Option<Uuid>) -> db::Result<Vec<Uuid>> {
    let Some(volunteer) = volunteer else { return Ok(Vec::new()) };
    let rows: Vec<(Uuid,)> = scheme
        .db
        .query(
            "WITH RECURSIVE family (id) AS (
               SELECT v.id FROM volunteers AS v WHERE v.book = $1 AND v.id = $2
               UNION
               SELECT v.id FROM family AS f JOIN volunteers AS v ON v.book = $1 AND v.merged_into = f.id
             )
             SELECT id FROM family",
        )
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
