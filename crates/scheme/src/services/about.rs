//! Which records something is about: for lists of what is said of records, or of what comes of activities.

use crate::schemes::OpenScheme;
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// What is left out does not matter; all that is written must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Code: that unit and all below it.
    pub unit: Option<String>,
    /// Code.
    pub team: Option<String>,
    /// Days, both included.
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
}

impl About {
    /// The codes of the unit and of all below it; empty where no unit is asked for.
    pub(crate) async fn units(&self, scheme: &OpenScheme, now: DateTime<Utc>) -> db::Result<Vec<String>> {
        match &self.unit {
            Some(unit) => Ok(scheme.organisation().await?.subtree(unit, scheme.config().day_of(now))),
            None => Ok(Vec::new()),
        }
    }

    /// The moments, by the scheme's clock, at which its days begin and are over.
    pub(crate) fn moments(&self, scheme: &OpenScheme) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        let config = scheme.config();
        let next = self.until.and_then(|day| day.checked_add_days(Days::new(1)));
        (self.from.map(|day| config.first_moment(day)), next.map(|day| config.first_moment(day)))
    }
}
