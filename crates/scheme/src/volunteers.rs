//! Volunteers: who they are. Personal data lives here and nowhere else; the ledger knows their ids.

use crate::config::{Gender, VolunteerKind};
use crate::rules::Person;
use crate::schemes::OpenScheme;
use crate::services::{self, ServiceError};
use crate::units::Organisation;
use crate::{micros, moment};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volunteer {
    pub id: Uuid,
    /// Public identifier in place of the ID number.
    pub number: String,
    pub name: String,
    pub phone: Option<String>,
    pub birth_date: Option<NaiveDate>,
    /// Where they serve: a unit of the scheme.
    pub unit: Option<String>,
    /// Where they come from (双报到): a unit of the scheme, or another's name.
    pub home_unit: Option<String>,
    pub teams: Vec<String>,
    pub skills: Vec<String>,
    pub kind: VolunteerKind,
    pub gender: Option<Gender>,
    pub residence: Option<String>,
    /// Since when they are registered, which may be earlier than here.
    pub registered_on: NaiveDate,
    /// Codes of labels of the scheme.
    pub labels: BTreeSet<String>,
    pub consent: Consent,
    pub status: Status,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a volunteer has agreed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consent {
    /// That their service is recorded (Order 67 of the Ministry of Civil Affairs, Art. 6).
    pub record: bool,
    /// That their name is published in lists (Personal Information Protection Law, Art. 25).
    pub publish: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
        }
    }
}

impl Volunteer {
    /// What the rules ask of them.
    pub fn person(&self) -> Person {
        Person {
            kind: self.kind,
            birth_date: self.birth_date,
            gender: self.gender,
            residence: self.residence.clone(),
            registered_on: Some(self.registered_on),
            teams: self.teams.clone(),
            labels: self.labels.clone(),
        }
    }
}

/// A volunteer as somebody writes them down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolunteerDetails {
    /// `None`: the one they have, or the scheme's next.
    pub number: Option<String>,
    pub name: String,
    pub phone: Option<String>,
    /// Kept as a keyed digest only, to find the same person twice.
    pub id_number: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub unit: Option<String>,
    pub home_unit: Option<String>,
    pub teams: Vec<String>,
    pub skills: Vec<String>,
    /// Whose account it is: a person's, a group's or a household's.
    pub kind: VolunteerKind,
    pub gender: Option<Gender>,
    /// Where they are registered or live, in the words of the scheme's conditions.
    pub residence: Option<String>,
    /// `None`: the day they have, or today.
    pub registered_on: Option<NaiveDate>,
    pub labels: BTreeSet<String>,
    pub consent: Consent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Created,
    Changed,
    Same,
}

/// One value that cannot be taken: which, why, and a stable code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub field: &'static str,
    pub code: &'static str,
    pub detail: String,
}

