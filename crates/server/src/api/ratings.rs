//! Ratings: how good a service was.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Code, Problem, record_refused};
use crate::api::records::{Because, RecordsQuery, StarAverage};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::Role;
use scheme::ratings::{self, Rated, RatingDetails};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_rating).service(withdraw_rating).service(list_ratings).service(list_rating_averages);
}

/// Who rates. At a kiosk only who was served does.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rater {
    Recipient,
    Leader,
    Organiser,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRating {
    volunteer_id: Uuid,
    /// What is rated: this, or `activity_id`.
    service_id: Option<Uuid>,
    activity_id: Option<Uuid>,
    rater: Rater,
    /// Tells several recipients of one service apart: a number of your own.
    recipient_id: Option<Uuid>,
    /// 1 to 5.
    #[schema(example = 5)]
    stars: i64,
    #[schema(example = "很耐心")]
    words: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Rating {
    id: Uuid,
    volunteer_id: Uuid,
    service_id: Option<Uuid>,
    activity_id: Option<Uuid>,
    rater: Rater,
    recipient_id: Option<Uuid>,
    stars: i64,
    words: Option<String>,
    rated_on: NaiveDate,
    #[schema(example = "given")]
    status: &'static str,
    /// Why it was withdrawn.
    reason: Option<String>,
    recorded_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
pub struct Ratings {
    ratings: Vec<Rating>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct RatingAverage {
    volunteer_id: Uuid,
    #[serde(flatten)]
    average: StarAverage,
}

#[derive(Serialize, ToSchema)]
pub struct RatingAverages {
    averages: Vec<RatingAverage>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

impl From<ratings::Rating> for Rating {
    fn from(rating: ratings::Rating) -> Self {
        let details = rating.details;
        let (service_id, activity_id) = match details.of {
            Rated::Service(id) => (Some(id), None),
            Rated::Activity(id) => (None, Some(id)),
        };
        let (rater, recipient_id) = match details.rater {
            ratings::Rater::Recipient(id) => (Rater::Recipient, id),
            ratings::Rater::Leader => (Rater::Leader, None),
            ratings::Rater::Organiser => (Rater::Organiser, None),
        };
        Rating {
            id: rating.id,
            volunteer_id: details.volunteer_id,
            service_id,
            activity_id,
            rater,
            recipient_id,
            stars: details.stars,
            words: details.words,
            rated_on: rating.rated_on,
            status: if rating.withdrawn { "withdrawn" } else { "given" },
            reason: rating.reason,
            recorded_at: rating.recorded_at,
        }
    }
}

fn details(new: NewRating) -> Result<RatingDetails, Problem> {
    let NewRating { volunteer_id, service_id, activity_id, rater, recipient_id, stars, words } = new;
    let of = match (service_id, activity_id) {
        (Some(service), None) => Rated::Service(service),
        (None, Some(activity)) => Rated::Activity(activity),
        _ => {
            let (zh, en) = ("service_id 和 activity_id 写其一", "either service_id or activity_id");
            return Err(Problem::invalid_value("/service_id", "one_of_two", zh, en));
        }
    };
    let rater = match rater {
        Rater::Recipient => ratings::Rater::Recipient(recipient_id),
        Rater::Leader => ratings::Rater::Leader,
        Rater::Organiser => ratings::Rater::Organiser,
    };
    Ok(RatingDetails { volunteer_id, of, rater, stars, words })
}

/// Rate a service
///
/// Of a record, or of a volunteer's part in an activity, with 1 to 5 stars and words beside. Each rater rates it once:
/// `id_taken` with `field` `rater` for a second time.
#[utoipa::path(
    tag = "records",
    request_body = NewRating,
    responses((status = 201, body = Rating), (status = 200, body = Rating))
)]
#[put("/ratings/{id}")]
async fn put_rating(call: Call<may::PutRating, Uuid, Json<NewRating>>) -> Result<HttpResponse, Problem> {
    let scale = call.scale();
    let details = details(call.input.0)?;
    let (role, is_recipient) = (call.caller.operator.role, matches!(details.rater, ratings::Rater::Recipient(_)));
    if (role == Role::Kiosk && !is_recipient) || (role == Role::Leader && details.rater != ratings::Rater::Leader) {
        let (zh, en) = ("此密钥不能以这一身份评价", "this key does not rate as that");
        return Err(Problem::new(Code::Forbidden).detail(zh, en));
    }
    let done = ratings::put(&call.scheme, call.at, details, &call.caller.operator, call.now).await;
    let (rating, replayed) = done.map_err(|error| record_refused(error, scale))?;
    Ok(once(StatusCode::CREATED, replayed, Rating::from(rating)))
}

/// Withdraw a rating; it stays on record and counts no longer
#[utoipa::path(tag = "records", request_body = Because, responses((status = 200, body = Rating)))]
#[post("/ratings/{id}/withdraw")]
async fn withdraw_rating(call: Call<may::WithdrawRating, Uuid, Json<Because>>) -> Result<HttpResponse, Problem> {
    let done = ratings::withdraw(&call.scheme, call.at, &call.input.0.reason, call.by(), call.now).await;
    let (rating, replayed) = done.map_err(|error| record_refused(error, call.scale()))?;
    Ok(once(StatusCode::OK, replayed, Rating::from(rating)))
}

/// List ratings, in the order of their days
#[utoipa::path(tag = "records", params(RecordsQuery), responses((status = 200, body = Ratings)))]
#[get("/ratings")]
async fn list_ratings(call: Call<may::ListRatings, (), Query<RecordsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after) = list.resume(query.cursor.as_deref(), query.filter(&["given", "withdrawn"])?)?;
    let found = ratings::list(&call.scheme, &filter, after, limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.rated_on, last.id)));
    Ok(ok(Ratings { ratings: found.into_iter().map(Rating::from).collect(), next }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AveragesQuery {
    /// Code of a unit: it and all below it.
    unit: Option<String>,
    team: Option<String>,
    /// The first day.
    from: Option<NaiveDate>,
    /// The last day.
    until: Option<NaiveDate>,
    /// Only those with at least so many ratings; 1 when left out.
    min_count: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 500; 100 when left out.
    limit: Option<i64>,
}

/// List the average rating of each volunteer
///
/// Of the ratings that were not withdrawn, for those who have enough of them.
#[utoipa::path(tag = "records", params(AveragesQuery), responses((status = 200, body = RatingAverages)))]
#[get("/rating-averages")]
async fn list_rating_averages(
    call: Call<may::ListRatingAverages, (), Query<AveragesQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(AveragesQuery { unit, team, from, until, min_count, cursor, limit }) = &call.input;
    let limit = page_size(*limit, 100, 500)?;
    let list = List::of(&call);
    let filter = scheme::records::Filter {
        unit: unit.clone(),
        team: team.clone(),
        from: *from,
        until: *until,
        ..Default::default()
    };
    let (filter, after): ((_, Option<i64>), Option<Uuid>) = list.resume(cursor.as_deref(), (filter, *min_count))?;
    let found = ratings::averages(&call.scheme, &filter.0, filter.1.unwrap_or(1), after, limit + 1).await?;
    let (found, next) = page(found, limit, |(last, _)| list.next(&filter, last));
    let averages = found.into_iter().map(|(volunteer_id, average)| {
        let average = average.into();
        RatingAverage { volunteer_id, average }
    });
    Ok(ok(RatingAverages { averages: averages.collect(), next }))
}
