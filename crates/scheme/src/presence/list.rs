//! Who is in, who is missing, and what became of it.

use super::punch::{PunchRow, select_punches};
use super::{Kind, Presence, PresenceError, PresenceStatus, Punch, Refused};
use crate::activities::{self, SignupStatus};
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::services::About;
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use db::Many;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct PresenceRow {
    id: Uuid,
    volunteer_id: Uuid,
    activity_id: Uuid,
    status: String,
    checked_in_at: i64,
    checked_out_at: Option<i64>,
    credited_from: Option<i64>,
    credited_until: Option<i64>,
    closed_automatically: bool,
    below_share: bool,
    evidence: String,
    service_id: Option<Uuid>,
    needs_correction: bool,
    problem: Option<String>,
}

/// The columns of [`PresenceRow`].
macro_rules! select_presences {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.volunteer_id, p.activity_id, p.status, p.checked_in_at, p.checked_out_at, p.credited_from,
                    p.credited_until, p.closed_automatically, p.below_share, p.evidence, p.service_id, p.needs_correction,
                    p.problem
             FROM presences AS p ",
            $rest
        )
    };
}

impl PresenceRow {
    fn presence(self) -> db::Result<Presence> {
        let evidence = self.evidence.parse().map_err(|_| db::Error::Damaged("presences.evidence".to_owned()))?;
        Ok(Presence {
            id: self.id,
            volunteer_id: self.volunteer_id,
            activity_id: self.activity_id,
            status: PresenceStatus::stored(&self.status)?,
            checked_in_at: moment(self.checked_in_at),
            checked_out_at: self.checked_out_at.map(moment),
            credited_from: self.credited_from.map(moment),
            credited_until: self.credited_until.map(moment),
            closed_automatically: self.closed_automatically,
            below_share: self.below_share,
            evidence,
            service_id: self.service_id,
            needs_correction: self.needs_correction,
            problem: self.problem,
        })
    }
}

/// A punch and the presence that it begins or ends; none when it does neither: its check-in may still be on its way.
pub async fn get(scheme: &OpenScheme, id: Uuid) -> Result<(Punch, Option<Presence>), PresenceError> {
    let row: Option<PunchRow> = scheme
        .db
        .query(select_punches!("WHERE p.book = $1 AND p.id = $2"))
        .bind(scheme.book.number())
        .bind(id)
        .fetch_optional()
        .await?;
    let punch = row.ok_or(PresenceError::PunchNotFound { id })?.punch()?;
    let row: Option<PresenceRow> = scheme
        .db
        .query(select_presences!(
            "WHERE p.book = $1 AND p.volunteer_id = $2 AND p.activity_id = $3 AND (p.id = $4 OR p.checked_out_at = $5)
             ORDER BY p.checked_in_at DESC LIMIT 1"
        ))
        .bind(scheme.book.number())
        .bind(punch.volunteer_id)
        .bind(punch.activity_id)
        .bind(punch.id)
        .bind(micros(punch.happened_at))
        .fetch_optional()
        .await?;
    Ok((punch, row.map(PresenceRow::presence).transpose()?))
}

/// The presence that a record of service came from.
pub async fn of_service(scheme: &OpenScheme, service: Uuid) -> db::Result<Option<Presence>> {
    let row: Option<PresenceRow> = scheme
        .db
        .query(select_presences!("WHERE p.book = $1 AND p.service_id = $2"))
        .bind(scheme.book.number())
        .bind(service)
        .fetch_optional()
        .await?;
    row.map(PresenceRow::presence).transpose()
}

/// Which presences to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresenceFilter {
    /// Of which activities, and on which days somebody signed in.
    pub about: About,
    pub activity_id: Option<Uuid>,
    pub volunteer_id: Option<Uuid>,
    pub status: Option<PresenceStatus>,
    pub closed_automatically: Option<bool>,
    pub needs_correction: Option<bool>,
}

