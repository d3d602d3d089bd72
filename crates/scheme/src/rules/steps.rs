//! The arithmetic of a record, line by line, as the volunteer and the auditor read it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::amounts::{Decimal, RoundedPoints, Rounding, format_points, hours_text};
use super::{Evidence, Record, Unmet};
use crate::config::{
    BelowMinimum, CapPeriod, CapRule, CapUnit, EarningRule, Minimum, Otherwise, OverCap, PartHours, PerUnit, Scheme,
    VolunteerAccount,
};

/// One line of a calculation: what was done, and what stands after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub step: StepKind,
    pub zh: String,
    pub en: String,
    /// Credited minutes after this step.
    pub minutes: i64,
    /// Points after this step, as a decimal.
    pub points: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    Served,
    Recorded,
    BelowMinimum,
    ConditionUnmet,
    TimePercent,
    PartHours,
    MinutesCap,
    EvidenceWithoutPoints,
    Rate,
    Fixed,
    Blocks,
    Units,
    Decided,
    HighestOf,
    PointsCap,
    UsesCap,
    Overdraft,
    Debt,
    Frozen,
    Thawed,
    Marked,
    Account,
    LastDay,
}

/// The sheet on which a calculation is written: the two sums as they stand, and the lines so far.
pub(super) struct Sheet<'a> {
    scheme: &'a Scheme,
    pub minutes: i64,
    pub points: i64,
    pub steps: Vec<Step>,
}

impl<'a> Sheet<'a> {
    pub fn begin(scheme: &'a Scheme, record: &Record) -> Self {
        let minutes = record.minutes;
        let mut sheet = Sheet { scheme, minutes, points: 0, steps: Vec::with_capacity(6) };
        match scheme.category(record.category).filter(|_| minutes == 0) {
            Some(event) => {
                let (zh, en) = (format!("登记“{}”", event.name), format!("recorded: {}", event.name_en));
                sheet.line(StepKind::Recorded, zh, en);
            }
            None => sheet.line(StepKind::Served, format!("服务 {minutes} 分钟"), format!("{minutes} min served")),
        }
        sheet
    }

    pub fn below_minimum(&mut self, minimum: Minimum) {
        let (zh, en) = match minimum.below {
            BelowMinimum::MinutesOnly => ("只记时长，不计积分", "hours only, no points"),
            BelowMinimum::Nothing => ("时长和积分都不计", "neither hours nor points"),
        };
        if minimum.below == BelowMinimum::Nothing {
            self.minutes = 0;
        }
        let zh = format!("不足起算的 {} 分钟，{zh}", minimum.minutes);
        let en = format!("shorter than the minimum of {} min: {en}", minimum.minutes);
        self.line(StepKind::BelowMinimum, zh, en);
    }

    pub fn unmet(&mut self, unmet: &Unmet, otherwise: Otherwise) {
        let (then_zh, then_en) = match otherwise {
            Otherwise::MinutesOnly => ("只记时长，不计积分", "hours only, no points"),
            Otherwise::Nothing => ("时长和积分都不计", "neither hours nor points"),
        };
        let zh = format!("不符合条件（{}），{then_zh}", unmet.zh());
        let en = format!("a condition does not hold ({unmet}): {then_en}");
        self.line(StepKind::ConditionUnmet, zh, en);
    }

    pub fn time_percent(&mut self, percent: Decimal, minutes: i64) {
        self.minutes = minutes;
        let zh = format!("按 {percent}% 计时，计 {minutes} 分钟");
        self.line(StepKind::TimePercent, zh, format!("{percent}% of the time counts: {minutes} min"));
    }

    /// The hours on record become those that were counted.
    pub fn credited_as_counted(&mut self, counted: i64, part_hours: PartHours, rounding: Rounding) {
        if counted != self.minutes {
            self.minutes = counted;
            self.counted_line(counted, part_hours, rounding);
        }
    }

    /// The hours on record stay, and fewer or more of them are counted for points.
    pub fn counted(&mut self, counted: i64, part_hours: PartHours, rounding: Rounding) {
        if counted != self.minutes {
            self.counted_line(counted, part_hours, rounding);
        }
    }

