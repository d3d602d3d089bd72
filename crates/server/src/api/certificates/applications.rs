//! Who asks for a certificate, who waits, and what became of it.

use super::told;
use super::wire::Certificate;
use crate::api::answers::{ok, once};
use crate::api::auth::may;
use crate::api::call::{Call, Json, Query};
use crate::api::cursor::{List, page, page_size};
use crate::api::error::Problem;
use crate::api::records::Because;
use crate::api::words::same_words;
use crate::papers::Printed;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, put};
use chrono::{DateTime, NaiveDate, Utc};
use scheme::certificates::applications::{self, Application, ApplicationFilter, Asked, Extras};
use scheme::certificates::{self, Issued};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_certificate_application)
        .service(get_certificate_application)
        .service(list_certificate_applications)
        .service(issue_certificate_application)
        .service(refuse_certificate_application)
        .service(withdraw_certificate_application);
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateApplicationStatus {
    Requested,
    Issued,
    Refused,
    /// By whoever asked.
    Withdrawn,
}

same_words!(CertificateApplicationStatus, applications::ApplicationStatus: Requested Issued Refused Withdrawn);

/// A certificate of service (志愿服务记录证明) that somebody would like to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCertificateApplication {
    volunteer_id: Uuid,
    /// The first and the last day that it is to certify.
    from: NaiveDate,
    until: NaiveDate,
    /// Whether the services are listed one by one; they are when left out.
    detailed: Option<bool>,
    /// Who asks, when it is not the volunteer.
    #[schema(example = "福建省某某中学")]
    applicant: Option<String>,
    #[schema(example = "升学")]
    purpose: Option<String>,
    /// As scanned from the volunteer's phone or card: a kiosk needs it.
    code: Option<String>,
}

/// An application for a certificate, and what became of it.
#[derive(Serialize, ToSchema)]
pub struct CertificateApplication {
    /// Also of the certificate, once it is issued.
    id: Uuid,
    volunteer_id: Uuid,
    from: NaiveDate,
    until: NaiveDate,
    detailed: bool,
    applicant: Option<String>,
    purpose: Option<String>,
    status: CertificateApplicationStatus,
    requested_on: NaiveDate,
    requested_at: DateTime<Utc>,
    /// Key.
    requested_by: Uuid,
    /// The last day on which it is settled in time.
    due_on: NaiveDate,
    /// Days for which it waited, or has waited so far.
    waited_days: i64,
    late: bool,
    settled_on: Option<NaiveDate>,
    /// Key.
    settled_by: Option<Uuid>,
    /// Why it was refused.
    reason: Option<String>,
}

impl CertificateApplication {
    fn new(one: Application, today: NaiveDate) -> CertificateApplication {
        let (waited_days, late) = (one.waited_days(today), one.is_late(today));
        let Asked { volunteer_id, from, until, detailed, applicant, purpose } = one.asked;
        CertificateApplication {
            id: one.id,
            volunteer_id,
            from,
            until,
            detailed,
            applicant,
            purpose,
            status: one.status.into(),
            requested_on: one.requested_on,
            requested_at: one.requested_at,
            requested_by: one.requested_by,
            due_on: one.due_on,
            waited_days,
            late,
            settled_on: one.settled_on,
            settled_by: one.settled_by,
            reason: one.reason,
        }
    }
}

fn shown<O, A, I>(call: &Call<O, A, I>, one: Application) -> CertificateApplication {
    CertificateApplication::new(one, call.scheme.config().day_of(call.now))
}

/// Ask for a certificate of service
///
/// Free of charge (Order 67 of the Ministry of Civil Affairs, Art. 3 and 14). You choose the id, which is the certificate's when
/// it is issued: the same again gets the same answer. A kiosk asks for whoever shows their code, a leader for members of the
/// own team. One application for the same days waits at a time.
#[utoipa::path(
    tag = "certificates",
    request_body = NewCertificateApplication,
    responses((status = 201, body = CertificateApplication), (status = 200, body = CertificateApplication))
)]
#[put("/certificate-applications/{id}")]
async fn put_certificate_application(
    call: Call<may::PutCertificateApplication, Uuid, Json<NewCertificateApplication>>,
) -> Result<HttpResponse, Problem> {
    let new = &call.input.0;
    let asked = Asked {
        volunteer_id: new.volunteer_id,
        from: new.from,
        until: new.until,
        detailed: new.detailed.unwrap_or(true),
        applicant: new.applicant.clone(),
        purpose: new.purpose.clone(),
    };
    let done = applications::request(&call.scheme, call.at, asked, new.code.as_deref(), call.by(), call.now).await;
    let (one, replayed) = done?;
    Ok(once(StatusCode::CREATED, replayed, shown(&call, one)))
}

