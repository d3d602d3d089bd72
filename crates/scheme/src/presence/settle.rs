//! From punches to presences, and from presences to records.
//!
//! A record that nobody has decided over yet, and that no longer says what the punches say, is withdrawn by rejecting it, and
//! another takes its place. Rejection and confirmation share one id in the book, so one of them happens: either the new record
//! stands, or somebody has confirmed the old one, and the presence is left for a person to correct.

use super::credit::{Mark, Rules, Stay, StayStatus, credit, is_below};
use super::punch::{PunchRow, lock, select_punches};
use super::{PresenceError, PresenceStatus, plan, share};
use crate::activities::{self, Activity, FeeKind};
use crate::config::BelowShare;
use crate::keys::{Operator, Role};
use crate::rules::Evidence;
use crate::schemes::OpenScheme;
use crate::services::{self, ServiceDetails, ServiceError};
use crate::{micros, moment};
use chrono::{DateTime, Days, Duration, Utc};
use std::collections::HashMap;
use uuid::Uuid;

/// Of records that were withdrawn: whether it was this module that did it, or a person had decided before.
pub type Withdrawn = HashMap<Uuid, bool>;

/// What the punches of one person at one activity come to is computed again so often, when others go on punching meanwhile.
const TRIES: usize = 5;

#[derive(sqlx::FromRow)]
struct Known {
    id: Uuid,
    checked_in_at: i64,
    service_id: Option<Uuid>,
    attempt: i64,
    is_due: bool,
    service_status: Option<String>,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    evidence: Option<String>,
}

/// A presence as it is to be written.
struct Next {
    stay: Stay,
    service_id: Option<Uuid>,
    attempt: i64,
    is_due: bool,
    needs_correction: bool,
    problem: Option<&'static str>,
}

/// What is to become of the record.
enum Step {
    Keep,
    Record,
    Withdraw,
    /// A person has decided: a person corrects.
    Correct,
}

/// Makes presences and records say what the punches say. The volunteer is locked.
pub async fn reconcile(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    volunteer: Uuid,
    activity: &Activity,
    withdrawn: &Withdrawn,
    by: Uuid,
    now: DateTime<Utc>,
) -> Result<(), PresenceError> {
    let config = scheme.config();
    let punches = marks(tx, scheme, volunteer, activity.id).await?;
    let mut stays = credit(plan(activity), &punches, Rules::of(&config.presence), now);
    let below = is_below(plan(activity), &stays, share(&config, activity));
    let present = stays.iter().any(|stay| stay.status != StayStatus::Cancelled);
    let known = known(tx, scheme, volunteer, activity.id).await?;
    // A check-in that arrived late may be the beginning of what another had begun.
    let gone = known.iter().filter(|known| stays.iter().all(|stay| stay.id != known.id)).map(gone);
    let gone: Vec<Stay> = gone.collect();
    stays.extend(gone);
    let mut next = Vec::with_capacity(stays.len());
    for stay in stays {
        let known = known.iter().find(|known| known.id == stay.id);
        let problem = problem(activity, &stay, below && config.presence.below_share == BelowShare::NotCredited);
        next.push(decide(stay, known, problem, withdrawn));
    }
    let waits = next.iter().any(|(_, step)| matches!(step, Step::Withdraw));
    for (one, step) in &mut next {
        // What stands in the way goes first.
        one.is_due = matches!(step, Step::Withdraw) || (waits && matches!(step, Step::Record));
        write(tx, scheme, volunteer, activity, one, below, by).await?;
    }
    for (one, _) in next.iter_mut().filter(|(_, step)| matches!(step, Step::Record) && !waits) {
        record(tx, scheme, volunteer, activity, one, below, by, now).await?;
        write(tx, scheme, volunteer, activity, one, below, by).await?;
    }
    activities::note_presence(tx, scheme, activity.id, volunteer, present, by, now).await?;
    Ok(())
}

