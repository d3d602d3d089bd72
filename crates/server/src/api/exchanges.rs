//! Exchanges: points into goods and services.

mod cash;
mod slips;
mod sponsors;
mod steps;

use crate::api::amounts::{Reader, in_account, yuan};
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json};
use crate::api::error::{Code, Flaw, Problem, Text, exchange_refused};
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::config::Scheme;
use scheme::exchanges::{self, Basket, ExchangeError, Wish};
use scheme::{Operator, Role, rules};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_exchange)
        .service(find_exchange)
        .service(steps::collect_exchange)
        .service(steps::cancel_exchange)
        .service(steps::return_exchange)
        .service(slips::get_slip)
        .service(slips::print_slip)
        .service(cash::get_cash)
        .service(sponsors::get_settlements)
        .service(get_exchange);
}

/// What a volunteer wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExchange {
    volunteer_id: Uuid,
    /// What it is of: either `reward_id`, or `items`.
    reward_id: Option<Uuid>,
    /// Several rewards at once, all of them or none; `quantity`, `session_id` and `bill` then stand in the items.
    items: Option<Vec<NewItem>>,
    /// Pieces, or uses.
    #[schema(default = 1)]
    quantity: Option<i64>,
    /// Left out: the session's, that of the key, or `main`.
    #[schema(example = "main")]
    station: Option<String>,
    session_id: Option<Uuid>,
    /// Handed over on the spot.
    #[serde(default)]
    collect_now: bool,
    /// For whom it is, when not for the volunteer.
    beneficiary: Option<Beneficiary>,
    /// Yuan, where the rules let the price follow from a bill.
    #[schema(example = "12.00")]
    bill: Option<String>,
    /// Yuan that were taken in, with `collect_now`. Written down, and not processed.
    #[schema(example = "8.00")]
    cash_received: Option<String>,
    /// A code for how: `cash`, `wechat`, …
    #[schema(example = "cash")]
    cash_method: Option<String>,
}

/// One reward of several.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    reward_id: Uuid,
    #[serde(default = "one")]
    #[schema(default = 1)]
    quantity: i64,
    session_id: Option<Uuid>,
    #[schema(example = "12.00")]
    bill: Option<String>,
}

/// Somebody for whom an exchange is made.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Beneficiary {
    relation: Relation,
    /// Looked at where the rules ask for an age, and not kept.
    birth_date: Option<NaiveDate>,
}

/// How somebody is related to the volunteer.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    #[serde(rename = "self")]
    Oneself,
    Spouse,
    Parent,
    Grandparent,
    Child,
    Sibling,
    OtherFamily,
}

same_words!(Relation, scheme::config::Relation: Oneself Spouse Parent Grandparent Child Sibling OtherFamily);

fn one() -> i64 {
    1
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExchangeStatus)]
pub enum Status {
    Reserved,
    Collected,
    Cancelled,
    Expired,
    /// A place in a session that nobody came for, where the rules say what becomes of the points.
    Missed,
}

same_words!(Status, exchanges::Status: Reserved Collected Cancelled Expired Missed);

/// An exchange, as its slip shows it.
#[derive(Serialize, ToSchema)]
pub struct Exchange {
    id: Uuid,
    volunteer_id: Uuid,
    /// `null`: several rewards, see `items`.
    reward_id: Option<Uuid>,
    /// One for each reward; also when there is but one.
    items: Vec<Item>,
    station: String,
    session_id: Option<Uuid>,
    quantity: i64,
    /// The account that paid, by its code; `null`: points.
    account: Option<String>,
    /// For all pieces; hours, when an account of minutes paid.
    #[schema(example = "10")]
    points: String,
    /// Yuan to be paid at the station, for all pieces.
    price_cash: Option<String>,
    /// For whom it is; `null`: for the volunteer.
    relation: Option<Relation>,
    status: Status,
    /// Eight digits that whoever comes for it tells.
    #[schema(example = "04821375")]
    pickup_code: String,
    /// The text of a QR code for it.
    #[schema(example = "AIXIN1:ziyang:04821375")]
    pickup_qr: String,
    /// The place in the queue of the session; nobody's ever changes.
    queue_number: Option<i64>,
    /// What could be spent just before. `null` when it cost no points.
    #[schema(example = "32.5")]
    balance_before: Option<String>,
    #[schema(example = "22.5")]
    balance_after: Option<String>,
    reserved_at: DateTime<Utc>,
    /// Until when it is kept. `null` when it was handed over at once, or does not come back: then it is kept until it is collected.
    expires_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    /// Who handed it over, or cancelled it; for staff.
    settled_by: Option<Hand>,
    /// Of the entry that changed it last.
    sequence: i64,
}

