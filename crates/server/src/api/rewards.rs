//! The rewards catalogue: goods with stock, services with sessions.

mod sessions;
mod stock;

use crate::api::amounts::{Reader, points, yuan};
use crate::api::answers::{ok, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::rewards;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_reward)
        .service(get_reward)
        .service(list_rewards)
        .service(stock::change_stock)
        .service(sessions::put_session)
        .service(sessions::list_sessions);
}

/// Goods have stock; services may have sessions with seats.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RewardKind)]
pub enum Kind {
    Good,
    Service,
}

/// So many pieces or uses for one person in a period.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    #[schema(example = 2)]
    uses: i64,
    per: Period,
}

/// Calendar periods of the scheme's time zone; weeks begin on Monday.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Ever,
}

same_words!(Kind, rewards::Kind: Good Service);
same_words!(Period, rewards::Period: Day Week Month Quarter Year Ever);

/// A reward as somebody writes it down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReward {
    kind: Kind,
    #[schema(example = "免费义剪")]
    name: String,
    /// For one piece or one use. Hours, where the rules let an account of minutes pay.
    #[schema(example = "10")]
    price_points: String,
    /// Yuan, to be paid at the station beside the points.
    #[schema(example = "8.00")]
    price_cash: Option<String>,
    limit: Option<Limit>,
    /// The star that the volunteer's hours must be worth, 1 to 5.
    min_star: Option<i64>,
    /// The first day on which it is offered.
    from: Option<NaiveDate>,
    /// The last day on which it is offered.
    until: Option<NaiveDate>,
    /// How long a reservation is kept; three days when left out. A session keeps it until its end.
    hold_minutes: Option<i64>,
    sponsor: Option<String>,
    /// A code; rules of exchange name the groups that they cover.
    #[schema(example = "daily_goods")]
    group: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Reward {
    id: Uuid,
    kind: Kind,
    name: String,
    #[schema(example = "10")]
    price_points: String,
    #[schema(example = "8")]
    price_cash: Option<String>,
    limit: Option<Limit>,
    min_star: Option<i64>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    hold_minutes: i64,
    sponsor: Option<String>,
    group: Option<String>,
    /// Where pieces of it were ever on the shelf.
    stations: Vec<String>,
    /// Pieces that are on the shelf and not reserved: at the station asked for, or at all. `null` for a service.
    available: Option<i64>,
    /// Counts changes; also in the header `ETag`.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct Rewards {
    rewards: Vec<Reward>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RewardsQuery {
    /// Only what is offered at this station.
    station: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

const THREE_DAYS_MINUTES: i64 = 3 * 24 * 60;

impl NewReward {
    fn details(self, scale: u8) -> Result<rewards::RewardDetails, Problem> {
        let mut amounts = Reader::default();
        let price_points = amounts.points("/price_points", &self.price_points, scale);
        let price_cash = self.price_cash.map(|cash| amounts.yuan("/price_cash", &cash));
        if !amounts.flaws.is_empty() {
            return Err(Problem::invalid(amounts.flaws));
        }
        Ok(rewards::RewardDetails {
            kind: self.kind.into(),
            name: self.name,
            price_points,
            price_cash,
            limit: self.limit.map(|limit| rewards::Limit { uses: limit.uses, per: limit.per.into() }),
            min_star: self.min_star,
            from: self.from,
            until: self.until,
            hold_minutes: self.hold_minutes.unwrap_or(THREE_DAYS_MINUTES),
            sponsor: self.sponsor,
            group: self.group,
        })
    }
}

impl Reward {
    fn new(reward: &rewards::Reward, available: Option<i64>, scale: u8) -> Reward {
        let details = &reward.details;
        Reward {
            id: reward.id,
            kind: details.kind.into(),
            name: details.name.clone(),
            price_points: points(details.price_points, scale),
            price_cash: details.price_cash.map(yuan),
            limit: details.limit.map(|limit| Limit { uses: limit.uses, per: limit.per.into() }),
            min_star: details.min_star,
            from: details.from,
            until: details.until,
            hold_minutes: details.hold_minutes,
            sponsor: details.sponsor.clone(),
            group: details.group.clone(),
            stations: reward.stations.clone(),
            available,
            version: reward.version,
            created_at: reward.created_at,
            updated_at: reward.updated_at,
        }
    }
}

/// Offer a reward, or change it
///
/// You choose the id. Reservations keep the price they were made at. Send `If-Match` with the `ETag` that you have seen when
/// nobody else's change must be lost.
#[utoipa::path(
    tag = "rewards",
    request_body = NewReward,
    responses((status = 201, body = Reward), (status = 200, body = Reward))
)]
#[put("/rewards/{id}")]
async fn put_reward(call: Call<may::PutReward, Uuid, Json<NewReward>>) -> Result<HttpResponse, Problem> {
    let (expected, scale) = (call.expected_version(), call.scale());
    let details = call.input.0.details(scale)?;
    let (reward, how) = rewards::put(&call.scheme, call.at, details, expected, call.now).await?;
    let available = rewards::available(&call.scheme, std::slice::from_ref(&reward), None).await?;
    Ok(written(how, reward.version, Reward::new(&reward, available[0], scale)))
}

/// Read a reward
#[utoipa::path(tag = "rewards", responses((status = 200, body = Reward)))]
#[get("/rewards/{id}")]
async fn get_reward(call: Call<may::GetReward, Uuid>) -> Result<HttpResponse, Problem> {
    let reward = rewards::get(&call.scheme, call.at).await?;
    let available = rewards::available(&call.scheme, std::slice::from_ref(&reward), None).await?;
    Ok(versioned(reward.version, Reward::new(&reward, available[0], call.scale())))
}

/// List rewards, with what can be had of them
#[utoipa::path(tag = "rewards", params(RewardsQuery), responses((status = 200, body = Rewards)))]
#[get("/rewards")]
async fn list_rewards(call: Call<may::ListRewards, (), Query<RewardsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(RewardsQuery { station, cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let (station, after): (Option<String>, _) = list.resume(cursor.as_deref(), station.clone())?;
    let found = rewards::list(&call.scheme, station.as_deref(), after, limit + 1).await?;
    let (found, next) = page(found, limit, |last: &Arc<rewards::Reward>| list.next(&station, last.id));
    let available = rewards::available(&call.scheme, &found, station.as_deref()).await?;
    let scale = call.scale();
    let rewards = found.iter().zip(available).map(|(reward, available)| Reward::new(reward, available, scale));
    Ok(ok(Rewards { rewards: rewards.collect(), next }))
}
