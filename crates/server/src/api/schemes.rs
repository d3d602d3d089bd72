//! Schemes: their configurations, and what a record would earn by them.

use crate::api::amounts::{points, signed_points};
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{AdminCall, Call, Json, SchemeCode};
use crate::api::error::{Problem, service_refused};
use crate::api::services::{Evidence, Step};
use crate::api::volunteers::{Gender, VolunteerKind};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use scheme::config::{self, Scheme};
use scheme::rules::{self, Credit, Earning, Need, Person, Record, Verdict};
use scheme::schemes::ApplyError;
use scheme::services;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

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
    /// Those of the configuration; all of them are listed by `GET /units`.
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
    /// Change even rules that have been in force, as when they were copied down wrongly. What has been confirmed by them
    /// stays as it is.
    #[serde(default)]
    change_past: bool,
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
/// A new code makes a new scheme. Rules that have been in force stay as they are (`past_rules_changed` otherwise), and what
/// changes is a version of its own, in force from a day on.
#[utoipa::path(
    tag = "administration",
    request_body = Configuration,
    responses((status = 201, body = AppliedBody), (status = 200, body = AppliedBody))
)]
#[put("")]
async fn put_scheme(call: AdminCall<may::PutScheme, SchemeCode, Json<Configuration>>) -> Result<HttpResponse, Problem> {
    let Configuration { configuration: toml, change_past } = &call.input.0;
    let parsed = Scheme::parse(toml).map_err(ApplyError::from)?;
    if parsed.code != call.at.0 {
        let (zh, en) = ("配置中的 code 与地址不同", "the `code` in the configuration is not the one in the path");
        return Err(Problem::invalid_value("/configuration", "another_code", zh, en));
    }
    let applied = call.api.schemes.apply_over(toml, *change_past, call.now).await?;
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
    let organisation = call.scheme.organisation().await?;
    let mut stations: Vec<Named> = config.stations.iter().map(|station| named(&station.code, &station.name)).collect();
    let others = organisation.stations.values().filter(|station| config.station(&station.code).is_none());
    let others: BTreeMap<&String, &String> = others.map(|station| (&station.code, &station.name)).collect();
    stations.extend(others.into_iter().map(|(code, name)| named(code, name)));
    let rules = config.versions().iter().map(|rules| Version { from: rules.from, version: rules.version.clone() });
    Ok(ok(SchemeBody {
        code: config.code.clone(),
        name: config.name.clone(),
        name_en: config.name_en.clone(),
        illustrative: config.illustrative,
        time_zone: config.time_zone.to_string(),
        points_scale: config.points_scale,
        stations,
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
    /// 0, or left out, for an event.
    #[schema(example = 150)]
    #[serde(default)]
    minutes: i64,
    evidence: Evidence,
    level: Option<String>,
    role: Option<String>,
    count: Option<i64>,
    /// Whether the activity was filed with the office.
    #[serde(default)]
    filed: bool,
    /// The day on which it is put on record; the day of service when left out.
    recorded_on: Option<NaiveDate>,
    /// The day on which it is confirmed; today when left out.
    confirmed_on: Option<NaiveDate>,
    /// What whoever confirms decides on, out of the range that the rules give.
    points: Option<String>,
    #[serde(default)]
    lift_caps: bool,
    /// A volunteer of the scheme: who they are and what they have so far is then taken from there.
    volunteer_id: Option<Uuid>,
    /// Who served, as far as the rules ask; for nobody in particular.
    #[serde(default)]
    volunteer: CasePerson,
    /// What the volunteer has so far, by key: minutes, uses, or minor units of points. See `needs` of the answer.
    #[serde(default)]
    known: BTreeMap<String, i64>,
}

/// What the rules may ask of a volunteer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CasePerson {
    kind: VolunteerKind,
    birth_date: Option<NaiveDate>,
    gender: Option<Gender>,
    residence: Option<String>,
    registered_on: Option<NaiveDate>,
    teams: Vec<String>,
    labels: BTreeSet<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Explanation {
    /// Credited.
    minutes: i64,
    /// Earned; negative for a deduction.
    #[schema(example = "5")]
    points: String,
    /// The last day on which the points can be spent; `null` when they never expire.
    usable_until: Option<NaiveDate>,
    /// The first day on which the points can be spent; `null` when that is at once.
    usable_from: Option<NaiveDate>,
    /// What other accounts get: minutes, or minor units of points.
    accounts: BTreeMap<String, i64>,
    /// What did not fit and is donated: minutes, or minor units of points; `points` for points.
    donated: BTreeMap<String, i64>,
    calculation: Vec<Step>,
    /// What the arithmetic takes from the volunteer's history: the keys of `known`.
    needs: Vec<String>,
    /// What it adds to each of them.
    draws: BTreeMap<String, i64>,
    rules_version: String,
}

impl Case {
    fn record(&self) -> Record<'_> {
        Record {
            level: self.level.as_deref(),
            role: self.role.as_deref(),
            count: self.count,
            filed: self.filed,
            recorded_on: self.recorded_on.unwrap_or(self.occurred_on),
            ..Record::plain(&self.category, self.occurred_on, self.minutes, self.evidence.into())
        }
    }

    fn person(&self) -> Person {
        let volunteer = &self.volunteer;
        Person {
            kind: volunteer.kind.into(),
            birth_date: volunteer.birth_date,
            gender: volunteer.gender.map(Into::into),
            residence: volunteer.residence.clone(),
            registered_on: volunteer.registered_on,
            teams: volunteer.teams.clone(),
            labels: volunteer.labels.clone(),
        }
    }

    /// A code that the scheme does not have is a slip, and not a case of its own.
    fn check_codes(&self, config: &Scheme) -> Result<(), Problem> {
        let known = |named: &[config::Named], code: &str| named.iter().any(|one| one.code == code);
        let codes = [("/level", &self.level, &config.levels), ("/role", &self.role, &config.roles)];
        let given = codes.iter().flat_map(|(at, code, named)| code.iter().map(move |code| (*at, code, *named)));
        let labels = self.volunteer.labels.iter().map(|label| ("/volunteer/labels", label, &config.labels));
        match given.chain(labels).find(|(_, code, named)| !known(named, code)) {
            None => Ok(()),
            Some((at, code, _)) => {
                let (zh, en) = (format!("方案没有 `{code}`"), format!("the scheme has no `{code}`"));
                Err(Problem::invalid_value(at, "unknown_code", &zh, &en))
            }
        }
    }

    fn verdict(&self, config: &Scheme, today: NaiveDate) -> Result<Verdict, Problem> {
        let decided_points = self.points.as_deref().map(|points| signed_points("/points", points, config.points_scale));
        Ok(Verdict {
            confirmed_on: self.confirmed_on.unwrap_or(today),
            decided_points: decided_points.transpose()?,
            lift_caps: self.lift_caps,
        })
    }

    /// What the record would earn, and what that takes from the volunteer's history.
    pub fn earn(&self, config: &Scheme, today: NaiveDate) -> Result<(Earning, Vec<Need>), Problem> {
        self.check_codes(config)?;
        let (record, person) = (self.record(), self.person());
        rules::check(config, &record, &person)?;
        let verdict = self.verdict(config, today)?;
        let needs = rules::needs(config, &record, &person)?;
        if let Some(other) = self.known.keys().find(|key| needs.iter().all(|need| need.key() != **key)) {
            let keys: Vec<String> = needs.iter().map(Need::key).collect();
            let zh = format!("这条记录不看“{other}”；它看的是：{}", keys.join("、"));
            let en = format!("the record does not ask for {other:?}; it asks for: {}", keys.join(", "));
            return Err(Problem::invalid_value("/known", "unknown_key", &zh, &en));
        }
        Ok((rules::earn(config, &record, &person, &verdict, &self.known)?, needs))
    }
}

/// Compute what a record would earn, with the arithmetic
///
/// Nothing is written.
#[utoipa::path(tag = "services", request_body = Case, responses((status = 200, body = Explanation)))]
#[post("/explain")]
async fn explain(call: Call<may::Explain, (), Json<Case>>) -> Result<HttpResponse, Problem> {
    let config = call.scheme.config();
    let (case, today) = (&call.input.0, config.day_of(call.now));
    let (earning, needs) = match case.volunteer_id {
        None => case.earn(&config, today)?,
        Some(id) => {
            case.check_codes(&config)?;
            let (record, verdict) = (case.record(), case.verdict(&config, today)?);
            let earning = services::foresee(&call.scheme, id, &record, &verdict, call.now).await;
            (earning.map_err(|error| service_refused(error, config.points_scale))?, Vec::new())
        }
    };
    let of = |credits: Vec<Credit>| {
        let code = |account: Option<String>| account.unwrap_or_else(|| "points".to_owned());
        credits.into_iter().map(|credit| (code(credit.account), credit.amount)).collect()
    };
    Ok(ok(Explanation {
        minutes: earning.minutes,
        points: points(earning.points, config.points_scale),
        usable_until: earning.lot,
        usable_from: earning.spendable_on,
        accounts: of(earning.credits),
        donated: of(earning.donated),
        calculation: earning.calculation.into_iter().map(Step::from).collect(),
        needs: needs.iter().map(Need::key).collect(),
        draws: earning.draws.into_iter().map(|draw| (draw.tally.key, draw.amount)).collect(),
        rules_version: earning.rules_version,
    }))
}
