//! What is refused of selections.

use super::refusals::{not_found, state_conflict, taken};
use super::{Code, Flaw, Problem, Text};
use scheme::selections::{ObjectionStatus, RuleFlaw, SelectionError, Status};

impl From<SelectionError> for Problem {
    fn from(error: SelectionError) -> Self {
        let en = error.to_string();
        match error {
            SelectionError::Invalid(flaws) => Problem::invalid(flaws.into_iter().map(flaw).collect()),
            SelectionError::NotFound { id } => not_found(Code::SelectionNotFound, id),
            SelectionError::RowNotFound { subject } => not_found(Code::SelectionRowNotFound, subject),
            SelectionError::NoId => Problem::invalid_value("/path/subject", "invalid_id", "编号须为 UUID", &en),
            SelectionError::OfVolunteers => {
                Problem::invalid_value("/path/id", "of_volunteers", "志愿者评选的明细在该行中", &en)
            }
            SelectionError::ObjectionNotFound { id } => not_found(Code::ObjectionNotFound, id),
            SelectionError::IdTaken { field } => taken(field),
            SelectionError::StateConflict { status } => state_conflict(status.as_str(), in_chinese(status)),
            SelectionError::PublicityOver { until } => {
                let problem = Problem::new(Code::StateConflict).detail(format!("公示已于 {until} 结束"), en);
                problem.member("public_until", until.to_string())
            }
            SelectionError::PublicityRunning { until } => {
                let problem = Problem::new(Code::PublicityRunning).detail(format!("公示到 {until} 为止"), en);
                problem.member("public_until", until.to_string())
            }
            SelectionError::ObjectionOpen { open } => {
                Problem::new(Code::ObjectionOpen).detail(format!("还有 {open} 条异议未答复"), en).member("open", open)
            }
            SelectionError::Answered { status } => state_conflict(status.as_str(), answered(status)),
            SelectionError::SignaturesMissing { needed, signed } => Problem::new(Code::SignaturesMissing)
                .detail(format!("需要 {needed} 人签名，已有 {signed} 人"), en)
                .member("needed", needed)
                .member("available", signed),
            SelectionError::DrafterAlone => Problem::new(Code::SignaturesMissing).detail("拟稿人之外还须有人签名", en),
            SelectionError::ContentDiffers { digest } => Problem::new(Code::ContentDiffers)
                .detail("内容已有变动，请重新核对后再签名", en)
                .member("digest", digest),
            SelectionError::Concerned => Problem::new(Code::Forbidden).detail("与此事有关的人不能处理", en),
            SelectionError::BeyondTheBook { size } => {
                let zh = format!("须在定稿时的序号和 {size} 之间");
                Problem::invalid_value(
                    "/query/at",
                    "beyond_the_book",
                    &zh,
                    "it lies between what it was frozen at and the newest",
                )
            }
            SelectionError::Busy => Problem::new(Code::Busy),
            SelectionError::Database(error) => error.into(),
            SelectionError::Book(error) => Problem::internal(error),
        }
    }
}

fn flaw(flaw: RuleFlaw) -> Flaw {
    Flaw { pointer: flaw.place, code: flaw.code.to_owned(), detail: Text::new(flaw.zh, flaw.en) }
}

fn in_chinese(status: Status) -> &'static str {
    match status {
        Status::Draft => "还是草稿",
        Status::Published => "正在公示",
        Status::Final => "已确定",
        Status::Withdrawn => "已作废",
    }
}

fn answered(status: ObjectionStatus) -> &'static str {
    match status {
        ObjectionStatus::Open => "待答复",
        ObjectionStatus::Upheld => "已答复：成立",
        ObjectionStatus::Dismissed => "已答复：不成立",
    }
}
