//! Who takes part in an activity, and who waits for a place. The activity's row is locked while anybody is taken in or let go,
//! so that there are never more people than places, and those who wait get one in their order.

use super::{Activity, ActivityError, ActivityStatus, Post, eligible, get, lock, may_act, notices, words};
use crate::exchanges::Ineligible;
use crate::keys::Operator;
use crate::rules::Evidence;
use crate::schemes::OpenScheme;
use crate::services::{self, ServiceDetails};
use crate::volunteers::{self, Invalid};
use crate::{micros, moment};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

words! {
    SignupStatus:
        SignedUp = "signed_up",
        Waiting = "waiting",
        Cancelled = "cancelled",
        /// Was there.
        Attended = "attended",
        /// Did not come, and did not cancel.
        NoShow = "no_show",
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signup {
    pub activity_id: Uuid,
    pub volunteer_id: Uuid,
    /// Code.
    pub post: Option<String>,
    pub status: SignupStatus,
    /// Order of signing up; those who wait are given places by it.
    pub position: i64,
    pub signed_up_at: DateTime<Utc>,
    /// When a place that became free was given to them.
    pub promoted_at: Option<DateTime<Utc>>,
    pub changed_at: DateTime<Utc>,
}

/// Somebody on the list of an activity, for those who hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    pub signup: Signup,
    pub number: String,
    pub name: String,
    pub phone: Option<String>,
}

#[derive(sqlx::FromRow)]
struct SignupRow {
    activity_id: Uuid,
    volunteer_id: Uuid,
    post: Option<String>,
    status: String,
    position: i64,
    signed_up_at: i64,
    promoted_at: Option<i64>,
    changed_at: i64,
}

impl SignupRow {
    fn signup(self) -> db::Result<Signup> {
        Ok(Signup {
            activity_id: self.activity_id,
            volunteer_id: self.volunteer_id,
            post: self.post,
            status: SignupStatus::stored(&self.status)?,
            position: self.position,
            signed_up_at: moment(self.signed_up_at),
            promoted_at: self.promoted_at.map(moment),
            changed_at: moment(self.changed_at),
        })
    }
}

async fn find(tx: &mut db::Tx, scheme: &OpenScheme, activity: Uuid, volunteer: Uuid) -> db::Result<Option<Signup>> {
    let row: Option<SignupRow> = tx
        .query(
            "SELECT activity_id, volunteer_id, post, status, position, signed_up_at, promoted_at, changed_at FROM signups
             WHERE book = $1 AND activity_id = $2 AND volunteer_id = $3",
        )
        .bind(scheme.book.number())
        .bind(activity)
        .bind(volunteer)
        .fetch_optional()
        .await?;
    row.map(SignupRow::signup).transpose()
}

