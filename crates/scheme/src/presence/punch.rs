//! One punch: who, where, when, and whether it may be.

use super::credit::{Rules, Stay, StayStatus, credit};
use super::{Kind, Method, NewPunch, PresenceError, Punch, Who, duty, plan, settle};
use crate::activities::{self, Activity, ActivityError, ActivityStatus};
use crate::codes;
use crate::config::Scheme;
use crate::keys::{Operator, Role};
use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid, is_text};
use crate::{micros, moment};
use chrono::{DateTime, Days, Duration, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// Takes a punch under the id that the device chose. The same again is answered with it, and `true`. What is refused is kept,
/// too, with the reason.
pub async fn punch(
    scheme: &OpenScheme,
    new: NewPunch,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Punch, bool), PresenceError> {
    let mut tx = scheme.db.begin_write().await?;
    let taken = take(&mut tx, scheme, &new, by, now).await;
    if let Err(PresenceError::Database(error)) = taken {
        return Err(error.into());
    }
    tx.commit().await?;
    let (punch, replayed) = taken?;
    settle::finish(scheme, punch.volunteer_id, punch.activity_id, by.key_id, now).await?;
    Ok((punch, replayed))
}

/// As [`punch`], in the caller's transaction, up to what has to be settled afterwards.
pub(super) async fn take(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    new: &NewPunch,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Punch, bool), PresenceError> {
    let taken = judge(tx, scheme, new, by, now).await;
    if let Err(error) = &taken
        && let Some(code) = error.kept_as()
    {
        keep_refused(tx, scheme, new, code, by, now).await?;
    }
    taken
}

async fn judge(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    new: &NewPunch,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Punch, bool), PresenceError> {
    check(new)?;
    let volunteer_id = volunteer(tx, scheme, &new.who).await?;
    let named = named_activity(scheme, new)?;
    let method = method(new, by)?;
    let device = new.device.clone().unwrap_or_else(|| by.key_id.to_string());
    if let Some(known) = find(tx, scheme, new.id).await? {
        return match difference(&known, new, volunteer_id, named, method, &device) {
            Some(field) => Err(PresenceError::IdTaken { field: field.to_owned() }),
            None => Ok((known, true)),
        };
    }
    let (happened_at, offset) = moment_of(&scheme.config(), new, now)?;
    lock(tx, scheme, volunteer_id).await?;
    let station = new.station.clone().or_else(|| by.station.clone());
    let activity_id = match named {
        Some(id) => id,
        None => duty::of_day(tx, scheme, station.as_deref().unwrap_or("main"), happened_at, by, now).await?,
    };
    let activity = activities::find(tx, scheme, activity_id).await?;
    let activity = activity.ok_or(activities::ActivityError::ActivityNotFound { id: activity_id })?;
    let punch = Punch {
        id: new.id,
        kind: new.kind,
        volunteer_id,
        activity_id,
        station: station.or_else(|| activity.details.station.clone()),
        method,
        device,
        device_sequence: new.device_sequence,
        device_time: new.device_time.map(cut),
        clock_offset_millis: offset.num_milliseconds(),
        happened_at,
        received_at: now,
        punched_by: by.key_id,
    };
    volunteers::lock_unmerged(tx, scheme, volunteer_id).await.map_err(ActivityError::from)?;
    may_be(tx, scheme, &activity, &punch, new, by, now).await?;
    insert(tx, scheme, &punch).await?;
    settle::reconcile(tx, scheme, volunteer_id, &activity, &HashMap::new(), by.key_id, now).await?;
    Ok((punch, false))
}

fn check(new: &NewPunch) -> Result<(), PresenceError> {
    let mut flaws = Vec::new();
    for (field, text) in [("device", &new.device), ("station", &new.station)] {
        if text.as_ref().is_some_and(|text| !is_text(text, 100)) {
            flaws.push(Invalid::new(field, "invalid_text", "1 to 100 characters, not blank"));
        }
    }
    if new.device_sequence.is_some_and(|sequence| sequence < 0) {
        flaws.push(Invalid::new("device_sequence", "out_of_range", "it is counted from 0 or 1"));
    }
    if flaws.is_empty() { Ok(()) } else { Err(PresenceError::Invalid(flaws)) }
}

async fn volunteer(tx: &mut db::Tx, scheme: &OpenScheme, who: &Who) -> Result<Uuid, PresenceError> {
    let refuse = |flaw| PresenceError::Invalid(vec![flaw]);
    match who {
        Who::Id(id) => Ok(*id),
        Who::Code(code) => codes::read_volunteer(scheme, code).map(|said| said.id).map_err(refuse),
        Who::Number(number) => match codes::with_number(tx, scheme, number).await? {
            Some(id) => Ok(id),
            None => Err(refuse(codes::unknown_number())),
        },
    }
}

fn named_activity(scheme: &OpenScheme, new: &NewPunch) -> Result<Option<Uuid>, PresenceError> {
    let refuse = |flaw| PresenceError::Invalid(vec![flaw]);
    let scanned = new.activity_code.as_deref().map(|code| codes::read_activity(scheme, code)).transpose();
    let scanned = scanned.map_err(refuse)?.map(|said| said.id);
    if scanned.zip(new.activity_id).is_some_and(|(scanned, named)| scanned != named) {
        return Err(refuse(Invalid::new("activity_code", "another_activity", "it is the code of another activity")));
    }
    Ok(scanned.or(new.activity_id))
}

/// What is scanned by a phone says so by the activity's code; a leader vouches, a kiosk has seen.
fn method(new: &NewPunch, by: &Operator) -> Result<Method, PresenceError> {
    let usual = match (&new.activity_code, by.role) {
        (Some(_), _) => Method::SelfScan,
        (None, Role::Kiosk) => Method::Kiosk,
        (None, _) => Method::Leader,
    };
    let method = new.method.unwrap_or(usual);
    let allowed = match method {
        Method::SelfScan => by.role != Role::Leader && new.activity_code.is_some(),
        Method::Kiosk => by.role != Role::Leader,
        Method::Leader => by.role != Role::Kiosk,
    };
    if allowed { Ok(method) } else { Err(PresenceError::WrongMethod) }
}

/// As it is stored.
fn cut(at: DateTime<Utc>) -> DateTime<Utc> {
    moment(micros(at))
}

/// When it happened by the server's clock, and what the device's lacked.
pub(super) fn moment_of(
    config: &Scheme,
    new: &NewPunch,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, Duration), PresenceError> {
    let Some(told) = new.device_time else { return Ok((now, Duration::zero())) };
    let offset = now - new.device_clock.unwrap_or(told);
    let limit = Duration::hours(config.presence.clock_hours.into());
    let implausible = |off: Duration, limit: Duration| PresenceError::ClockImplausible {
        seconds: off.num_seconds(),
        limit: limit.num_seconds(),
    };
    if offset.abs() > limit {
        return Err(implausible(offset, limit));
    }
    let happened_at = told.checked_add_signed(offset).map(cut).ok_or_else(|| implausible(offset, limit))?;
    // Nothing has happened after it was sent.
    let ahead = happened_at - now;
    if ahead > Duration::minutes(1) {
        return Err(implausible(ahead, Duration::minutes(1)));
    }
    let kept = Duration::days(config.presence.queue_days.into());
    if -ahead > kept {
        return Err(implausible(ahead, kept));
    }
    Ok((happened_at.min(now), offset))
}

/// Nobody else writes about the volunteer until the end of the transaction.
pub(super) async fn lock(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> Result<(), PresenceError> {
    let found: Option<(String,)> = tx
        .lock("SELECT number FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    found.map(|_| ()).ok_or(PresenceError::VolunteerNotFound { id })
}

/// Whether the punch may be, as things stood when it happened.
async fn may_be(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    activity: &Activity,
    punch: &Punch,
    new: &NewPunch,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(), PresenceError> {
    activities::may_act(by, activity.details.team.as_deref(), punch.station.as_deref())?;
    activities::may_act(by, activity.details.team.as_deref(), activity.details.station.as_deref())?;
    let scanned = [
        new.activity_code.as_deref().map(|code| codes::read_activity(scheme, code)),
        match &new.who {
            Who::Code(code) => Some(codes::read_volunteer(scheme, code)),
            Who::Id(_) | Who::Number(_) => None,
        },
    ];
    for said in scanned.into_iter().flatten() {
        let said = said.map_err(|flaw| PresenceError::Invalid(vec![flaw]))?;
        let good = codes::good(tx, scheme, &said, punch.happened_at).await?;
        good.map_err(|flaw| PresenceError::Invalid(vec![flaw]))?;
    }
    let config = scheme.config();
    let known = settle::marks(tx, scheme, punch.volunteer_id, activity.id).await?;
    let stays = credit(plan(activity), &known, Rules::of(&config.presence), now);
    match punch.kind {
        Kind::In => may_come_in(tx, scheme, activity, punch, &stays).await,
        Kind::Out => may_leave(&config, activity, punch),
        Kind::Cancel => may_cancel(&config, punch, &stays),
    }
}

async fn may_come_in(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    activity: &Activity,
    punch: &Punch,
    stays: &[Stay],
) -> Result<(), PresenceError> {
    let at = punch.happened_at;
    let called_off = activity.settled_at.is_none_or(|settled_at| at >= settled_at);
    match activity.status {
        ActivityStatus::Published | ActivityStatus::Ended => {}
        // Whoever was there before it was called off was there.
        ActivityStatus::Cancelled if !called_off => {}
        status => return Err(PresenceError::StateConflict { status: status.as_str() }),
    }
    let (from, until) = (activity.details.starts_at - early(&scheme.config(), activity), activity.details.ends_at);
    if at < from || at >= until {
        return Err(PresenceError::OutsideWindow { from, until });
    }
    let within = |stay: &&Stay| {
        let until = stay.checked_out_at.or(stay.credited.map(|(_, until)| until));
        stay.status != StayStatus::Cancelled
            && stay.checked_in_at <= at + settle::AT_ONCE
            && until.is_none_or(|until| at < until)
    };
    if stays.iter().any(|stay| within(&stay)) {
        return Err(PresenceError::StateConflict { status: "in" });
    }
    match activities::may_come(tx, scheme, activity, punch.volunteer_id).await? {
        Ok(()) => {}
        Err(None) => return Err(PresenceError::NotSignedUp),
        Err(Some(lacks)) => return Err(PresenceError::NotEligible(lacks)),
    }
    match settle::elsewhere(tx, scheme, punch.volunteer_id, activity.id, at).await? {
        Some(other) => Err(PresenceError::Overlapping { other }),
        None => Ok(()),
    }
}

fn early(config: &Scheme, activity: &Activity) -> Duration {
    activity.details.early_minutes.map_or_else(|| config.presence.early(), Duration::minutes)
}

/// The check-in may still wait on another device, so that only what cannot be is refused.
fn may_leave(config: &Scheme, activity: &Activity, punch: &Punch) -> Result<(), PresenceError> {
    let from = activity.details.starts_at - early(config, activity);
    let until = activity.details.ends_at.checked_add_days(Days::new(1)).unwrap_or(activity.details.ends_at);
    match (from..until).contains(&punch.happened_at) {
        true => Ok(()),
        false => Err(PresenceError::OutsideWindow { from, until }),
    }
}

fn may_cancel(config: &Scheme, punch: &Punch, stays: &[Stay]) -> Result<(), PresenceError> {
    let begun = stays.iter().rev().find(|stay| stay.checked_in_at <= punch.happened_at);
    let Some(stay) = begun.filter(|stay| stay.status == StayStatus::Open) else { return Ok(()) };
    let until = stay.checked_in_at + config.presence.cancel();
    match punch.happened_at <= until {
        true => Ok(()),
        false => Err(PresenceError::OutsideWindow { from: stay.checked_in_at, until }),
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct PunchRow {
    id: Uuid,
    kind: String,
    volunteer_id: Uuid,
    activity_id: Uuid,
    station: Option<String>,
    method: String,
    device: String,
    device_sequence: Option<i64>,
    device_time: Option<i64>,
    clock_offset: i64,
    happened_at: i64,
    received_at: i64,
    punched_by: Uuid,
}

/// The columns of [`PunchRow`].
macro_rules! select_punches {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.kind, p.volunteer_id, p.activity_id, p.station, p.method, p.device, p.device_sequence,
                    p.device_time, p.clock_offset, p.happened_at, p.received_at, p.punched_by
             FROM punches AS p ",
            $rest
        )
    };
}
pub(super) use select_punches;

impl PunchRow {
    pub(super) fn punch(self) -> db::Result<Punch> {
        Ok(Punch {
            id: self.id,
            kind: Kind::stored(&self.kind)?,
            volunteer_id: self.volunteer_id,
            activity_id: self.activity_id,
            station: self.station,
            method: Method::stored(&self.method)?,
            device: self.device,
            device_sequence: self.device_sequence,
            device_time: self.device_time.map(moment),
            clock_offset_millis: self.clock_offset / 1000,
            happened_at: moment(self.happened_at),
            received_at: moment(self.received_at),
            punched_by: self.punched_by,
        })
    }
}

pub(super) async fn find(tx: &mut db::Tx, scheme: &OpenScheme, id: Uuid) -> db::Result<Option<Punch>> {
    let row: Option<PunchRow> = tx
        .query(select_punches!("WHERE p.book = $1 AND p.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(PunchRow::punch).transpose()
}

/// The first field in which a punch differs from what is sent under the same id.
fn difference(
    known: &Punch,
    new: &NewPunch,
    volunteer_id: Uuid,
    activity_id: Option<Uuid>,
    method: Method,
    device: &str,
) -> Option<&'static str> {
    let differs = [
        ("kind", known.kind != new.kind),
        ("volunteer_id", known.volunteer_id != volunteer_id),
        // Duty is of the day on which the punch was first understood to have happened.
        ("activity_id", activity_id.is_some_and(|activity_id| known.activity_id != activity_id)),
        ("station", new.station.is_some() && known.station != new.station),
        ("method", known.method != method),
        ("device", known.device != device),
        ("device_sequence", known.device_sequence != new.device_sequence),
        ("device_time", known.device_time != new.device_time.map(cut)),
    ];
    differs.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}

async fn insert(tx: &mut db::Tx, scheme: &OpenScheme, punch: &Punch) -> db::Result<u64> {
    tx.query(
        "INSERT INTO punches (book, id, kind, volunteer_id, activity_id, station, method, device, device_sequence, device_time,
             clock_offset, happened_at, received_at, punched_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(scheme.book.number())
    .bind(punch.id)
    .bind(punch.kind.as_str())
    .bind(punch.volunteer_id)
    .bind(punch.activity_id)
    .bind(punch.station.clone())
    .bind(punch.method.as_str())
    .bind(punch.device.clone())
    .bind(punch.device_sequence)
    .bind(punch.device_time.map(micros))
    .bind(punch.clock_offset_millis.saturating_mul(1000))
    .bind(micros(punch.happened_at))
    .bind(micros(punch.received_at))
    .bind(punch.punched_by)
    .execute()
    .await
}

async fn keep_refused(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    new: &NewPunch,
    code: &'static str,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    let volunteer = match &new.who {
        Who::Id(id) => Some(*id),
        Who::Code(code) => codes::read_volunteer(scheme, code).ok().map(|said| said.id),
        Who::Number(number) => codes::with_number(tx, scheme, number).await?,
    };
    let activity = named_activity(scheme, new).ok().flatten();
    let offset = new.device_clock.map_or(Duration::zero(), |clock| now - clock);
    tx.query(
        "INSERT INTO refused_punches (book, id, code, kind, volunteer_id, activity_id, station, method, device,
             device_sequence, device_time, clock_offset, received_at, punched_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
    )
    .bind(scheme.book.number())
    .bind(new.id)
    .bind(code)
    .bind(new.kind.as_str())
    .bind(volunteer)
    .bind(activity)
    .bind(new.station.clone().or_else(|| by.station.clone()))
    .bind(new.method.map_or("", Method::as_str))
    .bind(new.device.clone().unwrap_or_else(|| by.key_id.to_string()))
    .bind(new.device_sequence)
    .bind(new.device_time.map(micros))
    .bind(offset.num_microseconds().unwrap_or(i64::MAX))
    .bind(micros(now))
    .bind(by.key_id)
    .execute()
    .await
}