fn gone(known: &Known) -> Stay {
    Stay {
        id: known.id,
        status: StayStatus::Cancelled,
        checked_in_at: moment(known.checked_in_at),
        checked_out_at: None,
        credited: None,
        closed_automatically: false,
        evidence: Evidence::Kiosk,
    }
}

/// Why a stay that is over becomes no record.
fn problem(activity: &Activity, stay: &Stay, too_short: bool) -> Option<&'static str> {
    if stay.status != StayStatus::Closed {
        return None;
    }
    match (activity.details.fee_kind, stay.credited) {
        (FeeKind::LowFee, _) => Some("paid_session"),
        (FeeKind::Free, None) => Some("outside_plan"),
        (FeeKind::Free, Some(_)) => too_short.then_some("below_share"),
    }
}

fn decide(stay: Stay, known: Option<&Known>, problem: Option<&'static str>, withdrawn: &Withdrawn) -> (Next, Step) {
    let wanted = stay.credited.filter(|_| stay.status == StayStatus::Closed && problem.is_none());
    let mut next = Next {
        service_id: known.and_then(|known| known.service_id),
        attempt: known.map_or(0, |known| known.attempt),
        is_due: false,
        needs_correction: false,
        problem,
        stay,
    };
    let (Some(known), Some(service)) = (known, next.service_id) else {
        let step = if wanted.is_some() { Step::Record } else { Step::Keep };
        return (next, step);
    };
    let says = known.started_at.zip(known.ended_at).map(|(from, until)| (moment(from), moment(until)));
    let same = says.is_some() && says == wanted && known.evidence.as_deref() == Some(next.stay.evidence.as_str());
    let ours = withdrawn.get(&service).copied();
    match known.service_status.as_deref() {
        _ if same && ours.is_none() => (next, Step::Keep),
        Some("recorded") => (next, Step::Withdraw),
        Some("rejected") if ours == Some(true) => {
            next.service_id = None;
            let step = if wanted.is_some() { Step::Record } else { Step::Keep };
            (next, step)
        }
        Some("rejected") if known.is_due && ours.is_none() => (next, Step::Withdraw),
        _ => {
            next.needs_correction = true;
            (next, Step::Correct)
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "it writes the presence, too, for the record to be checked against")]
async fn record(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    volunteer: Uuid,
    activity: &Activity,
    next: &mut Next,
    below: bool,
    by: Uuid,
    now: DateTime<Utc>,
) -> Result<(), PresenceError> {
    let Some((from, until)) = next.stay.credited else { return Ok(()) };
    next.attempt += 1;
    let id = Uuid::new_v5(&next.stay.id, format!("service {}", next.attempt).as_bytes());
    next.service_id = Some(id);
    // The presence is no longer open for the check of the record.
    write(tx, scheme, volunteer, activity, next, below, by).await?;
    let details = details(scheme, volunteer, activity, &next.stay, from, until);
    let by = Operator::machine(by, Role::Kiosk, "presence");
    let refused = match services::put_in(tx, scheme, id, details, &by, now).await {
        Ok(_) => return Ok(()),
        Err(ServiceError::Database(error)) => return Err(error.into()),
        Err(ServiceError::Overlapping { .. } | ServiceError::Elsewhere { .. }) => "overlapping_service",
        Err(ServiceError::PaidSession) => "paid_session",
        Err(ServiceError::Invalid(flaws)) => flaws.first().map_or("invalid_request", |flaw| flaw.code),
        Err(error) => {
            tracing::warn!(%error, "a presence became no record");
            "refused"
        }
    };
    next.service_id = None;
    next.problem = Some(refused);
    next.needs_correction = true;
    Ok(())
}

fn details(
    scheme: &OpenScheme,
    volunteer_id: Uuid,
    activity: &Activity,
    stay: &Stay,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> ServiceDetails {
    let of = &activity.details;
    ServiceDetails {
        volunteer_id,
        category: of.category.clone(),
        title: of.title.clone(),
        place: of.place.clone(),
        content: of.content.clone(),
        organiser: of.organiser.clone(),
        person_in_charge: of.person_in_charge.clone(),
        recipient: of.recipient.clone(),
        occurred_on: scheme.config().day_of(from),
        started_at: Some(from),
        ended_at: Some(until),
        minutes: None,
        evidence: stay.evidence,
        level: of.level.clone(),
        role: of.role.clone(),
        count: None,
        filing_number: of.filing_number.clone(),
        activity_id: Some(activity.id),
        unit: of.unit.clone(),
        team: of.team.clone(),
        corrects: None,
        reason: None,
    }
}

async fn known(tx: &mut db::Tx, scheme: &OpenScheme, volunteer: Uuid, activity: Uuid) -> db::Result<Vec<Known>> {
    tx.query(
        "SELECT p.id, p.checked_in_at, p.service_id, p.attempt, p.is_due, s.status AS service_status, s.started_at,
                s.ended_at, s.evidence
         FROM presences AS p LEFT JOIN services AS s ON s.book = p.book AND s.id = p.service_id
         WHERE p.book = $1 AND p.volunteer_id = $2 AND p.activity_id = $3",
    )
    .bind(scheme.book.number())
    .bind(volunteer)
    .bind(activity)
    .fetch_all()
    .await
}

/// The punches of one person at one activity.
pub async fn marks(tx: &mut db::Tx, scheme: &OpenScheme, volunteer: Uuid, activity: Uuid) -> db::Result<Vec<Mark>> {
    let rows: Vec<PunchRow> = tx
        .query(select_punches!("WHERE p.book = $1 AND p.volunteer_id = $2 AND p.activity_id = $3"))
        .bind(scheme.book.number())
        .bind(volunteer)
        .bind(activity)
        .fetch_all()
        .await?;
    let mark = |row: PunchRow| {
        let punch = row.punch()?;
        Ok(Mark { id: punch.id, kind: punch.kind, at: punch.happened_at, method: punch.method })
    };
    rows.into_iter().map(mark).collect()
}

async fn write(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    volunteer: Uuid,
    activity: &Activity,
    next: &Next,
    below: bool,
    by: Uuid,
) -> db::Result<u64> {
    let stay = &next.stay;
    let (status, occupied_until) = match stay.status {
        StayStatus::Open => (PresenceStatus::Open, plan(activity).until.max(stay.checked_in_at)),
        StayStatus::Cancelled => (PresenceStatus::Cancelled, stay.checked_in_at),
        StayStatus::Closed => {
            let out = stay.credited.map(|(_, until)| until).or(stay.checked_out_at);
            (PresenceStatus::Closed, out.unwrap_or(stay.checked_in_at))
        }
    };
    let begins = (stay.status == StayStatus::Open).then(|| stay.checked_in_at.max(activity.details.starts_at));
    tx.query(
        "INSERT INTO presences (book, id, volunteer_id, activity_id, status, checked_in_at, checked_out_at, credited_from,
             credited_until, occupied_until, closed_automatically, below_share, evidence, service_id, attempt, is_due,
             needs_correction, problem, punched_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         ON CONFLICT (book, id) DO UPDATE SET status = excluded.status, checked_in_at = excluded.checked_in_at,
             checked_out_at = excluded.checked_out_at, credited_from = excluded.credited_from,
             credited_until = excluded.credited_until, occupied_until = excluded.occupied_until,
             closed_automatically = excluded.closed_automatically, below_share = excluded.below_share,
             evidence = excluded.evidence, service_id = excluded.service_id, attempt = excluded.attempt,
             is_due = excluded.is_due, needs_correction = excluded.needs_correction, problem = excluded.problem,
             punched_by = excluded.punched_by",
    )
    .bind(scheme.book.number())
    .bind(stay.id)
    .bind(volunteer)
    .bind(activity.id)
    .bind(status.as_str())
    .bind(micros(stay.checked_in_at))
    .bind(stay.checked_out_at.map(micros))
    .bind(stay.credited.map(|(from, _)| from).or(begins).map(micros))
    .bind(stay.credited.map(|(_, until)| micros(until)))
    .bind(micros(occupied_until))
    .bind(stay.closed_automatically)
    .bind(below && stay.status == StayStatus::Closed)
    .bind(stay.evidence.as_str())
    .bind(next.service_id)
    .bind(next.attempt)
    .bind(next.is_due)
    .bind(next.needs_correction)
    .bind(next.problem)
    .bind(by)
    .execute()
    .await
}

/// Of two punches at once, the one with the earlier time may be judged later: what began within this time after it is in its
/// way as well.
pub const AT_ONCE: Duration = Duration::minutes(1);

/// What keeps somebody from signing in at a moment: a presence at another activity, or a service on record.
pub async fn elsewhere(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    volunteer: Uuid,
    activity: Uuid,
    at: DateTime<Utc>,
) -> db::Result<Option<Uuid>> {
    let day = scheme.config().day_of(at);
    let found: Option<(Uuid,)> = tx
        .query(
            "SELECT p.id FROM presences AS p
             WHERE p.book = $1 AND p.volunteer_id = $2 AND p.activity_id <> $3
               AND (p.status = 'open' OR (p.is_due AND p.status = 'closed') OR p.problem = 'paid_session')
               AND p.checked_in_at <= $7 AND p.occupied_until > $4
             UNION ALL
             SELECT s.id FROM services AS s
             WHERE s.book = $1 AND s.volunteer_id = $2 AND s.occurred_on >= $5 AND s.occurred_on <= $6
               AND s.status IN ('recorded', 'published', 'confirmed') AND s.started_at <= $7 AND s.ended_at > $4
               AND NOT EXISTS (SELECT 1 FROM presences AS p
                   WHERE p.book = s.book AND p.service_id = s.id AND p.activity_id = $3)
             LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(volunteer)
        .bind(activity)
        .bind(micros(at))
        .bind(day - Days::new(1))
        .bind(day + Days::new(1))
        .bind(micros(at + AT_ONCE))
        .fetch_optional()
        .await?;
    Ok(found.map(|(id,)| id))
}

/// Withdraws records that no longer say what the punches say, and makes those that do. Nothing is lost when it is interrupted:
/// what is due is marked, and done later.
pub async fn finish(
    scheme: &OpenScheme,
    volunteer: Uuid,
    activity: Uuid,
    by: Uuid,
    now: DateTime<Utc>,
) -> Result<(), PresenceError> {
    for _ in 0..TRIES {
        let due: Vec<(Option<Uuid>,)> = scheme
            .db
            .query("SELECT service_id FROM presences WHERE book = $1 AND volunteer_id = $2 AND activity_id = $3 AND is_due")
            .bind(scheme.book.number())
            .bind(volunteer)
            .bind(activity)
            .fetch_all()
            .await?;
        if due.is_empty() {
            return Ok(());
        }
        let mut withdrawn = Withdrawn::new();
        for service in due.into_iter().filter_map(|(service,)| service) {
            match services::withdraw(scheme, service, now).await {
                Ok(ours) => drop(withdrawn.insert(service, ours)),
                Err(ServiceError::Database(error)) => return Err(error.into()),
                // It stays due.
                Err(error) => {
                    tracing::warn!(%error, "a record could not be withdrawn; it is tried again");
                    return Ok(());
                }
            }
        }
        let mut tx = scheme.db.begin_write().await?;
        lock(&mut tx, scheme, volunteer).await?;
        let Some(of) = activities::find(&mut tx, scheme, activity).await? else { return Ok(()) };
        reconcile(&mut tx, scheme, volunteer, &of, &withdrawn, by, now).await?;
        tx.commit().await?;
    }
    Ok(())
}
