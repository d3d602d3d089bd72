//! What the rules of exchange say of a wish: whether it is the day for it, what it costs, and for whom it may be. Pure.

use chrono::{Days, Months, NaiveDate};

use super::Unmet;
use crate::config::{Beneficiaries, Bill, ExchangeRule, NoShowBar, Relation, Rules};

/// Somebody for whom an exchange is made. The birth date is looked at, and kept nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beneficiary {
    pub relation: Relation,
    pub birth_date: Option<NaiveDate>,
}

/// How far ahead [`next_opening`] looks: windows that are open on 29 February alone open within eight years.
const YEARS_AHEAD: u64 = 8;

impl Rules {
    /// The rules that an exchange of a reward of this group must fit.
    pub fn exchange_rules(&self, group: Option<&str>) -> Vec<&ExchangeRule> {
        self.exchange.iter().filter(|rule| rule.covers(group)).collect()
    }
}

impl ExchangeRule {
    pub fn covers(&self, group: Option<&str>) -> bool {
        self.groups.is_empty() || group.is_some_and(|group| self.groups.iter().any(|own| own == group))
    }

    fn opens_on(&self, day: NaiveDate) -> bool {
        self.windows.is_empty() || self.windows.iter().any(|window| window.opens_on(day))
    }

    /// Names what the limits of this rule count: its groups, so that it is the same in every version and wherever it
    /// stands in the file.
    pub fn limit_key(&self) -> String {
        let mut groups = self.groups.clone();
        groups.sort();
        if groups.is_empty() { "all".to_owned() } else { groups.join("+") }
    }
}

/// The first day from `day` on, it included, on which all of the rules have a window open. `None` when there is none
/// within some years.
pub fn next_opening(rules: &[&ExchangeRule], day: NaiveDate) -> Option<NaiveDate> {
    let opens =
        |ahead| day.checked_add_days(Days::new(ahead)).filter(|day| rules.iter().all(|rule| rule.opens_on(*day)));
    (0..=YEARS_AHEAD * 366).find_map(opens)
}

/// So many uses of the covered rewards together in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleLimit {
    /// What it counts: [`ExchangeRule::limit_key`].
    pub of: String,
    pub period: String,
    pub uses: i64,
}

/// The limits that hold on `day`. Of two that count the same, the lower.
pub fn limits(rules: &[&ExchangeRule], day: NaiveDate) -> Vec<RuleLimit> {
    let mut limits: Vec<RuleLimit> = Vec::new();
    for (rule, limit) in rules.iter().flat_map(|rule| rule.limits.iter().map(move |limit| (rule, limit))) {
        let (of, period, uses) = (rule.limit_key(), limit.per.of(day), limit.uses);
        match limits.iter_mut().find(|known| known.of == of && known.period == period) {
            Some(known) => known.uses = known.uses.min(uses),
            None => limits.push(RuleLimit { of, period, uses }),
        }
    }
    limits
}

/// The last day on which no places are booked for somebody who did not come on these days, the latest first. `None`: they
/// came often enough.
pub fn barred_until(bar: NoShowBar, missed: &[NaiveDate]) -> Option<NaiveDate> {
    let within = |last: NaiveDate| last.checked_sub_months(Months::new(bar.within_months)).unwrap_or(NaiveDate::MIN);
    let too_many = |(place, last): (usize, &NaiveDate)| {
        let since = within(*last);
        let count = missed.iter().skip(place).filter(|day| **day > since).count();
        i64::try_from(count).is_ok_and(|count| count >= bar.after).then_some(*last)
    };
    let last = missed.iter().enumerate().find_map(too_many)?;
    last.checked_add_days(Days::new(bar.days.into()))
}

/// What an exchange costs: minor units of the account that pays, and fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    pub points: i64,
    pub cash: Option<i64>,
}

/// The price by a bill of `bill` fen; `own` is the reward's own for all pieces. `minor`: into how many a point, or an hour,
/// is divided. `None` when the price is beyond all numbers.
pub fn price_by_bill(rule: &Bill, bill: i64, own: Price, minor: i64) -> Option<Price> {
    let (by_points, cash) = match (rule.fen_per_point, rule.voucher_fen) {
        // Rounded up to the least that a point is divided into.
        (Some(fen_per_point), _) => {
            let paid = bill.saturating_sub(rule.least_cash_fen).max(0);
            let minor = i128::from(paid).checked_mul(minor.into())?;
            let fen_per_point = i128::from(fen_per_point.max(1));
            let points = minor.checked_add(fen_per_point - 1)? / fen_per_point;
            (i64::try_from(points).ok()?, bill.min(rule.least_cash_fen))
        }
        (None, voucher) => (own.points, rule.least_cash_fen.max(bill.saturating_sub(voucher.unwrap_or(0)))),
    };
    Some(Price { points: by_points, cash: Some(cash).filter(|cash| *cash > 0).or(own.cash) })
}

