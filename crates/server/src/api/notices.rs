//! What a volunteer is to be told when they sign in.

use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::cursor::page_size;
use crate::api::error::Problem;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::notices;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_notices);
}

#[derive(Serialize, ToSchema)]
pub struct Notice {
    /// Of the event.
    sequence: i64,
    #[serde(rename = "type")]
    #[schema(example = "points.expiring")]
    name: String,
    #[schema(example = "您有12.5积分用到2026年12月31日为止，过期作废，请尽早使用。")]
    text: String,
    #[schema(example = "12.5 points can be used until 2026-12-31; after that day they are gone.")]
    text_en: String,
    occurred_on: NaiveDate,
    recorded_at: DateTime<Utc>,
    /// The last day on which it makes sense to tell it.
    until: Option<NaiveDate>,
    /// That of the event.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl From<notices::Notice> for Notice {
    fn from(notice: notices::Notice) -> Notice {
        let notices::Notice { event, zh, en, until } = notice;
        Notice {
            sequence: event.sequence,
            name: event.name,
            text: zh,
            text_en: en,
            occurred_on: event.occurred_on,
            recorded_at: event.recorded_at,
            until,
            data: event.data,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Notices {
    /// In the order of the book.
    notices: Vec<Notice>,
    /// Give it as `after` the next time, to be told only what is new.
    last: i64,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoticesQuery {
    /// What was told up to this sequence is not told again; left out: all.
    after: Option<i64>,
    /// 1 to 200; 100 when left out.
    limit: Option<i64>,
}

/// Read what a volunteer is to be told at sign-in
///
/// Points that will expire, reservations that were given back, corrections, gifts. What is older than 90 days, or over, is not told.
#[utoipa::path(tag = "balances", params(NoticesQuery), responses((status = 200, body = Notices)))]
#[get("/volunteers/{id}/notices")]
async fn list_notices(call: Call<may::ListNotices, Uuid, Query<NoticesQuery>>) -> Result<HttpResponse, Problem> {
    let Query(NoticesQuery { after, limit }) = &call.input;
    let after = after.unwrap_or(0);
    if after < 0 {
        return Err(Problem::invalid_value("/query/after", "invalid_number", "不能为负数", "it is not negative"));
    }
    let limit = page_size(*limit, 100, 200)?;
    let page = notices::list(&call.scheme, call.at, after, limit, call.now).await?;
    Ok(ok(Notices { notices: page.notices.into_iter().map(Notice::from).collect(), last: page.last }))
}