impl Invalid {
    pub fn new(field: &'static str, code: &'static str, detail: impl Into<String>) -> Invalid {
        Invalid { field, code, detail: detail.into() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum VolunteerError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no volunteer {id}")]
    VolunteerNotFound { id: Uuid },
    /// `field` is what the other volunteer has as well: number or id_number.
    #[error("another volunteer has this {field}")]
    Taken { field: &'static str },
    #[error("the volunteer was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

#[derive(sqlx::FromRow)]
struct VolunteerRow {
    id: Uuid,
    number: String,
    name: String,
    phone: Option<String>,
    id_digest: Option<Vec<u8>>,
    birth_date: Option<NaiveDate>,
    unit: Option<String>,
    home_unit: Option<String>,
    teams: String,
    skills: String,
    kind: String,
    gender: Option<String>,
    residence: Option<String>,
    registered_on: NaiveDate,
    labels: String,
    consent_record: bool,
    consent_publish: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl VolunteerRow {
    fn volunteer(self) -> Volunteer {
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
            status: Status::Active,
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
                    v.version, v.created_at, v.updated_at
             FROM volunteers AS v ",
            $rest
        )
    };
}

/// Registers a volunteer under an id that the caller chose, or changes their details. `expected` is the version that the
/// caller has seen, when it wants to be sure that nobody changed it meanwhile.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: VolunteerDetails,
    expected: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(Arc<Volunteer>, Written), VolunteerError> {
    let mut tx = scheme.db.begin_write().await?;
    let written = put_in(&mut tx, scheme, id, details, expected, now).await?;
    tx.commit().await?;
    scheme.volunteers.invalidate(&id);
    let volunteer = get(scheme, id).await?;
    welcome(scheme, &volunteer, now).await?;
    Ok((volunteer, written))
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
        teams: list(&details.teams),
        skills: list(&details.skills),
        kind: word(details.kind),
        gender: details.gender.map(word),
        residence: details.residence,
        registered_on: details
            .registered_on
            .or_else(|| known.as_ref().map(|known| known.registered_on))
            .unwrap_or_else(|| scheme.config().day_of(now)),
        labels: list(&details.labels.into_iter().collect::<Vec<_>>()),
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
    write(tx, scheme.book.number(), row, now).await?;
    Ok(written)
}

async fn write(tx: &mut db::Tx, book: i64, row: VolunteerRow, now: DateTime<Utc>) -> db::Result<u64> {
    tx.query(
        "INSERT INTO volunteers (book, id, number, name, phone, id_digest, birth_date, unit, home_unit, teams, skills,
             kind, gender, residence, registered_on, labels, consent_record, consent_publish, status, version, created_at,
             updated_at, availability, consent_guardian, change)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'active', $19, $20, $21,
             0, FALSE, (SELECT COALESCE(MAX(change), 0) + 1 FROM volunteers WHERE book = $1))
         ON CONFLICT (book, id) DO UPDATE SET number = excluded.number, name = excluded.name, phone = excluded.phone,
             id_digest = excluded.id_digest, birth_date = excluded.birth_date, unit = excluded.unit,
             home_unit = excluded.home_unit, teams = excluded.teams, skills = excluded.skills, kind = excluded.kind,
             gender = excluded.gender, residence = excluded.residence, registered_on = excluded.registered_on,
             labels = excluded.labels,
             consent_record = excluded.consent_record, consent_publish = excluded.consent_publish,
             version = excluded.version, updated_at = excluded.updated_at, change = excluded.change",
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
    .bind(row.version + 1)
    .bind(row.created_at)
    .bind(micros(now))
    .execute()
    .await
}

fn same(known: &VolunteerRow, row: &VolunteerRow) -> bool {
    let of = |row: &VolunteerRow| {
        let texts = [&row.number, &row.name, &row.teams, &row.skills, &row.kind, &row.labels].map(String::clone);
        let options = [&row.phone, &row.unit, &row.home_unit, &row.gender, &row.residence].map(Option::clone);
        let days = (row.birth_date, row.registered_on);
        (texts, options, row.id_digest.clone(), days, row.consent_record, row.consent_publish)
    };
    of(known) == of(row)
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

pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<Arc<Volunteer>, VolunteerError> {
    if let Some(known) = scheme.volunteers.get(&id) {
        return Ok(known);
    }
    let row: Option<VolunteerRow> = scheme
        .db
        .query(select_volunteers!("WHERE v.book = $1 AND v.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let volunteer = Arc::new(row.ok_or(VolunteerError::VolunteerNotFound { id })?.volunteer());
    scheme.volunteers.insert(id, volunteer.clone());
    Ok(volunteer)
}

/// Ids that are kept in memory as somebody's; beyond that all are forgotten.
const KNOWN_MAX: usize = 1_000_000;

/// Whether the id is a volunteer's: what every operation on one begins with.
pub async fn require(scheme: &OpenScheme, id: Uuid) -> Result<(), VolunteerError> {
    if scheme.known_volunteers.read().unwrap_or_else(PoisonError::into_inner).contains(&id) {
        return Ok(());
    }
    get(scheme, id).await?;
    let mut known = scheme.known_volunteers.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= KNOWN_MAX {
        known.clear();
    }
    known.insert(id);
    Ok(())
}

/// Volunteers in the order of their numbers after `after`, whose name, number or phone holds `query`.
pub async fn list_matching(
    scheme: &OpenScheme,
    query: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> db::Result<Vec<Volunteer>> {
    let pattern =
        query.map(|query| format!("%{}%", query.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")));
    let rows: Vec<VolunteerRow> = scheme
        .db
        .query(select_volunteers!(
            "WHERE v.book = $1 AND v.number > $2
               AND ($3 IS NULL OR v.name LIKE $3 ESCAPE '\\' OR v.number LIKE $3 ESCAPE '\\' OR v.phone LIKE $3 ESCAPE '\\')
             ORDER BY v.number LIMIT $4"
        ))
        .bind(scheme.book.number())
        .bind(after.unwrap_or("").to_owned())
        .bind(pattern)
        .bind(limit)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(VolunteerRow::volunteer).collect())
}

/// All whose account is of this kind, in the order of their numbers.
pub(crate) async fn of_kind(tx: &mut db::Tx, scheme: &OpenScheme, kind: VolunteerKind) -> db::Result<Vec<Volunteer>> {
    let rows: Vec<VolunteerRow> = tx
        .query(select_volunteers!("WHERE v.book = $1 AND v.kind = $2 ORDER BY v.number"))
        .bind(scheme.book.number())
        .bind(word(kind))
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(VolunteerRow::volunteer).collect())
}

/// Those who have one of `numbers` or of `names`: for registers.
pub(crate) async fn with_numbers_or_names(
    scheme: &OpenScheme,
    numbers: Vec<String>,
    names: Vec<String>,
) -> db::Result<Vec<Volunteer>> {
    let mut tx = scheme.db.begin_read().await?;
    let mut rows: Vec<VolunteerRow> = tx
        .query(select_volunteers!("JOIN many($2) AS m ON v.number = m.value WHERE v.book = $1"))
        .bind(scheme.book.number())
        .bind_many(db::Many::Text(numbers))
        .fetch_all()
        .await?;
    let named: Vec<VolunteerRow> = tx
        .query(select_volunteers!("JOIN many($2) AS m ON v.name = m.value WHERE v.book = $1"))
        .bind(scheme.book.number())
        .bind_many(db::Many::Text(names))
        .fetch_all()
        .await?;
    rows.extend(named);
    Ok(rows.into_iter().map(VolunteerRow::volunteer).collect())
}

fn id_digest(scheme: &OpenScheme, id_number: &str) -> Vec<u8> {
    let canonical = id_number.trim().to_uppercase();
    scheme.secrets.mac("id_number", canonical.as_bytes()).to_vec()
}

/// A word of a configuration, as it is written there.
fn word(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn from_word<T: serde::de::DeserializeOwned>(word: Option<String>) -> Option<T> {
    serde_json::from_value(word?.into()).ok()
}

fn list(values: &[String]) -> String {
    serde_json::to_string(values).expect("a list of texts is plain data")
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

/// Neither blank nor longer than `max` characters nor with control characters in it.
pub(crate) fn is_text(text: &str, max: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control)
}

fn is_number(text: &str) -> bool {
    (2..=32).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (5..=20).contains(&digits) && text.chars().all(|letter| letter.is_ascii_digit() || "+- ".contains(letter))
}
