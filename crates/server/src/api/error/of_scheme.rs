//! What the functions of `scheme` refuse. One `match` for each of their errors, without `_`: a new reason does not compile
//! until somebody decides what clients see.

use super::flaws::invalid;
use super::refusals::{
    beyond_the_book, not_a_member, not_eligible, not_found, short_of, state_conflict, taken, too_few_points,
    version_differs, volunteer_merged,
};
use super::{Code, Flaw, Problem, Text};
use crate::api::levels::Lack;
use ledger::proof::ProofError;
use scheme::balances::BalanceError;
use scheme::config::{Applicant, Finding, Scheme, Severity};
use scheme::events::EventsError;
use scheme::keys::KeyError;
use scheme::levels::{ApplicationStatus, LevelError};
use scheme::notices::NoticeError;
use scheme::reviews::ReviewError;
use scheme::rules::{RuleError, ladders};
use scheme::schemes::{ApplyError, SchemeError};
use scheme::services::{self, ServiceError};
use scheme::transfers::TransferError;
use scheme::webhooks::WebhookError;

impl From<db::Error> for Problem {
    fn from(error: db::Error) -> Self {
        if !error.is_transient() {
            return Problem::internal(error);
        }
        tracing::warn!(%error, "the database is not available");
        Problem::new(Code::Busy)
    }
}

impl From<SchemeError> for Problem {
    fn from(error: SchemeError) -> Self {
        match error {
            SchemeError::SchemeNotFound { code } => {
                let detail = format!("there is no scheme `{code}`");
                Problem::new(Code::SchemeNotFound).detail(format!("没有方案 {code}"), detail)
            }
            SchemeError::Database(error) => error.into(),
        }
    }
}

impl From<EventsError> for Problem {
    fn from(error: EventsError) -> Self {
        match error {
            EventsError::BeyondTheBook { size, .. } => {
                let zh = format!("账册只有 {size} 笔分录；请核对是否换了数据库");
                let en = format!("the book has {size} entries: has the database been replaced?");
                Problem::invalid_value("/query/after", "beyond_the_book", &zh, &en)
            }
            EventsError::Busy => Problem::new(Code::Busy),
            EventsError::Database(error) => error.into(),
            EventsError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<NoticeError> for Problem {
    fn from(error: NoticeError) -> Self {
        match error {
            NoticeError::Volunteer(error) => error.into(),
            NoticeError::Events(error) => error.into(),
        }
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::WebhookNotFound { id } => not_found(Code::WebhookNotFound, id),
            WebhookError::NotDead { sequence } => {
                let zh = format!("序号 {sequence} 不在未送达列表中");
                let en = format!("sequence {sequence} is not on the list of what was given up");
                Problem::new(Code::EntryNotFound).detail(zh, en)
            }
            WebhookError::VersionDiffers { current } => version_differs(current),
            WebhookError::TooMany { most } => {
                let (zh, en) = (format!("每个方案最多 {most} 个"), format!("a scheme has {most} at most"));
                Problem::invalid_value("/path/id", "too_many", &zh, &en)
            }
            WebhookError::BeyondTheBook { size, .. } => {
                let zh = format!("须在 1 和 {} 之间", size.saturating_add(1));
                let en = format!("it must be between 1 and {}", size.saturating_add(1));
                Problem::invalid_value("/from_sequence", "beyond_the_book", &zh, &en)
            }
            WebhookError::TooLong { days } => {
                let (zh, en) = (format!("最多 {days} 天"), format!("{days} days at most"));
                Problem::invalid_value("/old_secret_hours", "too_long", &zh, &en)
            }
            WebhookError::Database(error) => error.into(),
        }
    }
}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Config(error) => {
                let flaw = |finding: &Finding| {
                    let place = finding.line_and_column.map_or(String::new(), |(line, _)| format!("{line}: "));
                    let hint = finding.suggestion.as_ref().map_or(String::new(), |hint| format!(" → {hint}"));
                    let told = |text: &str| format!("{place}{text}{hint}");
                    let detail = Text::new(told(&finding.zh), told(&finding.en));
                    Flaw { pointer: "/configuration".to_owned(), code: "invalid_configuration".to_owned(), detail }
                };
                let errors = error.findings.iter().filter(|finding| finding.severity == Severity::Error);
                Problem::invalid(errors.map(flaw).collect())
            }
            ApplyError::AccountChanged { .. } => {
                let zh = "已有账目，账本的单位不能再改";
                Problem::invalid_value("/configuration", "account_changed", zh, &error.to_string())
            }
            ApplyError::PastChanged { ref version, from } => {
                let zh = format!("自 {from} 起施行的规则“{version}”不能改动；请把改动写成新的版本");
                Problem::invalid_value("/configuration", "past_rules_changed", &zh, &error.to_string())
            }
            ApplyError::ScaleChanged { .. } => {
                let zh = "已有账目，积分的小数位数不能再改";
                Problem::invalid_value("/configuration", "scale_changed", zh, &error.to_string())
            }
            ApplyError::Units(error) => error.into(),
            ApplyError::Database(error) => error.into(),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let text = error.to_string();
        match error {
            KeyError::Scheme(error) => error.into(),
            KeyError::SchemeMissing(role) => {
                Problem::invalid_value("/scheme", "missing_field", &format!("角色 {role} 的密钥须属于一个方案"), &text)
            }
            KeyError::StationNotFound(station) => {
                Problem::invalid_value("/station", "unknown_station", &format!("方案没有站点 {station}"), &text)
            }
            KeyError::TeamMissing => {
                Problem::invalid_value("/team", "invalid_team", "队长的密钥须写明队伍，其他密钥不写", &text)
            }
            KeyError::VolunteerNotFound(id) => not_found(Code::VolunteerNotFound, id),
            KeyError::KeyNotFound => Problem::new(Code::KeyNotFound),
        }
    }
}

