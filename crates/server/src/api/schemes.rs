//! Schemes: their configurations, and what a record would earn by them.

use crate::api::amounts::points;
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{AdminCall, Call, Json, SchemeCode};
use crate::api::error::Problem;
use crate::api::services::{Evidence, Step};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use scheme::config::Scheme;
use scheme::rules::{self, Earning, Record, RuleError};
use scheme::schemes::ApplyError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

/// Below `/schemes/{scheme}`.
pub fn routes(config: &mut ServiceConfig) {
    config.service(explain).service(put_scheme).service(get_scheme);
}

/// Below `/api/v1`.
pub fn admin_routes(config: &mut ServiceConfig) {
    config.service(list_schemes);
}

#[derive(Serialize, ToSchema)]
pub struct SchemeCodes {
    #[schema(example = json!(["haiyue", "ziyang"]))]
    schemes: Vec<String>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

/// What clients of a scheme need to know of its configuration.
#[derive(Serialize, ToSchema)]
pub struct SchemeBody {
    #[schema(example = "ziyang")]
    code: String,
    name: String,
    name_en: String,
    /// The rates are an example, not what an office has published.
    illustrative: bool,
    #[schema(example = "Asia/Shanghai")]
    time_zone: String,
    /// Decimals of a point.
    points_scale: u8,
    stations: Vec<Named>,
    units: Vec<Unit>,
    categories: Vec<Named>,
    /// Dated versions of the earning rules, the oldest first.
    rules: Vec<Version>,
    /// Counts the configurations that were applied.
    edition: i64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SchemeItem)]
pub struct Named {
    code: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SchemeUnit)]
pub struct Unit {
    code: String,
    name: String,
    #[schema(value_type = String, example = "community")]
    kind: scheme::config::UnitKind,
    parent: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SchemeRules)]
pub struct Version {
    from: NaiveDate,
    version: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// TOML, as published.
    configuration: String,
}

#[derive(Serialize, ToSchema)]
pub struct AppliedBody {
    code: String,
    edition: i64,
}

/// List the schemes of this installation
#[utoipa::path(tag = "administration", responses((status = 200, body = SchemeCodes)))]
#[get("/schemes")]
async fn list_schemes(call: AdminCall<may::ListSchemes>) -> Result<HttpResponse, Problem> {
    let own = call.caller.scheme.as_deref();
    let mut schemes = call.api.schemes.codes().await?;
    schemes.retain(|code| own.is_none_or(|own| own == code));
    Ok(ok(SchemeCodes { schemes, next: None }))
}

/// Put a configuration in force
///
/// A new code makes a new scheme. Rules already in force stay in force for the days before the new ones begin, as long as
/// the configuration keeps them.
#[utoipa::path(
    tag = "administration",
    request_body = Configuration,
    responses((status = 201, body = AppliedBody), (status = 200, body = AppliedBody))
)]
#[put("")]
async fn put_scheme(call: AdminCall<may::PutScheme, SchemeCode, Json<Configuration>>) -> Result<HttpResponse, Problem> {
    let toml = &call.input.0.configuration;
    let parsed = Scheme::parse(toml).map_err(ApplyError::from)?;
    if parsed.code != call.at.0 {
        let (zh, en) = ("配置中的 code 与地址不同", "the `code` in the configuration is not the one in the path");
        return Err(Problem::invalid_value("/configuration", "another_code", zh, en));
    }
    let applied = call.api.schemes.apply(toml, call.now).await?;
    let status = if applied.edition == 1 { StatusCode::CREATED } else { StatusCode::OK };
    Ok(once(status, !applied.changed, AppliedBody { code: applied.code, edition: applied.edition }))
}

/// Read a scheme: its stations, units and categories
#[utoipa::path(tag = "administration", responses((status = 200, body = SchemeBody)))]
#[get("")]
async fn get_scheme(call: Call<may::GetScheme>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let named = |code: &String, name: &String| Named { code: code.clone(), name: name.clone() };
    let units = config.units.iter().map(|unit| Unit {
        code: unit.code.clone(),
        name: unit.name.clone(),
        kind: unit.kind,
        parent: unit.parent.clone(),
    });
    let rules = config.versions().iter().map(|rules| Version { from: rules.from, version: rules.version.clone() });
    Ok(ok(SchemeBody {
        code: config.code.clone(),
        name: config.name.clone(),
        name_en: config.name_en.clone(),
        illustrative: config.illustrative,
        time_zone: config.time_zone.to_string(),
        points_scale: config.points_scale,
        stations: config.stations.iter().map(|station| named(&station.code, &station.name)).collect(),
        units: units.collect(),
        categories: config.categories.iter().map(|category| named(&category.code, &category.name)).collect(),
        rules: rules.collect(),
        edition: call.scheme.edition(),
    }))
}

/// A record that nobody has written down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[schema(example = "emergency")]
    category: String,
    occurred_on: NaiveDate,
    #[schema(example = 150)]
    minutes: i64,
    evidence: Evidence,
    /// The day on which it is confirmed; today when left out.
    recorded_on: Option<NaiveDate>,
    /// What the volunteer has used of running caps, by key: minutes, or minor units of points. See `caps` of the answer.
    #[serde(default)]
    used: BTreeMap<String, i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Explanation {
    /// Credited.
    minutes: i64,
    /// Earned.
    #[schema(example = "5")]
    points: String,
    /// The last day on which the points can be spent; `null` when they never expire.
    usable_until: Option<NaiveDate>,
    calculation: Vec<Step>,
    /// The running caps that it draws on, by key, and how much of each.
    caps: BTreeMap<String, i64>,
    rules_version: String,
}

impl Case {
    pub fn earn(&self, config: &Scheme, today: NaiveDate) -> Result<Earning, RuleError> {
        let record = Record {
            category: &self.category,
            occurred_on: self.occurred_on,
            minutes: self.minutes,
            evidence: self.evidence.into(),
        };
        rules::earn(config, &record, self.recorded_on.unwrap_or(today), &self.used)
    }
}

/// Compute what a record would earn, with the arithmetic
///
/// Nothing is written.
#[utoipa::path(tag = "services", request_body = Case, responses((status = 200, body = Explanation)))]
#[post("/explain")]
async fn explain(call: Call<may::Explain, (), Json<Case>>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let earning = call.input.0.earn(&config, config.day_of(call.now))?;
    Ok(ok(Explanation {
        minutes: earning.minutes,
        points: points(earning.points, config.points_scale),
        usable_until: earning.lot,
        calculation: earning.calculation.into_iter().map(Step::from).collect(),
        caps: earning.draws.into_iter().map(|(cap, share)| (cap.key, share)).collect(),
        rules_version: earning.rules_version,
    }))
}
