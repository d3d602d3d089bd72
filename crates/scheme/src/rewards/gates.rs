//! Whom a reward is for, and when it is exchanged.

use super::{RewardDetails, State};
use crate::config::{ExchangeRule, Scheme, Window};
use crate::rules;
use crate::schemes::OpenScheme;
use crate::standing::StandingError;
use crate::volunteers::{self, Invalid, VolunteerError};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use ledger::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What a reward asks of a volunteer beside points and stars, and when it is exchanged. What is left out asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gates {
    /// Full years, included.
    #[serde(default)]
    pub min_age: Option<i64>,
    /// Full years, included.
    #[serde(default)]
    pub max_age: Option<i64>,
    /// Units of the scheme: for those who are in one of them, or below it.
    #[serde(default)]
    pub units: Vec<String>,
    /// When it is exchanged; one is enough. Without any: at all times.
    #[serde(default)]
    pub windows: Vec<OpenTime>,
}

/// Days, and the time of these days in the scheme's time zone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenTime {
    pub days: Window,
    #[serde(default)]
    pub opens_at: Option<NaiveTime>,
    /// Not included.
    #[serde(default)]
    pub closes_at: Option<NaiveTime>,
}

// A window is days and months: no numbers that differ from themselves.
impl Eq for OpenTime {}

/// What is asked about: a volunteer on a day.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    pub birth_date: Option<NaiveDate>,
    /// Where they serve: the unit and those above it.
    pub units: Vec<String>,
}

impl Gates {
    /// Whether the volunteer has to be looked at.
    pub fn ask_who(&self) -> bool {
        self.min_age.is_some() || self.max_age.is_some() || !self.units.is_empty()
    }

    /// All that the volunteer lacks. A refusal is kept for ever, so it tells nobody's age or unit.
    pub fn lacks(&self, visitor: &Visitor, today: NaiveDate) -> Vec<Refusal> {
        let age = visitor.birth_date.and_then(|born| today.years_since(born)).map(i64::from);
        let mut lacks = Vec::new();
        if let Some(least) = self.min_age.filter(|least| age.is_none_or(|age| age < *least)) {
            lacks.push(not_eligible("min_age", least.to_string()));
        }
        if let Some(most) = self.max_age.filter(|most| age.is_none_or(|age| age > *most)) {
            lacks.push(not_eligible("max_age", most.to_string()));
        }
        if !self.units.is_empty() && !self.units.iter().any(|unit| visitor.units.contains(unit)) {
            lacks.push(not_eligible("units", self.units.join(", ")));
        }
        lacks
    }
}

/// The volunteer as gates look at them.
pub async fn visitor(scheme: &OpenScheme, volunteer: Uuid, today: NaiveDate) -> Result<Visitor, StandingError> {
    match volunteers::get(scheme, volunteer).await {
        Ok(known) => {
            let organisation = scheme.organisation().await?;
            let above = known.unit.iter().flat_map(|unit| organisation.ancestors(unit, today));
            let units = known.unit.iter().map(String::as_str).chain(above).map(str::to_owned).collect();
            Ok(Visitor { birth_date: known.birth_date, units })
        }
        Err(VolunteerError::Database(error)) => Err(error.into()),
        Err(VolunteerError::Busy) => Err(StandingError::Busy),
        Err(_) => Err(StandingError::VolunteerNotFound { id: volunteer }),
    }
}

/// Nobody is told to earn more for what is not to be had.
pub fn unlisted(details: &RewardDetails) -> Option<Refusal> {
    let refusal = || Refusal { code: "not_listed".to_owned(), detail: Map::new() };
    (details.state != State::Listed).then(refusal)
}

/// Whether the reward and the rules that cover it are open at `now`, and when next.
pub fn closed(
    details: &RewardDetails,
    covering: &[&ExchangeRule],
    config: &Scheme,
    now: DateTime<Utc>,
) -> Option<Refusal> {
    let local = now.with_timezone(&config.time_zone).naive_local();
    let today = local.date();
    let early = details.from.is_some_and(|from| today < from);
    let late = details.until.is_some_and(|until| today > until);
    if early || late {
        return Some(outside(json!({ "from": details.from, "until": details.until })));
    }
    let windows = &details.gates.windows;
    let is_open = windows.is_empty() || windows.iter().any(|window| window.is_open(today, local.time()));
    if is_open && rules::next_opening(covering, today) == Some(today) {
        return None;
    }
    let last = details.until.unwrap_or(NaiveDate::MAX);
    let next = next_day(windows, covering, today, local.time()).filter(|day| *day <= last);
    Some(outside(json!({ "from": null, "until": null, "opens_on": next })))
}

/// The next day, `today` included, on which all are open for some time that is not over.
fn next_day(windows: &[OpenTime], covering: &[&ExchangeRule], today: NaiveDate, time: NaiveTime) -> Option<NaiveDate> {
    let opens = |day: NaiveDate| {
        let from = if day == today { Some(time) } else { None };
        windows.is_empty() || windows.iter().any(|window| window.opens_later(day, from))
    };
    let mut day = rules::next_opening(covering, today)?;
    // The windows of a reward come round within a year; with those of the rules, within some.
    for _ in 0..2000 {
        if opens(day) {
            return Some(day);
        }
        day = rules::next_opening(covering, day.checked_add_days(Days::new(1))?)?;
    }
    None
}

