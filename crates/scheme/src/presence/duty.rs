//! Daily duty at a station: an activity of its own for each station and day, made by the first who signs in.

use super::PresenceError;
use crate::activities::{self, ActivityDetails, ActivityStatus, FeeKind, Mode};
use crate::config::{Duty, Scheme};
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::stations;
use crate::volunteers::Invalid;
use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use uuid::Uuid;

/// The activity that is the duty of the day of `at` at `station`.
pub async fn of_day(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    station: &str,
    at: DateTime<Utc>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Uuid, PresenceError> {
    let config = scheme.config();
    let refuse = |field, code, detail: &str| PresenceError::Invalid(vec![Invalid::new(field, code, detail)]);
    let Some(duty) = &config.presence.duty else {
        return Err(refuse("activity_id", "missing_activity", "the scheme has no duty without an activity"));
    };
    if !stations::is_known(scheme, station).await? {
        return Err(refuse("station", "unknown_station", "the scheme has no such station"));
    }
    let day = config.day_of(at);
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("aixin/{}", scheme.book.code()).as_bytes());
    let id = Uuid::new_v5(&namespace, format!("duty {station} {day}").as_bytes());
    if activities::find(tx, scheme, id).await?.is_none() {
        let organisation = scheme.organisation().await?;
        let place = organisation.station(station).map_or(station, |station| station.name.as_str());
        let details = details(&config, duty, (station, place), day)
            .ok_or_else(|| refuse("activity_id", "missing_activity", "there is no duty on that day"))?;
        activities::insert(tx, scheme, id, &details, None, ActivityStatus::Published, by, now).await?;
    }
    Ok(id)
}

fn details(config: &Scheme, duty: &Duty, (station, place): (&str, &str), day: NaiveDate) -> Option<ActivityDetails> {
    let zone = config.time_zone;
    let at = |time| zone.from_local_datetime(&day.and_time(time)).earliest().map(|at| at.with_timezone(&Utc));
    let (starts_at, ends_at) = (at(duty.opens.0)?, at(duty.closes.0)?);
    Some(ActivityDetails {
        title: duty.title.clone(),
        content: duty.title.clone(),
        category: duty.category.clone(),
        unit: None,
        team: None,
        station: Some(station.to_owned()),
        place: place.to_owned(),
        organiser: config.name.clone(),
        person_in_charge: duty.person_in_charge.clone(),
        recipient: None,
        starts_at,
        ends_at,
        level: None,
        role: None,
        filing_number: None,
        capacity: None,
        waiting_list: false,
        posts: Vec::new(),
        min_age: None,
        max_age: None,
        requires_training: None,
        requires_insurance: false,
        insured: false,
        fee_kind: FeeKind::Free,
        mode: Mode::Daily,
        walk_ups: true,
        // Whoever is on duty comes and goes: no share of the day is asked for.
        share_percent: Some(0),
        early_minutes: None,
        closes_at: Some(ends_at),
    })
}