/// Takes somebody in, or puts them on the waiting list. The same again is answered with the sign-up, and `true`.
pub async fn sign_up(
    scheme: &OpenScheme,
    activity: Uuid,
    volunteer: Uuid,
    post: Option<&str>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Signup, bool), ActivityError> {
    let person = volunteers::get(scheme, volunteer).await?;
    let mut tx = scheme.db.begin_write().await?;
    // First the volunteer, as a check-in does.
    let unmerged = volunteers::lock_unmerged(&mut tx, scheme, volunteer).await;
    let activity = lock(&mut tx, scheme, activity).await?;
    may_act(by, activity.details.team.as_deref(), activity.details.station.as_deref())?;
    let known = find(&mut tx, scheme, activity.id, volunteer).await?;
    if let Some(known) = known.filter(|known| known.status != SignupStatus::Cancelled) {
        return match known.post.as_deref() == post {
            true => Ok((known, true)),
            false => Err(ActivityError::IdTaken { field: "post".to_owned() }),
        };
    }
    unmerged?;
    if person.status == volunteers::Status::Inactive {
        let lacks =
            Ineligible { condition: "active".to_owned(), needed: "active".to_owned(), available: String::new() };
        return Err(ActivityError::NotEligible(lacks));
    }
    match activity.status {
        ActivityStatus::Published if now < activity.closes_at() => {}
        ActivityStatus::Published => return Err(ActivityError::Closed { since: activity.closes_at() }),
        status => return Err(ActivityError::StateConflict { status: status.as_str() }),
    }
    let chosen = post_of(&activity, post)?;
    if let Some(lacks) = eligible(&mut tx, scheme, &activity, chosen, &person).await? {
        return Err(ActivityError::NotEligible(lacks));
    }
    if let Some(other) = elsewhere(&mut tx, scheme, &activity, volunteer).await? {
        return Err(ActivityError::Overlapping { other });
    }
    let status = match full(&activity, post, &taken(&mut tx, scheme, activity.id).await?) {
        None => SignupStatus::SignedUp,
        Some(_) if activity.details.waiting_list => SignupStatus::Waiting,
        Some(full) => return Err(full),
    };
    insert(&mut tx, scheme, activity.id, volunteer, post, status, by, now).await?;
    let signup = find(&mut tx, scheme, activity.id, volunteer).await?.ok_or(ActivityError::SignupNotFound)?;
    tx.commit().await?;
    Ok((signup, false))
}

/// Another activity at that time at which the volunteer, whose row is locked, has or waits for a place. An emergency calls people
/// away from what they had planned.
async fn elsewhere(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    activity: &Activity,
    volunteer: Uuid,
) -> db::Result<Option<Uuid>> {
    if activity.details.mode == super::Mode::Emergency {
        return Ok(None);
    }
    let other: Option<(Uuid,)> = tx
        .query(
            "SELECT a.id FROM signups AS u JOIN activities AS a ON a.book = u.book AND a.id = u.activity_id
             WHERE u.book = $1 AND u.volunteer_id = $2 AND u.activity_id <> $3 AND u.status IN ('signed_up', 'waiting', 'attended')
                 AND a.status = 'published' AND a.mode <> 'emergency' AND a.starts_at < $5 AND a.ends_at > $4
             ORDER BY a.starts_at, a.id LIMIT 1",
        )
        .bind(scheme.book.number())
        .bind(volunteer)
        .bind(activity.id)
        .bind(micros(activity.details.starts_at))
        .bind(micros(activity.details.ends_at))
        .fetch_optional()
        .await?;
    Ok(other.map(|(id,)| id))
}

fn post_of<'a>(activity: &'a Activity, post: Option<&str>) -> Result<Option<&'a Post>, ActivityError> {
    let refuse = |code, detail: &str| Err(ActivityError::Invalid(vec![Invalid::new("post", code, detail)]));
    match post {
        Some(code) => match activity.post(code) {
            None => refuse("unknown_post", "the activity has no such post"),
            found => Ok(found),
        },
        None if !activity.details.posts.is_empty() => refuse("missing_post", "the activity has posts to choose from"),
        None => Ok(None),
    }
}

#[expect(clippy::too_many_arguments, reason = "a row has that many parts")]
async fn insert(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    activity: Uuid,
    volunteer: Uuid,
    post: Option<&str>,
    status: SignupStatus,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<()> {
    tx.query("UPDATE activities SET newest_signup = newest_signup + 1 WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(activity)
        .execute()
        .await?;
    tx.query(
        "INSERT INTO signups (book, activity_id, volunteer_id, post, status, position, signed_up_by, signed_up_at, is_told,
             changed_by, changed_at)
         SELECT $1, $2, $3, $4, $5, a.newest_signup, $6, $7, TRUE, $6, $7 FROM activities AS a
         WHERE a.book = $1 AND a.id = $2
         ON CONFLICT (book, activity_id, volunteer_id) DO UPDATE SET post = excluded.post, status = excluded.status,
             position = excluded.position, signed_up_by = excluded.signed_up_by, signed_up_at = excluded.signed_up_at,
             promoted_at = NULL, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
    )
    .bind(scheme.book.number())
    .bind(activity)
    .bind(volunteer)
    .bind(post.map(str::to_owned))
    .bind(status.as_str())
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await?;
    Ok(())
}

/// How many have a place, by post.
pub(super) async fn taken(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    activity: Uuid,
) -> db::Result<BTreeMap<Option<String>, i64>> {
    let rows: Vec<(Option<String>, i64)> = tx
        .query(
            "SELECT post, COUNT(*) FROM signups
             WHERE book = $1 AND activity_id = $2 AND status IN ('signed_up', 'attended', 'no_show') GROUP BY post",
        )
        .bind(scheme.book.number())
        .bind(activity)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().collect())
}

