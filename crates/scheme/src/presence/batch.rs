//! The queue of a device that was off line.

use super::punch::{moment_of, take};
use super::settle::finish;
use super::{NewPunch, PresenceError, Punch, Who};
use crate::codes;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Utc};
use db::Many;
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// Punches that are written together: one sync to disk for all of them.
const TOGETHER: usize = 100;
/// How far back gaps are looked for.
const WINDOW: i64 = 1_000;

/// A punch, and whether it had been taken before; or why it is not taken.
pub type Taken = Result<(Punch, bool), PresenceError>;

/// Numbers of a device of which nothing has arrived, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub from: i64,
    pub until: i64,
}

/// Takes a queue in the order in which it happened, whatever its order is. The answers stand in the order of the punches; `None`
/// where the database failed before: that is to be sent again. One that is refused keeps no other out.
pub async fn batch(scheme: &OpenScheme, queue: Vec<NewPunch>, by: &Operator, now: DateTime<Utc>) -> Vec<Option<Taken>> {
    let config = scheme.config();
    let mut order: Vec<usize> = (0..queue.len()).collect();
    let at = |index: &usize| queue.get(*index).and_then(|new| moment_of(&config, new, now).ok()).map(|(at, _)| at);
    order.sort_by_key(|index| (at(index).unwrap_or(now), *index));
    let mut answers: Vec<Option<Taken>> = queue.iter().map(|_| None).collect();
    for indices in order.chunks(TOGETHER) {
        let part: Vec<&NewPunch> = indices.iter().filter_map(|index| queue.get(*index)).collect();
        match together(scheme, &part, by, now).await {
            Ok(taken) => {
                for (index, taken) in indices.iter().zip(taken) {
                    if let Some(answer) = answers.get_mut(*index) {
                        *answer = Some(taken);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "part of a queue was not attempted"),
        }
    }
    answers
}

async fn together(
    scheme: &OpenScheme,
    part: &[&NewPunch],
    by: &Operator,
    now: DateTime<Utc>,
) -> db::Result<Vec<Taken>> {
    let mut tx = scheme.db.begin_write().await?;
    lock_all(&mut tx, scheme, part).await?;
    let mut taken = Vec::with_capacity(part.len());
    for new in part {
        taken.push(match take(&mut tx, scheme, new, by, now).await {
            Err(PresenceError::Database(error)) => return Err(error),
            outcome => outcome,
        });
    }
    tx.commit().await?;
    let punched = taken.iter().filter_map(|taken| taken.as_ref().ok());
    let about: HashSet<(Uuid, Uuid)> = punched.map(|(punch, _)| (punch.volunteer_id, punch.activity_id)).collect();
    for (volunteer, activity) in about {
        // What stays due is done by the next look at what is over.
        if let Err(error) = finish(scheme, volunteer, activity, by.key_id, now).await {
            tracing::warn!(%error, "a presence is not settled yet");
        }
    }
    Ok(taken)
}

/// Locks the volunteers in one order, so that two queues do not wait for each other.
async fn lock_all(tx: &mut db::Tx, scheme: &OpenScheme, part: &[&NewPunch]) -> db::Result<()> {
    let (mut ids, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for new in part {
        match &new.who {
            Who::Id(id) => drop(ids.insert(*id)),
            Who::Code(code) => ids.extend(codes::read_volunteer(scheme, code).ok().map(|said| said.id)),
            Who::Number(number) => drop(numbers.insert(number.trim().to_uppercase())),
        }
    }
    tx.lock(
        "SELECT v.id FROM volunteers AS v WHERE v.book = $1
            AND (v.id IN (SELECT i.value FROM many($2) AS i) OR v.number IN (SELECT n.value FROM many($3) AS n))
         ORDER BY v.id",
    )
    .bind(scheme.book.number())
    .bind_many(Many::Uuid(ids.into_iter().collect()))
    .bind_many(Many::Text(numbers.into_iter().collect()))
    .fetch_all::<(Uuid,)>()
    .await?;
    Ok(())
}

/// What is missing among the numbers of a device up to `newest`.
pub async fn gaps(scheme: &OpenScheme, device: &str, newest: i64) -> db::Result<Vec<Gap>> {
    let rows: Vec<(i64,)> = scheme
        .db
        .query(
            "SELECT device_sequence FROM punches
             WHERE book = $1 AND device = $2 AND device_sequence >= $3 AND device_sequence <= $4
             UNION
             SELECT device_sequence FROM refused_punches
             WHERE book = $1 AND device = $2 AND device_sequence >= $3 AND device_sequence <= $4
             ORDER BY 1",
        )
        .bind(scheme.book.number())
        .bind(device.to_owned())
        .bind(newest.saturating_sub(WINDOW))
        .bind(newest)
        .fetch_all()
        .await?;
    let between = |pair: &[(i64,)]| match pair {
        [(one,), (other,)] if other - one > 1 => Some(Gap { from: one + 1, until: other - 1 }),
        _ => None,
    };
    Ok(rows.windows(2).filter_map(between).collect())
}
