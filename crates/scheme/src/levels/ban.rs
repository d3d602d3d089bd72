//! Barring somebody from applying for some years, after false reporting. A ban ends by itself: it is a lot, and the lot is its
//! last day.

use super::LevelError;
use super::award::{invalid, ladder_in_force};
use crate::accounts;
use crate::keys::Operator;
use crate::projection::{kind, text};
use crate::reasons;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, is_text};
use chrono::{DateTime, Months, NaiveDate, Utc};
use ledger::{Action, Draft, Leg, Lot, Source};
use serde_json::json;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BanRequest {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub ladder: String,
    pub years: u32,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    pub id: Uuid,
    pub volunteer_id: Uuid,
    pub ladder: String,
    /// The last day.
    pub until: NaiveDate,
    pub sequence: i64,
}

/// Bars a volunteer or a group from applying for the steps of a ladder. The same again is answered with the same, and `true`.
pub async fn ban(
    scheme: &OpenScheme,
    request: BanRequest,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Ban, bool), LevelError> {
    volunteers::require_unmerged(scheme, request.volunteer_id).await?;
    let today = scheme.config().day_of(now);
    let is_new = scheme.book.settled(request.id).await?.is_none();
    let until = if is_new { last_day(scheme, &request, today)? } else { today };
    let reason = match is_new {
        true => reasons::give(scheme, request.id, Some(&request.reason), by, now).await?,
        false => None,
    };
    let (volunteer, ladder) = (request.volunteer_id, request.ladder.as_str());
    let from = || Source::Account(accounts::all_bans());
    let legs = vec![
        Leg { from: from(), to: accounts::banned(volunteer, ladder, Lot::until(until)), amount: 1 },
        Leg { from: from(), to: accounts::bans(volunteer, ladder), amount: 1 },
    ];
    let document = json!({
        "volunteer_id": volunteer,
        "ladder": ladder,
        "years": request.years,
        "until": until,
        "reason": reason,
        "decided_by": by.key_id,
    });
    let draft = Draft {
        id: request.id,
        kind: kind::LEVEL_BANNED,
        effective_on: today,
        party: Some(volunteer),
        document_id: Some(request.id),
        action: Action::Post(legs),
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &["volunteer_id", "ladder", "years"],
        bounds: vec![accounts::unmerged(volunteer)],
        refusal: None,
        freeze_rejection: false,
    };
    let outcome = scheme.book.post(draft).await?;
    let entry = outcome.result.map_err(|rejection| LevelError::Book(rejection.to_string()))?;
    let until = text(&entry.fields(), "until").and_then(|day| day.parse().ok());
    let until = until.ok_or_else(|| LevelError::Book("the ban has no last day".to_owned()))?;
    let ban = Ban { id: entry.id, volunteer_id: volunteer, ladder: request.ladder, until, sequence: entry.sequence };
    Ok((ban, outcome.replayed))
}

/// The day before the same date so many years on.
fn last_day(scheme: &OpenScheme, request: &BanRequest, today: NaiveDate) -> Result<NaiveDate, LevelError> {
    let config = scheme.config();
    let (_, ladder) = ladder_in_force(&config, &request.ladder, today)?;
    let most = ladder.ban_years_max.unwrap_or(0);
    if most == 0 {
        return Err(invalid("ladder", "no_bans", "the rules of this ladder know no bans"));
    }
    if !(1..=most).contains(&request.years) {
        return Err(invalid("years", "invalid_years", &format!("1 to {most} years")));
    }
    if !is_text(&request.reason, 500) {
        return Err(invalid("reason", "invalid_text", "a reason has 1 to 500 characters"));
    }
    let ends = today.checked_add_months(Months::new(request.years.saturating_mul(12)));
    ends.and_then(|day| day.pred_opt()).ok_or_else(|| invalid("years", "invalid_years", "too many years"))
}