impl OpenTime {
    fn is_open(&self, day: NaiveDate, time: NaiveTime) -> bool {
        let begun = self.opens_at.is_none_or(|opens| opens <= time);
        let over = self.closes_at.is_some_and(|closes| closes <= time);
        self.days.opens_on(day) && begun && !over
    }

    /// Whether it is open on `day`, at `from` or after it.
    fn opens_later(&self, day: NaiveDate, from: Option<NaiveTime>) -> bool {
        let over = self.closes_at.zip(from).is_some_and(|(closes, from)| closes <= from);
        self.days.opens_on(day) && !over
    }
}

fn outside(detail: Value) -> Refusal {
    Refusal { code: "outside_window".to_owned(), detail: super::fields(detail) }
}

fn not_eligible(condition: &str, needed: String) -> Refusal {
    let detail = json!({ "condition": condition, "needed": needed, "available": "" });
    Refusal { code: "not_eligible".to_owned(), detail: super::fields(detail) }
}

/// What is wrong with gates as somebody writes them.
pub async fn check(gates: &Gates, scheme: &OpenScheme) -> db::Result<Vec<Invalid>> {
    let organisation = scheme.organisation().await?;
    let mut flaws = Vec::new();
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    let ages = [("min_age", gates.min_age), ("max_age", gates.max_age)];
    for (field, _) in ages.into_iter().filter(|(_, age)| age.is_some_and(|age| !(1..=150).contains(&age))) {
        refuse(field, "invalid_age", "an age is 1 to 150");
    }
    if gates.min_age.zip(gates.max_age).is_some_and(|(least, most)| most < least) {
        refuse("max_age", "invalid_age", "nobody is that old and that young");
    }
    if gates.units.len() > 100 || gates.units.iter().any(|unit| organisation.unit(unit).is_none()) {
        refuse("units", "unknown_unit", "the scheme has no such unit");
    }
    let years = || NaiveDate::from_ymd_opt(2024, 1, 1).into_iter().flat_map(|day| day.iter_days().take(4 * 366));
    let backwards =
        |window: &OpenTime| window.opens_at.zip(window.closes_at).is_some_and(|(opens, closes)| closes <= opens);
    if gates.windows.len() > 20 || gates.windows.iter().any(backwards) {
        refuse("windows", "end_before_start", "at most 20, each closing after it opens");
    } else if gates.windows.iter().any(|window| !years().any(|day| window.days.opens_on(day))) {
        refuse("windows", "never_open", "there is no such day");
    }
    Ok(flaws)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewards::Kind;

    fn ziyang() -> Scheme {
        Scheme::parse(include_str!("../../../../tests/data/schemes/ziyang.toml")).expect("a scheme")
    }

    #[test]
    fn a_reward_opens_and_closes_by_the_clock_of_the_scheme() {
        let days: Window = toml::from_str("weekdays = [\"saturday\"]").expect("a window");
        let time = |text: &str| text.parse::<NaiveTime>().ok();
        let window = OpenTime { days, opens_at: time("09:00:00"), closes_at: time("11:30:00") };
        let gates = Gates { windows: vec![window], ..Gates::default() };
        let until = "2026-12-05".parse().ok();
        let details = RewardDetails { gates, until, ..RewardDetails::plain(Kind::Good, "肥皂", 1) };
        // Shanghai is eight hours ahead; 28 November 2026 is a Saturday.
        let cases = [
            ("2026-11-28T00:59:59Z", Some(json!("2026-11-28"))),
            ("2026-11-28T01:00:00Z", None),
            ("2026-11-28T03:29:59Z", None),
            ("2026-11-28T03:30:00Z", Some(json!("2026-12-05"))),
            ("2026-11-27T17:00:00Z", Some(json!("2026-11-28"))),
            ("2026-12-05T03:30:00Z", Some(Value::Null)),
        ];
        for (now, expected) in cases {
            let refusal = closed(&details, &[], &ziyang(), now.parse().expect("a moment"));
            assert_eq!(refusal.and_then(|refusal| refusal.detail.get("opens_on").cloned()), expected, "{now}");
        }
        let over = closed(&details, &[], &ziyang(), "2026-12-06T02:00:00Z".parse().expect("a moment"));
        assert_eq!(over.expect("closed").detail.get("until"), Some(&json!("2026-12-05")));
    }

    #[test]
    fn ages_are_full_years_and_an_age_that_is_not_known_is_no_age() {
        let gates = Gates { min_age: Some(60), max_age: Some(80), ..Gates::default() };
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let lacks = |born: Option<NaiveDate>| {
            let visitor = Visitor { birth_date: born, units: Vec::new() };
            let lacks = gates.lacks(&visitor, day("2026-11-22").expect("a day"));
            lacks
                .iter()
                .map(|lack| lack.detail["condition"].as_str().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(lacks(day("1966-11-22")), Vec::<String>::new());
        assert_eq!(lacks(day("1966-11-23")), ["min_age"]);
        assert_eq!(lacks(day("1945-11-22")), ["max_age"]);
        assert_eq!(lacks(day("1945-11-23")), Vec::<String>::new());
        assert_eq!(lacks(None), ["min_age", "max_age"]);
    }
}
