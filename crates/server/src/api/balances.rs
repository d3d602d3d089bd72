//! What a volunteer has, and how it came about.

use crate::api::amounts::{hours, points};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Query};
use crate::api::cursor::{List, page_size};
use crate::api::error::{Code, Problem};
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::config::CapUnit;
use scheme::{balances, statements};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_balance).service(get_statement);
}

#[derive(Serialize, ToSchema)]
pub struct Balance {
    /// Minutes as decimal hours, for people to read.
    #[schema(example = "36.5")]
    hours: String,
    #[schema(example = 2190)]
    minutes: i64,
    points: Points,
    /// The other books of account of the scheme.
    accounts: Vec<Account>,
    /// Sequence of the newest entry that is part of it.
    as_of: i64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PointsBalance)]
pub struct Points {
    /// What can be spent today.
    #[schema(example = "20.5")]
    available: String,
    /// Set aside for reserved exchanges.
    #[schema(example = "10")]
    held: String,
    /// What expires within 90 days, soonest first.
    expiring: Vec<Expiring>,
    /// What can be spent from a later day on.
    #[schema(example = "0")]
    waiting: String,
    /// What is owed after deductions, and taken from what is earned next.
    #[schema(example = "0")]
    owed: String,
    /// Nothing can be spent until the account thaws.
    frozen: bool,
}

/// A book of account beside hours and points, such as the hours of a time bank.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountBalance)]
pub struct Account {
    #[schema(example = "time_bank")]
    code: String,
    /// Points, or hours.
    #[schema(example = "12.5")]
    available: String,
    #[schema(example = "0")]
    held: String,
    /// Minutes, in an account of hours.
    minutes: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Expiring {
    /// The last day on which it can be spent.
    on: NaiveDate,
    #[schema(example = "3")]
    amount: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AsOf {
    /// A sequence: the balance once that entry was posted. Left out: now.
    as_of: Option<i64>,
}

/// Read a volunteer's balance, now or as of an entry
#[utoipa::path(tag = "balances", params(AsOf), responses((status = 200, body = Balance)))]
#[get("/volunteers/{id}/balance")]
async fn get_balance(call: Call<may::GetBalance, Uuid, Query<AsOf>>) -> Result<HttpResponse, Problem> {
    let balance = match call.input.0.as_of {
        None => balances::balance(&call.scheme, call.at, call.now).await?,
        Some(..0) => return Err(Problem::new(Code::EntryNotFound)),
        Some(sequence) => balances::balance_as_of(&call.scheme, call.at, sequence).await?,
    };
    let scale = call.scale();
    let expiring = balance.expiring.iter().map(|lot| Expiring { on: lot.on, amount: points(lot.amount, scale) });
    Ok(ok(Balance {
        hours: hours(balance.minutes),
        minutes: balance.minutes,
        points: Points {
            available: points(balance.available, scale),
            held: points(balance.held, scale),
            expiring: expiring.collect(),
            waiting: points(balance.waiting, scale),
            owed: points(balance.owed, scale),
            frozen: balance.frozen,
        },
        accounts: balance.accounts.into_iter().map(|one| account(one, scale)).collect(),
        as_of: balance.as_of,
    }))
}

fn account(balance: balances::AccountBalance, scale: u8) -> Account {
    let balances::AccountBalance { code, counts, available, held } = balance;
    match counts {
        CapUnit::Minutes => Account { code, available: hours(available), held: hours(held), minutes: Some(available) },
        _ => Account { code, available: points(available, scale), held: points(held, scale), minutes: None },
    }
}

/// One line of the passbook. A reservation takes its points from `balance_points`, its cancelling or expiry gives them
/// back, and handing over changes nothing more.
#[derive(Serialize, ToSchema)]
#[schema(as = StatementLine)]
pub struct Line {
    sequence: i64,
    #[schema(example = "service.confirmed")]
    kind: String,
    occurred_on: NaiveDate,
    recorded_at: DateTime<Utc>,
    /// What the entry changed.
    minutes: i64,
    /// What the entry changed.
    #[schema(example = "-10")]
    points: String,
    /// What there was afterwards.
    balance_minutes: i64,
    /// What could be spent afterwards.
    balance_points: String,
    #[schema(example = "兑换预留:免费义剪")]
    summary: String,
    #[schema(example = "exchange reserved: 免费义剪")]
    summary_en: String,
    /// The service record or exchange.
    document_id: Option<Uuid>,
    /// The record in whose place this one stands.
    corrects: Option<Uuid>,
    /// The record that stands in place of this one.
    corrected_by: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub struct Statement {
    /// Newest first.
    lines: Vec<Line>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementQuery {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

/// Read a volunteer's statement, newest entry first
///
/// Every page goes on exactly where the one before ended, whatever is posted in between.
#[utoipa::path(tag = "balances", params(StatementQuery), responses((status = 200, body = Statement)))]
#[get("/volunteers/{id}/statement")]
async fn get_statement(call: Call<may::GetStatement, Uuid, Query<StatementQuery>>) -> Result<HttpResponse, Problem> {
    let Query(StatementQuery { cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let ((), position) = list.resume(cursor.as_deref(), ())?;
    let (lines, next) = statements::statement(&call.scheme, call.at, position, limit).await?;
    let scale = call.scale();
    let next = next.map(|position| list.next((), position));
    Ok(ok(Statement { lines: lines.into_iter().map(|written| line(written, scale)).collect(), next }))
}

fn line(line: statements::Line, scale: u8) -> Line {
    Line {
        sequence: line.sequence,
        kind: line.kind,
        occurred_on: line.occurred_on,
        recorded_at: line.recorded_at,
        minutes: line.minutes,
        points: points(line.points, scale),
        balance_minutes: line.balance_minutes,
        balance_points: points(line.balance_points, scale),
        summary: line.summary_zh,
        summary_en: line.summary_en,
        document_id: line.document_id,
        corrects: line.corrects,
        corrected_by: line.corrected_by,
    }
}
