//! What was done in some months, held against the book; and the statement of a year.

mod wire;

use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Number, Query};
use crate::api::error::{Flaw, Problem, Text};
use crate::api::rankings::year;
use crate::papers::{self, Format};
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use reports::documents::report::Report;
use scheme::anomalies::{self, AnomalyError};
use scheme::rankings::Period;
use scheme::statistics::{self, Scope, StatisticsError};
use scheme::{OpenScheme, teams};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use wire::{Statement, Statistics};

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_yearly_statement).service(get_statistics);
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsQuery {
    /// First day of a month; the beginning of this year when left out.
    from: Option<NaiveDate>,
    /// Last day of a month, at most ten years later; the end of the year of `from` when left out.
    until: Option<NaiveDate>,
    /// Code of a unit: what counts for it and for what is below it, and who serves there.
    unit: Option<String>,
    /// Adds up all accounts, too, and holds the sums against them: takes seconds where there are millions.
    thorough: Option<bool>,
    /// Counts what the list of anomalies of these months holds, too: takes as long as that list.
    anomalies: Option<bool>,
    /// A file instead of JSON.
    #[param(inline)]
    format: Option<Format>,
}

/// Add up what was done in some months
///
/// All of it is read at one moment and held against the book: `reconciled` says by which figures, as of `as_of`.
#[utoipa::path(tag = "rankings", params(StatisticsQuery), responses((status = 200, body = Statistics)))]
#[get("/statistics")]
async fn get_statistics(call: Call<may::GetStatistics, (), Query<StatisticsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let this_year = Period::Year(call.scheme.config().day_of(call.now).year());
    let from = query.from.unwrap_or_else(|| this_year.first_day());
    let until = query.until.unwrap_or_else(|| Period::Year(from.year()).last_day());
    let scope = Scope { from, until, unit: query.unit.clone(), thorough: query.thorough.unwrap_or(false) };
    let found = statistics::statistics(&call.scheme, &scope, call.now).await.map_err(refused)?;
    let odd = match query.anomalies {
        Some(true) => Some(count_anomalies(&call.scheme, &scope).await?),
        _ => None,
    };
    let Some(format) = query.format else { return Ok(ok(Statistics::of(found, odd, call.scale()))) };
    let organisation = call.scheme.organisation().await?;
    let report = papers::statistics::statistics(&call.scheme, &organisation, &teams(&call.scheme).await?, &found);
    let name = format!("statistics-{}-{}", scope.from.format("%Y%m"), scope.until.format("%Y%m"));
    sent(report, format, &name, call.now).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementQuery {
    /// A file instead of JSON.
    #[param(inline)]
    format: Option<Format>,
}

/// State the work of a year, as it is to be published
///
/// Order 67 of the Ministry of Civil Affairs, Art. 18. All accounts are added up for it.
#[utoipa::path(tag = "rankings", params(StatementQuery), responses((status = 200, body = Statement)))]
#[get("/statistics/{year}/statement")]
async fn get_yearly_statement(
    call: Call<may::GetYearlyStatement, Number, Query<StatementQuery>>,
) -> Result<HttpResponse, Problem> {
    let year = year(call.at.0)?;
    let found = statistics::statement(&call.scheme, year, call.now).await.map_err(refused)?;
    let Some(format) = call.input.0.format else { return Ok(ok(Statement::of(found, call.scale()))) };
    let organisation = call.scheme.organisation().await?;
    let report = papers::statistics::statement(&call.scheme, &organisation, &teams(&call.scheme).await?, &found);
    sent(report, format, &format!("statement-{year}"), call.now).await
}

async fn sent(report: Report, format: Format, name: &str, now: DateTime<Utc>) -> Result<HttpResponse, Problem> {
    let made = now.fixed_offset();
    let bytes = web::block(move || papers::statistics::file(&report, format, made)).await.map_err(Problem::internal)?;
    let bytes = bytes.map_err(|error| Problem::internal(format!("{error:#}")))?;
    let mut answer = HttpResponse::Ok();
    if format != Format::Html {
        let name = format!("attachment; filename=\"{name}.{}\"", format.extension());
        answer.insert_header((CONTENT_DISPOSITION, name));
    }
    Ok(answer.content_type(format.content_type()).body(bytes))
}

/// Code and name of each team.
pub async fn teams(scheme: &OpenScheme) -> db::Result<Vec<(String, String)>> {
    let teams = teams::list(scheme, None, None, i64::MAX).await?;
    Ok(teams.into_iter().map(|team| (team.code, team.details.name)).collect())
}

/// As many as are not set aside, three months at a time.
async fn count_anomalies(scheme: &OpenScheme, scope: &Scope) -> Result<i64, Problem> {
    let units = scheme.units_below(scope.unit.as_deref()).await?;
    let (mut from, mut count) = (scope.from, 0_usize);
    while from <= scope.until {
        let until = from.checked_add_months(chrono::Months::new(3)).and_then(|next| next.pred_opt());
        let until = until.unwrap_or(scope.until).min(scope.until);
        let part = anomalies::Scope { from, until, units: units.clone(), kind: None, dismissed: false };
        match anomalies::list(scheme, &part).await {
            Ok(found) => count = count.saturating_add(found.len()),
            Err(AnomalyError::Database(error)) => return Err(error.into()),
            Err(other) => return Err(Problem::internal(other)),
        }
        let Some(next) = until.succ_opt() else { break };
        from = next;
    }
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

fn refused(error: StatisticsError) -> Problem {
    let flaws = match error {
        StatisticsError::Database(error) => return error.into(),
        StatisticsError::Invalid(flaws) => flaws,
    };
    let flaw = |flaw: scheme::volunteers::Invalid| {
        let zh = match flaw.code {
            "not_whole_months" => "统计按整月：从某月第一天起，到某月最后一天止".to_owned(),
            "unknown_unit" => "方案没有这个单位".to_owned(),
            _ => format!("须为 1 至 {} 个月", statistics::MOST_MONTHS),
        };
        let detail = Text::new(zh, flaw.detail);
        Flaw { pointer: format!("/query/{}", flaw.field), code: flaw.code.to_owned(), detail }
    };
    Problem::invalid(flaws.into_iter().map(flaw).collect())
}
