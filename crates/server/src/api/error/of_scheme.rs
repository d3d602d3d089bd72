//! What the functions of `scheme` refuse. One `match` for each of their errors, without `_`: a new reason does not compile
//! until somebody decides what clients see.

use super::{Code, Flaw, Problem, Text, exchange_refused};
use crate::api::amounts::{in_account, points};
use crate::api::levels::Lack;
use chrono::{DateTime, SecondsFormat, Utc};
use ledger::proof::ProofError;
use scheme::activities::ActivityError;
use scheme::balances::BalanceError;
use scheme::codes::CodeError;
use scheme::config::{Applicant, Finding, Scheme, Severity};
use scheme::events::EventsError;
use scheme::exchanges::Ineligible;
use scheme::keys::KeyError;
use scheme::levels::LevelError;
use scheme::notices::NoticeError;
use scheme::pictures::PictureError;
use scheme::posts::PostsError;
use scheme::presence::PresenceError;
use scheme::reviews::ReviewError;
use scheme::rewards::{DeskError, PlaceState, RewardError};
use scheme::rules::{RuleError, in_chinese, ladders};
use scheme::schemes::{ApplyError, SchemeError};
use scheme::services::{self, ServiceError};
use scheme::sponsors::SponsorError;
use scheme::teams::TeamError;
use scheme::transfers::TransferError;
use scheme::units::{UnitError, UnitFlaw};
use scheme::volunteers::{Invalid, VolunteerError};
use scheme::webhooks::WebhookError;
use std::fmt::Display;
use uuid::Uuid;

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

impl From<UnitError> for Problem {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Refused(flaws) => Problem::invalid(flaws.iter().map(|flaw| unit_flaw(flaw, "")).collect()),
            UnitError::UnitNotFound { code } => {
                let detail = format!("there is no unit `{code}`");
                Problem::new(Code::UnitNotFound).detail(format!("没有单位 {code}"), detail)
            }
            UnitError::VersionDiffers { current } => version_differs(current),
            UnitError::Database(error) => error.into(),
        }
    }
}

