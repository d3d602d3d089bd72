//! Steps 5 and 6: the points of a record, the highest of its group, and the caps on points.

use super::{Allowance, Work, counted_minutes};
use crate::config::{Amount, Blocks, CapPeriod, CapUnit, EarningRule, OverCap, PartUnits, PerUnit, Range};
use crate::rules::blocks::cumulative;
use crate::rules::{Credit, DrawBound, Record, RoundedPoints, RuleError, Tally, format_points};

impl Work<'_> {
    pub(super) fn earn_points(&mut self) -> Result<(), RuleError> {
        let rule = self.rule;
        match &rule.amount {
            Amount::PerHour(rate) => {
                let counted = self.count_time();
                let points = rate.points(counted, self.scheme.points_scale, rule.rounding);
                self.sheet.rate(counted, *rate, rule, points.ok_or(RuleError::TooLarge)?);
            }
            Amount::Fixed(points) => self.sheet.fixed(points.minor(self.scheme.points_scale)),
            Amount::Blocks(blocks) => self.by_blocks(blocks)?,
            Amount::PerUnit(unit) => self.by_units(unit)?,
            Amount::Range(range) => self.decided(range)?,
        }
        self.highest_of_group();
        self.cap_points()
    }

    fn count_time(&mut self) -> i64 {
        let counted = counted_minutes(self.sheet.minutes, self.rule.part_hours, self.rule.rounding);
        self.sheet.counted(counted, self.rule.part_hours, self.rule.rounding);
        counted
    }

    fn by_blocks(&mut self, blocks: &Blocks) -> Result<(), RuleError> {
        let counted = self.count_time();
        let total = running_total(self.rule, self.record);
        let before = total.as_ref().map_or(0, |tally| self.known(&tally.key)).max(0);
        let after = before.checked_add(counted).ok_or(RuleError::TooLarge)?;
        let worth = |minutes| cumulative(blocks, minutes, self.scheme.points_scale, self.rule.rounding);
        let (had, has) = worth(before).zip(worth(after)).ok_or(RuleError::TooLarge)?;
        self.sheet.blocks(total.is_some(), before, after, had, has);
        if let Some(tally) = total {
            self.draw(tally, counted, DrawBound::Unchanged(before));
        }
        Ok(())
    }

    fn by_units(&mut self, unit: &PerUnit) -> Result<(), RuleError> {
        let missing = || RuleError::CountNeeded { category: self.record.category.to_owned(), unit: unit.unit.clone() };
        let count = self.record.count.filter(|count| *count > 0).ok_or_else(missing)?;
        let scale = self.scheme.points_scale;
        let points = match unit.part_units {
            Some(PartUnits::Proportional) => {
                let positive = unit.points.abs().share(count.into(), unit.per.into(), scale, self.rule.rounding);
                let sign = if unit.points.is_negative() { -1 } else { 1 };
                positive.map(|points| RoundedPoints { minor: points.minor.saturating_mul(sign), ..points })
            }
            _ => {
                let minor = count.checked_div(unit.per).and_then(|units| units.checked_mul(unit.points.minor(scale)));
                minor.map(|minor| RoundedPoints { minor, exact: true })
            }
        };
        self.sheet.units(count, unit, points.ok_or(RuleError::TooLarge)?, self.rule.rounding);
        Ok(())
    }

    fn decided(&mut self, range: &Range) -> Result<(), RuleError> {
        let scale = self.scheme.points_scale;
        let (from, to) = (range.from.minor(scale), range.to.minor(scale));
        let needed = || RuleError::DecisionNeeded { from: format_points(from, scale), to: format_points(to, scale) };
        let points = self.verdict.decided_points.filter(|points| (from..=to).contains(points)).ok_or_else(needed)?;
        self.sheet.decided(from, to, points);
        Ok(())
    }

    /// Of a group of records only the highest counts: this one gives what it is worth beyond the highest so far.
    fn highest_of_group(&mut self) {
        let Some(tally) = group(self.rule, self.record) else { return };
        let worth = self.sheet.points;
        let before = self.known(&tally.key).max(0);
        let more = worth.saturating_sub(before).max(0);
        if more < worth {
            self.sheet.highest_of(before, more);
        }
        self.draw(tally, more, DrawBound::Unchanged(before));
    }

    /// Step 6, for points that are given as well as for those that are taken.
    fn cap_points(&mut self) -> Result<(), RuleError> {
        let account = self.rule.account.clone();
        let taken = self.sheet.points < 0;
        let mut amount = self.sheet.points.checked_abs().ok_or(RuleError::TooLarge)?;
        for unit in [CapUnit::Uses, CapUnit::Points] {
            for index in self.covering_indices(unit, account.as_deref()) {
                let Some(allowance) = self.allowances.get(index) else { continue };
                let asked = if unit == CapUnit::Uses { i64::from(amount > 0) } else { amount };
                if asked <= allowance.room {
                    continue;
                }
                let (cap, room) = (allowance.cap, allowance.room);
                let left = if cap.over == OverCap::Void { 0 } else { room };
                if cap.over == OverCap::Donate {
                    let over = amount.saturating_sub(left);
                    self.earning.donated.push(Credit { account: account.clone(), amount: over, lot: None });
                }
                amount = left;
                self.sheet.points = if taken { -left } else { left };
                self.sheet.capped(cap, room, left);
            }
        }
        self.draw_caps(CapUnit::Points, account.as_deref(), amount);
        self.draw_caps(CapUnit::Uses, account.as_deref(), i64::from(amount > 0));
        Ok(())
    }

    /// What was credited is taken off the room under every cap.
    pub(super) fn draw_caps(&mut self, unit: CapUnit, account: Option<&str>, amount: i64) {
        for index in self.covering_indices(unit, account) {
            let Some(Allowance { cap, tally: Some(tally), limit, .. }) = self.allowances.get(index) else { continue };
            let (tally, limit) = (tally.clone(), *limit);
            if cap.per == CapPeriod::Balance {
                let turns = self.known(&tally.key);
                self.draw(tally, i64::from(amount > 0), DrawBound::Unchanged(turns));
            } else {
                self.draw(tally, amount, DrawBound::AtMost(limit));
            }
        }
    }
}

/// The running total that the rule counts by.
pub(super) fn running_total(rule: &EarningRule, record: &Record) -> Option<Tally> {
    let Amount::Blocks(blocks) = &rule.amount else { return None };
    let period = blocks.counted_over.total(record.occurred_on)?;
    Some(Tally { key: format!("total/{period}/{}", names(rule)), unit: CapUnit::Minutes })
}

/// The group of which only the highest counts.
pub(super) fn group(rule: &EarningRule, record: &Record) -> Option<Tally> {
    let highest = rule.highest_of.as_ref()?;
    let period = highest.per.total(record.occurred_on)?;
    Some(Tally { key: format!("highest/{period}/{}", highest.group), unit: CapUnit::Points })
}

/// What tells one rule's running total from another's.
pub(super) fn names(rule: &EarningRule) -> String {
    let lists = [&rule.categories, &rule.levels, &rule.roles, &rule.labels];
    let names: Vec<_> = lists.into_iter().flatten().map(String::as_str).collect();
    if names.is_empty() { "services".to_owned() } else { names.join("+") }
}
