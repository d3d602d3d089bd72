//! Who served most in a year or a month.

use crate::api::amounts::{hours, points};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Number, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::names;
use scheme::rankings::{self, Among, Period, Sums, Wanted};
use scheme::teams::{self, TeamError};
use scheme::units::Organisation;
use scheme::{OpenScheme, Role, config};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_ranking).service(get_team_ranking).service(get_unit_ranking).service(get_rank);
}

/// How rows are counted, ordered and tied. Another number means that the same book gives another ranking.
const RULE_VERSION: &str = "2";

#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    #[default]
    Hours,
    Points,
    Services,
    /// The average of the ratings of the period, for those who have as many as the scheme asks for (`least_ratings`).
    Rating,
}

same_words!(By, rankings::By: Hours Points Services Rating);

/// Which ranks equal figures get; within them, whoever has more services stands first, and then the lower number.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankTies {
    /// 1, 2, 2, 4.
    Shared,
    /// 1, 2, 2, 3.
    Dense,
    /// 1, 2, 3, 4.
    ServicesThenNumber,
}

impl From<config::RankTies> for RankTies {
    fn from(ties: config::RankTies) -> RankTies {
        match ties {
            config::RankTies::Shared => RankTies::Shared,
            config::RankTies::Dense => RankTies::Dense,
            config::RankTies::ServicesThenNumber => RankTies::ServicesThenNumber,
        }
    }
}

/// By which rules it was made.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub struct RankingRules {
    rule_version: &'static str,
    ties: RankTies,
    /// Whoever has fewer ratings in the period is not ranked by rating.
    least_ratings: u32,
}