/// Whether an exchange may be for `whom`. `own_birth_date`: the volunteer's.
pub fn may_be_for(
    rules: &[&ExchangeRule],
    whom: Option<Beneficiary>,
    own_birth_date: Option<NaiveDate>,
    day: NaiveDate,
) -> Result<(), Unmet> {
    let oneself = Beneficiary { relation: Relation::Oneself, birth_date: own_birth_date };
    let whom = match whom {
        Some(whom) if whom.relation != Relation::Oneself => whom,
        _ => oneself,
    };
    let mut listed = rules.iter().map(|rule| &rule.beneficiaries).filter(|groups| !groups.is_empty()).peekable();
    if listed.peek().is_none() && whom.relation != Relation::Oneself {
        return Err(unmet_relation(&[Relation::Oneself], whom.relation));
    }
    listed.try_for_each(|groups| among_one_of(groups, whom, day))
}

/// Whether one of the groups has them in it. What the group with their relation lacks is the answer.
fn among_one_of(groups: &[Beneficiaries], whom: Beneficiary, day: NaiveDate) -> Result<(), Unmet> {
    let related: Vec<_> = groups.iter().filter(|group| group.relations.contains(&whom.relation)).collect();
    let mut lacking = match related.is_empty() {
        true => {
            let all: Vec<Relation> = groups.iter().flat_map(|group| group.relations.iter().copied()).collect();
            Err(unmet_relation(&all, whom.relation))
        }
        false => Ok(()),
    };
    for group in related {
        lacking = among(group, whom, day);
        if lacking.is_ok() {
            break;
        }
    }
    lacking
}

fn among(beneficiaries: &Beneficiaries, whom: Beneficiary, day: NaiveDate) -> Result<(), Unmet> {
    if !beneficiaries.relations.contains(&whom.relation) {
        return Err(unmet_relation(&beneficiaries.relations, whom.relation));
    }
    let age = whom.birth_date.and_then(|born| day.years_since(born));
    match beneficiaries.min_age {
        Some(least) if age.is_none_or(|age| age < least) => Err(Unmet {
            condition: "min_age",
            needed: least.to_string(),
            available: age.map_or(String::new(), |age| age.to_string()),
        }),
        _ => Ok(()),
    }
}

