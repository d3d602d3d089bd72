//! API keys: who may do what, where.

use crate::schemes::{OpenScheme, SchemeError, Schemes};
use crate::secrets::random;
use crate::stations;
use crate::teams;
use crate::volunteers;
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use uuid::Uuid;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Its station: balance, statement, rewards, exchanges, check-in.
    Kiosk,
    /// Volunteers, service records, hand-over, stock of its station.
    Staff,
    /// Activities, attendance and service records of one team.
    Leader,
    /// Confirms, rejects and reverses; never its own records.
    Reviewer,
    /// Rewards, stock, sessions, scheme versions, and all that staff may.
    SchemeAdmin,
    /// Reads everything; changes nothing.
    Auditor,
    /// Keys, schemes, maintenance; no personal data.
    Operator,
}

impl Role {
    pub const ALL: [Role; 7] =
        [Role::Kiosk, Role::Staff, Role::Leader, Role::Reviewer, Role::SchemeAdmin, Role::Auditor, Role::Operator];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Kiosk => "kiosk",
            Role::Staff => "staff",
            Role::Leader => "leader",
            Role::Reviewer => "reviewer",
            Role::SchemeAdmin => "scheme_admin",
            Role::Auditor => "auditor",
            Role::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no role {0:?}; there are kiosk, staff, leader, reviewer, scheme_admin, auditor and operator")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// Whoever acts: a key, and through it a person or a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub key_id: Uuid,
    pub role: Role,
    /// `None`: every station of the scheme.
    pub station: Option<String>,
    /// Code of the team that a leader leads.
    pub team: Option<String>,
    /// Who acts: the office's name for a person, who may have several keys.
    pub person: String,
    /// Who that person is among the volunteers.
    pub volunteer_id: Option<Uuid>,
    pub name: String,
}

impl Operator {
    /// Whatever acts by itself: rules, jobs, imports.
    pub fn machine(key_id: Uuid, role: Role, name: &str) -> Operator {
        let (person, name) = (key_id.to_string(), name.to_owned());
        Operator { key_id, role, station: None, team: None, person, volunteer_id: None, name }
    }

    /// Whether the operator may act at `station`.
    pub fn serves(&self, station: &str) -> bool {
        self.station.as_deref().is_none_or(|own| own == station)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Code; `None` only for the role operator: all schemes.
    pub scheme: Option<String>,
    pub role: Role,
    pub station: Option<String>,
    /// Code; needed for a leader, and for nobody else.
    pub team: Option<String>,
    /// `None`: somebody who has no other key.
    pub person: Option<String>,
    pub volunteer_id: Option<Uuid>,
    pub name: String,
}

impl NewKey {
    /// For somebody who has no other key.
    pub fn of_scheme(code: &str, role: Role, name: &str) -> NewKey {
        let (scheme, name) = (Some(code.to_owned()), name.to_owned());
        NewKey { scheme, role, station: None, team: None, person: None, volunteer_id: None, name }
    }
}

/// A key at the only moment at which it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedKey {
    pub id: Uuid,
    pub secret: String,
}

/// A key as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub operator: Operator,
    pub scheme: Option<String>,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Who calls, and for which scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    pub operator: Operator,
    /// Code; `None`: all schemes.
    pub scheme: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    Scheme(#[from] SchemeError),
    #[error("a key of the role {0} belongs to a scheme")]
    SchemeMissing(Role),
    #[error("the scheme has no station {0:?}")]
    StationNotFound(String),
    #[error("a leader's key names the team, and no other key does")]
    TeamMissing,
    #[error("there is no volunteer {0}")]
    VolunteerNotFound(Uuid),
    #[error("there is no such key")]
    KeyNotFound,
}

impl From<db::Error> for KeyError {
    fn from(error: db::Error) -> Self {
        KeyError::Scheme(SchemeError::Database(error))
    }
}

