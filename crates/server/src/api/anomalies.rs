//! Patterns in the records that an auditor should look at.

use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::{Problem, anomaly_refused};
use crate::api::words::same_words;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post};
use chrono::{Days, NaiveDate};
use scheme::anomalies::{self, Listed, Scope};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_anomalies).service(dismiss_anomaly);
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AnomalyKind)]
pub enum Kind {
    /// Many records by one person within a few minutes.
    BulkEntry,
    /// Hours of people who were registered only minutes before.
    NewVolunteer,
    /// Hours of an activity that was entered only minutes before.
    NewActivity,
    /// Far more whole hours than others write.
    WholeHours,
    /// Between 23:00 and 5:00.
    Night,
    /// Many people who signed in on one device within seconds.
    OneDevice,
    /// A large activity in which hardly anybody signed in.
    Unsigned,
    /// More hours than a day has for one person.
    LongDay,
    LongWeek,
    /// What one person records the same other person always confirms.
    SamePair,
    /// Much is filled in afterwards.
    BackFilled,
    /// The same service twice.
    Identical,
}

same_words!(Kind, anomalies::Kind: BulkEntry NewVolunteer NewActivity WholeHours Night OneDevice Unsigned LongDay LongWeek
    SamePair BackFilled Identical);

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AnomalySeverity)]
pub enum Severity {
    Note,
    Warning,
    Alert,
}

same_words!(Severity, anomalies::Severity: Note Warning Alert);

/// What a finding is about.
#[derive(Serialize, ToSchema)]
#[serde(tag = "what", content = "id", rename_all = "snake_case")]
#[schema(as = AnomalySubject)]
pub enum Subject {
    Service(Uuid),
    Volunteer(Uuid),
    Activity(Uuid),
    /// The office's name for a person.
    Person(String),
    /// Code.
    Unit(String),
    /// As it calls itself.
    Device(String),
}

impl From<anomalies::Subject> for Subject {
    fn from(subject: anomalies::Subject) -> Self {
        match subject {
            anomalies::Subject::Service(id) => Subject::Service(id),
            anomalies::Subject::Volunteer(id) => Subject::Volunteer(id),
            anomalies::Subject::Activity(id) => Subject::Activity(id),
            anomalies::Subject::Person(person) => Subject::Person(person),
            anomalies::Subject::Unit(unit) => Subject::Unit(unit),
            anomalies::Subject::Device(device) => Subject::Device(device),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Anomaly {
    /// The same finding has the same id whenever it is computed.
    id: Uuid,
    kind: Kind,
    severity: Severity,
    /// The newest day that it is about.
    day: NaiveDate,
    /// What it is about; of the records at most 20.
    subjects: Vec<Subject>,
    #[schema(value_type = std::collections::HashMap<String, i64>, example = json!({ "records": 31, "minutes": 10 }))]
    numbers: BTreeMap<&'static str, i64>,
    #[schema(example = "同一人在 10 分钟内登记了 31 条记录")]
    zh: String,
    #[schema(example = "one person recorded 31 services within 10 minutes")]
    en: String,
    /// Why it was set aside.
    dismissal: Option<String>,
}

impl From<Listed> for Anomaly {
    fn from(Listed { finding, dismissal }: Listed) -> Self {
        Anomaly {
            id: finding.id,
            kind: finding.kind.into(),
            severity: finding.severity.into(),
            day: finding.day,
            subjects: finding.subjects.into_iter().map(Subject::from).collect(),
            numbers: finding.numbers,
            zh: finding.zh,
            en: finding.en,
            dismissal,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AnomaliesQuery {
    #[param(inline)]
    kind: Option<Kind>,
    /// Code of a unit: what counts for it and for all below it.
    unit: Option<String>,
    /// First day of service; 30 days before the last when left out.
    from: Option<NaiveDate>,
    /// Last day of service; today when left out. At most 92 days after the first.
    until: Option<NaiveDate>,
    /// Those that were set aside, too.
    dismissed: Option<bool>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Anomalies {
    from: NaiveDate,
    until: NaiveDate,
    anomalies: Vec<Anomaly>,
    next: Option<String>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Filter {
    kind: Option<Kind>,
    unit: Option<String>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    dismissed: bool,
}

/// List what is odd about the records of a period, the gravest first
///
/// It is computed from the records as they are, by limits that the configuration may set, and changes nothing.
#[utoipa::path(tag = "anomalies", params(AnomaliesQuery), responses((status = 200, body = Anomalies)))]
#[get("/anomalies")]
async fn list_anomalies(call: Call<may::ListAnomalies, (), Query<AnomaliesQuery>>) -> Result<HttpResponse, Problem> {
    let Query(AnomaliesQuery { kind, unit, from, until, dismissed, cursor, limit }) = &call.input;
    let limit = page_size(*limit, 50, 200)?;
    let list = List::of(&call);
    let asked = Filter {
        kind: *kind,
        unit: unit.clone(),
        from: *from,
        until: *until,
        dismissed: dismissed.unwrap_or_default(),
    };
    let (filter, offset): (Filter, Option<i64>) = list.resume(cursor.as_deref(), asked)?;
    let offset = offset.unwrap_or(0);
    let until = filter.until.unwrap_or_else(|| call.scheme.config().day_of(call.now));
    let from = filter.from.or_else(|| until.checked_sub_days(Days::new(30))).unwrap_or(until);
    let units = call.scheme.units_below(filter.unit.as_deref()).await?;
    let scope = Scope { from, until, units, kind: filter.kind.map(Into::into), dismissed: filter.dismissed };
    let found = anomalies::list(&call.scheme, &scope).await.map_err(anomaly_refused)?;
    let rest = found.into_iter().skip(usize::try_from(offset).unwrap_or(usize::MAX)).collect();
    let (found, next) = page(rest, limit, |_| list.next(&filter, offset + limit));
    let anomalies = found.into_iter().map(Anomaly::from).collect();
    Ok(ok(Anomalies { from, until, anomalies, next }))
}

/// Why a finding is in order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnomalyDismissal {
    kind: Kind,
    #[schema(example = "当日为纸质登记册集中录入，已抽查原件")]
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub struct DismissedAnomaly {
    id: Uuid,
    kind: Kind,
    reason: String,
}

/// Set a finding aside
#[utoipa::path(
    tag = "anomalies",
    request_body = AnomalyDismissal,
    responses((status = 201, body = DismissedAnomaly), (status = 200, body = DismissedAnomaly))
)]
#[post("/anomalies/{id}/dismiss")]
async fn dismiss_anomaly(
    call: Call<may::DismissAnomaly, Uuid, Json<AnomalyDismissal>>,
) -> Result<HttpResponse, Problem> {
    let AnomalyDismissal { kind, reason } = &call.input.0;
    let done = anomalies::dismiss(&call.scheme, call.at, (*kind).into(), reason, call.by(), call.now).await;
    let replayed = done.map_err(anomaly_refused)?;
    let body = DismissedAnomaly { id: call.at, kind: *kind, reason: reason.clone() };
    Ok(once(StatusCode::CREATED, replayed, body))
}
