//! Steps 7 and 8: what the points do to the balance, and until when they last.

use chrono::{Days, NaiveDate};

use super::{Work, next_period};
use crate::config::{CapUnit, Expiry, ExpiryBase, OverCap, Overdraft, SpendableFrom, VolunteerAccount};
use crate::rules::{Credit, Frost, Need, RuleError};

impl Work<'_> {
    pub(super) fn settle(&mut self) -> Result<(), RuleError> {
        self.draw_caps(CapUnit::Minutes, None, self.sheet.minutes);
        for account in self.scheme.accounts.iter().filter(|account| account.counts == CapUnit::Minutes) {
            self.credit_time_account(account)?;
        }
        match self.sheet.points {
            points if points < 0 => self.deduct(points.saturating_neg())?,
            points => self.credit_points(points)?,
        }
        self.thaw()?;
        let points = self.earning.points;
        if points > 0 {
            self.spendable()?;
            let confirmed_on = self.verdict.confirmed_on;
            self.sheet.last_day(points, confirmed_on, self.earning.spendable_on, self.earning.lot);
        }
        Ok(())
    }

    /// An account of minutes gets the credited hours, up to its own caps.
    fn credit_time_account(&mut self, account: &VolunteerAccount) -> Result<(), RuleError> {
        let mut minutes = self.sheet.minutes;
        for index in self.covering_indices(CapUnit::Minutes, Some(&account.code)) {
            let Some(allowance) = self.allowances.get(index).filter(|one| minutes > one.room) else { continue };
            let (cap, room) = (allowance.cap, allowance.room);
            let left = if cap.over == OverCap::Void { 0 } else { room };
            if cap.over == OverCap::Donate {
                let amount = minutes.saturating_sub(left);
                self.earning.donated.push(Credit { account: Some(account.code.clone()), amount, lot: None });
            }
            minutes = left;
            self.sheet.capped(cap, room, left);
        }
        self.draw_caps(CapUnit::Minutes, Some(&account.code), minutes);
        self.credit(account, minutes)
    }

    fn credit(&mut self, account: &VolunteerAccount, amount: i64) -> Result<(), RuleError> {
        if amount <= 0 {
            return Ok(());
        }
        let lot = self.last_day(account.expiry, account.expiry_counts_from, self.verdict.confirmed_on)?;
        self.earning.credits.push(Credit { account: Some(account.code.clone()), amount, lot });
        self.sheet.credited(account, amount);
        Ok(())
    }

    /// Points go to the account that the rule names, and to points; a debt is paid first.
    fn credit_points(&mut self, points: i64) -> Result<(), RuleError> {
        let account = self.rule.account.as_deref().and_then(|code| self.scheme.account(code));
        if let Some(account) = account {
            self.credit(account, points)?;
            if !account.feeds_points {
                return Ok(());
            }
        }
        self.earning.points = points;
        let owed = self.known(&Need::Owed.key()).max(0);
        if owed > 0 && points > 0 {
            self.earning.debt = points.min(owed);
            self.sheet.paid_back(self.earning.debt);
        }
        Ok(())
    }

    fn deduct(&mut self, wanted: i64) -> Result<(), RuleError> {
        let available = self.known(&Need::Available.key()).max(0);
        let taken = wanted.min(available);
        let missing = wanted.saturating_sub(taken);
        match self.rules.overdraft {
            Some(Overdraft::StopAtZero) => {
                if missing > 0 {
                    self.sheet.stopped_at_zero(taken);
                }
                self.earning.points = -taken;
            }
            Some(Overdraft::Owe) => {
                self.earning.points = -wanted;
                self.earning.debt = -missing;
                if missing > 0 {
                    self.sheet.owed(missing);
                }
            }
            Some(Overdraft::Refuse) | None if missing > 0 => {
                return Err(RuleError::InsufficientPoints { needed: wanted, available });
            }
            Some(Overdraft::Refuse) | None => self.earning.points = -wanted,
        }
        self.freeze(available.saturating_sub(taken));
        Ok(())
    }

    fn freeze(&mut self, left: i64) {
        let Some(freeze) = &self.rules.freeze else { return };
        let frozen = self.known(&Need::Frozen.key()) > 0;
        if !frozen && left <= freeze.at.minor(self.scheme.points_scale) {
            let days = freeze.after_days.map(|days| Days::new(u64::from(days).saturating_sub(1)));
            let until = days.and_then(|days| self.verdict.confirmed_on.checked_add_days(days));
            self.earning.frost = Some(Frost::Freezes(until));
            self.sheet.frozen(until);
        }
    }

    /// A record that thaws the account sets the balance to what the rules say; what it earns itself is part of that.
    fn thaw(&mut self) -> Result<(), RuleError> {
        let Some(freeze) = &self.rules.freeze else { return Ok(()) };
        let fits = |thaw: &crate::config::Thaw| {
            let category = thaw.categories.iter().any(|category| category == self.record.category);
            category && self.sheet.minutes >= thaw.minutes
        };
        if self.known(&Need::Frozen.key()) <= 0 || !freeze.thawed_by.iter().any(fits) {
            return Ok(());
        }
        let balance = self.known(&Need::Available.key()).max(0).saturating_add(self.earning.points);
        let more = freeze.thaw_to.minor(self.scheme.points_scale).saturating_sub(balance).max(0);
        self.earning.points = self.earning.points.checked_add(more).ok_or(RuleError::TooLarge)?;
        self.earning.frost = Some(Frost::Thaws { marked: self.known(&Need::Thawing.key()) > 0 });
        self.sheet.thawed(more);
        Ok(())
    }

    fn spendable(&mut self) -> Result<(), RuleError> {
        let confirmed = self.verdict.confirmed_on;
        let months = match self.rules.spendable_from {
            SpendableFrom::AtOnce => None,
            SpendableFrom::NextMonth => Some(1),
            SpendableFrom::NextQuarter => Some(3),
            SpendableFrom::NextYear => Some(12),
        };
        let spendable_on =
            months.map(|months| next_period(confirmed, months).ok_or(RuleError::TooLarge)).transpose()?;
        self.earning.spendable_on = spendable_on;
        // Points that wait live from the day on which they can be spent.
        let recorded = spendable_on.unwrap_or(confirmed);
        self.earning.lot = self.last_day(self.rules.expiry, self.rules.expiry_counts_from, recorded)?;
        Ok(())
    }

    fn last_day(
        &self,
        expiry: Expiry,
        base: Option<ExpiryBase>,
        recorded_on: NaiveDate,
    ) -> Result<Option<NaiveDate>, RuleError> {
        let from = match base {
            Some(ExpiryBase::ServiceDate) => self.record.occurred_on,
            Some(ExpiryBase::RecordingDate) | None => recorded_on,
        };
        expiry.last_day(from).map_err(|_| RuleError::TooLarge)
    }
}