/// Makes a key. What is kept of it is a digest.
pub async fn create(schemes: &Schemes, key: NewKey, now: DateTime<Utc>) -> Result<IssuedKey, KeyError> {
    let book = match &key.scheme {
        None if key.role == Role::Operator => None,
        None => return Err(KeyError::SchemeMissing(key.role)),
        Some(code) => {
            let scheme = schemes.get(code).await?;
            if let Some(station) = &key.station
                && !stations::is_known(&scheme, station).await?
            {
                return Err(KeyError::StationNotFound(station.clone()));
            }
            if let Some(volunteer) = key.volunteer_id {
                volunteers::require(&scheme, volunteer).await.map_err(|_| KeyError::VolunteerNotFound(volunteer))?;
            }
            Some(scheme.book.number())
        }
    };
    if (key.role == Role::Leader) != key.team.is_some() {
        return Err(KeyError::TeamMissing);
    }
    // A kiosk stands somewhere: in the main station, unless it is said otherwise.
    let station = key.station.or_else(|| (key.role == Role::Kiosk).then(|| "main".to_owned()));
    let issued = IssuedKey { id: Uuid::now_v7(), secret: format!("aixin_{}", hex::encode(random::<32>())) };
    let mut tx = schemes.db().begin_write().await?;
    let mut team: Vec<String> = key.team.into_iter().collect();
    if let Some(book) = book {
        teams::known(&mut tx, book, &mut team).await?;
    }
    tx.query(
        "INSERT INTO api_keys (id, book, role, station, team, person, volunteer_id, name, digest, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(issued.id)
    .bind(book)
    .bind(key.role.as_str())
    .bind(station)
    .bind(team.pop())
    .bind(key.person.unwrap_or_else(|| issued.id.to_string()))
    .bind(key.volunteer_id)
    .bind(key.name)
    .bind(digest(&issued.secret).to_vec())
    .bind(micros(now))
    .execute()
    .await?;
    tx.commit().await?;
    Ok(issued)
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    code: Option<String>,
    role: String,
    station: Option<String>,
    team: Option<String>,
    person: String,
    volunteer_id: Option<Uuid>,
    name: String,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl KeyRow {
    fn key(self) -> db::Result<Key> {
        let role = self.role.parse().map_err(|error: UnknownRole| db::Error::Damaged(error.to_string()))?;
        let operator = Operator {
            key_id: self.id,
            role,
            station: self.station,
            team: self.team,
            person: self.person,
            volunteer_id: self.volunteer_id,
            name: self.name,
        };
        let (created_at, revoked_at) = (moment(self.created_at), self.revoked_at.map(moment));
        Ok(Key { operator, scheme: self.code, created_at, revoked_at })
    }
}

/// Who holds this key; `None` for a key that is unknown or revoked. Kept in memory for a moment, so a key that another
/// process revoked works for two seconds more at most.
pub async fn authenticate(schemes: &Schemes, secret: &str) -> db::Result<Option<Arc<Authenticated>>> {
    let digest = digest(secret);
    if let Some(known) = schemes.known_keys.get(&digest) {
        return Ok(Some(known));
    }
    let row: Option<KeyRow> = schemes
        .db()
        .query(
            "SELECT k.id, s.code, k.role, k.station, k.team, k.person, k.volunteer_id, k.name, k.created_at, k.revoked_at FROM api_keys AS k
             LEFT JOIN schemes AS s ON s.book = k.book AND s.edition = 1
             WHERE k.digest = $1 AND k.revoked_at IS NULL",
        )
        .bind(digest.to_vec())
        .fetch_optional()
        .await?;
    let Some(row) = row else { return Ok(None) };
    let Key { operator, scheme, .. } = row.key()?;
    let known = Arc::new(Authenticated { operator, scheme });
    schemes.known_keys.insert(digest, known.clone());
    Ok(Some(known))
}

pub async fn list(schemes: &Schemes) -> db::Result<Vec<Key>> {
    let rows: Vec<KeyRow> = schemes
        .db()
        .query(
            "SELECT k.id, s.code, k.role, k.station, k.team, k.person, k.volunteer_id, k.name, k.created_at, k.revoked_at FROM api_keys AS k
             LEFT JOIN schemes AS s ON s.book = k.book AND s.edition = 1 ORDER BY k.created_at, k.id",
        )
        .fetch_all()
        .await?;
    rows.into_iter().map(KeyRow::key).collect()
}

pub async fn revoke(schemes: &Schemes, id: Uuid, now: DateTime<Utc>) -> Result<(), KeyError> {
    let mut tx = schemes.db().begin_write().await?;
    let changed = tx
        .query("UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1")
        .bind(id)
        .bind(micros(now))
        .execute()
        .await?;
    tx.commit().await?;
    schemes.known_keys.invalidate_all();
    if changed == 0 { Err(KeyError::KeyNotFound) } else { Ok(()) }
}

/// A key is 32 random bytes, so a plain digest cannot be searched for.
fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// What a key of the scheme is called; empty when there is no such key.
pub async fn name_of(scheme: &OpenScheme, key_id: Uuid) -> db::Result<String> {
    let row: Option<(String,)> =
        scheme.db.query("SELECT name FROM api_keys WHERE id = $1").bind(key_id).fetch_optional().await?;
    Ok(row.map(|(name,)| name).unwrap_or_default())
}
