//! Whether what volunteers hold can be honoured.

use crate::api::amounts::{points, yuan};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::Call;
use crate::api::error::Problem;
use actix_web::{HttpResponse, get};
use scheme::solvency;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_solvency);
}

#[derive(Serialize, ToSchema)]
pub struct Solvency {
    /// All points that somebody has: available, held, waiting and in the donation pool.
    #[schema(example = "10250.5")]
    outstanding: String,
    /// What volunteers can spend today.
    available: String,
    /// Set aside for reserved exchanges.
    held: String,
    /// To be spent from a later day on.
    waiting: String,
    /// In the donation pool.
    pool: String,
    /// Gone within 30 days, if nobody spends it.
    expiring_30_days: String,
    expiring_90_days: String,
    /// How many points may be outstanding, by the configuration (`points_budget`); `null`: it names none.
    budget: Option<String>,
    /// More is outstanding than the budget.
    over_budget: bool,
    /// The pieces of listed goods on all shelves, at their price in points.
    on_shelves: String,
    /// More is outstanding than the shelves could give.
    over_shelves: bool,
    /// Yuan: what the pieces on all shelves cost, as far as it is known.
    stock_value: String,
    /// The newest entry that is part of it.
    as_of: i64,
}

/// What volunteers hold, and what there is for it
///
/// Adds up the whole book, which takes seconds where there are millions of accounts.
#[utoipa::path(tag = "stock", responses((status = 200, body = Solvency)))]
#[get("/solvency")]
async fn get_solvency(call: Call<may::GetSolvency>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let found = solvency::solvency(&call.scheme, call.now).await?;
    let shown = |amount| points(amount, scale);
    let outstanding = found.outstanding();
    Ok(ok(Solvency {
        outstanding: shown(outstanding),
        available: shown(found.available),
        held: shown(found.held),
        waiting: shown(found.waiting),
        pool: shown(found.pool),
        expiring_30_days: shown(found.expiring_30),
        expiring_90_days: shown(found.expiring_90),
        budget: found.budget.map(shown),
        over_budget: found.budget.is_some_and(|budget| outstanding > budget),
        on_shelves: shown(found.on_shelves),
        over_shelves: outstanding > found.on_shelves,
        stock_value: yuan(found.stock_value),
        as_of: found.as_of,
    }))
}