/// One reward of an exchange.
#[derive(Serialize, ToSchema)]
#[schema(as = ExchangeItem)]
pub struct Item {
    /// 1, 2, …: what names it when some of it is handed over or comes back.
    line: i64,
    reward_id: Uuid,
    session_id: Option<Uuid>,
    quantity: i64,
    #[schema(example = "10")]
    points: String,
    price_cash: Option<String>,
    queue_number: Option<i64>,
    /// Pieces that were handed over.
    collected: i64,
    /// Of these, pieces that came back.
    returned: i64,
}

/// A key, and what it is called.
#[derive(Serialize, ToSchema)]
pub struct Hand {
    key_id: Uuid,
    name: String,
}

impl From<exchanges::Hand> for Hand {
    fn from(hand: exchanges::Hand) -> Hand {
        Hand { key_id: hand.key_id, name: hand.name }
    }
}

impl Exchange {
    fn new(exchange: exchanges::Exchange, by: &Operator, config: &Scheme) -> Exchange {
        let amount = |amount| in_account(amount, exchange.account.as_deref(), config);
        let item = |line: &exchanges::Line| Item {
            line: line.line,
            reward_id: line.reward_id,
            session_id: line.session_id,
            quantity: line.quantity,
            points: amount(line.points),
            price_cash: line.price_cash.map(yuan),
            queue_number: line.queue_number,
            collected: line.collected,
            returned: line.returned,
        };
        Exchange {
            items: exchange.lines.iter().map(item).collect(),
            pickup_qr: exchanges::payload(&config.code, &exchange.pickup_code),
            settled_by: exchange.settled_by.clone().filter(|_| by.role != Role::Kiosk).map(Hand::from),
            balance_before: exchange.balance_before.map(amount),
            balance_after: exchange.balance_after().map(amount),
            points: amount(exchange.points),
            relation: exchange.relation.map(Relation::from),
            id: exchange.id,
            volunteer_id: exchange.volunteer_id,
            reward_id: exchange.reward_id,
            station: exchange.station,
            session_id: exchange.session_id,
            quantity: exchange.quantity,
            account: exchange.account,
            price_cash: exchange.price_cash.map(yuan),
            status: exchange.status.into(),
            pickup_code: exchange.pickup_code,
            queue_number: exchange.queue_number,
            reserved_at: exchange.reserved_at,
            expires_at: exchange.expires_at,
            settled_at: exchange.settled_at,
            sequence: exchange.sequence,
        }
    }
}

/// Exchange points for a reward
///
/// Reserves it, or hands it over with `collect_now`. Points, the piece or the seat, and the personal limit move together or not at
/// all; with `items`, of several rewards at once, and a refusal says which (`item`, counted from 0). You choose the id: the
/// same again gets the same answer and pays once, so repeat it until you get one. A refusal is an answer, too; for another
/// attempt choose another id.
#[utoipa::path(
    tag = "exchanges",
    request_body = NewExchange,
    responses((status = 201, body = Exchange), (status = 200, body = Exchange))
)]
#[put("/exchanges/{id}")]
async fn put_exchange(call: Call<may::PutExchange, Uuid, Json<NewExchange>>) -> Result<HttpResponse, Problem> {
    let (scheme, by, now) = (&call.scheme, &call.caller.operator, call.now);
    let done = match call.input.0.wanted(call.at)? {
        Wanted::One(wish, cash) => exchanges::exchange_for_cash(scheme, wish, cash, by, now).await,
        Wanted::Several(basket) => exchanges::exchange_basket(scheme, basket, by, now).await,
    };
    answer(StatusCode::CREATED, done, by, &scheme.config())
}

enum Wanted {
    One(Wish, Option<exchanges::Cash>),
    Several(Basket),
}

impl NewExchange {
    fn wanted(self, id: Uuid) -> Result<Wanted, Problem> {
        let mut amounts = Reader::default();
        let bill = self.bill.as_ref().map(|bill| amounts.yuan("/bill", bill));
        let cash = received(&mut amounts, self.cash_received.as_deref(), self.cash_method.as_deref());
        let written = self.items.as_deref().unwrap_or_default().iter().enumerate();
        let items: Vec<exchanges::Item> = written.map(|(index, item)| item.read(index, &mut amounts)).collect();
        amounts.flaws.extend(self.contradictions());
        if !amounts.flaws.is_empty() {
            return Err(Problem::invalid(amounts.flaws));
        }
        let NewExchange { volunteer_id, quantity, station, session_id, collect_now, beneficiary, .. } = self;
        let beneficiary =
            beneficiary.map(|whom| rules::Beneficiary { relation: whom.relation.into(), birth_date: whom.birth_date });
        let quantity = quantity.unwrap_or(1);
        Ok(match self.reward_id {
            Some(reward_id) => {
                let wish =
                    Wish { id, volunteer_id, reward_id, quantity, station, session_id, collect_now, beneficiary, bill };
                Wanted::One(wish, cash)
            }
            None => Wanted::Several(Basket { id, volunteer_id, items, station, collect_now, beneficiary, cash }),
        })
    }

