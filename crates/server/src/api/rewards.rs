//! The rewards catalogue: goods with stock, services with sessions.

mod gates;
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
use gates::OpenTime;
use scheme::Role;
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
        .service(get_reward_history)
        .service(stock::change_stock)
        .service(stock::moves::deliver_stock)
        .service(stock::moves::lose_stock)
        .service(stock::moves::send_stock)
        .service(stock::moves::receive_stock)
        .service(stock::moves::list_stock_transfers)
        .service(stock::counts::get_count_sheet)
        .service(stock::counts::count_stock)
        .service(stock::views::list_movements)
        .service(stock::views::put_stock_alert)
        .service(stock::views::list_low_stock)
        .service(stock::views::list_stock)
        .service(sessions::put_session)
        .service(sessions::list_sessions)
        .service(sessions::desk::list_bookings)
        .service(sessions::desk::get_queue)
        .service(sessions::desk::check_in)
        .service(sessions::desk::call_next)
        .service(sessions::desk::skip_place)
        .service(sessions::desk::cancel_session);
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

/// Whether it is offered: what is a draft or delisted is not exchanged, and kiosks do not see it.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RewardState)]
pub enum State {
    Draft,
    #[default]
    Listed,
    Delisted,
}

same_words!(State, rewards::State: Draft Listed Delisted);
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
    /// As it is shown. The sponsor's name, when it is left out and `sponsor_id` is not.
    sponsor: Option<String>,
    sponsor_id: Option<Uuid>,
    /// A code; rules of exchange name the groups that they cover.
    #[schema(example = "daily_goods")]
    group: Option<String>,
    #[serde(default)]
    state: State,
    /// A code of your own, under which screens show it.
    #[schema(example = "household")]
    category: Option<String>,
    /// The `digest` of a picture.
    picture: Option<String>,
    /// Full years, included.
    min_age: Option<i64>,
    /// Full years, included.
    max_age: Option<i64>,
    /// For those who are in one of these units of the scheme, or below it.
    #[serde(default)]
    units: Vec<String>,
    /// When it is exchanged; one is enough. Without any: at all times.
    #[serde(default)]
    windows: Vec<OpenTime>,
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
    sponsor_id: Option<Uuid>,
    group: Option<String>,
    state: State,
    category: Option<String>,
    picture: Option<String>,
    min_age: Option<i64>,
    max_age: Option<i64>,
    units: Vec<String>,
    windows: Vec<OpenTime>,
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
    /// Left out: `listed`. A kiosk sees no others.
    state: Option<State>,
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
            sponsor_id: self.sponsor_id,
            group: self.group,
            state: self.state.into(),
            category: self.category,
            picture: self.picture,
            gates: rewards::Gates {
                min_age: self.min_age,
                max_age: self.max_age,
                units: self.units,
                windows: self.windows.into_iter().map(Into::into).collect(),
            },
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
            sponsor: details.sponsor.clone().or_else(|| reward.sponsor_name.clone()),
            sponsor_id: details.sponsor_id,
            group: details.group.clone(),
            state: details.state.into(),
            category: details.category.clone(),
            picture: details.picture.clone(),
            min_age: details.gates.min_age,
            max_age: details.gates.max_age,
            units: details.gates.units.clone(),
            windows: details.gates.windows.iter().cloned().map(Into::into).collect(),
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
    let (reward, how) = rewards::put(&call.scheme, call.at, details, expected, &call.caller.operator, call.now).await?;
    let available = rewards::available(&call.scheme, std::slice::from_ref(&reward), None).await?;
    Ok(written(how, reward.version, Reward::new(&reward, available[0], scale)))
}

/// Read a reward
#[utoipa::path(tag = "rewards", responses((status = 200, body = Reward)))]
#[get("/rewards/{id}")]
async fn get_reward(call: Call<may::GetReward, Uuid>) -> Result<HttpResponse, Problem> {
    let reward = rewards::get(&call.scheme, call.at).await?;
    if call.by().role == Role::Kiosk && reward.details.state != rewards::State::Listed {
        return Err(rewards::RewardError::RewardNotFound { id: call.at }.into());
    }
    let available = rewards::available(&call.scheme, std::slice::from_ref(&reward), None).await?;
    Ok(versioned(reward.version, Reward::new(&reward, available[0], call.scale())))
}

/// List rewards, with what can be had of them
#[utoipa::path(tag = "rewards", params(RewardsQuery), responses((status = 200, body = Rewards)))]
#[get("/rewards")]
async fn list_rewards(call: Call<may::ListRewards, (), Query<RewardsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(RewardsQuery { station, state, cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let asked = (station.clone(), *state);
    let ((station, state), after): ((Option<String>, Option<State>), _) = list.resume(cursor.as_deref(), asked)?;
    let wanted = state.filter(|_| call.by().role != Role::Kiosk).unwrap_or_default();
    let found = rewards::list(&call.scheme, wanted.into(), station.as_deref(), after, limit + 1).await?;
    let (found, next) = page(found, limit, |last: &Arc<rewards::Reward>| list.next((&station, state), last.id));
    let available = rewards::available(&call.scheme, &found, station.as_deref()).await?;
    let scale = call.scale();
    let rewards = found.iter().zip(available).map(|(reward, available)| Reward::new(reward, available, scale));
    Ok(ok(Rewards { rewards: rewards.collect(), next }))
}

/// What a reward cost, and whether it was offered, from one of its versions on.
#[derive(Serialize, ToSchema)]
pub struct PriceChange {
    version: i64,
    state: State,
    #[schema(example = "10")]
    price_points: String,
    price_cash: Option<String>,
    /// The key that changed it.
    changed_by: Uuid,
    changed_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct RewardHistory {
    /// The oldest first. Changes of nothing but other fields are not among them.
    changes: Vec<PriceChange>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

/// What a reward cost, and since when
#[utoipa::path(tag = "rewards", responses((status = 200, body = RewardHistory)))]
#[get("/rewards/{id}/history")]
async fn get_reward_history(call: Call<may::GetRewardHistory, Uuid>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let changes = rewards::history(&call.scheme, call.at).await?.into_iter().map(|change| PriceChange {
        version: change.version,
        state: change.state.into(),
        price_points: points(change.price_points, scale),
        price_cash: change.price_cash.map(yuan),
        changed_by: change.changed_by,
        changed_at: change.changed_at,
    });
    Ok(ok(RewardHistory { changes: changes.collect(), next: None }))
}
