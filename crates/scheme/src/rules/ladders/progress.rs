//! What counts for a step, and what it lacks: in numbers, and in words for the volunteer.

use chrono::{Months, NaiveDate};

use crate::config::LadderStep;
use crate::rules::{Person, Unmet, format_points, hours_text};

/// What counts for a ladder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub minutes: i64,
    /// Minor units.
    pub points: i64,
    /// Days with service.
    pub days: i64,
    pub points_scale: u8,
}

/// Something that a step takes and that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// For programs: `hours`, `points`, `days`, `member_months`, `labels`, or the condition that does not hold.
    pub what: &'static str,
    pub needed: String,
    /// Empty when it is not known.
    pub available: String,
    /// The difference, where there is one.
    pub short: Option<String>,
    pub zh: String,
    pub en: String,
}

impl Lack {
    pub fn condition(unmet: &Unmet) -> Lack {
        Lack {
            what: unmet.condition,
            needed: unmet.needed.clone(),
            available: unmet.available.clone(),
            short: None,
            zh: unmet.zh(),
            en: unmet.to_string(),
        }
    }

    fn amount(what: &'static str, needed: i64, available: i64, shown: impl Fn(i64) -> String) -> Lack {
        let short = shown(needed.saturating_sub(available));
        let (zh, en) = match what {
            "hours" => (format!("还差 {short} 小时"), format!("{short} more hours")),
            "points" => (format!("还差 {short} 分"), format!("{short} more points")),
            _ => (format!("还差 {short} 天服务"), format!("{short} more days with service")),
        };
        Lack { what, needed: shown(needed), available: shown(available), short: Some(short), zh, en }
    }
}

impl Count {
    /// What the step lacks; nothing when it is reached.
    pub fn lacks(&self, step: &LadderStep, person: &Person, on: NaiveDate) -> Vec<Lack> {
        if let Some(label) = &step.or_label {
            let thresholds = [step.hours.is_some(), step.points.is_some(), step.days.is_some()];
            if person.labels.contains(label) {
                return Vec::new();
            }
            if !thresholds.contains(&true) && step.member_months.is_none() {
                return vec![Lack::condition(&Unmet {
                    condition: "labels",
                    needed: label.clone(),
                    available: String::new(),
                })];
            }
        }
        let amount = |what, needed: Option<i64>, available: i64, shown: &dyn Fn(i64) -> String| {
            let needed = needed.filter(|needed| available < *needed)?;
            Some(Lack::amount(what, needed, available, shown))
        };
        let scale = self.points_scale;
        let lacks = [
            amount("hours", step.hours.map(|hours| hours.minutes_up()), self.minutes, &hours_text),
            amount("points", step.points.map(|points| points.minor(scale)), self.points, &|minor| {
                format_points(minor, scale)
            }),
            amount("days", step.days.map(i64::from), self.days, &|days| days.to_string()),
            step.member_months.and_then(|months| membership(months, person, on)),
        ];
        lacks.into_iter().flatten().collect()
    }
}

fn membership(months: u32, person: &Person, on: NaiveDate) -> Option<Lack> {
    let since = person.registered_on;
    let from = since.and_then(|day| day.checked_add_months(Months::new(months)));
    if from.is_some_and(|from| from <= on) {
        return None;
    }
    let available = since.map_or(String::new(), |day| day.to_string());
    let (zh, en) = match from {
        Some(from) => (format!("{from} 起注册满 {months} 个月"), format!("registered for {months} months on {from}")),
        None => (format!("须注册满 {months} 个月"), format!("registered for {months} months")),
    };
    Some(Lack { what: "member_months", needed: months.to_string(), available, short: None, zh, en })
}
