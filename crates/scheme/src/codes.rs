//! Codes to be scanned: who a volunteer is, and which activity a screen is for. A code is signed, holds ids and nothing about
//! anybody, and is good for some minutes; that on a card is good until the card is renewed.

use crate::activities;
use crate::keys::Operator;
use crate::micros;
use crate::moment;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid, Volunteer, VolunteerError};
use chrono::{DateTime, Duration, Utc};
use db::Many;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use uuid::Uuid;

const SEAL_BYTES: usize = 12;
const BODY_BYTES: usize = 1 + 16 + 4 + 4;

/// What a code says, once its signature was found right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    of: Of,
    pub id: Uuid,
    /// Of a volunteer: the number of the card.
    card: u32,
    /// `None`: on a card.
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Volunteer,
    Activity,
}

/// The codes of a volunteer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolunteerCodes {
    /// To be shown on a phone.
    pub code: String,
    pub expires_at: DateTime<Utc>,
    /// To be printed on a card.
    pub card_code: String,
    /// Which card that is: 0 for the first.
    pub card: i64,
}

/// The code of an activity, to be shown on a station's screen for phones to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityCode {
    pub code: String,
    pub expires_at: DateTime<Utc>,
}

#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    /// It was renewed already, or never given out.
    #[error("the card in force is {card}")]
    OtherCard { card: i64 },
    #[error(transparent)]
    Volunteer(#[from] VolunteerError),
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The codes of a volunteer, as they are now.
pub async fn of_volunteer(scheme: &OpenScheme, id: Uuid, now: DateTime<Utc>) -> Result<VolunteerCodes, CodeError> {
    volunteers::require(scheme, id).await?;
    let card: Option<(i64,)> = scheme
        .db
        .query("SELECT card FROM volunteer_codes WHERE book = $1 AND volunteer_id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(codes(scheme, id, card.map_or(0, |(card,)| card), now))
}

fn codes(scheme: &OpenScheme, id: Uuid, card: i64, now: DateTime<Utc>) -> VolunteerCodes {
    let expires_at = next_change(scheme, now);
    let said =
        Said { of: Of::Volunteer, id, card: u32::try_from(card).unwrap_or(u32::MAX), expires_at: Some(expires_at) };
    let code = write(scheme, said);
    VolunteerCodes { code, expires_at, card_code: write(scheme, Said { expires_at: None, ..said }), card }
}

/// What is printed on a volunteer's card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardCode {
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
    pub unit: Option<String>,
    pub code: String,
}

/// The codes for the cards of many volunteers, in the order of their numbers; those who were merged into others, and those
/// whom nobody knows, are left out.
pub async fn cards(scheme: &OpenScheme, volunteers: Vec<Uuid>) -> Result<Vec<CardCode>, CodeError> {
    let rows: Vec<(Uuid, String, String, Option<String>, i64)> = scheme
        .db
        .query(
            "SELECT v.id, v.number, v.name, v.unit, CAST(COALESCE(c.card, 0) AS BIGINT)
             FROM many($2) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value
             LEFT JOIN volunteer_codes AS c ON c.book = v.book AND c.volunteer_id = v.id
             WHERE v.merged_into IS NULL ORDER BY v.number",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(volunteers))
        .fetch_all()
        .await?;
    let card = |(id, number, name, unit, card)| {
        let card = u32::try_from(card).unwrap_or(u32::MAX);
        let code = write(scheme, Said { of: Of::Volunteer, id, card, expires_at: None });
        CardCode { volunteer_id: id, number, name, unit, code }
    };
    Ok(rows.into_iter().map(card).collect())
}

/// Makes all codes of a volunteer worthless that were given out while card `replaces` was in force, as when it was lost. Once
/// more changes nothing, and answers `true`.
pub async fn renew(
    scheme: &OpenScheme,
    id: Uuid,
    replaces: i64,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(VolunteerCodes, bool), CodeError> {
    volunteers::require(scheme, id).await?;
    let mut tx = scheme.db.begin_write().await?;
    tx.lock("SELECT number FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional::<(String,)>()
        .await?;
    let card = card_of(&mut tx, scheme, id).await?;
    if card == replaces.saturating_add(1) {
        return Ok((codes(scheme, id, card, now), true));
    }
    if card != replaces {
        return Err(CodeError::OtherCard { card });
    }
    tx.query(
        "INSERT INTO volunteer_codes (book, volunteer_id, card, renewed_by, renewed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (book, volunteer_id) DO UPDATE SET card = excluded.card, renewed_by = excluded.renewed_by,
             renewed_at = excluded.renewed_at",
    )
    .bind(scheme.book.number())
    .bind(id)
    .bind(card + 1)
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    tx.commit().await?;
    Ok((codes(scheme, id, card + 1, now), false))
}

async fn card_of(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<i64> {
    let card: Option<(i64,)> = tx
        .query("SELECT card FROM volunteer_codes WHERE book = $1 AND volunteer_id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    Ok(card.map_or(0, |(card,)| card))
}

/// The code of an activity, as it is now.
pub async fn of_activity(
    scheme: &OpenScheme,
    id: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<ActivityCode, activities::ActivityError> {
    let activity = activities::get(scheme, id).await?;
    activities::may_act(by, activity.details.team.as_deref(), activity.details.station.as_deref())?;
    let expires_at = next_change(scheme, now);
    let code = write(scheme, Said { of: Of::Activity, id, card: 0, expires_at: Some(expires_at) });
    Ok(ActivityCode { code, expires_at })
}

/// Whom a code or a number stands for.
pub async fn find_volunteer(
    scheme: &OpenScheme,
    code: Option<&str>,
    number: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Arc<Volunteer>, CodeError> {
    let mut tx = scheme.db.begin_read().await?;
    let id = match (code, number) {
        (Some(code), None) => {
            let said = read_volunteer(scheme, code).map_err(|flaw| CodeError::Invalid(vec![flaw]))?;
            good(&mut tx, scheme, &said, now).await?.map_err(|flaw| CodeError::Invalid(vec![flaw]))?;
            said.id
        }
        (None, Some(number)) => match with_number(&mut tx, scheme, number).await? {
            Some(id) => id,
            None => return Err(CodeError::Invalid(vec![unknown_number()])),
        },
        _ => {
            let flaw = Invalid::new("code", "code_or_number", "either a code or a number");
            return Err(CodeError::Invalid(vec![flaw]));
        }
    };
    tx.rollback().await?;
    Ok(volunteers::get(scheme, id).await?)
}

pub(crate) fn unknown_number() -> Invalid {
    Invalid::new("number", "unknown_volunteer", "no volunteer has this number")
}

pub(crate) async fn with_number(tx: &mut db::Tx, scheme: &OpenScheme, number: &str) -> db::Result<Option<Uuid>> {
    let row: Option<(Uuid,)> = tx
        .query("SELECT id FROM volunteers WHERE book = $1 AND number = $2")
        .bind(scheme.book.number())
        .bind(number.trim().to_uppercase())
        .fetch_optional()
        .await?;
    Ok(row.map(|(id,)| id))
}

/// Codes change together, at full steps of the clock, and each is good for one step more, so that nobody is shown one that is
/// about to expire.
fn next_change(scheme: &OpenScheme, now: DateTime<Utc>) -> DateTime<Utc> {
    let step = i64::from(scheme.config().presence.code_minutes.max(1)) * 60;
    let seconds = (now.timestamp().div_euclid(step) + 2).saturating_mul(step);
    DateTime::from_timestamp(seconds, 0).unwrap_or(now)
}

fn write(scheme: &OpenScheme, said: Said) -> String {
    let mut body = Vec::with_capacity(BODY_BYTES + SEAL_BYTES);
    body.push(match said.of {
        Of::Volunteer => 1,
        Of::Activity => 2,
    });
    body.extend(said.id.as_bytes());
    body.extend(said.card.to_be_bytes());
    let minute = said.expires_at.map_or(0, |at| u32::try_from(at.timestamp().div_euclid(60)).unwrap_or(0));
    body.extend(minute.to_be_bytes());
    let seal = seal(scheme, &body);
    body.extend(seal);
    hex::encode_upper(body)
}

fn seal(scheme: &OpenScheme, body: &[u8]) -> [u8; SEAL_BYTES] {
    let mac = scheme.secrets.mac(&format!("code {}", scheme.book.code()), body);
    mac.first_chunk().copied().expect("a digest has 32 bytes")
}

fn read(scheme: &OpenScheme, of: Of, text: &str) -> Option<Said> {
    let bytes = hex::decode(text.trim()).ok()?;
    let (body, sealed) = bytes.split_at_checked(BODY_BYTES)?;
    if sealed.len() != SEAL_BYTES || !bool::from(seal(scheme, body).ct_eq(sealed)) {
        return None;
    }
    let (kind, rest) = body.split_first()?;
    let (id, rest) = rest.split_first_chunk::<16>()?;
    let (card, rest) = rest.split_first_chunk::<4>()?;
    let minute = u32::from_be_bytes(rest.try_into().ok()?);
    let expires_at = (minute > 0).then(|| moment(i64::from(minute) * 60_000_000));
    let said = Said { of, id: Uuid::from_bytes(*id), card: u32::from_be_bytes(*card), expires_at };
    let is_meant = matches!((kind, of), (1, Of::Volunteer) | (2, Of::Activity));
    is_meant.then_some(said)
}

/// What a volunteer's code says, whether or not it is still good.
pub(crate) fn read_volunteer(scheme: &OpenScheme, text: &str) -> Result<Said, Invalid> {
    read(scheme, Of::Volunteer, text).ok_or_else(|| Invalid::new("code", "invalid_code_scanned", "no volunteer's code"))
}

/// What an activity's code says, whether or not it is still good.
pub(crate) fn read_activity(scheme: &OpenScheme, text: &str) -> Result<Said, Invalid> {
    let no_code = || Invalid::new("activity_code", "invalid_code_scanned", "no activity's code");
    read(scheme, Of::Activity, text).ok_or_else(no_code)
}

/// Whether a code was good at a moment, which may be past.
pub(crate) async fn good(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    said: &Said,
    at: DateTime<Utc>,
) -> db::Result<Result<(), Invalid>> {
    let field = match said.of {
        Of::Volunteer => "code",
        Of::Activity => "activity_code",
    };
    // What was scanned before the code was even made comes from a clock that is wrong.
    let longest = Duration::minutes(i64::from(scheme.config().presence.code_minutes.max(1)) * 2 + 1);
    if said.expires_at.is_some_and(|expires_at| at > expires_at || at < expires_at - longest) {
        return Ok(Err(Invalid::new(field, "expired_code", "the code is out of date: show a new one")));
    }
    if said.of == Of::Volunteer && card_of(tx, scheme, said.id).await? != i64::from(said.card) {
        return Ok(Err(Invalid::new(
            field,
            "revoked_code",
            "the card was renewed, and this code belongs to an old one",
        )));
    }
    Ok(Ok(()))
}
