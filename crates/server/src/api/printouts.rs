//! Papers made of what is on record, with nothing kept of them: passbooks, cards, letters of thanks, posters.

use crate::api::auth::may;
use crate::api::call::{Call, Json, Number, Query};
use crate::api::error::Problem;
use crate::api::papers::{attachment, handed, print, refuse_unknown_fields, sheet};
use crate::api::rankings::{By, Group, period, units_below, year};
use crate::papers::{self, Format, Recipients, Run, local};
use actix_web::{HttpResponse, get, post, web};
use chrono::{Datelike, NaiveDate};
use reports::documents::card::Cards;
use reports::documents::{Bundle, Document};
use scheme::rankings::{self, Wanted};
use scheme::{certificates, passbooks};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_passbook).service(print_cards).service(print_letters).service(get_poster);
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PassbookQuery {
    /// The first day of booking; the first of January when left out.
    from: Option<NaiveDate>,
    /// The last; today when left out.
    until: Option<NaiveDate>,
    /// `pdf` when left out.
    #[param(inline)]
    format: Option<Format>,
}

/// Print a passbook (志愿服务手册): the statement of some days, oldest first, with the balance after each line
///
/// Lines stand in the order in which they were booked, so that each balance follows from the one before.
#[utoipa::path(
    tag = "balances",
    params(PassbookQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"))
)]
#[get("/volunteers/{id}/passbook")]
async fn get_passbook(call: Call<may::GetPassbook, Uuid, Query<PassbookQuery>>) -> Result<HttpResponse, Problem> {
    let PassbookQuery { from, until, format } = &call.input.0;
    let config = call.scheme.config();
    let until = until.unwrap_or_else(|| config.day_of(call.now));
    let from = from.unwrap_or_else(|| until.with_ordinal(1).unwrap_or(until));
    in_order(from, until, "/query/from")?;
    let passbook = passbooks::passbook(&call.scheme, call.at, (from, until)).await?;
    let issuer = certificates::issuer(&call.scheme).await?;
    let document = papers::passbook(&config, &*call.scheme.organisation().await?, &passbook, issuer);
    let (format, made) = (format.unwrap_or_default(), local(&config, call.now));
    let name = format!("passbook-{}", passbook.volunteer.number);
    match format {
        Format::Pdf => Ok(handed(&name, format, print(&call, document, made).await?)),
        other => sheet(&call, document.table(), other, &name, made).await,
    }
}

fn in_order(from: NaiveDate, until: NaiveDate, pointer: &str) -> Result<(), Problem> {
    if from <= until {
        return Ok(());
    }
    let (zh, en) = ("起始日期须不晚于截止日期", "it does not begin after its end");
    Err(Problem::invalid_value(pointer, "period_reversed", zh, en))
}

const CARDS_MAX: usize = 500;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardOrder {
    /// At most 500.
    volunteers: Vec<Uuid>,
}

/// Print cards of volunteers, ten on a sheet, in the order of their numbers
///
/// The code on a card is the one that stations scan; it names nobody, and is worthless once the card is renewed.
#[utoipa::path(
    tag = "volunteers",
    request_body = CardOrder,
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"))
)]
#[post("/cards")]
async fn print_cards(call: Call<may::PrintCards, (), Json<CardOrder>>) -> Result<HttpResponse, Problem> {
    let volunteers = call.input.0.volunteers.clone();
    if volunteers.is_empty() || volunteers.len() > CARDS_MAX {
        let (zh, en) = (format!("1 至 {CARDS_MAX} 人"), format!("1 to {CARDS_MAX} volunteers"));
        return Err(Problem::invalid_value("/volunteers", "invalid_items", &zh, &en));
    }
    let issuer = certificates::issuer(&call.scheme).await?;
    let cards = papers::cards_of(&call.scheme, volunteers, &issuer).await?;
    let made = local(&call.scheme.config(), call.now);
    let file = print(&call, Cards { cards }, made).await?;
    Ok(attachment("cards.pdf", Format::Pdf.content_type(), file))
}

const LETTERS_MAX: usize = 2000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterOrder {
    to: Recipients,
    /// Heading, salutation, and each further line a paragraph. Fields stand in braces. To volunteers: `name`, `number`, `unit`,
    /// `home_unit`, `hours`, `count`, `activities`, `from`, `until`, `date`; to units: `home_unit`, `members`, `hours`, `count`,
    /// `from`, `until`, `date`.
    #[schema(example = "感谢信\n尊敬的{name}同志：\n您在{from}至{until}期间服务 {hours} 小时，谨致谢意。")]
    text: String,
    /// Services of these days count.
    from: NaiveDate,
    until: NaiveDate,
    /// Code of a unit: only those who serve in it and in what is below it.
    unit: Option<String>,
    /// Only those with at least so many hours.
    #[serde(default)]
    min_hours: u16,
    /// Who issues certificates when left out.
    issuer: Option<String>,
    /// The day that is printed; today when left out.
    date: Option<NaiveDate>,
}

