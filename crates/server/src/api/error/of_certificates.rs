//! What is refused of certificates.

use super::flaws::invalid;
use super::refusals::{not_a_member, not_found, state_conflict, taken, volunteer_merged};
use super::{Code, Problem};
use scheme::certificates::applications::ApplicationStatus;
use scheme::certificates::{CertificateError, Status};

impl From<CertificateError> for Problem {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Invalid(flaws) => invalid(flaws),
            CertificateError::NotFound { id } => not_found(Code::CertificateNotFound, id),
            CertificateError::CampaignNotFound { id } => not_found(Code::CampaignNotFound, id),
            CertificateError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            CertificateError::Merged { into } => volunteer_merged(into),
            CertificateError::IdTaken { field } => taken(&field),
            CertificateError::StateConflict { status } => state_conflict(status.as_str(), in_chinese(status)),
            CertificateError::ApplicationNotFound { id } => not_found(Code::ApplicationNotFound, id),
            CertificateError::AlreadyApplied { id } => {
                Problem::new(Code::AlreadyApplied).member("application_id", id.to_string())
            }
            CertificateError::ApplicationSettled { status } => state_conflict(status.as_str(), settled(status)),
            CertificateError::OtherTeam => not_a_member(),
            CertificateError::NothingToCertify => Problem::new(Code::NothingToCertify)
                .detail("这段时间没有已确认的服务记录", "no confirmed service is on record in the period"),
            CertificateError::Unprintable { zh, en } => Problem::new(Code::Unprintable).detail(zh, en),
            CertificateError::Busy => Problem::new(Code::Busy),
            CertificateError::Database(error) => error.into(),
        }
    }
}

fn in_chinese(status: Status) -> &'static str {
    match status {
        Status::Valid => "有效",
        Status::Revoked => "已撤销",
        Status::Replaced => "已另行出具",
    }
}

fn settled(status: ApplicationStatus) -> &'static str {
    match status {
        ApplicationStatus::Requested => "待办理",
        ApplicationStatus::Issued => "已出具",
        ApplicationStatus::Refused => "未通过",
        ApplicationStatus::Withdrawn => "已撤回",
    }
}
