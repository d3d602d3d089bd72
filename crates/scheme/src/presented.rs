//! Who asks for something in a volunteer's name.
//!
//! The desk knows whom it serves. A kiosk serves whoever stands before it, and knows them by the code on their phone or
//! card; a leader speaks for the members of the own team, and for nobody else.

use crate::codes;
use crate::keys::{Operator, Role};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum PresentedError {
    /// A leader asks for somebody who does not belong to the team.
    #[error("the volunteer does not belong to the team")]
    OtherTeam,
    /// Nothing shows that the volunteer is there.
    #[error("{}", .0.detail)]
    NotShown(Invalid),
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// Refuses a leader who asks for somebody who does not belong to the team on the day.
pub(crate) async fn require_own_team(
    scheme: &OpenScheme,
    volunteer: Uuid,
    by: &Operator,
    today: NaiveDate,
) -> Result<(), PresentedError> {
    if by.role != Role::Leader {
        return Ok(());
    }
    let member: Option<(i64,)> = scheme
        .db
        .query(
            "SELECT CAST(1 AS BIGINT) FROM team_members
             WHERE book = $1 AND team = $2 AND volunteer_id = $3 AND from_on <= $4 AND (until_on IS NULL OR until_on >= $4)
             LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(by.team.clone().unwrap_or_default())
        .bind(volunteer)
        .bind(today)
        .fetch_optional()
        .await?;
    member.map(|_| ()).ok_or(PresentedError::OtherTeam)
}

/// Refuses a kiosk or a leader to ask in the volunteer's own name unless `code` is what the volunteer's phone or card shows
/// now, or the key is the volunteer's own. A code that is given is looked at, whoever gives it.
pub(crate) async fn require_present(
    scheme: &OpenScheme,
    volunteer: Uuid,
    code: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), PresentedError> {
    let Some(code) = code else {
        let is_known = by.volunteer_id == Some(volunteer) || !matches!(by.role, Role::Kiosk | Role::Leader);
        let missing = || Invalid::new("code", "missing_code", "the volunteer's own code or card is needed");
        return if is_known { Ok(()) } else { Err(PresentedError::NotShown(missing())) };
    };
    let said = codes::read_volunteer(scheme, code).map_err(PresentedError::NotShown)?;
    let mut tx = scheme.db.begin_read().await?;
    codes::good(&mut tx, scheme, &said, now).await?.map_err(PresentedError::NotShown)?;
    tx.rollback().await?;
    // The card of a registration that was merged into another is still that person's.
    let shown = volunteers::get(scheme, said.id).await.ok();
    if said.id == volunteer || shown.is_some_and(|shown| shown.merged_into == Some(volunteer)) {
        return Ok(());
    }
    Err(PresentedError::NotShown(Invalid::new("code", "another_volunteers_code", "it is the code of somebody else")))
}