/// Why there is no place for one more.
fn full(activity: &Activity, post: Option<&str>, taken: &BTreeMap<Option<String>, i64>) -> Option<ActivityError> {
    if let Some(needed) = activity.details.capacity.filter(|capacity| taken.values().sum::<i64>() >= *capacity) {
        return Some(ActivityError::Full { needed, post: None });
    }
    let post = post?;
    let people = taken.get(&Some(post.to_owned())).copied().unwrap_or(0);
    let capacity = activity.post(post).and_then(|post| post.capacity).filter(|capacity| people >= *capacity);
    capacity.map(|needed| ActivityError::Full { needed, post: Some(post.to_owned()) })
}

/// Gives free places to those who wait, in their order. A post that is full does not keep those behind from another.
pub(super) async fn promote(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    activity: &Activity,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<()> {
    if activity.status != ActivityStatus::Published || now >= activity.settles_at() || activity.waiting == 0 {
        return Ok(());
    }
    let waiting: Vec<(Uuid, Option<String>)> = tx
        .query(
            "SELECT volunteer_id, post FROM signups WHERE book = $1 AND activity_id = $2 AND status = 'waiting'
             ORDER BY position",
        )
        .bind(scheme.book.number())
        .bind(activity.id)
        .fetch_all()
        .await?;
    let mut taken = taken(tx, scheme, activity.id).await?;
    for (volunteer, post) in waiting {
        if full(activity, post.as_deref(), &taken).is_some() {
            continue;
        }
        *taken.entry(post).or_default() += 1;
        tx.query(
            "UPDATE signups SET status = 'signed_up', promoted_at = $4, is_told = FALSE, changed_by = $5, changed_at = $4
             WHERE book = $1 AND activity_id = $2 AND volunteer_id = $3",
        )
        .bind(scheme.book.number())
        .bind(activity.id)
        .bind(volunteer)
        .bind(micros(now))
        .bind(by.key_id)
        .execute()
        .await?;
    }
    Ok(())
}

/// Lets somebody go, until the activity begins; whoever waits gets the place. Once more changes nothing, and answers `true`.
pub async fn cancel_signup(
    scheme: &OpenScheme,
    activity: Uuid,
    volunteer: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Signup, bool), ActivityError> {
    let mut tx = scheme.db.begin_write().await?;
    let activity = lock(&mut tx, scheme, activity).await?;
    may_act(by, activity.details.team.as_deref(), activity.details.station.as_deref())?;
    let known = find(&mut tx, scheme, activity.id, volunteer).await?.ok_or(ActivityError::SignupNotFound)?;
    match known.status {
        SignupStatus::Cancelled => return Ok((known, true)),
        SignupStatus::SignedUp | SignupStatus::Waiting if now < activity.settles_at() => {}
        SignupStatus::SignedUp | SignupStatus::Waiting => {
            return Err(ActivityError::Closed { since: activity.settles_at() });
        }
        status => return Err(ActivityError::StateConflict { status: status.as_str() }),
    }
    set(&mut tx, scheme, &known, SignupStatus::Cancelled, by, now).await?;
    promote(&mut tx, scheme, &activity, by, now).await?;
    let signup = find(&mut tx, scheme, activity.id, volunteer).await?.ok_or(ActivityError::SignupNotFound)?;
    tx.commit().await?;
    notices::tell(scheme, now).await?;
    Ok((signup, false))
}

async fn set(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    signup: &Signup,
    status: SignupStatus,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    tx.query(
        "UPDATE signups SET status = $4, changed_by = $5, changed_at = $6
         WHERE book = $1 AND activity_id = $2 AND volunteer_id = $3",
    )
    .bind(scheme.book.number())
    .bind(signup.activity_id)
    .bind(signup.volunteer_id)
    .bind(status.as_str())
    .bind(by.key_id)
    .bind(micros(now))
    .execute()
    .await
}

/// Marks somebody who was signed up and did not come. Where the scheme names an event for it, that is recorded, and waits for
/// a reviewer as every record does. Once more changes nothing, and answers `true`.
pub async fn mark_no_show(
    scheme: &OpenScheme,
    activity: Uuid,
    volunteer: Uuid,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Signup, bool), ActivityError> {
    volunteers::require(scheme, volunteer).await?;
    let mut tx = scheme.db.begin_write().await?;
    // As a check-in does: first the volunteer, then what they are signed up for.
    tx.lock("SELECT number FROM volunteers WHERE book = $1 AND id = $2")
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_optional::<(String,)>()
        .await?;
    let activity = lock(&mut tx, scheme, activity).await?;
    may_act(by, activity.details.team.as_deref(), activity.details.station.as_deref())?;
    let known = find(&mut tx, scheme, activity.id, volunteer).await?.ok_or(ActivityError::SignupNotFound)?;
    match known.status {
        SignupStatus::NoShow => return Ok((known, true)),
        SignupStatus::SignedUp if activity.status == ActivityStatus::Cancelled => {
            return Err(ActivityError::StateConflict { status: activity.status.as_str() });
        }
        SignupStatus::SignedUp if now >= activity.details.starts_at => {}
        // Nobody has failed to come to what has not begun.
        status => return Err(ActivityError::StateConflict { status: status.as_str() }),
    }
    set(&mut tx, scheme, &known, SignupStatus::NoShow, by, now).await?;
    if let Some(event) = scheme.config().presence.no_show_event.clone() {
        let id = no_show_id(activity.id, volunteer, known.position);
        services::put_in(&mut tx, scheme, id, no_show(scheme, &activity, volunteer, event), by, now).await?;
    }
    let signup = find(&mut tx, scheme, activity.id, volunteer).await?.ok_or(ActivityError::SignupNotFound)?;
    tx.commit().await?;
    Ok((signup, false))
}

/// The record that not coming is.
fn no_show_id(activity: Uuid, volunteer: Uuid, position: i64) -> Uuid {
    Uuid::new_v5(&activity, format!("no_show {volunteer} {position}").as_bytes())
}

fn no_show(scheme: &OpenScheme, activity: &Activity, volunteer_id: Uuid, category: String) -> ServiceDetails {
    let details = &activity.details;
    ServiceDetails {
        volunteer_id,
        category,
        title: details.title.clone(),
        place: details.place.clone(),
        content: "报名未到".to_owned(),
        organiser: details.organiser.clone(),
        person_in_charge: details.person_in_charge.clone(),
        recipient: None,
        occurred_on: scheme.config().day_of(details.starts_at),
        started_at: None,
        ended_at: None,
        minutes: None,
        evidence: Evidence::LeaderConfirmed,
        level: None,
        role: None,
        count: None,
        filing_number: details.filing_number.clone(),
        activity_id: Some(activity.id),
        unit: details.unit.clone(),
        team: details.team.clone(),
        corrects: None,
        reason: None,
    }
}

/// Whether somebody who wants to sign in may: with a place, or where anybody may come and nothing else speaks against it.
pub(crate) async fn may_come(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    activity: &Activity,
    volunteer: Uuid,
) -> Result<Result<(), Option<Ineligible>>, ActivityError> {
    let signup = find(tx, scheme, activity.id, volunteer).await?;
    let has_place = |signup: &Signup| !matches!(signup.status, SignupStatus::Cancelled | SignupStatus::Waiting);
    if signup.as_ref().is_some_and(has_place) {
        return Ok(Ok(()));
    }
    if !activity.details.walk_ups && activity.details.mode != super::Mode::Emergency {
        return Ok(Err(None));
    }
    let person = volunteers::get(scheme, volunteer).await?;
    Ok(eligible(tx, scheme, activity, None, &person).await?.map_or(Ok(()), |lacks| Err(Some(lacks))))
}

/// Makes the sign-up say whether the volunteer was there, as the punches say.
pub(crate) async fn note_presence(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    activity: Uuid,
    volunteer: Uuid,
    present: bool,
    by: Uuid,
    now: DateTime<Utc>,
) -> db::Result<()> {
    let (status, before, other) = match present {
        true => ("attended", "signed_up", "no_show"),
        false => ("signed_up", "attended", "attended"),
    };
    tx.query(
        "UPDATE signups SET status = $4, changed_by = $7, changed_at = $8
         WHERE book = $1 AND activity_id = $2 AND volunteer_id = $3 AND status IN ($5, $6)",
    )
    .bind(scheme.book.number())
    .bind(activity)
    .bind(volunteer)
    .bind(status)
    .bind(before)
    .bind(other)
    .bind(by)
    .bind(micros(now))
    .execute()
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct AttendeeRow {
    #[sqlx(flatten)]
    signup: SignupRow,
    number: String,
    name: String,
    phone: Option<String>,
}

/// Who is on the list of an activity, by the order of signing up, those after `after`.
pub async fn attendees(
    scheme: &OpenScheme,
    activity: Uuid,
    status: Option<SignupStatus>,
    after: i64,
    limit: i64,
    by: &Operator,
) -> Result<Vec<Attendee>, ActivityError> {
    let activity = get(scheme, activity).await?;
    may_act(by, activity.details.team.as_deref(), None)?;
    let rows: Vec<AttendeeRow> = scheme
        .db
        .query(
            "SELECT u.activity_id, u.volunteer_id, u.post, u.status, u.position, u.signed_up_at, u.promoted_at, u.changed_at,
                    v.number, v.name, v.phone
             FROM signups AS u JOIN volunteers AS v ON v.book = u.book AND v.id = u.volunteer_id
             WHERE u.book = $1 AND u.activity_id = $2 AND ($3 IS NULL OR u.status = $3) AND u.position > $4
             ORDER BY u.position LIMIT $5",
        )
        .bind(scheme.book.number())
        .bind(activity.id)
        .bind(status.map(SignupStatus::as_str))
        .bind(after)
        .bind(limit)
        .fetch_all()
        .await?;
    let attendee = |row: AttendeeRow| {
        Ok(Attendee { signup: row.signup.signup()?, number: row.number, name: row.name, phone: row.phone })
    };
    Ok(rows.into_iter().map(attendee).collect::<db::Result<_>>()?)
}

/// What a volunteer has signed up for, the latest activity first.
pub async fn signups_of(scheme: &OpenScheme, volunteer: Uuid) -> Result<Vec<Signup>, ActivityError> {
    volunteers::require(scheme, volunteer).await?;
    let rows: Vec<SignupRow> = scheme
        .db
        .query(
            "SELECT u.activity_id, u.volunteer_id, u.post, u.status, u.position, u.signed_up_at, u.promoted_at, u.changed_at
             FROM signups AS u JOIN activities AS a ON a.book = u.book AND a.id = u.activity_id
             WHERE u.book = $1 AND u.volunteer_id = $2 ORDER BY a.starts_at DESC, a.id LIMIT 200",
        )
        .bind(scheme.book.number())
        .bind(volunteer)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(SignupRow::signup).collect::<db::Result<_>>()?)
}
