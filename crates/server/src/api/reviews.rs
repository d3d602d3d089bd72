//! Yearly reviews: who would be selected by the rules, and why the others would not.

use crate::api::amounts::{hours, points};
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, OfYear, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::levels::Lack;
use crate::api::rankings::year;
use crate::api::words::same_words;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use scheme::config::CapUnit;
use scheme::names;
use scheme::reviews;
use scheme::rules::reviews as rules;
use scheme::{OpenScheme, Role};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_review);
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewQuery {
    /// 1 to 500; 100 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReviewOutcome)]
pub enum Outcome {
    /// Among the selected; without a quota: passed.
    Selected,
    /// Fulfils the conditions, and others came first.
    BeyondQuota,
    /// Selected in the years before, and therefore not this time.
    Resting,
    /// Fulfils the conditions, and a complaint of the year was upheld against them. Told to kiosks as `not_qualified`.
    Vetoed,
    /// Not registered for long enough; takes part the next time.
    NotYet,
    /// Does not fulfil the conditions; without a quota: not passed.
    NotQualified,
}

same_words!(Outcome, rules::Outcome: Selected BeyondQuota Resting Vetoed NotYet NotQualified);

#[derive(Serialize, ToSchema)]
pub struct ReviewRow {
    outcome: Outcome,
    /// Among those who compete for the same seats; `null` for whoever does not.
    rank: Option<i64>,
    volunteer_id: Uuid,
    /// A kiosk is for everybody to see: 林*英, and a pseudonym (志愿者3F2A10) for those who have not agreed to be named.
    name: String,
    unit: Option<String>,
    /// Served in the year until the closing day.
    #[schema(example = "120.5")]
    hours: String,
    minutes: i64,
    /// Earned in that time, less deductions.
    #[schema(example = "118")]
    points: String,
    services: i64,
    /// Earned in that time in the account that the review goes by: hours or points.
    account: Option<String>,
    /// By the table of scores, where the review has one.
    score: Option<String>,
    /// Why not. Not told to kiosks.
    missing: Option<Lack>,
    /// The complaint that was upheld. Not told to kiosks.
    veto: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub struct Review {
    #[schema(example = "excellent")]
    code: String,
    #[schema(example = "优秀志愿者")]
    name: String,
    #[schema(example = "Excellent volunteers")]
    name_en: String,
    /// Without a quota, everybody who fulfils the conditions passes.
    has_quota: bool,
    /// Whoever does not pass is not registered for the next year.
    ends_registration: bool,
    /// The last day whose service counts.
    closes_on: NaiveDate,
    rules_version: String,
    selected: usize,
    /// The selected first, then those beyond the quota, by rank; then the others.
    rows: Vec<ReviewRow>,
    /// Sequence of the newest entry that is part of it.
    as_of: i64,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// Review the volunteers of a year: who would be selected, and why the others would not
///
/// A report of the book as it stands, by the rules in force at the end of the year; nothing is decided by it. Whoever won in the
/// years before is known from the same report of those years.
#[utoipa::path(tag = "reviews", params(ReviewQuery), responses((status = 200, body = Review)))]
#[get("/reviews/{year}/{review}")]
async fn get_review(call: Call<may::GetReview, OfYear, Query<ReviewQuery>>) -> Result<HttpResponse, Problem> {
    let Query(ReviewQuery { limit, cursor }) = &call.input;
    let limit = page_size(*limit, 100, 500)?;
    let year = year(call.at.year)?;
    let list = List::of(&call);
    let ((), offset): ((), Option<i64>) = list.resume(cursor.as_deref(), ())?;
    let offset = offset.unwrap_or(0);
    let report = reviews::review(&call.scheme, year, &call.at.code, call.now).await?;
    let (selected, as_of) = (report.count(rules::Outcome::Selected), report.as_of);
    let (scale, is_public) = (call.scale(), call.by().role == Role::Kiosk);
    let counts = report.account_counts;
    let here = report.rows.into_iter().skip(usize::try_from(offset).unwrap_or(usize::MAX));
    let here: Vec<reviews::Row> = here.take(usize::try_from(limit).unwrap_or(0).saturating_add(1)).collect();
    let (rows, next) = page(here, limit, |_| list.next((), offset + limit));
    Ok(ok(Review {
        code: report.review.code,
        name: report.review.name,
        name_en: report.review.name_en,
        has_quota: report.review.quota.is_some(),
        ends_registration: report.review.ends_registration,
        closes_on: report.closes_on,
        rules_version: report.rules_version,
        selected,
        rows: rows.into_iter().map(|reviewed| row(&call.scheme, reviewed, counts, scale, is_public)).collect(),
        as_of,
        next,
    }))
}

fn row(scheme: &OpenScheme, row: reviews::Row, counts: Option<CapUnit>, scale: u8, is_public: bool) -> ReviewRow {
    let shown = |name: &str| names::public(scheme, row.volunteer_id, name, row.consent_publish);
    let account = counts.map(|counts| match counts {
        CapUnit::Minutes => hours(row.merits.account),
        CapUnit::Points => points(row.merits.account, scale),
        CapUnit::Uses => row.merits.account.to_string(),
    });
    let outcome = match row.verdict.outcome {
        rules::Outcome::Vetoed if is_public => rules::Outcome::NotQualified,
        outcome => outcome,
    };
    ReviewRow {
        outcome: outcome.into(),
        rank: row.verdict.rank,
        volunteer_id: row.volunteer_id,
        name: if is_public { shown(&row.name) } else { row.name },
        unit: row.unit,
        hours: hours(row.merits.minutes),
        minutes: row.merits.minutes,
        points: points(row.merits.points, scale),
        services: row.merits.services,
        account,
        score: row.verdict.score.map(|score| score.to_string()),
        missing: row.verdict.lack.filter(|_| !is_public).map(Lack::from),
        veto: row.veto.filter(|_| !is_public),
    }
}