    /// A cap was met; what is left has been set by the caller.
    pub fn capped(&mut self, cap: &CapRule, room: i64, left: i64) {
        let unit = cap.unit();
        let step = match unit {
            CapUnit::Minutes => StepKind::MinutesCap,
            CapUnit::Points => StepKind::PointsCap,
            CapUnit::Uses => StepKind::UsesCap,
        };
        let (limit_zh, limit_en) = self.amount(unit, cap.limit(self.scheme.points_scale));
        let (room_zh, room_en) = self.amount(unit, room);
        let (left_zh, left_en) = self.amount(unit, left);
        let (per_zh, per_en) = period(cap.per);
        let (group_zh, group_en) = self.group(cap);
        let (over_zh, over_en) = match cap.over {
            OverCap::Truncate => (format!("计 {left_zh}"), format!("credited: {left_en}")),
            OverCap::Void => ("超出，本次不计".into(), "exceeded, so nothing is credited".into()),
            OverCap::Donate => {
                (format!("计 {left_zh}，超出部分进捐赠池"), format!("credited: {left_en}, the rest is donated"))
            }
        };
        let (rest_zh, rest_en) = match cap.per {
            CapPeriod::Record => (String::new(), String::new()),
            _ => (format!("尚余 {room_zh}，"), format!("{room_en} left, ")),
        };
        let zh = format!("{per_zh}{group_zh}上限 {limit_zh}，{rest_zh}{over_zh}");
        let en = format!("at most {limit_en} {per_en}{group_en}: {rest_en}{over_en}");
        self.line(step, zh, en);
    }

    pub fn evidence_without_points(&mut self, evidence: Evidence) {
        let (zh, en) = match evidence {
            Evidence::SelfScan => ("本人扫码", "self-scanned"),
            Evidence::Kiosk => ("终端签到", "kiosk"),
            Evidence::LeaderConfirmed => ("领队确认", "leader-confirmed"),
            Evidence::BackFilled => ("补录", "back-filled"),
        };
        let zh = format!("{zh}的服务只记时长，不计积分");
        let en = format!("{en} services count as hours and earn no points");
        self.line(StepKind::EvidenceWithoutPoints, zh, en);
    }

    pub fn rate(&mut self, counted: i64, rate: Decimal, rule: &EarningRule, points: RoundedPoints) {
        self.points = points.minor;
        let (earned_zh, earned_en) = self.amount(CapUnit::Points, points.minor);
        let (round_zh, round_en) = rounded(points, rule.rounding);
        let (time_zh, time_en) = match rule.part_hours {
            PartHours::Proportional => (format!("{counted} 分钟"), format!("{counted} min")),
            PartHours::HalfHours | PartHours::WholeHours => {
                (format!("{} 小时", hours_text(counted)), format!("{} h", hours_text(counted)))
            }
        };
        let zh = format!("{time_zh} × 每小时 {rate} 分{round_zh} = {earned_zh}");
        let en = format!("{time_en} × {rate} per hour{round_en} = {earned_en}");
        self.line(StepKind::Rate, zh, en);
    }

    pub fn fixed(&mut self, points: i64) {
        self.points = points;
        let (zh, en) = self.amount(CapUnit::Points, points);
        self.line(StepKind::Fixed, format!("每次 {zh}"), format!("{en} per record"));
    }

    pub fn blocks(&mut self, running: bool, before: i64, after: i64, had: i64, has: i64) {
        self.points = has.saturating_sub(had);
        let (has_zh, has_en) = self.amount(CapUnit::Points, has);
        let (zh, en) = match running {
            false => (
                format!("{} 小时按段计 {has_zh}", hours_text(after)),
                format!("{} h by blocks: {has_en}", hours_text(after)),
            ),
            true => {
                let (had_zh, had_en) = self.amount(CapUnit::Points, had);
                let (was, now) = (hours_text(before), hours_text(after));
                let (plus_zh, plus_en) = self.amount(CapUnit::Points, self.points);
                (
                    format!("累计 {now} 小时值 {has_zh}，减此前 {was} 小时的 {had_zh} = {plus_zh}"),
                    format!("{now} h in all are worth {has_en}, less {had_en} for the {was} h before = {plus_en}"),
                )
            }
        };
        self.line(StepKind::Blocks, zh, en);
    }

