//! Volunteers as they are stored.

use super::{Availability, Consent, Guardian, Status, Volunteer};
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
pub(super) struct VolunteerRow {
    pub(super) id: Uuid,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) phone: Option<String>,
    pub(super) id_digest: Option<Vec<u8>>,
    pub(super) birth_date: Option<NaiveDate>,
    pub(super) unit: Option<String>,
    pub(super) home_unit: Option<String>,
    pub(super) teams: String,
    pub(super) skills: String,
    pub(super) kind: String,
    pub(super) gender: Option<String>,
    pub(super) residence: Option<String>,
    pub(super) registered_on: NaiveDate,
    pub(super) labels: String,
    pub(super) occupation: Option<String>,
    pub(super) availability: i64,
    pub(super) guardian_name: Option<String>,
    pub(super) guardian_phone: Option<String>,
    pub(super) consent_guardian: bool,
    pub(super) status: String,
    pub(super) merged_into: Option<Uuid>,
    pub(super) consent_record: bool,
    pub(super) consent_publish: bool,
    pub(super) version: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

impl VolunteerRow {
    pub(super) fn volunteer(self) -> Volunteer {
        Volunteer {
            id: self.id,
            number: self.number,
            name: self.name,
            phone: self.phone,
            birth_date: self.birth_date,
            unit: self.unit,
            home_unit: self.home_unit,
            teams: serde_json::from_str(&self.teams).unwrap_or_default(),
            skills: serde_json::from_str(&self.skills).unwrap_or_default(),
            kind: from_word(Some(self.kind)).unwrap_or_default(),
            gender: from_word(self.gender),
            residence: self.residence,
            registered_on: self.registered_on,
            labels: serde_json::from_str(&self.labels).unwrap_or_default(),
            consent: Consent { record: self.consent_record, publish: self.consent_publish },
            occupation: self.occupation,
            availability: Availability::from_bits(self.availability),
            guardian: self.guardian_name.map(|name| Guardian {
                name,
                phone: self.guardian_phone,
                consents: self.consent_guardian,
            }),
            status: Status::parse(&self.status).unwrap_or(Status::Active),
            merged_into: self.merged_into,
            version: self.version,
            created_at: moment(self.created_at),
            updated_at: moment(self.updated_at),
        }
    }
}

/// The columns of [`VolunteerRow`].
macro_rules! select_volunteers {
    ($rest:literal) => {
        concat!(
            "SELECT v.id, v.number, v.name, v.phone, v.id_digest, v.birth_date, v.unit, v.home_unit, v.teams, v.skills,
                    v.kind, v.gender, v.residence, v.registered_on, v.labels, v.consent_record, v.consent_publish,
                    v.occupation, v.availability, v.guardian_name, v.guardian_phone, v.consent_guardian, v.status,
                    v.merged_into,
                    v.version, v.created_at, v.updated_at
             FROM volunteers AS v ",
            $rest
        )
    };
}
pub(super) use select_volunteers;

/// Writes all but what becomes of them by merging. Changes are numbered under the lock of whoever calls.
pub(super) async fn write(tx: &mut db::Tx, book: i64, row: VolunteerRow, now: DateTime<Utc>) -> db::Result<u64> {
    tx.query(
        "INSERT INTO volunteers (book, id, number, name, phone, id_digest, birth_date, unit, home_unit, teams, skills,
             kind, gender, residence, registered_on, labels, consent_record, consent_publish, status, version, created_at,
             updated_at, occupation, availability, guardian_name, guardian_phone, consent_guardian, change)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
             $24, $25, $26, $27, (SELECT COALESCE(MAX(change), 0) + 1 FROM volunteers WHERE book = $1))
         ON CONFLICT (book, id) DO UPDATE SET number = excluded.number, name = excluded.name, phone = excluded.phone,
             id_digest = excluded.id_digest, birth_date = excluded.birth_date, unit = excluded.unit,
             home_unit = excluded.home_unit, teams = excluded.teams, skills = excluded.skills, kind = excluded.kind,
             gender = excluded.gender, residence = excluded.residence, registered_on = excluded.registered_on,
             labels = excluded.labels, consent_record = excluded.consent_record,
             consent_publish = excluded.consent_publish, version = excluded.version, updated_at = excluded.updated_at,
             occupation = excluded.occupation, availability = excluded.availability,
             guardian_name = excluded.guardian_name, guardian_phone = excluded.guardian_phone,
             consent_guardian = excluded.consent_guardian, change = excluded.change",
    )
    .bind(book)
    .bind(row.id)
    .bind(row.number)
    .bind(row.name)
    .bind(row.phone)
    .bind(row.id_digest)
    .bind(row.birth_date)
    .bind(row.unit)
    .bind(row.home_unit)
    .bind(row.teams)
    .bind(row.skills)
    .bind(row.kind)
    .bind(row.gender)
    .bind(row.residence)
    .bind(row.registered_on)
    .bind(row.labels)
    .bind(row.consent_record)
    .bind(row.consent_publish)
    .bind(row.status)
    .bind(row.version + 1)
    .bind(row.created_at)
    .bind(micros(now))
    .bind(row.occupation)
    .bind(row.availability)
    .bind(row.guardian_name)
    .bind(row.guardian_phone)
    .bind(row.consent_guardian)
    .execute()
    .await
}

pub(super) fn same(known: &VolunteerRow, row: &VolunteerRow) -> bool {
    let of = |row: &VolunteerRow| {
        let texts = [&row.number, &row.name, &row.teams, &row.skills, &row.kind, &row.labels].map(String::clone);
        let options = [
            &row.phone,
            &row.unit,
            &row.home_unit,
            &row.gender,
            &row.residence,
            &row.occupation,
            &row.guardian_name,
            &row.guardian_phone,
        ]
        .map(Option::clone);
        let days = (row.birth_date, row.registered_on);
        let consents = [row.consent_record, row.consent_publish, row.consent_guardian];
        (texts, options, row.id_digest.clone(), days, consents, row.availability)
    };
    of(known) == of(row)
}

/// A word of a configuration, as it is written there.
pub(super) fn word(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(super) fn from_word<T: serde::de::DeserializeOwned>(word: Option<String>) -> Option<T> {
    serde_json::from_value(word?.into()).ok()
}

pub(super) fn list(values: &[String]) -> String {
    serde_json::to_string(values).expect("a list of texts is plain data")
}