impl From<BalanceError> for Problem {
    fn from(error: BalanceError) -> Self {
        match error {
            BalanceError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            BalanceError::BeyondTheBook { size, .. } => beyond_the_book(size),
            BalanceError::Busy => Problem::new(Code::Busy),
            BalanceError::Database(error) => error.into(),
            BalanceError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<LevelError> for Problem {
    fn from(error: LevelError) -> Self {
        match error {
            LevelError::Invalid(flaws) => invalid(flaws),
            LevelError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            LevelError::VolunteerMerged { into } => volunteer_merged(into),
            LevelError::AwardNotFound { id } => not_found(Code::AwardNotFound, id),
            LevelError::IdTaken { field } => taken(&field),
            LevelError::NotEligible { lacks } => missing(Code::NotEligible, lacks),
            LevelError::Banned { until } => Problem::new(Code::Banned)
                .detail(format!("到 {until} 为止（含）"), format!("until {until}, that day included"))
                .member("until", until.to_string()),
            LevelError::ApplicantNotAccepted { accepted } => applicants(&accepted),
            LevelError::WrongBody { needed } => Problem::new(Code::WrongBody)
                .detail(format!("应由 {needed} 授予"), format!("`{needed}` grants it"))
                .member("needed", needed),
            LevelError::OutOfSequence { needed } => Problem::new(Code::OutOfSequence)
                .detail(format!("须先有 {needed}"), format!("the step `{needed}` comes before it"))
                .member("needed", needed),
            LevelError::AfterClosingDate { closes_on, lacks } => missing(Code::AfterClosingDate, lacks)
                .detail(
                    format!("{closes_on} 之后的服务计入下一年度"),
                    format!("what was served after {closes_on} counts from the next year on"),
                )
                .member("closes_on", closes_on.to_string()),
            LevelError::PublicityTooShort { needed, available } => Problem::new(Code::PublicityTooShort)
                .detail(
                    format!("须公示满 {needed} 个工作日，已满 {available} 个"),
                    format!("public for {available} working days of {needed}"),
                )
                .member("needed", needed)
                .member("available", available),
            LevelError::AlreadyGranted => Problem::new(Code::AlreadyGranted),
            LevelError::ApplicationNotFound { id } => not_found(Code::ApplicationNotFound, id),
            LevelError::AlreadyApplied { id } => {
                Problem::new(Code::AlreadyApplied).member("application_id", id.to_string())
            }
            LevelError::OwnApplication => Problem::new(Code::Forbidden)
                .detail("不能审批自己的或自己提交的申请", "a second person decides over an application"),
            LevelError::OtherTeam => not_a_member(),
            LevelError::StateConflict { status } => state_conflict(status.as_str(), application_status(status)),
            LevelError::Busy => Problem::new(Code::Busy),
            LevelError::Database(error) => error.into(),
            LevelError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<ReviewError> for Problem {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::ReviewNotFound { year, code } => Problem::new(Code::ReviewNotFound)
                .detail(format!("{year} 年的规则没有 {code}"), format!("the rules of {year} have no review `{code}`")),
            ReviewError::Busy => Problem::new(Code::Busy),
            ReviewError::Database(error) => error.into(),
            ReviewError::Book(error) => Problem::internal(error),
        }
    }
}

/// The first thing that is missing is the sentence; all of them are listed.
fn missing(code: Code, lacks: Vec<ladders::Lack>) -> Problem {
    let problem = match lacks.first() {
        None => Problem::new(code),
        Some(first) => Problem::new(code)
            .detail(first.zh.clone(), first.en.clone())
            .member("needed", first.needed.clone())
            .member("available", first.available.clone()),
    };
    let lacks: Vec<Lack> = lacks.into_iter().map(Lack::from).collect();
    problem.member("missing", serde_json::to_value(lacks).unwrap_or_default())
}

fn applicants(accepted: &[Applicant]) -> Problem {
    let words = accepted.iter().map(|applicant| match applicant {
        Applicant::Oneself => ("self", "本人"),
        Applicant::Organisation => ("organisation", "组织"),
    });
    let (codes, zh): (Vec<&str>, Vec<&str>) = words.unzip();
    Problem::new(Code::ApplicantNotAccepted)
        .detail(format!("只接受{}申报", zh.join("、")), format!("only from: {}", codes.join(", ")))
        .member("accepted", codes)
}

impl From<RuleError> for Problem {
    fn from(error: RuleError) -> Self {
        let text = error.to_string();
        match error {
            RuleError::BeforeFirstVersion { first, .. } => {
                let zh = format!("规则自 {first} 起施行");
                Problem::invalid_value("/occurred_on", "no_rules_then", &zh, &text)
            }
            RuleError::CategoryNotFound { .. } => {
                Problem::invalid_value("/category", "unknown_category", "方案没有这个服务类别", &text)
            }
            RuleError::ImpossibleMinutes { .. } => {
                Problem::invalid_value("/minutes", "invalid_minutes", "分钟数超出范围", &text)
            }
            RuleError::EventWithMinutes { .. } => {
                Problem::invalid_value("/minutes", "event_without_time", "事项没有时长", &text)
            }
            RuleError::NoRule { .. } => Problem::invalid_value("/category", "no_rule", "当时的规则没有这一类别", &text),
            RuleError::CountNeeded { ref unit, .. } => {
                let zh = format!("须写明数量（{unit}）");
                Problem::invalid_value("/count", "missing_count", &zh, &text)
            }
            RuleError::CountNotAsked { .. } => {
                Problem::invalid_value("/count", "count_not_asked", "这一类别不计数量", &text)
            }
            RuleError::DecisionNeeded { ref from, ref to } => {
                let zh = format!("须由确认人在 {from} 至 {to} 分之间决定");
                Problem::invalid_value("/points", "decision_needed", &zh, &text)
            }
            RuleError::NothingToDecide => {
                Problem::invalid_value("/points", "nothing_to_decide", "积分由规则决定，不能另定", &text)
            }
            RuleError::NothingToLift => {
                Problem::invalid_value("/lift_caps", "nothing_to_lift", "没有可以突破的上限", &text)
            }
            RuleError::InsufficientPoints { needed, available } => too_few_points(needed, available, 0),
            RuleError::TooLarge => Problem::invalid_value("/minutes", "amount_too_large", "数值过大", &text),
        }
    }
}

impl From<ProofError> for Problem {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::BeyondTheBook { size, .. } => beyond_the_book(size),
            ProofError::OutOfRange { to, .. } => beyond_the_book(to),
            ProofError::Database(error) => error.into(),
        }
    }
}

/// `scale`: the decimals of a point.
pub fn service_refused(error: ServiceError, scale: u8) -> Problem {
    match error {
        ServiceError::Invalid(flaws) => invalid(flaws),
        ServiceError::ServiceNotFound { id } => not_found(Code::ServiceNotFound, id),
        ServiceError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
        ServiceError::VolunteerMerged { into } => volunteer_merged(into),
        ServiceError::IdTaken { field } => taken(&field),
        ServiceError::Overlapping { other } => Problem::new(Code::OverlappingService)
            .detail("同一时间已有另一条服务记录", "the volunteer was elsewhere at that time")
            .member("service_id", other.to_string()),
        ServiceError::Elsewhere { presence } => Problem::new(Code::OverlappingService)
            .detail("这段时间已在别处签到", "the volunteer has signed in elsewhere at that time")
            .member("presence_id", presence.to_string()),
        ServiceError::ActivityNotFound { id } => not_found(Code::ActivityNotFound, id),
        ServiceError::PaidSession => Problem::new(Code::PaidSession),
        ServiceError::StateConflict { status } => state_conflict(status.as_str(), service_status(status)),
        ServiceError::WrongApprover { approvers } => {
            let names = approvers.join("、");
            Problem::new(Code::Forbidden)
                .detail(format!("须由{names}确认"), format!("it is confirmed by {}", approvers.join(", ")))
        }
        ServiceError::OwnRecord => Problem::new(Code::Forbidden)
            .detail("不能审核自己登记的记录", "whoever recorded a service does not decide over it"),
        ServiceError::OwnService => {
            Problem::new(Code::Forbidden).detail("不能审核自己的服务", "nobody decides over their own service")
        }
        ServiceError::NotConfirmer { roles } => {
            let zh = roles.iter().map(|role| if *role == "leader" { "本队队长" } else { "审核员" });
            let zh = zh.collect::<Vec<_>>().join("、");
            let en = format!("by the rules it is confirmed by: {}", roles.join(", "));
            Problem::new(Code::Forbidden).detail(format!("按规则由{zh}确认"), en).member("confirmed_by", roles)
        }
        ServiceError::InsufficientPoints { needed, available } => too_few_points(needed, available, scale),
        ServiceError::Busy => Problem::new(Code::Busy),
        ServiceError::Database(error) => error.into(),
        ServiceError::Book(error) => Problem::internal(error),
    }
}

pub fn transfer_refused(error: TransferError, config: &Scheme) -> Problem {
    match error {
        TransferError::Invalid(flaws) => invalid(flaws),
        TransferError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
        TransferError::VolunteerMerged { into } => volunteer_merged(into),
        TransferError::TransferNotFound { id } => not_found(Code::TransferNotFound, id),
        TransferError::RequestNotFound { id } => not_found(Code::RequestNotFound, id),
        TransferError::IdTaken { field } => taken(&field),
        TransferError::NotAllowed => Problem::new(Code::TransferNotAllowed),
        TransferError::NotEligible(unmet) => not_eligible(unmet),
        TransferError::AccountFrozen => Problem::new(Code::AccountFrozen),
        TransferError::InsufficientPoints { needed, available, account } => {
            short_of(Code::InsufficientPoints, needed, available, account, config)
        }
        TransferError::LimitReached { needed, available, account } => {
            short_of(Code::LimitReached, needed, available, account, config)
        }
        TransferError::HigherPriorityFirst { first } => {
            Problem::new(Code::HigherPriorityFirst).member("first", first.to_string())
        }
        TransferError::Busy => Problem::new(Code::Busy),
        TransferError::Database(error) => error.into(),
        TransferError::Book(error) => Problem::internal(error),
    }
}

fn application_status(status: ApplicationStatus) -> &'static str {
    match status {
        ApplicationStatus::Applied => "待决定",
        ApplicationStatus::Granted => "已授予",
        ApplicationStatus::Refused => "未通过",
    }
}

pub(super) fn service_status(status: services::Status) -> &'static str {
    match status {
        services::Status::Recorded => "待确认",
        services::Status::Published => "公示中",
        services::Status::Confirmed => "已确认",
        services::Status::Rejected => "已驳回",
        services::Status::Reversed => "已冲正",
    }
}