    pub fn units(&mut self, count: i64, unit: &PerUnit, points: RoundedPoints, rounding: Rounding) {
        self.points = points.minor;
        let (zh, en) = self.amount(CapUnit::Points, points.minor);
        let (round_zh, round_en) = rounded(points, rounding);
        let (name, each) = (&unit.unit, unit.points);
        let (per_zh, per_en) = match unit.per {
            1 => (format!("每{name}"), format!("per {name}")),
            many => (format!("每 {many} {name}"), format!("per {many} {name}")),
        };
        let zh = format!("{count} {name} × {per_zh} {each} 分{round_zh} = {zh}");
        let en = format!("{count} {name} × {each} {per_en}{round_en} = {en}");
        self.line(StepKind::Units, zh, en);
    }

    pub fn decided(&mut self, from: i64, to: i64, points: i64) {
        self.points = points;
        let (zh, en) = self.amount(CapUnit::Points, points);
        let scale = self.scheme.points_scale;
        let (from, to) = (format_points(from, scale), format_points(to, scale));
        let zh = format!("在 {from} 至 {to} 分之间，由确认人定为 {zh}");
        self.line(StepKind::Decided, zh, format!("between {from} and {to}, decided by the reviewer: {en}"));
    }

    pub fn highest_of(&mut self, before: i64, more: i64) {
        self.points = more;
        let (before_zh, before_en) = self.amount(CapUnit::Points, before);
        let (more_zh, more_en) = self.amount(CapUnit::Points, more);
        let zh = format!("就高不叠加：同组已计 {before_zh}，再计 {more_zh}");
        self.line(StepKind::HighestOf, zh, format!("only the highest counts: {before_en} before, {more_en} more"));
    }

    pub fn stopped_at_zero(&mut self, taken: i64) {
        self.points = taken.saturating_neg();
        let (zh, en) = self.amount(CapUnit::Points, taken);
        self.line(StepKind::Overdraft, format!("余额不足，扣至 0，扣 {zh}"), format!("down to 0: {en} taken"));
    }

    pub fn owed(&mut self, missing: i64) {
        let (zh, en) = self.amount(CapUnit::Points, missing);
        self.line(StepKind::Debt, format!("余额不足，欠 {zh}，从以后所得中扣"), format!("{en} are owed"));
    }

    pub fn paid_back(&mut self, paid: i64) {
        let (zh, en) = self.amount(CapUnit::Points, paid);
        self.line(StepKind::Debt, format!("其中 {zh} 抵此前所欠"), format!("of which {en} pay what was owed"));
    }

    pub fn frozen(&mut self, until: Option<NaiveDate>) {
        let (zh, en) = match until {
            Some(day) => (format!("账户冻结，至 {day}（含当日）"), format!("the account is frozen up to {day}")),
            None => ("账户冻结".into(), "the account is frozen".into()),
        };
        self.line(StepKind::Frozen, zh, en);
    }

    pub fn thawed(&mut self, more: i64) {
        self.points = self.points.saturating_add(more);
        let (zh, en) = self.amount(CapUnit::Points, more);
        self.line(StepKind::Thawed, format!("账户解冻，补 {zh}"), format!("the account thaws, and gets {en}"));
    }

    /// The volunteer gets a label.
    pub fn marked(&mut self, label: &str) {
        let named = self.scheme.labels.iter().find(|known| known.code == label);
        let (zh, en) = named.map_or((label, label), |label| (label.name.as_str(), label.name_en.as_str()));
        self.line(StepKind::Marked, format!("累计已满，加标记“{zh}”"), format!("from now on marked: {en}"));
    }

    /// What another account gets; the two sums stay.
    pub fn credited(&mut self, account: &VolunteerAccount, amount: i64) {
        let (zh, en) = self.amount(account.counts, amount);
        let (name, name_en) = (&account.name, &account.name_en);
        self.line(StepKind::Account, format!("记入“{name}” {zh}"), format!("{name_en}: {en}"));
    }

