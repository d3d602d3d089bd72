//! Many records in one call: one bad record does not keep the others out.

use super::NewService;
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::{Problem, ProblemSchema, flaw_in_body, service_refused};
use actix_web::{HttpResponse, post};
use scheme::Operator;
use scheme::services::{self, ServiceDetails};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

const BATCH_BYTES_MAX: usize = 8 << 20;
const ITEMS_MAX: usize = 1000;
/// Records that are written together: one sync to disk for all of them.
const TOGETHER: usize = 100;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// At most 1000, each as the body of `PUT /services/{id}`, with its `id`.
    #[schema(value_type = Vec<NewService>)]
    items: Vec<Value>,
}

/// What became of an item.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Created,
    /// It was recorded before.
    Replayed,
    /// It cannot be recorded; `error` says why. Correct it, and send it under the same id.
    Rejected,
    /// The server gave up before it: send it again under the same id.
    NotAttempted,
}

#[derive(Serialize, ToSchema)]
pub struct BatchResult {
    /// `null` when the item has none that can be read.
    id: Option<Uuid>,
    outcome: Outcome,
    /// The problem with which the call for this record alone would have been answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProblemSchema>)]
    error: Option<Value>,
}

#[derive(Serialize, ToSchema)]
pub struct BatchResults {
    /// In the order of the items.
    results: Vec<BatchResult>,
    counts: Counts,
}

#[derive(Serialize, ToSchema)]
pub struct Counts {
    created: usize,
    replayed: usize,
    rejected: usize,
    not_attempted: usize,
}

/// Record many services
///
/// Every item gets its own result, in the order of the items; one that is refused keeps no other out. Send the same again
/// after a broken connection: what was recorded is `replayed`.
#[utoipa::path(tag = "services", request_body = Batch, responses((status = 200, body = BatchResults)))]
#[post("/services/batch")]
pub async fn put_services(
    call: Call<may::PutServices, (), Json<Batch, BATCH_BYTES_MAX>>,
) -> Result<HttpResponse, Problem> {
    let items = &call.input.0.items;
    if items.len() > ITEMS_MAX {
        let (zh, en) = (format!("最多 {ITEMS_MAX} 条"), format!("at most {ITEMS_MAX} items"));
        return Err(Problem::invalid_value("/items", "too_many_items", &zh, &en));
    }
    let mut results = Vec::with_capacity(items.len());
    for items in items.chunks(TOGETHER) {
        results.extend(record(&call, items).await);
    }
    let counts = Counts::of(&results);
    Ok(ok(BatchResults { results, counts }))
}

impl BatchResult {
    pub fn new(id: Option<Uuid>, outcome: Outcome, error: Option<Value>) -> BatchResult {
        BatchResult { id, outcome, error }
    }

    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    pub fn become_of(&mut self, outcome: Outcome, error: Option<Value>) {
        (self.outcome, self.error) = (outcome, error);
    }
}

impl Counts {
    pub fn of(results: &[BatchResult]) -> Counts {
        let count = |outcome| results.iter().filter(|result| result.outcome == outcome).count();
        Counts {
            created: count(Outcome::Created),
            replayed: count(Outcome::Replayed),
            rejected: count(Outcome::Rejected),
            not_attempted: count(Outcome::NotAttempted),
        }
    }
}

async fn record<A, I>(call: &Call<may::PutServices, A, I>, items: &[Value]) -> Vec<BatchResult> {
    let mut results = Vec::with_capacity(items.len());
    let mut records = Vec::with_capacity(items.len());
    for item in items {
        let (id, outcome, error) = match parse(item, call.by()) {
            Ok((id, details)) => {
                records.push((id, details));
                (Some(id), Outcome::NotAttempted, None)
            }
            Err(problem) => {
                let id = item.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
                (id, Outcome::Rejected, Some(call.told(&problem)))
            }
        };
        results.push(BatchResult { id, outcome, error });
    }
    let written = match services::put_many(&call.scheme, records, call.by(), call.now).await {
        Ok(written) => written,
        Err(error) => {
            tracing::warn!(%error, "part of a batch was not attempted");
            return results;
        }
    };
    let open = results.iter_mut().filter(|result| result.outcome == Outcome::NotAttempted);
    for (result, written) in open.zip(written) {
        match written {
            Ok((_, false)) => result.outcome = Outcome::Created,
            Ok((_, true)) => result.outcome = Outcome::Replayed,
            Err(error) => {
                result.outcome = Outcome::Rejected;
                result.error = Some(call.told(&service_refused(error, call.scale())));
            }
        }
    }
    results
}

fn parse(item: &Value, by: &Operator) -> Result<(Uuid, ServiceDetails), Problem> {
    let flaw = |_| flaw_in_body::<NewService>(item.to_string().as_bytes());
    let new: NewService = NewService::deserialize(item).map_err(flaw)?;
    let id = new.id.ok_or_else(|| Problem::invalid_value("/id", "missing_field", "缺少编号", "the id is missing"))?;
    Ok((id, super::of_own_team(new.into(), by)?))
}
