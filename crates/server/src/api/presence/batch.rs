//! The queue of a device that was off line. Each item gets its own answer; one that is refused keeps no other out.

use super::wire::{NewPunch, Queue};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::{Problem, flaw_in_body};
use crate::api::services::{BatchResult, Counts, Outcome};
use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use scheme::presence;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

const BATCH_BYTES_MAX: usize = 8 << 20;
const ITEMS_MAX: usize = 1000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PunchQueue {
    #[schema(example = "kiosk-main-1")]
    device: String,
    /// What the device's clock says when it sends this.
    device_clock: DateTime<Utc>,
    /// At most 1000, each as the body of `PUT /presence/{id}` with its `id` and its `device_time`.
    #[schema(value_type = Vec<NewPunch>)]
    items: Vec<Value>,
}

#[derive(Serialize, ToSchema)]
pub struct PunchQueueResults {
    /// In the order of the items.
    results: Vec<BatchResult>,
    counts: Counts,
    /// Numbers of the device that never arrived, both ends included, up to the newest of this queue.
    gaps: Vec<Gap>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SequenceGap)]
pub struct Gap {
    from: i64,
    until: i64,
}

/// Take the queue of a device that was off line
///
/// Send it again after a broken connection: what was taken is `replayed`. The device's times are corrected by what its clock
/// lacks now; `clock_implausible` when that cannot be. Punches are taken in the order in which they happened, and what arrives
/// late finds its place: a record that was closed for want of a check-out is replaced while nobody has confirmed it.
#[utoipa::path(tag = "presence", request_body = PunchQueue, responses((status = 200, body = PunchQueueResults)))]
#[post("/presence/batch")]
pub async fn put_punches(
    call: Call<may::PutPunches, (), Json<PunchQueue, BATCH_BYTES_MAX>>,
) -> Result<HttpResponse, Problem> {
    let PunchQueue { device, device_clock, items } = &call.input.0;
    if items.len() > ITEMS_MAX {
        let (zh, en) = (format!("最多 {ITEMS_MAX} 条"), format!("at most {ITEMS_MAX} items"));
        return Err(Problem::invalid_value("/items", "too_many_items", &zh, &en));
    }
    let queue = Queue { device, device_clock: *device_clock };
    let (mut results, mut punches) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for item in items {
        results.push(match parse(item, &queue) {
            Ok(punch) => {
                let id = Some(punch.id);
                punches.push(punch);
                BatchResult::new(id, Outcome::NotAttempted, None)
            }
            Err(problem) => {
                let id = item.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
                BatchResult::new(id, Outcome::Rejected, Some(call.told(&problem)))
            }
        });
    }
    let newest = punches.iter().filter_map(|punch| punch.device_sequence).max();
    let taken = presence::batch(&call.scheme, punches, call.by(), call.now).await;
    let open = results.iter_mut().filter(|result| result.outcome() == Outcome::NotAttempted);
    for (result, taken) in open.zip(taken) {
        match taken {
            None => {}
            Some(Ok((_, false))) => result.become_of(Outcome::Created, None),
            Some(Ok((_, true))) => result.become_of(Outcome::Replayed, None),
            Some(Err(error)) => result.become_of(Outcome::Rejected, Some(call.told(&error.into()))),
        }
    }
    let gaps = match newest {
        Some(newest) => presence::gaps(&call.scheme, device, newest).await?,
        None => Vec::new(),
    };
    let gaps = gaps.into_iter().map(|gap| Gap { from: gap.from, until: gap.until }).collect();
    let counts = Counts::of(&results);
    Ok(ok(PunchQueueResults { results, counts, gaps }))
}

fn parse(item: &Value, queue: &Queue<'_>) -> Result<presence::NewPunch, Problem> {
    let flaw = |_| flaw_in_body::<NewPunch>(item.to_string().as_bytes());
    let new: NewPunch = NewPunch::deserialize(item).map_err(flaw)?;
    new.punch(None, Some(queue))
}
