//! Events: the book, as other systems follow it.

use crate::api::Api;
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::cursor::page_size;
use crate::api::error::Problem;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use ledger::feed::Wanted;
use scheme::events::{self, EventType, Page, TYPES};
use scheme::{OpenScheme, events::EventsError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::{Duration, Instant};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_events).service(list_event_types);
}

/// An entry of the book, as others are told of it: ids, codes, amounts and days.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    /// 1, 2, 3, … without gaps over all events of the scheme, in the order of commits.
    #[schema(example = 4711)]
    pub sequence: i64,
    /// The same whenever the event is told.
    pub id: Uuid,
    #[serde(rename = "type")]
    #[schema(example = "exchange.reserved")]
    pub name: String,
    #[schema(example = "兑换已预留")]
    title: &'static str,
    #[schema(example = "Exchange reserved")]
    title_en: &'static str,
    occurred_on: NaiveDate,
    pub recorded_at: DateTime<Utc>,
    /// As `GET /event-types` says of its type. A field that does not apply is left out, and fields may be added.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

impl From<events::Event> for Event {
    fn from(event: events::Event) -> Event {
        let events::Event { sequence, id, name, occurred_on, recorded_at, data } = event;
        let (title, title_en) = events::find(&name).map_or(("其他", "Other"), |kind| (kind.zh, kind.en));
        Event { sequence, id, name, title, title_en, occurred_on, recorded_at, data }
    }
}

impl Event {
    /// One that did not happen, for a receiver to try itself with.
    pub fn test(today: NaiveDate, now: DateTime<Utc>) -> Event {
        Event {
            sequence: 0,
            id: Uuid::now_v7(),
            name: "webhook.test".to_owned(),
            title: "测试",
            title_en: "Test",
            occurred_on: today,
            recorded_at: now,
            data: Map::new(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Events {
    events: Vec<Event>,
    /// Give it as `after` to go on: up to here all that was asked for has been told.
    last: i64,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Events after this sequence; 0, or left out: from the beginning.
    after: Option<i64>,
    /// Only of these types, parted by commas: names, or groups such as `exchange.*`.
    #[param(example = "exchange.*,points.expiring")]
    types: Option<String>,
    /// Only those on the statement of this volunteer.
    volunteer_id: Option<Uuid>,
    /// 1 to 1000; 100 when left out.
    limit: Option<i64>,
    /// When there is nothing yet, seconds to wait for it, at most 30.
    wait: Option<u64>,
}

const WAIT_MAX: u64 = 30;
/// Between looks for what somebody waits for. All who wait share a look at the book.
const LOOK: Duration = Duration::from_millis(200);

/// Follow all that happens
///
/// Every entry of the book is exactly one event. Ask again with `last` as `after`: nothing is missed and nothing is told twice.
/// With `types` a page may be empty although more is to come: `last` still moves on until it stays.
#[utoipa::path(tag = "events", params(EventsQuery), responses((status = 200, body = Events)))]
#[get("/events")]
async fn list_events(
    call: Call<may::ListEvents, (), Query<EventsQuery>>,
    api: Data<Api>,
) -> Result<HttpResponse, Problem> {
    let Query(EventsQuery { after, types, volunteer_id, limit, wait }) = &call.input;
    let after = after.unwrap_or(0);
    if after < 0 {
        return Err(Problem::invalid_value("/query/after", "invalid_number", "不能为负数", "it is not negative"));
    }
    let wait = wait.unwrap_or(0);
    if wait > WAIT_MAX {
        let (zh, en) = (format!("最多 {WAIT_MAX} 秒"), format!("at most {WAIT_MAX} seconds"));
        return Err(Problem::invalid_value("/query/wait", "invalid_number", &zh, &en));
    }
    let limit = page_size(*limit, 100, 1000)?;
    let types = types.as_deref().map(|types| types.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>());
    let kinds = types.map(|types| kinds_of(&types, "/query/types")).transpose()?;
    let wanted = Wanted { kinds, party: *volunteer_id };
    let Page { events, last } = tokio::select! {
        page = waited_for(&call.scheme, &wanted, after, limit, Duration::from_secs(wait)) => page?,
        () = api.stopping() => Page { events: Vec::new(), last: after },
    };
    Ok(ok(Events { events: events.into_iter().map(Event::from).collect(), last }))
}

/// 422 where a type is unknown.
pub fn kinds_of(types: &[String], pointer: &str) -> Result<Vec<String>, Problem> {
    events::kinds(types).map_err(|events::UnknownType(name)| {
        let (zh, en) = (format!("没有事件类型“{name}”"), format!("there is no type of event `{name}`"));
        Problem::invalid_value(pointer, "unknown_type", &zh, &en)
    })
}

async fn waited_for(
    scheme: &OpenScheme,
    wanted: &Wanted,
    after: i64,
    limit: i64,
    wait: Duration,
) -> Result<Page, Problem> {
    let until = Instant::now() + wait;
    let mut page = events::list(scheme, wanted, after, limit).await?;
    while page.events.is_empty() && Instant::now() < until {
        let size = scheme.book.standings(&[]).await.map_err(EventsError::from)?.size;
        if size > page.last {
            page = events::list(scheme, wanted, page.last, limit).await?;
        } else {
            tokio::time::sleep(LOOK.min(until.saturating_duration_since(Instant::now()))).await;
        }
    }
    Ok(page)
}

/// A kind of event, and what its data holds.
#[derive(Serialize, ToSchema)]
#[schema(as = EventType)]
pub struct TypeOfEvent {
    #[serde(rename = "type")]
    #[schema(example = "points.expiring")]
    name: &'static str,
    #[schema(example = "积分即将到期")]
    title: &'static str,
    #[schema(example = "Points will expire")]
    title_en: &'static str,
    /// Name and form of each field that `data` may hold: `id` (UUID), `code`, `integer`, `amount` (decimal string in points or,
    /// with `account`, of that account), `yuan` (decimal string), `time` (RFC 3339), `day`, `boolean`.
    #[schema(value_type = Object, example = json!({ "last_day": "day", "amount": "amount", "days_before": "integer" }))]
    data: Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
pub struct EventTypes {
    types: Vec<TypeOfEvent>,
}

impl From<&EventType> for TypeOfEvent {
    fn from(kind: &EventType) -> TypeOfEvent {
        let of_all = [("volunteer_id", "id"), ("expires_at", "time"), ("status", "code")];
        let about = kind.about.map(|name| (name, "id"));
        let own = kind.fields.iter().map(|(name, shape)| (*name, shape.as_str()));
        let data = of_all.into_iter().chain(about).chain(own);
        let data = data.map(|(name, shape)| (name.to_owned(), shape.into())).collect();
        TypeOfEvent { name: kind.name, title: kind.zh, title_en: kind.en, data }
    }
}

/// List the types of events
#[utoipa::path(tag = "events", responses((status = 200, body = EventTypes)))]
#[get("/event-types")]
async fn list_event_types(_call: Call<may::ListEventTypes>) -> Result<HttpResponse, Problem> {
    Ok(ok(EventTypes { types: TYPES.iter().map(TypeOfEvent::from).collect() }))
}
