//! What is refused of training, honours, ratings and complaints.

use super::flaws::invalid;
use super::of_scheme::service_refused;
use super::refusals::{not_found, state_conflict, taken};
use super::{Code, Problem};
use scheme::records::{RecordError, Subject};

/// `scale`: the decimals of a point.
pub fn record_refused(error: RecordError, scale: u8) -> Problem {
    match error {
        RecordError::Invalid(flaws) => invalid(flaws),
        RecordError::NotFound { subject, id } => not_found(missing(subject), id),
        RecordError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
        RecordError::IdTaken { field } => taken(&field),
        RecordError::StateConflict { status } => state_conflict(&status, complaint_status(&status)),
        RecordError::Concerned => {
            Problem::new(Code::Forbidden).detail("与此事有关的人不能处理", "whoever is concerned does not decide")
        }
        RecordError::Service(error) => service_refused(error, scale),
        RecordError::Busy => Problem::new(Code::Busy),
        RecordError::Database(error) => error.into(),
        RecordError::Book(error) => Problem::internal(error),
    }
}

fn missing(subject: Subject) -> Code {
    match subject {
        Subject::Training => Code::TrainingNotFound,
        Subject::Attendance => Code::AttendanceNotFound,
        Subject::Honour => Code::HonourNotFound,
        Subject::Rating => Code::RatingNotFound,
        Subject::Complaint => Code::ComplaintNotFound,
    }
}

fn complaint_status(status: &str) -> &'static str {
    match status {
        "received" => "待调查",
        "investigated" => "已调查，待答复",
        "upheld" => "属实",
        "dismissed" => "不属实",
        "appealed" => "申诉中",
        "withdrawn" => "已撤回",
        _ => "不允许",
    }
}
