//! What publicity, corrections and anomalies refuse.

use super::flaws::invalid;
use super::of_scheme::{service_refused, service_status};
use super::refusals::{not_found, state_conflict, taken};
use super::{Code, Problem};
use scheme::anomalies::AnomalyError;
use scheme::corrections::{CorrectionError, CorrectionStatus};
use scheme::publicity::{ObjectionError, ObjectionStatus};

pub fn objection_refused(error: ObjectionError, scale: u8) -> Problem {
    match error {
        ObjectionError::Service(error) => service_refused(error, scale),
        ObjectionError::ObjectionNotFound { id } => not_found(Code::ObjectionNotFound, id),
        ObjectionError::IdTaken { field } => taken(field),
        ObjectionError::NotPublic { status } => state_conflict(status.as_str(), service_status(status))
            .detail("不在公示期内，不能提出异议", "it is not in publicity, so nobody can object"),
        ObjectionError::NotImpartial => Problem::new(Code::Forbidden).detail(
            "登记人、审核人和提出异议的人不能答复",
            "whoever recorded, checked or objected does not answer an objection",
        ),
        ObjectionError::Answered { status } => {
            let zh = match status {
                ObjectionStatus::Open => "待答复",
                ObjectionStatus::Upheld => "异议成立",
                ObjectionStatus::Dismissed => "异议不成立",
            };
            state_conflict(status.as_str(), zh)
        }
    }
}

pub fn correction_refused(error: CorrectionError, scale: u8) -> Problem {
    match error {
        CorrectionError::Service(error) => service_refused(error, scale),
        CorrectionError::CorrectionNotFound { id } => not_found(Code::CorrectionNotFound, id),
        CorrectionError::IdTaken { field } => taken(field),
        CorrectionError::OwnRequest => Problem::new(Code::Forbidden)
            .detail("不能答复自己提出的更正申请", "whoever asked for a correction does not answer it"),
        CorrectionError::Answered { status } => {
            let zh = match status {
                CorrectionStatus::Asked => "待答复",
                CorrectionStatus::Accepted => "已同意，正在入账",
                CorrectionStatus::Done => "已更正",
                CorrectionStatus::Refused => "未同意",
            };
            state_conflict(status.as_str(), zh)
        }
        CorrectionError::ObjectionOpen => {
            Problem::new(Code::ObjectionOpen).detail("请先答复异议", "answer the objection first")
        }
    }
}

pub fn anomaly_refused(error: AnomalyError) -> Problem {
    match error {
        AnomalyError::Invalid(flaws) => {
            let mut problem = invalid(flaws);
            for flaw in problem.flaws.iter_mut().filter(|flaw| flaw.pointer == "/until") {
                flaw.pointer = "/query/until".to_owned();
            }
            problem
        }
        AnomalyError::IdTaken => taken("reason"),
        AnomalyError::Database(error) => error.into(),
    }
}
