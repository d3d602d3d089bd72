use super::*;
use crate::config::{Condition, VolunteerKind};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn review(key: ReviewKey, ties: ReviewTies, quota: Option<Quota>) -> Review {
    Review {
        code: "excellent".to_owned(),
        name: "优秀志愿者".to_owned(),
        name_en: "Excellent volunteers".to_owned(),
        of: VolunteerKind::Individual,
        key,
        account: None,
        ties,
        quota,
        closes_on: None,
        requires: Vec::new(),
        winners_rest_years: None,
        bands: Vec::new(),
        ends_registration: false,
    }
}

/// Somebody with so many hours, whose number says their place.
fn candidate(number: usize, hours: i64) -> Candidate {
    Candidate {
        person: Person { registered_on: Some(day("2020-01-01")), ..Person::default() },
        unit: None,
        number: format!("ZI{number:07}"),
        minutes: hours * 60,
        points: 0,
        services: 1,
        account: 0,
        steps: Vec::new(),
        rests: false,
        vetoed: false,
    }
}

const MEASURE: Measure = Measure { points_scale: 0, account: CapUnit::Points };

fn outcomes(review: &Review, candidates: &[Candidate]) -> Vec<(Outcome, Option<i64>)> {
    let verdicts = select(review, candidates, MEASURE, day("2022-12-31"));
    verdicts.into_iter().map(|verdict| (verdict.outcome, verdict.rank)).collect()
}

fn selected(review: &Review, candidates: &[Candidate]) -> Vec<usize> {
    let outcomes = outcomes(review, candidates).into_iter().enumerate();
    outcomes.filter(|(_, (outcome, _))| *outcome == Outcome::Selected).map(|(place, _)| place).collect()
}

#[test]
fn individuals_need_their_age_and_their_hours_or_what_stands_for_them() {
    let decimal = |text| Decimal::parse(text).ok();
    let requires = vec![
        Condition { min_age: Some(18), max_age: Some(60), min_hours: decimal("20"), ..Condition::default() },
        Condition { labels: vec!["outstanding".to_owned()], min_hours: decimal("20"), ..Condition::default() },
    ];
    let quota = Some(Quota::Fixed(100));
    let review = Review { requires, ..review(ReviewKey::Hours, ReviewTies::AllOut, quota) };
    let aged = |hours, born: &str, labels: &[&str]| {
        let mut candidate = candidate(1, hours);
        candidate.person.birth_date = Some(day(born));
        candidate.person.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        candidate
    };
    for (candidate, expected) in [
        (aged(19, "1987-05-01", &[]), Outcome::NotQualified),
        (aged(20, "1987-05-01", &[]), Outcome::Selected),
        (aged(20, "1961-05-01", &[]), Outcome::NotQualified),
        (aged(20, "1961-05-01", &["outstanding"]), Outcome::Selected),
        (aged(20, "2006-01-01", &[]), Outcome::NotQualified),
    ] {
        assert_eq!(outcomes(&review, std::slice::from_ref(&candidate))[0].0, expected, "{candidate:?}");
    }
    let all: Vec<Candidate> = (0..101).map(|number| aged(200 - number, "1987-05-01", &[])).collect();
    let outcomes = outcomes(&review, &all);
    assert_eq!((outcomes[99], outcomes[100]), ((Outcome::Selected, Some(100)), (Outcome::BeyondQuota, Some(101))));
}

#[test]
fn a_group_has_the_age_of_its_founding() {
    let requires = vec![Condition { min_age: Some(2), ..Condition::default() }];
    let review = Review { requires, of: VolunteerKind::Group, ..review(ReviewKey::Hours, ReviewTies::AllIn, None) };
    for (founded, expected) in [
        ("2021-06-30", Outcome::NotQualified),
        ("2020-12-31", Outcome::Selected),
        ("2021-01-01", Outcome::NotQualified),
    ] {
        let mut group = candidate(1, 5);
        group.person.birth_date = Some(day(founded));
        assert_eq!(outcomes(&review, &[group])[0].0, expected, "founded on {founded}");
    }
}

#[test]
fn whoever_was_registered_for_less_than_half_a_year_takes_part_the_next_time() {
    let requires =
        vec![Condition { member_months: Some(6), min_hours: Decimal::parse("10").ok(), ..Condition::default() }];
    let review = Review { requires, ends_registration: true, ..review(ReviewKey::Hours, ReviewTies::AllIn, None) };
    for (registered, hours, expected) in [
        ("2022-03-15", 10, Outcome::Selected),
        ("2022-09-15", 10, Outcome::NotYet),
        ("2022-06-30", 10, Outcome::Selected),
        ("2022-03-15", 9, Outcome::NotQualified),
    ] {
        let mut candidate = candidate(1, hours);
        candidate.person.registered_on = Some(day(registered));
        assert_eq!(outcomes(&review, &[candidate])[0].0, expected, "registered on {registered}, {hours} hours");
    }
}