/// As the flaw of an item of a list, at `at`.
pub fn unit_flaw(flaw: &UnitFlaw, at: &str) -> Flaw {
    let pointer =
        if flaw.field == "code" && at.is_empty() { "/path/code".to_owned() } else { format!("{at}/{}", flaw.field) };
    Flaw { pointer, code: flaw.code.to_owned(), detail: Text::new(flaw.zh(), flaw.en()) }
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

impl From<VolunteerError> for Problem {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::Invalid(flaws) => invalid(flaws),
            VolunteerError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            VolunteerError::Taken { field } => Problem::new(Code::IdTaken)
                .detail(format!("{field} 已登记给另一位志愿者"), format!("another volunteer has this {field}"))
                .member("field", field),
            VolunteerError::Merged { into } => volunteer_merged(into),
            VolunteerError::OpenExchanges { open } => Problem::new(Code::OpenExchanges)
                .detail(
                    format!("还有 {open} 笔兑换没有完成，请先核销或取消"),
                    format!("{open} exchanges are reserved: collect or cancel them first"),
                )
                .member("open", open),
            VolunteerError::VersionDiffers { current } => version_differs(current),
            VolunteerError::Busy => Problem::new(Code::Busy),
            VolunteerError::Database(error) => error.into(),
            VolunteerError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<ActivityError> for Problem {
    fn from(error: ActivityError) -> Self {
        match error {
            ActivityError::Invalid(flaws) => invalid(flaws),
            ActivityError::ActivityNotFound { id } => not_found(Code::ActivityNotFound, id),
            ActivityError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            ActivityError::SignupNotFound => Problem::new(Code::SignupNotFound),
            ActivityError::OtherTeam => other_team(),
            ActivityError::OtherStation { station } => other_station(station),
            ActivityError::IdTaken { field } => taken(&field),
            ActivityError::VersionDiffers { current } => version_differs(current),
            ActivityError::StateConflict { status } => state_conflict(status, activity_status(status)),
            ActivityError::Full { needed, post } => {
                let problem = Problem::new(Code::ActivityFull)
                    .detail(format!("{needed} 个名额已满"), format!("all {needed} places are taken"))
                    .member("needed", 1)
                    .member("available", 0);
                match post {
                    Some(post) => problem.member("post", post),
                    None => problem,
                }
            }
            ActivityError::Closed { since } => {
                let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
                Problem::new(Code::SignupClosed).member("closed_at", since)
            }
            ActivityError::NotEligible(unmet) => not_eligible(unmet),
            // What it carries are points of deductions, which are whole in no refusal of a record.
            ActivityError::Service(error) => service_refused(error, 0),
            ActivityError::Busy => Problem::new(Code::Busy),
            ActivityError::Database(error) => error.into(),
            ActivityError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<PresenceError> for Problem {
    fn from(error: PresenceError) -> Self {
        let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        match error {
            PresenceError::Invalid(flaws) => invalid(flaws),
            PresenceError::Activity(error) => error.into(),
            PresenceError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            PresenceError::PunchNotFound { id } => not_found(Code::PresenceNotFound, id),
            PresenceError::IdTaken { field } => taken(&field),
            PresenceError::StateConflict { status } => state_conflict(status, activity_status(status)),
            PresenceError::OutsideWindow { from, until } => {
                Problem::new(Code::OutsideWindow).member("from", moment(from)).member("until", moment(until))
            }
            PresenceError::NotSignedUp => Problem::new(Code::NotSignedUp),
            PresenceError::NotEligible(unmet) => not_eligible(unmet),
            PresenceError::Overlapping { other } => Problem::new(Code::OverlappingService)
                .detail("这段时间已在别处签到或已有服务记录", "the volunteer is elsewhere at that time")
                .member("other_id", other.to_string()),
            PresenceError::ClockImplausible { seconds, limit } => Problem::new(Code::ClockImplausible)
                .detail(
                    format!("相差 {seconds} 秒，最多 {limit} 秒"),
                    format!("it is {seconds} seconds off, and {limit} are allowed"),
                )
                .member("seconds", seconds)
                .member("limit", limit),
            PresenceError::WrongMethod => {
                Problem::new(Code::Forbidden).detail("此密钥不能这样签到", "a key of this role does not punch so")
            }
            PresenceError::Database(error) => error.into(),
        }
    }
}

pub(super) fn volunteer_merged(into: Uuid) -> Problem {
    Problem::new(Code::VolunteerMerged)
        .detail(format!("已并入志愿者 {into}，请为后者办理"), format!("merged into {into}: act for that volunteer"))
        .member("into", into.to_string())
}

impl From<PostsError> for Problem {
    fn from(error: PostsError) -> Self {
        match error {
            PostsError::Invalid(flaws) => invalid(flaws),
            PostsError::PostNotFound { code } => {
                let detail = format!("there is no post `{code}`");
                Problem::new(Code::PostNotFound).detail(format!("没有岗位 {code}"), detail)
            }
            PostsError::Volunteer(error) => error.into(),
            PostsError::IdTaken { field } => taken(field),
            PostsError::PostFull { needed, assigned } => Problem::new(Code::PostFull)
                .detail(
                    format!("需要 {needed} 人，这段时间已有 {assigned} 人"),
                    format!("{needed} are needed, and {assigned} have it at that time"),
                )
                .member("needed", needed)
                .member("assigned", assigned),
            PostsError::VersionDiffers { current } => version_differs(current),
            PostsError::Database(error) => error.into(),
        }
    }
}

impl From<CodeError> for Problem {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Invalid(flaws) => invalid(flaws),
            CodeError::OtherCard { card } => Problem::new(Code::StateConflict)
                .detail(format!("现用的是第 {card} 号卡"), format!("the card in force is {card}"))
                .member("status", "renewed")
                .member("card", card),
            CodeError::Volunteer(error) => error.into(),
            CodeError::Database(error) => error.into(),
        }
    }
}

impl From<TeamError> for Problem {
    fn from(error: TeamError) -> Self {
        match error {
            TeamError::Invalid(flaws) => invalid(flaws),
            TeamError::TeamNotFound { code } => {
                let detail = format!("there is no team `{code}`");
                Problem::new(Code::TeamNotFound).detail(format!("没有队伍 {code}"), detail)
            }
            TeamError::VersionDiffers { current } => version_differs(current),
            TeamError::Database(error) => error.into(),
        }
    }
}

fn other_team() -> Problem {
    Problem::new(Code::Forbidden).detail("此密钥属于另一支队伍", "the key is for another team")
}

fn other_station(station: String) -> Problem {
    Problem::new(Code::Forbidden)
        .detail(format!("此密钥不用于站点 {station}"), format!("the key is not for the station {station}"))
        .member("station", station)
}

/// Where an activity, a sign-up or somebody's presence stands.
fn activity_status(status: &str) -> &'static str {
    match status {
        "planned" => "尚未发布",
        "published" => "已发布",
        "ended" => "已结束",
        "cancelled" => "已取消",
        "signed_up" => "已报名",
        "waiting" => "候补",
        "attended" => "已到场",
        "no_show" => "未到",
        "in" => "已签到",
        "out" => "已签退",
        _ => "在另一状态",
    }
}

impl From<RewardError> for Problem {
    fn from(error: RewardError) -> Self {
        match error {
            RewardError::Invalid(flaws) => invalid(flaws),
            RewardError::RewardNotFound { id } => not_found(Code::RewardNotFound, id),
            RewardError::SessionNotFound { id } => not_found(Code::SessionNotFound, id),
            RewardError::SessionCancelled => Problem::new(Code::SessionCancelled),
            RewardError::WrongStation { station } => wrong_station(station),
            RewardError::StockTransferNotFound { id } => not_found(Code::StockTransferNotFound, id),
            RewardError::BeyondTheBook { size } => beyond_the_book(size),
            RewardError::Stale => Problem::new(Code::Busy),
            RewardError::IdTaken { field } => taken(&field),
            RewardError::VersionDiffers { current } => version_differs(current),
            RewardError::OutOfStock { needed, available } => short(Code::OutOfStock, needed, available),
            RewardError::Again(error) => Problem { is_replayed: true, ..Problem::from(*error) },
            RewardError::Busy => Problem::new(Code::Busy),
            RewardError::Database(error) => error.into(),
            RewardError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<SponsorError> for Problem {
    fn from(error: SponsorError) -> Self {
        match error {
            SponsorError::Invalid(flaws) => invalid(flaws),
            SponsorError::SponsorNotFound { id } => not_found(Code::SponsorNotFound, id),
            SponsorError::VersionDiffers { current } => version_differs(current),
            SponsorError::Database(error) => error.into(),
        }
    }
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        let text = error.to_string();
        match error {
            PictureError::UnknownType => {
                Problem::new(Code::UnsupportedMediaType).detail("请上传 JPEG、PNG 或 WebP 图片", text)
            }
            PictureError::TooLarge => Problem::new(Code::BodyTooLarge).detail("图片像素过多，最多 4000 万像素", text),
            PictureError::Damaged => Problem::invalid_value("", "damaged_picture", "图片已损坏，无法读取", &text),
            PictureError::PictureNotFound { .. } => Problem::new(Code::PictureNotFound),
            PictureError::Database(error) => error.into(),
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

/// Too little in one of a volunteer's accounts: points, when it has no name.
fn short_of(code: Code, needed: i64, available: i64, account: Option<String>, config: &Scheme) -> Problem {
    let shown = |amount| in_account(amount, account.as_deref(), config);
    let problem = short(code, shown(needed), shown(available));
    match account {
        Some(account) => problem.member("account", account),
        None => problem,
    }
}

/// Numbers of stars are integers, as counts are; what a condition asks is as the configuration writes it.
pub(super) fn not_eligible(unmet: Ineligible) -> Problem {
    let Ineligible { condition, needed, available } = unmet;
    let zh = in_chinese(&condition, &needed, &available);
    let mut en = format!("{condition} {needed} is needed");
    if !available.is_empty() {
        en = format!("{en}, and it is {available}");
    }
    let value = |text: String| match text.parse::<i64>() {
        Ok(stars) if condition == "min_star" => stars.into(),
        _ => serde_json::Value::String(text),
    };
    let (needed, available) = (value(needed), value(available));
    let problem =
        Problem::new(Code::NotEligible).detail(zh, en).member("needed", needed).member("available", available);
    problem.member("condition", condition)
}

fn wrong_station(station: String) -> Problem {
    Problem::new(Code::Forbidden)
        .detail(format!("此密钥不用于站点 {station}"), format!("the key is not for the station {station}"))
        .member("station", station)
}

pub fn desk_refused(error: DeskError, config: &Scheme) -> Problem {
    let text = error.to_string();
    match error {
        DeskError::Exchange(error) => exchange_refused(error, config),
        DeskError::Reward(error) => error.into(),
        DeskError::NoSession => Problem::invalid_value("/path/id", "no_session", "这笔兑换不是场次预约", &text),
        DeskError::WrongTime { starts_at, ends_at } => Problem::new(Code::OutsideWindow)
            .detail("请在场次当天、结束之前签到", text)
            .member("from", starts_at.to_rfc3339())
            .member("until", ends_at.to_rfc3339()),
        DeskError::WrongState { state } => {
            let zh = match state {
                PlaceState::Waiting => "还在等候",
                PlaceState::Called => "正在办理",
                PlaceState::Skipped => "已过号",
                PlaceState::Done => "已办完",
                PlaceState::Gone => "已取消",
            };
            state_conflict(state.as_str(), zh)
        }
        DeskError::IdTaken { .. } => taken("session_id"),
        DeskError::NobodyWaits => Problem::new(Code::NobodyWaits),
        DeskError::Database(error) => error.into(),
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

pub(super) fn not_found(code: Code, id: Uuid) -> Problem {
    Problem::new(code).detail(format!("没有 {id}"), format!("there is no {id}")).member("id", id.to_string())
}

fn beyond_the_book(size: i64) -> Problem {
    Problem::new(Code::EntryNotFound)
        .detail(format!("分录从 1 到 {size}"), format!("there are entries 1 to {size}"))
        .member("size", size)
}

pub(super) fn taken(field: &str) -> Problem {
    Problem::new(Code::IdTaken)
        .detail(format!("同一编号下 {field} 不同"), format!("the id stands for something else: {field} differs"))
        .member("field", field)
}

pub(super) fn version_differs(current: i64) -> Problem {
    Problem::new(Code::PreconditionFailed)
        .detail(format!("目前是第 {current} 版"), format!("it is at version {current} now"))
        .member("current", current)
}

pub(super) fn state_conflict(status: &str, zh: &str) -> Problem {
    Problem::new(Code::StateConflict).detail(format!("目前{zh}"), format!("it is {status}")).member("status", status)
}

fn too_few_points(needed: i64, available: i64, scale: u8) -> Problem {
    short(Code::InsufficientPoints, points(needed, scale), points(available, scale))
}

/// Amounts of points are decimal strings, counts are integers.
fn short(
    code: Code,
    needed: impl Into<serde_json::Value> + Display,
    available: impl Into<serde_json::Value> + Display,
) -> Problem {
    Problem::new(code)
        .detail(format!("需要 {needed}，可用 {available}"), format!("{needed} needed, {available} available"))
        .member("needed", needed)
        .member("available", available)
}

pub(super) fn invalid(flaws: Vec<Invalid>) -> Problem {
    Problem::invalid(flaws.into_iter().map(flaw).collect())
}

fn flaw(invalid: Invalid) -> Flaw {
    let zh = match invalid.code {
        "amount_negative" => "不能为负数",
        "amount_too_large" => "数值过大",
        "automatic_ladder" => "达标即得，不须授予",
        "activity_too_long" => "活动最长 24 小时，请按班次分开",
        "closes_after_end" => "报名截止不能晚于活动结束",
        "duplicate_post" => "岗位代码重复",
        "fewer_than_signed_up" => "少于已报名的人数",
        "invalid_days" => "须写 1 至 100 天",
        "missing_post" => "须选择岗位",
        "not_a_category_of_service" => "须为服务类别，不是事项",
        "out_of_range" => "数值超出范围",
        "too_many_posts" => "岗位过多",
        "unknown_code" => "方案没有这个代码",
        "unknown_post" => "活动没有这个岗位",
        "another_activity" => "这是另一个活动的码",
        "code_or_number" => "须写明码或编号之一",
        "expired_code" => "码已过期，请出示新的",
        "invalid_code_scanned" => "不是有效的码",
        "missing_activity" => "须写明活动",
        "revoked_code" => "此卡已挂失换新",
        "unknown_volunteer" => "没有这个编号的志愿者",
        "another_day" => "开始时间不在服务日期当天",
        "another_station" => "场次在另一站点",
        "date_in_future" => "日期在将来",
        "end_before_start" => "结束早于开始",
        "bill_not_asked" => "这项兑换不按账单定价",
        "another_account" => "和第 1 项不是用同一种积分，请分开兑换",
        "duplicate_item" => "这一项已经选过，请改数量",
        "invalid_cash" => "金额须在 0 至 1000000 元之间",
        "invalid_items" => "请选 1 至 10 项",
        "session_in_basket" => "服务场次请单独预约，一次一场",
        "not_in_a_basket" => "这一项要单独兑换",
        "not_in_part" => "这一项按整份定价，不能分开领取或退货",
        "nothing_to_return" => "没有可以退的东西",
        "too_many_items" => "一次换的东西太多，请分两次",
        "too_many_pieces" => "没有这么多，请看还剩几件",
        "unknown_line" => "这笔兑换没有这一项，或写了两次",
        "invalid_bill" => "账单金额须在 0.01 至 1000000 元之间",
        "another_volunteer" => "记录是另一位志愿者的",
        "date_in_past" => "日期已过",
        "missing_evidence" => "其他机构授予的荣誉须写明凭证",
        "nothing_served" => "该志愿者在此没有服务记录",
        "not_an_event" => "须为事项类别",
        "too_many_people" => "人数超出心愿的名额",
        "more_than_carried" => "合计超出心愿所带的时长或积分",
        "points_not_allowed" => "方案没有让心愿带积分",
        "too_many_points" => "超出心愿可带的积分上限",
        "unknown_team" => "方案没有这支队伍",
        "twice" => "同一人写了两次",
        "nobody" => "至少要有一人",
        "missing_category" => "带时长的心愿须写明服务类别",
        "another_person" => "由本人认领的心愿只记本人",
        "invalid_code" => "代码由 a-z、0-9、`-`、`_` 组成，以字母开头，最多 32 个字符",
        "missing_bill" => "须写明账单金额",
        "not_whole_minutes" => "价格折合的时间不是整分钟",
        "invalid_change" => "不能为 0，数量也不能过大",
        "invalid_date" => "日期超出范围",
        "invalid_id_number" => "证件号码格式不对",
        "invalid_limit" => "限额超出范围",
        "invalid_minutes" => "分钟数超出范围",
        "invalid_number" => "编号须为 2 到 32 个字母、数字或连字符",
        "invalid_phone" => "电话号码格式不对",
        "invalid_quantity" => "数量须在 1 到 1000 之间",
        "invalid_seats" => "座位数超出范围",
        "invalid_star" => "星级须在 1 到 5 之间",
        "invalid_years" => "年数超出规定",
        "invalid_text" => "为空、过长或含有控制字符",
        "minutes_differ" => "分钟数与起止时间不一致",
        "missing_end" => "缺少结束时间",
        "missing_minutes" => "缺少时长或起止时间",
        "missing_guardian" => "未满 18 岁，须有监护人同意",
        "invalid_weekday" => "星期须在 1 到 7 之间",
        "no_member" => "这位志愿者不在队中",
        "missing_reason" => "须说明理由",
        "missing_start" => "缺少开始时间",
        "nothing_to_correct" => "与现有记录相同，没有要更正的内容",
        "invalid_period" => "期间须先后正确，且最多 92 天",
        "no_bans" => "这个等级表没有禁止申请的规定",
        "no_rules_then" => "当日尚无积分规则",
        "invalid_note" => "单号由字母、数字、`-`、`_`、`/`、`.` 组成，最多 40 个字符",
        "invalid_sequence" => "分录号须为 0 或更大的整数",
        "same_station" => "须调往另一站点",
        "invalid_age" => "年龄须在 1 到 150 之间，下限不大于上限",
        "never_open" => "没有这样的日子",
        "unknown_sponsor" => "没有这家爱心企业",
        "unknown_picture" => "没有这张图片",
        "not_a_good" => "服务类项目没有库存，只有场次",
        "not_a_service" => "物品没有场次",
        "same_volunteer" => "不能是同一位志愿者",
        "too_many_lots" => "涉及的到期日过多，请分几次转赠",
        "unknown_account" => "方案没有这个账本",
        "rules_not_applicable" => "积分规则不适用",
        "unknown_category" => "方案没有这个服务类别",
        "unknown_ladder" => "现行规则没有这个等级表",
        "unknown_step" => "没有这一级",
        "unknown_station" => "方案没有这个站点",
        "unknown_unit" => "方案没有这个单位",
        "wrong_pickup_code" => "取货码不对，请再核对一遍",
        _ => "值不对",
    };
    let pointer = format!("/{}", invalid.field);
    Flaw { pointer, code: invalid.code.to_owned(), detail: Text::new(zh, invalid.detail) }
}