    /// What is said twice, or not at all.
    fn contradictions(&self) -> Vec<Flaw> {
        let flaw = |pointer: &str, code: &str, zh: &str, en: &str| Flaw {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            detail: Text::new(zh, en),
        };
        let mut flaws = Vec::new();
        if self.reward_id.is_none() && self.items.is_none() {
            flaws.push(flaw("/reward_id", "missing_field", "缺少这个字段", "the field is missing"));
        }
        let beside = [
            ("/reward_id", self.reward_id.is_some()),
            ("/quantity", self.quantity.is_some()),
            ("/session_id", self.session_id.is_some()),
            ("/bill", self.bill.is_some()),
        ];
        let twice = beside.into_iter().filter(|(_, said)| *said && self.items.is_some());
        flaws.extend(twice.map(|(pointer, _)| {
            flaw(pointer, "not_beside_items", "有 items 时写在各项里", "with `items`, it stands in the items")
        }));
        if self.cash_received.is_some() && !self.collect_now {
            let (zh, en) = ("收款在领取时记录", "what was taken in is written down at the hand-over");
            flaws.push(flaw("/cash_received", "not_handed_over", zh, en));
        }
        if self.cash_method.is_some() && self.cash_received.is_none() {
            flaws.push(flaw("/cash_received", "missing_field", "缺少这个字段", "the field is missing"));
        }
        flaws
    }
}

impl NewItem {
    fn read(&self, index: usize, amounts: &mut Reader) -> exchanges::Item {
        exchanges::Item {
            reward_id: self.reward_id,
            quantity: self.quantity,
            session_id: self.session_id,
            bill: self.bill.as_ref().map(|bill| amounts.yuan(&format!("/items/{index}/bill"), bill)),
        }
    }
}

/// What was taken in, as a body says it.
fn received(amounts: &mut Reader, received: Option<&str>, method: Option<&str>) -> Option<exchanges::Cash> {
    let received = amounts.yuan("/cash_received", received?);
    Some(exchanges::Cash { received, method: method.map(str::to_owned) })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeTold {
    /// As it is told or scanned; spaces and hyphens do not matter.
    #[schema(example = "0482 1375")]
    pickup_code: String,
}

/// Find an exchange by its pick-up code
///
/// Among those of the key's station. Codes that lead nowhere are counted: after twenty in a quarter of an hour the key waits.
#[utoipa::path(tag = "exchanges", request_body = CodeTold, responses((status = 200, body = Exchange)))]
#[post("/exchanges/find")]
async fn find_exchange(call: Call<may::FindExchange, (), Json<CodeTold>>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let told = call.input.0.pickup_code.trim();
    let scanned = format!("AIXIN1:{}:", config.code);
    let code = told.strip_prefix(&scanned).unwrap_or(told);
    let exchange = match exchanges::find(&call.scheme, code, call.by(), call.now).await {
        Ok(exchange) => exchange,
        Err(ExchangeError::ExchangeNotFound { .. }) => {
            return Err(Problem::new(Code::ExchangeNotFound)
                .detail("本站没有这个取货码，请核对后再输", "no exchange of this station has this pick-up code"));
        }
        Err(error) => return Err(exchange_refused(error, &config)),
    };
    Ok(ok(Exchange::new(exchange, call.by(), &config)))
}

/// Read an exchange
#[utoipa::path(tag = "exchanges", responses((status = 200, body = Exchange)))]
#[get("/exchanges/{id}")]
async fn get_exchange(call: Call<may::GetExchange, Uuid>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let exchange = exchanges::get(&call.scheme, call.at).await.map_err(|error| exchange_refused(error, &config))?;
    Ok(ok(Exchange::new(exchange, call.by(), &config)))
}

fn answer(
    status: StatusCode,
    done: Result<(exchanges::Exchange, bool), ExchangeError>,
    by: &Operator,
    config: &Scheme,
) -> Result<HttpResponse, Problem> {
    let (exchange, replayed) = done.map_err(|error| exchange_refused(error, config))?;
    Ok(once(status, replayed, Exchange::new(exchange, by, config)))
}
