//! Posts, who fits them, and who has them.

use crate::api::amounts::hours;
use crate::api::answers::{ok, versioned, written};
use crate::api::auth::may;
use crate::api::call::{Call, CodeOf, Json, PostOf, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::volunteers::{Gender, PartOfDay};
use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use scheme::posts::{self, PostDetails, PostsError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(put_post).service(get_post).service(list_posts);
    config.service(list_post_matches).service(find_matches).service(put_assignment).service(list_assignments);
}

/// Who is wanted. Skills and occupations are counted; the rest has to hold.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wants {
    #[schema(example = json!(["急救", "理发"]))]
    skills: Vec<String>,
    /// One of these.
    occupations: Vec<String>,
    age_min: Option<u32>,
    age_max: Option<u32>,
    gender: Option<Gender>,
    /// 1 for Monday to 7 for Sunday.
    #[schema(minimum = 1, maximum = 7)]
    weekday: Option<u32>,
    part_of_day: Option<PartOfDay>,
}

impl From<Wants> for posts::Wants {
    fn from(wants: Wants) -> Self {
        let Wants { skills, occupations, age_min, age_max, gender, weekday, part_of_day } = wants;
        let (gender, part_of_day) = (gender.map(Into::into), part_of_day.map(Into::into));
        posts::Wants { skills, occupations, age_min, age_max, gender, weekday, part_of_day }
    }
}

impl From<posts::Wants> for Wants {
    fn from(wants: posts::Wants) -> Self {
        let posts::Wants { skills, occupations, age_min, age_max, gender, weekday, part_of_day } = wants;
        let (gender, part_of_day) = (gender.map(Into::into), part_of_day.map(Into::into));
        Wants { skills, occupations, age_min, age_max, gender, weekday, part_of_day }
    }
}

/// A post as somebody writes it down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPost {
    #[schema(example = "桶前值守")]
    name: String,
    /// Code of the unit where it is.
    unit: Option<String>,
    station: Option<String>,
    /// How many people.
    #[schema(minimum = 1, example = 2)]
    needed: i64,
    #[serde(default)]
    wants: Wants,
    from: Option<NaiveDate>,
    /// The last day.
    until: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub struct Post {
    code: String,
    name: String,
    unit: Option<String>,
    station: Option<String>,
    needed: i64,
    wants: Wants,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    /// How many have it today.
    assigned: i64,
    version: i64,
}

