//! Certificates as they are stored.

use super::{Certificate, CertificateError, Closing, Kind, Status, codes};
use crate::moment;
use crate::schemes::OpenScheme;
use chrono::NaiveDate;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
pub(super) struct CertificateRow {
    id: Uuid,
    year: i64,
    serial: i64,
    kind: String,
    volunteer_id: Uuid,
    source_id: Option<Uuid>,
    unit: Option<String>,
    applied_on: NaiveDate,
    due_on: NaiveDate,
    issued_on: NaiveDate,
    issued_at: i64,
    issued_by: Uuid,
    minutes: i64,
    services: i64,
    as_of: i64,
    root: Vec<u8>,
    pub(super) asked: String,
    paper: String,
    status: String,
    closed_on: Option<NaiveDate>,
    closed_by: Option<Uuid>,
    reason: Option<String>,
    replaced_by: Option<Uuid>,
    touched: bool,
}

/// A `SELECT` of whole certificates `c`; `$1` is the book.
macro_rules! select_certificates {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.year, c.serial, c.kind, c.volunteer_id, c.source_id, c.unit, c.applied_on, c.due_on, c.issued_on,
                    c.issued_at, c.issued_by, c.minutes, c.services, c.as_of, c.root, c.asked, c.paper, c.status, c.closed_on,
                    c.closed_by, c.reason, c.replaced_by,
                    EXISTS (SELECT 1 FROM certificate_services AS t
                            JOIN services AS s ON s.book = t.book AND s.id = t.service_id AND s.status <> 'confirmed'
                            WHERE t.book = c.book AND t.certificate_id = c.id) AS touched
             FROM ",
            $rest
        )
    };
}
pub(super) use select_certificates;

impl CertificateRow {
    pub fn certificate(self, scheme: &OpenScheme) -> Result<Certificate, CertificateError> {
        let damaged = |column: &str| db::Error::Damaged(format!("certificates.{column} of {}", self.id));
        let number = codes::number(scheme.book.code(), self.year, self.serial);
        let closing = self.closed_on.zip(self.closed_by);
        Ok(Certificate {
            id: self.id,
            kind: Kind::parse(&self.kind).ok_or_else(|| damaged("kind"))?,
            volunteer_id: self.volunteer_id,
            source_id: self.source_id,
            check_code: codes::check_code(scheme, &number),
            number,
            year: self.year,
            serial: self.serial,
            unit: self.unit.clone(),
            applied_on: self.applied_on,
            due_on: self.due_on,
            issued_on: self.issued_on,
            issued_at: moment(self.issued_at),
            issued_by: self.issued_by,
            minutes: self.minutes,
            services: self.services,
            as_of: self.as_of,
            paper: serde_json::from_str(&self.paper).map_err(|_| damaged("paper"))?,
            status: Status::parse(&self.status).ok_or_else(|| damaged("status"))?,
            closing: closing.map(|(on, by)| Closing {
                on,
                by,
                reason: self.reason.clone(),
                replaced_by: self.replaced_by,
            }),
            touched: self.touched,
            root: self.root,
        })
    }
}
