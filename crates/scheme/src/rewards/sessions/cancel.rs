//! Cancelling a session: one entry, after which nobody gets a place in it. Those who have one get everything back, entry by
//! entry.

use super::{Session, SessionStatus, draft, find_session, settle};
use crate::accounts;
use crate::exchanges::ExchangeError;
use crate::keys::Operator;
use crate::projection::kind;
use crate::reasons;
use crate::rewards::{RewardError, post_error, refused};
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, Utc};
use ledger::{Leg, PostError, Source};
use std::sync::Arc;
use uuid::Uuid;

/// Cancels a session for good, and gives back what its places cost. The same again is answered with the same, and `true`.
pub async fn cancel_session(
    scheme: &OpenScheme,
    id: Uuid,
    reason: &str,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Arc<Session>, bool), RewardError> {
    if !is_text(reason, 500) {
        return Err(RewardError::Invalid(vec![Invalid::new("reason", "missing_reason", "1 to 500 characters")]));
    }
    loop {
        scheme.sessions.invalidate(&id);
        let session = find_session(scheme, id).await?;
        if !by.serves(&session.station) {
            return Err(RewardError::WrongStation { station: session.station.clone() });
        }
        if session.status == SessionStatus::Cancelled {
            settle::session(scheme, id, now).await.map_err(exchange_error)?;
            return Ok((session, true));
        }
        let legs =
            vec![Leg { from: Source::Account(accounts::moves()), to: accounts::cancelled(session.id), amount: 1 }];
        let mut entry = draft(scheme, &session, session.version + 1, (kind::SESSION_CANCELLED, legs), by, now);
        let digest = reasons::give(scheme, entry.id, Some(reason), by, now).await?;
        entry.document.insert("reason".to_owned(), digest.into());
        match scheme.book.post(entry).await {
            Ok(outcome) => drop(outcome.result.map_err(refused)?),
            // Somebody else made this version of it: look again.
            Err(PostError::IdTaken { .. }) => continue,
            Err(error) => return Err(post_error(error)),
        }
        settle::session(scheme, id, now).await.map_err(exchange_error)?;
        return Ok((find_session(scheme, id).await?, false));
    }
}

fn exchange_error(error: ExchangeError) -> RewardError {
    match error {
        ExchangeError::Busy => RewardError::Busy,
        ExchangeError::Database(error) => RewardError::Database(error),
        other => RewardError::Book(other.to_string()),
    }
}