/// Print letters of thanks, to volunteers or to the units that they come from, in one file
///
/// The text is checked first: every field that nobody knows is named, and nothing is printed. A unit's letter lists those of its
/// people who have agreed to be named.
#[utoipa::path(
    tag = "volunteers",
    request_body = LetterOrder,
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"))
)]
#[post("/letters")]
async fn print_letters(call: Call<may::PrintLetters, (), Json<LetterOrder>>) -> Result<HttpResponse, Problem> {
    let order = &call.input.0;
    refuse_unknown_fields(&order.text, order.to.fields())?;
    in_order(order.from, order.until, "/from")?;
    let organisation = call.scheme.organisation().await?;
    let config = call.scheme.config();
    units_below(&organisation, "/unit", order.unit.as_deref(), config.day_of(call.now))?;
    let least = i64::from(order.min_hours) * 60;
    let period = (order.from, order.until);
    let served = certificates::served(&call.scheme, period, order.unit.as_deref(), least).await?;
    let issuer = match &order.issuer {
        Some(issuer) => issuer.clone(),
        None => certificates::issuer(&call.scheme).await?,
    };
    let date = order.date.unwrap_or_else(|| config.day_of(call.now));
    let run =
        Run { text: &order.text, from: order.from, until: order.until, date, issuer, organisation: &organisation };
    let letters = run.letters(order.to, &served)?;
    if letters.is_empty() {
        let (zh, en) = ("没有收信人", "there is nobody to write to");
        return Err(Problem::invalid_value("/to", "nobody_served", zh, en));
    }
    if letters.len() > LETTERS_MAX {
        let zh = format!("共 {} 封，一次最多 {LETTERS_MAX} 封", letters.len());
        let en = format!("{} letters, and at most {LETTERS_MAX} at once", letters.len());
        return Err(Problem::invalid_value("/unit", "too_many_letters", &zh, &en));
    }
    let letters: Vec<_> = letters.into_iter().map(|(_, letter)| letter).collect();
    let file = bundle(&call, "感谢信", letters).await?;
    Ok(attachment("letters.pdf", Format::Pdf.content_type(), file))
}

/// Many documents in one file.
async fn bundle<O, A, I, D>(call: &Call<O, A, I>, title: &'static str, documents: Vec<D>) -> Result<Vec<u8>, Problem>
where
    D: Document + Send + 'static,
{
    let press = call.press().clone();
    let made = local(&call.scheme.config(), call.now);
    let bound = web::block(move || {
        let fonts = press.fonts().map_err(|error| Problem::internal(format!("{error:#}")))?;
        let mut bundle = Bundle::new(fonts, title, made)?;
        for document in &documents {
            bundle.add(document)?;
        }
        Ok::<_, Problem>(bundle.finish()?)
    });
    bound.await.map_err(Problem::internal)?
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PosterQuery {
    /// By what: `hours` when left out.
    #[param(inline)]
    by: Option<By>,
    /// 1 to 12: only this month of the year.
    month: Option<u32>,
    /// Code of a unit: only those who serve in it and in what is below it.
    unit: Option<String>,
    /// Code of a unit: only those who come from it or from what is below it (双报到).
    home_unit: Option<String>,
    /// Code of a team: only its members.
    team: Option<String>,
    /// On A3 instead of A4.
    large: Option<bool>,
}

/// Print the ranking of a year or a month as a poster: the first 33 who have agreed to be named, their names masked
#[utoipa::path(
    tag = "rankings",
    params(PosterQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"))
)]
#[get("/rankings/{year}/poster")]
async fn get_poster(call: Call<may::GetPoster, Number, Query<PosterQuery>>) -> Result<HttpResponse, Problem> {
    let PosterQuery { by, month, unit, home_unit, team, large } = &call.input.0;
    let (year, by): (i32, rankings::By) = (year(call.at.0)?, by.unwrap_or_default().into());
    let (period, config) = (period(year, *month)?, call.scheme.config());
    let organisation = call.scheme.organisation().await?;
    let today = config.day_of(call.now);
    let (unit, home_unit, team) = (unit.as_deref(), home_unit.as_deref(), team.as_deref());
    let group = Group::of(&call.scheme, unit, home_unit, team, period.counting_day(today)).await?;
    let wanted = Wanted { period, by, among: group.among() };
    // Some of them may not be named.
    let ranking = rankings::ranking(&call.scheme, wanted, 0, 10 * papers::POSTER_MOST as i64, call.now).await?;
    let title = match month {
        Some(month) => format!("{year}年{month}月志愿服务榜"),
        None => format!("{year}年志愿服务榜"),
    };
    let footer =
        vec![certificates::issuer(&call.scheme).await?, format!("统计至第 {} 笔分录　打印日期 {today}", ranking.as_of)];
    let poster = papers::poster(&config, title, &ranking.rows, (by, large.unwrap_or(false)), &organisation, footer);
    let file = print(&call, poster, local(&config, call.now)).await?;
    Ok(attachment(&format!("poster-{year}.pdf"), Format::Pdf.content_type(), file))
}
