//! The arithmetic of one record, step by step.

mod mark;
mod points;
mod settle;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::person::{Facts, Person, fulfils};
use super::steps::Sheet;
use super::{Draw, DrawBound, Earning, Need, Period, Record, Rounding, RuleError, Tally, Verdict};
use crate::config::{
    Amount, BelowMinimum, CapPeriod, CapRule, CapUnit, EarningRule, HoursCredited, Otherwise, OverCap, Overdraft,
    PartHours, Rules, Scheme,
};
use crate::rules::amounts::divide;

/// One cap as this record meets it.
struct Allowance<'a> {
    cap: &'a CapRule,
    /// `None` for a cap on each record by itself.
    tally: Option<Tally>,
    limit: i64,
    /// What the record may still take, 0 or more.
    room: i64,
}

/// A record being worked out.
pub(super) struct Work<'a> {
    scheme: &'a Scheme,
    rules: &'a Rules,
    rule: &'a EarningRule,
    record: &'a Record<'a>,
    verdict: &'a Verdict,
    known: &'a BTreeMap<String, i64>,
    allowances: Vec<Allowance<'a>>,
    sheet: Sheet<'a>,
    earning: Earning,
}

impl<'a> Work<'a> {
    pub fn begin(
        scheme: &'a Scheme,
        rules: &'a Rules,
        rule: &'a EarningRule,
        record: &'a Record<'a>,
        verdict: &'a Verdict,
        known: &'a BTreeMap<String, i64>,
    ) -> Self {
        let covering = covering(rules, rule, record).filter(|cap| !(verdict.lift_caps && cap.may_be_lifted));
        let allowances = covering.map(|cap| allowance(scheme, cap, record, known)).collect();
        let earning = Earning {
            minutes: 0,
            points: 0,
            lot: None,
            spendable_on: None,
            credits: Vec::new(),
            donated: Vec::new(),
            debt: 0,
            frost: None,
            mark: None,
            draws: Vec::new(),
            calculation: Vec::new(),
            rules_version: rules.version.clone(),
        };
        let sheet = Sheet::begin(scheme, record);
        Work { scheme, rules, rule, record, verdict, known, allowances, sheet, earning }
    }

    pub fn finish(mut self, person: &Person) -> Result<Earning, RuleError> {
        self.check_verdict()?;
        let qualified = self.qualify(person);
        if self.record.minutes > 0 {
            self.credit_minutes();
        }
        if qualified && self.rules.evidence_without_points.contains(&self.record.evidence) && self.record.minutes > 0 {
            self.sheet.evidence_without_points(self.record.evidence);
        } else if qualified && (self.sheet.minutes > 0 || self.record.minutes == 0) {
            self.earn_points()?;
            self.count_towards_mark();
        }
        self.settle()?;
        self.earning.minutes = self.sheet.minutes;
        self.earning.calculation = self.sheet.steps;
        self.earning.draws.sort_by(|one, other| one.tally.cmp(&other.tally));
        Ok(self.earning)
    }

    fn check_verdict(&self) -> Result<(), RuleError> {
        let liftable = covering(self.rules, self.rule, self.record).any(|cap| cap.may_be_lifted);
        match (&self.rule.amount, self.verdict.decided_points) {
            (_, _) if self.verdict.lift_caps && !liftable => Err(RuleError::NothingToLift),
            (Amount::Range(_), _) | (_, None) => Ok(()),
            (_, Some(_)) => Err(RuleError::NothingToDecide),
        }
    }

    /// Step 2: whether the record can earn points at all.
    fn qualify(&mut self, person: &Person) -> bool {
        let mut qualified = true;
        if let Some(minimum) = self.rule.minimum.filter(|minimum| self.record.minutes < minimum.minutes) {
            qualified = false;
            self.sheet.below_minimum(minimum);
            if minimum.below == BelowMinimum::Nothing {
                self.sheet.minutes = 0;
            }
        }
        let facts = Facts {
            person: Some(person),
            on: self.record.occurred_on,
            filed: self.record.filed,
            recorded_on: Some(self.record.recorded_on),
            confirmed_on: Some(self.verdict.confirmed_on),
            ..Facts::default()
        };
        if let Err(unmet) = fulfils(&self.rule.requires, &facts) {
            qualified = false;
            if self.rule.otherwise == Otherwise::Nothing {
                self.sheet.minutes = 0;
            }
            self.sheet.unmet(&unmet, self.rule.otherwise);
        }
        qualified
    }

    /// Steps 3 and 4.
    fn credit_minutes(&mut self) {
        let rule = self.rule;
        if let Some(percent) = rule.time_percent.filter(|_| self.sheet.minutes > 0) {
            let hundredths = i128::from(self.sheet.minutes).saturating_mul(percent.ten_thousandths().into());
            let share = divide(hundredths, 1_000_000, rule.rounding);
            self.sheet.time_percent(percent, i64::try_from(share).unwrap_or(i64::MAX));
        }
        if rule.hours_credited == HoursCredited::AsServed {
            return self.cap_minutes();
        }
        let counted = counted_minutes(self.sheet.minutes, rule.part_hours, rule.rounding);
        self.sheet.credited_as_counted(counted, rule.part_hours, rule.rounding);
        self.cap_minutes();
        // A cap may leave room for a part of an hour only, and that part is not to be rounded up beyond it.
        let counted = counted_minutes(self.sheet.minutes, rule.part_hours, Rounding::Down);
        self.sheet.credited_as_counted(counted, rule.part_hours, Rounding::Down);
    }

