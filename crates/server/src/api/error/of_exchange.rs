//! What exchanges refuse, in words for whoever stands at the counter: what is missing, in numbers, and what can be done.

use super::flaws::invalid;
use super::refusals::{not_eligible, not_found, state_conflict, taken, volunteer_merged};
use super::{Code, Problem};
use crate::api::amounts::in_account;
use scheme::config::Scheme;
use scheme::exchanges::{ExchangeError, Status};

pub fn exchange_refused(error: ExchangeError, config: &Scheme) -> Problem {
    match error {
        ExchangeError::Invalid(flaws) => invalid(flaws),
        ExchangeError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
        ExchangeError::VolunteerMerged { into } => volunteer_merged(into),
        ExchangeError::RewardNotFound { id } => not_found(Code::RewardNotFound, id),
        ExchangeError::SessionNotFound { id } => not_found(Code::SessionNotFound, id),
        ExchangeError::ExchangeNotFound { id } => not_found(Code::ExchangeNotFound, id),
        ExchangeError::WrongStation { station } => Problem::new(Code::Forbidden)
            .detail(
                format!("这笔兑换要在站点 {station} 办理，此密钥不用于那里"),
                format!("it is dealt with at the station {station}, for which the key is not"),
            )
            .member("station", station),
        ExchangeError::IdTaken { field } => taken(&field),
        ExchangeError::StateConflict { status } => conflict(status),
        ExchangeError::InsufficientPoints { needed, available, account } => too_few(needed, available, account, config),
        ExchangeError::AccountFrozen => Problem::new(Code::AccountFrozen).detail(
            "账户目前冻结，解冻以后才能兑换；怎样解冻请问工作人员",
            "the account is frozen; once it thaws, it can be spent from again",
        ),
        ExchangeError::OutOfStock { needed, available } => counted(
            Code::OutOfStock,
            (needed, available),
            (format!("要换 {needed} 件，现在只有 {available} 件"), format!("{needed} wanted, {available} left")),
        ),
        ExchangeError::SessionFull { needed, available } => counted(
            Code::SessionFull,
            (needed, available),
            (format!("要约 {needed} 个名额，只剩 {available} 个"), format!("{needed} seats wanted, {available} left")),
        ),
        ExchangeError::LimitReached { needed, available } => counted(
            Code::LimitReached,
            (needed, available),
            (
                format!("这段时间内还可以换 {available} 次（件），这次要 {needed} 次（件）"),
                format!("{available} more are allowed in this period, and {needed} are wanted"),
            ),
        ),
        ExchangeError::NotEligible(unmet) => not_eligible(unmet),
        ExchangeError::OutsideWindow { from, until, opens_on } => outside(from, until, opens_on),
        ExchangeError::NotListed => Problem::new(Code::NotListed),
        ExchangeError::SessionCancelled => Problem::new(Code::SessionCancelled),
        ExchangeError::BookingBarred { until } => match until {
            None => Problem::new(Code::BookingBarred),
            Some(day) => Problem::new(Code::BookingBarred)
                .detail(format!("到 {day} 为止（含）"), format!("until {day}, that day included"))
                .member("until", day),
        },
        ExchangeError::NotRefundable => Problem::new(Code::NotRefundable).detail(
            "这项兑换换了就不能取消，积分不退回",
            "it is not cancelled once it was made, and no points come back",
        ),
        ExchangeError::NotReturnable { until: None } => Problem::new(Code::NotReturnable)
            .detail("本方案领取以后不退货", "the scheme takes nothing back that was collected"),
        ExchangeError::NotReturnable { until: Some(until) } => Problem::new(Code::NotReturnable)
            .detail(format!("退货期到 {until} 为止，已经过了"), format!("it could be returned until {until}"))
            .member("until", until.to_string()),
        ExchangeError::TooManyAttempts { retry_after } => Problem::new(Code::TooManyRequests)
            .detail(
                format!("取货码输错次数太多，请 {} 分钟后再试，或请工作人员核对本人后领取", (retry_after + 59) / 60),
                format!("too many wrong codes: again in {retry_after} seconds, or staff look up the person"),
            )
            .member("retry_after", retry_after),
        ExchangeError::Item { index, error } => of_item(index, exchange_refused(*error, config)),
        ExchangeError::Again(error) => Problem { is_replayed: true, ..exchange_refused(*error, config) },
        ExchangeError::Busy | ExchangeError::Stale => Problem::new(Code::Busy),
        ExchangeError::Database(error) => error.into(),
        ExchangeError::Book(error) => Problem::internal(error),
    }
}

fn conflict(status: Status) -> Problem {
    let zh = match status {
        Status::Reserved => "已预留，还没有领取",
        Status::Collected => "已经领取",
        Status::Cancelled => "已经取消",
        Status::Expired => "已经过期，积分按规定退回",
        Status::Missed => "预约未到",
    };
    state_conflict(status.as_str(), zh)
}

/// Points are decimal strings; an account of minutes is told in hours.
fn too_few(needed: i64, available: i64, account: Option<String>, config: &Scheme) -> Problem {
    let shown = |amount| in_account(amount, account.as_deref(), config);
    let short = shown(needed.saturating_sub(available));
    let name =
        account.as_deref().and_then(|code| config.account(code)).map_or("积分", |account| account.name.as_str());
    let (needed, available) = (shown(needed), shown(available));
    let problem = Problem::new(Code::InsufficientPoints)
        .detail(
            format!("要用{name} {needed}，现在能用 {available}，还差 {short}"),
            format!("{needed} needed, {available} available, {short} short"),
        )
        .member("needed", needed)
        .member("available", available);
    match account {
        Some(account) => problem.member("account", account),
        None => problem,
    }
}

fn counted(code: Code, (needed, available): (i64, i64), (zh, en): (String, String)) -> Problem {
    Problem::new(code).detail(zh, en).member("needed", needed).member("available", available)
}

fn outside(from: Option<String>, until: Option<String>, opens_on: Option<String>) -> Problem {
    let (zh, en) = match (&from, &until, &opens_on) {
        (_, _, Some(day)) => (format!("今天不开放兑换，下次开放：{day}"), format!("it opens on {day}")),
        (None, None, None) => ("目前没有开放的日子".to_owned(), "no day is planned on which it is open".to_owned()),
        (Some(from), None, _) => (format!("从 {from} 起才能换"), format!("it is offered from {from} on")),
        (None, Some(until), _) => (format!("到 {until} 为止，已经结束"), format!("it was offered until {until}")),
        (Some(from), Some(until), _) => {
            (format!("只在 {from} 到 {until} 之间可以换"), format!("it is offered from {from} to {until}"))
        }
    };
    let problem = Problem::new(Code::OutsideWindow).detail(zh, en).member("from", from).member("until", until);
    match opens_on {
        None => problem,
        Some(day) => problem.member("opens_on", day),
    }
}

/// Says which item of several it is about: in the sentence, and as a pointer.
fn of_item(index: usize, mut problem: Problem) -> Problem {
    for flaw in &mut problem.flaws {
        flaw.pointer = format!("/items/{index}{}", flaw.pointer);
    }
    if let Some(detail) = &mut problem.detail {
        detail.zh = format!("第 {} 项：{}", index + 1, detail.zh);
        detail.en = format!("item {}: {}", index + 1, detail.en);
    }
    problem.member("item", index).member("pointer", format!("/items/{index}"))
}