fn unmet_relation(needed: &[Relation], available: Relation) -> Unmet {
    let needed: Vec<_> = needed.iter().map(|relation| relation.as_str()).collect();
    Unmet { condition: "relation", needed: needed.join(", "), available: available.as_str().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn rule(toml: &str) -> ExchangeRule {
        toml::from_str(&format!("refundable = true\n{toml}")).expect("a rule")
    }

    #[test]
    fn the_next_opening_is_a_day_on_which_all_rules_are_open() {
        let weekdays =
            "[[windows]]\nweekdays = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\", \"saturday\"]";
        let cases = [
            (vec!["windows = []"], "2026-11-22", Some("2026-11-22")),
            (vec![weekdays], "2026-11-21", Some("2026-11-21")),
            (vec![weekdays], "2026-11-22", Some("2026-11-23")),
            (vec!["[[windows]]\nmonths = [1]"], "2023-06-10", Some("2024-01-01")),
            (vec!["[[windows]]\nmonths = [1]", weekdays], "2022-06-10", Some("2023-01-02")),
            (vec!["[[windows]]\nfrom = \"12-20\"\nuntil = \"01-10\""], "2026-11-22", Some("2026-12-20")),
            (vec!["[[windows]]\nmonths = [2]\ndays_of_month = [29]"], "2097-01-01", Some("2104-02-29")),
            (vec!["[[windows]]\nmonths = [2]\ndays_of_month = [30]"], "2026-01-01", None),
            (vec!["[[windows]]\nmonths = [1]", "[[windows]]\nmonths = [2]"], "2026-01-01", None),
        ];
        for (rules, from, expected) in cases {
            let rules: Vec<ExchangeRule> = rules.into_iter().map(rule).collect();
            let found = next_opening(&rules.iter().collect::<Vec<_>>(), day(from));
            assert_eq!(found, expected.map(day), "{rules:?} from {from}");
        }
    }

    #[test]
    fn a_bill_is_turned_into_points_or_reduced_by_a_voucher() {
        let by_points = Bill { fen_per_point: Some(100), voucher_fen: None, least_cash_fen: 0 };
        let voucher = Bill { fen_per_point: None, voucher_fen: Some(500), least_cash_fen: 1 };
        let own = Price { points: 10, cash: None };
        let cases = [
            (by_points, 1200, 1, Some((12, None))),
            (by_points, 1201, 1, Some((13, None))),
            (by_points, 1201, 10, Some((121, None))),
            (by_points, 1201, 100, Some((1201, None))),
            (Bill { least_cash_fen: 1, ..by_points }, 1201, 1, Some((12, Some(1)))),
            (by_points, i64::MAX, 100, Some((i64::MAX, None))),
            (Bill { fen_per_point: Some(1), ..by_points }, i64::MAX, 10, None),
            (voucher, 300, 1, Some((10, Some(1)))),
            (voucher, 500, 1, Some((10, Some(1)))),
            (voucher, 800, 1, Some((10, Some(300)))),
        ];
        for (rule, bill, minor, expected) in cases {
            let price = price_by_bill(&rule, bill, own, minor).map(|price| (price.points, price.cash));
            assert_eq!(price, expected, "{rule:?} of {bill} fen by {minor}");
        }
    }

    #[test]
    fn an_exchange_is_for_those_whom_all_rules_name() {
        let family = rule("beneficiaries = [{ relations = [\"self\", \"spouse\", \"parent\"], min_age = 60 }]");
        let nobody_else = rule("");
        let of = |relation, born: Option<&str>| Some(Beneficiary { relation, birth_date: born.map(day) });
        let today = day("2026-11-22");
        let asked = |rules: &[&ExchangeRule], whom, own: Option<&str>| {
            may_be_for(rules, whom, own.map(day), today).map_err(|unmet| unmet.condition)
        };
        assert_eq!(asked(&[&family], None, Some("1986-01-01")), Err("min_age"));
        assert_eq!(asked(&[&family], None, Some("1966-11-22")), Ok(()));
        assert_eq!(asked(&[&family], None, None), Err("min_age"), "an age that is not known is no age");
        assert_eq!(asked(&[&family], of(Relation::Parent, Some("1961-01-01")), Some("1986-01-01")), Ok(()));
        assert_eq!(asked(&[&family], of(Relation::Parent, Some("1966-11-23")), Some("1986-01-01")), Err("min_age"));
        assert_eq!(asked(&[&family], of(Relation::Child, Some("1961-01-01")), None), Err("relation"));
        assert_eq!(asked(&[&nobody_else], None, None), Ok(()));
        assert_eq!(asked(&[&nobody_else], of(Relation::Parent, None), None), Err("relation"));
        assert_eq!(asked(&[&nobody_else, &family], of(Relation::Parent, Some("1961-01-01")), None), Ok(()));
        assert_eq!(asked(&[], of(Relation::Oneself, None), None), Ok(()));
    }

    #[test]
    fn bookings_pause_after_so_many_no_shows_within_so_many_months() {
        let bar = NoShowBar { after: 2, within_months: 3, days: 30 };
        let until = |missed: &[&str]| {
            let days: Vec<NaiveDate> = missed.iter().map(|text| day(text)).collect();
            barred_until(bar, &days).map(|until| until.to_string())
        };
        assert_eq!(until(&[]), None);
        assert_eq!(until(&["2026-11-22"]), None);
        assert_eq!(until(&["2026-11-22", "2026-08-22"]), None, "three months ago is not within three months");
        assert_eq!(until(&["2026-11-22", "2026-08-23"]).as_deref(), Some("2026-12-22"));
        // One long after does not lengthen what two before began.
        assert_eq!(until(&["2027-11-22", "2026-11-22", "2026-11-21"]).as_deref(), Some("2026-12-22"));
    }

    #[test]
    fn a_limit_is_named_by_its_groups_and_period() {
        let two = rule("groups = [\"b\", \"a\"]\nlimits = [{ uses = 1, per = \"day\" }, { uses = 9, per = \"ever\" }]");
        let all = rule("limits = [{ uses = 2, per = \"month\" }]");
        let again = rule("limits = [{ uses = 3, per = \"month\" }]");
        let named = limits(&[&two, &all, &again], day("2026-11-22"));
        let named: Vec<_> = named.iter().map(|one| (one.of.as_str(), one.period.as_str(), one.uses)).collect();
        assert_eq!(named, [("a+b", "2026-11-22", 1), ("a+b", "ever", 9), ("all", "2026-11", 2)]);
    }
}