#[test]
fn ties_at_the_last_seat_go_the_way_that_the_rules_say() {
    let candidates: Vec<Candidate> =
        [30, 20, 20, 20, 10].iter().enumerate().map(|(number, hours)| candidate(number, *hours)).collect();
    let of = |ties, seats| selected(&review(ReviewKey::Hours, ties, Some(Quota::Fixed(seats))), &candidates);
    assert_eq!(of(ReviewTies::AllIn, 2), [0, 1, 2, 3]);
    assert_eq!(of(ReviewTies::AllOut, 2), [0]);
    assert_eq!(of(ReviewTies::AllOut, 4), [0, 1, 2, 3]);
    assert_eq!(of(ReviewTies::AllIn, 0), [0usize; 0]);
    assert_eq!(of(ReviewTies::AllIn, 9), [0, 1, 2, 3, 4]);
    let mut candidates = candidates.clone();
    candidates[2].services = 2;
    candidates[3].person.registered_on = Some(day("2019-01-01"));
    let seniority = |seats| {
        let review = review(ReviewKey::Hours, ReviewTies::HoursServicesSeniority, Some(Quota::Fixed(seats)));
        outcomes(&review, &candidates)
    };
    let ranks: Vec<_> = seniority(3).into_iter().map(|(_, rank)| rank.expect("a rank")).collect();
    assert_eq!(ranks, [1, 4, 2, 3, 5]);
    let shared = outcomes(&review(ReviewKey::Hours, ReviewTies::AllIn, Some(Quota::Fixed(2))), &candidates);
    assert_eq!(shared.iter().filter_map(|(_, rank)| *rank).collect::<Vec<_>>(), [1, 2, 2, 2, 5]);
}

#[test]
fn a_percentage_is_rounded_down_and_winners_of_the_years_before_rest() {
    let mut candidates: Vec<Candidate> = (0..11).map(|number| candidate(number, 100 - number as i64)).collect();
    let percent = review(ReviewKey::Hours, ReviewTies::AllOut, Some(Quota::Percent(Decimal::whole(20))));
    assert_eq!(selected(&percent, &candidates), [0, 1]);
    candidates[0].rests = true;
    assert_eq!(selected(&percent, &candidates), [1, 2]);
    assert_eq!(outcomes(&percent, &candidates)[0], (Outcome::Resting, None));
    candidates[1].rests = true;
    candidates[2].rests = true;
    assert_eq!(selected(&percent, &candidates), [3], "a fifth of eight");
}

#[test]
fn bands_make_scores_and_the_order_goes_by_them() {
    let band = |from: i64, score: i64| ScoreBand { from: Decimal::whole(from), score: Decimal::whole(score) };
    let bands = vec![band(10, 3), band(20, 5), band(40, 8)];
    let review = Review { bands, ..review(ReviewKey::Hours, ReviewTies::AllIn, Some(Quota::Fixed(1))) };
    let candidates: Vec<Candidate> =
        [9, 10, 20, 39, 40].iter().enumerate().map(|(number, hours)| candidate(number, *hours)).collect();
    let verdicts = select(&review, &candidates, MEASURE, day("2022-12-31"));
    let scores: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.score).collect();
    assert_eq!(scores, [0, 3, 5, 5, 8].map(Decimal::whole));
    let ranks: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.rank).collect();
    assert_eq!(ranks, [5, 4, 2, 2, 1], "20 and 39 hours are level");
}

#[test]
fn seats_are_shared_among_units_and_stay_there() {
    let mut candidates: Vec<Candidate> = (0..10).map(|number| candidate(number, 100 - number as i64)).collect();
    for (place, candidate) in candidates.iter_mut().enumerate() {
        candidate.unit = Some(if place < 7 { "west" } else { "east" }.to_owned());
    }
    let by_unit = review(ReviewKey::Hours, ReviewTies::AllOut, Some(Quota::ByUnit(4)));
    assert_eq!(selected(&by_unit, &candidates), [0, 1, 2, 7]);
    assert_eq!(outcomes(&by_unit, &candidates)[7].1, Some(1), "the rank is among those of the unit");
}

#[test]
fn equal_remainders_go_to_the_larger_unit_and_then_to_the_first() {
    assert_eq!(largest_remainder(1, &[2, 2]), [1, 0]);
    assert_eq!(largest_remainder(2, &[1, 3]), [0, 2], "both have half a seat left");
    assert_eq!(largest_remainder(5, &[1, 1]), [1, 1]);
    assert_eq!(largest_remainder(3, &[]), [0usize; 0]);
    assert_eq!(largest_remainder(3, &[0, 0]), [0, 0]);
    assert_eq!(largest_remainder(usize::MAX, &[usize::MAX, usize::MAX]).len(), 2);
}

