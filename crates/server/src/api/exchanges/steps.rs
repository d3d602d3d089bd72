//! What becomes of a reservation: handed over, cancelled, brought back.

use super::{Exchange, Relation, answer, received};
use crate::api::amounts::Reader;
use crate::api::auth::may;
use crate::api::call::{Call, Json, MaybeJson};
use crate::api::error::{Flaw, Problem, Text};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post};
use scheme::exchanges::{self, Collector, HandOver, Part, Return};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Checked when it is given. After five wrong ones in a quarter of an hour none is listened to; staff may go on with
    /// `identity_checked`.
    #[schema(example = "04821375")]
    pickup_code: Option<String>,
    /// Staff have looked up the person and seen who it is.
    #[serde(default)]
    identity_checked: bool,
    /// With `items`: chosen by you, so that the same again is done once.
    id: Option<Uuid>,
    /// Some pieces now, the rest later; all that is still reserved when left out.
    items: Option<Vec<Pieces>>,
    /// Yuan that were taken in. Written down, and not processed.
    #[schema(example = "8.00")]
    cash_received: Option<String>,
    /// A code for how: `cash`, `wechat`, …
    #[schema(example = "cash")]
    cash_method: Option<String>,
    /// Who comes for it, when not the volunteer; as far as the scheme allows.
    collector: Option<FamilyMember>,
}

/// Pieces of one item.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pieces {
    line: i64,
    #[serde(default = "super::one")]
    #[schema(default = 1)]
    quantity: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FamilyMember {
    relation: Relation,
    /// Kept beside the book, and shown masked.
    #[schema(example = "林小明")]
    name: String,
}

impl Collection {
    fn how(self) -> Result<HandOver, Problem> {
        let mut amounts = Reader::default();
        let cash = received(&mut amounts, self.cash_received.as_deref(), self.cash_method.as_deref());
        let missing = |pointer: &str| Flaw {
            pointer: pointer.to_owned(),
            code: "missing_field".to_owned(),
            detail: Text::new("缺少这个字段", "the field is missing"),
        };
        if self.items.is_some() && self.id.is_none() {
            amounts.flaws.push(missing("/id"));
        }
        if self.id.is_some() && self.items.is_none() {
            amounts.flaws.push(missing("/items"));
        }
        if self.cash_method.is_some() && self.cash_received.is_none() {
            amounts.flaws.push(missing("/cash_received"));
        }
        if !amounts.flaws.is_empty() {
            return Err(Problem::invalid(amounts.flaws));
        }
        Ok(HandOver {
            code: self.pickup_code,
            part: self.id.zip(self.items).map(|(id, items)| Part { id, items: pairs(&items) }),
            cash,
            collector: self.collector.map(|who| Collector { relation: who.relation.into(), name: who.name }),
            identity_checked: self.identity_checked,
        })
    }
}

fn pairs(items: &[Pieces]) -> Vec<(i64, i64)> {
    items.iter().map(|item| (item.line, item.quantity)).collect()
}

/// Hand over what was reserved
///
/// All of it, or with `id` and `items` some pieces now, while the rest stays reserved.
#[utoipa::path(tag = "exchanges", request_body = Option<Collection>, responses((status = 200, body = Exchange)))]
#[post("/exchanges/{id}/collect")]
pub async fn collect_exchange(
    call: Call<may::CollectExchange, Uuid, MaybeJson<Collection>>,
) -> Result<HttpResponse, Problem> {
    let by = &call.caller.operator;
    let how = call.input.0.how()?;
    let done = exchanges::hand_over(&call.scheme, call.at, how, by, call.now).await;
    answer(StatusCode::OK, done, by, &call.scheme.config())
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    reason: Option<String>,
}

/// Give back what was reserved
///
/// What was handed over of it stays so.
#[utoipa::path(tag = "exchanges", request_body = Option<Cancellation>, responses((status = 200, body = Exchange)))]
#[post("/exchanges/{id}/cancel")]
pub async fn cancel_exchange(
    call: Call<may::CancelExchange, Uuid, MaybeJson<Cancellation>>,
) -> Result<HttpResponse, Problem> {
    let by = &call.caller.operator;
    let reason = call.input.0.reason.as_deref();
    let done = exchanges::cancel(&call.scheme, call.at, reason, by, call.now).await;
    answer(StatusCode::OK, done, by, &call.scheme.config())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReturn {
    /// Chosen by you: the same again is done once.
    id: Uuid,
    /// What is brought back; all that was handed over when left out.
    items: Option<Vec<Pieces>>,
    to: ReturnTo,
    reason: Option<String>,
    /// Yuan that were paid back.
    #[schema(example = "8.00")]
    cash_paid_back: Option<String>,
    #[schema(example = "cash")]
    cash_method: Option<String>,
}

/// What becomes of goods that come back.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnTo {
    /// They can be exchanged again.
    Shelf,
    /// They are damaged or used up.
    Loss,
}

/// Take back what was handed over
///
/// Where the scheme takes it back, within its days: points to the lots that they came from, goods to the shelf or to loss, the
/// use to the limit.
#[utoipa::path(tag = "exchanges", request_body = NewReturn, responses((status = 200, body = Exchange)))]
#[post("/exchanges/{id}/return")]
pub async fn return_exchange(call: Call<may::ReturnExchange, Uuid, Json<NewReturn>>) -> Result<HttpResponse, Problem> {
    let by = &call.caller.operator;
    let NewReturn { id, items, to, reason, cash_paid_back, cash_method } = call.input.0;
    let mut amounts = Reader::default();
    let paid_back = cash_paid_back.map(|paid| amounts.yuan("/cash_paid_back", &paid));
    if !amounts.flaws.is_empty() {
        return Err(Problem::invalid(amounts.flaws));
    }
    let back = Return {
        id,
        items: items.as_deref().map(pairs),
        restock: to == ReturnTo::Shelf,
        reason,
        cash: paid_back.map(|received| exchanges::Cash { received, method: cash_method }),
    };
    let done = exchanges::take_back(&call.scheme, call.at, back, by, call.now).await;
    answer(StatusCode::OK, done, by, &call.scheme.config())
}