impl RankingRules {
    fn of(scheme: &OpenScheme) -> RankingRules {
        let config::Rankings { ties, least_ratings } = scheme.config().rankings;
        RankingRules { rule_version: RULE_VERSION, ties: ties.into(), least_ratings }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RankingQuery {
    /// By what: `hours` when left out.
    #[param(inline)]
    by: Option<By>,
    /// 1 to 12: only this month of the year.
    month: Option<u32>,
    /// Code of a unit: only those who serve in it and in what is below it.
    unit: Option<String>,
    /// Code of a unit: only those who come from it or from what is below it (双报到).
    home_unit: Option<String>,
    /// Code of a team: only its members of that day, with all that they did.
    team: Option<String>,
    /// With a unit or a team: which units were below it, or who was a member, on that day. The last day of the period, or today,
    /// when left out.
    on: Option<NaiveDate>,
    /// 1 to 500; 100 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct RankingRow {
    /// Equal figures get the ranks that `ties` says.
    rank: i64,
    volunteer_id: Uuid,
    /// A kiosk is for everybody to see: 林*英, and a pseudonym (志愿者3F2A10) for those who have not agreed to be named.
    name: String,
    /// Where they served when the period ended, or serve today while it lasts.
    unit: Option<String>,
    #[serde(flatten)]
    figures: Figures,
}

/// What was done in the period.
#[derive(Serialize, ToSchema)]
#[schema(as = RankingFigures)]
pub struct Figures {
    #[schema(example = "120.5")]
    hours: String,
    minutes: i64,
    /// Earned in the period, whatever became of them.
    #[schema(example = "118")]
    points: String,
    services: i64,
    /// Average of the ratings of the period, in stars; `null` without any.
    #[schema(example = "4.67")]
    rating: Option<String>,
    /// How many they are.
    ratings: i64,
}

#[derive(Serialize, ToSchema)]
pub struct Ranking {
    rows: Vec<RankingRow>,
    /// How many are ranked.
    of: i64,
    /// Sequence of the newest entry that is part of it.
    as_of: i64,
    #[serde(flatten)]
    rules: RankingRules,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Filter {
    month: Option<u32>,
    by: By,
    unit: Option<String>,
    home_unit: Option<String>,
    team: Option<String>,
    on: Option<NaiveDate>,
}

/// Rank the volunteers of a year or a month
///
/// The day of service decides. Reversed services do not count. A volunteer stands in the unit where they belonged on the last
/// day of the period, or belong today while it lasts.
#[utoipa::path(tag = "rankings", params(RankingQuery), responses((status = 200, body = Ranking)))]
#[get("/rankings/{year}")]
async fn get_ranking(call: Call<may::GetRanking, Number, Query<RankingQuery>>) -> Result<HttpResponse, Problem> {
    let Query(RankingQuery { by, month, unit, home_unit, team, on, limit, cursor }) = &call.input;
    let limit = page_size(*limit, 100, 500)?;
    let (year, by) = (year(call.at.0)?, by.unwrap_or_default());
    let list = List::of(&call);
    let (unit, home_unit, team) = (unit.clone(), home_unit.clone(), team.clone());
    let filter = Filter { month: *month, by, unit, home_unit, team, on: *on };
    let (filter, offset) = list.resume(cursor.as_deref(), filter)?;
    let offset = offset.unwrap_or(0);
    let period = period(year, filter.month)?;
    let on = filter.on.unwrap_or_else(|| period.counting_day(call.scheme.config().day_of(call.now)));
    let (unit, home_unit, team) = (filter.unit.as_deref(), filter.home_unit.as_deref(), filter.team.as_deref());
    let group = Group::of(&call.scheme, unit, home_unit, team, on).await?;
    let wanted = Wanted { period, by: filter.by.into(), among: group.among() };
    let ranking = rankings::ranking(&call.scheme, wanted, offset, limit + 1, call.now).await?;
    let (rows, next) = page(ranking.rows, limit, |_| list.next(&filter, offset + limit));
    let (scale, is_public) = (call.scale(), call.by().role == Role::Kiosk);
    let rows = rows.into_iter().map(|ranked| row(&call.scheme, ranked, scale, is_public)).collect();
    Ok(ok(Ranking { rows, of: ranking.of, as_of: ranking.as_of, rules: RankingRules::of(&call.scheme), next }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GroupsQuery {
    /// By what: `hours` when left out.
    #[param(inline)]
    by: Option<By>,
    /// 1 to 12: only this month of the year.
    month: Option<u32>,
    /// Code of a unit: only what counts for it and for what is below it; of units, only those right below it.
    unit: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct GroupRow {
    rank: i64,
    /// Of the team or of the unit.
    code: String,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Serialize, ToSchema)]
pub struct GroupRanking {
    rows: Vec<GroupRow>,
    /// Sequence of the newest entry that is part of it.
    as_of: i64,
    #[serde(flatten)]
    rules: RankingRules,
}

/// Rank the teams of a year or a month by what was served for them
#[utoipa::path(tag = "rankings", params(GroupsQuery), responses((status = 200, body = GroupRanking)))]
#[get("/rankings/{year}/teams")]
async fn get_team_ranking(
    call: Call<may::GetTeamRanking, Number, Query<GroupsQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(GroupsQuery { by, month, unit }) = &call.input;
    let (period, by) = (period(year(call.at.0)?, *month)?, by.unwrap_or_default().into());
    let organisation = call.scheme.organisation().await?;
    let on = period.counting_day(call.scheme.config().day_of(call.now));
    let units = units_below(&organisation, "/query/unit", unit.as_deref(), on)?;
    let (rows, as_of) = rankings::teams(&call.scheme, period, by, units.as_deref()).await?;
    Ok(ok(groups(&call.scheme, rows, as_of)))
}

/// Rank the units right below a unit by what counts for each of them and for all below it
///
/// Without `unit`, those at the top.
#[utoipa::path(tag = "rankings", params(GroupsQuery), responses((status = 200, body = GroupRanking)))]
#[get("/rankings/{year}/units")]
async fn get_unit_ranking(
    call: Call<may::GetUnitRanking, Number, Query<GroupsQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(GroupsQuery { by, month, unit }) = &call.input;
    let (period, by) = (period(year(call.at.0)?, *month)?, by.unwrap_or_default().into());
    let organisation = call.scheme.organisation().await?;
    let on = period.counting_day(call.scheme.config().day_of(call.now));
    units_below(&organisation, "/query/unit", unit.as_deref(), on)?;
    let below: Vec<(String, Vec<String>)> = organisation
        .children(unit.as_deref(), on)
        .into_iter()
        .map(|code| (code.clone(), organisation.subtree(&code, on)))
        .collect();
    let (rows, as_of) = rankings::units(&call.scheme, period, by, &below).await?;
    Ok(ok(groups(&call.scheme, rows, as_of)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlaceQuery {
    year: i32,
    /// 1 to 12: only this month of the year.
    month: Option<u32>,
    /// By what: `hours` when left out.
    #[param(inline)]
    by: Option<By>,
    /// Code of a unit: among those who serve in it and in what is below it.
    unit: Option<String>,
    /// Code of a unit: among those who come from it or from what is below it (双报到).
    home_unit: Option<String>,
    /// Code of a team: among its members of the last day of the period, or of today.
    team: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RankingPlace)]
pub struct Place {
    /// `null` for whoever has no service in the period (or too few ratings), or served elsewhere when it ended.
    rank: Option<i64>,
    /// How many share the rank.
    level: Option<i64>,
    /// How many are ranked.
    of: Option<i64>,
    #[serde(flatten)]
    figures: Option<Figures>,
    /// What is missing to be level with the next; `null` at the top. In hours, points, services or stars, as `by` says.
    #[schema(example = "2.5")]
    to_next: Option<String>,
    as_of: i64,
}

/// Tell a volunteer's place in a year or a month, and how far it is to the next
#[utoipa::path(tag = "rankings", params(PlaceQuery), responses((status = 200, body = Place)))]
#[get("/volunteers/{id}/rank")]
async fn get_rank(call: Call<may::GetRank, Uuid, Query<PlaceQuery>>) -> Result<HttpResponse, Problem> {
    let Query(PlaceQuery { year: asked, month, by, unit, home_unit, team }) = &call.input;
    scheme::volunteers::require(&call.scheme, call.at).await?;
    let by: rankings::By = by.unwrap_or_default().into();
    let period = period(year(i64::from(*asked))?, *month)?;
    let on = period.counting_day(call.scheme.config().day_of(call.now));
    let group = Group::of(&call.scheme, unit.as_deref(), home_unit.as_deref(), team.as_deref(), on).await?;
    let wanted = Wanted { period, by, among: group.among() };
    let (place, as_of) = rankings::place(&call.scheme, wanted, call.at, call.now).await?;
    let scale = call.scale();
    let to_next = place.and_then(|place| place.next.map(|next| next.saturating_sub(place.sums.of(by))));
    Ok(ok(Place {
        rank: place.map(|place| place.rank),
        level: place.map(|place| place.level),
        of: place.map(|place| place.of),
        figures: place.map(|place| figures(place.sums, scale)),
        to_next: to_next.map(|missing| match by {
            rankings::By::Hours => hours(missing),
            rankings::By::Points => points(missing, scale),
            rankings::By::Services => missing.to_string(),
            rankings::By::Rating => stars(missing),
        }),
        as_of,
    }))
}

pub fn period(year: i32, month: Option<u32>) -> Result<Period, Problem> {
    match month {
        None => Ok(Period::Year(year)),
        Some(month @ 1..=12) => Ok(Period::Month(year, month)),
        Some(_) => {
            Err(Problem::invalid_value("/query/month", "invalid_month", "月份须在 1 到 12 之间", "a month is 1 to 12"))
        }
    }
}

/// Who is ranked among each other.
pub struct Group {
    units: Option<Vec<String>>,
    home_units: Option<Vec<String>>,
    members: Option<Vec<Uuid>>,
}

impl Group {
    /// Who belongs, on that day, to all that is given.
    pub async fn of(
        scheme: &OpenScheme,
        unit: Option<&str>,
        home_unit: Option<&str>,
        team: Option<&str>,
        on: NaiveDate,
    ) -> Result<Group, Problem> {
        let organisation = scheme.organisation().await?;
        let units = units_below(&organisation, "/query/unit", unit, on)?;
        let home_units = units_below(&organisation, "/query/home_unit", home_unit, on)?;
        let members = match team {
            None => None,
            Some(team) => Some(members(scheme, team, on).await?),
        };
        Ok(Group { units, home_units, members })
    }

    pub fn among(&self) -> Among<'_> {
        let Group { units, home_units, members } = self;
        Among { units: units.as_deref(), home_units: home_units.as_deref(), members: members.as_deref() }
    }
}

async fn members(scheme: &OpenScheme, team: &str, on: NaiveDate) -> Result<Vec<Uuid>, Problem> {
    match teams::members(scheme, team, on).await {
        Ok(members) => Ok(members.into_iter().map(|member| member.id).collect()),
        Err(TeamError::TeamNotFound { .. }) => {
            let (zh, en) = ("方案没有这支队伍", "the scheme has no such team");
            Err(Problem::invalid_value("/query/team", "unknown_team", zh, en))
        }
        Err(error) => Err(error.into()),
    }
}

/// A unit and all below it; a unit that nobody knows is refused.
pub fn units_below(
    organisation: &Organisation,
    pointer: &str,
    unit: Option<&str>,
    on: NaiveDate,
) -> Result<Option<Vec<String>>, Problem> {
    let Some(unit) = unit else { return Ok(None) };
    if organisation.unit(unit).is_none() {
        let (zh, en) = ("方案没有这个单位", "the scheme has no such unit");
        return Err(Problem::invalid_value(pointer, "unknown_unit", zh, en));
    }
    Ok(Some(organisation.subtree(unit, on)))
}

fn groups(scheme: &OpenScheme, rows: Vec<rankings::GroupRow>, as_of: i64) -> GroupRanking {
    let scale = scheme.config().points_scale;
    let row = |row: rankings::GroupRow| GroupRow { rank: row.rank, code: row.code, figures: figures(row.sums, scale) };
    GroupRanking { rows: rows.into_iter().map(row).collect(), as_of, rules: RankingRules::of(scheme) }
}

fn figures(sums: Sums, scale: u8) -> Figures {
    let Sums { minutes, points: earned, services, ratings, .. } = sums;
    let rating = (ratings > 0).then(|| stars(sums.average().hundredths()));
    Figures { hours: hours(minutes), minutes, points: points(earned, scale), services, rating, ratings }
}

/// Hundredths of a star.
fn stars(hundredths: i64) -> String {
    points(hundredths, 2)
}

pub fn year(number: i64) -> Result<i32, Problem> {
    let year = i32::try_from(number).ok().filter(|year| (1900..=9999).contains(year));
    year.ok_or_else(|| {
        Problem::invalid_value("/path/year", "invalid_year", "年份须在 1900 到 9999 之间", "a year is 1900 to 9999")
    })
}

fn row(scheme: &OpenScheme, row: rankings::RankingRow, scale: u8, is_public: bool) -> RankingRow {
    let shown = |name: &str| names::public(scheme, row.volunteer_id, name, row.consent_publish);
    RankingRow {
        rank: row.rank,
        volunteer_id: row.volunteer_id,
        name: if is_public { shown(&row.name) } else { row.name },
        unit: row.unit,
        figures: figures(row.sums, scale),
    }
}
