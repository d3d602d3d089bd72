//! Sessions of a service: its seats are an account, its row is a projection.

use super::{Kind, Reward, RewardError, fields, get, post_error, refused};
use crate::accounts;
use crate::keys::Operator;
use crate::projection::kind;
use crate::schemes::OpenScheme;
use crate::stations;
use crate::volunteers::{Invalid, Written};
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use ledger::{Action, Draft, Leg, PostError, Source};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// A date on which a service is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: Uuid,
    pub reward_id: Uuid,
    pub station: String,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub seats: i64,
    /// Counts changes; 0 for one that is not yet made.
    pub version: i64,
}

/// Offers a session of a service, or moves it, or changes the number of its seats. Answers it with the seats left.
pub async fn put_session(
    scheme: &OpenScheme,
    session: Session,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Arc<Session>, i64, Written), RewardError> {
    let reward = get(scheme, session.reward_id).await?;
    let flaws = check_session(&reward, &session, stations::is_known(scheme, &session.station).await?);
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    loop {
        scheme.sessions.invalidate(&session.id);
        let known = match find_session(scheme, session.id).await {
            Ok(known) => Some(known),
            Err(RewardError::SessionNotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let version = known.as_ref().map_or(0, |known| known.version);
        let session = Session { version, ..session.clone() };
        let written = match &known {
            None => Written::Created,
            Some(known) if **known == session => {
                return Ok((known.clone(), seats_left(scheme, session.id).await?, Written::Same));
            }
            Some(known) if known.reward_id != session.reward_id => {
                return Err(RewardError::IdTaken { field: "reward_id".to_owned() });
            }
            Some(_) => Written::Changed,
        };
        let draft = change(scheme, &session, known.map_or(0, |known| known.seats), by, now);
        match scheme.book.post(draft).await {
            Ok(outcome) => {
                outcome.result.map_err(refused)?;
                scheme.sessions.invalidate(&session.id);
                let session = find_session(scheme, session.id).await?;
                return Ok((session.clone(), seats_left(scheme, session.id).await?, written));
            }
            // Somebody else made this version of it: look again.
            Err(PostError::IdTaken { .. }) => {}
            Err(error) => return Err(post_error(error)),
        }
    }
}

/// The next version of a session that has `seats` now.
fn change(scheme: &OpenScheme, session: &Session, seats: i64, by: &Operator, now: DateTime<Utc>) -> Draft {
    let version = session.version + 1;
    let change = session.seats - seats;
    let account = accounts::seats(session.id);
    let legs = match change {
        0 => Vec::new(),
        1.. => vec![Leg { from: Source::Account(accounts::offered()), to: account, amount: change }],
        _ => vec![Leg { from: Source::Account(account), to: accounts::offered(), amount: -change }],
    };
    let document = json!({
        "reward_id": session.reward_id,
        "station": session.station,
        "starts_at": micros(session.starts_at),
        "ends_at": micros(session.ends_at),
        "seats": session.seats,
        "version": version,
        "by": by.key_id,
    });
    Draft {
        // Versions follow each other: two who change the same version at once cannot both succeed.
        id: Uuid::new_v5(&session.id, format!("version {version}").as_bytes()),
        kind: kind::SESSION_CHANGED,
        effective_on: scheme.config().day_of(now),
        party: None,
        document_id: Some(session.id),
        action: Action::Post(legs),
        document: fields(document),
        intent: &["reward_id", "station", "starts_at", "ends_at", "seats"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    }
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: Uuid,
    reward_id: Uuid,
    station: String,
    starts_at: i64,
    ends_at: i64,
    seats: i64,
    version: i64,
}

impl SessionRow {
    fn session(self) -> Session {
        Session {
            id: self.id,
            reward_id: self.reward_id,
            station: self.station,
            starts_at: moment(self.starts_at),
            ends_at: moment(self.ends_at),
            seats: self.seats,
            version: self.version,
        }
    }
}

pub async fn find_session(scheme: &OpenScheme, id: Uuid) -> Result<Arc<Session>, RewardError> {
    if let Some(known) = scheme.sessions.get(&id) {
        return Ok(known);
    }
    let row: Option<SessionRow> = scheme
        .db
        .query(
            "SELECT id, reward_id, station, starts_at, ends_at, seats, version FROM reward_sessions
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let session = Arc::new(row.ok_or(RewardError::SessionNotFound { id })?.session());
    scheme.sessions.insert(id, session.clone());
    Ok(session)
}

/// The sessions of a reward that end after `now`, and the seats left in each.
pub async fn sessions(
    scheme: &OpenScheme,
    reward: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<(Session, i64)>, RewardError> {
    let rows: Vec<SessionRow> = scheme
        .db
        .query(
            "SELECT id, reward_id, station, starts_at, ends_at, seats, version FROM reward_sessions
             WHERE book = $1 AND reward_id = $2 AND ends_at > $3 ORDER BY starts_at, id",
        )
        .bind(scheme.book.number())
        .bind(reward)
        .bind(micros(now))
        .fetch_all()
        .await?;
    let paths: Vec<Arc<str>> = rows.iter().map(|row| accounts::seats_path(row.id)).collect();
    let view = scheme.book.standings(&paths).await.map_err(post_error)?;
    let left = view.lots.iter().map(|lots| lots.first().map_or(0, |standing| standing.available()));
    Ok(rows.into_iter().map(SessionRow::session).zip(left).collect())
}

pub async fn seats_left(scheme: &OpenScheme, session: Uuid) -> Result<i64, RewardError> {
    let view = scheme.book.standings(&[accounts::seats_path(session)]).await.map_err(post_error)?;
    Ok(view.lots[0].first().map_or(0, |standing| standing.available()))
}

fn check_session(reward: &Reward, session: &Session, has_station: bool) -> Vec<Invalid> {
    let mut flaws = Vec::new();
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    if reward.details.kind == Kind::Good {
        refuse("reward_id", "not_a_service", "a good has stock; only a service has sessions");
    }
    if !has_station {
        refuse("station", "unknown_station", "the scheme has no such station");
    }
    if session.ends_at <= session.starts_at {
        refuse("ends_at", "end_before_start", "the end is not after the beginning");
    }
    if !(0..=100_000).contains(&session.seats) {
        refuse("seats", "invalid_seats", "a session has 0 to 100000 seats");
    }
    flaws
}
