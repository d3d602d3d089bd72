//! What a volunteer can have now, and why not otherwise.

use crate::api::amounts::{in_account, yuan};
use crate::api::answers::ok;
use crate::api::auth::{may, station_of};
use crate::api::call::{Call, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Language, Problem, exchange_refused};
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::config::Scheme;
use scheme::exchanges::{self, ExchangeError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_offers);
}

/// A reward, as it is for one volunteer at one station.
#[derive(Serialize, ToSchema)]
pub struct Offer {
    reward_id: Uuid,
    #[schema(example = "免费义剪")]
    name: String,
    category: Option<String>,
    picture: Option<String>,
    /// For one piece or use. `null` where it follows from a bill.
    #[schema(example = "10")]
    price: Option<String>,
    /// The account that pays, by its code; `null`: points.
    account: Option<String>,
    price_cash: Option<String>,
    /// Whether an exchange of one would succeed now.
    available: bool,
    /// All that stands against it; empty when it can be had.
    reasons: Vec<Reason>,
    /// The last day on which it is offered.
    until: Option<NaiveDate>,
    /// Of a service with sessions: those that are not over. It can be had when one of them can.
    sessions: Vec<SessionOffer>,
}

#[derive(Serialize, ToSchema)]
pub struct SessionOffer {
    id: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    seats_left: i64,
    available: bool,
    reasons: Vec<Reason>,
}

/// Why it cannot be had: what the exchange would be refused with, in both languages, with the numbers.
#[derive(Serialize, ToSchema)]
pub struct Reason {
    #[schema(example = "insufficient_points")]
    code: String,
    #[schema(example = "积分不足：需要 30，可用 20.5")]
    zh: String,
    en: String,
    /// `needed`, `available`, `condition`, `opens_on`, … as in the refusal.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    members: Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
pub struct Offers {
    offers: Vec<Offer>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
    /// The newest entry that it is judged by.
    as_of: i64,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OffersQuery {
    /// Left out: the station of the key, or `main`.
    station: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

impl Reason {
    fn new(error: ExchangeError, config: &Scheme) -> Reason {
        let problem = exchange_refused(error, config);
        let (zh, en) = (problem.sentence(Language::Chinese), problem.sentence(Language::English));
        Reason { code: problem.code.as_str().to_owned(), zh, en, members: problem.members }
    }

    fn all(errors: Vec<ExchangeError>, config: &Scheme) -> Vec<Reason> {
        errors.into_iter().map(|error| Reason::new(error, config)).collect()
    }
}

impl Offer {
    fn new(offer: exchanges::Offer, config: &Scheme) -> Offer {
        let details = &offer.reward.details;
        let sessions = offer.sessions.into_iter().map(|one| SessionOffer {
            id: one.session.id,
            starts_at: one.session.starts_at,
            ends_at: one.session.ends_at,
            seats_left: one.seats_left,
            available: one.reasons.is_empty(),
            reasons: Reason::all(one.reasons, config),
        });
        Offer {
            reward_id: offer.reward.id,
            name: details.name.clone(),
            category: details.category.clone(),
            picture: details.picture.clone(),
            price: (!offer.by_bill).then(|| in_account(offer.points, offer.account.as_deref(), config)),
            price_cash: offer.cash.filter(|_| !offer.by_bill).map(yuan),
            available: offer.reasons.is_empty(),
            reasons: Reason::all(offer.reasons, config),
            until: details.until,
            sessions: sessions.collect(),
            account: offer.account,
        }
    }
}

/// List what a volunteer can have now, and why not otherwise
///
/// Every listed reward of the station, judged as `PUT /exchanges/{id}` for one piece would be at this moment, with all that stands
/// against it.
#[utoipa::path(tag = "rewards", params(OffersQuery), responses((status = 200, body = Offers)))]
#[get("/volunteers/{id}/offers")]
async fn list_offers(call: Call<may::ListOffers, Uuid, Query<OffersQuery>>) -> Result<HttpResponse, Problem> {
    let Query(OffersQuery { station, cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let (station, after): (Option<String>, Option<Uuid>) = list.resume(cursor.as_deref(), station.clone())?;
    let config = call.scheme.config();
    let at = station_of(&call.caller, station.clone())?;
    let asked = (after, limit + 1);
    let found = exchanges::offers(&call.scheme, call.at, &at, asked, call.by(), call.now).await;
    let (found, as_of) = found.map_err(|error| exchange_refused(error, &config))?;
    let (found, next) = page(found, limit, |last: &exchanges::Offer| list.next(&station, last.reward.id));
    Ok(ok(Offers { offers: found.into_iter().map(|offer| Offer::new(offer, &config)).collect(), next, as_of }))
}