#[test]
fn shares_sum_up_to_the_seats_and_are_less_than_one_from_exact() {
    for seats in 0..=24_usize {
        for counts in (0..7_usize.pow(4)).map(|code| [code % 7, code / 7 % 7, code / 49 % 7, code / 343]) {
            let total: usize = counts.iter().sum();
            let shares = largest_remainder(seats, &counts);
            let shared = seats.min(total);
            assert_eq!(shares.iter().sum::<usize>(), shared, "{seats} seats among {counts:?}");
            for (share, count) in shares.iter().zip(&counts) {
                let off = (share * total).abs_diff(count * shared);
                assert!(off < total.max(1), "{seats} seats among {counts:?}: {shares:?}");
                assert!(share <= count, "nobody has more seats than candidates");
            }
        }
    }
}

#[test]
fn more_hours_never_cost_a_seat() {
    for ties in [ReviewTies::AllIn, ReviewTies::HoursServicesSeniority] {
        let review = review(ReviewKey::Hours, ties, Some(Quota::Fixed(2)));
        for code in 0..5_i64.pow(4) {
            let hours = [code % 5, code / 5 % 5, code / 25 % 5, code / 125];
            let at = |hours: &[i64]| -> Vec<Candidate> {
                hours.iter().enumerate().map(|(number, hours)| candidate(number, *hours)).collect()
            };
            for place in selected(&review, &at(&hours)) {
                let mut more = hours;
                more[place] += 1;
                assert!(selected(&review, &at(&more)).contains(&place), "{hours:?}, {place}");
            }
        }
    }
}

#[test]
fn published_reviews_come_to_what_their_texts_say() {
    let review_of = |scheme: &str, code: &str, on: &str| {
        let path = format!("{}/../../tests/data/schemes/{scheme}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect(&path);
        let config = crate::config::Scheme::parse(&text).unwrap_or_else(|error| panic!("{scheme}: {error}"));
        let rules = config.rules_on(day(on)).expect("rules");
        rules.reviews.iter().find(|review| review.code == code).expect("the review").clone()
    };
    let person = |number, hours, set: &dyn Fn(&mut Person)| {
        let mut candidate = candidate(number, hours);
        candidate.person.birth_date = Some(day("1987-05-01"));
        set(&mut candidate.person);
        candidate
    };
    let outcome = |review: &Review, candidate: Candidate| outcomes(review, &[candidate])[0].0;
    let people = review_of("bozhou", "people", "2022-11-22");
    assert_eq!(outcome(&people, person(1, 19, &|_| ())), Outcome::NotQualified, "58.1");
    assert_eq!(outcome(&people, person(1, 20, &|_| ())), Outcome::Selected, "58.2");
    let elder = |person: &mut Person| person.birth_date = Some(day("1961-05-01"));
    assert_eq!(outcome(&people, person(1, 20, &elder)), Outcome::NotQualified, "58.3");
    let outstanding = |person: &mut Person| {
        elder(person);
        person.labels.insert("outstanding".to_owned());
    };
    assert_eq!(outcome(&people, person(1, 20, &outstanding)), Outcome::Selected, "58.3");
    let many: Vec<Candidate> = (0..101).map(|number| person(number, 20, &|_| ())).collect();
    let last = outcomes(&people, &many).pop();
    assert_eq!(last, Some((Outcome::BeyondQuota, Some(101))), "58.4");
    let organisations = review_of("bozhou", "organisations", "2022-11-22");
    let founded = |on: &'static str| {
        move |person: &mut Person| {
            person.birth_date = Some(day(on));
            person.labels.extend(["bylaws", "twenty_members"].map(str::to_owned));
        }
    };
    assert_eq!(outcome(&organisations, person(1, 90, &founded("2021-06-30"))), Outcome::NotQualified, "58.5");
    assert_eq!(outcome(&organisations, person(1, 90, &founded("2020-06-30"))), Outcome::Selected, "58.5");
    let yearly = review_of("cn-community-reg", "yearly", "2022-12-31");
    let registered = |on: &'static str| move |person: &mut Person| person.registered_on = Some(day(on));
    assert_eq!(outcome(&yearly, person(1, 0, &registered("2022-03-15"))), Outcome::Selected, "57.1");
    assert_eq!(outcome(&yearly, person(1, 0, &registered("2022-09-15"))), Outcome::NotYet, "57.2");
    let failed = |person: &mut Person| person.labels.extend(["unsatisfactory".to_owned()]);
    assert_eq!(outcome(&yearly, person(1, 0, &failed)), Outcome::NotQualified, "57.4");
    assert!(yearly.ends_registration, "57.4");
}