    pub fn last_day(
        &mut self,
        points: i64,
        confirmed_on: NaiveDate,
        first_day: Option<NaiveDate>,
        last_day: Option<NaiveDate>,
    ) {
        self.points = points;
        let is_over = last_day.is_some_and(|day| day < confirmed_on);
        let (over_zh, over_en) = if is_over { ("，已过期", ", which is over") } else { ("", "") };
        let (from_zh, from_en) = match first_day {
            Some(day) => (format!("自 {day} 起可用，"), format!(" from {day} on")),
            None => (String::new(), String::new()),
        };
        let (zh, en) = match last_day {
            Some(day) => (
                format!("{from_zh}积分可用至 {day}（含当日）{over_zh}"),
                format!("the points can be spent{from_en} up to {day}{over_en}"),
            ),
            None if first_day.is_some() => {
                (format!("{from_zh}长期有效"), format!("the points can be spent{from_en}, and do not expire"))
            }
            None => ("积分长期有效".into(), "the points do not expire".into()),
        };
        self.line(StepKind::LastDay, zh, en);
    }

    fn counted_line(&mut self, counted: i64, part_hours: PartHours, rounding: Rounding) {
        let hours = hours_text(counted);
        let (unit_zh, unit_en) = match part_hours {
            PartHours::Proportional => ("分钟", "minutes"),
            PartHours::HalfHours => ("半小时", "half hours"),
            PartHours::WholeHours => ("整小时", "whole hours"),
        };
        let (round_zh, round_en) = rounding_words(rounding);
        let zh = format!("按{unit_zh}计（{round_zh}）{hours} 小时");
        let en = format!("counted in {unit_en}, rounded {round_en}: {hours} h");
        self.line(StepKind::PartHours, zh, en);
    }

    fn amount(&self, unit: CapUnit, amount: i64) -> (String, String) {
        match unit {
            CapUnit::Minutes => (format!("{amount} 分钟"), format!("{amount} min")),
            CapUnit::Uses => (format!("{amount} 次"), format!("{amount} times")),
            CapUnit::Points => {
                let points = format_points(amount, self.scheme.points_scale);
                let noun = if points == "1" { "point" } else { "points" };
                (format!("{points} 分"), format!("{points} {noun}"))
            }
        }
    }

    /// The categories that share a cap, by name.
    fn group(&self, cap: &CapRule) -> (String, String) {
        if cap.categories.is_empty() {
            return (String::new(), String::new());
        }
        let members = || cap.categories.iter().filter_map(|code| self.scheme.category(code));
        let zh: Vec<_> = members().map(|category| category.name.as_str()).collect();
        let en: Vec<_> = members().map(|category| category.name_en.as_str()).collect();
        (format!("“{}”", zh.join("、")), format!(" for {}", en.join(", ")))
    }

    fn line(&mut self, step: StepKind, zh: String, en: String) {
        let points = format_points(self.points, self.scheme.points_scale);
        self.steps.push(Step { step, zh, en, minutes: self.minutes, points });
    }
}

fn period(per: CapPeriod) -> (&'static str, &'static str) {
    match per {
        CapPeriod::Record => ("每次", "per record"),
        CapPeriod::Day => ("每日", "per day"),
        CapPeriod::Week => ("每周", "per week"),
        CapPeriod::Month => ("每月", "per month"),
        CapPeriod::Quarter => ("每季度", "per quarter"),
        CapPeriod::Year => ("每年", "per year"),
        CapPeriod::Ever => ("累计", "ever"),
        CapPeriod::Balance => ("余额", "of balance"),
    }
}

fn rounded(points: RoundedPoints, rounding: Rounding) -> (String, String) {
    if points.exact {
        return (String::new(), String::new());
    }
    let (zh, en) = rounding_words(rounding);
    (format!("，{zh}"), format!(", rounded {en},"))
}

fn rounding_words(rounding: Rounding) -> (&'static str, &'static str) {
    match rounding {
        Rounding::Down => ("舍去零头", "down"),
        Rounding::HalfUp => ("四舍五入", "half up"),
        Rounding::Up => ("零头进一", "up"),
    }
}
