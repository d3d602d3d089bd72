//! Registering volunteers, and changing what is known of them.

use super::belonging;
use super::list::{self, Duplicate};
use super::row::{VolunteerRow, list as list_text, same, select_volunteers, word, write};
use super::{Invalid, Volunteer, VolunteerDetails, VolunteerError, Written, is_text};
use crate::micros;
use crate::schemes::OpenScheme;
use crate::services::{self, ServiceError};
use crate::teams;
use crate::units::Organisation;
use chrono::{DateTime, NaiveDate, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// Registers a volunteer under an id that the caller chose, or changes their details. `expected` is the version that the
/// caller has seen, when it wants to be sure that nobody changed it meanwhile.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: VolunteerDetails,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(Arc<Volunteer>, Written), VolunteerError> {
    let registered = register(scheme, id, details, expected, now).await?;
    Ok((registered.volunteer, registered.written))
}

/// A volunteer as registered, and who may be the same person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    pub volunteer: Arc<Volunteer>,
    pub written: Written,
    /// Others with the same phone, or with the same name and birth date. Looked for when something was written.
    pub possible_duplicates: Vec<Duplicate>,
}

/// As [`put`], with who may be the same person.
pub async fn register(
    scheme: &OpenScheme,
    id: Uuid,
    details: VolunteerDetails,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Registered, VolunteerError> {
    let mut tx = scheme.db.begin_write().await?;
    let written = put_in(&mut tx, scheme, id, details, expected, now).await?;
    tx.commit().await?;
    scheme.volunteers.invalidate(&id);
    let volunteer = super::get(scheme, id).await?;
    welcome(scheme, &volunteer, now).await?;
    let possible_duplicates = match written {
        Written::Same => Vec::new(),
        _ => list::alike(scheme, &volunteer).await?,
    };
    Ok(Registered { volunteer, written, possible_duplicates })
}

/// What the rules give for registering; nothing when it was given before.
pub(crate) async fn welcome(
    scheme: &OpenScheme,
    volunteer: &Volunteer,
    now: DateTime<Utc>,
) -> Result<(), VolunteerError> {
    services::on_registration(scheme, volunteer, now).await.map_err(|error| match error {
        ServiceError::Database(error) => VolunteerError::Database(error),
        ServiceError::Busy => VolunteerError::Busy,
        other => VolunteerError::Book(other.to_string()),
    })
}

/// As [`put`], in the caller's transaction, and without what registering gives.
pub(crate) async fn put_in(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: VolunteerDetails,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Written, VolunteerError> {
    let organisation = scheme.organisation().await?;
    let flaws = check(scheme, &organisation, &details, now);
    if !flaws.is_empty() {
        return Err(VolunteerError::Invalid(flaws));
    }
    let mut details = details;
    teams::known(tx, scheme.book.number(), &mut details.teams).await?;
    let id_digest = details.id_number.as_deref().map(|number| id_digest(scheme, number));
    // Numbers are given out one after the other under this lock.
    tx.lock("SELECT edition FROM schemes WHERE book = $1 AND edition = 1")
        .bind(scheme.book.number())
        .fetch_optional::<(i64,)>()
        .await?;
    let known: Option<VolunteerRow> = tx
        .query(select_volunteers!("WHERE v.book = $1 AND v.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    if let Some(into) = known.as_ref().and_then(|known| known.merged_into) {
        return Err(VolunteerError::Merged { into });
    }
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(VolunteerError::VersionDiffers { current });
    }
    let number = match (&details.number, &known) {
        (Some(number), _) => number.clone(),
        (None, Some(known)) => known.number.clone(),
        (None, None) => next_number(tx, scheme).await?,
    };
    refuse_taken(tx, scheme, id, &number, id_digest.as_deref()).await?;
    let row = VolunteerRow {
        id,
        number,
        name: details.name,
        phone: details.phone,
        // An ID number once given stays until another is given: clients do not get it back, so cannot repeat it.
        id_digest: id_digest.or_else(|| known.as_ref().and_then(|known| known.id_digest.clone())),
        birth_date: details.birth_date,
        unit: details.unit,
        home_unit: details.home_unit,
        teams: list_text(&details.teams),
        skills: list_text(&details.skills),
        kind: word(details.kind),
        gender: details.gender.map(word),
        residence: details.residence,
        registered_on: details
            .registered_on
            .or_else(|| known.as_ref().map(|known| known.registered_on))
            .unwrap_or_else(|| scheme.config().day_of(now)),
        labels: list_text(&details.labels.into_iter().collect::<Vec<_>>()),
        occupation: details.occupation,
        availability: details.availability.bits(),
        guardian_name: details.guardian.as_ref().map(|guardian| guardian.name.clone()),
        guardian_phone: details.guardian.as_ref().and_then(|guardian| guardian.phone.clone()),
        consent_guardian: details.guardian.is_some_and(|guardian| guardian.consents),
        status: known.as_ref().map_or("active", |known| &known.status).to_owned(),
        merged_into: None,
        consent_record: details.consent.record,
        consent_publish: details.consent.publish,
        version: current,
        created_at: known.as_ref().map_or(micros(now), |known| known.created_at),
        updated_at: known.as_ref().map_or(micros(now), |known| known.updated_at),
    };
    let written = match &known {
        None => Written::Created,
        Some(known) if same(known, &row) => return Ok(Written::Same),
        Some(_) => Written::Changed,
    };
    let belongs = belonging::Belongs::of(&row);
    let was = known.as_ref().map(belonging::Belongs::of);
    write(tx, scheme.book.number(), row, now).await?;
    belonging::keep(tx, scheme.book.number(), id, was.as_ref(), &belongs, scheme.config().day_of(now)).await?;
    Ok(written)
}

async fn refuse_taken(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    number: &str,
    id_digest: Option<&[u8]>,
) -> Result<(), VolunteerError> {
    let others: Vec<(String,)> = tx
        .query("SELECT number FROM volunteers WHERE book = $1 AND (number = $2 OR id_digest = $3) AND id <> $4")
        .bind(scheme.book.number())
        .bind(number.to_owned())
        .bind(id_digest.map(<[u8]>::to_vec))
        .bind(id)
        .fetch_all()
        .await?;
    match others.first() {
        None => Ok(()),
        Some((other,)) if other == number => Err(VolunteerError::Taken { field: "number" }),
        Some(_) => Err(VolunteerError::Taken { field: "id_number" }),
    }
}

/// The scheme's letters and seven digits.
async fn next_number(tx: &mut db::Tx, scheme: &OpenScheme) -> db::Result<String> {
    let prefix = scheme.book.code().chars().take(2).collect::<String>().to_uppercase();
    let (newest,): (Option<String>,) = tx
        .query("SELECT MAX(number) FROM volunteers WHERE book = $1 AND number >= $2 AND number <= $3 AND LENGTH(number) = 9")
        .bind(scheme.book.number())
        .bind(format!("{prefix}0000000"))
        .bind(format!("{prefix}9999999"))
        .fetch_one()
        .await?;
    let newest = newest.and_then(|number| number.get(2..).and_then(|digits| digits.parse::<i64>().ok())).unwrap_or(0);
    Ok(format!("{prefix}{:07}", newest + 1))
}

/// The keyed digest of an identity number, which is all that is kept of it.
pub(crate) fn id_digest(scheme: &OpenScheme, id_number: &str) -> Vec<u8> {
    let canonical = id_number.trim().to_uppercase();
    scheme.secrets.mac("id_number", canonical.as_bytes()).to_vec()
}

fn check(
    scheme: &OpenScheme,
    organisation: &Organisation,
    details: &VolunteerDetails,
    now: DateTime<Utc>,
) -> Vec<Invalid> {
    let config = scheme.config();
    let mut flaws = Vec::new();
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    if !is_text(&details.name, 100) {
        refuse("name", "invalid_text", "a name has 1 to 100 characters");
    }
    if details.number.as_deref().is_some_and(|number| !is_number(number)) {
        refuse("number", "invalid_number", "a number has 2 to 32 letters, digits and hyphens");
    }
    if details.phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
        refuse("phone", "invalid_phone", "a phone number has 5 to 20 digits, and may have + and -");
    }
    if details.id_number.as_deref().is_some_and(|number| !is_number(number.trim())) {
        refuse("id_number", "invalid_id_number", "an ID number has 2 to 32 letters and digits");
    }
    let today = config.day_of(now);
    let eldest = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(NaiveDate::MIN);
    if details.birth_date.is_some_and(|day| day > today || day < eldest) {
        refuse("birth_date", "invalid_date", "a birth date lies between 1900 and today");
    }
    if details.unit.as_deref().is_some_and(|unit| organisation.unit(unit).is_none()) {
        refuse("unit", "unknown_unit", "the scheme has no such unit");
    }
    if details.home_unit.as_deref().is_some_and(|unit| !is_text(unit, 100)) {
        refuse("home_unit", "invalid_text", "a unit has 1 to 100 characters");
    }
    if details.registered_on.is_some_and(|day| day > today || day < eldest) {
        refuse("registered_on", "invalid_date", "the day of registration lies between 1900 and today");
    }
    if details.residence.as_deref().is_some_and(|place| !is_text(place, 100)) {
        refuse("residence", "invalid_text", "a residence has 1 to 100 characters");
    }
    if details.occupation.as_deref().is_some_and(|occupation| !is_text(occupation, 100)) {
        refuse("occupation", "invalid_text", "an occupation has 1 to 100 characters");
    }
    if let Some(guardian) = &details.guardian {
        let phone_is_odd = guardian.phone.as_deref().is_some_and(|phone| !is_phone(phone));
        if !is_text(&guardian.name, 100) || phone_is_odd {
            refuse(
                "guardian",
                "invalid_text",
                "a guardian has a name of 1 to 100 characters, and perhaps a phone number",
            );
        }
    }
    let is_minor = details.birth_date.is_some_and(|born| today.years_since(born).is_some_and(|age| age < 18));
    let consents = details.guardian.as_ref().is_some_and(|guardian| guardian.consents);
    if config.guardian_consent && is_minor && details.consent.record && !consents {
        refuse("guardian", "missing_guardian", "the guardian of a minor has to agree to the records");
    }
    if details.labels.iter().any(|label| config.labels.iter().all(|known| known.code != *label)) {
        refuse("labels", "unknown_label", "the scheme has no such label");
    }
    for (field, values) in [("teams", &details.teams), ("skills", &details.skills)] {
        if values.len() > 50 || values.iter().any(|value| !is_text(value, 100)) {
            refuse(field, "invalid_text", "at most 50 texts of 1 to 100 characters");
        }
    }
    flaws
}

fn is_number(text: &str) -> bool {
    (2..=32).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (5..=20).contains(&digits) && text.chars().all(|letter| letter.is_ascii_digit() || "+- ".contains(letter))
}
