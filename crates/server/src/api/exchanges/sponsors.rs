//! What sponsors are owed.

use crate::api::amounts::{in_account, yuan};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::error::{Problem, exchange_refused};
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::config::Scheme;
use scheme::exchanges::{self, SettlementPeriod, SponsoredReward};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SettlementQuery {
    /// The first day, in the scheme's time zone.
    from: NaiveDate,
    /// The last day, included.
    until: NaiveDate,
    /// All sponsors when left out.
    sponsor: Option<String>,
    /// As the book stood after this entry; now when left out.
    as_of: Option<i64>,
}

/// What was handed over of sponsored rewards in a period, less what came back in it.
#[derive(Serialize, ToSchema)]
pub struct Settlements {
    from: NaiveDate,
    until: NaiveDate,
    /// Sequence of the newest entry that is part of it: asked for again, it gives the same.
    as_of: i64,
    rewards: Vec<SettledReward>,
}

#[derive(Serialize, ToSchema)]
pub struct SettledReward {
    sponsor: String,
    reward_id: Uuid,
    name: String,
    /// The account that paid; `null`: points.
    account: Option<String>,
    handed_over: i64,
    returned: i64,
    /// `handed_over` less `returned`.
    pieces: i64,
    /// For these pieces; hours, when an account of minutes paid.
    #[schema(example = "30")]
    points: String,
    /// Yuan that volunteers owed beside the points.
    #[schema(example = "24")]
    cash: String,
}

fn settled(reward: SponsoredReward, config: &Scheme) -> SettledReward {
    SettledReward {
        points: in_account(reward.points, reward.account.as_deref(), config),
        cash: yuan(reward.cash),
        pieces: reward.handed_over - reward.returned,
        sponsor: reward.sponsor,
        reward_id: reward.reward_id,
        name: reward.name,
        account: reward.account,
        handed_over: reward.handed_over,
        returned: reward.returned,
    }
}

/// Settle with sponsors
///
/// Reward by reward, what was handed over from the first day to the last, whenever it was reserved.
#[utoipa::path(tag = "exchanges", params(SettlementQuery), responses((status = 200, body = Settlements)))]
#[get("/settlements")]
pub async fn get_settlements(
    call: Call<may::GetSettlements, (), Query<SettlementQuery>>,
) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let SettlementQuery { from, until, sponsor, as_of } = &call.input.0;
    if until < from {
        let (zh, en) = ("最后一天不能早于第一天", "the last day is not before the first");
        return Err(Problem::invalid_value("/query/until", "end_before_start", zh, en));
    }
    let period = SettlementPeriod { from: *from, until: *until };
    let found = exchanges::settlements(&call.scheme, period, sponsor.as_deref(), *as_of).await;
    let found = found.map_err(|error| exchange_refused(error, &config))?;
    let rewards = found.rewards.into_iter().map(|reward| settled(reward, &config)).collect();
    Ok(ok(Settlements { from: *from, until: *until, as_of: found.as_of, rewards }))
}
