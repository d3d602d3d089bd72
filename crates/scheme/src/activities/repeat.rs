//! The same activity on other days.

use super::{Activity, ActivityDetails, ActivityError, ActivityStatus, get, insert, may_act};
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::volunteers::Invalid;
use chrono::{DateTime, Days, NaiveDate, TimeZone, Utc};
use uuid::Uuid;

const DAYS_MAX: usize = 100;

/// Plans the activity once more on each of `days`, at the same times of the day. The id of each follows from the activity's and
/// the day, so the same again makes none twice.
pub async fn repeat(
    scheme: &OpenScheme,
    id: Uuid,
    days: &[NaiveDate],
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Vec<Activity>, bool), ActivityError> {
    if days.is_empty() || days.len() > DAYS_MAX {
        let flaw = Invalid::new("days", "invalid_days", format!("1 to {DAYS_MAX} days"));
        return Err(ActivityError::Invalid(vec![flaw]));
    }
    let first = get(scheme, id).await?;
    may_act(by, first.details.team.as_deref(), first.details.station.as_deref())?;
    let mut tx = scheme.db.begin_write().await?;
    let (mut ids, mut made) = (Vec::new(), false);
    for day in days {
        let details = on(scheme, &first.details, *day)?;
        let repeated = Uuid::new_v5(&id, format!("on {day}").as_bytes());
        made |= insert(&mut tx, scheme, repeated, &details, Some(id), ActivityStatus::Planned, by, now).await?;
        ids.push(repeated);
    }
    tx.commit().await?;
    let mut activities = Vec::with_capacity(ids.len());
    for id in ids {
        activities.push(get(scheme, id).await?);
    }
    Ok((activities, !made))
}

/// The activity as it is on another day, by the clock of the scheme.
fn on(scheme: &OpenScheme, details: &ActivityDetails, day: NaiveDate) -> Result<ActivityDetails, ActivityError> {
    let config = scheme.config();
    let (zone, begun) = (config.time_zone, config.day_of(details.starts_at));
    let moved = |moment: DateTime<Utc>| {
        let local = moment.with_timezone(&zone);
        let shift = local.date_naive().signed_duration_since(begun).num_days();
        let on = match u64::try_from(shift) {
            Ok(later) => day.checked_add_days(Days::new(later)),
            Err(_) => day.checked_sub_days(Days::new(shift.unsigned_abs())),
        };
        on.and_then(|on| zone.from_local_datetime(&on.and_time(local.time())).earliest())
            .map(|at| at.with_timezone(&Utc))
    };
    let closes_at = details.closes_at.map(moved);
    match (moved(details.starts_at), moved(details.ends_at), closes_at) {
        (Some(starts_at), Some(ends_at), None | Some(Some(_))) => {
            Ok(ActivityDetails { starts_at, ends_at, closes_at: closes_at.flatten(), ..details.clone() })
        }
        _ => Err(ActivityError::Invalid(vec![Invalid::new("days", "invalid_date", "there is no such day")])),
    }
}