/// Read an application for a certificate
#[utoipa::path(tag = "certificates", responses((status = 200, body = CertificateApplication)))]
#[get("/certificate-applications/{id}")]
async fn get_certificate_application(
    call: Call<may::GetCertificateApplication, Uuid>,
) -> Result<HttpResponse, Problem> {
    let one = applications::application_for(&call.scheme, call.at, call.by(), call.now).await?;
    Ok(ok(shown(&call, one)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CertificateApplicationsQuery {
    #[param(inline)]
    status: Option<CertificateApplicationStatus>,
    volunteer_id: Option<Uuid>,
    /// Code of a unit: only those who serve in it and in what is below it.
    unit: Option<String>,
    /// Only those that wait, though the day on which they were due is over.
    overdue: Option<bool>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct CertificateApplications {
    certificate_applications: Vec<CertificateApplication>,
    /// Give it as `cursor` to go on; `null` at the end.
    next: Option<String>,
}

/// List applications for certificates, the oldest first: with `status=requested`, what waits
#[utoipa::path(
    tag = "certificates",
    params(CertificateApplicationsQuery),
    responses((status = 200, body = CertificateApplications))
)]
#[get("/certificate-applications")]
async fn list_certificate_applications(
    call: Call<may::ListCertificateApplications, (), Query<CertificateApplicationsQuery>>,
) -> Result<HttpResponse, Problem> {
    let Query(query) = &call.input;
    let filter = ApplicationFilter {
        status: query.status.map(Into::into),
        volunteer_id: query.volunteer_id,
        unit: query.unit.clone(),
        overdue: query.overdue.unwrap_or(false),
    };
    let limit = page_size(query.limit, 50, 200)?;
    let list = List::of(&call);
    let (filter, after): (ApplicationFilter, Option<(i64, Uuid)>) = list.resume(query.cursor.as_deref(), filter)?;
    let after = after.unwrap_or_default();
    let found = applications::applications(&call.scheme, &filter, after, limit + 1, call.now).await?;
    let (found, next) = page(found, limit, |last| list.next(&filter, (last.requested_at.timestamp_micros(), last.id)));
    let certificate_applications = found.into_iter().map(|one| shown(&call, one)).collect();
    Ok(ok(CertificateApplications { certificate_applications, next }))
}

/// What the desk adds to the certificate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateExtras {
    /// Printed with the others under 其他.
    remark: Option<String>,
    /// As it stands on the identity card that was shown: it must be the volunteer's. Only its last four places are kept and
    /// printed.
    id_number: Option<String>,
}

/// Issue the certificate that was asked for
///
/// The answer is the certificate, which has the application's id.
#[utoipa::path(
    tag = "certificates",
    request_body = CertificateExtras,
    responses((status = 201, body = Certificate), (status = 200, body = Certificate))
)]
#[post("/certificate-applications/{id}/issue")]
async fn issue_certificate_application(
    call: Call<may::IssueCertificateApplication, Uuid, Json<CertificateExtras>>,
) -> Result<HttpResponse, Problem> {
    let CertificateExtras { remark, id_number } = &call.input.0;
    let extras = Extras { remark: remark.clone(), id_number: id_number.clone() };
    let press = call.press();
    let fonts = press.fonts().map_err(|error| Problem::internal(format!("{error:#}")))?;
    let printable = |paper: &certificates::Paper| Printed::check(paper, fonts);
    let (scheme, by) = (&call.scheme, call.by());
    let issued =
        applications::issue_requested(scheme, call.at, extras, press.public_url(), &printable, by, call.now).await;
    let Issued { certificate, replayed } = issued?;
    Ok(once(StatusCode::CREATED, replayed, told(&call, certificate).await?))
}

/// Refuse to issue what was asked for, for a reason
#[utoipa::path(tag = "certificates", request_body = Because, responses((status = 200, body = CertificateApplication)))]
#[post("/certificate-applications/{id}/refuse")]
async fn refuse_certificate_application(
    call: Call<may::RefuseCertificateApplication, Uuid, Json<Because>>,
) -> Result<HttpResponse, Problem> {
    let reason = &call.input.0.reason;
    let (one, replayed) = applications::refuse(&call.scheme, call.at, reason, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, shown(&call, one)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateWithdrawal {
    /// As scanned from the volunteer's phone or card: a kiosk needs it.
    code: Option<String>,
}

/// Take an application for a certificate back
#[utoipa::path(
    tag = "certificates",
    request_body = CertificateWithdrawal,
    responses((status = 200, body = CertificateApplication))
)]
#[post("/certificate-applications/{id}/withdraw")]
async fn withdraw_certificate_application(
    call: Call<may::WithdrawCertificateApplication, Uuid, Json<CertificateWithdrawal>>,
) -> Result<HttpResponse, Problem> {
    let code = call.input.0.code.as_deref();
    let (one, replayed) = applications::withdraw(&call.scheme, call.at, code, call.by(), call.now).await?;
    Ok(once(StatusCode::OK, replayed, shown(&call, one)))
}
