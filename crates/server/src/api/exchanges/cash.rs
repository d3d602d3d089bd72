//! The cash of a station's day.

use super::Hand;
use crate::api::amounts::yuan;
use crate::api::answers::ok;
use crate::api::auth::{may, station_of};
use crate::api::call::{Call, Query};
use crate::api::error::{Problem, exchange_refused};
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::exchanges::{self, Till};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CashQuery {
    /// That of the key, or `main`, when left out.
    station: Option<String>,
    /// Today when left out.
    on: Option<NaiveDate>,
}

/// The cash of one station on one day: what was owed beside the points, and what was taken in. It is written down, and not processed.
#[derive(Serialize, ToSchema)]
pub struct CashList {
    station: String,
    on: NaiveDate,
    tills: Vec<CashTill>,
    count: i64,
    #[schema(example = "24")]
    owed: String,
    #[schema(example = "16")]
    received: String,
    /// `received` less `owed`.
    #[schema(example = "-8")]
    difference: String,
}

/// What one operator took in in one way, less what was paid back.
#[derive(Serialize, ToSchema)]
pub struct CashTill {
    operator: Option<Hand>,
    /// `null`: not said.
    method: Option<String>,
    /// Hand-overs and returns.
    count: i64,
    owed: String,
    received: String,
    difference: String,
    /// Of those counted, how many say nothing of what was taken in.
    not_said: i64,
}

fn till(till: &Till) -> CashTill {
    CashTill {
        operator: till.key_id.map(|key_id| Hand { key_id, name: till.name.clone() }),
        method: till.method.clone(),
        count: till.count,
        owed: yuan(till.owed),
        received: yuan(till.received),
        difference: yuan(till.received - till.owed),
        not_said: till.unsaid,
    }
}

/// Read the cash of a day
#[utoipa::path(tag = "exchanges", params(CashQuery), responses((status = 200, body = CashList)))]
#[get("/cash")]
pub async fn get_cash(call: Call<may::GetCash, (), Query<CashQuery>>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let station = station_of(&call.caller, call.input.0.station.clone())?;
    let on = call.input.0.on.unwrap_or_else(|| config.day_of(call.now));
    let day = exchanges::cash_day(&call.scheme, &station, on).await;
    let tills = day.map_err(|error| exchange_refused(error, &config))?.tills;
    let sum = |amount: fn(&Till) -> i64| tills.iter().map(amount).sum::<i64>();
    let (owed, received) = (sum(|till| till.owed), sum(|till| till.received));
    Ok(ok(CashList {
        station,
        on,
        count: sum(|till| till.count),
        owed: yuan(owed),
        received: yuan(received),
        difference: yuan(received - owed),
        tills: tills.iter().map(till).collect(),
    }))
}