/// Presences by check-in and id, those after `after`.
pub async fn list(
    scheme: &OpenScheme,
    filter: &PresenceFilter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
    now: DateTime<Utc>,
) -> db::Result<Vec<Presence>> {
    let units = filter.about.units(scheme, now).await?;
    let (from, until) = filter.about.moments(scheme);
    let (at, id) = after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (micros(at), id));
    let rows: Vec<PresenceRow> = scheme
        .db
        .query(select_presences!(
            "JOIN activities AS a ON a.book = p.book AND a.id = p.activity_id
             WHERE p.book = $1 AND (p.checked_in_at > $2 OR (p.checked_in_at = $2 AND p.id > $3))
               AND ($4 IS NULL OR p.activity_id = $4) AND ($5 IS NULL OR p.volunteer_id = $5)
               AND ($6 IS NULL OR p.status = $6) AND ($7 IS NULL OR p.closed_automatically = $7)
               AND ($8 IS NULL OR p.needs_correction = $8)
               AND ($9 IS NULL OR a.unit IN (SELECT m.value FROM many($10) AS m)) AND ($11 IS NULL OR a.team = $11)
               AND p.checked_in_at >= $12 AND p.checked_in_at < $13
             ORDER BY p.checked_in_at, p.id LIMIT $14"
        ))
        .bind(scheme.book.number())
        .bind(at)
        .bind(id)
        .bind(filter.activity_id)
        .bind(filter.volunteer_id)
        .bind(filter.status.map(PresenceStatus::as_str))
        .bind(filter.closed_automatically)
        .bind(filter.needs_correction)
        .bind(filter.about.unit.clone())
        .bind_many(Many::Text(units))
        .bind(filter.about.team.clone())
        .bind(from.map_or(i64::MIN, micros))
        .bind(until.map_or(i64::MAX, micros))
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(PresenceRow::presence).collect()
}

/// Where somebody who belongs to an activity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// It has not begun.
    Expected,
    In,
    Left,
    /// It has begun, or is over, and they never came.
    Missing,
}

/// Somebody who is signed up for an activity, or came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub volunteer_id: Uuid,
    pub number: String,
    pub name: String,
    pub post: Option<String>,
    pub signup: Option<SignupStatus>,
    pub whereabouts: Whereabouts,
    /// The latest of their stays.
    pub presence: Option<Presence>,
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Uuid,
    number: String,
    name: String,
    post: Option<String>,
    status: Option<String>,
}

/// Who is in, who has left and who is missing, by number, those after `after`.
pub async fn attendance(
    scheme: &OpenScheme,
    activity: Uuid,
    after: Option<&str>,
    limit: i64,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Vec<Row>, PresenceError> {
    let activity = activities::get(scheme, activity).await?;
    activities::may_act(by, activity.details.team.as_deref(), None)?;
    let people: Vec<PersonRow> = scheme
        .db
        .query(
            "SELECT v.id, v.number, v.name, u.post, u.status
             FROM volunteers AS v LEFT JOIN signups AS u ON u.book = v.book AND u.volunteer_id = v.id AND u.activity_id = $2
             WHERE v.book = $1 AND v.number > $3 AND v.id IN (
                 SELECT s.volunteer_id FROM signups AS s WHERE s.book = $1 AND s.activity_id = $2
                    AND s.status IN ('signed_up', 'attended', 'no_show')
                 UNION SELECT p.volunteer_id FROM presences AS p WHERE p.book = $1 AND p.activity_id = $2
                    AND p.status <> 'cancelled')
             ORDER BY v.number LIMIT $4",
        )
        .bind(scheme.book.number())
        .bind(activity.id)
        .bind(after.unwrap_or_default().to_owned())
        .bind(limit)
        .fetch_all()
        .await?;
    let presences: Vec<PresenceRow> = scheme
        .db
        .query(select_presences!(
            "WHERE p.book = $1 AND p.activity_id = $2 AND p.status <> 'cancelled' ORDER BY p.checked_in_at, p.id"
        ))
        .bind(scheme.book.number())
        .bind(activity.id)
        .fetch_all()
        .await?;
    let presences = presences.into_iter().map(PresenceRow::presence).collect::<db::Result<Vec<_>>>()?;
    let begun = now >= activity.details.starts_at;
    let row = |person: PersonRow| {
        let presence = presences.iter().rev().find(|presence| presence.volunteer_id == person.id);
        let whereabouts = match presence.map(|presence| presence.status) {
            Some(PresenceStatus::Open) => Whereabouts::In,
            Some(_) => Whereabouts::Left,
            None if begun => Whereabouts::Missing,
            None => Whereabouts::Expected,
        };
        Ok(Row {
            volunteer_id: person.id,
            number: person.number,
            name: person.name,
            post: person.post,
            signup: person.status.as_deref().map(SignupStatus::stored).transpose()?,
            whereabouts,
            presence: presence.cloned(),
        })
    };
    Ok(people.into_iter().map(row).collect::<db::Result<_>>()?)
}

/// Which punches to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PunchFilter {
    /// Of which activities, and on which days they arrived.
    pub about: About,
    pub activity_id: Option<Uuid>,
    pub volunteer_id: Option<Uuid>,
    pub device: Option<String>,
}

