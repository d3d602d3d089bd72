//! Slips: what is printed for a volunteer.

use super::{Exchange, Hand, Relation};
use crate::api::amounts::{in_account, yuan};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, MaybeJson, Query};
use crate::api::error::{Problem, exchange_refused};
use crate::api::papers::{handed, print};
use crate::papers::{self, Format};
use actix_web::{HttpResponse, get, post};
use chrono::NaiveDate;
use reports::documents::slip::SlipPaper;
use scheme::Operator;
use scheme::config::{self, Scheme};
use scheme::exchanges::{self, SlipLine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What is printed for a volunteer: names and numbers are masked.
#[derive(Serialize, ToSchema)]
pub struct Slip {
    /// Station, day and sequence of the entry that it is of.
    #[schema(example = "main-20261122-000042")]
    number: String,
    /// How often it was printed; 0 when never.
    prints: i64,
    /// From the second print on.
    is_copy: bool,
    /// `补打` on a copy, else nothing.
    mark: &'static str,
    on: NaiveDate,
    station_name: String,
    #[schema(example = "V2*******23")]
    volunteer_number: String,
    #[schema(example = "林*英")]
    volunteer_name: String,
    /// Who came for it, when not the volunteer.
    collector: Option<SlipCollector>,
    operator: Option<Hand>,
    lines: Vec<SlipItem>,
    /// Yuan owed at this hand-over, below zero at a return; and what was taken in.
    cash_owed: Option<String>,
    cash_received: Option<String>,
    #[schema(example = "7KQ4M2XP")]
    verify_code: String,
    exchange: Exchange,
}

#[derive(Serialize, ToSchema)]
pub struct SlipCollector {
    relation: Option<Relation>,
    /// Masked.
    name: String,
}

#[derive(Serialize, ToSchema)]
pub struct SlipItem {
    line: i64,
    name: String,
    /// Pieces that this entry reserved, handed over or took back.
    quantity: i64,
    #[schema(example = "10")]
    points: String,
    price_cash: Option<String>,
}

impl Slip {
    fn new(slip: exchanges::Slip, by: &Operator, config: &Scheme) -> Slip {
        let account = slip.exchange.account.clone();
        let item = |line: SlipLine| SlipItem {
            line: line.line,
            name: line.name,
            quantity: line.pieces,
            points: in_account(line.points, account.as_deref(), config),
            price_cash: line.price_cash.map(yuan),
        };
        let is_copy = slip.prints > 1;
        Slip {
            number: slip.number,
            prints: slip.prints,
            is_copy,
            mark: if is_copy { "补打" } else { "" },
            on: slip.on,
            station_name: slip.station_name,
            volunteer_number: slip.volunteer_number,
            volunteer_name: slip.volunteer_name,
            collector: slip.collector.map(|(relation, name)| SlipCollector {
                relation: config::Relation::parse(&relation).map(Relation::from),
                name,
            }),
            operator: slip.operator.map(Hand::from),
            lines: slip.lines.into_iter().map(item).collect(),
            cash_owed: slip.cash_owed.map(yuan),
            cash_received: slip.cash_received.map(yuan),
            verify_code: slip.verify_code,
            exchange: Exchange::new(slip.exchange, by, config),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SlipQuery {
    /// Of an earlier entry of the exchange; the newest when left out.
    sequence: Option<i64>,
    /// As a file for the printer, or as a page.
    #[param(inline)]
    format: Option<SlipFormat>,
    /// Width of the roll, 58 or 80 mm; 58 when left out.
    #[param(inline)]
    paper: Option<Roll>,
}

/// As what a slip is handed out.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlipFormat {
    Pdf,
    Html,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
pub enum Roll {
    #[default]
    #[serde(rename = "58")]
    Mm58,
    #[serde(rename = "80")]
    Mm80,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlipPrint {
    /// Of an earlier entry of the exchange; the newest when left out.
    sequence: Option<i64>,
    /// As a file for the printer, or as a page.
    format: Option<SlipFormat>,
    /// Width of the roll, 58 or 80 mm; 58 when left out.
    paper: Option<Roll>,
}

/// The slip as it was asked for.
async fn handed_out<O, A, I>(
    call: &Call<O, A, I>,
    slip: exchanges::Slip,
    (format, paper): (Option<SlipFormat>, Option<Roll>),
) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let Some(format) = format else { return Ok(ok(Slip::new(slip, call.by(), &config))) };
    let paper = match paper.unwrap_or_default() {
        Roll::Mm58 => SlipPaper::Mm58,
        Roll::Mm80 => SlipPaper::Mm80,
    };
    let account = slip.exchange.account.clone();
    let told = |amount| in_account(amount, account.as_deref(), &config);
    let document = papers::slip(&slip, &config, paper, &told, &yuan);
    match format {
        SlipFormat::Html => Ok(handed("slip", Format::Html, reports::documents::slip::html(&document)?.into_bytes())),
        SlipFormat::Pdf => {
            let bytes = print(call, document, papers::local(&config, call.now)).await?;
            Ok(handed(&format!("slip-{}", slip.number), Format::Pdf, bytes))
        }
    }
}

/// Look at a slip
///
/// Nothing is counted: for the screen. What is printed is asked for with `POST`.
#[utoipa::path(tag = "exchanges", params(SlipQuery), responses((status = 200, body = Slip)))]
#[get("/exchanges/{id}/slip")]
pub async fn get_slip(call: Call<may::GetSlip, Uuid, Query<SlipQuery>>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let SlipQuery { sequence, format, paper } = call.input.0;
    let slip = exchanges::slip(&call.scheme, call.at, sequence, call.by()).await;
    handed_out(&call, slip.map_err(|error| exchange_refused(error, &config))?, (format, paper)).await
}

/// Print a slip
///
/// Counts it. From the second time on the slip is a copy, and marked so.
#[utoipa::path(tag = "exchanges", request_body = Option<SlipPrint>, responses((status = 200, body = Slip)))]
#[post("/exchanges/{id}/slip")]
pub async fn print_slip(call: Call<may::PrintSlip, Uuid, MaybeJson<SlipPrint>>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let SlipPrint { sequence, format, paper } = call.input.0;
    let slip = exchanges::print_slip(&call.scheme, call.at, sequence, call.by(), call.now).await;
    handed_out(&call, slip.map_err(|error| exchange_refused(error, &config))?, (format, paper)).await
}
