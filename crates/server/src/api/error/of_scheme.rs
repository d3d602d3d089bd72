//! What the functions of `scheme` refuse. One `match` for each of their errors, without `_`: a new reason does not compile
//! until somebody decides what clients see.

use super::{Code, Flaw, Problem, Text};
use crate::api::amounts::{in_account, points};
use crate::api::levels::Lack;
use ledger::proof::ProofError;
use scheme::balances::BalanceError;
use scheme::config::{Applicant, Finding, Scheme, Severity};
use scheme::events::EventsError;
use scheme::exchanges::Ineligible;
use scheme::keys::KeyError;
use scheme::levels::LevelError;
use scheme::notices::NoticeError;
use scheme::reviews::ReviewError;
use scheme::rewards::RewardError;
use scheme::rules::{RuleError, in_chinese, ladders};
use scheme::schemes::{ApplyError, SchemeError};
use scheme::services::{self, ServiceError};
use scheme::transfers::TransferError;
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

impl From<VolunteerError> for Problem {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::Invalid(flaws) => invalid(flaws),
            VolunteerError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            VolunteerError::Taken { field } => Problem::new(Code::IdTaken)
                .detail(format!("{field} 已登记给另一位志愿者"), format!("another volunteer has this {field}"))
                .member("field", field),
            VolunteerError::VersionDiffers { current } => version_differs(current),
            VolunteerError::Busy => Problem::new(Code::Busy),
            VolunteerError::Database(error) => error.into(),
            VolunteerError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<RewardError> for Problem {
    fn from(error: RewardError) -> Self {
        match error {
            RewardError::Invalid(flaws) => invalid(flaws),
            RewardError::RewardNotFound { id } => not_found(Code::RewardNotFound, id),
            RewardError::SessionNotFound { id } => not_found(Code::SessionNotFound, id),
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
        ServiceError::IdTaken { field } => taken(&field),
        ServiceError::Overlapping { other } => Problem::new(Code::OverlappingService)
            .detail("同一时间已有另一条服务记录", "the volunteer was elsewhere at that time")
            .member("service_id", other.to_string()),
        ServiceError::StateConflict { status } => state_conflict(status.as_str(), service_status(status)),
        ServiceError::WrongApprover { approvers } => {
            let names = approvers.join("、");
            Problem::new(Code::Forbidden)
                .detail(format!("须由{names}确认"), format!("it is confirmed by {}", approvers.join(", ")))
        }
        ServiceError::OwnRecord => Problem::new(Code::Forbidden)
            .detail("不能审核自己登记的记录", "whoever recorded a service does not decide over it"),
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

fn service_status(status: services::Status) -> &'static str {
    match status {
        services::Status::Recorded => "待确认",
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

fn version_differs(current: i64) -> Problem {
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
        "another_day" => "开始时间不在服务日期当天",
        "another_station" => "场次在另一站点",
        "date_in_future" => "日期在将来",
        "end_before_start" => "结束早于开始",
        "bill_not_asked" => "这项兑换不按账单定价",
        "another_account" => "和第 1 项不是用同一种积分，请分开兑换",
        "duplicate_item" => "这一项已经选过，请改数量",
        "invalid_cash" => "金额须在 0 至 1000000 元之间",
        "invalid_items" => "请选 1 至 10 项",
        "not_in_a_basket" => "这一项要单独兑换",
        "not_in_part" => "这一项按整份定价，不能分开领取或退货",
        "nothing_to_return" => "没有可以退的东西",
        "too_many_items" => "一次换的东西太多，请分两次",
        "too_many_pieces" => "没有这么多，请看还剩几件",
        "unknown_line" => "这笔兑换没有这一项，或写了两次",
        "invalid_bill" => "账单金额须在 0.01 至 1000000 元之间",
        "another_volunteer" => "记录是另一位志愿者的",
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
        "missing_reason" => "须说明理由",
        "missing_start" => "缺少开始时间",
        "no_bans" => "这个等级表没有禁止申请的规定",
        "no_rules_then" => "当日尚无积分规则",
        "not_a_good" => "服务类项目没有库存，只有场次",
        "not_a_service" => "物品没有场次",
        "same_volunteer" => "不能转赠给自己",
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