#[derive(Serialize, ToSchema)]
pub struct Posts {
    posts: Vec<Post>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// Why somebody fits.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchReason)]
pub struct Reason {
    /// `skill`, `occupation`, `time`, `same_unit`, `near`, `hours`.
    code: &'static str,
    #[schema(example = "特长：急救")]
    detail: String,
    #[schema(example = "skill: 急救")]
    detail_en: String,
}

#[derive(Serialize, ToSchema)]
pub struct Match {
    volunteer_id: Uuid,
    number: String,
    name: String,
    /// How many of the wanted skills and occupations they have.
    fits: usize,
    /// Steps in the tree from where they serve to the post; 0: the same unit.
    distance: Option<usize>,
    /// Served this year.
    hours: String,
    reasons: Vec<Reason>,
}

#[derive(Serialize, ToSchema)]
pub struct Matches {
    /// Best first: most of what is wanted, then nearest, then least hours this year.
    matches: Vec<Match>,
    /// Always `null`: ask for more with `limit`.
    next: Option<String>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PostsQuery {
    /// Code of a unit: only its own posts.
    unit: Option<String>,
    /// `next` of the page before.
    #[serde(skip_serializing)]
    cursor: Option<String>,
    /// 1 to 500; 100 when left out.
    #[serde(skip_serializing)]
    limit: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchesQuery {
    /// 1 to 200; 20 when left out.
    limit: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchRequest {
    /// Who is wanted.
    #[serde(default)]
    wants: Wants,
    /// Code of the unit where they are wanted: whoever is nearer comes first.
    unit: Option<String>,
    /// 1 to 200; 20 when left out.
    limit: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    volunteer_id: Uuid,
    from: NaiveDate,
    /// The last day; left out: until further notice.
    until: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub struct Assignment {
    id: Uuid,
    volunteer_id: Uuid,
    from: NaiveDate,
    until: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
pub struct Assignments {
    assignments: Vec<Assignment>,
    /// Always `null`: all of them are listed.
    next: Option<String>,
}

impl From<posts::Post> for Post {
    fn from(post: posts::Post) -> Self {
        let PostDetails { name, unit, station, needed, wants, from, until } = post.details;
        let (code, wants, assigned, version) = (post.code, wants.into(), post.assigned, post.version);
        Post { code, name, unit, station, needed, wants, from, until, assigned, version }
    }
}

impl From<posts::Assignment> for Assignment {
    fn from(one: posts::Assignment) -> Self {
        Assignment { id: one.id, volunteer_id: one.volunteer_id, from: one.from_on, until: one.until_on }
    }
}

impl From<posts::Match> for Match {
    fn from(one: posts::Match) -> Self {
        let reason = |one: posts::Reason| Reason { code: one.code, detail: one.zh, detail_en: one.en };
        Match {
            volunteer_id: one.id,
            number: one.number,
            name: one.name,
            fits: one.fits,
            distance: one.distance,
            hours: hours(one.minutes),
            reasons: one.reasons.into_iter().map(reason).collect(),
        }
    }
}

/// Make a post, or change what is known of it
#[utoipa::path(tag = "organisation", request_body = NewPost, responses((status = 201, body = Post), (status = 200, body = Post)))]
#[put("/posts/{code}")]
async fn put_post(call: Call<may::PutPost, CodeOf, Json<NewPost>>) -> Result<HttpResponse, Problem> {
    let expected = call.expected_version();
    let NewPost { name, unit, station, needed, wants, from, until } = call.input.0;
    let details = PostDetails { name, unit, station, needed, wants: wants.into(), from, until };
    let (post, how) = posts::put(&call.scheme, &call.at.0, details, expected).await?;
    Ok(written(how, post.version, Post::from(post)))
}

/// Read a post
#[utoipa::path(tag = "organisation", responses((status = 200, body = Post)))]
#[get("/posts/{code}")]
async fn get_post(call: Call<may::GetPost, CodeOf>) -> Result<HttpResponse, Problem> {
    let post = posts::get(&call.scheme, &call.at.0).await?;
    Ok(versioned(post.version, Post::from(post)))
}

/// List posts, in the order of their codes
#[utoipa::path(tag = "organisation", params(PostsQuery), responses((status = 200, body = Posts)))]
#[get("/posts")]
async fn list_posts(call: Call<may::ListPosts, (), Query<PostsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let limit = page_size(query.limit, 100, 500)?;
    let list = List::of(&call);
    let filter = PostsQuery { cursor: None, limit: None, ..query.clone() };
    let (filter, after): (PostsQuery, Option<String>) = list.resume(query.cursor.as_deref(), filter)?;
    let found = posts::list(&call.scheme, filter.unit.as_deref(), after.as_deref(), limit + 1).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, &last.code));
    Ok(ok(Posts { posts: found.into_iter().map(Post::from).collect(), next }))
}

/// Find who fits a post
#[utoipa::path(tag = "organisation", params(MatchesQuery), responses((status = 200, body = Matches)))]
#[get("/posts/{code}/matches")]
async fn list_post_matches(
    call: Call<may::ListPostMatches, CodeOf, Query<MatchesQuery>>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(call.input.0.limit, 20, 200)?;
    let post = posts::get(&call.scheme, &call.at.0).await?;
    let unit = match (&post.details.unit, &post.details.station) {
        (Some(unit), _) => Some(unit.clone()),
        (None, Some(station)) => call.scheme.organisation().await?.station(station).and_then(|one| one.unit.clone()),
        (None, None) => None,
    };
    found(&call.scheme, &post.details.wants, unit.as_deref(), limit, call.scheme.config().day_of(call.now)).await
}

/// Find who fits what is wanted
#[utoipa::path(tag = "organisation", request_body = MatchRequest, responses((status = 200, body = Matches)))]
#[post("/matches")]
async fn find_matches(call: Call<may::FindMatches, (), Json<MatchRequest>>) -> Result<HttpResponse, Problem> {
    let MatchRequest { wants, unit, limit } = call.input.0;
    let limit = page_size(limit, 20, 200)?;
    let wants: posts::Wants = wants.into();
    let flaws = posts::wrong_wants(&wants);
    if !flaws.is_empty() {
        return Err(PostsError::Invalid(flaws).into());
    }
    if let Some(unit) = &unit
        && call.scheme.organisation().await?.unit(unit).is_none()
    {
        return Err(Problem::invalid_value("/unit", "unknown_unit", "方案没有这个单位", "the scheme has no such unit"));
    }
    found(&call.scheme, &wants, unit.as_deref(), limit, call.scheme.config().day_of(call.now)).await
}

async fn found(
    scheme: &scheme::OpenScheme,
    wants: &posts::Wants,
    unit: Option<&str>,
    limit: i64,
    today: NaiveDate,
) -> Result<HttpResponse, Problem> {
    let limit = usize::try_from(limit).unwrap_or_default();
    let matches = posts::matches(scheme, wants, unit, limit, today).await?;
    Ok(ok(Matches { matches: matches.into_iter().map(Match::from).collect(), next: None }))
}

/// Give a post to a volunteer, or say until when they have it
///
/// You choose the id. No more have a post at once than are needed (`post_full`).
#[utoipa::path(tag = "organisation", request_body = NewAssignment, responses((status = 201, body = Assignment), (status = 200, body = Assignment)))]
#[put("/posts/{code}/assignments/{id}")]
async fn put_assignment(call: Call<may::PutAssignment, PostOf, Json<NewAssignment>>) -> Result<HttpResponse, Problem> {
    let Json(NewAssignment { volunteer_id, from, until }) = &call.input;
    let assignment = posts::Assignment {
        id: call.at.id,
        post: call.at.code.clone(),
        volunteer_id: *volunteer_id,
        from_on: *from,
        until_on: *until,
    };
    let (assignment, how) = posts::assign(&call.scheme, assignment, call.by()).await?;
    Ok(written(how, 1, Assignment::from(assignment)))
}

/// List who has or had a post, the newest first
#[utoipa::path(tag = "organisation", responses((status = 200, body = Assignments)))]
#[get("/posts/{code}/assignments")]
async fn list_assignments(call: Call<may::ListAssignments, CodeOf>) -> Result<HttpResponse, Problem> {
    let assignments = posts::assignments(&call.scheme, &call.at.0).await?;
    Ok(ok(Assignments { assignments: assignments.into_iter().map(Assignment::from).collect(), next: None }))
}
