//! Records that come to a mark on the volunteer: so many absences, so many points taken away.

use super::Work;
use crate::config::{CapUnit, EarningRule};
use crate::rules::{DrawBound, Mark, Record, Tally};

impl Work<'_> {
    pub(super) fn count_towards_mark(&mut self) {
        let Some((marks, tally)) = self.rule.marks.as_ref().zip(tally(self.rule, self.record)) else { return };
        let amount = if tally.unit == CapUnit::Uses { 1 } else { self.sheet.points.saturating_abs() };
        let before = self.known(&tally.key).max(0);
        let limit = marks.limit(self.scheme.points_scale);
        let reached = before < limit && limit <= before.saturating_add(amount);
        if reached {
            self.sheet.marked(&marks.label);
        }
        self.draw(tally.clone(), amount, DrawBound::Unchanged(before));
        self.earning.mark = Some(Mark { label: marks.label.clone(), tally, amount, limit, reached });
    }
}

/// What the rule counts towards its mark in: the records of this rule alone.
pub(super) fn tally(rule: &EarningRule, record: &Record) -> Option<Tally> {
    let marks = rule.marks.as_ref()?;
    let (label, per) = (&marks.label, marks.per);
    let period = format!("{}/{}", per.as_str(), per.of(record.occurred_on));
    Some(Tally { key: format!("mark/{label}/{period}/{}", super::points::names(rule)), unit: marks.unit() })
}
