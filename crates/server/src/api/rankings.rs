//! Who served most in a year.

use crate::api::amounts::{hours, points};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Number, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::units::Organisation;
use scheme::{Role, rankings};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_ranking);
}

/// How rows are counted, ordered and tied. Another number means that the same book gives another ranking.
const RULE_VERSION: &str = "1";

#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    #[default]
    Hours,
    Points,
    Services,
}

same_words!(By, rankings::By: Hours Points Services);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RankingQuery {
    /// By what: `hours` when left out.
    #[param(inline)]
    by: Option<By>,
    /// Code of a unit: only it and what is below it.
    unit: Option<String>,
    /// With `unit`: as the units and who belonged to them were on that day. Left out: the last day of the year, or today.
    on: Option<NaiveDate>,
    /// 1 to 500; 100 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct RankingRow {
    /// Equal figures share a rank, and the next is left out for each: 1, 2, 2, 4.
    rank: i64,
    volunteer_id: Uuid,
    /// Kiosks get 林** for those who have not agreed to be named.
    name: String,
    unit: Option<String>,
    #[schema(example = "120.5")]
    hours: String,
    minutes: i64,
    /// Earned in the year, whatever became of them.
    #[schema(example = "118")]
    points: String,
    services: i64,
}

#[derive(Serialize, ToSchema)]
pub struct Ranking {
    rows: Vec<RankingRow>,
    /// Sequence of the newest entry that is part of it.
    as_of: i64,
    rule_version: &'static str,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Filter {
    year: i32,
    by: By,
    unit: Option<String>,
    on: NaiveDate,
}

impl Filter {
    fn within(&self) -> Option<(&str, NaiveDate)> {
        self.unit.as_deref().map(|unit| (unit, self.on))
    }
}

/// 422 for a unit in the query that the scheme does not have.
pub fn known_unit(organisation: &Organisation, unit: &str) -> Result<(), Problem> {
    if organisation.unit(unit).is_some() {
        return Ok(());
    }
    Err(Problem::invalid_value("/query/unit", "unknown_unit", "方案没有这个单位", "the scheme has no such unit"))
}

/// Rank the volunteers of a year
///
/// The year is that of the day of service. Reversed services do not count.
#[utoipa::path(tag = "rankings", params(RankingQuery), responses((status = 200, body = Ranking)))]
#[get("/rankings/{year}")]
async fn get_ranking(call: Call<may::GetRanking, Number, Query<RankingQuery>>) -> Result<HttpResponse, Problem> {
    let Query(RankingQuery { by, unit, on, limit, cursor }) = &call.input;
    let limit = page_size(*limit, 100, 500)?;
    let year = year(call.at.0)?;
    if let Some(unit) = unit {
        known_unit(&*call.scheme.organisation().await?, unit)?;
    }
    let list = List::of(&call);
    let end = NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(NaiveDate::MAX);
    let on = on.unwrap_or_else(|| end.min(call.scheme.config().day_of(call.now)));
    let filter = Filter { year, by: by.unwrap_or_default(), unit: unit.clone(), on };
    let (filter, offset) = list.resume(cursor.as_deref(), filter)?;
    let (by, offset) = (filter.by.into(), offset.unwrap_or(0));
    let ranking = rankings::ranking(&call.scheme, year, by, filter.within(), offset, limit + 1).await?;
    let (rows, next) = page(ranking.rows, limit, |_| list.next(&filter, offset + limit));
    let (scale, is_public) = (call.scale(), call.by().role == Role::Kiosk);
    let rows = rows.into_iter().map(|ranked| row(ranked, scale, is_public)).collect();
    Ok(ok(Ranking { rows, as_of: ranking.as_of, rule_version: RULE_VERSION, next }))
}

pub fn year(number: i64) -> Result<i32, Problem> {
    let year = i32::try_from(number).ok().filter(|year| (1900..=9999).contains(year));
    year.ok_or_else(|| {
        Problem::invalid_value("/path/year", "invalid_year", "年份须在 1900 到 9999 之间", "a year is 1900 to 9999")
    })
}

fn row(row: rankings::RankingRow, scale: u8, is_public: bool) -> RankingRow {
    let is_named = row.consent_publish || !is_public;
    RankingRow {
        rank: row.rank,
        volunteer_id: row.volunteer_id,
        name: if is_named { row.name } else { masked(&row.name) },
        unit: row.unit,
        hours: hours(row.minutes),
        minutes: row.minutes,
        points: points(row.points, scale),
        services: row.services,
    }
}

/// The first character, and stars.
pub fn masked(name: &str) -> String {
    let first: String = name.chars().take(1).collect();
    format!("{first}**")
}
