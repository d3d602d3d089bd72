//! The arithmetic of a record, line by line, as the volunteer and the auditor read it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Evidence;
use super::amounts::{RoundedPoints, Rounding, format_points, hours_text};
use crate::config::{BelowMinimum, CapPeriod, CapRule, CapUnit, EarningRule, Minimum, OverCap, PartHours, Scheme};

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
    BelowMinimum,
    PartHours,
    MinutesCap,
    EvidenceWithoutPoints,
    Rate,
    PointsCap,
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
    pub fn begin(scheme: &'a Scheme, minutes: i64) -> Self {
        let mut sheet = Sheet { scheme, minutes, points: 0, steps: Vec::with_capacity(6) };
        sheet.line(StepKind::Served, format!("服务 {minutes} 分钟"), format!("{minutes} min served"));
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

    pub fn capped(&mut self, cap: &CapRule, room: i64, left: i64) {
        let step = match cap.unit {
            CapUnit::Minutes => StepKind::MinutesCap,
            CapUnit::Points => StepKind::PointsCap,
        };
        match cap.unit {
            CapUnit::Minutes => self.minutes = left,
            CapUnit::Points => self.points = left,
        }
        let (limit_zh, limit_en) = self.amount(cap.unit, cap.limit);
        let (room_zh, room_en) = self.amount(cap.unit, room);
        let (left_zh, left_en) = self.amount(cap.unit, left);
        let (per_zh, per_en) = period(cap.per);
        let (group_zh, group_en) = self.group(cap);
        let (over_zh, over_en) = match cap.over {
            OverCap::Truncate => (format!("计 {left_zh}"), format!("credited: {left_en}")),
            OverCap::Void => ("超出，本次不计".into(), "exceeded, so nothing is credited".into()),
        };
        let (rest_zh, rest_en) = match cap.per {
            CapPeriod::Record => (String::new(), String::new()),
            CapPeriod::Day | CapPeriod::Month => (format!("尚余 {room_zh}，"), format!("{room_en} left, ")),
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

    pub fn rate(&mut self, counted: i64, rule: &EarningRule, points: RoundedPoints) {
        self.points = points.minor;
        let (earned_zh, earned_en) = self.amount(CapUnit::Points, points.minor);
        let rate = rule.points_per_hour;
        let (round_zh, round_en) = match points.exact {
            true => (String::new(), String::new()),
            false => {
                let (zh, en) = rounding_words(rule.rounding);
                (format!("，{zh}"), format!(", rounded {en},"))
            }
        };
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

    pub fn last_day(&mut self, last_day: Option<NaiveDate>) {
        if self.points == 0 {
            return;
        }
        let (zh, en) = match last_day {
            Some(day) => (format!("积分可用至 {day}（含当日）"), format!("the points can be spent up to {day}")),
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
        CapPeriod::Month => ("每月", "per month"),
    }
}

fn rounding_words(rounding: Rounding) -> (&'static str, &'static str) {
    match rounding {
        Rounding::Down => ("舍去零头", "down"),
        Rounding::HalfUp => ("四舍五入", "half up"),
        Rounding::Up => ("零头进一", "up"),
    }
}