/// Punches as they arrived, those after `after`.
pub async fn punches(
    scheme: &OpenScheme,
    filter: &PunchFilter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
    now: DateTime<Utc>,
) -> db::Result<Vec<Punch>> {
    let units = filter.about.units(scheme, now).await?;
    let (from, until) = filter.about.moments(scheme);
    let (at, id) = after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (micros(at), id));
    let rows: Vec<PunchRow> = scheme
        .db
        .query(select_punches!(
            "JOIN activities AS a ON a.book = p.book AND a.id = p.activity_id
             WHERE p.book = $1 AND (p.received_at > $2 OR (p.received_at = $2 AND p.id > $3))
               AND ($4 IS NULL OR p.activity_id = $4) AND ($5 IS NULL OR p.volunteer_id = $5)
               AND ($6 IS NULL OR p.device = $6)
               AND ($7 IS NULL OR a.unit IN (SELECT m.value FROM many($8) AS m)) AND ($9 IS NULL OR a.team = $9)
               AND p.received_at >= $10 AND p.received_at < $11
             ORDER BY p.received_at, p.id LIMIT $12"
        ))
        .bind(scheme.book.number())
        .bind(at)
        .bind(id)
        .bind(filter.activity_id)
        .bind(filter.volunteer_id)
        .bind(filter.device.clone())
        .bind(filter.about.unit.clone())
        .bind_many(Many::Text(units))
        .bind(filter.about.team.clone())
        .bind(from.map_or(i64::MIN, micros))
        .bind(until.map_or(i64::MAX, micros))
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(PunchRow::punch).collect()
}

#[derive(sqlx::FromRow)]
struct RefusedRow {
    id: Uuid,
    code: String,
    kind: String,
    volunteer_id: Option<Uuid>,
    activity_id: Option<Uuid>,
    station: Option<String>,
    device: String,
    device_sequence: Option<i64>,
    device_time: Option<i64>,
    clock_offset: i64,
    received_at: i64,
    punched_by: Uuid,
}

impl RefusedRow {
    fn refused(self) -> db::Result<Refused> {
        Ok(Refused {
            id: self.id,
            code: self.code,
            kind: Kind::stored(&self.kind)?,
            volunteer_id: self.volunteer_id,
            activity_id: self.activity_id,
            station: self.station,
            device: self.device,
            device_sequence: self.device_sequence,
            device_time: self.device_time.map(moment),
            clock_offset_millis: self.clock_offset / 1000,
            received_at: moment(self.received_at),
            punched_by: self.punched_by,
        })
    }
}

/// Punches that were not taken, as they arrived, those after `after` (moment, event, reason). Whoever was turned away is found here.
pub async fn refused(
    scheme: &OpenScheme,
    filter: &PunchFilter,
    after: Option<(DateTime<Utc>, Uuid, String)>,
    limit: i64,
    now: DateTime<Utc>,
) -> db::Result<Vec<Refused>> {
    let units = filter.about.units(scheme, now).await?;
    let (from, until) = filter.about.moments(scheme);
    let (at, id, code) = after.map_or((i64::MIN, Uuid::nil(), String::new()), |(at, id, code)| (micros(at), id, code));
    let rows: Vec<RefusedRow> = scheme
        .db
        .query(
            "SELECT p.id, p.code, p.kind, p.volunteer_id, p.activity_id, p.station, p.device, p.device_sequence,
                    p.device_time, p.clock_offset, p.received_at, p.punched_by
             FROM refused_punches AS p LEFT JOIN activities AS a ON a.book = p.book AND a.id = p.activity_id
             WHERE p.book = $1
               AND (p.received_at > $2 OR (p.received_at = $2 AND (p.id > $3 OR (p.id = $3 AND p.code > $4))))
               AND ($5 IS NULL OR p.activity_id = $5) AND ($6 IS NULL OR p.volunteer_id = $6)
               AND ($7 IS NULL OR p.device = $7)
               AND ($8 IS NULL OR a.unit IN (SELECT m.value FROM many($9) AS m)) AND ($10 IS NULL OR a.team = $10)
               AND p.received_at >= $11 AND p.received_at < $12
             ORDER BY p.received_at, p.id, p.code LIMIT $13",
        )
        .bind(scheme.book.number())
        .bind(at)
        .bind(id)
        .bind(code)
        .bind(filter.activity_id)
        .bind(filter.volunteer_id)
        .bind(filter.device.clone())
        .bind(filter.about.unit.clone())
        .bind_many(Many::Text(units))
        .bind(filter.about.team.clone())
        .bind(from.map_or(i64::MIN, micros))
        .bind(until.map_or(i64::MAX, micros))
        .bind(limit)
        .fetch_all()
        .await?;
    rows.into_iter().map(RefusedRow::refused).collect()
}
