//! Who takes part in an activity.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{At, Call, MaybeJson, Query, id};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use chrono::{DateTime, Utc};
use scheme::activities::{self, Attendee, SignupStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_signup)
        .service(cancel_signup)
        .service(mark_no_show)
        .service(list_signups)
        .service(list_signups_of_volunteer);
}

/// `{id}` of an activity, and `{volunteer_id}`.
pub struct OfSignup {
    pub activity: Uuid,
    pub volunteer: Uuid,
}

impl At for OfSignup {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(OfSignup { activity: id(request, "id")?, volunteer: id(request, "volunteer_id")? })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SignupStatus)]
pub enum Status {
    SignedUp,
    Waiting,
    Cancelled,
    Attended,
    NoShow,
}

same_words!(Status, SignupStatus: SignedUp Waiting Cancelled Attended NoShow);

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSignup {
    /// Code of a post of the activity; needed where it has posts.
    #[schema(example = "gate")]
    post: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Signup {
    activity_id: Uuid,
    volunteer_id: Uuid,
    post: Option<String>,
    /// `waiting`: there was no place, and the next that becomes free is given in the order of `position`.
    status: Status,
    position: i64,
    signed_up_at: DateTime<Utc>,
    /// When a place that became free was given to them.
    promoted_at: Option<DateTime<Utc>>,
    changed_at: DateTime<Utc>,
}

impl From<activities::Signup> for Signup {
    fn from(signup: activities::Signup) -> Self {
        Signup {
            activity_id: signup.activity_id,
            volunteer_id: signup.volunteer_id,
            post: signup.post,
            status: signup.status.into(),
            position: signup.position,
            signed_up_at: signup.signed_up_at,
            promoted_at: signup.promoted_at,
            changed_at: signup.changed_at,
        }
    }
}

/// Sign a volunteer up
///
/// `activity_full` when there is no place and no waiting list; `not_eligible` with `condition` (`min_age`, `max_age`,
/// `training`, `insurance`, `skill`) and `needed`; `signup_closed` when it is too late. A refusal does not bind anything.
#[utoipa::path(
    tag = "activities",
    request_body = NewSignup,
    responses((status = 201, body = Signup), (status = 200, body = Signup))
)]
#[put("/activities/{id}/signups/{volunteer_id}")]
async fn put_signup(call: Call<may::PutSignup, OfSignup, MaybeJson<NewSignup>>) -> Result<HttpResponse, Problem> {
    let OfSignup { activity, volunteer } = call.at;
    let post = call.input.0.post.as_deref();
    let (signup, replayed) = activities::sign_up(&call.scheme, activity, volunteer, post, call.by(), call.now).await?;
    Ok(once(StatusCode::CREATED, replayed, Signup::from(signup)))
}

/// Cancel a sign-up
///
/// Until the activity begins. Whoever waits for a place gets it; the feed of entries has `signup.promoted`.
#[utoipa::path(tag = "activities", responses((status = 200, body = Signup)))]
#[post("/activities/{id}/signups/{volunteer_id}/cancel")]
async fn cancel_signup(call: Call<may::CancelSignup, OfSignup>) -> Result<HttpResponse, Problem> {
    let OfSignup { activity, volunteer } = call.at;
    let (signup, replayed) = activities::cancel_signup(&call.scheme, activity, volunteer, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, Signup::from(signup)))
}

/// Mark that somebody did not come
///
/// From the beginning of the activity on. Where the scheme names an event for it, that is recorded, and waits for a reviewer.
#[utoipa::path(tag = "activities", responses((status = 200, body = Signup)))]
#[post("/activities/{id}/signups/{volunteer_id}/no-show")]
async fn mark_no_show(call: Call<may::MarkNoShow, OfSignup>) -> Result<HttpResponse, Problem> {
    let OfSignup { activity, volunteer } = call.at;
    let (signup, replayed) = activities::mark_no_show(&call.scheme, activity, volunteer, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, Signup::from(signup)))
}

/// A sign-up with who it is, for those who hold the activity.
#[derive(Serialize, ToSchema)]
pub struct SignupOfActivity {
    #[serde(flatten)]
    signup: Signup,
    number: String,
    name: String,
    phone: Option<String>,
}

impl From<Attendee> for SignupOfActivity {
    fn from(attendee: Attendee) -> Self {
        let Attendee { signup, number, name, phone } = attendee;
        SignupOfActivity { signup: signup.into(), number, name, phone }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SignupsQuery {
    #[param(inline)]
    status: Option<Status>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct SignupsOfActivity {
    signups: Vec<SignupOfActivity>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// Who is signed up for an activity, in the order of signing up
#[utoipa::path(tag = "activities", params(SignupsQuery), responses((status = 200, body = SignupsOfActivity)))]
#[get("/activities/{id}/signups")]
async fn list_signups(call: Call<may::ListSignups, Uuid, Query<SignupsQuery>>) -> Result<HttpResponse, Problem> {
    let Query(SignupsQuery { status, cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let filter = (Some(call.at), *status);
    let (filter, after): (_, Option<i64>) = list.resume(cursor.as_deref(), filter)?;
    let (after, wanted) = (after.unwrap_or(0), filter.1.map(Into::into));
    let found = activities::attendees(&call.scheme, call.at, wanted, after, limit + 1, call.by()).await?;
    let (found, next) = page(found, limit, |last| list.next(filter, last.signup.position));
    Ok(ok(SignupsOfActivity { signups: found.into_iter().map(Into::into).collect(), next }))
}

#[derive(Serialize, ToSchema)]
pub struct Signups {
    signups: Vec<Signup>,
}

/// What a volunteer has signed up for, the latest activity first
///
/// At most 200.
#[utoipa::path(tag = "activities", responses((status = 200, body = Signups)))]
#[get("/volunteers/{id}/signups")]
async fn list_signups_of_volunteer(call: Call<may::ListSignupsOfVolunteer, Uuid>) -> Result<HttpResponse, Problem> {
    let found = activities::signups_of(&call.scheme, call.at).await?;
    Ok(ok(Signups { signups: found.into_iter().map(Into::into).collect() }))
}
