//! Writing an activity down, and changing it.

use super::{
    Activity, ActivityDetails, ActivityError, ActivityStatus, check, find, get, lock, may_act, notices, signups,
};
use crate::keys::Operator;
use crate::micros;
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, Written};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Plans an activity under an id that the caller chose, or changes one that has neither ended nor been cancelled. `expected` is
/// the version that the caller has seen. More places than before go to those who wait.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    details: ActivityDetails,
    expected: Option<i64>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Activity, Written), ActivityError> {
    let config = scheme.config();
    let mut flaws = check::flaws(&config, &details);
    flaws.extend(check::places(scheme, &details).await?);
    if !flaws.is_empty() {
        return Err(ActivityError::Invalid(flaws));
    }
    may_act(by, details.team.as_deref(), details.station.as_deref())?;
    let details = ActivityDetails { closes_at: Some(check::closing(&config, &details)), ..details };
    let mut tx = scheme.db.begin_write().await?;
    let written = put_in(&mut tx, scheme, id, details, expected, by, now).await?;
    tx.commit().await?;
    notices::tell(scheme, now).await?;
    Ok((get(scheme, id).await?, written))
}

/// Plans an activity in the caller's transaction; one of this id that is there already stays as it is.
pub(crate) async fn plan_in(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: ActivityDetails,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Written, ActivityError> {
    let config = scheme.config();
    let flaws = check::flaws(&config, &details);
    if !flaws.is_empty() {
        return Err(ActivityError::Invalid(flaws));
    }
    let details = ActivityDetails { closes_at: Some(check::closing(&config, &details)), ..details };
    let made = insert(tx, scheme, id, &details, None, ActivityStatus::Planned, by, now).await?;
    Ok(if made { Written::Created } else { Written::Same })
}

/// `details` are correct, and say when sign-up closes.
async fn put_in(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: ActivityDetails,
    expected: Option<i64>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Written, ActivityError> {
    let known = match lock(tx, scheme, id).await {
        Ok(known) => Some(known),
        Err(ActivityError::ActivityNotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(ActivityError::VersionDiffers { current });
    }
    let Some(known) = known else {
        // Another may have made it since.
        return match insert(tx, scheme, id, &details, None, ActivityStatus::Planned, by, now).await? {
            true => Ok(Written::Created),
            false => Err(ActivityError::Busy),
        };
    };
    if known.details == details {
        return Ok(Written::Same);
    }
    may_act(by, known.details.team.as_deref(), known.details.station.as_deref())?;
    may_change(tx, scheme, &known, &details).await?;
    update(tx, scheme, id, &details, now).await?;
    if let Some(changed) = find(tx, scheme, id).await? {
        signups::promote(tx, scheme, &changed, by, now).await?;
    }
    Ok(Written::Changed)
}

async fn may_change(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    known: &Activity,
    details: &ActivityDetails,
) -> Result<(), ActivityError> {
    if !matches!(known.status, ActivityStatus::Planned | ActivityStatus::Published) {
        return Err(ActivityError::StateConflict { status: known.status.as_str() });
    }
    // What was free cannot become paid for, nor the other way round: records rest on it.
    if known.details.fee_kind != details.fee_kind {
        return Err(ActivityError::IdTaken { field: "fee_kind".to_owned() });
    }
    let taken = signups::taken(tx, scheme, known.id).await?;
    let mut flaws = Vec::new();
    if details.capacity.is_some_and(|capacity| capacity < taken.values().sum()) {
        flaws.push(Invalid::new("capacity", "fewer_than_signed_up", "more people have a place already"));
    }
    for (post, people) in taken.iter().filter_map(|(post, people)| Some((post.as_ref()?, people))) {
        let kept = details.posts.iter().find(|one| one.code == *post);
        if kept.is_none_or(|kept| kept.capacity.is_some_and(|capacity| capacity < *people)) {
            flaws.push(Invalid::new("posts", "fewer_than_signed_up", format!("{people} people have the post {post}")));
        }
    }
    if flaws.is_empty() { Ok(()) } else { Err(ActivityError::Invalid(flaws)) }
}

/// The values that stand alike in an insertion and in an update, in the order of the columns.
macro_rules! bind_details {
    ($query:expr, $details:expr) => {
        $query
            .bind($details.title.clone())
            .bind($details.content.clone())
            .bind($details.category.clone())
            .bind($details.unit.clone())
            .bind($details.team.clone())
            .bind($details.station.clone())
            .bind($details.place.clone())
            .bind($details.organiser.clone())
            .bind($details.person_in_charge.clone())
            .bind($details.recipient.clone())
            .bind(micros($details.starts_at))
            .bind(micros($details.ends_at))
            .bind($details.level.clone())
            .bind($details.role.clone())
            .bind($details.filing_number.clone())
            .bind($details.capacity)
            .bind($details.waiting_list)
            .bind(serde_json::to_string(&$details.posts).expect("texts and numbers are plain data"))
            .bind($details.min_age)
            .bind($details.max_age)
            .bind($details.requires_training.clone())
            .bind($details.requires_insurance)
            .bind($details.insured)
            .bind($details.fee_kind.as_str())
            .bind($details.mode.as_str())
            .bind($details.walk_ups)
            .bind($details.share_percent)
            .bind($details.early_minutes)
            .bind(micros($details.closes_at.unwrap_or($details.starts_at)))
    };
}

/// Answers `false` when there is one of this id already.
#[expect(clippy::too_many_arguments, reason = "a row has that many parts")]
pub(crate) async fn insert(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: &ActivityDetails,
    repeats: Option<Uuid>,
    status: ActivityStatus,
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<bool> {
    let query = tx
        .query(
            "INSERT INTO activities (book, id, title, content, category, unit, team, station, place, organiser,
                 person_in_charge, recipient, starts_at, ends_at, level, role, filing_number, capacity, waiting_list, posts,
                 min_age, max_age, requires_training, requires_insurance, insured, fee_kind, mode, walk_ups, share_percent,
                 early_minutes, closes_at, repeats, status, newest_signup, is_told, version, created_by, created_at,
                 updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                 $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, 0, FALSE, 1, $34, $35, $35)
             ON CONFLICT DO NOTHING",
        )
        .bind(scheme.book.number())
        .bind(id);
    let query = bind_details!(query, details).bind(repeats).bind(status.as_str()).bind(by.key_id).bind(micros(now));
    Ok(query.execute().await? == 1)
}

async fn update(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    id: Uuid,
    details: &ActivityDetails,
    now: DateTime<Utc>,
) -> db::Result<u64> {
    let query = tx
        .query(
            "UPDATE activities SET title = $3, content = $4, category = $5, unit = $6, team = $7, station = $8, place = $9,
                 organiser = $10, person_in_charge = $11, recipient = $12, starts_at = $13, ends_at = $14, level = $15,
                 role = $16, filing_number = $17, capacity = $18, waiting_list = $19, posts = $20, min_age = $21,
                 max_age = $22, requires_training = $23, requires_insurance = $24, insured = $25, fee_kind = $26,
                 mode = $27, walk_ups = $28, share_percent = $29, early_minutes = $30, closes_at = $31,
                 version = version + 1, updated_at = $32
             WHERE book = $1 AND id = $2",
        )
        .bind(scheme.book.number())
        .bind(id);
    bind_details!(query, details).bind(micros(now)).execute().await
}