    fn cap_minutes(&mut self) {
        for index in self.covering_indices(CapUnit::Minutes, None) {
            let Some(allowance) = self.allowances.get(index).filter(|one| self.sheet.minutes > one.room) else {
                continue;
            };
            let left = if allowance.cap.over == OverCap::Void { 0 } else { allowance.room };
            let (cap, room) = (allowance.cap, allowance.room);
            self.sheet.minutes = left;
            self.sheet.capped(cap, room, left);
        }
    }

    /// The caps that limit `unit` in `account`, in the order in which they apply.
    fn covering_indices(&self, unit: CapUnit, account: Option<&str>) -> Vec<usize> {
        let mut indices: Vec<usize> = (0..self.allowances.len())
            .filter(|index| {
                let allowance = self.allowances.get(*index);
                allowance.is_some_and(|one| one.cap.unit() == unit && one.cap.account.as_deref() == account)
            })
            .collect();
        indices.sort_by_key(|index| self.allowances.get(*index).map(|one| one.cap.per));
        indices
    }

    fn known(&self, key: &str) -> i64 {
        self.known.get(key).copied().unwrap_or(0)
    }

    fn draw(&mut self, tally: Tally, amount: i64, bound: DrawBound) {
        if amount > 0 {
            self.earning.draws.push(Draw { tally, amount, bound });
        }
    }
}

/// What has to be looked up for a record under `rule`.
pub(super) fn needs(scheme: &Scheme, rules: &Rules, rule: &EarningRule, record: &Record) -> Vec<Need> {
    let mut needs = Vec::new();
    for cap in covering(rules, rule, record) {
        match (cap.per, &cap.account) {
            (CapPeriod::Balance, Some(account)) => needs.push(Need::AccountBalance(account.clone())),
            (CapPeriod::Balance, None) => needs.push(Need::Balance),
            _ => {}
        }
        needs.extend(tally(cap, record).map(Need::Tally));
    }
    needs.extend(points::running_total(rule, record).map(Need::Tally));
    needs.extend(points::group(rule, record).map(Need::Tally));
    needs.extend(mark::tally(rule, record).map(Need::Tally));
    if rule.deducts() || rules.freeze.is_some() {
        needs.push(Need::Available);
    }
    if rules.overdraft == Some(Overdraft::Owe)
        || scheme.versions().iter().any(|one| one.overdraft == Some(Overdraft::Owe))
    {
        needs.push(Need::Owed);
    }
    if rules.freeze.is_some() {
        needs.extend([Need::Frozen, Need::Thawing]);
    }
    needs.sort();
    needs.dedup();
    needs
}

/// The caps that the record meets.
fn covering<'a>(rules: &'a Rules, rule: &'a EarningRule, record: &'a Record) -> impl Iterator<Item = &'a CapRule> {
    rules.caps.iter().filter(move |cap| {
        let named = cap.categories.contains(record.category);
        named || (cap.categories.is_empty() && !rule.deducts())
    })
}

fn allowance<'a>(scheme: &Scheme, cap: &'a CapRule, record: &Record, known: &BTreeMap<String, i64>) -> Allowance<'a> {
    let tally = tally(cap, record);
    let key = match (cap.per, &cap.account) {
        (CapPeriod::Balance, Some(account)) => Some(Need::AccountBalance(account.clone()).key()),
        (CapPeriod::Balance, None) => Some(Need::Balance.key()),
        _ => tally.as_ref().map(|tally| tally.key.clone()),
    };
    let limit = cap.limit(scheme.points_scale);
    let used = key.and_then(|key| known.get(&key)).copied().unwrap_or(0);
    Allowance { cap, tally, limit, room: limit.saturating_sub(used).clamp(0, limit) }
}

/// What the cap counts in, under the name of the record's period; `None` when each record stands for itself. A cap on a
/// balance counts the records that were held against it, so that no two of them are judged by the same balance.
fn tally(cap: &CapRule, record: &Record) -> Option<Tally> {
    let period = |period: Period| format!("{}/{}", period.as_str(), period.of(record.occurred_on));
    let period = match cap.per {
        CapPeriod::Record => return None,
        CapPeriod::Day => period(Period::Day),
        CapPeriod::Week => period(Period::Week),
        CapPeriod::Month => period(Period::Month),
        CapPeriod::Quarter => period(Period::Quarter),
        CapPeriod::Year => period(Period::Year),
        CapPeriod::Ever => "ever".to_owned(),
        CapPeriod::Balance => {
            let account = cap.account.as_deref().unwrap_or("points");
            return Some(Tally { key: format!("turns/balance/{account}"), unit: CapUnit::Uses });
        }
    };
    let unit = match cap.unit() {
        CapUnit::Minutes => "minutes",
        CapUnit::Points => "points",
        CapUnit::Uses => "uses",
    };
    let mut key = match &cap.account {
        Some(account) => format!("{unit}@{account}/{period}"),
        None => format!("{unit}/{period}"),
    };
    for (place, category) in cap.categories.iter().enumerate() {
        key.push(if place == 0 { '/' } else { '+' });
        key.push_str(category);
    }
    Some(Tally { key, unit: cap.unit() })
}

pub(super) fn counted_minutes(minutes: i64, part_hours: PartHours, rounding: Rounding) -> i64 {
    let grain = part_hours.grain_minutes();
    let grains = divide(minutes.into(), grain.into(), rounding);
    // At most one grain more than the minutes of a record, which are bounded.
    i64::try_from(grains).unwrap_or(i64::MAX).saturating_mul(grain)
}

/// The first day of the period after the one that `day` lies in.
fn next_period(day: NaiveDate, months: u32) -> Option<NaiveDate> {
    use chrono::{Datelike, Months};
    let first = day.month0().checked_div(months)?.checked_mul(months)?.checked_add(1)?;
    NaiveDate::from_ymd_opt(day.year(), first, 1)?.checked_add_months(Months::new(months))
}
